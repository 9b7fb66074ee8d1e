"""uvicorn's HTTP protocol, with two things of our own.

An answer leaves in one piece. uvicorn writes the head of an answer and its body one after the other, and uvloop sends
each at once: two calls of the system, two packets, and a caller who wakes up twice. Together that is a tenth of the
work of a small answer.

A shortcut (kernel.http.hot) is answered here. What ASGI needs beside the work itself (a scope, a cycle, an event, the
rings around the application, messages in both directions) is half of a small answer. Whatever is not as usual, such as
a large body, an upgrade or a second request before the first was answered, goes the ordinary way.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from comptoir.kernel.http import Shortcut, Shortcuts

LARGE = 65_536
"""Bytes gathered that do not wait for the end of the turn: who streams must feel that his caller is slow. A request
with a larger body is not answered here."""

UNUSUAL = {b"transfer-encoding", b"upgrade", b"expect", b"cookie", b"idempotency-key"}
"""Headers of a request that goes the ordinary way."""


class Protocol(HttpToolsProtocol):
    """One connection. `shortcuts` are answered here, all else by the application."""

    def __init__(self, *args: Any, shortcuts: Shortcuts | None = None, **named: Any) -> None:
        super().__init__(*args, **named)
        self._shortcuts = shortcuts

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(Gathering(transport, self.loop))  # pyright: ignore[reportArgumentType]

    def on_message_begin(self) -> None:
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_headers_complete(self) -> None:
        if (call := self._call()) is not None:
            self.cycle = call  # pyright: ignore[reportAttributeAccessIssue]
            return
        url, headers, expected = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expected
        self.headers += headers
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        if isinstance(call := self.cycle, Call):
            task = self.loop.create_task(self._answer(call))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
            return
        super().on_message_complete()

    def _call(self) -> "Call | None":
        """What is asked of a shortcut; None where the ordinary way is to be taken."""
        if self._shortcuts is None or self.parser is None or (self.cycle and not self.cycle.response_complete):
            return None
        path, _, query = self.url.partition(b"?")
        # Whatever a path may be written as, a shortcut is asked for plainly.
        if b"%" in path or b"#" in self.url or b"%00" in query or not path.isascii():
            return None
        found = self._shortcuts.find(self.parser.get_method().decode("ascii"), path.decode("ascii"))
        if found is None:
            return None
        headers = dict(self.headers)
        if b"authorization" not in headers or not UNUSUAL.isdisjoint(headers):
            return None
        if int(headers.get(b"content-length") or 0) > LARGE or self.parser.get_http_version() != "1.1":
            return None
        return Call(*found, headers, query, keep_alive=self.parser.should_keep_alive())

    async def _answer(self, call: "Call") -> None:
        """Never raises: a shortcut tells its own defects."""
        assert self._shortcuts
        secure = self.scheme == "https" or call.headers.get(b"x-forwarded-proto") == b"https"
        status, head, body = await self._shortcuts.answer(
            call.shortcut, call.of_path, call.headers, bytes(call.body), call.query, secure=secure
        )
        if self.flow.write_paused and not call.disconnected:
            await self.flow.drain()
        if call.disconnected:
            return
        for name, value in self.server_state.default_headers:
            head += b"%b: %b\r\n" % (name, value)
        end = b"\r\n" if call.keep_alive else b"connection: close\r\n\r\n"
        self.transport.write(b"".join((STATUS_LINE[status], head, end, body)))
        call.response_complete = True
        if not call.keep_alive:
            self.transport.close()
        self.on_response_complete()


class Call:
    """One request to a shortcut: uvicorn's cycle, as far as its protocol looks at it."""

    __slots__ = (
        "body",
        "disconnected",
        "headers",
        "keep_alive",
        "message_event",
        "of_path",
        "query",
        "response_complete",
        "shortcut",
    )

    def __init__(
        self,
        shortcut: Shortcut,
        of_path: dict[str, Any],
        headers: dict[bytes, bytes],
        query: bytes,
        *,
        keep_alive: bool,
    ) -> None:
        self.shortcut = shortcut
        self.of_path = of_path
        self.headers = headers
        self.query = query
        self.keep_alive = keep_alive
        self.body = bytearray()
        self.message_event = self
        self.disconnected = False
        self.response_complete = False

    def set(self) -> None:
        """Nobody waits for the body: the work begins when it is complete."""


class Gathering:
    """A transport that sends together what was written within one turn of the event loop."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._soon = loop.call_soon
        self._gathered: list[bytes] = []
        self._size = 0
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._gathered:
            self._soon(self._send)
        self._gathered.append(data)
        self._size += len(data)
        if self._size >= LARGE:
            self._send()

    def close(self) -> None:
        self._send()
        self._transport.close()

    def _send(self) -> None:
        gathered, self._gathered, self._size = self._gathered, [], 0
        # The caller may have gone since.
        if gathered and not self.is_closing():
            self._transport.writelines(gathered)
