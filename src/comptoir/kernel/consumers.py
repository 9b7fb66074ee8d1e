"""Readers of the log. A consumer's effects are exactly-once: its cursors move in the transaction of its writes.

    consumer = Consumer(db, "customers", handle, lanes=range(64))
    await consumer.run(stopping)                  # or: while await consumer.step(): ...

One statement reads all owned lanes; the batch grows while any lane is full. Two workers that own the same lane by
mistake cannot both commit: a cursor moves only from where it was read. A poison event is found by halves and parked
in `kernel.parked_event`, and the lane goes on.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta

import msgspec
import psycopg
import structlog

from comptoir.kernel.db import TRANSIENT, Database, Tx, ints
from comptoir.kernel.log import LANES, Event

Handle = Callable[[Tx, list[Event]], Awaitable[None]]

log = structlog.get_logger(__name__)


class Lag(msgspec.Struct, frozen=True):
    """How far a consumer is behind: events unread and the age of the oldest of them, in seconds."""

    consumer: str
    events: int
    seconds: float


class Parked(msgspec.Struct, frozen=True):
    """An event that a consumer could not digest."""

    consumer: str
    position: int
    recorded_at: datetime
    kind: str
    error: str
    parked_at: datetime


class CursorMoved(Exception):
    """Another worker has read this lane meanwhile: nothing of this batch was kept."""


class Consumer:
    """`handle` gets events in the order of each lane; it may be called again for events whose batch was rolled back."""

    def __init__(
        self,
        db: Database,
        name: str,
        handle: Handle,
        *,
        lanes: Iterable[int] = range(LANES),
        least: int = 8,
        most: int = 16_384,
    ) -> None:
        self.db = db
        self.name = name
        self.handle = handle
        self.lanes = list(lanes)
        self.least = least
        self.most = most
        self.size = least
        self.handled = 0
        self._since = datetime(1, 1, 1, tzinfo=UTC)
        self._opened = False

    async def run(self, stopping: asyncio.Event, *, idle: float = 0.2) -> None:
        """Work until `stopping`. A lost wake-up costs `idle` seconds, never an event."""
        ear = await self.db.connect()
        try:
            await ear.execute("LISTEN comptoir_log")
            while not stopping.is_set():
                try:
                    if await self.step():
                        continue
                except (CursorMoved, *TRANSIENT) as error:
                    log.info("consumer.retry", consumer=self.name, reason=repr(error))
                except psycopg.OperationalError as error:
                    log.warning("consumer.database_away", consumer=self.name, reason=str(error))
                    await asyncio.sleep(idle)
                    with contextlib.suppress(psycopg.Error):
                        await ear.close()
                    ear = await self._listen_again(stopping)
                    continue
                with contextlib.suppress(psycopg.OperationalError):
                    async for _ in ear.notifies(timeout=idle, stop_after=1):
                        pass
        finally:
            await ear.close()

    async def _listen_again(self, stopping: asyncio.Event) -> psycopg.AsyncConnection[tuple[object, ...]]:
        while True:
            try:
                ear = await self.db.connect()
                await ear.execute("LISTEN comptoir_log")
            except psycopg.OperationalError:
                if stopping.is_set():
                    raise
                await asyncio.sleep(0.5)
            else:
                return ear

    async def step(self) -> int:
        """One micro-batch in one transaction; returns how many events it took."""
        if not self._opened:
            async with self.db.transaction() as tx:
                await tx.run(OPEN, consumer=self.name, lanes=ints(self.lanes))
            self._opened = True
        events: list[Event] = []
        try:
            async with self.db.transaction() as tx:
                events = await self._read(tx)
                if not events:
                    # All that is unread from here on was recorded in the last day: older partitions need no look.
                    self._since = tx.now - timedelta(days=1)
                    return 0
                await self.handle(tx, events)
                await self._move(tx, events)
        except (CursorMoved, psycopg.OperationalError, *TRANSIENT):
            raise
        except Exception as error:  # noqa: BLE001  some event is poison: find it, park it, go on
            await self._by_halves(events, error)
        self.handled += len(events)
        self._resize(events)
        return len(events)

    async def _read(self, tx: Tx) -> list[Event]:
        found = await tx.tuples(READ, consumer=self.name, lanes=ints(self.lanes), since=self._since, size=self.size)
        return [Event(*row) for row in found]

    async def _move(self, tx: Tx, events: list[Event]) -> None:
        ends = {event.lane: event for event in events}
        lanes = sorted(ends)
        starts = {event.lane: event for event in reversed(events)}
        moved = await tx.run(
            MOVE,
            consumer=self.name,
            lanes=ints(lanes),
            xids=ints(ends[lane].xid for lane in lanes),
            positions=ints(ends[lane].position for lane in lanes),
            first_xids=ints(starts[lane].xid for lane in lanes),
            first_positions=ints(starts[lane].position for lane in lanes),
        )
        if moved != len(lanes):
            raise CursorMoved(self.name)

    async def _by_halves(self, events: list[Event], error: Exception) -> None:
        if len(events) == 1:
            (event,) = events
            log.error("consumer.parked", consumer=self.name, position=event.position, exc_info=error)
            async with self.db.transaction() as tx:
                await tx.run(
                    PARK,
                    consumer=self.name,
                    kind=event.kind,
                    recorded_at=event.recorded_at,
                    position=event.position,
                    error=repr(error)[:2000],
                )
                await self._move(tx, events)
            return
        half = len(events) // 2
        for part in (events[:half], events[half:]):
            try:
                async with self.db.transaction() as tx:
                    await self.handle(tx, part)
                    await self._move(tx, part)
            except (CursorMoved, psycopg.OperationalError, *TRANSIENT):
                raise
            except Exception as again:  # noqa: BLE001
                await self._by_halves(part, again)

    def _resize(self, events: list[Event]) -> None:
        """The limit is per lane: double while some lane is full, so that skewed lanes do not trickle."""
        full = max(Counter(event.lane for event in events).values()) >= self.size
        if full and len(events) <= self.most // 2:
            self.size *= 2
        elif not full or len(events) > self.most:
            self.size = max(self.least, self.size // 2)


async def replay(tx: Tx, *, consumer: str) -> None:
    """Set a consumer back to the beginning of the log. Its projection must have been emptied in this transaction."""
    await tx.run("UPDATE kernel.cursor SET xid = '0', position = 0 WHERE consumer = %(consumer)s", consumer=consumer)


async def lags(tx: Tx) -> list[Lag]:
    """For /metrics and the console: every consumer's distance from the end of the log."""
    return await tx.many(Lag, LAGS)


async def parked(tx: Tx, *, limit: int = 200) -> list[Parked]:
    """What could not be digested, the latest first."""
    return await tx.many(Parked, PARKED, limit=limit)


PARKED = """
    SELECT consumer, position, recorded_at, kind, error, parked_at FROM kernel.parked_event
    ORDER BY parked_at DESC, position DESC LIMIT %(limit)s
"""


OPEN = """
    INSERT INTO kernel.cursor (consumer, lane)
    SELECT %(consumer)s, unnest(%(lanes)s::smallint[])
    ON CONFLICT DO NOTHING
"""

READ = """
    SELECT e.lane, e.xid::text::bigint, e.position, e.kind, e.name, e.source_id, e.occurred_at, e.recorded_at, e.body
    FROM kernel.cursor AS c CROSS JOIN LATERAL (
        SELECT * FROM kernel.event AS e
        WHERE e.lane = c.lane
          AND (e.xid, e.position) > (c.xid, c.position)
          AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
          AND e.recorded_at >= %(since)s
        ORDER BY e.xid, e.position
        LIMIT %(size)s
    ) AS e
    WHERE c.consumer = %(consumer)s AND c.lane = ANY(%(lanes)s::smallint[])
"""

# A cursor moves only while it still stands before the first event of this batch.
MOVE = """
    UPDATE kernel.cursor AS c SET xid = k.xid::text::xid8, position = k.position
    FROM unnest(%(lanes)s::smallint[], %(xids)s::bigint[], %(positions)s::bigint[],
                %(first_xids)s::bigint[], %(first_positions)s::bigint[])
         AS k (lane, xid, position, first_xid, first_position)
    WHERE c.consumer = %(consumer)s AND c.lane = k.lane
      AND (c.xid, c.position) < (k.first_xid::text::xid8, k.first_position)
"""

PARK = """
    INSERT INTO kernel.parked_event (consumer, recorded_at, position, kind, error)
    VALUES (%(consumer)s, %(recorded_at)s, %(position)s, %(kind)s, %(error)s)
    ON CONFLICT (consumer, position) DO UPDATE SET error = excluded.error, parked_at = now()
"""

LAGS = """
    SELECT c.consumer, coalesce(sum(e.events), 0)::bigint AS events,
           coalesce(extract(epoch FROM (SELECT now() + shift FROM kernel.clock) - min(e.oldest)), 0)::float8 AS seconds
    FROM kernel.cursor AS c LEFT JOIN LATERAL (
        SELECT count(*) AS events, min(recorded_at) AS oldest FROM (
            SELECT recorded_at FROM kernel.event AS e
            WHERE e.lane = c.lane AND (e.xid, e.position) > (c.xid, c.position)
            ORDER BY e.xid, e.position LIMIT 10000) AS unread
    ) AS e ON true
    GROUP BY c.consumer ORDER BY c.consumer
"""
