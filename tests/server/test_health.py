"""/healthz, /readyz, /metrics, /openapi.json."""

import asyncio

import pytest

from comptoir.kernel.settings import Settings
from comptoir.server.app import create_app
from comptoir.server.worker import work

pytestmark = pytest.mark.anyio


async def test_healthy_means_database_migrations_and_a_worker(api, db):
    health = await api.get("/healthz")
    assert (health.status_code, health.json()["workers"]) == (503, 0)
    assert (await api.get("/readyz")).status_code == 200

    stopping = asyncio.Event()
    working = asyncio.create_task(work(Settings(), db, stopping))
    async with asyncio.timeout(30):
        while (await api.get("/healthz")).status_code != 200:
            await asyncio.sleep(0.02)
    stopping.set()
    await working
    assert (await api.get("/healthz")).status_code == 503


async def test_a_missing_migration_is_named(api, db):
    async with db.transaction() as tx:
        await tx.run("DELETE FROM kernel.migration WHERE name = '0002_channels.sql'")
    ready = await api.get("/readyz")
    assert (ready.status_code, ready.json()["migrations_missing"]) == (503, ["0002_channels.sql"])


async def test_metrics_tell_of_requests_pool_and_the_log(api):
    await api.get("/v1/channels/outlets")
    text = (await api.get("/metrics")).text
    assert 'comptoir_requests_total{method="GET",route="/v1/channels/outlets",status="200"}' in text
    for name in ("comptoir_pool_connections", "comptoir_oldest_writer_seconds", "comptoir_request_seconds_bucket"):
        assert name in text


async def test_openapi_names_problems_scopes_and_nothing_twice(api, app):
    page = (await api.get("/openapi.json")).json()
    assert page["openapi"].startswith("3.1")
    operations = [
        one["operationId"] for path in page["paths"].values() for one in path.values() if "operationId" in one
    ]
    assert len(operations) == len(set(operations))
    refused = page["paths"]["/v1/channels/outlets"]["post"]["responses"]["409"]
    assert "channels.outlet_exists" in refused["description"]


async def test_two_applications_can_live_in_one_process(db):
    async with create_app(Settings(), db) as one, create_app(Settings(), db) as other:
        assert one.sources is not other.sources
