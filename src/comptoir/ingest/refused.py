"""Rows that PostgreSQL refuses although `judge` took them: a defect of ours, which must not cost their neighbours.

They are found by halves and become dead letters, to be replayed when the defect is mended.
"""

from collections.abc import Sequence

import psycopg
import structlog

from comptoir.ingest.intake import Letter, Submission, storable
from comptoir.ingest.transaction import Line
from comptoir.kernel import log as event_log

log = structlog.get_logger(__name__)


async def refused(line: Line, stamp: int, rows: Sequence[tuple[bytes, bytes]]) -> dict[bytes, str]:
    """The keys of the rows that cannot be written at this moment, with PostgreSQL's reason."""
    try:
        await line.rehearse(stamp, [row for _, row in rows])
    except psycopg.OperationalError:
        raise
    except psycopg.DatabaseError as error:
        if len(rows) == 1:
            if isinstance(error, psycopg.errors.UniqueViolation):
                return {}  # it was recorded a moment ago: nothing is wrong with the row
            log.error("ingest.defect", reason=str(error), kind=event_log.columns(rows[0][1])[0].decode())  # noqa: TRY400
            return {rows[0][0]: str(error)}
        half = len(rows) // 2
        return await refused(line, stamp, rows[:half]) | await refused(line, stamp, rows[half:])
    return {}


def set_aside(batch: Sequence[Submission], wrong: dict[bytes, str]) -> None:
    """The rows with these keys become letters of their submissions."""
    for one in batch:
        judged = list(zip(one.keys, one.rows, one.labels, strict=True))
        one.letters += [_letter(key, row, wrong[key]) for key, row, _ in judged if key in wrong]
        one.keys = [key for key, _, _ in judged if key not in wrong]
        one.rows = [row for key, row, _ in judged if key not in wrong]
        one.labels = [label for key, _, label in judged if key not in wrong]


def _letter(key: bytes, row: bytes, reason: str) -> Letter:
    kind, *_, name, body = event_log.columns(row)
    call = kind.decode().rpartition(".")[2]
    return Letter(key, "unstorable", storable(reason)[:1000], call, name.decode()[:200], body)
