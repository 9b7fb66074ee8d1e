"""A seeded town: who goes where, when, and what each step sends. Pure: it neither sleeps nor sends.

Time is the shoppers' own: seconds since `origin`. The same seed, world and origin give the same acts with the same
message ids, so a run that was cut off is repeated and the counter drops what it has already.
"""

import heapq
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from comptoir.demo.history import ZONE
from comptoir.demo.outings import Mark, Memory, Outing, Sale, Shelf, Step
from comptoir.demo.world import Person, World

OUTINGS_PER_PERSON_AND_DAY = 0.8
ACTS_PER_OUTING = 3.0
"""Measured over 100,000 acts, nights included; only turns `--speed` into how fast the town's days pass."""
BROKEN = 1 / 400
"""Share of the tracked messages that arrive damaged, as some always do."""
DAY = timedelta(days=1).total_seconds()
# How lively an hour of the local day is.
HOURS = [*(0.15, 0.1, 0.1, 0.1, 0.1, 0.2, 0.35, 0.5, 0.6, 0.7, 0.75, 0.85), *([0.9] * 4), *([1.0] * 6), 0.7, 0.35]


class Act(msgspec.Struct, frozen=True):
    """One thing to send. `person` and `marks` are the truth, and are never sent."""

    at: datetime
    """In the town's own time."""
    source: str
    person: int
    marks: list[Mark]
    message: dict[str, Any]
    sale: Sale | None = None
    sound: bool = True
    """False for a message damaged on purpose."""

    @property
    def key(self) -> str:
        return self.sale.number if self.sale else self.message["messageId"]


class Twin:
    """`acts()` never ends. `run` tells apart the times that the same demo was started."""

    def __init__(self, *, seed: int, world: World, shelf: Shelf, origin: datetime, run: int = 0) -> None:
        self.world = world
        self.shelf = shelf
        self.origin = origin
        self.name = f"twin-{seed}-{run}"
        self.rng = random.Random(self.name)
        self.memories: dict[int, Memory] = {}
        self.users: dict[str, Person] = {}
        self.per_second = len(world.people) * OUTINGS_PER_PERSON_AND_DAY / DAY
        self._sent = 0
        self._order = 0
        self._waiting: list[tuple[float, int, Person | None, str, Step | None]] = []

    def pace(self, speed: float) -> float:
        """How many seconds of the town pass in one of ours, so that about `speed` acts are sent in it."""
        return speed / (self.per_second * ACTS_PER_OUTING)

    def acts(self) -> Iterator[Act]:
        self._later(0.0)
        while True:
            at, _, person, kind, step = heapq.heappop(self._waiting)
            if step and person:
                yield self._act(at, person, step)
            elif person:
                self._go(at, person, kind)
            else:
                self._later(at + self.rng.expovariate(self.per_second))
                if self.rng.random() < HOURS[(self.origin + timedelta(seconds=at)).astimezone(ZONE).hour]:
                    person = self.world.anyone(self.rng)
                    habits = person.habits
                    self._go(at, person, self.rng.choices(list(habits), list(habits.values()))[0])

    def _go(self, at: float, person: Person, kind: str) -> None:
        """All steps of one outing, and perhaps a later walk to the shop for what was seen on a screen."""
        memory = self.memories.get(person.number)
        if memory is None:
            memory = self.memories[person.number] = Memory(person.has_account, person.opens_newsletter)
        outing = Outing(self.rng, person, memory, self.shelf, self.users)
        for step in getattr(outing, kind)():
            at += step.after
            self._later(at, person, kind, step)
        if kind in {"web", "app", "display"} and memory.looked and self.rng.random() < 0.2:
            self._later(at + self.rng.uniform(0.1, 2.0) * DAY, person, "shop")

    def _later(self, at: float, person: Person | None = None, kind: str = "", step: Step | None = None) -> None:
        self._order += 1
        heapq.heappush(self._waiting, (at, self._order, person, kind, step))

    def _act(self, at: float, person: Person, step: Step) -> Act:
        self._sent += 1
        moment = self.origin + timedelta(seconds=at)
        message = step.message and {**step.message, "messageId": f"{self.name}-{self._sent:08d}"}
        sound = True
        if message and self.rng.random() < BROKEN:
            message, sound = damaged(self.rng, message), False
        return Act(moment, step.source, person.number, step.marks, message, step.sale, sound)


def damaged(rng: random.Random, message: dict[str, Any]) -> dict[str, Any]:
    """As real senders damage them: no name, nobody, an unknown type, a time that is none, a price as text, no table."""
    match rng.randrange(6):
        case 0:
            return {**message, "type": "track", "event": ""}
        case 1:
            return {key: value for key, value in message.items() if key not in {"anonymousId", "userId"}}
        case 2:
            return {**message, "type": "trak"}
        case 3:
            return {**message, "timestamp": "yesterday"}
        case 4:
            said = {"product_id": "1234", "price": "free"}
            return {**message, "type": "track", "event": "Product Viewed", "properties": said}
        case _:
            return {**message, "type": "track", "event": "Product Viewed", "properties": "sku=1234"}
