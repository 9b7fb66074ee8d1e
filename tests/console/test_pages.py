"""The pages as a browser asks for them: who may enter, parts and whole pages, bad questions, nothing yet, hostile names."""

import re
import time
from html import unescape

import httpx
import pytest

from comptoir.kernel.auth import ROLES
from comptoir.kernel.auth.permissions import GRANTS, opens
from console.town import OTHERS, POUNDS_ONLY, POUNDS_TOO, SHOPS, XSS, person

PAGES = {
    "/": "",
    "/customers": "profiles:read",
    "/products": "inventory:read",
    "/availability": "inventory:read",
    "/prices": "pricing:read",
    "/prices/promotions": "pricing:read",
    "/prices/why": "pricing:read",
    "/prices/coupons": "pricing:read",
    "/orders": "orders:read",
    "/transfers": "inventory:read",
    "/counts": "inventory:read",
    "/fulfilment": "orders:read",
    "/fulfilment/tasks": "orders:read",
    "/sourcing": "orders:read",
    "/events": "ingest:read",
    "/quality": "ingest:read",
    "/quality/letters": "ingest:read",
    "/quality/consumers": "ingest:read",
    "/sources": "ingest:write",
    "/sources/new": "channels:write",
    "/sources/keys": "kernel:admin",
    "/styleguide": "",
}
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture(scope="module")
def admin(town):
    with town.visitor("admin") as client:
        yield client


def key_of(client: httpx.Client, question: str) -> str:
    """The list is a second behind: whom another test has just parted again is not on it at once."""
    deadline = time.monotonic() + 20
    while not (
        found := re.search(r"/customers/([0-9a-f-]{36})", client.get("/customers", params={"q": question}).text)
    ):
        assert time.monotonic() < deadline, f"nobody found by {question}"
        time.sleep(0.1)
    return found.group(1)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_enters_what_it_may_and_nothing_else(town, role):
    with town.visitor(role) as client:
        answers = {path: client.get(path).status_code for path in PAGES}
    allowed = {path: 200 if not scope or opens(GRANTS[role], scope) else 403 for path, scope in PAGES.items()}
    if not opens(GRANTS[role], "ingest:write"):
        allowed |= {"/sources/new": 403, "/sources/keys": 403}
    assert answers == allowed


@pytest.mark.parametrize("role", ROLES)
def test_one_customer_and_the_acts_upon_her(town, admin, role):
    key = key_of(admin, "Morel")
    may_read, may_mend = opens(GRANTS[role], "profiles:read"), opens(GRANTS[role], "identity:write")
    with town.visitor(role) as client:
        assert client.get(f"/customers/{key}").status_code == (200 if may_read else 403)
        assert client.get(f"/customers/{key}/merge").status_code == (200 if may_read and may_mend else 403)
        nobody = client.post(f"/customers/{key}/split", data={"node": "987654321"}).status_code
        assert nobody == (409 if may_read and may_mend else 403)


def test_nobody_is_sent_to_sign_in(town):
    answer = httpx.get(f"{town.url}/customers")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


def test_money_of_another_currency_is_shown_and_never_added(admin):
    """On her page, in the list, side by side before a merge, and on the day's sheet."""
    both, only = key_of(admin, person(POUNDS_TOO)["last"]), key_of(admin, POUNDS_ONLY)
    pages = {
        "page": admin.get(f"/customers/{both}").text,
        "row": admin.get("/customers", params={"q": person(POUNDS_TOO)["last"]}).text,
        "home": admin.get("/").text,
        "merge": admin.get(f"/customers/{both}/merge", params={"other": only}).text,
    }
    for name, page in pages.items():
        assert re.search(
            r'<data class="money" value="[\d.]+">€[^/]*</data><span class="sum-also"><data[^>]*>£', plainer(page)
        ), name
    hers = admin.get(f"/customers/{only}").text
    assert 'value="79.00">£79' in hers
    assert "€0" not in hers
    assert "1 to 1 of" in (row := admin.get("/customers", params={"q": POUNDS_ONLY}).text)
    assert 'value="79.00">£79' in row
    assert "€" not in re.search(r"<tbody>.*?</tbody>", row, re.DOTALL).group()


def plainer(page: str) -> str:
    """Without the lighter ink of cents."""
    return re.sub(r'<span class="cents">[^<]*</span>', "", page)


def test_the_thread_says_in_which_shop_she_bought(admin):
    """Every purchase of the page, by the name of its shop, of the web shop or of the call centre."""
    page = admin.get(f"/customers/{key_of(admin, 'Morel')}?kind=bought").text
    lines = re.findall(r'<div class="knot-body">(.*?)</div></li>', page)
    assert len(lines) > 5
    named = [re.search(r'<p class="knot-note">(.*?)</p>', line) for line in lines]
    assert all(named), "a purchase of nowhere"
    places = {unescape(found.group(1)) for found in named if found}
    assert "Lyon Bellecour" in places
    assert places <= {name for name, _ in SHOPS.values()} | {name for _, name in OTHERS.values()}


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(
    "path",
    [
        *PAGES,
        "/sources/1",
        "/sources/1/plan",
        "/sources/1/plan?view=json",
        "/events?verdict=rejected",
        "/customers?q=nobody-at-all",
    ],
)
def test_a_page_is_whole_strict_and_of_one_language(admin, path, language):
    answer = admin.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert f'<html lang="{language}"' in answer.text
    assert " style=" not in answer.text
    assert not re.search(r"<script(?![^>]* src=)", answer.text)
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    names = re.findall(r' id="([^"]+)"', answer.text)
    assert len(names) == len(set(names)), {name for name in names if names.count(name) > 1}


@pytest.mark.parametrize(
    ("path", "part"),
    [("/customers", "found"), ("/events", "tail"), ("/customers?channel=shop&sort=spend", "found")],
)
def test_a_part_is_the_part_alone(admin, path, part):
    answer = admin.get(path, headers={**PART, "HX-Target": f"div#{part}"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "</html>" not in answer.text
    assert "<table" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/customers?channel=telepathy",
        "/customers?since=13",
        "/customers?spent=-1",
        "/customers?spent=lots",
        "/customers?least=99",
        "/customers?sort=beauty",
        "/customers?after=rubbish",
        "/customers?after=WyJ4Il0",
        "/customers?q=" + "x" * 401,
        "/events?source=abc",
        "/events?source=999999",
        "/events?verdict=perhaps",
        "/events/accepted/2026-13-45/1",
        "/events/accepted/2026-01-01/99999999999999999999999",
        "/events/accepted/2026-01-01/1",
        "/events/maybe/2026-01-01/1",
        "/quality?source=0",
        "/quality/letters?state=lost",
        "/quality/letters?before=-4",
        "/quality/letters/99999999",
        "/quality/letters/99999999999999999999999",
        "/sources/77777",
        "/sources/99999999999",
        "/sources/1?language=cobol",
        "/customers/not-an-id",
        "/customers/00000000-0000-4000-8000-000000000000",
        "/customers/00000000-0000-4000-8000-000000000000/identity",
        "/customers/00000000-0000-4000-8000-000000000000/merge?other=nobody",
        "/customers/00000000-0000-4000-8000-000000000000/moments/1",
    ],
)
def test_a_bad_address_is_refused_in_words(admin, path):
    answer = admin.get(path, headers={"Accept": "text/html"})
    assert answer.status_code in {400, 404}, answer.text[:500]
    assert "<html" in answer.text


@pytest.mark.parametrize(
    "question",
    ["%00", "\ud800".encode("utf-8", "surrogatepass"), "'; DROP TABLE x; --", "%", "\\", "{", "\u202e", "é" * 200],
)
def test_no_question_breaks_the_search(admin, question):
    assert admin.get("/customers", params={"q": question}).status_code in {200, 400}
    assert admin.get("/palette", params={"q": question}).status_code in {200, 400}


def test_anybody_is_found_by_any_identifier(admin):
    key = key_of(admin, "Morel")
    for question in [
        "ines.morel@posteo.example",
        "INES.MOREL@posteo.example",
        "u-1000",
        "88402200",
        "8840 2200",
        "+33 6 41 87 20 00",
        "06 41 87 20 00",
        "mor",
        "inès",
        "ines mor",
    ]:
        assert key_of(admin, question) == key, question
    assert f"/customers/{key}" in admin.get("/palette", params={"q": "88402200"}).text


def test_filters_narrow_and_say_which_one_to_drop(admin):
    def count(**params) -> int:
        text = admin.get("/customers", params=params).text
        return int(re.search(r'<span class="figure">([\d,]+)</span>', text).group(1).replace(",", ""))

    everybody = count()
    assert 0 < count(channel="phone") < everybody
    assert count(channel=["phone", "web"]) <= count(channel="phone")
    assert count(shop="LYB") < everybody
    assert count(has="loyalty_card") < everybody
    assert count(spent=1000) < everybody
    nobody = admin.get("/customers", params={"channel": "phone", "spent": 1_000_000}).text
    assert "Nobody fits" in nobody
    assert "Without “Spent at least €1,000,000” there would be" in nobody


def test_pages_follow_one_another_without_gap_or_repetition(admin):
    seen, path, steps = [], "/customers", 0
    while path and steps < 20:
        text = admin.get(path).text
        seen += re.findall(r'class="person-name" href="/customers/([0-9a-f-]{36})"', text)
        following = re.search(r'href="(/customers\?[^"]*after=[^"]*)"[^>]*>After', text)
        path = following.group(1).replace("&amp;", "&") if following else ""
        steps += 1
    total = int(re.search(r'<span class="figure">(\d+)</span>', admin.get("/customers").text).group(1))
    assert len(seen) == len(set(seen)) == total
    assert steps > 1


def test_hostile_names_are_text(admin):
    key = key_of(admin, "evil@posteo.example")
    for path in [
        "/",
        "/customers?q=evil@posteo.example",
        f"/customers/{key}",
        f"/customers/{key}/identity",
        f"/customers/{key}/split",
        "/events?name=evil",
        "/palette?q=evil@posteo.example",
    ]:
        text = admin.get(path).text
        assert XSS not in text, path
        if path != "/":
            assert "&lt;script&gt;" in text or "evil" in text, path


def test_a_customer_is_told_with_her_sources(admin):
    key = key_of(admin, "Morel")
    text = admin.get(f"/customers/{key}").text
    assert "ines.morel@posteo.example" in text
    assert "Rule: better known first" in text
    assert 'class="thread"' in text
    assert 'class="chart idg"' in text
    bought = admin.get(f"/customers/{key}", params={"kind": "bought"}, headers={**PART, "HX-Target": "div#thread"}).text
    assert "Bought" in bought
    assert "Looked at" not in bought


def test_raw_events_are_veiled_for_those_who_may_not_read_them(town, admin):
    key = key_of(admin, "Morel")
    thread = admin.get(f"/customers/{key}", params={"kind": "looked"}).text
    moment = re.search(rf"/customers/{key}/moments/\d+", thread).group(0)
    assert "anonymousId" in admin.get(moment).text
    assert "•••" not in admin.get(moment).text
    with town.visitor("associate") as client:
        veiled = client.get(moment).text
    assert "•••" in veiled
    assert "Personal values are covered" in veiled
    assert "0000-c00c" not in veiled


def test_a_purchase_shows_its_ticket(admin):
    key = key_of(admin, "Morel")
    thread = admin.get(f"/customers/{key}", params={"kind": "bought"}).text
    moment = re.search(rf"/customers/{key}/moments/\d+", thread).group(0)
    ticket = admin.get(moment).text
    assert 'class="ticket receipt"' in ticket
    assert re.search("Total (paid|given back)", ticket)


def test_merge_then_undo_restores_both(admin):
    left, right = key_of(admin, "Fontaine"), key_of(admin, "Wouters")
    preview = admin.get(f"/customers/{left}/merge", params={"other": right})
    assert "Together" in preview.text
    done = admin.post(f"/customers/{left}/merge", data={"other": right, "reason": "told me so"})
    assert done.status_code == 303
    one = done.headers["location"]
    page = admin.get(one)
    assert "One person. Can be undone exactly." in page.text
    assert {admin.get(f"/customers/{key}").headers.get("location", f"/customers/{key}") for key in (left, right)} == {
        one
    }
    undo = re.search(r'hx-post="(/customers/undo/\d+)"', page.text).group(1)
    assert "One person. Can be undone exactly." not in admin.get(one).text  # said once
    assert "told me so" in admin.get(f"{one}/identity").text
    assert admin.post(undo).status_code == 303
    assert admin.get(f"/customers/{left}").status_code == admin.get(f"/customers/{right}").status_code == 200
    assert admin.post(undo).status_code == 409


def test_split_then_undo(admin):
    key = key_of(admin, "Morel")
    nodes = re.findall(r'name="node" value="(\d+)"', admin.get(f"/customers/{key}/split").text)
    assert len(nodes) > 2
    preview = admin.get(f"/customers/{key}/split", params={"node": nodes[-1]}).text
    assert "What would be" in preview
    assert admin.get(f"/customers/{key}/split", params={"node": nodes}).status_code == 409
    done = admin.post(f"/customers/{key}/split", data={"node": nodes[-1]})
    assert done.status_code == 303
    undo = re.search(r'hx-post="(/customers/undo/\d+)"', admin.get(done.headers["location"]).text).group(1)
    assert admin.post(undo).status_code == 303
    assert re.findall(r'name="node" value="(\d+)"', admin.get(f"/customers/{key}/split").text) == nodes


def ties_of(admin, key) -> list[str]:
    """Where each tie that joins is cut."""
    found = re.findall(r'href="(/customers/[0-9a-f-]+/cut\?[^"]+)"', admin.get(f"/customers/{key}/identity").text)
    return [unescape(path) for path in found]


def test_one_tie_is_cut_looked_at_and_undone(admin):
    key = key_of(admin, "Marchetti")
    before = re.findall(r'name="node" value="(\d+)"', admin.get(f"/customers/{key}/split").text)
    ties = ties_of(admin, key)
    previews = [admin.get(path).text for path in ties]
    assert ties_of(admin, key) == ties, "looking changes nothing"
    parting = next(place for place, text in enumerate(previews) if "One person all the same" not in text)
    a, b = re.search(r"a=(\d+)&b=(\d+)", ties[parting]).groups()

    done = admin.post(f"/customers/{key}/cut", data={"a": b, "b": a, "reason": "not hers"})
    assert done.status_code == 303
    after = admin.get(done.headers["location"]).text
    assert "Two people. Can be undone exactly." in after
    assert "A tie cut by hand" in after
    assert "not hers" in after
    assert len(re.findall(r'name="node"', admin.get(f"/customers/{key}/split").text)) < len(before)
    assert admin.get(ties[parting]).status_code == 404, "it is cut already"

    undo = re.search(r'hx-post="(/customers/undo/\d+)"', after).group(1)
    assert f'action="{undo}"' in after, "the tie says how its cut is taken back"
    assert admin.post(undo).status_code == 303
    assert re.findall(r'name="node" value="(\d+)"', admin.get(f"/customers/{key}/split").text) == before
    assert ties_of(admin, key) == ties


def test_a_tie_of_somebody_else_cannot_be_cut(town, admin):
    key, other = key_of(admin, "Marchetti"), key_of(admin, "Wouters")
    a, b = re.search(r"a=(\d+)&b=(\d+)", ties_of(admin, other)[0]).groups()
    assert admin.post(f"/customers/{key}/cut", data={"a": a, "b": b}).status_code == 404
    assert admin.get(f"/customers/{key}/cut?a={a}&b={b}").status_code == 404
    assert admin.get(f"/customers/{key}/cut?a=0&b=x").status_code == 400
    assert admin.get(f"/customers/{key}/cut").status_code == 400
    for role, status in (("agent", 200), ("marketer", 403), ("executive", 403)):
        with town.visitor(role) as client:
            assert client.get(ties_of(admin, other)[0]).status_code == status


def test_why_two_identifiers_are_one_person(admin):
    key = key_of(admin, "Morel")
    options = re.findall(r'<option value="(\d+)"', admin.get(f"/customers/{key}/identity").text)
    text = admin.get(f"/customers/{key}/identity", params={"a": options[0], "b": options[1]}).text
    assert "its weakest tie is" in text


def test_a_dead_letter_is_mended_and_replayed(town, admin):
    town.send(
        "browser", {"type": "track", "anonymousId": "mend-me", "properties": {"sku": "C-101"}, "messageId": "mend-1"}
    )
    letters = admin.get("/quality/letters", params={"reason": "missing_event_name"}).text
    number = max(map(int, re.findall(r"/quality/letters/(\d+)", letters)))
    still = admin.post(f"/quality/letters/{number}", data={"deed": "replay", "body": '{"type": "track"'})
    assert still.status_code == 422
    mended = '{"type":"track","event":"Product Viewed","anonymousId":"mend-me","messageId":"mend-1"}'
    done = admin.post(f"/quality/letters/{number}", data={"deed": "replay", "body": mended})
    assert done.status_code == 303
    assert f"/quality/letters/{number}" in admin.get("/quality/letters?state=replayed").text
    assert admin.post(f"/quality/letters/{number}", data={"deed": "replay", "body": mended}).status_code == 409
    town.send("browser", {"type": "track", "anonymousId": "away", "messageId": "away-1"})
    number += 1
    assert admin.post("/quality/letters/bulk", data={"deed": "discard", "letter": [str(number)]}).status_code == 303
    assert admin.post("/quality/letters/bulk", data={"deed": "discard", "letter": ["x"]}).status_code == 400


def test_an_analyst_sees_sources_but_a_marketer_mends_nothing(town):
    with town.visitor("marketer") as client:
        assert client.post("/quality/letters/bulk", data={"deed": "discard", "letter": "1"}).status_code == 403
        assert "Mend and replay" not in client.get("/quality/letters/1").text
    with town.visitor("analyst") as client:
        text = client.get("/sources").text
        assert "why not?" in text
        assert client.post("/sources", data={"name": "x", "outlet": "site"}).status_code == 403


def test_a_source_is_made_switched_and_given_a_new_key(admin):
    assert "Give it a name" in admin.post("/sources", data={"name": "", "outlet": ""}).text
    assert admin.post("/sources", data={"name": "Till 7", "outlet": "nowhere"}).status_code == 422
    made = admin.post("/sources", data={"name": "Till 7", "outlet": "LYB"})
    assert made.status_code == 303
    assert "is called so" in admin.post("/sources", data={"name": "Till 7", "outlet": "LYB"}).text
    path = made.headers["location"]
    before = re.search(r"wk_[0-9a-f]{32}", admin.get(path).text).group(0)
    assert admin.post(f"{path}/rotation", data={"typed": "till"}).status_code == 422
    assert admin.post(f"{path}/rotation", data={"typed": "Till 7"}).status_code == 303
    assert before not in admin.get(path).text
    assert admin.post(f"{path}/state", data={"enabled": "no"}).status_code == 303
    assert "refused from now on" in admin.get(path).text


def test_an_api_key_is_shown_once_and_ends_when_revoked(town, admin):
    assert admin.post("/sources/keys", data={"name": "ERP"}).status_code == 422
    made = admin.post("/sources/keys", data={"name": "ERP", "scopes": ["channels:read", "orders:read"]})
    token = re.search(r"ck_[0-9a-f]{8}_[\w-]+", made.text).group(0)
    assert token not in admin.get("/sources/keys").text
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{town.url}/v1/channels/outlets", headers=headers).status_code == 200
    revoke = re.search(r"/sources/keys/[0-9a-f-]{36}/revocation", admin.get("/sources/keys").text).group(0)
    assert admin.post(revoke).status_code == 303
    assert "Revoked" in admin.get("/sources/keys").text


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("path", PAGES)
def test_an_empty_house_teaches(bare_town, path, language):
    with bare_town.visitor("admin", **{"Accept-Language": language}) as client:
        answer = client.get(path)
    assert answer.status_code == 200
    if path in {"/", "/customers", "/events", "/sources", "/quality", "/quality/letters"}:
        assert {"en": "The counter is clear", "fr": "Le comptoir est libre"}[language] in answer.text


def test_what_another_site_sends_is_refused(town, admin):
    key = key_of(admin, "Morel")
    with town.visitor("admin") as client:
        answer = client.post(f"/customers/{key}/split", data={"node": "1"}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
