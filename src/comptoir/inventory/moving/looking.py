"""Transfers and deliveries for people who look: what is on its way to or from whom, what is late, how it went."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, LiteralString
from uuid import UUID

import msgspec

from comptoir.inventory.moving.transfers import SELECT, Journey, Transfer
from comptoir.kernel.db import Tx, ints

Standing = Literal["open", "late", "ended"]
"""`late`: under way, and a line was expected before today."""
Kind = Literal["transfer", "delivery"]


class Heading(Journey, frozen=True, kw_only=True):
    """A transfer or delivery in short: how many articles it has, and the pieces of all of them together."""

    lines: int
    quantity: int
    shipped: int
    received: int
    set_aside: int
    missing: int
    under_way: int


class Tally(msgspec.Struct, frozen=True):
    """How many have not ended, and how many of them are late."""

    open: int
    late: int


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a transfer. Pieces, where goods moved."""

    kind: Literal["requested", "shipped", "received", "closed"]
    at: datetime
    actor: str
    reference: str = ""
    """The receiver's name for the parcel."""
    units: int = 0
    set_aside: int = 0
    """Of them, not fit for sale."""
    over: int = 0
    """Of them, more than were under way."""


async def sought(
    tx: Tx,
    *,
    location_ids: Sequence[int] = (),
    standing: Standing | None = None,
    kind: Kind | None = None,
    today: date | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[Transfer]:
    """The newest first, older than `before` (requested_at, transfer_id); to or from one of these locations."""
    at, transfer_id = before or (None, None)
    return await tx.many(
        Transfer,
        LIST,
        places=ints(location_ids),
        standing=standing,
        kind=kind,
        today=today or tx.now.date(),
        at=at,
        transfer_id=transfer_id,
        limit=limit,
    )


async def headings(
    tx: Tx,
    *,
    to_location_ids: Sequence[int] = (),
    open_only: bool = False,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[Heading]:
    """The newest first, older than `before` (requested_at, transfer_id); to these locations, or to any."""
    at, transfer_id = before or (None, None)
    return await tx.many(
        Heading, HEADINGS, targets=ints(to_location_ids), open=open_only, at=at, transfer_id=transfer_id, limit=limit
    )


async def tally(tx: Tx, *, today: date | None = None) -> Tally:
    return await tx.one(Tally, TALLY, today=today or tx.now.date())


async def pulse(tx: Tx) -> str:
    """Another text whenever a transfer has moved that has not ended, or one of the last."""
    return await tx.value(PULSE)


async def story(tx: Tx, *, transfer_id: UUID) -> list[Step]:
    """What happened to it, oldest first. Who shipped and what each parcel held is read from the ledger."""
    return await tx.many(Step, STORY, transfer_id=transfer_id)


LATE: LiteralString = """
    t.closed_at IS NULL AND EXISTS (
        SELECT FROM inventory.transfer_line AS l
        WHERE l.transfer_id = t.transfer_id AND l.under_way > 0 AND l.expected_on < %(today)s)
"""

LIST: LiteralString = f"""{SELECT}
    WHERE (cardinality(%(places)s::integer[]) = 0
           OR t.to_location_id = ANY(%(places)s::integer[]) OR t.from_location_id = ANY(%(places)s::integer[]))
      AND (%(standing)s::text IS NULL
           OR %(standing)s::text = 'open' AND t.closed_at IS NULL
           OR %(standing)s::text = 'ended' AND t.closed_at IS NOT NULL
           OR %(standing)s::text = 'late' AND {LATE})
      AND (%(kind)s::text IS NULL OR (%(kind)s::text = 'delivery') = (t.from_location_id = 1))
      AND (%(at)s::timestamptz IS NULL
           OR (t.requested_at, t.transfer_id) < (%(at)s::timestamptz, %(transfer_id)s::uuid))
    ORDER BY t.requested_at DESC, t.transfer_id DESC LIMIT %(limit)s
"""

HEADINGS = """
    SELECT t.transfer_id, f.code AS source, d.code AS target, t.supplier, t.note, t.stage, t.requested_at, t.shipped_at,
           t.closed_at, l.*
    FROM (
        SELECT * FROM inventory.transfer
        WHERE (cardinality(%(targets)s::integer[]) = 0 OR to_location_id = ANY(%(targets)s::integer[]))
          AND (closed_at IS NULL OR NOT %(open)s)
          AND (%(at)s::timestamptz IS NULL
               OR (requested_at, transfer_id) < (%(at)s::timestamptz, %(transfer_id)s::uuid))
        ORDER BY requested_at DESC, transfer_id DESC LIMIT %(limit)s
    ) AS t
    JOIN inventory.location AS f ON f.location_id = t.from_location_id
    JOIN inventory.location AS d ON d.location_id = t.to_location_id
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS lines, coalesce(sum(quantity), 0)::integer AS quantity,
               coalesce(sum(shipped), 0)::integer AS shipped, coalesce(sum(received), 0)::integer AS received,
               coalesce(sum(set_aside), 0)::integer AS set_aside, coalesce(sum(missing), 0)::integer AS missing,
               coalesce(sum(under_way), 0)::integer AS under_way
        FROM inventory.transfer_line AS l WHERE l.transfer_id = t.transfer_id
    ) AS l
    ORDER BY t.requested_at DESC, t.transfer_id DESC
"""

TALLY = """
    SELECT count(*)::integer AS open, (count(*) FILTER (WHERE EXISTS (
        SELECT FROM inventory.transfer_line AS l
        WHERE l.transfer_id = t.transfer_id AND l.under_way > 0 AND l.expected_on < %(today)s)))::integer AS late
    FROM inventory.transfer AS t WHERE t.closed_at IS NULL
"""

PULSE = """
    SELECT coalesce(md5(string_agg(concat_ws(' ', t.transfer_id, t.stage,
        (SELECT sum(l.shipped * 3 + l.received * 5 + l.set_aside * 7 + l.missing * 11) FROM inventory.transfer_line AS l
         WHERE l.transfer_id = t.transfer_id)), ',' ORDER BY t.transfer_id)), '')
    FROM (SELECT transfer_id, stage FROM inventory.transfer WHERE closed_at IS NULL
          UNION
          (SELECT transfer_id, stage FROM inventory.transfer
           ORDER BY requested_at DESC, transfer_id DESC LIMIT 25)) AS t
"""

STORY = """
    WITH moved AS (
        SELECT e.act, e.actor, e.recorded_at, abs(e.moved) AS units, e.reason,
               CASE WHEN e.location_id = t.to_location_id THEN e.state ELSE e.other_state END AS state
        FROM inventory.transfer AS t
        JOIN inventory.transfer_line AS l USING (transfer_id)
        JOIN inventory.entry AS e ON e.variant_id = l.variant_id
             AND e.location_id IN (t.from_location_id, t.via_location_id, t.to_location_id)
        WHERE t.transfer_id = %(transfer_id)s AND e.reference = t.transfer_id::text AND e.moved <> 0
    )
    SELECT 'requested' AS kind, requested_at AS at, requested_by AS actor, '' AS reference, 0 AS units, 0 AS set_aside,
           0 AS over
    FROM inventory.transfer WHERE transfer_id = %(transfer_id)s
    UNION ALL
    SELECT 'shipped', t.shipped_at,
           coalesce((SELECT m.actor FROM moved AS m WHERE m.act = 'ship' LIMIT 1), ''), '',
           coalesce((SELECT sum(l.shipped) FROM inventory.transfer_line AS l
                     WHERE l.transfer_id = t.transfer_id), 0)::integer, 0, 0
    FROM inventory.transfer AS t
    WHERE t.transfer_id = %(transfer_id)s AND t.shipped_at IS NOT NULL AND t.via_location_id IS NOT NULL
    UNION ALL
    SELECT 'received', r.received_at, r.actor, r.reference,
           coalesce(sum(m.units), 0)::integer,
           coalesce(sum(m.units) FILTER (WHERE m.state <> 'sellable'), 0)::integer,
           coalesce(sum(m.units) FILTER (WHERE m.reason = 'over'), 0)::integer
    FROM inventory.receipt AS r LEFT JOIN moved AS m ON m.act = 'receive' AND m.recorded_at = r.received_at
    WHERE r.transfer_id = %(transfer_id)s GROUP BY r.received_at, r.actor, r.reference
    UNION ALL
    SELECT 'closed', closed_at, '', '', 0, 0, 0 FROM inventory.transfer
    WHERE transfer_id = %(transfer_id)s AND closed_at IS NOT NULL
    ORDER BY at, kind DESC
"""
