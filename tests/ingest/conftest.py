"""A source with a write key and an intake, on a database of one's own."""

import pytest

from comptoir import channels, ingest
from comptoir.kernel.settings import Settings
from ingest.client import Client


@pytest.fixture
async def source(db):
    async with db.transaction() as tx:
        web = channels.OutletEntry(
            channel="web", code="web", name="Web shop", country="FR", time_zone="Europe/Paris", currency="EUR"
        )
        await channels.add_outlet(tx, outlet=web)
        return await channels.add_source(tx, name="site", outlet="web")


@pytest.fixture
async def intake(db):
    async with ingest.Intake(db) as intake:
        yield intake


@pytest.fixture
async def client(db, source, intake):
    sources = channels.Sources(db)
    await sources.refresh()
    return Client(ingest.Tracking(intake, sources, Settings()), source)
