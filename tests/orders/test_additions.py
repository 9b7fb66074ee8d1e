"""More pieces or another article in an order that nobody works on yet: paid by themselves, delivered with the rest."""

import asyncio

import pytest

from comptoir.orders import SetDelivery, TakeQuote
from orders.test_aftersale import desk  # noqa: F401  fixtures
from orders.test_checkout import SHIP, ground, house  # noqa: F401  fixtures
from orders.test_for_orders import banks, tenders
from orders.test_fulfilment import COLLECT
from orders.test_substituting import SHIP as TO_REPLACE

pytestmark = pytest.mark.anyio

FREE = {"ship": SHIP.__class__(method="ship", address=SHIP.address), "collect": COLLECT, "replace": TO_REPLACE}


async def wanted(desk, *, way="ship", paid=True, **lines):  # noqa: F811
    """A basket that is to go along: its delivery costs nothing."""
    basket_id = await desk.house.basket(delivery=None, **lines)
    await desk.house.counter(SetDelivery(basket_id, FREE[way]))
    await desk.house.counter(TakeQuote(basket_id))
    if paid:
        await desk.house.counter.pay(basket_id, provider="simulator", token="ok")
    return basket_id


async def adds(desk, order_id, basket_id, status=200):  # noqa: F811
    return await desk("POST", f"book/{order_id}/additions", {"basket_id": str(basket_id)}, status=status)


async def test_what_is_added_is_paid_by_itself_and_goes_along(desk):  # noqa: F811
    await desk.house.stock(north_shirt=3, north_bag=1, south_shoe=1)
    order_id = await desk.buy(shirt=1)
    basket_id = await wanted(desk, shirt=1, bag=1, shoe=1)
    twice = await asyncio.gather(*(adds(desk, order_id, basket_id) for _ in range(2)))
    assert twice[0] == twice[1]
    order = twice[0]
    assert [(one["line"], one["sku"], one["quantity"]) for one in order["lines"]] == [
        (1, "shirt", 1), (2, "shirt", 1), (3, "bag", 1), (4, "shoe", 1),
    ]  # fmt: skip
    assert order["total_minor"] == 1490 + 3000
    works = (await desk("GET", f"fulfilments/of/{order_id}"))["fulfilments"]
    assert {one["location"]: [line["line"] for line in one["lines"]] for one in works} == {
        "north": [1, 2, 3], "south": [4],
    }  # fmt: skip
    async with desk.house.db.reading() as tx:
        assert await tx.value("SELECT count(*) FROM inventory.promise WHERE reference = %(b)s", b=str(basket_id)) == 0
    parcels = await desk.hand_over(order_id)
    assert [await tenders(desk, one) for one in parcels] == [
        [("simulator", 1490), ("simulator", 2000)], [("simulator", 1000)],
    ]  # fmt: skip
    assert await banks(desk) == (4490, 0, 0)
    assert await desk.revenue() == 4490
    async with desk.house.db.reading() as tx:
        assert await tx.value("SELECT count(*) FROM kernel.event WHERE kind = 'orders.order_extended'") == 1
    back = {"location": "nice", "lines": [
        {"sale_id": parcels[0], "line_number": n, "quantity": 1, "reason": "no"} for n in (1, 2, 3)
    ]}  # fmt: skip
    assert (await desk("POST", "returns/at-counter", back))["refund_minor"] == 3000
    assert await banks(desk) == (4490, 3000, 0)


async def test_what_is_added_can_be_cancelled_and_its_money_is_let_go(desk):  # noqa: F811
    await desk.house.stock(north_shirt=1, north_bag=1)
    order_id = await desk.buy(shirt=1)
    await adds(desk, order_id, await wanted(desk, bag=1))
    made = await desk("POST", f"book/{order_id}/cancellations", {"reason": "regret"})
    assert made["amount_minor"] == 2490
    assert await banks(desk) == (0, 0, 2)
    assert all(held == allocated == 0 for _, held, allocated in (await desk.house.balances()).values())


@pytest.mark.parametrize(
    ("way", "paid", "late", "status", "why"),
    [
        ("ship", True, True, 409, "picking_begun"),
        ("collect", True, False, 409, "other_delivery"),
        ("replace", True, False, 409, "delivery_costs"),
        ("ship", False, False, 422, None),
    ],
)
async def test_what_cannot_go_along_stays_a_basket(desk, way, paid, late, status, why):  # noqa: F811
    await desk.house.stock(north_shirt=1, north_bag=1)
    order_id = await desk.buy(shirt=1)
    basket_id = await wanted(desk, way=way, paid=paid, bag=1)
    if late:
        (work,) = (await desk("GET", f"fulfilments/of/{order_id}"))["fulfilments"]
        await desk("POST", f"fulfilments/{work['fulfilment_id']}/accept", {})
    before = await desk("GET", f"book/{order_id}")
    refused = await adds(desk, order_id, basket_id, status=status)
    assert refused["data"].get("why") == why
    assert await desk("GET", f"book/{order_id}") == before
    if paid:
        assert (await desk.house.counter.place(basket_id)).order_number  # it can still be ordered by itself
