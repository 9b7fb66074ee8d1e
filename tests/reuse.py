"""What takes long to make is made once per worker and used again: a database that is wiped, an application."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import LiteralString

import psycopg
from psycopg_pool import AsyncConnectionPool

from comptoir.kernel.db import Database, Tx
from comptoir.kernel.settings import Settings


class Slate:
    """A database that is wiped between two tests, instead of dropped and copied again.

    To copy the template and to drop the copy takes PostgreSQL a third of a second, to wipe what a test has written a
    hundredth. Where a test has changed the schema itself, the copy is made anew.
    """

    def __init__(self, make: Callable[[], str]) -> None:
        """`make()` makes the database, in the place of the last one, and returns its URL."""
        self._make = make
        self.made = 0
        """How often; each time, whoever was connected to the last one is not any more."""
        self._begin()

    def _begin(self) -> None:
        self.url = self._make()
        self.made += 1
        self._connection = connection = psycopg.connect(self.url)
        with connection.transaction():
            self._schema = connection.execute(SCHEMA).fetchall()
            self._rows = {table: rows(connection, table) for table in filled(connection)}
            self._sequences = dict(connection.execute(SEQUENCES).fetchall())

    def wipe(self) -> None:
        """Every row, sequence and statistic is as it was made. Nobody else may be at work in it."""
        try:
            as_made = self._wiped()
        except psycopg.OperationalError:  # a test has ended every connection, or the server
            self._connection = psycopg.connect(self.url)
            as_made = self._wiped()
        if not as_made:
            self.close()
            self._begin()

    def close(self) -> None:
        self._connection.close()

    def _wiped(self) -> bool:
        with self._connection.transaction():
            # What a test has begun and not waited for.
            self._connection.execute(END_WHAT_RUNS)
            self._connection.execute(DROP_ITS_OWN_TABLES)
            if self._connection.execute(SCHEMA).fetchall() != self._schema:
                return False
            self._empty(self._connection)
            return True

    def _empty(self, connection: psycopg.Connection) -> None:
        as_made = {table for table, kept in self._rows.items() if rows(connection, table) == kept}
        written = set(filled(connection)) - as_made
        large = written.intersection(filled(connection, LARGE))
        if large:
            # Those that point at them are emptied too, also where they had rows from the first.
            connection.execute(f"TRUNCATE {', '.join(large)} CASCADE")
        connection.execute("SET LOCAL session_replication_role = replica")  # no trigger, no foreign key
        connection.execute("; ".join(f"DELETE FROM {table}" for table in written - large))
        for table, kept in self._rows.items():
            if rows(connection, table) != kept:
                with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write(kept)
        for name, value in connection.execute(SEQUENCES).fetchall():
            if value != self._sequences[name]:
                connection.execute(RESET, [name, self._sequences[name]])
        connection.execute(FORGET_STATISTICS)


FILLED = """
    SELECT oid::regclass::text FROM pg_class
    WHERE relkind = 'r' AND relpersistence <> 't' AND oid >= 16384 AND pg_relation_size(oid) > 0
    ORDER BY 1
"""
LARGE = """
    SELECT oid::regclass::text FROM pg_class
    WHERE relkind = 'r' AND relpersistence <> 't' AND oid >= 16384
      AND (pg_relation_size(oid) > 200000 OR reltuples >= 0)
"""
"""Or looked at by ANALYZE, which TRUNCATE makes forgotten. A few rows are sooner deleted: no new files are made, and
every connection keeps its plans."""


def filled(connection: psycopg.Connection, asked: LiteralString = FILLED) -> list[str]:
    """The tables that take up room: nothing was ever written into the others."""
    return [name for (name,) in connection.execute(asked).fetchall()]


def rows(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:
        return b"".join(copy)


END_WHAT_RUNS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND state <> 'idle'
      AND pid <> pg_backend_pid()
"""
DROP_ITS_OWN_TABLES = """
    DO $$
    DECLARE own regclass;
    BEGIN
        FOR own IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
            EXECUTE format('DROP TABLE %s CASCADE', own);
        END LOOP;
    END $$
"""
"""Those in `public`, where the house has none."""
# Of these, TRUNCATE changes pg_class only, and there nothing that is looked at.
SCHEMA = """
    SELECT 'class', count(*), max(oid::bigint), sum(relnatts + relchecks) FROM pg_class
    WHERE oid >= 16384 AND relpersistence <> 't' AND relnamespace NOT IN (
        SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg_toast%')
    UNION ALL SELECT 'trigger', count(*), max(xmin::text::bigint), 0 FROM pg_trigger
    UNION ALL SELECT 'function', count(*), max(xmin::text::bigint), 0 FROM pg_proc
    UNION ALL SELECT 'constraint', count(*), max(xmin::text::bigint), 0 FROM pg_constraint
    UNION ALL SELECT 'default', count(*), max(xmin::text::bigint), 0 FROM pg_attrdef
    UNION ALL SELECT 'setting', count(*), max(xmin::text::bigint), 0 FROM pg_db_role_setting
    UNION ALL SELECT 'schema', count(*), max(xmin::text::bigint), 0 FROM pg_namespace
    WHERE nspname NOT LIKE 'pg_temp%' AND nspname NOT LIKE 'pg_toast%'
"""
SEQUENCES = """
    SELECT oid::regclass::text, pg_sequence_last_value(oid) FROM pg_class
    WHERE relkind = 'S' AND relpersistence <> 't' AND oid >= 16384
"""
RESET = """
    SELECT setval(seqrelid, coalesce(asked.value, seqstart), asked.value IS NOT NULL)
    FROM pg_sequence, (SELECT %s::regclass AS name, %s::bigint AS value) AS asked WHERE seqrelid = asked.name
"""
FORGET_STATISTICS = "DELETE FROM pg_statistic WHERE starelid >= 16384"


async def empty(tx: Tx, tables: str) -> None:
    """What TRUNCATE does, in a twentieth of the time: it makes no new files, and every connection keeps its plans."""
    await tx.run("SET LOCAL session_replication_role = replica")  # no trigger, no foreign key
    await tx.connection.execute("; ".join(f"DELETE FROM {table}" for table in tables.split(",")))
    await tx.run("SET LOCAL session_replication_role = origin")


class Ground:
    """The worker's database for tests that commit, and the connections to it."""

    def __init__(self, slate: Slate) -> None:
        self.slate = slate
        self.db: Database | None = None
        self._of = 0

    async def wiped(self) -> Database:
        self.slate.wipe()
        if self.slate.made != self._of:
            await self.close()
            self.db = Database(self.slate.url, size=16)
            await self.db.open()
            self._of = self.slate.made
        assert self.db
        await self._begin_anew(self.db.pool)
        return self.db

    async def _begin_anew(self, pool: AsyncConnectionPool) -> None:
        """The connections forget what they were told, and the numbers they had taken ahead (`CACHE` of a sequence)."""
        connections = [await pool.getconn() for _ in range(pool.get_stats()["pool_available"])]
        for connection in connections:
            with contextlib.suppress(psycopg.OperationalError):  # its test ended it: the pool makes another
                await connection.execute("DISCARD SEQUENCES")
                await connection.execute("RESET ALL")
            await pool.putconn(connection)

    async def close(self) -> None:
        if self.db:
            await self.db.close()


CLOSED: dict[tuple[Database, str], list] = {}


@contextlib.asynccontextmanager
async def application(settings: Settings, db: Database):
    """The whole application as the server runs it; where one like it was left, that one is entered again."""
    from comptoir.server.app import create_app  # noqa: PLC0415  half a second, for those who ask

    closed = CLOSED.setdefault((db, repr(settings)), [])
    async with closed.pop() if closed else create_app(settings, db) as app:
        yield app
    closed.append(app)


@contextlib.asynccontextmanager
async def served(app):
    """The application behind a real socket, as its callers see it; the URL."""
    from comptoir.server.running import listen, serve_http  # noqa: PLC0415

    listening, stopping = listen("127.0.0.1", 0), asyncio.Event()
    port = listening.getsockname()[1]
    serving = asyncio.create_task(serve_http(app, listening, stopping))
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        stopping.set()
        await serving
