"""What is kept for a number of days is kept for so many days, then forgotten; what a replay needs stays."""

from datetime import timedelta

import pytest

from comptoir.kernel import time
from comptoir.kernel.jobs import TASKS
from comptoir.kernel.settings import Settings
from comptoir.profiles.retention import MOMENTS
from comptoir.server import timers

pytestmark = pytest.mark.anyio

TABLES = ("ingest.dead_letter", "ingest.source_day", "ingest.tally", "orders.unrecorded", "profiles.moment")
MANY = timers.CHUNK + 7


async def fill(db):
    """So many rows of each kind of today that one chunk does not hold them; nobody has folded the tallies."""
    async with db.transaction() as tx:
        many = {"now": tx.now, "many": MANY}
        await tx.run(
            "INSERT INTO ingest.dead_letter (source_id, body_key, received_at, last_received_at, reason, detail,"
            "                                event_type, event_name, body, state)"
            " SELECT 1, gen_random_uuid(), %(now)s, %(now)s, 'malformed', '', '', '', '', "
            "        (ARRAY['waiting', 'replayed', 'discarded'])[1 + n %% 3] FROM generate_series(1, %(many)s) AS n",
            **many,
        )
        await tx.run(
            "INSERT INTO ingest.source_day SELECT 1, %(now)s::date, 'e' || n, 'accepted', '', 1"
            " FROM generate_series(1, %(many)s) AS n",
            **many,
        )
        await tx.run(
            "INSERT INTO ingest.tally (day, counts) VALUES (%(now)s::date,"
            """ '[{"source_id": 2, "event": "late", "outcome": "accepted", "reason": "", "events": 3}]')""",
            now=tx.now,
        )
        await tx.run(
            "INSERT INTO orders.unrecorded SELECT n, %(now)s, 1, 'Order Completed', '', 'invalid', '', %(now)s"
            " FROM generate_series(1, %(many)s) AS n",
            **many,
        )
        # Brought in today, of ten years ago.
        await tx.run(
            "INSERT INTO profiles.moment (node_id, occurred_at, position, recorded_at, channel, kind, spoke, name)"
            " SELECT n, %(now)s::timestamptz - interval '10 years', n, %(now)s, 'web', 'look', false, 'x'"
            " FROM generate_series(1, %(many)s) AS n",
            **many,
        )


async def left(db):
    async with db.reading() as tx:
        return [await tx.value(f"SELECT count(*) FROM {table}") for table in TABLES]


async def later(db, days):
    async with db.transaction() as tx:
        await time.advance(tx, by=timedelta(days=days))


async def test_each_thing_in_its_time(db):
    await fill(db)
    forget = TASKS["server.forget_old"].work
    kept = [MANY, MANY + 1, 0, MANY, MANY]  # the tally was folded

    seen = []
    for days in (29, 2, 368, 2, 693, 2):
        await later(db, days)
        await forget(db)
        seen.append(await left(db))
    assert seen == [
        kept,
        [0, *kept[1:]],
        [0, *kept[1:]],
        [0, 0, 0, 0, MANY],
        [0, 0, 0, 0, MANY],
        [0, 0, 0, 0, 0],
    ]


async def test_zero_keeps_for_ever(db):
    await fill(db)
    await later(db, 5_000)
    before = await left(db)
    await timers.forget(db, Settings(keep_dead_letters_days=0, keep_quality_days=0, keep_moments_days=0))
    assert await left(db) == before


async def test_the_oldest_moments_are_found_by_their_index(db):
    await fill(db)
    async with db.transaction() as tx:
        await tx.run("SET LOCAL enable_seqscan = off")
        plan = await tx.values("EXPLAIN " + MOMENTS, before=tx.now, most=10)
    assert any("moment_recorded" in line for line in plan)
