"""The directory: one row per person, for lists, filters and counts over everybody, a second behind the measures.

The projection only notes whom it touched (`profiles.stale`, in its own transaction); this computes their rows anew from
their nodes' measures. Nothing is ever added to a row, so a merge, an unmerge or a replay cannot leave it wrong, and
however often somebody was touched in a second, her row is written once.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Sequence

import psycopg
import structlog

from comptoir.kernel.db import TRANSIENT, Database, Tx, ints, texts

log = structlog.get_logger(__name__)

AT_ONCE = 500
"""Nodes per transaction."""
EVERY = 1.0
REST = 4
"""Under a flood it rests so many times as long as it worked: the longer it waits, the more falls into one row."""


async def note(tx: Tx, nodes: Iterable[int]) -> None:
    """The owners of these nodes, and the people of these numbers, are not what their rows say."""
    await tx.run("INSERT INTO profiles.stale SELECT unnest(%(nodes)s::bigint[])", nodes=ints(nodes))


async def keep(db: Database, *, currency: str, stopping: asyncio.Event) -> None:
    """Refresh every second until `stopping`, whatever fails: whom a try leaves out is still stale for the next.

    Of several processes one does it at a time.
    """
    while not stopping.is_set():
        began = time.monotonic()
        try:
            await catch_up(db, currency=currency)
        except (psycopg.OperationalError, *TRANSIENT) as error:
            log.info("directory.retry", reason=str(error))
        except Exception:
            # A defect of ours. Without this it would end the worker, and with it everything else that the worker does.
            log.exception("directory.failed")
        rest = max(EVERY, REST * (time.monotonic() - began))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), rest)


async def catch_up(db: Database, *, currency: str) -> None:
    """Refresh all that is stale, a few people at a time."""
    async with db.reading() as tx:
        rows = await tx.values(STALE)
    for start in range(0, len(rows), AT_ONCE):
        async with db.aside() as tx:
            if not await tx.value(ALONE):
                return
            await refresh(tx, currency=currency, rows=rows[start : start + AT_ONCE])


async def refresh(tx: Tx, *, currency: str, rows: Sequence[str] | None = None) -> None:
    """Compute the rows of all who were touched, or of some (`rows` of profiles.stale).

    Lifetime spend is summed in `currency`, that of the head office.
    """
    # One at a time: the slower of two would write what it read before the other.
    await tx.run(WAIT)
    nodes = await tx.values(TAKE if rows is None else TAKE_SOME, **({} if rows is None else {"rows": texts(rows)}))
    if not nodes:
        return
    owners = await tx.values(OWNERS, nodes=ints(nodes))
    # Not prepared: a plan made while the tables were small would go on to read them whole.
    await tx.connection.execute(COMPUTE, {"people": ints(sorted(owners)), "currency": currency}, prepare=False)
    if gone := set(nodes).difference(owners):
        await tx.run("DELETE FROM profiles.person WHERE person_id = ANY(%(gone)s::bigint[])", gone=ints(sorted(gone)))


# Rows of one node come together, so that they are one computation.
STALE = "SELECT ctid::text FROM profiles.stale ORDER BY node_id"

WAIT = "SELECT pg_advisory_xact_lock(hashtext('profiles.directory'))"
ALONE = "SELECT pg_try_advisory_xact_lock(hashtext('profiles.directory'))"

TAKE = "DELETE FROM profiles.stale RETURNING node_id"

TAKE_SOME = "DELETE FROM profiles.stale WHERE ctid = ANY(%(rows)s::tid[]) RETURNING node_id"

OWNERS = "SELECT DISTINCT person_id FROM identity.v_node WHERE node_id = ANY(%(nodes)s::bigint[])"

# Sets by arrays, never by joins to the tables: they are probed by index however large they have grown.
COMPUTE = """
    WITH member AS MATERIALIZED (
        SELECT node_id, person_id, ns FROM identity.v_node
        WHERE node_id = ANY(%(people)s::bigint[]) AND person_id = node_id
        UNION ALL
        SELECT node_id, person_id, ns FROM identity.v_node
        WHERE person_id = ANY(%(people)s::bigint[]) AND person_id <> node_id
    ), named AS (
        SELECT person_id, count(*)::integer AS nodes, bit_or(1::bigint << ns) AS namespaces
        FROM member GROUP BY person_id
    ), seen AS (
        SELECT m.person_id, bit_or(t.channels) AS channels, min(t.first_at) AS first_at, max(t.last_at) AS last_at,
               sum(t.events)::bigint AS events
        FROM profiles.node AS t JOIN member AS m USING (node_id)
        WHERE t.node_id = ANY(ARRAY(SELECT node_id FROM member))
        GROUP BY m.person_id
    ), bought AS (
        SELECT m.person_id, sum(s.orders)::bigint AS orders, sum(s.units)::bigint AS units,
               coalesce(sum(s.spend_minor) FILTER (WHERE s.currency = %(currency)s), 0)::bigint AS spend_minor,
               array_agg(DISTINCT s.outlet_id ORDER BY s.outlet_id) FILTER (WHERE s.orders > 0) AS outlets
        FROM profiles.shop AS s JOIN member AS m USING (node_id)
        WHERE s.node_id = ANY(ARRAY(SELECT node_id FROM member))
        GROUP BY m.person_id
    )
    INSERT INTO profiles.person
        (person_id, nodes, namespaces, channels, first_at, last_at, events, orders, units, spend_minor, outlets)
    SELECT person_id, nodes, namespaces, coalesce(channels, 0), coalesce(first_at, 'epoch'),
           coalesce(last_at, 'epoch'), coalesce(events, 0), coalesce(orders, 0), coalesce(units, 0),
           coalesce(spend_minor, 0), coalesce(outlets, '{}')
    FROM named LEFT JOIN seen USING (person_id) LEFT JOIN bought USING (person_id)
    ON CONFLICT (person_id) DO UPDATE SET
        nodes = excluded.nodes, namespaces = excluded.namespaces, channels = excluded.channels,
        first_at = excluded.first_at, last_at = excluded.last_at, events = excluded.events, orders = excluded.orders,
        units = excluded.units, spend_minor = excluded.spend_minor, outlets = excluded.outlets
"""
