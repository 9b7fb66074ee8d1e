"""The sourcing policy over HTTP: kept in versions, explained for orders and for baskets that nobody has, tried out."""

from contextlib import asynccontextmanager

import httpx
import pytest

from comptoir.kernel.auth import SYSTEM
from comptoir.kernel.auth.keys import add_key
from comptoir.kernel.ids import uuid7
from comptoir.kernel.settings import Settings
from comptoir.orders import Delivery, TakeQuote
from orders.test_checkout import ground  # noqa: F401 fixtures
from orders.test_sourcing import alter, bare_house, hold, house  # noqa: F401 fixtures
from reuse import application

pytestmark = pytest.mark.anyio

SOUTH = {"attribute": "location.code", "op": "=", "value": "south"}
SHOP = {"attribute": "location.kind", "op": "=", "value": "shop"}
COSTS = {"parcel_minor": 500, "split_minor": 300, "km_minor": 2, "piece_minor": {"shop": 150, "warehouse": 60}}


@asynccontextmanager
async def asking(db, *scopes):
    async with db.transaction() as tx:
        key = (await add_key(tx, name="planner", scopes=list(scopes), actor=SYSTEM)).token
    async with application(Settings(simulated_payments=True), db) as app:
        transport = httpx.ASGITransport(app=app)
        head = {"authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://shop/v1/orders", headers=head) as client:
            yield client


@pytest.fixture
async def chief(house):  # noqa: F811
    async with asking(house.db, "orders:admin") as client:
        yield client


def policy(**more):
    return {"name": "Costs", "costs": COSTS, **more}


async def kept(db):
    """What a simulation must leave as it is."""
    async with db.reading() as tx:
        return await tx.tuples(
            "SELECT (SELECT count(*) FROM orders.sourcing_policy), (SELECT count(*) FROM inventory.promise),"
            " (SELECT count(*) FROM inventory.entry), (SELECT count(*) FROM orders.location_day),"
            " (SELECT count(*) FROM kernel.event), (SELECT sum(held) FROM inventory.balance)"
        )


async def test_a_policy_is_put_read_and_told_in_words(house, chief):  # noqa: F811
    built_in = (await chief.get("/sourcing/policy")).json()
    assert (built_in["policy"]["version"], built_in["policy"]["fewest_parcels"]) == (0, True)
    rules = [{"kind": "exclude", "name": "South", "when": SOUTH}, {"kind": "prefer", "name": "Shops", "when": SHOP, "amount_minor": 50}]  # fmt: skip
    put = await chief.put("/sourcing/policy", json=policy(rules=rules))
    assert put.status_code == 200, put.text
    assert put.json()["words"] == [
        {"name": "South", "kind": "exclude", "when": {"en": "The location is “south”.", "fr": "Le lieu est « south »."}},
        {"name": "Shops", "kind": "prefer",
         "when": {"en": "The kind of location is a shop.", "fr": "Le type de lieu est un magasin."}},
    ]  # fmt: skip
    assert (await chief.get("/sourcing/policy")).json() == put.json()
    assert (await chief.get("/sourcing/policies/1")).json() == put.json()
    assert [one["made_by"] for one in (await chief.get("/sourcing/policies")).json()] == ["planner"]
    assert (await chief.get("/sourcing/policies/7")).json()["code"] == "orders.unknown_policy"
    wrong = await chief.put(
        "/sourcing/policy", json=policy(rules=[{"kind": "exclude", "name": "X", "when": {"all": 1}}])
    )
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["data"]["where"]) == (
        400, "orders.bad_policy", "rules/0/when",
    )  # fmt: skip
    attributes = {one["name"]: one for one in (await chief.get("/sourcing/attributes")).json()}
    assert attributes["location.kind"]["values"]["warehouse"]["fr"] == "un entrepôt"
    assert ">=" in attributes["location.km"]["operators"]


async def test_who_only_sells_does_not_change_the_policy(house):  # noqa: F811
    async with asking(house.db, "orders:write") as till:
        assert (await till.put("/sourcing/policy", json=policy())).status_code == 403
        assert (await till.get("/sourcing/policy")).status_code == 200


async def test_an_order_says_why_and_one_from_elsewhere_does_not(house, chief):  # noqa: F811
    await house.stock(north_shirt=3)
    ordered = await house.buy(shirt=2)
    why = (await chief.get(f"/{ordered.basket_id}/sourcing")).json()["why"]
    assert (why["policy_version"], why["parcels"], why["exact"]) == (0, 1, True)
    assert [(one["location"], one["verdict"], one["pieces"]) for one in why["locations"]] == [("north", "chosen", 2)]
    async with house.db.transaction() as tx:
        await tx.run("UPDATE orders.sales_order SET sourced = NULL")
    assert (await chief.get(f"/{ordered.basket_id}/sourcing")).json() == {"why": None}
    assert (await chief.get(f"/{uuid7()}/sourcing")).json()["code"] == "orders.unknown_order"


async def test_a_basket_that_nobody_has_is_explained_by_a_policy_that_nobody_keeps(house, chief):  # noqa: F811
    await alter(house, "UPDATE inventory.location SET kind = 'warehouse' WHERE code = 'south'")
    await house.stock(north_shirt=5, south_shirt=1, south_bag=3)
    before = await kept(house.db)
    basket = {"outlet": "web", "country": "FR", "lines": [{"sku": "shirt", "quantity": 2}, {"sku": "bag"}]}
    answer = await chief.post("/sourcing/explain", json={"basket": basket, "policy": policy()})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert {(one["sku"], one["location"], one["quantity"]) for one in told["parts"]} >= {("bag", "south", 1)}
    assert sum(one["quantity"] for one in told["parts"]) == 3
    costs = sum(one["cost_minor"] for one in told["why"]["locations"] if one["verdict"] == "chosen")
    assert told["why"]["split_minor"] == 300 and costs + 300 == told["why"]["cost_minor"]
    none = {"name": "No shops", "limits": {"ship_from_shop": False}}
    refused = (await chief.post("/sourcing/explain", json={"basket": basket, "policy": none})).json()
    assert refused["parts"] == refused["missing"] == []
    assert {one["location"]: one["verdict"] for one in refused["why"]["locations"]} == {
        "north": "no_shops", "south": "partial",
    }  # fmt: skip
    basket["lines"][0]["quantity"] = 9
    short = (await chief.post("/sourcing/explain", json={"basket": basket})).json()
    assert short["missing"] == [{"line": 1, "sku": "shirt", "quantity": 3}]
    for wrong, code in [
        ({"outlet": "moon"}, "channels.unknown_outlet"),
        ({"lines": [{"sku": "hat"}]}, "inventory.unknown_variant"),
        ({"location": "moon"}, "inventory.unknown_location"),
    ]:
        answer = await chief.post("/sourcing/explain", json={"basket": {**basket, **wrong}})
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert await kept(house.db) == before


async def test_a_simulation_sets_both_policies_side_by_side_and_keeps_nothing(house, chief):  # noqa: F811
    await alter(house, "UPDATE inventory.location SET kind = 'warehouse' WHERE code = 'south'")
    await house.stock(north_shirt=50, south_shirt=20, south_bag=20)
    orders = [await house.buy(shirt=1) for _ in range(3)] + [await house.buy(bag=1)]
    collect = await house.basket(Delivery(method="collect", location="north"), shirt=1)
    await house.counter.pay((await house.counter(TakeQuote(collect))).basket_id, provider="simulator", token="ok")
    await house.counter.place(collect)
    before = await kept(house.db)
    answer = await chief.post("/sourcing/simulate", json={"policy": policy(), "orders": 100})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["orders"], found["stock"], found["changed"]) == (4, "today", 3)
    now, then = found["now"], found["then"]
    assert (now["policy"], now["version"], now["sourced"], now["parcels"]) == (
        "Fewest parcels, then the nearest",
        0,
        4,
        4,
    )
    assert now["by_location"] == [
        {"location": "north", "parcels": 3, "pieces": 3}, {"location": "south", "parcels": 1, "pieces": 1},
    ]  # fmt: skip
    assert then["by_location"] == [{"location": "south", "parcels": 4, "pieces": 4}]
    assert (now["cost_minor"], then["cost_minor"]) == (3 * 650 + 560, 4 * 560)
    assert [one["order_id"] for one in found["changes"]] == [str(one.basket_id) for one in orders[2::-1]]
    assert (found["changes"][0]["now"][0]["location"], found["changes"][0]["then"][0]["location"]) == ("north", "south")
    assert await kept(house.db) == before


async def test_a_simulation_on_a_given_stock(house, chief):  # noqa: F811
    await house.stock(north_shirt=50, south_shirt=50)
    await house.buy(shirt=2)
    stock = [{"sku": "shirt", "location": code, "units": 1} for code in ("north", "south")]
    one = {"name": "One parcel", "limits": {"most_parcels": 1}}
    found = (await chief.post("/sourcing/simulate", json={"policy": one, "stock": stock})).json()
    assert (found["stock"], found["now"]["split_basis_points"], found["now"]["parcels"]) == ("given", 10_000, 2)
    assert (found["then"]["refused"], found["changed"], found["changes"][0]["then"]) == (1, 1, [])
    unknown = await chief.post("/sourcing/simulate", json={"policy": one, "stock": [{**stock[0], "sku": "hat"}]})
    assert unknown.json()["code"] == "inventory.unknown_variant"


async def test_a_simulation_fills_the_days_of_those_who_can_take_so_many(house, chief):  # noqa: F811
    await house.stock(north_shirt=50, south_shirt=10)
    for _ in range(3):
        await house.buy(shirt=1)
    await alter(house, "UPDATE inventory.location SET daily_capacity = 2 WHERE code = 'north'")
    found = (await chief.post("/sourcing/simulate", json={"policy": {"name": "Same"}})).json()
    assert found["changed"] == 0
    assert found["then"]["by_location"] == [
        {"location": "north", "parcels": 2, "pieces": 2}, {"location": "south", "parcels": 1, "pieces": 1},
    ]  # fmt: skip


async def test_distances_are_those_of_the_address(house, chief):  # noqa: F811
    await alter(house, "UPDATE inventory.location SET latitude = 45.75, longitude = 4.85 WHERE code = 'south'")
    await alter(house, "UPDATE inventory.location SET latitude = 48.85, longitude = 2.35 WHERE code = 'north'")
    await house.stock(north_shirt=50, south_shirt=10)
    basket = {"outlet": "web", "lines": [{"sku": "shirt"}], "latitude": 45.76, "longitude": 4.84}
    why = (await chief.post("/sourcing/explain", json={"basket": basket})).json()["why"]
    near, far = why["locations"]
    assert (near["location"], far["verdict"]) == ("south", "dearer") and near["km"] < 2 and 380 < far["km"] < 400
    assert far["costs"] == [{"kind": "distance", "amount_minor": round(far["km"] * 10), "rule": ""}]
    far_away = {"attribute": "location.km", "op": ">", "value": 100}
    rules = [{"kind": "exclude", "name": "Far", "when": far_away}]
    why = (await chief.post("/sourcing/explain", json={"basket": basket, "policy": policy(rules=rules)})).json()["why"]
    assert why["locations"][1]["why"]["fr"] == "Exclu par « Far » : La distance en kilomètres vaut plus de 100."
    await alter(house, "UPDATE inventory.location SET latitude = NULL, longitude = NULL")
