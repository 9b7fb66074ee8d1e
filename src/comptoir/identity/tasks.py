"""What a steward should look at."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from comptoir.identity.errors import UnknownTask
from comptoir.kernel.db import Tx, ints


class Task(msgspec.Struct, frozen=True):
    """Something the graph could not settle alone."""

    task_id: int
    kind: str
    nodes: list[int]
    detail: str
    state: str
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str | None


async def open_task(tx: Tx, *, kind: str, nodes: Sequence[int], detail: str) -> None:
    """Once: a task that is open already about the same first node is enough."""
    await tx.run(OPEN, kind=kind, nodes=ints(nodes), detail=detail, at=tx.now)


async def close_task(tx: Tx, *, task_id: int, actor: str, dismissed: bool = False) -> Task:
    state = "dismissed" if dismissed else "done"
    closed = await tx.maybe(Task, CLOSE, task=task_id, state=state, actor=actor, at=tx.now)
    if not closed:
        raise UnknownTask(f"No task {task_id} is open.")
    return closed


async def listing(tx: Tx, *, state: str = "open", after: int = 0, limit: int = 100) -> list[Task]:
    """Oldest first."""
    return await tx.many(Task, LIST, state=state, after=after, limit=limit)


OPEN = """
    INSERT INTO identity.task (kind, nodes, detail, opened_at)
    VALUES (%(kind)s, %(nodes)s::bigint[], %(detail)s, %(at)s)
    ON CONFLICT DO NOTHING
"""

CLOSE = """
    UPDATE identity.task SET state = %(state)s, closed_at = %(at)s, closed_by = %(actor)s
    WHERE task_id = %(task)s AND state = 'open'
    RETURNING task_id, kind, nodes, detail, state, opened_at, closed_at, closed_by
"""

LIST = """
    SELECT task_id, kind, nodes, detail, state, opened_at, closed_at, closed_by
    FROM identity.task WHERE state = %(state)s AND task_id > %(after)s ORDER BY task_id LIMIT %(limit)s
"""
