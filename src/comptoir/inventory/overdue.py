"""What was held too long: given back by the clock, and before that to whoever is short of it."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from comptoir.inventory.ledger import give_back
from comptoir.kernel.db import Database, Tx, ints


class Overdue(msgspec.Struct, frozen=True):
    """Something is held there since longer than was agreed."""

    expires_at: datetime
    variant_id: int
    location_id: int


async def expire(db: Database, *, most: int = 500) -> int:
    """Give back all that was held too long; returns how many lines. What cannot be given back holds up nothing else.

    What is short is given back without this too.
    """
    lines = 0
    last: Overdue | None = None
    while True:
        place = msgspec.structs.asdict(last) if last else dict.fromkeys(Overdue.__struct_fields__)
        async with db.reading() as tx:
            found = await tx.many(Overdue, OVERDUE, now=tx.now, most=most, **place)
        if not found:
            return lines
        lines += await db.in_halves(sorted({(one.variant_id, one.location_id) for one in found}), give_back)
        last = found[-1]


OVERDUE = """
    SELECT expires_at, variant_id, location_id FROM inventory.promise
    WHERE expires_at <= %(now)s AND (%(expires_at)s::timestamptz IS NULL
        OR (expires_at, variant_id, location_id)
           > (%(expires_at)s::timestamptz, %(variant_id)s::bigint, %(location_id)s::smallint))
    ORDER BY expires_at, variant_id, location_id LIMIT %(most)s
"""


async def lapse(tx: Tx, *, variants: Iterable[int]) -> int:
    """Give back what was held too long of these variants, wherever it lies: for who has found nothing free."""
    return await give_back(tx, set(await tx.tuples(LAPSED, variants=ints(sorted(variants)), now=tx.now)))


LAPSED = """
    SELECT DISTINCT variant_id, location_id FROM inventory.promise
    WHERE variant_id = ANY(%(variants)s::bigint[]) AND expires_at <= %(now)s
"""
