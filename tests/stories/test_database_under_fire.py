"""The whole server under load while its database is cut off, falls and comes back: nothing acknowledged is lost or doubled.

Consumers commit without waiting for the disk (`Database.replayable`): what a fall takes back, they do again.
"""

import asyncio
import base64
import contextlib
import json
import os
import random
import signal
import sys
from datetime import timedelta

import httpx
import psycopg
import pytest

from comptoir import channels, identity, orders
from comptoir.kernel.auth import SYSTEM, keys
from comptoir.kernel.consumers import lags
from comptoir.kernel.db import Database
from comptoir.kernel.migrate import migrate
from comptoir.kernel.postgres import embedded
from comptoir.profiles import rebuild
from comptoir.server.bench import traffic
from comptoir.server.running import listen
from comptoir.server.spine import replay_customers
from ingest.conftest import WEB
from ingest.house import kill_postgres

pytestmark = [pytest.mark.anyio, pytest.mark.long]

BATCHES = 80
"""Of twenty events, for each of four senders."""
RECEIPTS = 100

BACKENDS = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
LOG = """
    SELECT count(*) FILTER (WHERE name = 'Product Viewed'), count(*) FILTER (WHERE name = 'Order Completed')
    FROM kernel.event
"""
MONEY = """
    SELECT (SELECT sum(total_minor) FROM orders.sale), (SELECT sum(spend_minor) FROM profiles.takings),
           (SELECT sum(spend_minor) FROM profiles.day), (SELECT sum(spend_minor) FROM profiles.person)
"""


async def cut(folder, url, chance):
    """Some connections or all of them, whosever they are; or what they are just doing."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        found = [pid for (pid,) in await (await connection.execute(BACKENDS)).fetchall()]
        for pid in chance.sample(found, min(len(found), chance.choice((1, 1, 2, 3, 20)))):
            end = chance.choice(("SELECT pg_terminate_backend(%s)", "SELECT pg_cancel_backend(%s)"))
            await connection.execute(end, [pid])
    await asyncio.sleep(chance.random() / 2)


async def fall(folder, url, chance):
    """kill -9 of the whole of PostgreSQL."""
    await asyncio.sleep(chance.random() * 2)
    kill_postgres(folder)
    await asyncio.sleep(chance.random())
    assert embedded(folder) == url


@contextlib.asynccontextmanager
async def served(url, tmp_path):
    probe = listen("127.0.0.1", 0)
    port = probe.getsockname()[1]
    probe.close()
    options = ("--data-dir", str(tmp_path), "--port", str(port), "--workers", "2", "--readers", "2")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "comptoir", "serve", *options),
        env={**os.environ, "COMPTOIR_DATABASE_URL": url},
        stderr=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            async with asyncio.timeout(60):
                while not await healthy(client):
                    await asyncio.sleep(0.1)
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def healthy(client):
    with contextlib.suppress(httpx.TransportError):
        return (await client.get("/healthz")).status_code == 200
    return False


async def deliver(client, path, body, headers):
    """What a sender does: again and again, until it is taken."""
    while True:
        with contextlib.suppress(httpx.TransportError):
            answer = await client.post(path, content=body, headers=headers)
            if answer.status_code == 200:
                return answer
            assert answer.status_code in {429, 503}, answer.text
        await asyncio.sleep(0.05)


async def caught_up(db):
    """Every event is read and every row of the directory is fresh."""
    async with asyncio.timeout(120):
        while True:
            with contextlib.suppress(psycopg.OperationalError):  # of a pool from before the fall
                async with db.reading() as tx:
                    found = await lags(tx)
                    stale = await tx.value("SELECT count(*) FROM profiles.stale")
                if found and not stale and not sum(one.events for one in found):
                    return
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(("misfortune", "times"), [(cut, 40), (fall, 6)])
async def test_nothing_is_lost_or_doubled(tmp_path, misfortune, times):
    chance = random.Random(7)
    folder = tmp_path / "postgres"
    url = embedded(folder, extra={"shared_buffers": "'128MB'"})
    await migrate(url)
    async with Database(url, size=2) as db, db.transaction() as tx:
        await channels.add_outlet(tx, outlet=WEB)
        source = await channels.add_source(tx, name="site", outlet="web")
        made = await keys.add_key(tx, name="till", scopes=["orders:write"], actor=SYSTEM)
        start = tx.now - timedelta(hours=1)
    write_key = {"Authorization": "Basic " + base64.b64encode(f"{source.write_key}:".encode()).decode()}
    key = {"Authorization": f"Bearer {made.token}", "Content-Type": "application/json"}
    sent = []

    async def site(client, name):
        for number in range(BATCHES):
            seed = name * BATCHES + number
            events = list(traffic.events(20, people=200, start=start, hours=1, seed=seed))
            sent.extend(json.loads(event)["messageId"] for event in events)
            for _ in range(1 + (number % 7 == 0)):  # some senders did not hear the answer
                await deliver(client, "/v1/batch", b'{"batch":[' + b",".join(events) + b"]}", write_key)

    async def till(client):
        for number in range(RECEIPTS):
            sale = {
                "outlet": "web",
                "number": f"r{number}",
                "occurred_at": (start + timedelta(minutes=number % 50)).isoformat(),
                "currency": "EUR",
                "total_minor": 1000 + number,
                "lines": [{"amount_minor": 1000 + number, "name": "Boots"}],
                "identifiers": {"user_id": f"u{number % 200}"},
            }
            answer = await deliver(client, "/v1/orders/sales", json.dumps(sale).encode(), key)
            assert answer.json()["refused"] == 0, answer.text

    async with served(url, tmp_path) as client, Database(url, size=2) as db:
        sending = asyncio.gather(*(site(client, name) for name in range(4)), till(client))
        for _ in range(times):
            await misfortune(folder, url, chance)
        await sending
        await misfortune(folder, url, chance)  # into the drain
        await caught_up(db)

        async with db.reading() as tx:
            kept = await tx.values("SELECT body::json->>'messageId' FROM kernel.event WHERE kind LIKE 'ingest.%%'")
            assert sorted(kept) == sorted(sent)
            assert await tx.value("SELECT count(*) FROM kernel.parked_event") == 0
            ((views, completed),) = await tx.tuples(LOG)
            assert await tx.value("SELECT sum(views) FROM profiles.day") == views
            assert await tx.value("SELECT count(*) FROM orders.sale") == completed + RECEIPTS
            (money,) = await tx.tuples(MONEY)
            assert len(set(money)) == 1, money
            assert [*await orders.reconcile(tx), *await identity.reconcile(tx)] == []
            before = await rebuild.digest(tx)
        async with db.transaction() as tx:
            await replay_customers(tx)
        await caught_up(db)
        async with db.reading() as tx:
            assert await rebuild.digest(tx) == before
    kill_postgres(folder)
