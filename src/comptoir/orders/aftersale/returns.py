"""Goods that come back, at any location, whatever the channel of their sale.

A return is announced, or begins at the counter. Then three things happen, each by itself: the goods are received,
they are looked at, the money goes back (refunds.py). Goods that nobody has looked at lie in quarantine: nothing is
sold again before. Who takes back pieces has locked their sale, so two tills never take the same piece.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from comptoir import inventory
from comptoir.kernel.db import Tx, ints, rows
from comptoir.kernel.ids import uuid7
from comptoir.orders import order_book
from comptoir.orders.aftersale import policy
from comptoir.orders.aftersale import sold as books
from comptoir.orders.aftersale.cancelling import done
from comptoir.orders.aftersale.errors import ApprovalNeeded, IdTaken, NotReturnable, ReturnSettled, UnknownReturn
from comptoir.orders.aftersale.records import (
    Announce,
    AtCounter,
    Back,
    Receive,
    Return,
    ReturnLine,
    Settling,
    State,
    Tender,
    Verdict,
)
from comptoir.orders.aftersale.refunds import refund
from comptoir.orders.aftersale.sold import Sold
from comptoir.orders.events import GoodsReturned


async def announce(tx: Tx, *, asked: Announce, actor: str, approved: bool = False) -> Return:
    """A customer says what will come back. Raises NotReturnable where it was not sold, or came back before;
    ApprovalNeeded where it was sold too long ago.
    """
    place = (await inventory.by_code(tx, [asked.location]))[0] if asked.location else None
    location_id = place.location_id if place else None
    found, known = await _opened(tx, asked.return_id, asked.lines, location_id, actor, approved=approved)
    return known or await _whole(tx, found.return_id)


async def at_counter(tx: Tx, *, asked: AtCounter, actor: str, approved: bool = False) -> Return:
    """Take goods back at once: received, looked at as far as said, and the money given back. Announced before, they
    come now; received before, they came once.

    `approved`: a manager does it. Raises as `announce` and `refunds.refund` do, ReturnSettled where it was given up.
    """
    (place,) = await inventory.by_code(tx, [asked.location])
    found, known = await _opened(tx, asked.return_id, asked.lines, place.location_id, actor, approved=approved)
    if known and known.state == "received":
        return known
    if found.state == "given_up":
        raise ReturnSettled(return_id=str(found.return_id), state=found.state)
    found = await _receive(tx, found, place, [one.state for one in asked.lines], actor)
    if asked.refund is not None and found.refund_minor is None:
        await refund(tx, found, asked.refund, outlet=place.outlet, approved=approved)
    return await _whole(tx, found.return_id)


async def receive(tx: Tx, *, return_id: UUID, asked: Receive, actor: str, approved: bool = False) -> Return:
    """Announced goods have come, to whatever location. Received again is received once."""
    (place,) = await inventory.by_code(tx, [asked.location])
    found = await lock(tx, return_id=return_id)
    if found.state == "received" and found.location_id == place.location_id:
        return found
    if found.state != "announced":
        raise ReturnSettled(return_id=str(return_id), state=found.state)
    found = await _receive(tx, found, place, [asked.state for _ in found.lines], actor)
    if asked.refund is not None and found.refund_minor is None:
        await refund(tx, found, asked.refund, outlet=place.outlet, approved=approved)
    return await _whole(tx, return_id)


async def inspect(tx: Tx, *, return_id: UUID, verdicts: Sequence[Verdict], actor: str) -> Return:
    """What the goods are: back on the shelf, damaged, or to lie in quarantine for longer."""
    found = await lock(tx, return_id=return_id)
    if found.state != "received" or found.location_id is None:
        raise ReturnSettled("The goods have not been received.", return_id=str(return_id), state=found.state)
    lines = {one.place: one for one in found.lines}
    moves: list[inventory.Move] = []
    for verdict in verdicts:
        line = lines.get(verdict.place)
        if line is None or line.waiting < verdict.quantity:
            raise NotReturnable(
                "So many pieces of the line do not wait to be looked at.",
                place=verdict.place,
                waiting=line.waiting if line else 0,
            )
        if verdict.state == "quarantine":
            continue
        lines[verdict.place] = msgspec.structs.replace(
            line, **{verdict.state: getattr(line, verdict.state) + verdict.quantity}
        )
        if line.variant_id is not None:
            moves.append(
                inventory.Move(
                    variant_id=line.variant_id,
                    quantity=verdict.quantity,
                    from_location_id=found.location_id,
                    to_location_id=found.location_id,
                    from_state="quarantine",
                    to_state=verdict.state,
                    act="inspect",
                    reason=line.reason,
                    reference=found.label,
                    actor=actor,
                )
            )
    if moves:
        done(await inventory.post(tx, moves))
    await write_lines(tx, found.return_id, list(lines.values()))
    return await _whole(tx, return_id)


async def settle(tx: Tx, *, return_id: UUID, asked: Settling, outlet: str = "", approved: bool = False) -> Return:
    """Give the money back, whatever has become of the goods. Asked again, it is given once.

    `outlet`: code of the shop in whose books it stands; empty: where the goods were received, or their sale's.
    Raises ApprovalNeeded where it was left to a manager (strangers.py), and as `refunds.refund` does.
    """
    found = await lock(tx, return_id=return_id)
    if found.refund_minor is not None:
        return found
    if not approved and await tx.value(LEFT_TO_A_MANAGER, id=return_id):
        raise ApprovalNeeded("It came without a receipt once too often: let a manager give the money.")
    if found.state == "given_up":
        raise ReturnSettled(return_id=str(return_id), state=found.state)
    if not outlet and found.location_id is not None:
        places = await inventory.locations(tx)
        outlet = next((one.outlet for one in places if one.location_id == found.location_id), "")
    await refund(tx, found, asked, outlet=outlet, approved=approved)
    return await _whole(tx, return_id)


LEFT_TO_A_MANAGER = """
    SELECT EXISTS (
        SELECT FROM orders.customer_return AS r JOIN orders.task AS t ON t.kind = 'without_receipt'
        WHERE r.return_id = %(id)s AND r.without_receipt AND t.data ->> 'return_id' = r.return_id::text)
"""


async def give_up(tx: Tx, *, return_id: UUID) -> Return:
    """Announced goods do not come. Raises ReturnSettled once they have, or their money was given back."""
    found = await lock(tx, return_id=return_id)
    if found.state == "received" or found.refund_minor is not None:
        raise ReturnSettled(return_id=str(return_id), state=found.state)
    await tx.run("UPDATE orders.customer_return SET state = 'given_up' WHERE return_id = %(id)s", id=return_id)
    return await _whole(tx, return_id)


async def one(tx: Tx, *, return_id: UUID) -> Return:
    """A return as it is. Raises UnknownReturn."""
    return await _whole(tx, return_id)


async def given(tx: Tx, *, return_id: UUID) -> list[Tender]:
    """How the money for a return went back; nothing as long as it has not. Raises UnknownReturn."""
    found = await _whole(tx, return_id)
    return await tx.many(
        Tender, GIVEN, sales=ints({one.sale_id for one in found.lines}), slips=f"return/{found.return_number}/%"
    )


async def known(tx: Tx, *, return_id: UUID) -> Return | None:
    """The return that this id has made already."""
    return await tx.maybe(Return, KNOWN, id=return_id)


async def of_order(tx: Tx, *, order_id: UUID) -> list[Return]:
    """What came back of an order, the first first."""
    return await tx.many(Return, RETURN + "WHERE r.order_id = %(order_id)s ORDER BY r.return_number", order_id=order_id)


async def lock(tx: Tx, *, return_id: UUID) -> Return:
    """The return, its order, its sales: locked in the order of the house, and read afterwards."""
    found = await _whole(tx, return_id)
    await _lock(tx, found.order_id, [one.sale_id for one in found.lines])
    await tx.run("SELECT FROM orders.customer_return WHERE return_id = %(id)s FOR NO KEY UPDATE", id=return_id)
    return await _whole(tx, return_id)


# ---- beneath


async def _lock(tx: Tx, order_id: UUID | None, sale_ids: Sequence[int]) -> None:
    if order_id is not None:
        await order_book.lock(tx, order_ids=[order_id])
    await books.lock(tx, sale_ids=sale_ids)


async def _opened(
    tx: Tx, return_id: UUID | None, lines: Sequence[Back], location_id: int | None, actor: str, *, approved: bool
) -> tuple[Return, Return | None]:
    """A new return; or, second, the one that this id has made before."""
    sale_ids = sorted({one.sale_id for one in lines})
    orders = {one.order_id for one in (await books.sold(tx, sale_ids=sale_ids)).values()}
    if len(orders) > 1:
        raise NotReturnable("They belong to different orders: make a return for each.")
    order_id = orders.pop()
    await _lock(tx, order_id, sale_ids)
    sales = await books.sold(tx, sale_ids=sale_ids)
    if return_id and (known := await tx.maybe(Return, KNOWN, id=return_id)):
        if [(one.sale_id, one.line_number, one.quantity) for one in known.lines] != [
            (one.sale_id, one.line_number, one.quantity) for one in lines
        ]:
            raise IdTaken(return_id=str(return_id))
        return known, known
    check(sales, lines)
    if not approved:
        in_time(sales.values(), policy.limits().return_days, tx.now)
    if len({one.currency for one in sales.values()}) > 1:
        raise NotReturnable("They were paid in different currencies: make a return for each.")
    first = sales[sale_ids[0]]
    made = return_id or uuid7()
    row = {
        "return_id": made, "order_id": order_id, "location_id": location_id, "actor": actor,
        "node_id": next((one.node_id for one in sales.values() if one.node_id is not None), None),
        "currency": first.currency,
    }  # fmt: skip
    new = [
        {"place": place, **msgspec.to_builtins(one), **_article(sales[one.sale_id], one.line_number)}
        for place, one in enumerate(lines, 1)
    ]
    await tx.run(OPEN, one=rows([row]), lines=rows(new), now=tx.now, id=made)
    return await _whole(tx, made), None


async def _receive(
    tx: Tx, found: Return, place: inventory.Location, states: Sequence[State | None], actor: str
) -> Return:
    """The goods lie at the location. What was received of the sale elsewhere meanwhile does not come twice."""
    books.only_once(found, await books.sold(tx, sale_ids={one.sale_id for one in found.lines}))
    moves: list[inventory.Move] = []
    lines: list[ReturnLine] = []
    for line, state in zip(found.lines, states, strict=True):
        good = {state: line.quantity} if state in {"sellable", "damaged"} else {}
        lines.append(msgspec.structs.replace(line, received=line.quantity, **good))
        if line.variant_id is not None:
            moves.append(
                inventory.Move(
                    variant_id=line.variant_id,
                    quantity=line.quantity,
                    from_location_id=inventory.CUSTOMER,
                    to_location_id=place.location_id,
                    to_state=state or "quarantine",
                    act="return",
                    is_fact=True,
                    reason=line.reason,
                    reference=found.label,
                    actor=actor,
                )
            )
    if moves:
        done(await inventory.post(tx, moves))
    await write_lines(tx, found.return_id, lines)
    await tx.run(RECEIVED, id=found.return_id, location_id=place.location_id, now=tx.now)
    await tx.tell(
        GoodsReturned(
            return_id=found.return_id,
            return_number=found.return_number,
            order_id=found.order_id,
            node_id=found.node_id,
            location_id=place.location_id,
            units=sum(one.quantity for one in found.lines),
            reasons=sorted({one.reason for one in found.lines}),
        )
    )
    return await _whole(tx, found.return_id)


async def write_lines(tx: Tx, return_id: UUID, lines: Sequence[ReturnLine]) -> None:
    await tx.run(WRITE_LINES, id=return_id, lines=rows(lines))


async def _whole(tx: Tx, return_id: UUID) -> Return:
    if found := await tx.maybe(Return, KNOWN, id=return_id):
        return found
    raise UnknownReturn(f"There is no return {return_id}.")


OPEN = """
    WITH one AS (
        INSERT INTO orders.customer_return (return_id, order_id, node_id, state, location_id, currency, actor,
            announced_at)
        SELECT return_id, order_id, node_id, 'announced', location_id, currency, actor, %(now)s
        FROM json_to_recordset(%(one)s::json) AS r (return_id uuid, order_id uuid, node_id bigint, location_id smallint,
            currency text, actor text)
    )
    INSERT INTO orders.customer_return_line (return_id, place, sale_id, line_number, variant_id, sku, quantity, reason,
        note)
    SELECT %(id)s, place, sale_id, line_number, variant_id, sku, quantity, reason, note
    FROM json_to_recordset(%(lines)s::json) AS l (place smallint, sale_id bigint, line_number smallint,
        variant_id bigint, sku text, quantity integer, reason text, note text)
"""

GIVEN = """
    SELECT t.kind, -sum(t.amount_minor)::bigint AS amount_minor
    FROM orders.sale AS s JOIN orders.tender AS t USING (sale_id)
    WHERE s.origin_sale_id = ANY(%(sales)s::bigint[]) AND s.receipt_number LIKE %(slips)s
    GROUP BY t.kind ORDER BY t.kind
"""

RECEIVED = """
    UPDATE orders.customer_return SET state = 'received', location_id = %(location_id)s, received_at = %(now)s
    WHERE return_id = %(id)s
"""

WRITE_LINES = """
    UPDATE orders.customer_return_line AS l
    SET received = n.received, sellable = n.sellable, damaged = n.damaged
    FROM json_to_recordset(%(lines)s::json) AS n (place smallint, received integer, sellable integer, damaged integer)
    WHERE l.return_id = %(id)s AND l.place = n.place
"""

RETURN: LiteralString = """
    SELECT r.return_id, r.return_number, r.order_id, r.node_id, r.state, r.location_id, r.currency, r.refund_minor,
           r.fee_minor, r.kept_minor, r.actor, r.announced_at, r.received_at, r.refunded_at,
           (SELECT json_agg(l ORDER BY l.place) FROM (
                SELECT place, sale_id, line_number, variant_id, sku, quantity, reason, note, received, sellable,
                       damaged, refunded, total_minor
                FROM orders.customer_return_line WHERE return_id = r.return_id) AS l) AS lines
    FROM orders.customer_return AS r
"""
KNOWN: LiteralString = RETURN + "WHERE r.return_id = %(id)s"


def check(sales: dict[int, Sold], lines: Sequence[Back]) -> None:
    """Whether so many can come back. Raises NotReturnable with how many can."""
    wanted: dict[tuple[int, int], int] = {}
    for one in lines:
        key = one.sale_id, one.line_number
        wanted[key] = wanted.get(key, 0) + one.quantity
    short: list[dict[str, Any]] = []
    for (sale_id, number), quantity in wanted.items():
        line = sales[sale_id].line(number)
        left = line.left if line and line.kind == "goods" else 0
        if quantity > left:
            short.append({"sale_id": sale_id, "line_number": number, "wanted": quantity, "left": left})
    if short:
        raise NotReturnable(f"{short[0]['left']} of them may still come back.", lines=short)


def in_time(sales: Iterable[Sold], days: int, now: datetime) -> None:
    """Whether they were all sold within so many days; 0: at any time. Raises ApprovalNeeded."""
    late = [one for one in sales if days and one.occurred_at < now - timedelta(days=days)]
    if late:
        raise ApprovalNeeded(
            f"{late[0].receipt_number} is older than {days} days: let a manager take it back.", limit_days=days
        )


def _article(sale: Sold, line_number: int) -> dict[str, Any]:
    """What is sold by weight is not in the stock's accounts (orders.goods)."""
    line = sale.line(line_number)
    if line is None:
        return {"variant_id": None, "sku": None}
    return {"variant_id": line.variant_id if line.thousandths % 1000 == 0 else None, "sku": line.sku}
