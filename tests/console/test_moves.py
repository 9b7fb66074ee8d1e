"""Transfers and deliveries as a browser asks for them: who may act, what differs, what is refused and why."""

import re
from uuid import uuid4

import pytest

from comptoir.kernel.auth import ROLES
from comptoir.kernel.auth.permissions import GRANTS, opens

SOURCE, TARGET = "SQF", "LYB"


@pytest.fixture
def admin(yard):
    with yard.visitor("admin") as client:
        yield client


def ask(client, **data):
    made = str(uuid4())
    form = {"transfer_id": made, "kind": "transfer", "source": SOURCE, "target": TARGET, "lines": "K-204-M 3\nC-101-38"}
    return made, client.post("/transfers", data=form | data)


def lines_of(client, transfer):
    return {one["sku"]: one for one in client.get(f"/v1/inventory/transfers/{transfer}").json()["lines"]}


@pytest.mark.parametrize("role", ROLES)
def test_who_may_look_and_who_may_act(yard, admin, role):
    made, _ = ask(admin)
    may_read, may_write = (opens(GRANTS[role], f"inventory:{level}") for level in ("read", "write"))
    with yard.visitor(role) as client:
        for path in ("/transfers", f"/transfers/{made}"):
            assert client.get(path).status_code == (200 if may_read else 403)
        assert client.get("/transfers/new").status_code == (200 if may_write else 403)
        assert client.post(f"/transfers/{made}/cancellation").status_code == (303 if may_write else 403)


def test_asked_sent_and_received_with_differences(admin):
    made, answer = ask(admin)
    assert answer.headers["location"] == f"/transfers/{made}"
    assert ask(admin, transfer_id=made)[1].status_code == 303, "asked for twice is asked for once"
    lines = lines_of(admin, made)
    jumper, coat = lines["K-204-M"]["variant_id"], lines["C-101-38"]["variant_id"]
    path = f"/transfers/{made}"
    admin.post(f"{path}/shipment", data={f"send-{jumper}": "3", f"send-{coat}": "1", "is_fact": "on"})
    received = {"reference": "box 1", f"sellable-{jumper}": "1", f"damaged-{jumper}": "1", f"sellable-{coat}": "2"}
    assert admin.post(f"{path}/receipts", data=received).status_code == 303
    assert admin.post(f"{path}/receipts", data=received).status_code == 303, "the same parcel again"
    lines = lines_of(admin, made)
    assert (lines["K-204-M"]["received"], lines["K-204-M"]["set_aside"], lines["K-204-M"]["under_way"]) == (2, 1, 1)
    shown = admin.get(path).text
    assert "1 more than were sent" in shown
    assert "1 not fit for sale" in shown
    gone = admin.post(f"{path}/receipts", data={"reference": "end", "complete": "on", "reason": "lost"})
    assert gone.status_code == 303
    assert "1 never came and are given up" in admin.get(path).text


def test_what_nobody_announced_is_taken_as_such(admin):
    made, _ = ask(admin, kind="delivery", source="", supplier="Filature", lines="A-433 5")
    form = {"reference": "p1", "unexpected": "A-471 2"}
    assert admin.post(f"/transfers/{made}/receipts", data=form).status_code == 303
    assert lines_of(admin, made)["A-471"]["received"] == 2
    assert admin.post(f"/transfers/{made}/cancellation").status_code == 409, "something has come"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lines": ""}, "Name at least one article."),
        ({"lines": "K-204-M 3\nNO-SUCH 2"}, "Line 2: the catalogue has no article NO-SUCH."),
        ({"lines": "K-204-M three"}, "Line 1: an article and"),
        ({"target": "SQF"}, "from one location of ours"),
        ({"source": "nowhere"}, "Say from where and to where."),
        ({"kind": "delivery", "supplier": " "}, "Say whose goods they are."),
    ],
)
def test_a_form_with_a_fault_comes_back_as_it_was_typed(admin, change, said):
    _, answer = ask(admin, note="for the window", **change)
    assert answer.status_code == 422
    assert said in answer.text
    assert "for the window" in answer.text


def test_a_refusal_keeps_what_was_typed(admin):
    made, _ = ask(admin, lines="K-204-M 900000")
    (line,) = lines_of(admin, made).values()
    refused = admin.post(f"/transfers/{made}/shipment", data={f"send-{line['variant_id']}": "890000"})
    assert refused.status_code == 409
    assert "890000" in refused.text
    assert admin.post(f"/transfers/{made}/shipment", data={f"send-{line['variant_id']}": "-1"}).status_code == 400


def test_the_list_is_filtered_and_paged(admin):
    for _ in range(30):
        ask(admin, kind="delivery", source="", supplier="Paged", target="LIL", lines="A-433")
    first = admin.get("/transfers", params={"at": "LIL", "kind": "delivery"}).text
    assert first.count("way-link") == 25
    older = re.search(r'href="(/transfers\?[^"]*after=[^"]*)"', first)[1].replace("&amp;", "&")
    assert admin.get(older).text.count("way-link") == 5
    assert "No transfer or delivery fits all filters." in admin.get("/transfers?at=QLT&standing=ended").text
    assert admin.get("/transfers?at=nowhere").status_code == 404
    assert admin.get("/transfers?after=rubbish").status_code == 400


def test_what_should_have_come_is_late(admin):
    made, _ = ask(admin, kind="delivery", source="", supplier="Slow", lines="A-433", expected_on="2020-01-05")
    assert made in admin.get("/transfers?standing=late").text
    assert "It should have been here by now" in admin.get(f"/transfers/{made}").text


def test_who_works_in_a_shop_sees_her_own_first(yard, admin):
    made, _ = ask(admin)
    with yard.visitor_of("LIL") as associate:
        assert made not in associate.get("/transfers").text
        assert made in associate.get("/transfers?at=all").text
        assert 'value="LIL" selected' in associate.get("/transfers/new").text
        assert 'value="LIL" selected' in associate.get("/counts/new").text
        assert associate.get("/counts?at=all").status_code == associate.get("/counts").status_code == 200
        asked = associate.get("/availability?sku=K-204-M").text
        assert 'value="LIL" selected' in asked
        assert " km" in asked
        assert 'value="LIL" selected' not in associate.get("/availability?sku=K-204-M&near=any").text
