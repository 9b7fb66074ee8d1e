"""One database for the package, emptied before each test; a source with a write key; an intake."""

import pytest

from comptoir import channels, ingest
from comptoir.kernel import log
from comptoir.kernel.db import Database
from comptoir.kernel.settings import Settings
from conftest import drop, recreate, url_of
from ingest.client import Client
from reuse import empty

WEB = channels.OutletEntry(
    channel="web", code="web", name="Web shop", country="FR", time_zone="Europe/Paris", currency="EUR"
)


@pytest.fixture(scope="session")
async def ground(server_url, template, worker_id):
    name = f"ingest_{worker_id}"
    recreate(server_url, name, template)
    async with Database(url_of(server_url, name), size=8) as db:
        async with db.transaction() as tx:
            await log.open_days(tx, ahead=20)
            await channels.add_outlet(tx, outlet=WEB)
            await channels.add_source(tx, name="site", outlet="web")
        yield db
    drop(server_url, name)


@pytest.fixture
async def db(ground):
    async with ground.transaction() as tx:
        await empty(tx, EMPTY)
        await tx.run("UPDATE kernel.clock SET shift = '0'")
    return ground


EMPTY = """
    kernel.event, ingest.dead_letter, ingest.source_day, ingest.tally, ingest.seen_day, ingest.tracking_plan
"""


@pytest.fixture
async def source(db):
    async with db.reading() as tx:
        (source,) = await channels.sources(tx)
    return source


@pytest.fixture
async def intake(db):
    async with ingest.Intake(db) as intake:
        yield intake


@pytest.fixture
async def client(db, source, intake):
    sources = channels.Sources(db)
    await sources.refresh()
    return Client(ingest.Tracking(intake, sources, Settings()), source)
