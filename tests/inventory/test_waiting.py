"""As many are told as units come free, in the order in which they asked, each once."""

import asyncio
from uuid import UUID

import pytest

from comptoir.inventory import (
    CUSTOMER,
    SUPPLIER,
    Allocate,
    HandOver,
    Hold,
    Move,
    Release,
    Units,
    expire,
    post,
)
from comptoir.inventory.errors import AskedOtherwise, NotOut, UnknownAsk
from comptoir.inventory.keeping import Fence, Safety, Threshold, set_fences, set_safety, set_thresholds
from comptoir.inventory.locations import record_locations
from comptoir.inventory.records import LocationEntry
from comptoir.inventory.waiting import ask, asked, demand, withdraw
from comptoir.kernel.errors import Refusal
from inventory.test_ledger import BAG, SHIRT, faults, forward
from inventory.test_ledger import ask as do_acts
from inventory.test_ledger import receive as stock_up
from inventory.test_transfers import do

pytestmark = pytest.mark.anyio


async def wish(db, number, location=None, variant=SHIRT, node=None, channel=None):
    return await do(db, ask, ask_id=UUID(int=number), variant_id=variant, location_id=location, channel=channel,
                    node_id=node or number)  # fmt: skip


async def told(db):
    """The numbers of those who were told; and the facts say the same, each once."""
    async with db.reading() as tx:
        found = await tx.values("SELECT ask_id FROM inventory.ask WHERE told_at IS NOT NULL ORDER BY number")
        facts = await tx.values(
            "SELECT body::json ->> 'ask_id' FROM kernel.event WHERE kind = 'inventory.back_in_stock'"
        )
    assert sorted(map(str, found)) == sorted(facts)
    return [one.int for one in found]


async def test_the_first_to_ask_are_told_and_each_once(db, places):
    lyon, north = places["lyon"], places["north"]
    for number, where in ((1, None), (2, north), (3, lyon), (4, None)):
        await wish(db, number, where)
    assert (await wish(db, 5, lyon, node=3)).ask_id == UUID(int=3), "who waits already keeps the place"
    assert (await wish(db, 4)).ahead == 3
    await stock_up(db, lyon, 2)
    assert await told(db) == [1, 3]
    await stock_up(db, lyon, 5)
    assert await told(db) == [1, 3, 4]
    with pytest.raises(NotOut) as refused:
        await wish(db, 6)
    assert refused.value.data == {"there": [{"location": "lyon", "units": 7}]}
    await wish(db, 7, north)
    assert [one.waiting for one in await do(db, demand)] == [2]
    assert await faults(db) == []


async def test_what_only_makes_good_or_is_on_its_way_is_nobodys(db, places):
    lyon = places["lyon"]
    await stock_up(db, lyon, 1)
    await do_acts(db, Allocate(reference="o", units=[Units(SHIRT, lyon, 1)]))
    sold = Move(variant_id=SHIRT, quantity=1, from_location_id=lyon, to_location_id=CUSTOMER, is_fact=True)
    await do_acts(db, sold)
    await wish(db, 1)
    await stock_up(db, lyon, 1)
    await stock_up(db, places["road"], 5)
    damaged = Move(variant_id=SHIRT, quantity=1, from_location_id=SUPPLIER, to_location_id=lyon, to_state="damaged",
                   is_fact=True)  # fmt: skip
    await do_acts(db, damaged)
    over = HandOver(reference="o", units=[Units(SHIRT, lyon, 1)], to_location_id=CUSTOMER)
    await do_acts(db, over)
    assert await told(db) == []
    await stock_up(db, lyon, 1)
    assert await told(db) == [1]


async def test_a_basket_given_up_frees_its_units(db, places):
    lyon = places["lyon"]
    await stock_up(db, lyon, 3)
    two = [Units(SHIRT, lyon, 2)]
    await do_acts(db, Hold(reference="a", units=two), Hold(reference="b", units=[Units(SHIRT, lyon, 1)], seconds=60))
    for number in range(1, 6):
        await wish(db, number)
    await do_acts(db, Hold(reference="a", units=[Units(SHIRT, lyon, 1)]))
    assert await told(db) == [1]
    await do_acts(db, Hold(reference="c", units=[Units(SHIRT, lyon, 1)], seconds=60), Release(reference="a"))
    assert await told(db) == [1, 2]
    await forward(db, seconds=61)
    assert await expire(db) == 2
    assert await told(db) == [1, 2, 3, 4]


async def test_what_was_overdue_and_is_taken_at_once_came_free_for_nobody(db, places):
    lyon = places["lyon"]
    await stock_up(db, lyon, 2)
    await do_acts(db, Hold(reference="a", units=[Units(SHIRT, lyon, 2)], seconds=60))
    await wish(db, 1)
    await forward(db, seconds=61)
    await do_acts(db, Hold(reference="b", units=[Units(SHIRT, lyon, 2)]))
    assert await told(db) == []
    assert await faults(db) == []


async def test_what_is_kept_back_no_more_comes_free(db, places):
    lyon = places["lyon"]
    await stock_up(db, lyon, 4)
    await do(db, set_safety, safeties=[Safety(SHIRT, lyon, 2)])
    await do(db, set_fences, fences=[Fence(SHIRT, lyon, "app", 2)])
    for number in range(1, 7):
        await wish(db, number)
    await do(db, set_safety, safeties=[Safety(SHIRT, lyon, 3)])
    assert await told(db) == []
    await do(db, set_safety, safeties=[Safety(SHIRT, lyon, 1)])
    assert await told(db) == [1]
    await do(db, set_fences, fences=[Fence(SHIRT, lyon, "app", 0)])
    assert await told(db) == [1, 2, 3]
    await do(db, set_safety, safeties=[Safety(SHIRT, lyon, None)])
    assert await told(db) == [1, 2, 3, 4]


@pytest.fixture
async def corner(db):
    """A shop of its own, `corner(active=False)`; closed again at the end."""

    async def so(**more):
        shop = {"code": "corner", "kind": "shop", "name": "Corner", "methods": ["ship"], **more}
        (made,) = await do(db, record_locations, locations=[LocationEntry(**shop)])
        return made.location_id

    await so()
    yield so
    await so(active=False)


@pytest.mark.parametrize("closed", [{"active": False}, {"methods": []}, {"safety": 50}])
async def test_what_lies_where_a_location_opens_comes_free(db, places, corner, closed):
    here = await corner(**closed)
    await stock_up(db, here, 3)
    for number, where in ((1, None), (2, places["lyon"]), (3, here), (4, None), (5, None)):
        await wish(db, number, where)
    await corner(**{"safety": 1} | ({"active": False} if "active" in closed else {"methods": []}))
    assert await told(db) == []
    await corner(safety=1)
    assert await told(db) == [1, 3]
    await corner(safety=1)
    await corner(safety=2)
    assert await told(db) == [1, 3], "again changes nothing"
    await corner(safety=0)
    assert await told(db) == [1, 3, 4, 5], "two come free"
    assert await faults(db) == []


async def test_who_asks_while_a_location_opens_is_told_or_hears_that_it_is_there(db, places, corner):
    here = await corner(active=False)
    await stock_up(db, here, 100)

    async def wishes(number):
        try:
            await wish(db, number)
        except NotOut:
            return 0
        return number

    waits = await asyncio.gather(*(wishes(n) for n in range(1, 11)), corner(), *(wishes(n) for n in range(11, 21)))
    assert sorted(await told(db)) == sorted(one for n, one in enumerate(waits) if one and n != 10)


async def test_who_wants_it_in_a_channel_is_told_of_what_that_channel_offers(db, places):
    lyon, north = places["lyon"], places["north"]
    await do(db, set_thresholds, thresholds=[Threshold(SHIRT, "web", 3), Threshold(BAG, "web", 0)])
    await stock_up(db, lyon, 2)
    with pytest.raises(NotOut):
        await wish(db, 1)
    for number in (1, 2):
        await wish(db, number, channel="web")
    await wish(db, 3, north)
    await wish(db, 4, north, channel="web")
    await wish(db, 5, lyon, channel="web")
    await stock_up(db, north, 1)
    assert await told(db) == [3], "the web still offers none of three"
    await stock_up(db, north, 1)
    assert await told(db) == [1, 3], "one of four"
    with pytest.raises(NotOut):
        await wish(db, 6, channel="web")
    await do(db, set_thresholds, thresholds=[Threshold(SHIRT, "web", 2), Threshold(SHIRT, "app", 0)])
    assert await told(db) == [1, 2, 3]
    await do(db, set_thresholds, thresholds=[Threshold(SHIRT, "web", 5)])
    await do(db, set_thresholds, thresholds=[Threshold(SHIRT, "web", 4)])
    assert await told(db) == [1, 2, 3], "nothing is offered of four"
    await do(db, set_thresholds, thresholds=[Threshold(SHIRT, "web", 0)])
    assert await told(db) == [1, 2, 3, 4, 5]
    assert await faults(db) == []


@pytest.mark.parametrize("falls", [False, True])
async def test_goods_that_come_at_several_places_while_a_threshold_falls_are_told_of(db, places, falls):
    await do(db, set_thresholds, thresholds=[Threshold(SHIRT, "web", 10 if falls else 2)])
    for number in range(1, 19):
        await wish(db, number, channel="web")
    lower = [do(db, set_thresholds, thresholds=[Threshold(SHIRT, "web", 2)])] if falls else []
    here = [places[one] for one in ("lyon", "north", "south")]
    await asyncio.gather(*(come(db, here[n % 3], 1 + n % 3) for n in range(9)), *lower)
    assert await told(db) == list(range(1, 17)), "all of eighteen but the two that are not offered"


async def test_withdrawn_nobody_is_told(db, places):
    await wish(db, 1)
    await wish(db, 2)
    for _ in range(2):
        assert (await do(db, withdraw, ask_id=UUID(int=1))).withdrawn_at
    await stock_up(db, places["lyon"], 1)
    assert await told(db) == [2]
    assert (await do(db, withdraw, ask_id=UUID(int=2))).told_at, "too late, and no harm"
    assert (await wish(db, 2)).told_at
    with pytest.raises(AskedOtherwise):
        await wish(db, 2, variant=BAG)
    with pytest.raises(UnknownAsk):
        await do(db, asked, ask_id=UUID(int=9))


async def come(db, location, quantity):
    """A receipt whose transaction takes its time."""

    async def work(tx):
        acts = [
            Move(variant_id=SHIRT, quantity=quantity, from_location_id=SUPPLIER, to_location_id=location, is_fact=True)
        ]
        answers = await post(tx, acts)
        await tx.run("SELECT pg_sleep(0.02)")
        return answers

    (answer,) = await db.within(work)
    assert not isinstance(answer, Refusal)


async def test_crowds_receive_at_several_places_at_once(db, places):
    here = [places[one] for one in ("north", "south", "lyon")]
    for number in range(1, 61):
        await wish(db, number, here[number % 3] if number % 4 == 0 else None)
    await asyncio.gather(*(come(db, here[n % 3], 1 + n % 3) for n in range(15)))
    units = sum(1 + n % 3 for n in range(15))
    found = await told(db)
    assert len(found) == units, "as many as units came, though all came at once"
    anywhere = [one for one in found if one % 4]
    assert anywhere == [one for one in range(1, 61) if one % 4][: len(anywhere)], "the first to ask first"
    assert await faults(db) == []


async def test_no_wish_is_overheard_while_units_come(db, places):
    """Whoever asks while a receipt is under way is told, or hears that it is there."""
    here = [places[one] for one in ("north", "south", "lyon")]

    async def wishes(number):
        try:
            await wish(db, number, here[number % 3] if number % 2 else None)
        except NotOut:
            return False
        return True

    results = await asyncio.gather(*(wishes(n) for n in range(1, 20)), *(come(db, here[n], 30) for n in range(3)),
                                   *(wishes(n) for n in range(20, 40)))  # fmt: skip
    asked_for = [n for n, waits in zip([*range(1, 20), 0, 0, 0, *range(20, 40)], results, strict=True) if waits]
    assert sorted(await told(db)) == sorted(asked_for)
