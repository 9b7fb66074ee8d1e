"""Events that could not be taken: looked at, mended, handed in again, or thrown away.

A replay passes the same intake as the first time, by the clock of the day it first came. It is idempotent: an event
without a message id gets one from its letter, so that handing it in twice records it once.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from comptoir.channels import Source
from comptoir.ingest.errors import DeadLetterSettled, StillBad, UnknownDeadLetter
from comptoir.ingest.intake import CALLS, Arrival, judge, storable
from comptoir.ingest.plans import Compiled, plans
from comptoir.ingest.records import DeadLetter, Outcome, Replayed
from comptoir.ingest.writer import Intake
from comptoir.kernel.db import Database, Tx, ints
from comptoir.kernel.errors import Invalid
from comptoir.kernel.log import microseconds


async def dead_letters(
    tx: Tx,
    *,
    source_id: int | None = None,
    reason: str | None = None,
    state: str = "waiting",
    before: int | None = None,
    limit: int = 50,
) -> list[DeadLetter]:
    """Dead letters, the newest first; `before` is the id of the last one of the page before."""
    found = await tx.tuples(LIST, source_id=source_id, reason=reason, state=state, before=before or 2**62, limit=limit)
    return [_letter(row) for row in found]


COLUMNS = """
    SELECT dead_letter_id, source_id, received_at, last_received_at, times, reason, detail, event_type, event_name,
           body, state
    FROM ingest.dead_letter
"""
LIST = (
    COLUMNS
    + """
    WHERE state = %(state)s AND dead_letter_id < %(before)s
      AND (%(source_id)s::smallint IS NULL OR source_id = %(source_id)s)
      AND (%(reason)s::text IS NULL OR reason = %(reason)s)
    ORDER BY dead_letter_id DESC LIMIT %(limit)s
"""
)


async def dead_letter(tx: Tx, *, dead_letter_id: int) -> DeadLetter:
    found = await tx.tuples(ONE, dead_letter_id=dead_letter_id)
    if not found:
        raise UnknownDeadLetter(f"No dead letter has the id {dead_letter_id}.", dead_letter_id=dead_letter_id)
    return _letter(found[0])


ONE = COLUMNS + "WHERE dead_letter_id = %(dead_letter_id)s"


class Waiting(msgspec.Struct, frozen=True):
    """How many letters wait for one reason."""

    source_id: int
    reason: str
    letters: int
    latest: datetime


async def waiting(tx: Tx) -> list[Waiting]:
    """What waits, by source and reason, the most frequent first."""
    return await tx.many(Waiting, WAITING)


WAITING = """
    SELECT source_id, reason, count(*)::int AS letters, max(last_received_at) AS latest
    FROM ingest.dead_letter WHERE state = 'waiting'
    GROUP BY source_id, reason ORDER BY letters DESC, source_id, reason LIMIT 500
"""


async def replay(
    db: Database,
    intake: Intake,
    sources: "Sources",
    *,
    dead_letter_ids: Sequence[int],
    mended: str | None = None,
    by: str = "",
) -> list[Replayed]:
    """Hand letters in again; `mended` is the new body of the only one. What is still bad stays, with its new reason.

    Raises StillBad if one mended body cannot be taken either.
    """
    if mended is not None and len(dead_letter_ids) != 1:
        raise Invalid("One mended body belongs to one dead letter.")
    async with db.reading() as tx:
        found = [_raw(row) for row in await tx.tuples(SEVERAL, ids=ints(dead_letter_ids))]
        rules = {plan.source_id: Compiled(plan) for plan in await plans(tx)}
    if missing := set(dead_letter_ids) - {letter.dead_letter_id for letter in found}:
        raise UnknownDeadLetter("There are no such dead letters.", dead_letter_ids=sorted(missing))
    if settled := [letter.dead_letter_id for letter in found if letter.state != "waiting"]:
        raise DeadLetterSettled("They were replayed or discarded already.", dead_letter_ids=settled)
    return [
        await _replay_one(db, intake, sources.by_id(letter.source_id), rules.get(letter.source_id), letter, mended, by)
        for letter in found
    ]


SEVERAL = COLUMNS + "WHERE dead_letter_id = ANY(%(ids)s::bigint[]) ORDER BY dead_letter_id"


class Sources(Protocol):
    """Where a letter's source is found (channels.Sources)."""

    def by_id(self, source_id: int) -> Source | None:
        """The source, enabled or not."""
        ...


class Raw(msgspec.Struct, frozen=True):
    """A letter as it is stored."""

    dead_letter_id: int
    source_id: int
    received_at: datetime
    event_type: str
    body: bytes
    state: str


async def _replay_one(
    db: Database,
    intake: Intake,
    source: Source | None,
    plan: Compiled | None,
    letter: Raw,
    mended: str | None,
    by: str,
) -> Replayed:
    number = letter.dead_letter_id
    if source is None:
        return Replayed(number, "rejected", "malformed", "Its source is no more.")
    body = letter.body if mended is None else mended.encode("utf-8", "surrogatepass").strip()
    call = letter.event_type if letter.event_type in CALLS and mended is None else _call(body, letter.event_type)
    arrival = Arrival(source=source, received=microseconds(letter.received_at), call=call)
    try:
        submission = judge(_with_id(body, number), arrival, plan)
    except Invalid as error:
        return await _keep(db, number, "malformed", error.detail, mended)
    if submission.letters:
        bad = submission.letters[0]
        return await _keep(db, number, bad.reason, bad.detail, mended)
    receipt = await intake.submit(submission)
    async with db.transaction() as tx:
        await tx.run(SETTLE, ids=ints([number]), state="replayed", now=tx.now, by=by)
    outcome: Outcome = "accepted" if receipt.accepted else "duplicate"
    return Replayed(number, outcome)


async def _keep(db: Database, number: int, reason: str, detail: str, mended: str | None) -> Replayed:
    if mended is not None:
        raise StillBad(detail, reason=reason)
    async with db.transaction() as tx:
        await tx.run(STILL, number=number, reason=reason, detail=detail)
    return Replayed(number, "rejected", reason, detail)


STILL = """
    UPDATE ingest.dead_letter SET reason = %(reason)s, detail = %(detail)s
    WHERE dead_letter_id = %(number)s AND state = 'waiting'
"""
SETTLE = """
    UPDATE ingest.dead_letter SET state = %(state)s, settled_at = %(now)s, settled_by = %(by)s
    WHERE dead_letter_id = ANY(%(ids)s::bigint[]) AND state = 'waiting'
"""


async def discard(tx: Tx, *, dead_letter_ids: Sequence[int], by: str = "") -> int:
    """Throw letters away; those settled already are left as they are. Returns how many it was."""
    return await tx.run(SETTLE, ids=ints(sorted(dead_letter_ids)), state="discarded", now=tx.now, by=by)


class Told(msgspec.Struct):
    """What the mended body says of itself."""

    type: str = ""
    messageId: str | int | None = None  # noqa: N815  the wire's own name


def _call(body: bytes, before: str) -> str:
    try:
        told = msgspec.json.decode(body, type=Told).type
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        told = ""
    return told or before or "track"


def _with_id(body: bytes, number: int) -> bytes:
    try:
        if msgspec.json.decode(body, type=Told).messageId not in {None, ""}:
            return body
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return body
    head = body.rstrip()[:-1].rstrip()
    return head + (b"" if head.endswith(b"{") else b",") + b'"messageId":"dead-letter-%d"}' % number


def _letter(row: tuple[Any, ...]) -> DeadLetter:
    (number, source_id, received, last, times, reason, detail, event_type, name, body, state) = row
    return DeadLetter(
        dead_letter_id=number,
        source_id=source_id,
        received_at=received,
        last_received_at=last,
        times=times,
        reason=reason,
        detail=detail,
        event_type=event_type,
        event_name=name,
        body=storable(bytes(body).decode("utf-8", "replace")),
        state=state,
    )


def _raw(row: tuple[Any, ...]) -> Raw:
    return Raw(row[0], row[1], row[2], row[7], bytes(row[9]), row[10])
