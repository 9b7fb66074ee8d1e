"""What a till sells leaves the stock of its shop, once; facts are never refused."""

import pytest

from comptoir import inventory
from comptoir.orders import NewLine, record
from orders.conftest import a_sale

pytestmark = pytest.mark.anyio


async def lying(tx):
    return await tx.tuples("SELECT sellable, quarantine, held FROM inventory.v_balance ORDER BY variant_id")


async def test_sold_and_taken_back(shops):
    await inventory.record_locations(
        shops, [inventory.LocationEntry(code="lyon", kind="shop", name="Lyon", outlet="lyon", methods=["collect"])]
    )
    await inventory.take_over(shops, [inventory.Opening("shirt", "lyon", 3), inventory.Opening("bag", "lyon", 1)])
    lines = (
        NewLine(sku="shirt", amount_minor=1500, quantity_thousandths=2000),
        NewLine(sku="bag", amount_minor=300, quantity_thousandths=1250),
        NewLine(sku="bag", amount_minor=200, kind="service"),
        NewLine(sku="unheard", amount_minor=0),
    )
    sale = a_sale(lines=lines, moves_stock=True)
    for _ in range(2):
        (done,) = await record(shops, [sale])
    assert done.repeated
    assert await lying(shops) == [(1, 0, 0), (1, 0, 0)]

    await record(shops, [a_sale("2", kind="return", moves_stock=True)])
    assert await lying(shops) == [(1, 1, 0), (1, 1, 0)]
    await record(shops, [a_sale("3"), a_sale("4", outlet="nice", moves_stock=True)])  # no word of stock, or no stock
    assert await lying(shops) == [(1, 1, 0), (1, 1, 0)]
    assert await inventory.reconcile(shops) == []


async def test_more_than_there_was_makes_a_shortage(shops):
    await inventory.record_locations(
        shops, [inventory.LocationEntry(code="lyon", kind="shop", name="Lyon", outlet="lyon", methods=["collect"])]
    )
    await inventory.take_over(shops, [inventory.Opening("shirt", "lyon", 1), inventory.Opening("bag", "lyon", 5)])
    (place,) = await inventory.by_code(shops, ["lyon"])
    variant = await shops.value("SELECT variant_id FROM catalog.variant WHERE sku = 'shirt'")
    held = inventory.Hold(reference="b1", units=[inventory.Units(variant, place.location_id, 1)])
    await inventory.post(shops, [held])
    await record(shops, [a_sale(moves_stock=True)])
    assert await lying(shops) == [(4, 0, 0), (0, 0, 1)] or await lying(shops) == [(0, 0, 1), (4, 0, 0)]
    assert await shops.value("SELECT missing FROM inventory.shortage") == 1


async def test_a_book_below_zero_promises_nothing_to_anybody(shops):
    await inventory.record_locations(
        shops, [inventory.LocationEntry(code="lyon", kind="shop", name="Lyon", outlet="lyon", methods=["collect"])]
    )
    await record(shops, [a_sale(moves_stock=True)])
    assert await lying(shops) == [(-1, 0, 0), (-1, 0, 0)]
    assert await shops.value("SELECT count(*) FROM inventory.shortage") == 0
    assert await inventory.reconcile(shops) == []
