"""Documents without whose they were: the numbers, amounts and taxes stay as they were issued, the buyer goes."""

import hashlib
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from comptoir.kernel.db import Tx, ints, uuids
from comptoir.kernel.register import Subject
from comptoir.orders.aftersale.drawing import draw, email
from comptoir.orders.aftersale.paper import Buyer, Content


async def forget_buyers(tx: Tx, subject: Subject) -> int:
    """Draw the documents of these sales anew with a buyer who has no name; returns how many. The digest is anew too:
    the certificate of the erasure says why it is not that of the day of issue.
    """
    found = await tx.tuples(NAMED, sales=ints(subject.sales))
    for document_id, text in found:
        content = msgspec.json.decode(text, type=Content)
        without = msgspec.structs.replace(content, buyer=content.buyer and nobody(content.buyer))
        written, letter, pdf = msgspec.json.encode(without, order="deterministic"), email(without), draw(without)
        digest = hashlib.sha256(written + letter.encode() + pdf).digest()
        await tx.run(REWRITE, document_id=document_id, content=written.decode(), email=letter, pdf=pdf, digest=digest)
    return len(found)


def nobody(buyer: Buyer) -> Buyer:
    """The country stays: the tax was reckoned by it."""
    return Buyer(name=ERASED, country=buyer.country)


ERASED = "—"
NAMED = """
    SELECT document_id, content FROM orders.document
    WHERE sale_id = ANY(%(sales)s::bigint[]) AND content::json -> 'buyer' IS NOT NULL
      AND content::json #>> '{buyer,name}' <> '—' ORDER BY document_id FOR UPDATE
"""
REWRITE = """
    UPDATE orders.document SET content = %(content)s, email = %(email)s, pdf = %(pdf)s, digest = %(digest)s
    WHERE document_id = %(document_id)s
"""


async def held_by(tx: Tx, *, nodes: list[int], orders: Iterable[UUID] = (), sales: Iterable[int] = ()) -> Subject:
    """The orders and baskets, purchases, returns and documents of these identifiers; and of what was known before."""
    (found,) = await tx.tuples(HELD, nodes=ints(nodes), orders=uuids(orders), sales=ints(list(sales)))
    hers, sold, back, papers = found
    return Subject(nodes, *map(listed, (hers, sold, back, papers)))


def listed(values: list[Any] | None) -> list[Any]:
    """No row is null to PostgreSQL."""
    return values or []


HELD = """
    WITH o AS (
        SELECT order_id FROM orders.sales_order WHERE node_id = ANY(%(nodes)s::bigint[])
        UNION SELECT basket_id FROM orders.basket WHERE node_id = ANY(%(nodes)s::bigint[])
        UNION SELECT unnest(%(orders)s::uuid[])),
    own AS (
        SELECT unnest(%(sales)s::bigint[]) AS sale_id
        UNION SELECT sale_id FROM orders.sale WHERE node_id = ANY(%(nodes)s::bigint[])
        UNION SELECT p.sale_id FROM orders.parcel AS p JOIN o USING (order_id)),
    s AS (
        SELECT sale_id FROM own
        UNION SELECT r.sale_id FROM orders.sale AS r JOIN own ON r.origin_sale_id = own.sale_id),
    r AS (
        SELECT return_id FROM orders.customer_return WHERE node_id = ANY(%(nodes)s::bigint[])
        UNION SELECT c.return_id FROM orders.customer_return AS c JOIN o USING (order_id))
    SELECT (SELECT array_agg(order_id ORDER BY order_id) FROM o), (SELECT array_agg(sale_id ORDER BY sale_id) FROM s),
           (SELECT array_agg(return_id ORDER BY return_id) FROM r),
           (SELECT array_agg(d.document_id ORDER BY d.document_id) FROM orders.document AS d JOIN s USING (sale_id))
"""
