"""The intake of one process: submissions of concurrent requests are written together, durably, each event once.

Two transactions are under way at most, so that while PostgreSQL writes one, this process packs the next. Each has a
connection of its own. In one transaction go: the good events (binary COPY), the dead letters, the counts, the wake-up.
"""

import asyncio
import contextlib
import time
from datetime import date, datetime, timedelta
from typing import Any, Self

import msgspec
import psycopg
import structlog
from prometheus_client import Counter as Metric
from prometheus_client import Histogram

from comptoir.ingest import seen
from comptoir.ingest.intake import Letter, Submission
from comptoir.ingest.plans import Compiled, plans
from comptoir.ingest.seen import Seen
from comptoir.ingest.tally import FOLD, TALLY, Counts, Flush
from comptoir.kernel import log as event_log
from comptoir.kernel.coalesce import Coalescer
from comptoir.kernel.db import TRANSIENT, Database, Tx, rows
from comptoir.kernel.errors import Unavailable

log = structlog.get_logger(__name__)

MAX_BATCH = 1_500
"""Events in one transaction: more would make packing and writing take turns instead of going side by side."""
LANES = 2
ANOTHER = 300
"""Events that must wait for a second transaction beside the first: singles go better in one after the other."""
FOLD_EVERY = 5.0
PLANS_EVERY = 2.0
BARRIER = 0x636F6D7074_0001
"""Advisory lock: shared by every transaction that stamps events, exclusive for the turn of the day."""

EVENTS = Metric("comptoir_ingest_events_total", "Events by what became of them.", ["outcome"])
REQUESTS = Metric("comptoir_ingest_requests_total", "Requests of the tracking API by status.", ["status"])
ANSWERED = REQUESTS.labels("200")
"""Counted by the transaction, not one by one: each count costs as much as judging an event."""
FLUSH = Histogram(
    "comptoir_ingest_flush_seconds", "One transaction of events.", buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3)
)


class Receipt(msgspec.Struct, frozen=True):
    """What was written of one submission."""

    accepted: int
    duplicates: int
    rejected: int


class Intake:
    """`submit` answers when the events are durable. `open` before, `close` after; `keep_fresh` runs beside it."""

    def __init__(self, db: Database, *, max_waiting: int = 50_000) -> None:
        self._db = db
        self.seen = Seen()
        self.plans: dict[int, Compiled] = {}
        self._idle: list[psycopg.AsyncConnection[Any]] = []
        self._turning = asyncio.Lock()
        self._loading: asyncio.Task[None] | None = None
        self._offset = 0
        self._counts = Counts()
        self._coalescer = Coalescer(
            self._write,
            max_batch=MAX_BATCH,
            max_waiting=max_waiting,
            lanes=LANES,
            another=ANOTHER,
            weigh=lambda one: one.weight,
        )

    # ---- what the tracking API calls

    def now(self) -> int:
        """The installation's clock in Unix microseconds: ours, set by the database's at every transaction."""
        return time.time_ns() // 1000 + self._offset

    async def submit(self, submission: Submission) -> Receipt:
        """Durable when it returns. Raises Overloaded or Unavailable, having kept nothing of it."""
        return await self._coalescer(submission)

    @property
    def waiting(self) -> int:
        """Events that wait for a transaction."""
        return self._coalescer.waiting

    # ---- life

    async def open(self) -> None:
        """Set the clock, load the plans, make today's partitions; load or make the filters beside."""
        async with self._db.transaction() as tx:
            await event_log.open_days(tx)
            self._set_clock(tx.now)
        await self.refresh_plans()
        await self._turn(self._day())

    async def close(self) -> None:
        """Finish what was accepted, fold the counts."""
        await self._coalescer.close()
        if self._loading:
            self._loading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._loading
        with contextlib.suppress(psycopg.Error):
            await self.fold()
        for connection in self._idle:
            await connection.close()
        self._idle.clear()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def keep_fresh(self, stopping: asyncio.Event) -> None:
        """Take up new plans, fold the counts, make tomorrow's partition, until `stopping`."""
        folded = 0.0
        while not stopping.is_set():
            try:
                await self.refresh_plans()
                folded += PLANS_EVERY
                if folded >= FOLD_EVERY:
                    folded = 0.0
                    await self.fold()
                    async with self._db.transaction() as tx:
                        await event_log.open_days(tx)
                        self._set_clock(tx.now)
            except Exception as error:  # noqa: BLE001  the database may be away: what is known stays good
                log.warning("ingest.stale", reason=repr(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), PLANS_EVERY)

    async def refresh_plans(self) -> None:
        async with self._db.reading() as tx:
            newest = await plans(tx)
        known = self.plans
        self.plans = {
            plan.source_id: old
            if (old := known.get(plan.source_id)) is not None and old.version == plan.version
            else Compiled(plan)
            for plan in newest
        }

    async def fold(self) -> None:
        """Bring the counts of each transaction together in `ingest.source_day`."""
        async with self._db.transaction() as tx:
            await tx.run(FOLD)

    # ---- one transaction

    async def _write(self, batch: list[Submission]) -> list[Receipt]:
        with FLUSH.time():
            fresh = self._idle.pop() if self._idle else None
            if fresh is not None:
                with contextlib.suppress(psycopg.OperationalError):
                    return await self._write_on(fresh, batch)
                # The server was restarted since: what was perhaps kept is found again as duplicates.
                await fresh.close()
            try:
                connection = await self._connect()
            except psycopg.OperationalError as error:
                raise Unavailable from error
            try:
                return await self._write_on(connection, batch)
            except psycopg.OperationalError as error:
                await connection.close()
                raise Unavailable from error

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        # Looking up keys must use the index also in a partition that was empty when the plan was made.
        return await psycopg.AsyncConnection.connect(
            self._db.url,
            autocommit=True,
            prepare_threshold=0,
            options="-c timezone=UTC -c jit=off -c enable_seqscan=off -c enable_bitmapscan=off -c lock_timeout=10s",
        )

    async def _write_on(self, connection: psycopg.AsyncConnection[Any], batch: list[Submission]) -> list[Receipt]:
        whole = Flush.of(batch)
        try:
            duplicates = await self._record(connection, whole)
        except psycopg.OperationalError:
            raise
        except BaseException:
            await connection.close()
            raise
        self._idle.append(connection)
        self.seen.remember(whole.rows)
        return self._receipts(batch, whole, duplicates)

    async def _record(self, connection: psycopg.AsyncConnection[Any], whole: Flush) -> set[bytes]:
        """Write; return the keys that were there before."""
        keys = list(whole.rows)
        ask: list[bytes] | None = None
        while True:
            day = self.seen.today
            recorded, known = await self._begin(connection, self.seen.to_ask(keys) if ask is None else ask)
            if recorded.date() != day:
                await connection.rollback()
                await self._turn(recorded.date())
                continue
            try:
                fresh = [row for key, row in whole.rows.items() if key not in known] if known else whole.rows.values()
                if fresh:
                    async with connection.cursor().copy(event_log.COPY) as copy:
                        await copy.write(event_log.block(event_log.microseconds(recorded), fresh))
                await self._finish(connection, whole, known, recorded)
            except (psycopg.errors.UniqueViolation, *TRANSIENT):
                # Another transaction has written one of them a moment ago: look all of them up.
                await connection.rollback()
                ask = keys
            except psycopg.errors.CheckViolation:  # no partition for this day
                await connection.rollback()
                async with self._db.transaction() as tx:
                    await event_log.open_days(tx)
            else:
                return known

    async def _begin(self, connection: psycopg.AsyncConnection[Any], ask: list[bytes]) -> tuple[datetime, set[bytes]]:
        """Begin; the moment to stamp, and which of the keys are known. The stamp is taken under the barrier."""
        # One message: a pipeline of three costs this process three times as much.
        clock = await connection.execute(BEGIN, prepare=False)
        while clock.nextset():
            pass
        row = await clock.fetchone()
        assert row
        self._set_clock(row[0])
        if not ask:
            return row[0], set()
        literal = "{" + ",".join([key.hex() for key in ask]) + "}"
        found = await connection.execute(KNOWN, {"keys": literal, "since": self.seen.since}, binary=True)
        return row[0], {key.bytes for (key,) in await found.fetchall()}

    async def _finish(
        self, connection: psycopg.AsyncConnection[Any], whole: Flush, known: set[bytes], recorded: datetime
    ) -> None:
        counts = self._counts.of(whole, known)
        tx = Tx(connection, recorded)
        if whole.letters:
            await tx.run(BURY, letters=_packed(whole.letters, recorded))
        await tx.run(TALLY, day=recorded.date(), counts=rows(counts))
        await connection.execute(END, prepare=False)

    def _receipts(self, batch: list[Submission], whole: Flush, known: set[bytes]) -> list[Receipt]:
        accepted = len(whole.rows) - len(known)
        ANSWERED.inc(len(batch))
        EVENTS.labels("accepted").inc(accepted)
        if accepted != whole.total:
            EVENTS.labels("duplicate").inc(whole.total - accepted)
        if whole.letters:
            EVENTS.labels("rejected").inc(len(whole.letters))
        if accepted == whole.total:
            return [Receipt(len(one.keys), 0, len(one.letters)) for one in batch]
        left = whole.rows.keys() - known
        receipts: list[Receipt] = []
        for one in batch:
            new = left.intersection(one.keys)
            left -= new
            receipts.append(Receipt(len(new), len(one.keys) - len(new), len(one.letters)))
        return receipts

    # ---- the turn of the day

    async def _turn(self, today: date) -> None:
        """Make sure that what was stamped yesterday is settled, so that looking it up finds it.

        Whoever stamps holds the barrier until it commits. Having held it alone for a moment, and reading the clock
        only afterwards, this process knows that every event of an earlier day can be seen.
        """
        async with self._turning:
            if self.seen.today == today:
                return
            async with self._db.transaction() as tx:
                await tx.run("SELECT pg_advisory_xact_lock(%(barrier)s)", barrier=BARRIER)
            async with self._db.transaction() as tx:
                await event_log.open_days(tx)
            self.seen.turn(today)
            self._counts.forget()
            if self._loading:
                self._loading.cancel()
            self._loading = asyncio.get_running_loop().create_task(self._load())

    async def _load(self) -> None:
        while True:
            try:
                await seen.load(self._db, self.seen)
            except Exception as error:  # noqa: BLE001  until then the days are asked
                log.warning("ingest.filters_missing", reason=repr(error))
                await asyncio.sleep(1)
            else:
                return

    async def ready(self) -> None:
        """Wait until the filters of all frozen days are there: for benchmarks."""
        if self._loading:
            await self._loading

    def _set_clock(self, moment: datetime) -> None:
        self._offset = event_log.microseconds(moment) - time.time_ns() // 1000

    def _day(self) -> date:
        return (event_log.EPOCH + timedelta(microseconds=self.now())).date()


# The number is BARRIER. Not now(): the moment must be read after the barrier was taken.
BEGIN = """
    BEGIN;
    SELECT pg_advisory_xact_lock_shared(27988538523123713);
    SELECT clock_timestamp() + shift FROM kernel.clock
"""

END = """
    NOTIFY comptoir_log;
    COMMIT
"""

KNOWN = "SELECT key FROM kernel.event WHERE key = ANY(%(keys)s::uuid[]) AND recorded_at >= %(since)s"

BURY = """
    INSERT INTO ingest.dead_letter AS d
        (source_id, body_key, received_at, last_received_at, reason, detail, event_type, event_name, body)
    SELECT source_id, body_key::uuid, received_at, received_at, reason, detail, event_type, event_name,
           decode(body, 'base64')
    FROM json_to_recordset(%(letters)s::json) AS letter (source_id smallint, body_key text, received_at timestamptz,
        reason text, detail text, event_type text, event_name text, body text)
    ON CONFLICT (source_id, body_key) WHERE state = 'waiting'
    DO UPDATE SET times = d.times + 1, last_received_at = excluded.last_received_at,
        reason = excluded.reason, detail = excluded.detail
"""


def _packed(letters: list[tuple[int, Letter]], recorded: datetime) -> str:
    """Each letter once: ON CONFLICT cannot touch a row twice; in order of their keys, so that two never deadlock."""
    once = {(source_id, one.key): one for source_id, one in letters}
    return rows(
        [
            {
                "source_id": source_id,
                "body_key": key.hex(),
                "received_at": recorded,
                "reason": one.reason,
                "detail": one.detail,
                "event_type": one.call,
                "event_name": one.name,
                "body": one.body,
            }
            for (source_id, key), one in sorted(once.items(), key=lambda item: item[0])
        ]
    )
