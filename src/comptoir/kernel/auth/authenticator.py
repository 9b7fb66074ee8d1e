"""Who sends this request, by its API key or its session. One per process.

API keys are remembered for five seconds, or until any process says that one was revoked; sessions are looked up each
time, so that a sign-out holds at once.
"""

import asyncio
import time

from comptoir.kernel.auth import bearers, keys, sessions
from comptoir.kernel.auth.actors import Actor
from comptoir.kernel.db import Database
from comptoir.kernel.notices import Notices

REMEMBERED = 5.0
MOST = 10_000


class Authenticator:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[str, tuple[float, Actor | None]] = {}

    async def of_key(self, token: str) -> Actor | None:
        """Whose API key or bearer's token this is; None when nobody's."""
        if token.startswith(bearers.MARK):
            return bearers.actor_of_token(token)
        until, actor = self._known.get(token, (0.0, None))
        if time.monotonic() < until:
            return actor
        async with self._db.transaction() as tx:
            actor = await keys.actor_of_token(tx, token=token)
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[token] = (time.monotonic() + REMEMBERED, actor)
        return actor

    async def of_session(self, token: str) -> Actor | None:
        """Whose session this is; None when it has ended."""
        async with self._db.reading() as tx:
            found = await sessions.actor_of_token(tx, token=token)
        if found is None:
            return None
        actor, worth_writing = found
        if worth_writing:
            async with self._db.transaction() as tx:
                await sessions.touch(tx, token=token)
        return actor

    async def keep_fresh(self, notices: Notices, stopping: asyncio.Event) -> None:
        """Forget what is remembered as soon as a key is revoked anywhere."""
        revoked = notices.on("comptoir_auth")
        while not stopping.is_set():
            await revoked.wait(timeout=3600, stopping=stopping)
            self._known.clear()
