"""Who is told of, compared with everyone: from what profiles know of an identifier to evidence in the graph.

Learning, too, is done from here: the records that the weights are learnt from are what profiles know.
"""

import asyncio
import tempfile
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, cast

import msgspec
import psycopg
import structlog

from comptoir import profiles
from comptoir.identity import realtime
from comptoir.identity.errors import TooFewRecords
from comptoir.identity.realtime import Written
from comptoir.kernel.db import TRANSIENT, Database, Tx
from comptoir.kernel.errors import Unavailable
from comptoir.kernel.notices import pause

log = structlog.get_logger(__name__)

AT_ONCE = 200
"""Records of one transaction."""
EVERY = 0.2
"""Seconds between looks when nobody waits."""
IDLE = 5.0
"""Seconds between looks as long as nothing has been learnt."""
FEWEST = 1_000
"""Records from which weights can be learnt."""


async def keep_comparing(db: Database, stopping: asyncio.Event) -> None:
    """Compare whoever waits until `stopping`, whatever fails: what a try leaves out still waits."""
    models = realtime.Models()
    while not stopping.is_set():
        rest = EVERY
        try:
            if await compare(db, models):
                rest = 0.0
        except realtime.NoModel:
            rest = IDLE
        except (psycopg.OperationalError, Unavailable, *TRANSIENT) as error:
            log.info("alike.retry", reason=str(error))
        except Exception:
            # A defect of ours must not end the worker, and with it everything else that it does.
            log.exception("alike.failed")
            rest = IDLE
        await pause(rest, stopping)


async def compare(db: Database, models: realtime.Models) -> int:
    """Those who have waited longest, in one transaction. Raises NoModel."""

    async def work(tx: Tx) -> int:
        by = await models.live(tx)
        nodes = await realtime.queue.take(tx, most=AT_ONCE)
        if nodes:
            told = await profiles.told_of(tx, nodes=nodes)
            known = {node: written(values) for node, values in told.items()}
            done = await realtime.recognise(tx, known, by)
            await realtime.queue.put(tx, done.again)
        return len(nodes)

    return await db.within(work)


def written(values: Mapping[str, Any]) -> Written:
    """What profiles know of an identifier, as a record."""
    told = values.get("address")
    address: dict[str, Any] = cast("dict[str, Any]", told) if isinstance(told, dict) else {}
    first, last = values.get("first_name"), values.get("last_name")
    if not first and not last and isinstance(name := values.get("name"), str):
        first, _, last = name.partition(" ")
    return Written(
        first_name=text(first),
        last_name=text(last),
        email=text(values.get("email")),
        phone=text(values.get("phone")),
        street=text(address.get("street")),
        postcode=text(address.get("postcode") or address.get("postalCode") or address.get("zip")),
        city=text(address.get("city")),
        country=text(address.get("country")),
        birth_date=day(values.get("birthday")),
        loyalty_card=text(values.get("loyalty_card")),
    )


def text(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and str(value).strip() else None


def day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None


async def learn_anew(db: Database, *, version: str | None = None) -> realtime.models.Version:
    """Learn weights and what names are from all that is known of people; kept in the shadow. Raises TooFewRecords."""
    from comptoir.identity.realtime.learning import learn  # noqa: PLC0415  DuckDB and Splink, for who learns

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "records.ndjson"
        many = await export(db, file)
        if many < FEWEST:
            raise TooFewRecords(f"{many} records are too few: at least {FEWEST} are needed.", records=many)
        learnt = await asyncio.to_thread(learn, file, version or f"v{time.strftime('%Y%m%d-%H%M%S')}")
    async with db.transaction() as tx:
        return await realtime.models.keep(tx, learnt, records=many)


async def export(db: Database, file: Path) -> int:
    """One line of JSON for each identifier of which something is told; returns how many."""
    many = after = 0
    with file.open("wb") as out:
        while True:
            async with db.reading() as tx:
                nodes = await tx.values(NODES, after=after, most=BLOCK)
                told = await profiles.told_of(tx, nodes=nodes)
            if not nodes:
                return many
            out.write(msgspec.json.Encoder().encode_lines(written(values) for _, values in sorted(told.items())))
            many, after = many + len(told), nodes[-1]


BLOCK = 5_000
NODES = """
    SELECT DISTINCT node_id FROM profiles.trait WHERE node_id > %(after)s ORDER BY node_id LIMIT %(most)s
"""
