"""Money for a customer who keeps the goods: a return in the books without goods, never more than is left to give."""

import msgspec

from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal
from comptoir.kernel.ids import uuid7
from comptoir.orders import order_book
from comptoir.orders.aftersale import policy
from comptoir.orders.aftersale import sold as books
from comptoir.orders.aftersale.errors import ApprovalNeeded, IdTaken, TenderRefused
from comptoir.orders.aftersale.giving import UNTAKEN, Giving, give
from comptoir.orders.aftersale.records import Given, Goodwill, Tender
from comptoir.orders.aftersale.sold import Sold
from comptoir.orders.records import NewLine, NewSale, NewTender, Receipt
from comptoir.orders.sales.recording import record
from comptoir.orders.shares import up_to


async def goodwill(tx: Tx, *, sale_id: int, asked: Goodwill, actor: str, approved: bool = False) -> Given:
    """Give so much of a sale's money back. The same id again gives it once.

    Raises ApprovalNeeded where all that was given for the sale is above the limit, TenderRefused above what is left,
    IdTaken where the id is of another sale or amount.
    """
    (sale,) = (await books.sold(tx, sale_ids=[sale_id])).values()
    if sale.order_id is not None:
        await order_book.lock(tx, order_ids=[sale.order_id])
    await books.lock(tx, sale_ids=[sale_id])
    goodwill_id = asked.goodwill_id or uuid7()
    number = f"goodwill/{goodwill_id}"
    if known := await tx.maybe(Known, KNOWN, number=number, id=goodwill_id):
        if (known.origin_sale_id, known.given.amount_minor) != (sale_id, asked.amount_minor):
            raise IdTaken(goodwill_id=str(goodwill_id))
        return known.given
    (sale,) = (await books.sold(tx, sale_ids=[sale_id])).values()
    if asked.amount_minor > sale.left_minor:
        raise TenderRefused(f"{sale.left_minor} of the sale is left to give.", left_minor=sale.left_minor)
    before = await tx.value(BEFORE, sale_id=sale_id)
    if not approved and before + asked.amount_minor > (limit := policy.limits().goodwill_minor):
        raise ApprovalNeeded("Let a manager give so much.", limit_minor=limit, given_minor=before)
    giving = Giving(
        reference=str(goodwill_id),
        order_id=sale.order_id,
        currency=sale.currency,
        sales=[sale],
        tenders=asked.tenders,
    )
    tenders = await give(tx, giving, asked.amount_minor, approved=approved)
    if any(one.kind == UNTAKEN for one in tenders):
        raise TenderRefused("So much was not taken for the order.", total_minor=asked.amount_minor)
    (answer,) = await record(tx, [slip(sale, number, asked, tenders, actor, tx)], nodes=[sale.node_id], ours=True)
    if isinstance(answer, Refusal):
        raise answer
    return Given(goodwill_id, answer.sale_id, asked.amount_minor, tenders)


class Known(msgspec.Struct, frozen=True):
    """What was given under an id, and for which sale."""

    origin_sale_id: int
    given: Given


KNOWN = """
    SELECT s.origin_sale_id, json_build_object(
               'goodwill_id', %(id)s::uuid, 'sale_id', s.sale_id, 'amount_minor', -s.total_minor, 'tenders', (
                    SELECT coalesce(json_agg(json_build_object('kind', kind, 'amount_minor', -amount_minor,
                                                               'reference', reference) ORDER BY place), '[]')
                    FROM orders.tender AS t WHERE t.sale_id = s.sale_id)) AS given
    FROM orders.sale AS s WHERE s.receipt_number = %(number)s AND s.origin_sale_id IS NOT NULL
"""


BEFORE = """
    SELECT coalesce(-sum(total_minor), 0)::bigint FROM orders.sale
    WHERE origin_sale_id = %(sale_id)s AND receipt_number LIKE 'goodwill/%%'
"""


def slip(sale: Sold, number: str, asked: Goodwill, tenders: list[Tender], actor: str, tx: Tx) -> NewSale:
    """Its tax is the sale's in proportion: what was paid less was taxed less."""
    tax = up_to(sum(one.tax_minor for one in sale.lines), asked.amount_minor, sale.total_minor)
    line = NewLine(
        kind="adjustment",
        name=asked.reason,
        quantity_thousandths=0,
        amount_minor=asked.amount_minor - (0 if sale.tax_included else tax),
        tax_minor=tax,
    )
    return NewSale(
        outlet=sale.outlet,
        number=number,
        occurred_at=tx.now,
        currency=sale.currency,
        lines=(line,),
        total_minor=asked.amount_minor,
        kind="return",
        tenders=tuple(NewTender(one.kind, one.amount_minor, one.reference) for one in tenders),
        tax_included=sale.tax_included,
        cashier=actor,
        takes_back=Receipt(sale.outlet, sale.receipt_number),
    )
