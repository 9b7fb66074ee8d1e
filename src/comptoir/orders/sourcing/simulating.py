"""What another policy would have done with the last orders. Nothing is written.

Each order is put to both policies by itself: to the stock as it is today, and what the order itself still has promised,
not as it was when the order was placed, which nobody knows any more; or to a stock that the caller gives. So it tells
how two policies differ, not how many orders could have been served. Days begin empty: what an order takes of the daily
capacity of a location, the next order of that day sees.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from comptoir import catalog, inventory
from comptoir.kernel.db import Tx
from comptoir.orders.baskets import Delivery
from comptoir.orders.sourcing.conditions import Asking, Found, Wanted
from comptoir.orders.sourcing.planner import Plan, Planner
from comptoir.orders.sourcing.policies import policy
from comptoir.orders.sourcing.policy import Costs, Policy, PolicyEntry, check

AT_ONCE = 50
"""Orders whose stock is read with one statement; others of this process have their turn in between."""
MOST_CHANGES = 200
"""Orders that are told one by one."""


class GivenStock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many pieces of an article may be promised at a location."""

    sku: str
    location: str
    units: int


class Share(msgspec.Struct, frozen=True):
    """What a location gives."""

    location: str
    parcels: int
    pieces: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy makes of the orders."""

    policy: str
    version: int | None
    """Null: it is not kept."""
    sourced: int
    refused: int
    """Orders that the policy, or the stock, gives to nobody."""
    parcels: int
    split: int
    """Orders in more than one parcel."""
    split_basis_points: int
    """Of the sourced ones: 1,000 is every tenth."""
    cost_minor: int
    """What sending costs, both sides by the costs of the new policy and without preferences, so that they compare."""
    km: float
    by_location: list[Share]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """An order that the new policy sources otherwise. Empty: it is refused."""

    order_id: UUID
    order_number: int
    now: list[Share]
    then: list[Share]
    now_cost_minor: int
    then_cost_minor: int


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """Both policies side by side."""

    orders: int
    """Orders to be shipped, the last ones; what is collected has no choice."""
    since: datetime | None
    stock: Literal["today", "given"]
    """Given: for the articles that were named; today's for the others."""
    now: Outcome
    then: Outcome
    changed: int
    changes: list[Change]
    """The first of them, newest first."""


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """An order of which we ask."""

    order_id: UUID
    order_number: int
    outlet_id: int
    channel: str
    total_minor: int
    placed_at: datetime
    delivery: Delivery
    lines: list[Wanted]


async def simulate(tx: Tx, *, entry: PolicyEntry, last: int = 200, stock: Sequence[GivenStock] = ()) -> Simulation:
    """The last orders under the policy that holds and under this one. Raises BadPolicy, UnknownVariant,
    UnknownLocation.
    """
    check(entry)
    holding = await policy(tx)
    places = await inventory.places(tx)
    given = await _given(tx, stock, places)
    costs = entry.costs
    sides = Side(Planner(holding), costs), Side(Planner(Policy.of(entry, version=0)), costs)
    orders = (await tx.many(Past, LAST, last=last))[::-1]  # oldest first, so that the days fill up as they did
    changes: list[Change] = []
    changed = 0
    for start in range(0, len(orders), AT_ONCE):
        chunk = orders[start : start + AT_ONCE]
        for one, offers in zip(chunk, await _offers(tx, chunk, places, given), strict=True):
            (now, now_cost), (then, then_cost) = [side.take(one, offers, places) for side in sides]
            if now != then:
                changed += 1
                changes.append(Change(
                    order_id=one.order_id, order_number=one.order_number,
                    now=now, then=then, now_cost_minor=now_cost, then_cost_minor=then_cost,
                ))  # fmt: skip
    return Simulation(
        orders=len(orders),
        since=orders[0].placed_at if orders else None,
        stock="given" if stock else "today",
        now=sides[0].outcome(holding.version),
        then=sides[1].outcome(None),
        changed=changed,
        changes=changes[: -MOST_CHANGES - 1 : -1],
    )


LAST = """
    SELECT o.order_id, o.order_number, o.outlet_id, o.channel, o.total_minor, o.placed_at, o.delivery,
           (SELECT json_agg(l ORDER BY l.line) FROM (
                SELECT line, variant_id, quantity FROM orders.sales_order_line
                WHERE order_id = o.order_id AND quantity > 0) AS l) AS lines
    FROM orders.sales_order AS o
    WHERE o.delivery ->> 'method' = 'ship' AND EXISTS (
        SELECT FROM orders.sales_order_line AS l WHERE l.order_id = o.order_id AND l.quantity > 0)
    ORDER BY o.placed_at DESC, o.order_number DESC LIMIT %(last)s
"""

Given = Mapping[int, Mapping[str, int]]
"""Pieces by variant and location."""


async def _given(tx: Tx, stock: Sequence[GivenStock], places: inventory.Places) -> Given:
    known = await catalog.variants_by_sku(tx, {one.sku for one in stock})
    found: dict[int, dict[str, int]] = {}
    for one in stock:
        if one.sku not in known:
            raise inventory.UnknownVariant(f"The catalog has no SKU {one.sku[:80]!r}.", sku=one.sku[:80])
        if one.location not in places.ids:
            raise inventory.UnknownLocation(f"No location gives goods as {one.location[:80]!r}.", codes=[one.location])
        found.setdefault(known[one.sku].variant_id, {})[one.location] = one.units
    return found


async def _offers(
    tx: Tx, orders: Sequence[Past], places: inventory.Places, given: Given
) -> list[dict[int, Sequence[inventory.Offer]]]:
    """Who could give what of each order."""
    questions = [
        inventory.Question(
            variant_id=variant,
            channel=one.channel,
            method=one.delivery.method,
            latitude=one.delivery.address.latitude if one.delivery.address else None,
            longitude=one.delivery.address.longitude if one.delivery.address else None,
            reference=str(one.order_id),
        )
        for one in orders
        for variant in dict.fromkeys(line.variant_id for line in one.lines)
    ]
    answers = iter(zip(questions, await inventory.available(tx, questions, places), strict=True))
    found: list[dict[int, Sequence[inventory.Offer]]] = []
    for one in orders:
        offers: dict[int, Sequence[inventory.Offer]] = {}
        for _ in dict.fromkeys(line.variant_id for line in one.lines):
            question, today = next(answers)
            there = given.get(question.variant_id)
            offers[question.variant_id] = today if there is None else offered(question, there, places, one.placed_at)
        found.append(offers)
    return found


def offered(
    question: inventory.Question, there: Mapping[str, int], places: inventory.Places, now: datetime
) -> list[inventory.Offer]:
    """A given stock as offers."""
    found: list[inventory.Offer] = []
    for code, units in there.items():
        place = places.get(places.ids[code])
        if place and units > 0 and (question.method is None or question.method in place.location.methods):
            km = inventory.km_to(question, place.location)
            found.append(
                inventory.Offer(
                    location=code, name=place.location.name, units=units, ready=places.ready(place, now), km=km
                )
            )
    return found


class Side:
    """One policy, and what it has made of the orders so far."""

    def __init__(self, planner: Planner, costs: Costs) -> None:
        self._planner, self._costs = planner, costs
        self._sourced = self._refused = self._split = self._cost = 0
        self._hundred_metres = 0
        self._parcels, self._pieces = Counter[str](), Counter[str]()
        self._days: dict[date, Counter[int]] = {}

    def take(
        self, one: Past, offers: Mapping[int, Sequence[inventory.Offer]], places: inventory.Places
    ) -> tuple[list[Share], int]:
        """Who gives what, and what sending it costs."""
        day = self._days.setdefault(one.placed_at.date(), Counter())
        plan = self._planner.plan(one.lines, asking_of(one), offers, places, now=one.placed_at, promised=day)
        chosen = chosen_of(plan)
        if not chosen:
            self._refused += 1
            return [], 0
        day.update(found.location_id for found in chosen)
        self._parcels.update(found.code for found in chosen)
        self._pieces.update({found.code: found.pieces for found in chosen})
        self._sourced += 1
        self._split += len(chosen) > 1
        self._hundred_metres += sum(round((found.km or 0) * 10) for found in chosen)
        cost = sending(chosen, self._costs)
        self._cost += cost
        return [Share(found.code, 1, found.pieces) for found in chosen], cost

    def outcome(self, version: int | None) -> Outcome:
        return Outcome(
            policy=self._planner.policy.name,
            version=version,
            sourced=self._sourced,
            refused=self._refused,
            parcels=self._parcels.total(),
            split=self._split,
            split_basis_points=self._split * 10_000 // self._sourced if self._sourced else 0,
            cost_minor=self._cost,
            km=self._hundred_metres / 10,
            by_location=[
                Share(code, parcels, self._pieces[code])
                for code, parcels in sorted(self._parcels.items(), key=lambda item: (-item[1], item[0]))
            ],
        )


def chosen_of(plan: Plan) -> list[Found]:
    """Those who give, by code."""
    return sorted((one for one, _ in plan.choice.shares), key=lambda one: one.code) if plan.choice else []


def sending(chosen: Sequence[Found], costs: Costs) -> int:
    """Without preferences and clearance: what is paid, not what is wished."""
    return costs.split_minor * (len(chosen) - 1) + sum(
        costs.parcel_minor
        + round(costs.km_minor * (costs.unknown_km if one.km is None else one.km))
        + costs.piece_minor.get(one.place.location.kind, 0) * one.pieces
        for one in chosen
    )


def asking_of(one: Past) -> Asking:
    return Asking(
        method=one.delivery.method,
        channel=one.channel,
        country=one.delivery.address.country if one.delivery.address else "",
        outlet_id=one.outlet_id,
        value_minor=one.total_minor,
        location=one.delivery.location,
    )
