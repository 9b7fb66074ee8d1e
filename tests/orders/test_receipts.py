"""Sales are found by number and by customer, page by page, by their indexes."""

from datetime import date, timedelta

import pytest

from comptoir import identity, orders
from comptoir.orders.sales.receipts import BY_ID, BY_RECEIPTS, FIND, OF_NODES
from orders.conftest import NOON, a_sale

pytestmark = pytest.mark.anyio


async def record(tx, sales, nodes=None):
    return await orders.record(tx, sales, nodes=nodes or [None] * len(sales))


async def test_by_the_beginning_of_a_number(shops):
    numbers = ["10", "100", "101", "11", "2", "10é"]
    await record(shops, [a_sale(number) for number in numbers] + [a_sale("100", outlet="nice")])
    found = await orders.find(shops, number="10")
    assert [(one.receipt_number, one.outlet) for one in found] == [
        ("10", "lyon"),
        ("100", "lyon"),
        ("100", "nice"),
        ("101", "lyon"),
        ("10é", "lyon"),
    ]
    assert [one.receipt_number for one in await orders.find(shops, number="1", outlet="nice")] == ["100"]


async def test_of_a_person_with_several_identifiers_newest_first(shops):
    sales = [a_sale(str(n), occurred_at=NOON - timedelta(hours=n // 2)) for n in range(20)]
    await record(shops, sales, nodes=[n % 4 or None for n in range(20)])

    whole = await orders.sales_of(shops, nodes=[1, 2, 2, 99])
    assert {int(one.receipt_number) for one in whole} == {n for n in range(20) if n % 4 in {1, 2}}
    assert [one.occurred_at for one in whole] == sorted((one.occurred_at for one in whole), reverse=True)
    pages, before = [], None
    while found := await orders.sales_of(shops, nodes=[1, 2], before=before, limit=3):
        pages += found
        before = (found[-1].occurred_at, found[-1].sale_id)
    assert pages == whole


async def test_a_person_counts_once_in_every_total(shops):
    nodes = await identity.resolve(
        shops,
        [
            identity.Observation(identifiers=((2, "card-a"),), at=NOON),
            identity.Observation(identifiers=((3, "a@example.com"),), at=NOON),
            identity.Observation(identifiers=((2, "card-a"), (3, "a@example.com")), at=NOON),
            identity.Observation(identifiers=((2, "card-b"),), at=NOON),
        ],
    )
    sales = [
        a_sale("1"),
        a_sale("2"),
        a_sale("3", outlet="nice", occurred_at=NOON + timedelta(days=1)),
        a_sale("4"),
        a_sale("5", outlet="site"),
        a_sale("6", currency="CHF"),
    ]
    await record(shops, sales, nodes=[nodes[0], nodes[1], nodes[1], nodes[3], None, nodes[0]])

    async def customers(by, **how):
        return {
            (one.outlet or one.channel or one.day, one.currency): (one.customers, one.receipts, one.total_minor)
            for one in await orders.totals(shops, by=by, **how)
        }

    assert await customers("all") == {(None, "EUR"): (2, 5, 10_000), (None, "CHF"): (1, 1, 2000)}
    assert await customers("outlet") == {
        ("lyon", "EUR"): (2, 3, 6000),
        ("nice", "EUR"): (1, 1, 2000),
        ("site", "EUR"): (0, 1, 2000),
        ("lyon", "CHF"): (1, 1, 2000),
    }
    assert (await customers("channel"))["shop", "EUR"] == (2, 4, 8000)
    assert (await customers("day"))[date(2026, 5, 5), "EUR"] == (1, 1, 2000)
    assert await customers("outlet", outlet="nice", since=date(2026, 5, 5), until=date(2026, 5, 5)) == {
        ("nice", "EUR"): (1, 1, 2000)
    }
    assert [one.outlet for one in await orders.revenue_by_outlet(shops)] == ["lyon", "lyon", "nice", "site"]


async def test_hot_reads_probe_indexes(town):
    less, card = (orders.NewDiscount("retail", 100),), (orders.NewTender("card", 1900),)
    async with town.transaction() as tx:
        for start in range(0, 6000, 1000):
            sales = [
                a_sale(str(n), occurred_at=NOON - timedelta(minutes=n), discounts=less, total_minor=1900, tenders=card)
                for n in range(start, start + 1000)
            ]
            await record(tx, sales, nodes=[n % 1000 + 1 for n in range(1000)])
        await tx.run("ANALYZE orders.sale, orders.sale_line, orders.discount, orders.tender")
    async with town.reading() as tx:

        async def plan(sql, **params):
            return "\n".join(await tx.values("EXPLAIN " + sql, **params))

        of_nodes = await plan(OF_NODES, nodes="{5,6}", before_at=None, before_id=None, limit=20)
        assert "sale_node" in of_nodes, of_nodes
        for sql, params in (
            (BY_ID, {"sale_id": 5}),
            (BY_RECEIPTS, {"outlets": "{lyon}", "numbers": "{5}"}),
            (FIND, {"number": "59", "beyond": "59~", "outlet": "", "after_number": "", "after_outlet": -1, "limit": 9}),
        ):
            found = await plan(sql, **params)
            for table in ("sale", "sale_line", "discount", "tender"):
                assert f"Seq Scan on {table} " not in found, found
