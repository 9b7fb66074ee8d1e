"""What must hold of the work for orders and of what has left. `orders.reconcile` runs these; no row, no fault."""

from typing import LiteralString

# No piece of a line is worked on twice; one that nobody works on is waited for, in an order that is open.
PIECES: LiteralString = """
    SELECT 'pieces' AS check, o.order_number AS sale_id,
           format('order %%s line %%s: %%s of %%s pieces in work, %%s open, the order is %%s', l.order_id, l.line,
                  w.pieces, l.quantity, w.open, o.state) AS detail
    FROM orders.sales_order_line AS l JOIN orders.sales_order AS o USING (order_id)
    LEFT JOIN (SELECT order_id, line, sum(quantity - rejected - sent) AS pieces, sum(open) AS open
               FROM orders.fulfilment_line GROUP BY 1, 2) AS w USING (order_id, line)
    WHERE coalesce(w.pieces, 0) > l.quantity
       OR (o.state <> 'open' AND (w.open > 0 OR coalesce(w.pieces, 0) < l.quantity))
    LIMIT %(most)s
"""

# Work that is over has nothing open, and none that is under way is empty. (A box comes also where it is cancelled.)
STATES: LiteralString = """
    SELECT 'work' AS check, f.fulfilment_id AS sale_id,
           format('work %%s is %%s with %%s pieces open', f.fulfilment_id, f.state, l.open) AS detail
    FROM orders.fulfilment AS f
    JOIN (SELECT fulfilment_id, sum(open) AS open FROM orders.fulfilment_line GROUP BY 1) AS l USING (fulfilment_id)
    WHERE (f.state IN ('done', 'cancelled')) <> (l.open = 0) AND NOT (f.state = 'coming' AND l.open = 0)
    LIMIT %(most)s
"""

# What has left in parcels is what was handed over, and each parcel is a sale of the same amount.
PARCELS: LiteralString = """
    SELECT 'parcels' AS check, fulfilment_id AS sale_id,
           format('work %%s line %%s: %%s handed over, %%s in parcels', fulfilment_id, line, w.pieces, p.pieces)
               AS detail
    FROM (SELECT fulfilment_id, line, handed_over AS pieces FROM orders.fulfilment_line WHERE handed_over > 0) AS w
    FULL JOIN (SELECT p.fulfilment_id, (l ->> 0)::integer AS line, sum((l ->> 1)::integer) AS pieces
               FROM orders.parcel AS p, json_array_elements(p.lines) AS l GROUP BY 1, 2) AS p
        USING (fulfilment_id, line)
    WHERE w.pieces IS DISTINCT FROM p.pieces
    LIMIT %(most)s
"""

SOLD: LiteralString = """
    SELECT 'sold' AS check, p.sale_id,
           format('parcel %%s of order %%s took %%s, its sale says %%s', p.place, p.order_id, p.total_minor,
                  s.total_minor) AS detail
    FROM orders.parcel AS p LEFT JOIN orders.sale AS s USING (sale_id)
    WHERE s.total_minor IS DISTINCT FROM p.total_minor
    LIMIT %(most)s
"""

# For every parcel the provider was asked for exactly its money, once.
TAKEN: LiteralString = """
    SELECT 'taken' AS check, o.order_number AS sale_id,
           format('parcel %%s of order %%s is worth %%s, asked for %%s', p.place, p.order_id, p.total_minor,
                  a.amount_minor) AS detail
    FROM orders.parcel AS p JOIN orders.sales_order AS o USING (order_id)
    CROSS JOIN LATERAL (
        SELECT sum(a.amount_minor) AS amount_minor FROM orders.payment_act AS a
        WHERE a.order_id = p.order_id AND a.kind = 'capture'
          AND split_part(a.reference, '.', 1) = p.order_id || '-capture-' || p.place) AS a
    WHERE o.payment IS NOT NULL AND p.total_minor > 0 AND p.total_minor IS DISTINCT FROM a.amount_minor
    LIMIT %(most)s
"""

# Who waits for goods stands in the queue, with so many pieces; nobody else does.
WAITING: LiteralString = """
    SELECT 'waiting' AS check, o.order_number AS sale_id,
           format('order %%s line %%s: %%s pieces in nobody''s work, %%s wait', order_id, line, m.pieces, w.pieces)
               AS detail
    FROM (SELECT l.order_id, l.line, l.quantity - coalesce(w.pieces, 0) AS pieces
          FROM orders.sales_order_line AS l
          LEFT JOIN (SELECT order_id, line, sum(quantity - rejected - sent) AS pieces
                     FROM orders.fulfilment_line GROUP BY 1, 2) AS w USING (order_id, line)) AS m
    FULL JOIN orders.waiting AS w USING (order_id, line)
    LEFT JOIN orders.sales_order AS o USING (order_id)
    WHERE coalesce(m.pieces, 0) <> coalesce(w.pieces, 0)
    LIMIT %(most)s
"""

ALL: tuple[LiteralString, ...] = (PIECES, WAITING, STATES, PARCELS, SOLD, TAKEN)
