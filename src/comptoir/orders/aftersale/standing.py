"""How an order stands, as far as it decides what may be done with it: read without a lock, for whoever looks."""

from uuid import UUID

from comptoir.kernel.auth import Actor
from comptoir.kernel.db import Tx
from comptoir.orders import rights
from comptoir.orders.aftersale.actions import Action, Standing, actions
from comptoir.orders.errors import UnknownOrder


async def actions_of(tx: Tx, *, order_id: UUID, by: Actor) -> list[Action]:
    """What may be done with this order now by whoever asks. Raises UnknownOrder."""
    stands = await standing(tx, order_id=order_id)
    return actions(stands, by.scopes, ours=await rights.touches(tx, by, order_id=order_id))


async def standing(tx: Tx, *, order_id: UUID) -> Standing:
    """Raises UnknownOrder."""
    if found := await tx.maybe(Standing, STANDING, order_id=order_id):
        return found
    raise UnknownOrder(f"There is no order {order_id}.")


async def open_lines(tx: Tx, *, order_id: UUID) -> dict[int, int]:
    """Pieces by line that may still be cancelled; lines without any are left out."""
    return {line: pieces for line, pieces in await tx.tuples(OPEN_LINES, order_id=order_id) if pieces}


OPEN_LINES = """
    SELECT l.line, (coalesce(sum(p.open), 0)
                    + greatest(l.quantity - coalesce(sum(p.quantity - p.rejected - p.sent), 0), 0))::bigint
    FROM orders.sales_order_line AS l LEFT JOIN orders.fulfilment_line AS p USING (order_id, line)
    WHERE l.order_id = %(order_id)s GROUP BY l.line, l.quantity ORDER BY l.line
"""

# Open are the pieces at a location, and those that no location has been found for.
STANDING = """
    SELECT coalesce(w.open, 0) + greatest(l.wanted - coalesce(w.placed, 0), 0) AS open,
           coalesce(w.unaccepted, 0) AS unaccepted, coalesce(w.accepted, 0) AS accepted,
           coalesce(w.picked, 0) AS picked, coalesce(w.handed_over, 0) AS handed_over, coalesce(r.taken, 0) AS returned,
           coalesce(w.begun, 0) AS begun, o.delivery ->> 'method' AS method,
           coalesce(g.taken, 0)::bigint AS taken_minor, coalesce(g.given, 0)::bigint AS given_minor,
           (SELECT count(*) FROM orders.payment_act AS a
            WHERE a.order_id = o.order_id AND a.state = 'failed') AS failed,
           coalesce(g.uninvoiced, 0) AS uninvoiced, coalesce(g.uncredited, 0)::bigint AS uncredited
    FROM orders.sales_order AS o
    CROSS JOIN LATERAL (SELECT coalesce(sum(quantity), 0) AS wanted FROM orders.sales_order_line
                        WHERE order_id = o.order_id) AS l
    CROSS JOIN LATERAL (
        SELECT sum(p.open) AS open, sum(p.quantity - p.rejected - p.sent) AS placed, sum(p.picked) AS picked,
               sum(p.handed_over) AS handed_over,
               sum(p.quantity) FILTER (WHERE f.state NOT IN ('open', 'cancelled')) AS begun,
               sum(p.open) FILTER (WHERE f.state = 'open') AS unaccepted,
               sum(p.open) FILTER (WHERE f.state IN ('accepted', 'ready')) AS accepted
        FROM orders.fulfilment_line AS p JOIN orders.fulfilment AS f USING (fulfilment_id)
        WHERE p.order_id = o.order_id) AS w
    CROSS JOIN LATERAL (
        SELECT sum(greatest(x.received, x.refunded)) AS taken
        FROM orders.customer_return AS y JOIN orders.customer_return_line AS x USING (return_id)
        WHERE y.order_id = o.order_id AND y.state <> 'given_up') AS r
    CROSS JOIN LATERAL (
        SELECT sum(s.total_minor) AS taken, sum(b.given) AS given,
               count(*) FILTER (WHERE NOT EXISTS (SELECT FROM orders.document AS d
                                                  WHERE d.sale_id = s.sale_id AND d.kind = 'invoice')) AS uninvoiced,
               sum(b.uncredited) AS uncredited
        FROM orders.parcel AS p JOIN orders.sale AS s USING (sale_id)
        CROSS JOIN LATERAL (
            SELECT -sum(x.total_minor) AS given,
                   count(*) FILTER (WHERE NOT EXISTS (SELECT FROM orders.document AS d WHERE d.sale_id = x.sale_id)
                                      AND EXISTS (SELECT FROM orders.document AS d
                                                  WHERE d.sale_id = s.sale_id AND d.kind = 'invoice')) AS uncredited
            FROM orders.sale AS x WHERE x.origin_sale_id = s.sale_id) AS b
        WHERE p.order_id = o.order_id) AS g
    WHERE o.order_id = %(order_id)s
"""
