"""What every route promises: its transaction, its errors, its pages, its idempotency."""

import asyncio
import contextlib

import httpx
import psycopg
import pytest
from litestar import Litestar, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import JSONBody

from comptoir.kernel import http
from comptoir.kernel.auth import SYSTEM, ShownOnce, allow, audit, keys, public
from comptoir.kernel.auth.authenticator import Authenticator
from comptoir.kernel.auth.guards import default_deny
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import Conflict, Unprocessable
from comptoir.kernel.settings import Settings

pytestmark = pytest.mark.anyio

SCOPE = "channels:write"


class OutOfCups(Unprocessable):
    """There are no cups left."""

    code = "test.out_of_cups"


@post("/cups", guards=[allow(SCOPE)], responses=http.raises(OutOfCups))
async def add_cup(tx: NamedDependency[Tx], data: JSONBody[dict[str, int]]) -> dict[str, int]:
    await tx.run("INSERT INTO public.cup (size) VALUES (%(size)s)", size=data["size"])
    if data["size"] == 0:
        raise OutOfCups("Not one is left.", asked=1)
    return {"cups": await tx.value("SELECT count(*) FROM public.cup")}


class Locker(ShownOnce, frozen=True):
    """A cup's locker, with the only sight of its secret."""

    secret: str


@post("/lockers", guards=[public])
async def add_locker(tx: NamedDependency[Tx]) -> Locker:
    await tx.run("INSERT INTO public.cup (size) VALUES (1)")
    return Locker("hunter2")


@post("/locker-pages", guards=[public], media_type="text/html")
async def add_locker_page(tx: NamedDependency[Tx]) -> str:
    return (await add_locker.fn(tx)).secret


@get("/cups", guards=[public])
async def list_cups(tx: NamedDependency[Tx], cursor: http.Cursor = "", limit: http.Limit = 2) -> http.Page[int]:
    after = http.place_of(cursor, int)
    found = await tx.values(
        "SELECT size FROM public.cup WHERE size > %(after)s ORDER BY size LIMIT %(limit)s",
        after=after[0] if after else -1,
        limit=limit + 1,
    )
    return http.page(found, limit, lambda size: [size])


@post("/words", guards=[public])
async def keep_word(tx: NamedDependency[Tx], data: JSONBody[dict[str, str]]) -> str:
    return await tx.value("SELECT %(word)s::text", word=data["word"])


@get("/written", guards=[public])
async def write_in_a_read(tx: NamedDependency[Tx]) -> None:
    await tx.run("INSERT INTO public.cup (size) VALUES (1)")


@get("/broken", guards=[public])
async def break_it() -> None:
    raise RuntimeError("the insides: hunter2")


@get("/unguarded")
async def unguarded() -> str:
    return "secret"


@pytest.fixture
async def client(db):
    async with db.transaction() as tx:
        await tx.run("CREATE TABLE public.cup (size bigint UNIQUE)")
        made = await keys.add_key(tx, name="t", scopes=[SCOPE], actor=SYSTEM)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=application(db)),
        base_url="http://test",
        headers={"Authorization": f"Bearer {made.token}"},
    ) as client:
        yield client


def application(db: Database):
    return http.Edge(
        Litestar(
            [add_cup, add_locker, add_locker_page, list_cups, keep_word, write_in_a_read, break_it, unguarded],
            dependencies=http.DEPENDENCIES,
            guards=[default_deny],
            after_request=http.keep_answer,
            exception_handlers=http.EXCEPTION_HANDLERS,
            request_class=http.Incoming,
            request_max_body_size=10_000,
            logging_config=None,
            openapi_config=None,
            state=State({"db": db, "settings": Settings(), "authenticator": Authenticator(db)}, deep_copy=False),
        )
    )


async def cups(db) -> int:
    async with db.reading() as tx:
        return await tx.value("SELECT count(*) FROM public.cup")


async def test_an_answer_means_that_it_is_committed_and_a_refusal_that_nothing_is(client, db):
    assert (await client.post("/cups", json={"size": 3})).json() == {"cups": 1}
    assert await cups(db) == 1

    refused = await client.post("/cups", json={"size": 0})
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert (problem["code"], problem["detail"], problem["data"]) == (OutOfCups.code, "Not one is left.", {"asked": 1})
    assert problem["title"] == "There are no cups left."
    assert problem["request_id"] == refused.headers["x-request-id"]
    assert await cups(db) == 1


async def test_a_read_cannot_write(client, db):
    assert (await client.get("/written")).status_code == 500
    assert await cups(db) == 0


async def test_a_defect_is_told_without_its_insides(client):
    answer = await client.get("/broken")
    assert answer.status_code == 500
    assert answer.json()["code"] == "defect"
    assert "hunter2" not in answer.text and "RuntimeError" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/nowhere", None, 404, "not_found"),
        ("DELETE", "/cups", None, 405, "method_not_allowed"),
        ("POST", "/cups", b"{", 400, "invalid"),
        ("POST", "/cups", b'{"size": "x"}', 400, "invalid"),
        ("POST", "/cups", b"\xff\xfe", 400, "invalid"),
        ("POST", "/cups", b"", 400, "invalid"),
        ("POST", "/cups", b"[" * 5000, 400, "invalid"),
        ("POST", "/cups", b'{"size": 99999999999999999999999999}', 400, "invalid"),
        ("POST", "/cups", b" " * 20_000, 413, "too_large"),
        ("POST", "/words", rb'{"word": "a\u0000b"}', 400, "invalid"),
        ("POST", "/words", rb'{"word": "\ud800"}', 400, "invalid"),
        ("POST", "/words", b'{"word": "\xed\xa0\x80"}', 400, "invalid"),
        ("GET", "/cups?cursor=x%00y", None, 400, "invalid"),
        ("GET", "/cups?cursor=nonsense", None, 400, "invalid"),
        ("GET", "/cups?cursor=" + http.cursor_of("a"), None, 400, "invalid"),
        ("GET", "/cups?limit=0", None, 400, "invalid"),
        ("GET", "/cups?limit=99999999999999999999999", None, 400, "invalid"),
        ("GET", "/unguarded", None, 403, "forbidden"),
    ],
)
async def test_bad_input_gets_a_typed_answer(client, db, method, path, body, status, code):
    answer = await client.request(method, path, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert await cups(db) == 0
    if body == b"":
        assert "The body is empty: send JSON." in answer.json()["detail"]


async def test_an_escaped_backslash_before_u0000_is_no_nul(client):
    answer = await client.post("/words", content=rb'{"word": "C:\\u0000"}')
    assert answer.status_code == 201
    assert (await client.post("/words", content=rb'{"word": "C:\\\u0000"}')).status_code == 400


async def test_a_rule_of_the_database_is_a_conflict_and_no_defect(client):
    await client.post("/cups", json={"size": 3})
    answer = await client.post("/cups", json={"size": 3})
    assert (answer.status_code, answer.json()["code"]) == (409, Conflict.code)


async def test_pages_end_and_do_not_overlap(client):
    for size in (5, 1, 4, 2, 3):
        await client.post("/cups", json={"size": size})
    seen, cursor = [], ""
    while cursor is not None:
        page = (await client.get("/cups", params={"cursor": cursor})).json()
        seen += page["items"]
        cursor = page["next"]
    assert seen == [1, 2, 3, 4, 5]


async def test_the_same_key_does_the_work_once_and_gets_the_same_answer(client, db):
    headers = {"Idempotency-Key": "order-1"}
    first = await client.post("/cups", json={"size": 3}, headers=headers)
    again = await client.post("/cups", json={"size": 3}, headers=headers)

    assert (first.status_code, again.status_code, first.content) == (201, 201, again.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert await cups(db) == 1


@pytest.mark.parametrize("path", ["/lockers", "/locker-pages"])
async def test_a_secret_is_shown_once_and_never_kept_and_the_work_is_done_once(client, db, path):
    headers = {"Idempotency-Key": "locker-1"}
    first = await client.post(path, headers=headers)
    again = await client.post(path, headers=headers)
    assert (first.status_code, again.status_code) == (201, 409)
    assert "hunter2" in first.text and "hunter2" not in again.text
    assert again.json()["code"] == "idempotency_not_kept"
    assert await cups(db) == 1
    async with db.reading() as tx:
        assert b"hunter2".hex() not in await tx.value("SELECT string_agg(i::text, '') FROM kernel.idempotency AS i")


async def test_a_key_with_another_body_is_refused(client, db):
    headers = {"Idempotency-Key": "order-1"}
    await client.post("/cups", json={"size": 3}, headers=headers)
    other = await client.post("/cups", json={"size": 4}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await cups(db) == 1


async def test_a_refused_request_leaves_its_key_free(client, db):
    headers = {"Idempotency-Key": "order-1"}
    assert (await client.post("/cups", json={"size": 0}, headers=headers)).status_code == 422
    assert (await client.post("/cups", json={"size": 7}, headers=headers)).status_code == 201
    assert await cups(db) == 1


async def test_twenty_at_once_with_one_key_make_one_cup(client, db):
    answers = await asyncio.gather(
        *(client.post("/cups", json={"size": 3}, headers={"Idempotency-Key": "k"}) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {"idempotency_in_progress"}
    assert await cups(db) == 1


async def test_a_key_is_not_shared_between_actors(client, db):
    async with db.transaction() as tx:
        other = await keys.add_key(tx, name="other", scopes=[SCOPE], actor=SYSTEM)
    await client.post("/cups", json={"size": 3}, headers={"Idempotency-Key": "k"})
    theirs = {"Idempotency-Key": "k", "Authorization": f"Bearer {other.token}"}
    assert (await client.post("/cups", json={"size": 4}, headers=theirs)).json() == {"cups": 2}


async def test_a_bad_key_is_refused(client):
    answer = await client.post("/cups", json={"size": 3}, headers={"Idempotency-Key": "x" * 300})
    assert answer.status_code == 400


async def test_every_change_leaves_a_line_with_its_actor(client, db):
    done = await client.post("/cups", json={"size": 3}, headers={"X-Request-Id": "my-request"})
    await client.post("/cups", json={"size": 0})
    async with db.reading() as tx:
        lines = [line for line in await audit.trail(tx) if line.actor_kind == "key"]
    assert len(lines) == 1
    assert (lines[0].actor_name, lines[0].target, lines[0].request_id) == ("t", "/cups", "my-request")
    assert lines[0].action.endswith(".add_cup")
    assert done.headers["x-request-id"] == "my-request"


async def test_security_headers_are_on_every_answer(client):
    for path in ("/cups", "/nowhere", "/broken"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]


async def test_a_database_that_is_away_is_503_and_says_when_to_come_back():
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=application(AwayDatabase())), base_url="http://test"
    ) as client:
        answer = await client.get("/cups")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "1"


class AwayDatabase(Database):
    """A server at an address where none listens."""

    def __init__(self):
        super().__init__("postgresql://127.0.0.1:1/none?connect_timeout=1", size=2)

    def reading(self):
        @contextlib.asynccontextmanager
        async def refused():
            async with await psycopg.AsyncConnection.connect(self.url) as connection:
                yield connection

        return refused()
