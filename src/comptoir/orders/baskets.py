"""A basket: one document that belongs to a person or a device, whatever channel it is filled from. Pure.

Every step is safe to repeat: a line is set, not added to. What changes the goods, where they go or whose they are makes
the quote void, and the payment with it. What is held follows the lines: goods taken out are given back at once.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from comptoir import inventory, pricing
from comptoir.orders.errors import BadLine, BasketClosed, BasketMerged, IncompleteBasket

Text = Annotated[str, msgspec.Meta(max_length=200)]
MOST_LINES = 200
LAST_LINE = 100_000


class Address(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the goods go. Personal."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    street: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    postcode: Text
    city: Text
    country: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}\Z")]
    """ISO 3166-1 alpha-2: FR."""
    region: Text = ""
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the goods get to the customer: shipped to an address, or collected at a location."""

    method: Literal["ship", "collect"]
    address: Address | None = None
    location: Text = ""
    """Code of the location where they are collected."""
    replace: bool | None = None
    """May an article that is not to be had be replaced by one like it, for no more money? Null: she was not asked."""
    amount_minor: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 0
    """What it costs, in minor units: said by whoever may write orders. A shopper's own device is not listened to."""


class BasketLine(msgspec.Struct, frozen=True):
    """So many pieces of an article."""

    line: int
    variant_id: int
    sku: str
    quantity: int


class Part(msgspec.Struct, frozen=True):
    """So many pieces of a line come from this location."""

    line: int
    variant_id: int
    location_id: int
    quantity: int


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider has promised to pay. No card is ever kept here."""

    provider: str
    authorisation: str
    amount_minor: int
    currency: str


class Reserved(msgspec.Struct, frozen=True):
    """A use of a coupon, or of a limited promotion, that is reserved for the basket."""

    code: str
    promotion: str


class ClaimCode(msgspec.Struct, frozen=True):
    """Who names the code takes the basket over, once."""

    digest: UUID
    expires_at: datetime


class Basket(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Open until it becomes the order of the same id, or is merged into another. Abandoned: nobody came back yet."""

    basket_id: UUID
    state: Literal["open", "ordered", "merged", "abandoned"] = "open"
    outlet_id: int
    """Where it is: its prices are of there."""
    outlet: str = ""
    """Code of the same."""
    channel: str
    currency: str
    outlets: tuple[int, ...] = ()
    """Where it was before: they may touch it too."""
    from_elsewhere: bool = False
    """Some of its lines were put in at another outlet: whether the articles are sold here is looked at with a quote."""
    tokens: tuple[UUID, ...] = ()
    """Digests of the tokens of devices that may touch it, the newest last."""
    shares: tuple[UUID, ...] = ()
    """Digests of the tokens of those who may look at it."""
    claim: ClaimCode | None = None
    merged_into: UUID | None = None
    device: str = ""
    node_id: int | None = None
    groups: tuple[str, ...] = ()
    coupons: tuple[str, ...] = ()
    lines: tuple[BasketLine, ...] = ()
    saved: tuple[BasketLine, ...] = ()
    """For later: neither quoted nor held. A number is in one of the two."""
    delivery: Delivery | None = None
    quote: pricing.Quote | None = None
    parts: tuple[Part, ...] = ()
    """From where the goods come, as it was quoted."""
    sourced: str = ""
    """Why from there: `orders.sourcing.Reasons`, as JSON."""
    held_until: datetime | None = None
    """The parts are held until then; None: they are not."""
    held_since: datetime | None = None
    """The first hold of those that followed each other without a gap."""
    reserved: tuple[Reserved, ...] = ()
    payment: Payment | None = None
    attempt: int = 0
    """How often a payment was let go: what was let go is not to be found again under the same reference."""
    order_number: int | None = None

    @property
    def reference(self) -> str:
        """Under which its goods are promised."""
        return str(self.basket_id)

    def units(self) -> list[inventory.Units]:
        """What is promised, or to be."""
        return [inventory.Units(one.variant_id, one.location_id, one.quantity) for one in self.parts]


def open_to_change(basket: Basket) -> None:
    if basket.merged_into is not None:
        raise BasketMerged(f"Go on with basket {basket.merged_into}.", into=str(basket.merged_into))
    if basket.state == "ordered":
        raise BasketClosed(basket_id=str(basket.basket_id), order_number=basket.order_number)


def unquoted(basket: Basket, **changes: Any) -> Basket:
    """Changed so that it must be quoted and paid anew. What was let go is not to be found again: another attempt."""
    attempt = basket.attempt + (basket.payment is not None)
    return msgspec.structs.replace(basket, quote=None, payment=None, attempt=attempt, **changes)


def with_line(basket: Basket, line: BasketLine, *, saved: bool = False) -> Basket:
    """The line as it is to be, wanted now or saved for later; a quantity of 0 takes it out."""
    open_to_change(basket)
    if not 1 <= line.line <= LAST_LINE:
        raise BadLine(line=line.line)
    if line in (basket.saved if saved else basket.lines):
        return basket
    lines = {one.line: one for one in basket.lines if one.line != line.line}
    kept = {one.line: one for one in basket.saved if one.line != line.line}
    if line.quantity:
        (kept if saved else lines)[line.line] = line
    return with_lines(basket, lines, kept)


def with_lines(basket: Basket, lines: dict[int, BasketLine], saved: dict[int, BasketLine]) -> Basket:
    """Prices stand where only saved lines have changed."""
    if len(lines) + len(saved) > MOST_LINES:
        raise BadLine(f"More than {MOST_LINES} lines.", most=MOST_LINES)
    wanted, kept = (tuple(some[n] for n in sorted(some)) for some in (lines, saved))
    if wanted != basket.lines:
        return unquoted(basket, lines=wanted, saved=kept)
    return basket if kept == basket.saved else msgspec.structs.replace(basket, saved=kept)


def with_delivery(basket: Basket, delivery: Delivery) -> Basket:
    open_to_change(basket)
    return basket if basket.delivery == delivery else unquoted(basket, delivery=delivery)


def as_priced(basket: Basket, delivery: Delivery) -> Delivery:
    """The delivery for what it costs by the word of the shop: a shopper's own device does not choose that.

    Raises IncompleteBasket where the shop has said nothing yet, or of another method.
    """
    open_to_change(basket)
    said = basket.delivery
    if said is None or said.method != delivery.method:
        detail = "The shop says first what this way of delivery costs: a call with `orders:write`."
        raise IncompleteBasket(detail, missing=["delivery.amount_minor"])
    return msgspec.structs.replace(delivery, amount_minor=said.amount_minor)


def with_coupons(basket: Basket, coupons: tuple[str, ...]) -> Basket:
    open_to_change(basket)
    return basket if basket.coupons == coupons else unquoted(basket, coupons=coupons)


def with_groups(basket: Basket, groups: tuple[str, ...]) -> Basket:
    open_to_change(basket)
    return basket if basket.groups == groups else unquoted(basket, groups=groups)


def payment_reference(basket: Basket, quote: pricing.Quote) -> str:
    """Under which a provider is asked for what this quote says: again, it gives the same answer."""
    return f"{basket.basket_id}-{basket.attempt}-{quote.total_minor}"


def with_payment(basket: Basket, payment: Payment, attempt: int, *, found: bool = False) -> Basket:
    """With the payment, if it still fits what is to be paid; else without it, and it is to be let go.

    `attempt` is that of the basket when the provider was asked: what was let go meanwhile never comes back. `found`:
    so late that it takes the place of no other one.
    """
    quote, before = basket.quote, basket.payment
    if before is not None and before.authorisation == payment.authorisation:
        return basket
    if basket.state != "open" or attempt != basket.attempt:
        return basket
    fits = quote is not None and payment.amount_minor >= quote.total_minor and payment.currency == basket.currency
    if not fits or (found and before is not None):
        return msgspec.structs.replace(basket, attempt=basket.attempt + 1)
    return msgspec.structs.replace(basket, payment=payment, attempt=basket.attempt + (before is not None))


def parts_wanted(basket: Basket) -> tuple[Part, ...]:
    """Its parts, without what its lines no longer ask for."""
    left = {(one.line, one.variant_id): one.quantity for one in basket.lines}
    kept: list[Part] = []
    for part in basket.parts:
        key = part.line, part.variant_id
        if taken := min(part.quantity, left.get(key, 0)):
            left[key] -= taken
            kept.append(part if taken == part.quantity else msgspec.structs.replace(part, quantity=taken))
    return tuple(kept)


def ready_to_quote(basket: Basket) -> Delivery:
    """Its delivery. Raises IncompleteBasket with what is missing."""
    open_to_change(basket)
    lacking = _missing_to_quote(basket)
    if lacking or basket.delivery is None:
        raise IncompleteBasket(f"Missing: {', '.join(lacking)}.", missing=lacking)
    return basket.delivery


def _missing_to_quote(basket: Basket) -> list[str]:
    delivery = basket.delivery
    lacking = [] if basket.lines else ["lines"]
    if delivery is None:
        lacking.append("delivery")
    elif delivery.method == "ship" and delivery.address is None:
        lacking.append("delivery.address")
    elif delivery.method == "collect" and not delivery.location:
        lacking.append("delivery.location")
    return lacking


def missing(basket: Basket) -> list[str]:
    """What must come before it can be ordered; nothing once it has ended."""
    if basket.state in {"ordered", "merged"}:
        return []
    quote = basket.quote
    lacking = [] if quote else [*_missing_to_quote(basket), "quote"]
    if quote is None or (quote.total_minor and (basket.payment is None or _underpaid(basket.payment, quote))):
        lacking.append("payment")
    return lacking


def _underpaid(payment: Payment, quote: pricing.Quote) -> bool:
    return payment.amount_minor < quote.total_minor


def ready_to_pay(basket: Basket) -> pricing.Quote:
    """Its quote. Raises IncompleteBasket without one."""
    open_to_change(basket)
    if basket.quote is None:
        raise IncompleteBasket("Quote it first.", missing=["quote"])
    return basket.quote


def ready_to_order(basket: Basket) -> Payment | None:
    """Its payment; None where nothing is to be paid. Raises IncompleteBasket with what is missing."""
    quote = ready_to_pay(basket)
    payment = basket.payment
    if quote.total_minor and (payment is None or _underpaid(payment, quote)):
        raise IncompleteBasket("It is not paid.", missing=["payment"], total_minor=quote.total_minor)
    return payment


def request(basket: Basket, delivery: Delivery, taxed_in: tuple[str, str]) -> pricing.QuoteRequest:
    """What pricing is asked; `taxed_in` is a country and a region (sourcing.taxing)."""
    country, region = taxed_in
    return pricing.QuoteRequest(
        reference=basket.reference,
        outlet_id=basket.outlet_id,
        channel=basket.channel,  # pyright: ignore[reportArgumentType]  the outlet's own
        currency=basket.currency,
        groups=basket.groups,
        coupons=basket.coupons,
        lines=tuple(pricing.QuoteLine(one.line, one.variant_id, one.quantity) for one in basket.lines),
        delivery_minor=delivery.amount_minor,
        country=country,
        region=region,
        node_id=basket.node_id,
    )
