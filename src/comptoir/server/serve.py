"""`comptoir serve`: PostgreSQL, migrations, API processes that share one socket, workers; all watched over.

A child that dies is started again, at once the first time and with growing pauses after. SIGTERM stops the API first
(requests under way end, none is lost), then the workers. A database that is away at the start is waited for.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping

import msgspec
import psycopg
import structlog

from comptoir.kernel.migrate import migrate
from comptoir.kernel.postgres import database_url
from comptoir.kernel.settings import Settings
from comptoir.server.running import GRACE, listen, metrics_folder

log = structlog.get_logger(__name__)

LONGEST_PAUSE = 30.0
AGAIN_AFTER = 1.0
"""Seconds between two looks for a database that is away at the start."""
HEALTHY_AFTER = 60.0
"""Seconds of life after which a child's earlier deaths are forgiven."""


class Child:
    """One child process that is kept alive."""

    def __init__(self, name: str, arguments: list[str], environment: Mapping[str, str], fds: tuple[int, ...]) -> None:
        self.name = name
        self._arguments = arguments
        self._environment = environment
        self._fds = fds
        self._process: Process | None = None
        self._stopping = False

    async def keep_alive(self) -> None:
        """Start it, and start it again when it dies, until `stop`."""
        pause = 0.0
        while not self._stopping:
            started = time.monotonic()
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "comptoir.server.child", *self._arguments),
                env=self._environment,
                stdin=PIPE,
                pass_fds=self._fds,
                start_new_session=True,  # Ctrl+C is for the parent, which stops its children in good order
            )
            status = await self._process.wait()
            if self._stopping:
                return
            if time.monotonic() - started > HEALTHY_AFTER:
                pause = 0.0
            log.error("serve.child_died", child=self.name, status=status, again_in=pause)
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2 + 1)

    async def stop(self) -> None:
        """Ask it to stop; after the grace, make it."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), GRACE + 5)
        except TimeoutError:
            log.error("serve.child_killed", child=self.name)  # noqa: TRY400  the pause is over, nothing is broken
            process.kill()
            await process.wait()


async def serve(settings: Settings, *, api: int = 1, workers: int = 1) -> None:
    """Until SIGTERM or SIGINT. `api` 0: no API (`comptoir worker`)."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    listening = listen(settings.host, settings.port) if api else None
    url = database_url(settings)
    if not await migrated(url, stopping):
        log.info("serve.stopped")
        return
    environment = environment_of(settings, url)
    children: list[Child] = []
    if listening:
        fd = listening.fileno()
        children += [Child(f"api-{i}", ["api", str(fd)], environment, (fd,)) for i in range(api)]
    children += [Child(f"worker-{i}", ["worker", str(i), str(workers)], environment, ()) for i in range(workers)]
    keeping = [asyncio.create_task(child.keep_alive()) for child in children]
    if listening:
        host, port = listening.getsockname()[:2]
        log.info("serve.listening", url=f"http://{host}:{port}", api=api, workers=workers)
    await stopping.wait()
    log.info("serve.stopping")
    if listening:
        listening.close()
    for kind in ("api", "worker"):
        await asyncio.gather(*(child.stop() for child in children if child.name.startswith(kind)))
    for task in keeping:
        task.cancel()
    await asyncio.gather(*keeping, return_exceptions=True)
    log.info("serve.stopped")


async def migrated(url: str, stopping: asyncio.Event) -> bool:
    """Wait for the database and bring it up to date. False when asked to stop before that.

    Whatever may pass is waited for, as machines come up in any order: nobody listens, the name is not known yet, the
    server starts or falls, the password is not set yet. What is wrong in the migrations themselves is raised.
    """
    stopped = asyncio.create_task(stopping.wait())
    try:
        while not stopping.is_set():
            migrating = asyncio.create_task(migrate(url))
            await asyncio.wait({migrating, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not migrating.done():
                migrating.cancel()
                await asyncio.gather(migrating, return_exceptions=True)
                return False
            try:
                applied = migrating.result()
            except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled):
                raise
            except psycopg.OperationalError as error:
                log.warning("serve.database_away", reason=str(error).strip(), again_in=AGAIN_AFTER)
                await asyncio.wait({stopped}, timeout=AGAIN_AFTER)
            else:
                if applied:
                    log.info("serve.migrated", migrations=len(applied))
                return True
        return False
    finally:
        stopped.cancel()


def environment_of(settings: Settings, url: str) -> dict[str, str]:
    """The settings as a child reads them, with the database that this process has started."""
    folder = metrics_folder(settings).absolute()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    values = msgspec.structs.asdict(settings) | {"database_url": url}
    named = {f"COMPTOIR_{name.upper()}": str(value) for name, value in values.items()}
    return {**os.environ, **named, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
