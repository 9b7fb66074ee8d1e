"""What all commands share: settings, a database that is ready, output for people and for programs."""

import asyncio
import contextlib
import getpass
import sys
from collections.abc import AsyncGenerator, Coroutine, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from comptoir.kernel import logs
from comptoir.kernel.auth import Actor
from comptoir.kernel.db import Database
from comptoir.kernel.migrate import migrate
from comptoir.kernel.postgres import database_url
from comptoir.kernel.settings import Settings

Result = TypeVar("Result")

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Where the embedded database lives; default ./.comptoir or COMPTOIR_DATA_DIR."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program instead of a table.")]


def load_settings(data_dir: Path | None, **overrides: object) -> Settings:
    """The settings of this command, with logs set up as they say."""
    settings = Settings.load(None, data_dir=data_dir, **overrides)
    logs.set_up(settings)
    return settings


def run(work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(work)


@contextlib.asynccontextmanager
async def ready_database(settings: Settings) -> AsyncGenerator[Database]:
    """The database, started if it is the embedded one, and migrated."""
    url = database_url(settings)
    await migrate(url)
    async with Database(url, size=4) as db:
        yield db


def operator() -> Actor:
    """Whoever sits at this terminal may do everything: they hold the database itself."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return Actor(kind="system", name=f"cli:{name}", scopes=frozenset({"*:admin"}))


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str = "") -> None:
    """A table on standard output, as wide as it needs to be where nobody looks."""
    console = Console(width=None if sys.stdout.isatty() else 10_000)
    drawn = Table(
        *columns, title=title or None, box=None, pad_edge=False, title_justify="left", show_header=any(columns)
    )
    for row in rows:
        drawn.add_row(*("" if value is None else str(value) for value in row))
    console.print(drawn, markup=False, highlight=False)


def complain(sentence: str) -> None:
    """One sentence on standard error."""
    Console(stderr=True).print(sentence, style="bold red", markup=False, highlight=False, soft_wrap=True)
