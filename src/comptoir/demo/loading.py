"""The history goes in: reading, encoding, sending and storing overlap, and a start that was cut off goes on.

One thread reads and encodes ahead; a few requests are under way at once. A batch that is sent again is recognised by
its receipts' numbers, so nothing is ever counted twice.
"""

import asyncio
from collections.abc import Callable, Iterator

from comptoir.demo.courier import Courier
from comptoir.demo.history import History
from comptoir.demo.house import Memory
from comptoir.demo.receipts import encode, receipt_entry, send_sales

AT_ONCE = 3
"""Requests under way: one on the wire, one being judged, one being written."""
AHEAD = 4
"""Batches encoded and waiting."""

Batch = tuple[int, int, bytes]
"""Number of the batch, lines in it, the request's body."""


async def load(
    courier: Courier, history: History, memory: Memory, *, save: Callable[[], None], progress: Callable[[int], None]
) -> None:
    """All receipts of the history. `progress` hears of every batch's lines, those of an earlier start included."""
    queue: asyncio.Queue[Batch | None] = asyncio.Queue(AHEAD)
    done: set[int] = set()

    async def send() -> None:
        while (batch := await queue.get()) is not None:
            number, lines, body = batch
            await send_sales(courier, body)
            done.add(number)
            while memory.receipts_sent in done:
                done.discard(memory.receipts_sent)
                memory.receipts_sent += 1
            save()
            progress(lines)
        await queue.put(None)

    async def read() -> None:
        batches = encoded(history, weeks=memory.weeks)
        while batch := await asyncio.to_thread(next, batches, None):
            if batch[0] < memory.receipts_sent:
                progress(batch[1])
            else:
                await queue.put(batch)
        await queue.put(None)

    async with asyncio.TaskGroup() as group:
        group.create_task(read())
        for _ in range(AT_ONCE):
            group.create_task(send())
    memory.history_done = True
    save()


def encoded(history: History, *, weeks: int) -> Iterator[Batch]:
    fuel = history.fuel()
    for number, receipts in enumerate(history.by_receipt()):
        body = encode([receipt_entry(receipt, weeks=weeks, fuel=fuel) for receipt in receipts])
        yield number, sum(len(receipt.lines) for receipt in receipts), body
