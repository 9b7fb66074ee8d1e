"""What WooCommerce sends (REST v3, as its webhooks do), in the words of the house. Pure.

Its amounts of lines are without tax, with the tax beside them.
"""

from collections.abc import Iterable
from typing import Any

from comptoir.connectors.amounts import Json, address, checked, moment, money, number, part, parts, text, who
from comptoir.connectors.errors import BadPayload
from comptoir.connectors.records import Told
from comptoir.orders import Delivery, ExternalLine, ExternalOrder

NOT_YET = {"pending", "checkout-draft", "auto-draft", "failed"}
OVER = {"completed"}
GONE = {"cancelled", "refunded", "trash"}
MOST_LINES = 200


def told(topic: str, payload: dict[str, Any], *, outlet: str) -> Told:
    """Raises BadPayload."""
    subject = text(payload, "id", 100)
    if not subject:
        raise BadPayload("There is no id.")
    if topic == "order.deleted":
        if payload.keys() != {"id"}:  # the topic is not signed: another body under this one is a forgery
            raise BadPayload("What was deleted is told with its id alone.")
        return Told(subject=subject, cancelled="deleted")
    if topic not in {"order.created", "order.updated", "order.restored"}:
        return Told(subject=subject, ignored=f"Nothing is done on {topic}.")
    status = text(payload, "status")
    if status in NOT_YET:
        return Told(subject=subject, ignored=f"It is {status}: no order yet.")
    refunds = parts(payload, "refunds")
    hand = "Money was given back: cancel or take back here what it was for." if refunds and status not in GONE else ""
    return Told(
        subject=subject,
        order=order(payload, outlet=outlet),
        over=status in OVER,
        cancelled=status if status in GONE else None,
        by_hand=hand,
    )


def order(payload: dict[str, Any], *, outlet: str) -> ExternalOrder:
    currency = text(payload, "currency", 3)
    flags: list[str] = []
    lines = [*_lines(parts(payload, "line_items"), currency), *_fees(parts(payload, "fee_lines"), currency)]
    if not lines or len(lines) > MOST_LINES:
        raise BadPayload(f"An order has 1 to {MOST_LINES} lines; this has {len(lines)}.")
    numbered = [ExternalLine(line=place, **one) for place, one in enumerate(lines, 1)]
    shipping = sum(
        money(one.get("total"), currency) + money(one.get("total_tax"), currency)
        for one in parts(payload, "shipping_lines")
    )
    billing, where = part(payload, "billing"), part(payload, "shipping")
    if not text(where, "address_1"):
        where = billing
    total = money(payload.get("total"), currency)
    home = address(flags, where, street="address_1", postcode="postcode", country="country", region="state")
    made = ExternalOrder(
        outlet=outlet,
        number=text(payload, "id", 100),
        placed_at=moment(payload, "date_created_gmt", "date_created"),
        revised_at=moment(payload, "date_modified_gmt", "date_modified", "date_created_gmt", "date_created"),
        currency=currency,
        lines=tuple(numbered),
        delivery=Delivery(method="ship", address=home, amount_minor=min(shipping, 10_000_000)),
        delivery_minor=shipping,
        discount_minor=money(payload.get("discount_total"), currency),
        tax_minor=money(payload.get("total_tax"), currency),
        total_minor=total,
        paid_minor=total if payload.get("date_paid_gmt") or payload.get("date_paid") else 0,
        payment_reference=text(payload, "transaction_id") or text(payload, "number"),
        identifiers=who(flags, email=text(billing, "email"), phone=text(billing, "phone")),
        flags=tuple(flags),
    )
    return checked(made)


def _lines(some: Iterable[Json], currency: str) -> Iterable[dict[str, Any]]:
    for one in some:
        quantity = number(one, "quantity")
        if quantity < 1:
            raise BadPayload(f"A line has {quantity} pieces.")
        before = money(one.get("subtotal"), currency) + money(one.get("subtotal_tax"), currency)
        after = money(one.get("total"), currency) + money(one.get("total_tax"), currency)
        yield {
            "sku": text(one, "sku"),
            "name": text(one, "name"),
            "quantity": quantity,
            "unit_price_minor": before // quantity,
            "amount_minor": before,
            "discount_minor": max(0, before - after),
            "tax_minor": money(one.get("total_tax"), currency),
            "total_minor": after,
        }


def _fees(some: Iterable[Json], currency: str) -> Iterable[dict[str, Any]]:
    for one in some:
        amount = money(one.get("total"), currency) + money(one.get("total_tax"), currency)
        if amount > 0:  # what is taken off by a fee makes the sums disagree, and is flagged
            yield {"kind": "fee", "name": text(one, "name"), "amount_minor": amount, "total_minor": amount,
                   "tax_minor": money(one.get("total_tax"), currency)}  # fmt: skip
