"""Counts as a browser asks for them: blind while counting goes on, judged by somebody else, refused with the reason."""

import re
from uuid import uuid4

import pytest

from comptoir.kernel.auth import ROLES
from comptoir.kernel.auth.permissions import GRANTS, opens


@pytest.fixture
def counter(yard):
    with yard.visitor("associate") as client:
        yield client


@pytest.fixture
def other(yard):
    with yard.visitor("merchandiser") as client:
        yield client


def sheet(client, lines="K-231-M\nH-601-38", location="LYP"):
    made = str(uuid4())
    answer = client.post("/counts", data={"count_id": made, "location": location, "lines": lines})
    assert answer.status_code == 303, answer.text
    return f"/counts/{made}"


def variants(client, path):
    return {one["sku"]: one["variant_id"] for one in client.get(f"/v1/inventory{path}").json()["lines"]}


def write(client, path, **found):
    ids = variants(client, path)
    for sku, many in found.items():
        data = {"variant": ids[sku.replace("_", "-")], "quantity": str(many)}
        assert client.post(f"{path}/lines", data=data).status_code == 303


@pytest.mark.parametrize("role", ROLES)
def test_who_may_look_and_who_may_count(yard, counter, role):
    path = sheet(counter)
    may_read, may_write = (opens(GRANTS[role], f"inventory:{level}") for level in ("read", "write"))
    with yard.visitor(role) as client:
        assert client.get("/counts").status_code == (200 if may_read else 403)
        assert client.get(path).status_code == (200 if may_read else 403)
        assert client.get("/counts/new").status_code == (200 if may_write else 403)
        assert client.post(f"{path}/cancellation").status_code == (303 if may_write else 403)


def test_the_sheet_is_blind_and_goes_on_by_itself(counter):
    path = sheet(counter)
    first = counter.get(path).text
    assert "Differs by" not in first
    assert "Book" not in first
    ids = variants(counter, path)
    part = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "section#sheet-now"}
    name = re.search(r'name="variant" value="(\d+)"', first)[1]
    after = counter.post(f"{path}/lines", data={"variant": name, "quantity": "2"}, headers=part)
    assert "<html" not in after.text
    assert re.search(r'name="variant" value="(\d+)"', after.text)[1] in {str(one) for one in ids.values()} - {name}
    wrong = counter.post(f"{path}/lines", data={"variant": name, "quantity": "some"})
    assert "0 is an answer too" in wrong.text
    assert "Write down" in counter.get(path, params={"find": "A-433"}).text, "beside the sheet"
    assert "no article NOPE" in counter.get(path, params={"find": "NOPE"}).text


def pulse(page):
    return re.search(r'<x-pulse data-for="counting" data-at="([^"]*)"', page)[1]


def test_others_see_what_is_counted_without_asking(counter, other):
    """The pulse beats with every line; the part that asks again is the list alone, and knows when the sheet is over."""
    path = sheet(counter)
    beats = [pulse(counter.get(path).text)]
    part = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#counting"}
    write(counter, path, K_231_M=7)
    beats.append(pulse(counter.get(path).text))
    listed = other.get(path, params={"blind": "yes"}, headers=part)
    assert "<form" not in listed.text
    assert ">7</span>" in listed.text
    write(counter, path, H_601_38=0)
    counter.post(f"{path}/submission", data={"leave_out": "on"})
    beats.append(pulse(other.get("/counts").text))
    assert len(set(beats)) == 3
    gone = other.get(path, params={"blind": "yes"}, headers=part)
    assert gone.headers["hx-redirect"] == path
    again = other.get("/counts?standing=ended", headers=part).text
    assert path in again
    assert "<html" not in again


def test_large_differences_wait_for_somebody_else(counter, other):
    path = sheet(counter)
    write(counter, path, K_231_M=60, H_601_38=0)
    assert counter.post(f"{path}/submission").status_code == 303
    mine, theirs = counter.get(path).text, other.get(path).text
    assert "waits for a second person" in mine
    assert "does not approve it" in mine
    assert "Why a second person is asked" in theirs
    assert "€" in theirs, "worth"
    assert counter.post(f"{path}/approval").status_code == 409
    assert other.post(f"{path}/rejection", data={"reason": " "}).status_code == 409
    assert other.post(f"{path}/approval").status_code == 303
    assert "in the book" in other.get(path).text
    assert path in other.get("/counts?standing=ended").text


def test_few_pieces_of_great_worth_wait_for_somebody_else(yard, counter, other):
    """The limit in money holds where the one in pieces does not, whoever counts and however it is told."""
    with yard.visitor("admin") as admin:
        house = admin.get("/v1/inventory/house").json()
        assert admin.put("/v1/inventory/house", json={**house, "review_value_minor": 20_000}).status_code == 200
        try:
            cheap, dear = sheet(counter, "A-471", "SQF"), sheet(counter, "C-101-40", "SQF")
            for path, sku in ((cheap, "A-471"), (dear, "C-101-40")):
                product = re.search(r'href="(/products/\d+)"', admin.get("/products", params={"q": sku}).text)[1]
                variant = variants(counter, path)[sku]
                kept = admin.get(f"{product}/keeping", params={"variant": variant, "at": "SQF"}).text
                book = int(re.search(r'To be sold</th><td class="num">(\d+)', kept)[1])
                write(counter, path, **{sku.replace("-", "_"): book - 1})
                assert counter.post(f"{path}/submission").status_code == 303
            base, key = "/v1/inventory/counts", str(uuid4())
            opened = {"count_id": key, "location": "SQF", "skus": ["C-101-40"]}
            lines = {"lines": [{"sku": "C-101-40", "quantity": book - 1}]}
            for at, asked in (("", opened), (f"/{key}/lines", lines), (f"/{key}/submission", {})):
                answer = admin.post(base + at, json=asked)
            assert answer.json()["stage"] == "review", answer.text
            assert admin.post(f"{base}/{key}/rejection", json={"reason": "again"}).status_code == 200
        finally:
            admin.put("/v1/inventory/house", json=house)
    assert "in the book" in other.get(cheap).text, "one beanie of €39"
    page = other.get(dear).text
    assert "waits for a second person" in page
    assert "−€349" in page.replace('<span class="cents">', ""), "one coat"


def test_what_moves_meanwhile_is_told_and_not_held_against_the_count(counter, other):
    path = sheet(counter, "R-702-38", "SQF")
    write(counter, path, R_702_38=1)
    moved = {"lines": [{"sku": "R-702-38", "quantity": 2, "location": "SQF", "reason": "theft"}]}
    answer = counter.post("/v1/inventory/adjustments", json=moved, headers={"Idempotency-Key": uuid4().hex})
    assert answer.status_code in {200, 201}, answer.text
    counter.post(f"{path}/submission")
    assert re.search(r">−2</td></tr>", other.get(path).text)
    assert other.post(f"{path}/rejection", data={"reason": "counted in the dark"}).status_code == 303
    assert "counted in the dark" in other.get(path).text


def test_what_is_not_counted_is_left_out_only_when_said(counter):
    path = sheet(counter)
    assert counter.post(f"{path}/submission").status_code == 409
    assert counter.post(f"{path}/submission", data={"leave_out": "on"}).status_code == 303
    assert "What was counted is what the book says." in counter.get(path).text


def test_bad_questions(counter):
    assert counter.post("/counts", data={"count_id": str(uuid4()), "location": "nowhere"}).status_code == 422
    assert counter.get(f"/counts/{uuid4()}").status_code == 404
    assert counter.get("/counts?after=rubbish").status_code == 400
    assert counter.post(f"{sheet(counter)}/invention").status_code in {400, 404}
