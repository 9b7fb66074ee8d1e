"""The pool, the ways to open a transaction (`Tx`, kernel/tx.py), and sets of rows as parameters.

A set travels as array literals (`ints`, `texts`, … unnested by the statement) or as one JSON document (`rows`, for
`json_to_recordset`): a list parameter costs psycopg five to ten times more.
"""

import asyncio
import contextlib
import math
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, LiteralString, Self, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

import msgspec
import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool

from comptoir.kernel.errors import Unavailable
from comptoir.kernel.tx import Tx

set_json_dumps(msgspec.json.encode)
set_json_loads(msgspec.json.decode)

log = structlog.get_logger(__name__)

Result = TypeVar("Result")
One = TypeVar("One")

TRANSIENT = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
"""Worth another try of the whole transaction: nothing of it was kept."""
ATTEMPTS = 8
PAUSE = 0.002
"""Seconds; twice as long after each attempt."""

OPTIONS = "-c jit=off -c timezone=UTC -c lock_timeout=10s -c search_path=jobs,public"
"""Our own SQL names every schema; the job queue's does not (kernel.jobs)."""


class Database:
    """A pool of connections and the ways to open a transaction on it."""

    def __init__(self, url: str, *, size: int = 10, idle: int = 1) -> None:
        """`size`: connections at most; `idle`: so many are kept open though nobody needs them."""
        self.url = url
        self._pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
            url,
            min_size=idle,
            max_size=size,
            open=False,
            timeout=30,
            kwargs={"autocommit": True, "options": OPTIONS},
            configure=self._note,
        )
        self._made: WeakKeyDictionary[AsyncConnection[Any], float] = WeakKeyDictionary()

    async def _note(self, connection: AsyncConnection[Any]) -> None:
        self._made[connection] = time.monotonic()

    def reaches_back(self, tx: Tx, moment: float) -> bool:
        """Whether the connection of `tx` is older than this (`time.monotonic()`).

        If so, the server has not crashed since: a crash ends every connection. What a `replayable` transaction has
        committed since then is there, though it may not be on the disk yet.
        """
        return self._made.get(tx.connection, math.inf) <= moment

    @property
    def pool(self) -> AsyncConnectionPool[AsyncConnection[Any]]:
        return self._pool

    async def open(self) -> None:
        await self._pool.open(wait=True)

    async def close(self) -> None:
        await self._pool.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(self) -> AsyncConnection[Any]:
        """A connection of one's own outside the pool: to LISTEN, or to write the log."""
        return await AsyncConnection.connect(self.url, autocommit=True)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Tx]:
        """Commit when the block ends, roll back when it raises."""
        async with self._pool.connection() as connection, transaction(connection) as tx:
            yield tx

    @asynccontextmanager
    async def replayable(self) -> AsyncGenerator[Tx]:
        """A transaction of what can be made again from the log: its commit does not wait for the disk.

        After a crash of the server it may be missing, together with all that were committed after it, and with the
        cursor that says how far the log was read.
        """
        begin: LiteralString = f"BEGIN; {SOON}; {APPENDS}"
        async with self._pool.connection() as connection, transaction(connection, begin=begin) as tx:
            yield tx

    @asynccontextmanager
    async def aside(self) -> AsyncGenerator[Tx]:
        """Replayable, and it must tell nothing: no reader of the log waits for it, however long it takes."""
        begin: LiteralString = f"BEGIN; {SOON}"
        async with self._pool.connection() as connection, transaction(connection, begin=begin) as tx:
            yield tx

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Tx]:
        """A read-only transaction with one snapshot for all its statements."""
        async with self._pool.connection() as connection, transaction(connection, begin=READING) as tx:
            yield tx

    @asynccontextmanager
    async def glance(self) -> AsyncGenerator[Tx]:
        """A read-only transaction of one message, by keys only: BEGIN, what is asked first, and COMMIT."""
        begin = READING, BY_INDEX
        async with self._pool.connection() as connection, travelling(connection, *begin, end=["COMMIT"]) as tx:
            yield tx

    @asynccontextmanager
    async def by_index(self) -> AsyncGenerator[Tx]:
        """A transaction whose statements read by keys only, whatever the statistics say.

        A plan that was made while a table was empty (at night, or on the first day) would read all of it for each
        batch of the next morning. BEGIN travels with the first statement: no `now` before it.
        """
        async with self._pool.connection() as connection, travelling(connection, "BEGIN", APPENDING_BY_INDEX) as tx:
            yield tx

    async def within(self, work: Callable[[Tx], Awaitable[Result]], *, by_index: bool = False) -> Result:
        """Run `work` in one transaction, again after a deadlock: it must be idempotent by reference."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self.by_index() if by_index else self.transaction() as tx:
                    return await work(tx)
            except TRANSIENT as error:
                if attempt == ATTEMPTS:
                    raise Unavailable("The same rows are in demand by many at once.") from error
                # Those who met part ways: else they meet again.
                await asyncio.sleep(random.uniform(0, PAUSE * 2**attempt))  # noqa: S311
            except psycopg.OperationalError as error:
                raise Unavailable(str(error)) from error
        raise AssertionError

    async def in_halves(self, many: Sequence[One], work: Callable[[Tx, Sequence[One]], Awaitable[int]]) -> int:
        """Do the work for all in one transaction. Where that fails it is done for either half, down to the one to
        blame, which is logged and passed over. Returns the sum of what the work returns.
        """
        if not many:
            return 0

        async def some(tx: Tx) -> int:
            return await work(tx, many)

        try:
            return await self.within(some)
        except Unavailable:
            raise
        except Exception:
            if len(many) == 1:
                log.exception("halves.passed_over", one=str(many[0]))
                return 0
        half = len(many) // 2
        return await self.in_halves(many[:half], work) + await self.in_halves(many[half:], work)


@asynccontextmanager
async def transaction(connection: AsyncConnection[Any], *, begin: LiteralString | None = None) -> AsyncGenerator[Tx]:
    """One transaction on a connection in autocommit mode; BEGIN and the clock travel together, as one message."""
    clock = await connection.execute(f"{begin or APPENDING}; {CLOCK}", prepare=False)
    async with _ended(connection):
        while clock.nextset():
            pass
        row = await clock.fetchone()
        assert row
        yield (tx := Tx(connection, row[0]))
        await tx.commit()


@asynccontextmanager
async def travelling(
    connection: AsyncConnection[Any], *begin: LiteralString, end: Sequence[LiteralString] = ()
) -> AsyncGenerator[Tx]:
    """The same, begun by these prepared statements together with what is asked first, and ended too by `end`."""
    async with _ended(connection):
        yield (tx := Tx(connection, begin=begin, end=end))
        await tx.commit()


@asynccontextmanager
async def _ended(connection: AsyncConnection[Any]) -> AsyncGenerator[None]:
    """What raises is rolled back."""
    try:
        yield
    except BaseException:
        if not connection.closed:
            # Who was cut off in the middle of a statement leaves a connection that the pool throws away.
            with contextlib.suppress(psycopg.OperationalError):
                await connection.execute("ROLLBACK")
        raise


CLOCK = "SELECT now() + shift FROM kernel.clock"
READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
SOON = "SET LOCAL synchronous_commit = off"
# Whoever may append to the log says so before its transaction has a number: see `consumers.HORIZON`.
APPENDERS: LiteralString = "5197, 64"
"""The two numbers of that lock, which pg_locks calls `classid` and `objid`; `objsubid` 2 says that there are two."""
APPENDS: LiteralString = f"SELECT pg_advisory_xact_lock_shared({APPENDERS})"
APPENDING: LiteralString = f"BEGIN; {APPENDS}"
BY_INDEX: LiteralString = """
    SELECT now() + shift, set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
           set_config('enable_mergejoin', 'off', true)
    FROM kernel.clock
"""
APPENDING_BY_INDEX: LiteralString = BY_INDEX.replace("FROM", f", pg_advisory_xact_lock_shared({APPENDERS}) FROM")


# ---- sets as parameters


# JSON lists look like array literals but for their brackets, and are written eight times faster than in Python.


def ints(values: Iterable[int | None]) -> str:
    """An array literal for `%(x)s::bigint[]`."""
    return "{" + msgspec.json.encode(values if isinstance(values, list) else list(values))[1:-1].decode() + "}"


def floats(values: Iterable[float]) -> str:
    """An array literal for `%(x)s::double precision[]`."""
    return "{" + ",".join(map(repr, values)) + "}"


def texts(values: Iterable[str | None]) -> str:
    """An array literal for `%(x)s::text[]`."""
    found = values if isinstance(values, list) else list(values)
    encoded = msgspec.json.encode(found)
    if b"\\" not in encoded:
        return "{" + encoded[1:-1].decode() + "}"
    # JSON escapes more than quotes and backslashes, and an array literal knows no other escapes.
    return "{" + ",".join(["NULL" if v is None else _quoted(v) for v in found]) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def uuids(values: Iterable[UUID]) -> str:
    """An array literal for `%(x)s::uuid[]`."""
    return "{" + msgspec.json.encode(list(values))[1:-1].decode() + "}"


def times(values: Iterable[datetime]) -> str:
    """An array literal for `%(x)s::timestamptz[]`."""
    return "{" + msgspec.json.encode(list(values))[1:-1].decode() + "}"


def rows(values: Sequence[Any]) -> str:
    """Many records as one JSON parameter, for `json_to_recordset(%(rows)s::json)`."""
    return msgspec.json.encode(values).decode()
