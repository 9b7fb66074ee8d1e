"""What a payment provider did not do: tried again later and later, then given up, and shown to somebody."""

from comptoir.kernel.db import Database, Tx, texts
from comptoir.orders.events import PaymentFailed
from comptoir.orders.payments.records import Kind, PaymentAct
from comptoir.orders.tasks import open_tasks

TRIES = 20
"""Then somebody must look at it: about five days."""


async def failed(db: Database, act: PaymentAct, detail: str, *, final: bool) -> bool:
    """It failed, or nobody knows: then it is asked again, later and later. Returns whether it is given up.

    Given up, it is not counted any more, nor what was to be given back of it; and somebody is asked to look.
    """
    async with db.transaction() as tx:
        tries = await tx.value(LATER, reference=act.reference, now=tx.now, detail=detail[:500])
        if tries is None or not (final or tries >= TRIES):
            return False
        references = [act.reference, *(await _unpaid(tx, act) if act.kind == "capture" else ())]
        for reference, kind, amount_minor in await tx.tuples(GIVE_UP, references=texts(references), now=tx.now):
            captured, refunded = (amount_minor if kind == one else 0 for one in ("capture", "refund"))
            await tx.run(
                UNCOUNT, order_id=act.order_id, authorisation=act.authorisation, captured=captured, refunded=refunded
            )
            await tx.tell(PaymentFailed(order_id=act.order_id, reference=reference, act=kind, detail=detail))
        if act.kind != "void":
            why = {"kind": "payment", "order_id": act.order_id, "why": WHY[act.kind]}
            data = {"reference": act.reference, "amount_minor": act.amount_minor, "detail": detail[:500]}
            await open_tasks(tx, [{**why, "data": data}])
    return True


WHY: dict[Kind, str] = {
    "capture": "Money for what has left could not be taken.",
    "refund": "Money could not be given back.",
}


async def _unpaid(tx: Tx, lost: PaymentAct) -> list[str]:
    """What can never be given back because this is never taken: the last that was agreed first, and nothing that a
    provider may have done. Nothing was tried of it: refunds wait while a capture of their order is due.
    """
    named = {"order_id": lost.order_id, "authorisation": lost.authorisation}
    excess: int = await tx.value(EXCESS, **named, lost=lost.amount_minor)
    found: list[str] = []
    for reference, amount_minor in await tx.tuples(UNTRIED, **named):
        if excess <= 0:
            break
        found.append(reference)
        excess -= amount_minor
    return found


EXCESS = """
    SELECT refunded_minor - (captured_minor - %(lost)s) FROM orders.payment
    WHERE order_id = %(order_id)s AND authorisation = %(authorisation)s FOR NO KEY UPDATE
"""

UNTRIED = """
    SELECT reference, amount_minor FROM orders.payment_act
    WHERE order_id = %(order_id)s AND authorisation = %(authorisation)s AND kind = 'refund' AND state = 'due'
      AND tries = 0
    ORDER BY asked_at DESC, reference DESC FOR UPDATE
"""


LATER = """
    UPDATE orders.payment_act
    SET detail = %(detail)s,
        next_at = %(now)s::timestamptz + least(interval '5 seconds' * power(2, least(tries, 13)), interval '6 hours')
    WHERE reference = %(reference)s AND state = 'due'
    RETURNING tries
"""

GIVE_UP = """
    WITH given_up AS (
        UPDATE orders.payment_act SET state = 'failed', settled_at = %(now)s
        WHERE state = 'due' AND reference = ANY(%(references)s::text[])
        RETURNING reference, kind, amount_minor
    )
    SELECT reference, kind, amount_minor FROM given_up ORDER BY kind DESC, reference
"""

UNCOUNT = """
    UPDATE orders.payment
    SET captured_minor = captured_minor - %(captured)s, refunded_minor = refunded_minor - %(refunded)s
    WHERE order_id = %(order_id)s AND authorisation = %(authorisation)s
"""
