"""Amounts in events that become revenue, looked at while the event can still be mended."""

from decimal import Decimal, InvalidOperation

import msgspec

from comptoir.kernel.money import MAX_MINOR

MAX_AMOUNT = Decimal(MAX_MINOR).scaleb(-2)
MAX_QUANTITY = Decimal(10**6)

Amount = str | int | float | bool | None


class Line(msgspec.Struct, gc=False):
    """The amounts of one product of an order."""

    price: Amount = None
    quantity: Amount = None


class Amounts(msgspec.Struct, gc=False):
    """The amounts of an order."""

    total: Amount = None
    revenue: Amount = None
    subtotal: Amount = None
    value: Amount = None
    tax: Amount = None
    shipping: Amount = None
    discount: Amount = None
    products: list[Line] | None = None


class Ordered(msgspec.Struct, gc=False):
    """An event about an order."""

    properties: Amounts | None = None


decode = msgspec.json.Decoder(Ordered).decode


def bad_money(body: bytes) -> str:
    """Which amount of an order cannot be right, in a sentence; empty if none."""
    try:
        order = decode(body).properties
    except msgspec.ValidationError as error:
        return str(error)
    if order is None:
        return ""
    for name in ("total", "revenue", "subtotal", "value"):
        if wrong := _wrong(name, getattr(order, name), MAX_AMOUNT):
            return wrong
    for name in ("tax", "shipping", "discount"):  # some shops write a discount as a negative amount
        if wrong := _wrong(name, getattr(order, name), MAX_AMOUNT, signed=True):
            return wrong
    for number, line in enumerate(order.products or ()):
        wrong = _wrong(f"products[{number}].price", line.price, MAX_AMOUNT) or _wrong(
            f"products[{number}].quantity", line.quantity, MAX_QUANTITY
        )
        if wrong:
            return wrong
    return ""


def _wrong(name: str, amount: Amount, most: Decimal, *, signed: bool = False) -> str:
    if amount is None or amount == "":
        return ""
    if isinstance(amount, bool):
        return f"{name} is {amount}, which is no amount."
    try:
        value = Decimal(str(amount).strip())
    except InvalidOperation:
        return f"{name} is {amount!r}, which is no amount."
    if not value.is_finite() or value.copy_abs() > most:  # abs() rounds, and there is no rounding 1e999999999
        return f"{name} is {amount!r}, which is more than any sale."
    if value < 0 and not signed:
        return f"{name} is negative: {amount!r}."
    return ""
