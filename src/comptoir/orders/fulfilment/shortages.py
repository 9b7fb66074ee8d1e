"""A physical fact has eaten what was promised: the newest orders that nobody has picked yet get their goods elsewhere.

Told by `inventory.shortage_found` and looked for again by a timer. What is decided is what is missing when it is done,
not what was missing when it was told: it may be done twice.
"""

from comptoir import inventory
from comptoir.kernel import jobs
from comptoir.kernel.db import Database, Tx
from comptoir.orders.fulfilment.floor import run
from comptoir.orders.fulfilment.records import Pieces, Reject


async def look_into_shortages(tx: Tx) -> None:
    """Have it done after the commit."""
    await jobs.defer(tx, resolve_shortages, once="orders.shortages")


@jobs.task("orders.resolve_shortages")
async def resolve_shortages(db: Database) -> None:
    """All that is missing now."""
    async with db.reading() as tx:
        missing = await inventory.shortages(tx)
    for one in missing:

        async def work(tx: Tx, one: inventory.Units = one) -> None:
            await make_good(tx, one)

        await db.within(work)


async def make_good(tx: Tx, missing: inventory.Units) -> None:
    """Promise so many pieces from elsewhere, the newest orders first; what nobody has stays, and somebody is told."""
    left = missing.quantity
    acts: list[Reject] = []
    for fulfilment_id, line, unpicked in await tx.tuples(
        NEWEST, variant_id=missing.variant_id, location_id=missing.location_id
    ):
        if not left:
            break
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
    if acts:
        await run(tx, acts)


# From the promises of the place to their orders. Others may promise under references of their own.
NEWEST = """
    SELECT l.fulfilment_id, l.line, l.open - l.picked
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
