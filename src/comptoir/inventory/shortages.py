"""Where more is promised than lies there: a physical fact has eaten what somebody counts on."""

from datetime import datetime

import msgspec

from comptoir.inventory.records import Units
from comptoir.kernel.db import Tx


class Shortage(Units, frozen=True):
    """So many pieces that are missing, and since when some have been."""

    since: datetime


async def shortages(
    tx: Tx, *, after: Shortage | None = None, lasting: datetime | None = None, most: int = 200
) -> list[Shortage]:
    """How many pieces are missing, by variant and location; those that have been missing longest first. Of those that
    have been since before `lasting` only what is free somewhere else.
    """
    place = msgspec.structs.asdict(after) if after else {"since": None, "variant_id": None, "location_id": None}
    place.pop("quantity", None)
    return await tx.many(Shortage, SHORTAGES, **place, lasting=lasting, most=most)


SHORTAGES = """
    SELECT variant_id, location_id, missing AS quantity, since FROM inventory.shortage AS s
    WHERE (%(since)s::timestamptz IS NULL
           OR (since, variant_id, location_id)
              > (%(since)s::timestamptz, %(variant_id)s::bigint, %(location_id)s::smallint))
      AND (%(lasting)s::timestamptz IS NULL OR since >= %(lasting)s::timestamptz OR EXISTS (
            SELECT FROM inventory.v_balance AS b WHERE b.variant_id = s.variant_id AND b.free > 0))
    ORDER BY since, variant_id, location_id LIMIT %(most)s
"""


async def missing(tx: Tx, *, variant_id: int, location_id: int) -> int:
    """How many pieces of a variant are missing at a location now."""
    return await tx.value(MISSING, variant_id=variant_id, location_id=location_id) or 0


MISSING = """
    SELECT missing FROM inventory.shortage WHERE variant_id = %(variant_id)s AND location_id = %(location_id)s
"""
