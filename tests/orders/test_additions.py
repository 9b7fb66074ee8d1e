"""More pieces or another article in an order that nobody works on yet: paid by themselves, delivered with the rest."""

import asyncio
from datetime import timedelta

import pytest

from comptoir import pricing
from comptoir.kernel import time
from comptoir.orders import SetCoupons, SetDelivery, TakeQuote
from orders.test_aftersale import desk  # noqa: F401  fixtures
from orders.test_checkout import SHIP, ground, house  # noqa: F401  fixtures
from orders.test_for_orders import banks, tenders
from orders.test_fulfilment import COLLECT
from orders.test_substituting import SHIP as TO_REPLACE
from orders.test_waiting import coupon, uses  # noqa: F401  fixtures

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


async def with_coupon(desk, coupon, **lines):  # noqa: F811
    basket_id = await desk.house.basket(delivery=None, **lines)
    await desk.house.counter(SetDelivery(basket_id, FREE["ship"]))
    await desk.house.counter(SetCoupons(basket_id, (coupon,)))
    quoted = await desk.house.counter(TakeQuote(basket_id))
    await desk.house.counter.pay(basket_id, provider="simulator", token="ok")
    return basket_id, quoted.quote.discount_minor


async def test_a_coupon_of_what_is_added_is_used_once_and_given_back_with_the_order(desk, coupon):  # noqa: F811
    await desk.house.stock(north_shirt=3, north_bag=1)
    order_id = await desk.buy(shirt=1)
    basket_id, saved = await with_coupon(desk, coupon, bag=1)
    assert (saved, await uses(desk.house, coupon)) == (100, ["reserved"])
    assert (await adds(desk, order_id, basket_id))["total_minor"] == 1490 + 900
    await adds(desk, order_id, basket_id)
    assert await uses(desk.house, coupon) == ["redeemed"]
    _, saved = await with_coupon(desk, coupon, shirt=1)
    assert saved == 0, "it was good for one"
    async with desk.house.db.reading() as tx:
        assert await pricing.reconcile(tx) == []
    await desk("POST", f"book/{order_id}/cancellations", {"reason": "regret"})
    assert await uses(desk.house, coupon) == ["released"]
    _, saved = await with_coupon(desk, coupon, shirt=1)
    assert saved == 100


async def test_what_is_added_so_late_that_its_coupon_went_to_somebody_else_stays_a_basket(desk, coupon):  # noqa: F811
    await desk.house.stock(north_shirt=3, north_bag=1)
    order_id = await desk.buy(shirt=1)
    basket_id, _ = await with_coupon(desk, coupon, bag=1)
    async with desk.house.db.transaction() as tx:
        await time.advance(tx, by=timedelta(hours=1))
    other, saved = await with_coupon(desk, coupon, shirt=1)
    await desk.house.counter.place(other)
    assert saved == 100
    before = await desk("GET", f"book/{order_id}")
    assert (await adds(desk, order_id, basket_id, status=409))["code"] == "pricing.coupon_refused"
    assert await desk("GET", f"book/{order_id}") == before
    assert [one for one in await uses(desk.house, coupon) if one != "released"] == ["redeemed"]


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
