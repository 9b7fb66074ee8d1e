"""Sales as they are looked up: by id, by receipt number, by customer."""

from collections.abc import Iterable
from datetime import datetime
from typing import LiteralString

from comptoir.kernel.db import Tx, ints, texts
from comptoir.orders.errors import UnknownSale
from comptoir.orders.records import Head, Sale


async def sale(tx: Tx, *, sale_id: int) -> Sale:
    """A sale with everything on its receipt."""
    if found := await tx.maybe(Sale, BY_ID, sale_id=sale_id):
        return found
    raise UnknownSale(f"There is no sale {sale_id}.", sale_id=sale_id)


async def receipt(tx: Tx, *, outlet: str, number: str) -> Sale:
    """A sale by what stands on the slip."""
    if found := await tx.maybe(Sale, BY_RECEIPT, outlet=outlet, number=number):
        return found
    raise UnknownSale(f"{outlet[:80]} has no receipt {number[:80]}.", outlet=outlet[:80], number=number[:80])


async def sales_by_receipt(tx: Tx, *, receipts: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Sale]:
    """Many sales by outlet code and number; those unknown are missing."""
    wanted = sorted(set(receipts))
    if not wanted:
        return {}
    found = await tx.many(
        Sale, BY_RECEIPTS, outlets=texts(one[0] for one in wanted), numbers=texts(one[1] for one in wanted)
    )
    return {(one.outlet, one.receipt_number): one for one in found}


async def find(
    tx: Tx, *, number: str = "", outlet: str = "", after: tuple[str, int] | None = None, limit: int = 50
) -> list[Head]:
    """Sales whose receipt number begins with `number`, at one outlet or at all; in order of number.

    `after` is the (receipt_number, outlet_id) of the last one seen.
    """
    after_number, after_outlet = after or ("", -1)
    return await tx.many(
        Head,
        FIND,
        number=number,
        beyond=number + LAST,
        outlet=outlet,
        after_number=after_number,
        after_outlet=after_outlet,
        limit=limit,
    )


async def sales_of(
    tx: Tx, *, nodes: Iterable[int], before: tuple[datetime, int] | None = None, limit: int = 100
) -> list[Head]:
    """What was sold under any of these identifiers, newest first. A person is the set of its nodes.

    `before` is the (occurred_at, sale_id) of the last one seen.
    """
    before_at, before_id = before or (None, None)
    wanted = ints(sorted(set(nodes)))
    return await tx.many(Head, OF_NODES, nodes=wanted, before_at=before_at, before_id=before_id, limit=limit)


LAST = "\U0010ffff"

HEAD: LiteralString = """
    SELECT s.sale_id, s.outlet_id, o.code AS outlet, o.name AS outlet_name, o.channel, s.receipt_number, s.is_return,
           s.node_id, s.occurred_at, s.business_day, s.recorded_at, s.corrected_at, s.currency, s.amount_minor,
           s.discount_minor, s.tax_minor, s.tax_included, s.total_minor, s.units, s.line_count, s.cashier, s.till,
           s.origin_sale_id, s.source_id, s.flags
"""

WHOLE: LiteralString = (
    HEAD  # noqa: S608  constants only
    + """
    , (SELECT json_agg(json_build_object(
            'line_number', l.line_number, 'kind', l.kind, 'sku', l.sku, 'variant_id', l.variant_id,
            'category', (SELECT array_to_string(path, ' / ') FROM catalog.category AS c
                         WHERE c.category_id = l.category_id),
            'gtin', l.gtin,
            'name', coalesce(l.name, (SELECT v.name FROM catalog.variant AS v WHERE v.variant_id = l.variant_id)),
            'quantity', l.quantity, 'unit_price_minor', l.unit_price_minor, 'amount_minor', l.amount_minor,
            'discount_minor', l.discount_minor, 'tax_minor', l.tax_minor,
            'net_minor', l.amount_minor - l.discount_minor + CASE WHEN s.tax_included THEN 0 ELSE l.tax_minor END)
            ORDER BY l.line_number)
       FROM orders.sale_line AS l WHERE l.sale_id = s.sale_id) AS lines
    , (SELECT coalesce(json_agg(json_build_object('line_number', line_number, 'kind', kind, 'code', code,
                                                  'amount_minor', amount_minor) ORDER BY line_number, place), '[]')
       FROM orders.discount AS d WHERE d.sale_id = s.sale_id) AS discounts
    , (SELECT coalesce(json_agg(json_build_object('kind', kind, 'amount_minor', amount_minor,
                                                  'reference', reference) ORDER BY place), '[]')
       FROM orders.tender AS t WHERE t.sale_id = s.sale_id) AS tenders
    FROM orders.sale AS s JOIN channels.v_outlet AS o USING (outlet_id)
"""
)

BY_ID: LiteralString = WHOLE + "WHERE s.sale_id = %(sale_id)s"

BY_RECEIPT: LiteralString = WHOLE + "WHERE s.receipt_number = %(number)s AND o.code = %(outlet)s"

BY_RECEIPTS: LiteralString = (
    WHOLE  # noqa: S608  constants only
    + """
    WHERE s.sale_id = ANY(ARRAY(
        SELECT f.sale_id FROM unnest(%(outlets)s::text[], %(numbers)s::text[]) AS k (code, number)
        JOIN channels.v_outlet AS o2 ON o2.code = k.code
        CROSS JOIN LATERAL (
            SELECT sale_id FROM orders.sale AS f
            WHERE f.receipt_number = k.number AND f.outlet_id = o2.outlet_id LIMIT 1
        ) AS f))
"""
)

FIND: LiteralString = (
    HEAD
    + """
    FROM orders.sale AS s JOIN channels.v_outlet AS o USING (outlet_id)
    WHERE s.receipt_number >= %(number)s AND s.receipt_number < %(beyond)s
      AND (s.receipt_number, s.outlet_id) > (%(after_number)s, %(after_outlet)s::smallint)
      AND (%(outlet)s = '' OR o.code = %(outlet)s)
    ORDER BY s.receipt_number, s.outlet_id
    LIMIT %(limit)s
"""
)

# One probe a node, each giving no more than the page holds: a person of many identifiers costs no more than its sales.
OF_NODES: LiteralString = (
    HEAD  # noqa: S608  constants only
    + """
    FROM unnest(%(nodes)s::bigint[]) AS n (node_id)
    CROSS JOIN LATERAL (
        SELECT * FROM orders.sale AS s
        WHERE s.node_id = n.node_id
          AND (%(before_at)s::timestamptz IS NULL
               OR (s.occurred_at, s.sale_id) < (%(before_at)s::timestamptz, %(before_id)s::bigint))
        ORDER BY s.occurred_at DESC, s.sale_id DESC
        LIMIT %(limit)s
    ) AS s
    JOIN channels.v_outlet AS o USING (outlet_id)
    ORDER BY s.occurred_at DESC, s.sale_id DESC
    LIMIT %(limit)s
"""
)
