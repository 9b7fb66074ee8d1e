"""An order of which nothing was sold has used no coupon and nothing of a limited promotion: they are given back.

Coupons are locked before the stock (the lock order of the house), and whether anything of an order is left is known
only after the stock has answered. So it is agreed in the transaction that ends the order, and done after it.
"""

from collections.abc import Collection
from uuid import UUID

from comptoir import pricing
from comptoir.kernel import jobs
from comptoir.kernel.db import Database, Tx, uuids


async def give_back(tx: Tx, order_ids: Collection[UUID]) -> None:
    """At once: for who has locked neither the stock nor anything after it. Given back again, nothing changes."""
    if uses := await _used(tx, order_ids):
        await pricing.settle(tx, [use for _, use in uses])


async def give_back_later(tx: Tx, order_ids: Collection[UUID]) -> None:
    """After the commit."""
    if uses := await _used(tx, order_ids):
        await jobs.defer(tx, give_coupons_back, order_ids=sorted({str(order_id) for order_id, _ in uses}))


@jobs.task("orders.give_coupons_back")
async def give_coupons_back(db: Database, *, order_ids: list[str]) -> None:
    """Of these orders."""

    async def work(tx: Tx) -> None:
        await give_back(tx, [UUID(one) for one in order_ids])

    await db.within(work)


async def _used(tx: Tx, order_ids: Collection[UUID]) -> list[tuple[UUID, pricing.Use]]:
    return [
        (order_id, pricing.Use(act="release", reference=reference, code=coupon, promotion="" if coupon else promotion))
        for order_id, reference, promotion, coupon in (await tx.tuples(USED, ids=uuids(order_ids)) if order_ids else [])
    ]


# What was added to an order has used them under the reference of its own basket (aftersale.additions). The delivery's
# own effects stand with the quote only.
USED = """
    SELECT DISTINCT o.order_id, coalesce(e.reference, o.order_id::text), e.promotion, coalesce(e.coupon, '')
    FROM unnest(%(ids)s::uuid[]) AS o (order_id)
    CROSS JOIN LATERAL (
        SELECT e.* FROM orders.sales_order_line AS l
        CROSS JOIN LATERAL json_to_recordset(l.effects) AS e
            (promotion text, coupon text, counted boolean, reference text)
        WHERE l.order_id = o.order_id
        UNION ALL
        SELECT e.* FROM orders.basket AS b
        CROSS JOIN LATERAL json_to_recordset(coalesce(b.body::json #> '{quote,effects}', '[]')) AS e
            (promotion text, coupon text, counted boolean, reference text)
        WHERE b.basket_id = o.order_id) AS e
    WHERE e.counted
"""
