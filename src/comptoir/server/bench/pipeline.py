"""`comptoir bench pipeline`: how fast events become customers, and how soon one is seen.

A backlog is drained by one worker process and, in a copy of the same database, by two. Then the real server takes
events over HTTP at a steady rate while its worker runs: a probe sends single events and, from each acceptance on, asks
for the person until the event is there. Growth: half the backlog by ten times the people over ten times the days.
"""

import asyncio
import sys
import time
from base64 import b64encode
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, LiteralString

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from comptoir import channels
from comptoir.kernel import log
from comptoir.kernel.db import Database
from comptoir.kernel.migrate import migrate
from comptoir.kernel.settings import Settings
from comptoir.server.bench import own_database, own_server, traffic
from comptoir.server.running import collect_seldom
from comptoir.server.spine import consumers

EVENTS = 500_000
PEOPLE = 20_000
RATE = 2_000
"""Events per second while the latency is measured."""
SECONDS = 15.0
WARM = 3.0
LINES = 8
CHUNK = 5_000
PER_REQUEST = 20


async def run(size: int = EVENTS) -> dict[str, Any]:
    """The figures. `size` is the number of events in the backlog."""
    figures: dict[str, Any] = {"events": size, "people": PEOPLE}
    async with own_database() as root:
        url, key = await backlog(root.url, "backlog", size, people=PEOPLE, hours=8)
        for workers in (1, 2):
            figures |= await drain(await copied(root.url, url, f"drain_{workers}"), workers)
        large, _ = await backlog(root.url, "large", size // 2, people=PEOPLE * 10, hours=80)
        grown = await drain(large, 1)
        figures |= await latency(await copied(root.url, url, "live"), key)
    figures["drain_per_second"] = max(figures["drain_1_per_second"], figures["drain_2_per_second"])
    figures["ten_times_people_and_days_per_second"] = grown["drain_1_per_second"]
    figures["growth_ratio"] = round(grown["drain_1_per_second"] / figures["drain_1_per_second"], 2)
    return {
        "figures": figures,
        "reach": {"drain_per_second": "≥ 30,000 (aim 80,000)", "seen_p99_ms": "< 50 (aim 10)"},
        "ok": figures["drain_per_second"] >= 30_000 and figures["seen_p99_ms"] < 50,
    }


async def backlog(root: str, name: str, size: int, *, people: int, hours: float) -> tuple[str, str]:
    """A database with so many unread events as the intake would have written them; its URL and a write key."""
    url = made(root, name)
    await migrate(url)
    site = channels.OutletEntry(
        channel="web", code="site", name="Site", country="FR", time_zone="Europe/Paris", currency="EUR"
    )
    async with Database(url, size=2) as db:
        async with db.transaction() as tx:
            await log.open_days(tx)
            await channels.add_outlet(tx, outlet=site)
            source = await channels.add_source(tx, name="site", outlet="site")
            start = tx.now - timedelta(hours=hours)
        chunk: list[bytes] = []
        for number, body in enumerate(traffic.events(size, people=people, start=start, hours=hours), 1):
            chunk.append(body)
            if len(chunk) == CHUNK or number == size:
                async with db.transaction() as tx:
                    rows = traffic.packed(chunk, source_id=source.source_id, received=tx.now)
                    await tx.copy(log.COPY, log.block(log.microseconds(tx.now), rows))
                chunk.clear()
    return url, source.write_key


def made(root: str, name: str, template: str = "template0") -> str:
    with psycopg.connect(root, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template)))
    return make_conninfo(root, dbname=name)


async def copied(root: str, url: str, name: str) -> str:
    return made(root, name, str(conninfo_to_dict(url)["dbname"]))


# ---- draining


class Drained(msgspec.Struct):
    """What one worker process did."""

    events: int
    began: float
    ended: float
    cpu: float
    """Seconds of processor that it took of them, PostgreSQL's not counted."""


async def drain(url: str, workers: int) -> dict[str, Any]:
    """Let so many worker processes empty the log; the clock runs from the first event to the last commit."""
    started = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "comptoir.server.bench.pipeline", url, str(worker), str(workers)),
            stdout=asyncio.subprocess.PIPE,
        )
        for worker in range(workers)
    ]
    outputs = [(await process.communicate())[0] for process in started]
    done = [msgspec.json.decode(output.splitlines()[-1], type=Drained) for output in outputs]
    events = sum(one.events for one in done)
    seconds = max(one.ended for one in done) - min(one.began for one in done)
    async with Database(url, size=1) as db, db.reading() as tx:
        wrong = await tx.value(UNEQUAL)
    assert not wrong, f"{wrong} product views were not counted exactly once."
    figures: dict[str, Any] = {f"drain_{workers}_per_second": round(events / seconds)}
    figures[f"drain_{workers}_python_us_per_event"] = round(sum(one.cpu for one in done) / events * 1e6, 1)
    return figures


# What plain SQL counts in the log must be what the profiles hold.
UNEQUAL: LiteralString = """
    SELECT abs((SELECT count(*) FROM kernel.event WHERE name = 'Product Viewed')
               - (SELECT sum(views) FROM profiles.day))::bigint
"""


async def worker(url: str, index: int, workers: int) -> None:
    """One worker process: every `workers`-th lane, to the end of the log."""
    collect_seldom()
    async with Database(url, size=4) as db:
        (consumer,) = consumers(db, Settings(), range(index, log.LANES, workers))
        began, cpu = time.time(), time.process_time()
        ended, idle = began, 0
        # A sale that the other worker tells of may come late: the end is two empty looks.
        while idle < 2:
            if await consumer.step():
                ended, idle = time.time(), 0
            else:
                idle += 1
                await asyncio.sleep(0.2)
        cpu = time.process_time() - cpu
    print(msgspec.json.encode(Drained(consumer.handled, began, ended, cpu)).decode())


# ---- latency


async def latency(url: str, key: str) -> dict[str, Any]:
    """From the acceptance of an event over HTTP to its being visible on the person, at a steady rate."""
    requests = prepared(key)
    async with Database(url, size=3) as db:
        async with db.transaction() as tx:
            await tx.run("TRUNCATE kernel.event")  # only what comes from now on
        async with own_server(url, api=1, workers=1) as address:
            port = int(address.rpartition(":")[2])
            lines = [await Line.open(port) for _ in range(LINES)]
            stopping = asyncio.Event()
            load = asyncio.create_task(steady(requests, lines, stopping))
            await asyncio.sleep(WARM)
            seen = await probe(await Line.open(port), key, db)
            stopping.set()
            sent = await load
    ordered = sorted(seen)
    return {
        "load_per_second": round(sent),
        "probes": len(ordered),
        "seen_p50_ms": round(ordered[len(ordered) // 2] * 1000, 1),
        "seen_p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1000, 1),
    }


def prepared(key: str) -> list[bytes]:
    """All requests of the load, made beforehand: the processor is for those who are measured."""
    number = int(RATE * (WARM + SECONDS + 5))
    start = traffic.now() - timedelta(seconds=1)
    bodies = list(traffic.events(number, people=PEOPLE, start=start, hours=1, seed=2))
    return [
        request("/v1/batch", key, b'{"batch":[' + b",".join(bodies[at : at + PER_REQUEST]) + b"]}")
        for at in range(0, number, PER_REQUEST)
    ]


def request(path: str, key: str, body: bytes) -> bytes:
    basic = b64encode(f"{key}:".encode()).decode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {basic}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Line:
    """A connection that sends one request after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.free = asyncio.Lock()

    @classmethod
    async def open(cls, port: int) -> "Line":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, wanted: bytes) -> None:
        """Until the answer is there, which must be good."""
        async with self.free:
            self.writer.write(wanted)
            answer = b""
            while not answer.endswith(b"}"):
                answer += await self.reader.read(65_536)
        assert answer.startswith(b"HTTP/1.1 200"), answer


async def steady(requests: Sequence[bytes], lines: Sequence[Line], stopping: asyncio.Event) -> float:
    """Batches at the rate, whether the answers come fast or slowly; returns the rate that was reached."""
    async with asyncio.TaskGroup() as group:
        began, sent = time.perf_counter(), 0
        for number, wanted in enumerate(requests):
            if stopping.is_set():
                break
            group.create_task(lines[number % len(lines)].send(wanted))
            sent += PER_REQUEST
            await asyncio.sleep(max(0.0, began + sent / RATE - time.perf_counter()))
        return sent / (time.perf_counter() - began)


async def probe(line: Line, key: str, db: Database) -> list[float]:
    """One event after another: sent, accepted, and then asked for until it is there."""
    seconds: list[float] = []
    connection = await db.connect()
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        device = f"probe-{len(seconds)}"
        call = {"type": "track", "event": "Product Viewed", "anonymousId": device, "properties": {"name": "probe"}}
        await line.send(request("/v1/track", key, msgspec.json.encode(call)))
        accepted = time.perf_counter()
        while not await (await connection.execute(SEEN, [device], prepare=True)).fetchone():
            await asyncio.sleep(0.001)
            assert time.perf_counter() < accepted + 30, "An accepted event was not seen within 30 seconds."
        seconds.append(time.perf_counter() - accepted)
        await asyncio.sleep(0.003)
    await connection.close()
    return seconds


SEEN = """
    SELECT 1 FROM profiles.moment
    WHERE node_id = (SELECT node_id FROM identity.v_node WHERE ns = 7 AND value = %s) LIMIT 1
"""


if __name__ == "__main__":
    asyncio.run(worker(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
