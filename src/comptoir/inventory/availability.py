"""Which locations can give me this, how, and when.

Truth, not a copy of it: the balances themselves are read, many questions with one statement. What is offered through
a channel is less than what may be promised to it by the channel's threshold, so that a marketplace that is told late
never sells the last ones.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from comptoir import channels
from comptoir.inventory.book import Stock
from comptoir.inventory.locations import locations
from comptoir.inventory.records import Location, Method
from comptoir.kernel.db import Tx, ints, texts

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


class Offer(msgspec.Struct, frozen=True, kw_only=True):
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


class Places:
    """All active locations in memory, and when each would be ready, worked out once a minute."""

    def __init__(self, found: Sequence[Place] = ()) -> None:
        self._by_id = {one.location.location_id: one for one in found}
        self._ids = {one.location.code: one.location.location_id for one in found}
        self._ready: dict[int, dict[Method, datetime]] = {}
        self._minute: datetime | None = None

    @property
    def ids(self) -> dict[str, int]:
        """By code."""
        return self._ids

    def get(self, location_id: int) -> Place | None:
        return self._by_id.get(location_id)

    def ready(self, place: Place, now: datetime) -> dict[Method, datetime]:
        minute = now.replace(second=0, microsecond=0)
        if minute != self._minute:
            self._ready, self._minute = {}, minute
        found = self._ready.get(place.location.location_id)
        if found is None:
            found = self._ready[place.location.location_id] = place.ready(now)
        return found


async def places(tx: Tx) -> Places:
    """As they are now."""
    outlets = {one.outlet_id: one for one in await channels.outlets(tx)}
    return Places(
        [Place(one, outlets.get(one.outlet_id or 0)) for one in await locations(tx) if one.active and one.methods]
    )


async def available(tx: Tx, questions: Sequence[Question], known: Places) -> list[list[Offer]]:
    """The offers for each question, in the same order."""
    stock: dict[int, list[tuple[int, Stock]]] = {}
    variants = ints(sorted({one.variant_id for one in questions}))
    fences: dict[tuple[int, int], dict[str, int]] = {}
    thresholds: dict[tuple[int, str], int] = {}
    for variant, location, channel, *numbers in await tx.tuples(READ, variants=variants):
        if location is None:
            thresholds[variant, channel] = numbers[0]
        elif channel is not None:
            fences.setdefault((variant, location), {})[channel] = numbers[0]
        else:
            stock.setdefault(variant, []).append((location, Stock(*numbers)))
    for (variant, location), kept in fences.items():
        for place, one in stock.get(variant, ()):
            if place == location:
                one.fences = kept
    own: dict[tuple[str, int, int], int] = {}
    if references := [one.reference for one in questions if one.reference]:
        for reference, variant, location, quantity in await tx.tuples(OWN, references=texts(references)):
            own[reference, variant, location] = quantity
    return [_offers(one, stock.get(one.variant_id, ()), own, thresholds, known, tx.now) for one in questions]


READ = """
    SELECT b.variant_id, b.location_id, NULL, b.sellable, b.display, b.damaged, b.quarantine, b.held, b.allocated,
           coalesce(b.safety, (SELECT l.safety FROM inventory.location AS l WHERE l.location_id = b.location_id))
    FROM inventory.balance AS b WHERE b.variant_id = ANY(%(variants)s::bigint[])
    UNION ALL
    SELECT f.variant_id, f.location_id, f.channel, f.quantity, 0, 0, 0, 0, 0, 0
    FROM inventory.fence AS f WHERE f.variant_id = ANY(%(variants)s::bigint[])
    UNION ALL
    SELECT t.variant_id, NULL, t.channel, t.quantity, 0, 0, 0, 0, 0, 0
    FROM inventory.threshold AS t WHERE t.variant_id = ANY(%(variants)s::bigint[])
"""


OWN = """
    SELECT reference, variant_id, location_id, quantity FROM inventory.promise
    WHERE reference = ANY(%(references)s::text[])
"""


def _offers(
    question: Question,
    stock: Sequence[tuple[int, Stock]],
    own: dict[tuple[str, int, int], int],
    thresholds: dict[tuple[int, str], int],
    known: Places,
    now: datetime,
) -> list[Offer]:
    free = [
        (place, max(0, one.free(question.channel)) + own.get((question.reference, question.variant_id, id_), 0))
        for id_, one in stock
        if (place := known.get(id_))
    ]
    offered = sum(units for _, units in free) - thresholds.get((question.variant_id, question.channel), 0)
    found: list[Offer] = []
    for place, there in free:
        units = min(there, offered)
        if units < question.quantity or (question.method and question.method not in place.location.methods):
            continue
        km = km_to(question, place.location)
        if (km is None and question.km < math.inf) or (km or 0) > question.km:
            continue
        ready = known.ready(place, now)
        if (method := question.method) is not None:
            ready: dict[Method, datetime] = {method: ready[method]}
        found.append(Offer(location=place.location.code, name=place.location.name, units=units, ready=ready, km=km))
    found.sort(key=lambda one: (one.km if one.km is not None else math.inf, -one.units, one.location))
    return found


def km_to(question: Question, location: Location) -> float | None:
    """Haversine."""
    if None in (question.latitude, question.longitude, location.latitude, location.longitude):
        return None
    here, there = math.radians(question.latitude or 0), math.radians(location.latitude or 0)
    east = math.radians((location.longitude or 0) - (question.longitude or 0))
    half = math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(east / 2) ** 2
    return round(2 * EARTH_KM * math.asin(math.sqrt(half)), 1)
