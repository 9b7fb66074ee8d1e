"""What is done by the clock: partitions ahead, and what has expired."""

from comptoir.kernel import log
from comptoir.kernel.auth import sessions
from comptoir.kernel.db import Database
from comptoir.kernel.http import idempotency
from comptoir.kernel.jobs import every


@every("*/10 * * * *")
async def open_days(db: Database) -> None:
    """Partitions of the log for today and two days ahead: an event must never find its day missing."""
    async with db.transaction() as tx:
        await log.open_days(tx)


@every("*/15 * * * *")
async def forget_expired(db: Database) -> None:
    """Sessions that have ended, failed sign-ins of yesterday, answers kept for a day."""
    async with db.transaction() as tx:
        await sessions.forget(tx)
    async with db.transaction() as tx:
        await idempotency.forget(tx)


TIMERS = [open_days, forget_expired]
