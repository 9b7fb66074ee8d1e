"""Events come in: a document becomes a job, a job becomes events, each of them once.

`begin` keeps the document and queues the job in one transaction: what was acknowledged is not lost. The job judges
first and writes afterwards, set-based; with `rollback` all in one transaction, with `proceed` a thousand at a time, so
that a worker that dies leaves off where the next one goes on. An event that is on record already, by its canonical
hash, is not stored again.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import msgspec
import psycopg
import structlog

from comptoir.kernel import jobs, pack
from comptoir.kernel.db import Database, Tx, rows
from comptoir.kernel.errors import Unavailable
from comptoir.kernel.ids import uuid7
from comptoir.kernel.log import microseconds
from comptoir.rfid import documents
from comptoir.rfid.documents import Document
from comptoir.rfid.errors import BadDocument, UnknownCapture
from comptoir.rfid.events import EventsCaptured
from comptoir.rfid.readings.judging import judge_readings
from comptoir.rfid.records import Behaviour, Capture, Event, Problem, Stored
from comptoir.rfid.shapes import Fault

log = structlog.get_logger(__name__)

CHUNK = 1_000
"""Events of one transaction where each counts by itself."""
BREATH = 250
"""Events judged before others on this event loop have a turn."""
MOST_ERRORS = 100
"""Problems kept of one capture; all are counted."""


async def begin(tx: Tx, *, body: bytes, behaviour: Behaviour) -> UUID:
    """Take a document to be captured. Raises BadDocument or TooManyEvents for what surrounds its events."""
    document = documents.opened(body)
    capture_id = uuid7()
    await tx.run(BEGIN, capture_id=capture_id, behaviour=behaviour, now=tx.now, body=body, events=len(document.events))
    await jobs.defer(tx, capture_events, capture_id=capture_id)
    return capture_id


BEGIN = """
    INSERT INTO rfid.capture (capture_id, behaviour, created_at, body, events)
    VALUES (%(capture_id)s, %(behaviour)s, %(now)s, %(body)s, %(events)s)
"""


async def record(tx: Tx, *, body: bytes) -> str:
    """One event alone, stored at once: a capture of one. Returns the eventID under which it is on record."""
    (one,) = documents.judged(documents.single(body), 0, 1)
    if not isinstance(one, Event):
        raise documents.refusal(one)
    capture_id = uuid7()
    done = await store(tx, [one], capture_id=capture_id)
    await tx.run(RECORDED, capture_id=capture_id, now=tx.now, stored=done.stored, repeated=done.repeated)
    return await tx.value("SELECT uri FROM rfid.event WHERE key = %(key)s", key=one.key)


RECORDED = """
    INSERT INTO rfid.capture (capture_id, behaviour, created_at, finished_at, events, done, stored, repeated)
    VALUES (%(capture_id)s, 'rollback', %(now)s, %(now)s, 1, 1, %(stored)s, %(repeated)s)
"""


async def capture(tx: Tx, *, capture_id: UUID) -> Capture:
    """A job and how far it is. Raises UnknownCapture."""
    if found := await tx.maybe(Capture, ONE, capture_id=capture_id):
        return found
    raise UnknownCapture(f"No capture has the id {capture_id}.", capture_id=str(capture_id))


async def recent(tx: Tx, *, before: tuple[datetime, UUID] | None = None, limit: int) -> list[Capture]:
    """The newest jobs first, older than `before` (created_at, capture_id)."""
    at, capture_id = before or (None, None)
    return await tx.many(Capture, LIST, at=at, capture_id=capture_id, limit=limit)


ONE = """
    SELECT capture_id AS "captureID", created_at AS "createdAt", finished_at AS "finishedAt",
           finished_at IS NULL AS running, success, behaviour AS "captureErrorBehaviour", errors, events, done, stored,
           repeated, refused
    FROM rfid.capture WHERE capture_id = %(capture_id)s
"""

LIST = """
    SELECT capture_id AS "captureID", created_at AS "createdAt", finished_at AS "finishedAt",
           finished_at IS NULL AS running, success, behaviour AS "captureErrorBehaviour", errors, events, done, stored,
           repeated, refused
    FROM rfid.capture
    WHERE (created_at, capture_id) < (coalesce(%(at)s::timestamptz, 'infinity'), coalesce(%(capture_id)s::uuid,
                                                                                          capture_id))
    ORDER BY created_at DESC, capture_id DESC LIMIT %(limit)s
"""


# ---- the job


class Job(msgspec.Struct, frozen=True):
    capture_id: UUID
    behaviour: Behaviour
    body: bytes
    done: int


@jobs.task("rfid.capture_events")
async def capture_events(db: Database, *, capture_id: str) -> None:
    """Store the events of a document, from where an earlier worker left off; end with errors rather than never."""
    async with db.reading() as tx:
        job = await tx.maybe(Job, JOB, capture_id=UUID(capture_id))
    if job is None:
        return
    try:
        await settle(db, job)
    except (psycopg.OperationalError, Unavailable):
        raise  # the queue tries again
    except Exception:
        log.exception("rfid.capture_failed", capture=capture_id)
        await db.within(partial(_end, job=job, problems=[DEFECT]))


JOB = """
    SELECT capture_id, behaviour, body, done FROM rfid.capture
    WHERE capture_id = %(capture_id)s AND finished_at IS NULL
"""

DEFECT = Problem("epcisException:ImplementationException", "Something is wrong on our side.", 500,
                 "The capture could not be carried out; the error was logged.")  # fmt: skip


async def settle(db: Database, job: Job) -> None:
    """All events, or as many at a time as count by themselves."""
    document = documents.opened(job.body)
    done, total = job.done, len(document.events)
    size = total if job.behaviour == "rollback" else CHUNK
    while done < total:
        good, faults = await judged(document, done, done + size)
        problems = [problem for several in faults for problem in map(problem_of, several)]
        if job.behaviour == "rollback" and faults:
            await db.within(partial(_end, job=job, problems=problems, refused=total))
            return
        reached = min(done + size, total)
        chunk = partial(_chunk, job=job, good=good, problems=problems, refused=len(faults), was=done, reached=reached)
        if not await db.within(chunk):
            return  # another worker is at it, because this one was thought dead
        done = reached
    await db.within(partial(_end, job=job))


async def judged(document: Document, start: int, end: int) -> tuple[list[Event], list[list[Fault]]]:
    """The good events, and the faults of each of the others."""
    good: list[Event] = []
    bad: list[list[Fault]] = []
    for place in range(start, end, BREATH):
        for one in documents.judged(document, place, min(place + BREATH, end)):
            if isinstance(one, Event):
                good.append(one)
            else:
                bad.append(one)
        await asyncio.sleep(0)
    return good, bad


async def _chunk(
    tx: Tx, *, job: Job, good: list[Event], problems: list[Problem], refused: int, was: int, reached: int
) -> bool:
    before = await tx.tuples(LOCK, capture_id=job.capture_id)
    if not before or before[0][0] != was:
        return False
    done = await store(tx, good, capture_id=job.capture_id, total_before=before[0][1])
    await tx.run(
        ADVANCE,
        capture_id=job.capture_id,
        done=reached,
        stored=done.stored,
        repeated=done.repeated,
        refused=refused,
        errors=rows(problems[:MOST_ERRORS]),
        most=MOST_ERRORS,
    )
    return True


async def _end(tx: Tx, *, job: Job, problems: Sequence[Problem] = (), refused: int = 0) -> None:
    await tx.run(END, capture_id=job.capture_id, now=tx.now, errors=rows(problems[:MOST_ERRORS]), refused=refused)


LOCK = "SELECT done, stored FROM rfid.capture WHERE capture_id = %(capture_id)s AND finished_at IS NULL FOR UPDATE"

ADVANCE = """
    UPDATE rfid.capture
    SET done = %(done)s, stored = stored + %(stored)s, repeated = repeated + %(repeated)s,
        refused = refused + %(refused)s,
        errors = jsonb_path_query_array(errors || %(errors)s::jsonb, '$[0 to $most]',
                                        jsonb_build_object('most', %(most)s::integer - 1))
    WHERE capture_id = %(capture_id)s
"""

END = """
    UPDATE rfid.capture
    SET finished_at = %(now)s, body = NULL, errors = errors || %(errors)s::jsonb, refused = refused + %(refused)s,
        done = CASE WHEN %(errors)s::jsonb = '[]' THEN done ELSE greatest(done, %(refused)s) END,
        success = errors = '[]' AND %(errors)s::jsonb = '[]'
    WHERE capture_id = %(capture_id)s AND finished_at IS NULL
"""


def problem_of(fault: Fault) -> Problem:
    return Problem(BadDocument.kind, BadDocument.title(), BadDocument.status, fault.reason, fault.place)


# ---- storing


async def store(tx: Tx, events: Sequence[Event], *, capture_id: UUID, total_before: int = 0) -> Stored:
    """Keep those that are not on record, by their canonical hash, to be judged; tell of them in one fact."""
    if not events:
        return Stored(0, 0)
    contexts = {hashlib.sha256(one.context).digest(): one.context for one in events}
    known = [{"digest": digest.hex(), "body": body.decode()} for digest, body in sorted(contexts.items())]
    await tx.run(CONTEXTS, contexts=rows(known))
    await tx.run(STAGE)
    await tx.run("TRUNCATE pg_temp.rfid_event_row")
    await tx.copy(COPY, pack.whole(packed(one) for one in events))
    stored = await tx.value(KEEP, capture_id=capture_id, now=tx.now)
    if stored:
        await jobs.defer(tx, judge_readings)
        await tx.tell(EventsCaptured(capture_id=capture_id, stored=stored, total_before=total_before))
    return Stored(stored, len(events) - stored)


CONTEXTS = """
    INSERT INTO rfid.context (digest, body)
    SELECT decode(digest, 'hex'), body FROM json_to_recordset(%(contexts)s::json) AS c (digest text, body text)
    ORDER BY 1
    ON CONFLICT (digest) DO NOTHING
"""

STAGE = """
    CREATE TEMP TABLE IF NOT EXISTS rfid_event_row (
        key bytea, uri text, type text, action text, event_time timestamptz, declared_at timestamptz, declares bytea,
        biz_step text, disposition text, read_point text, biz_location text, things text[], context bytea, body text)
    ON COMMIT DELETE ROWS
"""

COPY = "COPY pg_temp.rfid_event_row FROM STDIN (FORMAT binary)"

KEEP = """
    WITH kept AS (
        INSERT INTO rfid.event (key, uri, type, action, event_time, recorded_at, declared_at, declares, biz_step,
                                disposition, read_point, biz_location, things, context_id, capture_id, body)
        SELECT r.key, r.uri, r.type, r.action, r.event_time, %(now)s, r.declared_at, r.declares, r.biz_step,
               r.disposition, r.read_point, r.biz_location, r.things, c.context_id, %(capture_id)s, r.body
        FROM pg_temp.rfid_event_row AS r JOIN rfid.context AS c ON c.digest = r.context
        ORDER BY r.key
        ON CONFLICT (key) DO NOTHING
        RETURNING event_id
    ), listed AS (
        INSERT INTO rfid.unjudged (event_id) SELECT event_id FROM kept
    )
    SELECT count(*) FROM kept
"""


def packed(one: Event) -> bytes:
    """A row for COPY, in the order of STAGE."""
    return b"".join(
        (
            pack.start(14),
            pack.binary(one.key),
            pack.text(one.uri),
            pack.text(one.type),
            pack.text(one.action),
            pack.moment(microseconds(one.event_time)),
            pack.NULL if one.declared_at is None else pack.moment(microseconds(one.declared_at)),
            pack.binary(one.declares),
            pack.text(one.biz_step),
            pack.text(one.disposition),
            pack.text(one.read_point),
            pack.text(one.biz_location),
            pack.texts(one.things),
            pack.binary(hashlib.sha256(one.context).digest()),
            pack.binary(one.body),
        )
    )
