"""Readers of the log. A consumer's effects are exactly-once: its cursors move in the transaction of its writes.

    consumer = Consumer(db, "customers", handle, lanes=range(64))
    await consumer.run(stopping)                  # or: while await consumer.step(): ...

One statement reads all owned lanes; the batch grows while any lane is full. While there is a backlog, the next batch is
read as this one is written, and prepared too by a consumer that has something to prepare: work that may be committed
before its turn and again, because it takes what it knows for what it is. So the locks of that work are held briefly,
and this process reckons while PostgreSQL writes. Two workers that own the same lane by mistake cannot both commit: a
cursor moves only from where it was read. So a replay is one UPDATE (`replay`), whatever is under way. A poison event is
found by halves and parked in `kernel.parked_event` (parked.py), and the lane goes on.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import structlog

from comptoir.kernel.db import APPENDERS, TRANSIENT, Database, Tx, ints
from comptoir.kernel.log import LANES, Event
from comptoir.kernel.parked import park, read_anyway

Prepare = Callable[[Tx, list[Event]], Awaitable[Any]]
Handle = Callable[[Tx, Any], Awaitable[None]]

Place = tuple[int, int]
"""Where a cursor stands: xid and position of the last event handled."""

log = structlog.get_logger(__name__)


OLDEST = datetime(1, 1, 1, tzinfo=UTC)


class Lag(msgspec.Struct, frozen=True):
    """How far a consumer is behind: events unread and the age of the oldest of them, in seconds."""

    consumer: str
    events: int
    seconds: float


class Batch(msgspec.Struct):
    """Events of several lanes, and where the cursors of those lanes stood when they were read."""

    events: list[Event]
    starts: dict[int, Place]
    prepared: Any = None
    prepared_at: float = 0
    """`time.monotonic()` before that was committed."""


class CursorMoved(Exception):
    """Another worker has read this lane meanwhile: nothing of this batch was kept."""


class Consumer:
    """`handle` gets the events in the order of each lane, or what `prepare` made of them.

    Both may be called again for events whose batch was rolled back; `prepare` also for events that it has prepared.
    """

    def __init__(
        self,
        db: Database,
        name: str,
        handle: Handle,
        *,
        prepare: Prepare | None = None,
        lanes: Iterable[int] = range(LANES),
        least: int = 8,
        most: int = 32_768,
    ) -> None:
        self.db = db
        self.name = name
        self._handle = handle
        self._prepare = prepare
        self.lanes = list(lanes)
        self.least = least
        self.most = most
        self.size = least
        self.handled = 0
        self._ahead: asyncio.Task[Batch] | None = None
        self._since = OLDEST
        self._opened = False

    async def run(self, stopping: asyncio.Event, *, idle: float = 0.2) -> None:
        """Work until `stopping`. A lost wake-up costs `idle` seconds, never an event."""
        ear = await self._listen(stopping)
        try:
            while ear and not stopping.is_set():
                try:
                    if await self.step():
                        continue
                except (CursorMoved, *TRANSIENT) as error:
                    log.info("consumer.retry", consumer=self.name, reason=repr(error))
                except psycopg.OperationalError as error:
                    log.warning("consumer.database_away", consumer=self.name, reason=str(error))
                    await asyncio.sleep(idle)
                try:
                    async for _ in ear.notifies(timeout=idle, stop_after=1):
                        pass
                except psycopg.OperationalError:
                    await ear.close()
                    ear = await self._listen(stopping)
        finally:
            await self._drop_ahead()
            if ear:
                await ear.close()

    async def _listen(self, stopping: asyncio.Event) -> psycopg.AsyncConnection[tuple[object, ...]] | None:
        """An ear, as soon as the database is there; None when stopped before."""
        while not stopping.is_set():
            try:
                ear = await self.db.connect()
                await ear.execute("LISTEN comptoir_log")
            except psycopg.OperationalError:
                await asyncio.sleep(0.5)
            else:
                return ear
        return None

    async def step(self) -> int:
        """One micro-batch in one transaction; returns how many events it took."""
        if not self._opened:
            async with self.db.replayable() as tx:
                await tx.run(OPEN, consumer=self.name, lanes=ints(self.lanes))
            self._opened = True
        batch = await self._take_ahead()
        try:
            async with self.db.replayable() as tx:
                batch = batch or await self._read(tx, {})
                if not batch.events and (horizon := await tx.value(HORIZON, appenders=APPENDERS)):
                    batch = await self._read(tx, {}, horizon)
                if not batch.events:
                    # All that is unread from here on was recorded in the last day: older partitions need no look.
                    self._since = tx.now - timedelta(days=1)
                    return 0
                prepared = batch.prepared
                # After a crash of the server, what was prepared may be gone, although its commit was answered.
                if prepared is None or not self.db.reaches_back(tx, batch.prepared_at):
                    prepared = await self._prepared(tx, batch.events)
                self._read_on(batch)
                await self._handle(tx, prepared)
                ends = await self._move(tx, batch)
            batch.starts.update(ends)
        except (CursorMoved, psycopg.OperationalError, *TRANSIENT):
            await self._drop_ahead()
            raise
        except Exception as error:  # noqa: BLE001  some event is poison: find it, park it, go on
            assert batch
            try:
                await self._by_halves(batch, error)
            except BaseException:
                await self._drop_ahead()
                raise
        self.handled += len(batch.events)
        return len(batch.events)

    async def digest(self, tx: Tx, events: list[Event]) -> None:
        """All that is to be done with these events, in one transaction."""
        await self._handle(tx, await self._prepared(tx, events))

    async def _prepared(self, tx: Tx, events: list[Event]) -> Any:
        return await self._prepare(tx, events) if self._prepare else events

    async def _read(self, tx: Tx, reached: dict[int, Place], horizon: int | None = None) -> Batch:
        """What is unread; from `reached` on, in lanes whose cursors are about to move there."""
        starts: dict[int, Place] = {}
        events: list[Event] = []
        lanes = sorted(reached)
        for row in await tx.tuples(
            READ,
            consumer=self.name,
            lanes=ints(self.lanes),
            since=self._since,
            size=self.size,
            horizon=horizon,
            reached_lanes=ints(lanes),
            reached_xids=ints(reached[lane][0] for lane in lanes),
            reached_positions=ints(reached[lane][1] for lane in lanes),
        ):
            events.append(Event(*row[:9]))
            if row[0] not in starts:
                starts[row[0]] = row[9], row[10]
        if (0, 0) in starts.values():
            self._since = OLDEST  # a replay: the rest of it is as old
        return Batch(events, starts)

    def _read_on(self, batch: Batch) -> None:
        """Decide on the size of the next batch; read it already if this one left some behind."""
        if self._resize(batch.events):
            ends = {event.lane: (event.xid, event.position) for event in batch.events}
            self._ahead = asyncio.create_task(self._read_ahead(ends))

    async def _read_ahead(self, reached: dict[int, Place]) -> Batch:
        if self._prepare is None:
            async with self.db.reading() as tx:
                return await self._read(tx, reached)
        async with self.db.replayable() as tx:
            batch = await self._read(tx, reached)
            if batch.events:
                batch.prepared = await self._prepare(tx, batch.events)
                batch.prepared_at = time.monotonic()
            return batch

    async def _take_ahead(self) -> Batch | None:
        ahead, self._ahead = self._ahead, None
        if ahead is None:
            return None
        with contextlib.suppress(Exception):  # whatever went wrong will go wrong again in the transaction, and be told
            batch = await ahead
            return batch if batch.events else None
        return None

    async def _drop_ahead(self) -> None:
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.cancel()
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await ahead

    async def _move(self, tx: Tx, batch: Batch) -> dict[int, Place]:
        ends = {event.lane: (event.xid, event.position) for event in batch.events}
        lanes = sorted(ends)
        moved = await tx.run(
            MOVE,
            consumer=self.name,
            lanes=ints(lanes),
            xids=ints(ends[lane][0] for lane in lanes),
            positions=ints(ends[lane][1] for lane in lanes),
            start_xids=ints(batch.starts[lane][0] for lane in lanes),
            start_positions=ints(batch.starts[lane][1] for lane in lanes),
        )
        if moved != len(lanes):
            raise CursorMoved(self.name)
        return ends

    async def _by_halves(self, batch: Batch, error: Exception) -> None:
        """`batch.starts` follows the cursors as the parts are committed."""
        if len(batch.events) == 1:
            (event,) = batch.events
            log.error("consumer.parked", consumer=self.name, position=event.position, exc_info=error)
            async with self.db.replayable() as tx:
                await park(tx, consumer=self.name, event=event, error=error)
                ends = await self._move(tx, batch)
            batch.starts.update(ends)
            return
        half = len(batch.events) // 2
        for events in (batch.events[:half], batch.events[half:]):
            part = Batch(events, batch.starts)
            try:
                async with self.db.replayable() as tx:
                    await self.digest(tx, events)
                    ends = await self._move(tx, part)
                batch.starts.update(ends)
            except (CursorMoved, psycopg.OperationalError, *TRANSIENT):
                raise
            except Exception as again:  # noqa: BLE001
                await self._by_halves(part, again)

    def _resize(self, events: list[Event]) -> bool:
        """The limit is per lane: double while some lane is full, so that skewed lanes do not trickle.

        Returns whether some lane was full: more of it waits.
        """
        full = max(Counter(event.lane for event in events).values()) >= self.size
        if full and len(events) <= self.most // 2:
            self.size *= 2
        elif not full or len(events) > self.most:
            self.size = max(self.least, self.size // 2)
        return full


async def replay(tx: Tx, *, consumer: str) -> None:
    """Set a consumer back to the beginning of the log. Its projection must have been emptied in this transaction."""
    await tx.run("UPDATE kernel.cursor SET xid = '0', position = 0 WHERE consumer = %(consumer)s", consumer=consumer)
    await read_anyway(tx, consumer=consumer)


async def lags(tx: Tx, *, most: int = 10_000) -> list[Lag]:
    """For /metrics and the console: every consumer's distance from the end of the log, counted to `most` a lane."""
    return await tx.many(Lag, LAGS, most=most)


OPEN = """
    INSERT INTO kernel.cursor (consumer, lane)
    SELECT %(consumer)s, unnest(%(lanes)s::smallint[])
    ON CONFLICT DO NOTHING
"""

# A lane that was never read, or is to be replayed, is read from the oldest partition on.
READ = """
    SELECT e.lane, e.xid::text::bigint, e.position, e.kind, e.name, e.source_id, e.occurred_at, e.recorded_at, e.body,
           c.xid::text::bigint, c.position
    FROM (
        SELECT c.lane, coalesce(k.xid::text::xid8, c.xid) AS xid, coalesce(k.position, c.position) AS position
        FROM kernel.cursor AS c
        LEFT JOIN unnest(%(reached_lanes)s::smallint[], %(reached_xids)s::bigint[], %(reached_positions)s::bigint[])
            AS k (lane, xid, position) USING (lane)
        WHERE c.consumer = %(consumer)s AND c.lane = ANY(%(lanes)s::smallint[])
    ) AS c CROSS JOIN LATERAL (
        SELECT * FROM kernel.event AS e
        WHERE e.lane = c.lane
          AND (e.xid, e.position) > (c.xid, c.position)
          AND e.xid < coalesce(%(horizon)s::bigint::text::xid8, pg_snapshot_xmin(pg_current_snapshot()))
          AND e.recorded_at >= CASE WHEN c.xid = '0' THEN '-infinity'::timestamptz ELSE %(since)s::timestamptz END
        ORDER BY e.xid, e.position
        LIMIT %(size)s
    ) AS e
"""

# Nothing may appear behind a cursor: below the oldest transaction under way, nothing can. But most that are under way
# append nothing: those of other databases and other programs, VACUUM and ANALYZE, long reckonings of our own. Whoever
# may append holds a lock (db.APPENDS) since before it had a number. So below the numbers of those who hold it now, and
# below every number that will be given from now on, nothing can appear either; this statement's snapshot is older than
# its look at the locks, and the one of the statement that reads up to here is younger. Null where that is no farther
# than where the reader stands, or where the numbers of others cannot be seen.
HORIZON = """
    WITH clock AS MATERIALIZED (
        SELECT pg_snapshot_xmin(s)::text::bigint AS oldest, pg_snapshot_xmax(s)::text::bigint AS next
        FROM pg_current_snapshot() AS s
    ), appender AS MATERIALIZED (
        SELECT a.usename, a.backend_xid::text::bigint AS number
        FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a USING (pid)
        WHERE l.locktype = 'advisory' AND l.granted
          AND concat(l.classid, ', ', l.objid) = %(appenders)s AND l.objsubid = 2
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND l.pid <> pg_backend_pid()
    ), horizon AS (
        -- PostgreSQL shows the lower half of the number only: it is the one nearest to the next.
        SELECT least(next, min(next + ((number - next + 2147483648) & 4294967295) - 2147483648)) AS number
        FROM clock LEFT JOIN appender ON true
        GROUP BY next HAVING bool_and(appender IS NULL OR usename = current_user)
    )
    SELECT horizon.number FROM horizon, clock WHERE horizon.number > oldest
"""

# A cursor moves only if it still stands where it was read.
MOVE = """
    UPDATE kernel.cursor AS c SET xid = k.xid::text::xid8, position = k.position
    FROM unnest(%(lanes)s::smallint[], %(xids)s::bigint[], %(positions)s::bigint[],
                %(start_xids)s::bigint[], %(start_positions)s::bigint[])
         AS k (lane, xid, position, start_xid, start_position)
    WHERE c.consumer = %(consumer)s AND c.lane = k.lane
      AND c.xid = k.start_xid::text::xid8 AND c.position = k.start_position
"""

LAGS = """
    SELECT c.consumer, coalesce(sum(e.events), 0)::bigint AS events,
           coalesce(extract(epoch FROM (SELECT now() + shift FROM kernel.clock) - min(e.oldest)), 0)::float8 AS seconds
    FROM kernel.cursor AS c LEFT JOIN LATERAL (
        SELECT count(*) AS events, min(recorded_at) AS oldest FROM (
            SELECT recorded_at FROM kernel.event AS e
            WHERE e.lane = c.lane AND (e.xid, e.position) > (c.xid, c.position)
            ORDER BY e.xid, e.position LIMIT %(most)s) AS unread
    ) AS e ON true
    GROUP BY c.consumer ORDER BY c.consumer
"""
