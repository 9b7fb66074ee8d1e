"""What somebody must look at: at a location, or in the office."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from comptoir.kernel.db import Tx, ints, rows, uuids
from comptoir.kernel.log import Fact
from comptoir.orders.errors import UnknownTask
from comptoir.orders.events import TaskClosed, TaskOpened


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody must look at."""

    task_id: int
    kind: str
    order_id: UUID | None
    order_number: int | None
    fulfilment_id: int | None
    location: str | None
    """Whose it is; null: the office's."""
    why: str
    data: dict[str, Any]
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str


async def open_tasks(tx: Tx, asked: Sequence[dict[str, Any]]) -> None:
    """Write them and tell, unless somebody has been asked already.

    `asked`: kind, order_id, fulfilment_id, location_id, why, data.
    """
    if not asked:
        return
    facts: list[Fact] = [
        TaskOpened(task_id=task_id, kind_of_task=kind, order_id=order_id, location_id=location_id)
        for task_id, kind, order_id, location_id in await tx.tuples(OPEN, tasks=rows(list(asked)), now=tx.now)
    ]
    await tx.tell(*facts)


OPEN = """
    INSERT INTO orders.task (kind, order_id, fulfilment_id, location_id, why, data, opened_at)
    SELECT kind, order_id, fulfilment_id, location_id, why, data, %(now)s
    FROM json_to_recordset(%(tasks)s::json) AS t (kind text, order_id uuid, fulfilment_id bigint, location_id smallint,
        why text, data json)
    WHERE NOT EXISTS (
        SELECT FROM orders.task AS o
        WHERE o.order_id = t.order_id AND o.fulfilment_id IS NOT DISTINCT FROM t.fulfilment_id AND o.kind = t.kind
          AND o.closed_at IS NULL)
    RETURNING task_id, kind, order_id, location_id
"""


async def close_task(tx: Tx, *, task_id: int, actor: str) -> Task:
    """It was looked at. Closing it again changes nothing. Raises UnknownTask."""
    if await tx.run(CLOSE, task_id=task_id, actor=actor, now=tx.now):
        await tx.tell(TaskClosed(task_id=task_id))
    if found := await tx.maybe(Task, ONE, task_id=task_id):
        return found
    raise UnknownTask(f"There is no task {task_id}.", task_id=task_id)


CLOSE = """
    UPDATE orders.task SET closed_at = %(now)s, closed_by = %(actor)s WHERE task_id = %(task_id)s AND closed_at IS NULL
"""


async def close_tasks_of(tx: Tx, order_ids: Sequence[UUID], *, kind: str, actor: str) -> None:
    """What these orders were looked at for has been settled otherwise."""
    if order_ids:
        found = await tx.values(CLOSE_OF, ids=uuids(order_ids), kind=kind, actor=actor, now=tx.now)
        await tx.tell(*(TaskClosed(task_id=one) for one in found))


CLOSE_OF = """
    UPDATE orders.task SET closed_at = %(now)s, closed_by = %(actor)s
    WHERE order_id = ANY(%(ids)s::uuid[]) AND kind = %(kind)s AND closed_at IS NULL
    RETURNING task_id
"""


async def tasks(
    tx: Tx,
    *,
    location: str = "",
    order_id: UUID | None = None,
    closed: bool = False,
    outlets: Collection[int] = (),
    after: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> list[Task]:
    """Those that are open (or closed), the oldest first; of a location (code), or of all and the office.

    `outlets`: only of their locations; none: of all.
    """
    opened, last = after or (None, 0)
    return await tx.many(
        Task, LIST, location=location, order_id=order_id, closed=closed, opened=opened, last=last, limit=limit,
        outlets=ints(outlets),
    )  # fmt: skip


SELECT: LiteralString = """
    SELECT t.task_id, t.kind, t.order_id, o.order_number, t.fulfilment_id, p.code AS location, t.why, t.data,
           t.opened_at, t.closed_at, t.closed_by
    FROM orders.task AS t
    LEFT JOIN orders.sales_order AS o USING (order_id)
    LEFT JOIN inventory.v_location AS p ON p.location_id = t.location_id
"""
ONE: LiteralString = f"{SELECT} WHERE t.task_id = %(task_id)s"
LIST: LiteralString = f"""{SELECT}
    WHERE (t.closed_at IS NOT NULL) = %(closed)s AND (%(location)s = '' OR p.code = %(location)s)
      AND (%(outlets)s::smallint[] = '{{}}' OR p.outlet_id = ANY(%(outlets)s::smallint[]))
      AND (%(order_id)s::uuid IS NULL OR t.order_id = %(order_id)s::uuid)
      AND (%(opened)s::timestamptz IS NULL OR (t.opened_at, t.task_id) > (%(opened)s::timestamptz, %(last)s::bigint))
    ORDER BY t.opened_at, t.task_id
    LIMIT %(limit)s
"""
