"""She is planted everywhere by the house's own doors, erased, and searched for: in every column, and in every file."""

import json
from uuid import UUID

import httpx
import psycopg
import pytest

from comptoir import consent, identity, orders, privacy
from comptoir.kernel.ids import uuid7
from comptoir.kernel.settings import Settings
from comptoir.privacy import access, erasing, register
from comptoir.server.spine import replay_customers
from privacy.household import ADDRESS, ANA, ANAS, ZOE, ZOE_WORDS, House
from reuse import application
from tills.till import NOON

pytestmark = pytest.mark.anyio
EVERYTHING = [*ZOE.values(), *ZOE_WORDS]


@pytest.fixture
async def house(db, server_url, tmp_path, monkeypatch):
    monkeypatch.setenv("COMPTOIR_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COMPTOIR_MAIL_URL", f"file:{tmp_path}/mail")
    monkeypatch.setenv("COMPTOIR_MAIL_FROM", "Boutique <orders@example.com>")
    # Files of the write-ahead log are let go of, not used again with what is in them.
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET wal_recycle = off")
        connection.execute("SELECT pg_reload_conf()")
    settings = Settings.load(simulated_payments=True)
    async with (
        application(settings, db) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://comptoir.test") as client,
    ):
        one = House(db, client)
        one.app = app
        await one.open()
        await one.meet(ZOE, "zq", "Zoé Quincampoix", {**ADDRESS})
        await one.meet(ANA, "av", "Ana Verlaine", ANAS)
        yield one


async def ask(house, kind="erasure", who=ZOE):
    office = house.street.office
    made = await office("POST", "privacy/requests", {
        "reference": str(uuid7()), "kind": kind, "key": await house.key_of(who), "requester": "Zoé Quincampoix",
        "came_by": "letter", "note": f"writes from {who['email']}"})  # fmt: skip
    await office("POST", f"privacy/requests/{made['request_id']}/verify", {"how": "her card was seen in Marseille"})
    return made["request_id"]


async def gone(house):
    left = await house.rows(*EVERYTHING)
    assert not left, left
    left = await house.files(*EVERYTHING)
    assert not left, left


async def erase(house):
    number = await ask(house)
    await house.street.office("POST", f"privacy/requests/{number}/erasure")
    await privacy.erase_person.work(house.db, request_id=number)
    return number


async def others(house):
    """What the house knows of Ana, and what it has taken."""
    office = house.street.office
    key = await house.key_of(ANA)
    record = await office("GET", f"profiles/people/{key}")
    moments = await office("GET", f"profiles/people/{key}/timeline")
    async with house.db.reading() as tx:
        money = await tx.tuples("SELECT sum(total_minor), sum(tax_minor), count(*) FROM orders.sale")
        takings = await tx.tuples("SELECT * FROM profiles.takings ORDER BY 1, 2, 3")
        addresses = await tx.tuples("SELECT order_id, delivery::text FROM orders.sales_order WHERE delivery::text LIKE '%Verlaine%' ORDER BY 1")  # fmt: skip
    return key, record, moments, money, takings, addresses


async def test_nothing_is_left_of_her_and_all_of_everybody_else(house):
    planted = await house.rows(*EVERYTHING)
    assert len({table for table, _, _ in planted}) >= 18, sorted({table for table, _, _ in planted})
    before = await others(house)
    number = await erase(house)
    request = await house.street.office("GET", f"privacy/requests/{number}")
    assert request["state"] == "done", request
    await gone(house)
    assert await others(house) == before
    async with house.db.reading() as tx:
        assert await orders.reconcile(tx) == []

    proof = await house.street.office("GET", f"privacy/certificates/{request['certificate']}")
    assert proof["found"] == 0 and proof["columns_searched"] > 200
    done = {one["table"]: one["done"] for one in proof["lines"]}
    assert done["orders.sale"] == "pseudonymised" and done["kernel.event"] == "emptied"

    # Nor does anything bring her back: not a replay, not what is sent again, imported again, told again by a till.
    async with house.db.transaction() as tx:
        await replay_customers(tx)
    await house.work()
    again = house.events_of(ZOE, "zq", "Zoé Quincampoix")
    await house.track(*again, *({**one, "messageId": f"other-{one['messageId']}"} for one in again))
    await house.work()
    await house.shopify(ZOE, "zq", ADDRESS)  # the same message of her order
    await house.shopify(ZOE, "zq", ADDRESS, number=7001)  # an old order of hers that nobody had told of
    told = await house.street.office("POST", "orders/sales", [
        {"outlet": "lyon", "number": "R-late", "occurred_at": NOON.isoformat(), "currency": "EUR",
         "lines": [{"sku": house.sku, "quantity_thousandths": 1000, "amount_minor": 0}], "total_minor": 0,
         "tax_included": True, "identifiers": {"email": ZOE["email"]}}])  # fmt: skip
    assert told["recorded"] == 1, told
    # What is sent again has lain in the log for the moment until it was emptied: of the files PostgreSQL takes care.
    assert await house.rows(*EVERYTHING) == []
    assert (await others(house))[:3] == before[:3], "of Ana all is as it was"
    async with house.db.reading() as tx:
        assert await tx.value("SELECT count(*) FROM orders.external_order WHERE number = '7001'") == 1
        warned = await tx.value("SELECT sum(events) FROM ingest.v_source_day WHERE reason = 'erased_person'")
    assert warned == 6, "those with the old message ids were known already"
    assert await house.key_of(ZOE) is None


async def test_a_holding_that_is_left_out_is_found_by_the_proof(house, monkeypatch):
    """The fault is planted: no certificate is issued, and it says where she still is."""
    left_out = [one for one in register.TABLES if one.name != "profiles.trait"]
    assert len(left_out) < len(register.TABLES)
    monkeypatch.setattr(erasing, "TABLES", left_out)
    number = await erase(house)
    request = await house.street.office("GET", f"privacy/requests/{number}")
    assert (request["state"], request["certificate"]) == ("waiting", None)
    assert request["answer"] == "Still found in profiles.trait."
    assert {table for table, _, _ in await house.rows(ZOE["email"])} >= {"profiles.trait"}
    # It is mended, and goes on from there.
    monkeypatch.setattr(erasing, "TABLES", register.TABLES)
    await house.street.office("POST", f"privacy/requests/{number}/erasure")
    await privacy.erase_person.work(house.db, request_id=number)
    assert (await house.street.office("GET", f"privacy/requests/{number}"))["state"] == "done"
    assert await house.rows(*EVERYTHING) == []


@pytest.mark.parametrize("after", range(0, 45, 9))
async def test_a_worker_that_dies_is_followed_by_one_that_goes_on(house, monkeypatch, after):
    """Nothing is done after the `after`-th commit; then a worker comes that knows nothing of the first."""
    number = await ask(house)
    await house.street.office("POST", f"privacy/requests/{number}/erasure")
    count, counted = erasing._count, 0

    async def dies(*given):
        nonlocal counted
        counted += 1
        if counted > after:
            raise KeyboardInterrupt
        await count(*given)

    monkeypatch.setattr(erasing, "_count", dies)
    with pytest.raises(KeyboardInterrupt):
        await privacy.erase_person.work(house.db, request_id=number)
    assert await house.key_of(ZOE) is None, "she is seen by nobody, whatever happens"
    monkeypatch.setattr(erasing, "_count", count)
    await privacy.erase_person.work(house.db, request_id=number)
    assert (await house.street.office("GET", f"privacy/requests/{number}"))["state"] == "done"
    assert await house.rows(*EVERYTHING) == []


async def test_she_is_hidden_at_once(house):
    office, key = house.street.office, await house.key_of(ZOE)
    number = await ask(house)
    await office("POST", f"privacy/requests/{number}/erasure")
    for path in (f"profiles/people/{key}", f"identity/people/{key}"):
        await office("GET", path, status=404, code="identity.being_erased")
    for text in (ZOE["email"], "Quincampoix", ZOE["phone"]):
        assert (await office("GET", "profiles/people", q=text))["items"] == []
    assert (await office("GET", "profiles/people", q="Verlaine"))["items"]


async def test_nobody_is_erased_before_it_is_sure_who_asks(house):
    office = house.street.office
    made = await office("POST", "privacy/requests", {
        "reference": "r-1", "kind": "erasure", "key": await house.key_of(ZOE), "requester": "somebody"})  # fmt: skip
    await office("POST", f"privacy/requests/{made['request_id']}/erasure", status=409, code="privacy.not_verified")
    assert await house.key_of(ZOE)


async def test_what_is_doubtful_waits_for_the_officer(house):
    """An identifier that was parted from her belongs to somebody else today: nobody but the officer can know."""
    office, key = house.street.office, await house.key_of(ZOE)
    async with house.db.transaction() as tx:
        person = await identity.person(tx, key=UUID(key))
        off = [one.node_id for one in person.nodes if one.value == "side-zq"]
        await identity.splits.split(tx, key=person.key, nodes=off, actor="ana")
    number = await ask(house)
    begun = await office("POST", f"privacy/requests/{number}/erasure")
    assert [(one["node_id"], one["why"]) for one in begun["doubtful"]] == [(off[0], "was_hers")]
    await privacy.erase_person.work(house.db, request_id=number)
    assert (await office("GET", f"privacy/requests/{number}"))["state"] == "waiting"
    await office("POST", f"privacy/requests/{number}/decision", {"hers": [], "others": [1]},
                 status=400, code="privacy.not_doubtful")  # fmt: skip
    await office("POST", f"privacy/requests/{number}/decision", {"hers": [], "others": off})
    await privacy.erase_person.work(house.db, request_id=number)
    assert (await office("GET", f"privacy/requests/{number}"))["state"] == "done"
    assert await house.rows(*EVERYTHING) == []
    async with house.db.reading() as tx:
        assert (await identity.persons_of(tx, off)) == {off[0]: off[0]}, "what is somebody else's stays"


async def test_who_comes_back_of_her_own_accord_is_let_in_by_an_explicit_act(house):
    office = house.street.office
    await erase(house)
    again = {"type": "identify", "userId": "zoe-new", "traits": {"email": ZOE["email"]}}
    await house.track({**again, "messageId": "back-1"})
    await house.work()
    assert await house.key_of(ZOE) is None
    back = {"namespace": "email", "value": ZOE["email"], "reason": "opened an account", "reference": "back-1"}
    await office("POST", "privacy/returns", back)
    await office("POST", "privacy/returns", {**back, "value": "nobody@exemple.fr"}, status=400,
                 code="privacy.not_erased")  # fmt: skip
    await house.track({**again, "messageId": "back-2"})
    await house.work()
    assert await house.key_of(ZOE)


async def test_another_key_of_the_house_knows_nobody_and_says_so(house, monkeypatch):
    await erase(house)
    monkeypatch.setenv("COMPTOIR_HOUSE_KEY", "another")
    async with house.db.transaction() as tx:
        with pytest.raises(identity.erasing.WrongHouseKey):
            await identity.observe(tx, identity.Observation(((3, "new@exemple.fr"),), at=tx.now))


async def test_her_copy_holds_all_of_it_and_nothing_of_another(house):
    office = house.street.office
    number = await ask(house, "access")
    copy = json.dumps(await office("GET", f"privacy/requests/{number}/copy"), ensure_ascii=False)
    for value in (*ZOE.values(), "Quincampoix", "14 rue des Ombrelles", "1987-03-29", "TRACK-zq-55081"):
        assert value in copy, value
    for value in (ANA["email"], ANA["phone"], "Verlaine", "3 place Haute"):
        assert value not in copy, value
    answer = await house.client.get(
        f"/v1/privacy/requests/{number}/copy.pdf", headers={"authorization": f"Bearer {office.token}"}
    )
    assert answer.content.startswith(b"%PDF-") and len(answer.content) > 2000
    part = await office("GET", f"privacy/requests/{await ask(house, 'portability')}/copy")
    assert {one["table"] for one in part["parts"]} <= access.GIVEN and part["events"] == []
    closed = await office("POST", f"privacy/requests/{number}/answer", {"answer": "handed over in the shop"})
    assert closed["state"] == "done"


async def test_restriction_keeps_and_stops(house):
    office = house.street.office
    async with house.db.reading() as tx:
        node = (await identity.person(tx, key=UUID(await house.key_of(ZOE)))).person_id
    number = await ask(house, "restriction")
    for on in (True, False):
        await office("POST", f"privacy/requests/{number}/restriction", {"on": on})
        async with house.db.reading() as tx:
            assert bool(await identity.erasing.restricted(tx, nodes=[node])) is on
            (verdict,) = await consent.may(tx, [(node, "email", "surveys")])
            assert (verdict.because == "restricted") is on and not (on and verdict)
    assert await house.key_of(ZOE), "she is seen as before"


async def test_who_looked_at_her_is_known_and_goes_with_her(house):
    office, key = house.street.office, await house.key_of(ZOE)
    for _ in range(3):
        await office("GET", f"profiles/people/{key}")
    await house.app.sights.write()
    number = await ask(house, "access")
    copy = await office("GET", f"privacy/requests/{number}/copy")
    (seen,) = [one for one in copy["seen_by"] if one["via"] == "/v1/profiles/people/{key}"]
    assert seen["actor"] == "office"
    await erase(house)
    assert await office("GET", "privacy/sights") == []
