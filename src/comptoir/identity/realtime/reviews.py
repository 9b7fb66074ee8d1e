"""The steward's queue: pairs of accounts that may be one person, the most probable first.

An answer is an operation of the graph: "same" joins, "different" and "household" keep apart for good, and undoing the
operation asks again. "later" puts the pair at the end.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from comptoir.identity import merges, splits, undos
from comptoir.identity.errors import UnknownReview
from comptoir.identity.realtime.cleaning import Written
from comptoir.identity.realtime.scoring import Likeness, Reason
from comptoir.kernel.db import Tx, ints, rows

Answer = Literal["same", "different", "household", "later"]
MOST = 500
"""Answers at once."""


class Side(msgspec.Struct, frozen=True):
    """One account, as its sources have written it."""

    node_id: int
    key: UUID
    """Of its person."""
    written: Written


class Review(msgspec.Struct, frozen=True):
    """One pair, and what speaks for and against it."""

    review_id: int
    bits: float
    probability: float
    reasons: list[Reason]
    model: str
    answer: str
    opened_at: datetime
    answered_at: datetime | None
    answered_by: str | None
    operation: int | None
    sides: list[Side]


class Progress(msgspec.Struct, frozen=True):
    """How far the queue has come."""

    open: int
    later: int
    answered: int


async def ask(tx: Tx, asked: Sequence[tuple[int, Likeness]], *, model: str) -> None:
    """Put pairs of an account and one that is like it into the queue. What a steward has answered stays answered."""
    lines: dict[tuple[int, int], dict[str, Any]] = {}
    for node, like in asked:
        a, b = sorted((node, like.node_id))
        lines[a, b] = {
            "a": a, "b": b, "bits": like.bits, "probability": like.probability, "reasons": like.reasons,
        }  # fmt: skip
    if lines:
        await tx.run(ASK, reviews=rows([lines[pair] for pair in sorted(lines)]), model=model, now=tx.now)


async def withdraw(tx: Tx, *, nodes: Sequence[int]) -> None:
    """These accounts are compared anew: what was asked of them and not answered is not asked any more."""
    await tx.run(WITHDRAW, nodes=ints(nodes))


async def queue(tx: Tx, *, answer: str = "open", limit: int = 50) -> list[Review]:
    """The most probable first; those put off, and those that became one person meanwhile, are not among the open."""
    return await tx.many(Review, QUEUE, answer=answer, limit=limit, review=None)


async def review(tx: Tx, *, review_id: int) -> Review:
    """Raises UnknownReview."""
    found = await tx.many(Review, QUEUE, answer=None, limit=1, review=review_id)
    if not found:
        raise UnknownReview(f"There is no review {review_id}.")
    return found[0]


async def progress(tx: Tx) -> Progress:
    return await tx.one(Progress, PROGRESS)


async def answer(tx: Tx, *, review_id: int, answer: Answer, actor: str, reason: str = "") -> Review:
    """Raises UnknownReview, and what keeps two people from being joined (merges.merge)."""
    asked = await review(tx, review_id=review_id)
    if asked.answer == answer:
        return asked
    reason = reason or f"review {review_id}"
    if asked.operation is not None:
        await undos.undo(tx, operation=asked.operation, actor=actor, reason=f"review {review_id}")
    keys = [side.key for side in (await review(tx, review_id=review_id)).sides]
    one, other = (side.node_id for side in asked.sides)
    operation = None
    if answer == "same" and len(set(keys)) > 1:
        operation = (await merges.merge(tx, keys=keys, actor=actor, reason=reason)).operation
    elif answer in {"different", "household"}:
        operation = (await splits.keep_apart(tx, pair=(one, other), actor=actor, reason=reason)).operation
    await tx.run(ANSWER, review=review_id, answer=answer, actor=actor, operation=operation, now=tx.now)
    return await review(tx, review_id=review_id)


async def undo(tx: Tx, *, review_id: int, actor: str) -> Review:
    """It is open again, and what the answer did is undone."""
    asked = await review(tx, review_id=review_id)
    if asked.operation is not None:
        await undos.undo(tx, operation=asked.operation, actor=actor, reason=f"review {review_id}")
    await tx.run(ANSWER, review=review_id, answer="open", actor=None, operation=None, now=None)
    return await review(tx, review_id=review_id)


ASK = """
    INSERT INTO identity.review AS r (a, b, bits, probability, reasons, model, opened_at)
    SELECT a, b, bits, probability, reasons, %(model)s, %(now)s
    FROM json_to_recordset(%(reviews)s::json)
        AS g (a bigint, b bigint, bits double precision, probability double precision, reasons jsonb)
    ON CONFLICT (a, b) DO UPDATE SET bits = excluded.bits, probability = excluded.probability,
        reasons = excluded.reasons, model = excluded.model
    WHERE r.answer IN ('open', 'later')
"""

WITHDRAW = """
    DELETE FROM identity.review
    WHERE answer IN ('open', 'later') AND (a = ANY(%(nodes)s::bigint[]) OR b = ANY(%(nodes)s::bigint[]))
"""

QUEUE = """
    SELECT r.review_id, r.bits, r.probability, r.reasons, r.model, s.answer, r.opened_at, r.answered_at, r.answered_by,
           CASE WHEN s.answer = r.answer THEN r.operation END AS operation,
           jsonb_build_array(
               jsonb_build_object('node_id', r.a, 'key', pa.key, 'written', x.written::jsonb),
               jsonb_build_object('node_id', r.b, 'key', pb.key, 'written', y.written::jsonb)) AS sides
    FROM identity.review AS r LEFT JOIN identity.journal AS j ON j.operation = r.operation
    -- Whoever has undone the operation has taken the answer back.
    CROSS JOIN LATERAL (SELECT CASE WHEN j.undone_by IS NULL THEN r.answer ELSE 'open' END) AS s (answer)
    JOIN identity.account AS x ON x.node_id = r.a JOIN identity.account AS y ON y.node_id = r.b
    JOIN identity.node AS a ON a.node_id = r.a JOIN identity.node AS pa ON pa.node_id = a.person_id
    JOIN identity.node AS b ON b.node_id = r.b JOIN identity.node AS pb ON pb.node_id = b.person_id
    WHERE CASE WHEN %(review)s::bigint IS NOT NULL THEN r.review_id = %(review)s
               ELSE s.answer = %(answer)s AND (s.answer <> 'open' OR a.person_id <> b.person_id) END
    ORDER BY r.probability DESC, r.review_id LIMIT %(limit)s
"""

PROGRESS = """
    SELECT count(*) FILTER (WHERE s.answer = 'open' AND a.person_id <> b.person_id) AS open,
           count(*) FILTER (WHERE s.answer = 'later') AS later,
           count(*) FILTER (WHERE s.answer NOT IN ('open', 'later')) AS answered
    FROM identity.review AS r LEFT JOIN identity.journal AS j ON j.operation = r.operation
    CROSS JOIN LATERAL (SELECT CASE WHEN j.undone_by IS NULL THEN r.answer ELSE 'open' END) AS s (answer)
    JOIN identity.node AS a ON a.node_id = r.a JOIN identity.node AS b ON b.node_id = r.b
"""

ANSWER = """
    UPDATE identity.review SET answer = %(answer)s, answered_at = %(now)s, answered_by = %(actor)s,
        operation = %(operation)s
    WHERE review_id = %(review)s
"""
