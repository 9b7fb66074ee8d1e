"""Goods for other goods over the counter: a return and a sale in one act, the difference paid or given back.

Another size of the same article keeps the price that was paid for it, its tax with it. Anything else costs what it
costs now. The old and the new stand against each other as the tender `exchange`, in both receipts.
"""

from collections.abc import Sequence

import msgspec

from comptoir import catalog, channels, inventory, pricing
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal
from comptoir.orders import shares
from comptoir.orders.aftersale import returns
from comptoir.orders.aftersale import sold as books
from comptoir.orders.aftersale.errors import IdTaken, TenderRefused
from comptoir.orders.aftersale.giving import EXCHANGE
from comptoir.orders.aftersale.records import AtCounter, Exchange, Exchanged, Instead, Return
from comptoir.orders.aftersale.refunds import Share, refund, shared
from comptoir.orders.records import NewDiscount, NewLine, NewSale, NewTender
from comptoir.orders.sales.recording import record
from comptoir.orders.shares import Money

KNOWN = "SELECT sale_id, total_minor FROM orders.sale WHERE receipt_number = %(number)s AND NOT is_return"


async def exchange(tx: Tx, *, asked: Exchange, actor: str, approved: bool = False) -> Exchanged:
    """Take goods back and give others. The same id again is the same exchange.

    Raises TenderRefused with the difference where the tenders do not pay it, and whatever a return is refused for.
    """
    (place,) = await inventory.by_code(tx, [asked.location])
    at_counter = AtCounter(return_id=asked.return_id, lines=asked.lines, location=asked.location, refund=None)
    found = await returns.at_counter(tx, asked=at_counter, actor=actor, approved=approved)
    if found.refund_minor is not None:
        if not (done := await tx.tuples(KNOWN, number=number_of(found))):
            raise IdTaken(return_id=str(found.return_id))
        return Exchanged(found, done[0][0], done[0][1] - found.refund_minor)

    sales = await books.sold(tx, sale_ids={one.sale_id for one in found.lines})
    back = [share for sale in sales.values() for share in shared(sale, found)]
    outlet = await channels.outlet(tx, code=place.outlet or next(iter(sales.values())).outlet)
    lines = await _priced(tx, found, asked.instead, back, outlet)
    total = sum(one.total_minor for _, one in lines)

    settling = msgspec.structs.replace(asked.refund, with_delivery=False)
    tenders = await refund(tx, found, settling, outlet=outlet.code, approved=approved, credit_minor=total)
    credit = sum(one.amount_minor for one in tenders if one.kind == EXCHANGE)
    due = total - credit
    if (said := sum(one.amount_minor for one in asked.paid)) != due:
        raise TenderRefused(f"{due} is to be paid, but the tenders say {said}.", due_minor=due)
    against = (NewTender(EXCHANGE, credit, found.label),) if credit else ()
    sale = NewSale(
        outlet=outlet.code,
        number=number_of(found),
        occurred_at=tx.now,
        currency=found.currency,
        lines=tuple(written(one, money) for one, money in lines),
        total_minor=total,
        tenders=(*against, *(NewTender(one.kind, one.amount_minor, one.reference) for one in asked.paid)),
        tax_included=True,
        cashier=actor,
        moves_stock=True,
    )
    (answer,) = await record(tx, [sale], nodes=[found.node_id], ours=True)
    if isinstance(answer, Refusal):
        raise answer
    settled = await returns.one(tx, return_id=found.return_id)
    return Exchanged(settled, answer.sale_id, total - (settled.refund_minor or 0))


async def _priced(
    tx: Tx, found: Return, instead: Sequence[Instead], back: Sequence[Share], outlet: channels.Outlet
) -> list[tuple[Instead, Money]]:
    """What each of the new lines costs, tax included."""
    known = await catalog.variants_by_sku(tx, {one.sku for one in instead})
    if unknown := [one.sku for one in instead if one.sku not in known]:
        raise inventory.UnknownVariant(f"The catalog knows no {unknown[0]!r}.", skus=unknown)
    ids = {known[one.sku].variant_id for one in instead} | {
        share.line.variant_id for share in back if share.line.variant_id is not None
    }
    products = {one.variant_id: one.product for one in await catalog.placed(tx, ids)}
    kept = even(instead, [known[one.sku].variant_id for one in instead], back, products)
    asking = [place for place in range(len(instead)) if place not in kept]
    quoted: dict[int, Money] = {}
    if asking:
        request = pricing.QuoteRequest(
            reference=found.label,
            outlet_id=outlet.outlet_id,
            channel=outlet.channel,
            currency=found.currency,
            lines=tuple(
                pricing.QuoteLine(place + 1, known[instead[place].sku].variant_id, instead[place].quantity)
                for place in asking
            ),
            country=outlet.country,
            region=outlet.region,
            node_id=found.node_id,
        )
        (quote,) = await pricing.quotes(tx, [request])
        if isinstance(quote, Refusal):
            raise quote
        quoted = {
            one.line - 1: shares.with_tax(Money(one.amount_minor, one.discount_minor, one.tax_minor, one.total_minor))
            for one in quote.lines
        }
    return [(one, kept.get(place) or quoted[place]) for place, one in enumerate(instead)]


def even(
    instead: Sequence[Instead], variants: Sequence[int], back: Sequence[Share], products: dict[int, str]
) -> dict[int, Money]:
    """New lines that are as many pieces of the same article as come back: they cost what was paid. Pure."""
    waiting = list(back)
    made: dict[int, Money] = {}
    for place, one in enumerate(instead):
        for share in waiting:
            variant = share.line.variant_id
            same = variant is not None and products.get(variant) == products.get(variants[place])
            if same and share.pieces == one.quantity:
                made[place] = shares.with_tax(share.money)
                waiting.remove(share)
                break
    return made


def number_of(found: Return) -> str:
    return f"exchange/{found.return_number}"


def written(one: Instead, money: Money) -> NewLine:
    return NewLine(
        sku=one.sku,
        amount_minor=money.amount_minor,
        discounts=(NewDiscount("original", money.discount_minor),) if money.discount_minor else (),
        quantity_thousandths=1000 * one.quantity,
        tax_minor=money.tax_minor,
    )
