"""A worker that is killed in the middle of its work leaves nothing half done and counts nothing twice."""

import asyncio
import itertools
import os
import signal
import sys
from datetime import timedelta

import pytest

from comptoir import channels, profiles
from comptoir.kernel import log
from comptoir.kernel.consumers import lags
from comptoir.server.bench import traffic

pytestmark = pytest.mark.anyio

EVENTS = 3_000
KILLS = 3

EXPECTED = """
    SELECT count(*) FILTER (WHERE name = 'Product Viewed'), count(*) FILTER (WHERE name = 'Product Added'),
           count(*) FILTER (WHERE kind = 'orders.sale_recorded'),
           coalesce(sum((body::json->>'total_minor')::bigint) FILTER (WHERE kind = 'orders.sale_recorded'), 0)
    FROM kernel.event
"""
PROJECTED = "SELECT sum(views), sum(carts), sum(orders), sum(spend_minor) FROM profiles.day"


async def backlog(db):
    async with db.transaction() as tx:
        outlet = channels.OutletEntry(
            channel="web", code="site", name="Site", country="FR", time_zone="Europe/Paris", currency="EUR"
        )
        await channels.add_outlet(tx, outlet=outlet)
        source = await channels.add_source(tx, name="site", outlet="site")
        start = tx.now - timedelta(hours=2)
        bodies = list(traffic.events(EVENTS, people=300, start=start, hours=2))
        rows = traffic.packed(bodies, source_id=source.source_id, received=tx.now)
        await tx.copy(log.COPY, log.block(log.microseconds(tx.now), rows))
        return sum(b'"event":"Order Completed"' in body for body in bodies)


async def moments(db):
    async with db.reading() as tx:
        return await tx.value("SELECT count(*) FROM profiles.moment")


async def worker(db):
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "comptoir.server.bench.pipeline", db.url, "0", "1"),
        stdout=asyncio.subprocess.DEVNULL,
        env={**os.environ},
    )


async def test_killed_in_mid_drain_the_totals_are_those_of_the_log(db):
    completed = await backlog(db)
    for _ in range(KILLS):
        before = await moments(db)
        process = await worker(db)
        for _ in itertools.count():
            if await moments(db) > before or process.returncode is not None:
                break
            await asyncio.sleep(0.01)
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()
    process = await worker(db)
    assert await process.wait() == 0

    async with db.transaction() as tx:
        await profiles.refresh_directory(tx, currency="EUR")
        assert sum(lag.events for lag in await lags(tx)) == 0
        assert await tx.value("SELECT count(*) FROM kernel.parked_event") == 0
        expected, projected = (await tx.tuples(EXPECTED))[0], (await tx.tuples(PROJECTED))[0]
        assert expected[2] == completed
        assert [int(number) for number in projected] == [int(number) for number in expected]
        assert await tx.value("SELECT sum(spend_minor) FROM profiles.person") == expected[3]
