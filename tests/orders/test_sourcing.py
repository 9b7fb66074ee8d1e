"""From which locations goods come: as few parcels as can be, as the policy says, and why."""

import pytest
from msgspec.json import decode

from comptoir import inventory
from comptoir.orders import Checkout, Delivery, OutOfStock, TakeQuote
from comptoir.orders.errors import BadPolicy, NotSourced, UnknownPolicy
from comptoir.orders.sourcing import (
    BUILT_IN,
    Clear,
    Costs,
    Exclude,
    Limits,
    Missing,
    PolicyEntry,
    Prefer,
    Wanted,
    policy,
    set_policy,
    source_again,
    sourcing_of,
    versions,
)
from comptoir.orders.sourcing.explaining import explained
from comptoir.orders.sourcing.planner import Reasons
from orders.test_checkout import SHIP, House, ground  # noqa: F401 fixtures
from orders.test_checkout import house as bare_house  # noqa: F401 fixtures

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(bare_house: House):  # noqa: F811
    """Without a policy, and with locations as they were."""
    async with bare_house.db.transaction() as tx:
        await tx.run("TRUNCATE orders.sourcing_policy, orders.location_day")
        await tx.run("UPDATE inventory.location SET daily_capacity = NULL, kind = 'shop' WHERE location_id > 3")
    return bare_house


async def hold(house, **entry):
    async with house.db.transaction() as tx:
        made = await set_policy(tx, entry=PolicyEntry(**{"name": "Ours", **entry}))
    house.counter._planners._until = house.counter.desk._places_until = 0.0
    return made


async def alter(house, sql):
    async with house.db.transaction() as tx:
        await tx.run(sql)
    house.counter.desk._places_until = 0.0


async def where(house, basket):
    async with house.db.reading() as tx:
        codes = {id_: code for code, id_ in (await ids(tx)).items()}
    return [codes[part.location_id] for part in basket.parts]


async def ids(tx):
    return {one.code: one.location_id for one in await inventory.locations(tx)}


async def test_pieces_that_a_location_refused_come_from_others_or_are_missing(house):
    await house.stock(north_shirt=5, south_shirt=3)
    shirt = house.variants["shirt"]
    async with house.db.transaction() as tx:
        here = await ids(tx)
        asked = [Wanted(1, shirt, 2), Wanted(2, shirt, 2)]
        elsewhere = await source_again(tx, lines=asked, channel="web", delivery=SHIP, excluded={here["north"]})
        assert sum(one.quantity for one in elsewhere.parts) == 3
        assert {one.location_id for one in elsewhere.parts} == {here["south"]}
        assert elsewhere.missing == (Missing(2, shirt, 1),)
        nowhere = await source_again(tx, lines=asked, channel="web", delivery=SHIP, excluded=set(here.values()))
        assert nowhere.parts == () and sum(one.quantity for one in nowhere.missing) == 4
        assert (await source_again(tx, lines=[], channel="web", delivery=SHIP)).parts == ()


async def test_a_policy_has_versions_and_the_last_one_holds(house):
    async with house.db.transaction() as tx:
        assert await policy(tx) == BUILT_IN
        first = await set_policy(tx, entry=PolicyEntry(name="One"), actor="ana")
        assert (await set_policy(tx, entry=PolicyEntry(name="One"))).version == first.version == 1
        second = await set_policy(tx, entry=PolicyEntry(name="Two", tags={"big": ("north",)}))
        assert await policy(tx) == second and await policy(tx, version=1) == first
        assert await policy(tx, version=0) == BUILT_IN
        assert [(one.version, one.made_by) for one in await versions(tx)] == [(2, ""), (1, "ana")]
        with pytest.raises(UnknownPolicy):
            await policy(tx, version=9)
        with pytest.raises(BadPolicy) as refused:
            rule = {"attribute": "location.kmm", "op": ">", "value": 3}
            await set_policy(tx, entry=PolicyEntry(name="Bad", rules=(Exclude(name="far", when=rule),)))
        assert refused.value.data["where"] == "rules/0/when"
        assert "location.km" in refused.value.data["errors"][0].mend


async def test_what_a_rule_excludes_gives_nothing_and_a_preference_decides_between_equals(house):
    await house.stock(north_shirt=9, south_shirt=2)
    assert await where(house, await house.counter(TakeQuote(await house.basket(shirt=1)))) == ["north"]
    south = {"attribute": "location.code", "op": "=", "value": "south"}
    await hold(house, rules=(Prefer(name="South first", when=south, amount_minor=100),))
    assert await where(house, await house.counter(TakeQuote(await house.basket(shirt=1)))) == ["south"]
    tagged = {"attribute": "location.tags", "op": "has any", "value": ["big"]}
    few = {"attribute": "stock.least_free", "op": "<", "value": 3}
    rules = (Exclude(name="No big ones", when=tagged), Exclude(name="Nearly sold out", when=few))
    await hold(house, rules=rules, tags={"big": ("north",)})
    with pytest.raises(NotSourced) as refused:
        await house.counter(TakeQuote(await house.basket(shirt=1)))
    assert sorted(refused.value.data["excluded"]) == ["north", "south"]
    with pytest.raises(OutOfStock):
        await house.counter(TakeQuote(await house.basket(shirt=99)))


async def test_no_more_parcels_than_the_policy_allows(house):
    await house.stock(north_shirt=1, south_shirt=1)
    basket = await house.basket(shirt=2)
    assert len(await where(house, await house.counter(TakeQuote(basket)))) == 2
    await hold(house, limits=Limits(most_parcels=1))
    with pytest.raises(NotSourced) as refused:
        await house.counter(TakeQuote(basket))
    assert refused.value.data["most_parcels"] == 1


async def test_shops_after_warehouses_or_not_at_all(house):
    await alter(house, "UPDATE inventory.location SET kind = 'warehouse' WHERE code = 'south'")
    await house.stock(north_shirt=5, south_shirt=2)
    await hold(house, limits=Limits(warehouse_first=True))
    assert await where(house, await house.counter(TakeQuote(await house.basket(shirt=1)))) == ["south"]
    assert await where(house, await house.counter(TakeQuote(await house.basket(shirt=3)))) == ["north"]
    await hold(house, limits=Limits(ship_from_shop=False))
    with pytest.raises(NotSourced):
        await house.counter(TakeQuote(await house.basket(shirt=3)))


async def test_a_location_that_is_full_for_today_is_not_asked_and_tomorrow_it_is(house):
    await alter(house, "UPDATE inventory.location SET daily_capacity = 2 WHERE code = 'north'")
    await house.stock(north_shirt=50, south_shirt=5)
    bought = [await house.buy(shirt=1) for _ in range(3)]
    assert [await where(house, one) for one in bought] == [["north"], ["north"], ["south"]]
    async with house.db.reading() as tx:
        assert await tx.values("SELECT orders FROM orders.location_day") == [2]
        explained = await sourcing_of(tx, order_id=bought[2].basket_id)
    assert {one.location: one.verdict for one in explained.locations} == {"south": "chosen", "north": "full"}
    await house.right()


async def test_the_orders_of_one_batch_see_what_the_others_take_of_the_day(house):
    await alter(house, "UPDATE inventory.location SET daily_capacity = 1 WHERE code = 'north'")
    await house.stock(north_shirt=50, south_shirt=50)
    asked = [await house.basket(shirt=1) for _ in range(4)]
    async with house.db.transaction() as tx:
        quoted = await Checkout(await inventory.places(tx)).run(tx, [TakeQuote(one) for one in asked])
    assert sorted([(await where(house, one))[0] for one in quoted]) == ["north", "south", "south", "south"]


async def test_an_order_says_why_its_goods_come_from_there(house):
    await alter(house, "UPDATE inventory.location SET kind = 'warehouse' WHERE code = 'south'")
    await house.stock(north_shirt=5, south_shirt=5)
    old = {"attribute": "location.kind", "op": "=", "value": "warehouse"}
    costs = Costs(parcel_minor=500, piece_minor={"shop": 150, "warehouse": 60}, unknown_km=10, km_minor=3)
    made = await hold(house, costs=costs, rules=(Clear(name="Old stock", when=old, piece_minor=40),))
    ordered = await house.buy(shirt=2)
    async with house.db.reading() as tx:
        explained = await sourcing_of(tx, order_id=ordered.basket_id)
    assert (explained.policy_version, explained.policy, explained.parcels) == (made.version, "Ours", 1)
    chosen, other = explained.locations
    assert (chosen.location, chosen.verdict, chosen.pieces) == ("south", "chosen", 2)
    assert [(one.kind, one.amount_minor, one.rule) for one in chosen.costs] == [
        ("parcel", 500, ""),
        ("distance", 30, ""),
        ("handling", 120, ""),
        ("clearance", -80, "Old stock"),
    ]
    assert chosen.cost_minor == explained.cost_minor == sum(one.amount_minor for one in chosen.costs) == 570
    assert (other.verdict, other.cost_minor) == ("dearer", 830) and "coûte plus cher" in other.why.fr


async def test_an_excluded_location_is_told_the_rule_in_words(house):
    await house.stock(north_shirt=5, south_shirt=5)
    rule = {"all": [{"attribute": "location.kind", "op": "=", "value": "shop"},
                    {"attribute": "location.code", "op": "in", "value": ["north"]}]}  # fmt: skip
    await hold(house, rules=(Exclude(name="Not north", when=rule),))
    ordered = await house.buy(shirt=1)
    async with house.db.reading() as tx:
        excluded = (await sourcing_of(tx, order_id=ordered.basket_id)).locations[1]
    assert (excluded.location, excluded.verdict, excluded.rule) == ("north", "excluded", "Not north")
    assert excluded.why.en == "Excluded by “Not north”: The kind of location is a shop, and the location is “north”."
    assert excluded.why.fr.startswith("Exclu par « Not north » : Le type de lieu est un magasin")


async def test_who_collects_has_chosen_the_place_unless_a_rule_names_that(house):
    await house.stock(north_shirt=5)
    collect = Delivery(method="collect", location="north")
    rule = {"attribute": "location.code", "op": "=", "value": "north"}
    await hold(house, rules=(Exclude(name="Not north", when=rule),), limits=Limits(ship_from_shop=False))
    basket = await house.basket(collect, shirt=1)
    assert await where(house, await house.counter(TakeQuote(basket))) == ["north"]
    await hold(house, rules=(Exclude(name="Not north", when=rule, methods=("collect",)),))
    with pytest.raises(NotSourced):
        await house.counter(TakeQuote(basket))


async def test_again_by_the_same_policy_in_no_more_parcels_and_with_its_reasons(house):
    await house.stock(north_shirt=3, south_shirt=2)
    made = await hold(house, limits=Limits(most_parcels=1))
    shirt = house.variants["shirt"]
    async with house.db.transaction() as tx:
        again = await source_again(tx, lines=[Wanted(1, shirt, 4)], channel="web", delivery=SHIP)
        assert [one.quantity for one in again.parts] == [3] and again.missing == (Missing(1, shirt, 1),)
        why = explained(
            decode(again.sourced, type=Reasons), made, {n.location_id: n for n in await inventory.locations(tx)}
        )
    assert [(one.location, one.verdict, one.pieces) for one in why.locations] == [
        ("north", "chosen", 3), ("south", "partial", 2),
    ]  # fmt: skip
