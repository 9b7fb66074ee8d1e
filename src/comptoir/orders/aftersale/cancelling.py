"""An order is cancelled, whole or in part, until its pieces are handed over: those picked go back to the shelf.

The stock is free again at once, a box on its way when it has arrived; what was not taken of the customer's money is
let go, what was taken is given back. The price of what is kept is never reckoned anew.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from comptoir import inventory
from comptoir.kernel.db import Tx, rows
from comptoir.kernel.errors import Refusal
from comptoir.kernel.ids import uuid7
from comptoir.orders import payments, shares
from comptoir.orders.aftersale.errors import IdTaken, NotOpen
from comptoir.orders.aftersale.owed import cancelled_pieces, is_over, open_pieces, owed
from comptoir.orders.aftersale.records import Cancel, Cancellation, CancelledLine
from comptoir.orders.baskets import Part
from comptoir.orders.errors import UnknownOrder
from comptoir.orders.events import OrderCancelled
from comptoir.orders.fulfilment import Dossier, conclude, coupons, look
from comptoir.orders.fulfilment.writing import add_works


async def cancel(tx: Tx, *, order_id: UUID, asked: Cancel, actor: str) -> Cancellation:
    """Give up these pieces, or all that are open. Raises NotOpen where more is asked than is open, IdTaken where the
    id has cancelled something else.
    """
    order = await opened(tx, order_id)
    if asked.cancellation_id and (known := await _known(tx, asked.cancellation_id)):
        if (known.order_id, known.reason, known.by) != (order_id, asked.reason, asked.by) or not same(
            known, order, asked
        ):
            raise IdTaken(cancellation_id=str(known.cancellation_id))
        return known
    cancellation_id = asked.cancellation_id or uuid7()

    wanted = wanted_of(order, asked)
    before = owed(order)
    lines = [
        CancelledLine(
            line,
            pieces,
            shares.cancelled(order.lines[line], before=cancelled_pieces(order, line), pieces=pieces).total_minor,
        )
        for line, pieces in wanted.items()
    ]
    await _nowhere(tx, order, wanted)
    units = take(order, wanted, reason=asked.reason, actor=actor)
    after, whole = owed(order), is_over(order)

    if whole:
        await coupons.give_back(tx, [order_id])
    if units:
        done(await inventory.post(tx, [inventory.Release(reference=order.reference, units=units, actor=actor)]))
    refunded = await _give_back(tx, order, reference=f"{order_id}-cancel-{cancellation_id}")
    await conclude(tx, [order], coupons_back=whole)

    lines_minor = sum(one.total_minor for one in lines)
    made = Cancellation(
        cancellation_id=cancellation_id,
        order_id=order_id,
        reason=asked.reason,
        note=asked.note,
        by=asked.by,
        actor=actor,
        lines=lines,
        delivery_minor=before - after - lines_minor,
        amount_minor=before - after,
        refunded_minor=refunded,
        cancelled_at=tx.now,
    )
    row = msgspec.to_builtins(made)
    await tx.run(KEEP, one=rows([row]), lines=rows(row["lines"]), id=cancellation_id)
    await tx.tell(
        OrderCancelled(
            order_id=order_id,
            order_number=order.order_number,
            node_id=order.node_id,
            channel=order.channel,
            currency=order.currency,
            amount_minor=made.amount_minor,
            units=sum(wanted.values()),
            whole=whole,
            reason=asked.reason,
            by=asked.by,
        )
    )
    return made


async def opened(tx: Tx, order_id: UUID) -> Dossier:
    """The order, locked. Raises UnknownOrder."""
    if (found := (await look(tx, [order_id])).get(order_id)) is None:
        raise UnknownOrder(f"There is no order {order_id}.")
    return found


async def cancellations(tx: Tx, *, order_id: UUID) -> list[Cancellation]:
    """What was cancelled of an order, the first first."""
    return await tx.many(Cancellation, OF_ORDER, order_id=order_id)


async def _nowhere(tx: Tx, order: Dossier, wanted: Mapping[int, int]) -> None:
    """Pieces that no location was ever asked for can be given up too: as work that ended before it began. Those that a
    location has rejected go first, so `take` leaves nothing of this work.
    """
    parts: list[Part] = []
    for line, asked in wanted.items():
        rejected = sum(one.rejected for one in order.pieces(line))
        if (pieces := min(asked, order.waiting(line)) - rejected) > 0:
            parts.append(Part(line, order.lines[line].variant_id, inventory.SUPPLIER, pieces))
    if not parts:
        return
    (work,) = await add_works(tx, order, parts, method=order.delivery.method, state="cancelled")
    for line in work.lines.values():
        line.rejected = line.quantity


async def _give_back(tx: Tx, order: Dossier, *, reference: str) -> int:
    """What was taken for pieces that are not handed over: returns how much. Usually nothing was."""
    money = (await payments.authorisations(tx, order_ids=[order.order_id])).get(order.order_id, [])
    earlier: int = await tx.value(REFUNDED, order_id=order.order_id)
    refunded = min(sum(one.captured_minor for one in money) - earlier - owed(order), sum(one.kept for one in money))
    if refunded <= 0:
        return 0
    await payments.due(tx, payments.spread("refund", reference, refunded, money))
    return refunded


async def _known(tx: Tx, cancellation_id: UUID) -> Cancellation | None:
    return await tx.maybe(Cancellation, KNOWN, id=cancellation_id)


REFUNDED = """
    SELECT coalesce(sum(refunded_minor), 0)::bigint FROM orders.cancellation WHERE order_id = %(order_id)s
"""

KEEP = """
    WITH one AS (
        INSERT INTO orders.cancellation (cancellation_id, order_id, reason, note, cancelled_by, actor, delivery_minor,
            amount_minor, refunded_minor, cancelled_at)
        SELECT cancellation_id, order_id, reason, note, by, actor, delivery_minor, amount_minor, refunded_minor,
               cancelled_at
        FROM json_to_recordset(%(one)s::json) AS c (cancellation_id uuid, order_id uuid, reason text, note text,
            by text, actor text, delivery_minor bigint, amount_minor bigint, refunded_minor bigint,
            cancelled_at timestamptz)
    )
    INSERT INTO orders.cancellation_line (cancellation_id, line, quantity, total_minor)
    SELECT %(id)s, line, quantity, total_minor
    FROM json_to_recordset(%(lines)s::json) AS l (line integer, quantity integer, total_minor bigint)
"""

CANCELLATION = """
    SELECT c.cancellation_id, c.order_id, c.reason, c.note, c.cancelled_by AS by, c.actor, c.delivery_minor,
           c.amount_minor, c.refunded_minor, c.cancelled_at,
           (SELECT json_agg(l ORDER BY l.line) FROM (
                SELECT line, quantity, total_minor FROM orders.cancellation_line
                WHERE cancellation_id = c.cancellation_id) AS l) AS lines
    FROM orders.cancellation AS c
"""
KNOWN = CANCELLATION + "WHERE c.cancellation_id = %(id)s"
OF_ORDER = CANCELLATION + "WHERE c.order_id = %(order_id)s ORDER BY c.cancelled_at, c.cancellation_id"


def same(known: Cancellation, order: Dossier, asked: Cancel) -> bool:
    """Whether these pieces were cancelled by it. All that was open has left nothing open. Pure."""
    if not asked.lines:
        return not any(open_pieces(order, line) for line in order.lines)
    return {one.line: one.quantity for one in known.lines} == pieces_of(asked)


def pieces_of(asked: Cancel) -> dict[int, int]:
    wanted: dict[int, int] = {}
    for one in asked.lines:
        wanted[one.line] = wanted.get(one.line, 0) + one.quantity
    return wanted


def wanted_of(order: Dossier, asked: Cancel) -> dict[int, int]:
    """Pieces by line: those asked for, or all that are open. Raises NotOpen."""
    wanted = pieces_of(asked)
    if not wanted:
        wanted = {line: pieces for line in order.lines if (pieces := open_pieces(order, line))}
    if not wanted:
        raise NotOpen("Nothing of the order is open any more.", state=order.state)
    for line, pieces in wanted.items():
        left = open_pieces(order, line) if line in order.lines else 0
        if pieces > left:
            raise NotOpen(f"{left} of line {line} are open.", line=line, open=left, wanted=pieces)
    return wanted


def take(order: Dossier, wanted: Mapping[int, int], *, reason: str, actor: str) -> list[inventory.Units]:
    """Take the pieces off the work; returns what is promised no more.

    First those that are still looked for, then those that nobody has touched, those in a box last.
    """
    units: list[inventory.Units] = []
    for line, pieces in wanted.items():
        missing = pieces
        works = sorted(
            (one for one in order.works.values() if line in one.lines),
            key=lambda one: (UNTOUCHED.index(one.state), -one.fulfilment_id),
        )
        for source in ("waiting", "unpicked", "picked"):
            for work in works:
                found = work.lines[line]
                there = {
                    "waiting": min(order.waiting(line), found.rejected),
                    "unpicked": found.open - found.picked,
                    "picked": found.picked,
                }[source]
                if not (taken := min(missing, there)):
                    continue
                missing -= taken
                found.cancelled += taken
                if source == "waiting":
                    found.rejected -= taken
                else:
                    found.picked -= taken if source == "picked" else 0
                    units.append(inventory.Units(found.variant_id, found.location_id, taken))
                order.note(work, "cancel", line=line, pieces=taken, reason=reason, actor=actor)
                work.settle()
    return units


UNTOUCHED = ("open", "accepted", "coming", "ready", "done", "cancelled")


def done(answers: Sequence[inventory.Answer | Refusal]) -> None:
    """The stock has no say here: what it refuses is a defect, or a race that is to be tried again."""
    for one in answers:
        if isinstance(one, Refusal):
            raise one
