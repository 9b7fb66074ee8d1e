"""Before the first customer: shops, the places on the net, their sources, and the products; all over the HTTP API."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from comptoir.demo.courier import Courier, Refused
from comptoir.demo.history import CURRENCY, Product
from comptoir.demo.places import Shop

PRODUCTS_PER_REQUEST = 2_500
SHOPS_PER_REQUEST = 500
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat")


class Place(msgspec.Struct, frozen=True):
    """An outlet that is no shop, and the source that sends from it."""

    source: str
    """As the twin calls it."""
    channel: str
    name: str


PLACES = [
    Place("web", "web", "Web shop"),
    Place("app", "app", "Mobile app"),
    Place("calls", "phone", "Call centre"),
    Place("newsletter", "email", "Newsletter"),
    Place("market", "market", "Marketplace"),
    Place("display", "display", "Screens in shops"),
]


async def open_shops(courier: Courier, shops: list[Shop]) -> None:
    """Recording the same shops again changes nothing."""
    outlets = [shop_entry(shop) for shop in shops] + [place_entry(place) for place in PLACES]
    for start in range(0, len(outlets), SHOPS_PER_REQUEST):
        await courier.post(
            "/v1/channels/outlets", {"outlets": outlets[start : start + SHOPS_PER_REQUEST]}, method="PUT"
        )


async def open_sources(courier: Courier) -> dict[str, str]:
    """The write key of each of the twin's sources, made where there is none yet. Their names say what they are."""
    known = {source["outlet"]: source for source in await courier.get("/v1/channels/sources")}
    keys: dict[str, str] = {}
    for place in PLACES:
        entry = {"name": f"{place.name} (simulated)", "outlet": place.source}
        source = known.get(place.source) or await courier.post("/v1/channels/sources", entry)
        keys[place.source] = source["write_key"]
        if place.source == "web" and place.source not in known:
            await promise(courier, source["source_id"])
    return keys


async def promise(courier: Courier, source_id: int) -> None:
    """The web shop's tracking plan: what its events about products hold. Violations are counted, not refused.

    A new source is known to every process within a moment; until then it has no plan to give.
    """
    for attempt in range(1, PLAN_ATTEMPTS + 1):
        try:
            await courier.post(f"/v1/ingest/plans/{source_id}", PLAN)
        except Refused as refused:
            if refused.status != 404 or attempt == PLAN_ATTEMPTS:
                raise
            await asyncio.sleep(0.2)
        else:
            return


GOODS = {
    "type": "object",
    "required": ["product_id", "price"],
    "properties": {"product_id": {"type": "string"}, "price": {"type": "number", "minimum": 0}},
}
PLAN = {"mode": "observe", "events": {"Product Viewed": GOODS, "Product Added": GOODS}, "note": "Plan of the demo"}
PLAN_ATTEMPTS = 25


async def fill_shelves(courier: Courier, products: list[Product], progress: Callable[[int], None]) -> int:
    """Returns how many rows were refused: none, if all is well."""
    refused = 0
    for start in range(0, len(products), PRODUCTS_PER_REQUEST):
        rows = [product_entry(product) for product in products[start : start + PRODUCTS_PER_REQUEST]]
        answer = await courier.post("/v1/catalog/imports", {"products": rows})
        refused += len(answer["refused"])
        progress(len(rows))
    return refused


def shop_entry(shop: Shop) -> dict[str, Any]:
    opens, closes = f"{shop.opens:02d}:00", f"{shop.closes:02d}:00"
    sunday = {"opens": f"{shop.opens + 1:02d}:00", "closes": f"{shop.closes - 1:02d}:00"}
    return {
        "channel": "shop",
        "code": shop.code,
        "name": shop.name,
        "street": shop.street,
        "postcode": shop.postal_code,
        "city": shop.city,
        "region": shop.region,
        "country": "US",
        "latitude": shop.latitude,
        "longitude": shop.longitude,
        "time_zone": shop.time_zone,
        "currency": CURRENCY,
        "opening_hours": {"weekly": {**{day: [{"opens": opens, "closes": closes}] for day in WEEK}, "sun": [sunday]}},
    }


def place_entry(place: Place) -> dict[str, Any]:
    return {
        "channel": place.channel,
        "code": place.source,
        "name": place.name,
        "country": "US",
        "time_zone": "America/New_York",
        "currency": CURRENCY,
    }


def product_entry(product: Product) -> dict[str, Any]:
    """The SKU is the data set's number. There are no barcodes in it, and none are made up."""
    size = {"package_size": product.package_size} if product.package_size else {}
    return {
        "code": str(product.product_id),
        "name": product.name,
        "brand": product.brand,
        "category": product.category,
        "attributes": {"manufacturer": product.manufacturer_id, **size},
    }
