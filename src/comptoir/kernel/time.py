"""The clock. Operations take `tx.now`; nothing else reads the time.

A demo or a test may move the whole installation forward: the shift is one row in `kernel.clock`, read by every
transaction as it begins. It only ever grows, so no event is recorded before one that was recorded earlier.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from comptoir.kernel.errors import Invalid

if TYPE_CHECKING:
    from comptoir.kernel.db import Tx

PG_EPOCH_MICROSECONDS = 946_684_800_000_000
"""PostgreSQL counts microseconds from 2000-01-01; Unix from 1970-01-01."""


async def advance(tx: "Tx", *, by: timedelta) -> None:
    """Move the clock of the whole installation forward, for demos and tests."""
    if by < timedelta(0):
        raise Invalid("The clock only moves forward.", by=by.total_seconds())
    await tx.run("UPDATE kernel.clock SET shift = shift + %(by)s", by=by)
