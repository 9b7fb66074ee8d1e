"""What an order made elsewhere says, and what became of it. Amounts: integer minor units."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from comptoir.kernel.money import MAX_MINOR
from comptoir.orders.baskets import MOST_LINES, Delivery

Amount = Annotated[int, Meta(ge=0, le=MAX_MINOR)]
Text = Annotated[str, Meta(max_length=500)]
Number = Annotated[str, Meta(min_length=1, max_length=100)]
Kind = Literal["goods", "gift_card", "tip", "fee", "service"]


class ExternalLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A line as it was paid elsewhere. Only goods that the catalog knows are promised."""

    line: Annotated[int, Meta(ge=1, le=100_000)]
    sku: Text = ""
    name: Text = ""
    kind: Kind = "goods"
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    unit_price_minor: Amount = 0
    amount_minor: Amount
    """Before discounts."""
    discount_minor: Amount = 0
    tax_minor: Amount = 0
    total_minor: Amount
    """What was paid for it, tax and discounts considered."""


class ExternalOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An order made elsewhere. Known by its outlet and its own number: the same again is the same order.

    Prices are kept as they were paid. Lines + delivery should be the total; where not, it is kept with a flag.
    """

    outlet: Annotated[str, Meta(min_length=1, max_length=200)]
    """Code of the marketplace or site."""
    number: Number
    """Under which it is known there."""
    placed_at: Annotated[datetime, Meta(tz=True)]
    revised_at: Annotated[datetime, Meta(tz=True)]
    """When this version of it was made there: an older version changes nothing."""
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
    lines: Annotated[tuple[ExternalLine, ...], Meta(min_length=1, max_length=MOST_LINES)]
    delivery: Delivery
    delivery_minor: Amount = 0
    discount_minor: Amount = 0
    tax_minor: Amount = 0
    total_minor: Amount
    paid_minor: Amount = 0
    """What the platform has from the customer so far."""
    payment_reference: Text = ""
    identifiers: Annotated[dict[str, Text], Meta(max_length=20)] = {}
    flags: Annotated[tuple[Annotated[str, Meta(max_length=40)], ...], Meta(max_length=20)] = ()
    """What its bringer has noticed: masked_email, presentment_currency, no_address."""


class ShortLine(msgspec.Struct, frozen=True):
    """So many pieces of a line that no location can give: the platform and somebody in the house must know."""

    line: int
    sku: str
    quantity: int


class ExternalRecorded(msgspec.Struct, frozen=True, kw_only=True):
    """An order that is in the book. The same order again gets the same answer, with `repeated`."""

    order_id: UUID
    order_number: int
    outlet: str
    number: str
    repeated: bool
    changed: list[str] = []
    """What this version has changed: delivery, payment, customer."""
    flags: list[str] = []
    """unknown_sku, totals_disagree, short, unusable_identifier, or what its bringer has noticed."""
    short: list[ShortLine] = []
