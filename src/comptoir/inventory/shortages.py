"""Where more is promised than lies there: a physical fact has eaten what somebody counts on."""

from comptoir.inventory.records import Units
from comptoir.kernel.db import Tx


async def shortages(tx: Tx, *, most: int = 200) -> list[Units]:
    """How many pieces are missing, by variant and location; those that have been missing longest first."""
    return await tx.many(Units, SHORTAGES, most=most)


SHORTAGES = """
    SELECT variant_id, location_id, missing AS quantity FROM inventory.shortage
    ORDER BY since, variant_id, location_id LIMIT %(most)s
"""
