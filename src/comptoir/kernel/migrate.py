"""Migrations: plain SQL files, applied once, in order, under an advisory lock.

`migrations/NNNN_package_what.sql`. A file that was changed after it was applied is refused. Waiting longer than four
seconds for a lock or running longer than a minute gives up, so that a migration never freezes a shop's day.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import psycopg

from comptoir.kernel.errors import Conflict
from comptoir.kernel.rules.folding import fold_without_casefold

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
            if names := changed(applied, folder):
                # Until the first release they are edited; afterwards the way out is a new one.
                raise MigrationChanged(
                    f"{', '.join(names)}: not what this database was made by. Go back to the version that made it, "
                    "or begin anew with an empty data folder."
                )
            now = [name for name in files(folder) if await _apply(connection, folder / name, applied)]
            await fold_without_casefold(connection)
            return now
        finally:
            await connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def files(folder: Path = MIGRATIONS) -> list[str]:
    return sorted(path.name for path in folder.glob("[0-9]*.sql"))


def changed(applied: Mapping[str, str], folder: Path = MIGRATIONS) -> list[str]:
    """Files that are no longer what was applied, by their checksums in kernel.migration."""
    return [name for name in files(folder) if name in applied and applied[name] != _checksum(folder / name)]


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def _apply(connection: psycopg.AsyncConnection, path: Path, applied: Mapping[str, str]) -> bool:
    if path.name in applied:
        return False
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '4s'")
        await connection.execute("SET LOCAL statement_timeout = '60s'")
        await connection.execute(path.read_bytes())
        await connection.execute(
            "INSERT INTO kernel.migration (name, checksum) VALUES (%s, %s)", [path.name, _checksum(path)]
        )
    return True
