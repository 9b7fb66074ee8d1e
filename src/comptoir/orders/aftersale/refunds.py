"""The money for goods that come back: the stored share of what was paid, its tax with it, never reckoned anew.

It goes back as it came: through the provider that took it, or by hand where it was paid at a till. Each sale that gives
something back has a return of its own in the books (`orders.sale` with its origin), so revenue is right; and no sale
gives back more than its total, no order more than was taken for it.
"""

from collections.abc import Sequence

import msgspec

from comptoir.kernel.db import Tx, ints, rows
from comptoir.kernel.errors import Refusal
from comptoir.orders import shares
from comptoir.orders.aftersale import policy
from comptoir.orders.aftersale import sold as books
from comptoir.orders.aftersale.cancelling import opened
from comptoir.orders.aftersale.errors import ApprovalNeeded, NotReturnable, TenderRefused
from comptoir.orders.aftersale.giving import Giving, give, split
from comptoir.orders.aftersale.owed import open_pieces
from comptoir.orders.aftersale.records import Return, Settling, Tender
from comptoir.orders.aftersale.sold import Sold, SoldLine
from comptoir.orders.records import NewDiscount, NewLine, NewSale, NewTender, Receipt
from comptoir.orders.sales.recording import record
from comptoir.orders.shares import Money


class Share(msgspec.Struct, frozen=True):
    """So many pieces of a line and what is given for them."""

    line: SoldLine
    pieces: int
    money: Money


async def refund(
    tx: Tx, found: Return, asked: Settling, *, outlet: str, approved: bool, credit_minor: int = 0
) -> list[Tender]:
    """Give back the money for the lines of a return; returns how. The return, its order and sales are locked.

    So much of it as `credit_minor` is not given but stands against other goods (exchanges.py).

    Raises ApprovalNeeded where the goods are not back yet and it is more than the limit (with what was given so for
    others of the same sales), NotReturnable where pieces
    were paid back before, TenderRefused where it is to be given in a way that it was not paid.
    """
    known = await books.sold(tx, sale_ids={one.sale_id for one in found.lines})
    books.only_once(found, known)
    parts = {sale.sale_id: shared(sale, found) for sale in known.values()}
    if asked.with_delivery and found.order_id is not None:
        parts |= await _with_delivery(tx, found, parts)
        known = {**known, **await books.sold(tx, sale_ids=parts)}
    kept = asked.fee_minor + asked.kept_minor
    slips = [slip(known[sale_id], some) for sale_id, some in parts.items() if some]
    total = sum(one.total for one in slips)
    if kept > total:
        raise TenderRefused("More would be kept than is given back.", total_minor=total, kept_minor=kept)
    if found.state == "announced" and not approved:
        before = await tx.value(INSTANT, sales=ints(known), id=found.return_id)
        if before + total - kept > (limit := policy.limits().instant_minor):
            raise ApprovalNeeded("The goods are not back yet: let a manager give the money.", limit_minor=limit)
    slips = keep(slips, fee=asked.fee_minor, kept=asked.kept_minor)
    total -= kept
    credit = min(credit_minor, total)
    giving = Giving(
        reference=f"{found.return_id}-refund", order_id=found.order_id, currency=found.currency,
        sales=list(known.values()), tenders=asked.tenders,
    )  # fmt: skip
    tenders = await give(tx, giving, total, credit=credit, approved=approved)
    await _enter(tx, found, slips, tenders, outlet)
    await tx.run(
        REFUNDED, id=found.return_id, refund=total, fee=asked.fee_minor, kept=asked.kept_minor, now=tx.now,
        lines=rows([
            {"place": one.place, "total_minor": money} for one, money in zip(
                found.lines, by_line(found, known), strict=True)
        ]),
    )  # fmt: skip
    return tenders


class Slip(msgspec.Struct, frozen=True):
    """One sale that gives something back."""

    sale: Sold
    shares: list[Share]
    less: tuple[NewDiscount, ...]
    """Kept, and what was given back before beyond the stored shares."""

    @property
    def total(self) -> int:
        return sum(one.money.total_minor for one in self.shares) - sum(one.amount_minor for one in self.less)


async def _with_delivery(tx: Tx, found: Return, parts: dict[int, list[Share]]) -> dict[int, list[Share]]:
    """The delivery too, where with this nothing of the order stays with the customer."""
    assert found.order_id is not None
    order = await opened(tx, found.order_id)
    if any(open_pieces(order, line) for line in order.lines):
        return {}
    of_order = await books.sold(tx, sale_ids=await books.sales_of_order(tx, order_id=found.order_id))
    coming = {(id_, one.line.line_number): one.pieces for id_, some in parts.items() for one in some}
    more: dict[int, list[Share]] = {}
    for sale in of_order.values():
        for line in sale.lines:
            if line.kind == "goods" and line.refunded + coming.get((sale.sale_id, line.line_number), 0) < line.quantity:
                return {}
            if line.kind == "shipping" and not line.refunded and sale.left_minor:
                share = Share(line, 1, shares.given_back(msgspec.structs.replace(line, quantity=1), before=0, pieces=1))
                more[sale.sale_id] = [*parts.get(sale.sale_id, []), share]
    return more


async def _enter(tx: Tx, found: Return, slips: Sequence[Slip], tenders: Sequence[Tender], outlet: str) -> None:
    """A return in the books for each sale."""
    waiting = [one for one in tenders if one.amount_minor]
    new: list[NewSale] = []
    for number, one in enumerate(slips, 1):
        mine, waiting = split(waiting, one.total)
        new.append(
            NewSale(
                outlet=outlet or one.sale.outlet,
                number=f"return/{found.return_number}/{number}",
                occurred_at=tx.now,
                currency=found.currency,
                lines=tuple(back(share) for share in one.shares),
                total_minor=one.total,
                kind="return",
                tenders=tuple(NewTender(t.kind, t.amount_minor, t.reference) for t in mine),
                discounts=one.less,
                tax_included=one.sale.tax_included,
                takes_back=Receipt(one.sale.outlet, one.sale.receipt_number),
            )
        )
    for answer in await record(tx, new, nodes=[one.sale.node_id for one in slips], ours=True):
        if isinstance(answer, Refusal):
            raise answer


INSTANT = """
    SELECT coalesce(sum(l.total_minor), 0)::bigint
    FROM orders.customer_return_line AS l JOIN orders.customer_return AS r USING (return_id)
    WHERE l.sale_id = ANY(%(sales)s::bigint[]) AND r.state = 'announced' AND r.refund_minor IS NOT NULL
      AND r.return_id <> %(id)s
"""

REFUNDED = """
    WITH one AS (
        UPDATE orders.customer_return
        SET refund_minor = %(refund)s, fee_minor = %(fee)s, kept_minor = %(kept)s, refunded_at = %(now)s
        WHERE return_id = %(id)s
    )
    UPDATE orders.customer_return_line AS l SET refunded = l.quantity, total_minor = n.total_minor
    FROM json_to_recordset(%(lines)s::json) AS n (place smallint, total_minor bigint)
    WHERE l.return_id = %(id)s AND l.place = n.place
"""


def shared(sale: Sold, found: Return) -> list[Share]:
    """The lines of the return that are this sale's, each with its stored share."""
    made: list[Share] = []
    before = {one.line_number: one.refunded for one in sale.lines}
    for one in found.lines:
        if one.sale_id != sale.sale_id:
            continue
        line = sale.line(one.line_number)
        if line is None or before[one.line_number] + one.quantity > line.quantity:
            raise NotReturnable("Their money was given back before.", place=one.place)
        made.append(
            Share(line, one.quantity, shares.given_back(line, before=before[one.line_number], pieces=one.quantity))
        )
        before[one.line_number] += one.quantity
    return made


def by_line(found: Return, known: dict[int, Sold]) -> list[int]:
    """The stored share of each line of the return, in its order."""
    waiting = {sale.sale_id: shared(sale, found) for sale in known.values()}
    return [waiting[one.sale_id].pop(0).money.total_minor for one in found.lines]


def slip(sale: Sold, some: list[Share]) -> Slip:
    """What was given back before beyond the shares (a goodwill, a till's own account) is not given again."""
    over = sum(one.money.total_minor for one in some) - sale.left_minor
    return Slip(sale, some, (NewDiscount("given_before", over),) if over > 0 else ())


def keep(slips: Sequence[Slip], *, fee: int, kept: int) -> list[Slip]:
    """What is not given back is taken off the slips, one after the other."""
    made: list[Slip] = []
    for one in slips:
        left = one.total
        less = list(one.less)
        for kind, amount in (("return_fee", fee), ("kept", kept)):
            if part := min(amount, left):
                less.append(NewDiscount(kind, part))
                left -= part
                fee, kept = (fee - part, kept) if kind == "return_fee" else (fee, kept - part)
        made.append(msgspec.structs.replace(one, less=tuple(less)))
    return made


def back(share: Share) -> NewLine:
    money, line = share.money, share.line
    return NewLine(
        sku=line.sku,
        amount_minor=money.amount_minor,
        discounts=(NewDiscount("original", money.discount_minor),) if money.discount_minor else (),
        quantity_thousandths=share.pieces * (1000 if line.thousandths % 1000 == 0 else line.thousandths),
        tax_minor=money.tax_minor,
        name=line.name,
        kind=line.kind,  # pyright: ignore[reportArgumentType]  as it was recorded
    )
