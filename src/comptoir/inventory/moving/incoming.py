"""Who can give me this, now or from a day on: availability with what is on its way.

What comes is offered only as far as nobody waits for it: shortages, safety, other channels' fences and the channel's
threshold are made good first. Only a day from today on counts; what is late comes nobody knows when. Nothing is
promised against it yet: a hold needs units that lie there.
"""

import math
from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from comptoir.inventory.availability import Offer, Place, Places, Question, km_to
from comptoir.inventory.records import Method
from comptoir.kernel.db import Tx


class Incoming(msgspec.Struct, frozen=True):
    """So many units will come that day, and are promised to nobody."""

    day: date
    units: int


class Outlook(Offer, frozen=True, kw_only=True):
    """An offer of a location, with what comes there. `units` are there now."""

    incoming: list[Incoming]
    from_day: date | None
    """There are enough from this day on, and `ready` counts from it; null: now."""


async def outlook(tx: Tx, question: Question, known: Places) -> list[Outlook]:
    """The offers of now as `available` gives them, after them those of a day to come."""
    spare = {
        location: units
        for location, units in await tx.tuples(SPARE, variant=question.variant_id, channel=question.channel)
        if known.get(location)
    }
    if question.reference:
        for location, units in await tx.tuples(OWN, variant=question.variant_id, reference=question.reference):
            spare[location] = max(0, spare.get(location, 0)) + units
    coming: dict[int, list[Incoming]] = {}
    for location, day, units in await tx.tuples(UNDER_WAY, variant=question.variant_id, today=tx.now.date()):
        coming.setdefault(location, []).append(Incoming(day, units))
    kept = await tx.value(KEPT, variant=question.variant_id, channel=question.channel) or 0
    offered = sum(max(0, units) for units in spare.values()) - kept
    found: list[Outlook] = []
    for id_ in {**spare, **coming}:
        if (place := known.get(id_)) is None:
            continue
        there = spare.get(id_, -place.location.safety)
        left = unpromised(coming.get(id_, ()), max(0, -there) + max(0, -offered))
        if one := _offer(question, place, max(0, min(there, offered)), left, tx.now):
            found.append(one)
    found.sort(
        key=lambda one: (
            one.from_day or date.min,
            one.km if one.km is not None else math.inf,
            -one.units,
            one.location,
        )
    )
    return found


def _offer(question: Question, place: Place, units: int, coming: list[Incoming], now: datetime) -> Outlook | None:
    day = None if units >= question.quantity else day_of(coming, question.quantity - units)
    if units < question.quantity and day is None:
        return None
    if question.method and question.method not in place.location.methods:
        return None
    km = km_to(question, place.location)
    if (km is None and question.km < math.inf) or (km or 0) > question.km:
        return None
    start = now
    if day:
        start = max(now, datetime.combine(day, datetime.min.time(), ZoneInfo(place.location.time_zone)))
    ready = place.ready(start)
    if (method := question.method) is not None:
        ready: dict[Method, datetime] = {method: ready[method]}
    named = place.location
    return Outlook(location=named.code, name=named.name, units=units, ready=ready, km=km, incoming=coming, from_day=day)


def unpromised(coming: Sequence[Incoming], owed: int) -> list[Incoming]:
    """What is left of it when the first `owed` units have gone to those who wait already."""
    left: list[Incoming] = []
    for one in coming:
        eaten = min(owed, one.units)
        owed -= eaten
        if one.units > eaten:
            left.append(Incoming(one.day, one.units - eaten))
    return left


def day_of(coming: Sequence[Incoming], wanted: int) -> date | None:
    """The day from which so many have come; None if they never will be enough."""
    for one in coming:
        if (wanted := wanted - one.units) <= 0:
            return one.day
    return None


SPARE = """
    SELECT b.location_id,
           (b.sellable - b.held - b.allocated - coalesce(b.safety, l.safety) - (
               SELECT coalesce(sum(f.quantity), 0) FROM inventory.fence AS f
               WHERE f.variant_id = b.variant_id AND f.location_id = b.location_id AND f.channel <> %(channel)s
           ) - coalesce((SELECT a.withheld FROM inventory.accuracy AS a
                         WHERE a.variant_id = b.variant_id AND a.location_id = b.location_id), 0))::integer
    FROM inventory.balance AS b JOIN inventory.location AS l USING (location_id) WHERE b.variant_id = %(variant)s
"""

OWN = """
    SELECT location_id, sum(quantity)::integer FROM inventory.promise
    WHERE reference = %(reference)s AND variant_id = %(variant)s GROUP BY 1
"""

UNDER_WAY = """
    SELECT to_location_id, expected_on, sum(under_way)::integer FROM inventory.transfer_line
    WHERE variant_id = %(variant)s AND under_way > 0 AND expected_on >= %(today)s
    GROUP BY 1, 2 ORDER BY 1, 2
"""

KEPT = "SELECT quantity FROM inventory.threshold WHERE variant_id = %(variant)s AND channel = %(channel)s"
