"""Background work is queued with its transaction, survives its worker, and runs when it is due."""

import asyncio
import contextlib
import subprocess
import sys
from datetime import timedelta

import pytest

from comptoir.kernel import jobs, time

pytestmark = pytest.mark.anyio


@pytest.fixture
def declared():
    """Tasks of a test are forgotten after it."""
    before = dict(jobs.TASKS)
    yield
    jobs.TASKS.clear()
    jobs.TASKS.update(before)


async def waiting(db) -> int:
    async with db.reading() as tx:
        return await tx.value("SELECT count(*) FROM jobs.procrastinate_jobs WHERE queue_name = 'comptoir'")


@contextlib.asynccontextmanager
async def worker(db):
    stopping = asyncio.Event()
    running = asyncio.create_task(jobs.run(db, stopping))
    try:
        yield
    finally:
        stopping.set()
        await asyncio.wait_for(running, 30)


async def test_a_job_of_a_rolled_back_transaction_does_not_exist(db, declared):
    @jobs.task("test.nothing")
    async def nothing(db):
        pass

    with contextlib.suppress(RuntimeError):
        async with db.transaction() as tx:
            assert await jobs.defer(tx, nothing)
            raise RuntimeError
    assert await waiting(db) == 0

    async with db.transaction() as tx:
        await jobs.defer(tx, nothing)
    assert await waiting(db) == 1


async def test_a_job_runs_with_its_arguments_and_is_tried_again(db, declared):
    seen, done = [], asyncio.Event()

    @jobs.task("test.remember")
    async def remember(_, *, number, words):
        seen.append((number, words))
        if len(seen) == 1:
            raise RuntimeError("the first time fails")
        done.set()

    async with db.transaction() as tx:
        await jobs.defer(tx, remember, number=7, words=["a", "b"])
    async with worker(db):
        await asyncio.wait_for(done.wait(), 30)
    assert seen == [(7, ["a", "b"])] * 2


async def test_once_means_once_and_leaves_the_transaction_usable(db, declared):
    @jobs.task("test.nothing")
    async def nothing(db):
        pass

    async with db.transaction() as tx:
        assert await jobs.defer(tx, nothing, once="report:7")
        assert await jobs.defer(tx, nothing, once="report:7") is None
        assert await jobs.defer(tx, nothing, once="report:8")
    assert await waiting(db) == 2


async def test_a_job_of_the_future_waits_by_the_installations_clock(db, declared):
    @jobs.task("test.nothing")
    async def nothing(db):
        pass

    async with db.transaction() as tx:
        await time.advance(tx, by=timedelta(days=300))
    async with db.transaction() as tx:
        await jobs.defer(tx, nothing, at=tx.now + timedelta(hours=2))
    async with db.reading() as tx:
        due = await tx.value("SELECT extract(epoch FROM scheduled_at - now()) / 3600 FROM jobs.procrastinate_jobs")
    assert round(float(due), 1) == 2.0


async def test_a_job_whose_worker_was_killed_runs_again(db, declared, tmp_path):
    """The first worker is a process that is killed in the middle; the second finds the job and finishes it."""
    again = asyncio.Event()

    @jobs.task("test.slow")
    async def slow(_):
        again.set()

    async with db.transaction() as tx:
        await jobs.defer(tx, slow)
    program = tmp_path / "worker.py"
    program.write_text(
        "import asyncio, sys\n"
        "from comptoir.kernel import jobs\n"
        "from comptoir.kernel.db import Database\n"
        "@jobs.task('test.slow')\n"
        "async def slow(_):\n"
        "    print('begun', flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "async def main():\n"
        "    async with Database(sys.argv[1]) as db:\n"
        "        await jobs.run(db, asyncio.Event())\n"
        "asyncio.run(main())\n"
    )
    first = await asyncio.create_subprocess_exec(
        sys.executable, str(program), db.url, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert (await asyncio.wait_for(first.stdout.readline(), 30)) == b"begun\n"
    first.kill()
    await first.wait()

    app = jobs.queue_app(db)
    async with app.open_async():
        while not await jobs.run_again_what_died(app, dead_after=0.01):
            await asyncio.sleep(0.02)
    async with worker(db):
        await asyncio.wait_for(again.wait(), 30)
