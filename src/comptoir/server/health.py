"""Whether the house stands: `/healthz` for starters, `/readyz` for load balancers, `/metrics`, `/openapi.json`."""

import asyncio
from typing import Any, Literal

import msgspec
import psycopg
import structlog
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from prometheus_client import Gauge
from psycopg_pool import PoolTimeout

from comptoir.kernel import consumers, metrics, migrate
from comptoir.kernel.auth import public
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import Unavailable
from comptoir.kernel.http import raises

log = structlog.get_logger(__name__)

PATIENCE = 3.0
"""Seconds to wait for the database before saying that it is away."""

WORKER = "comptoir worker"
"""The name under which a worker's connection is seen in pg_stat_activity for as long as it lives."""


LAG_TOLERATED = 60.0
"""Seconds that a consumer may be behind before it is told as a trouble."""

AWAY = (psycopg.Error, PoolTimeout, TimeoutError)

workers_alive = Gauge("comptoir_workers", "Worker processes alive, on whatever machine", multiprocess_mode="mostrecent")


class Health(msgspec.Struct, frozen=True):
    """What was looked at, and what was found."""

    status: Literal["ok", "failing"]
    database: bool
    migrations_missing: list[str]
    workers: int
    """Worker processes alive; without one, events are taken but not worked on."""
    lag_seconds: float | None
    """Age of the oldest event that some consumer has not read."""


class Readiness(msgspec.Struct, frozen=True):
    """What this process can do, and what others leave undone."""

    status: Literal["ready"]
    workers: int
    """Worker processes alive, on whatever machine."""
    lag_seconds: dict[str, float] | None
    """By consumer, the age of the oldest event that it has not read; null when that took too long to find out."""
    warnings: list[str]
    """What an operator should look at, in sentences. None of it keeps this process from taking requests."""


async def examine(db: Database) -> Health:
    try:
        missing, alive = await look(db)
        lag = await lags(db)
    except AWAY:
        return Health("failing", database=False, migrations_missing=[], workers=0, lag_seconds=None)
    return Health(
        "ok" if alive and not missing else "failing",
        database=True,
        migrations_missing=missing,
        workers=alive,
        lag_seconds=max(lag.values(), default=0.0),
    )


async def readiness(db: Database) -> Readiness:
    """Raises Unavailable where requests could not be answered. A missing worker is a warning.

    The API takes and keeps events without one: were it taken out of the load balancer, they would be lost as well.
    """
    try:
        missing, alive = await look(db)
    except AWAY as error:
        # Its words may name hosts and users, and this route is public.
        log.warning("health.database_away", reason=str(error).strip() or type(error).__name__)
        raise Unavailable("The database does not answer.", database=False) from error
    if missing:
        raise Unavailable(f"Migrations are missing: {', '.join(missing)}.", migrations_missing=missing)
    try:
        lag = await lags(db)
    except AWAY:
        lag = None
    warnings = [] if alive else ["No worker is alive: events are taken and kept, but nobody works on them."]
    warnings += [
        f"The consumer {name} is {seconds:.0f} s behind."
        for name, seconds in (lag or {}).items()
        if seconds > LAG_TOLERATED
    ]
    return Readiness("ready", workers=alive, lag_seconds=lag, warnings=warnings)


async def look(db: Database) -> tuple[list[str], int]:
    """Migrations that are missing, and workers alive. Raises one of AWAY."""
    async with asyncio.timeout(PATIENCE), db.reading() as tx:
        return await migrations_missing(tx), await workers(tx)


async def lags(db: Database) -> dict[str, float]:
    """By consumer, the age of the oldest event that it has not read, in seconds. Raises one of AWAY."""
    async with asyncio.timeout(PATIENCE), db.reading() as tx:
        return {lag.consumer: lag.seconds for lag in await consumers.lags(tx, most=1)}


async def migrations_missing(tx: Tx) -> list[str]:
    """Files that were not applied to this database."""
    applied = set(await tx.values("SELECT name FROM kernel.migration"))
    return [name for name in migrate.files() if name not in applied]


async def workers(tx: Tx) -> int:
    """Worker processes that are connected, on whatever machine."""
    return await tx.value(WORKERS, name=WORKER)


WORKERS = """
    SELECT count(*) FROM pg_stat_activity WHERE application_name = %(name)s AND datname = current_database()
"""


@get("/healthz", guards=[public])
async def get_health(db: NamedDependency[Database]) -> Response[Health]:
    """200 when the database answers, all migrations are applied and a worker is alive; else 503."""
    health = await examine(db)
    return Response(health, status_code=200 if health.status == "ok" else 503)


@get("/readyz", guards=[public], responses=raises(Unavailable))
async def get_readiness(db: NamedDependency[Database]) -> Readiness:
    """200 when this process can take requests; else 503, with what is missing.

    Whether a worker is alive and how far the consumers are behind is told, and changes nothing.
    """
    return await readiness(db)


@get("/metrics", guards=[public], include_in_schema=False)
async def get_metrics(db: NamedDependency[Database], beside: NamedDependency[Database]) -> Response[bytes]:
    """Prometheus text format."""
    async with db.reading() as tx:
        workers_alive.set(await workers(tx))
    return Response(await metrics.expose(db, beside), media_type=metrics.CONTENT_TYPE)


@get("/openapi.json", guards=[public], include_in_schema=False, sync_to_thread=False)
def get_openapi(request: Request[Any, Any, State]) -> Response[bytes]:
    """The whole HTTP API, OpenAPI 3.1."""
    body = msgspec.json.encode(request.app.openapi_schema.to_schema())
    return Response(body, media_type="application/vnd.oai.openapi+json;version=3.1")


ROUTES = [get_health, get_readiness, get_metrics, get_openapi]
