"""What an order has and does not use goes back: its place to others, its coupons; who waits gets what comes."""

import asyncio

import pytest

from comptoir import orders, pricing
from comptoir.kernel.errors import Refusal
from comptoir.kernel.ids import uuid7
from comptoir.orders import Cancel, SetCoupons
from comptoir.orders.errors import NotSourced
from comptoir.orders.fulfilment.coupons import give_coupons_back
from comptoir.orders.payments import Simulator, perform
from comptoir.pricing import NewCoupon, Percent
from orders.market import an_order, open_market, stock
from orders.test_checkout import ground, house  # noqa: F401  fixtures
from orders.test_fulfilment import COLLECT, buys, staff, work  # noqa: F401  fixtures
from orders.test_fulfilment_clock import kinds, later

pytestmark = pytest.mark.anyio


async def rejects(staff, order_id, number=0, **more):  # noqa: F811
    at = (await work(staff, order_id, number))["fulfilment_id"]
    await staff.done(f"{at}/reject", **{"reason": "display", "otherwise": "wait", **more})


# ---- who waits


async def test_what_comes_in_goes_to_those_who_wait_in_their_order(house, staff):  # noqa: F811
    await house.stock(north_shirt=5)
    ids = [await buys(house, shirt=2), await buys(house, shirt=1), await buys(house, shirt=2)]
    for order_id in (ids[1], ids[0], ids[2]):  # the second one waits longest
        await rejects(staff, order_id)
        await later(house, minutes=1)
    assert await orders.source_waiting(house.db) == 0
    assert await kinds(staff, order_id=ids[0]) == ["waiting"]
    await house.stock(south_shirt=2)
    given = await asyncio.gather(*(orders.source_waiting(house.db) for _ in range(3)))
    assert sum(given) == 2
    for order_id in ids:
        await staff.right(order_id)
    assert [len(await staff.works(one)) for one in ids] == [2, 2, 1]
    new = [await work(staff, one, 1) for one in ids[:2]]
    assert [(one["location"], one["state"], one["lines"][0]["open"]) for one in new] == [
        ("south", "open", 1), ("south", "open", 1),
    ]  # fmt: skip
    assert (await kinds(staff, order_id=ids[1]), await kinds(staff, order_id=ids[0])) == ([], ["waiting"])

    # The rest comes to another place, and everything leaves.
    await house.stock(north_shirt=3)
    assert await orders.source_waiting(house.db) == 3
    assert await kinds(staff) == []
    for order_id in ids:
        for one in await staff.works(order_id):
            if one["state"] == "open":
                at = one["fulfilment_id"]
                await staff.done(f"{at}/accept")
                lines = [{"line": 1, "pieces": one["lines"][0]["open"]}]
                await staff.done(f"{at}/pick", picked=lines)
                await staff.done(f"{at}/ship")
        await staff.right(order_id)
        assert (await staff.order(order_id))["state"] == "done"
    bank = Simulator()
    await perform(house.db, {"simulator": bank})
    assert sorted(sum(one.values()) for one in bank.captured.values()) == [1490, 2490, 2490]


async def test_who_has_just_said_no_is_asked_again_when_goods_have_come(house, staff):  # noqa: F811
    await house.stock(north_shirt=2)
    order_id = await buys(house, shirt=1)
    await rejects(staff, order_id, reason="declined")
    assert await orders.source_waiting(house.db) == 0
    await later(house, minutes=1)
    await house.stock(north_shirt=1)
    assert await orders.source_waiting(house.db) == 1
    await staff.right(order_id)

    await rejects(staff, order_id, 1, reason="declined")
    assert await orders.source_waiting(house.db) == 0
    await later(house, days=1, minutes=1)  # or a day later: perhaps they can now
    assert await orders.source_waiting(house.db) == 1
    await staff.right(order_id)


async def test_what_is_collected_is_sent_there_and_what_is_not_wanted_waits_no_more(house, staff):  # noqa: F811
    await house.stock(north_shirt=1, north_bag=1)
    order_id = await buys(house, COLLECT, shirt=1, bag=1)
    await rejects(staff, order_id)
    async with house.db.transaction() as tx:
        await orders.cancel(tx, order_id=order_id, asked=Cancel(reason="late", lines=(orders.Fewer(2, 1),)), actor="t")
    await house.stock(south_shirt=1, south_bag=1)
    assert await orders.source_waiting(house.db) == 1
    sent = await work(staff, order_id, 1)
    assert (sent["location"], sent["method"], sent["destination"]) == ("south", "transfer", "north")
    assert sent["lines"][0]["sku"] == "shirt"
    await staff.right(order_id)


async def test_an_order_from_elsewhere_that_was_short_gets_its_goods_or_ends(db):
    async with db.transaction() as tx:
        await open_market(tx, lyon_bag=1)
        first, second = await orders.record_orders(tx, [an_order("M-1"), an_order("M-2")])
    async with db.transaction() as tx:
        # Nothing of the second was to be had anywhere: it can be given up all the same.
        await orders.cancel(tx, order_id=second.order_id, asked=Cancel(reason="late"), actor="t")
        await stock(tx, nice_shirt=3)
    assert await orders.source_waiting(db) == 2
    async with db.reading() as tx:
        assert await orders.reconcile(tx) == []
        book = [await orders.order(tx, order_id=one.order_id) for one in (first, second)]
    assert [one.state for one in book] == ["open", "cancelled"]
    assert {(one.line, one.location, one.quantity) for one in book[0].pieces} == {(1, "nice", 2), (2, "lyon", 1)}


async def test_what_was_rejected_is_given_up_before_what_nobody_was_asked_for(db):
    async with db.transaction() as tx:
        await open_market(tx, lyon_shirt=1, lyon_bag=1)
        (one,) = await orders.record_orders(tx, [an_order("M-3")])
        (at,) = await orders.fulfilments_of(tx, order_id=one.order_id)
        act = orders.Reject(
            fulfilment_id=at.fulfilment_id, lines=(orders.Pieces(1, 1),), reason="declined", otherwise="wait"
        )
        assert not isinstance((await orders.run_fulfilment(tx, [act]))[0], Refusal)
    # One of the shirts was rejected, the other one never found.
    for lines, state in (((orders.Fewer(1, 1),), "open"), ((), "cancelled")):
        async with db.transaction() as tx:
            await orders.cancel(tx, order_id=one.order_id, asked=Cancel(reason="late", lines=lines), actor="t")
            assert await orders.reconcile(tx) == []
            assert (await orders.order(tx, order_id=one.order_id)).state == state


# ---- coupons


@pytest.fixture
async def coupon(house):  # noqa: F811
    """A tenth off the order, once: its code."""
    code = f"ONCE{uuid7().hex[-8:].upper()}"
    async with house.db.transaction() as tx:
        entry = pricing.PromotionEntry(name="Tenth", scope="order", benefit=Percent(1_000), needs_coupon=True)
        await pricing.set_promotion(tx, code="TENTH", entry=entry)
        await pricing.set_campaign(tx, code="ONCE", entry=pricing.CampaignEntry(name="Once", promotion="TENTH"))
        await pricing.add_coupons(tx, campaign_code="ONCE", coupons=[NewCoupon(code, max_uses=1)])
    return code


async def buys_with(house, coupon, **lines):  # noqa: F811
    basket_id = await house.basket(COLLECT, **lines)
    await house.counter(SetCoupons(basket_id, (coupon,)))
    ordered = await house.pay(basket_id)
    assert ordered.quote.discount_minor
    return ordered.basket_id


async def uses(house, coupon):  # noqa: F811
    """How often it was used, once what was agreed is done."""
    async with house.db.transaction() as tx:
        queued = await tx.tuples(
            "SELECT id, args FROM jobs.procrastinate_jobs WHERE task_name = %(name)s", name=give_coupons_back.name
        )
    for _, args in queued:
        for _ in range(2):  # at least once
            await give_coupons_back.work(house.db, **args)
    async with house.db.transaction() as tx:
        found = await pricing.look_up(tx, code=coupon, who="test")
        return [one.state for one in found.claims]


@pytest.mark.parametrize("how", ["nobody comes", "nobody has it", "half by the shop, half by the customer"])
async def test_an_order_of_which_nothing_was_sold_has_used_no_coupon(house, staff, coupon, how):  # noqa: F811
    await house.stock(north_shirt=1, north_bag=1)
    order_id = await buys_with(house, coupon, shirt=1, bag=1)
    assert await uses(house, coupon) == ["redeemed"]
    at = (await work(staff, order_id, 0))["fulfilment_id"]
    await staff.done(f"{at}/accept")
    both = [{"line": 1, "pieces": 1}, {"line": 2, "pieces": 1}]
    if how == "nobody comes":
        await staff.done(f"{at}/pick", picked=both)
        await staff.done(f"{at}/ready", keep_days=1)
        await later(house, days=2)
        assert await orders.give_up_uncollected(house.db) == 1
    elif how == "nobody has it":
        await staff.done(f"{at}/reject", reason="damaged")
    else:
        async with house.db.transaction() as tx:
            asked = Cancel(reason="regret", lines=(orders.Fewer(1, 1),))
            await orders.cancel(tx, order_id=order_id, asked=asked, actor="t")
        assert await uses(house, coupon) == ["redeemed"]
        await staff.done(f"{at}/reject", reason="damaged", lines=both[1:])
    assert (await staff.order(order_id))["state"] == "cancelled"
    assert await uses(house, coupon) == ["released"]
    await staff.right(order_id)
    await house.stock(south_shirt=1)
    basket_id = await house.basket(shirt=1)
    assert (await house.counter(SetCoupons(basket_id, (coupon,)))).coupons == (coupon,)
    assert (await house.pay(basket_id)).quote.discount_minor == 100


async def test_an_order_of_which_one_piece_was_sold_has_used_its_coupon(house, staff, coupon):  # noqa: F811
    await house.stock(north_shirt=1, north_bag=1)
    order_id = await buys_with(house, coupon, shirt=1, bag=1)
    at = (await work(staff, order_id, 0))["fulfilment_id"]
    await staff.done(f"{at}/accept")
    await staff.done(f"{at}/pick", picked=[{"line": 1, "pieces": 1}])
    await staff.done(f"{at}/hand-over")
    await staff.done(f"{at}/reject", reason="damaged")
    assert (await staff.order(order_id))["state"] == "done"
    assert await uses(house, coupon) == ["redeemed"]
    await staff.right(order_id)


# ---- the capacity of a day


@pytest.fixture
async def capacities(house):  # noqa: F811
    """One order a day in each of the two shops."""

    async def alter(number):
        async with house.db.transaction() as tx:
            await tx.run("TRUNCATE orders.location_day")
            await tx.run("UPDATE inventory.location SET daily_capacity = %(n)s WHERE location_id > 3", n=number)
        house.counter.desk._places_until = 0.0

    await alter(1)
    yield
    await alter(None)


async def promised(house):  # noqa: F811
    """Orders by location, which is what the works say."""
    async with house.db.reading() as tx:
        counted = await tx.tuples("""
            SELECT p.code, d.day, d.orders FROM orders.location_day AS d JOIN inventory.v_location AS p USING (location_id)
            WHERE d.orders <> 0 ORDER BY 1, 2
        """)
        said = await tx.tuples("""
            SELECT p.code, promised_on, count(*) FROM orders.fulfilment JOIN inventory.v_location AS p USING (location_id)
            WHERE promised_on IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
        """)
    assert counted == said
    return {code: number for code, _, number in counted}


async def test_what_is_cancelled_gives_its_place_in_the_day_back(house, staff, capacities):  # noqa: F811
    await house.stock(north_shirt=5, south_shirt=5)
    first, second = await buys(house, shirt=2), await buys(house, shirt=2)
    assert await promised(house) == {"north": 1, "south": 1}
    with pytest.raises(NotSourced):
        await buys(house, shirt=2)
    async with house.db.transaction() as tx:
        asked = Cancel(reason="regret", lines=(orders.Fewer(1, 1),))
        await orders.cancel(tx, order_id=first, asked=asked, actor="t")
    assert await promised(house) == {"north": 1, "south": 1}  # some of it is still to be done
    async with house.db.transaction() as tx:
        await orders.cancel(tx, order_id=first, asked=Cancel(reason="regret"), actor="t")
    (gone,) = await promised(house)
    third = await buys(house, shirt=1)
    assert await promised(house) == {"north": 1, "south": 1}

    # A shop that cannot gives its place back, and who takes it over has one order more.
    at = await work(staff, second, 0)
    assert at["location"] == gone
    await rejects(staff, second, reason="declined")
    assert await promised(house) == ({"north": 1} if gone == "south" else {"south": 1})
    for one in (first, second, third):
        await staff.right(one)


async def test_work_that_goes_to_another_shop_takes_a_place_there(house, staff, capacities):  # noqa: F811
    await house.stock(north_shirt=1)
    order_id = await buys(house, shirt=1)
    await house.stock(south_shirt=1)
    assert await promised(house) == {"north": 1}
    await rejects(staff, order_id)
    assert await promised(house) == {"south": 1}
    await later(house, days=1)
    await rejects(staff, order_id, 1)
    assert await promised(house) == {}
    await house.stock(north_shirt=1)
    assert await orders.source_waiting(house.db) == 1
    assert await promised(house) == {"north": 1}
