"""The simulator as a browser asks for it: mistakes with their line, nothing kept by a trial, put into force by who may."""

import json
import re

import pytest

from comptoir.kernel.auth import ROLES
from comptoir.kernel.auth.permissions import GRANTS, opens

RULE = {"attribute": "location.km", "op": ">", "value": 300}
POLICY = {
    "name": "Near first",
    "costs": {"km_minor": 20},
    "rules": [{"kind": "exclude", "name": "too far", "when": RULE}],
}

DEPOT = "Saint-Quentin-Fallavier"


@pytest.fixture
def admin(yard):
    with yard.visitor("admin") as client:
        yield client


@pytest.mark.parametrize("role", ROLES)
def test_who_may_try_and_who_may_put_into_force(yard, role):
    may_read, may_force = opens(GRANTS[role], "orders:read"), opens(GRANTS[role], "orders:admin")
    with yard.visitor(role) as client:
        assert client.get("/sourcing").status_code == (200 if may_read else 403)
        form = {"text": json.dumps(POLICY), "last": "10"}
        assert client.post("/sourcing/trial", data=form).status_code == (200 if may_read else 403)
        assert client.post("/sourcing", data={"text": "{}"}).status_code == (422 if may_force else 403)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{\n "name": "x",,\n}', "Line 2"),
        ('{\n "name": "x",\n "costs": {\n  "km_minor": -4\n }\n}', "Line 4, column 3: A policy cannot say this."),
        (json.dumps(POLICY, indent=1).replace("location.km", "location.mood"), "This rule cannot be read."),
    ],
)
def test_a_mistake_is_shown_in_its_line(admin, text, said):
    answer = admin.post("/sourcing/trial", data={"text": text, "last": "10"})
    assert answer.status_code == 422
    assert said in answer.text


def test_what_was_tried_is_put_into_force_and_the_old_version_can_be_read(admin):
    text = json.dumps(POLICY)
    before = admin.get("/v1/orders/sourcing/policy").json()["policy"]["version"]
    tried = admin.post("/sourcing", data={"text": text, "last": "10"})
    assert tried.status_code in {200, 201}, "without the word of a trial it is a trial"
    assert admin.get("/v1/orders/sourcing/policy").json()["policy"]["version"] == before
    word = tried.text.split('name="confirm" value="')[1].split('"')[0]
    other = admin.post("/sourcing", data={"text": text.replace("Near", "Far"), "last": "10", "confirm": word})
    assert other.status_code in {200, 201}, "another text than was tried"
    assert admin.post("/sourcing", data={"text": text, "last": "10", "confirm": word}).status_code == 303
    shown = admin.get("/sourcing").text
    assert "Near first" in shown
    assert "too far" in shown
    assert "Fewest parcels" in admin.get("/sourcing?version=0").text
    assert admin.get("/sourcing?version=99").status_code == 404
    assert admin.get("/sourcing?version=x").status_code == 400


def test_a_trial_tells_what_would_become_of_the_orders_there_are_and_changes_none(town):
    """The town's orders lie in the warehouse; a policy that excludes it sends them from shops, or refuses them."""
    nowhere_else = {"attribute": "location.code", "op": "=", "value": "SQF"}
    policy = POLICY | {"rules": [{"kind": "exclude", "name": "not from there", "when": nowhere_else}]}
    with town.visitor("admin") as client:
        before = client.get("/orders", params={"at": "SQF"}).text.count('<tr><th scope="row">')
        same = client.post("/sourcing/trial", data={"text": json.dumps({"name": "As ever"}), "last": "50"}).text
        assert "No order to try it on" not in same
        (tried,) = re.findall(r"Of (\d+) orders", same)
        assert int(tried) >= 10, "those that are collected have no choice"
        assert "Orders that would change" not in same
        other = client.post("/sourcing/trial", data={"text": json.dumps(policy), "last": "50"})
        assert other.status_code == 200
        changed = re.findall(r'<a href="/orders/[0-9a-f-]{36}">\d+</a></th><td>(.*?)</td><td>(.*?)</td>', other.text)
        assert changed
        for now, then in changed:
            assert DEPOT not in then
            assert DEPOT in now or "refused" in now
        by_place = dict(
            re.findall(
                r'<th scope="row">([^<]+)</th><td class="num muted">\d+</td><td class="num strong">(\d+)<',
                other.text,
            )
        )
        assert by_place[DEPOT] == "0"
        assert client.post("/sourcing/trial", data={"text": json.dumps(policy), "last": "1"}).status_code == 200
        assert client.get("/orders", params={"at": "SQF"}).text.count('<tr><th scope="row">') == before
