"""Idempotency-Key: the work is done once, and who asks again gets the answer of the first time.

The answer is kept in the transaction of the work itself, so either both exist or neither. A key belongs to its actor
and route and lasts 24 hours. A refused request leaves nothing: asking again asks anew. Of an answer that is shown once
(ShownOnce: a key, codes) only is kept that it was given: no secret lies in a table, however it is wrapped, and the work
is still done once. Who has lost such an answer revokes what it made, and makes another.
(draft-ietf-httpapi-idempotency-key-header: 422 for a reused key, 409 while the first is under way.)
"""

import hashlib
from datetime import timedelta

import msgspec

from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Conflict, Invalid, Unprocessable

LIFE = timedelta(hours=24)
MOST = 255


class IdempotencyKeyReused(Unprocessable):
    """The Idempotency-Key was used for another request."""

    code = "idempotency_key_reused"


class InProgress(Conflict):
    """A request with this Idempotency-Key is under way."""

    code = "idempotency_in_progress"


class NotKept(Conflict):
    """It was done, and its answer is shown only once."""

    code = "idempotency_not_kept"


class Kept(msgspec.Struct, frozen=True):
    """The answer of the first time."""

    body_hash: bytes
    status: int
    media_type: str
    answer: bytes | None
    """None: it was shown once."""


class Answered(Exception):
    """Not an error: the request was answered before, with this."""

    def __init__(self, kept: Kept) -> None:
        super().__init__()
        self.kept = kept


class Claim(msgspec.Struct, frozen=True):
    """The right to do the work of this key, held until the transaction ends."""

    tx: Tx
    key: str
    actor: str
    route: str
    body_hash: bytes


async def claim(tx: Tx, *, key: str, actor: str, route: str, body: bytes) -> Claim:
    """Take the key, or raise what is to be said instead."""
    if not (key.isascii() and key.isprintable() and len(key) <= MOST):
        raise Invalid(f"An Idempotency-Key is up to {MOST} printable ASCII characters; a UUID is best.")
    body_hash = hashlib.sha256(body).digest()
    if not await tx.value(LOCK, name=f"{actor} {route} {key}"):
        raise InProgress("Wait for its answer, then ask again.")
    kept = await tx.maybe(Kept, KEPT, key=key, actor=actor, route=route, since=tx.now - LIFE)
    if kept is None:
        return Claim(tx, key, actor, route, body_hash)
    if kept.body_hash != body_hash:
        raise IdempotencyKeyReused("The body differs from that of the first request: take a new key.")
    if kept.answer is None:
        raise NotKept("Revoke what it made, if the answer was lost, and ask again with another Idempotency-Key.")
    raise Answered(kept)


LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(%(name)s, 0))"

KEPT = """
    SELECT body_hash, status, media_type, answer FROM kernel.idempotency
    WHERE actor = %(actor)s AND route = %(route)s AND key = %(key)s AND kept_at > %(since)s
"""


async def keep(claim: Claim, *, status: int, media_type: str, answer: bytes | None) -> None:
    """Keep the answer; it commits with the work. None: only that it was given."""
    await claim.tx.run(
        KEEP,
        key=claim.key,
        actor=claim.actor,
        route=claim.route,
        body_hash=claim.body_hash,
        status=status,
        media_type=media_type,
        answer=answer,
        now=claim.tx.now,
    )


KEEP = """
    INSERT INTO kernel.idempotency (actor, route, key, body_hash, status, media_type, answer, kept_at)
    VALUES (%(actor)s, %(route)s, %(key)s, %(body_hash)s, %(status)s, %(media_type)s, %(answer)s, %(now)s)
    ON CONFLICT (actor, route, key) DO UPDATE
    SET body_hash = excluded.body_hash, status = excluded.status, media_type = excluded.media_type,
        answer = excluded.answer, kept_at = excluded.kept_at
"""


async def forget(tx: Tx) -> int:
    """Drop answers older than a day. Run by a timer."""
    return await tx.run("DELETE FROM kernel.idempotency WHERE kept_at < %(since)s", since=tx.now - LIFE)
