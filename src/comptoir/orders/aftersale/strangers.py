"""Goods without a receipt: whose they are is known, so what she bought is found.

Nothing is blocked in silence: beyond the limit the goods are taken, and a manager decides on the money.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from comptoir import identity, inventory
from comptoir.kernel.db import Tx, ints, texts
from comptoir.orders import shares
from comptoir.orders.aftersale import policy, returns
from comptoir.orders.aftersale import sold as books
from comptoir.orders.aftersale.errors import IdTaken, NotReturnable
from comptoir.orders.aftersale.records import AtCounter, Back, Purchase, Return, Settling, WithoutReceipt
from comptoir.orders.tasks import open_tasks


async def purchases(tx: Tx, *, person: UUID, skus: Sequence[str] = ()) -> list[Purchase]:
    """What a person bought and may still bring back, newest first. Raises UnknownPerson."""
    nodes = await _nodes(tx, person)
    since = tx.now - timedelta(days=policy.limits().purchases_days)
    wanted = texts(skus) if skus else None
    found = {
        (sale_id, line): at
        for sale_id, line, at in await tx.tuples(BOUGHT, nodes=ints(nodes), since=since, skus=wanted)
    }
    sales = await books.sold(tx, sale_ids={sale_id for sale_id, _ in found})
    made: list[Purchase] = []
    for (sale_id, number), at in found.items():
        sale = sales[sale_id]
        line = sale.line(number)
        if line is None or not line.left or not sale.left_minor:
            continue
        made.append(
            Purchase(
                sale_id=sale_id,
                line_number=number,
                outlet=sale.outlet,
                receipt_number=sale.receipt_number,
                occurred_at=at,
                sku=line.sku or "",
                name=line.name,
                left=line.left,
                paid_minor=shares.given_back(line, before=line.refunded, pieces=1).total_minor if line.refunded
                < line.quantity else 0,
            )
        )  # fmt: skip
    return sorted(made, key=lambda one: (one.occurred_at, one.sale_id), reverse=True)


async def without_receipt(tx: Tx, *, asked: WithoutReceipt, actor: str, approved: bool = False) -> Return:
    """Take goods back from a person whom we know; what she has bought says what they cost.

    Raises NotReturnable where she has not bought so many, or brought them back before. Beyond the limit of the period
    the goods are taken without the money, and a task asks a manager. IdTaken where the id is of other goods.
    """
    nodes = await _nodes(tx, asked.person)
    if asked.return_id and (known := await returns.known(tx, return_id=asked.return_id)):
        if not same(known, asked, nodes):
            raise IdTaken(return_id=str(asked.return_id))
        return known
    found = await purchases(tx, person=asked.person, skus=[asked.sku])
    if asked.price == "lowest":
        found.sort(key=lambda one: one.paid_minor)
    lines = chosen(found, asked)
    limits = policy.limits()
    days = limits.without_receipt_days
    earlier = await tx.value(EARLIER, nodes=ints(nodes), since=tx.now - timedelta(days=days))
    often = earlier >= limits.without_receipt
    made = await returns.at_counter(
        tx,
        asked=AtCounter(
            return_id=asked.return_id,
            lines=lines,
            location=asked.location,
            refund=Settling() if approved or not often else None,
        ),
        actor=actor,
        approved=approved,
    )
    await tx.run(MARK, id=made.return_id, node=nodes[0])
    if often:
        (place,) = await inventory.by_code(tx, [asked.location])
        task = {
            "kind": "without_receipt",
            "order_id": made.order_id,
            "fulfilment_id": None,
            "location_id": place.location_id,
            "why": f"Return {made.return_number}: without a receipt, the {earlier + 1}th in {days} days.",
            "data": {"return_id": made.return_id, "person": asked.person},
        }
        await open_tasks(tx, [task])
    return await returns.one(tx, return_id=made.return_id)


async def _nodes(tx: Tx, person: UUID) -> list[int]:
    return sorted(node.node_id for node in (await identity.person(tx, key=person)).nodes)


BOUGHT = """
    SELECT s.sale_id, l.line_number::integer, s.occurred_at
    FROM unnest(%(nodes)s::bigint[]) AS n (node_id)
    CROSS JOIN LATERAL (
        SELECT sale_id, occurred_at FROM orders.sale AS s
        WHERE s.node_id = n.node_id AND s.occurred_at >= %(since)s AND NOT s.is_return
        ORDER BY s.occurred_at DESC LIMIT 200
    ) AS s
    JOIN orders.sale_line AS l USING (sale_id)
    WHERE l.kind = 'goods' AND (%(skus)s::text[] IS NULL OR l.sku = ANY(%(skus)s::text[]))
"""

EARLIER = """
    SELECT count(*) FROM orders.customer_return
    WHERE node_id = ANY(%(nodes)s::bigint[]) AND without_receipt AND announced_at >= %(since)s
"""

MARK = """
    UPDATE orders.customer_return SET without_receipt = true, node_id = coalesce(node_id, %(node)s)
    WHERE return_id = %(id)s
"""


def same(known: Return, asked: WithoutReceipt, nodes: Sequence[int]) -> bool:
    """Whether this person's goods were taken back so. Pure."""
    skus, pieces = {one.sku for one in known.lines}, sum(one.quantity for one in known.lines)
    return known.state == "received" and known.node_id in nodes and (skus, pieces) == ({asked.sku}, asked.quantity)


def chosen(found: Sequence[Purchase], asked: WithoutReceipt) -> tuple[Back, ...]:
    """The pieces by purchase, the first first, and of one order or none. Raises NotReturnable."""
    missing = asked.quantity
    lines: list[Back] = []
    for one in found:
        if pieces := min(missing, one.left):
            lines.append(
                Back(
                    sale_id=one.sale_id,
                    line_number=one.line_number,
                    quantity=pieces,
                    reason=asked.reason,
                    state=asked.state,
                )
            )
            missing -= pieces
    if missing:
        left = asked.quantity - missing
        raise NotReturnable(f"She may bring back {left} of them.", sku=asked.sku, wanted=asked.quantity, left=left)
    return tuple(lines)
