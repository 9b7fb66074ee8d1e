"""The audit trail: every change of the world with its actor, in the transaction of the change.

A request that changes something leaves a line by itself (kernel.http.transactions); an operation that knows before
and after says so with `record`, and that line stands instead.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from comptoir.kernel.auth.actors import Actor
from comptoir.kernel.auth.exchange import exchange
from comptoir.kernel.db import Tx
from comptoir.kernel.logs import request_id


class Entry(msgspec.Struct, frozen=True):
    """One line: who did what to what. `before` and `after` hold what changed, without secrets."""

    entry_id: int
    at: datetime
    actor_kind: str
    actor_id: UUID | None
    actor_name: str
    action: str
    target: str
    before: Any
    after: Any
    request_id: str


async def record(tx: Tx, *, actor: Actor, action: str, target: str, before: Any = None, after: Any = None) -> None:
    """Write one line. `action` is `package.verb_noun`, `target` names the thing (`source:7`)."""
    if (now := exchange.get()) is not None:
        now.audited = True
    await tx.run(
        RECORD,
        at=tx.now,
        kind=actor.kind,
        id=actor.id,
        name=actor.name,
        action=action,
        target=target[:500],
        before=None if before is None else msgspec.json.encode(before).decode(),
        after=None if after is None else msgspec.json.encode(after).decode(),
        request_id=request_id.get(),
    )


RECORD = """
    INSERT INTO kernel.audit (at, actor_kind, actor_id, actor_name, action, target, before, after, request_id)
    VALUES (%(at)s, %(kind)s, %(id)s, %(name)s, %(action)s, %(target)s, %(before)s::json, %(after)s::json,
            %(request_id)s)
"""


async def trail(
    tx: Tx, *, before: int | None = None, target: str = "", actor_id: UUID | None = None, limit: int = 100
) -> list[Entry]:
    """The newest lines first, those before the line `before`."""
    return await tx.many(Entry, TRAIL, before=before, target=target, actor_id=actor_id, limit=limit)


TRAIL = """
    SELECT entry_id, at, actor_kind, actor_id, actor_name, action, target, before, after, request_id
    FROM kernel.audit
    WHERE (%(before)s::bigint IS NULL OR entry_id < %(before)s)
      AND (%(target)s = '' OR target = %(target)s)
      AND (%(actor_id)s::uuid IS NULL OR actor_id = %(actor_id)s)
    ORDER BY entry_id DESC
    LIMIT %(limit)s
"""
