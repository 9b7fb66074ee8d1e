"""Prometheus metrics. A package declares its own beside its code with `prometheus_client`; `/metrics` shows all.

With several processes (`comptoir serve --workers 4`) each writes into PROMETHEUS_MULTIPROC_DIR and any of them answers
for all.
"""

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess, registry

from comptoir.kernel import consumers
from comptoir.kernel.db import APPENDERS, Database, Tx

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

requests = Counter("comptoir_requests_total", "Requests answered", ["method", "route", "status"])
request_seconds = Histogram(
    "comptoir_request_seconds",
    "Time from the first byte of a request to the end of its answer",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)

consumer_events = Gauge(
    "comptoir_consumer_lag_events", "Events a consumer has not read", ["consumer"], multiprocess_mode="mostrecent"
)
consumer_seconds = Gauge(
    "comptoir_consumer_lag_seconds", "Age of the oldest unread event", ["consumer"], multiprocess_mode="mostrecent"
)
pool_connections = Gauge(
    "comptoir_pool_connections", "Connections of this process", ["state"], multiprocess_mode="livesum"
)
pool_waiting = Gauge("comptoir_pool_waiting", "Requests that wait for a connection", multiprocess_mode="livesum")
oldest_transaction_seconds = Gauge(
    "comptoir_oldest_writer_seconds",
    "Age of the oldest transaction that may append to the log: it holds back every reader",
    multiprocess_mode="mostrecent",
)


async def expose(db: Database, beside: Database) -> bytes:
    """What `/metrics` answers: the counters as they stand, and the state of the log and both pools measured now."""
    async with db.reading() as tx:
        for lag in await consumers.lags(tx):
            consumer_events.labels(lag.consumer).set(lag.events)
            consumer_seconds.labels(lag.consumer).set(lag.seconds)
        oldest_transaction_seconds.set(await oldest_writer(tx))
    measure_pools(db, beside)
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(registry.REGISTRY)
    everywhere = CollectorRegistry()
    multiprocess.MultiProcessCollector(everywhere)
    return generate_latest(everywhere)


def measure_pools(*dbs: Database) -> None:
    """Connections in use and idle, and who waits for one."""
    stats = [db.pool.get_stats() for db in dbs]
    size, idle = (sum(one.get(name, 0) for one in stats) for name in ("pool_size", "pool_available"))
    pool_connections.labels("in_use").set(size - idle)
    pool_connections.labels("idle").set(idle)
    pool_waiting.set(sum(one.get("requests_waiting", 0) for one in stats))


async def oldest_writer(tx: Tx) -> float:
    """Seconds since the oldest transaction began that writes and may append to the log; 0 when there is none."""
    return float(await tx.value(OLDEST_WRITER, appenders=APPENDERS) or 0)


OLDEST_WRITER = """
    SELECT coalesce(extract(epoch FROM clock_timestamp() - min(a.xact_start)), 0)::float8
    FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted
      AND concat(l.classid, ', ', l.objid) = %(appenders)s AND l.objsubid = 2
      AND a.datname = current_database() AND a.backend_xid IS NOT NULL
"""
