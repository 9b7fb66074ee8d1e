"""One database for the package, emptied before each test: two warehouses and a shop."""

import pytest

from comptoir import inventory
from comptoir.kernel import log
from comptoir.kernel.db import Database
from conftest import drop, recreate, url_of
from reuse import empty


@pytest.fixture(scope="session")
async def ground(server_url, template, worker_id):
    name = f"inventory_{worker_id}"
    recreate(server_url, name, template)
    async with Database(url_of(server_url, name), size=12) as db:
        async with db.transaction() as tx:
            await log.open_days(tx)
            await inventory.record_locations(tx, [
                inventory.LocationEntry(code=code, kind=kind, name=code.title(), methods=["ship", "collect"])
                for code, kind in (("north", "warehouse"), ("south", "warehouse"), ("lyon", "shop"), ("road", "transit"))
            ])  # fmt: skip
        yield db
    drop(server_url, name)


@pytest.fixture
async def db(ground):
    async with ground.transaction() as tx:
        await empty(tx, EMPTY)
        await tx.run("UPDATE kernel.clock SET shift = '0'")
    return ground


EMPTY = (
    "inventory.balance, inventory.promise, inventory.fence, inventory.threshold, inventory.shortage,"
    " inventory.entry, inventory.transfer, inventory.transfer_line, inventory.receipt,"
    " inventory.count, inventory.count_line, inventory.accuracy, inventory.ask, kernel.event"
)


@pytest.fixture
async def places(db):
    async with db.reading() as tx:
        return {one.code: one.location_id for one in await inventory.locations(tx)}
