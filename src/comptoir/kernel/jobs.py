"""Timers and background work on PostgreSQL, by procrastinate, in a schema of its own (`jobs`).

    @task("messaging.send_report")
    async def send_report(db: Database, *, report_id: int) -> None: ...

    await defer(tx, send_report, report_id=7)         # exists only if this transaction commits
    await defer(tx, send_report, at=tomorrow, once="report:7", report_id=7)

    @every("*/5 * * * *")
    async def expire(db: Database) -> None: ...

A job runs at least once: a worker that dies is missed after half a minute and its job runs again elsewhere, so what a
job does must be idempotent, like every operation. Arguments are JSON. Failed jobs are tried again for about a day.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import procrastinate
import psycopg
import structlog
from procrastinate import exceptions
from procrastinate.jobs import Job
from procrastinate.manager import JobManager

from comptoir.kernel.db import OPTIONS, Database, Tx
from comptoir.kernel.notices import pause

log = structlog.get_logger(__name__)

QUEUE = "comptoir"
ATTEMPTS = 8
DEAD_AFTER = 30.0
"""Seconds without a sign of life, after which a worker's jobs run again."""

Work = Callable[..., Awaitable[None]]


class Task(msgspec.Struct, frozen=True):
    """A named piece of work; called as `work(db, **arguments)`."""

    name: str
    work: Work
    attempts: int
    cron: str = ""


TASKS: dict[str, Task] = {}
"""Every task that was declared by the modules imported so far; the worker imports all packages."""


def task(name: str, *, attempts: int = ATTEMPTS) -> Callable[[Work], Task]:
    """Declare background work. `name` is `package.verb_noun`, and stays for as long as such jobs may be queued."""

    def declare(work: Work) -> Task:
        return _declare(Task(name, work, attempts))

    return declare


def every(cron: str, *, name: str = "") -> Callable[[Work], Task]:
    """Declare a timer (cron expression, UTC, real time). It runs in one worker only, however many there are."""

    def declare(work: Work) -> Task:
        package = work.__module__.removeprefix("comptoir.").partition(".")[0]
        return _declare(Task(name or f"{package}.{work.__name__}", work, 1, cron))

    return declare


def _declare(one: Task) -> Task:
    if one.name in TASKS:
        raise ValueError(f"two tasks are called {one.name}")
    TASKS[one.name] = one
    return one


async def defer(
    tx: Tx,
    task: Task,
    *,
    at: datetime | None = None,
    lock: str | None = None,
    once: str | None = None,
    **arguments: Any,
) -> int | None:
    """Queue a job in this transaction; returns its id.

    `at`: not before this moment of the installation's clock. `lock`: jobs with the same lock run one after another.
    `once`: None is returned and nothing queued while a job with this mark waits already.
    """
    job = Job(
        queue=QUEUE,
        lock=lock,
        queueing_lock=once,
        task_name=task.name,
        task_kwargs=msgspec.to_builtins(arguments),
        # The queue lives in real time; the installation's clock may be ahead of it.
        scheduled_at=None if at is None else datetime.now(UTC) + (at - tx.now),
    )
    await tx.send()
    try:
        async with tx.connection.transaction():
            queued = await QUEUEING.defer_job_async(job, connection=tx.connection)
    except exceptions.AlreadyEnqueued:
        return None
    return queued.id


# Only to write on connections that it is given: it is never opened.
QUEUEING = JobManager(procrastinate.PsycopgConnector())


def queue_app(db: Database) -> procrastinate.App:
    """Procrastinate's view of all declared tasks, on a small pool of its own."""
    connector = procrastinate.PsycopgConnector(conninfo=db.url, min_size=1, max_size=4, kwargs={"options": OPTIONS})
    app = procrastinate.App(connector=connector)
    for one in TASKS.values():
        _register(app, one, db)
    _register_mending(app)
    return app


def _register(app: procrastinate.App, one: Task, db: Database) -> None:
    async def run(**arguments: Any) -> None:
        await one.work(db, **arguments)

    async def tick(timestamp: int) -> None:  # noqa: ARG001  procrastinate passes it
        await one.work(db)

    # 4, 16, 64 … seconds: the seventh retry comes after five hours, the eighth after eighteen.
    retry = procrastinate.RetryStrategy(max_attempts=one.attempts, exponential_wait=4)
    if one.cron:
        timer = app.task(name=one.name, queue=QUEUE, queueing_lock=one.name, lock=one.name)(tick)
        app.periodic(cron=one.cron)(timer)
    else:
        app.task(name=one.name, queue=QUEUE, retry=retry)(run)


def _register_mending(app: procrastinate.App) -> None:
    """The queue's own housekeeping: jobs of dead workers run again, done ones are dropped after a week."""

    async def mend(timestamp: int) -> None:
        await run_again_what_died(app)
        if timestamp % 3600 < 60:
            await app.job_manager.delete_old_jobs(
                nb_hours=168, include_failed=True, include_cancelled=True, include_aborted=True
            )

    timer = app.task(name="kernel.mend_queue", queue=QUEUE, queueing_lock="kernel.mend_queue")(mend)
    app.periodic(cron="* * * * *")(timer)


async def run_again_what_died(app: procrastinate.App, *, dead_after: float = DEAD_AFTER) -> int:
    """Queue the jobs of workers that gave no sign of life for `dead_after` seconds anew; returns how many."""
    stalled = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=dead_after))
    for job in stalled:
        assert job.id is not None
        log.warning("jobs.run_again", task=job.task_name, job=job.id)
        await app.job_manager.retry_job_by_id_async(job_id=job.id, retry_at=datetime.now(UTC))
    return len(stalled)


async def run(db: Database, stopping: asyncio.Event, *, concurrency: int = 4) -> None:
    """Work off the queue until `stopping`, through absences of the database; jobs under way are finished first."""
    while not stopping.is_set():
        try:
            await _work_off(db, stopping, concurrency)
        except (exceptions.ConnectorException, psycopg.OperationalError) as error:
            log.warning("jobs.database_away", reason=repr(error.__cause__ or error))
        await pause(1.0, stopping)


async def _work_off(db: Database, stopping: asyncio.Event, concurrency: int) -> None:
    app = queue_app(db)
    async with app.open_async():
        worker = asyncio.create_task(
            app.run_worker_async(
                queues=[QUEUE],
                concurrency=concurrency,
                install_signal_handlers=False,
                delete_jobs="successful",
                shutdown_graceful_timeout=20,
                stalled_worker_timeout=DEAD_AFTER,
            )
        )
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait({worker, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not worker.done():
            worker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await worker
