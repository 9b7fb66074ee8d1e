"""Benchmarks: their registry, their report, and a server and database of their own.

A file `<name>.py` beside this one holds `async def run(size: int = …) -> dict` with "figures", "reach" (what the
figures must come to) and "ok". `comptoir bench <name> --json` prints, as its last line, one JSON object:
{"bench": …, "machine": {…}, "figures": {…}, "reach": {…}, "ok": true|false}.
"""

import asyncio
import contextlib
import importlib
import inspect
import os
import platform
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

import comptoir
from comptoir.kernel import logs
from comptoir.kernel.db import Database
from comptoir.kernel.errors import NotFound
from comptoir.kernel.migrate import migrate
from comptoir.kernel.postgres import embedded
from comptoir.kernel.settings import Settings

Run = Callable[..., Awaitable[dict[str, Any]]]

HERE = Path(__file__).parent


class UnknownBench(NotFound):
    """There is no such benchmark."""

    code = "server.unknown_bench"


class Result(msgspec.Struct, frozen=True):
    """What a benchmark has measured."""

    bench: str
    machine: dict[str, Any]
    figures: dict[str, Any]
    reach: dict[str, Any]
    ok: bool


def names() -> list[str]:
    """All benchmarks: the files here that have a `run`."""
    files = sorted(HERE.glob("*.py"))
    return [file.stem for file in files if "\nasync def run(" in file.read_text()]


def main(name: str, *, size: int | None, as_json: bool) -> int:
    """Run one benchmark or all; returns the exit code: 1 when a figure falls short."""
    if name == "list":
        print("\n".join(names()))
        return 0
    if name != "all" and name not in names():
        raise UnknownBench(f"There is no benchmark {name!r}: say {', '.join(names())} or all.")
    logs.set_up(Settings(log_level="warning"))
    results = [measure(one, size) for one in (names() if name == "all" else [name])]
    for result in results:
        if as_json:
            print(msgspec.json.encode(result).decode(), flush=True)
        else:
            show(result)
    return 0 if all(result.ok for result in results) else 1


def measure(name: str, size: int | None) -> Result:
    """Run one benchmark in an event loop of its own."""
    run: Run = importlib.import_module(f"comptoir.server.bench.{name}").run
    takes_size = "size" in inspect.signature(run).parameters
    started = time.perf_counter()
    done = _run_loop(run(size=size) if size is not None and takes_size else run())
    took = round(time.perf_counter() - started, 1)
    return Result(name, {**machine(), "took_seconds": took}, done["figures"], done["reach"], bool(done["ok"]))


def _run_loop(work: Any) -> dict[str, Any]:
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop  # noqa: PLC0415  not made for Windows

    return uvloop.run(work)


def machine() -> dict[str, Any]:
    """On what it was measured, and how busy that was: on a shared machine only ratios mean anything."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "processors": os.cpu_count(),
        "processor": _processor(),
        "memory_gb": _memory(),
        "load_before": load,
        "platform": platform.platform(),
        "python": platform.python_version(),
        "comptoir": comptoir.__version__,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _memory() -> float | None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    return None


def show(result: Result) -> None:
    """A table for people."""
    drawn = Table("figure", "measured", "to reach", title=f"comptoir bench {result.bench}", title_justify="left")
    for name, value in result.figures.items():
        shown = f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
        drawn.add_row(name, shown, str(result.reach.get(name, "")))
    console = Console()
    console.print(drawn)
    console.print("reached" if result.ok else "not reached", style="green" if result.ok else "bold red")


@contextlib.asynccontextmanager
async def own_database(*, size: int = 8) -> AsyncGenerator[Database]:
    """A fresh, migrated, durable PostgreSQL in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="comptoir-bench-") as folder:
        url = embedded(Path(folder) / "postgres")
        await migrate(url)
        async with Database(url, size=size) as db:
            yield db


@contextlib.asynccontextmanager
async def own_server(
    url: str, *, api: int = 1, workers: int = 0, settings: Mapping[str, str] | None = None
) -> AsyncGenerator[str]:
    """`comptoir serve` as processes of its own on this database; yields its address when it is ready."""
    from comptoir.server.running import listen  # noqa: PLC0415  the whole application, for those who need it

    probe = listen("127.0.0.1", 0)
    port = probe.getsockname()[1]
    probe.close()
    with tempfile.TemporaryDirectory(prefix="comptoir-bench-") as folder:
        environment = {**os.environ, "COMPTOIR_DATABASE_URL": url, "COMPTOIR_LOG_LEVEL": "warning"}
        environment |= settings or {}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "comptoir", "serve", "--data-dir", folder, "--port", str(port)),
            *("--workers", str(api), "--readers", str(workers)),
            env=environment,
        )
        try:
            await _until_ready(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


async def _until_ready(port: int) -> None:
    import httpx  # noqa: PLC0415

    async with httpx.AsyncClient() as client, asyncio.timeout(60):
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(f"http://127.0.0.1:{port}/readyz")).is_success:
                    return
            await asyncio.sleep(0.1)
