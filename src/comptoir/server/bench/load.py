"""A load generator: a process of its own that sends prepared requests over many connections and takes the time.

A flow is a list of requests that one client sends one after the other; a connection takes the next flow when it is done
with the last one.
"""

import asyncio
import pickle
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httptools
import msgspec

Flow = Sequence[bytes]


class Measured(msgspec.Struct, frozen=True):
    """Flows a second, how long they took (milliseconds), and the statuses of all answers."""

    per_second: float
    p50_ms: float
    p99_ms: float
    statuses: dict[int, int]


def request(method: str, path: str, *, key: str, body: Any = None) -> bytes:
    """As bytes on the wire, with an API key."""
    content = b"" if body is None else msgspec.json.encode(body)
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def load(port: int, flows: Sequence[Flow], *, connections: int = 64, warm: int = 0) -> Measured:
    """Send them all from another process; the first `warm` flows are not counted."""
    with tempfile.NamedTemporaryFile(suffix=".flows") as file:
        pickle.dump((flows, port, connections, warm), file)
        file.flush()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "comptoir.server.bench.load", file.name), stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
    return msgspec.json.decode(out.splitlines()[-1], type=Measured)


async def empty(port: int) -> float:
    """Requests a second that ask nothing of the house: what this machine, its web server and this generator allow
    today. The reference of every figure over HTTP, as machines differ and change.
    """
    return (await load(port, [[request("GET", "/health", key="")]] * 20_000, warm=1_000)).per_second


class Client(asyncio.Protocol):
    """One connection. It also is its own parser's listener."""

    def __init__(self, flows: Iterator[Flow], took: list[float], statuses: Counter[int]) -> None:
        self.flows = flows
        self.took = took
        self.statuses = statuses
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.parser = httptools.HttpResponseParser(self)
        self.flow: Iterator[bytes] = iter(())
        self.began = 0.0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def begin(self) -> None:
        """Take the next flow."""
        if (flow := next(self.flows, None)) is None:
            self.transport.close()
            self.done.set_result(None)
            return
        self.flow = iter(flow)
        self.began = time.perf_counter()
        self.transport.write(next(self.flow))

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.statuses[self.parser.get_status_code()] += 1
        self.parser = httptools.HttpResponseParser(self)
        if (following := next(self.flow, None)) is not None:
            self.transport.write(following)
            return
        self.took.append(time.perf_counter() - self.began)
        self.begin()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("The server closed the connection."))


async def send(flows: Sequence[Flow], port: int, connections: int, warm: int) -> Measured:
    loop = asyncio.get_running_loop()
    for part in filter(None, (flows[:warm], flows[warm:])):
        stream, took, statuses = iter(part), list[float](), Counter[int]()
        clients = [Client(stream, took, statuses) for _ in range(connections)]
        for client in clients:
            await loop.create_connection(lambda client=client: client, "127.0.0.1", port)
        began = time.perf_counter()
        for client in clients:
            client.begin()
        await asyncio.gather(*(client.done for client in clients))
        seconds = time.perf_counter() - began
        cuts = statistics.quantiles(took, n=100)
        measured = Measured(len(part) / seconds, round(cuts[49] * 1e3, 2), round(cuts[98] * 1e3, 2), dict(statuses))
    return measured  # pyright: ignore[reportPossiblyUnboundVariable]


def main() -> None:
    import uvloop  # noqa: PLC0415  not made for Windows

    measured = uvloop.run(send(*pickle.loads(Path(sys.argv[1]).read_bytes())))  # noqa: S301  our own file
    print(msgspec.json.encode(measured).decode(), flush=True)


if __name__ == "__main__":
    main()
