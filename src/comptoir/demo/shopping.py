"""Orders as sites and agents place them, for the twin's people: from the basket to the order, over the HTTP API."""

import random
from typing import Any
from uuid import UUID, uuid4

import msgspec

from comptoir.demo import places
from comptoir.demo.courier import Courier, Refused
from comptoir.demo.places import Shop
from comptoir.demo.world import Person

DELIVERY_CENTS = 490
COLLECTED = 0.4
"""Share of orders that are collected at the customer's usual shop."""
SIGNED_IN = {"web": 0.6, "app": 0.9}
"""Share of those who order as a customer whom the house knows; who calls says her name."""
GONE = {"orders.out_of_stock", "orders.payment_refused"}


class Placed(msgspec.Struct, frozen=True):
    """An order of the order book."""

    order_id: UUID
    number: int


class Shopping:
    """Places orders; keeps what it has placed."""

    def __init__(self, courier: Courier, shops: list[Shop], *, seed: str) -> None:
        self.courier = courier
        self.rng = random.Random(seed)
        self.shops = {shop.store_id: shop for shop in shops}
        self.placed: list[Placed] = []
        self.refused: dict[str, int] = {}

    async def order(
        self, outlet: str, person: Person, lines: list[tuple[str, int]], *, collected_at: str | None = None
    ) -> Placed | None:
        """The six steps; None where the goods or the money were refused. `collected_at`: code of the shop; else home,
        or the person's usual shop.
        """
        basket, at = uuid4(), "/v1/orders/baskets"
        try:
            await self.courier.post(at, {"outlet": outlet, "basket_id": str(basket)})
            at = f"{at}/{basket}"
            await self._recognised(outlet, at, person)
            for number, (sku, quantity) in enumerate(lines, 1):
                await self._put(f"{at}/lines/{number}", {"sku": sku, "quantity": quantity})
            collected = {"method": "collect", "location": collected_at}
            await self._put(f"{at}/delivery", collected if collected_at else self._delivery(person))
            await self.courier.post(f"{at}/quote", {})
            token = "refuse" if self.rng.random() < 0.02 else "ok"
            await self.courier.post(f"{at}/payment", {"provider": "simulator", "token": token})
            done = await self.courier.post(f"{at}/order", {})
        except Refused as refused:
            code = code_of(refused)
            if code not in GONE:
                raise
            self.refused[code] = self.refused.get(code, 0) + 1
            return None
        placed = Placed(basket, done["order_number"])
        self.placed.append(placed)
        return placed

    async def _recognised(self, outlet: str, at: str, person: Person) -> None:
        """She signs in, or tells the agent who she is; somebody of whom the house has never heard stays unknown."""
        if outlet == "market" or self.rng.random() >= SIGNED_IN.get(outlet, 1.0):
            return
        names = [("email", person.email)] + ([("loyalty_card", person.card)] if person.holds_card else [])
        for namespace, value in names:
            how = "consent" if outlet == "calls" else "signed_in"
            try:
                await self._put(f"{at}/person", {"namespace": namespace, "value": value, "how": how, "merge": None})
            except Refused as refused:
                if code_of(refused) != "identity.unknown_identifier":
                    raise
            else:
                return

    async def _put(self, path: str, body: Any) -> None:
        await self.courier.post(path, body, method="PUT")

    def _delivery(self, person: Person) -> dict[str, Any]:
        home = self.shops.get(person.stores[0]) if person.stores else None
        if home is not None and self.rng.random() < COLLECTED:
            return {"method": "collect", "location": places.code(home.store_id)}
        address: dict[str, Any] = {
            "name": f"{person.first} {person.last}",
            "street": "1 Example Street",
            "country": "US",
        }
        address |= (
            {"city": home.city, "postcode": home.postal_code, "region": home.region,
             "latitude": home.latitude, "longitude": home.longitude}
            if home else {"city": "Cincinnati", "postcode": "45202", "region": "OH"}
        )  # fmt: skip
        return {"method": "ship", "address": address, "amount_minor": DELIVERY_CENTS}


def code_of(refused: Refused) -> str:
    """Of the problem in the answer."""
    try:
        return str(msgspec.json.decode(refused.body, type=dict[str, Any]).get("code", ""))
    except msgspec.MsgspecError:
        return ""


def wanted(message: dict[str, Any]) -> list[tuple[str, int]]:
    """What an `Order Completed` of the twin says was bought."""
    return [(one["sku"], one["quantity"]) for one in message["properties"]["products"]]
