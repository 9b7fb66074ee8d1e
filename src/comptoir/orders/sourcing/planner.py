"""A policy put to an order: who may give goods, what that costs, who is chosen, and why the others are not.

Everything is worked out once per policy or once per list of locations that can be; an order costs some 10 µs. The
reasons are kept as a few numbers a location (`Kept`), from which explaining.py makes sentences when somebody asks.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from comptoir import inventory
from comptoir.kernel import rules
from comptoir.orders.baskets import Part
from comptoir.orders.errors import NotSourced, OutOfStock
from comptoir.orders.sourcing.conditions import FACTS, LOCATION, Asking, Found, Look, Wanted, used
from comptoir.orders.sourcing.policy import Clear, Exclude, Policy, Prefer
from comptoir.orders.sourcing.solver import Choice, choose

CHOSEN, DEARER, PARTIAL, FULL, SHOP, LATER = range(6)
RULE = 10
"""The verdict on a location; from here on: the rule of that number excludes it."""
MOST_KEPT = 12
"""Locations whose reasons are kept with an order; of the others their number."""
Offers = Mapping[int, Sequence[inventory.Offer]]
"""By variant."""
Promised = Mapping[int, int]
"""Orders promised today, by location; only of those that have a daily capacity."""


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of one location."""

    location_id: int
    verdict: int
    cost: int
    pieces: int
    """Of a location that was chosen: that it gives; else: that it could give."""
    hundred_metres: int
    """-1: nobody knows."""
    held: int


class Reasons(msgspec.Struct, frozen=True, array_like=True):
    """Why an order was sourced as it was, as few numbers as possible: it is written with every order."""

    version: int
    exact: bool
    cost: int
    others: int
    """Locations that had some of the goods, and of which nothing is kept."""
    locations: list[Kept]


class Plan(msgspec.Struct, frozen=True):
    """Who was looked at, and who gives what; None: nobody can give all of it."""

    found: list[Found]
    choice: Choice[Found] | None

    def settled(self) -> "Plan":
        """Those who are chosen know it, and how much they give."""
        for one, share in self.choice.shares if self.choice else ():
            one.verdict, one.pieces = CHOSEN, sum(share.values())
        return self

    def parts(self, wanted: Sequence[Wanted]) -> tuple[Part, ...]:
        return parts(wanted, self.choice) if self.choice else ()

    def reasons(self, version: int, *, most: int = MOST_KEPT) -> str:
        """`Reasons` as JSON; nothing but numbers in it. The first `most` locations: the chosen, then who has most."""
        found = self.found
        if len(found) > most:
            found = sorted(found, key=_interest)[:most]
        kept = ",".join(
            [
                f"[{one.location_id},{one.verdict},{one.fixed + one.piece * one.pieces},{one.pieces},"
                f"{-1 if one.km is None else round(one.km * 10)},{one.held}]"
                for one in found
            ]
        )
        choice = self.choice
        exact, cost = ("true" if choice.exact else "false", choice.cost) if choice else ("true", 0)
        return f"[{version},{exact},{cost},{len(self.found) - len(found)},[{kept}]]"


def _interest(one: Found) -> tuple[bool, int, int]:
    return one.verdict != CHOSEN, -one.pieces, one.cost


class Site(msgspec.Struct, frozen=True, gc=False):
    """What is the same for every order."""

    place: inventory.Place
    location_id: int
    piece: int
    tags: frozenset[str]


class Planner:
    """One version of a policy, compiled."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        parsed = [(one, rules.compile(rules.parse(LOCATION, one.when))) for one in policy.rules]
        self._excluding = [(n, one, test) for n, (one, test) in enumerate(parsed) if isinstance(one, Exclude)]
        self._weighing = [
            (1 << n, one.amount_minor, 0, test) if isinstance(one, Prefer) else (1 << n, 0, one.piece_minor, test)
            for n, (one, test) in enumerate(parsed)
            if isinstance(one, Prefer | Clear)
        ]
        names = set[str]().union(*(used(rules.parse(LOCATION, one.when).node) for one in policy.rules))
        self._facts = [(name, FACTS[name]) for name in sorted(names)]
        self._tags = {code: frozenset(t for t, codes in policy.tags.items() if code in codes)
                      for codes in policy.tags.values() for code in codes}  # fmt: skip
        costs = policy.costs
        self._base = costs.parcel_minor, costs.km_minor, costs.unknown_km
        self._places: inventory.Places | None = None
        self._choosy = self.has_capacities = False
        self._sites: dict[str, Site] = {}

    # ---- an order

    def source(
        self,
        wanted: Sequence[Wanted],
        asking: Asking,
        offers: Offers,
        places: inventory.Places,
        *,
        now: datetime,
        promised: Promised | None = None,
    ) -> Plan:
        """A plan with a choice. Raises OutOfStock with what is missing of which line, NotSourced where the policy is
        what stands in the way.
        """
        plan = self.plan(wanted, asking, offers, places, now=now, promised=promised)
        if plan.choice is None:
            if missing := missing_of(wanted, plan.found):
                raise OutOfStock(missing=missing)
            raise NotSourced(
                most_parcels=self.policy.limits.most_parcels,
                excluded=[one.code for one in plan.found if one.verdict >= FULL],
            )
        return plan

    def plan(
        self,
        wanted: Sequence[Wanted],
        asking: Asking,
        offers: Offers,
        places: inventory.Places,
        *,
        now: datetime,
        promised: Promised | None = None,
    ) -> Plan:
        """Who could give what, and who does."""
        units: dict[int, int] = {}
        for one in wanted:
            units[one.variant_id] = units.get(one.variant_id, 0) + one.quantity
        found = self.weigh(units, len(wanted), asking, offers, places, now=now, promised=promised)
        choice = self.choose(units, found, asking)
        return Plan(found, choice).settled()

    def choose(self, units: Mapping[int, int], found: Sequence[Found], asking: Asking) -> Choice[Found] | None:
        """Among those that nothing excludes. Shops that the policy asks last are asked if the others cannot."""
        limits = self.policy.limits
        most = 1 if asking.method == "collect" else limits.most_parcels
        able = [one for one in found if one.verdict <= PARTIAL]
        if limits.warehouse_first and asking.method != "collect":
            first = [one for one in able if one.place.location.kind != "shop"]
            if 0 < len(first) < len(able) and (choice := self._choose(units, first, most)):
                for one in able:
                    if one.place.location.kind == "shop":
                        one.verdict = LATER
                return choice
        return self._choose(units, able, most)

    def _choose(self, units: Mapping[int, int], able: Sequence[Found], most: int | None) -> Choice[Found] | None:
        policy = self.policy
        return choose(units, able, split=policy.costs.split_minor, most=most, fewest=policy.fewest_parcels)

    def weigh(
        self,
        units: Mapping[int, int],
        lines: int,
        asking: Asking,
        offers: Offers,
        places: inventory.Places,
        *,
        now: datetime,
        promised: Promised | None = None,
    ) -> list[Found]:
        """Every location that has some of the goods, with its cost, or why it is not asked."""
        if places is not self._places:
            self._survey(places)
        sites, only = self._sites, asking.location if asking.method == "collect" else ""
        found: dict[str, Found] = {}
        base, per_km, unknown = self._base
        for variant, some in offers.items():
            need = units[variant]
            for offer in some:
                code, free = offer.location, offer.units
                if (one := found.get(code)) is None:
                    if only and code != only:
                        continue
                    site, km = sites[code], offer.km
                    fixed = base + round(per_km * (unknown if km is None else km))
                    one = found[code] = Found(
                        site.location_id, code, fixed, site.piece, {}, place=site.place, km=km, ready=offer.ready
                    )
                one.free[variant] = free
                one.spare += free
                one.pieces += need if free > need else free  # noqa: FURB136 hot
        total = sum(units.values())
        for one in found.values():
            one.verdict = DEARER if one.pieces == total else PARTIAL
        if self._choosy:
            self._judge(found.values(), asking, total, lines, now, promised or {})
        return list(found.values())

    def _judge(
        self, some: Iterable[Found], asking: Asking, units: int, lines: int, now: datetime, promised: Promised
    ) -> None:
        """Limits first, then the rules in their order."""
        moment = rules.Now(now, "UTC")
        by_shops = self.policy.limits.ship_from_shop or asking.method != "ship"
        for one in some:
            location = one.place.location
            if (capacity := location.daily_capacity) is not None:
                one.promised_today = promised.get(one.location_id, 0)
                if one.promised_today >= capacity:
                    one.verdict = FULL
            if not by_shops and location.kind == "shop":
                one.verdict = SHOP
            if not self._facts:
                continue
            look = Look(one, asking, units, lines, self._sites[one.code].tags, moment)
            facts = {name: fact(look) for name, fact in self._facts}
            if one.verdict <= PARTIAL:
                for number, rule, test in self._excluding:
                    if asking.method in rule.methods and test(facts, moment):
                        one.verdict = RULE + number
                        break
            for bit, parcel, piece, test in self._weighing:
                if test(facts, moment):
                    one.held |= bit
                    one.fixed -= parcel
                    one.piece -= piece

    # ---- locations

    def _survey(self, places: inventory.Places) -> None:
        of_kind = self.policy.costs.piece_minor
        some = [place for id_ in places.ids.values() if (place := places.get(id_)) is not None]
        self._places = places
        self._sites = {
            one.location.code: Site(
                one,
                one.location.location_id,
                of_kind.get(one.location.kind, 0),
                self._tags.get(one.location.code, frozenset()),
            )
            for one in some
        }
        self.has_capacities = any(one.location.daily_capacity is not None for one in some)
        self._choosy = self.has_capacities or not self.policy.limits.ship_from_shop or bool(self._facts)


def parts(wanted: Sequence[Wanted], choice: Choice[Found]) -> tuple[Part, ...]:
    """Lines in their order take from the shares in theirs."""
    if len(choice.shares) == 1:
        where = choice.shares[0][0].location_id
        return tuple([Part(one.line, one.variant_id, where, one.quantity) for one in wanted])
    left = [one.quantity for one in wanted]
    found: list[Part] = []
    for candidate, share in choice.shares:
        there = dict(share)
        for n, one in enumerate(wanted):
            if taken := min(left[n], there.get(one.variant_id, 0)):
                found.append(Part(one.line, one.variant_id, candidate.location_id, taken))
                there[one.variant_id] -= taken
                left[n] -= taken
    return tuple(sorted(found, key=lambda part: (part.line, part.location_id)))


def missing_of(wanted: Sequence[Wanted], found: Sequence[Found]) -> list[dict[str, Any]]:
    """What all locations together do not have, whatever the policy says of them."""
    total: dict[int, int] = {}
    for one in found:
        for variant, free in one.free.items():
            total[variant] = total.get(variant, 0) + free
    missing: list[dict[str, Any]] = []
    for one in wanted:
        there = min(one.quantity, total.get(one.variant_id, 0))
        total[one.variant_id] = total.get(one.variant_id, 0) - there
        if there < one.quantity:
            missing.append({"line": one.line, "missing": one.quantity - there})
    return missing
