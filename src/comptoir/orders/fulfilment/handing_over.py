"""The goods leave, the money for exactly these pieces is taken, and the sale is on record: one transaction.

What is taken are the shares of the pieces as they were quoted (orders.shares), and the delivery with the first parcel:
over all parcels of an order that is what was owed, to the cent. The sale's number is the order's with the parcel's
place, so no parcel is ever counted twice.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from comptoir import inventory
from comptoir.kernel.db import Tx, rows
from comptoir.kernel.errors import Refusal
from comptoir.kernel.money import allocate
from comptoir.orders import shares
from comptoir.orders.fulfilment.dossiers import Dossier, OrderLine, Work
from comptoir.orders.fulfilment.errors import BadPieces, NothingPicked
from comptoir.orders.fulfilment.records import HandOver, pieces_of
from comptoir.orders.payments import PaymentAct, authorisations, due, spread
from comptoir.orders.records import NewDiscount, NewLine, NewSale, NewTender
from comptoir.orders.sales.judging import is_card_number
from comptoir.orders.sales.recording import record
from comptoir.orders.shares import Money


class Leaving(msgspec.Struct, kw_only=True):
    """A parcel that is about to leave."""

    dossier: Dossier
    work: Work
    place: int
    lines: list[tuple[OrderLine, int, Money]]
    """With the pieces, and what they cost."""
    delivery: Money
    act: HandOver
    captures: list[PaymentAct] = msgspec.field(default_factory=list[PaymentAct])
    """How it is paid."""

    @property
    def total_minor(self) -> int:
        return sum(share.total_minor for _, _, share in self.lines) + self.delivery.total_minor


def leave(dossier: Dossier, work: Work, act: HandOver) -> Leaving:
    """Count the pieces as handed over. Pure. Raises NothingPicked, BadPieces."""
    picked = {line.line: line.picked for line in work.lines.values() if line.picked}
    wanted = picked if act.lines is None else pieces_of(act.lines)
    for number, pieces in wanted.items():
        if pieces > work.line(number).picked:
            raise BadPieces(
                f"Of line {number}, {work.line(number).picked} are picked.",
                line=number, wanted=pieces, picked=work.line(number).picked,
            )  # fmt: skip
    wanted = {number: pieces for number, pieces in wanted.items() if pieces}
    if not wanted:
        raise NothingPicked(fulfilment_id=work.fulfilment_id)
    dossier.parcels += 1
    leaving = Leaving(dossier=dossier, work=work, place=dossier.parcels, lines=[], delivery=Money(), act=act)
    for number, pieces in sorted(wanted.items()):
        quoted, line = dossier.lines[number], work.line(number)
        share = shares.handed_over(quoted, before=dossier.handed_over(number), pieces=pieces)
        leaving.lines.append((quoted, pieces, share))
        line.picked -= pieces
        line.handed_over += pieces
    if leaving.place == 1:
        leaving.delivery = dossier.delivery_money()
    work.carrier, work.tracking = act.carrier or work.carrier, act.tracking or work.tracking
    work.sscc = act.sscc or work.sscc
    dossier.note(work, "hand_over", pieces=sum(wanted.values()), reference=act.reference, actor=act.actor)
    work.settle()
    return leaving


def stock_of(leaving: Leaving) -> inventory.HandOver:
    """The units leave the house."""
    work = leaving.work
    return inventory.HandOver(
        reference=leaving.dossier.reference,
        units=[
            inventory.Units(quoted.variant_id, work.line(quoted.line).location_id, pieces)
            for quoted, pieces, _ in leaving.lines
        ],
        to_location_id=inventory.CUSTOMER,
        actor=leaving.act.actor,
    )


async def sell(tx: Tx, leaving: Sequence[Leaving]) -> None:
    """The money is taken and the sales are recorded. Raises PaymentExceeded, or why a sale cannot be."""
    money = await authorisations(tx, order_ids={one.dossier.order_id for one in leaving})
    for one in leaving:
        reference = f"{one.dossier.order_id}-capture-{one.place}"
        one.captures = spread("capture", reference, one.total_minor, money.get(one.dossier.order_id, []))
    await due(tx, [act for one in leaving for act in one.captures])
    sold = await record(tx, [_sale(one, tx.now) for one in leaving], nodes=[one.dossier.node_id for one in leaving])
    for answer in sold:
        if isinstance(answer, Refusal):
            raise answer
    parcels = [
        _parcel(one, answer.sale_id)
        for one, answer in zip(leaving, sold, strict=True)
        if not isinstance(answer, Refusal)
    ]
    await tx.run(WRITE, parcels=rows(parcels), now=tx.now)


WRITE = """
    INSERT INTO orders.parcel (order_id, place, fulfilment_id, sale_id, lines, total_minor, carrier, tracking, sscc,
        proof, handed_over_at)
    SELECT order_id, place, fulfilment_id, sale_id, lines, total_minor, carrier, tracking, sscc, proof, %(now)s
    FROM json_to_recordset(%(parcels)s::json) AS p (order_id uuid, place smallint, fulfilment_id bigint,
        sale_id bigint, lines json, total_minor bigint, carrier text, tracking text, sscc text, proof json)
"""


def _sale(one: Leaving, now: datetime) -> NewSale:
    dossier = one.dossier
    delivered = [one.delivery] if one.delivery.amount_minor else []
    costs = [*(share for _, _, share in one.lines), *delivered]
    # A receipt's amounts are of one kind: where some hold the tax and others do not, all are written with it.
    included = all(share.tax_included for share in costs)
    mixed = not included and any(share.tax_included and share.tax_minor for share in costs)
    written = shares.with_tax if mixed else _as_it_is
    lines = [
        NewLine(
            sku=quoted.sku,
            amount_minor=written(share).amount_minor,
            discounts=_discounts(quoted, share.discount_minor),
            quantity_thousandths=1000 * pieces,
            unit_price_minor=quoted.unit_price_minor,
            tax_minor=share.tax_minor,
        )
        for quoted, pieces, share in one.lines
    ]
    return NewSale(
        outlet=dossier.outlet,
        number=receipt_number(dossier.order_number, one.place),
        occurred_at=now,
        currency=dossier.currency,
        lines=(*lines, *(_delivery_line(written(share)) for share in delivered)),
        total_minor=one.total_minor,
        tenders=tuple(_tender(act) for act in one.captures),
        tax_included=included or mixed,
    )


def receipt_number(order_number: int, place: int) -> str:
    """100001-1 is the first parcel of order 100001."""
    return f"{order_number}-{place}"


def _as_it_is(share: Money) -> Money:
    return share


def _discounts(quoted: OrderLine, discount: int) -> tuple[NewDiscount, ...]:
    """The line's discount by what gave it, as the whole was."""
    if not discount:
        return ()
    weights = [effect["discount_minor"] for effect in quoted.effects]
    if not any(weights):
        return (NewDiscount("retail", discount),)
    return tuple(
        NewDiscount(
            effect.get("kind") or ("coupon" if effect.get("coupon") else "promotion"),
            part,
            effect.get("coupon") or effect.get("promotion"),
        )
        for effect, part in zip(quoted.effects, allocate(discount, weights), strict=True)
        if part
    )


def _delivery_line(share: Money) -> NewLine:
    discounts = (NewDiscount("promotion", share.discount_minor),) if share.discount_minor else ()
    return NewLine(kind="shipping", amount_minor=share.amount_minor, discounts=discounts, tax_minor=share.tax_minor)


def _tender(act: PaymentAct) -> NewTender:
    reference = None if is_card_number(act.authorisation) else act.authorisation
    return NewTender(act.provider, act.amount_minor, reference)


def _parcel(one: Leaving, sale_id: int) -> dict[str, Any]:
    order_id: UUID = one.dossier.order_id
    return {
        "order_id": order_id,
        "place": one.place,
        "fulfilment_id": one.work.fulfilment_id,
        "sale_id": sale_id,
        "lines": [(quoted.line, pieces) for quoted, pieces, _ in one.lines],
        "total_minor": one.total_minor,
        "carrier": one.work.carrier,
        "tracking": one.work.tracking,
        "sscc": one.work.sscc,
        "proof": one.act.proof,
    }
