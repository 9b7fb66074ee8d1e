"""An article put right and kept back at a place, as a browser asks for it: what it would do, what it did, once."""

import re

import pytest

from comptoir.kernel.auth import ROLES
from comptoir.kernel.auth.permissions import GRANTS, opens
from console.test_goods import text

SKU = "K-204-L"
CHANNELS = ("web", "app", "market", "phone", "shop")


@pytest.fixture
def admin(yard):
    with yard.visitor("merchandiser") as client:
        yield client


@pytest.fixture
def path(admin):
    """Of the jumper in the warehouse."""
    found = re.search(r'href="(/products/\d+)"', admin.get("/products", params={"q": "Jumper Alba"}).text)
    variant = re.search(r'href="\?variant=(\d+)[^"]*"|variant=(\d+)[^>]*><span>L<', admin.get(found[1]).text)
    number = variant[1] or variant[2]
    return f"{found[1]}/keeping?variant={number}&at=SQF"


def look(path):
    return path.replace("/keeping", "/keeping/look")


def form(page: str, **typed) -> dict[str, str]:
    """What a browser sends of the form that stands on the page."""
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page))
    return {"reason": "", "state": "sellable", **fields, **typed}


def kept(admin, sku):
    return admin.get("/v1/inventory/kept", params={"sku": sku}).json()


def effect(page: str) -> list[list[str]]:
    """The figures of the table of what may be promised: channel by channel, then what is to be sold."""
    table = re.search(r'<table class="table [^"]*effect.*?</table>', page, re.DOTALL)
    rows = re.findall(r"<tr>(.*?)</tr>", table[0], re.DOTALL)[1:]
    return [[text(one) for one in re.findall(r'<td class="num">(.*?)</td>', row, re.DOTALL)] for row in rows]


def ends(cell: str, place: int) -> int:
    """Of "22 19": before and after; of "22" both are the same."""
    return int(cell.split()[place])


@pytest.mark.parametrize("role", ROLES)
def test_who_may_put_right(yard, path, role):
    scopes = GRANTS[role]
    may = opens(scopes, "inventory:write") and opens(scopes, "catalog:read")
    with yard.visitor(role) as client:
        assert client.get(path).status_code == (200 if may else 403)
        assert client.post(look(path), data={}).status_code == (200 if may else 403)
        assert client.post(path, data={}).status_code == (422 if may else 403)
        if opens(scopes, "inventory:read"):
            assert ("/keeping?" in client.get(path.partition("/keeping")[0]).text) == may


def test_what_it_would_do_is_what_it_does_and_nothing_is_done_by_looking(admin, path):
    page = admin.get(path).text
    before = effect(page)
    filled = form(page, quantity="3", reason="theft", **{"fence-shop": "4", "threshold-market": "2", "safety": "1"})
    shown = admin.post(look(path), data=filled).text
    part = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#keeping"}
    assert "<html" not in (alone := admin.post(look(path), data=filled, headers=part).text)
    assert effect(alone) == effect(shown)
    assert effect(admin.get(path).text) == before, "looking changes nothing"
    assert kept(admin, SKU)["thresholds"] == {}

    assert admin.post(path, data=filled).headers["location"].startswith(path.partition("/keeping")[0] + "?variant=")
    after = effect(admin.get(path).text)
    for was, then, now in zip(before, effect(shown), after, strict=True):
        for a, b, c in zip(was, then, now, strict=True):
            assert (ends(a, 0), ends(b, -1)) == (ends(b, 0), ends(c, 0)) if a else not c
    assert ends(after[-1][0], 0) == ends(before[-1][0], 0) - 3
    assert ends(after[0][0], 0) == ends(before[0][0], 0) - 3 - 4 + 1, "three stolen, four for the shop, safety 2 to 1"
    assert ends(after[-2][0], 0) == ends(before[-2][0], 0) - 3 + 1, "the shop has its own four"
    assert ends(after[2][1], 0) == ends(after[0][1], 0) - 2, "the marketplace keeps two off"
    place = next(one for one in kept(admin, SKU)["places"] if one["location"] == "SQF")
    assert (place["safety"], place["fences"]) == (1, {"shop": 4})

    assert admin.post(path, data=filled).status_code == 303, "the same form again"
    assert effect(admin.get(path).text) == after, "and nothing more is stolen"
    assert "stolen" in text(admin.get(path.replace("/keeping", "")).text), "the reason in words"


def test_only_what_was_changed_is_written(admin, path):
    """Who looks at an old page does not put back what others have said since."""
    old = admin.get(path).text
    assert admin.post(path, data=form(old, **{"fence-web": "2"})).status_code == 303
    assert admin.post(path, data=form(old, **{"fence-app": "1"})).status_code == 303
    place = next(one for one in kept(admin, SKU)["places"] if one["location"] == "SQF")
    assert (place["fences"]["web"], place["fences"]["app"]) == (2, 1)
    empty = form(admin.get(path).text, **{f"fence-{channel}": "" for channel in CHANNELS}, safety="")
    assert admin.post(path, data=empty).status_code == 303
    place = next(one for one in kept(admin, SKU)["places"] if one["location"] == "SQF")
    assert (place["safety"], place["fences"]) == (None, {})


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ({}, 422, "Nothing would change"),
        ({"quantity": "two", "reason": "theft"}, 422, "A whole number of pieces."),
        ({"quantity": "2"}, 422, "Say what happened to them."),
        ({"fence-web": "-1"}, 422, "A whole number of pieces."),
        ({"quantity": "900000", "reason": "sample"}, 409, "So many units in that state do not lie there."),
    ],
)
def test_a_form_with_a_fault_comes_back_as_it_was_typed(admin, path, typed, status, said):
    filled = form(admin.get(path).text, **{"threshold-phone": "0", **typed})
    before = effect(admin.get(path).text)
    answer = admin.post(path, data=filled)
    assert answer.status_code == status
    assert said in answer.text
    for value in typed.values():
        assert f'value="{value}"' in answer.text
    assert effect(admin.get(path).text) == before


def test_bad_questions(admin, path):
    bare = path.partition("?")[0]
    assert admin.get(f"{bare}?at=nowhere").status_code == 400
    assert admin.get(f"{bare}?variant=1").status_code == 404
    assert admin.get("/products/99999999999/keeping").status_code == 404
    assert admin.get(bare).status_code == 200, "a place is chosen"
