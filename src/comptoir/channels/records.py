"""What others may see of outlets and sources."""

from datetime import date
from typing import Annotated, Literal

import msgspec

Channel = Literal["paid", "social", "market", "email", "sms", "web", "app", "display", "phone", "shop"]
"""Where the customer stands, from farthest to nearest the counter."""

ClockTime = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z|^24:00\Z")]
"""Local time of day, "09:30"; "24:00" is the end of the day."""

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Opening(msgspec.Struct, frozen=True):
    """Open from `opens` until `closes`, local time. Closing at or before opening means the next day."""

    opens: ClockTime
    closes: ClockTime


class OpeningHours(msgspec.Struct, frozen=True):
    """The usual week, and the dates that differ from it (an empty list: closed that day)."""

    weekly: dict[Weekday, list[Opening]] = {}
    exceptions: dict[date, list[Opening]] = {}


Text = Annotated[str, msgspec.Meta(max_length=200)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z")]


class OutletEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An outlet as a caller describes it. `code` names it: the same code again replaces the description."""

    channel: Channel
    code: Code
    """The retailer's own number of it; letters, digits, dot, dash, underscore."""
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    street: Text = ""
    postcode: Text = ""
    city: Text = ""
    region: Text = ""
    country: str
    """ISO 3166-1 alpha-2: FR."""
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    """Degrees north (WGS 84)."""
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None
    """Degrees east (WGS 84)."""
    time_zone: str
    """IANA name: Europe/Paris."""
    currency: str
    """ISO 4217: EUR."""
    opening_hours: OpeningHours | None = None
    """Null: always open."""
    active: bool = True
    """False once it is closed for good: its history stays."""


class Outlet(OutletEntry, frozen=True, kw_only=True):
    """One place where the retailer meets customers."""

    outlet_id: int


class Near(msgspec.Struct, frozen=True):
    """An outlet and how far it is, in kilometres as the crow flies."""

    outlet: Outlet
    km: float


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What sends us events, with what its outlet says about place and money."""

    source_id: int
    outlet_id: int
    channel: Channel
    name: str
    salt: bytes
    """16 bytes that make message ids of different sources differ."""
    trust: float
    """0 to 1: how much its word weighs against that of others."""
    enabled: bool
    outlet_code: str
    country: str
    time_zone: str
    currency: str
    write_key: str
    """The newest key; empty when the last one has ended."""
