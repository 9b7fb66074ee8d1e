"""What payment providers are to do: agreed in the transaction that gives cause for it, done afterwards.

A capture belongs to a hand-over, a refund to a return, a void to a basket that was changed. No transaction waits for a
bank, and none of it is lost when a process dies: an act is tried until the provider has answered, each time under the
same reference, under which a provider does a thing once (payments.Provider).

What was agreed is counted at once, in `orders.payment`: no more is taken than was authorised, no more given back than
was taken, whatever the provider is still to do. An order may have several authorisations: its money is taken from
the first that has some left, and given back to the first that has taken some (`spread`).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Literal, LiteralString
from uuid import UUID

import psycopg
import structlog

from comptoir.kernel import jobs
from comptoir.kernel.db import Database, Tx, rows, texts, uuids
from comptoir.kernel.errors import Refusal
from comptoir.kernel.settings import Settings
from comptoir.orders.baskets import Payment
from comptoir.orders.errors import NothingOwed, PaymentExceeded, PaymentNotFailed, PaymentRefused, PaymentUnclear
from comptoir.orders.order_book import lock, order
from comptoir.orders.payments.failures import failed
from comptoir.orders.payments.providers import Provider, providers
from comptoir.orders.payments.records import Attempt, Authorisation, Paid, PaymentAct
from comptoir.orders.tasks import close_tasks_of

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
"""For so long whoever has taken an act has it for himself."""
MOST = 100
"""Acts in one go."""

# ---- in the transaction


async def due(tx: Tx, acts: Sequence[PaymentAct]) -> None:
    """Have these done after the commit. Lock the orders first (`order_book.lock`).

    Raises PaymentExceeded where more would be taken than was authorised, or more given back than was taken: nothing of
    the transaction can be kept then.
    """
    if not acts:
        return
    await tx.run(OPEN, ids=uuids({one.order_id for one in acts if one.kind != "void"}))
    try:
        added = await tx.run(ADD, acts=rows(acts), now=tx.now)
    except psycopg.errors.CheckViolation as error:
        raise PaymentExceeded(constraint=error.diag.constraint_name) from error
    if added:
        await jobs.defer(tx, perform_payment_acts, once="orders.payment_acts")


OPEN = """
    INSERT INTO orders.payment (order_id, provider, authorisation, currency, authorised_minor)
    SELECT order_id, payment ->> 'provider', payment ->> 'authorisation', payment ->> 'currency',
           (payment ->> 'amount_minor')::bigint
    FROM orders.sales_order WHERE order_id = ANY(%(ids)s::uuid[]) AND payment IS NOT NULL
    ON CONFLICT DO NOTHING
"""

COUNTED: LiteralString = """counted AS (
        UPDATE orders.payment AS p
        SET captured_minor = captured_minor + a.captured, refunded_minor = refunded_minor + a.refunded
        FROM (SELECT order_id, authorisation,
                     coalesce(sum(amount_minor) FILTER (WHERE kind = 'capture'), 0) AS captured,
                     coalesce(sum(amount_minor) FILTER (WHERE kind = 'refund'), 0) AS refunded
              FROM asked GROUP BY order_id, authorisation) AS a
        WHERE p.order_id = a.order_id AND p.authorisation = a.authorisation
    )"""
"""What is `asked` counts at once."""

ADD: LiteralString = f"""
    WITH asked AS MATERIALIZED (
        INSERT INTO orders.payment_act (reference, order_id, kind, provider, authorisation, amount_minor, currency,
            next_at, asked_at)
        SELECT reference, order_id, kind, provider, authorisation, amount_minor, currency, %(now)s, %(now)s
        FROM json_to_recordset(%(acts)s::json) AS a (reference text, order_id uuid, kind text, provider text,
            authorisation text, amount_minor bigint, currency text)
        ORDER BY reference
        ON CONFLICT (reference) DO NOTHING
        RETURNING order_id, authorisation, kind, amount_minor
    ), {COUNTED}
    SELECT FROM asked
"""  # noqa: S608 constants


async def paid(tx: Tx, *, order_ids: Sequence[UUID]) -> dict[UUID, Paid]:
    """What was agreed for each of these orders; those without a payment are not among them."""
    return {one.order_id: one for one in await tx.many(Paid, PAID, ids=uuids(order_ids))}


AUTHORISATIONS: LiteralString = """
    SELECT order_id, place, provider, authorisation, currency, authorised_minor, captured_minor, refunded_minor
    FROM orders.payment WHERE order_id = ANY(%(ids)s::uuid[])
    UNION ALL
    SELECT order_id, 1, payment ->> 'provider', payment ->> 'authorisation', payment ->> 'currency',
           (payment ->> 'amount_minor')::bigint, 0, 0
    FROM orders.sales_order AS o
    WHERE order_id = ANY(%(ids)s::uuid[]) AND payment IS NOT NULL
      AND NOT EXISTS (SELECT FROM orders.payment AS p WHERE p.order_id = o.order_id AND p.place = 1)
    ORDER BY 1, 2
"""

PAID: LiteralString = f"""
    SELECT order_id, sum(authorised_minor)::bigint AS authorised_minor, sum(captured_minor)::bigint AS captured_minor,
           sum(refunded_minor)::bigint AS refunded_minor
    FROM ({AUTHORISATIONS}) AS a GROUP BY order_id
"""  # noqa: S608 constants


async def authorisations(tx: Tx, *, order_ids: Collection[UUID]) -> dict[UUID, list[Authorisation]]:
    """What each of these orders may be paid from, the first first. Lock the orders before."""
    found: dict[UUID, list[Authorisation]] = {}
    for one in await tx.many(Authorisation, AUTHORISATIONS, ids=uuids(order_ids)) if order_ids else ():
        found.setdefault(one.order_id, []).append(one)
    return found


CREDIT = 0
"""The place of what was given for goods that came back: it is taken first."""


async def stand_ready(tx: Tx, *, order_id: UUID, payment: Payment, place: int) -> None:
    """One more authorisation of an order."""
    await tx.run(
        READY, order_id=order_id, place=place, provider=payment.provider, authorisation=payment.authorisation,
        currency=payment.currency, amount=payment.amount_minor,
    )  # fmt: skip


READY = """
    INSERT INTO orders.payment (order_id, place, provider, authorisation, currency, authorised_minor)
    VALUES (%(order_id)s, %(place)s, %(provider)s, %(authorisation)s, %(currency)s, %(amount)s)
"""


def spread(
    kind: Literal["capture", "refund"], reference: str, amount_minor: int, of: Sequence[Authorisation]
) -> list[PaymentAct]:
    """So much taken from these, or given back to them, the first that have it first; counted in them. Pure.

    What none of them has is asked of the last one, and refused by `due`.
    """
    acts: list[PaymentAct] = []
    for one in of:
        part = min(amount_minor, one.left if kind == "capture" else one.kept)
        if one is of[-1]:
            part = amount_minor
        if part <= 0:
            continue
        amount_minor -= part
        one.count(kind, part)
        acts.append(one.act(kind, reference, part))
    return acts


async def attempts(tx: Tx, *, order_id: UUID) -> list[Attempt]:
    """What the provider was to do for this order, and did; the first first."""
    return await tx.many(Attempt, ATTEMPTS, order_id=order_id)


ATTEMPTS = """
    SELECT reference, order_id, kind, provider, authorisation, amount_minor, currency, state, tries, detail, asked_at,
           settled_at
    FROM orders.payment_act WHERE order_id = %(order_id)s ORDER BY asked_at, reference
"""


async def try_again(tx: Tx, *, order_id: UUID, references: Sequence[str] = (), actor: str) -> list[Attempt]:
    """Have providers asked once more for what was given up: the card is open again, a setting was wrong.

    `references`: only these; none: all of the order that have failed. Returns those of the order, as they stand then.
    Raises UnknownOrder, PaymentNotFailed, PaymentExceeded (meanwhile it was taken or given back otherwise),
    NothingOwed (meanwhile the goods came back).
    """
    await order(tx, order_id=order_id)
    await lock(tx, order_ids=[order_id])
    try:
        again = await tx.run(AGAIN, order_id=order_id, references=texts(references), now=tx.now)
    except psycopg.errors.CheckViolation as error:
        raise PaymentExceeded(constraint=error.diag.constraint_name) from error
    if not again or again < len(set(references)):
        raise PaymentNotFailed(references=[one[:200] for one in references])
    if (excess := await tx.value(EXCESS, order_id=order_id)) > 0:
        raise NothingOwed(excess_minor=excess)
    found = await attempts(tx, order_id=order_id)
    if not any(one.state == "failed" for one in found):
        await close_tasks_of(tx, [order_id], kind="payment", actor=actor)
    await jobs.defer(tx, perform_payment_acts, once="orders.payment_acts")
    return found


AGAIN: LiteralString = f"""
    WITH asked AS MATERIALIZED (
        UPDATE orders.payment_act SET state = 'due', tries = 0, next_at = %(now)s, settled_at = NULL
        WHERE order_id = %(order_id)s AND state = 'failed'
          AND (%(references)s::text[] = '{{}}' OR reference = ANY(%(references)s::text[]))
        RETURNING order_id, authorisation, kind, amount_minor
    ), {COUNTED}
    SELECT FROM asked
"""  # noqa: S608 constants

# Goods that came back while nothing was taken for them are owed no more: nothing was given for them either.
EXCESS = """
    SELECT least(w.amount, w.amount + (SELECT sum(captured_minor) FROM orders.payment WHERE order_id = %(order_id)s)
                           - (SELECT sum(total_minor) FROM orders.parcel WHERE order_id = %(order_id)s))::bigint
    FROM (SELECT coalesce(-sum(t.amount_minor), 0) AS amount
          FROM orders.parcel AS p JOIN orders.sale AS s ON s.origin_sale_id = p.sale_id
          JOIN orders.tender AS t ON t.sale_id = s.sale_id
          WHERE p.order_id = %(order_id)s AND t.kind = 'not_taken') AS w
"""

# ---- outside of any


@jobs.task("orders.perform_payment_acts")
async def perform_payment_acts(db: Database) -> None:
    """What was just agreed. What a provider could not do yet is done by the timer."""
    await perform(db, providers(Settings.load()))


async def perform(db: Database, by: Mapping[str, Provider]) -> int:
    """Have the providers do what is due; returns how many acts were settled. Several processes may do so at once."""
    settled = 0
    while taken := await _take(db):
        for act in taken:
            settled += await _settle(db, act, by.get(act.provider))
    return settled


async def _take(db: Database) -> list[PaymentAct]:
    async with db.transaction() as tx:
        return await tx.many(PaymentAct, TAKE, now=tx.now, until=tx.now + LEASE, most=MOST)


# An order's acts in the order in which they were agreed: nothing is given back before it is taken.
TAKE = """
    UPDATE orders.payment_act AS a SET next_at = %(until)s, tries = tries + 1
    WHERE reference IN (
        SELECT reference FROM orders.payment_act AS d
        WHERE state = 'due' AND next_at <= %(now)s AND NOT EXISTS (
            SELECT FROM orders.payment_act AS e
            WHERE e.order_id = d.order_id AND e.state = 'due' AND e.kind = 'capture' AND d.kind <> 'capture')
        ORDER BY next_at LIMIT %(most)s FOR UPDATE SKIP LOCKED)
    RETURNING reference, order_id, kind, provider, authorisation, amount_minor, currency
"""


async def _settle(db: Database, act: PaymentAct, provider: Provider | None) -> bool:
    try:
        await _ask(act, provider)
    except PaymentRefused as refusal:
        return await failed(db, act, refusal.detail or refusal.title(), final=True)
    except Exception as error:  # noqa: BLE001  whatever a provider's client raises: perhaps it was done, so ask again
        detail = (error.detail or error.title()) if isinstance(error, Refusal) else repr(error)
        log.warning("orders.payment_unclear", reference=act.reference, reason=detail)
        return await failed(db, act, detail, final=False)
    async with db.transaction() as tx:
        await tx.run(DONE, reference=act.reference, now=tx.now)
    return True


async def _ask(act: PaymentAct, provider: Provider | None) -> None:
    if provider is None:
        raise PaymentUnclear(f"No payment provider is called {act.provider!r} here.")
    if act.kind == "void":
        await provider.void(authorisation=act.authorisation)
    else:
        ask = provider.capture if act.kind == "capture" else provider.refund
        await ask(authorisation=act.authorisation, reference=act.reference, amount_minor=act.amount_minor)


DONE = """
    UPDATE orders.payment_act SET state = 'done', settled_at = %(now)s, detail = ''
    WHERE reference = %(reference)s AND state = 'due'
"""
