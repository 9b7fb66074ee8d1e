"""The log: everything that happened, append-only, in day partitions and 64 lanes.

A lane keeps the order of what concerns one identifier; consumers (kernel.consumers) read lanes in parallel. Rows are
packed for binary COPY. Kafka maps onto it: topic partition = lane, offset = (xid, position).

Sequence order is not commit order: a reader goes by `(xid, position)` and stops below the oldest transaction that may
still append, so nothing can appear behind its cursor. Hence such transactions must be short: all readers wait.
"""

import struct
import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import msgspec
from psycopg import sql

from comptoir.kernel.db import Database, rows
from comptoir.kernel.ids import uuid7
from comptoir.kernel.time import PG_EPOCH_MICROSECONDS
from comptoir.kernel.tx import Asked, Tx

LANES = 64


class Event(msgspec.Struct, frozen=True, gc=False):
    """One row of the log, as consumers see it. `body` is JSON text."""

    lane: int
    xid: int
    position: int
    kind: str
    name: str
    source_id: int | None
    occurred_at: datetime
    recorded_at: datetime
    body: str


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """What an operation tells those above it. A subclass sets `kind` ("orders.sale_recorded")."""

    kind: ClassVar[str]

    def lane_key(self) -> str:
        """Facts with one key are read in order."""
        raise NotImplementedError

    def when(self, now: datetime) -> datetime:
        """When it happened, where that is not now."""
        return now

    def label(self) -> str:
        """The name shown beside the kind; empty for most."""
        return ""


async def tell(tx: Tx, facts: Iterable[Fact]) -> None:
    """Append facts and wake the consumers."""
    recorded = microseconds(tx.now)
    await append(
        tx,
        [
            row(
                lane=lane(fact.lane_key()),
                kind=fact.kind.encode(),
                name=fact.label().encode(),
                source_id=None,
                occurred=microseconds(fact.when(tx.now)),
                recorded=recorded,
                key=uuid7().bytes,
                body=msgspec.json.encode(fact),
            )
            for fact in facts
        ],
    )


def told(tx: Tx, facts: Iterable[Fact]) -> Asked:
    """The same for a few facts, as a statement that travels with others (`Tx.together`)."""
    told_rows = [
        {
            "lane": lane(fact.lane_key()),
            "kind": fact.kind,
            "name": fact.label(),
            "occurred_at": fact.when(tx.now),
            "key": uuid7(),
            "body": msgspec.json.encode(fact).decode(),
        }
        for fact in facts
    ]
    return TELL, {"facts": rows(told_rows), "now": tx.now}


TELL = """
    WITH told AS (
        INSERT INTO kernel.event (recorded_at, kind, lane, occurred_at, key, name, body)
        SELECT %(now)s, kind, lane, occurred_at, key, name, body
        FROM json_to_recordset(%(facts)s::json) AS f (kind text, lane smallint, occurred_at timestamptz, key uuid,
            name text, body text)
    )
    SELECT pg_notify('comptoir_log', '')
"""


async def append(tx: Tx, packed: Sequence[bytes]) -> None:
    """Append rows made by `row`. Unseen by consumers until the transaction commits."""
    if not packed:
        return
    await tx.copy(COPY, b"".join((COPY_HEAD, *packed, COPY_TAIL)))
    await tx.run(WAKE)


# The first column is the stamp, so that rows packed early get the moment of their transaction by one join.
COPY = "COPY kernel.event (recorded_at, kind, source_id, lane, occurred_at, key, name, body) FROM STDIN (FORMAT binary)"
WAKE = "NOTIFY comptoir_log"
COPY_HEAD, COPY_TAIL = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"


# ---- one row, packed (PostgreSQL manual, COPY, "Binary Format")

_stamp = struct.Struct("!hiq").pack  # number of columns, then recorded_at
fixed = struct.Struct("!ihiqi16si").pack
"""Lane, occurred_at, key and the length of the name: `fixed(2, lane, 8, since_2000, 16, key, len(name))`."""
length = struct.Struct("!i").pack
_short = struct.Struct("!ih").pack
_NULL = length(-1)


def row(
    *,
    lane: int,
    kind: bytes,
    name: bytes,
    source_id: int | None,
    occurred: int,
    recorded: int,
    key: bytes,
    body: bytes,
) -> bytes:
    """One row for `append`. Times are Unix microseconds; `key` (16 bytes) is unique within its day."""
    return b"".join(
        (
            stamp(recorded),
            origin(kind, source_id),
            fixed(2, lane, 8, occurred - PG_EPOCH_MICROSECONDS, 16, key, len(name)),
            name,
            length(len(body)),
            body,
        )
    )


def stamp(recorded: int) -> bytes:
    """The beginning of a row: the number of its columns and the first of them, recorded_at."""
    return _stamp(8, 8, recorded - PG_EPOCH_MICROSECONDS)


def origin(kind: bytes, source_id: int | None) -> bytes:
    """The columns kind and source_id, the same for all events of one kind from one source."""
    return length(len(kind)) + kind + (_NULL if source_id is None else _short(2, source_id))


def block(recorded: int, unstamped: Iterable[bytes]) -> bytes:
    """What COPY wants for rows that were packed without their stamp."""
    pieces = [COPY_HEAD, *unstamped]
    pieces[-1] += COPY_TAIL  # a copy of one row instead of all
    return stamp(recorded).join(pieces)


def columns(unstamped: bytes) -> list[bytes]:
    """A packed row taken apart: kind, source_id, lane, occurred_at, key, name, body."""
    found: list[bytes] = []
    at = 0
    while at < len(unstamped):
        size = int.from_bytes(unstamped[at : at + 4], "big", signed=True)
        found.append(unstamped[at + 4 : at + 4 + max(size, 0)])
        at += 4 + max(size, 0)
    return found


def lane(key: str) -> int:
    return zlib.crc32(key.encode()) % LANES


def microseconds(moment: datetime) -> int:
    """Unix microseconds, exactly (a float timestamp loses the last digit)."""
    delta = moment - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# ---- days


async def open_days(tx: Tx, *, ahead: int = 2) -> None:
    """Make the partitions of today and the days ahead. Run at start, by a timer, and when the clock is moved."""
    today = tx.now.astimezone(UTC).date()
    for offset in range(ahead + 1):
        await open_day(tx, today + timedelta(days=offset))


async def open_day(tx: Tx, day: date) -> None:
    await tx.run("SELECT kernel.open_day(%(day)s)", day=day)


async def settle_days(db: Database) -> list[str]:
    """Vacuum the partitions of days that are over, each once: nothing did while they grew. Returns their names."""
    async with db.reading() as tx:
        over = await tx.values(OVER, today=tx.now.astimezone(UTC).date())
    connection = await db.connect()
    try:
        for name in over:
            part = sql.Identifier("kernel", name)
            await connection.execute(sql.SQL("VACUUM (FREEZE, ANALYZE) {}").format(part))
            await connection.execute(sql.SQL(SETTLED).format(part))
    finally:
        await connection.close()
    return over


OVER = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'kernel'::regnamespace AND relname ~ '^event_[0-9]{8}$'
      AND reloptions @> '{autovacuum_vacuum_insert_threshold=-1}'
      AND relname < 'event_' || to_char(%(today)s::date, 'YYYYMMDD')
    ORDER BY relname
"""
SETTLED = "ALTER TABLE {} RESET (autovacuum_vacuum_insert_threshold, autovacuum_analyze_scale_factor)"


async def read(tx: Tx, *, day: date, position: int) -> dict[str, Any] | None:
    """The body of one event of the log, found by where a projection says it lies."""
    body = await tx.value(
        "SELECT body FROM kernel.event WHERE recorded_at >= %(day)s AND recorded_at < %(day)s::date + 1"
        " AND position = %(position)s",
        day=day,
        position=position,
    )
    return None if body is None else msgspec.json.decode(body)


# ---- what people have the right to have forgotten


class Rewritten(msgspec.Struct, frozen=True):
    """An event of the log, as it stands from now on."""

    position: int
    recorded_at: datetime
    kind: str
    name: str
    body: str


ERASED = "kernel.erased"
"""The kind of an event of somebody who was erased: that something happened stays, in its place."""


async def rewrite(tx: Tx, events: Sequence[Rewritten]) -> int:
    """The one exception to "append-only": what the law wants to be gone is taken out in place. A day at a time."""
    done = 0
    for day in sorted({one.recorded_at.astimezone(UTC).date() for one in events}):
        some = [one for one in events if one.recorded_at.astimezone(UTC).date() == day]
        done += await tx.run(REWRITE, day=day, events=rows(some))
    return done


async def empty(tx: Tx, events: Iterable[Event]) -> int:
    """Empty these events."""
    return await rewrite(tx, [Rewritten(one.position, one.recorded_at, ERASED, "", "{}") for one in events])


REWRITE = """
    UPDATE kernel.event AS e SET kind = r.kind, name = r.name, body = r.body
    FROM json_to_recordset(%(events)s::json) AS r (position bigint, kind text, name text, body text)
    WHERE e.recorded_at >= %(day)s::date AND e.recorded_at < %(day)s::date + 1 AND e.position = r.position
"""
