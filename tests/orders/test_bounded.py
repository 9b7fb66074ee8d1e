"""What a hot operation reads does not grow with the shop: rows that PostgreSQL fetched, counted in the transaction."""

import pytest

from comptoir import inventory
from comptoir.kernel.ids import uuid7
from comptoir.orders import BasketLine, Checkout, Open, PlaceOrder, SetDelivery, SetLine, SetPayment, TakeQuote
from comptoir.orders.baskets import Basket, Payment
from orders.test_checkout import SHIP, ground, house  # noqa: F401  fixtures

pytestmark = pytest.mark.anyio

BASKETS = 8


@pytest.fixture
async def large(house):  # noqa: F811
    """Other people's business: 40,000 balances, 20,000 promises, 80,000 entries, 20,000 orders with baskets and work."""
    await house.stock(north_shirt=100, south_shirt=100)
    small = {name: await measured(house, work) for name, work in WORK.items()}
    async with house.db.transaction() as tx:
        await tx.run(GROW)
    connection = await house.db.connect()
    await connection.execute("ANALYZE")
    await connection.close()
    return small


GROW = """
    INSERT INTO inventory.balance (variant_id, location_id, sellable, held)
    SELECT 1000 + n / 20, 10 + n %% 2, 10, 1 FROM (SELECT generate_series(0, 79999, 2) AS n) AS x
    ON CONFLICT DO NOTHING;
    INSERT INTO inventory.promise (reference, line, variant_id, location_id, quantity, expires_at)
    SELECT 'other-' || n, 1, 1000 + n %% 4000, 10, 1, now() + interval '1 hour' FROM generate_series(1, 20000) AS n;
    INSERT INTO inventory.entry (variant_id, location_id, d_held, act, occurred_at, recorded_at)
    SELECT 1000 + n %% 4000, 10, 1, 'hold', now(), now() FROM generate_series(1, 80000) AS n;
    INSERT INTO orders.basket (basket_id, state, body, changed_at, quiet_since)
    SELECT gen_random_uuid(), 'ordered', '{}', now(), now() FROM generate_series(1, 20000);
    INSERT INTO orders.sales_order (order_id, outlet_id, channel, currency, delivery, delivery_minor, discount_minor,
        tax_minor, total_minor, placed_at)
    SELECT basket_id, 1, 'web', 'EUR', '{}', 0, 0, 0, 0, now() FROM orders.basket WHERE body = '{}';
    INSERT INTO orders.fulfilment (order_id, location_id, method, changed_at)
    SELECT order_id, 10, 'ship', now() FROM orders.sales_order WHERE delivery::text = '{}';
    INSERT INTO orders.fulfilment_line (fulfilment_id, line, order_id, location_id, variant_id, quantity)
    SELECT fulfilment_id, 1, order_id, 10, 1000, 1 FROM orders.fulfilment WHERE location_id = 10
""".replace("%%", "%")


async def measured(house, work):  # noqa: F811
    """Rows read of the tables of stock and orders."""
    await work(house, house.db.by_index)  # the plans are made, the caches are warm
    async with house.db.by_index() as tx:
        before = await tx.value(READ)
        await work(house, None, tx)
        return await tx.value(READ) - before


READ = """
    SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables
    WHERE schemaname IN ('inventory', 'orders', 'pricing')
"""


def within(work):
    async def run(house, begin, tx=None):  # noqa: F811
        if tx is not None:
            await work(house, tx)
            return
        async with begin() as own:
            await work(house, own)

    return run


@within
async def look(house, tx):  # noqa: F811
    asked = [inventory.Question(variant_id=house.variants["shirt"], channel="web")] * BASKETS
    assert all(await inventory.available(tx, asked, await house.counter.desk.places(tx)))


@within
async def hold(house, tx):  # noqa: F811
    places = (await house.counter.desk.places(tx)).ids
    units = [inventory.Units(house.variants["shirt"], places["north"], 1)]
    held = [inventory.Hold(reference=str(uuid7()), units=units) for _ in range(BASKETS)]
    assert all(isinstance(one, inventory.Promised) for one in await inventory.post(tx, held))


@within
async def check_out(house, tx):  # noqa: F811
    checkout = Checkout(await house.counter.desk.places(tx))
    ids = [uuid7() for _ in range(BASKETS)]
    paid = Payment(provider="simulator", authorisation="a", amount_minor=100_000, currency="EUR")
    for steps in (
        [Open(Basket(basket_id=one, outlet_id=1, channel="web", currency="EUR")) for one in ids],
        [SetLine(one, BasketLine(1, house.variants["shirt"], "shirt", 1)) for one in ids],
        [SetDelivery(one, SHIP) for one in ids],
        [TakeQuote(one) for one in ids],
        [SetPayment(one, paid) for one in ids],
        [PlaceOrder(one) for one in ids],
    ):
        answers = await checkout.run(tx, steps)
        assert all(isinstance(one, Basket) for one in answers), answers


WORK = {"availability": look, "reservation": hold, "checkout": check_out}


async def test_a_large_shop_costs_no_more_reads(house, large):  # noqa: F811
    for name, work in WORK.items():
        # A few more for what this test itself has added, nothing for what others have.
        assert await measured(house, work) <= large[name] + 50, name
