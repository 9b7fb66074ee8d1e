"""What a sender says of a sale, and what is known of it afterwards. Amounts: integer minor units."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Word = Annotated[str, Meta(min_length=1, max_length=40)]
Text = Annotated[str, Meta(max_length=500)]
LineKind = Literal["goods", "service", "shipping", "deposit", "adjustment"]
Number = Annotated[str, Meta(min_length=1, max_length=100)]


class NewDiscount(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A reduction; `amount_minor` is positive."""

    kind: Word
    """retail, coupon, coupon_match, loyalty, staff …"""
    amount_minor: int
    code: Text | None = None


class NewLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One line of a receipt, in its order. A till may sell what no catalog knows, so an amount is enough."""

    sku: Text | None = None
    amount_minor: int | None = None
    """Before discounts, as the till rounded it; null: unit price times quantity, rounded half up."""
    discounts: tuple[NewDiscount, ...] = ()
    quantity_thousandths: int = 1000
    """1000 is one piece, 1250 is 1.250 kg."""
    unit_price_minor: int | None = None
    tax_minor: int = 0
    gtin: Text | None = None
    name: Text | None = None
    kind: LineKind = "goods"


class NewTender(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One payment, change already taken off."""

    kind: Word
    """cash, card, gift_card, voucher, coupon, points …"""
    amount_minor: int
    reference: Text | None = None


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A receipt by outlet and number."""

    outlet: str
    number: Number


class NewSale(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, gc=False):
    """A sale or a return as an outlet tells it. Known by outlet and number: the same again is the same sale.

    lines - discounts + tax (unless included) = total = tenders (where there are any). All amounts are positive; a
    return says so by its kind. What was both sold and taken back on one slip is told as two.
    """

    outlet: str
    """Code of the outlet."""
    number: Number
    """The receipt's number at this outlet."""
    occurred_at: Annotated[datetime, Meta(tz=True)]
    currency: str
    lines: Annotated[tuple[NewLine, ...], Meta(max_length=2_000)]
    total_minor: int
    kind: Literal["sale", "return"] = "sale"
    identifiers: Annotated[dict[Word, Text], Meta(max_length=20)] = {}
    """Whatever was shown or said, by namespace: {"loyalty_card": "2012345", "email": …}. None: nobody is named."""
    tenders: Annotated[tuple[NewTender, ...], Meta(max_length=100)] = ()
    discounts: Annotated[tuple[NewDiscount, ...], Meta(max_length=100)] = ()
    """On the whole receipt, beside those of its lines."""
    tax_included: bool = False
    """Whether the amounts of the lines hold the tax already."""
    cashier: Text | None = None
    till: Text | None = None
    takes_back: Receipt | None = None
    """Of a return: the receipt it takes back, where that is known."""
    moves_stock: bool = False
    """Whether its goods leave the stock of the outlet's location, or come back to it. History has moved already."""


class Recorded(msgspec.Struct, frozen=True):
    """A sale that is on record. `repeated`: it was already, with the same content."""

    sale_id: int
    outlet: str
    number: str
    repeated: bool
    flags: list[str] = []
    """unknown_sku, unknown_original, unusable_identifier, adjusted: it was taken, but somebody should look at it."""


class Line(msgspec.Struct, frozen=True):
    """A line as recorded; negative for a return. `net_minor` is what was paid for it."""

    line_number: int
    kind: LineKind
    sku: str | None
    variant_id: int | None
    category: str | None
    gtin: str | None
    name: str | None
    quantity: int
    """In thousandths."""
    unit_price_minor: int | None
    amount_minor: int
    discount_minor: int
    tax_minor: int
    net_minor: int


class Discount(msgspec.Struct, frozen=True):
    """A reduction of one line, or the line's share of one on the whole receipt."""

    line_number: int
    kind: str
    code: str | None
    amount_minor: int


class Tender(msgspec.Struct, frozen=True):
    """One payment."""

    kind: str
    amount_minor: int
    reference: str | None


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A sale without its lines."""

    sale_id: int
    outlet_id: int
    outlet: str
    outlet_name: str
    channel: str
    receipt_number: str
    is_return: bool
    node_id: int | None
    occurred_at: datetime
    business_day: date
    recorded_at: datetime
    corrected_at: datetime | None
    """When the shop's own account took the place of what an event had told; null: it is as first told."""
    currency: str
    amount_minor: int
    discount_minor: int
    tax_minor: int
    tax_included: bool
    total_minor: int
    units: int
    line_count: int
    cashier: str | None
    till: str | None
    origin_sale_id: int | None
    source_id: int | None
    flags: list[str]


class Sale(Head, frozen=True, kw_only=True):
    """A sale with everything that was on its receipt."""

    lines: list[Line]
    discounts: list[Discount]
    tenders: list[Tender]


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """What one outlet, channel or day took, in one currency. Returns are taken off."""

    outlet_id: int | None
    outlet: str | None
    channel: str | None
    day: date | None
    currency: str
    total_minor: int
    receipts: int
    """Sales; returns are counted apart."""
    returns: int
    units: int
    customers: int
    """Different people who named themselves."""


class Flagged(msgspec.Struct, frozen=True):
    """How many sales of an outlet carry a flag: unknown_sku, unknown_original, unusable_identifier, adjusted."""

    outlet: str
    flag: str
    sales: int


class Unrecorded(msgspec.Struct, frozen=True):
    """An order that an event told of and that could not become a sale. `code` and `detail` say why."""

    position: int
    """Of the event in the log."""
    event_recorded_at: datetime
    source_id: int | None
    event_name: str
    order_number: str
    code: str
    detail: str


class Fault(msgspec.Struct, frozen=True):
    """Something that `reconcile` found. `sale_id` 0: it concerns no single sale."""

    check: str
    sale_id: int
    detail: str

    def __str__(self) -> str:
        return f"{self.check} of sale {self.sale_id}: {self.detail}"
