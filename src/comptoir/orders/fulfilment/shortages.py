"""A physical fact has eaten what was promised: the newest orders that nobody has picked yet get their goods elsewhere.

Told by `inventory.shortage_found` and looked for again by a timer. What is decided is what is missing when it is done,
not what was missing when it was told: it may be done twice.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from comptoir import inventory
from comptoir.kernel import jobs
from comptoir.kernel.db import Database, Tx
from comptoir.orders import order_book
from comptoir.orders.fulfilment.dossiers import orders_of
from comptoir.orders.fulfilment.floor import run
from comptoir.orders.fulfilment.records import Pieces, Reject

PATIENCE = timedelta(hours=1)


async def look_into_shortages(tx: Tx) -> None:
    """Have it done after the commit."""
    await jobs.defer(tx, resolve_shortages, once="orders.shortages")


@jobs.task("orders.resolve_shortages")
async def resolve_shortages(db: Database) -> None:
    """All that is missing now."""
    await make_all_good(db)


async def retry_shortages(db: Database) -> int:
    """What is missing, by the clock: what has been for a while only where the article is free again somewhere, so
    that thousands of pieces that nobody has cost little. Returns how many shortages were looked into.
    """
    return await make_all_good(db, patience=PATIENCE)


async def make_all_good(db: Database, *, patience: timedelta | None = None, most: int = 200) -> int:
    """All that is missing now, looked up so many at a time: what nobody has holds up nothing behind it."""
    tried = 0
    last: inventory.Shortage | None = None
    while True:
        async with db.reading() as tx:
            lasting = tx.now - patience if patience else None
            found = await inventory.shortages(tx, after=last, lasting=lasting, most=most)
        if not found:
            return tried
        for one in found:
            tried += await db.in_halves([one], _make_good)
        last = found[-1]


async def _make_good(tx: Tx, some: Sequence[inventory.Shortage]) -> int:
    for one in some:
        await make_good(tx, variant_id=one.variant_id, location_id=one.location_id)
    return len(some)


async def make_good(tx: Tx, *, variant_id: int, location_id: int) -> None:
    """Promise what is missing there from elsewhere, the newest orders first; what nobody has stays, and somebody is
    told. Another worker may have done it meanwhile: what is missing is asked again when its orders are locked.
    """
    wanted = await _acts(tx, variant_id, location_id)
    if not wanted:
        return
    orders = set((await orders_of(tx, {one.fulfilment_id for one in wanted})).values())
    await order_book.lock(tx, order_ids=orders)
    if acts := await _acts(tx, variant_id, location_id, among=orders):
        await run(tx, acts)


async def _acts(tx: Tx, variant_id: int, location_id: int, among: Collection[UUID] | None = None) -> list[Reject]:
    left = await inventory.missing(tx, variant_id=variant_id, location_id=location_id)
    acts: list[Reject] = []
    if not left:
        return acts
    for order_id, fulfilment_id, line, unpicked in await tx.tuples(
        NEWEST, variant_id=variant_id, location_id=location_id
    ):
        if not left:
            break
        if among is not None and order_id not in among:
            continue
        taken = min(left, unpicked)
        left -= taken
        acts.append(
            Reject(
                fulfilment_id=fulfilment_id,
                lines=(Pieces(line, taken),),
                reason="short",
                otherwise="keep",
                actor="shortage",
            )
        )
    return acts


# From the promises of the place to their orders. Others may promise under references of their own.
NEWEST = """
    SELECT l.order_id, l.fulfilment_id, l.line, l.open - l.picked
    FROM (SELECT CASE WHEN reference ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN reference::uuid END
                     AS order_id
          FROM inventory.v_allocated WHERE variant_id = %(variant_id)s AND location_id = %(location_id)s) AS a
    JOIN orders.fulfilment_line AS l
        ON l.order_id = a.order_id AND l.variant_id = %(variant_id)s AND l.location_id = %(location_id)s
    JOIN orders.fulfilment AS f ON f.fulfilment_id = l.fulfilment_id
    JOIN orders.sales_order AS o ON o.order_id = l.order_id
    WHERE f.state IN ('open', 'accepted') AND l.open > l.picked
    ORDER BY o.placed_at DESC, l.fulfilment_id DESC, l.line
"""
