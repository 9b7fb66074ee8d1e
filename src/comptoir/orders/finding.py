"""Orders found by what somebody knows of one: a number, a receipt, an article, a customer. How much work there is."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal, LiteralString
from uuid import UUID

import msgspec

from comptoir.kernel.db import Tx, ints, texts
from comptoir.orders.baskets import Delivery
from comptoir.orders.rights import HERS

MOST_COUNTED = 10_000
"""Nobody reads on; counting stops there."""


class OrderFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders are wanted; what is empty does not narrow."""

    text: str = ""
    """A number of an order (ours or that of where it was made), a receipt's, a parcel's, or an article's SKU."""
    nodes: Sequence[int] = ()
    """Or of whom it may be (identity.node): an order fits if the text fits or it is one of theirs."""
    states: Sequence[str] = ()
    channels: Sequence[str] = ()
    method: str = ""
    """ship or collect."""
    locations: Sequence[str] = ()
    """Codes: some of its goods come from one of these, or are collected there."""
    late: bool = False
    """Some of its work was not ready in time, and still is not."""
    due_until: datetime | None = None
    """Some of its work is to be ready by then, or is ready and waits."""
    since: datetime | None = None
    until: datetime | None = None
    """Placed in [since, until)."""
    outlets: Collection[int] = ()
    """Only those that are of one of these outlets (rights.py)."""


class FoundOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order in a list. Pieces by where they are; amounts in minor units."""

    order_id: UUID
    order_number: int
    external_number: str | None
    """Where it was made elsewhere: its number there."""
    outlet: str
    outlet_name: str
    channel: str
    node_id: int | None
    currency: str
    total_minor: int
    state: Literal["open", "done", "cancelled"]
    placed_at: datetime
    method: str
    collected_at: str
    """Code of the location where it is collected."""
    pieces: int
    picked: int
    handed_over: int
    cancelled: int
    stages: list[str]
    """The states of its works that are not over."""
    locations: list[str]
    """Codes of where its goods come from; works that gave nothing are not among them."""
    late: bool
    due_at: datetime | None
    """When the next of its works is to be ready."""


async def find_orders(
    tx: Tx, *, filters: OrderFilters, after: tuple[datetime, UUID] | None = None, limit: int = 50
) -> list[FoundOrder]:
    """The newest first; `after` is the (placed_at, order_id) of the last one seen."""
    placed, last = after or (None, None)
    return await tx.many(FoundOrder, FIND, **_asked(filters), placed=placed, last=last, limit=limit)


async def count_orders(tx: Tx, *, filters: OrderFilters) -> int:
    """How many there are, up to MOST_COUNTED."""
    return await tx.value(COUNT, **_asked(filters), most=MOST_COUNTED)


def _asked(filters: OrderFilters) -> dict[str, object]:
    number = int(filters.text) if filters.text.isascii() and filters.text.isdecimal() else 0
    return {
        **msgspec.structs.asdict(filters),
        "text": filters.text.replace("\0", ""),
        "number": number if number < 2**63 else 0,
        "nodes": ints(filters.nodes),
        "states": texts(filters.states),
        "channels": texts(filters.channels),
        "locations": texts(filters.locations),
        "outlets": ints(filters.outlets),
    }


# A text names orders; everything else is asked of those, or of all, the newest first.
FITTING: LiteralString = f"""
    FROM orders.sales_order AS o
    WHERE (%(text)s::text = '' OR o.order_id IN (
            SELECT order_id FROM orders.sales_order WHERE order_number = %(number)s
            UNION SELECT order_id FROM orders.external_order WHERE number = %(text)s::text
            UNION SELECT p.order_id FROM orders.sale AS s JOIN orders.parcel AS p USING (sale_id)
                  WHERE s.receipt_number = %(text)s::text
            UNION SELECT order_id FROM orders.parcel WHERE %(text)s::text IN (tracking, sscc)
            UNION SELECT order_id FROM orders.sales_order_line WHERE sku = %(text)s::text
            UNION SELECT order_id FROM orders.sales_order WHERE node_id = ANY(%(nodes)s::bigint[])))
      AND (%(states)s::text[] = '{{}}' OR o.state = ANY(%(states)s::text[]))
      AND (%(channels)s::text[] = '{{}}' OR o.channel = ANY(%(channels)s::text[]))
      AND (%(method)s = '' OR o.delivery ->> 'method' = %(method)s)
      AND (%(since)s::timestamptz IS NULL OR o.placed_at >= %(since)s::timestamptz)
      AND (%(until)s::timestamptz IS NULL OR o.placed_at < %(until)s::timestamptz)
      AND (%(locations)s::text[] = '{{}}' OR o.delivery ->> 'location' = ANY(%(locations)s::text[]) OR EXISTS (
            SELECT FROM orders.fulfilment AS f JOIN inventory.v_location AS p USING (location_id)
            WHERE f.order_id = o.order_id AND p.code = ANY(%(locations)s::text[])))
      AND (%(outlets)s::smallint[] = '{{}}' OR {HERS})
      AND (NOT %(late)s::boolean OR o.order_id IN (
            SELECT order_id FROM orders.fulfilment WHERE late AND state IN ('coming', 'open', 'accepted')))
      AND (%(due_until)s::timestamptz IS NULL OR o.order_id IN (
            SELECT order_id FROM orders.fulfilment
            WHERE state IN ('coming', 'open', 'accepted', 'ready')
              AND (state = 'ready' OR due_at < %(due_until)s::timestamptz)))
"""  # noqa: S608 constants

COUNT: LiteralString = f"SELECT count(*) FROM (SELECT {FITTING} LIMIT %(most)s) AS o"  # noqa: S608 constants

FIND: LiteralString = f"""
    WITH o AS MATERIALIZED (
        SELECT o.* {FITTING}
          AND (%(placed)s::timestamptz IS NULL
               OR (o.placed_at, o.order_id) < (%(placed)s::timestamptz, %(last)s::uuid))
        ORDER BY o.placed_at DESC, o.order_id DESC
        LIMIT %(limit)s)
    SELECT o.order_id, o.order_number, e.number AS external_number, c.code AS outlet, c.name AS outlet_name, o.channel,
           o.node_id, o.currency, o.total_minor, o.state, o.placed_at, o.delivery ->> 'method' AS method,
           coalesce(o.delivery ->> 'location', '') AS collected_at, l.pieces, coalesce(w.picked, 0) AS picked,
           coalesce(w.handed_over, 0) AS handed_over, coalesce(w.cancelled, 0) AS cancelled,
           coalesce(f.stages, '{{}}') AS stages, coalesce(f.locations, '{{}}') AS locations,
           coalesce(f.late, false) AS late, f.due_at
    FROM o
    JOIN channels.v_outlet AS c USING (outlet_id)
    LEFT JOIN orders.external_order AS e USING (order_id)
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(quantity), 0)::integer AS pieces FROM orders.sales_order_line AS l
        WHERE l.order_id = o.order_id) AS l
    CROSS JOIN LATERAL (
        SELECT sum(picked)::integer AS picked, sum(handed_over)::integer AS handed_over,
               sum(cancelled)::integer AS cancelled
        FROM orders.fulfilment_line AS w WHERE w.order_id = o.order_id) AS w
    CROSS JOIN LATERAL (
        SELECT array_agg(DISTINCT f.state) FILTER (WHERE f.state NOT IN ('done', 'cancelled')) AS stages,
               array_agg(DISTINCT p.code) FILTER (WHERE f.state <> 'cancelled') AS locations,
               bool_or(f.late AND f.state IN ('coming', 'open', 'accepted')) AS late,
               min(f.due_at) FILTER (WHERE f.state IN ('coming', 'open', 'accepted')) AS due_at
        FROM orders.fulfilment AS f JOIN inventory.v_location AS p USING (location_id)
        WHERE f.order_id = o.order_id) AS f
    ORDER BY o.placed_at DESC, o.order_id DESC
"""  # noqa: S608 constants


class OrderFigures(msgspec.Struct, frozen=True):
    """What matters now. Orders."""

    open: int
    late: int
    today: int
    """To be handed over by the end of the day, or ready and waiting."""
    tasks: int
    """Matters that somebody must look at."""


async def order_figures(tx: Tx, *, until: datetime, outlets: Collection[int] = ()) -> OrderFigures:
    """`until`: the end of the day. `outlets`: only what is of one of these; none: of all."""
    return await tx.one(OrderFigures, FIGURES if outlets else ALL_FIGURES, until=until, outlets=ints(outlets))


ALL_FIGURES = """
    SELECT (SELECT count(*) FROM orders.sales_order WHERE state = 'open') AS open,
           count(DISTINCT order_id) FILTER (WHERE late AND state <> 'ready') AS late,
           count(DISTINCT order_id) FILTER (WHERE state = 'ready' OR due_at < %(until)s) AS today,
           (SELECT count(*) FROM orders.task WHERE closed_at IS NULL) AS tasks
    FROM orders.fulfilment WHERE state IN ('coming', 'open', 'accepted', 'ready')
"""

FIGURES: LiteralString = f"""
    SELECT (SELECT count(*) FROM orders.sales_order AS o WHERE o.state = 'open' AND {HERS}) AS open,
           count(DISTINCT f.order_id) FILTER (WHERE f.late AND f.state <> 'ready') AS late,
           count(DISTINCT f.order_id) FILTER (WHERE f.state = 'ready' OR f.due_at < %(until)s) AS today,
           (SELECT count(*) FROM orders.task JOIN inventory.v_location AS p USING (location_id)
            WHERE closed_at IS NULL AND p.outlet_id = ANY(%(outlets)s::smallint[])) AS tasks
    FROM orders.fulfilment AS f JOIN orders.sales_order AS o USING (order_id)
    WHERE f.state IN ('coming', 'open', 'accepted', 'ready') AND {HERS}
"""  # noqa: S608 constants


class Workload(msgspec.Struct, frozen=True):
    """How much of a location's work is in this state: works, those late among them, pieces."""

    location: str
    state: Literal["coming", "open", "accepted", "ready"]
    works: int
    late: int
    pieces: int


async def workloads(tx: Tx) -> list[Workload]:
    """Of every location that has work."""
    return await tx.many(Workload, WORKLOADS)


WORKLOADS = """
    SELECT p.code AS location, f.state, count(*) AS works,
           count(*) FILTER (WHERE f.late AND f.state <> 'ready') AS late, coalesce(sum(l.open), 0)::integer AS pieces
    FROM orders.fulfilment AS f
    JOIN inventory.v_location AS p USING (location_id)
    CROSS JOIN LATERAL (
        SELECT sum(open) AS open FROM orders.fulfilment_line AS l WHERE l.fulfilment_id = f.fulfilment_id) AS l
    WHERE f.state IN ('coming', 'open', 'accepted', 'ready')
    GROUP BY p.code, f.state ORDER BY p.code, f.state
"""


class Buyer(msgspec.Struct, frozen=True):
    """Whose an order is (identity.node); null: nobody was named."""

    order_id: UUID
    node_id: int | None


async def orders_at(tx: Tx, *, location: str) -> list[Buyer]:
    """The orders for which a location (code) has work."""
    return await tx.many(Buyer, AT, location=location)


AT = """
    SELECT DISTINCT o.order_id, o.node_id
    FROM orders.fulfilment AS f
    JOIN inventory.v_location AS p USING (location_id)
    JOIN orders.sales_order AS o USING (order_id)
    WHERE p.code = %(location)s AND f.state IN ('coming', 'open', 'accepted', 'ready')
"""


class Agreed(msgspec.Struct, frozen=True):
    """What was agreed beside the lines of an order. Personal."""

    delivery: Delivery
    provider: str | None
    """That authorised the payment; null: nothing was to be paid ahead."""
    authorised_minor: int | None
    groups: tuple[str, ...]
    """Of customers, whose prices held."""


async def agreed(tx: Tx, *, order_id: UUID) -> Agreed | None:
    """None where there is no such order."""
    return await tx.maybe(Agreed, AGREED, order_id=order_id)


AGREED = """
    SELECT delivery, payment ->> 'provider' AS provider, (payment ->> 'amount_minor')::bigint AS authorised_minor,
           coalesce(groups, '[]') AS groups
    FROM orders.sales_order WHERE order_id = %(order_id)s
"""


async def last_move(tx: Tx) -> str:
    """Names the last thing that happened to any order, so that a change of it can be seen."""
    return await tx.value(LAST_MOVE)


LAST_MOVE = """
    SELECT concat_ws('.', (SELECT max(order_number) FROM orders.sales_order),
        (SELECT max(act_id) FROM orders.fulfilment_act), (SELECT count(*) FROM orders.payment_act WHERE state = 'due'),
        (SELECT max(task_id) FROM orders.task), (SELECT max(return_number) FROM orders.customer_return))
"""
