"""What is done by the clock: partitions ahead, what has expired, and what is kept long enough."""

from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Protocol

from comptoir import connectors, ingest, inventory, orders, pricing, privacy, profiles
from comptoir.kernel import log
from comptoir.kernel.auth import sessions
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.http import idempotency
from comptoir.kernel.jobs import every
from comptoir.kernel.settings import Settings

CHUNK = 2_000
"""Rows forgotten in one transaction: a long one would hold back every reader of the log."""


@every("*/10 * * * *")
async def open_days(db: Database) -> None:
    """Partitions of the log for today and two days ahead: an event must never find its day missing."""
    async with db.transaction() as tx:
        await log.open_days(tx)


@every("30 0 * * *")
async def settle_days(db: Database) -> None:
    """Days of the log that are over are vacuumed: they do not change any more."""
    await log.settle_days(db)


@every("*/15 * * * *")
async def forget_expired(db: Database) -> None:
    """Sessions that have ended, failed sign-ins of yesterday, answers kept for a day."""
    async with db.transaction() as tx:
        await sessions.forget(tx)
    async with db.transaction() as tx:
        await idempotency.forget(tx)
    async with db.transaction() as tx:
        await pricing.forget_guesses(tx)


@every("* * * * *")
async def give_back_coupons(db: Database) -> None:
    """Coupons that were reserved and that nobody came for. Who needs one does not wait for this."""
    released = CHUNK
    while released == CHUNK:
        async with db.transaction() as tx:
            released = await pricing.release_overdue(tx, limit=CHUNK)


@every("* * * * *")
async def give_back_stock(db: Database) -> None:
    """Holds of baskets that nobody came back to. Who needs the goods does not wait for this."""
    await inventory.expire(db)


@every("* * * * *")
async def move_money(db: Database) -> None:
    """What a payment provider could not do at once: asked again. What it has never answered: looked for."""
    providers = orders.payments.providers(Settings.load())
    await orders.find_unanswered(db, providers)
    await orders.payments.perform(db, providers)


@every("* * * * *")
async def abandon_baskets(db: Database) -> None:
    """Baskets that nobody came back to: what they hold is let go, and told."""
    await orders.abandon(db, quiet=timedelta(minutes=Settings.load().abandon_baskets_minutes))


@every("* * * * *")
async def tell_overdue(db: Database) -> None:
    """Work that is late is told."""
    await orders.tell_overdue(db)


@every("* * * * *")
async def give_up_uncollected(db: Database) -> None:
    """What nobody came for goes back to the shelf."""
    await orders.give_up_uncollected(db)


@every("* * * * *")
async def retry_shortages(db: Database) -> None:
    """What is missing is promised elsewhere."""
    await orders.retry_shortages(db)


@every("* * * * *")
async def source_waiting(db: Database) -> None:
    """What has come in is promised to those who wait."""
    await orders.source_waiting(db)


@every("* * * * *")
async def take_messages(db: Database) -> None:
    """What other systems sent and no job has taken yet."""
    await connectors.work_off(db)


@every("20 3 * * *")
async def forget_old(db: Database) -> None:
    """What is kept for a number of days, as the settings say. The log and its facts are kept."""
    await forget(db, Settings.load())


class Forget(Protocol):
    """Drops at most `most` rows of before a moment, and returns how many."""

    def __call__(self, tx: Tx, *, before: datetime, most: int) -> Awaitable[int]: ...


async def forget(db: Database, settings: Settings) -> None:
    kept: list[tuple[int, Forget]] = [
        (settings.keep_dead_letters_days, ingest.forget_letters),
        (settings.keep_quality_days, ingest.forget_counts),
        (settings.keep_quality_days, orders.forget_unrecorded),
        (settings.keep_baskets_days, orders.forget_baskets),
        (settings.keep_moments_days, profiles.forget_moments),
        (settings.keep_sights_days, privacy.forget_sights),
    ]
    for days, some in kept:
        while days and await forget_some(db, some, days) == CHUNK:
            pass


async def forget_some(db: Database, some: Forget, days: int) -> int:
    async with db.transaction() as tx:
        return await some(tx, before=tx.now - timedelta(days=days), most=CHUNK)


TIMERS = [
    open_days,
    settle_days,
    forget_expired,
    forget_old,
    give_back_coupons,
    give_back_stock,
    abandon_baskets,
    move_money,
    tell_overdue,
    give_up_uncollected,
    retry_shortages,
    source_waiting,
    take_messages,
]
