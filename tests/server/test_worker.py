"""The worker goes on by itself when its connections are cut, whichever of them."""

import asyncio

import pytest

from comptoir.kernel import jobs
from comptoir.kernel.settings import Settings
from comptoir.server.health import WORKER
from comptoir.server.worker import work

pytestmark = pytest.mark.anyio

CUT = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
PULSE = """
    SELECT count(*) FROM pg_stat_activity
    WHERE application_name = %(name)s AND datname = current_database() AND backend_start > %(after)s
"""


# A job that is cut as it ends raises in a task of Procrastinate's own, which this runner of tests takes for a failure.
BUSY = "SELECT count(*) FROM jobs.procrastinate_jobs WHERE status IN ('todo', 'doing') AND scheduled_at IS NULL"

TICKED = "SELECT count(*) FROM jobs.procrastinate_periodic_defers"


@pytest.fixture
def declared():
    before = dict(jobs.TASKS)
    yield
    jobs.TASKS.clear()
    jobs.TASKS.update(before)


async def test_it_outlives_all_its_connections(db, declared, monkeypatch):
    done = asyncio.Event()

    @jobs.task("test.ring")
    async def ring(db):
        done.set()

    monkeypatch.setattr("comptoir.server.worker.BEAT", 0.1)
    stopping = asyncio.Event()
    async with await db.connect() as outside:

        async def value(sql, **params):
            return (await (await outside.execute(sql, params)).fetchone())[0]

        async def alive(after):
            async with asyncio.timeout(30):
                while not await value(PULSE, name=WORKER, after=after):
                    assert not working.done(), working.exception()
                    await asyncio.sleep(0.02)

        working = asyncio.create_task(work(Settings(), db, stopping))
        await alive("-infinity")
        for _ in range(3):
            async with asyncio.timeout(30):
                while not await value(TICKED) or await value(BUSY):
                    await asyncio.sleep(0.02)
            now = await value("SELECT clock_timestamp()")
            assert await value(CUT)
            await alive(now)
        async with asyncio.timeout(30):
            while True:  # the pool still holds connections that were cut
                try:
                    async with db.transaction() as tx:
                        await jobs.defer(tx, ring)
                    break
                except jobs.psycopg.OperationalError:
                    pass
            await done.wait()
    stopping.set()
    await asyncio.wait_for(working, 30)
