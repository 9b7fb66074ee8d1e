"""Over HTTP: look up, explain, merge, preview, undo, retract; typed answers to what cannot be."""

from datetime import timedelta

import pytest

from comptoir import identity
from comptoir.identity import Observation
from identity.worlds import START

pytestmark = pytest.mark.anyio


@pytest.fixture
async def two(db, api):
    """Jo with her e-mail and laptop; May with hers."""
    async with db.transaction() as tx:
        await identity.resolve(
            tx,
            [
                Observation(((1, "jo"), (3, "jo@example.com")), START, 1),
                Observation(((1, "jo"), (6, "laptop")), START + timedelta(minutes=1), 1),
                Observation(((1, "may"), (3, "may@example.com"), (4, "+33612345678")), START, 2, batch_id="import 1"),
            ],
        )
    jo = await api.get("/v1/identity/lookup", params={"namespace": "email", "value": " JO@example.com"})
    may = await api.get(
        "/v1/identity/lookup", params={"namespace": "phone", "value": "06 12 34 56 78", "country": "FR"}
    )
    return jo.json()["key"], may.json()["key"]


@pytest.mark.parametrize(
    ("namespace", "value"),
    [
        ("phone", "06 12 34 56 78"),
        ("phone", "+33 (0)6.12.34.56.78"),
        ("email", "May@Example.COM "),
        ("user_id", " may"),
    ],
)
async def test_an_identifier_is_found_however_it_is_written(api, two, namespace, value):
    answer = await api.get("/v1/identity/lookup", params={"namespace": namespace, "value": value})
    assert answer.json()["key"] == two[1]


async def test_a_national_number_is_read_as_that_country_dials_it(api, two):
    ask = {"namespace": "phone", "value": "06 12 34 56 78", "country": "IT"}
    assert (await api.get("/v1/identity/lookup", params=ask)).status_code == 404


async def test_merge_preview_and_undo(api, two):
    jo, may = two
    merge = {"people": [jo, may], "reason": "same card at the till", "reference": "case 7"}
    shown = (await api.post("/v1/identity/previews", json={"merge": merge})).json()
    assert len(shown["people"]) == 1
    assert (await api.get(f"/v1/identity/people/{may}")).json()["key"] == may

    done = await api.post("/v1/identity/merges", json=merge)
    assert done.status_code == 201
    assert (await api.post("/v1/identity/merges", json=merge)).json() == done.json()
    assert (await api.get(f"/v1/identity/people/{may}")).json()["key"] == jo

    undone = await api.post("/v1/identity/undos", json={"operation": done.json()["operation"]})
    assert undone.status_code == 201
    assert (await api.get(f"/v1/identity/people/{may}")).json()["key"] == may
    again = await api.post("/v1/identity/undos", json={"operation": done.json()["operation"]})
    assert (again.status_code, again.json()["code"]) == (409, "identity.not_undoable")
    kinds = [o["kind"] for o in (await api.get("/v1/identity/journal", params={"person": jo})).json()["items"]]
    assert kinds[:2] == ["undo", "merge"]


async def test_explanations(api, two):
    ask = {"namespace": "email", "value": "jo@example.com", "other_namespace": "device_id", "other_value": "laptop"}
    found = (await api.get("/v1/identity/explanations", params=ask)).json()
    assert found["same_person"]
    assert [edge["confidence"] for edge in found["path"]] == [0.97, 0.9]
    assert found["weakest"]["confidence"] == 0.9
    assert found["path"][0]["evidence"][0]["source_id"] == 1
    graph = (await api.get(f"/v1/identity/people/{two[0]}/graph")).json()
    assert {edge["state"] for edge in graph["edges"]} == {"joins"}


async def test_split_and_retraction(api, two):
    _, may = two
    person = (await api.get(f"/v1/identity/people/{may}")).json()
    phone = next(n["node_id"] for n in person["nodes"] if n["namespace"] == "phone")
    split = await api.post("/v1/identity/splits", json={"person": may, "nodes": [phone]})
    assert split.status_code == 201
    assert len((await api.get(f"/v1/identity/people/{may}")).json()["nodes"]) == 2
    retracted = await api.post("/v1/identity/retractions", json={"batch_id": "import 1"})
    assert retracted.status_code == 201
    assert len((await api.get(f"/v1/identity/people/{may}")).json()["nodes"]) == 1


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("splits", {"edges": [[1, 999999]]}, "identity.not_connected"),
        ("splits", {}, "identity.not_connected"),
        ("undos", {"operation": 999999}, "identity.unknown_operation"),
        ("retractions", {}, "identity.nothing_to_retract"),
        ("previews", {}, "identity.not_connected"),
        ("blocked-values", {"pattern": "(", "kind": "regex"}, "identity.bad_pattern"),
        ("blocked-values", {"pattern": "x", "namespace": "shoe"}, "identity.unknown_namespace"),
        ("namespaces", {"name": "email", "class": 2, "max_per_person": 1}, "identity.namespace_exists"),
        ("merges", {"people": ["00000000-0000-0000-0000-00000000000" + n for n in "12"]}, "identity.unknown_person"),
    ],
)
async def test_refusals_have_names(api, path, body, code):
    answer = await api.post(f"/v1/identity/{path}", json=body)
    assert answer.json().get("code") == code, answer.text
    assert answer.status_code < 500


async def test_nobody_and_nonsense(api):
    for value, status in (("nobody@example.com", 404), ("a\0b", 400), ("", 400), ("test@example.com", 400)):
        answer = await api.get("/v1/identity/lookup", params={"namespace": "email", "value": value})
        assert answer.status_code == status, answer.text


async def test_a_changed_limit_takes_hold_at_once(db, api, two):
    async with db.transaction() as tx:
        await identity.resolve(tx, [Observation(((1, "third"), (6, "laptop")), START + timedelta(days=1), 1)])
    ask = {"namespace": "device_id", "value": "laptop"}
    assert len((await api.get("/v1/identity/lookup", params=ask)).json()["nodes"]) == 1
    change = {"name": "device_id", "class": 3, "max_per_person": 50, "max_claimants": 2}
    assert (await api.put("/v1/identity/namespaces", json=change)).status_code == 200
    assert len((await api.get("/v1/identity/lookup", params=ask)).json()["nodes"]) == 3
    async with db.transaction() as tx:
        assert await identity.reconcile(tx) == []


async def test_a_new_namespace_and_a_blocked_value(api):
    entry = {"name": "erp_number", "class": 1, "max_per_person": 1}
    assert (await api.post("/v1/identity/namespaces", json=entry)).status_code == 201
    names = [n["name"] for n in (await api.get("/v1/identity/namespaces")).json()]
    assert "erp_number" in names
    blocked = await api.post("/v1/identity/blocked-values", json={"pattern": "4711", "namespace": "erp_number"})
    assert blocked.status_code == 201
    answer = await api.get("/v1/identity/lookup", params={"namespace": "erp_number", "value": "4711"})
    assert answer.json()["data"]["reason"] == "blocked"
    gone = await api.delete(f"/v1/identity/blocked-values/{blocked.json()['blocked_value_id']}")
    assert gone.status_code == 204
