"""One transaction of events in two round trips to PostgreSQL.

PostgreSQL works off a message of several statements in order, and one of them may be a COPY. So everything from BEGIN
to COMMIT is sent at once. It answers with its clock and with the keys that it knows, and waits for the rows; having
them it goes on to the commit. Until the rows are complete the transaction can still be called off.

This process answers hundreds of requests between two looks at a socket: with a round trip for each statement, and
psycopg's COPY in pieces of 32 KB, PostgreSQL spent half its time waiting. Hence libpq directly (psycopg.pq).
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg
from psycopg import pq

from comptoir.ingest.intake import Letter
from comptoir.kernel import log
from comptoir.kernel.db import APPENDING, rows

BARRIER = 0x636F6D7074_0001
"""Advisory lock: shared by every transaction that stamps events, exclusive for the turn of the day."""

OPTIONS = (
    # Looking up keys must use the index also in a partition that was empty when the plan was made.
    "-c timezone=UTC -c jit=off -c enable_seqscan=off -c enable_bitmapscan=off -c lock_timeout=10s"
    " -c plan_cache_mode=force_generic_plan"
)


SEND_BUFFER = 1 << 20
"""Bytes; the system may allow less."""


class Opened(msgspec.Struct):
    """What PostgreSQL says before it takes the rows."""

    stamp: int
    """Unix microseconds by the installation's clock, read under the barrier."""
    known: set[bytes]
    """Those of the keys asked for that are recorded."""


class Line:
    """A connection for transactions of events: `open`, `feed`, then `commit` or `call_off`."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection
        self._pgconn = connection.pgconn
        self._text = psycopg.AsyncClientCursor(connection)

    @classmethod
    async def connect(cls, url: str) -> "Line":
        connection = await psycopg.AsyncConnection.connect(url, autocommit=True, options=OPTIONS)
        # Room for all rows of a transaction: PostgreSQL need not wait until this process looks again.
        with socket.socket(fileno=os.dup(connection.pgconn.socket)) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        await connection.execute(PREPARE)
        return cls(connection)

    async def close(self) -> None:
        await self._connection.close()

    async def open(
        self,
        *,
        ask: Collection[bytes],
        since: datetime,
        day: date,
        letters: Sequence[tuple[int, Letter]],
        counts: Sequence[Any],
    ) -> Opened:
        """Send the transaction; return when PostgreSQL waits for the rows."""
        bury = [BURY] if letters else []
        statements = [APPENDING, CLOCK, *([KNOWN] if ask else []), log.COPY, *bury, TALLY, log.WAKE, "COMMIT"]
        message = self._text.mogrify(
            "; ".join(statements).encode(),
            {
                "barrier": BARRIER,
                "keys": "{" + ",".join([key.hex() for key in ask]) + "}",
                "since": since,
                "letters": rows(_packed(letters)),
                "day": day,
                "counts": rows(counts),
            },
        )
        self._pgconn.send_query(message.encode())
        clock, *found = [one for one in await self._results() if one.status == pq.ExecStatus.TUPLES_OK][2:]
        known = {
            bytes.fromhex(value.decode().replace("-", ""))
            for one in found
            for n in range(one.ntuples)
            if (value := one.get_value(n, 0))
        }
        return Opened(int(clock.get_value(0, 0) or b""), known)

    def feed(self, block: bytes) -> None:
        """Hand over the rows (`log.block`). They flow while `commit` is awaited."""
        self._pgconn.put_copy_data(block)

    async def commit(self) -> None:
        """The rows are complete: durable when it returns. Raises PostgreSQL's refusal, after the rollback."""
        self._pgconn.put_copy_end()
        await self._results()

    async def rehearse(self, stamp: int, unstamped: Iterable[bytes]) -> None:
        """Write the rows and keep nothing. Raises PostgreSQL's refusal, after the rollback."""
        self._pgconn.send_query(f"BEGIN; {log.COPY}; ROLLBACK".encode())
        await self._results()
        self.feed(log.block(stamp, unstamped))
        await self.commit()

    async def call_off(self) -> None:
        """End the transaction without a trace."""
        self._pgconn.put_copy_end(b"called off")
        with contextlib.suppress(psycopg.errors.QueryCanceled):
            await self._results()

    async def _results(self) -> list[pq.abc.PGresult]:
        """What PostgreSQL says until it waits for us. Raises the first error, after the rollback."""
        pgconn = self._pgconn
        while pgconn.flush():
            await self._ready(writing=True)
            pgconn.consume_input()
        found: list[pq.abc.PGresult] = []
        while not found or found[-1].status != pq.ExecStatus.COPY_IN:
            while pgconn.is_busy():
                await self._ready()
                pgconn.consume_input()
            if (result := pgconn.get_result()) is None:
                break
            found.append(result)
        if failed := [one for one in found if one.status == pq.ExecStatus.FATAL_ERROR]:
            error = psycopg.errors.error_from_result(failed[0])
            if pgconn.status != pq.ConnStatus.OK:
                raise psycopg.OperationalError(str(error))
            if pgconn.transaction_status != pq.TransactionStatus.IDLE:
                pgconn.send_query(b"ROLLBACK")
                await self._results()
            raise error
        return found

    async def _ready(self, *, writing: bool = False) -> None:
        """Wait until the socket has something for us or, `writing`, room for more."""
        loop, fd = asyncio.get_running_loop(), self._pgconn.socket
        ready = loop.create_future()

        def wake() -> None:
            if not ready.done():
                ready.set_result(None)

        loop.add_reader(fd, wake)
        if writing:
            loop.add_writer(fd, wake)
        try:
            await ready
        finally:
            loop.remove_reader(fd)
            if writing:
                loop.remove_writer(fd)


PREPARE = """
    PREPARE ingest_known (uuid[], timestamptz) AS
    SELECT key FROM kernel.event WHERE key = ANY($1) AND recorded_at >= $2
"""

# Not now(): the moment must be read after the barrier was taken.
CLOCK = """
    SELECT pg_advisory_xact_lock_shared(%(barrier)s);
    SELECT (extract(epoch FROM clock_timestamp() + shift) * 1000000)::bigint FROM kernel.clock
"""

KNOWN = "EXECUTE ingest_known(%(keys)s, %(since)s)"

BURY = """
    INSERT INTO ingest.dead_letter AS d
        (source_id, body_key, received_at, last_received_at, reason, detail, event_type, event_name, body)
    SELECT source_id, body_key::uuid, clock_timestamp() + shift, clock_timestamp() + shift, reason, detail,
           event_type, event_name, decode(body, 'base64')
    FROM kernel.clock, json_to_recordset(%(letters)s::json) AS letter (source_id smallint, body_key text,
        reason text, detail text, event_type text, event_name text, body text)
    ON CONFLICT (source_id, body_key) WHERE state = 'waiting'
    DO UPDATE SET times = d.times + 1, last_received_at = excluded.last_received_at,
        reason = excluded.reason, detail = excluded.detail
"""

TALLY = "INSERT INTO ingest.tally (day, counts) VALUES (%(day)s, %(counts)s::json)"


def _packed(letters: Sequence[tuple[int, Letter]]) -> list[dict[str, Any]]:
    """Each letter once: ON CONFLICT cannot touch a row twice; in order of their keys, so that two never deadlock."""
    once = {(source_id, one.key): one for source_id, one in letters}
    return [
        {
            "source_id": source_id,
            "body_key": key.hex(),
            "reason": one.reason,
            "detail": one.detail,
            "event_type": one.call,
            "event_name": one.name,
            "body": one.body,
        }
        for (source_id, key), one in sorted(once.items(), key=lambda item: item[0])
    ]
