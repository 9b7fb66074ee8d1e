"""What is under way when the doors open: promotions, orders of the night, goods on the road, shelves being counted.

Simulated, over the HTTP API, and once: so that whoever looks in the first minute finds a shop at work on every page.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from comptoir.demo import places
from comptoir.demo.courier import Courier
from comptoir.demo.history import CURRENCY, Product
from comptoir.demo.shopping import Shopping
from comptoir.demo.storeroom import ROAD, WAREHOUSE, Carried
from comptoir.demo.world import Person

ORDERS = 40
"""Of the night. A third of them are fetched in the associate's shop."""
SHOPS = 6
"""That have asked for goods, or count."""
ARTICLES = 5
"""Of each transfer, delivery and sheet."""
NAMES = UUID("5f1ffb0e-6a54-4b1b-9c0c-4d0b52d9f7d5")
"""So that a morning that was cut off and begins anew asks for the same goods, and not for others too."""
CHANNELS = ("web", "app", "web", "calls")
OFFERS: dict[str, dict[str, Any]] = {
    "three": {
        "name": "Three pieces, a tenth off",
        "scope": "order",
        "benefit": {"kind": "percent", "basis_points": 1_000},
        "condition": {"attribute": "basket.units", "op": ">=", "value": 3},
    },
    "delivered": {
        "name": "Delivered free from $25",
        "scope": "shipping",
        "currency": CURRENCY,
        "benefit": {"kind": "percent", "basis_points": 10_000},
        "condition": {"attribute": "basket.remaining", "op": ">=", "value": 2_500},
    },
    "welcome": {
        "name": "Welcome: $5 off from $20",
        "scope": "order",
        "currency": CURRENCY,
        "needs_coupon": True,
        "benefit": {"kind": "amount", "amount_minor": 500},
        "condition": {"attribute": "basket.amount", "op": ">=", "value": 2_000},
    },
}


class Morning:
    """`prepare` does it all."""

    def __init__(self, courier: Courier, *, products: Sequence[Product], carried: Sequence[Carried], seed: str) -> None:
        self.courier = courier
        self.products = products
        self.rng = random.Random(seed)
        self.seed = seed
        self.shelves: dict[str, list[str]] = {}
        """By shop, what it carries, what sells best first."""
        for store_id, product_id, _ in sorted(carried, key=lambda one: -one[2]):
            self.shelves.setdefault(places.code(store_id), []).append(str(product_id))

    async def prepare(
        self, shopping: Shopping, people: Sequence[Person], mine: str, progress: Callable[[int], None]
    ) -> None:
        """`mine`: the shop of the demo's associate."""
        await self.offers()
        others = [one for one in self.shelves if one != mine]
        shops = [mine, *self.rng.sample(others, min(SHOPS, len(others)))]
        await self.goods_on_the_road(shops)
        await self.counts(shops)
        for number in range(ORDERS):
            await self._order(number, shopping, people, mine)
            progress(1)

    async def offers(self) -> None:
        """Promotions to be explained, and a coupon that anybody may use."""
        offers = {**OFFERS, **self._fresh()}
        for code, entry in offers.items():
            await self.courier.post(f"/v1/pricing/promotions/{code}", entry, method="PUT")
        campaign = {"name": "Welcome", "promotion": "welcome"}
        await self.courier.post("/v1/pricing/campaigns/welcome", campaign, method="PUT")
        coupon = {"code": "WELCOME5", "max_uses": None, "label": "WELCOME5"}
        await self.courier.post("/v1/pricing/campaigns/welcome/coupons", {"coupons": [coupon]})

    def _fresh(self) -> dict[str, Any]:
        """A week of the department that has the most articles."""
        departments = Counter(one.category[0] for one in self.products if one.category)
        if not departments:
            return {}
        ((department, _),) = departments.most_common(1)
        ends = datetime.now(UTC) + timedelta(days=7)
        return {
            "week": {
                "name": f"This week: {department.lower()}, 15% off",
                "scope": "line",
                "benefit": {"kind": "percent", "basis_points": 1_500},
                "target": {"attribute": "line.categories", "op": "has any", "value": [department]},
                "ends_at": ends.isoformat(),
            }
        }

    async def goods_on_the_road(self, shops: Sequence[str]) -> None:
        """Asked for, on its way, partly here, late; and two suppliers who will come."""
        today = datetime.now(UTC).date()
        for number, shop in enumerate(shops):
            lines = [{"sku": sku, "quantity": self.rng.randrange(6, 25)} for sku in self._some(shop)]
            transfer = self._name("transfer", shop)
            way = {"source": WAREHOUSE, "target": shop, "via": ROAD, "note": "Simulated"}
            at = f"/v1/inventory/transfers/{transfer}"
            await self.courier.post("/v1/inventory/transfers", {"transfer_id": transfer, **way, "lines": lines})
            if number % 3 == 0:
                continue
            expected = today + timedelta(days=-1 if number == 1 else 1)
            await self.courier.post(f"{at}/shipment", {"expected_on": expected.isoformat()})
            if number % 3 == 2:
                first = {"reference": "box 1", "lines": lines[:2]}
                await self.courier.post(f"{at}/receipts", first)
        for number, supplier in enumerate(("Simulated Mills", "Simulated Dairy"), 1):
            expected = (today + timedelta(days=number)).isoformat()
            some = self.rng.sample(self.products, min(ARTICLES, len(self.products)))
            lines = [{"sku": str(one.product_id), "quantity": 120, "expected_on": expected} for one in some]
            advice = {"transfer_id": self._name("delivery", supplier), "supplier": supplier, "target": WAREHOUSE}
            await self.courier.post("/v1/inventory/deliveries", {**advice, "lines": lines, "note": "Simulated"})

    async def counts(self, shops: Sequence[str]) -> None:
        """One half done in the associate's shop, others handed in: one of them waits for a second person."""
        for number, shop in enumerate(shops[:3]):
            count, skus = self._name("count", shop), self._some(shop)
            at = f"/v1/inventory/counts/{count}"
            await self.courier.post(
                "/v1/inventory/counts", {"count_id": count, "location": shop, "skus": skus, "note": "Simulated"}
            )
            seen = skus if number else skus[:2]
            found = [{"sku": sku, "quantity": self.rng.randrange(4, 60)} for sku in seen]
            await self.courier.post(f"{at}/lines", {"lines": found})
            if number:
                await self.courier.post(f"{at}/submission", {})

    async def _order(self, number: int, shopping: Shopping, people: Sequence[Person], mine: str) -> None:
        person = people[self.rng.randrange(len(people))]
        here = mine if number % 3 == 0 else None
        shelf = self.shelves.get(here or "") or [str(one.product_id) for one in self.products]
        wanted = {self.rng.choice(shelf[:200]): self.rng.choice([1, 1, 2, 3]) for _ in range(self.rng.randrange(1, 4))}
        await shopping.order(CHANNELS[number % len(CHANNELS)], person, list(wanted.items()), collected_at=here)

    def _some(self, shop: str) -> list[str]:
        shelf = self.shelves.get(shop, [])[:60] or [str(one.product_id) for one in self.products[:60]]
        return self.rng.sample(shelf, min(ARTICLES, len(shelf)))

    def _name(self, what: str, whose: str) -> str:
        return str(uuid5(NAMES, f"{self.seed} {what} {whose}"))
