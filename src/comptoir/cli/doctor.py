"""`comptoir doctor`: how this installation is, in a form that can be pasted into an issue. No secrets, no customers."""

import os
import platform
import shutil
import sys
from typing import Any

import msgspec
import psycopg
import typer

import comptoir
from comptoir.cli.terminal import DataDir, Json, load_settings, run, table
from comptoir.kernel import consumers, metrics, migrate
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.postgres import database_url
from comptoir.kernel.settings import Settings
from comptoir.server import health

SECRETS = {"database_url"}
WRITER_TOLERATED = 30.0
DISK_LEAST = 2.0


def add_to(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(as_json: Json = False, data_dir: DataDir = None) -> None:
    """Look at everything and say what is wrong. Exit code 1 when something is."""
    settings = load_settings(data_dir)
    report = about_machine(settings)
    troubles: list[str] = []
    free = float(report["disk free (GB)"])
    if free < DISK_LEAST:
        troubles.append(f"Only {free} GB are free on the disk of {settings.data_dir}.")
    try:
        run(about_database(settings, report, troubles))
    except psycopg.errors.UndefinedTable:
        troubles.append("The database is empty: `comptoir serve` makes the tables.")
    except psycopg.OperationalError as error:
        troubles.append(f"The database cannot be reached: {str(error).splitlines()[0]}")
    if as_json:
        print(msgspec.json.encode({"report": report, "troubles": troubles}).decode())
    else:
        table(("", ""), list(report.items()))
        print()
        print("\n".join(f"✗ {trouble}" for trouble in troubles) or "✓ Nothing is wrong.")
    raise typer.Exit(1 if troubles else 0)


def about_machine(settings: Settings) -> dict[str, Any]:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    values = msgspec.structs.asdict(settings)
    changed = {
        name: "(set)" if name in SECRETS else str(value)
        for name, value in values.items()
        if value != getattr(Settings(), name)
    }
    return {
        "comptoir": comptoir.__version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "disk free (GB)": round(shutil.disk_usage(settings.data_dir).free / 1e9, 1),
        "settings": ", ".join(f"{name}={value}" for name, value in changed.items()) or "(defaults)",
    }


async def about_database(settings: Settings, report: dict[str, Any], troubles: list[str]) -> None:
    async with Database(database_url(settings), size=2) as db, db.reading() as tx:
        report["postgresql"] = await tx.value("SHOW server_version")
        report["database (MB)"] = await tx.value("SELECT pg_database_size(current_database()) / 1000000")
        report["fsync/synchronous_commit"] = await tx.value(
            "SELECT current_setting('fsync') || '/' || current_setting('synchronous_commit')"
        )
        await about_work(tx, report, troubles)


async def about_work(tx: Tx, report: dict[str, Any], troubles: list[str]) -> None:
    applied: dict[str, str] = dict(await tx.tuples("SELECT name, checksum FROM kernel.migration"))
    missing = [name for name in migrate.files() if name not in applied]
    changed = migrate.changed(applied)
    report["migrations"] = f"{len(applied)} applied, {len(missing)} missing, {len(changed)} changed since"
    if missing:
        troubles.append(f"Migrations are missing: {', '.join(missing)}. `comptoir serve` applies them.")
    if changed:
        troubles.append(f"The database was made by another version, which had other: {', '.join(changed)}.")
    for lag in await consumers.lags(tx):
        report[f"consumer {lag.consumer}"] = f"{lag.events} events, {lag.seconds:.1f} s behind"
        if lag.seconds > health.LAG_TOLERATED:
            troubles.append(f"The consumer {lag.consumer} is {lag.seconds:.0f} s behind: is a worker running?")
    oldest = await metrics.oldest_writer(tx)
    report["oldest transaction that may append (s)"] = round(oldest, 1)
    if oldest > WRITER_TOLERATED:
        troubles.append(
            f"A transaction that may append has been open for {oldest:.0f} s: all readers of the log wait for it."
        )
    parked = await tx.value("SELECT count(*) FROM kernel.parked_event")
    report["parked events"] = parked
    if parked:
        troubles.append(f"{parked} events could not be digested: hand them in again under Data quality, Consumers.")
    failed = await tx.value("SELECT count(*) FROM jobs.procrastinate_jobs WHERE status = 'failed'")
    report["failed jobs"] = failed
    if failed:
        troubles.append(f"{failed} background jobs have failed for good: see jobs.procrastinate_jobs.")
    report["workers alive"] = await health.workers(tx)
