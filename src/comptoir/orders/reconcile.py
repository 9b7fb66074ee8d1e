"""Proofs that the books are right. Nothing here mends: a fault is a defect of ours, or somebody wrote by hand."""

from comptoir.kernel.db import Tx
from comptoir.orders.aftersale import proofs as of_aftersale
from comptoir.orders.fulfilment import proofs as of_fulfilment
from comptoir.orders.records import Fault

MOST = 100
"""Faults named per check; one is enough to begin looking."""
BENEATH = (*of_fulfilment.ALL, *of_aftersale.ALL)
"""Proofs of the packages within."""


async def reconcile(tx: Tx) -> list[Fault]:
    """Every sale adds up, has its lines, and was told once with the same amount; open orders are what is allocated.
    What has left is what was taken for and sold. Nothing came back that was not sold, and no more money than was taken.

    No fault: an empty list.
    """
    return [
        *await tx.many(Fault, SUMS, most=MOST),
        *await tx.many(Fault, DISCOUNTS, most=MOST),
        *await tx.many(Fault, TENDERS, most=MOST),
        *await tx.many(Fault, TOLD, most=MOST),
        *await tx.many(Fault, OPEN, most=MOST),
        *[
            fault
            for proof in (*of_fulfilment.ALL, *of_aftersale.ALL)
            for fault in await tx.many(Fault, proof, most=MOST)
        ],
    ]


SUMS = """
    SELECT 'lines' AS check, coalesce(s.sale_id, l.sale_id) AS sale_id,
           format('lines %%s, recorded %%s; sums %%s/%%s/%%s, recorded %%s/%%s/%%s', l.lines, s.line_count,
                  l.amount, l.discount, l.tax, s.amount_minor, s.discount_minor, s.tax_minor) AS detail
    FROM orders.sale AS s
    FULL JOIN (SELECT sale_id, count(*) AS lines, sum(amount_minor) AS amount, sum(discount_minor) AS discount,
                      sum(tax_minor) AS tax
               FROM orders.sale_line GROUP BY sale_id) AS l USING (sale_id)
    WHERE (s.line_count, s.amount_minor, s.discount_minor, s.tax_minor)
          IS DISTINCT FROM (l.lines, l.amount, l.discount, l.tax)
    LIMIT %(most)s
"""

DISCOUNTS = """
    SELECT 'discounts' AS check, sale_id, format('discounts %%s, their lines say %%s', d.amount, s.discount_minor)
           AS detail
    FROM (SELECT sale_id, discount_minor FROM orders.sale WHERE discount_minor <> 0) AS s
    FULL JOIN (SELECT sale_id, sum(amount_minor) AS amount FROM orders.discount GROUP BY sale_id) AS d USING (sale_id)
    WHERE coalesce(s.discount_minor, 0) <> coalesce(d.amount, 0)
    LIMIT %(most)s
"""

TENDERS = """
    SELECT 'tenders' AS check, sale_id, format('paid %%s, total %%s', t.amount, s.total_minor) AS detail
    FROM (SELECT sale_id, sum(amount_minor) AS amount FROM orders.tender GROUP BY sale_id) AS t
    LEFT JOIN orders.sale AS s USING (sale_id)
    WHERE t.amount IS DISTINCT FROM s.total_minor
    LIMIT %(most)s
"""

# Once recorded, and corrected by as much as its total has moved since.
TOLD = """
    SELECT 'facts' AS check, coalesce(s.sale_id, f.sale_id) AS sale_id,
           format('told %%s times with %%s, recorded %%s', coalesce(f.times, 0), f.total, s.total_minor) AS detail
    FROM orders.sale AS s
    FULL JOIN (SELECT (body::json ->> 'sale_id')::bigint AS sale_id,
                      count(*) FILTER (WHERE kind = 'orders.sale_recorded') AS times,
                      sum(CASE WHEN kind = 'orders.sale_recorded' THEN (body::json ->> 'total_minor')::bigint
                               ELSE (body::json #>> '{after,total_minor}')::bigint
                                    - (body::json #>> '{before,total_minor}')::bigint END) AS total
               FROM kernel.event WHERE kind IN ('orders.sale_recorded', 'orders.sale_corrected') GROUP BY 1) AS f
         USING (sale_id)
    WHERE f.times IS DISTINCT FROM 1 OR f.total IS DISTINCT FROM s.total_minor
    LIMIT %(most)s
"""

# What is open in the order book is what the stock has committed to it.
OPEN = """
    SELECT 'promises' AS check, o.order_number AS sale_id,
           format('order %%s: open %%s of variant %%s at location %%s, allocated %%s', f.order_id, f.open, f.variant_id,
                  f.location_id, coalesce(p.quantity, 0)) AS detail
    FROM (SELECT order_id, variant_id, location_id, sum(open) AS open
          FROM orders.fulfilment_line GROUP BY 1, 2, 3) AS f
    JOIN orders.sales_order AS o USING (order_id)
    LEFT JOIN inventory.v_allocated AS p
        ON p.reference = f.order_id::text AND p.variant_id = f.variant_id AND p.location_id = f.location_id
    WHERE f.open <> coalesce(p.quantity, 0)
    LIMIT %(most)s
"""
