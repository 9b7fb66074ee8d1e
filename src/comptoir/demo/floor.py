"""The staff of shops and warehouse: they accept, pick, ship and hand over what was ordered, and fill the shelves again.

They do it over the HTTP API as their screens would. Some pieces are not found, some orders are called off.
"""

import asyncio
import random
from collections import Counter
from typing import Any
from uuid import uuid4

from comptoir.demo import places
from comptoir.demo.courier import Courier, Refused
from comptoir.demo.outings import Sale
from comptoir.demo.storeroom import ROAD, WAREHOUSE

ROUND = 2.0
"""Seconds between two looks at the board."""
AT_ONCE = 100
"""Works that are looked at in one round."""
CALM, HURRIED = 0.05, 1.0
"""The chance that a work takes its next step in a round: forty seconds for a step, or none to lose."""
CALLED_OFF = 0.02
NOT_FOUND = 0.02
ARRIVES = 0.02
"""The chance that a van arrives in a round."""
VAN = "Simulated van"
LOW = 8
"""Pieces of an article that a till has sold before the shop asks for more."""


class Floor:
    """`work` runs beside the town until it is stopped."""

    def __init__(self, courier: Courier, *, seed: str, pace: float = CALM) -> None:
        self.courier = courier
        self.pace = pace
        self.rng = random.Random(seed)
        self.done: Counter[str] = Counter()
        self._sold: Counter[tuple[int, int]] = Counter()

    async def work(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            await self.round()
            try:
                await asyncio.wait_for(stopping.wait(), ROUND)
            except TimeoutError:
                continue

    async def round(self) -> int:
        """One step for everything on the board; how many steps that were."""
        board = (await self.courier.get("/v1/orders/fulfilments", limit=AT_ONCE))["items"]
        steps = 0
        for work in board:
            if self.rng.random() < self.pace:
                steps += await self._step(work)
        await self._fill_shelves()
        await self._unload()
        return steps

    def sold(self, sale: Sale) -> None:
        """A till has sold; the shelf gets emptier."""
        for product, pieces, _ in sale.lines:
            self._sold[sale.store_id, product] += pieces

    async def _step(self, work: dict[str, Any]) -> bool:
        at = f"/v1/orders/fulfilments/{work['fulfilment_id']}"
        picked = [{"line": one["line"], "pieces": one["open"]} for one in work["lines"] if one["open"]]
        try:
            if work["state"] == "open" and self.rng.random() < CALLED_OFF:
                body = {"cancellation_id": str(uuid4()), "reason": "changed_mind"}
                await self.courier.post(f"/v1/orders/book/{work['order_id']}/cancellations", body)
                self.done["called off"] += 1
            elif work["state"] == "coming":
                await self.courier.post(f"{at}/arrive", {})
                self.done["arrived"] += 1
            elif work["state"] == "accepted" and picked and self.rng.random() < NOT_FOUND:
                gone = {"reason": "not_found", "lines": picked[:1], "reference": str(uuid4())}
                await self.courier.post(f"{at}/reject", gone)
                self.done["not found"] += 1
            elif work["state"] == "open":
                await self.courier.post(f"{at}/accept", {"picker": "simulated"})
                self.done["accepted"] += 1
            elif any(one["picked"] < one["open"] for one in work["lines"]):
                await self.courier.post(f"{at}/pick", {"picked": picked})
                self.done["picked"] += 1
            elif work["method"] == "transfer":
                await self.courier.post(f"{at}/send", {"carrier": VAN})
                self.done["sent"] += 1
            elif work["method"] == "collect":
                proof = {"code": str(work["order_number"]), "identified_by": "code"}
                await self.courier.post(f"{at}/hand-over", {"proof": proof})
                self.done["handed over"] += 1
            else:
                parcel = {"carrier": "Simulated parcels", "tracking": f"SIM{work['fulfilment_id']}"}
                await self.courier.post(f"{at}/ship", parcel)
                self.done["shipped"] += 1
        except Refused as refused:
            if refused.status != 409:
                raise
            return False  # somebody was quicker
        return True

    async def _fill_shelves(self) -> None:
        """The article that has sold most since it was last filled, from the warehouse."""
        if not self._sold:
            return
        (((store_id, product), pieces),) = self._sold.most_common(1)
        if pieces < LOW:
            return
        del self._sold[store_id, product]
        transfer, line = str(uuid4()), {"sku": str(product), "quantity": pieces}
        way = {"source": WAREHOUSE, "target": places.code(store_id), "via": ROAD, "note": VAN}
        asked = {"transfer_id": transfer, **way, "lines": [line]}
        try:
            await self.courier.post("/v1/inventory/transfers", asked)
            await self.courier.post(f"/v1/inventory/transfers/{transfer}/shipment", {})
        except Refused as refused:
            if refused.status != 409:
                raise

    async def _unload(self) -> None:
        """Vans that have arrived. What others have sent is for others to receive."""
        if self.rng.random() >= max(self.pace, ARRIVES):
            return
        found = (await self.courier.get("/v1/inventory/transfers", under_way="true", limit=AT_ONCE))["items"]
        vans = [one for one in found if one["note"] == VAN and one["stage"] == "under_way"]
        for one in vans[-1:]:  # the first that left
            van = await self.courier.get(f"/v1/inventory/transfers/{one['transfer_id']}")
            lines = [{"sku": line["sku"], "quantity": line["under_way"]} for line in van["lines"]]
            received = {"reference": "all of it", "lines": lines, "complete": True}
            try:
                await self.courier.post(f"/v1/inventory/transfers/{van['transfer_id']}/receipts", received)
                self.done["filled"] += 1
            except Refused as refused:
                if refused.status != 409:
                    raise
