"""Who has looked at whom: pages and answers about one person leave a line, written together every few seconds.

What is shown is not delayed by it; a process that dies loses the looks of its last seconds, and a look is never refused
because it could not be written.
"""

import asyncio
import contextlib
import re
from uuid import UUID

import psycopg
import structlog

from comptoir import privacy
from comptoir.kernel.auth import Actor
from comptoir.kernel.auth.guards import actor_of
from comptoir.kernel.db import Database
from comptoir.kernel.http import AnyRequest
from comptoir.kernel.notices import pause

log = structlog.get_logger(__name__)

EVERY = 2.0
MOST = 10_000
"""Looks that wait to be written."""
ABOUT = re.compile(
    r"/(?:v1/(?:profiles|identity)/people|customers)/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b"
)
Look = tuple[UUID, Actor, str]


class Sights:
    """The looks of one process that are still to be written."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: set[Look] = set()

    async def note(self, request: AnyRequest) -> None:
        """After the answer has gone: whether it was about a person."""
        if request.method != "GET" or not (found := ABOUT.match(request.url.path)):
            return
        actor = actor_of(request)
        if actor.kind != "nobody" and len(self._waiting) < MOST:
            via = request.url.path.replace(found[1], "{key}")[:200]
            self._waiting.add((UUID(found[1]), actor, via))

    async def write(self) -> None:
        """All that waits, now."""
        waiting, self._waiting = self._waiting, set()
        if waiting:
            async with self._db.transaction() as tx:
                await privacy.note(tx, looks=[(key, actor.kind, actor.name, via) for key, actor, via in waiting])

    async def keep_written(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            with contextlib.suppress(psycopg.OperationalError):
                await self.write()
            await pause(EVERY, stopping)
        with contextlib.suppress(psycopg.OperationalError):
            await self.write()
