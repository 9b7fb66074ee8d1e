"""What lies in the shops and the warehouse when the town begins, and what it costs; over the HTTP API.

Which shop carries which article is read from the receipts: what it sold at least three times. How much of it lies
there is made up, like the warehouse that has everything.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from comptoir.demo import places
from comptoir.demo.courier import Courier
from comptoir.demo.history import CURRENCY, Product
from comptoir.demo.places import Shop

ROWS_PER_REQUEST = 10_000
WAREHOUSE, ROAD = "warehouse", "transit"
IN_THE_WAREHOUSE = 300
"""Pieces of each article."""
USUAL_CENTS = 199
"""Of what was never sold at a price."""

Carried = tuple[int, int, int]
"""A shop, an article, and how often it was sold there."""


def pieces(times: int) -> int:
    """On the shelf and behind it, of what was sold so often in a year."""
    return 6 + min(times // 2, 60)


def busiest(carried: Sequence[Carried]) -> str:
    """Code of the shop that has most on its shelves: the demo's associate works there."""
    held = Counter(store_id for store_id, _, _ in carried)
    return places.code(max(held, key=lambda store_id: (held[store_id], -store_id)))


async def open_places(courier: Courier, shops: Sequence[Shop]) -> None:
    """The shops as places where stock lies, a warehouse, and the road between them. Again changes nothing."""
    entries: list[dict[str, Any]] = [
        {
            "code": shop.code,
            "kind": "shop",
            "name": shop.name,
            "outlet": shop.code,
            "methods": ["collect", "ship"],
            "lead_minutes": 90,
            "daily_capacity": 200,
        }
        for shop in shops
    ]
    entries.append(
        {
            "code": WAREHOUSE,
            "kind": "warehouse",
            "name": "Warehouse",
            "country": "US",
            "methods": ["ship"],
            "latitude": 39.1,
            "longitude": -84.5,
            "time_zone": "America/New_York",
            "lead_minutes": 240,
            "cut_off": "16:00:00",
        }
    )
    entries.append({"code": ROAD, "kind": "transit", "name": "On the road"})
    for start in range(0, len(entries), 1_000):
        await courier.post("/v1/inventory/locations", {"locations": entries[start : start + 1_000]}, method="PUT")


async def set_prices(courier: Courier, products: Sequence[Product], progress: Callable[[int], None]) -> None:
    """One list for all channels: the median price of the receipts."""
    shelf = {"name": "Shelf prices", "currency": CURRENCY, "tax_included": True}
    await courier.post("/v1/pricing/lists/shelf", shelf, method="PUT")
    for start in range(0, len(products), ROWS_PER_REQUEST):
        some = products[start : start + ROWS_PER_REQUEST]
        prices = [{"sku": str(one.product_id), "amount_minor": one.price or USUAL_CENTS} for one in some]
        await courier.post("/v1/pricing/lists/shelf/prices", {"prices": prices})
        progress(len(some))


def opening(products: Sequence[Product], carried: Sequence[Carried]) -> list[dict[str, Any]]:
    """One row for each article at each place."""
    rows = [
        {"sku": str(product_id), "location": places.code(store_id), "quantity": pieces(times)}
        for store_id, product_id, times in carried
    ]
    return rows + [
        {"sku": str(one.product_id), "location": WAREHOUSE, "quantity": IN_THE_WAREHOUSE} for one in products
    ]


async def fill(courier: Courier, rows: Sequence[dict[str, Any]], progress: Callable[[int], None]) -> None:
    """Take over what lies where. What is on record already stays as it is."""
    for start in range(0, len(rows), ROWS_PER_REQUEST):
        some = rows[start : start + ROWS_PER_REQUEST]
        await courier.post("/v1/inventory/openings", {"stock": some})
        progress(len(some))
