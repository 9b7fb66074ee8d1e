"""A poisoned event that is mended is handed in again: once, with its effects, and with a line in the audit trail."""

import asyncio

import pytest

from comptoir.kernel import consumers, log, parked
from comptoir.kernel.auth import SYSTEM, audit
from comptoir.kernel.consumers import Consumer

pytestmark = pytest.mark.anyio


class Happened(log.Fact, frozen=True):
    kind = "kernel.happened"
    number: int

    def lane_key(self):
        return str(self.number % 5)


class Stomach:
    """Counts what it has digested in a table of its own; `poison` makes it choke."""

    def __init__(self, *poison):
        self.poison = set(poison)

    async def handle(self, tx, events):
        for event in events:
            number = log.msgspec.json.decode(event.body, type=Happened).number
            await tx.run("INSERT INTO public.digested VALUES (%(n)s)", n=number)
            if number in self.poison:
                raise ValueError(f"cannot digest {number}")


async def poisoned(db, *poison):
    """Twenty events, of which some are parked; the stomach, and where the poison lies."""
    async with db.transaction() as tx:
        await tx.run("CREATE TABLE IF NOT EXISTS public.digested (n int)")
        await tx.tell(*(Happened(number=number) for number in range(20)))
    stomach = Stomach(*poison)
    reader = Consumer(db, "test", stomach.handle)
    while await reader.step():
        pass
    async with db.reading() as tx:
        waiting = await parked.parked_events(tx)
    assert len(waiting) == len(poison)
    return stomach, sorted(one.position for one in waiting)


async def digested(db):
    async with db.reading() as tx:
        return sorted(await tx.values("SELECT n FROM public.digested"))


def hand_in(db, stomach, positions=None):
    return parked.hand_in(db, {"test": stomach.handle}, consumer="test", actor=SYSTEM, positions=positions)


async def test_a_mended_event_is_digested_and_one_that_is_still_poison_waits_with_its_new_error(db):
    stomach, (first, second) = await poisoned(db, 7, 11)
    assert [one.outcome for one in await hand_in(db, stomach)] == ["parked", "parked"]
    assert 7 not in await digested(db)

    stomach.poison = {11}
    (seven,) = [one for one in await hand_in(db, stomach) if one.outcome == "digested"]
    async with db.reading() as tx:
        (still,) = await parked.parked_events(tx)
        lines = await audit.trail(tx, target=f"parked_event:test:{seven.position}")
        assert await parked.parked_by_consumer(tx) == {"test": 1}
    assert {seven.position, still.position} == {first, second}
    assert still.error == "ValueError('cannot digest 11')"
    assert await digested(db) == [n for n in range(20) if n != 11]
    assert [line.after["outcome"] for line in lines] == ["digested", "parked"]
    assert {line.action for line in lines} == {"kernel.hand_in_parked"}


async def test_one_is_handed_in_and_the_others_wait(db):
    stomach, (first, second) = await poisoned(db, 7, 11)
    stomach.poison = set()
    (answer,) = await hand_in(db, stomach, [second])
    assert (answer.position, answer.outcome) == (second, "digested")
    async with db.reading() as tx:
        assert [one.position for one in await parked.parked_events(tx)] == [first]


async def test_many_who_hand_in_the_same_event_do_it_once(db):
    stomach, (position,) = await poisoned(db, 7)
    stomach.poison = set()
    answers = await asyncio.gather(*(hand_in(db, stomach, [position]) for _ in range(8)))
    outcomes = sorted(answer.outcome for (answer,) in answers)
    assert outcomes == ["digested"] + ["settled"] * 7
    assert await digested(db) == list(range(20))


async def test_what_the_log_no_longer_holds_stays_and_says_so(db):
    stomach, (position,) = await poisoned(db, 7)
    async with db.transaction() as tx:
        await tx.run("DELETE FROM kernel.event WHERE position = %(position)s", position=position)
    (answer,) = await hand_in(db, stomach)
    assert answer.outcome == "gone"
    async with db.reading() as tx:
        assert len(await parked.parked_events(tx)) == 1


async def test_a_replay_reads_what_was_parked_and_nothing_is_handed_in_twice(db):
    stomach, (position,) = await poisoned(db, 7)
    stomach.poison = set()
    async with db.transaction() as tx:
        await tx.run("TRUNCATE public.digested")
        await consumers.replay(tx, consumer="test")
    reader = Consumer(db, "test", stomach.handle)
    while await reader.step():
        pass
    (answer,) = await hand_in(db, stomach, [position])
    assert answer.outcome == "settled"
    assert await digested(db) == list(range(20))


async def test_a_consumer_nobody_knows_is_refused(db):
    with pytest.raises(parked.UnknownConsumer):
        await parked.hand_in(db, {}, consumer="nobody", actor=SYSTEM)


async def test_an_event_that_nobody_can_mend_is_given_up_once_and_the_reason_is_kept(db):
    stomach, (first, second) = await poisoned(db, 3, 7)
    async with db.transaction() as tx:
        with pytest.raises(parked.NoReason):
            await parked.give_up(tx, consumer="test", position=first, reason="  ", actor=SYSTEM)
    for expected in (True, False):
        async with db.transaction() as tx:
            done = await parked.give_up(tx, consumer="test", position=first, reason="a test of 2019", actor=SYSTEM)
        assert done is expected
    async with db.reading() as tx:
        assert [one.position for one in await parked.parked_events(tx)] == [second], "the other waits on"
        told = await tx.tuples(
            "SELECT action, target, after::text FROM kernel.audit WHERE target LIKE 'parked_event:%'"
        )
    assert [(action, target) for action, target, _ in told] == [("kernel.give_up_parked", f"parked_event:test:{first}")]
    assert "a test of 2019" in told[0][2]
    stomach.poison.clear()
    assert [one.outcome for one in await hand_in(db, stomach, [first])] == ["settled"]
    assert len(await digested(db)) == 18
