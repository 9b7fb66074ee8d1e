"""What the retailer says of its prices, and what others may see of them. Amounts: integer minor units."""

from datetime import datetime
from typing import Annotated, Any

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
    price_list: str
    amount_minor: int
    per_units: int
    tax_included: bool


class Difference(msgspec.Struct, frozen=True):
    """A variant that does not cost the same everywhere, and the list that says so at each place."""

    variant_id: int
    sku: str
    name: str
    places: list[Placed]
