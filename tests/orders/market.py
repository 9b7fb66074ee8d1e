"""A marketplace, two shops and a warehouse with goods: what orders from outside and tills need."""

from datetime import UTC, datetime

from comptoir import catalog, channels, inventory
from comptoir.orders import Address, Delivery, ExternalLine, ExternalOrder

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
HOME = Address(name="Ana", street="1 rue Neuve", postcode="69001", city="Lyon", country="FR")
SKUS = ("shirt", "bag", "shoe")


async def open_market(tx, **units):
    """`lyon_shirt=3`: so many lie there."""
    await channels.record_outlets(tx, outlets=[
        channels.OutletEntry(channel=channel, code=code, name=code.title(), country="FR", time_zone="Europe/Paris",
                             currency="EUR")
        for code, channel in (("market", "market"), ("site", "web"), ("lyon", "shop"), ("nice", "shop"))
    ])  # fmt: skip
    await catalog.import_products(tx, [
        catalog.NewProduct(code=sku, name=sku.title(), variants=[catalog.NewVariant(sku=sku)]) for sku in SKUS
    ])  # fmt: skip
    await inventory.record_locations(tx, [
        inventory.LocationEntry(code=code, kind="shop", name=code.title(), outlet=code, methods=["ship", "collect"])
        for code in ("lyon", "nice")
    ])  # fmt: skip
    await stock(tx, **units)


async def ids(tx):
    places = {one.code: one.location_id for one in await inventory.locations(tx)}
    variants = {sku: one.variant_id for sku, one in (await catalog.variants_by_sku(tx, SKUS)).items()}
    return places, variants


async def stock(tx, **units):
    places, variants = await ids(tx)
    await inventory.post(tx, [
        inventory.Move(variant_id=variants[sku], quantity=quantity, from_location_id=inventory.SUPPLIER,
                       to_location_id=places[place], act="receive", is_fact=True)
        for name, quantity in units.items()
        for place, _, sku in (name.partition("_"),)
    ])  # fmt: skip


async def lies(tx):
    """By place and SKU: sellable, held, allocated."""
    _, variants = await ids(tx)
    skus = {variant: sku for sku, variant in variants.items()}
    return {
        f"{place}_{skus[variant]}": tuple(numbers)
        for place, variant, *numbers in await tx.tuples(
            "SELECT location, variant_id, sellable, held, allocated FROM inventory.v_balance"
        )
    }


def an_order(number="M-1", **more):
    """Two shirts and a bag, sent home, paid at the marketplace."""
    return ExternalOrder(**{
        "outlet": "market",
        "number": number,
        "placed_at": NOON,
        "revised_at": NOON,
        "currency": "EUR",
        "lines": (
            ExternalLine(line=1, sku="shirt", quantity=2, unit_price_minor=1000, amount_minor=2000,
                         discount_minor=100, total_minor=1900),
            ExternalLine(line=2, sku="bag", unit_price_minor=500, amount_minor=500, total_minor=500),
        ),
        "delivery": Delivery(method="ship", address=HOME, amount_minor=490),
        "delivery_minor": 490,
        "discount_minor": 100,
        "total_minor": 2890,
        "paid_minor": 2890,
        **more,
    })  # fmt: skip
