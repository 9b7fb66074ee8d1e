"""What people read of the stock is what baskets are told, and it adds up."""

import math
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from comptoir import inventory
from comptoir.inventory import (
    ADJUSTMENT,
    CUSTOMER,
    SUPPLIER,
    Allocate,
    Hold,
    LocationEntry,
    Move,
    Question,
    Units,
)
from inventory.conftest import EMPTY
from reuse import empty

pytestmark = pytest.mark.anyio

SHIRT = 1
CHANNELS = ["web", "shop", "market"]


async def post(tx, *acts):
    return await inventory.post(tx, acts)


def move(source, target, quantity=1, act="move", **more):
    return Move(
        variant_id=SHIRT, quantity=quantity, from_location_id=source, to_location_id=target, act=act, is_fact=True, **more
    )  # fmt: skip


async def keep(tx, *, location=None, channel, quantity):
    table, column, value = ("threshold", "", "") if location is None else ("fence", "location_id, ", f"{location}, ")
    await tx.run(
        f"INSERT INTO inventory.{table} (variant_id, {column}channel, quantity)"
        f" VALUES ({SHIRT}, {value}%(channel)s, %(quantity)s)",
        channel=channel,
        quantity=quantity,
    )


@pytest.fixture
async def map_of_france(db):
    """The warehouse in the north keeps two back and ships; Lyon is collected from; south is known to nobody's map."""
    entries = [
        LocationEntry(code="north", kind="warehouse", name="North", methods=["ship"], safety=2, latitude=50.6, longitude=3.0),
        LocationEntry(code="south", kind="warehouse", name="South", methods=["ship", "collect"]),
        LocationEntry(code="lyon", kind="shop", name="Lyon", methods=["collect"], latitude=45.76, longitude=4.83),
        LocationEntry(code="road", kind="transit", name="Road", methods=[]),
    ]  # fmt: skip
    before = [
        LocationEntry(code=code, kind=kind, name=code.title(), methods=["ship", "collect"])
        for code, kind in (("north", "warehouse"), ("south", "warehouse"), ("lyon", "shop"), ("road", "transit"))
    ]
    async with db.transaction() as tx:
        await inventory.record_locations(tx, entries)
    yield db
    async with db.transaction() as tx:
        await inventory.record_locations(tx, before)


stock = st.fixed_dictionaries({code: st.integers(0, 5) for code in ("north", "south", "lyon", "road")})
promises = st.lists(
    st.tuples(st.sampled_from(["north", "south", "lyon"]), st.booleans(), st.integers(1, 2)), max_size=3
)
sales = st.lists(st.sampled_from(["north", "south", "lyon"]), max_size=3)
kept = st.lists(
    st.tuples(st.sampled_from(["north", "lyon", None]), st.sampled_from(CHANNELS), st.integers(1, 4)),
    max_size=2,
    unique_by=lambda one: one[:2],
)
questions = st.builds(
    Question,
    variant_id=st.just(SHIRT),
    quantity=st.integers(1, 4),
    channel=st.sampled_from(CHANNELS),
    method=st.sampled_from([None, "collect", "ship", "transfer"]),
    latitude=st.just(45.8),
    longitude=st.just(4.8),
    km=st.sampled_from([math.inf, 10.0, 1000.0]),
    reference=st.sampled_from(["", "basket-0"]),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(stock, promises, sales, kept, questions)
@example(  # all of it is allocated to the one who asks, and has been sold meanwhile
    {"north": 0, "south": 0, "lyon": 1, "road": 0}, [("lyon", False, 1)], ["lyon"], [],
    Question(variant_id=SHIRT, channel="web", reference="basket-0"),
)  # fmt: skip
@example(  # what the channel is kept from makes all places alike
    {"north": 0, "south": 4, "lyon": 3, "road": 0}, [], [], [(None, "web", 4)],
    Question(variant_id=SHIRT, channel="web"),
)  # fmt: skip
async def test_what_is_explained_is_what_is_answered(map_of_france, lying, promised, sold, back, question):
    """The places that can are those of `available`, in its order, with its units, moments and kilometres."""
    async with map_of_france.transaction() as tx:
        await empty(tx, EMPTY)
        places = {one.code: one.location_id for one in await inventory.locations(tx)}
        await post(tx, *(move(SUPPLIER, places[code], many, "receive") for code, many in lying.items() if many))
        for number, (code, held, many) in enumerate(promised):
            kind = Hold if held else Allocate
            await post(tx, kind(reference=f"basket-{number}", units=[Units(SHIRT, places[code], many)], channel="web"))
        await post(tx, *(move(places[code], CUSTOMER, 1, "sell") for code in sold))
        for code, channel, many in back:
            await keep(tx, location=places.get(code), channel=channel, quantity=many)

        (offers,) = await inventory.available(tx, [question], await inventory.places(tx))
        explained = await inventory.explain(tx, question)
    assert [(one.location.code, one.units, one.ready, one.km) for one in explained.can] == [
        (one.location, one.units, one.ready, one.km) for one in offers
    ]
    assert {one.location.code for one in explained.places} == set(places)
    for one in explained.places:
        assert one.sellable - one.held - one.allocated - one.safety - one.fenced - one.doubted == one.free
        assert one.refused or one.units >= question.quantity


async def test_each_place_says_why_it_cannot(map_of_france):
    async def why(tx, **question):
        explained = await inventory.explain(tx, Question(variant_id=SHIRT, **question))
        ours = ("north", "south", "lyon", "road")  # other files open places of their own
        return {one.location.code: one.refused for one in explained.places if one.location.code in ours}

    async with map_of_france.transaction() as tx:
        places = {one.code: one.location_id for one in await inventory.locations(tx)}
        assert await why(tx) == {
            "north": ("nothing",),
            "south": ("nothing",),
            "lyon": ("nothing",),
            "road": ("gives_nothing",),
        }
        await post(tx, move(SUPPLIER, places["north"], 2, "receive"), move(SUPPLIER, places["lyon"], 3, "receive"))
        await post(tx, Hold(reference="a", units=[Units(SHIRT, places["lyon"], 3)]))
        assert (await why(tx))["north"] == ("safety",)
        assert (await why(tx))["lyon"] == ("promised",)
        assert (await why(tx, reference="a"))["lyon"] == ()
        await post(tx, inventory.Release(reference="a"))
        await keep(tx, location=places["lyon"], channel="shop", quantity=2)
        assert (await why(tx, channel="shop", quantity=3))["lyon"] == ()
        assert (await why(tx, channel="web", quantity=2))["lyon"] == ("too_few",)
        await keep(tx, location=places["lyon"], channel="market", quantity=1)
        assert (await why(tx, channel="web"))["lyon"] == ("fence",)
        await keep(tx, channel="shop", quantity=2)
        assert (await why(tx, channel="shop"))["lyon"] == ("threshold",)
        assert (await why(tx, channel="shop", method="ship"))["lyon"] == ("method", "threshold")
        near = {"latitude": 45.76, "longitude": 4.83, "km": 20.0}
        assert (await why(tx, **near))["north"] == ("too_far", "safety")
        assert (await why(tx, **near))["south"] == ("no_position", "nothing")


async def test_a_story_tells_every_act_and_ends_at_the_balance(db, places):
    lyon, north = places["lyon"], places["north"]
    async with db.transaction() as tx:
        await post(tx, move(SUPPLIER, north, 9, "receive", reference="PO-1"), move(north, lyon, 5, "transfer"))
        await post(tx, move(lyon, lyon, 1, to_state="display"), move(lyon, CUSTOMER, 1, "sell", reference="R-1"))
        await post(tx, Hold(reference="basket", units=[Units(SHIRT, lyon, 2)], actor="somebody"))
        await post(tx, move(lyon, ADJUSTMENT, 2, "count", reason="shelf was empty"))
        told = await inventory.story(tx, variant_id=SHIRT, location_id=lyon)
        first = await inventory.story(tx, variant_id=SHIRT, location_id=lyon, before=told[2].entry_id)
        (here,) = [one for one in await inventory.stock_of(tx, [SHIRT]) if one.location_id == lyon]
    assert [(one.act, one.sellable, one.promised) for one in told] == [
        ("count", 1, 2),
        ("hold", 3, 2),
        ("sell", 3, 0),
        ("move", 4, 0),
        ("transfer", 5, 0),
    ]
    assert [one.entry_id for one in told[3:]] == [one.entry_id for one in first]
    assert (told[0].reason, told[1].actor, told[2].reference) == ("shelf was empty", "somebody", "R-1")
    assert told[3].other_location_id == lyon
    assert (here.sellable, here.held, here.display, here.free, here.missing, here.on_hand) == (1, 2, 1, 0, 1, 2)


async def test_levels_begin_with_what_lay_there_and_end_at_the_balance(db, places):
    lyon, north = places["lyon"], places["north"]
    async with db.transaction() as tx:
        now = tx.now
        for days, act in (
            (50, move(SUPPLIER, north, 9, "receive")),
            (20, move(north, lyon, 4, "transfer")),
            (3, move(lyon, CUSTOMER, 1, "sell")),
        ):
            await post(
                tx,
                Move(
                    **{n: getattr(act, n) for n in act.__struct_fields__} | {"occurred_at": now - timedelta(days=days)}
                ),
            )
        await post(tx, Hold(reference="basket", units=[Units(SHIRT, lyon, 2)]))

        async def levels(place, days):
            found = await inventory.levels(
                tx, variant_id=SHIRT, location_id=place, since=now - timedelta(days=days), step=timedelta(hours=6)
            )
            assert found[0].at == now - timedelta(days=days)
            return [(one.sellable, one.promised) for one in found]

        assert await levels(lyon, 30) == [(0, 0), (4, 0), (3, 0), (3, 2)]
        assert await levels(lyon, 10) == [(4, 0), (3, 0), (3, 2)]
        assert await levels(None, 60) == [(0, 0), (9, 0), (9, 0), (8, 0), (8, 2)]


async def test_in_stock_is_what_can_still_be_promised_there(db, places):
    async with db.transaction() as tx:
        await post(tx, move(SUPPLIER, places["lyon"], 2, "receive"))
        assert await inventory.in_stock(tx) == [SHIRT]
        assert await inventory.in_stock(tx, location_id=places["north"]) == []
        await post(tx, Allocate(reference="o", units=[Units(SHIRT, places["lyon"], 2)]))
        assert await inventory.in_stock(tx) == []
        before = await inventory.newest_entry(tx)
        await post(tx, move(places["lyon"], CUSTOMER, 1, "sell"))
        assert await inventory.newest_entry(tx) != before
        assert await inventory.in_stock(tx, standing="short") == [SHIRT]
