"""What others may see of a profile."""

from datetime import date, datetime
from typing import Any

import msgspec

from comptoir.kernel.money import Money


class Value(msgspec.Struct, frozen=True):
    """One value that was told, by one source."""

    value: Any
    source_id: int | None
    at: datetime
    """When it was last told."""
    verified: int
    """How we know it (profiles.traits.VERIFIED): 0 told by a machine … 4 signed in."""
    times: int
    """How often it was told."""
    node_id: int
    """The identifier it was told under."""


class Field(msgspec.Struct, frozen=True):
    """One field of the golden record, and why it holds this value."""

    name: str
    value: Any
    chosen: Value
    rule: list[str]
    """The field's survivorship rule: criteria in order (profiles.golden.RULES)."""
    decided_by: str
    """The criterion that decided, or "only" if there was nothing to decide, or "tie"."""
    others: list[Value]
    """What was set aside, best first; at most ten."""


class GoldenRecord(msgspec.Struct, frozen=True):
    """The best known value of each field, by survivorship rules, computed when asked."""

    person_id: int
    display_name: str
    """The name, else the e-mail, else empty."""
    fields: list[Field]
    """Fields with a rule, in the order of a form."""
    traits: list[Field]
    """Everything else that was told, by name."""


class Moment(msgspec.Struct, frozen=True):
    """One bead of the thread."""

    node_id: int
    occurred_at: datetime
    position: int
    recorded_at: datetime
    source_id: int | None
    outlet: str | None
    """Code of the outlet where it happened: of a purchase the shop, the web shop, the call centre …"""
    outlet_name: str | None
    channel: str
    kind: str
    spoke: bool
    """We spoke (hollow bead); else she acted."""
    name: str
    subject: str | None
    amount: Money | None


class Timeline(msgspec.Struct, frozen=True):
    """A page of moments, newest first; ask on with `before`."""

    moments: list[Moment]
    before: str | None
    """Cursor of the next page; None at the beginning of the story."""


class Touch(msgspec.Struct, frozen=True):
    """A first or last contact, and where it came from."""

    at: datetime
    position: int
    channel: str
    source_id: int | None
    campaign: dict[str, str]
    referrer: str | None
    page: str | None


class ChannelMeasures(msgspec.Struct, frozen=True):
    """What happened in one channel."""

    channel: str
    events: int
    visits: int
    views: int
    carts: int
    orders: int
    units: int
    spend: list[Money]


class CategoryMeasures(msgspec.Struct, frozen=True):
    category: str
    views: int
    units: int
    spend: list[Money]


class ShopMeasures(msgspec.Struct, frozen=True):
    outlet_id: int
    orders: int
    units: int
    spend: list[Money]
    last_at: datetime


class Measures(msgspec.Struct, frozen=True):
    """A person in figures, from `since` (None: ever) until now."""

    since: date | None
    events: int
    visits: int
    """Runs of half-hours with activity, on all devices and in all channels together."""
    views: int
    carts: int
    orders: int
    units: int
    spend: list[Money]
    channels: list[ChannelMeasures]
    categories: list[CategoryMeasures]
    """By spend, then by views; at most twenty."""
    shops: list[ShopMeasures]
    """Of all time, favourite first."""
    favourite_channel: str | None
    """Where most orders were made; without orders, where most visits were."""
    favourite_shop: int | None
    """The outlet of the shop channel with most orders; ties go to the later purchase."""
    first_touch: Touch | None
    last_touch: Touch | None


class Device(msgspec.Struct, frozen=True):
    device: str
    agent: str
    first_day: date
    last_day: date


class Bead(msgspec.Struct, frozen=True):
    """One day in one channel on the mini thread of a list."""

    day: date
    channel: str
    weight: float
    """0.6 seen, 1 looked at goods, 1.5 filled a basket, 2 bought."""


class Found(msgspec.Struct, frozen=True):
    """One row of the list of customers."""

    person_id: int
    key: str
    """The public id of the person."""
    display_name: str
    email: str | None
    city: str | None
    channels: list[str]
    first_at: datetime | None
    last_at: datetime | None
    """Null: nothing was seen yet."""
    events: int
    orders: int
    spend: list[Money]
    """Of all time, one sum per currency, that of the head office first: the list sorts by it alone."""
    thread: list[Bead]
    """The last 90 days."""


class SearchPage(msgspec.Struct, frozen=True):
    people: list[Found]
    count: int
    """How many match in all, exactly."""
    after: str | None
    """Cursor of the next page."""


class Takings(msgspec.Struct, frozen=True):
    """Sales of one half-hour in one channel."""

    half_hour: datetime
    channel: str
    orders: int
    units: int
    spend: Money


class Live(msgspec.Struct, frozen=True):
    """The house at this moment."""

    now: datetime
    events_last_minute: int
    events_by_minute: list[int]
    """Of the last thirty minutes, oldest first; the last is the minute under way."""
    events_today: int
    merges_today: int
    splits_today: int
    people: int
    """Everybody known now."""
    new_people_today: int
    today: list[Takings]
    before: list[Takings]
    """The same weekday a week before, the whole day."""
    also: list[Money]
    """Taken today in other currencies, one sum per currency; in none of the figures above."""
