"""The ground that tests stand on: what one has left behind, the next does not meet."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from comptoir import channels
from comptoir.kernel import log
from comptoir.kernel.settings import Settings
from comptoir.kernel.time import advance
from reuse import SEQUENCES, application, filled, rows

pytestmark = pytest.mark.anyio

SHOP = channels.OutletEntry(channel="shop", code="a", name="A", country="FR", time_zone="Europe/Paris", currency="EUR")


def everything(url):
    """All rows, and where the sequences stand."""
    with psycopg.connect(url) as connection:
        tables = {name: rows(connection, name) for name in filled(connection)}
        return {name: kept for name, kept in tables.items() if kept}, connection.execute(SEQUENCES).fetchall()


async def test_a_wiped_database_is_as_it_was_made(common):
    db = await common.wiped()
    made, before = common.slate.made, everything(db.url)
    async with db.transaction() as tx:
        await channels.add_outlet(tx, outlet=SHOP)
        await advance(tx, by=timedelta(days=3))
        await tx.run("DELETE FROM pricing.house")
        await tx.run("UPDATE identity.namespace SET priority = priority + 1")
        await tx.run("TRUNCATE inventory.location CASCADE")
        await tx.run("CREATE TABLE public.x (n bigserial UNIQUE)")
        await tx.run("ANALYZE")
    assert everything(db.url) != before
    db = await common.wiped()
    assert everything(db.url) == before
    async with db.transaction() as tx:
        assert await tx.value("SELECT to_regclass('public.x') IS NULL")
        assert await tx.value("SELECT count(*) FROM pg_stats WHERE schemaname = 'identity'") == 0
        assert (await channels.add_outlet(tx, outlet=SHOP)).outlet_id == 1
    assert common.slate.made == made


class Told(log.Fact, frozen=True):
    """A fact of these tests."""

    kind = "test.told"

    def lane_key(self):
        return "one"


async def test_numbers_that_connections_took_ahead_are_not_of_the_next_test(common):
    db = await common.wiped()
    for _ in range(2):
        async with asyncio.TaskGroup() as group:  # on several connections
            for _ in range(8):
                group.create_task(tell(db))
        db = await common.wiped()
        async with db.transaction() as tx:
            await tx.tell(*(Told() for _ in range(600)))
            assert await tx.value("SHOW plan_cache_mode") == "auto"
            assert await tx.values("SELECT position FROM kernel.event ORDER BY position") == list(range(1, 601))


async def tell(db):
    async with db.transaction() as tx:
        await log.open_days(tx)
        await tx.tell(Told())
        await tx.run("SET plan_cache_mode = force_generic_plan")
        await tx.run("SELECT pg_sleep(0.02)")


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE kernel.x (n int)",
        "ALTER TABLE kernel.clock ADD CONSTRAINT never CHECK (shift <> '9 s')",
        "ALTER TABLE kernel.clock ALTER COLUMN shift SET DEFAULT '7 s'",
        "CREATE FUNCTION public.x() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "SELECT kernel.open_day('2020-01-01')",
    ],
)
async def test_a_changed_schema_is_made_anew(common, change):
    db = await common.wiped()
    made, before = common.slate.made, everything(db.url)
    async with db.transaction() as tx:
        await tx.run(change)
    db = await common.wiped()
    assert everything(db.url) == before
    assert common.slate.made == made + 1
    async with db.transaction() as tx:
        assert await tx.value("SELECT to_regclass('kernel.x') IS NULL AND to_regproc('public.x') IS NULL")


async def test_an_application_that_is_entered_again_remembers_nothing(db):
    async with application(Settings(), db) as first:
        async with db.transaction() as tx:
            await channels.add_outlet(tx, outlet=SHOP)
            made = await channels.add_source(tx, name="site", outlet="a")
        await first.sources.refresh()
        assert first.sources.by_id(made.source_id)
        routes, desk = first.litestar, first.desk
        async with db.transaction() as tx:
            await tx.run("TRUNCATE channels.source CASCADE")
    async with application(Settings(), db) as again:
        assert again.litestar is routes
        assert again.desk is not desk
        assert again.sources.by_id(made.source_id) is None
