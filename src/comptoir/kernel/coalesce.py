"""Application-level group commit: concurrent calls for one become one call for many.

    reserve = Coalescer(reserve_batch)      # async def reserve_batch(requests) -> answers
    hold = await reserve(request)           # one caller sees one request and one answer

An idle coalescer starts at once; while a batch is under way the next one gathers, so the batch grows with the
load and nobody ever waits for a timer. With several lanes the next batch need not wait for the one under way as soon
as `enough` callers wait for it: the interpreter works for the one while PostgreSQL works for the other.

`work` must be atomic: it answers every item (an answer may be an exception, raised for its caller only) or raises
having changed nothing; then the batch is halved until the item to blame is alone with its error. So one caller's bad
input never fails another's.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from comptoir.kernel.errors import Overloaded, Unavailable

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Coalescer(Generic[Item, Answer]):
    """Batches of at most `max_batch` weight, at most `lanes` under way; beyond `max_waiting`, Overloaded.

    `enough`: callers for whom another lane begins; it does for a full batch in any case. `alike`: what batches must
    not both ask for, or one waits for the other. If it is named, so many callers that every lane could begin are
    shared among the lanes: who was answered together asks again together, and would use one lane for ever.
    """

    def __init__(
        self,
        work: Callable[[list[Item]], Awaitable[Sequence[Answer | BaseException]]],
        *,
        max_batch: int = 200,
        max_waiting: int = 5_000,
        lanes: int = 1,
        enough: int | None = None,
        weigh: Callable[[Item], int] = lambda _: 1,
        alike: Callable[[Item], Hashable] | None = None,
    ) -> None:
        self._work = work
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._lanes = lanes
        self._enough = enough or max_waiting
        self._weigh = weigh
        self._alike = alike
        self._waiting: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._waiting_weight = 0
        self._under_way: set[asyncio.Task[None]] = set()
        self._called = False
        self.batches = 0
        self.items = 0

    @property
    def waiting(self) -> int:
        return self._waiting_weight

    async def __call__(self, item: Item) -> Answer:
        """A cancelled caller leaves the queue; once its batch is under way the work goes on."""
        weight = self._weigh(item)
        if self._waiting_weight and self._waiting_weight + weight > self._max_waiting:
            raise Overloaded
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((item, answer))
        self._waiting_weight += weight
        if not self._called and self._may_begin():
            self._called = True
            loop.call_soon(self._begin)  # not at once: who comes in the same moment comes along
        return await answer

    async def close(self) -> None:
        """Finish what was accepted."""
        while self._called or self._under_way:
            await asyncio.wait([*self._under_way, asyncio.ensure_future(asyncio.sleep(0))])

    def _may_begin(self) -> bool:
        many = self._waiting_weight >= self._max_batch or len(self._waiting) >= self._enough
        return bool(self._waiting) and len(self._under_way) < (self._lanes if many else 1)

    def _begin(self) -> None:
        self._called = False
        while self._may_begin():
            if batch := self._take():
                task = asyncio.get_running_loop().create_task(self._settle(batch))
                self._under_way.add(task)
                task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._begin()

    def _take(self) -> list[tuple[Item, asyncio.Future[Answer]]]:
        batch: list[tuple[Item, asyncio.Future[Answer]]] = []
        weight = 0
        free = self._lanes - len(self._under_way)
        alike = self._alike if len(self._waiting) >= free * self._enough else None
        share = -(-len(self._waiting) // free)
        taken: set[Hashable] = set()
        others: list[tuple[Item, asyncio.Future[Answer]]] = []
        while self._waiting and (not batch or weight < self._max_batch):
            item, answer = self._waiting.popleft()
            if alike is not None:
                kind = alike(item)
                if len(batch) >= share and kind not in taken:
                    others.append((item, answer))
                    continue
                taken.add(kind)
            self._waiting_weight -= self._weigh(item)
            if not answer.done():
                batch.append((item, answer))
                weight += self._weigh(item)
        self._waiting.extendleft(reversed(others))
        return batch

    async def _settle(self, batch: list[tuple[Item, asyncio.Future[Answer]]]) -> None:
        self.batches += 1
        self.items += len(batch)
        answers: Sequence[Answer | BaseException]
        try:
            answers = await self._work([item for item, _ in batch])
            if len(answers) != len(batch):
                raise Unavailable(f"{len(answers)} answers for {len(batch)} items")  # noqa: TRY301
        except (Unavailable, asyncio.CancelledError) as error:
            answers = [error] * len(batch)
        except Exception as error:  # noqa: BLE001  one item poisons the batch: find it by halves
            if len(batch) > 1:
                half = len(batch) // 2
                await self._settle(batch[:half])
                await self._settle(batch[half:])
                return
            answers = [error]
        for (_, waiter), answer in zip(batch, answers, strict=True):
            if waiter.done():
                continue
            if isinstance(answer, asyncio.CancelledError):
                waiter.cancel()
            elif isinstance(answer, BaseException):
                waiter.set_exception(answer)
            else:
                waiter.set_result(answer)
