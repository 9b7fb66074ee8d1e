"""Counts for people who look: how far each is, and what moved on the shelf while it was counted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from comptoir.inventory.counting.counts import CountStage
from comptoir.inventory.errors import UnknownCount
from comptoir.kernel.db import Tx, ints


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A count in short: how many articles it has, and how many of them are counted."""

    count_id: UUID
    location: str
    note: str
    stage: CountStage
    opened_at: datetime
    opened_by: str
    lines: int
    counted: int
    difference: int | None
    """Pieces that differ, all together; null while counting goes on."""


async def sheets(
    tx: Tx,
    *,
    location_ids: Sequence[int] = (),
    standing: Literal["waiting", "ended"] | None = None,
    stage: CountStage | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[Sheet]:
    """The newest first, older than `before` (opened_at, count_id), of these locations or of all. Waiting: open, or for
    somebody's approval.
    """
    at, count_id = before or (None, None)
    return await tx.many(
        Sheet, SHEETS, places=ints(location_ids), standing=standing, stage=stage, at=at, count_id=count_id, one=None,
        limit=limit,
    )  # fmt: skip


async def sheet(tx: Tx, *, count_id: UUID) -> Sheet:
    """One count in short. Raises UnknownCount."""
    nothing = dict.fromkeys(("standing", "stage", "at", "count_id"))
    if found := await tx.maybe(Sheet, SHEETS, one=count_id, places=ints(()), limit=1, **nothing):
        return found
    raise UnknownCount(f"No count has the id {count_id}.", count_id=str(count_id))


async def moved_since(tx: Tx, *, count_id: UUID) -> dict[tuple[int, str], int]:
    """Pieces that came (or, less than zero, left) after each article was counted, by variant and state."""
    return {(variant, state): units for variant, state, units in await tx.tuples(MOVED, count_id=count_id)}


async def pulse(tx: Tx) -> str:
    """Another text whenever a sheet was opened, counted on or closed."""
    return await tx.value(PULSE)


SHEETS = """
    SELECT c.count_id, p.code AS location, c.note, c.stage, c.opened_at, c.opened_by, l.lines, l.counted,
           CASE WHEN c.stage <> 'open' THEN l.difference END AS difference
    FROM (
        SELECT * FROM inventory.count
        WHERE (%(standing)s::text IS NULL OR (%(standing)s::text = 'waiting') = (stage IN ('open', 'review')))
          AND (cardinality(%(places)s::integer[]) = 0 OR location_id = ANY(%(places)s::integer[]))
          AND (%(stage)s::text IS NULL OR stage = %(stage)s::text)
          AND (%(one)s::uuid IS NULL OR count_id = %(one)s::uuid)
          AND (%(at)s::timestamptz IS NULL OR (opened_at, count_id) < (%(at)s::timestamptz, %(count_id)s::uuid))
        ORDER BY opened_at DESC, count_id DESC LIMIT %(limit)s
    ) AS c
    JOIN inventory.location AS p USING (location_id)
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS lines, count(counted)::integer AS counted,
               coalesce(sum(abs(counted - book)), 0)::integer AS difference
        FROM inventory.count_line AS l WHERE l.count_id = c.count_id
    ) AS l
    ORDER BY c.opened_at DESC, c.count_id DESC
"""

# Closed counts: until they were closed. What the count itself has posted bears its reference.
MOVED = """
    SELECT l.variant_id, l.state,
           (coalesce((SELECT sum(e.moved) FROM inventory.entry AS e
                      WHERE e.variant_id = l.variant_id AND e.location_id = c.location_id AND e.state = l.state
                        AND e.occurred_at > l.counted_at AND e.occurred_at <= coalesce(c.closed_at, 'infinity')
                        AND e.reference <> c.count_id::text), 0)
            - coalesce((SELECT sum(e.moved) FROM inventory.entry AS e
                        WHERE e.variant_id = l.variant_id AND e.other_location_id = c.location_id
                          AND e.other_location_id > 3 AND e.other_state = l.state
                          AND e.occurred_at > l.counted_at AND e.occurred_at <= coalesce(c.closed_at, 'infinity')
                          AND e.reference <> c.count_id::text), 0))::integer AS units
    FROM inventory.count AS c JOIN inventory.count_line AS l USING (count_id)
    WHERE c.count_id = %(count_id)s AND l.counted IS NOT NULL
"""

PULSE = """
    SELECT concat_ws(' ', extract(epoch FROM max(opened_at)), extract(epoch FROM max(submitted_at)),
                     extract(epoch FROM max(closed_at)), max(found.counted), extract(epoch FROM max(found.newest)))
    FROM inventory.count
    CROSS JOIN (SELECT count(l.counted) AS counted, max(l.counted_at) AS newest
                FROM inventory.count AS c JOIN inventory.count_line AS l USING (count_id)
                WHERE c.stage = 'open') AS found
"""
