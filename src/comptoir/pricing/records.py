"""What the retailer says of its prices, and what others may see of them. Amounts: integer minor units."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from comptoir.channels import Channel
from comptoir.kernel.errors import Refusal
from comptoir.kernel.money import MAX_MINOR

Code = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Word = Annotated[str, Meta(min_length=1, max_length=60)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
"""ISO 4217: EUR."""
Amount = Annotated[int, Meta(ge=0, le=MAX_MINOR)]
Moment = Annotated[datetime, Meta(tz=True)]


class PriceListEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A price list as a caller describes it. What is null holds everywhere, for everybody, at any time."""

    name: Name
    currency: Currency
    tax_included: bool = True
    """Whether the amounts hold the tax already."""
    channel: Channel | None = None
    outlet: Annotated[str, Meta(max_length=60)] | None = None
    """Code of the only outlet where it holds."""
    customer_group: Word | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    """From this moment on it holds no more."""
    priority: Annotated[int, Meta(ge=-1000, le=1000)] = 0
    """Between lists that are equally specific the greater wins."""
    enabled: bool = True


class PriceList(PriceListEntry, frozen=True, kw_only=True):
    """A price list. Which one wins for a basket: `comptoir.pricing.choice`."""

    price_list_id: int
    code: Code
    outlet_id: int | None


class NewPrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One row of a price file."""

    sku: Annotated[str, Meta(min_length=1, max_length=500)]
    amount_minor: Amount
    per_units: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    """What the amount buys: 1 piece, or 1000 grams of what is sold by weight."""
    was_minor: Amount | None = None
    """The earlier price, where one is shown beside it."""


class Price(msgspec.Struct, frozen=True, gc=False):
    """One price of one list."""

    variant_id: int
    price_list_id: int
    amount_minor: int
    per_units: int = 1
    was_minor: int | None = None


class RefusedRow(msgspec.Struct, frozen=True):
    """Why one row of a file was not taken. `row` counts from 0."""

    row: int
    code: str
    detail: str
    data: dict[str, Any] = {}

    @classmethod
    def of(cls, row: int, refusal: Refusal) -> "RefusedRow":
        return cls(row, refusal.code, refusal.detail, refusal.data)


class PricesImported(msgspec.Struct, frozen=True):
    """What a price file did, and which rows it left out."""

    new: int
    changed: int
    unchanged: int
    removed: int
    refused: list[RefusedRow]


class Placed(msgspec.Struct, frozen=True):
    """The price that wins at one place: a channel, or one outlet with a list of its own."""

    channel: str
    outlet: str | None
    price_list: str | None
    amount_minor: int | None
    per_units: int | None
    tax_included: bool | None
    why: Literal["everywhere", "list", "no_rule", "no_price"] = "everywhere"
    """`everywhere`: the list holds at all places. `list`: it is bound to this place, and so it is the rule. `no_rule`:
    another list that is as specific and has the same priority says something else, so only its age decided.
    `no_price`: it is sold elsewhere in this currency and has no price here."""


class Difference(msgspec.Struct, frozen=True):
    """A variant that does not cost the same everywhere, and the list that says so at each place."""

    variant_id: int
    sku: str
    name: str
    places: list[Placed]
    ruled: bool = True
    """Whether a list says so wherever the price differs; otherwise it is inconsistent."""


class ShelfPrice(msgspec.Struct, frozen=True, gc=False):
    """What one piece costs whoever walks in, without a coupon or a customer group; with tax, where prices hold it."""

    price_list: str
    currency: str
    amount_minor: int
    was_minor: int | None
    """The price that is struck out: the list's earlier one, or the list's before promotions. Null: not reduced."""
    per_units: int
    """What it buys: 1 piece, or 1000 grams of what is sold by weight."""


# ---- what is asked, and the answer


class QuoteLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One line of a basket. `line` names it within the basket."""

    line: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    variant_id: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    quantity: Annotated[int, Meta(ge=1, le=10_000_000)]
    """Pieces; grams of what is sold by weight."""


class QuoteRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A basket as it is priced. The same question has the same answer, whoever asks: web, till or agent."""

    reference: Annotated[str, Meta(min_length=1, max_length=100)]
    """Of the basket. A coupon that is reserved under it counts as free for it."""
    outlet_id: Annotated[int, Meta(ge=1, le=32_767)]
    channel: Channel
    currency: Currency
    groups: Annotated[tuple[Word, ...], Meta(max_length=50)] = ()
    """Customer groups of the person."""
    coupons: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=60)], ...], Meta(max_length=20)] = ()
    """Codes as they were typed or scanned."""
    lines: Annotated[tuple[QuoteLine, ...], Meta(max_length=500)] = ()
    delivery_minor: Amount = 0
    country: Annotated[str, Meta(max_length=2)] = ""
    """Where the customer gets the goods, ISO 3166-1: its taxes apply. Empty: none are reckoned."""
    region: Annotated[str, Meta(max_length=60)] = ""
    node_id: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None
    """Whose basket it is (identity.node), for coupons of one person."""
    delivery_tax_included: bool = True
    why: bool = False
    """Tell also which other prices there were, and what promotions wait for a coupon."""


class Effect(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What a promotion took off, of one line or of all. The parts add up to the whole."""

    promotion: str
    name: str
    scope: str
    discount_minor: int
    coupon: str | None = None
    """The code that called for it, as it was given."""
    counted: bool = False
    """Whether a use of it must be settled: it came by a coupon, or has a limit."""
    limited_by: tuple[str, ...] = ()
    """What kept it from taking off more: margin_floor, max_discount, total_discount."""


class Declined(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Why a promotion or a coupon did not apply. `code` is stable; `data` holds the numbers."""

    code: str
    promotion: str | None = None
    coupon: str | None = None
    data: dict[str, Any] = {}


class Considered(msgspec.Struct, frozen=True):
    """A price that there was, and why another one won or it did: its list's specificity, priority and age."""

    price_list: str
    amount_minor: int
    per_units: int
    specificity: int
    priority: int
    won: bool


class PricedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line with everything that makes its total: amount - discount, + tax where it is not included."""

    line: int
    variant_id: int | None
    quantity: int
    unit_price_minor: int
    per_units: int
    """What the unit price buys: 1 piece, 1000 grams."""
    was_minor: int | None
    price_list: str
    tax_included: bool
    amount_minor: int
    discount_minor: int
    tax_class: str
    tax_rate_millionths: int | None
    """200,000 is 20 %. Null: no rate is known for the place, and no tax was counted."""
    tax_minor: int
    total_minor: int
    effects: tuple[Effect, ...]
    considered: tuple[Considered, ...] = ()


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """What a basket costs and why. The sums are those of the lines and the delivery."""

    reference: str
    currency: str
    lines: tuple[PricedLine, ...]
    delivery: PricedLine
    amount_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    effects: tuple[Effect, ...]
    refused: tuple[Declined, ...]


class Fault(msgspec.Struct, frozen=True):
    """Something that `reconcile` found."""

    check: str
    coupon_id: int
    detail: str
