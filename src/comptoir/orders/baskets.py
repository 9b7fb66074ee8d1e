"""A basket: one document that belongs to a person or a device, whatever channel it is filled from. Pure.

Every step is safe to repeat: a line is set, not added to. What changes the goods or where they go makes the quote void,
and with it the promise of the stock at the next quote.
"""

from typing import Annotated, Literal
from uuid import UUID

import msgspec

from comptoir import inventory, pricing
from comptoir.orders.errors import BadLine, BasketClosed, IncompleteBasket

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
    amount_minor: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 0


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


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """Open until it becomes the order of the same id."""

    basket_id: UUID
    state: Literal["open", "ordered"] = "open"
    outlet_id: int
    channel: str
    currency: str
    device: str = ""
    node_id: int | None = None
    groups: tuple[str, ...] = ()
    coupons: tuple[str, ...] = ()
    lines: tuple[BasketLine, ...] = ()
    delivery: Delivery | None = None
    quote: pricing.Quote | None = None
    parts: tuple[Part, ...] = ()
    """From where the goods come, as it was quoted."""
    sourced: str = ""
    """Why from there: `orders.sourcing.Reasons`, as JSON."""
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
    if basket.state != "open":
        raise BasketClosed(basket_id=str(basket.basket_id), order_number=basket.order_number)


def with_line(basket: Basket, line: BasketLine) -> Basket:
    """The line as it is to be; a quantity of 0 takes it out."""
    open_to_change(basket)
    if not 1 <= line.line <= LAST_LINE:
        raise BadLine(line=line.line)
    if any(one == line for one in basket.lines):
        return basket
    lines = {one.line: one for one in basket.lines}
    lines[line.line] = line
    if not line.quantity:
        del lines[line.line]
    if len(lines) > MOST_LINES:
        raise BadLine(f"More than {MOST_LINES} lines.", most=MOST_LINES)
    return msgspec.structs.replace(basket, lines=tuple(lines[n] for n in sorted(lines)), quote=None, payment=None)


def with_delivery(basket: Basket, delivery: Delivery) -> Basket:
    open_to_change(basket)
    if basket.delivery == delivery:
        return basket
    return msgspec.structs.replace(basket, delivery=delivery, quote=None, payment=None)


def ready_to_quote(basket: Basket) -> Delivery:
    """Its delivery. Raises IncompleteBasket with what is missing."""
    open_to_change(basket)
    delivery = basket.delivery
    missing = [] if basket.lines else ["lines"]
    if delivery is None:
        missing.append("delivery")
    elif delivery.method == "ship" and delivery.address is None:
        missing.append("delivery.address")
    elif delivery.method == "collect" and not delivery.location:
        missing.append("delivery.location")
    if missing or delivery is None:
        raise IncompleteBasket(f"Missing: {', '.join(missing)}.", missing=missing)
    return delivery


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
    if quote.total_minor and (payment is None or payment.amount_minor < quote.total_minor):
        raise IncompleteBasket("It is not paid.", missing=["payment"], total_minor=quote.total_minor)
    return payment


def request(basket: Basket, delivery: Delivery) -> pricing.QuoteRequest:
    """What pricing is asked."""
    address = delivery.address
    return pricing.QuoteRequest(
        reference=basket.reference,
        outlet_id=basket.outlet_id,
        channel=basket.channel,  # pyright: ignore[reportArgumentType]  the outlet's own
        currency=basket.currency,
        groups=basket.groups,
        coupons=basket.coupons,
        lines=tuple(pricing.QuoteLine(one.line, one.variant_id, one.quantity) for one in basket.lines),
        delivery_minor=delivery.amount_minor,
        country=address.country if address else "",
        region=address.region if address else "",
        node_id=basket.node_id,
    )
