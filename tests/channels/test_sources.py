"""Write keys are found in memory, survive rotation for their grace, and die with their source."""

import asyncio
from datetime import timedelta

import pytest

from channels.test_outlets import shop
from comptoir import channels
from comptoir.channels import Sources
from comptoir.kernel import time
from comptoir.kernel.notices import Notices

pytestmark = pytest.mark.anyio


async def add(db, name="site"):
    async with db.transaction() as tx:
        await channels.record_outlets(tx, outlets=[shop("WEB", channel="web")])
        return await channels.add_source(tx, name=name, outlet="WEB", trust=0.5)


async def test_a_source_is_known_by_its_write_key(db):
    added = await add(db)
    sources = Sources(db)
    await sources.refresh()

    found = sources.by_write_key(added.write_key)
    assert found == added
    assert (found.channel, found.time_zone, found.currency, found.trust) == ("web", "Europe/Paris", "EUR", 0.5)
    assert len(found.salt) == 16
    assert sources.by_write_key("wk_unknown") is None


async def test_after_rotation_both_keys_live_until_the_grace_ends(db):
    old = await add(db)
    async with db.transaction() as tx:
        new = await channels.rotate(tx, source_id=old.source_id, grace=timedelta(days=2))
    assert new.write_key != old.write_key
    sources = Sources(db)
    await sources.refresh()
    assert sources.by_write_key(old.write_key) and sources.by_write_key(new.write_key)

    async with db.transaction() as tx:
        await time.advance(tx, by=timedelta(days=3))
    await sources.refresh()
    assert sources.by_write_key(old.write_key) is None
    assert sources.by_write_key(new.write_key)


async def test_a_switched_off_source_is_unknown_to_the_hot_path(db):
    added = await add(db)
    async with db.transaction() as tx:
        await channels.change_source(tx, source_id=added.source_id, enabled=False)
    sources = Sources(db)
    await sources.refresh()
    assert sources.by_write_key(added.write_key) is None
    assert sources.by_id(added.source_id)


async def test_a_change_reaches_the_memory_of_a_running_process(db):
    stopping, notices, sources = asyncio.Event(), Notices(db), Sources(db)
    tasks = [
        asyncio.create_task(notices.run(stopping)),
        asyncio.create_task(sources.keep_fresh(notices, stopping, at_least_every=600)),
    ]
    added = await add(db)
    async with asyncio.timeout(20):
        while sources.by_write_key(added.write_key) is None:
            await asyncio.sleep(0.01)
    stopping.set()
    await asyncio.gather(*tasks)


async def test_names_are_unique_and_outlets_must_exist(tx):
    await channels.record_outlets(tx, outlets=[shop("WEB", channel="web")])
    added = await channels.add_source(tx, name="site", outlet="WEB")
    with pytest.raises(channels.SourceExists):
        await channels.add_source(tx, name="site", outlet="WEB")
    with pytest.raises(channels.UnknownOutlet):
        await channels.add_source(tx, name="other", outlet="NOPE")
    with pytest.raises(channels.UnknownSource):
        await channels.rotate(tx, source_id=999)
    other = await channels.add_source(tx, name="other", outlet="WEB")
    with pytest.raises(channels.SourceExists):
        await channels.change_source(tx, source_id=other.source_id, name=added.name)
