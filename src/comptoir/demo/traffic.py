"""Sends what the twin says: first the days since the history ended, as fast as the server takes them, then live.

Orders of the days that are caught up with are told by events only; live ones go through the order book, and the staff
of the shops works for them.

Live, an act goes out at its moment; when the server asks to wait, the town waits as a whole instead of piling up.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from comptoir.demo.courier import Courier
from comptoir.demo.floor import Floor
from comptoir.demo.receipts import encode, sale_entry, send_sales
from comptoir.demo.shopping import Shopping, wanted
from comptoir.demo.truth import Truth
from comptoir.demo.twin import Act, Twin
from comptoir.demo.world import World

TICK = 0.1
"""Seconds between two looks at what is due."""
PATIENCE = timedelta(seconds=2)
"""Further behind than this, the town's clock is set back."""
EVENTS_PER_BATCH = 100
SALES_PER_BATCH = 200
CHUNK = 2_000
"""Acts that are sorted by source before they are sent, so that batches are full."""
AT_ONCE = 4
"""Requests under way while catching up."""
ORDERED = "Order Completed"


class Tally(msgspec.Struct):
    """What was sent since the start."""

    events: int = 0
    receipts: int = 0
    orders: int = 0
    damaged: int = 0


class Traffic:
    """The twin, where its sources send to, and the truth beside it."""

    def __init__(
        self,
        *,
        courier: Courier,
        keys: dict[str, str],
        twin: Twin,
        truth: Truth,
        world: World,
        shopping: Shopping,
        floor: Floor,
    ) -> None:
        self.courier = courier
        self.keys = keys
        self.twin = twin
        self.truth = truth
        self.shopping = shopping
        self.floor = floor
        self.people = {person.number: person for person in world.people}
        self.tally = Tally()
        self._acts = twin.acts()
        self._next: Act | None = None

    async def catch_up(self, until: datetime, progress: Callable[[datetime], None]) -> None:
        """Everything before `until`, with the town's own times. Sent again, nothing is counted twice."""
        gate = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for acts in self._chunks(until):
                await gate.acquire()
                task = group.create_task(self._deliver(acts))
                task.add_done_callback(lambda _: gate.release())
                progress(acts[-1].at)

    async def live(self, *, opened_at: datetime, speed: float, stopping: asyncio.Event) -> None:
        """From `opened_at` in the town's time, at about `speed` acts a second, until `stopping`."""
        pace = self.twin.pace(speed)
        began = datetime.now(UTC)
        staff = asyncio.create_task(self.floor.work(stopping))
        try:
            await self._live(opened_at, pace, began, stopping)
        finally:
            stopping.set()
            await staff

    async def _live(self, opened_at: datetime, pace: float, began: datetime, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            now = datetime.now(UTC)
            due = list(self._until(opened_at + (now - began) * pace))
            await self._deliver(due, at=now)
            late = datetime.now(UTC) - now - timedelta(seconds=TICK)
            if late > PATIENCE:
                began += late
            await asyncio.sleep(TICK)

    async def _ordered(self, act: Act) -> dict[str, Any] | None:
        """A live order goes through the order book first; the site then tells of it by the book's number."""
        if not act.sound:
            return act.message
        person = self.people[act.person]
        placed = await self.shopping.order(act.source, person, wanted(act.message))
        if placed is None:
            return None  # the goods or the money were refused: nothing was bought
        self.tally.orders += 1
        properties = {**act.message["properties"], "order_id": str(placed.number)}
        return {**act.message, "properties": properties}

    def _chunks(self, until: datetime) -> Iterator[list[Act]]:
        chunk: list[Act] = []
        for act in self._until(until):
            chunk.append(act)
            if len(chunk) >= CHUNK:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def _until(self, moment: datetime) -> Iterator[Act]:
        while (act := self._next or next(self._acts)).at <= moment:
            self._next = None
            yield act
        self._next = act

    async def _deliver(self, acts: list[Act], *, at: datetime | None = None) -> None:
        """Each source sends its own. `at` replaces the town's time while it is live.

        The truth hears of an act when the server has acknowledged it: what is still under way cannot be recognised yet.
        """
        messages: dict[str, list[dict[str, Any]]] = defaultdict(list)
        sales: list[dict[str, Any]] = []
        for act in acts:
            moment = at or act.at
            if act.sale:
                sales.append(sale_entry(act.sale, moment))
                self.floor.sold(act.sale)
                self.tally.receipts += 1
            else:
                message = await self._ordered(act) if at and act.message.get("event") == ORDERED else act.message
                if message is None:
                    continue
                messages[act.source].append({"timestamp": moment.isoformat(), **message})
                self.tally.events += 1
                self.tally.damaged += not act.sound
        for source, several in messages.items():
            for start in range(0, len(several), EVENTS_PER_BATCH):
                await self.courier.track(self.keys[source], several[start : start + EVENTS_PER_BATCH])
        for start in range(0, len(sales), SALES_PER_BATCH):
            await send_sales(self.courier, encode(sales[start : start + SALES_PER_BATCH]))
        for act in acts:
            self.truth.keep(act, self.people[act.person])
