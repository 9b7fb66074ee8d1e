"""The work of the locations, as it stands: lists for a board, one with all that was done for it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from comptoir.kernel.db import Tx, ints, texts
from comptoir.orders.fulfilment.errors import UnknownFulfilment
from comptoir.orders.fulfilment.records import Done, Fulfilment, Parcel


async def fulfilment(tx: Tx, *, fulfilment_id: int) -> Fulfilment:
    """Raises UnknownFulfilment."""
    if found := (await fulfilments_by_id(tx, [fulfilment_id])).get(fulfilment_id):
        return found
    raise UnknownFulfilment(f"There is no work {fulfilment_id}.", fulfilment_id=fulfilment_id)


async def fulfilments_by_id(tx: Tx, fulfilment_ids: Collection[int]) -> dict[int, Fulfilment]:
    """Those that there are."""
    if not fulfilment_ids:
        return {}
    found = await tx.many(Fulfilment, BY_ID, ids=ints(sorted(fulfilment_ids)))
    return {one.fulfilment_id: one for one in found}


async def fulfilments_of(tx: Tx, *, order_id: UUID) -> list[Fulfilment]:
    """All work for an order, the first first."""
    return await tx.many(Fulfilment, OF_ORDER, order_id=order_id)


async def fulfilments(
    tx: Tx,
    *,
    location: str = "",
    states: Sequence[str] = ("coming", "open", "accepted", "ready"),
    method: str = "",
    late: bool = False,
    outlets: Collection[int] = (),
    after: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> list[Fulfilment]:
    """The work of a location (code; empty for all) in these states, what is due first first. `after`: due and id.
    `outlets`: only of their locations; none: of all.
    """
    due, last = after or (None, 0)
    return await tx.many(
        Fulfilment, LIST, location=location, states=texts(states), method=method, late=late, due=due, last=last,
        limit=limit, outlets=ints(outlets),
    )  # fmt: skip


async def history(tx: Tx, *, order_id: UUID) -> list[Done]:
    """All that was done for an order, in order."""
    return await tx.many(Done, HISTORY, order_id=order_id)


async def parcels(tx: Tx, *, order_id: UUID) -> list[Parcel]:
    """What has left for the customer. Personal."""
    return await tx.many(Parcel, PARCELS, order_id=order_id)


SELECT: LiteralString = """
    SELECT f.fulfilment_id, f.order_id, o.order_number, o.channel, f.location_id, p.code AS location, f.method,
           d.code AS destination, f.state, f.due_at, f.late, f.keep_until, f.picker, f.wave_id, f.shelf, f.carrier,
           f.tracking, f.sscc, o.placed_at, f.changed_at,
           (SELECT json_agg(l ORDER BY l.line) FROM (
                SELECT l.line, l.variant_id, s.sku, coalesce(nullif(v.name, ''), v.product_name, s.sku) AS name,
                       l.quantity, l.open, l.picked, l.handed_over, l.cancelled, l.rejected, l.sent
                FROM orders.fulfilment_line AS l
                JOIN orders.sales_order_line AS s USING (order_id, line)
                LEFT JOIN catalog.v_variant AS v ON v.variant_id = l.variant_id
                WHERE l.fulfilment_id = f.fulfilment_id) AS l) AS lines
    FROM orders.fulfilment AS f
    JOIN orders.sales_order AS o USING (order_id)
    JOIN inventory.v_location AS p USING (location_id)
    LEFT JOIN inventory.v_location AS d ON d.location_id = f.destination_id
"""

BY_ID: LiteralString = f"{SELECT} WHERE f.fulfilment_id = ANY(%(ids)s::bigint[]) ORDER BY f.fulfilment_id"
OF_ORDER: LiteralString = f"{SELECT} WHERE f.order_id = %(order_id)s ORDER BY f.fulfilment_id"
LIST: LiteralString = f"""{SELECT}
    WHERE f.state = ANY(%(states)s::text[]) AND (%(location)s = '' OR p.code = %(location)s)
      AND (%(outlets)s::smallint[] = '{{}}' OR p.outlet_id = ANY(%(outlets)s::smallint[]))
      AND (%(method)s = '' OR f.method = %(method)s) AND (f.late OR NOT %(late)s)
      AND (%(due)s::timestamptz IS NULL
           OR (coalesce(f.due_at, 'infinity'), f.fulfilment_id) > (%(due)s::timestamptz, %(last)s::bigint))
    ORDER BY coalesce(f.due_at, 'infinity'), f.fulfilment_id
    LIMIT %(limit)s
"""

HISTORY = """
    SELECT fulfilment_id, act, line, pieces, reason, actor, done_at
    FROM orders.fulfilment_act WHERE order_id = %(order_id)s ORDER BY act_id
"""

PARCELS = """
    SELECT order_id, place, fulfilment_id, sale_id, lines, total_minor, carrier, tracking, sscc, proof, handed_over_at
    FROM orders.parcel WHERE order_id = %(order_id)s ORDER BY place
"""
