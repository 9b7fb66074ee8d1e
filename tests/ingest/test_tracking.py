"""The routes, authentication, encodings, limits and answers that the official SDKs rely on."""

import asyncio
import base64
import gzip
import json

import psycopg
import pytest

from comptoir import channels, ingest
from comptoir.kernel.settings import Settings
from ingest.client import Client, basic, viewed

pytestmark = pytest.mark.anyio


async def kinds(db):
    async with db.reading() as tx:
        return sorted(await tx.values("SELECT kind FROM kernel.event"))


async def bodies(db):
    async with db.reading() as tx:
        return [json.loads(body) for body in await tx.values("SELECT body FROM kernel.event ORDER BY position")]


async def test_a_batch_is_durable_when_answered(client, db):
    answer = await client.batch(viewed(), viewed(), sentAt="2026-11-21T10:00:01Z")
    assert (answer.status, answer.json) == (200, {"success": True})
    assert await kinds(db) == ["ingest.track"] * 2


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch", "/v1/batch/b", "/v1/batch/"])
async def test_every_batch_route(client, db, path):
    assert (await client.send(path, {"batch": [viewed()]})).status == 200
    assert await kinds(db) == ["ingest.track"]


@pytest.mark.parametrize("call", ["track", "identify", "page", "screen", "group", "alias", "merge"])
async def test_every_single_route_long_and_short(client, db, call):
    event = viewed(groupId="g", previousId="p")
    del event["type"]
    assert (await client.send(f"/v1/{call}", event)).status == 200
    if call != "merge":
        assert (await client.send(f"/v1/{call[0]}", {**event, "messageId": "m2"})).status == 200
    assert set(await kinds(db)) == {f"ingest.{call}"}
    assert all("type" not in body for body in await bodies(db))


async def test_the_write_key_may_stand_in_basic_body_query_or_beside_a_bearer_token(client, db):
    key = client.source.write_key
    bare = "Basic " + base64.b64encode(key.encode()).decode()
    assert (await client.send("/v1/t", viewed(), headers={"authorization": bare})).status == 200
    assert (await client.send("/v1/t", viewed(writeKey=key), auth=False)).status == 200
    assert (await client.send("/v1/batch", {"batch": [viewed()], "writeKey": key}, auth=False)).status == 200
    bearer = {"authorization": "Bearer some.oauth.token"}
    assert (await client.send("/v1/t", viewed(writeKey=key), headers=bearer)).status == 200
    assert (await client.send("/v1/t", viewed(), auth=False, query=f"writeKey={key}")).status == 200
    assert len(await kinds(db)) == 5
    assert all("writeKey" not in body for body in await bodies(db))


async def test_an_unknown_key_is_refused_and_never_logged(client, capsys):
    for headers in ({"authorization": basic("wk_secret")}, {"authorization": "Basic ???"}, {}):
        answer = await client.send("/v1/t", viewed(writeKey="wk_secret"), headers=headers, auth=False)
        assert answer.status == 401
        assert answer.json.keys() == {"success", "code", "message"}
    said = "".join(capsys.readouterr())
    assert "unknown_write_key" in said
    assert "wk_secret" not in said


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
async def test_json_is_read_whatever_it_is_called(client, db, kind):
    body = gzip.compress(json.dumps({"batch": [viewed()]}).encode())
    answer = await client.send("/v1/batch", body, headers={"content-type": kind, "content-encoding": "gzip"})
    assert answer.status == 200
    assert await kinds(db) == ["ingest.track"]


async def test_a_chunked_body_is_put_together(client, db):
    whole = json.dumps({"batch": [viewed()]}).encode()
    assert (await client.send("/v1/batch", parts=[whole[:10], whole[10:40], whole[40:], b""])).status == 200
    assert await kinds(db) == ["ingest.track"]


async def test_a_small_body_cannot_expand_beyond_the_limit(client):
    bomb = gzip.compress(b" " * 50_000_000)
    answer = await client.send("/v1/batch", bomb, headers={"content-encoding": "gzip"})
    assert (answer.status, answer.json["code"]) == (413, "too_large")
    cut = gzip.compress(b'{"batch":[]}')[:-6]
    assert (await client.send("/v1/batch", cut, headers={"content-encoding": "gzip"})).status == 400
    assert (await client.send("/v1/batch", b"no gzip", headers={"content-encoding": "gzip"})).status == 400
    assert (await client.send("/v1/batch", b"{}", headers={"content-encoding": "br"})).status == 400


async def test_ten_megabytes_are_refused_declared_or_not(client):
    assert (await client.send("/v1/batch", b"x", headers={"content-length": "10000000"})).status == 413
    assert (await client.send("/v1/batch", parts=[b"x" * 700_000, b"x" * 700_000])).status == 413


@pytest.mark.parametrize("body", [b"", b"{", b"nope", b"[]", b'{"batch":5}', b'{"batch":[{}', b"\xff\xfe", b"null"])
async def test_what_is_no_json_batch_is_refused_with_code_and_message(client, body):
    answer = await client.send("/v1/batch", body)
    assert (answer.status, answer.json["success"], answer.json["code"]) == (400, False, "invalid")
    assert answer.json["message"]


async def test_an_empty_batch_is_well(client):
    assert (await client.batch()).status == 200


async def test_a_browser_may_send_from_any_page(client, db):
    headers = {"origin": "https://shop.example", "content-type": "text/plain", "sec-gpc": "1"}
    preflight = await client.send("/v1/t", method="OPTIONS", headers=headers, auth=False)
    answer = await client.send("/v1/t", viewed(), headers=headers)
    for one in (preflight, answer):
        assert one.status == 200
        assert one.headers["access-control-allow-origin"] == "https://shop.example"
        assert one.headers["access-control-allow-credentials"] == "true"
        allowed = one.headers["access-control-allow-headers"]
        assert {"authorization", "content-type", "x-retry-count", "anonymousid"} <= set(allowed.split(", "))
    assert (await bodies(db))[0]["received"] == {"ip": "203.0.113.9", "gpc": True}


async def test_headers_that_an_sdk_asks_for_are_allowed_and_its_sent_at_is_used(client, db):
    asked = {"origin": "https://shop.example", "access-control-request-headers": "rsa-retry-attempt,sentat"}
    preflight = await client.send("/v1/track", method="OPTIONS", headers=asked, auth=False)
    assert "rsa-retry-attempt" in preflight.headers["access-control-allow-headers"]
    strange = await client.send("/v1/t", method="OPTIONS", headers=asked | {"access-control-request-headers": "a\nb"})
    assert "\n" not in strange.headers["access-control-allow-headers"]
    await client.send("/v1/track", viewed(timestamp="2026-11-21T10:00:00Z"), headers={"sentat": "2026-11-21T10:00:10Z"})
    assert (await bodies(db))[0]["sentAt"] == "2026-11-21T10:00:10Z"


async def test_the_address_of_a_server_is_not_kept(client, db):
    await client.batch(viewed())
    assert "received" not in (await bodies(db))[0]


async def test_a_pixel_is_an_event(client, db):
    query = f"writeKey={client.source.write_key}&event=Mail+Opened&userId=u1&properties.mail=42&context.page.title=a"
    answer = await client.send("/pixel/v1/track", method="GET", query=query, auth=False)
    assert (answer.status, answer.headers["content-type"], answer.body[:3]) == (200, "image/gif", b"GIF")
    (body,) = await bodies(db)
    assert (body["event"], body["properties"], body["context"]["page"]) == (
        "Mail Opened",
        {"mail": "42"},
        {"title": "a"},
    )


async def test_the_sdks_find_their_settings(client):
    key = client.source.write_key
    for path in (f"/v1/projects/{key}/settings", f"/v1/projects/projects/{key}/settings"):
        found = await client.send(path, method="GET", auth=False)
        assert found.json["integrations"]["Segment.io"]["apiHost"] == "shop.example/v1"
        assert found.json["integrations"]["Segment.io"]["apiKey"] == key
    assert (await client.send("/v1/projects/nobody/settings", method="GET", auth=False)).status == 404
    query = f"p=npm&v=2&build=modern&writeKey={key}&lockIntegrationsVersion=false"
    rudder = await client.send("/sourceConfig/", method="GET", query=query, auth=False)
    assert rudder.json["source"]["destinations"] == []
    assert (await client.send("/sourceConfig", method="GET", auth=False)).status == 401
    assert (await client.send("/health", method="GET", auth=False)).status == 200
    assert (await client.send("/v1/m", {"series": []}, auth=False)).status == 200
    assert (await client.send("/v1/track", method="GET")).status == 405


async def test_other_paths_are_for_the_application_behind(db, source, intake):
    async def behind(scope, receive, send):
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    client = Client(ingest.Tracking(intake, channels.Sources(db), Settings(), behind=behind), source)
    assert (await client.send("/v1/orders/sales")).status == 418


async def test_overload_is_told_with_a_whole_number_of_seconds(client, db, intake):
    intake._coalescer._max_waiting = 10
    answers = await asyncio.gather(*(client.batch(*(viewed() for _ in range(9))) for _ in range(30)))
    refused = [one for one in answers if one.status != 200]
    assert refused
    assert all(one.status == 429 and int(one.headers["retry-after"]) >= 1 for one in refused)
    assert len(await kinds(db)) == 9 * (30 - len(refused))


async def test_a_database_that_is_away_means_try_again(server_url, client, db):
    """Nobody may connect, and who was connected is thrown out."""
    assert (await client.batch(viewed())).status == 200
    event, name = viewed(), psycopg.conninfo.conninfo_to_dict(db.url)["dbname"]
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        try:
            server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            answers = [await client.batch(event) for _ in range(3)]
        finally:
            server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert all((one.status, int(one.headers["retry-after"]) > 0) == (503, True) for one in answers)
    await db.pool.check()
    assert (await client.batch(event)).status == 200
    assert len(await kinds(db)) == 2
