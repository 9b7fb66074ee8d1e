"""Baskets looked up other than by their id, those that nobody comes back to, and those kept long enough."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from comptoir import inventory
from comptoir.kernel.db import Database, Tx, ints, uuids
from comptoir.orders.baskets import Basket
from comptoir.orders.checkout import Checkout
from comptoir.orders.errors import UnknownClaimCode
from comptoir.orders.steps import Abandon

MOST = 20
"""Baskets of one person."""
AT_ONCE = 200
"""Baskets abandoned in one transaction."""


async def waiting_for(tx: Tx, *, digest: UUID) -> UUID:
    """The basket that waits under this claim code. Raises UnknownClaimCode."""
    found = await tx.value("SELECT basket_id FROM orders.basket WHERE claim = %(digest)s", digest=digest)
    if found is None:
        raise UnknownClaimCode
    return found


async def live_baskets(tx: Tx, *, nodes: Iterable[int]) -> list[Basket]:
    """Those of a person that have not become an order, the one used last first. `nodes` are all of hers."""
    return [_decode(body) for body in await tx.values(LIVE, nodes=ints(sorted(nodes)), most=MOST)]


_decode = msgspec.json.Decoder(Basket).decode

LIVE = """
    SELECT body FROM orders.basket
    WHERE node_id = ANY(%(nodes)s::bigint[]) AND state IN ('open', 'abandoned')
    ORDER BY changed_at DESC, basket_id LIMIT %(most)s
"""


async def abandon(db: Database, *, quiet: timedelta, most: int = AT_ONCE) -> int:
    """Let go of what is held for baskets that nobody has touched for so long; returns how many. In batches that hold
    no one up for long; one that cannot be let go holds up no other.

    Whoever is busy with one holds its lock: it is passed over, and is no longer quiet the next time.
    """

    async def let_go(tx: Tx, some: Sequence[UUID]) -> int:
        ids = await tx.values(STILL_QUIET, ids=uuids(some), before=tx.now - quiet)
        if ids:
            await Checkout(inventory.Places()).run(tx, [Abandon(one) for one in ids])
        return len(ids)

    abandoned = 0
    since, last = None, None
    while True:
        async with db.reading() as tx:
            found = await tx.tuples(QUIET, before=tx.now - quiet, since=since, last=last, most=most)
        if not found:
            return abandoned
        abandoned += await db.in_halves([basket_id for _, basket_id in found], let_go)
        since, last = found[-1]


# quiet_since is changed_at to ten minutes, and before it: the index finds some that are not quiet yet.
QUIET = """
    SELECT quiet_since, basket_id FROM orders.basket
    WHERE state = 'open' AND quiet_since <= %(before)s AND changed_at <= %(before)s AND (%(since)s::timestamptz IS NULL
        OR (quiet_since, basket_id) > (%(since)s::timestamptz, %(last)s::uuid))
    ORDER BY quiet_since, basket_id LIMIT %(most)s
"""

STILL_QUIET = """
    SELECT basket_id FROM orders.basket
    WHERE basket_id = ANY(%(ids)s::uuid[]) AND state = 'open' AND changed_at <= %(before)s
    ORDER BY basket_id FOR NO KEY UPDATE SKIP LOCKED
"""


async def forget_baskets(tx: Tx, *, before: datetime, most: int) -> int:
    """Drop baskets that have ended, and abandoned ones; orders stay in the order book. Open ones hold goods: never."""
    return await tx.run(FORGET, before=before, most=most)


FORGET = """
    DELETE FROM orders.basket WHERE basket_id IN (
        SELECT basket_id FROM orders.basket
        WHERE state IN ('ordered', 'merged', 'abandoned') AND quiet_since < %(before)s LIMIT %(most)s)
"""
