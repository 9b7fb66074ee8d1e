"""A town with a site, three shops and a warehouse; a shirt in two sizes, a bag, and articles that lack something."""

import pytest

from comptoir import catalog, channels, feeds, inventory, pricing
from comptoir.catalog import Media, NewContent, NewProduct, NewVariant
from comptoir.channels import Opening, OpeningHours, OutletEntry

PICTURE = "https://pictures.example/{}.jpg"
HOURS = OpeningHours(weekly={day: [Opening("09:00", "19:00")] for day in ("mon", "tue", "wed", "thu", "fri", "sat")})
SHIRT_GTIN = "4006381333931"


def product(code, **more):
    return NewProduct(
        **{
            "code": code,
            "name": code.title(),
            "brand": "Our own",
            "attributes": {"description": f"A {code}."},
            "media": [Media(PICTURE.format(code))],
            **more,
        }
    )


def outlet(code, channel="shop", **more):
    return OutletEntry(**{
        "channel": channel, "code": code, "name": code.title(), "country": "FR", "time_zone": "Europe/Paris",
        "currency": "EUR", **more,
    })  # fmt: skip


async def open_town(tx):
    await channels.record_outlets(tx, outlets=[
        outlet("site", "web"),
        outlet("lyon", postcode="69001", latitude=45.77, longitude=4.83, opening_hours=HOURS),
        outlet("nice", postcode="06000", latitude=43.70, longitude=7.27, opening_hours=HOURS),
        outlet("bern", country="CH", currency="CHF", postcode="3011", latitude=46.95, longitude=7.45),
    ])  # fmt: skip
    await catalog.import_products(tx, [
        product("shirt", category=["Clothes", "Tops"], variants=[
            NewVariant("shirt-s", gtin=SHIRT_GTIN, attributes={"size": "S", "color": "blue"}),
            NewVariant("shirt-m", attributes={"size": "M", "color": "blue"}),
        ], media=[Media(PICTURE.format("front"), label="front"), Media(PICTURE.format("back"))]),
        product("bag"),
        product("tea"),
        product("mute", attributes={}),
        product("blind", media=[]),
        product("nameless", brand=None),
        product("free"),
        product("l" * 51),
    ])  # fmt: skip
    await catalog.import_content(tx, [
        NewContent(product="shirt", language="fr", title="Chemise", description="Une chemise.",
                   bullets=["Douce", "Lavable à 30 °"]),
    ])  # fmt: skip
    await pricing.set_price_list(tx, code="base", entry=pricing.PriceListEntry(name="Base", currency="EUR"))
    prices = {"shirt-s": 2000, "shirt-m": 2000, "bag": 9900, "tea": 300, "mute": 1, "blind": 1, "nameless": 1}
    prices["l" * 51] = 1
    await pricing.import_prices(tx, code="base", prices=[pricing.NewPrice(sku, a) for sku, a in prices.items()])
    await pricing.set_price_list(tx, code="nice", entry=pricing.PriceListEntry(name="N", currency="EUR", outlet="nice"))
    await pricing.import_prices(tx, code="nice", prices=[pricing.NewPrice("bag", 8900, was_minor=9500)])
    await inventory.record_locations(tx, [
        inventory.LocationEntry(code="depot", kind="warehouse", name="Depot", methods=["ship"]),
        inventory.LocationEntry(code="lyon", kind="shop", name="Lyon", outlet="lyon", methods=["collect", "ship"]),
        inventory.LocationEntry(code="nice", kind="shop", name="Nice", outlet="nice"),
        inventory.LocationEntry(code="bern", kind="shop", name="Bern", outlet="bern", methods=["collect"]),
    ])  # fmt: skip
    await stock(tx, ("depot", "shirt-s", 10), ("lyon", "shirt-s", 9), ("lyon", "bag", 2), ("nice", "bag", 5))


async def stock(tx, *given):
    places = {one.code: one.location_id for one in await inventory.locations(tx)}
    known = await catalog.variants_by_sku(tx, [sku for _, sku, _ in given])
    await inventory.post(tx, [
        inventory.Move(variant_id=known[sku].variant_id, quantity=units, from_location_id=inventory.SUPPLIER,
                       to_location_id=places[place], is_fact=True)
        for place, sku, units in given
    ])  # fmt: skip


@pytest.fixture
async def town(db):
    async with db.transaction() as tx:
        await open_town(tx)
    return db


async def a_feed(db, code="products", **more):
    entry = {"name": 'Feed <& "Co">', "kind": "products", "outlet": "site", "language": "fr",
             "link": "https://shop.example/p/{product}?sku={sku}", **more}  # fmt: skip
    if entry["kind"] == "local_inventory":
        entry |= {"outlet": more.get("outlet", ""), "country": more.get("country", "FR"), "currency": "EUR", "link": ""}
    async with db.transaction() as tx:
        return await feeds.set_feed(tx, code=code, entry=feeds.FeedEntry(**entry))


async def fetched(db, feed):
    return b"".join([block async for block in feeds.stream(db, feed)])
