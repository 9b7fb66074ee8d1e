"""A sourcing policy: what a location must be like, what a parcel from there costs, how many parcels an order may be.

Costs are weighed against each other only: nobody is charged by them.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from comptoir import inventory
from comptoir.kernel import rules
from comptoir.orders.errors import BadPolicy
from comptoir.orders.sourcing.conditions import LOCATION

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Minor = Annotated[int, Meta(ge=0, le=10_000_000)]
Kind = Annotated[str, Meta(pattern="^(shop|warehouse|distribution_centre|transit|quality_hold)$")]
Rule = dict[str, Any]
"""kernel/rules, as JSON, over `orders.sourcing.conditions.LOCATION`."""
MOST_RULES = 40


class Exclude(msgspec.Struct, frozen=True, tag="exclude", tag_field="kind", forbid_unknown_fields=True):
    """No goods come from a location for which this holds."""

    name: Name
    when: Rule
    methods: tuple[inventory.Method, ...] = ("ship", "transfer")
    """For these. A location where the customer collects is his own choice, unless "collect" is named here."""


class Prefer(msgspec.Struct, frozen=True, tag="prefer", tag_field="kind", forbid_unknown_fields=True):
    """A parcel from a location for which this holds counts as so much cheaper; less than zero: dearer.

    However much it is, it never pays for a parcel more.
    """

    name: Name
    when: Rule
    amount_minor: Annotated[int, Meta(ge=-10_000_000, le=10_000_000)]


class Clear(msgspec.Struct, frozen=True, tag="clear", tag_field="kind", forbid_unknown_fields=True):
    """Each piece from a location for which this holds counts as so much cheaper: the mark-down that it saves."""

    name: Name
    when: Rule
    piece_minor: Minor


class Costs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What sending costs, in minor units of the policy's currency."""

    parcel_minor: Minor = 0
    """Each parcel."""
    split_minor: Minor = 0
    """Each parcel beyond the first, on top."""
    km_minor: Minor = 0
    """Each kilometre that a parcel goes, as the crow flies."""
    piece_minor: dict[Kind, Minor] = {}
    """Each piece that is picked and packed, by the kind of location."""
    unknown_km: Annotated[int, Meta(ge=0, le=20_000)] = 0
    """As far as this counts what nobody knows: an address or a location without a position."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is never done, whatever it would save."""

    most_parcels: Annotated[int, Meta(ge=1, le=50)] | None = None
    """An order that needs more is refused; null: as many as it takes."""
    ship_from_shop: bool = True
    warehouse_first: bool = False
    """Shops are asked only for what all others together do not have."""


class PolicyEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy as a caller describes it."""

    name: Name
    fewest_parcels: bool = True
    """The fewest parcels, and among those the cheapest; false: the cheapest, in as many parcels as that takes."""
    rules: Annotated[tuple[Exclude | Prefer | Clear, ...], Meta(max_length=MOST_RULES)] = ()
    """In order: a location is told the first rule that excludes it. All that prefer or clear count."""
    costs: Costs = msgspec.field(default_factory=Costs)
    limits: Limits = msgspec.field(default_factory=Limits)
    tags: dict[Annotated[str, Meta(min_length=1, max_length=60)], tuple[str, ...]] = {}
    """Codes of locations by tag: {"outlet store": ["lyon", "nice"]}. Rules speak of them as `location.tags`."""
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")] = "EUR"
    """ISO 4217, of the costs."""


class Policy(PolicyEntry, frozen=True, kw_only=True):
    """A version of the policy. It never changes: orders say by which version they were sourced."""

    version: int
    """From 1; 0 is the built-in one, or one that is only tried."""

    @classmethod
    def of(cls, entry: PolicyEntry, *, version: int) -> "Policy":
        return cls(version=version, **{name: getattr(entry, name) for name in PolicyEntry.__struct_fields__})


BUILT_IN = Policy(version=0, name="Fewest parcels, then the nearest", costs=Costs(km_minor=10))


def check(entry: PolicyEntry) -> None:
    """Raise BadPolicy with the mistakes in a rule, each with its place."""
    for place, rule in enumerate(entry.rules):
        try:
            rules.parse(LOCATION, rule.when)
        except rules.BadRule as refusal:
            where = f"rules/{place}/when"
            raise BadPolicy(f"{rule.name}: {refusal.detail}", where=where, **refusal.data) from refusal
