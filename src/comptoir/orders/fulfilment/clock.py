"""What is done for orders by the clock: work that is late is told, what nobody came for goes back to the shelf.

Several workers may do so at once: each act looks again, under the lock of its order, whether it is still to be done.
"""

from collections.abc import Callable
from typing import LiteralString

from comptoir.kernel.db import Database, Tx
from comptoir.orders.fulfilment.floor import run
from comptoir.orders.fulfilment.records import Act, Expire, Overdue

MOST = 200
"""Works in one transaction."""


async def tell_overdue(db: Database) -> int:
    """Work that should be ready and is not: told once, and a task for its location. Returns how many."""
    return await _each(db, LATE, lambda one: Overdue(fulfilment_id=one, actor="clock"))


async def give_up_uncollected(db: Database) -> int:
    """What was ready and nobody came for: back to the shelf, and nothing is taken for it. Returns how many."""
    return await _each(db, KEPT, lambda one: Expire(fulfilment_id=one, actor="clock"))


async def _each(db: Database, due: LiteralString, act: Callable[[int], Act]) -> int:
    done = 0

    async def work(tx: Tx) -> int:
        found = await tx.values(due, now=tx.now, most=MOST)
        if found:
            await run(tx, [act(one) for one in found])
        return len(found)

    while some := await db.within(work):
        done += some
    return done


LATE = """
    SELECT fulfilment_id FROM orders.fulfilment
    WHERE state IN ('open', 'accepted') AND NOT late AND due_at <= %(now)s ORDER BY due_at LIMIT %(most)s
"""

KEPT = """
    SELECT fulfilment_id FROM orders.fulfilment
    WHERE state = 'ready' AND keep_until <= %(now)s ORDER BY keep_until LIMIT %(most)s
"""
