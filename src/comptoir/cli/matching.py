"""`comptoir identity match`: who is one person in a file of records."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from comptoir.cli.terminal import complain
from comptoir.identity import matching
from comptoir.kernel.errors import NotFound

identity = typer.Typer(help="Who is who.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(identity, name="identity")


@identity.callback()
def group() -> None:
    """Who is who."""


@identity.command()
def match(
    source: Annotated[Path, typer.Argument(help="A .parquet or .csv file of records.", metavar="IN")],
    target: Annotated[Path, typer.Argument(help="The .parquet file to write.", metavar="OUT")],
    model: Annotated[Path | None, typer.Option(help="Weights learnt before; without it they are learnt anew.")] = None,
    save_model: Annotated[Path | None, typer.Option(help="Keep the weights that were learnt here.")] = None,
) -> None:
    """Find the people in a file of records that share no key.

    Columns: record_id, source, and whichever of customer_code, first_name, last_name, email, phone, street, postcode,
    city, country, birth_date, loyalty_card, device_ids, created_at there are. Written: record_id, person_id,
    household_id, confidence.
    """
    if not source.is_file():
        raise NotFound(f"There is no file {source}.")
    if target.suffix.lower() != ".parquet":
        complain(f"{target.name}: the answer is written as Parquet, so its name ends in .parquet.")
        raise typer.Exit(2)
    known = matching.decode(model.read_bytes()) if model else None
    steps = [one for one in matching.STEPS if known is None or one != "train"]
    columns = TextColumn("{task.description:<8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=len(steps))

        def tell(step: str) -> None:
            progress.update(bar, description=step, completed=steps.index(step))

        done = matching.match(source, target, model=known, tell=tell)
        progress.update(bar, description="done", completed=len(steps))
    if save_model:
        save_model.write_bytes(done.model.encode())
    for column, many in done.unreadable.items():
        complain(f"{column}: {many:,} values cannot be read as what they should be, and were left out.")
    print(f"{done.records:,} records are {done.persons:,} people in {done.households:,} households.")
