"""The directory is kept whatever happens: what fails is said and tried again, and nobody is left out for good."""

import asyncio

import pytest
from structlog.testing import capture_logs

from comptoir import profiles
from profiles.conftest import House

pytestmark = pytest.mark.anyio

# No row can be written while this holds: neither an absence of the database nor a quarrel of two transactions.
FAULT = "ALTER TABLE profiles.person ADD CONSTRAINT nobody CHECK (nodes < 0) NOT VALID"
MENDED = "ALTER TABLE profiles.person DROP CONSTRAINT nobody"


async def test_a_failure_is_said_and_tried_again(db):
    async with db.transaction() as tx:
        house = House(tx)
        await house.open()
        await house.nodes(1)
        await tx.run("INSERT INTO profiles.stale VALUES (1)")
        await tx.run(FAULT)
    stopping = asyncio.Event()
    with capture_logs() as said:
        keeping = asyncio.create_task(profiles.keep_directory(db, currency="EUR", stopping=stopping))
        async with asyncio.timeout(30):
            while sum(one["event"] == "directory.failed" for one in said) < 2:
                assert not keeping.done(), "it has given up"
                await asyncio.sleep(0.02)
            async with db.transaction() as tx:
                await tx.run(MENDED)
            while not await rows_of(db):
                await asyncio.sleep(0.02)
            stopping.set()
            await keeping
    assert await rows_of(db) == [1]
    assert {one["log_level"] for one in said if one["event"] == "directory.failed"} == {"error"}


async def rows_of(db):
    async with db.reading() as tx:
        return await tx.values("SELECT person_id FROM profiles.person")
