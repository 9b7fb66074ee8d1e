"""A bad network in front of a server: refusals, answers that are lost, connections that are cut. Seeded."""

import asyncio
import contextlib
import random
import threading
from collections import Counter

REFUSALS = {
    "429": b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n",
    "503": b"HTTP/1.1 503 Service Unavailable\r\n",
}
SAID = b'{"success":false,"code":"weather","message":"It rains."}'
FAULTS = ("429", "503", "cut before", "cut after", "half an answer")
"""`cut after` and `half an answer` come after the server has taken the request: the sender must not be believed twice."""


class Weather:
    """Listens on `port` and passes requests on to `behind`; a share of them meets a fault."""

    def __init__(self, behind: int, *, share: float, seed: int = 1, faults=FAULTS) -> None:
        self.behind, self.share, self.faults = behind, share, faults
        self.met = Counter()
        self._chance = random.Random(seed)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self):
        asyncio.run(self._listen())

    async def _listen(self):
        self._loop, self._stop, self._open = asyncio.get_running_loop(), asyncio.Event(), set()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader, writer):
        self._open.add(asyncio.current_task())
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while request := await message(reader):
                    if not await self._answer(request, writer):
                        break
        finally:
            self._open.discard(asyncio.current_task())
            writer.transport.abort()

    async def _answer(self, request: bytes, writer) -> bool:
        fault = self._chance.choice(self.faults) if self._chance.random() < self.share else "none"
        if request.startswith((b"OPTIONS", b"GET")):
            fault = "none"
        self.met[fault] += 1
        if fault in REFUSALS:
            origin = b"Access-Control-Allow-Origin: *\r\n"
            writer.write(
                REFUSALS[fault]
                + origin
                + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(SAID)
                + SAID
            )
            await writer.drain()
            return True
        if fault == "cut before":
            return False
        inside, outside = await asyncio.open_connection("127.0.0.1", self.behind)
        try:
            outside.write(request)
            answer = await message(inside)
        finally:  # the server may be killed in the middle of its answer
            outside.close()
        if fault == "cut after" or not answer:
            return False
        writer.write(answer[: len(answer) // 2] if fault == "half an answer" else answer)
        await writer.drain()
        return fault == "none"


async def message(reader) -> bytes:
    """One HTTP message with its body; empty at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
    if b"chunked" in fields.get(b"transfer-encoding", b""):
        body = b""
        while True:
            size = await reader.readuntil(b"\r\n")
            body += size + await reader.readexactly(int(size, 16) + 2)
            if int(size, 16) == 0:
                return head + body
    return head + await reader.readexactly(int(fields.get(b"content-length", 0)))
