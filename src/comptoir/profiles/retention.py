"""What profiles forget: moments of long ago. A few rows a call."""

from datetime import datetime

from comptoir.kernel.db import Tx


async def forget_moments(tx: Tx, *, before: datetime, most: int) -> int:
    """Drop moments that were recorded before this one; returns how many. Measures keep what they counted.

    By the time of recording: what is brought in from years ago stands as long as what happened since.
    """
    return await tx.run(MOMENTS, before=before, most=most)


MOMENTS = """
    DELETE FROM profiles.moment WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM profiles.moment WHERE recorded_at < %(before)s LIMIT %(most)s FOR UPDATE SKIP LOCKED))
"""
