"""What changed in the graph, why and by whom, with what it was like before: the ground of every undo."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from comptoir.identity.errors import ReferenceTaken, UnknownOperation
from comptoir.identity.events import PeopleMerged, PeopleSplit
from comptoir.identity.records import Move, Pair
from comptoir.kernel.db import Tx, ints, rows
from comptoir.kernel.log import Fact


class Effect(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an operation did to the evidence: all that its undo takes back."""

    edges: list[Pair] = []
    """That caused an automatic merge or a new solution."""
    vouched: list[Pair] = []
    """Steward's evidence that was given."""
    banned: list[Pair] = []
    apart: list[Pair] = []
    retracted: dict[str, Any] = {}
    """By source, batch and time; the evidence itself carries the operation's number."""
    undone: int | None = None
    """The operation that this one took back."""
    request: dict[str, Any] = {}
    """What was asked, to recognise a repetition."""


class Entry(msgspec.Struct, frozen=True):
    """An automatic change, on its way into the journal."""

    kind: str
    effect: Effect
    moved: list[tuple[int, list[int]]]
    people: list[int]


class Operation(msgspec.Struct, frozen=True):
    """One line of the journal."""

    operation: int
    kind: str
    actor: str
    reason: str
    reference: str | None
    at: datetime
    effect: Effect
    moved: list[tuple[int, list[int]]]
    """Person and its nodes, as they were before."""
    people: list[int]
    undone_by: int | None


async def note(tx: Tx, entries: Sequence[Entry]) -> None:
    """Automatic changes of one batch."""
    await tx.run(NOTE, entries=rows(entries), at=tx.now)


async def begin(
    tx: Tx, *, kind: str, actor: str, reason: str, reference: str | None, request: dict[str, Any]
) -> Operation | int:
    """Open a steward's operation and take the graph for her alone. A repeated reference gives back what was done."""
    await tx.run(EXCLUDE)
    if reference and (done := await tx.maybe(Operation, BY_REFERENCE, reference=reference)):
        if (done.kind, done.effect.request) != (kind, request):
            raise ReferenceTaken(f"{reference!r} names operation {done.operation}: choose another reference.")
        return done
    return await tx.value(
        BEGIN,
        kind=kind,
        actor=actor,
        reason=reason,
        reference=reference,
        at=tx.now,
        effect=rows_of(Effect(request=request)),
    )


async def finish(tx: Tx, operation: int, effect: Effect, moves: Sequence[Move]) -> Operation:
    """Write what the operation did; tell it to those above."""
    moved = before(moves)
    return await tx.one(
        Operation,
        FINISH,
        operation=operation,
        effect=rows_of(effect),
        moved=rows(moved),
        people=ints(sorted({m.was for m in moves} | {m.now for m in moves})),
    )


async def operation(tx: Tx, number: int) -> Operation:
    found = await tx.maybe(Operation, BY_NUMBER, operation=number)
    if not found:
        raise UnknownOperation(f"The journal has no operation {number}.")
    return found


async def listing(
    tx: Tx, *, person_id: int | None = None, kind: str | None = None, before: int | None = None, limit: int = 100
) -> list[Operation]:
    """Newest first, of all or of one person."""
    if person_id is None:
        return await tx.many(Operation, NEWEST, before=before, kind=kind, limit=limit)
    return await tx.many(Operation, OF_PERSON, person=person_id, before=before, kind=kind, limit=limit)


NOTE = """
    INSERT INTO identity.journal (kind, actor, at, effect, moved, people)
    SELECT kind, 'system', %(at)s, effect, moved, people
    FROM json_to_recordset(%(entries)s::json) AS e (kind text, effect jsonb, moved jsonb, people bigint[])
"""

EXCLUDE = "SELECT pg_advisory_xact_lock(hashtext('identity'))"

BY_REFERENCE = "SELECT * FROM identity.journal WHERE reference = %(reference)s"
BY_NUMBER = "SELECT * FROM identity.journal WHERE operation = %(operation)s"

BEGIN = """
    INSERT INTO identity.journal (kind, actor, reason, reference, at, effect, moved, people)
    VALUES (%(kind)s, %(actor)s, %(reason)s, %(reference)s, %(at)s, %(effect)s::jsonb, '[]', '{}')
    RETURNING operation
"""

FINISH = """
    UPDATE identity.journal SET effect = %(effect)s::jsonb, moved = %(moved)s::jsonb, people = %(people)s::bigint[]
    WHERE operation = %(operation)s
    RETURNING *
"""

NEWEST = """
    SELECT * FROM identity.journal
    WHERE operation < coalesce(%(before)s, 9223372036854775807) AND kind = coalesce(%(kind)s, kind)
    ORDER BY operation DESC LIMIT %(limit)s
"""

OF_PERSON = """
    SELECT * FROM identity.journal
    WHERE people @> ARRAY[%(person)s]::bigint[]
      AND operation < coalesce(%(before)s, 9223372036854775807) AND kind = coalesce(%(kind)s, kind)
    ORDER BY operation DESC LIMIT %(limit)s
"""


def rows_of(effect: Effect) -> str:
    return msgspec.json.encode(effect).decode()


def before(moves: Iterable[Move]) -> list[tuple[int, list[int]]]:
    """The pre-image: persons and those of their nodes that moved."""
    people: defaultdict[int, list[int]] = defaultdict(list)
    for move in moves:
        people[move.was].append(move.node_id)
    return [(person, sorted(nodes)) for person, nodes in sorted(people.items())]


def facts(moves: Sequence[Move], stayed: Collection[int], keys: dict[int, Any]) -> list[Fact]:
    """Tell a merge for each person that took in nodes of others, a split for each that lost nodes but lives on.

    `stayed` are the persons that kept at least one node.
    """
    into: defaultdict[int, list[Move]] = defaultdict(list)
    out_of: defaultdict[int, list[Move]] = defaultdict(list)
    for move in moves:
        into[move.now].append(move)
        out_of[move.was].append(move)
    told: list[Fact] = []
    for person, came in sorted(into.items()):
        sources = sorted({move.was for move in came})
        if len(sources) > 1 or person in stayed:
            told.append(PeopleMerged(person, keys[person], sources, sorted(m.node_id for m in came)))
    for person, left in sorted(out_of.items()):
        parts = sorted({move.now for move in left})
        if len(parts) > 1 or person in stayed:
            told.append(PeopleSplit(person, keys[person], parts, sorted(m.node_id for m in left)))
    return told
