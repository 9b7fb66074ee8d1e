"""Migrations: plain SQL files, applied once, in order, under an advisory lock.

`migrations/NNNN_package_what.sql`. A file that was changed after it was applied is refused. Waiting longer than four
seconds for a lock or running longer than a minute gives up, so that a migration never freezes a shop's day.
"""

import hashlib
from pathlib import Path

import psycopg

from comptoir.kernel.errors import Conflict

MIGRATIONS = Path(__file__).parents[1] / "migrations"
LOCK = 0x636F6D70746F6972  # "comptoir"


class MigrationChanged(Conflict):
    """A migration was changed after it had been applied."""

    code = "kernel.migration_changed"


async def migrate(url: str, folder: Path = MIGRATIONS) -> list[str]:
    """Apply what is missing; return the names applied now. Safe to run from many processes at once."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            found = await connection.execute("SELECT to_regclass('kernel.migration')")
            fresh = (await found.fetchone() or (None,))[0] is None
            applied: dict[str, str] = {}
            if not fresh:
                rows = await connection.execute("SELECT name, checksum FROM kernel.migration")
                applied = dict(await rows.fetchall())
            return [name for name in files(folder) if await _apply(connection, folder / name, applied)]
        finally:
            await connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def files(folder: Path = MIGRATIONS) -> list[str]:
    return sorted(path.name for path in folder.glob("[0-9]*.sql"))


async def _apply(connection: psycopg.AsyncConnection, path: Path, applied: dict[str, str]) -> bool:
    text = path.read_text()
    checksum = hashlib.sha256(text.encode()).hexdigest()
    if path.name in applied:
        if applied[path.name] != checksum:
            raise MigrationChanged(f"{path.name} is not what was applied: write a new migration.")
        return False
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '4s'")
        await connection.execute("SET LOCAL statement_timeout = '60s'")
        await connection.execute(text.encode())
        await connection.execute("INSERT INTO kernel.migration (name, checksum) VALUES (%s, %s)", [path.name, checksum])
    return True
