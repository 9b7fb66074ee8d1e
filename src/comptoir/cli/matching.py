"""`comptoir identity match`: who is one person in a file of records."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from comptoir.cli.terminal import DataDir, complain, load_settings, ready_database, run
from comptoir.identity import realtime
from comptoir.identity.matching.model import decode
from comptoir.kernel.errors import NotFound
from comptoir.server import alike

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
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="A column that the file calls otherwise: first_name=given_name, street=number+road (joined), "
            "source==till (a word for all records).",
            metavar="OURS=THEIRS",
        ),
    ] = None,
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
    mapping: dict[str, str] = {}
    for one in column or ():
        ours, between, theirs = one.partition("=")
        if not between or not ours or not theirs:
            complain(f"--column {one}: say OURS=THEIRS, first_name=given_name.")
            raise typer.Exit(2)
        mapping[ours] = theirs
    from comptoir.identity.matching import batch

    known = decode(model.read_bytes()) if model else None
    steps = [one for one in batch.STEPS if known is None or one != "train"]
    columns = TextColumn("{task.description:<8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=len(steps))

        def tell(step: str) -> None:
            progress.update(bar, description=step, completed=steps.index(step))

        done = batch.match(source, target, mapping=mapping, model=known, tell=tell)
        progress.update(bar, description="done", completed=len(steps))
    if save_model:
        save_model.write_bytes(done.model.encode())
    for name, many in done.unreadable.items():
        complain(f"{name}: {many:,} values cannot be read as what they should be, and were left out.")
    print(f"{done.records:,} records are {done.persons:,} people in {done.households:,} households.")


@identity.command()
def learn(
    version: Annotated[str | None, typer.Option(help="How the model is to be called; by the time otherwise.")] = None,
    use: Annotated[bool, typer.Option("--use", help="Have it judge at once.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Learn from all that is known of people how to tell who is who. Nothing has to be labelled.

    The model waits in the shadow until it is put to use (`--use`, or POST /v1/identity/models/VERSION/use). From then
    on every record that is new or changes is compared with everyone.
    """

    async def work() -> realtime.models.Version:
        async with ready_database(load_settings(data_dir)) as db:
            made = await alike.learn_anew(db, version=version)
            if use:
                async with db.transaction() as tx:
                    made = await realtime.models.put_to_use(tx, version=made.version)
            return made

    with Console(stderr=True).status("learning"):
        made = run(work())
    print(f"{made.version}: learnt from {made.records:,} records, {made.state}.")
