"""Which locations can give me this, how, and when.

Truth, not a copy of it: the balances themselves are read, many questions with one statement. What is offered through
a channel is less than what may be promised to it by the channel's threshold, so that a marketplace that is told late
never sells the last ones.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from comptoir import channels
from comptoir.inventory.locations import locations
from comptoir.inventory.records import Location, Method
from comptoir.kernel.db import ints, texts
from comptoir.kernel.tx import Asked, Tx

EARTH_KM = 6371.0


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Who can give so many pieces of a variant to a customer of this channel?"""

    variant_id: int
    quantity: int = 1
    channel: str = ""
    method: Method | None = None
    """Null: by any."""
    latitude: float | None = None
    longitude: float | None = None
    km: float = math.inf
    """No farther than this from there, as the crow flies."""
    reference: str = ""
    """What is promised under it counts as free: one's own basket never blocks."""


class Offer(msgspec.Struct, frozen=True, gc=False):
    """A location that has the goods, nearest first where the question names a place, else most units first."""

    location: str
    name: str
    units: int
    """How many may be promised there now."""
    ready: dict[Method, datetime]
    """When the goods would be ready to be collected, or handed to the carrier."""
    km: float | None = None


class Place(msgspec.Struct, frozen=True):
    """A location with its opening hours."""

    location: Location
    outlet: channels.Outlet | None

    def ready(self, now: datetime) -> dict[Method, datetime]:
        """By method: the first working time after now and after the cut-off, and the lead time on top of it."""
        start = now
        if (cut_off := self.location.cut_off) is not None:
            zone = ZoneInfo(self.location.time_zone)
            local = now.astimezone(zone)
            if local.time() >= cut_off:
                start = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), zone)
        moment = self._working(start) + timedelta(minutes=self.location.lead_minutes)
        ready = self._working(moment)
        return {method: ready if method == "collect" else moment for method in self.location.methods}

    def _working(self, at: datetime) -> datetime:
        return (channels.next_opening(self.outlet, at) or at) if self.outlet else at


class Standing(msgspec.Struct, frozen=True, gc=False):
    """A location as it stands in this minute, for a method."""

    location: Location
    safety: int
    """Of an article that has none of its own."""
    gives: bool
    """By this method at all."""
    ready: dict[Method, datetime]


class Places:
    """All active locations in memory, and when each would be ready, worked out once a minute."""

    def __init__(self, found: Sequence[Place] = ()) -> None:
        self._by_id = {one.location.location_id: one for one in found}
        self._ids = {one.location.code: one.location.location_id for one in found}
        self._ready: dict[tuple[int, Method | None], dict[Method, datetime]] = {}
        self._standings: dict[Method | None, dict[int, Standing | None]] = {}
        self._minute: datetime | None = None
        self._now: datetime | None = None

    @property
    def ids(self) -> dict[str, int]:
        """By code."""
        return self._ids

    def get(self, location_id: int) -> Place | None:
        return self._by_id.get(location_id)

    def _turn(self, now: datetime) -> None:
        """What was worked out is good for its minute."""
        minute = now.replace(second=0, microsecond=0)
        if minute != self._minute:
            self._ready, self._standings, self._minute = {}, {}, minute
        self._now = now

    def ready(self, place: Place, now: datetime, method: Method | None = None) -> dict[Method, datetime]:
        """By all of its methods, or by this one."""
        if now != self._now:
            self._turn(now)
        key = place.location.location_id, method
        if key not in self._ready:
            found = place.ready(now)
            self._ready[key] = {one: moment for one, moment in found.items() if method in {None, one}}
        return self._ready[key]

    def standings(self, ids: Iterable[int], now: datetime, method: Method | None) -> dict[int, Standing | None]:
        """These locations among others; None for one that is not active."""
        if now != self._now:
            self._turn(now)
        found = self._standings.setdefault(method, {})
        for id_ in ids:
            if id_ not in found:
                place = self._by_id.get(id_)
                found[id_] = self._standing(place, now, method) if place else None
        return found

    def _standing(self, place: Place, now: datetime, method: Method | None) -> Standing:
        gives = method is None or method in place.location.methods
        ready = self.ready(place, now, method) if gives else {}
        return Standing(place.location, place.location.safety, gives, ready)

    def due(self, location_id: int, method: Method, now: datetime) -> datetime | None:
        """When goods of an order that is placed now are to be ready there; None where nobody knows."""
        place = self._by_id.get(location_id)
        return self.ready(place, now).get(method) if place else None


async def places(tx: Tx) -> Places:
    """As they are now."""
    outlets = {one.outlet_id: one for one in await channels.outlets(tx)}
    return Places(
        [Place(one, outlets.get(one.outlet_id or 0)) for one in await locations(tx) if one.active and one.methods]
    )


async def available(tx: Tx, questions: Sequence[Question], known: Places) -> list[list[Offer]]:
    """The offers for each question, in the same order."""
    variants = ints(sorted({one.variant_id for one in questions}))
    references = [one.reference for one in questions if one.reference]
    asked: list[Asked] = [(SPARE, {"variants": variants}), (KEPT, {"variants": variants})]
    if references:
        asked.append((OWN, {"references": texts(references)}))
    spare, keeping, *owned = await tx.together(*asked)
    stock: dict[int, Spare] = {variant: columns for variant, *columns in spare if columns[0]}
    kept: dict[tuple[int, int], dict[str, int]] = {}
    thresholds: dict[tuple[int, str], int] = {}
    for variant, location, channel, quantity in keeping:
        if location is None:
            thresholds[variant, channel] = quantity
        else:
            kept.setdefault((variant, location), {})[channel] = quantity
    own = {
        (reference, variant, location): quantity for some in owned for reference, variant, location, quantity in some
    }
    offers: list[list[Offer]] = []
    for one in questions:
        threshold = thresholds.get((one.variant_id, one.channel), 0)
        offers.append(_offers(one, stock.get(one.variant_id, ()), kept, own, threshold, known, tx.now))
    return offers


Spare = Sequence[Sequence[Any]]
"""Locations, the sellable pieces there that are not promised, and how many of the variant are kept back there."""

# One row for a variant, not one for each of its places: reading rows would cost more than all the rest.
SPARE = """
    SELECT v.variant_id, b.locations, b.spare, b.safety
    FROM unnest(%(variants)s::bigint[]) AS v (variant_id)
    CROSS JOIN LATERAL (
        SELECT array_agg(location_id) AS locations, array_agg(sellable - held - allocated) AS spare,
               array_agg(safety) AS safety
        FROM inventory.balance AS b WHERE b.variant_id = v.variant_id AND (sellable > 0 OR held > 0 OR allocated > 0)
    ) AS b
"""

KEPT = """
    SELECT f.variant_id, f.location_id, f.channel, f.quantity
    FROM inventory.fence AS f WHERE f.variant_id = ANY(%(variants)s::bigint[])
    UNION ALL
    SELECT t.variant_id, NULL, t.channel, t.quantity
    FROM inventory.threshold AS t WHERE t.variant_id = ANY(%(variants)s::bigint[])
    UNION ALL  -- for no channel: the last count did not agree with the book
    SELECT a.variant_id, a.location_id, '*', a.withheld
    FROM inventory.accuracy AS a WHERE a.variant_id = ANY(%(variants)s::bigint[]) AND a.withheld > 0
"""

OWN = """
    SELECT reference, variant_id, location_id, quantity FROM inventory.promise
    WHERE reference = ANY(%(references)s::text[])
"""


def _offers(
    question: Question,
    stock: Spare,
    kept: dict[tuple[int, int], dict[str, int]],
    own: dict[tuple[str, int, int], int],
    threshold: int,
    known: Places,
    now: datetime,
) -> list[Offer]:
    standings = known.standings(stock[0], now, question.method) if stock else {}
    offered = -threshold
    free: list[tuple[int, str, Standing]] = []
    for location_id, spare, safety in zip(*stock, strict=True):
        if (place := standings[location_id]) is None:
            continue
        units = spare - (place.safety if safety is None else safety)
        if kept and (fences := kept.get((question.variant_id, location_id))):
            units -= sum(left for channel, left in fences.items() if channel != question.channel)
        if own:
            units = max(0, units) + own.get((question.reference, question.variant_id, location_id), 0)
        elif units <= 0:
            continue
        offered += units
        if units >= question.quantity and place.gives:
            free.append((-units, place.location.code, place))
    if offered < question.quantity:
        return []
    if threshold:  # no place is offered with more than the channel is offered of all
        free = [(max(less, -offered), code, at) for less, code, at in free]
    free.sort()  # by units and code: no two have one code
    if question.latitude is None or question.longitude is None:
        return [Offer(code, at.location.name, -less, at.ready) for less, code, at in free]
    offers: list[Offer] = []
    for less, code, at in free:
        km = km_to(question, at.location)
        if (math.inf if km is None else km) <= question.km:
            offers.append(Offer(code, at.location.name, -less, at.ready, km))
    offers.sort(key=lambda one: math.inf if one.km is None else one.km)
    return offers


def km_to(question: Question, location: Location) -> float | None:
    """Haversine."""
    if None in (question.latitude, question.longitude, location.latitude, location.longitude):
        return None
    here, there = math.radians(question.latitude or 0), math.radians(location.latitude or 0)
    east = math.radians((location.longitude or 0) - (question.longitude or 0))
    half = math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(east / 2) ** 2
    return round(2 * EARTH_KM * math.asin(math.sqrt(half)), 1)
