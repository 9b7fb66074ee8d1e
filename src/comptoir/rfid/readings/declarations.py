"""An event that is declared to be an error has never been: what its reads did is taken back, as far as it can be.

Declared before it is judged, it comes to nothing. Declared after, its pieces stand where the reads that are left saw
them last, and its session is gathered anew without it. What a session has become (a count, a receipt, a shipment)
stays, because people have acted on it: then the declaration is late and is listed as that, the session says so, it is
told, and a count puts it right.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from comptoir import inventory
from comptoir.inventory import Move, State
from comptoir.kernel.db import Tx, ints, rows, texts
from comptoir.rfid.events import DeclaredTooLate
from comptoir.rfid.readings import facts, sessions
from comptoir.rfid.readings.facts import Read


async def declared(tx: Tx, reads: Sequence[Read]) -> set[bytes]:
    """The keys of those that somebody has declared to be errors, in whatever order we heard of it."""
    return set(await tx.values(DECLARED, keys=binaries(one.key for one in reads)))


# The first condition lets a plan made while the table was small use the index.
DECLARED = "SELECT declares FROM rfid.event WHERE declares IS NOT NULL AND declares = ANY(%(keys)s::bytea[])"


class Wrong(msgspec.Struct, frozen=True):
    """An event in error that was judged, and what had become of it."""

    event_id: int
    key: bytes
    fate: str
    session_id: UUID | None
    stage: Literal["open", "done", "empty"] | None


async def take_back(tx: Tx, keys: set[bytes]) -> set[bytes]:
    """Undo what was judged of these events; returns the keys of those for which it is too late."""
    if not keys:
        return set()
    found = await tx.many(Wrong, FOUND, keys=binaries(keys))
    late = {one.key for one in found if one.fate == "gathered" and one.stage == "done"}
    wrong = [one for one in found if one.key not in late and one.fate not in {"declaration", "taken_back"}]
    if not wrong:
        return late
    await tx.run(TAKEN_BACK, ids=ints(one.event_id for one in wrong))
    if moved := [one.event_id for one in wrong if one.fate == "moved"]:
        await stand_as_before(tx, await facts.reads(tx, moved))
    for session_id in sorted({one.session_id for one in wrong if one.session_id and one.stage == "open"}):
        await sessions.gather_anew(tx, session_id)
    return late


FOUND = """
    SELECT event_id, e.key, r.fate, r.session_id, s.stage
    FROM rfid.event AS e JOIN rfid.reading AS r USING (event_id) LEFT JOIN rfid.session AS s USING (session_id)
    WHERE e.key = ANY(%(keys)s::bytea[]) ORDER BY event_id
"""

TAKEN_BACK = """
    UPDATE rfid.reading SET fate = 'taken_back', rule = '', session_id = NULL, pieces = 0, strays = 0
    WHERE event_id = ANY(%(ids)s::bigint[])
"""


async def tell_late(tx: Tx, keys: set[bytes]) -> None:
    """What became of these events stays: the session says so to whoever looks at it, and it is told, once."""
    if not keys:
        return
    found = await tx.tuples(LATE, keys=binaries(keys), why=TOO_LATE)
    await tx.tell(*(
        DeclaredTooLate(session_id=session_id, session_kind=kind, location_id=location_id, became=became)
        for session_id, kind, location_id, became in sorted(found)
    ))  # fmt: skip


TOO_LATE = "Some of its reads were declared to be errors afterwards: count there again."

LATE = """
    UPDATE rfid.session AS s SET why = trim(s.why || ' ' || %(why)s::text)
    WHERE s.stage = 'done' AND strpos(s.why, %(why)s::text) = 0 AND s.session_id IN (
        SELECT r.session_id FROM rfid.event AS e JOIN rfid.reading AS r USING (event_id)
        WHERE e.key = ANY(%(keys)s::bytea[]) AND r.fate = 'gathered')
    RETURNING s.session_id, s.kind, s.location_id, s.became
"""


# ---- pieces


class Standing(msgspec.Struct, frozen=True):
    """The state that a piece has by an event in error, and the one that the newest of the other reads gives it."""

    tag: str
    location_id: int
    state: State
    before: State | None
    seen_at: datetime | None
    key: bytes | None


async def stand_as_before(tx: Tx, wrong: Sequence[Read]) -> None:
    """Pieces that stand where these reads saw them last go back to where the others did; to the shelf without any."""
    pieces = {tag.name: (tag, read) for read in wrong for tag in facts.tags(read)}
    keys = binaries(one.key for one in wrong)
    standing = await tx.many(Standing, STANDING, tags=texts(sorted(pieces)), keys=keys)
    known = await sessions.articles(tx, {pieces[one.tag][0].gtin for one in standing})
    moves: list[Move] = []
    for one in standing:
        tag, read = pieces[one.tag]
        now: State = one.before or "sellable"
        if now == one.state or tag.gtin not in known:
            continue
        moves.append(
            Move(
                variant_id=known[tag.gtin],
                quantity=tag.quantity,
                from_location_id=one.location_id,
                to_location_id=one.location_id,
                from_state=one.state,
                to_state=now,
                act="adjust",
                is_fact=True,
                reason="read",
                reference=read.uri[:200],
                occurred_at=read.event_time,
                actor="rfid",
            )
        )
    if moves:
        for answer in await inventory.post(tx, moves):
            if isinstance(answer, Exception):
                raise answer
    told = [
        {"tag": one.tag, "location_id": one.location_id, "state": one.before, "seen_at": one.seen_at,
         "key": one.key.hex() if one.key else None}
        for one in standing
    ]  # fmt: skip
    await tx.run(GONE, pieces=rows(told))
    await tx.run(BEFORE, pieces=rows(told))


STANDING = """
    SELECT p.tag, p.location_id, p.state, b.state AS before, b.event_time AS seen_at, b.key
    FROM rfid.piece_state AS p
    LEFT JOIN LATERAL (
        SELECT q.outcome ->> 'to' AS state, e.event_time, e.key
        FROM rfid.event AS e JOIN rfid.reading AS r USING (event_id)
        JOIN rfid.reading_rule AS q ON q.version = r.version AND q.name = r.rule
        WHERE e.things @> ARRAY['e ' || p.tag] AND r.fate = 'moved' AND r.location_id = p.location_id
        ORDER BY e.event_time DESC, e.key DESC LIMIT 1
    ) AS b ON true
    WHERE p.tag = ANY(%(tags)s::text[]) AND p.key = ANY(%(keys)s::bytea[])
    ORDER BY p.tag, p.location_id
"""

GONE = """
    DELETE FROM rfid.piece_state AS p
    USING json_to_recordset(%(pieces)s::json) AS n (tag text, location_id smallint, state text)
    WHERE p.tag = n.tag AND p.location_id = n.location_id AND n.state IS NULL
"""

BEFORE = """
    UPDATE rfid.piece_state AS p SET state = n.state, seen_at = n.seen_at, key = decode(n.key, 'hex')
    FROM json_to_recordset(%(pieces)s::json) AS n (tag text, location_id smallint, state text, seen_at timestamptz,
        key text)
    WHERE p.tag = n.tag AND p.location_id = n.location_id AND n.state IS NOT NULL
"""


def binaries(values: Iterable[bytes]) -> str:
    """An array of bytea."""
    return texts(f"\\x{one.hex()}" for one in sorted(set(values)))
