"""What others may see of the stock, and what may be asked of it."""

from datetime import datetime, time
from typing import Annotated, Literal

import msgspec

State = Literal["sellable", "display", "damaged", "quarantine"]
Kind = Literal["shop", "warehouse", "distribution_centre", "transit", "quality_hold"]
Method = Literal["collect", "ship", "transfer"]

SUPPLIER, CUSTOMER, ADJUSTMENT = 1, 2, 3
"""Ids of the accounts outside the house: they only say where units came from or went to."""
TRANSIT = 4
"""The account of goods on their way that is always there."""


def is_inside(location_id: int) -> bool:
    """Whether what lies there is counted."""
    return location_id > ADJUSTMENT


Key = tuple[int, int]
"""A variant at a location."""


class LocationEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A location as a caller describes it. `code` names it: the same code again replaces the description."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$(?!\n)")]
    kind: Kind
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    outlet: str = ""
    """Code of the shop's outlet; position, opening hours and time zone are taken from there."""
    country: str = ""
    """ISO 3166-1 alpha-2: FR; or empty."""
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None
    time_zone: str = "UTC"
    """IANA name: Europe/Paris."""
    methods: list[Method] = []
    """How goods leave it for a customer: collected there, shipped, or sent to another location first."""
    safety: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    """Units of each variant that are kept back from promises."""
    lead_minutes: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0
    """Working time from the promise until the goods are ready."""
    cut_off: time | None = None
    """Local time; what is promised later is worked on the next working day."""
    daily_capacity: Annotated[int, msgspec.Meta(ge=0)] | None = None
    active: bool = True


class Location(LocationEntry, frozen=True, kw_only=True):
    """An account of the ledger."""

    location_id: int
    outlet_id: int | None


class Units(msgspec.Struct, frozen=True):
    """So many pieces of a variant at a location."""

    variant_id: int
    location_id: int
    quantity: int


class Short(msgspec.Struct, frozen=True):
    """What cannot be had: wanted, and how many the reference could have there at most."""

    variant_id: int
    location_id: int
    wanted: int
    free: int


# ---- what may be asked of the ledger


class Hold(msgspec.Struct, frozen=True, kw_only=True, tag="hold"):
    """Keep these units for a while. The same reference again replaces what it held, and prolongs it."""

    reference: str
    units: list[Units]
    seconds: int = 900
    channel: str = ""
    actor: str = ""


class Allocate(msgspec.Struct, frozen=True, kw_only=True, tag="allocate"):
    """Commit these units to an order. What its hold has lost meanwhile is promised anew, or refused."""

    reference: str
    units: list[Units]
    channel: str = ""
    actor: str = ""


class Release(msgspec.Struct, frozen=True, kw_only=True, tag="release"):
    """Give up what is promised under the reference: all of it, or these units. Nothing promised is fine too."""

    reference: str
    units: list[Units] | None = None
    actor: str = ""


class HandOver(msgspec.Struct, frozen=True, kw_only=True, tag="hand_over"):
    """Allocated units leave the house, or for another location."""

    reference: str
    units: list[Units]
    to_location_id: int
    """Where to: the customer, a parcel on its way."""
    still_promised: bool = False
    """They stay committed to the reference there, at a location of the house."""
    actor: str = ""


class Reallocate(msgspec.Struct, frozen=True, kw_only=True, tag="reallocate"):
    """What is committed to an order changes: these units are given up, those committed instead. Whole or refused."""

    reference: str
    away: list[Units] = []
    to: list[Units] = []
    channel: str = ""
    actor: str = ""


class Move(msgspec.Struct, frozen=True, kw_only=True, tag="move"):
    """Units go from one account to another."""

    variant_id: int
    quantity: int
    from_location_id: int
    to_location_id: int
    from_state: State = "sellable"
    to_state: State = "sellable"
    act: str = "move"
    """In the words of the shop: receive, sell, return, transfer, adjust, count …"""
    is_fact: bool = False
    """It has happened: recorded whatever the balance says. Otherwise it is refused where it would break a promise."""
    reason: str = ""
    reference: str = ""
    occurred_at: datetime | None = None
    actor: str = ""


Act = Hold | Allocate | Reallocate | Release | HandOver | Move


class Promised(msgspec.Struct, frozen=True):
    """What the reference may count on now. `expires_at` is null once it is allocated."""

    reference: str
    units: list[Units]
    expires_at: datetime | None


class Done(msgspec.Struct, frozen=True):
    """The units moved. `missing`: so many fewer lie there now than are promised."""

    missing: int = 0


Answer = Promised | Done


class Fault(msgspec.Struct, frozen=True):
    """Something that the books contradict."""

    check: str
    variant_id: int
    location_id: int
    detail: str
