"""The money for goods that come back: the stored share of what was paid, its tax with it, never reckoned anew.

It goes back as it came: through the provider that took it, or by hand where it was paid at a till. Each sale that gives
something back has a return of its own in the books (`orders.sale` with its origin), so revenue is right; and no sale
gives back more than its total, no order more than was taken for it.
"""

from collections.abc import Sequence

import msgspec

from comptoir.kernel.db import Tx, ints, rows
from comptoir.kernel.errors import Refusal
from comptoir.orders import payment_acts, shares
from comptoir.orders.aftersale import policy
from comptoir.orders.aftersale import sold as books
from comptoir.orders.aftersale.cancelling import opened
from comptoir.orders.aftersale.errors import ApprovalNeeded, NotReturnable, TenderRefused
from comptoir.orders.aftersale.owed import open_pieces
from comptoir.orders.aftersale.records import Return, Settling, Tender
from comptoir.orders.aftersale.sold import Sold, SoldLine
from comptoir.orders.payment_acts import PaymentAct
from comptoir.orders.records import NewDiscount, NewLine, NewSale, NewTender, Receipt
from comptoir.orders.sales.judging import is_card_number
from comptoir.orders.sales.recording import record
from comptoir.orders.shares import Money

UNTAKEN = "not_taken"
"""Of money that was never taken, because its capture failed: the goods come back, and nothing is given."""
VOUCHER = "voucher"


class Share(msgspec.Struct, frozen=True):
    """So many pieces of a line and what is given for them."""

    line: SoldLine
    pieces: int
    money: Money


async def refund(tx: Tx, found: Return, asked: Settling, *, outlet: str, approved: bool) -> int:
    """Give back the money for the lines of a return; returns how much. The return, its order and sales are locked.

    Raises ApprovalNeeded where the goods are not back yet and it is more than the limit, NotReturnable where pieces
    were paid back before, TenderRefused where it is to be given in a way that it was not paid.
    """
    known = await books.sold(tx, sale_ids={one.sale_id for one in found.lines})
    parts = {sale.sale_id: shared(sale, found) for sale in known.values()}
    if asked.with_delivery and found.order_id is not None:
        parts |= await _with_delivery(tx, found, parts)
        known = {**known, **await books.sold(tx, sale_ids=parts)}
    kept = asked.fee_minor + asked.kept_minor
    slips = [slip(known[sale_id], some) for sale_id, some in parts.items() if some]
    total = sum(one.total for one in slips)
    if kept > total:
        raise TenderRefused("More would be kept than is given back.", total_minor=total, kept_minor=kept)
    if found.state == "announced" and total - kept > policy.INSTANT_MINOR and not approved:
        raise ApprovalNeeded(
            "The goods are not back yet: let a manager give the money.", limit_minor=policy.INSTANT_MINOR
        )
    slips = keep(slips, fee=asked.fee_minor, kept=asked.kept_minor)
    total -= kept
    tenders = await _given(tx, found, known, asked, total, approved=approved)
    await _record(tx, found, slips, tenders, outlet)
    await tx.run(
        REFUNDED, id=found.return_id, refund=total, fee=asked.fee_minor, kept=asked.kept_minor, now=tx.now,
        lines=rows([
            {"place": one.place, "total_minor": money} for one, money in zip(
                found.lines, by_line(found, known), strict=True)
        ]),
    )  # fmt: skip
    return total


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


async def _given(
    tx: Tx,
    found: Return,
    known: dict[int, Sold],
    asked: Settling,
    total: int,
    *,
    approved: bool,
) -> list[Tender]:
    """How the money is given: as it was paid, or as the till says that it has done."""
    if found.order_id is not None:
        return await _through_provider(tx, found, asked, total)
    paid = [Tender(one.kind, one.amount_minor, one.reference) for sale in known.values() for one in sale.tenders]
    before = await _given_before(tx, list(known))
    if not asked.tenders:
        return as_paid(paid, before, total)
    if sum(one.amount_minor for one in asked.tenders) != total:
        raise TenderRefused(
            f"{total} is given back, but the tenders say {sum(one.amount_minor for one in asked.tenders)}.",
            total_minor=total,
        )
    if not approved and (strange := unpaid(paid, before, asked.tenders)):
        raise TenderRefused(
            f"So much was not paid by {strange}: give it back as it was paid, as a voucher, or ask a manager.",
            kind=strange,
            paid=msgspec.to_builtins(paid),
        )
    return list(asked.tenders)


async def _through_provider(tx: Tx, found: Return, asked: Settling, total: int) -> list[Tender]:
    """What was taken for the order goes back to where it came from; a voucher instead is for the customer to choose."""
    assert found.order_id is not None
    order = await opened(tx, found.order_id)
    paid = (await payment_acts.paid(tx, order_ids=[found.order_id])).get(found.order_id)
    sale_ids = await books.sales_of_order(tx, order_id=found.order_id)
    known = {UNTAKEN, order.payment.provider if order.payment else ""}
    by_hand = sum(one.amount_minor for one in await _given_before(tx, sale_ids) if one.kind not in known)
    left = max(0, paid.captured_minor - paid.refunded_minor - by_hand) if paid else 0
    given = min(total, left)
    if asked.tenders:
        if any(one.kind != VOUCHER for one in asked.tenders) or sum(one.amount_minor for one in asked.tenders) != given:
            raise TenderRefused(
                f"{given} goes back to where it was paid, or the whole of it to a voucher.", total_minor=given
            )
        tenders = list(asked.tenders)
    else:
        tenders = []
        if given and order.payment:
            payment = order.payment
            await payment_acts.due(
                tx,
                [
                    PaymentAct(
                        reference=f"{found.return_id}-refund",
                        order_id=found.order_id,
                        kind="refund",
                        provider=payment.provider,
                        authorisation=payment.authorisation,
                        amount_minor=given,
                        currency=found.currency,
                    )
                ],
            )
            tenders = [Tender(payment.provider, given, reference_of(payment.authorisation))]
    return [*tenders, Tender(UNTAKEN, total - given)] if total > given else tenders


async def _given_before(tx: Tx, sale_ids: Sequence[int]) -> list[Tender]:
    return await tx.many(Tender, GIVEN, ids=ints(sale_ids))


async def _record(tx: Tx, found: Return, slips: Sequence[Slip], tenders: Sequence[Tender], outlet: str) -> None:
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
    for answer in await record(tx, new, nodes=[one.sale.node_id for one in slips]):
        if isinstance(answer, Refusal):
            raise answer


GIVEN = """
    SELECT t.kind, -sum(t.amount_minor)::bigint AS amount_minor
    FROM orders.tender AS t JOIN orders.sale AS s USING (sale_id)
    WHERE s.origin_sale_id = ANY(%(ids)s::bigint[])
    GROUP BY t.kind
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


def reference_of(authorisation: str) -> str | None:
    """As on the receipt of the sale: what looks like the number of a card is not written there."""
    return None if is_card_number(authorisation) else authorisation


def as_paid(paid: Sequence[Tender], before: Sequence[Tender], total: int) -> list[Tender]:
    """In the order in which it was paid, as far as it was paid so; the rest is a voucher."""
    left = room(paid, before)
    made: list[Tender] = []
    for kind, amount in left.items():
        if part := min(amount, total):
            made.append(Tender(kind, part))
            total -= part
    return [*made, Tender(VOUCHER, total)] if total else made


def unpaid(paid: Sequence[Tender], before: Sequence[Tender], asked: Sequence[Tender]) -> str:
    """The kind of which more is asked than was paid; empty: none. A voucher can always be had."""
    left = room(paid, before)
    for one in asked:
        left[one.kind] = left.get(one.kind, 0) - one.amount_minor
    return next((kind for kind, amount in left.items() if amount < 0 and kind != VOUCHER), "")


def room(paid: Sequence[Tender], before: Sequence[Tender]) -> dict[str, int]:
    """How much was paid in each way and has not been given back so."""
    left: dict[str, int] = {}
    for one in paid:
        left[one.kind] = left.get(one.kind, 0) + one.amount_minor
    for one in before:
        left[one.kind] = max(0, left.get(one.kind, 0) - one.amount_minor)
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
