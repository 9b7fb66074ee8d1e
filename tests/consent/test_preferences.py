"""Links without a password: what they open, what they show, what they change, and what they do not."""

import email
import re
from email import policy
from urllib.parse import urlsplit

import httpx
import pytest

from comptoir import consent, identity
from comptoir.consent import letters
from comptoir.consent.links import LASTS, Link, Opens, signer
from comptoir.kernel.auth import SYSTEM
from comptoir.kernel.errors import Refusal
from comptoir.kernel.settings import Settings
from consent.worlds import NS, asked, choice, node, say, together
from reuse import application

pytestmark = pytest.mark.anyio

PUBLIC = "https://tissandier.example"


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPTOIR_MAIL_URL", f"file://{tmp_path}/mail")
    monkeypatch.setenv("COMPTOIR_MAIL_FROM", "Tissandier <hello@tissandier.example>")
    monkeypatch.setenv("COMPTOIR_PUBLIC_URL", PUBLIC)
    monkeypatch.setenv("COMPTOIR_RETAILER", "Tissandier")
    return Settings.load()


@pytest.fixture
async def app(db, settings):
    async with application(settings, db) as app:
        yield app


@pytest.fixture
async def shopper(app):
    """A browser of nobody."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=PUBLIC) as client:
        yield client


async def link(db, value="ines@example.com", opens=Opens.PREFERENCES, **more):
    async with db.transaction() as tx:
        id_ = await node(tx, "email", value)
        return (await signer(tx)).sign(Link(opens, id_, **more), now=tx.now)


async def letter(db, settings, tmp_path, entry):
    """Sign up, let the job run; the message, if one was sent."""
    async with db.transaction() as tx:
        signed = await letters.sign_up(tx, entry=entry, actor=SYSTEM, settings=settings)
    await letters.mail_confirmation.work(db, act=str(signed.act))
    sent = [
        email.message_from_bytes(file.read_bytes(), policy=policy.default)
        for file in (tmp_path / "mail").glob("*")
        if str(signed.act).encode() in file.read_bytes()
    ]
    return sent[0] if sent else None


async def stands(db, value="ines@example.com", channel="email", purpose="offers"):
    async with db.transaction() as tx:
        return await asked(tx, await node(tx, "email", value), channel, purpose)


async def switches(shopper, path):
    """What the page shows: the keys of its switches, and those that are on."""
    html = (await shopper.get(path)).text
    shown = re.findall(r'name="shown" value="([^"]+)"', html)
    on = re.findall(r'name="on" value="([^"]+)" checked', html)
    return shown, on


async def test_an_address_counts_when_the_link_in_the_letter_was_used(db, settings, shopper, tmp_path):
    entry = letters.SignUp(email="Ines@Example.com", purposes=["offers", "surveys"], language="fr", form="footer")
    message = await letter(db, settings, tmp_path, entry)
    assert (message["To"], message["Subject"]) == ("Ines@example.com", "Tissandier : merci de confirmer")
    text = message.get_content()
    assert "Offres et nouveautés : Vous pouvez m’informer" in text or "Offres et nouveautés: Vous pouvez" in text
    (url,) = re.findall(rf"{PUBLIC}\S+", text)
    assert (await stands(db)).because == "pending"
    assert (await stands(db, purpose="surveys")).because == "pending"

    looked = await shopper.get(urlsplit(url).path)
    assert looked.status_code == 200
    assert (await stands(db)).because == "pending", "a program that opens every link of a mail confirms nothing"
    done = await shopper.post(urlsplit(url).path, headers={"User-Agent": "Firefox"})
    assert done.status_code == 200
    assert (await stands(db)).because == "granted"
    async with db.transaction() as tx:
        kept = await consent.choice(
            tx, choice_id=(await asked(tx, await node(tx, "email", "ines@example.com"))).choice_id
        )
        assert (kept.origin, kept.wording, kept.language, kept.proof.user_agent) == ("confirmed", 1, "fr", "Firefox")
        # Used again after she took it back, it gives nothing back.
        (answer,) = await say(tx, choice(state="withdrawn", said_at=None))
        assert answer.new
    assert (await shopper.post(urlsplit(url).path)).status_code == 200
    assert (await stands(db)).because == "withdrawn"


async def test_nobody_is_bombarded_with_letters_by_who_types_her_address(db, settings, tmp_path):
    entry = letters.SignUp(email="ines@example.com", purposes=["offers"])
    sent = [await letter(db, settings, tmp_path, entry) for _ in range(5)]
    assert [one is not None for one in sent] == [True, True, True, False, False]


async def test_a_letter_is_sent_once_and_needs_an_address_of_ours(db, settings, tmp_path, monkeypatch):
    entry = letters.SignUp(email="ines@example.com", purposes=["offers"])
    async with db.transaction() as tx:
        signed = await letters.sign_up(tx, entry=entry, actor=SYSTEM, settings=settings)
        for wrong, code in (
            ({"purposes": ["nothing"]}, "consent.unknown_purpose"),
            ({"purposes": ["personalisation"]}, "consent.wrong_channel"),
            ({"email": "no address"}, "kernel.bad_address"),
            ({"email": "noemail@example.com"}, "consent.bad_contact"),
        ):
            said = {"email": "may@example.com", "purposes": ["offers"], **wrong}
            with pytest.raises(Refusal) as refused:
                await letters.sign_up(tx, entry=letters.SignUp(**said), actor=SYSTEM, settings=settings)
            assert refused.value.code == code
        monkeypatch.delenv("COMPTOIR_PUBLIC_URL")
        with pytest.raises(consent.NoPublicAddress):
            await letters.sign_up(tx, entry=entry, actor=SYSTEM, settings=Settings.load())
    monkeypatch.setenv("COMPTOIR_PUBLIC_URL", PUBLIC)
    for _ in range(2):
        await letters.mail_confirmation.work(db, act=str(signed.act))
    assert len(list((tmp_path / "mail").glob("*"))) == 1


async def test_she_sees_masked_contact_points_and_changes_each(db, shopper):
    async with db.transaction() as tx:
        await together(tx, ("user_id", "ines-morel-77"), ("email", "ines@example.com"))
        await together(tx, ("user_id", "ines-morel-77"), ("phone", "+33612345678"))
        await say(tx, choice(), choice("0612345678", namespace="phone", channel="sms", origin="web_form"))
    path = f"/preferences/{await link(db)}"
    page = await shopper.get(path, headers={"Accept-Language": "fr"})
    assert page.status_code == 200
    for secret in ("ines@", "example.com", "612345678", "ines-morel-77", "Morel"):
        assert secret not in page.text
    assert "i•••@e•••.com" in page.text
    assert "••• ••• 78" in page.text
    assert "<script>" not in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "set-cookie" not in page.headers

    shown, on = await switches(shopper, path)
    sms = next(one for one in on if one.endswith(":1:sms"))
    answer = await shopper.post(path, data={"shown": shown, "on": [one for one in on if one != sms]})
    assert answer.status_code == 303
    assert await switches(shopper, path) == (shown, [one for one in on if one != sms])
    assert await stands(db)
    async with db.transaction() as tx:
        phone = await node(tx, "phone", "+33612345678")
        verdict = await asked(tx, phone, "sms")
        kept = await consent.choice(tx, choice_id=verdict.choice_id)
        assert (verdict.because, kept.origin, kept.wording) == ("withdrawn", "preference_centre", 1)
        assert kept.proof.by_link_to == await node(tx, "email", "ines@example.com")
        before = await tx.value("SELECT count(*) FROM consent.choice")
        trail = await tx.values("SELECT target FROM kernel.audit")
        assert not [target for target in trail if path in target], "the address is the key"
    await shopper.post(path, data={"shown": shown, "on": [one for one in on if one != sms]})
    async with db.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM consent.choice") == before, "what does not change says nothing"


async def test_stop_everything_and_back_in(db, shopper):
    async with db.transaction() as tx:
        await say(tx, choice(), choice(channel="post"))
    path = f"/preferences/{await link(db)}"
    shown, on = await switches(shopper, path)
    assert len(on) == 3  # e-mail, post, and surveys, to which she has not objected
    await shopper.post(path, data={"stop": "yes"})
    assert await switches(shopper, path) == (shown, [])
    assert (await stands(db)).because == "withdrawn"
    assert (await stands(db, purpose="surveys")).because == "withdrawn"
    assert (await stands(db, channel="sale_or_share", purpose="advertising")).because == "denied"
    await shopper.post(path, data={"shown": shown, "on": on})
    assert (await switches(shopper, path))[1] == on
    assert await stands(db)
    async with db.transaction() as tx:
        assert await consent.reconcile(tx) == []


async def test_a_stricter_word_of_another_contact_point_is_told(db, shopper):
    async with db.transaction() as tx:
        await together(tx, ("user_id", "u1"), ("email", "ines@example.com"))
        await together(tx, ("user_id", "u1"), ("email", "old@posteo.example"))
        await say(tx, choice("old@posteo.example", "denied", channel="post"))
    path = f"/preferences/{await link(db)}"
    shown, on = await switches(shopper, path)
    post = next(one for one in shown if one.endswith(":post"))
    await shopper.post(path, data={"shown": shown, "on": [*on, post]})
    page = (await shopper.get(path)).text
    assert "you said no by o•••@p•••.example" in page
    assert not await stands(db, channel="post")


async def test_what_is_not_hers_cannot_be_changed(db, shopper):
    async with db.transaction() as tx:
        (other,) = await say(tx, choice("may@example.com"))
    path = f"/preferences/{await link(db)}"
    for key in (f"{other.node_id}:1:email", "nonsense", "9" * 30 + ":1:email", f"{other.node_id}:1:carrier", "::"):
        assert (await shopper.post(path, data={"shown": [key], "on": []})).status_code == 303
    assert await stands(db, "may@example.com")


async def test_of_a_shared_contact_point_nothing_but_itself_is_shown(db, shopper):
    async with db.transaction() as tx:
        for number in range(8):
            await together(tx, ("user_id", f"u{number}"), ("email", "family@example.com"), minute=number)
            await together(tx, ("user_id", f"u{number}"), ("phone", f"+3361234567{number}"), minute=number)
        assert await tx.value("SELECT count(*) FROM identity.node WHERE state = 1") == 1
        # Even where a steward's word has left it with one of them.
        await tx.run("UPDATE identity.node SET person_id = (SELECT min(node_id) FROM identity.node) WHERE state = 1")
    page = (await shopper.get(f"/preferences/{await link(db, 'family@example.com')}")).text
    assert "f•••@e•••.com" in page
    assert "••• •••" not in page


async def test_a_link_opens_one_thing_for_a_time(db, shopper):
    good = await link(db)
    async with db.transaction() as tx:
        id_ = await node(tx, "email", "ines@example.com")
        sign = await signer(tx)
        over = sign.sign(Link(Opens.PREFERENCES, id_), now=tx.now - LASTS[Opens.PREFERENCES])
        gone = sign.sign(Link(Opens.PREFERENCES, 10**15), now=tx.now)
        await say(tx, choice())
    forged = [good[:20] + ("A" if good[20] != "A" else "B") + good[21:], good[:-3], good + "AAAA", "x", "é", "A" * 500]
    other = [await link(db, opens=Opens.UNSUBSCRIPTION, purpose_id=1), await link(db, opens=Opens.CONFIRMATION)]
    texts = set()
    for token in (over, gone, *forged, *other):
        for answer in (
            await shopper.get(f"/preferences/{token}"),
            await shopper.post(f"/preferences/{token}", data={"stop": "yes"}),
        ):
            assert answer.status_code == 404, token
            texts.add(answer.text)
    assert len(texts) == 1, "which of these it is, is told to nobody"
    for path in ("/preferences/confirmation", "/preferences/unsubscription"):
        assert (await shopper.get(f"{path}/{good}")).status_code == 404
        assert (await shopper.post(f"{path}/{good}")).status_code == 404
    assert await stands(db)
    assert (await shopper.get(f"/preferences/{good}")).status_code == 200


async def test_one_click_ends_the_e_mails_of_a_purpose(db, shopper):
    """RFC 8058: the mail program posts by itself, without a cookie; looking (GET) ends nothing."""
    async with db.transaction() as tx:
        (said, _) = await say(tx, choice(), choice(purpose="surveys"))
        (headers,) = await consent.unsubscribe_headers(tx, [(said.node_id, 1)], public_url=PUBLIC)
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = urlsplit(headers["List-Unsubscribe"].strip("<>")).path
    assert (await shopper.get(path)).status_code == 200
    assert await stands(db)
    for _ in range(2):
        answer = await shopper.post(path, data={"List-Unsubscribe": "One-Click"}, follow_redirects=False)
        assert answer.status_code == 200
    assert (await stands(db)).because == "withdrawn"
    assert await stands(db, purpose="surveys")
    async with db.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM consent.choice WHERE origin = 'unsubscribe'") == 1
    await shopper.post(path, data={"all": "yes"})
    assert not await stands(db, purpose="surveys")


async def test_links_and_sign_ups_over_the_api(api, db, tmp_path):
    made = (
        await api.post(
            "/v1/consent/links", json={"namespace": "email", "value": "ines@example.com", "purpose": "offers"}
        )
    ).json()
    assert made["preferences"].startswith(f"{PUBLIC}/preferences/")
    assert made["headers"]["List-Unsubscribe"].startswith(f"<{PUBLIC}/preferences/unsubscription/")
    answer = await api.post("/v1/consent/sign-ups", json={"email": "ines@example.com", "purposes": ["offers"]})
    assert answer.status_code == 202
    assert set(answer.json()) == {"act"}
    assert (await stands(db)).because == "pending"
    async with db.reading() as tx:
        assert await tx.value(
            "SELECT count(*) FROM jobs.procrastinate_jobs WHERE task_name = 'consent.mail_confirmation'"
        )
        assert (await identity.lookup(tx, identifier=(NS["email"], "ines@example.com"))).nodes
