"""What comes in just now, accepted and rejected: the end of the log beside the end of the dead letters.

It is read from the tables, so every process shows the same. The log has no index by time: its newest rows are the
last pages of today's partition, which are read alone, however long the day was.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

from comptoir.ingest.intake import storable
from comptoir.ingest.records import Outcome, Seen
from comptoir.kernel.db import Tx

PAGES = 64
"""Pages of 8 kB at the end of today's partition that are looked at: some 700 events."""


async def tail(
    tx: Tx,
    *,
    limit: int = 50,
    after: datetime | None = None,
    source_id: int | None = None,
    outcomes: Sequence[Outcome] = ("accepted", "rejected"),
) -> list[Seen]:
    """The newest events, the newest first; with `after` only those recorded later. NOTIFY `comptoir_log` tells of more.

    An event that is shown has been recorded; one that was recorded while many others were may be passed over.
    """
    found: list[Seen] = []
    today = datetime.combine(tx.now.astimezone(UTC).date(), time(), UTC)
    if "accepted" in outcomes:
        pages = await tx.value(LENGTH, part=f"kernel.event_{today:%Y%m%d}") or 0
        found += await tx.many(
            Seen,
            ACCEPTED,
            today=today,
            after=max(after or today, today),
            page=f"({max(0, pages - PAGES)},0)",
            source_id=source_id,
            limit=limit,
        )
    if "rejected" in outcomes:
        letters = await tx.tuples(REJECTED, after=after or today, source_id=source_id, limit=limit)
        found += [_rejected(*letter) for letter in letters]
    return sorted(found, key=lambda one: (one.recorded_at, one.place), reverse=True)[:limit]


async def accepted(tx: Tx, *, day: date, position: int) -> Seen | None:
    """One event of the log, by the day (UTC) on which it was recorded."""
    return await tx.maybe(Seen, ONE, day=day, position=position)


LENGTH = "SELECT pg_relation_size(to_regclass(%(part)s)) / 8192"

ACCEPTED = """
    SELECT recorded_at, occurred_at, source_id, 'accepted' AS outcome, substr(kind, 8) AS type, name,
           '' AS reason, '' AS detail, body, position AS place
    FROM kernel.event
    WHERE ctid >= %(page)s::tid AND recorded_at >= %(today)s AND recorded_at > %(after)s
      AND source_id IS NOT NULL AND kind LIKE 'ingest.%%'
      AND (%(source_id)s::smallint IS NULL OR source_id = %(source_id)s)
    ORDER BY recorded_at DESC, position DESC LIMIT %(limit)s
"""

ONE = """
    SELECT recorded_at, occurred_at, source_id, 'accepted' AS outcome, substr(kind, 8) AS type, name,
           '' AS reason, '' AS detail, body, position AS place
    FROM kernel.event
    WHERE recorded_at >= %(day)s::date AND recorded_at < %(day)s::date + 1 AND position = %(position)s
      AND source_id IS NOT NULL AND kind LIKE 'ingest.%%'
"""

REJECTED = """
    SELECT last_received_at, source_id, event_type, event_name, reason, detail, substr(body, 1, 4000), dead_letter_id
    FROM ingest.dead_letter
    WHERE last_received_at > %(after)s AND (%(source_id)s::smallint IS NULL OR source_id = %(source_id)s)
    ORDER BY last_received_at DESC LIMIT %(limit)s
"""


def _rejected(
    at: datetime, source_id: int, call: str, name: str, reason: str, detail: str, body: bytes, number: int
) -> Seen:
    return Seen(
        recorded_at=at,
        occurred_at=None,
        source_id=source_id,
        outcome="rejected",
        type=call,
        name=name,
        reason=reason,
        detail=detail,
        body=storable(bytes(body).decode("utf-8", "replace")),
        place=number,
    )
