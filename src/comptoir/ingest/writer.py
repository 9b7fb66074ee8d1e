"""The intake of one process: submissions of concurrent requests are written together, durably, each event once.

In a transaction go the good events (binary COPY), the dead letters, the counts and the wake-up. One writes at a time;
under load a second is open behind it, on a connection of its own, all but its rows said and done. So PostgreSQL never
waits for this process, which judges meanwhile what comes next. (Two that write at once cost PostgreSQL half as much
again per event: they meet at the ends of the same indexes.)
"""

import asyncio
import contextlib
import time
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Self

import msgspec
import psycopg
import structlog
from prometheus_client import Counter as Metric
from prometheus_client import Histogram

from comptoir.ingest import seen
from comptoir.ingest.intake import Submission
from comptoir.ingest.plans import Compiled, plans
from comptoir.ingest.refused import refused, set_aside
from comptoir.ingest.seen import Seen
from comptoir.ingest.tally import FOLD, Counts, Flush
from comptoir.ingest.transaction import BARRIER, Line
from comptoir.kernel import log as event_log
from comptoir.kernel.coalesce import Coalescer
from comptoir.kernel.db import TRANSIENT, Database
from comptoir.kernel.errors import Unavailable

log = structlog.get_logger(__name__)

MAX_BATCH = 1_200
"""Events in one transaction. With more, less would be left to judge while they are written."""
ENOUGH = 24
"""Requests that wait, for which a second transaction begins behind the one under way, though it is not full: single
events would never fill it (a third more of them a second).
"""
FOLD_EVERY = 5.0
PLANS_EVERY = 2.0

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
        self._lines: list[Line] = []
        self._opened: dict[Line, set[bytes]] = {}
        """Transactions under way, and the keys that others of this process have written meanwhile."""
        self._feeding = asyncio.Lock()
        self._turning = asyncio.Lock()
        self._loading: asyncio.Task[None] | None = None
        self._offset = 0
        self._counts = Counts()
        self._coalescer = Coalescer(
            self._write,
            max_batch=MAX_BATCH,
            max_waiting=max_waiting,
            lanes=2,
            enough=ENOUGH,
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
        await self._turn(_day(self.now()))

    async def close(self) -> None:
        """Finish what was accepted, fold the counts."""
        await self._coalescer.close()
        if self._loading:
            self._loading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._loading
        with contextlib.suppress(psycopg.Error):
            await self.fold()
        while self._lines:
            await self._lines.pop().close()

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
            if self._lines:
                line = self._lines.pop()
                with contextlib.suppress(psycopg.OperationalError):
                    return await self._write_on(line, batch)
                # The server was restarted since: what was perhaps kept is found again as duplicates.
            try:
                return await self._write_on(await Line.connect(self._db.url), batch)
            except psycopg.OperationalError as error:
                raise Unavailable from error

    async def _write_on(self, line: Line, batch: list[Submission]) -> list[Receipt]:
        try:
            while True:
                whole = Flush.of(batch)
                try:
                    known = await self._record(line, whole)
                except psycopg.OperationalError:
                    raise
                except psycopg.DatabaseError:
                    wrong = await refused(line, self.now(), list(whole.rows.items()))
                    if not wrong:
                        raise
                    set_aside(batch, wrong)
                else:
                    break
        except BaseException:
            await line.close()
            raise
        self._lines.append(line)
        return self._receipts(batch, whole, known)

    async def _record(self, line: Line, whole: Flush) -> set[bytes]:
        """Write; return the keys that were there before."""
        keys = whole.rows.keys()
        ask: Collection[bytes] | None = None
        found: set[bytes] | None = None
        while True:
            # The counts travel ahead of PostgreSQL's answer, so they are guessed. If wrong, once more.
            known = self.seen.remembered(keys) if found is None else found
            day = self.seen.today
            written_since: set[bytes] = set()
            try:
                self._opened[line] = written_since
                opened = await line.open(
                    ask=self.seen.to_ask(keys, known) if ask is None else ask,
                    since=self.seen.since,
                    day=day,
                    letters=whole.letters,
                    counts=self._counts.of(whole, known),
                )
                self._offset = opened.stamp - time.time_ns() // 1000
                today = _day(opened.stamp)
                new = [row for key, row in whole.rows.items() if key not in known] if known else whole.rows.values()
                block = event_log.block(opened.stamp, new)
                async with self._feeding:
                    found = opened.known | written_since.intersection(keys)
                    if today == day and found == known:
                        self.seen.remember(keys)
                        line.feed(block)
                        await line.commit()
                        for others in self._opened.values():
                            others.update(keys)
                        return known
                await line.call_off()
                await self._turn(today)
            except (psycopg.errors.UniqueViolation, *TRANSIENT):
                # Another process has written one of them a moment ago: look all of them up.
                ask = keys
            except psycopg.errors.CheckViolation as error:
                if error.diag.constraint_name:
                    raise  # of a row; only the missing partition of a day has no name
                async with self._db.transaction() as tx:
                    await event_log.open_days(tx)
            finally:
                del self._opened[line]

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


def _day(moment: int) -> date:
    return (event_log.EPOCH + timedelta(microseconds=moment)).date()
