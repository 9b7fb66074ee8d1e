"""What is late is told once, what nobody comes for goes back to the shelf, what is missing is promised elsewhere."""

import asyncio
from datetime import timedelta

import pytest

from comptoir import inventory, orders
from comptoir.kernel import log, time
from comptoir.orders.fulfilment.shortages import make_all_good, make_good
from comptoir.orders.payments import Simulator, perform
from orders.test_checkout import ground, house  # noqa: F401  fixtures
from orders.test_fulfilment import COLLECT, buys, staff, work  # noqa: F401  fixtures

pytestmark = pytest.mark.anyio


async def later(house, **by):  # noqa: F811
    async with house.db.transaction() as tx:
        await time.advance(tx, by=timedelta(**by))
    async with house.db.transaction() as tx:
        await log.open_days(tx)


async def kinds(staff, **query):  # noqa: F811
    found = (await staff.client.get("/v1/orders/fulfilments/tasks", params=query)).json()["items"]
    return [one["kind"] for one in found]


async def told(house, kind):  # noqa: F811
    async with house.db.reading() as tx:
        return await tx.value("SELECT count(*) FROM kernel.event WHERE kind = %(kind)s", kind=kind)


async def test_work_that_is_late_is_told_once_by_several_workers(house, staff):  # noqa: F811
    await house.stock(north_shirt=2)
    order_id = await buys(house, COLLECT, shirt=1)
    assert await orders.tell_overdue(house.db) in {0, 1}
    await later(house, days=1)
    await asyncio.gather(*(orders.tell_overdue(house.db) for _ in range(4)))
    late = await staff.works(late=True)
    assert [one["order_id"] for one in late] == [str(order_id)]
    assert await kinds(staff, location="north") == ["late"]
    assert await told(house, "orders.task_opened") == 1
    await staff.right(order_id)


async def test_what_nobody_comes_for_goes_back_to_the_shelf_and_costs_nothing(house, staff):  # noqa: F811
    await house.stock(north_shirt=2, north_bag=1)
    order_id = await buys(house, COLLECT, shirt=2, bag=1)
    at = (await work(staff, order_id, 0))["fulfilment_id"]
    await staff.done(f"{at}/accept")
    await staff.done(f"{at}/pick", picked=[{"line": 1, "pieces": 2}, {"line": 2, "pieces": 1}])
    await staff.done(f"{at}/ready", shelf="B7", keep_days=3)
    await staff.done(f"{at}/hand-over", lines=[{"line": 2, "pieces": 1}])
    await later(house, days=2)
    assert await orders.give_up_uncollected(house.db) == 0
    await later(house, days=2)
    await asyncio.gather(*(orders.give_up_uncollected(house.db) for _ in range(4)))
    await staff.right(order_id)
    assert (await house.balances())["north", house.variants["shirt"]] == (2, 0, 0)
    order = await staff.order(order_id)
    assert (order["state"], [one["cancelled"] for one in order["pieces"]]) == ("done", [2, 0])
    assert await kinds(staff, location="north") == ["not_collected"]
    bank = Simulator()
    await perform(house.db, {"simulator": bank})
    assert [sum(one.values()) for one in bank.captured.values()] == [1000]
    assert len(bank.voided) == 1
    again = await staff(f"{at}/hand-over", lines=[{"line": 1, "pieces": 1}])
    assert again.json()["data"]["state"] == "done"


async def test_one_that_cannot_be_done_holds_up_nobody(house, staff):  # noqa: F811
    """The papers of one order cannot be read: the others' goods go back to the shelf."""
    await house.stock(north_shirt=3)
    ids = [await buys(house, COLLECT, shirt=1) for _ in range(3)]
    for one in ids:
        at = (await work(staff, one, 0))["fulfilment_id"]
        await staff.done(f"{at}/accept")
        await staff.done(f"{at}/pick", picked=[{"line": 1, "pieces": 1}])
        await staff.done(f"{at}/ready", keep_days=1)
    async with house.db.transaction() as tx:
        await tx.run("UPDATE orders.sales_order SET delivery = '[]' WHERE order_id = %(one)s", one=ids[0])
    await later(house, days=2)
    assert await orders.give_up_uncollected(house.db) == 2
    assert [(await staff.order(one))["state"] for one in ids[1:]] == ["cancelled", "cancelled"]


async def test_what_a_till_has_sold_is_promised_from_elsewhere_the_newest_first(house, staff):  # noqa: F811
    await house.stock(north_shirt=3, south_shirt=1)
    old, picked, new = [await buys(house, COLLECT, shirt=1) for _ in range(3)]
    at = (await work(staff, picked, 0))["fulfilment_id"]
    await staff.done(f"{at}/accept")
    await staff.done(f"{at}/pick", picked=[{"line": 1, "pieces": 1}])
    await sells(house, 2)
    for _ in range(3):
        await make_all_good(house.db)
    for one in (old, picked, new):
        await staff.right(one)
    moved = await work(staff, new, 1)
    assert (moved["location"], moved["method"]) == ("south", "transfer")
    assert [len(await staff.works(one)) for one in (old, picked)] == [1, 1]
    assert (await kinds(staff, order_id=old), await kinds(staff, order_id=new)) == (["short"], [])
    async with house.db.reading() as tx:
        (left,) = await inventory.shortages(tx)
    assert left.quantity == 1

    # More has come: it is not missing any more.
    await house.stock(south_shirt=1)
    await make_all_good(house.db)
    async with house.db.reading() as tx:
        assert await inventory.shortages(tx) == []
    await staff.right(old)


async def test_a_shortage_that_is_over_takes_goods_from_nobody(house, staff):  # noqa: F811
    """The job and the timer find the same piece missing: one of them moves an order, the other one none."""
    await house.stock(north_shirt=3, south_shirt=5)
    ids = [await buys(house, COLLECT, shirt=1) for _ in range(3)]
    await sells(house, 1)
    async with house.db.reading() as tx:
        (found,) = await inventory.shortages(tx)

    async def again(tx):
        await make_good(tx, variant_id=found.variant_id, location_id=found.location_id)

    await house.db.within(again)
    await asyncio.gather(*(house.db.within(again) for _ in range(3)))
    assert [len(await staff.works(one)) for one in ids] == [1, 1, 2]
    await staff.right(ids[0])


async def test_what_nobody_has_holds_up_no_shortage_behind_it(house, staff):  # noqa: F811
    await house.stock(north_shirt=1, north_bag=1, south_bag=1)
    stays, moves = await buys(house, COLLECT, shirt=1), await buys(house, COLLECT, bag=1)
    await sells(house, 1)
    await sells(house, 1, sku="bag")
    await make_all_good(house.db, most=1)
    assert [len(await staff.works(one)) for one in (stays, moves)] == [1, 2]


async def test_what_nobody_has_for_long_is_looked_into_when_somebody_has_it(house, staff):  # noqa: F811
    await house.stock(north_shirt=1)
    order_id = await buys(house, COLLECT, shirt=1)
    await sells(house, 1)
    assert [await orders.retry_shortages(house.db) for _ in range(2)] == [1, 1]
    await later(house, days=1)
    assert await orders.retry_shortages(house.db) == 0
    await house.stock(south_shirt=1)
    assert await orders.retry_shortages(house.db) == 1
    assert len(await staff.works(order_id)) == 2
    assert await orders.retry_shortages(house.db) == 0


async def sells(house, pieces, sku="shirt"):  # noqa: F811
    """A till sells what is promised to others."""
    async with house.db.transaction() as tx:
        places = {one.code: one.location_id for one in await inventory.locations(tx)}
        await inventory.post(tx, [
            inventory.Move(variant_id=house.variants[sku], quantity=pieces, from_location_id=places["north"],
                           to_location_id=inventory.CUSTOMER, act="sell", is_fact=True)
        ])  # fmt: skip
