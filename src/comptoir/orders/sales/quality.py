"""What was recorded although somebody should look at it, and what could not be recorded at all."""

from datetime import date, datetime

from comptoir.kernel.db import Tx
from comptoir.orders.records import Flagged, Unrecorded


async def flagged(tx: Tx, *, since: date, until: date) -> list[Flagged]:
    """How many sales of each outlet carry each flag, of the business days from `since` to `until`, both included."""
    return await tx.many(Flagged, FLAGGED, since=since, until=until)


async def unrecorded(tx: Tx, *, before: int | None = None, limit: int = 50) -> list[Unrecorded]:
    """Order events that could not become a sale, newest first; `before` is the position of the last one seen."""
    return await tx.many(Unrecorded, UNRECORDED, before=before, limit=limit)


async def forget_unrecorded(tx: Tx, *, before: datetime, most: int) -> int:
    """Drop orders that could not become a sale and were kept before this moment; returns how many."""
    return await tx.run(FORGET, before=before, most=most)


FLAGGED = """
    SELECT o.code AS outlet, f.flag, count(*) AS sales
    FROM orders.sale AS s JOIN channels.v_outlet AS o USING (outlet_id) CROSS JOIN LATERAL unnest(s.flags) AS f (flag)
    WHERE s.flags <> '{}' AND s.business_day BETWEEN %(since)s AND %(until)s
    GROUP BY o.code, f.flag ORDER BY count(*) DESC, o.code, f.flag
"""

UNRECORDED = """
    SELECT position, event_recorded_at, source_id, event_name, order_number, code, detail
    FROM orders.unrecorded
    WHERE %(before)s::bigint IS NULL OR position < %(before)s::bigint
    ORDER BY position DESC LIMIT %(limit)s
"""

FORGET = """
    DELETE FROM orders.unrecorded WHERE position IN (
        SELECT position FROM orders.unrecorded WHERE kept_at < %(before)s
        ORDER BY position LIMIT %(most)s FOR UPDATE SKIP LOCKED)
"""
