"""API and worker in this process and event loop: for tests, for embedding, and as the body of each child of `serve`.

async with running(settings) as house:
    print(house.url)
"""

import asyncio
import contextlib
import gc
import socket
from collections.abc import AsyncGenerator, Generator
from functools import partial
from pathlib import Path

import msgspec
import structlog
import uvicorn

from comptoir.kernel.db import Database
from comptoir.kernel.errors import Conflict
from comptoir.kernel.migrate import migrate
from comptoir.kernel.postgres import database_url
from comptoir.kernel.settings import Settings
from comptoir.server.app import Application, create_app
from comptoir.server.protocol import Protocol
from comptoir.server.worker import work

log = structlog.get_logger(__name__)

GRACE = 25
"""Seconds that requests under way have to end, once the process was asked to stop."""


class PortTaken(Conflict):
    """The address or port cannot be listened on."""

    code = "server.port_taken"


class Running(msgspec.Struct, frozen=True):
    """A house that is up."""

    url: str
    db: Database
    app: Application


@contextlib.asynccontextmanager
async def running(settings: Settings, *, with_worker: bool = True) -> AsyncGenerator[Running]:
    """Database, migrations, API and worker, ready when entered; stopped in good order when left. Port 0: a free one."""
    url = database_url(settings)
    await migrate(url)
    stopping = asyncio.Event()
    listening = listen(settings.host, settings.port)
    async with Database(url, size=settings.pool_size) as db, create_app(settings, db) as app:
        serving = asyncio.create_task(serve_http(app, listening, stopping))
        working = asyncio.create_task(work(settings, db, stopping)) if with_worker else None
        try:
            host, port = listening.getsockname()[:2]
            yield Running(f"http://{host}:{port}", db, app)
        finally:
            stopping.set()
            await serving
            if working:
                await working


async def serve_api(settings: Settings, listening: socket.socket, stopping: asyncio.Event) -> None:
    """One API process of several that share a socket."""
    async with Database(database_url(settings), size=settings.pool_size) as db, create_app(settings, db) as app:
        collect_seldom()
        await serve_http(app, listening, stopping)


async def serve_worker(settings: Settings, stopping: asyncio.Event, *, place: int, of: int) -> None:
    """One worker of several; the first one also works off the queue."""
    async with Database(database_url(settings), size=settings.pool_size) as db:
        collect_seldom()
        await work(settings, db, stopping, lanes=range(place, 64, of), with_jobs=place == 0)


def collect_seldom() -> None:
    """Look for cycles of garbage rarely, and never among what was imported.

    Batches make a hundred thousand objects and no cycles. Python looks after each 700 of them, which took the worker a
    tenth to a fifth of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def serve_http(app: Application, listening: socket.socket, stopping: asyncio.Event) -> None:
    """Answer until `stopping`; then finish what is under way."""
    config = uvicorn.Config(
        app,
        http=partial(Protocol, shortcuts=app.shortcuts),  # pyright: ignore[reportArgumentType]
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE,
        backlog=2048,
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    await app.close_streams()
    server.should_exit = True
    await serving


class Server(uvicorn.Server):
    """Signals belong to the process, not to the server in it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that child processes can share."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise PortTaken(f"{host}:{port} cannot be used ({error.strerror}): choose another with --port.") from error
    listening.listen(2048)
    listening.set_inheritable(True)
    return listening


def metrics_folder(settings: Settings) -> Path:
    """Where the processes of one `serve` put their counters for whichever of them answers /metrics."""
    return settings.data_dir / "metrics"
