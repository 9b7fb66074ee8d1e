"""The log is read exactly once, in order, past poison and across workers."""

import asyncio
import contextlib
import random
from collections import defaultdict
from datetime import UTC, datetime

import pytest

from comptoir.kernel import consumers, log
from comptoir.kernel.consumers import Consumer

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def nothing_left_ahead(db):
    """What a consumer is still reading ahead ends before its database does: else the next test is told of it."""
    yield
    ahead = [task for task in asyncio.all_tasks() if task.get_coro().__qualname__ == "Consumer._read_ahead"]
    for task in ahead:
        task.cancel()
    await asyncio.gather(*ahead, return_exceptions=True)


class Happened(log.Fact, frozen=True):
    kind = "kernel.happened"
    who: str
    number: int

    def lane_key(self):
        return self.who


async def happen(db, number, people=20):
    async with db.transaction() as tx:
        await tx.tell(*(Happened(who=f"p{i % people}", number=i) for i in range(number)))


async def test_every_event_once_in_order_of_its_lane(db):
    await happen(db, 1000)
    seen = defaultdict(list)

    async def handle(tx, events):
        for event in events:
            fact = log.msgspec.json.decode(event.body, type=Happened)
            seen[fact.who].append(fact.number)

    consumer = Consumer(db, "test", handle)
    while await consumer.step():
        pass

    assert sum(map(len, seen.values())) == 1000
    assert all(numbers == sorted(numbers) for numbers in seen.values())
    async with db.reading() as tx:
        (lag,) = await consumers.lags(tx)
    assert (lag.events, lag.seconds) == (0, 0)


async def test_a_poison_event_is_parked_and_its_neighbours_are_not(db):
    await happen(db, 200)
    seen = []

    async def handle(tx, events):
        if any('"number":77' in event.body for event in events):
            raise ValueError("cannot digest 77")
        seen.extend(event.position for event in events)

    consumer = Consumer(db, "test", handle, least=64)
    while await consumer.step():
        pass

    async with db.reading() as tx:
        assert await tx.values("SELECT error FROM kernel.parked_event") == ["ValueError('cannot digest 77')"]
        assert await tx.value("SELECT count(*) FROM kernel.event") == 200
    assert len(set(seen)) == 199


async def test_two_workers_on_one_lane_cannot_both_commit(db):
    await happen(db, 10, people=1)

    async def nothing(tx, events):
        pass

    async def overtaken(tx, events):
        await Consumer(db, "test", nothing).step()

    with pytest.raises(consumers.CursorMoved):
        await Consumer(db, "test", overtaken, least=64).step()


async def test_a_slow_transaction_hides_nothing_from_the_readers_behind_it(db):
    seen = []

    async def handle(tx, events):
        seen.extend(events)

    consumer = Consumer(db, "test", handle)
    async with db.transaction() as slow:
        await slow.tell(Happened(who="slow", number=1))
        await happen(db, 5)
        assert await consumer.step() == 0  # the fast ones wait: they would put the cursor past the slow one
    while await consumer.step():
        pass
    assert len(seen) == 6


async def test_no_reader_waits_for_those_who_append_nothing(db):
    seen = []

    async def handle(tx, events):
        seen.extend(events)

    consumer = Consumer(db, "test", handle)
    foreign = await db.connect()
    async with foreign.transaction(), db.aside() as aside:
        await foreign.execute("SELECT pg_current_xact_id()")
        await aside.run("SELECT pg_current_xact_id()")
        await happen(db, 5)
        assert await consumer.step() == 5
    await foreign.close()
    assert len(seen) == 5


async def test_nothing_appears_behind_a_cursor_however_writers_overlap(db):
    """Some take a number long before they append, some roll back, and a stranger is always at work."""
    chance = random.Random(5)
    kept, seen = set(), defaultdict(list)

    async def handle(tx, events):
        for event in events:
            fact = log.msgspec.json.decode(event.body, type=Happened)
            seen[event.lane].append((event.xid, event.position, fact.number))

    async def writer(name):
        for n in range(30):
            number = name * 1000 + n
            with contextlib.suppress(InterruptedError):
                async with db.transaction() as tx:
                    if chance.random() < 0.5:
                        await tx.run("SELECT pg_current_xact_id()")
                        await asyncio.sleep(chance.random() * 0.02)
                    await tx.tell(Happened(who=str(number % 9), number=number))
                    await asyncio.sleep(chance.random() * 0.02)
                    if chance.random() < 0.1:
                        raise InterruptedError
                kept.add(number)

    async def stranger():
        async with await db.connect() as connection:
            while not writing.done():
                async with connection.transaction():
                    await connection.execute("SELECT pg_current_xact_id()")
                    await asyncio.sleep(0.05)

    consumer = Consumer(db, "test", handle, least=2)
    writing = asyncio.gather(*(writer(name) for name in range(8)))
    strange = asyncio.create_task(stranger())
    while await consumer.step() or not strange.done():
        await asyncio.sleep(0.001)
    while await consumer.step():
        pass
    found = [number for events in seen.values() for _, _, number in events]
    assert sorted(found) == sorted(kept)
    assert all(events == sorted(events) for events in seen.values())


async def test_a_replay_under_a_working_consumer_loses_nothing(db):
    await happen(db, 300)
    seen = []

    async def handle(tx, events):
        if not seen:
            async with db.transaction() as other:  # while this batch is under way
                await consumers.replay(other, consumer="test")
        seen.extend(event.position for event in events)

    async def nothing(tx, events):
        pass

    await Consumer(db, "test", nothing).step()
    consumer = Consumer(db, "test", handle)
    with pytest.raises(consumers.CursorMoved):
        await consumer.step()
    seen[:] = [0]
    while await consumer.step():
        pass
    assert len(set(seen)) == 301


async def test_an_idle_consumer_that_is_replayed_reads_the_oldest_partitions_again(db):
    await happen(db, 50)
    seen = []

    async def handle(tx, events):
        seen.extend(event.position for event in events)

    consumer = Consumer(db, "test", handle, least=2)
    while await consumer.step():
        pass
    consumer._since = consumer._since + consumers.timedelta(days=3)  # as if it had been idle for days
    async with db.transaction() as tx:
        await consumers.replay(tx, consumer="test")
    seen.clear()
    while await consumer.step():
        pass
    assert len(set(seen)) == len(seen) == 50


async def test_reading_ahead_keeps_the_order_and_counts_each_event_once(db):
    await happen(db, 3000, people=7)
    seen = defaultdict(list)
    batches = []

    async def handle(tx, events):
        batches.append(len(events))
        for event in events:
            seen[event.lane].append((event.xid, event.position))
        if len(batches) % 3 == 0:
            raise consumers.CursorMoved  # whatever was read ahead must be forgotten
        committed.append(len(events))

    committed = []
    consumer = Consumer(db, "test", handle, least=8, most=256)
    while sum(committed) < 3000:  # an empty look is no end: others who write hold the horizon back
        before = {lane: len(places) for lane, places in seen.items()}
        try:
            await consumer.step()
        except consumers.CursorMoved:
            for lane in seen:
                del seen[lane][before.get(lane, 0) :]
    assert sum(committed) == 3000
    assert all(places == sorted(set(places)) for places in seen.values())


async def test_what_was_prepared_before_the_database_fell_is_prepared_again(db):
    """The commit of a preparation is answered before it is on the disk."""
    await happen(db, 200)
    prepared = []

    async def prepare(tx, events):
        prepared.extend(event.position for event in events)
        return events

    async def handle(tx, events):
        handled.extend(event.position for event in events)

    handled = []
    consumer = Consumer(db, "test", handle, prepare=prepare, least=2, most=40)
    await consumer.step()
    await asyncio.wait([consumer._ahead])
    ahead = prepared[len(handled) :]
    assert ahead
    await db.pool.drain()  # what is left of the connections of before the fall
    while await consumer.step():
        pass
    assert len(handled) == len(set(handled)) == 200
    assert all(prepared.count(position) == 2 for position in ahead)


ENDED = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ~ %(query)s
"""


# Other tests listen on the same server, each in its own database.
EARS = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND query = 'LISTEN comptoir_log' AND pid <> ALL(%(was)s)
"""


async def test_a_consumer_that_lost_its_ear_listens_again(db):
    async def handle(tx, events):
        pass

    async def listening():
        async with asyncio.timeout(20):
            while True:
                async with db.reading() as tx:
                    if found := await tx.values(EARS, was=was):
                        return found
                await asyncio.sleep(0.02)

    was, stopping = [], asyncio.Event()
    running = asyncio.create_task(Consumer(db, "test", handle).run(stopping))
    was = await listening()
    async with db.reading() as tx:
        assert await tx.value(ENDED, query="LISTEN comptoir_log") == 1
    await listening()
    stopping.set()
    await running


async def test_processes_that_start_together_open_a_day_once(db):
    """Who waited for another one sees what that one has made."""
    day = datetime(2031, 1, 1, tzinfo=UTC).date()

    async def start():
        async with db.transaction() as tx:
            await log.open_day(tx, day)
            await asyncio.sleep(0.05)  # so that the others wait

    await asyncio.gather(*(start() for _ in range(6)))
    async with db.reading() as tx:
        assert await tx.value("SELECT to_regclass('kernel.event_20310101') IS NOT NULL")
