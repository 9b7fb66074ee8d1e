"""Orders that are over there already become sales: the history of a shop that comes with it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from comptoir import orders
from comptoir.connectors import shopify, woocommerce
from comptoir.connectors.records import Platform
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal
from comptoir.orders import ExternalOrder, NewLine, NewSale, NewTender


class Imported(msgspec.Struct, frozen=True):
    """What became of a file of orders."""

    recorded: int
    repeated: int
    refused: list[str]


async def import_orders(tx: Tx, *, platform: Platform, outlet: str, payloads: Sequence[dict[str, Any]]) -> Imported:
    """Orders as the platform's API gives them, as sales of the outlet; the same again is the same. Nothing moves."""
    sales: list[NewSale] = []
    refused: list[str] = []
    for payload in payloads:
        try:
            sales.append(sale_of((shopify if platform == "shopify" else woocommerce).order(payload, outlet=outlet)))
        except (Refusal, msgspec.ValidationError) as error:
            refused.append(f"{payload.get('id')}: {error}")
    answers = await orders.record(tx, sales)
    refused += [
        f"{sale.number}: {answer.detail}"
        for sale, answer in zip(sales, answers, strict=True)
        if isinstance(answer, Refusal)
    ]
    taken = [one for one in answers if not isinstance(one, Refusal)]
    repeated = sum(one.repeated for one in taken)
    return Imported(len(taken) - repeated, repeated, refused)


def sale_of(order: ExternalOrder) -> NewSale:
    """The order as a sale, with its delivery as a line; a difference to the total is a line or a discount by itself."""
    lines = [
        NewLine(
            sku=one.sku or None,
            name=one.name or None,
            quantity_thousandths=one.quantity * 1000,
            amount_minor=one.total_minor,
            tax_minor=one.tax_minor,
            kind="goods" if one.kind == "goods" else "service",
        )
        for one in order.lines
    ]
    if order.delivery_minor:
        lines.append(NewLine(name="Delivery", amount_minor=order.delivery_minor, kind="shipping"))
    off = order.total_minor - sum(line.amount_minor or 0 for line in lines)
    discounts: tuple[orders.NewDiscount, ...] = ()
    if off > 0:
        lines.append(NewLine(name="Difference", amount_minor=off, kind="adjustment"))
    elif off < 0:
        discounts = (orders.NewDiscount("adjustment", -off),)
    paid = (NewTender("external", order.total_minor, order.payment_reference or None),) if order.total_minor else ()
    return NewSale(
        outlet=order.outlet,
        number=order.number,
        occurred_at=order.placed_at,
        currency=order.currency,
        lines=tuple(lines),
        discounts=discounts,
        total_minor=order.total_minor,
        identifiers=order.identifiers,
        tenders=paid,
        tax_included=True,
    )
