"""Start it: the demo, the server, a worker, a benchmark."""

import asyncio
import importlib
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from comptoir.cli.terminal import DataDir, Json, load_settings


def add_to(app: typer.Typer) -> None:
    app.command()(demo)
    app.command()(serve)
    app.command()(worker)
    app.command()(bench)


Host = Annotated[str | None, typer.Option(help="Address to listen on; default 127.0.0.1 or COMPTOIR_HOST.")]
Port = Annotated[int | None, typer.Option(help="Port; 0 takes a free one; default 8000 or COMPTOIR_PORT.")]


def demo(
    data_dir: Annotated[Path, typer.Option(help="Where everything of the demo is kept.")] = Path(".comptoir"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8000,
    seed: Annotated[int, typer.Option(help="Of the simulated town: the same seed tells the same story.")] = 1,
    size: Annotated[
        str, typer.Option(help="tiny, small, medium, full, a share such as 0.1, or a number of households.")
    ] = "full",
    speed: Annotated[float, typer.Option(min=0.1, help="Simulated acts a second.")] = 10.0,
    lang: Annotated[Literal["en", "fr"], typer.Option(help="Language of the console: en or fr.")] = "en",
    check: Annotated[
        bool, typer.Option("--check", help="Run the acceptance checks and stop; exit code 0 when all hold.")
    ] = False,
) -> None:
    """Run the demo: real history, live traffic.

    Starts everything, prints where to look, and goes on until Ctrl+C. Started again, it goes on where it was.
    """
    house: Any = importlib.import_module("comptoir.demo.run")
    raise typer.Exit(
        house.run(data_dir=data_dir, host=host, port=port, seed=seed, size=size, speed=speed, lang=lang, check=check)
    )


def serve(
    host: Host = None,
    port: Port = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="API processes that share the port.")] = 1,
    readers: Annotated[int, typer.Option(min=0, max=64, help="Worker processes that share the log.")] = 1,
    data_dir: DataDir = None,
) -> None:
    """Serve the API and the console.

    Workers run beside. Ready when /healthz answers 200.
    """
    settings = load_settings(data_dir, host=host, port=port)
    from comptoir.server import serve as server

    asyncio.run(server.serve(settings, api=workers, workers=readers))


def worker(
    readers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the log.")] = 1,
    data_dir: DataDir = None,
) -> None:
    """Run workers without the API.

    They read the log, keep the list of customers and do the background jobs.
    """
    settings = load_settings(data_dir)
    from comptoir.server import serve as server

    asyncio.run(server.serve(settings, api=0, workers=readers))


def bench(
    name: Annotated[str, typer.Argument(help="Which one; `all`, or `list` to see what there is.")] = "list",
    size: Annotated[int | None, typer.Option(help="How much; the default takes under five minutes.")] = None,
    as_json: Json = False,
) -> None:
    """Measure how fast it is.

    On a server and a database of its own in a temporary folder. Exit code 1 when a figure falls short.
    """
    benches: Any = importlib.import_module("comptoir.server.bench")
    raise typer.Exit(benches.main(name, size=size, as_json=as_json))
