"""The head of an answer and its body leave together, streams flow, and nothing is lost at the end."""

import asyncio
import contextlib

import pytest

from comptoir.server.running import listen, serve_http

pytestmark = pytest.mark.anyio

PARTS, PART = 2_000, b"x" * 10_000
"""More than all buffers between the two hold."""


class Answers:
    """`/small` at once, `/slow` in two parts with a wait between them, `/long` in many parts without one."""

    def __init__(self):
        self.go_on = asyncio.Event()
        self.sent = 0

    async def __call__(self, scope, receive, send):
        size = {"/small": 5, "/slow": 10, "/long": PARTS * len(PART)}[scope["path"]]
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
