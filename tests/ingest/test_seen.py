"""A message is recorded once within seven days: across midnight, processes, restarts and a clock that is moved."""

import asyncio
import os
from datetime import timedelta

import numpy as np
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comptoir import channels, ingest
from comptoir.ingest.seen import FEW, Filter
from comptoir.kernel import time
from comptoir.kernel.settings import Settings
from ingest.client import Client, viewed

pytestmark = pytest.mark.anyio


def words(keys):
    return np.frombuffer(b"".join(keys), "<u8").reshape(-1, 2)


@given(st.sets(st.binary(min_size=16, max_size=16), min_size=1, max_size=200), st.integers(1, 300))
@settings(max_examples=60, deadline=None)
def test_a_filter_never_forgets_and_both_ways_of_asking_agree(inside, strangers):
    inside = sorted(inside)
    one = Filter.of(words(inside))
    asked = inside + [os.urandom(16) for _ in range(strangers + FEW)]
    together = set(one.perhaps(asked, words(asked)))
    assert together >= set(inside)
    assert together == {key for key in asked if list(one.perhaps([key], words([key])))}


def test_a_filter_is_rarely_wrong():
    keys = [os.urandom(16) for _ in range(50_000)]
    one = Filter.of(words(keys))
    strangers = [os.urandom(16) for _ in range(50_000)]
    assert len(list(one.perhaps(strangers, words(strangers)))) < 50


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
    line = intake._line
    key = "{00000000-0000-0000-0000-000000000001}"
    found = await line._connection.execute(f"EXPLAIN EXECUTE ingest_known('{key}', now() - interval '7 days')")
    plan = "\n".join(row[0] for row in await found.fetchall())
    assert "Index" in plan
    assert "Seq Scan" not in plan, plan
