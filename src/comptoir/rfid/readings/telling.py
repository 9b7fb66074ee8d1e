"""What became of events, and why: in words, and for rules that are only tried."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from comptoir.kernel import rules
from comptoir.kernel.db import Tx
from comptoir.kernel.rules import Language, Now
from comptoir.rfid.errors import UnknownEvent
from comptoir.rfid.readings import facts, rule_sets
from comptoir.rfid.readings.facts import EVENT
from comptoir.rfid.readings.judging import Fate, decide, places_now
from comptoir.rfid.readings.rule_sets import Outcome, ReadingRule, Ready, RuleSet


class Said(msgspec.Struct, frozen=True):
    """The same in both languages."""

    en: str
    fr: str


FATES: dict[str, Said] = {
    "waits": Said("It has not been judged yet.", "Elle n’a pas encore été jugée."),
    "unwanted": Said("No rule wants it: nothing became of it.", "Aucune règle ne la retient : elle n’a pas de suite."),
    "declaration": Said(
        "It declares another event to be an error: what that one did is taken back.",
        "Elle déclare une autre lecture erronée : ce que celle-ci a fait est repris.",
    ),
    "taken_back": Said(
        "It was declared to be an error: it counts for nothing.", "Elle a été déclarée erronée : elle ne compte pas."
    ),
    "nowhere": Said(
        "A rule wants it, but nobody has said at which location its reader stands.",
        "Une règle la retient, mais le lieu de son lecteur n’est pas connu.",
    ),
    "late": Said(
        "It came after the session was closed, or from a wrong clock, and changed nothing.",
        "Elle est arrivée après la clôture de la session, ou d’une horloge fausse, et n’a rien changé.",
    ),
    "gathered": Said("It waits in its session.", "Elle attend dans sa session."),
    "moved": Said(
        "Its pieces stand in the state they were seen in last.", "Ses pièces sont dans leur dernier état vu."
    ),
    "sale": Said("It is a sale: the till tells it.", "C’est une vente : la caisse la dit."),
    "ignored": Said("A rule says to do nothing.", "Une règle dit de ne rien faire."),
}
SESSIONS: dict[tuple[str, str], Said] = {
    ("count", "open"): Said("Its session becomes a count.", "Sa session deviendra un inventaire."),
    ("receive", "open"): Said("Its session becomes a receipt.", "Sa session deviendra une réception."),
    ("ship", "open"): Said("Its session becomes a shipment.", "Sa session deviendra un départ."),
    ("count", "done"): Said("Its session became a count.", "Sa session est devenue un inventaire."),
    ("receive", "done"): Said("Its session became a receipt.", "Sa session est devenue une réception."),
    ("ship", "done"): Said("Its session became a shipment.", "Sa session est devenue un départ."),
}
EMPTY = Said("Nothing came of its session.", "Sa session n’a rien donné.")


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """An event and what became of it. `fate` is `waits` while it was not judged."""

    event_id: int
    event: str
    """Its eventID."""
    happened_at: datetime
    captured_at: datetime
    fate: str
    judged_at: datetime | None
    version: int | None
    rule: str
    location: str
    pieces: int
    strays: int
    session_id: UUID | None
    session_kind: str | None
    session_stage: str | None
    became: UUID | None
    """The count, transfer or delivery that its session became."""
    why: str
    """Of its session: what it waits for, or what of it came to nothing."""


SELECT: LiteralString = """
    SELECT e.event_id, e.uri AS event, e.event_time AS happened_at, e.recorded_at AS captured_at,
           coalesce(r.fate, 'waits') AS fate, r.judged_at, r.version, coalesce(r.rule, '') AS rule,
           coalesce((SELECT l.code FROM inventory.v_location AS l WHERE l.location_id = r.location_id), '') AS location,
           coalesce(r.pieces, 0) AS pieces, coalesce(r.strays, 0) AS strays, r.session_id, s.kind AS session_kind,
           s.stage AS session_stage, s.became, coalesce(s.why, '') AS why
    FROM rfid.event AS e LEFT JOIN rfid.reading AS r USING (event_id) LEFT JOIN rfid.session AS s USING (session_id)
"""
LIST: LiteralString = f"""{SELECT}
    WHERE (%(before)s::bigint IS NULL OR e.event_id < %(before)s) AND (%(fate)s::text IS NULL OR r.fate = %(fate)s)
    ORDER BY e.event_id DESC LIMIT %(limit)s
"""
ONE: LiteralString = f"{SELECT} WHERE e.event_id = %(event_id)s"


async def readings(tx: Tx, *, fate: Fate | None = None, before: int | None = None, limit: int) -> list[Reading]:
    """The newest first."""
    return await tx.many(Reading, LIST, fate=fate, before=before, limit=limit)


class Judged(msgspec.Struct, frozen=True):
    """A rule that was asked, and whether its condition held."""

    name: str
    holds: bool
    condition: Said
    outcome: Said


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why an event came to what it did. `rules` are those of the version that judged it, up to the one that held."""

    reading: Reading
    facts: dict[str, Any]
    """What the rules could see."""
    rules: list[Judged]
    said: Said


async def explain(tx: Tx, *, event_id: int) -> Explanation:
    """Raises UnknownEvent."""
    found = await tx.maybe(Reading, ONE, event_id=event_id)
    if found is None:
        raise UnknownEvent(f"No event has the number {event_id}.", event_id=event_id)
    (one,) = await facts.reads(tx, [event_id])
    known = facts.facts(one, await places_now(tx))
    given = await rule_sets.current(tx) if found.fate == "waits" else await rule_sets.version(tx, found.version or 0)
    judged: list[Judged] = []
    if one.declared_at is None and found.fate != "taken_back":
        for rule, condition in zip(given.rules, Ready(given).conditions, strict=True):
            holds = rules.compile(condition)(known, Now(one.event_time, "UTC"))
            judged.append(Judged(rule.name, holds, said_condition(rule), said_outcome(rule.outcome)))
            if holds:
                break
    seen: dict[str, Any] = {
        name: sorted(value) if EVENT[name].type == "set" else value for name, value in known.items()
    }
    return Explanation(reading=found, facts=seen, rules=judged, said=Said(said(found, "en"), said(found, "fr")))


def said(one: Reading, language: Language) -> str:
    """One or two sentences: which rule, and what came of it."""
    parts: list[str] = []
    if one.rule:
        parts.append(
            f"The rule “{one.rule}” (version {one.version}) decided."
            if language == "en"
            else f"La règle « {one.rule} » (version {one.version}) a décidé."
        )
    if one.session_kind and one.session_stage:
        told = SESSIONS.get((one.session_kind, one.session_stage), EMPTY)
    else:
        told = FATES[one.fate]
    parts.append(told.en if language == "en" else told.fr)
    if one.strays:
        parts.append(
            f"Tags that are no article of the catalog: {one.strays}."
            if language == "en"
            else f"Étiquettes qui ne sont aucun article du catalogue : {one.strays}."
        )
    return " ".join(parts)


def said_condition(rule: ReadingRule) -> Said:
    return Said(rule_sets.rule_words(rule, "en"), rule_sets.rule_words(rule, "fr"))


def said_outcome(outcome: Outcome) -> Said:
    return Said(rule_sets.outcome_words(outcome, "en"), rule_sets.outcome_words(outcome, "fr"))


# ---- rules that are only tried


class Tried(msgspec.Struct, frozen=True):
    """What rules would have made of one event."""

    event_id: int
    event: str
    happened_at: datetime
    fate: Fate
    rule: str
    location: str
    pieces: int
    said: Said


class Trial(msgspec.Struct, frozen=True):
    """What rules would have made of the newest events; nothing was done."""

    fates: dict[str, int]
    rules: dict[str, int]
    """How many events each rule would have decided."""
    events: list[Tried]


async def attempt(tx: Tx, *, given: Sequence[ReadingRule] | None, limit: int) -> Trial:
    """These rules, or those in force, over the newest events: nothing is written. Raises BadReadingRule."""
    if given is None:
        tried = await rule_sets.current(tx)
    else:
        rule_sets.check(given)
        tried = RuleSet(version=0, made_at=None, made_by="", rules=list(given))
    ready, places = Ready(tried), await places_now(tx)
    events: list[Tried] = []
    fates, names = Counter[str](), Counter[str]({one.name: 0 for one in tried.rules})
    for one in await facts.newest(tx, limit):
        decided = decide(ready, one, places)
        name = decided.rule.name if decided.rule else ""
        fates[decided.fate] += 1
        names.update([name] if name else [])
        acts = decided.rule is not None and decided.fate != "nowhere"
        told = said_outcome(decided.rule.outcome) if decided.rule and acts else FATES[decided.fate]
        place = decided.place.code if decided.place else ""
        pieces = sum(tag.quantity for tag in facts.tags(one))
        events.append(Tried(one.event_id, one.uri, one.event_time, decided.fate, name, place, pieces, told))
    return Trial(dict(fates), dict(names), events)


# ---- sessions and strays


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Reads that belong together. `pieces`: of whatever was read, each once."""

    session_id: UUID
    kind: str
    rule: str
    location: str
    transfer_id: UUID | None
    first_at: datetime
    last_at: datetime
    stage: str
    why: str
    closed_at: datetime | None
    became: UUID | None
    pieces: int


async def sessions(
    tx: Tx, *, is_open: bool | None = None, before: tuple[datetime, UUID] | None, limit: int
) -> list[Session]:
    """The newest first; only those under way, or only those that are over."""
    at, session_id = before or (None, None)
    return await tx.many(Session, SESSION_LIST, is_open=is_open, at=at, session_id=session_id, limit=limit)


async def sessions_pulse(tx: Tx) -> str:
    """Another text whenever something was read or a session has ended."""
    return await tx.value(SESSION_PULSE)


SESSION_PULSE = """
    SELECT concat_ws(' ', extract(epoch FROM max(heard_at)), extract(epoch FROM max(closed_at)), count(*),
                     count(*) FILTER (WHERE stage = 'open' AND why <> ''))
    FROM rfid.session
"""


SESSION_LIST = """
    SELECT s.session_id, s.kind, s.rule,
           coalesce((SELECT l.code FROM inventory.v_location AS l WHERE l.location_id = s.location_id), '') AS location,
           s.transfer_id, s.first_at, s.last_at, s.stage, s.why, s.closed_at, s.became,
           coalesce((SELECT sum(t.quantity) FROM rfid.session_tag AS t WHERE t.session_id = s.session_id), 0)::integer
               AS pieces
    FROM rfid.session AS s
    WHERE (%(is_open)s::boolean IS NULL OR (s.stage = 'open') = %(is_open)s::boolean)
      AND (%(at)s::timestamptz IS NULL OR (s.last_at, s.session_id) < (%(at)s::timestamptz, %(session_id)s::uuid))
    ORDER BY s.last_at DESC, s.session_id DESC LIMIT %(limit)s
"""


class Stray(msgspec.Struct, frozen=True, kw_only=True):
    """A tag that a rule wanted, and that is no article of the catalog."""

    tag: str
    gtin: str | None
    """Of an article that the catalog does not know, or knows twice; null: the tag is of something else."""
    location_id: int
    first_at: datetime
    last_at: datetime
    event_id: int


async def strays(tx: Tx, *, before: tuple[datetime, str] | None, limit: int) -> list[Stray]:
    """Those that are none to this day, the newest first."""
    at, tag = before or (None, None)
    return await tx.many(Stray, STRAY_LIST, at=at, tag=tag, limit=limit)


STRAY_LIST = """
    SELECT s.tag, s.gtin, s.location_id, s.first_at, s.last_at, s.event_id FROM rfid.stray AS s
    WHERE (%(at)s::timestamptz IS NULL OR (s.last_at, s.tag) < (%(at)s::timestamptz, %(tag)s::text))
      AND (SELECT count(*) FROM catalog.v_variant AS v WHERE v.gtin = s.gtin) <> 1
    ORDER BY s.last_at DESC, s.tag DESC LIMIT %(limit)s
"""
