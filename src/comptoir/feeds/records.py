"""What others may see of feeds and of the shop window."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from comptoir.channels import Opening
from comptoir.inventory import Method
from comptoir.kernel.auth import ShownOnce

Kind = Literal["products", "local_inventory"]
Format = Literal["xml", "tsv"]
Availability = Literal["in_stock", "limited", "out"]

LIMITED = 3
"""So many units or fewer are few, where nobody says otherwise."""


class FeedEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A feed as a caller describes it. Its code names it: the same code again replaces the description."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    kind: Kind
    format: Format = "xml"
    outlet: Annotated[str, Meta(max_length=60)] = ""
    """Products: the outlet whose assortment, prices and contents they are. Local inventory: the only shop; empty: all
    active shops of the country."""
    country: Annotated[str, Meta(max_length=2)] = ""
    """ISO 3166-1; empty: the outlet's."""
    currency: Annotated[str, Meta(max_length=3)] = ""
    """ISO 4217; empty: the outlet's. Shops that ring in another one are left out."""
    language: Annotated[str, Meta(max_length=40)] = ""
    """BCP 47, of the contents."""
    link: Annotated[str, Meta(max_length=1_000)] = ""
    """Address of an article's page, with {sku}, {product} or {variant_id} in it. Products need it."""
    limited: Annotated[int, Meta(ge=0, le=1_000_000)] = LIMITED
    """So many units or fewer are a limited availability."""
    enabled: bool = True


class Feed(FeedEntry, frozen=True, kw_only=True):
    """A feed, and how it was fetched last."""

    feed_id: int
    code: str
    outlet_id: int | None
    open: bool
    """Whether there is an address at which it can be fetched."""
    token_made_at: datetime | None
    read_at: datetime | None
    """When it was last fetched to its end."""
    items: int | None
    left_out: int | None
    """How many lacked something required then."""
    reasons: dict[str, int]
    """What they lacked: how many of them, by attribute."""


class Address(ShownOnce, frozen=True):
    """Where a feed is fetched: the only sight of its secret. An earlier address ends with it."""

    path: str


class LeftOut(msgspec.Struct, frozen=True):
    """An article that a feed leaves out, and the attributes that are missing or cannot be."""

    sku: str
    store: str
    """Code of the shop; empty in a product feed."""
    missing: list[str]


class Report(msgspec.Struct, frozen=True):
    """Which articles a feed leaves out, and why, among those `looked_at`. `next` is the cursor of what follows."""

    items: list[LeftOut]
    looked_at: int
    next: str | None


class NearShop(msgspec.Struct, frozen=True, kw_only=True):
    """A shop that sells the article, and whether it has it."""

    outlet: str
    name: str
    street: str
    postcode: str
    city: str
    country: str
    km: float | None
    """As the crow flies; null where no place was named."""
    availability: Availability
    open_now: bool
    today: list[Opening] | None
    """Opening hours of today, local time; null: always open."""
    opens_at: datetime | None
    """When it opens next; now, where it is open; null: not within a year."""
    ready: dict[Method, datetime]
    """By way of getting it, when it would be ready there."""


class NearYou(msgspec.Struct, frozen=True):
    """Who has it near you, nearest first; without a place by code."""

    sku: str
    shops: list[NearShop]
