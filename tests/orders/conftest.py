from datetime import UTC, datetime

import pytest

from comptoir import catalog, channels
from comptoir.orders import NewLine, NewSale, NewTender

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def a_sale(number="1", **more):
    """Two shirts, one of them reduced, paid by card and in cash."""
    return NewSale(
        **{
            "outlet": "lyon",
            "number": number,
            "occurred_at": NOON,
            "currency": "EUR",
            "lines": (NewLine(sku="shirt", amount_minor=1500), NewLine(sku="bag", amount_minor=500)),
            "total_minor": 2000,
            "tenders": (NewTender("card", 1800), NewTender("cash", 200)),
            **more,
        }
    )


async def open_shops(tx):
    await channels.record_outlets(
        tx,
        outlets=[
            channels.OutletEntry(
                channel="web" if code == "site" else "shop",
                code=code,
                name=code.title(),
                country="FR",
                time_zone="Europe/Paris",
                currency="EUR",
            )
            for code in ("lyon", "nice", "site")
        ],
    )
    await catalog.import_products(
        tx,
        [
            catalog.NewProduct(code="shirt", name="Shirt", category=["Clothes", "Tops"]),
            catalog.NewProduct(code="bag", name="Bag", category=["Leather"]),
            catalog.NewProduct(code="loose", name="No category"),
        ],
    )


@pytest.fixture
async def shops(tx):
    """A transaction with two shops, a site and three articles."""
    await open_shops(tx)
    return tx


@pytest.fixture
async def town(db):
    """The same, committed."""
    async with db.transaction() as tx:
        await open_shops(tx)
    return db


async def facts(tx):
    import msgspec

    from comptoir.orders import SaleRecorded

    bodies = await tx.values("SELECT body FROM kernel.event WHERE kind = 'orders.sale_recorded' ORDER BY position")
    return [msgspec.json.decode(body, type=SaleRecorded) for body in bodies]
