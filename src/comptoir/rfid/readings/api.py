"""/v1/rfid: rules for reads, where readers stand, what became of events. Part of `api.py`."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta

from comptoir.inventory import UnknownLocation
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid
from comptoir.kernel.http import Cursor, Limit, Page, page, place_of, raises
from comptoir.rfid.errors import BadReadingRule, RulesChanged, UnknownEvent
from comptoir.rfid.gs1 import canonical
from comptoir.rfid.readings import judging, rule_sets, telling
from comptoir.rfid.readings.judging import Fate
from comptoir.rfid.readings.rule_sets import ReadingRule, RuleSet
from comptoir.rfid.readings.telling import Explanation, Reading, Said, Session, Stray, Trial

Rules = Annotated[list[ReadingRule], Meta(max_length=100)]


class RuleInWords(msgspec.Struct, frozen=True):
    """A rule as sentences."""

    name: str
    condition: Said
    outcome: Said


class RulesInForce(msgspec.Struct, frozen=True):
    """What reads do to the stock, for programs and for people."""

    set: RuleSet
    words: list[RuleInWords]


class NewRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules in order; the first whose condition holds decides."""

    rules: Rules
    after: Annotated[int, Meta(ge=0)]
    """The version that was read before they were written."""


@get("/rules", guards=[allow("rfid:read")])
async def get_rules(tx: NamedDependency[Tx]) -> RulesInForce:
    """The rules in force."""
    return told(await rule_sets.current(tx))


@put("/rules", guards=[allow("rfid:admin")], responses=raises(Invalid, BadReadingRule, RulesChanged))
async def set_rules(tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[NewRules]) -> RulesInForce:
    """A new version. It holds for what is judged from now on; what was judged stays as it is."""
    return told(await rule_sets.replace(tx, given=data.rules, after=data.after, actor=str(actor.id)))


def told(given: RuleSet) -> RulesInForce:
    said = [
        RuleInWords(one.name, telling.said_condition(one), telling.said_outcome(one.outcome)) for one in given.rules
    ]
    return RulesInForce(given, said)


class TrialOf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules to be tried; null: those in force."""

    rules: Rules | None = None
    events: Annotated[int, Meta(ge=1, le=1_000)] = 200
    """So many of the newest."""


@post(
    "/rules/trial",
    guards=[allow("rfid:read")],
    responses=raises(Invalid, BadReadingRule),
    status_code=HTTP_200_OK,
    reads_only=True,
)
async def try_rules(tx: NamedDependency[Tx], data: JSONBody[TrialOf]) -> Trial:
    """What rules would make of the newest events. Nothing is written."""
    return await telling.attempt(tx, given=data.rules, limit=data.events)


class Standing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A read point or business location, in any form of its GLN or by a URI of one's own, and our location."""

    name: Annotated[str, Meta(min_length=1, max_length=1_000)]
    location: Annotated[str, Meta(min_length=1, max_length=60)]


class Standings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of them, by name."""

    places: Annotated[list[Standing], Meta(max_length=10_000)]


@get("/places", guards=[allow("rfid:read")])
async def get_places(tx: NamedDependency[Tx]) -> Standings:
    """Where readers stand."""
    places = await judging.places_now(tx)
    return Standings([Standing(name, places[name].code) for name in sorted(places)])


@put("/places", guards=[allow("rfid:admin")], responses=raises(Invalid, UnknownLocation))
async def set_places(tx: NamedDependency[Tx], data: JSONBody[Standings]) -> Standings:
    """Say where readers stand: these, and no others."""
    await judging.stand(tx, {canonical(one.name): one.location for one in data.places})
    places = await judging.places_now(tx)
    return Standings([Standing(name, places[name].code) for name in sorted(places)])


@get("/readings", guards=[allow("rfid:read")], responses=raises(Invalid))
async def list_readings(
    tx: NamedDependency[Tx],
    fate: Annotated[Fate | None, QueryParameter(description="Only those that came to this.")] = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[Reading]:
    """Events and what became of them, the newest first."""
    (before,) = place_of(cursor, int) or (None,)
    found = await telling.readings(tx, fate=fate, before=before, limit=limit + 1)
    return page(found, limit, lambda one: [one.event_id])


@get("/readings/{event_id:int}", guards=[allow("rfid:read")], responses=raises(UnknownEvent))
async def explain_reading(tx: NamedDependency[Tx], event_id: FromPath[int]) -> Explanation:
    """Why an event came to what it did: what the rules saw, which one held, in words."""
    return await telling.explain(tx, event_id=event_id)


class Since(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Captured at that moment or later."""

    since: Annotated[datetime, Meta(tz=True)]


class Listed(msgspec.Struct, frozen=True):
    """So many events wait to be judged."""

    events: int


@post("/readings/again", guards=[allow("rfid:admin")], responses=raises(Invalid), status_code=HTTP_200_OK)
async def judge_again(tx: NamedDependency[Tx], data: JSONBody[Since]) -> Listed:
    """Judge by the rules and places of today what no rule wanted, or what was read nobody knew where."""
    return Listed(await judging.again(tx, since=data.since))


@get("/sessions", guards=[allow("rfid:read")], responses=raises(Invalid))
async def list_sessions(tx: NamedDependency[Tx], cursor: Cursor = "", limit: Limit = 50) -> Page[Session]:
    """Reads that belong together, and the count, receipt or shipment that they became; the newest first."""
    before = place_of(cursor, datetime, UUID)
    found = await telling.sessions(tx, before=(before[0], before[1]) if before else None, limit=limit + 1)
    return page(found, limit, lambda one: [one.last_at, one.session_id])


@get("/strays", guards=[allow("rfid:read")], responses=raises(Invalid))
async def list_strays(tx: NamedDependency[Tx], cursor: Cursor = "", limit: Limit = 50) -> Page[Stray]:
    """Tags that a rule wanted and that are no article of the catalog, the newest first."""
    before = place_of(cursor, datetime, str)
    found = await telling.strays(tx, before=(before[0], before[1]) if before else None, limit=limit + 1)
    return page(found, limit, lambda one: [one.last_at, one.tag])


ROUTES: list[Any] = [
    get_rules,
    set_rules,
    try_rules,
    get_places,
    set_places,
    list_readings,
    explain_reading,
    judge_again,
    list_sessions,
    list_strays,
]
