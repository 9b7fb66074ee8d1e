import pytest

from comptoir import catalog, channels, pricing
from comptoir.pricing import NewPrice, PriceListEntry


async def open_shops(tx):
    """Two shops and a site in France, one shop in Switzerland, three articles."""
    await channels.record_outlets(
        tx,
        outlets=[
            channels.OutletEntry(
                channel="web" if code == "site" else "shop",
                code=code,
                name=code.title(),
                country="CH" if code == "bern" else "FR",
                time_zone="Europe/Paris",
                currency="CHF" if code == "bern" else "EUR",
            )
            for code in ("lyon", "nice", "site", "bern")
        ],
    )
    await catalog.import_products(
        tx,
        [
            catalog.NewProduct(code="shirt", name="Shirt", category=["Clothes", "Tops"]),
            catalog.NewProduct(code="bag", name="Bag", category=["Leather"]),
            catalog.NewProduct(code="tea", name="Tea", category=["Grocery"]),
        ],
    )


async def variants(tx):
    found = await catalog.variants_by_sku(tx, ["shirt", "bag", "tea"])
    return {sku: one.variant_id for sku, one in found.items()}


async def a_list(tx, code, prices=None, **more):
    """A price list with its prices, in EUR and with the tax unless said otherwise."""
    found = await pricing.set_price_list(
        tx, code=code, entry=PriceListEntry(**{"name": code, "currency": "EUR", **more})
    )
    if prices:
        await pricing.import_prices(tx, code=code, prices=[NewPrice(sku, amount) for sku, amount in prices.items()])
    return found


@pytest.fixture
async def shops(tx):
    await open_shops(tx)
    return tx
