"""Pieces that no location could give are sought again, whoever has waited longest first.

A timer asks, and what it asks first costs little: is one of the articles that are waited for free anywhere? So goods
that have come in, by whatever way, are found within a minute. Several workers may do so at once: each looks again,
under the lock of the orders, what is still missing.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from comptoir import inventory
from comptoir.kernel.db import Database, Tx, uuids
from comptoir.kernel.errors import Refusal
from comptoir.orders.fulfilment.dossiers import Dossier, look
from comptoir.orders.fulfilment.elsewhere import TRIES, Moved, entrust, find
from comptoir.orders.fulfilment.ending import conclude
from comptoir.orders.sourcing import Planner, policy
from comptoir.orders.tasks import close_tasks_of

MOST = 100
"""Orders in one transaction."""


async def source_waiting(db: Database) -> int:
    """Promise what has come free to those who wait for it. Returns how many pieces."""
    given = 0
    since: datetime | None = None
    last: UUID | None = None
    while True:
        async with db.reading() as tx:
            found = await tx.tuples(WAITING, since=since, last=last, most=MOST)
        if not found:
            return given
        given += await db.in_halves([order_id for order_id, _ in found], give)
        last, since = found[-1]


# An order waits since its first piece does. Free is what somebody may be promised; whether she may is asked afterwards.
WAITING = """
    SELECT order_id, min(since) AS since
    FROM orders.waiting AS w
    WHERE EXISTS (SELECT FROM inventory.v_balance AS b WHERE b.variant_id = w.variant_id AND b.free > 0)
    GROUP BY order_id
    HAVING %(since)s::timestamptz IS NULL OR (min(since), order_id) > (%(since)s::timestamptz, %(last)s::uuid)
    ORDER BY 2, 1
    LIMIT %(most)s
"""


async def give(tx: Tx, order_ids: Sequence[UUID]) -> int:
    """Promise to these orders what they wait for, as far as it can be had, the first first. Returns how many pieces."""
    dossiers = await look(tx, order_ids)
    refused = await _refused(tx, order_ids)
    places, planner = await inventory.places(tx), Planner(await policy(tx))
    got: list[tuple[Dossier, Moved]] = []
    seeking = [dossiers[one] for one in order_ids if one in dossiers and dossiers[one].state == "open"]
    for _ in range(TRIES):
        found = [
            (one, moved)
            for one in seeking
            if (moved := await find(tx, one, missing(one), refused.get(one.order_id, set()), places, planner)).parts
        ]
        acts = [_wish(one, moved) for one, moved in found]
        answers = await inventory.post(tx, acts) if acts else []
        judged = list(zip(found, answers, strict=True))
        got += [pair for pair, answer in judged if not isinstance(answer, Refusal)]
        # Who came before, in this batch or another process, has taken it: perhaps there is more.
        seeking = [one for (one, _), answer in judged if isinstance(answer, Refusal)]
        if not seeking:
            break
    for one, moved in got:
        await entrust(tx, one, moved, places, reason="waiting")
    await conclude(tx, [one for one, _ in got])
    await close_tasks_of(tx, [one.order_id for one, _ in got if not missing(one)], kind="waiting", actor="clock")
    return sum(part.quantity for _, moved in got for _, part in moved.parts)


def missing(dossier: Dossier) -> dict[int, int]:
    """Pieces by line that no location has been found for."""
    return {number: pieces for number in dossier.lines if (pieces := dossier.waiting(number))}


def _wish(one: Dossier, moved: Moved) -> inventory.Reallocate:
    return inventory.Reallocate(
        reference=one.reference,
        to=[inventory.Units(part.variant_id, part.location_id, part.quantity) for _, part in moved.parts],
        channel=one.channel,
        actor="clock",
    )


async def _refused(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, set[int]]:
    """Who has just said no: not asked again for a day, unless goods have come in there since."""
    found: dict[UUID, set[int]] = {}
    for order_id, location_id in await tx.tuples(REFUSED, ids=uuids(order_ids), now=tx.now):
        found.setdefault(order_id, set()).add(location_id)
    return found


REFUSED = """
    SELECT DISTINCT a.order_id, f.location_id
    FROM orders.waiting AS w
    JOIN orders.fulfilment_act AS a ON a.order_id = w.order_id AND a.line = w.line AND a.act = 'reject'
    JOIN orders.fulfilment AS f ON f.fulfilment_id = a.fulfilment_id
    WHERE w.order_id = ANY(%(ids)s::uuid[]) AND a.done_at > %(now)s::timestamptz - interval '1 day'
      AND NOT EXISTS (
          SELECT FROM inventory.v_ledger AS e
          WHERE e.variant_id = w.variant_id AND e.location_id = f.location_id AND e.state = 'sellable' AND e.moved > 0
            AND e.recorded_at > a.done_at)
"""
