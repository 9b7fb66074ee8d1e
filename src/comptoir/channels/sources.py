"""Sources and their write keys. `Sources` answers by write key from memory, for the tracking API's hot path.

Every process keeps all sources in memory: a change tells them by NOTIFY, and a missed notice costs five seconds.
"""

import asyncio
import secrets
from datetime import timedelta

import structlog

from comptoir.channels.errors import SourceExists, UnknownOutlet, UnknownSource
from comptoir.channels.records import Source
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.notices import Notices

log = structlog.get_logger(__name__)

NOTICE = "comptoir_sources"


async def add_source(tx: Tx, *, name: str, outlet: str, trust: float = 1.0) -> Source:
    """A new source of the outlet with this code, with its first write key. The name must be free."""
    await tx.run(LOCK)
    outlet_id = await tx.value("SELECT outlet_id FROM channels.outlet WHERE code = %(code)s", code=outlet)
    if outlet_id is None:
        raise UnknownOutlet(f"No outlet has the code {outlet!r}: record it first.", outlet=outlet)
    if await tx.value("SELECT 1 FROM channels.source WHERE name = %(name)s", name=name):
        raise SourceExists(f"A source is called {name!r} already: take another name.", name=name)
    source_id = await tx.value(ADD, outlet_id=outlet_id, name=name, salt=secrets.token_bytes(16), trust=trust)
    return await _with_new_key(tx, source_id)


LOCK = "SELECT pg_advisory_xact_lock(hashtext('channels.source'))"

ADD = """
    INSERT INTO channels.source (outlet_id, name, salt, trust)
    VALUES (%(outlet_id)s, %(name)s, %(salt)s, %(trust)s)
    RETURNING source_id
"""


async def change_source(
    tx: Tx, *, source_id: int, name: str | None = None, trust: float | None = None, enabled: bool | None = None
) -> Source:
    """Change what is given. Events of a source that is not enabled are refused."""
    await tx.run(LOCK)
    before = await source(tx, source_id=source_id)
    if name not in {None, before.name} and await tx.value(
        "SELECT 1 FROM channels.source WHERE name = %(name)s", name=name
    ):
        raise SourceExists(f"A source is called {name!r} already: take another name.", name=name)
    await tx.run(CHANGE, source_id=source_id, name=name, trust=trust, enabled=enabled)
    await tx.run(TELL)
    return await source(tx, source_id=source_id)


CHANGE = """
    UPDATE channels.source
    SET name = coalesce(%(name)s::text, name), trust = coalesce(%(trust)s::float8, trust),
        enabled = coalesce(%(enabled)s::boolean, enabled)
    WHERE source_id = %(source_id)s
"""


async def rotate(tx: Tx, *, source_id: int, grace: timedelta = timedelta(days=30)) -> Source:
    """A new write key; the present ones end after `grace`, so that apps in the field go on until they are updated."""
    await tx.run(LOCK)
    await source(tx, source_id=source_id)
    await tx.run(END_KEYS, source_id=source_id, ends_at=tx.now + grace)
    return await _with_new_key(tx, source_id)


END_KEYS = """
    UPDATE channels.write_key SET ends_at = least(ends_at, %(ends_at)s)
    WHERE source_id = %(source_id)s
"""


async def source(tx: Tx, *, source_id: int) -> Source:
    found = await tx.maybe(Source, ONE, source_id=source_id, now=tx.now)
    if found is None:
        raise UnknownSource(f"No source has the id {source_id}.", source_id=source_id)
    return found


async def sources(tx: Tx) -> list[Source]:
    """All sources, by name."""
    return await tx.many(Source, ALL, now=tx.now)


COLUMNS = """
    SELECT s.source_id, s.outlet_id, o.channel, s.name, s.salt, s.trust, s.enabled, o.code AS outlet_code,
           o.country, o.time_zone, o.currency,
           coalesce((SELECT k.write_key FROM channels.write_key AS k
                     WHERE k.source_id = s.source_id AND (k.ends_at IS NULL OR k.ends_at > %(now)s)
                     ORDER BY k.ends_at IS NOT NULL, k.made_at DESC LIMIT 1), '') AS write_key
    FROM channels.source AS s JOIN channels.outlet AS o USING (outlet_id)
"""
ONE = COLUMNS + "WHERE s.source_id = %(source_id)s"
ALL = COLUMNS + "ORDER BY s.name"


async def _with_new_key(tx: Tx, source_id: int) -> Source:
    # Letters and digits only: SDKs put it into Basic authentication and URLs.
    await tx.run(ADD_KEY, write_key="wk_" + secrets.token_hex(16), source_id=source_id, now=tx.now)
    await tx.run(TELL)
    return await source(tx, source_id=source_id)


ADD_KEY = """
    INSERT INTO channels.write_key (write_key, source_id, made_at) VALUES (%(write_key)s, %(source_id)s, %(now)s)
"""
TELL = "NOTIFY comptoir_sources"


class Sources:
    """All sources in memory. `by_write_key` is synchronous; `keep_fresh` runs beside it for as long as the process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._by_key: dict[str, Source] = {}
        self._by_id: dict[int, Source] = {}

    def by_write_key(self, write_key: str) -> Source | None:
        """The enabled source with this live key."""
        return self._by_key.get(write_key)

    def by_id(self, source_id: int) -> Source | None:
        return self._by_id.get(source_id)

    def all(self) -> list[Source]:
        return list(self._by_id.values())

    async def refresh(self) -> None:
        """Read all sources and live keys anew."""
        async with self._db.reading() as tx:
            found = {one.source_id: one for one in await sources(tx)}
            keys = await tx.tuples(LIVE_KEYS, now=tx.now)
        self._by_id = found
        self._by_key = {key: found[source_id] for key, source_id in keys if found[source_id].enabled}

    async def keep_fresh(self, notices: Notices, stopping: asyncio.Event, *, at_least_every: float = 5.0) -> None:
        """Refresh on each notice, and every few seconds for keys that end and notices that were missed."""
        changed = notices.on(NOTICE)
        while not stopping.is_set():
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001  the database may be away: what is known stays good
                log.warning("sources.stale", reason=repr(error))
            await changed.wait(timeout=at_least_every, stopping=stopping)


LIVE_KEYS = """
    SELECT write_key, source_id FROM channels.write_key WHERE ends_at IS NULL OR ends_at > %(now)s
"""
