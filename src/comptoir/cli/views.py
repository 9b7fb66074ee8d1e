"""The published views (`v_*` of every package), read under a role that can read them and nothing else."""

import csv
import importlib
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, LiteralString, cast

import msgspec
import psycopg
from psycopg import AsyncConnection, sql

from comptoir.cli.terminal import ready_database, table
from comptoir.kernel.errors import Invalid, NotFound
from comptoir.kernel.settings import Settings

BATCH = 10_000


class BadQuery(Invalid):
    """The query cannot be answered from the published views."""

    code = "cli.bad_query"


@asynccontextmanager
async def reader(settings: Settings, *, timeout: float) -> AsyncGenerator[AsyncConnection[Any]]:
    """A connection in a read-only transaction, as a role that sees only the published views."""
    async with ready_database(settings) as db:
        connection = await db.connect()
        try:
            await connection.execute(ROLE)
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            await connection.execute("SELECT set_config('statement_timeout', %s, true)", [f"{int(timeout * 1000)}ms"])
            await connection.execute("SET LOCAL ROLE comptoir_reader")
            yield connection
        finally:
            await connection.close()


# Views run with their owner's rights, so the reader needs none on the tables.
ROLE = """
    DO $$
    DECLARE view record;
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'comptoir_reader') THEN
            CREATE ROLE comptoir_reader NOLOGIN;
        END IF;
        EXECUTE format('GRANT comptoir_reader TO %I', current_user);
        FOR view IN SELECT schemaname, viewname FROM pg_views WHERE viewname LIKE 'v\\_%' LOOP
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO comptoir_reader', view.schemaname);
            EXECUTE format('GRANT SELECT ON %I.%I TO comptoir_reader', view.schemaname, view.viewname);
        END LOOP;
    END $$
"""


async def ask(settings: Settings, query: str, timeout: float) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The answer to one SELECT."""
    async with reader(settings, timeout=timeout) as connection:
        try:
            # Prepared, so that the server takes one statement and no second one behind a semicolon.
            cursor = await connection.execute(cast("LiteralString", query).encode(), prepare=True)
            names = [column.name for column in cursor.description or ()]
            return names, await cursor.fetchall() if cursor.description else []
        except psycopg.errors.QueryCanceled as error:
            raise BadQuery(f"It took longer than {timeout:g} s: narrow it, or raise --timeout.") from error
        except psycopg.Error as error:
            seen = ", ".join(await published(settings))
            raise BadQuery(f"{str(error).splitlines()[0].capitalize()}. Published are: {seen}.") from error


async def published(settings: Settings) -> list[str]:
    """The names of all published views."""
    async with ready_database(settings) as db, db.reading() as tx:
        return await tx.values(PUBLISHED)


PUBLISHED = """
    SELECT schemaname || '.' || viewname FROM pg_views WHERE viewname LIKE 'v\\_%' ORDER BY 1
"""


def show(names: Sequence[str], found: Sequence[tuple[Any, ...]], form: str) -> None:
    if form == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(names)
        writer.writerows(found)
    elif form == "json":
        for row in found:
            print(msgspec.json.encode(dict(zip(names, row, strict=True)), enc_hook=str).decode())
    elif form == "table":
        table(names, found)
    else:
        raise Invalid(f"--format {form}: say table, csv or json.")


async def export(settings: Settings, view: str, file: Path) -> int:
    """Write a view to a file, by and by; returns the number of rows."""
    if view not in await published(settings):
        raise NotFound(f"{view} is not published: `comptoir export list` shows what is.")
    if file.suffix.lower() not in {".csv", ".ndjson", ".parquet"}:
        raise Invalid(f"{file.name}: name it .csv, .ndjson or .parquet.")
    schema, _, name = view.partition(".")
    written = 0
    async with reader(settings, timeout=3600) as connection, connection.cursor(name="export") as cursor:
        await cursor.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, name)))
        sink = Sink(file, [column.name for column in cursor.description or ()])
        try:
            while rows := await cursor.fetchmany(BATCH):
                sink.write(rows)
                written += len(rows)
        finally:
            sink.close()
    return written


class Sink:
    """A file that takes rows."""

    def __init__(self, file: Path, names: list[str]) -> None:
        self._file = file
        self._names = names
        self._kind = file.suffix.lower()
        self._parquet: Any = None
        self._open = None if self._kind == ".parquet" else file.open("w", newline="", encoding="utf-8")
        if self._open and self._kind == ".csv":
            csv.writer(self._open).writerow(names)

    def write(self, rows: list[tuple[Any, ...]]) -> None:
        if self._kind == ".parquet":
            self._write_parquet(rows)
            return
        assert self._open
        if self._kind == ".csv":
            csv.writer(self._open).writerows(rows)
            return
        for row in rows:
            record = dict(zip(self._names, row, strict=True))
            self._open.write(msgspec.json.encode(record, enc_hook=str).decode() + "\n")

    def _write_parquet(self, rows: list[tuple[Any, ...]]) -> None:
        arrow: Any = importlib.import_module("pyarrow")
        parquet: Any = importlib.import_module("pyarrow.parquet")
        columns = {name: [plain(row[i]) for row in rows] for i, name in enumerate(self._names)}
        schema = self._parquet.schema if self._parquet else None
        batch = arrow.table(columns, schema=schema)
        if self._parquet is None:
            self._parquet = parquet.ParquetWriter(self._file, batch.schema)
        self._parquet.write_table(batch)

    def close(self) -> None:
        for one in (self._open, self._parquet):
            if one is not None:
                one.close()


def plain(value: Any) -> Any:
    """What Parquet has no type for, as text."""
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    return str(value) if type(value).__name__ in {"UUID", "Range"} else value
