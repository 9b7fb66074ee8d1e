"""What was agreed elsewhere before: `comptoir consent import`."""

import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from comptoir import consent
from comptoir.cli import files
from comptoir.cli.terminal import DataDir, complain, load_settings, operator, ready_database, run
from comptoir.kernel import log
from comptoir.kernel.db import Database
from comptoir.kernel.errors import Invalid, Refusal
from comptoir.kernel.http import refuse_nul
from comptoir.kernel.settings import Settings

app = typer.Typer(help="What people have agreed to.", no_args_is_help=True)
BATCH = 5_000
SHOWN = 10


def add_to(root: typer.Typer) -> None:
    root.add_typer(app, name="consent")


@app.command("import")
def import_consents(
    file: Annotated[
        Path, typer.Argument(help="A .csv, .ndjson or .parquet file, one choice each, as the API names it.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would come of it, and keep nothing.")] = False,
    errors: Annotated[Path | None, typer.Option("--errors", help="Write every refused row and its reason.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Choices as another system kept them. Reading a file again is safe; a bad row leaves out itself and no other.

    A row that does not say how it was said comes from an import, and `source` is the file's name.
    """
    settings = load_settings(data_dir)
    counts, refused = run(take(settings, file, dry_run=dry_run))
    if errors is not None:
        errors.write_text("".join(f"{number}\t{reason}\n" for number, reason in refused))
    would = "would be " if dry_run else ""
    print(f"{would}recorded: {counts[0]}, known already: {counts[1]}, refused: {len(refused)}.")
    for number, reason in refused[:SHOWN]:
        complain(f"row {number}: {reason}")
    if len(refused) > SHOWN:
        complain(f"… and {len(refused) - SHOWN} more.")
    if refused:
        raise typer.Exit(1)


async def take(settings: Settings, file: Path, *, dry_run: bool) -> tuple[tuple[int, int], list[tuple[int, str]]]:
    """How many are new and how many were known; rows refused, by number, with the reason."""
    if not file.exists():
        raise Invalid(f"There is no file {file}.")
    new = known = 0
    refused: list[tuple[int, str]] = []
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task(file.name, total=files.count(file))
        async with ready_database(settings) as db:
            async with db.transaction() as tx:
                await log.open_days(tx)
            choices = enumerate(told(file), 1)
            while batch := list(islice(choices, BATCH)):
                for number, answer in zip(
                    (number for number, _ in batch),
                    await recorded(db, [one for _, one in batch], settings, dry_run=dry_run),
                    strict=True,
                ):
                    if isinstance(answer, Refusal):
                        refused.append((number, answer.detail or answer.title()))
                    elif answer.new:
                        new += 1
                    else:
                        known += 1
                progress.advance(bar, len(batch))
    return (new, known), refused


def told(file: Path) -> Iterator[consent.NewChoice | Refusal]:
    """Row by row; a line that is no JSON object is refused alone."""
    if file.suffix.lower() not in {".ndjson", ".jsonl"}:
        yield from (read(row, file) for row in files.rows(file))
        return
    with file.open("rb") as lines:
        for line in lines:
            if line.strip():
                try:
                    refuse_nul(line)
                    yield read(msgspec.json.decode(line, type=dict[str, Any]), file)
                except Refusal as refusal:
                    yield refusal
                except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                    yield Invalid(str(error))


def read(row: dict[str, Any], file: Path) -> consent.NewChoice | Refusal:
    try:
        refuse_nul(msgspec.json.encode(row))
        told = {"origin": "import", "source": file.name[:200], **row}
        if "said_at" not in row:  # the same row of the same file is one choice
            row_hash = hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()
            told.setdefault("reference", f"row:{row_hash}")
        return msgspec.convert(told, consent.NewChoice, strict=False)
    except Refusal as refusal:
        return refusal
    except msgspec.ValidationError as error:
        return Invalid(str(error))


async def recorded(
    db: Database, batch: list[consent.NewChoice | Refusal], settings: Settings, *, dry_run: bool
) -> list[consent.Recorded | Refusal]:
    async with db.transaction() as tx, tx.trial() as trial:
        answers = await consent.record(tx, batch, actor=operator(), country=settings.country)
        if not dry_run:
            trial.keep()
        return answers
