"""What is done for many at once, and for the others all the same where one of them cannot be done."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import Unavailable

log = structlog.get_logger(__name__)

One = TypeVar("One")


async def in_halves(db: Database, many: Sequence[One], work: Callable[[Tx, Sequence[One]], Awaitable[int]]) -> int:
    """Do the work for all in one transaction. Where that fails it is done for either half, down to the one to blame,
    which is logged and passed over. Returns the sum of what the work returns.
    """
    if not many:
        return 0

    async def some(tx: Tx) -> int:
        return await work(tx, many)

    try:
        return await db.within(some)
    except Unavailable:
        raise
    except Exception:
        if len(many) == 1:
            log.exception("halves.passed_over", one=str(many[0]))
            return 0
    half = len(many) // 2
    return await in_halves(db, many[:half], work) + await in_halves(db, many[half:], work)
