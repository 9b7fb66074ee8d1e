"""Each event is judged once: what becomes of it is written in the transaction that takes it off the list.

`rfid.unjudged` is filled with the events and emptied here, a batch in a transaction, one worker at a time. A worker
that dies leaves the batch as it was. Nothing here depends on the order in which events come: pieces are gathered in
sessions, and of two states of a piece the one seen later holds. What says that it was seen before 1970, or more than a
day after it came, is late: it changes nothing.
"""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal
from uuid import UUID

import msgspec

from comptoir import inventory
from comptoir.inventory import Move, State
from comptoir.kernel import jobs
from comptoir.kernel.db import Database, Tx, ints, rows, texts
from comptoir.kernel.rules import Now
from comptoir.rfid.readings import declarations, facts, rule_sets, sessions, settling
from comptoir.rfid.readings.facts import Place, Places, Read, Tag
from comptoir.rfid.readings.rule_sets import Count, Ignore, Outcome, ReadingRule, Ready, Receive, Sale, Ship, Turn
from comptoir.rfid.readings.sessions import Gathered

BATCH = 500
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
"""A clock that is further ahead of ours is wrong: its session would never be quiet."""
Fate = Literal["unwanted", "declaration", "taken_back", "nowhere", "late", "gathered", "moved", "sale", "ignored"]


class Verdict(msgspec.Struct):
    """What becomes of one event."""

    event_id: int
    fate: Fate
    rule: str = ""
    location_id: int | None = None
    session_id: UUID | None = None
    pieces: int = 0
    strays: int = 0


class Decided(msgspec.Struct, frozen=True):
    """What the rules say of an event, before anything is done."""

    fate: Fate
    rule: ReadingRule | None
    place: Place | None


def decide(ready: Ready, one: Read, places: Places) -> Decided:
    """Pure: the same rules and places say the same of the same event, whenever and how often they are asked."""
    place = facts.place_of(one, places)
    if one.declared_at is not None:
        return Decided("declaration", None, place)
    rule = ready.decides(facts.facts(one, places), Now(one.event_time, "UTC"))
    if rule is None:
        return Decided("unwanted", None, place)
    if not EARLIEST <= one.event_time <= one.recorded_at + AHEAD:
        return Decided("late", None, place)
    match rule.outcome:
        case Sale():
            fate: Fate = "sale"
        case Ignore():
            fate = "ignored"
        case Turn():
            fate = "moved" if place else "nowhere"
        case _:
            fate = "gathered" if place else "nowhere"
    return Decided(fate, rule, place)


# ---- the work


@jobs.task("rfid.judge_readings")
async def judge_readings(db: Database) -> None:
    """All that waits to be judged, then the sessions that have become quiet."""
    await judge(db)


@jobs.every("* * * * *", name="rfid.settle_readings")
async def settle_readings(db: Database) -> None:
    """What no job has judged, and sessions that are over."""
    await judge(db)
    await settling.settle(db)


async def judge(db: Database) -> int:
    """Until nothing waits; returns how many events were judged."""
    total = 0
    while done := await db.within(partial(judge_batch, most=BATCH)):
        total += done
    return total


async def judge_batch(tx: Tx, *, most: int) -> int:
    """The next events of the list, with all that becomes of them."""
    await tx.run(sessions.ONE_AT_A_TIME)
    ids = await tx.values(TAKE, most=most)
    if not ids:
        return 0
    given = await rule_sets.current(tx)
    ready, places = Ready(given), await places_now(tx)
    verdicts: list[Verdict] = []
    gathered: list[Gathered] = []
    turned: list[tuple[Verdict, Read, Turn, Place, list[Tag]]] = []
    several = await facts.reads(tx, ids)
    wrong = await declarations.declared(tx, several)
    too_late = await declarations.take_back(tx, {one.declares for one in several if one.declares})
    for one in several:
        decided = decide(ready, one, places)
        if one.key in wrong:
            decided = Decided("taken_back", None, decided.place)
        elif one.declares in too_late:
            decided = Decided("late", None, decided.place)
        place, rule = decided.place, decided.rule
        verdict = Verdict(one.event_id, decided.fate, rule.name if rule else "", place.location_id if place else None)
        verdicts.append(verdict)
        if rule is None or place is None:
            continue
        outcome: Outcome = rule.outcome
        if isinstance(outcome, Count | Receive | Ship):
            transfer = None if isinstance(outcome, Count) else facts.transfer_of(one)
            gathered.append(Gathered(one, rule.name, outcome, place.location_id, transfer, facts.tags(one)))
        elif isinstance(outcome, Turn):
            turned.append((verdict, one, outcome, place, facts.tags(one)))
    by_id = {one.event_id: one for one in verdicts}
    found = await sessions.articles(tx, {tag.gtin for one in gathered for tag in one.tags}
                                    | {tag.gtin for *_, tags in turned for tag in tags})  # fmt: skip
    for one, session_id in await sessions.gather(tx, gathered):
        verdict = by_id[one.read.event_id]
        verdict.session_id, verdict.fate = session_id, "gathered" if session_id else "late"
    strays: list[dict[str, Any]] = []
    for verdict, read, tags in [
        *((by_id[one.read.event_id], one.read, one.tags) for one in gathered),
        *((verdict, read, tags) for verdict, read, _, _, tags in turned),
    ]:
        known = [tag for tag in tags if tag.gtin in found]
        verdict.pieces, verdict.strays = sum(tag.quantity for tag in known), len(tags) - len(known)
        strays += [
            {"tag": tag.name, "gtin": tag.gtin, "location_id": verdict.location_id, "at": read.event_time,
             "event_id": read.event_id}
            for tag in tags if tag.gtin not in found
        ]  # fmt: skip
    await turn(tx, [(read, outcome.to, place.location_id, tag, found[tag.gtin])
                    for _, read, outcome, place, tags in turned for tag in tags
                    if tag.gtin in found])  # fmt: skip
    if strays:
        await tx.run(STRAYS, strays=rows(strays))
    await tx.run(JUDGED, verdicts=rows(verdicts), now=tx.now, version=given.version or None)
    await tx.run("DELETE FROM rfid.unjudged WHERE event_id = ANY(%(ids)s::bigint[])", ids=ints(ids))
    await declarations.tell_late(tx, too_late)
    return len(ids)


TAKE = "SELECT event_id FROM rfid.unjudged ORDER BY event_id LIMIT %(most)s"

JUDGED = """
    INSERT INTO rfid.reading (event_id, judged_at, version, rule, fate, location_id, session_id, pieces, strays)
    SELECT event_id, %(now)s, %(version)s, rule, fate, location_id, session_id, pieces, strays
    FROM json_to_recordset(%(verdicts)s::json) AS v (event_id bigint, fate text, rule text, location_id smallint,
        session_id uuid, pieces integer, strays integer)
    ORDER BY event_id
"""

STRAYS = """
    INSERT INTO rfid.stray AS s (tag, gtin, location_id, first_at, last_at, event_id)
    SELECT tag, min(gtin), (array_agg(location_id ORDER BY at DESC))[1], min(at), max(at),
           (array_agg(event_id ORDER BY at DESC))[1]
    FROM json_to_recordset(%(strays)s::json) AS n (tag text, gtin text, location_id smallint, at timestamptz,
        event_id bigint)
    GROUP BY tag ORDER BY tag
    ON CONFLICT (tag) DO UPDATE SET first_at = least(s.first_at, excluded.first_at),
        last_at = greatest(s.last_at, excluded.last_at),
        location_id = CASE WHEN excluded.last_at > s.last_at THEN excluded.location_id ELSE s.location_id END
"""


async def again(tx: Tx, *, since: Any) -> int:
    """Put events that came to nothing, captured since, on the list once more; returns how many.

    Only those that no rule wanted, or whose place was unknown: what had an effect is never judged again.
    """
    await tx.run(sessions.ONE_AT_A_TIME)
    found = await tx.run(AGAIN, since=since)
    if found:
        await jobs.defer(tx, judge_readings)
    return found


AGAIN = """
    WITH gone AS (
        DELETE FROM rfid.reading AS r USING rfid.event AS e
        WHERE r.event_id = e.event_id AND r.fate IN ('unwanted', 'nowhere') AND e.recorded_at >= %(since)s
        RETURNING r.event_id
    )
    INSERT INTO rfid.unjudged (event_id) SELECT event_id FROM gone
"""


# ---- where readers stand


async def places_now(tx: Tx) -> dict[str, Place]:
    """Names of read points and business locations, and the location that each is."""
    codes = {one.location_id: one.code for one in await inventory.locations(tx)}
    told = await tx.tuples("SELECT name, location_id FROM rfid.place")
    return {name: Place(location_id, codes[location_id]) for name, location_id in told}


async def stand(tx: Tx, given: dict[str, str]) -> None:
    """These and no others, by location code. Raises UnknownLocation."""
    codes = sorted(set(given.values()))
    ids = {one.code: one.location_id for one in await inventory.by_code(tx, codes)} if codes else {}
    told = [{"name": name, "location_id": ids[code]} for name, code in sorted(given.items())]
    await tx.run("DELETE FROM rfid.place WHERE name <> ALL(%(names)s::text[])", names=texts(sorted(given)))
    await tx.run(STAND, places=rows(told))


STAND = """
    INSERT INTO rfid.place (name, location_id)
    SELECT name, location_id FROM json_to_recordset(%(places)s::json) AS p (name text, location_id smallint)
    ORDER BY name
    ON CONFLICT (name) DO UPDATE SET location_id = excluded.location_id
"""


# ---- from one state to another


class Piece(msgspec.Struct):
    """In what state a piece was seen last."""

    tag: str
    location_id: int
    state: State
    seen_at: Any
    key: bytes


async def turn(tx: Tx, seen: list[tuple[Read, State, int, Tag, int]]) -> None:
    """Move pieces from where the book has them to where they were seen last. What was seen earlier changes nothing."""
    if not seen:
        return
    asked = [{"tag": tag.name, "location_id": place} for _, _, place, tag, _ in seen]
    known = {(one.tag, one.location_id): one for one in await tx.many(Piece, PIECES, asked=rows(asked))}
    moves: list[Move] = []
    changed: dict[tuple[str, int], Piece] = {}
    for read, state, place, tag, variant in seen:
        there = known.get((tag.name, place))
        was: State = there.state if there else "sellable"
        if there and (read.event_time, read.key) <= (there.seen_at, there.key):
            continue
        now = Piece(tag.name, place, state, read.event_time, read.key)
        known[tag.name, place] = changed[tag.name, place] = now
        if was == state:
            continue
        moves.append(
            Move(
                variant_id=variant,
                quantity=tag.quantity,
                from_location_id=place,
                to_location_id=place,
                from_state=was,
                to_state=state,
                act="adjust",
                is_fact=True,
                reason="display" if state == "display" else "read",
                reference=read.uri[:200],
                occurred_at=read.event_time,
                actor="rfid",
            )
        )
    if moves:
        for answer in await inventory.post(tx, moves):
            if isinstance(answer, Exception):
                raise answer
    told = [{**msgspec.structs.asdict(one), "key": one.key.hex()} for _, one in sorted(changed.items())]
    await tx.run(TURNED, pieces=rows(told))


PIECES = """
    SELECT p.tag, p.location_id, p.state, p.seen_at, p.key
    FROM (SELECT DISTINCT tag, location_id
          FROM json_to_recordset(%(asked)s::json) AS n (tag text, location_id smallint)) AS a
    CROSS JOIN LATERAL (
        SELECT * FROM rfid.piece_state AS p WHERE p.tag = a.tag AND p.location_id = a.location_id) AS p
"""

TURNED = """
    INSERT INTO rfid.piece_state (tag, location_id, state, seen_at, key)
    SELECT tag, location_id, state, seen_at, decode(key, 'hex')
    FROM json_to_recordset(%(pieces)s::json) AS p (tag text, location_id smallint, state text, seen_at timestamptz,
        key text)
    ON CONFLICT (tag, location_id) DO UPDATE SET state = excluded.state, seen_at = excluded.seen_at, key = excluded.key
"""
