"""What must hold of everything that was cancelled or given back. `orders.reconcile` runs these; no row, no fault."""

from typing import LiteralString

# No piece came back, or was paid back, that was not sold.
PIECES: LiteralString = """
    SELECT 'returned' AS check, l.sale_id,
           format('line %%s: %%s of %%s pieces came back', l.line_number, l.taken, s.pieces) AS detail
    FROM (SELECT l.sale_id, l.line_number, sum(greatest(l.received, l.refunded)) AS taken
          FROM orders.customer_return_line AS l JOIN orders.customer_return AS r USING (return_id)
          WHERE r.state <> 'given_up' GROUP BY 1, 2) AS l
    LEFT JOIN (SELECT sale_id, line_number,
                      CASE WHEN quantity > 0 AND quantity %% 1000 = 0 THEN quantity / 1000 ELSE 1 END AS pieces
               FROM orders.sale_line) AS s USING (sale_id, line_number)
    WHERE l.taken > coalesce(s.pieces, 0)
    LIMIT %(most)s
"""

# What a return of ours gave back is what the books say, and no sale gave back more than its total.
REFUNDS: LiteralString = """
    SELECT 'refunds' AS check, coalesce(b.origin_sale_id, 0) AS sale_id,
           format('return %%s gave back %%s, the books say %%s', r.return_number, r.refund_minor, b.total) AS detail
    FROM orders.customer_return AS r
    LEFT JOIN (SELECT split_part(receipt_number, '/', 2)::bigint AS return_number, -sum(total_minor) AS total,
                      min(origin_sale_id) AS origin_sale_id
               FROM orders.sale WHERE is_return AND receipt_number LIKE 'return/%%' GROUP BY 1) AS b
        USING (return_number)
    WHERE r.refund_minor IS DISTINCT FROM b.total AND NOT (r.refund_minor = 0 AND b.total IS NULL)
    LIMIT %(most)s
"""

# A till's own account may say what it likes; ours gives no more than what is left.
TOO_MUCH: LiteralString = """
    SELECT 'given back' AS check, s.sale_id, format('%%s given back of %%s', b.ours, s.total_minor) AS detail
    FROM (SELECT origin_sale_id AS sale_id, -sum(total_minor) AS ours FROM orders.sale
          WHERE origin_sale_id IS NOT NULL AND (receipt_number LIKE 'return/%%' OR receipt_number LIKE 'goodwill/%%')
          GROUP BY 1) AS b
    JOIN orders.sale AS s USING (sale_id)
    WHERE b.ours > s.total_minor
    LIMIT %(most)s
"""

# What was agreed with the provider is the sum of the acts that stand.
AGREED: LiteralString = """
    SELECT 'payments' AS check, o.order_number AS sale_id,
           format('order %%s: captured %%s, acts say %%s; refunded %%s, acts say %%s', order_id, p.captured_minor,
                  a.captured, p.refunded_minor, a.refunded) AS detail
    FROM orders.payment AS p
    FULL JOIN (SELECT order_id, authorisation,
                      coalesce(sum(amount_minor) FILTER (WHERE kind = 'capture'), 0) AS captured,
                      coalesce(sum(amount_minor) FILTER (WHERE kind = 'refund'), 0) AS refunded
               FROM orders.payment_act WHERE state <> 'failed' AND kind <> 'void' GROUP BY 1, 2) AS a
        USING (order_id, authorisation)
    JOIN orders.sales_order AS o USING (order_id)
    WHERE (coalesce(p.captured_minor, 0), coalesce(p.refunded_minor, 0))
          IS DISTINCT FROM (coalesce(a.captured, 0), coalesce(a.refunded, 0))
    LIMIT %(most)s
"""

# What was cancelled was let go in the stock's sight too.
CANCELLED: LiteralString = """
    SELECT 'cancelled' AS check, o.order_number AS sale_id,
           format('order %%s line %%s: %%s cancelled, its work says %%s', c.order_id, c.line, c.pieces, w.pieces)
               AS detail
    FROM (SELECT c.order_id, l.line, sum(l.quantity) AS pieces
          FROM orders.cancellation_line AS l JOIN orders.cancellation AS c USING (cancellation_id) GROUP BY 1, 2) AS c
    JOIN orders.sales_order AS o USING (order_id)
    LEFT JOIN (SELECT order_id, line, sum(cancelled) AS pieces FROM orders.fulfilment_line GROUP BY 1, 2) AS w
        USING (order_id, line)
    WHERE c.pieces > coalesce(w.pieces, 0)
    LIMIT %(most)s
"""

# Documents are numbered without a gap, and are what they were.
SERIES: LiteralString = """
    SELECT 'documents' AS check, 0 AS sale_id,
           format('%%s of outlet %%s in %%s: %%s documents up to %%s, the series says %%s', kind, outlet_id, year,
                  d.count, d.last, s.last) AS detail
    FROM orders.document_series AS s
    FULL JOIN (SELECT outlet_id, kind, year, count(*) AS count, max(number) AS last
               FROM orders.document GROUP BY 1, 2, 3) AS d USING (outlet_id, kind, year)
    WHERE (d.count, d.last) IS DISTINCT FROM (s.last::bigint, s.last)
    LIMIT %(most)s
"""

FROZEN: LiteralString = """
    SELECT 'documents' AS check, sale_id, format('document %%s is not what it was', document_id) AS detail
    FROM orders.document
    WHERE digest <> sha256(convert_to(content || email, 'UTF8') || pdf)
    LIMIT %(most)s
"""

ALL: tuple[LiteralString, ...] = (PIECES, REFUNDS, TOO_MUCH, AGREED, CANCELLED, SERIES, FROZEN)
