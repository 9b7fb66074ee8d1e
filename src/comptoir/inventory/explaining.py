"""Which locations can give me this, and for each that cannot: why not. What `available` says, with its reasons.

For people, one question at a time. A test holds the two together.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from comptoir import channels
from comptoir.inventory.availability import Place, Question, km_to
from comptoir.inventory.locations import locations
from comptoir.inventory.records import Location, Method
from comptoir.inventory.shelves import kept_back, stock_of
from comptoir.inventory.stock import Stock
from comptoir.kernel.db import Tx

Refused = Literal[
    "inactive", "gives_nothing", "method", "nothing", "promised", "safety", "fence", "doubted", "threshold", "too_few",
    "no_position", "too_far",
]  # fmt: skip
"""Why a location gives nothing for this question: it is closed down; it gives to no customer, or not by this method;
nothing lies there to be sold; all is promised; kept back as safety stock; kept for other channels; in doubt since the
last count; the last ones, which the channel does not offer; some are free, but fewer than wanted; nobody knows where it
is; it is too far."""

Later = Literal["closed", "cut_off", "lead"]
"""Why it takes until then: it is closed, the cut-off has passed, the work takes its time."""


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """One location, and whether it can give the goods. The numbers add up:
    sellable - held - allocated - safety - fenced - doubted = free.
    """

    location: Location
    outlet: channels.Outlet | None
    sellable: int
    held: int
    allocated: int
    safety: int
    fenced: int
    """Kept for other channels."""
    doubted: int
    """Not offered: the last count did not agree with the book."""
    own_fence: int
    """What is left there for this channel."""
    free: int
    """What may be promised to this channel there; less than nothing where more is promised than lies there."""
    own: int
    """Held there under the reference of the question, and free for it."""
    units: int
    """How many it can give; 0 if it cannot."""
    km: float | None
    ready: dict[Method, datetime]
    """When the goods would be ready, by each method that was asked for and it offers; empty where there are none."""
    later: tuple[Later, ...]
    opens_at: datetime | None
    """When it opens, where it is closed now."""
    refused: tuple[Refused, ...]
    """Empty: it can."""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one question: who can, the best first, and who cannot."""

    places: list[Explained]
    threshold: int
    """What the channel does not offer of the free ones, all locations together."""
    offered: int
    """What the channel may offer, all locations together."""

    @property
    def can(self) -> list[Explained]:
        return [one for one in self.places if not one.refused]

    @property
    def cannot(self) -> list[Explained]:
        return [one for one in self.places if one.refused]


async def explain(tx: Tx, question: Question) -> Explanation:
    """Every location of the house and what it can do for the question."""
    return (await explain_each(tx, [question]))[0]


async def explain_each(tx: Tx, questions: Sequence[Question]) -> list[Explanation]:
    """The same for several questions: the house is read once, and when a place would be ready is worked out once."""
    outlets = {one.outlet_id: one for one in await channels.outlets(tx)}
    known = [Place(one, outlets.get(one.outlet_id or 0)) for one in await locations(tx)]
    moments = Moments(tx.now)
    return [await _explain(tx, question, known, moments) for question in questions]


async def _explain(tx: Tx, question: Question, known: Sequence[Place], moments: "Moments") -> Explanation:
    stock, threshold = await _read(tx, question)
    own: dict[int, int] = {}
    if question.reference:
        own = dict(await tx.tuples(OWN, reference=question.reference, variant=question.variant_id))
    free = {
        place.location.location_id: max(0, there.free(question.channel)) + own.get(place.location.location_id, 0)
        for place in known
        if place.location.active
        and place.location.methods
        and (there := stock.get(place.location.location_id)) is not None
    }
    offered = max(0, sum(free.values()) - threshold)
    found = [
        _explained(question, place, stock.get(place.location.location_id), own, offered, moments) for place in known
    ]
    found.sort(key=_order)
    return Explanation(places=found, threshold=threshold, offered=offered)


async def _read(tx: Tx, question: Question) -> tuple[dict[int, Stock], int]:
    stock = {
        one.location_id: Stock(
            sellable=one.sellable,
            held=one.held,
            allocated=one.allocated,
            safety=one.safety,
            fences={NOBODY: one.doubted} if one.doubted else {},
        )
        for one in await stock_of(tx, [question.variant_id])
    }
    threshold = 0
    for one in await kept_back(tx, [question.variant_id]):
        if one.location_id is None:
            threshold = one.quantity if one.channel == question.channel else threshold
        elif one.location_id in stock:
            there = stock[one.location_id]
            there.fences = {**there.fences, one.channel: one.quantity}
    return stock, threshold


NOBODY = "*"
"""What is doubted is kept from every channel."""

OWN = """
    SELECT location_id, sum(quantity)::integer FROM inventory.promise
    WHERE reference = %(reference)s AND variant_id = %(variant)s GROUP BY location_id
"""


def _explained(
    question: Question, place: Place, there: Stock | None, own: dict[int, int], offered: int, moments: "Moments"
) -> Explained:
    location = place.location
    stock = there or Stock()
    mine = own.get(location.location_id, 0) if there else 0
    free = stock.free(question.channel)
    wanted: list[Method] = [question.method] if question.method else list(location.methods)
    moment = moments.of(place) if there else NEVER
    km = km_to(question, location)
    refused = tuple(_refused(question, location, stock, free=free, own=mine, offered=offered, km=km))
    return Explained(
        location=location,
        outlet=place.outlet,
        sellable=stock.sellable,
        held=stock.held - mine,
        allocated=stock.allocated,
        safety=stock.safety,
        fenced=sum(left for channel, left in stock.fences.items() if channel not in {question.channel, NOBODY}),
        doubted=stock.fences.get(NOBODY, 0),
        own_fence=stock.fences.get(question.channel, 0),
        free=free + mine,
        own=mine,
        units=0 if refused else min(max(0, free) + mine, offered),
        km=km,
        ready={method: at for method, at in moment.ready.items() if method in wanted},
        later=moment.later,
        opens_at=moment.opens_at,
        refused=refused,
    )


def _refused(
    question: Question, location: Location, stock: Stock, *, free: int, own: int, offered: int, km: float | None
) -> Iterator[Refused]:
    """All that stands in the way: the place first, then the goods in the order in which they are used up."""
    if not location.active:
        yield "inactive"
        return
    if not location.methods:
        yield "gives_nothing"
        return
    if question.method and question.method not in location.methods:
        yield "method"
    if km is None and question.km < math.inf:
        yield "no_position"
    elif (km or 0) > question.km:
        yield "too_far"
    there = max(0, free) + own
    if min(there, offered) >= question.quantity:
        return
    unpromised = stock.sellable - stock.held - stock.allocated + own
    if stock.sellable <= 0 and not own:
        yield "nothing"
    elif unpromised <= 0:
        yield "promised"
    elif there <= 0:
        others = sum(left for channel, left in stock.fences.items() if channel not in {question.channel, NOBODY})
        if stock.safety:
            yield "safety"
        if others:
            yield "fence"
        if NOBODY in stock.fences:
            yield "doubted"
    elif there < question.quantity:
        yield "too_few"
    else:
        yield "threshold"


class Moment(msgspec.Struct, frozen=True):
    """When goods that are ordered now would be ready at a place, and what it takes until then."""

    ready: dict[Method, datetime]
    later: tuple[Later, ...]
    opens_at: datetime | None


NEVER = Moment({}, (), None)


class Moments:
    """Worked out once for each place: hours are costly to read, and a house has hundreds of shops."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._found: dict[int, Moment] = {}

    def of(self, place: Place) -> Moment:
        key = place.location.location_id
        if key not in self._found:
            opens_at = channels.next_opening(place.outlet, self._now) if place.outlet else None
            self._found[key] = Moment(
                place.ready(self._now) if place.location.active else {},
                tuple(_later(place, self._now)),
                opens_at if opens_at and opens_at > self._now else None,
            )
        return self._found[key]


def _later(place: Place, now: datetime) -> Iterator[Later]:
    location = place.location
    if place.outlet and not channels.is_open(place.outlet, now):
        yield "closed"
    if location.cut_off is not None and now.astimezone(ZoneInfo(location.time_zone)).time() >= location.cut_off:
        yield "cut_off"
    if location.lead_minutes:
        yield "lead"


def _order(one: Explained) -> tuple[Any, ...]:
    """As `available` has them; those that cannot after those that can, with more before less."""
    distance = one.km if one.km is not None else math.inf
    return bool(one.refused), distance, -(one.units or one.sellable), one.location.code
