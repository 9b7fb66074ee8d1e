"""What is done for orders by the clock: work that is late is told, what nobody came for goes back to the shelf.

Several workers may do so at once: each act looks again, under the lock of its order, whether it is still to be done.
"""

from collections.abc import Callable, Sequence
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
    async def work(tx: Tx, ids: Sequence[int]) -> int:
        await run(tx, [act(one) for one in ids])
        return len(ids)

    done, last, place = 0, 0, None
    while True:
        async with db.reading() as tx:
            found = await tx.tuples(due, now=tx.now, place=place, last=last, most=MOST)
        if not found:
            return done
        done += await db.in_halves([one for one, _ in found], work)
        last, place = found[-1]


# By pages: one that cannot be done is not found again before the next minute.
LATE = """
    SELECT fulfilment_id, due_at FROM orders.fulfilment
    WHERE state IN ('open', 'accepted') AND NOT late AND due_at <= %(now)s
      AND (%(place)s::timestamptz IS NULL OR (due_at, fulfilment_id) > (%(place)s::timestamptz, %(last)s::bigint))
    ORDER BY due_at, fulfilment_id LIMIT %(most)s
"""

KEPT = """
    SELECT fulfilment_id, keep_until FROM orders.fulfilment
    WHERE state = 'ready' AND keep_until <= %(now)s
      AND (%(place)s::timestamptz IS NULL OR (keep_until, fulfilment_id) > (%(place)s::timestamptz, %(last)s::bigint))
    ORDER BY keep_until, fulfilment_id LIMIT %(most)s
"""
