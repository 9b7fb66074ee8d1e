"""Data in and out: import, export, sql, price-differences, replay, reconcile."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from comptoir import catalog, channels, connectors, orders, pricing
from comptoir.cli import books, files, receipts, views
from comptoir.cli.terminal import DataDir, Json, complain, load_settings, ready_database, run, table
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid, Refusal
from comptoir.kernel.settings import Settings

Row = TypeVar("Row", bound=msgspec.Struct)
File = Annotated[
    Path, typer.Argument(help="A .csv, .ndjson or .parquet file, one row each, with the API's field names.")
]
SHOWN = 10

imports = typer.Typer(
    help="Read a file, as if it were sent to the API. Reading it again is safe.", no_args_is_help=True
)


def add_to(app: typer.Typer) -> None:
    app.add_typer(imports, name="import")
    app.command("export")(export_view)
    app.command()(sql)
    app.command("price-differences")(price_differences)
    app.command()(replay)
    app.command()(reconcile)


@imports.command("outlets")
def import_outlets(file: File, data_dir: DataDir = None) -> None:
    """Shops and other outlets, known by their code. Country, zone and currency default to the settings."""
    settings = load_settings(data_dir)
    defaults = {"country": settings.country, "time_zone": settings.time_zone, "currency": settings.currency}

    async def record(tx: Tx, batch: list[channels.OutletEntry]) -> list[str]:
        await channels.record_outlets(tx, outlets=batch)
        return []

    take(settings, file, channels.OutletEntry, record, batch=500, defaults=defaults)


@imports.command("catalog")
def import_catalog(file: File, data_dir: DataDir = None) -> None:
    """Products with their variants, known by their code."""

    async def record(tx: Tx, batch: list[catalog.NewProduct]) -> list[str]:
        done = await catalog.import_products(tx, batch)
        return [f"{batch[row.row].code}: {row.detail}" for row in done.refused]

    take(load_settings(data_dir), file, catalog.NewProduct, record, batch=5_000)


@imports.command("sales")
def import_sales(file: File, data_dir: DataDir = None) -> None:
    """Receipts with their lines, known by outlet and number."""

    async def record(tx: Tx, batch: list[orders.NewSale]) -> list[str]:
        answers = await orders.record(tx, batch)
        return [
            f"{sale.outlet} {sale.number}: {answer.detail}"
            for sale, answer in zip(batch, answers, strict=True)
            if isinstance(answer, Refusal)
        ]

    take(load_settings(data_dir), file, orders.NewSale, record, batch=1_000)


@imports.command("receipts")
def import_receipts(
    file: Annotated[Path, typer.Argument(help="An export of a till: CSV, one line of a receipt each.")],
    mapping: Annotated[Path, typer.Option("--mapping", help="A .toml or .json file: which column is what.")],
    errors: Annotated[Path | None, typer.Option("--errors", help="Write every refused line and its reason.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Receipts from a till's export (Odoo and others), by a mapping of its columns.

    Receipts are known by outlet and number. A bad line leaves out its receipt and nothing else. No stock moves.
    """
    receipts.take(load_settings(data_dir), file, connectors.load(mapping), errors)


@imports.command("orders")
def import_orders(
    file: Annotated[Path, typer.Argument(help="Orders as the platform's API gives them: JSON or NDJSON.")],
    platform: Annotated[connectors.Platform, typer.Option("--platform", help="shopify or woocommerce.")],
    outlet: Annotated[str, typer.Option("--outlet", help="Code of the outlet that it is here.")],
    data_dir: DataDir = None,
) -> None:
    """The history of a shop on Shopify or WooCommerce: its orders become sales. No stock moves."""
    receipts.take_orders(load_settings(data_dir), file, platform, outlet)


def take(
    settings: Settings,
    file: Path,
    kind: type[Row],
    record: Callable[[Tx, list[Row]], Awaitable[Sequence[str]]],
    *,
    batch: int,
    defaults: dict[str, Any] | None = None,
) -> None:
    """Read, convert and record in batches, each its own transaction; tell what was refused and go on."""
    refused: list[str] = []
    taken = 0

    async def work() -> None:
        nonlocal taken
        async with ready_database(settings) as db:
            waiting: list[Row] = []

            async def flush() -> None:
                async with db.transaction() as tx:
                    refused.extend(await record(tx, waiting))
                progress.advance(bar, len(waiting))
                waiting.clear()

            for number, row in enumerate(files.rows(file), 1):
                taken += 1
                try:
                    waiting.append(msgspec.convert({**(defaults or {}), **row}, kind, strict=False))
                except msgspec.ValidationError as error:
                    refused.append(f"row {number}: {error}")
                    progress.advance(bar)
                if len(waiting) >= batch:
                    await flush()
            if waiting:
                await flush()

    if not file.exists():
        raise Invalid(f"There is no file {file}.")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task(file.name, total=files.count(file))
        run(work())
    print(f"{taken} rows read, {taken - len(refused)} recorded, {len(refused)} refused.")
    for line in refused[:SHOWN]:
        complain(line)
    if len(refused) > SHOWN:
        complain(f"… and {len(refused) - SHOWN} more.")
    if refused:
        raise typer.Exit(1)


def export_view(
    view: Annotated[str, typer.Argument(help="A published view, such as orders.v_sale; `list` shows them.")],
    file: Annotated[Path | None, typer.Argument(help="A .csv, .ndjson or .parquet file to write.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Write a published view to a file."""
    settings = load_settings(data_dir)
    if file is None or view == "list":
        table(("view",), [[name] for name in run(views.published(settings))])
        return
    print(f"{run(views.export(settings, view, file))} rows written to {file}.")


def sql(
    query: Annotated[str, typer.Argument(help="One SELECT on the published views (v_*).")],
    form: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table",
    timeout: Annotated[float, typer.Option(min=0.1, max=3600, help="Seconds after which it is given up.")] = 30,
    data_dir: DataDir = None,
) -> None:
    """Ask the published views. Nothing can be changed and nothing else can be read."""
    settings = load_settings(data_dir)
    names, found = run(views.ask(settings, query, timeout))
    views.show(names, found, form)


def price_differences(
    currency: Annotated[str, typer.Option(help="ISO 4217; default: the settings'.")] = "",
    group: Annotated[str, typer.Option(help="As a customer group pays.")] = "",
    at: Annotated[datetime | None, typer.Option(help="At this moment, UTC; default: now.")] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Where the same article does not cost the same.

    For each place its price and why: the list that is bound to it, or that no rule says so. Exit code 1 where a price
    differs without a rule.
    """
    settings = load_settings(data_dir)

    async def found() -> list[pricing.Difference]:
        async with ready_database(settings) as db, db.reading() as tx:
            return await pricing.differences(
                tx,
                currency=currency or settings.currency,
                group=group or None,
                at=at.replace(tzinfo=UTC) if at else None,
                limit=10**9,
            )

    differing = run(found())
    if as_json:
        for one in differing:
            print(msgspec.json.encode(one).decode())
    else:
        table(
            ("sku", "place", "price", "list", "why"),
            [
                (one.sku, place.outlet or place.channel, place.amount_minor, place.price_list, place.why)
                for one in differing
                for place in one.places
            ],
        )
    raise typer.Exit(0 if all(one.ruled for one in differing) else 1)


def replay(
    consumer: Annotated[str, typer.Argument(help="Which reader of the log: customers.")], data_dir: DataDir = None
) -> None:
    """Read the log again from its beginning.

    Empties what the consumer has made; the workers do the reading.
    """
    settings = load_settings(data_dir)
    print(run(books.replay(settings, consumer)))


def reconcile(data_dir: DataDir = None) -> None:
    """Prove that the books are right.

    Sales add up and the log tells of each once; the stock is the sum of its ledger and of what was promised; coupons
    are counted right; every identifier belongs where its evidence says;
    of consent the latest word stands. Exit code 1 with the differences where not.
    """
    settings = load_settings(data_dir)
    checked, faults = run(books.reconcile(settings))
    for fault in faults:
        complain(fault)
    print(f"{', '.join(checked)}: {'nothing is wrong' if not faults else f'{len(faults)} faults'}.")
    raise typer.Exit(1 if faults else 0)
