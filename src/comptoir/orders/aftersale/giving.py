"""How money goes back: through the provider that took it, or by hand where it was paid at a till.

No order gives back more than was taken for it: what a failed capture never took is written as such, and not given.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from comptoir.kernel.db import Tx, ints
from comptoir.orders import payments
from comptoir.orders.aftersale import sold as books
from comptoir.orders.aftersale.cancelling import opened
from comptoir.orders.aftersale.errors import TenderRefused
from comptoir.orders.aftersale.records import Tender
from comptoir.orders.aftersale.sold import Sold
from comptoir.orders.payments import EXCHANGE
from comptoir.orders.sales.judging import is_card_number

UNTAKEN = "not_taken"
"""Of money that was never taken, because its capture failed: the goods come back, and nothing is given."""
VOUCHER = "voucher"
"""Can always be had instead, and is what is left to give where the original way gives no more."""


class Giving(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of money that is to go back."""

    reference: str
    """Under which the provider gives it once."""
    order_id: UUID | None
    currency: str
    sales: list[Sold]
    """Locked, as is the order."""
    tenders: tuple[Tender, ...]
    """By hand, as the till says; none: as it was paid."""


async def give(tx: Tx, giving: Giving, total: int, *, credit: int = 0, approved: bool = False) -> list[Tender]:
    """The tenders by which `total` goes back; of it `credit` stands against other goods. Raises TenderRefused."""
    if giving.order_id is not None:
        return await _through_provider(tx, giving, giving.order_id, total, credit)
    against = [Tender(EXCHANGE, credit)] if credit else []
    total -= credit
    paid = [Tender(one.kind, one.amount_minor, one.reference) for sale in giving.sales for one in sale.tenders]
    before = await _given_before(tx, [sale.sale_id for sale in giving.sales])
    if not giving.tenders:
        return [*against, *as_paid(paid, [*before, *against], total)]
    if (said := sum(one.amount_minor for one in giving.tenders)) != total:
        raise TenderRefused(f"{total} is given back, but the tenders say {said}.", total_minor=total)
    if not approved and (strange := unpaid(paid, before, giving.tenders)):
        raise TenderRefused(
            f"So much was not paid by {strange}: give it back as it was paid, as a voucher, or ask a manager.",
            kind=strange,
            paid=msgspec.to_builtins(paid),
        )
    return [*against, *giving.tenders]


async def _through_provider(tx: Tx, giving: Giving, order_id: UUID, total: int, credit: int) -> list[Tender]:
    """What was taken for the order goes back to where it came from; a voucher instead is for the customer to choose."""
    await opened(tx, order_id)
    money = (await payments.authorisations(tx, order_ids=[order_id])).get(order_id, [])
    # Of what a provider gives its acts are the account; for what stands against other goods there is none.
    by_itself = {UNTAKEN, *(one.provider for one in money)} - {EXCHANGE}
    before = await _given_before(tx, await books.sales_of_order(tx, order_id=order_id))
    by_hand = sum(one.amount_minor for one in before if one.kind not in by_itself)
    left = max(0, sum(one.kept for one in money) - by_hand)
    untaken = total - min(total, left)
    credit = min(credit, left)
    given = total - untaken - credit
    tenders = [Tender(EXCHANGE, credit)] if credit else []
    if giving.tenders:
        said = sum(one.amount_minor for one in giving.tenders)
        if any(one.kind != VOUCHER for one in giving.tenders) or said != given:
            raise TenderRefused(
                f"{given} goes back to where it was paid, or the whole of it to a voucher.", total_minor=given
            )
        tenders += giving.tenders
    elif given:
        # What was paid with goods goes back as a voucher.
        banks = [one for one in money if one.provider != EXCHANGE]
        by_bank = min(given, sum(one.kept for one in banks))
        acts = payments.spread("refund", giving.reference, by_bank, banks)
        await payments.due(tx, acts)
        tenders += [Tender(one.provider, one.amount_minor, reference_of(one.authorisation)) for one in acts]
        tenders += [Tender(VOUCHER, given - by_bank)] if given > by_bank else []
    return [*tenders, Tender(UNTAKEN, untaken)] if untaken else tenders


async def _given_before(tx: Tx, sale_ids: Sequence[int]) -> list[Tender]:
    return await tx.many(Tender, GIVEN, ids=ints(sale_ids))


GIVEN = """
    SELECT t.kind, -sum(t.amount_minor)::bigint AS amount_minor
    FROM orders.tender AS t JOIN orders.sale AS s USING (sale_id)
    WHERE s.origin_sale_id = ANY(%(ids)s::bigint[])
    GROUP BY t.kind
"""


def reference_of(authorisation: str) -> str | None:
    """As on the receipt of the sale: what looks like the number of a card is not written there."""
    return None if is_card_number(authorisation) else authorisation


def as_paid(paid: Sequence[Tender], before: Sequence[Tender], total: int) -> list[Tender]:
    """In the order in which it was paid, as far as it was paid so; the rest is a voucher."""
    made: list[Tender] = []
    for kind, amount in room(paid, before).items():
        if kind != EXCHANGE and (part := min(amount, total)):
            made.append(Tender(kind, part))
            total -= part
    return [*made, Tender(VOUCHER, total)] if total else made


def unpaid(paid: Sequence[Tender], before: Sequence[Tender], asked: Sequence[Tender]) -> str:
    """The kind of which more is asked than was paid; empty: none.

    A voucher can always be had. What was paid with goods (an exchange) may be given in any way.
    """
    left = room(paid, before)
    free = left.pop(EXCHANGE, 0)
    for one in asked:
        left[one.kind] = left.get(one.kind, 0) - one.amount_minor
    for kind, amount in left.items():
        if amount < 0 and kind != VOUCHER:
            free += amount
            if free < 0:
                return kind
    return ""


def room(paid: Sequence[Tender], before: Sequence[Tender]) -> dict[str, int]:
    """How much was paid in each way and has not been given back so. What was given otherwise is taken off the last."""
    left: dict[str, int] = {}
    for one in paid:
        left[one.kind] = left.get(one.kind, 0) + one.amount_minor
    more = 0
    for one in before:
        part = min(one.amount_minor, left.get(one.kind, 0))
        if part:
            left[one.kind] -= part
        more += one.amount_minor - part
    for kind in reversed(list(left)):
        part = min(more, left[kind])
        left[kind] -= part
        more -= part
    return left


def split(tenders: Sequence[Tender], total: int) -> tuple[list[Tender], list[Tender]]:
    """The first of them up to so much, and the rest."""
    mine: list[Tender] = []
    rest: list[Tender] = []
    for one in tenders:
        part = min(one.amount_minor, total)
        total -= part
        if part:
            mine.append(msgspec.structs.replace(one, amount_minor=part))
        if one.amount_minor > part:
            rest.append(msgspec.structs.replace(one, amount_minor=one.amount_minor - part))
    return mine, rest
