"""An order that a site tracks and its shop sends: one sale, one bead's worth of money, and the replay says the same."""

import pytest

from comptoir import orders, profiles

pytestmark = pytest.mark.anyio

TRACKED = {
    "event": "Order Completed",
    "anonymousId": "d1",
    "userId": "u1",
    "properties": {"order_id": "o1", "total": 20, "currency": "EUR", "products": [{"sku": "x", "price": 20}]},
}


async def by_shop(retailer, **more):
    await retailer.sell("o1", more.pop("total", 2000), outlet="site", **more)


async def by_event(retailer):
    await retailer.track("site", TRACKED)
    await retailer.work()


async def read(retailer, q):
    found = await retailer.find(q)
    if not found:
        return None
    measures = await retailer.get(f"/people/{found[0]['key']}/measures")
    return measures["orders"], measures["units"], measures["spend"], found[0]["orders"], found[0]["spend"]


@pytest.mark.parametrize("tracked_first", [True, False])
@pytest.mark.parametrize(
    ("more", "owner", "total"),
    [
        ({}, "u1", 2000),
        ({"total": 1850}, "u1", 1850),
        ({"total": 2150, "identifiers": {"email": "ines@example.com"}}, "ines@example.com", 2150),
        ({"identifiers": {"user_id": "u1"}, "occurred_at": "2026-01-05T10:00:00Z"}, "u1", 2000),
    ],
)
async def test_one_sale_whoever_tells_first(retailer, tracked_first, more, owner, total):
    if tracked_first:
        await by_event(retailer)
    await by_shop(retailer, **more)
    if not tracked_first:
        await by_event(retailer)
    await retailer.work()

    euros = {"amount_minor": total, "currency": "EUR"}
    assert await read(retailer, owner) == (1, 1, [euros], 1, [euros])
    if owner != "u1":
        assert await read(retailer, "u1") == (0, 0, [], 0, [])
        left = (await retailer.get(f"/people/{await retailer.key_of('u1')}/timeline"))["items"]
        assert sum(m["amount"]["amount_minor"] for m in left if m["amount"]) == 0
    thread = (await retailer.get(f"/people/{await retailer.key_of(owner)}/timeline"))["items"]
    assert sum(m["amount"]["amount_minor"] for m in thread if m["amount"]) == total
    async with retailer.db.reading() as tx:
        assert await tx.value("SELECT sum(spend_minor) FROM profiles.takings") == total
        assert await tx.value("SELECT sum(orders) FROM profiles.takings") == 1
        assert (await orders.totals(tx, by="all"))[0].total_minor == total
        assert await orders.reconcile(tx) == []
        before = await profiles.digest(tx)
        unrecorded = await orders.unrecorded(tx)
    await retailer.replay()
    async with retailer.db.reading() as tx:
        assert await profiles.digest(tx) == before
        assert await orders.unrecorded(tx) == unrecorded


async def test_the_common_case_leaves_one_bead_on_the_thread(retailer):
    await by_event(retailer)
    await by_shop(retailer)
    await retailer.work()
    assert await retailer.thread(await retailer.key_of("u1")) == [("web", "order")]


async def test_a_correction_read_before_its_sale_comes_to_the_same(retailer):
    """Readers go by transaction: a correction's may be the older one."""
    await by_event(retailer)
    await by_shop(retailer, total=1850)
    await retailer.work()
    async with retailer.db.transaction() as tx:
        before = {name: one for name, one in (await profiles.digest(tx)).items() if name != "minute"}
        await tx.run(
            "UPDATE kernel.event SET lane = 7, xid = CASE kind WHEN 'orders.sale_corrected' THEN '5' ELSE '6' END::xid8"
            " WHERE kind IN ('orders.sale_recorded', 'orders.sale_corrected')"
        )
    await retailer.replay()
    async with retailer.db.reading() as tx:
        after = {name: one for name, one in (await profiles.digest(tx)).items() if name != "minute"}
        assert after == before


async def test_amounts_of_two_currencies_are_never_added_up(retailer):
    await by_event(retailer)
    await by_shop(retailer, currency="USD")
    await retailer.work()
    key = await retailer.key_of("u1")
    thread = (await retailer.get(f"/people/{key}/timeline"))["items"]
    amounts = sorted((m["amount"]["currency"], m["amount"]["amount_minor"]) for m in thread if m["amount"])
    assert amounts == [("EUR", -2000), ("EUR", 2000), ("USD", 2000)]
    dollars = [{"amount_minor": 2000, "currency": "USD"}]
    assert await read(retailer, "u1") == (1, 1, dollars, 1, dollars)
