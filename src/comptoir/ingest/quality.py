"""How good the events are that each source sends: counts per day, event, outcome and reason."""

from datetime import date

from comptoir.ingest.records import Quality
from comptoir.kernel.db import Tx


async def quality(tx: Tx, *, since: date, until: date | None = None, source_id: int | None = None) -> list[Quality]:
    """Counts of the UTC days from `since` to `until`, both included. Exact: they were written with the events."""
    return await tx.many(Quality, COUNTS, since=since, until=until or date.max, source_id=source_id)


COUNTS = """
    SELECT source_id, day, event, outcome, reason, events FROM ingest.v_source_day
    WHERE day BETWEEN %(since)s AND %(until)s AND (%(source_id)s::smallint IS NULL OR source_id = %(source_id)s)
    ORDER BY day DESC, source_id, outcome, events DESC, event, reason
"""
