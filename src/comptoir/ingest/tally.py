"""Counts of what came and what became of it, written in the transaction of the events: exact after any crash.

A transaction adds one row of counts; a fold every few seconds brings them together, so that writers never meet.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC
from typing import Any

import msgspec

from comptoir.ingest.intake import Letter, Submission
from comptoir.kernel.db import Tx, rows
from comptoir.kernel.log import Event

LABELS = 1_000
"""Event names counted per source and process; the names of those beyond are counted together."""


class Flush(msgspec.Struct):
    """The submissions of one transaction, put together."""

    rows: dict[bytes, bytes]
    """By key, so that what comes twice in it is written once."""
    labels: list[tuple[int, list[str], list[bytes]]]
    letters: list[tuple[int, Letter]]
    warned: Counter[tuple[int, str, str]]
    total: int

    @classmethod
    def of(cls, batch: Sequence[Submission]) -> "Flush":
        whole = cls({}, [], [], Counter(), 0)
        for one in batch:
            whole.rows.update(zip(one.keys, one.rows, strict=True))
            whole.total += len(one.keys)
            if one.keys:
                whole.labels.append((one.source_id, one.labels, one.keys))
            whole.letters += [(one.source_id, letter) for letter in one.letters]
            for (label, reason), n in one.warned.items():
                whole.warned[one.source_id, label, reason] += n
        return whole


class Counts:
    """Counts by source, event name, outcome and reason."""

    def __init__(self) -> None:
        self._labels: dict[int, set[str]] = {}

    def forget(self) -> None:
        """A new day: its names are counted anew."""
        self._labels.clear()

    def of(self, whole: Flush, known: set[bytes]) -> list[dict[str, Any]]:
        """Rows for TALLY; `known` are the keys that were recorded before."""
        accepted: Counter[tuple[int, str]] = Counter()
        duplicate: Counter[tuple[int, str]] = Counter()
        exact = not known and len(whole.rows) == whole.total
        left: set[bytes] = set() if exact else whole.rows.keys() - known
        for source_id, labels, keys in whole.labels:
            if exact:
                for label, n in Counter(labels).items():
                    accepted[source_id, label] += n
                continue
            for label, key in zip(labels, keys, strict=True):
                if key in left:
                    left.discard(key)
                    accepted[source_id, label] += 1
                else:
                    duplicate[source_id, label] += 1
        rejected = Counter((source_id, one.name or one.call, one.reason) for source_id, one in whole.letters)
        counted: Counter[tuple[int, str, str, str]] = Counter()
        for outcome, counter in (("accepted", accepted), ("duplicate", duplicate)):
            for (source_id, label), n in counter.items():
                counted[source_id, self._label(source_id, label), outcome, ""] += n
        for outcome, reasons in (("rejected", rejected), ("warned", whole.warned)):
            for (source_id, label, reason), n in reasons.items():
                counted[source_id, self._label(source_id, label), outcome, reason] += n
        return [
            {"source_id": source_id, "event": label, "outcome": outcome, "reason": reason, "events": n}
            for (source_id, label, outcome, reason), n in counted.items()
        ]

    def _label(self, source_id: int, label: str) -> str:
        known = self._labels.setdefault(source_id, set())
        if label not in known:
            if len(known) >= LABELS:
                return "(other)"
            known.add(label)
        return label[:200]


FOLD = """
    WITH counted AS (
        DELETE FROM ingest.tally WHERE tally_id IN (
            SELECT tally_id FROM ingest.tally ORDER BY tally_id LIMIT 10000 FOR UPDATE SKIP LOCKED)
        RETURNING day, counts
    )
    INSERT INTO ingest.source_day AS d (day, source_id, event, outcome, reason, events)
    SELECT day, source_id, event, outcome, reason, sum(events)
    FROM counted, json_to_recordset(counts)
        AS c (source_id smallint, event text, outcome text, reason text, events bigint)
    GROUP BY day, source_id, event, outcome, reason
    ORDER BY day, source_id, event COLLATE "C", outcome, reason
    ON CONFLICT (day, source_id, event, outcome, reason) DO UPDATE SET events = d.events + excluded.events
"""


async def count_erased(tx: Tx, events: Sequence[Event]) -> None:
    """Events of people who were erased, that came again and were emptied: seen as a warning, without their names."""
    counted = Counter((one.source_id or 0, one.kind.removeprefix("ingest.")) for one in events)
    counts = [
        {"source_id": source_id, "event": call, "outcome": "warned", "reason": "erased_person", "events": n}
        for (source_id, call), n in sorted(counted.items())
    ]
    await tx.run(COUNT, day=tx.now.astimezone(UTC).date(), counts=rows(counts))


COUNT = "INSERT INTO ingest.tally (day, counts) VALUES (%(day)s, %(counts)s::json)"
