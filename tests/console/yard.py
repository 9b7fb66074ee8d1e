"""A house of its own for moving goods about: shops and a warehouse with stock, nobody else in it."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

from comptoir.kernel.db import Database
from console.goods import stock_up
from console.town import Town, open_doors, staff_of_a_shop
from console.town import serving as serving_town


@contextmanager
def serving(url: str) -> Generator[Town]:
    """The town without its people."""
    with serving_town(url, empty=True) as town:
        asyncio.run(furnish(url))
        yield town


async def furnish(url: str) -> None:
    async with Database(url, size=2) as db:
        await open_doors(db)
        await stock_up(db)
        await staff_of_a_shop(db)
