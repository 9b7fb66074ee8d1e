"""`/v1/ingest`: what the console and the analyst ask."""

import json

import pytest

from ingest.client import basic, viewed

pytestmark = pytest.mark.anyio


async def test_a_letters_way_from_the_sdk_to_the_analyst_and_back(api, app, db, source):
    async def send(*events):
        answer = await api.post("/v1/batch", json={"batch": events}, headers={"authorization": basic(source.write_key)})
        assert answer.json() == {"success": True}

    schema = {"type": "object", "required": ["colour"]}
    plan = {"mode": "enforce", "events": {"Product Viewed": schema}}
    made = await api.post(f"/v1/ingest/plans/{source.source_id}", json=plan)
    assert (made.status_code, made.json()["version"], made.json()["made_by"]) == (201, 1, "tests")
    bad = await api.post(f"/v1/ingest/plans/{source.source_id}", json={"events": {"x": {"type": "colour"}}})
    assert (bad.status_code, bad.json()["code"]) == (422, "ingest.bad_schema")
    assert (await api.post("/v1/ingest/plans/9999", json=plan)).status_code == 404
    await app.intake.refresh_plans()

    await send(viewed(), viewed(properties={"colour": "red"}), viewed(event=None))
    letters = (await api.get("/v1/ingest/dead-letters", params={"reason": "plan_violation"})).json()["items"]
    assert [one["event_name"] for one in letters] == ["Product Viewed"]
    one = (await api.get(f"/v1/ingest/dead-letters/{letters[0]['dead_letter_id']}")).json()
    body = json.loads(one["body"])
    body["properties"]["colour"] = "blue"
    ids = {"dead_letter_ids": [one["dead_letter_id"]]}
    still = await api.post("/v1/ingest/dead-letters/replays", json={**ids, "mended": "{}"})
    assert (still.status_code, still.json()["code"]) == (422, "ingest.still_bad")
    again = await api.post("/v1/ingest/dead-letters/replays", json={**ids, "mended": json.dumps(body)})
    assert [done["outcome"] for done in again.json()] == ["accepted"]
    settled = await api.post("/v1/ingest/dead-letters/replays", json=ids)
    assert (settled.status_code, settled.json()["code"]) == (409, "ingest.dead_letter_settled")
    unknown = await api.post("/v1/ingest/dead-letters/replays", json={"dead_letter_ids": [10**12]})
    assert unknown.status_code == 404

    (rest,) = (await api.get("/v1/ingest/dead-letters")).json()["items"]
    thrown = await api.post("/v1/ingest/dead-letters/discards", json={"dead_letter_ids": [rest["dead_letter_id"]]})
    assert thrown.json() == {"discarded": 1}

    seen = (await api.get("/v1/ingest/tail")).json()
    assert sorted(one["outcome"] for one in seen) == ["accepted", "accepted", "rejected", "rejected"]
    day = seen[0]["recorded_at"][:10]
    counted = (await api.get("/v1/ingest/quality", params={"since": day, "source_id": source.source_id})).json()
    assert {(one["outcome"], one["events"]) for one in counted} == {("accepted", 2), ("rejected", 1)}
    assert (await api.get("/v1/ingest/quality")).status_code == 400
    assert (await api.get("/v1/ingest/tail", params={"after": "2026-11-21T10:00:00"})).status_code == 400
    assert [one["version"] for one in (await api.get("/v1/ingest/plans")).json()] == [1]
    newest = await api.get(f"/v1/ingest/plans/{source.source_id}", params={"version": 7})
    assert (newest.status_code, newest.json()["code"]) == (404, "ingest.unknown_plan")


async def test_nobody_reads_events_without_a_key(api):
    for path in ("dead-letters", "plans", "quality?since=2026-11-21", "tail", "tail/stream"):
        answer = await api.get(f"/v1/ingest/{path}", headers={"authorization": ""})
        assert answer.status_code == 401, path
