"""What may be asked after an order was placed or something was sold, and what became of it. Amounts: minor units."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from comptoir.kernel.money import MAX_MINOR

By = Literal["customer", "agent", "associate"]
Word = Annotated[str, Meta(min_length=1, max_length=40)]
Note = Annotated[str, Meta(max_length=500)]
Amount = Annotated[int, Meta(ge=0, le=MAX_MINOR)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
State = Literal["sellable", "damaged", "quarantine"]

# ---- cancelling


class Fewer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many pieces of a line are not wanted any more."""

    line: int
    quantity: Count


class Cancel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of an order is not wanted any more. With an id of your own, asking again cancels once."""

    cancellation_id: UUID | None = None
    lines: Annotated[tuple[Fewer, ...], Meta(max_length=200)] = ()
    """None: all that is still open."""
    reason: Word
    note: Note = ""
    by: By = "customer"


class CancelledLine(msgspec.Struct, frozen=True):
    """So many pieces of a line, and their share of what the line cost."""

    line: int
    quantity: int
    total_minor: int


class Cancellation(msgspec.Struct, frozen=True, kw_only=True):
    """What was cancelled. `refunded_minor` had been taken already and is given back."""

    cancellation_id: UUID
    order_id: UUID
    reason: str
    note: str
    by: By
    actor: str
    lines: list[CancelledLine]
    delivery_minor: int
    """Of the delivery, where nothing was handed over and nothing is open."""
    amount_minor: int
    """Lines and delivery."""
    refunded_minor: int
    cancelled_at: datetime


# ---- giving back


class Tender(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money given by hand at a till."""

    kind: Word
    """cash, card, gift_card, voucher …"""
    amount_minor: Amount
    reference: Annotated[str, Meta(max_length=200)] | None = None
    """Of the voucher or of the payment; never a card number."""


class Back(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many pieces of a sale's line come back."""

    sale_id: Annotated[int, Meta(ge=1)]
    line_number: Annotated[int, Meta(ge=1, le=32_767)]
    quantity: Count
    reason: Word
    note: Note = ""
    state: State | None = None
    """What became of them at the counter; null: to be looked at."""


class Announce(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer says what will come back. With an id of your own, asking again announces once."""

    return_id: UUID | None = None
    lines: Annotated[tuple[Back, ...], Meta(min_length=1, max_length=200)]
    location: Annotated[str, Meta(max_length=60)] = ""
    """Code of the location where it is sent; empty: any shop takes it."""


class Settling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the money goes back. The share of what was paid, less what is kept."""

    fee_minor: Amount = 0
    """Kept for the trouble: the way back, an unpacked box."""
    kept_minor: Amount = 0
    """Kept because the goods are worn or not complete."""
    with_delivery: bool = True
    """Give the delivery back too, once everything of an order has come back."""
    tenders: Annotated[tuple[Tender, ...], Meta(max_length=20)] = ()
    """By hand. None: as it was paid."""


class Receive(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Announced goods have come."""

    location: Annotated[str, Meta(min_length=1, max_length=60)]
    state: State | None = None
    """What they are; null: to be looked at."""
    refund: Settling | None = None
    """Give the money back in the same act."""


class AtCounter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Goods on the counter: taken back at once, whatever the channel of their sale."""

    return_id: UUID | None = None
    lines: Annotated[tuple[Back, ...], Meta(min_length=1, max_length=200)]
    location: Annotated[str, Meta(min_length=1, max_length=60)]
    refund: Settling | None = msgspec.field(default_factory=Settling)
    """Null: the money later, by its own act."""


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What so many of the pieces of a return's line are."""

    place: Annotated[int, Meta(ge=1, le=200)]
    quantity: Count
    state: State


class Inspect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody has looked at the goods."""

    verdicts: Annotated[tuple[Verdict, ...], Meta(min_length=1, max_length=200)]


class ReturnLine(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of one line of a sale that come back, and what became of them."""

    place: int
    sale_id: int
    line_number: int
    variant_id: int | None
    sku: str | None
    quantity: int
    reason: str
    note: str
    received: int
    sellable: int
    damaged: int
    refunded: int
    """Pieces whose money was given back."""
    total_minor: int
    """Their stored share."""

    @property
    def waiting(self) -> int:
        """Received, and nobody has looked at them yet."""
        return self.received - self.sellable - self.damaged


class Return(msgspec.Struct, frozen=True, kw_only=True):
    """Goods that come back. `refund_minor`: what the customer has got; null: not decided."""

    return_id: UUID
    return_number: int
    order_id: UUID | None
    node_id: int | None
    state: Literal["announced", "received", "given_up"]
    location_id: int | None
    """Where they were received, or are sent to."""
    currency: str
    refund_minor: int | None
    fee_minor: int
    kept_minor: int
    actor: str
    announced_at: datetime
    received_at: datetime | None
    refunded_at: datetime | None
    lines: list[ReturnLine]

    @property
    def label(self) -> str:
        """What stands on the parcel, as text and as a code."""
        return f"R{self.return_number}"


# ---- more than that


class Goodwill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money for a customer who keeps the goods: late, scratched. With an id of your own, it is given once."""

    goodwill_id: UUID | None = None
    amount_minor: Annotated[int, Meta(ge=1, le=MAX_MINOR)]
    reason: Word
    tenders: Annotated[tuple[Tender, ...], Meta(max_length=20)] = ()
    """By hand. None: as it was paid."""


class Given(msgspec.Struct, frozen=True):
    """Money that went back, and the sale that says so in the books."""

    goodwill_id: UUID
    sale_id: int
    amount_minor: int
    tenders: list[Tender]


class WithoutReceipt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Goods on the counter, and a customer who has no receipt but a name: her purchases are looked for."""

    return_id: UUID | None = None
    person: UUID
    sku: Annotated[str, Meta(min_length=1, max_length=500)]
    quantity: Count = 1
    reason: Word
    state: State | None = None
    location: Annotated[str, Meta(min_length=1, max_length=60)]
    price: Literal["newest", "lowest"] = "lowest"
    """Which of her purchases it is taken for: the last one, or the cheapest."""


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a sale of which pieces may still come back, and what one of them cost."""

    sale_id: int
    line_number: int
    outlet: str
    receipt_number: str
    occurred_at: datetime
    sku: str
    name: str | None
    left: int
    paid_minor: int


class Instead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many pieces of an article that the customer takes with her."""

    sku: Annotated[str, Meta(min_length=1, max_length=500)]
    quantity: Count = 1


class Exchange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Goods on the counter for other goods: one act. Another size of the same article costs what was paid for it."""

    return_id: UUID | None = None
    location: Annotated[str, Meta(min_length=1, max_length=60)]
    lines: Annotated[tuple[Back, ...], Meta(min_length=1, max_length=200)]
    instead: Annotated[tuple[Instead, ...], Meta(min_length=1, max_length=200)]
    paid: Annotated[tuple[Tender, ...], Meta(max_length=20)] = ()
    """The difference, where the new goods cost more."""
    refund: Settling = msgspec.field(default_factory=Settling)
    """How the difference goes back, where they cost less."""


class ExchangeForOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Goods on the counter for goods that come from elsewhere: a basket that is quoted, and becomes an order."""

    return_id: UUID | None = None
    location: Annotated[str, Meta(min_length=1, max_length=60)]
    lines: Annotated[tuple[Back, ...], Meta(min_length=1, max_length=200)]
    basket_id: UUID
    """Where it costs more than what comes back, it has a payment already: only the difference is taken of it."""
    refund: Settling = msgspec.field(default_factory=Settling)
    """How the difference goes back, where it costs less."""


class ExchangedForOrder(msgspec.Struct, frozen=True):
    """What came back, the order of what comes instead, and so much of its money that the one has paid of the other."""

    returned: Return
    order_id: UUID
    order_number: int
    credit_minor: int


class Exchanged(msgspec.Struct, frozen=True):
    """What came back, the sale of what was taken instead, and the difference: above zero the customer paid it."""

    returned: Return
    sale_id: int
    difference_minor: int
