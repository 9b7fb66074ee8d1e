"""Payments whose answer never reached us: the provider said yes, and the process died or the line was cut.

The provider is asked for them by their reference. What it keeps ready for us becomes the basket's, if that still wants
it: she does not pay again. Anything else is let go, and no money stays kept ready for nobody.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from comptoir import inventory
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import Refusal
from comptoir.orders.baskets import Payment
from comptoir.orders.checkout import Checkout
from comptoir.orders.errors import PaymentUnclear
from comptoir.orders.keeping import void
from comptoir.orders.payments import Authorised, Intent, Provider
from comptoir.orders.steps import SetPayment

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
"""For so long whoever looks for one has it for himself."""
MOST = 100
"""In one go."""
TRIES = 40
"""Then it is forgotten: after a week and more an authorisation has lapsed by itself."""


class Late(Intent, frozen=True):
    """One that was not answered in time."""

    next_at: datetime
    """Whoever asks again meanwhile moves it on."""


async def find_unanswered(db: Database, by: Mapping[str, Provider]) -> int:
    """Ask the providers for what they have not answered; returns how many were settled. Several processes may."""
    settled = 0
    while taken := await _take(db):
        for one in taken:
            settled += await _settle(db, one, by.get(one.provider))
    return settled


async def _take(db: Database) -> list[Late]:
    async with db.transaction() as tx:
        return await tx.many(Late, TAKE, now=tx.now, until=tx.now + LEASE, most=MOST)


TAKE = """
    UPDATE orders.payment_intent AS i SET next_at = %(until)s, tries = tries + 1
    FROM (SELECT provider, reference FROM orders.payment_intent WHERE next_at <= %(now)s
          ORDER BY next_at LIMIT %(most)s FOR UPDATE SKIP LOCKED) AS due
    WHERE i.provider = due.provider AND i.reference = due.reference
    RETURNING i.reference, i.provider, i.basket_id, i.attempt, i.next_at
"""


async def _settle(db: Database, one: Late, provider: Provider | None) -> bool:
    try:
        found = await _find(one, provider)
    except Exception as error:  # noqa: BLE001  whatever a provider's client raises: ask again
        detail = (error.detail or error.title()) if isinstance(error, Refusal) else repr(error)
        log.warning("orders.payment_unanswered", reference=one.reference, reason=detail)
        async with db.transaction() as tx:
            await tx.run(LATER, provider=one.provider, reference=one.reference, until=one.next_at, now=tx.now)
            return bool(await tx.run(FORGET, provider=one.provider, reference=one.reference, most=TRIES))
    if found is None:
        async with db.transaction() as tx:
            return bool(await tx.run(NOTHING, provider=one.provider, reference=one.reference, until=one.next_at))
    payment = Payment(
        provider=one.provider, authorisation=found.authorisation, amount_minor=found.amount_minor,
        currency=found.currency,
    )  # fmt: skip

    async def work(tx: Tx) -> None:
        step = SetPayment(one.basket_id, payment, one.attempt, reference=one.reference, found=True)
        (answer,) = await Checkout(inventory.Places()).run(tx, [step])
        if isinstance(answer, Refusal):  # the basket is kept no more
            await void(tx, [(one.basket_id, payment)])
            await tx.run(FORGET, provider=one.provider, reference=one.reference, most=0)

    await db.within(work)
    return True


async def _find(one: Intent, provider: Provider | None) -> Authorised | None:
    if provider is None:
        raise PaymentUnclear(f"No payment provider is called {one.provider!r} here.")
    return await provider.find(reference=one.reference)


# Later and later: 5 seconds at first, 6 hours at most.
LATER = """
    UPDATE orders.payment_intent
    SET next_at = %(now)s::timestamptz + least(interval '5 seconds' * power(2, least(tries, 13)), interval '6 hours')
    WHERE provider = %(provider)s AND reference = %(reference)s AND next_at = %(until)s
"""

FORGET = """
    DELETE FROM orders.payment_intent
    WHERE provider = %(provider)s AND reference = %(reference)s AND tries >= %(most)s
"""

NOTHING = """
    DELETE FROM orders.payment_intent
    WHERE provider = %(provider)s AND reference = %(reference)s AND next_at = %(until)s
"""
