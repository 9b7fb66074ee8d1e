"""The spine: what becomes of an event, in the order in which it happens, one transaction per micro-batch.

    tracked event → who is it? → did she buy? → what do we know of her now?

Facts of our own (a sale is on record, people were merged) come by on the same log and go straight to the last step.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from time import perf_counter_ns

from comptoir import identity, ingest, orders, profiles
from comptoir.kernel.consumers import Consumer, replay
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.log import LANES, Event
from comptoir.kernel.settings import Settings

CUSTOMERS = "customers"


def consumers(db: Database, settings: Settings, lanes: Iterable[int] = range(LANES)) -> list[Consumer]:
    """All readers of the log, for a worker that owns these lanes."""
    return [Consumer(db, CUSTOMERS, Customers(settings).handle, lanes=lanes)]


async def replay_customers(tx: Tx) -> None:
    """Empty the profiles and read the log again from its beginning: `comptoir replay customers`.

    Identity and orders take what they know already for what it is, so only the profiles are made anew.
    """
    await profiles.empty(tx)
    await replay(tx, consumer=CUSTOMERS)


class Customers:
    """The one consumer that makes customers out of events."""

    def __init__(self, settings: Settings) -> None:
        self.currency = settings.currency
        self.places = profiles.Places()
        self.spent: Counter[str] = Counter()
        """Microseconds per step, for the benchmark and the metrics."""

    async def handle(self, tx: Tx, events: list[Event]) -> None:
        started = perf_counter_ns()
        tracked = ingest.decode(events)
        decoded = self._clock("decode", started)
        await self.places.know(tx, {event.source_id for event in events if event.source_id is not None})
        nodes = await self.resolve(tx, events, tracked)
        resolved = self._clock("resolve", decoded)
        await orders.take_completed(tx, events, tracked, nodes)
        taken = self._clock("orders", resolved)
        await profiles.project(tx, events, tracked, nodes, places=self.places, currency=self.currency)
        self._clock("project", taken)

    async def resolve(
        self, tx: Tx, events: Sequence[Event], tracked: Sequence[ingest.Tracked | None]
    ) -> list[int | None]:
        """The node of each tracked event, by all identifiers it names; None for facts."""
        asked = [
            (place, self.observation(event, act))
            for place, (event, act) in enumerate(zip(events, tracked, strict=True))
            if act is not None
        ]
        nodes: list[int | None] = [None] * len(events)
        found = await identity.resolve(tx, [observation for _, observation in asked])
        for (place, _), node in zip(asked, found, strict=True):
            nodes[place] = node
        return nodes

    def observation(self, event: Event, act: ingest.Tracked) -> identity.Observation:
        """Everything the event names somebody by. What others typed for her weighs less than what she did herself."""
        named: list[identity.Identifier] = []
        if act.user_id:
            named.append((1, act.user_id))
        if email := act.email:
            named.append((3, email.lower()))
        if act.anonymous_id:
            named.append((7, act.anonymous_id))
        return identity.Observation(
            identifiers=tuple(named), at=event.occurred_at, source_id=act.source_id, position=event.position
        )

    def _clock(self, step: str, since: int) -> int:
        now = perf_counter_ns()
        self.spent[step] += (now - since) // 1000
        return now
