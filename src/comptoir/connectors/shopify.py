"""What Shopify sends (Admin REST, as its webhooks do), in the words of the house. Pure.

Amounts are those in the shop's currency, as Shopify settled them; that the customer saw another one is a flag. Sums of
an order: price times quantity, less its share of the discounts, plus the tax where it is not included.
"""

from typing import Any

from msgspec.structs import replace

from comptoir.connectors.amounts import address, checked, moment, money, number, part, parts, text, who
from comptoir.connectors.errors import BadPayload
from comptoir.connectors.records import Fewer, Told
from comptoir.orders import Delivery, ExternalLine, ExternalOrder

UNPAID = {"pending", "voided", "expired", ""}
MOST_LINES = 200


def told(topic: str, payload: dict[str, Any], *, outlet: str) -> Told:
    """Raises BadPayload."""
    if topic == "refunds/create":
        return _refund(payload)
    subject = text(payload, "id", 100)
    if not subject:
        raise BadPayload("There is no id.")
    if topic not in {"orders/create", "orders/updated", "orders/edited", "orders/paid", "orders/cancelled"}:
        return Told(subject=subject, ignored=f"Nothing is done on {topic}.")
    if payload.get("test"):
        return Told(subject=subject, ignored="A test order.")
    cancelled = payload.get("cancelled_at")
    return Told(
        subject=subject,
        order=order(payload, outlet=outlet),
        over=text(payload, "fulfillment_status") == "fulfilled",
        cancelled=(text(payload, "cancel_reason", 40) or "other") if cancelled else None,
    )


def order(payload: dict[str, Any], *, outlet: str) -> ExternalOrder:
    currency = text(payload, "currency", 3)
    flags: list[str] = []
    if text(payload, "presentment_currency") not in {"", currency}:
        flags.append("presentment_currency")
    included = bool(payload.get("taxes_included"))
    lines = [_line(one, currency, included) for one in parts(payload, "line_items")]
    if tip := money(payload.get("total_tip_received"), currency):
        lines.append(
            ExternalLine(line=len(lines) + 1, kind="tip", name="Tip", amount_minor=tip, total_minor=tip)
        )  # fmt: skip
    duties = money(part(part(payload, "current_total_duties_set"), "shop_money").get("amount"), currency)
    if duties:
        lines.append(ExternalLine(line=len(lines) + 1, kind="fee", name="Duties", amount_minor=duties,
                                  total_minor=duties))  # fmt: skip
    if not lines or len(lines) > MOST_LINES:
        raise BadPayload(f"An order has 1 to {MOST_LINES} lines; this has {len(lines)}.")
    shipping = sum(_shipping(one, currency, included) for one in parts(payload, "shipping_lines"))
    customer = part(payload, "customer")
    total = money(payload.get("total_price"), currency)
    paid = text(payload, "financial_status") not in UNPAID
    where = part(payload, "shipping_address") or part(payload, "billing_address")
    home = address(
        flags, where, street="address1", postcode="zip", country="country_code", region="province_code"
    )  # fmt: skip
    made = ExternalOrder(
        outlet=outlet,
        number=text(payload, "id", 100),
        placed_at=moment(payload, "created_at"),
        revised_at=moment(payload, "updated_at", "created_at"),
        currency=currency,
        lines=tuple(_numbered(lines)),
        delivery=Delivery(method="ship", address=home, amount_minor=min(shipping, 10_000_000)),
        delivery_minor=shipping,
        discount_minor=money(payload.get("total_discounts"), currency),
        tax_minor=money(payload.get("total_tax"), currency),
        total_minor=total,
        paid_minor=max(0, total - money(payload.get("total_outstanding"), currency)) if paid else 0,
        payment_reference=text(payload, "name"),
        identifiers=who(
            flags,
            email=text(payload, "email") or text(payload, "contact_email") or text(customer, "email"),
            phone=text(payload, "phone") or text(customer, "phone"),
        ),
        flags=tuple(flags),
    )
    return checked(made)


def _line(one: Any, currency: str, included: bool) -> ExternalLine:
    quantity = number(one, "quantity")
    price = money(one.get("price"), currency)
    shares = parts(one, "discount_allocations")
    discount = sum(money(each.get("amount"), currency) for each in shares)
    if not shares:
        discount = money(one.get("total_discount"), currency)
    tax = sum(money(each.get("price"), currency) for each in parts(one, "tax_lines"))
    gift = bool(one.get("gift_card"))
    if quantity < 1:
        raise BadPayload(f"A line has {quantity} pieces.")
    return ExternalLine(
        line=1,
        sku=text(one, "sku"),
        name=text(one, "title"),
        kind="gift_card" if gift else "goods" if one.get("requires_shipping", True) else "service",
        quantity=quantity,
        unit_price_minor=price,
        amount_minor=price * quantity,
        discount_minor=discount,
        tax_minor=tax,
        total_minor=max(0, price * quantity - discount + (0 if included else tax)),
    )


def _shipping(one: Any, currency: str, included: bool) -> int:
    told_price = one.get("discounted_price")
    price = money(one.get("price") if told_price is None else told_price, currency)
    return price + (0 if included else sum(money(each.get("price"), currency) for each in parts(one, "tax_lines")))


def _numbered(lines: list[ExternalLine]) -> list[ExternalLine]:
    return [replace(one, line=place) for place, one in enumerate(lines, 1)]


def line_ids(payload: dict[str, Any]) -> dict[str, int]:
    """Our line numbers by theirs."""
    return {text(one, "id"): place for place, one in enumerate(parts(payload, "line_items"), 1)}


def _refund(payload: dict[str, Any]) -> Told:
    """What was given back there. Pieces that are not sent any more are cancelled here; goods that come back, and money
    alone, need somebody here who sees them.
    """
    subject, refund_id = text(payload, "order_id", 100), text(payload, "id", 100)
    if not subject or not refund_id:
        raise BadPayload("There is no order_id, or no id.")
    items = parts(payload, "refund_line_items")
    fewer = [
        Fewer(text(one, "line_item_id"), number(one, "quantity"))
        for one in items
        if text(one, "restock_type") in {"cancel", "no_restock", ""}
    ]
    back = [one for one in items if text(one, "restock_type") in {"return", "legacy_restock"}]
    hand = ""
    if back:
        hand = f"{len(back)} lines come back: receive them at a location as a return of this order."
    elif not items:
        hand = "Money was given back without goods: note it as goodwill on this order."
    return Told(subject=subject, refund=tuple(fewer), refund_id=refund_id, by_hand=hand)
