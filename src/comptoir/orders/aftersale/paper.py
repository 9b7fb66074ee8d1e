"""What stands on an invoice, a receipt or a credit note: plain data, frozen when it is issued."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

Kind = Literal["invoice", "receipt", "credit_note"]
Language = Literal["en", "fr"]
Text = Annotated[str, msgspec.Meta(max_length=200)]


class Buyer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To whom it is made out. Personal."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    street: Text = ""
    postcode: Text = ""
    city: Text = ""
    country: Text = ""
    tax_number: Text = ""


class Seller(msgspec.Struct, frozen=True):
    """Who sold: the outlet, as it was."""

    name: str
    street: str
    postcode: str
    city: str
    country: str
    tax_number: str = ""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A line. `quantity` in thousandths; the total holds the tax."""

    name: str
    sku: str
    quantity: int
    amount_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    rate_millionths: int | None


class TaxPart(msgspec.Struct, frozen=True):
    """What was taxed by one rate; null: by a rate that is not known."""

    rate_millionths: int | None
    net_minor: int
    tax_minor: int


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """All that stands on a document. The sums are those of the lines."""

    kind: Kind
    number: str
    language: Language
    issued_at: datetime
    sold_at: datetime
    receipt_number: str
    corrects: str
    """Of a credit note: the number of its invoice."""
    seller: Seller
    buyer: Buyer | None
    currency: str
    items: list[Item]
    taxes: list[TaxPart]
    total_minor: int
    paid: list[tuple[str, int]]
