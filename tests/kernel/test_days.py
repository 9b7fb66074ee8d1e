"""A day of the log is vacuumed once, when it is over; nothing vacuums it while it grows."""

from datetime import timedelta

import pytest

from comptoir.kernel import log, time

pytestmark = pytest.mark.anyio

PART = """
    SELECT coalesce(reloptions @> '{autovacuum_vacuum_insert_threshold=-1}', false), relallvisible > 0
    FROM pg_class WHERE oid = format('kernel.event_%%s', to_char(%(day)s::date, 'YYYYMMDD'))::regclass
"""


async def write(db, day):
    async with db.transaction() as tx:
        await log.open_day(tx, day.date())
        row = log.row(
            lane=1, kind=b"kernel.happened", name=b"", source_id=None, occurred=log.microseconds(day),
            recorded=log.microseconds(day), key=day.isoformat().encode()[:16], body=b"{}",
        )  # fmt: skip
        await log.append(tx, [row])


async def state(db, day):
    """Whether it grows, and whether some of it is known to be visible."""
    async with db.reading() as tx:
        ((grows, visible),) = await tx.tuples(PART, day=day.date())
    return "grows" if grows else "settled", visible


async def test_yesterday_is_settled_once_and_today_is_let_alone(db):
    async with db.reading() as tx:
        today = tx.now
    yesterday = today - timedelta(days=1)
    for day in (yesterday, today):
        await write(db, day)
    assert [await state(db, day) for day in (yesterday, today)] == [("grows", False), ("grows", False)]

    assert await log.settle_days(db) == [f"event_{yesterday:%Y%m%d}"]
    assert [await state(db, day) for day in (yesterday, today)] == [("settled", True), ("grows", False)]
    assert await log.settle_days(db) == []

    async with db.transaction() as tx:
        await time.advance(tx, by=timedelta(days=1))
    assert await log.settle_days(db) == [f"event_{today:%Y%m%d}"]
    assert await state(db, today) == ("settled", True)
