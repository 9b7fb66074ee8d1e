"""The head of an answer and its body leave together, streams flow, and nothing is lost at the end. What a shortcut can
answer it does; whatever is unusual goes to the application.
"""

import asyncio
import contextlib
import re

import msgspec
import pytest

from comptoir.kernel.auth import SYSTEM
from comptoir.kernel.errors import Overloaded
from comptoir.kernel.http import Shortcut, Shortcuts
from comptoir.server.running import listen, serve_http

pytestmark = pytest.mark.anyio

PARTS, PART = 2_000, b"x" * 10_000
"""More than all buffers between the two hold."""


class Asked(msgspec.Struct):
    wait: bool = False
    fail: str = ""
    more: str = ""


class Answers:
    """`/small` at once, `/slow` in two parts with a wait between them, `/long` in many parts without one.

    `/hot/1` has a shortcut; who goes the ordinary way is told "again".
    """

    def __init__(self):
        self.go_on = asyncio.Event()
        self.called = asyncio.Event()
        self.sent = 0
        hot = [Shortcut(method, "/hot/{number:int}", "orders:write", Asked, self.at_once) for method in ("GET", "POST")]
        self.shortcuts = Shortcuts(self, hot)

    async def of_key(self, token):
        return SYSTEM if token == "good" else None

    async def at_once(self, asked, actor, number):
        self.called.set()
        if asked.wait:
            await self.go_on.wait()
        if asked.fail:
            raise {"busy": Overloaded, "defect": ZeroDivisionError}[asked.fail]
        return {"number": number, "more": asked.more}

    async def __call__(self, scope, receive, send):
        size = {"/small": 5, "/slow": 10, "/long": PARTS * len(PART)}.get(scope["path"], 5)
        headers = [(b"content-length", str(size).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["path"] == "/slow":
            await send({"type": "http.response.body", "body": b"first", "more_body": True})
            await self.go_on.wait()
        if scope["path"] == "/long":
            for _ in range(PARTS):
                await send({"type": "http.response.body", "body": PART, "more_body": True})
                self.sent += 1
        await send({"type": "http.response.body", "body": b"" if scope["path"] == "/long" else b"again"})

    async def close_streams(self):
        self.go_on.set()


class Caller(asyncio.Protocol):
    """Keeps what arrives as it arrives."""

    def __init__(self):
        self.pieces = asyncio.Queue()

    def data_received(self, data):
        self.pieces.put_nowait(data)

    def connection_lost(self, exc):
        self.pieces.put_nowait(b"")

    def ask(self, path, more=""):
        self.transport.write(f"GET {path} HTTP/1.1\r\nHost: shop\r\n{more}\r\n".encode())

    def tell(self, body, more="", *, path="/hot/1", version="1.1", key="good"):
        """A POST; its answer is one piece."""
        head = f"POST {path} HTTP/{version}\r\nHost: shop\r\nAuthorization: Bearer {key}\r\n{more}"
        self.transport.write(f"{head}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode())

    def connection_made(self, transport):
        self.transport = transport


@contextlib.asynccontextmanager
async def calling():
    app, stopping, listening = Answers(), asyncio.Event(), listen("127.0.0.1", 0)
    serving = asyncio.create_task(serve_http(app, listening, stopping))
    _, caller = await asyncio.get_running_loop().create_connection(Caller, *listening.getsockname()[:2])
    try:
        yield app, caller
    finally:
        caller.transport.close()
        stopping.set()
        await serving


async def test_an_answer_arrives_in_one_piece():
    async with calling() as (_, caller):
        for _ in range(3):
            caller.ask("/small")
            piece = await caller.pieces.get()
            assert piece.startswith(b"HTTP/1.1 200 OK\r\n")
            assert piece.endswith(b"\r\n\r\nagain")


async def test_what_is_ready_does_not_wait_for_what_is_not():
    async with calling() as (app, caller):
        caller.ask("/slow")
        assert (await caller.pieces.get()).endswith(b"\r\n\r\nfirst")
        app.go_on.set()
        assert await caller.pieces.get() == b"again"


async def test_who_streams_waits_for_a_slow_caller():
    async with calling() as (app, caller):
        caller.transport.pause_reading()
        caller.ask("/long")
        before = -1
        while app.sent == 0 or app.sent != before:
            before = app.sent
            await asyncio.sleep(0.05)
        assert app.sent < PARTS, "it must not gather what nobody takes"
        caller.transport.resume_reading()
        body = bytearray((await caller.pieces.get()).partition(b"\r\n\r\n")[2])
        while len(body) < PARTS * len(PART):
            piece = await caller.pieces.get()
            assert piece
            body += piece
        assert body == PARTS * PART


async def test_the_last_answer_arrives_before_the_connection_ends():
    async with calling() as (_, caller):
        caller.ask("/small", "Connection: close\r\n")
        assert (await caller.pieces.get()).endswith(b"again")
        assert await caller.pieces.get() == b""


async def test_a_caller_who_has_gone_costs_nobody_else_an_answer():
    async with calling() as (app, caller):
        caller.ask("/slow")
        await caller.pieces.get()
        caller.transport.abort()
        app.go_on.set()
        async with asyncio.timeout(10):
            peer = caller.transport.get_extra_info("peername")
            _, other = await asyncio.get_running_loop().create_connection(Caller, *peer)
            other.ask("/small")
            assert (await other.pieces.get()).endswith(b"again")
        other.transport.close()


# ---- shortcuts


async def test_a_shortcut_is_answered_with_the_headers_of_every_answer():
    async with calling() as (_, caller):
        for _ in range(2):
            caller.tell('{"more": "é"}', "X-Request-Id: mine\r\n")
            head, _, body = (await caller.pieces.get()).partition(b"\r\n\r\n")
            assert msgspec.json.decode(body) == {"number": 1, "more": "é"}
            status, *lines = head.decode().split("\r\n")
            told = dict(line.split(": ", 1) for line in lines)
            assert status == "HTTP/1.1 200 OK" and told["content-length"] == str(len(body))
            assert (told["x-request-id"], told["content-type"]) == ("mine", "application/json")
            assert (
                told["x-content-type-options"] == "nosniff" and "default-src 'none'" in told["content-security-policy"]
            )
            assert "date" in told and "strict-transport-security" not in told
    async with calling() as (_, caller):
        caller.tell("{}", "X-Forwarded-Proto: https\r\nX-Request-Id: no good\r\n")
        head = await caller.pieces.get()
        assert b"strict-transport-security: max-age" in head
        assert re.search(rb"x-request-id: [0-9a-f]{32}\r\n", head)


@pytest.mark.parametrize(
    ("body", "key", "status", "holds"),
    [
        ("{}", "wrong", 401, b"unauthenticated"),
        ("{", "good", 400, b"urn:comptoir:invalid"),
        ('{"wait": 3}', "good", 400, b"$.wait"),
        ('{"more": "\\u0000"}', "good", 400, b"U+0000"),
        ('{"fail": "busy"}', "good", 429, b"\r\nretry-after: 1\r\n"),
        ('{"fail": "defect"}', "good", 500, b"under this request_id"),
    ],
)
async def test_what_is_wrong_is_told_and_the_connection_goes_on(body, key, status, holds):
    async with calling() as (_, caller):
        caller.tell(body, key=key)
        answer = await caller.pieces.get()
        assert answer.startswith(b"HTTP/1.1 %d " % status) and holds in answer
        assert b"application/problem+json" in answer and b"ZeroDivision" not in answer
        caller.tell("{}")
        assert (await caller.pieces.get()).endswith(b'{"number":1,"more":""}')


async def test_a_question_has_its_query():
    async with calling() as (_, caller):
        caller.ask("/hot/7?more=a%20b", "Authorization: Bearer good\r\n")
        assert (await caller.pieces.get()).endswith(b'{"number":7,"more":"a b"}')


@pytest.mark.parametrize(
    ("path", "more", "size"),
    [
        ("/hot/one", "", 2),
        ("/hot/%31", "", 2),
        ("/hot/1?more=%00", "", 2),
        ("/hot/1", "Idempotency-Key: a\r\n", 2),
        ("/hot/1", "Cookie: a=b\r\n", 2),
        ("/hot/1", "Upgrade: h2c\r\n", 2),
        ("/hot/1", "", 65_537),
    ],
)
async def test_what_is_unusual_goes_the_ordinary_way(path, more, size):
    async with calling() as (_, caller):
        caller.tell("{}".ljust(size), more, path=path)
        assert (await caller.pieces.get()).endswith(b"again")


async def test_a_body_in_pieces_is_waited_for():
    async with calling() as (_, caller):
        body = '{"more": "%s"}' % ("x" * 60_000)
        head = (
            f"POST /hot/1 HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer good\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        whole = (head + body).encode()
        for at in range(0, len(whole), 20_000):
            caller.transport.write(whole[at : at + 20_000])
            await asyncio.sleep(0.01)
        answer = await caller.pieces.get()
        while len(answer) < 60_000:
            answer += await caller.pieces.get()
        assert answer.endswith(b'x"}')


async def test_who_asks_again_before_the_answer_gets_both_in_order():
    async with calling() as (app, caller):
        caller.tell('{"wait": true, "more": "first"}')
        caller.tell('{"more": "second"}')
        caller.ask("/small")
        await app.called.wait()
        assert caller.pieces.empty()
        app.go_on.set()
        got = b""
        while got.count(b"HTTP/1.1 200") < 3 or not got.endswith(b"again"):
            got += await caller.pieces.get()
        assert got.index(b"first") < got.index(b"again")
        caller.tell("{}")
        assert (await caller.pieces.get()).endswith(b'"more":""}')


@pytest.mark.parametrize("how", ["1.0", "close"])
async def test_the_connection_ends_where_that_was_asked_for(how):
    async with calling() as (_, caller):
        caller.tell("{}", "Connection: close\r\n" if how == "close" else "", version="1.0" if how == "1.0" else "1.1")
        answer = await caller.pieces.get()
        assert b"\r\nconnection: close\r\n" in answer and answer.endswith(b"}" if how == "close" else b"again")
        assert await caller.pieces.get() == b""


async def test_who_has_gone_before_his_answer_costs_nobody_anything(caplog):
    async with calling() as (app, caller):
        peer = caller.transport.get_extra_info("peername")
        caller.tell('{"wait": true}')
        await app.called.wait()
        caller.transport.abort()
        await asyncio.sleep(0.05)
        app.go_on.set()
        async with asyncio.timeout(10):
            _, other = await asyncio.get_running_loop().create_connection(Caller, *peer)
            other.tell("{}")
            assert (await other.pieces.get()).endswith(b"}")
        other.transport.close()
    assert not caplog.records


async def test_a_server_that_stops_answers_what_is_under_way():
    app, stopping, listening = Answers(), asyncio.Event(), listen("127.0.0.1", 0)
    serving = asyncio.create_task(serve_http(app, listening, stopping))
    _, caller = await asyncio.get_running_loop().create_connection(Caller, *listening.getsockname()[:2])
    caller.tell('{"wait": true}')
    await app.called.wait()
    app.close_streams = lambda: asyncio.sleep(0)  # it must not be what lets the call go on
    stopping.set()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(serving), 0.3)  # it must not stop meanwhile
    app.go_on.set()
    answer = await caller.pieces.get()
    assert b"connection: close" in answer and answer.endswith(b"}")
    await serving
