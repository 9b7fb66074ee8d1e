"""/healthz, /readyz, /metrics, /openapi.json."""

import asyncio

import httpx
import pytest

from comptoir.kernel.db import Database
from comptoir.kernel.log import Fact
from comptoir.kernel.migrate import migrate
from comptoir.kernel.postgres import embedded
from comptoir.kernel.settings import Settings
from comptoir.server.app import create_app
from comptoir.server.worker import work
from ingest.house import kill_postgres

pytestmark = pytest.mark.anyio


class Happened(Fact, frozen=True):
    kind = "kernel.happened"

    def lane_key(self):
        return "somewhere"


async def test_healthy_means_database_migrations_and_a_worker(api, db):
    health = await api.get("/healthz")
    assert (health.status_code, health.json()["workers"]) == (503, 0)

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
    assert ready.status_code == 503
    assert ready.headers["Content-Type"] == "application/problem+json"
    assert ready.json()["data"] == {"migrations_missing": ["0002_channels.sql"]}


async def test_without_a_worker_the_api_is_ready_and_says_so(api, db):
    async with db.transaction() as tx:
        await tx.tell(Happened())
        await tx.run("INSERT INTO kernel.cursor (consumer, lane) SELECT 'customers', generate_series(0, 63)")
        await tx.run("UPDATE kernel.clock SET shift = shift + interval '1 hour'")
    ready = await api.get("/readyz")
    told = ready.json()
    assert (ready.status_code, told["status"], told["workers"]) == (200, "ready", 0)
    assert told["lag_seconds"]["customers"] > 3000
    assert ["worker" in told["warnings"][0], "customers" in told["warnings"][1]] == [True, True]
    assert "comptoir_workers 0.0" in (await api.get("/metrics")).text

    stopping = asyncio.Event()
    working = asyncio.create_task(work(Settings(), db, stopping))
    async with asyncio.timeout(30):
        while (await api.get("/readyz")).json()["warnings"]:
            await asyncio.sleep(0.02)
    assert "comptoir_workers 1.0" in (await api.get("/metrics")).text
    stopping.set()
    await working


async def test_without_its_database_the_api_is_not_ready_and_says_why(tmp_path):
    folder = tmp_path / "postgres"
    url = embedded(folder, extra={"shared_buffers": "'128MB'"})
    await migrate(url)
    async with Database(url, size=4) as db, create_app(Settings(), db) as app:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://comptoir.test") as client:
            assert (await client.get("/readyz")).status_code == 200
            kill_postgres(folder)
            away = await client.get("/readyz")
            assert away.status_code == 503
            assert away.headers["Content-Type"] == "application/problem+json"
            assert (away.json()["detail"], away.json()["data"]) == (
                "The database does not answer.",
                {"database": False},
            )
            embedded(folder)
            async with asyncio.timeout(60):
                while (await client.get("/readyz")).status_code != 200:
                    await asyncio.sleep(0.02)
    kill_postgres(folder)


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
