"""Whether the house stands: `/healthz` for starters, `/readyz` for load balancers, `/metrics`, `/openapi.json`."""

import asyncio
from typing import Any, Literal

import msgspec
import psycopg
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from psycopg_pool import PoolTimeout

from comptoir.kernel import consumers, metrics, migrate
from comptoir.kernel.auth import public
from comptoir.kernel.db import Database, Tx

PATIENCE = 3.0
"""Seconds to wait for the database before saying that it is away."""

WORKER = "comptoir worker"
"""The name under which a worker's connection is seen in pg_stat_activity for as long as it lives."""


class Health(msgspec.Struct, frozen=True):
    """What was looked at, and what was found."""

    status: Literal["ok", "failing"]
    database: bool
    migrations_missing: list[str]
    workers: int
    """Worker processes alive; without one, events are taken but not worked on."""
    lag_seconds: float | None
    """Age of the oldest event that some consumer has not read."""


async def examine(db: Database) -> Health:
    try:
        async with asyncio.timeout(PATIENCE), db.reading() as tx:
            missing = await migrations_missing(tx)
            alive = await workers(tx)
            lag = await consumers.lags(tx)
    except (psycopg.Error, PoolTimeout, TimeoutError):
        return Health("failing", database=False, migrations_missing=[], workers=0, lag_seconds=None)
    ok = alive and not missing
    seconds = max((one.seconds for one in lag), default=0.0)
    return Health(
        "ok" if ok else "failing", database=True, migrations_missing=missing, workers=alive, lag_seconds=seconds
    )


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


@get("/readyz", guards=[public])
async def get_readiness(db: NamedDependency[Database]) -> Response[Health]:
    """200 when this process can take requests: like /healthz, but the workers may be elsewhere or down."""
    health = await examine(db)
    return Response(health, status_code=200 if health.database and not health.migrations_missing else 503)


@get("/metrics", guards=[public], include_in_schema=False)
async def get_metrics(db: NamedDependency[Database]) -> Response[bytes]:
    """Prometheus text format."""
    return Response(await metrics.expose(db), media_type=metrics.CONTENT_TYPE)


@get("/openapi.json", guards=[public], include_in_schema=False, sync_to_thread=False)
def get_openapi(request: Request[Any, Any, State]) -> Response[bytes]:
    """The whole HTTP API, OpenAPI 3.1."""
    body = msgspec.json.encode(request.app.openapi_schema.to_schema())
    return Response(body, media_type="application/vnd.oai.openapi+json;version=3.1")


ROUTES = [get_health, get_readiness, get_metrics, get_openapi]
