"""The worker: reads the log, keeps the directory and works off the queue, beside the API.

A worker that owns lanes i::N of N workers shares the log with the others; a lane owned twice by mistake costs work,
never correctness (a cursor moves only from where it was read).
"""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

import psycopg
import structlog

from comptoir import privacy, profiles, rfid
from comptoir.kernel import jobs, log
from comptoir.kernel.db import Database
from comptoir.kernel.notices import pause
from comptoir.kernel.settings import Settings
from comptoir.server import alike, timers
from comptoir.server.health import WORKER
from comptoir.server.spine import consumers

logger = structlog.get_logger(__name__)

BEAT = 5.0
"""Seconds between looks at the connection that tells /healthz of us."""


async def work(
    settings: Settings,
    db: Database,
    stopping: asyncio.Event,
    *,
    lanes: Iterable[int] = range(log.LANES),
    with_jobs: bool = True,
) -> None:
    """Until `stopping`. Batches and jobs under way are finished. Raises what a part of it died of."""
    async with db.transaction() as tx:
        await log.open_days(tx)
    ended = asyncio.Event()
    readers = consumers(db, settings, lanes)
    parts: list[Coroutine[Any, Any, None]] = [pulse(db, ended), *(reader.run(ended) for reader in readers)]
    parts.append(profiles.keep_directory(db, currency=settings.currency, stopping=ended))
    parts.append(alike.keep_comparing(db, ended))
    if with_jobs:
        assert timers.TIMERS  # declared by being imported
        assert rfid.begin  # its jobs as well
        assert privacy.erase_person
        parts.append(jobs.run(db, ended))
    tasks = [asyncio.create_task(part) for part in parts]
    stopped = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
    finally:
        ended.set()
        stopped.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def pulse(db: Database, stopping: asyncio.Event) -> None:
    """Hold one connection under the worker's name: it is seen in pg_stat_activity for as long as this process lives."""
    while not stopping.is_set():
        try:
            async with await db.connect() as connection:
                await connection.execute("SELECT set_config('application_name', %s, false)", [WORKER])
                while not stopping.is_set():
                    await connection.execute("SELECT 1")
                    await pause(BEAT, stopping)
        except psycopg.OperationalError as error:
            logger.warning("worker.database_away", reason=str(error).strip())
            await pause(1.0, stopping)
