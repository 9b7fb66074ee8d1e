"""Concurrent singles become batches; one caller's bad input never fails another's."""

import asyncio

import pytest

from comptoir.kernel.coalesce import Coalescer
from comptoir.kernel.errors import Overloaded, Unavailable

pytestmark = pytest.mark.anyio


async def test_callers_share_batches_and_get_their_own_answers():
    batches = []

    async def double(items):
        batches.append(len(items))
        await asyncio.sleep(0)
        return [item * 2 for item in items]

    coalescer = Coalescer(double, max_batch=50)
    assert await asyncio.gather(*(coalescer(n) for n in range(200))) == [n * 2 for n in range(200)]
    assert max(batches) == 50
    assert len(batches) <= 5


async def test_a_full_batch_need_not_wait_and_one_that_is_not_full_does():
    gates = [asyncio.Event() for _ in range(3)]
    begun = []

    async def work(items):
        begun.append(len(items))
        await gates[len(begun) - 1].wait()
        return items

    async def until_settled():
        for _ in range(10):
            await asyncio.sleep(0)

    coalescer = Coalescer(work, max_batch=4, lanes=2)
    first = asyncio.create_task(coalescer(0))
    await until_settled()
    others = [asyncio.create_task(coalescer(n)) for n in range(1, 4)]
    await until_settled()
    assert begun == [1]
    others += [asyncio.create_task(coalescer(n)) for n in range(4, 12)]
    await until_settled()
    assert begun == [1, 4]
    gates[1].set()
    await until_settled()
    assert begun == [1, 4, 4]
    for gate in gates:
        gate.set()
    gates.extend([gates[0]] * 3)
    assert await asyncio.gather(first, *others) == list(range(12))
    assert begun == [1, 4, 4, 3]


async def test_the_one_to_blame_is_found_by_halves():
    async def work(items):
        if 13 in items:
            raise ValueError("thirteen")
        return items

    coalescer = Coalescer(work, max_batch=64)
    answers = await asyncio.gather(*(coalescer(n) for n in range(64)), return_exceptions=True)
    assert [type(a) for a in answers].count(ValueError) == 1
    assert isinstance(answers[13], ValueError)


async def test_an_answer_may_be_a_refusal_for_its_caller_alone():
    async def work(items):
        return [Unavailable("no") if item == 1 else item for item in items]

    coalescer = Coalescer(work)
    answers = await asyncio.gather(*(coalescer(n) for n in range(3)), return_exceptions=True)
    assert answers[0] == 0 and answers[2] == 2 and isinstance(answers[1], Unavailable)


@pytest.mark.parametrize("weight", [1, 7])
async def test_another_lane_begins_when_enough_callers_wait(weight):
    gate = asyncio.Event()
    begun = []

    async def work(items):
        begun.append(len(items))
        await gate.wait()
        return items

    coalescer = Coalescer(work, max_batch=64, lanes=2, enough=3, weigh=lambda _: weight)
    callers = []
    for number in range(9):
        callers.append(asyncio.create_task(coalescer(number)))
        for _ in range(5):
            await asyncio.sleep(0)
    assert begun == [1, 3], "one at once, another lane for three, and no third lane"
    gate.set()
    assert await asyncio.gather(*callers) == list(range(9))
    assert begun == [1, 3, 5]


async def test_who_asks_together_uses_every_lane_but_for_one_thing_only_one():
    begun = []

    async def work(items):
        begun.append(items)
        await asyncio.sleep(0)
        return items

    coalescer = Coalescer(work, max_batch=64, lanes=2, enough=2, alike=lambda item: item[0])
    asked = ["a1", "b1", "c1", "d1", "b2", "e1"]
    assert await asyncio.gather(*map(coalescer, asked)) == asked
    assert begun == [["a1", "b1", "c1", "b2"], ["d1", "e1"]], "b2 goes along with b1"
    begun.clear()
    hot = [f"a{number}" for number in range(9)]
    assert await asyncio.gather(*map(coalescer, hot)) == hot
    assert begun == [hot]


async def test_beyond_its_limit_it_refuses_rather_than_queue():
    gate = asyncio.Event()

    async def work(items):
        await gate.wait()
        return items

    coalescer = Coalescer(work, max_batch=1, max_waiting=3)
    under_way = asyncio.create_task(coalescer(0))
    while coalescer.waiting or not coalescer.batches:
        await asyncio.sleep(0)
    waiting = [asyncio.create_task(coalescer(n)) for n in (1, 2, 3)]
    while coalescer.waiting < 3:
        await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await coalescer(9)
    gate.set()
    assert await asyncio.gather(under_way, *waiting) == [0, 1, 2, 3]


async def test_a_caller_who_left_is_not_served_and_delays_nobody():
    gate = asyncio.Event()
    served = []

    async def work(items):
        await gate.wait()
        served.extend(items)
        return items

    coalescer = Coalescer(work, max_batch=1)
    first, second, third = (asyncio.create_task(coalescer(n)) for n in range(3))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(first, third) == [0, 2]
    assert served == [0, 2]
