"""A basket as its callers see it: codes instead of the ids of the house, what it costs, what is missing to order it.

Who has it shared sees the articles and their prices, and nothing of whose it is, where it goes or which codes it has.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from comptoir import inventory, pricing
from comptoir.kernel.auth import Actor
from comptoir.orders.baskets import Basket, BasketLine, Delivery, missing

Effects = tuple[pricing.Effect, ...]


class LineView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """So many pieces of an article. Amounts are minor units, null until they are quoted."""

    line: int
    sku: str
    quantity: int
    unit_price_minor: int | None = None
    amount_minor: int | None = None
    discount_minor: int | None = None
    tax_minor: int | None = None
    total_minor: int | None = None
    effects: Effects = ()


class SavedView(msgspec.Struct, frozen=True, gc=False):
    """Saved for later."""

    line: int
    sku: str
    quantity: int


class PartView(msgspec.Struct, frozen=True, gc=False):
    """So many pieces of a line come from this location."""

    line: int
    location: str
    quantity: int


class Amounts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Of all, in minor units; the delivery counts."""

    amount_minor: int
    delivery_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    effects: Effects


class PaymentView(msgspec.Struct, frozen=True, gc=False):
    """What a provider has promised to pay."""

    provider: str
    amount_minor: int
    currency: str


class BasketView(msgspec.Struct, frozen=True, kw_only=True):
    """A basket, and the order that it has become."""

    basket_id: UUID
    state: Literal["open", "ordered", "merged", "abandoned"]
    outlet: str
    channel: str
    currency: str
    of_person: bool
    """Whether it belongs to somebody who was recognised."""
    lines: list[LineView]
    saved: list[SavedView]
    """For later: neither quoted nor held."""
    groups: tuple[str, ...]
    """Of customers, whose prices hold."""
    coupons: tuple[str, ...]
    declined: tuple[pricing.Declined, ...]
    """Coupons and promotions that do not apply, and why."""
    delivery: Delivery | None
    amounts: Amounts | None
    """Null until it is quoted."""
    parts: list[PartView]
    """From where the goods come, as it was quoted."""
    held_until: datetime | None
    """So long the goods are kept for it; null: they are not."""
    payment: PaymentView | None
    missing: list[str]
    """Before it can be ordered: lines, delivery, delivery.address, delivery.location, quote, payment."""
    order_number: int | None
    merged_into: UUID | None


def view(basket: Basket, places: inventory.Places, by: Actor | None = None) -> BasketView:
    """As this caller may see it."""
    quote = basket.quote
    whole = by is None or by.kind != "bearer" or by.id in basket.tokens
    return BasketView(
        basket_id=basket.basket_id,
        state=basket.state,
        outlet=basket.outlet,
        channel=basket.channel,
        currency=basket.currency,
        of_person=whole and basket.node_id is not None,
        lines=_quoted(basket, quote, whole) if quote else _unquoted(basket),
        saved=[SavedView(one.line, one.sku, one.quantity) for one in basket.saved],
        groups=basket.groups if whole else (),
        coupons=basket.coupons if whole else (),
        declined=quote.refused if quote and whole else (),
        delivery=_delivery(basket, by) if whole else None,
        amounts=_amounts(quote, whole) if quote else None,
        parts=_parts(basket, places) if whole else [],
        held_until=basket.held_until,
        payment=_payment(basket) if whole else None,
        missing=missing(basket),
        order_number=basket.order_number if whole else None,
        merged_into=basket.merged_into,
    )


def _delivery(basket: Basket, by: Actor | None) -> Delivery | None:
    """Where it goes is told to whoever fills the basket, and to whoever may know people."""
    told = by is None or by.may("baskets:write") or by.may("profiles:read")
    return basket.delivery if told or not basket.delivery else msgspec.structs.replace(basket.delivery, address=None)


def _unquoted(basket: Basket) -> list[LineView]:
    return [LineView(line=one.line, sku=one.sku, quantity=one.quantity) for one in basket.lines]


def _parts(basket: Basket, places: inventory.Places) -> list[PartView]:
    return [PartView(one.line, _code(places, one.location_id), one.quantity) for one in basket.parts]


def _quoted(basket: Basket, quote: pricing.Quote, whole: bool) -> list[LineView]:
    priced = {one.line: one for one in quote.lines}
    return [_line(one, priced[one.line], whole) for one in basket.lines]


def _line(one: BasketLine, priced: pricing.PricedLine, whole: bool) -> LineView:
    return LineView(
        line=one.line,
        sku=one.sku,
        quantity=one.quantity,
        unit_price_minor=priced.unit_price_minor,
        amount_minor=priced.amount_minor,
        discount_minor=priced.discount_minor,
        tax_minor=priced.tax_minor,
        total_minor=priced.total_minor,
        effects=_effects(priced.effects, whole),
    )


def _effects(effects: Effects, whole: bool) -> Effects:
    """Whoever has the basket shared sees what was taken off, but not the code that does it: it may be personal."""
    if whole or not any(one.coupon for one in effects):
        return effects
    return tuple(msgspec.structs.replace(one, coupon=None) for one in effects)


def _amounts(quote: pricing.Quote, whole: bool) -> Amounts:
    return Amounts(
        amount_minor=quote.amount_minor,
        delivery_minor=quote.delivery.total_minor,
        discount_minor=quote.discount_minor,
        tax_minor=quote.tax_minor,
        total_minor=quote.total_minor,
        effects=_effects(quote.effects, whole),
    )


def _payment(basket: Basket) -> PaymentView | None:
    paid = basket.payment
    return PaymentView(paid.provider, paid.amount_minor, paid.currency) if paid else None


def _code(places: inventory.Places, location_id: int) -> str:
    """Empty for a location that was closed a moment ago."""
    found = places.get(location_id)
    return found.location.code if found else ""
