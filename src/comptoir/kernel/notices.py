"""Notices between processes: NOTIFY/LISTEN over one connection per process.

A notice is a wake-up and may be lost when the connection breaks; whoever waits for one also looks by the clock.

    changed = notices.on("comptoir_sources")
    await changed.wait(timeout=5, stopping=stopping)
"""

import asyncio
import contextlib
from collections import defaultdict

import psycopg
import structlog
from psycopg import sql

from comptoir.kernel.db import Database

Ear = psycopg.AsyncConnection[tuple[object, ...]]

log = structlog.get_logger(__name__)


class Bell:
    """Rings at a notice. Several rings before one looks are one."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self.payloads: set[str] = set()

    def ring(self, payload: str = "") -> None:
        if payload:
            self.payloads.add(payload)
        self._rung.set()

    async def wait(self, *, timeout: float, stopping: asyncio.Event | None = None) -> set[str]:
        """Until a notice, `timeout` seconds or `stopping`; the payloads that came meanwhile."""
        waits = [asyncio.ensure_future(self._rung.wait())]
        if stopping is not None:
            waits.append(asyncio.ensure_future(stopping.wait()))
        try:
            await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        self._rung.clear()
        payloads, self.payloads = self.payloads, set()
        return payloads


class Notices:
    """One ear for the process. `run` listens until stopped and comes back when the database does."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._bells: defaultdict[str, list[Bell]] = defaultdict(list)

    def on(self, channel: str) -> Bell:
        bell = Bell()
        self._bells[channel].append(bell)
        return bell

    async def run(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            try:
                ear = await self._db.connect()
            except psycopg.OperationalError as error:
                log.warning("notices.database_away", reason=str(error).strip())
                await pause(1.0, stopping)
                continue
            try:
                await self._listen(ear, stopping)
            except psycopg.OperationalError as error:
                log.warning("notices.connection_lost", reason=str(error).strip())
            finally:
                with contextlib.suppress(psycopg.Error):
                    await ear.close()

    async def _listen(self, ear: Ear, stopping: asyncio.Event) -> None:
        """Until stopped; then at once, whatever `ear` waits for."""
        tasks = [asyncio.ensure_future(self._hear(ear)), asyncio.ensure_future(stopping.wait())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for task in done:
            task.result()

    async def _hear(self, ear: Ear) -> None:
        heard: set[str] = set()
        while True:
            for channel in set(self._bells) - heard:
                await ear.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                heard.add(channel)
                for bell in self._bells[channel]:
                    bell.ring()  # what was said before we listened
            async for notice in ear.notifies(timeout=0.5, stop_after=1):
                for bell in self._bells[notice.channel]:
                    bell.ring(notice.payload)


async def pause(seconds: float, stopping: asyncio.Event) -> None:
    """Sleep, but not past `stopping`."""
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
