"""A real event that the customers' consumer chokes on is parked, mended, and handed in again from the page."""

import re

import pytest

from comptoir import channels
from comptoir.kernel.auth import ROLES
from comptoir.kernel.auth.permissions import GRANTS, opens
from comptoir.kernel.settings import Settings
from comptoir.server.spine import consumers

pytestmark = pytest.mark.anyio

# Somebody added a rule to a table that one event breaks: the kind of fault that is mended outside of the event.
POISON = "ALTER TABLE profiles.trait ADD CONSTRAINT no_owls CHECK (value::text NOT LIKE '%owl%') NOT VALID"
ANTIDOTE = "ALTER TABLE profiles.trait DROP CONSTRAINT no_owls"
PATH = "/quality/consumers/customers/parked"


@pytest.fixture
async def key(app, db):
    async with db.transaction() as tx:
        await channels.record_outlets(
            tx,
            outlets=[
                channels.OutletEntry(
                    channel="web", code="site", name="Site", country="FR", time_zone="Europe/Paris", currency="EUR"
                )
            ],
        )
        source = await channels.add_source(tx, name="Site", outlet="site")
    await app.sources.refresh()
    return source.write_key


async def digest(db):
    for reader in consumers(db, Settings()):
        while await reader.step():
            pass


async def name_of(db, user):
    async with db.reading() as tx:
        return await tx.value(
            "SELECT value::text FROM profiles.trait WHERE name = 'nickname' AND value::text ~ %(u)s", u=user
        )


async def test_a_poisoned_event_is_mended_and_handed_in_from_the_page(app, api, db, key):
    async with db.transaction() as tx:
        await tx.run(POISON)
    for user, nickname in (("u-1", "owl of u-1"), ("u-2", "wren of u-2")):
        body = {"userId": user, "traits": {"nickname": nickname}}
        assert (await api.post("/v1/identify", json=body, auth=(key, ""))).status_code == 200
    await digest(db)
    assert await name_of(db, "u-2")

    page = await api.get("/quality/consumers", headers={"Accept-Language": "en"})
    (position,) = set(re.findall(r'name="position" value="(\d+)"', page.text))
    assert "no_owls" in page.text
    assert "owl of" not in page.text, "an error quotes no personal data"

    again = await api.post(PATH, data={"position": position}, headers={"Accept-Language": "en"})
    assert again.status_code == 200
    assert "1 failed again" in again.text
    assert position in again.text.partition("Parked events of customers")[2], "it waits on"

    async with db.transaction() as tx:
        await tx.run(ANTIDOTE)
    mended = await api.post(PATH, headers={"Accept-Language": "fr"})
    assert "1 digéré" in mended.text
    assert "Chaque événement a pu être digéré." in mended.text
    assert await name_of(db, "u-1")
    async with db.reading() as tx:
        told = await tx.tuples(
            "SELECT action, actor_name, after->>'outcome' FROM kernel.audit WHERE target LIKE 'parked_event:%'"
            " ORDER BY entry_id"
        )
    assert told == [("kernel.hand_in_parked", "tests", outcome) for outcome in ("parked", "digested")]


async def test_what_nobody_can_mend_is_given_up_from_the_page(app, api, db, key):
    async with db.transaction() as tx:
        await tx.run(POISON)
    body = {"userId": "u-1", "traits": {"nickname": "owl of u-1"}}
    assert (await api.post("/v1/identify", json=body, auth=(key, ""))).status_code == 200
    await digest(db)
    page = await api.get("/quality/consumers")
    (position, *_) = re.findall(r'name="position" value="(\d+)"', page.text)

    path = "/quality/consumers/customers/given-up"
    silent = await api.post(path, data={"position": position}, headers={"Accept-Language": "fr"})
    assert silent.status_code == 400
    assert "Dites pourquoi" in silent.text
    done = await api.post(path, data={"position": position, "reason": "nobody is an owl"}, follow_redirects=True)
    assert "Given up for good" in done.text
    assert "Every event could be digested." in done.text
    assert not await name_of(db, "u-1")


@pytest.mark.parametrize("role", ROLES)
def test_only_who_may_mend_may_hand_in(town, role):
    with town.visitor(role) as client:
        given_up = client.post("/quality/consumers/customers/given-up", data={"position": "1", "reason": "none waits"})
        assert given_up.status_code == (303 if opens(GRANTS[role], "ingest:write") else 403)
        answer = client.post(PATH)
        assert answer.status_code == (200 if opens(GRANTS[role], "ingest:write") else 403)
        if answer.status_code == 200:
            assert client.post("/quality/consumers/nobody/parked").status_code == 404
            assert client.post(PATH, data={"position": "one"}).status_code == 400
            assert client.post(PATH, data={"position": "99999999999999999999"}).status_code == 400
