"""An answer leaves in one piece.

uvicorn writes the head of an answer and its body one after the other, and uvloop sends each at once: two calls of the
system, two packets, and a caller who wakes up twice. Together that is a tenth of the work of a small answer.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGE = 65_536
"""Bytes gathered that do not wait for the end of the turn: who streams must feel that his caller is slow."""


class OneWrite(HttpToolsProtocol):
    """uvicorn's protocol, on a transport that gathers."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(Gathering(transport, self.loop))  # pyright: ignore[reportArgumentType]


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
