"""A message is recorded once within seven days: across midnight, processes, restarts and a clock that is moved."""

import asyncio
import os
import random
from datetime import timedelta

import numpy as np
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comptoir import channels, ingest
from comptoir.ingest.seen import FEW, Filter, Filters
from comptoir.ingest.writer import MAX_BATCH
from comptoir.kernel import time
from comptoir.kernel.settings import Settings
from ingest.client import Client, viewed

pytestmark = pytest.mark.anyio


def words(keys):
    return np.frombuffer(b"".join(keys), "<u8").reshape(-1, 2)


KEYS = st.sets(st.binary(min_size=16, max_size=16), max_size=200)


@given(st.lists(KEYS, min_size=1, max_size=4), st.integers(1, 300))
@settings(max_examples=60, deadline=None)
def test_filters_never_forget_and_both_ways_of_asking_agree(days, strangers):
    inside = sorted(set().union(*days))
    filters = Filters([Filter.of(words(day)) for day in days])
    asked = inside + [os.urandom(16) for _ in range(strangers + FEW)]
    together = filters.perhaps(asked)
    assert together >= set(inside)
    assert together == {key for key in asked if filters.perhaps([key])}


def test_a_filter_is_rarely_wrong():
    filters = Filters([Filter.of(words([os.urandom(16) for _ in range(50_000)]))])
    assert len(filters.perhaps([os.urandom(16) for _ in range(50_000)])) < 50


async def move(db, **by):
    async with db.transaction() as tx:
        await time.advance(tx, by=timedelta(**by))


async def stored(db):
    async with db.reading() as tx:
        return await tx.value("SELECT count(*) FROM kernel.event")


async def another(db, source):
    """A second process: an intake of its own."""
    intake = ingest.Intake(db)
    await intake.open()
    sources = channels.Sources(db)
    await sources.refresh()
    return intake, Client(ingest.Tracking(intake, sources, Settings()), source)


async def test_within_seven_days_and_not_beyond(client, db, intake):
    events = [viewed() for _ in range(40)]
    for day in range(8):
        assert (await client.batch(*events)).status == 200
        if day % 2:
            await intake.ready()  # once with the filter of the day before, once without
        assert await stored(db) == 40, f"day {day}"
        await move(db, days=1)
    await move(db, days=8)
    await client.batch(*events)
    assert await stored(db) == 80


async def test_after_a_restart_the_filters_are_read_not_made(client, db, source, intake):
    events = [viewed() for _ in range(40)]
    await client.batch(*events)
    await move(db, days=1)
    await client.batch(viewed())
    await intake.ready()
    async with db.reading() as tx:
        assert await tx.value("SELECT max(keys) FROM ingest.seen_day") == 40
    second, again = await another(db, source)
    await second.ready()
    await again.batch(*events)
    assert await stored(db) == 41
    await second.close()


async def test_two_processes_get_the_same_message_at_once(client, db, source):
    second, other = await another(db, source)
    for _ in range(10):
        events = [viewed() for _ in range(50)]
        await asyncio.gather(client.batch(*events), other.batch(*reversed(events)), client.batch(*events[10:30]))
    assert await stored(db) == 500
    await second.close()


async def test_the_same_message_in_two_transactions_of_a_process_that_are_open_together(client, db, intake):
    """Under load a transaction asks what is known while the one before it is being written."""
    events = [viewed() for _ in range(3 * MAX_BATCH)]
    sent = [events[at : at + 100] for at in range(0, len(events), 100)]
    again = [[*random.sample(events, 40), *random.sample(some, 20)] for some in sent]
    asked = [one for pair in zip(sent, again, strict=True) for one in pair]
    answers = await asyncio.gather(*(client.batch(*some) for some in asked))
    assert {answer.status for answer in answers} == {200}
    assert await stored(db) == len(events)
    await intake.fold()
    async with db.reading() as tx:
        counted = dict(await tx.tuples("SELECT outcome, sum(events)::int FROM ingest.v_source_day GROUP BY 1"))
    assert counted == {"accepted": len(events), "duplicate": sum(map(len, again))}


async def test_a_transaction_that_failed_leaves_its_messages_to_the_one_behind_it(client, db, intake):
    """What was in the hands of a writer whose connection is cut is not taken for written."""
    await client.batch(viewed())
    events, cut = [], 0
    while not cut:
        events += [viewed() for _ in range(2 * MAX_BATCH)]
        asked = [events[at : at + 100] for at in range(0, len(events), 100)] * 2
        sending = asyncio.gather(*(client.batch(*some) for some in asked))
        while not sending.done() and not cut:
            async with db.reading() as tx:
                cut = await tx.value(CUT)
        assert {answer.status for answer in await sending} <= {200, 503}
    answers = await asyncio.gather(*(client.batch(*some) for some in asked))
    assert {answer.status for answer in answers} == {200}
    assert await stored(db) == len(events) + 1


CUT = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ~ 'COPY kernel.event'
      AND state = 'active'
"""


async def test_around_midnight_what_yesterday_is_still_writing_is_waited_for(client, db, source):
    """One process has stamped a message before midnight and not committed; the same message comes after midnight."""
    event = viewed()
    second, other = await another(db, source)
    connection = await db.connect()
    async with connection:
        async with connection.transaction():  # the counts come after the rows: it cannot commit
            await connection.execute("LOCK TABLE ingest.tally")
            yesterday = asyncio.create_task(other.batch(event))
            await waiting_for_a_lock(db, yesterday, "relation")
            await move(db, days=1)
            today = asyncio.create_task(client.batch(event))
            await waiting_for_a_lock(db, today, "advisory")
            assert not today.done()
        assert [(await yesterday).status, (await today).status] == [200, 200]
    assert await stored(db) == 1
    await second.close()


async def waiting_for_a_lock(db, task, kind):
    connection = await psycopg.AsyncConnection.connect(db.url, autocommit=True)
    async with connection:
        while not task.done():
            found = await connection.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = %s AND NOT granted", [kind]
            )
            if (await found.fetchone())[0]:
                return
            await asyncio.sleep(0.01)


async def test_the_look_up_uses_the_index_even_when_the_partition_was_empty_when_planned(client, db, intake):
    await client.batch(viewed())
    (line,) = intake._lines
    key = "{00000000-0000-0000-0000-000000000001}"
    found = await line._connection.execute(f"EXPLAIN EXECUTE ingest_known('{key}', now() - interval '7 days')")
    plan = "\n".join(row[0] for row in await found.fetchall())
    assert "Index" in plan
    assert "Seq Scan" not in plan, plan
