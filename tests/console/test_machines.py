"""Tills, connectors, feeds, readers and accuracy as a browser asks for them: who may look, what is decided, what comes of it."""

import re
from uuid import uuid4

import pytest

from comptoir.kernel.auth import ROLES
from comptoir.kernel.auth.permissions import GRANTS, opens
from console.machines import bring

ROOMS = {
    "/tills": ["tills:read"],
    "/tills/{device}": ["tills:read"],
    "/connectors": ["connectors:read"],
    "/connectors/boutique": ["connectors:read"],
    "/feeds": ["feeds:read"],
    "/feeds/google-fr": ["feeds:read"],
    "/rfid": ["inventory:read", "rfid:read"],
    "/rfid/rules": ["inventory:read", "rfid:read"],
    "/accuracy": ["inventory:read"],
}


@pytest.fixture
def admin(yard, machines):
    with yard.visitor("admin") as client:
        yield client


@pytest.mark.parametrize("role", ROLES)
def test_who_may_look_and_who_may_act(yard, machines, role):
    scopes = GRANTS[role]
    with yard.visitor(role) as client:
        for path, wanted in ROOMS.items():
            expected = 200 if all(opens(scopes, scope) for scope in wanted) else 403
            assert client.get(path.format(device=machines.device)).status_code == expected, path
        for path, data, scope in [
            (f"/tills/{machines.device}/aside/424242/taking", {}, "tills:admin"),
            ("/connectors/boutique/424242", {"deed": "replay"}, "connectors:write"),
            ("/feeds/nowhere/address", {"deed": "open"}, "feeds:write"),
        ]:
            assert (client.post(path, data=data).status_code == 403) != opens(scopes, scope), path


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_page_is_whole_and_of_one_language(admin, machines, language):
    for path in [
        *ROOMS,
        "/connectors/boutique?standing=by_hand",
        "/feeds/google-fr?show=left-out",
        "/rfid?standing=ended",
    ]:
        answer = admin.get(path.format(device=machines.device), headers={"Accept-Language": language})
        assert f'<html lang="{language}"' in answer.text
        names = re.findall(r' id="([^"]+)"', answer.text)
        assert len(names) == len(set(names)), path
        assert "&amp;#" not in answer.text, "escaped twice"


def test_what_moves_asks_for_itself_alone(admin, machines):
    for path in ROOMS:
        page = admin.get(path.format(device=machines.device)).text
        if path == "/rfid/rules":  # somebody types there
            continue
        (part,) = re.findall(r'<x-pulse data-for="([\w-]+)" data-at="[^"]+"', page)
        (again,) = re.findall(rf'<div id="{part}" hx-get="([^"]+)"', page)
        headers = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": f"div#{part}"}
        alone = admin.get(again.replace("&amp;", "&"), headers=headers)
        assert alone.status_code == 200, path
        assert "<html" not in alone.text
        assert len(alone.text) > 300, path


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/tills/{nobody}", 404), ("/connectors/nobody", 404), ("/connectors/boutique?standing=odd", 400), ("/feeds/nobody", 404),
        ("/connectors/boutique?before=x", 400), ("/rfid?after=rubbish", 400), ("/accuracy?at=nowhere", 404), ("/accuracy?after=x", 400),
    ],
)  # fmt: skip
def test_bad_questions_are_answered_in_words(admin, path, status):
    assert admin.get(path.format(nobody=uuid4())).status_code == status


# ---- tills


def test_a_till_says_what_is_missing_and_what_stands_aside(admin, machines):
    assert "entries are missing" in admin.get("/tills").text
    path = f"/tills/{machines.device}"
    page = admin.get(path).text
    assert "Missing since" in page and ": 4." in page
    for words in (
        "Another entry is known at its place",
        "Its contents are not those",
        "It cannot be read.",
        "Could not be booked",
    ):
        assert words in page, words
    number = {one["reason"]: one["quarantine_id"] for one in admin.get("/v1/tills/quarantine").json()}
    refused = admin.post(f"{path}/aside/{number['unreadable']}/taking")
    assert refused.status_code == 409
    assert "What the till sent cannot be read." in refused.text
    for reason, deed in [("unreadable", "dismissal"), ("fork", "taking")]:
        assert admin.post(f"{path}/aside/{number[reason]}/{deed}").status_code == 303
    left = {int(one) for one in re.findall(r"/aside/(\d+)/taking", admin.get(path).text)}
    assert left == {number["hash_differs"]}
    assert admin.post(f"/v1/tills/quarantine/{left.pop()}/dismissal").status_code == 200
    assert admin.post("/v1/tills/quarantine/424242/dismissal").status_code == 404
    assert "Nothing contradicts its chain." in admin.get(path).text


def test_what_was_missing_closes_the_gap(yard, admin, machines):
    bring(yard, machines.token, [machines.till.log[3]])
    page = admin.get(f"/tills/{machines.device}").text
    assert "Missing since" not in page
    assert "entries are missing" not in admin.get("/tills").text


def test_what_a_till_nests_deep_makes_no_page_of_megabytes(yard, admin, machines):
    made = admin.post("/v1/tills/devices", json={"outlet": "LYB", "name": "Till 2"}).json()
    deep: object = 1
    for _ in range(700):
        deep = {"x": deep}
    bring(yard, made["token"], [deep])
    page = admin.get(f"/tills/{made['device']['device_id']}")
    assert "It cannot be read." in page.text
    assert len(page.text) < 100_000


# ---- connectors


def test_what_was_sent_and_what_became_of_it(admin):
    page = admin.get("/connectors/boutique").text
    for words in ("done", "to do here", "failed", "waits for its order", "return of this order"):
        assert words in page, words
    hand = admin.get("/connectors/boutique?standing=by_hand").text
    (number,) = re.findall(r'action="/connectors/boutique/(\d+)"', hand)
    said = admin.post(f"/connectors/boutique/{number}", data={"deed": "settle", "standing": "by_hand"})
    assert said.headers["location"] == "/connectors/boutique?standing=by_hand"
    assert "No message stands like that." in admin.get("/connectors/boutique?standing=by_hand").text
    failed = re.findall(r'action="/connectors/boutique/(\d+)"', admin.get("/connectors/boutique?standing=failed").text)
    assert failed and number not in failed
    assert admin.post(f"/connectors/boutique/{failed[0]}", data={"deed": "replay"}).status_code == 303
    assert admin.post(f"/v1/connectors/deliveries/{failed[1]}/settlement").json()["state"] == "done"
    assert admin.post("/connectors/boutique/424242", data={"deed": "settle"}).status_code == 404
    settled = next(
        one for one in admin.get("/v1/connectors/deliveries").json()["items"] if str(one["delivery_id"]) == number
    )
    assert settled["state"] == "done" and settled["code"] == "connectors.by_hand", "what it was stays on record"


# ---- feeds


def test_a_feed_says_what_it_lacks_and_gives_its_address_once(yard, admin):
    feed = admin.get("/v1/feeds/google-fr").json()
    assert feed["left_out"] and feed["reasons"]["image_link"] >= feed["reasons"].get("price", 0)
    page = admin.get("/feeds/google-fr").text
    assert "no picture" in page and f">{feed['reasons']['image_link']}</td>" in page
    assert "Lacks" in admin.get("/feeds/google-fr?show=left-out").text
    shown = admin.post("/feeds/shops-fr/address", data={"deed": "open"}).text
    (address,) = re.findall(r"/v1/feeds/files/cf_[\w-]+", shown)
    assert admin.get(address).status_code == 200
    assert address not in admin.get("/feeds/shops-fr").text
    assert admin.post("/feeds/shops-fr/address", data={"deed": "close"}).status_code == 303
    assert admin.get(address).status_code == 404
    with yard.visitor("analyst") as analyst:
        assert analyst.get("/feeds").status_code == 403


# ---- readers, accuracy


def test_readings_under_way_and_over(admin):
    going = admin.get("/rfid").text
    assert "being read" in going and "Evening count" in going and "Lille" in going
    assert "09521321000005" in going, "a tag of no article"
    over = admin.get("/rfid?standing=ended").text
    (count,) = re.findall(r'href="(/counts/[0-9a-f-]{36})"', over)
    assert admin.get(count).status_code == 200


def test_the_book_is_believed_as_far_as_the_last_count_agreed(admin, yard):
    made = str(uuid4())
    admin.post("/counts", data={"count_id": made, "location": "BXL", "lines": "S-322-38"})
    (line,) = admin.get(f"/v1/inventory/counts/{made}").json()["lines"]
    admin.post(f"/counts/{made}/lines", data={"variant": line["variant_id"], "quantity": "400"})
    admin.post(f"/counts/{made}/submission")
    with yard.visitor("merchandiser") as other:
        assert other.post(f"/counts/{made}/approval").status_code == 303
    page = admin.get("/accuracy?at=BXL").text
    assert "Least believed in Bruxelles" in page and "Loafers" in page and ">400</td>" in page
    assert 'href="/accuracy?at=BXL"' in admin.get("/accuracy").text


# ---- made and changed here


def test_a_till_is_registered_and_its_key_shown_once(yard, admin):
    assert "Say where it stands." in admin.post("/tills", data={"name": "Till 9"}).text
    made = admin.post("/tills", data={"outlet": "LYP", "name": "Till 9"})
    assert made.status_code == 200, made.text
    (token,) = re.findall(r"<code>(ck_[\w-]+|[\w-]{30,})</code>", made.text)
    (page,) = set(re.findall(r'action="(/tills/[0-9a-f-]{36})/revocation"', made.text))
    assert token not in admin.get(page).text
    assert bring(yard, token, [])["answers"] == []
    assert "already" in admin.post("/tills", data={"outlet": "LYP", "name": "Till 9"}).text
    assert admin.post(f"{page}/revocation", data={"typed": "till 9"}).status_code == 422
    assert admin.post(f"{page}/revocation", data={"typed": "Till 9"}).status_code == 303
    assert "out of use" in admin.get(page).text
    refused = admin.post("/v1/tills/sync", json={"entries": []}, headers={"Authorization": f"Bearer {token}"})
    assert refused.status_code == 401


def test_a_shop_is_connected_switched_off_and_gets_another_secret(yard, admin):
    assert (
        admin.post("/connectors", data={"name": "à la mode", "platform": "shopify", "outlet": "site"}).status_code
        == 422
    )
    form = {"name": "pop-up", "platform": "woocommerce", "outlet": "site", "secret": "entered-here"}
    made = admin.post("/connectors", data=form)
    assert f"{yard.url}/v1/connectors/pop-up/woocommerce" in made.text
    assert "entered-here" in made.text
    assert "entered-here" not in admin.get("/connectors/pop-up").text
    assert "Another connection has this name" in admin.post("/connectors", data=form).text
    assert admin.post("/connectors/pop-up/secret", data={"typed": "nothing"}).status_code == 422
    renewed = admin.post("/connectors/pop-up/secret", data={"typed": "pop-up"})
    assert renewed.status_code == 200 and "entered-here" not in renewed.text
    ping, at = {"X-WC-Webhook-Topic": "order.created"}, "/v1/connectors/pop-up/woocommerce"
    assert admin.post(at, content=b"{}", headers=ping).status_code == 401, "not signed"
    assert admin.post("/connectors/pop-up/state", data={"enabled": "no"}).status_code == 303
    assert "Its messages are refused" in admin.get("/connectors/pop-up").text
    assert admin.post(at, content=b"{}", headers=ping).status_code == 404
    assert admin.post("/connectors/pop-up/state", data={"enabled": "yes"}).status_code == 303
    assert admin.put("/v1/connectors/pop-up/state", json={"enabled": True}).json()["enabled"]
    assert admin.post("/connectors/nobody/state", data={}).status_code == 404


def test_a_feed_is_described_and_described_anew(yard, admin):
    form = {"code": "bing-fr", "name": "Bing", "kind": "products", "format": "xml", "outlet": "site", "language": "fr",
            "link": "https://tissandier.example/a/{sku}", "limited": "3", "enabled": "yes"}  # fmt: skip
    assert "Another feed has this code." in admin.post("/feeds", data=form | {"code": "google-fr"}).text
    wrong = admin.post("/feeds", data=form | {"link": "nowhere", "limited": "few"})
    assert wrong.status_code == 422 and "A whole number of pieces." in wrong.text
    assert "{sku}, {product} or" in admin.post("/feeds", data=form | {"link": "nowhere"}).text
    assert admin.post("/feeds", data=form).headers["location"] == "/feeds/bing-fr"
    shown = admin.post("/feeds/bing-fr/address", data={"deed": "open"}).text
    (address,) = re.findall(rf"{yard.url}/v1/feeds/files/cf_[\w-]+", shown)
    assert admin.get(address).status_code == 200
    assert 'value="Bing"' in admin.get("/feeds/bing-fr/entry").text
    anew = {name: value for name, value in form.items() if name not in {"code", "enabled"}}
    assert admin.post("/feeds/bing-fr/entry", data=anew | {"name": "Bing, France"}).status_code == 303
    assert "switched off" in admin.get("/feeds/bing-fr").text and "Bing, France" in admin.get("/feeds").text
    assert admin.get(address).status_code == 404
    with yard.visitor("analyst") as reader:
        assert reader.get("/feeds/new").status_code == 403


@pytest.mark.parametrize("role", ROLES)
def test_who_makes_them_is_who_may_by_the_api(yard, machines, role):
    with yard.visitor(role) as client:
        for path, scope in [("/tills", "tills:admin"), ("/connectors", "connectors:admin"), ("/feeds", "feeds:write")]:
            may = opens(GRANTS[role], scope)
            assert (client.get(f"{path}/new").status_code == 200) == may, path
            assert (client.post(path, data={}).status_code == 422) == may, path


def agreed(client, page):
    form = page.text[page.text.index("Nothing is done yet") :].split("</form>")[0]
    action = re.search(r'action="([^"]+)"', form)[1]
    return client.post(action, data=dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form)))


def test_rules_for_reads_are_tried_before_they_hold(yard, admin):
    before = admin.get("/v1/rfid/rules").json()["set"]
    form = {"after": str(before["version"]), "name": "Damaged goods", "joined": "any", "attribute-1": "event.disposition",
            "op-1": "in", "value-1": "damaged, expired", "act": "move", "state": "damaged", "quiet": "15"}  # fmt: skip
    assert "Say of which events it is." in admin.post("/rfid/rules/new", data=form | {"attribute-1": ""}).text
    for nested in (900, 9):
        text = '{"all":[' * nested + "]}" * nested
        unread = admin.post("/rfid/rules/new", data=form | {"text": text})
        assert (unread.status_code, "The condition cannot be read." in unread.text) == (422, True)
    assert "That cannot be asked of it." in admin.post("/rfid/rules/new", data=form | {"op-1": "<"}).text
    assert "Another rule is called so." in admin.post("/rfid/rules/new", data=form | {"name": "Evening count"}).text
    tried = admin.post("/rfid/rules/new", data=form)
    assert tried.status_code == 200 and "Wanted by no rule" in tried.text
    assert admin.get("/v1/rfid/rules").json()["set"] == before, "nothing was done by looking"
    assert agreed(admin, tried).status_code == 303
    twice = agreed(admin, tried)
    assert (twice.status_code, "Another rule is called so." in twice.text) == (422, True)
    held = admin.get("/v1/rfid/rules").json()["set"]
    assert [one["name"] for one in held["rules"]] == ["Evening count", "Damaged goods"]
    assert held["rules"][1]["condition"]["any"][0]["value"] == ["damaged", "expired"]
    assert 'value="damaged, expired"' in admin.get("/rfid/rules/2").text
    assert 'value="Evening count"' in admin.get("/rfid/rules/1").text

    first = admin.post("/rfid/rules/2/earlier", data={"after": str(held["version"])})
    assert agreed(admin, first).status_code == 303
    late = admin.post("/rfid/rules/2/removal", data={"after": str(held["version"])})
    assert "were changed meanwhile" in agreed(admin, late).text
    seen = {"after": str(held["version"]), "confirm": "what was agreed to before they were changed"}
    assert "were changed meanwhile" in admin.post("/rfid/rules/2/removal", data=seen).text
    now = admin.get("/v1/rfid/rules").json()["set"]
    assert [one["name"] for one in now["rules"]] == ["Damaged goods", "Evening count"]
    gone = admin.post("/rfid/rules/1/removal", data={"after": str(now["version"])})
    assert "taken out" in gone.text
    agreed(admin, gone)
    nested = {"any": [{"not": {"attribute": "event.step", "op": "=", "value": "cycle_counting"}}]}
    left = admin.get("/v1/rfid/rules").json()["set"]
    body = {"rules": [{**left["rules"][0], "condition": nested}], "after": left["version"]}
    admin.put("/v1/rfid/rules", json=body)
    assert "written as text here" in admin.get("/rfid/rules/1").text
    version = admin.get("/v1/rfid/rules").json()["set"]["version"]
    admin.put("/v1/rfid/rules", json={"rules": left["rules"], "after": version})
    assert admin.get("/rfid/rules/9").status_code == 404


def test_where_readers_stand(yard, admin):
    reader = "https://house.example/readers/gate"
    assert "Say which reader" in admin.post("/rfid/places", data={"name": reader}).text
    assert admin.post("/rfid/places", data={"name": reader, "location": "SQF"}).status_code == 303
    named = {one["name"]: one["location"] for one in admin.get("/v1/rfid/places").json()["places"]}
    assert named[reader] == "SQF" and len(named) == 3
    names = {one["code"]: one["name"] for one in admin.get("/v1/inventory/locations").json()}
    assert f'<span class="small muted">{names["SQF"]}</span>' in admin.get("/rfid/rules").text
    assert admin.post("/rfid/places", data={"name": reader, "removal": "yes"}).status_code == 303
    assert len(admin.get("/v1/rfid/places").json()["places"]) == 2
    with yard.visitor("associate") as associate:
        assert associate.get("/rfid/rules").status_code == 200
        assert "An administrator does this." in associate.get("/rfid/rules").text
        for path in ("/rfid/rules/new", "/rfid/rules/1", "/rfid/rules/1/removal", "/rfid/places"):
            assert associate.post(path, data={}).status_code == 403, path
