"""Exports of tills by a mapping, and the history of shops on other systems: each receipt is recorded by itself."""

from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress

from comptoir import connectors, orders
from comptoir.cli.terminal import complain, ready_database, run
from comptoir.kernel import log
from comptoir.kernel.errors import Invalid, Refusal
from comptoir.kernel.settings import Settings

BATCH = 1_000
SHOWN = 10


def take(settings: Settings, file: Path, mapping: connectors.Mapping, errors: Path | None) -> None:
    """Record what can be read, in batches; tell what cannot, with its line."""
    if not file.exists():
        raise Invalid(f"There is no file {file}.")
    faults: list[connectors.Faulty] = []
    parsed: list[connectors.Parsed] = []
    for one in connectors.read(file, mapping):
        (faults if isinstance(one, connectors.Faulty) else parsed).append(one)  # type: ignore[arg-type]
    repeated = 0

    async def work() -> None:
        nonlocal repeated
        rest = iter(parsed)
        async with ready_database(settings) as db:
            async with db.transaction() as tx:
                await log.open_days(tx)  # perhaps nobody has served it yet
            while batch := list(islice(rest, BATCH)):
                async with db.transaction() as tx:
                    answers = await orders.record(tx, [one.sale for one in batch])
                for one, answer in zip(batch, answers, strict=True):
                    if isinstance(answer, Refusal):
                        faults.append(connectors.Faulty(one.line, f"{one.sale.number}: {answer.detail}"))
                    else:
                        repeated += answer.repeated
                progress.advance(bar, len(batch))

    with Progress(console=Console(stderr=True)) as progress:
        bar = progress.add_task(file.name, total=len(parsed))
        run(work())
    tell(len(parsed), repeated, sorted(faults, key=lambda one: one.line), errors)


def take_orders(settings: Settings, file: Path, platform: connectors.Platform, outlet: str) -> None:
    """`[…]`, `{"orders": […]}`, or one order a line."""
    if not file.exists():
        raise Invalid(f"There is no file {file}.")
    try:
        told: Any = msgspec.json.decode(file.read_bytes())
        payloads = msgspec.convert(told["orders"] if isinstance(told, dict) else told, list[dict[str, Any]])
    except (msgspec.MsgspecError, KeyError, UnicodeDecodeError):
        try:
            lines = file.read_bytes().splitlines()
            payloads = [msgspec.json.decode(line, type=dict[str, Any]) for line in lines if line.strip()]
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Invalid(f"{file.name} holds no orders: {error}") from error
    done: list[connectors.Imported] = []

    async def work() -> None:
        async with ready_database(settings) as db:
            for start in range(0, len(payloads), BATCH):
                some = payloads[start : start + BATCH]
                async with db.transaction() as tx:
                    await log.open_days(tx)
                    done.append(
                        await connectors.import_orders(tx, platform=platform, outlet=outlet, payloads=some)
                    )  # fmt: skip
                progress.advance(bar, len(some))

    with Progress(console=Console(stderr=True)) as progress:
        bar = progress.add_task(file.name, total=len(payloads))
        run(work())
    refused = [line for one in done for line in one.refused]
    recorded, repeated = sum(one.recorded for one in done), sum(one.repeated for one in done)
    print(f"{len(payloads)} orders read, {recorded} recorded, {repeated} on record already, {len(refused)} refused.")
    for line in refused[:SHOWN]:
        complain(line)
    if refused:
        raise typer.Exit(1)


def tell(receipts: int, repeated: int, faults: list[connectors.Faulty], errors: Path | None) -> None:
    """What was done; exit code 1 where a line was refused."""
    print(f"{receipts} receipts read, {repeated} on record already, {len(faults)} lines refused.")
    lines = [f"line {one.line}: {one.reason}" for one in faults]
    if errors is not None:
        errors.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    for line in lines[:SHOWN]:
        complain(line)
    if len(lines) > SHOWN:
        complain(f"… and {len(lines) - SHOWN} more" + (f", in {errors}." if errors else ": name a file by --errors."))
    if faults:
        raise typer.Exit(1)
