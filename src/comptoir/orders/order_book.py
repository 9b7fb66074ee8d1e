"""The order book: an order as it was agreed, and where each piece of it is now."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from comptoir.kernel.db import Tx, uuids
from comptoir.orders.errors import UnknownOrder


class Piece(msgspec.Struct, frozen=True):
    """So many pieces of a line come from this location, by state; the rest is still to be picked."""

    fulfilment_id: int
    line: int
    location: str
    quantity: int
    picked: int
    handed_over: int
    cancelled: int
    rejected: int


class OrderLine(msgspec.Struct, frozen=True):
    """A line as it was quoted."""

    line: int
    sku: str
    quantity: int
    unit_price_minor: int
    amount_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    instead_of: int | None
    """The line whose pieces it replaces: it came while the order was picked; the sums of the order do not hold it."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One order."""

    order_id: UUID
    order_number: int
    outlet_id: int
    channel: str
    node_id: int | None
    currency: str
    delivery_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    state: Literal["open", "done", "cancelled"]
    placed_at: datetime
    lines: list[OrderLine]
    pieces: list[Piece]


async def order(tx: Tx, *, order_id: UUID) -> Order:
    """Raises UnknownOrder."""
    if found := await tx.maybe(Order, ORDER, order_id=order_id):
        return found
    raise UnknownOrder(f"There is no order {order_id}.")


ORDER = """
    SELECT o.order_id, o.order_number, o.outlet_id, o.channel, o.node_id, o.currency, o.delivery_minor,
           o.discount_minor, o.tax_minor, o.total_minor, o.state, o.placed_at,
           (SELECT json_agg(l ORDER BY l.line) FROM (
                SELECT line, sku, quantity, unit_price_minor, amount_minor, discount_minor, tax_minor, total_minor,
                       instead_of
                FROM orders.sales_order_line WHERE order_id = o.order_id) AS l) AS lines,
           (SELECT json_agg(f ORDER BY f.line, f.fulfilment_id) FROM (
                SELECT f.fulfilment_id, f.line, p.code AS location, f.quantity, f.picked, f.handed_over,
                       f.cancelled, f.rejected
                FROM orders.fulfilment_line AS f JOIN inventory.v_location AS p USING (location_id)
                WHERE f.order_id = o.order_id) AS f) AS pieces
    FROM orders.sales_order AS o WHERE o.order_id = %(order_id)s
"""


async def lock(tx: Tx, *, order_ids: Collection[UUID]) -> None:
    """Whoever changes what becomes of orders locks them first, by id."""
    await tx.run(LOCK, ids=uuids(order_ids))


LOCK = "SELECT FROM orders.sales_order WHERE order_id = ANY(%(ids)s::uuid[]) ORDER BY order_id FOR NO KEY UPDATE"
