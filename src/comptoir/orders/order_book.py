"""The order book: an order as it was agreed, and where each piece of it is now."""

from datetime import datetime
from uuid import UUID

import msgspec

from comptoir.kernel.db import Tx
from comptoir.orders.errors import UnknownOrder


class Piece(msgspec.Struct, frozen=True):
    """So many pieces of a line come from this location; those not yet handed over or cancelled are open."""

    line: int
    location: str
    quantity: int
    handed_over: int
    cancelled: int


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
           o.discount_minor, o.tax_minor, o.total_minor, o.placed_at,
           (SELECT json_agg(l ORDER BY l.line) FROM (
                SELECT line, sku, quantity, unit_price_minor, amount_minor, discount_minor, tax_minor, total_minor
                FROM orders.sales_order_line WHERE order_id = o.order_id) AS l) AS lines,
           (SELECT json_agg(f ORDER BY f.line, f.location) FROM (
                SELECT f.line, p.code AS location, f.quantity, f.handed_over, f.cancelled
                FROM orders.fulfilment_line AS f JOIN inventory.v_location AS p USING (location_id)
                WHERE f.order_id = o.order_id) AS f) AS pieces
    FROM orders.sales_order AS o WHERE o.order_id = %(order_id)s
"""
