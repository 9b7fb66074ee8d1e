"""The frame as a browser gets it: whole pages and parts, languages, doors, errors."""

import re

import httpx
import pytest

from comptoir.console.language import LANGUAGES
from comptoir.console.rooms import ROLES, ROOMS
from comptoir.kernel import auth
from conftest import recreate, url_of
from console.site import PASSWORD, serving

BROWSER = {"accept": "text/html", "sec-fetch-site": "same-origin"}


@pytest.fixture
def nobody(site):
    with httpx.Client(base_url=site, headers=BROWSER) as client:
        yield client


@pytest.fixture
def somebody(nobody):
    """Somebody with a role: `somebody("marketer")`."""

    def sign_in(role="admin"):
        answer = nobody.post("/sign-in/as", data={"role": role})
        assert answer.status_code == 303, answer.text
        return nobody

    return sign_in


def ids(html):
    return re.findall(r'\sid="([^"]+)"', html)


# whole pages and parts


def test_a_page_has_all_its_parts_and_no_id_twice(somebody):
    html = somebody().get("/styleguide").text
    assert len(ids(html)) == len(set(ids(html)))
    for name in re.findall(r'popovertarget="([^"]+)"|(?:labelledby|describedby|controls)="([^"]+)"', html):
        assert "".join(name) in ids(html)


def test_htmx_gets_the_block_it_asks_for_with_its_popovers(somebody):
    part = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#rows"}
    client = somebody()
    whole, rows = client.get("/").text, client.get("/", headers=part).text
    assert "<html" in whole
    assert "<html" not in rows
    assert rows.count("trial-row") == 3
    assert rows.count('class="pop pop-why"') == 3
    assert not set(ids(rows)) & set(ids(whole)), "a part must not repeat an id of the page it is put into"
    assert client.get("/?q=inès", headers=part).text.count("trial-row") == 1


def test_a_part_that_the_page_does_not_have_is_the_page(somebody):
    odd = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#../../etc"}
    assert "<html" in somebody().get("/", headers=odd).text


def test_a_toast_travels_with_a_part(somebody):
    part = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#rows"}
    assert '<x-toast class="toast">' in somebody().post("/trial/tie", headers=part).text


def test_the_policy_is_strict(somebody):
    answer = somebody().get("/")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "private, no-store"


# files


def test_files_are_kept_for_ever_under_their_own_address(nobody):
    html = nobody.get("/sign-in").text
    for address in re.findall(r'(?:src|href)="(/static/[^"#]+)', html):
        answer = nobody.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    old = nobody.get("/static/000000000000/base.css")
    assert (old.status_code, old.headers["cache-control"]) == (200, "no-cache")


@pytest.mark.parametrize("name", ["nothing.css", "../assets.py", "..%2fassets.py", "%2e%2e/page.py", "fonts/"])
def test_nothing_but_files_of_the_frame_is_served(nobody, name):
    assert nobody.get(f"/static/x/{name}").status_code == 404


# languages


def test_language_is_asked_for_then_chosen_then_spoken(somebody):
    client = somebody()

    def lang(path="/", **headers):
        return re.search(r'<html lang="(\w+)"', client.get(path, headers=headers).text)[1]

    assert lang(**{"accept-language": "nl,fr;q=0.8"}) == "fr"
    assert lang(**{"accept-language": "de"}) == "en"
    client.post("/tastes", data={"lang": "fr", "next": "/"})
    assert lang(**{"accept-language": "en"}) == "fr"
    assert lang("/?lang=klingon") == "fr"
    assert lang("/?lang=en") == "en"
    assert lang(**{"accept-language": "fr"}) == "en", "what was asked for is kept"


def test_tastes_are_kept_and_lead_back(nobody):
    answer = nobody.post(
        "/tastes", data={"theme": "dark", "density": "dense", "shortcuts": "off", "next": "/styleguide"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/styleguide")
    assert dict(nobody.cookies) == {"theme": "dark", "density": "dense", "shortcuts": "off"}
    assert 'data-theme="dark"' in nobody.get("/sign-in").text
    assert nobody.post("/tastes", data={"theme": "pink"}).status_code == 400


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example", "evil", ""])
def test_nobody_is_led_to_another_site(nobody, path):
    assert nobody.post("/tastes", data={"next": path}).headers["location"] == "/"


# doors


def test_who_is_not_signed_in_is_led_to_the_door(nobody):
    answer = nobody.get("/styleguide")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/styleguide")
    part = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#rows"}
    assert nobody.get("/", headers=part).headers["hx-redirect"] == "/sign-in?next=/"
    assert nobody.get("/live").status_code == 303


def test_the_door_leads_back_to_what_the_window_showed(nobody, site):
    whole = nobody.get("/styleguide?q=a&page=2")
    assert whole.headers["location"] == "/sign-in?next=/styleguide%3Fq%3Da%26page%3D2"
    part = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#palette-list"}
    asked = nobody.get("/palette?q=x", headers=part | {"HX-Current-URL": f"{site}/styleguide?q=a"})
    assert asked.headers["hx-redirect"] == "/sign-in?next=/styleguide%3Fq%3Da", "and not to the part alone"
    sent = nobody.post("/trial/line", headers={"Referer": f"{site}/styleguide"})
    assert sent.headers["location"] == "/sign-in?next=/styleguide"


def test_a_password_opens_and_a_wrong_one_does_not(nobody):
    mail = "admin@tissandier.example"
    wrong = nobody.post("/sign-in", data={"email": mail, "password": "wrong wrong", "next": "/styleguide"})
    assert wrong.status_code == 422
    assert "Check both" in wrong.text
    assert f'value="{mail}"' in wrong.text
    right = nobody.post("/sign-in", data={"email": mail, "password": PASSWORD, "next": "/styleguide"})
    assert (right.status_code, right.headers["location"]) == (303, "/styleguide")
    assert "HttpOnly" in right.headers["set-cookie"]
    assert nobody.get("/").status_code == 200
    assert nobody.get("/sign-in").headers["location"] == "/"
    nobody.post("/sign-out")
    assert nobody.get("/").status_code == 303


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/as", "/sign-out", "/trial/tie"])
def test_another_site_cannot_act_for_anybody(somebody, path):
    data = {"email": "a@b.example", "password": "x", "role": "admin"}
    client = somebody()
    assert client.post(path, data=data, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.get("/").status_code == 200


def test_one_click_sign_in_is_for_demos_only(server_url, template):
    name = template.replace("template", "console_real")
    recreate(server_url, name, template)
    with (
        serving(url_of(server_url, name), demo=False) as address,
        httpx.Client(base_url=address, headers=BROWSER) as real,
    ):
        assert "personas" not in real.get("/sign-in").text
        assert real.post("/sign-in/as", data={"role": "admin"}).status_code == 404


def test_every_role_has_a_face():
    assert set(ROLES) == set(auth.ROLES)


@pytest.mark.parametrize("role", auth.ROLES)
def test_the_rail_shows_what_a_role_may_open_and_what_exists(somebody, role):
    client = somebody(role)
    shown = re.findall(r'class="rail-item" href="([^"]+)"', client.get("/").text)
    assert set(shown) <= {"/", "/sources", "/styleguide"}, "no page stands at the others"
    for path in ("/", "/sources", "/styleguide"):
        assert client.get(path).status_code == (200 if path in shown else 403)


def test_rooms_do_not_clash():
    for what in ("key", "path", "letter", "name"):
        assert len({getattr(room, what) for room in ROOMS}) == len(ROOMS)


# errors


def test_an_address_of_nobody_is_a_page_for_people_and_a_problem_for_programs(somebody):
    client = somebody()
    page = client.get("/nowhere")
    assert page.status_code == 404
    assert "There is nothing here" in page.text
    assert client.get("/nowhere", headers={"accept": "application/json"}).json()["code"] == "not_found"


def test_a_defect_is_told_without_its_insides(somebody):
    client = somebody()
    page = client.get("/trial/defect")
    assert page.status_code == 500
    assert page.headers["x-request-id"] in page.text
    assert "on purpose" not in page.text
    part = client.get("/trial/defect", headers={"HX-Request-Type": "partial", "HX-Target": "div#rows"})
    assert part.status_code == 500
    assert "<html" not in part.text
    assert 'class="empty"' in part.text


def test_a_closed_room_says_so(somebody):
    page = somebody("marketer").get("/sources")
    assert page.status_code == 403
    assert "This room is not open to you" in page.text
    assert 'class="rail"' in page.text, "one can go elsewhere"


# the palette


def test_the_palette_finds_rooms_and_what_pages_add(somebody):
    client = somebody()
    empty = client.get("/palette").text
    assert 'href="/styleguide"' in empty
    assert "Inès" not in empty
    found = client.get("/palette", params={"q": "inès"}).text
    assert "Inès Morel" in found
    assert 'href="/styleguide"><span' in found or "palette-found" in found
    assert "&lt;b&gt;" in client.get("/palette", params={"q": "<b>"}).text


def test_the_palette_speaks_the_language(somebody):
    found = somebody().get("/palette", params={"q": "charte", "lang": "fr"}).text
    assert "Charte" in found
    assert LANGUAGES["fr"].gettext("Go to") in found
