"""What a message does to the order book: an order taken, cancelled, made smaller; or why it waits or is for a person.

Messages overtake each other: a refund of an order that is not here yet waits for it, and what was over there before it
came is not carried out when an older message of it comes late.
"""

from typing import Any, cast
from uuid import UUID, uuid5

import msgspec

from comptoir import orders
from comptoir.connectors import shopify, woocommerce
from comptoir.connectors.errors import ByHand
from comptoir.connectors.history import sale_of
from comptoir.connectors.records import Platform, Told
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Conflict, Refusal
from comptoir.orders import Cancel, ExternalOrder, ExternalRecorded, UnknownOrder, UnknownSale

SPACE = UUID("6f1d6a52-6c0b-5d0e-9d55-2f3c1f0f7a10")
"""Of the ids of cancellations: the same message cancels once."""

CANCELLED_BEFORE = "It was cancelled before it came here."
NOTHING_OPEN = "it was cancelled here already"


class Outcome(msgspec.Struct, frozen=True):
    """waiting, done, ignored or failed, and what there is to say of it."""

    state: str
    detail: str = ""
    code: str = ""


def read(platform: Platform, topic: str, payload: dict[str, Any], *, outlet: str) -> Told:
    """Raises BadPayload."""
    return (shopify if platform == "shopify" else woocommerce).told(topic, payload, outlet=outlet)


async def take(tx: Tx, told: Told, *, connection_id: int, platform: Platform, outlet: str) -> Outcome:
    """Raises a Refusal that says why it cannot be done."""
    if told.ignored:
        return Outcome("ignored", told.ignored)
    known = await _known(tx, outlet, told.subject)
    said: list[str] = []
    if told.order is not None:
        if known is None and (told.cancelled or told.over):
            return await _history(tx, told)
        if known is None and (why := await _over(tx, told.order, connection_id=connection_id, platform=platform)):
            return Outcome("ignored", why)
        (answer,) = await orders.record_orders(tx, [told.order])
        if isinstance(answer, Refusal):
            raise answer
        known = answer
        said = [*answer.flags, *(f"changed {one}" for one in answer.changed)]
    if known is None:
        return Outcome("waiting", f"Order {told.subject} has not come yet.")
    if told.cancelled:
        asked = Cancel(reason=told.cancelled[:40])
        said.append("cancelled" if await _cancel(tx, known, asked, told_by="whole") else NOTHING_OPEN)
    if told.refund:
        said.append("fewer pieces" if await _fewer(tx, known, told) else NOTHING_OPEN)
    if told.by_hand:
        return Outcome("failed", told.by_hand, ByHand.code)  # what could be done stays done
    return Outcome("done", ", ".join(said))


async def _known(tx: Tx, outlet: str, number: str) -> ExternalRecorded | None:
    try:
        return await orders.external_order(tx, outlet=outlet, number=number)
    except UnknownOrder:
        return None


async def _history(tx: Tx, told: Told) -> Outcome:
    """What was over before we heard of it is no order to be carried out: a sale, or nothing."""
    assert told.order
    if told.cancelled:
        return Outcome("ignored", CANCELLED_BEFORE)
    (answer,) = await orders.record(tx, [sale_of(told.order)])
    if isinstance(answer, Refusal):
        raise answer
    return Outcome("done", "It was fulfilled there: recorded as a sale.")


async def _over(tx: Tx, order: ExternalOrder, *, connection_id: int, platform: Platform) -> str:
    """Why an order that is not in the book is not carried out: we have heard already how it ended there."""
    try:
        sold = await orders.receipt(tx, outlet=order.outlet, number=order.number)
    except UnknownSale:
        pass
    else:
        if sold.occurred_at == order.placed_at:  # not another sale that happens to have its number
            return "It was fulfilled before it came here: it is recorded as a sale."
    gone = await tx.tuples(
        CANCELLED, connection_id=connection_id, subject=order.number, cancelled_before=CANCELLED_BEFORE
    )
    for topic, body in gone:
        earlier = read(platform, topic, cast("dict[str, Any]", msgspec.json.decode(body)), outlet=order.outlet).order
        if earlier and earlier.revised_at >= order.revised_at:  # a newer one has opened it again there
            return "It has been cancelled there since."
    return ""


CANCELLED = """
    SELECT topic, body FROM connectors.delivery
    WHERE connection_id = %(connection_id)s AND subject = %(subject)s AND state = 'ignored'
      AND detail = %(cancelled_before)s
"""


async def _cancel(tx: Tx, known: ExternalRecorded, asked: Cancel, *, told_by: str) -> bool:
    """False: all of it was cancelled already, in whatever words. Of a cancelled order platforms tell the refund too,
    before or after, and that it was put into the bin.
    """
    cancellation_id = uuid5(SPACE, f"{known.order_id} {told_by}")
    asked = msgspec.structs.replace(asked, cancellation_id=cancellation_id)
    try:
        await orders.cancel(tx, order_id=known.order_id, asked=asked, actor=f"connector {known.outlet}")
    except Conflict:  # not open any more, or cancelled as a whole for another reason
        # Of what was handed over, somebody here must know.
        if (await orders.order(tx, order_id=known.order_id)).state != "cancelled":
            raise
        return False
    return True


async def _fewer(tx: Tx, known: ExternalRecorded, told: Told) -> bool:
    """The lines of a refund, by their place in the order that is here. False: they were cancelled already."""
    places = {line.line: line for line in (await orders.order(tx, order_id=known.order_id)).lines}
    ids = told.raw.get("line_ids", {})
    lines = [
        orders.Fewer(ids[one.line_id], one.quantity)
        for one in told.refund
        if one.quantity > 0 and ids.get(one.line_id) in places
    ]
    if len(lines) < len(told.refund):
        raise ByHand("It names lines that are not goods of this order: cancel or refund here what it is about.")
    return await _cancel(
        tx, known, Cancel(reason="refunded there", lines=tuple(lines)), told_by=f"refund {told.refund_id}"
    )
