"""What ingest forgets: letters that nobody mended in time, and counts of long ago. A few rows a call."""

from datetime import UTC, datetime

from comptoir.ingest.tally import FOLD
from comptoir.kernel.db import Tx


async def forget_letters(tx: Tx, *, before: datetime, most: int) -> int:
    """Drop dead letters that came last before this moment, whether they wait or are settled; returns how many."""
    return await tx.run(LETTERS, before=before, most=most)


# One that is being handed in again at this moment is locked: it is left for tomorrow.
LETTERS = """
    DELETE FROM ingest.dead_letter WHERE dead_letter_id IN (
        SELECT dead_letter_id FROM ingest.dead_letter WHERE last_received_at < %(before)s
        ORDER BY last_received_at LIMIT %(most)s FOR UPDATE SKIP LOCKED)
"""


async def forget_counts(tx: Tx, *, before: datetime, most: int) -> int:
    """Drop the counts of days before this one; returns how many.

    Tallies that no process has folded since it died are folded first: what they count is not lost before its time.
    """
    await tx.run(FOLD)
    return await tx.run(COUNTS, before=before.astimezone(UTC).date(), most=most)


COUNTS = """
    DELETE FROM ingest.source_day WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM ingest.source_day WHERE day < %(before)s ORDER BY day LIMIT %(most)s FOR UPDATE SKIP LOCKED))
"""
