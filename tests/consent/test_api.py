"""The ledger over HTTP, from a file, and from the log."""

import asyncio
import base64
import json

import pytest

from comptoir import channels, consent, identity
from comptoir.cli import consents
from comptoir.kernel.db import Database
from comptoir.kernel.settings import Settings
from comptoir.server.spine import CUSTOMERS, consumers, replay_customers
from consent.worlds import NS, choice, say

pytestmark = pytest.mark.anyio


def told(value="ines@example.com", state="granted", **more):
    return {"namespace": "email", "value": value, "channel": "email", "purpose": "offers", "state": state, **more}


async def test_choices_are_told_one_by_one_or_in_thousands(api):
    told_at = "2026-11-01T10:00:00+01:00"
    body = [told(said_at=told_at), told("nobody"), told("may@example.com", "denied"), {"state": "granted"}]
    answer = (await api.post("/v1/consent/choices", json=body)).json()
    assert (answer["recorded"], answer["repeated"], answer["refused"]) == (2, 0, 2)
    assert [one["status"] for one in answer["results"]] == ["recorded", "refused", "recorded", "refused"]
    assert answer["results"][1]["problem"]["code"] == "consent.bad_contact"
    lines = "\n".join(json.dumps(one) for one in (told(said_at=told_at), told("third@example.com")))
    again = (await api.post("/v1/consent/choices", content=lines)).json()
    assert (again["recorded"], again["repeated"]) == (1, 1)

    questions = [
        {"namespace": "email", "value": " INES@example.com", "channel": "email", "purpose": "offers"},
        {"namespace": "email", "value": "may@example.com", "channel": "email", "purpose": "offers"},
        {"namespace": "email", "value": "unseen@example.com", "channel": "email", "purpose": "surveys"},
        {"namespace": "email", "value": "no address", "channel": "email", "purpose": "surveys"},
    ]
    answers = (await api.post("/v1/consent/checks", json={"questions": questions})).json()
    assert [(one["allowed"], one["because"]) for one in answers] == [
        (True, "granted"),
        (False, "denied"),
        (False, "unknown_contact"),
        (False, "unknown_contact"),
    ]


async def test_a_persons_consents_are_told_with_reasons_and_proof(api, db):
    await api.post("/v1/consent/choices", json=told(ip="203.0.113.7", wording=1, language="fr", origin="web_form"))
    async with db.reading() as tx:
        person = await identity.lookup(tx, identifier=(NS["email"], "ines@example.com"))
    found = (await api.get(f"/v1/consent/people/{person.key}")).json()
    offers = next(one for one in found if (one["purpose"], one["channel"]) == ("offers", "email"))
    assert (offers["allowed"], offers["state"]) == (True, "granted")
    assert offers["why"].startswith("She agreed on 20")
    (line,) = (await api.get(f"/v1/consent/people/{person.key}/choices")).json()["items"]
    assert (line["origin"], line["wording"], line["proof"]) == ("web_form", 1, {"ip": "203.0.113.7"})
    assert line["choice_id"] == offers["choice_id"]
    assert (await api.get("/v1/consent/people/00000000-0000-4000-8000-000000000000")).status_code == 404


async def test_purposes_and_wordings(api):
    codes = [one["code"] for one in (await api.get("/v1/consent/purposes")).json()]
    assert codes[:2] == ["offers", "surveys"]
    entry = {"code": "club", "name_en": "Club", "name_fr": "Club", "basis": "opt_in", "channels": ["email", "email"]}
    made = await api.post("/v1/consent/purposes", json=entry)
    assert (made.status_code, made.json()["channels"], made.json()["wording"]) == (201, ["email"], None)
    assert (await api.post("/v1/consent/purposes", json=entry)).json()["code"] == "consent.purpose_exists"
    await api.post("/v1/consent/purposes/club/wordings", json={"text_en": "Yes", "text_fr": "Oui"})
    changed = await api.put("/v1/consent/purposes", json={**entry, "channels": ["sms"]})
    assert (changed.json()["channels"], changed.json()["wording"], changed.json()["text_fr"]) == (["sms"], 1, "Oui")
    assert (await api.put("/v1/consent/purposes", json={**entry, "code": "x"})).status_code == 404
    blank = await api.post("/v1/consent/purposes/club/wordings", json={"text_en": " ", "text_fr": "Oui"})
    assert blank.json()["code"] == "consent.bad_purpose"
    assert len((await api.get("/v1/consent/purposes/club/wordings")).json()) == 1
    trail = (await api.get("/v1/kernel/audit")).json()["items"]
    assert {"consent.add_purpose", "consent.add_wording", "consent.change_purpose"} <= {one["action"] for one in trail}


@pytest.fixture
def settings(fresh_url, tmp_path):
    return Settings(database_url=fresh_url, data_dir=tmp_path)


async def standing(settings):
    async with Database(settings.database_url) as db, db.reading() as tx:
        return dict(
            await tx.tuples(
                "SELECT v.value, s.state FROM consent.v_standing AS s JOIN identity.v_node AS v USING (node_id)"
            )
        )


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
async def test_a_file_of_consents_is_read_row_by_row(settings, tmp_path, kind):
    good = [told(said_at="2026-11-01T10:00:00+01:00", ip=""), told("may@example.com", "denied", origin="paper")]
    bad = [told("no address"), told(state="perhaps"), told("x@example.com", note="\0")]
    file = tmp_path / f"old.{kind}"
    if kind == "csv":
        names = ["namespace", "value", "channel", "purpose", "state", "said_at", "ip", "origin", "note"]
        lines = [",".join(names), *(",".join(str(one.get(name, "")) for name in names) for one in (*good, *bad))]
    else:
        lines = [*(json.dumps(one) for one in (*good, *bad)), "no JSON {", "[]"]
    file.write_text("\n".join(lines))
    wrong = {"csv": [3, 4, 5], "ndjson": [3, 4, 5, 6, 7]}[kind]

    counts, refused = await consents.take(settings, file, dry_run=True)
    assert (counts, [number for number, _ in refused]) == ((2, 0), wrong)
    assert await standing(settings) == {}

    counts, refused = await consents.take(settings, file, dry_run=False)
    assert (counts, [number for number, _ in refused]) == ((2, 0), wrong)
    assert await standing(settings) == {"ines@example.com": "granted", "may@example.com": "denied"}
    assert (await consents.take(settings, file, dry_run=False))[0] == (0, 2)


async def test_a_browser_that_says_gpc_is_heard(app, api, db):
    async with db.transaction() as tx:
        outlet = channels.OutletEntry(
            channel="web", code="site", name="Site", country="FR", time_zone="Europe/Paris", currency="EUR"
        )
        await channels.add_outlet(tx, outlet=outlet)
        source = await channels.add_source(tx, name="site", outlet="site")
        ads = {"channel": "sale_or_share", "purpose": "advertising"}
        await say(tx, *(choice(one, namespace="anonymous_id", **ads) for one in ("laptop", "phone", "other")))
        await say(tx, *(choice(one, namespace="user_id", **ads) for one in ("u1", "u2")))
    await app.sources.refresh()
    token = base64.b64encode(f"{source.write_key}:".encode()).decode()

    async def browse(gpc, **who):
        body = {"batch": [{"type": "page", "messageId": f"{gpc}{who}", **who}]}
        headers = {"Authorization": f"Basic {token}", **({"Sec-GPC": "1"} if gpc else {})}
        assert (await api.post("/v1/batch", json=body, headers=headers)).status_code == 200

    await browse(True, anonymousId="laptop")
    await browse(True, anonymousId="phone", userId="u1")
    await browse(False, anonymousId="other", userId="u2")
    (worker,) = consumers(db, Settings())

    async def work():
        while await worker.step():
            await asyncio.sleep(0)
        async with db.reading() as tx:
            return await tx.tuples(
                "SELECT v.value, s.state, s.origin FROM consent.v_standing AS s JOIN identity.v_node AS v USING (node_id)"
                " ORDER BY v.value"
            )

    expected = [
        ("laptop", "denied", "gpc"),
        ("other", "granted", "api"),
        ("phone", "denied", "gpc"),
        ("u1", "denied", "gpc"),
        ("u2", "granted", "api"),
    ]
    assert await work() == expected
    async with db.transaction() as tx:
        before = await tx.value("SELECT count(*) FROM consent.choice")
        assert CUSTOMERS
        await replay_customers(tx)
    assert await work() == expected
    async with db.reading() as tx:
        assert await tx.value("SELECT count(*) FROM consent.choice") == before
        assert await consent.reconcile(tx) == []
        assert await tx.value("SELECT count(*) FROM kernel.parked_event") == 0
