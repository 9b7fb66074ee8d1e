"""`comptoir bench ingest`: events accepted durably per second over HTTP, beside raw COPY of the same rows.

The server, PostgreSQL and the load generator are processes of their own on this machine. Six earlier days of message
ids lie in the log; a tracking plan is enforced; one event in a thousand is bad and one is sent twice. The reference is
binary COPY of the same kind of rows, packed beforehand, into the same table, on one connection with 10,000 rows in a
transaction. A shared machine changes its speed within seconds, so the two take turns: each round is held against the
COPY just before and just after it, and the ratio is the median of the rounds.
"""

import asyncio
import itertools
import os
import random
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg

from comptoir import channels, ingest
from comptoir.kernel import log
from comptoir.kernel.db import Database
from comptoir.server.bench import own_database, own_server

EARLIER_DAYS = 6
EARLIER_IDS = 400_000
EVENTS = 1_800_000
"""In so many rounds together. In a round of one second, a twentieth is the way up and the way down."""
ROUNDS = 9
SINGLES = 60_000
REACH = {"ratio_to_copy": 0.7, "singles_per_second": 8_000}

PLAN: dict[str, dict[str, Any]] = {
    name: {
        "type": "object",
        "required": ["product_id"],
        "properties": {"product_id": {"type": "string"}, "price": {"type": "number", "minimum": 0}},
    }
    for name in ("Product Viewed", "Product Added")
}


async def run(size: int = EVENTS, *, earlier: int = EARLIER_IDS, singles: int = SINGLES) -> dict[str, Any]:
    """The figures. `size` is the number of events sent in batches of 100."""
    async with own_database(size=4) as db:
        key = await _prepare(db, earlier)
        async with own_server(db.url) as address:
            port = int(address.rpartition(":")[2])
            await _filters(db)
            copied = [await _raw_copy(db, size // ROUNDS)]
            rounds: list[dict[str, Any]] = []
            for _ in range(ROUNDS):
                rounds.append(await _load("batches", port, key, size // ROUNDS, 32))
                copied.append(await _raw_copy(db, size // ROUNDS))
            alone = await _load("singles", port, key, singles, 64)
        async with db.reading() as tx:
            counts = dict(await tx.tuples("SELECT outcome, sum(events) FROM ingest.v_source_day GROUP BY 1"))
            stored = await tx.value("SELECT count(*) FROM kernel.event WHERE kind <> 'bench' AND kind <> 'raw'")
    ratios = [
        2 * one["per_second"] / (before + after)
        for one, before, after in zip(rounds, copied[:-1], copied[1:], strict=True)
    ]
    figures = {
        "ratio_to_copy": round(statistics.median(ratios), 3),
        "ratio_lowest": round(min(ratios), 3),
        "ratio_highest": round(max(ratios), 3),
        "events_per_second": round(statistics.median(one["per_second"] for one in rounds)),
        "raw_copy_per_second": round(statistics.median(copied)),
        "batch_p50_ms": statistics.median(one["p50_ms"] for one in rounds),
        "batch_p99_ms": statistics.median(one["p99_ms"] for one in rounds),
        "singles_per_second": round(alone["per_second"]),
        "single_p50_ms": alone["p50_ms"],
        "single_p99_ms": alone["p99_ms"],
        "earlier_ids": earlier * EARLIER_DAYS,
        "sent": sum(one["events"] for one in (*rounds, alone)),
        **{name: int(n) for name, n in counts.items()},
        "refused_requests": sum(one["refused"] for one in (*rounds, alone)),
    }
    complete = (
        figures["refused_requests"] == 0
        and stored == figures["accepted"]
        and figures["sent"] == figures["accepted"] + figures["duplicate"] + figures["rejected"]
    )
    return {
        "figures": figures,
        "reach": REACH,
        "ok": complete and all(figures[name] >= least for name, least in REACH.items()),
    }


async def _prepare(db: Database, earlier: int) -> str:
    """A source with its plan, and six days of ids that were recorded before."""
    async with db.transaction() as tx:
        await log.open_days(tx)
        web = channels.OutletEntry(
            channel="web", code="web", name="Web shop", country="FR", time_zone="Europe/Paris", currency="EUR"
        )
        await channels.add_outlet(tx, outlet=web)
        source = await channels.add_source(tx, name="bench", outlet="web")
        await ingest.save_plan(tx, source_id=source.source_id, entry=ingest.PlanEntry(mode="enforce", events=PLAN))
        for days in range(1, EARLIER_DAYS + 1):
            await log.open_day(tx, tx.now.date() - timedelta(days=days))
            await tx.run(EARLIER, days=days, ids=earlier, source_id=source.source_id)
    connection = await db.connect()
    await connection.execute("VACUUM ANALYZE kernel.event")
    await connection.execute("CHECKPOINT")
    await connection.close()
    return source.write_key


EARLIER = """
    INSERT INTO kernel.event (lane, kind, name, source_id, occurred_at, recorded_at, key, body)
    SELECT n %% 64, 'bench', 'earlier', %(source_id)s, now(), now() - %(days)s * interval '1 day',
           gen_random_uuid(), '{}'
    FROM generate_series(1, %(ids)s) AS n
"""


async def _filters(db: Database) -> None:
    """Wait until the server has frozen the earlier days: it asks them one by one until then."""
    async with asyncio.timeout(120):
        while True:
            async with db.reading() as tx:
                if await tx.value("SELECT count(*) FROM ingest.seen_day") == ingest.WINDOW:
                    return
            await asyncio.sleep(0.1)


async def _raw_copy(db: Database, size: int) -> float:
    """Rows a second by binary COPY, packed beforehand."""
    source = channels.Source(
        source_id=1, outlet_id=1, channel="web", name="raw", salt=os.urandom(16), trust=1, enabled=True,
        outlet_code="web", country="FR", time_zone="UTC", currency="EUR", write_key="",
    )  # fmt: skip
    arrival = ingest.Arrival(source=source, received=log.microseconds(datetime.now(UTC)))
    rows = [row for body in bodies(size, bad=False) for row in ingest.judge(body, arrival).rows]
    rows = [row.replace(b"\0\0\0\x0cingest.track", b"\0\0\0\x03raw", 1) for row in rows]
    blocks = [rows[at : at + 10_000] for at in range(0, len(rows), 10_000)]
    packed = [log.block(log.microseconds(datetime.now(UTC)), block) for block in blocks]
    connection = await psycopg.AsyncConnection.connect(db.url, autocommit=True)
    started = time.perf_counter()
    for block in packed:
        async with connection.transaction(), connection.cursor().copy(log.COPY) as copy:
            await copy.write(block)
    seconds = time.perf_counter() - started
    await connection.close()
    return len(rows) / seconds


# ---- the events


def events(number: int, *, bad: bool = True) -> Iterator[bytes]:
    """Calls as analytics-python makes them, about 560 bytes each."""
    chance = random.Random(number)  # noqa: S311
    names = ["Product Viewed"] * 14 + ["Product List Viewed", "Product Added", "Product Added", "Products Searched"]
    again = b""
    for n in range(number):
        token = os.urandom(16).hex()
        message_id = f"{token[:8]}-{token[8:12]}-4{token[13:16]}-a{token[17:20]}-{token[20:]}"
        who = chance.getrandbits(14)
        product = chance.getrandbits(16)
        event = (
            f'{{"integrations":{{}},"anonymousId":"0f0d6dd1-4a55-4b2a-9a0a-0b8d{who:08x}","context":{{"library":'
            f'{{"name":"analytics-python","version":"2.4.0"}},"page":{{"url":"https://shop.example/p/{product}",'
            f'"path":"/p/{product}","title":"Product number {product}","referrer":"https://www.example.com/search"}}}},'
            f'"userId":null,"type":"track","event":"{names[n % len(names)]}","properties":{{"product_id":"{product}",'
            f'"sku":"SKU-{product}","name":"Product number {product}","price":12.5,"currency":"EUR",'
            f'"category":"kitchen"}},"timestamp":"2026-11-21T10:10:11.123456+00:00","messageId":"{message_id}"}}'
        ).encode()
        if bad and n % 1000 == 500:
            event = event.replace(b'"product_id":', b'"product_number":', 1)
        if bad and n % 1000 == 700:
            event = again or event
        if n % 1000 == 10:
            again = event
        yield event


def bodies(number: int, *, bad: bool = True, per: int = 100) -> Iterator[bytes]:
    stream = events(number, bad=bad)
    while some := list(itertools.islice(stream, per)):
        yield b'{"batch":[' + b",".join(some) + b'],"sentAt":"2026-11-21T10:10:12.654321+00:00"}'


# ---- the load generator's process


class Caller(asyncio.Protocol):
    """One connection that sends the next request when the answer to the last one is there."""

    def __init__(self, requests: Iterator[bytes], latencies: list[float], done: "asyncio.Future[None]") -> None:
        self.requests = requests
        self.latencies = latencies
        self.done = done
        self.refused = 0
        self.asked = 0.0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def begin(self) -> None:
        request = next(self.requests, None)
        if request is None:
            self.transport.close()
            if not self.done.done():
                self.done.set_result(None)
            return
        self.asked = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        if data[:5] == b"HTTP/" and data[9:12] != b"200":
            self.refused += 1
        # The head may come alone; the brace that ends the JSON ends the answer.
        if data[-1:] == b"}":
            self.latencies.append(time.perf_counter() - self.asked)
            self.begin()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("The server closed the connection."))


def _call(kind: str, port: str, key: str, number: str, connections: str) -> None:
    from base64 import b64encode  # noqa: PLC0415

    batches = kind == "batches"
    path = "/v1/batch" if batches else "/v1/track"
    basic = b64encode(f"{key}:".encode()).decode()

    def request(body: bytes) -> bytes:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {basic}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def main() -> None:
        size, ready = int(number), list(map(request, bodies(int(number)) if batches else events(int(number))))
        loop = asyncio.get_running_loop()
        warm = len(ready) // 20
        for part in (ready[:warm], ready[warm:]):
            stream, latencies = iter(part), list[float]()
            callers: list[Caller] = []
            for _ in range(int(connections)):
                caller = Caller(stream, latencies, loop.create_future())
                await loop.create_connection(lambda caller=caller: caller, "127.0.0.1", int(port))
                callers.append(caller)
            started = time.perf_counter()
            for caller in callers:
                caller.begin()
            await asyncio.gather(*(caller.done for caller in callers))
            seconds = time.perf_counter() - started
            refused = sum(caller.refused for caller in callers)
            cuts = statistics.quantiles(latencies, n=100)
            result = {
                "events": size,
                "per_second": len(part) * (100 if batches else 1) / seconds,
                "p50_ms": round(cuts[49] * 1e3, 2),
                "p99_ms": round(cuts[98] * 1e3, 2),
                "refused": refused,
            }
        print(msgspec.json.encode(result).decode(), flush=True)  # pyright: ignore[reportPossiblyUnboundVariable]

    import uvloop  # noqa: PLC0415

    uvloop.run(main())


async def _load(kind: str, port: int, key: str, number: int, connections: int) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "comptoir.server.bench.ingest", kind, str(port), key, str(number), str(connections)),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    return msgspec.json.decode(out.splitlines()[-1])


if __name__ == "__main__":
    _call(*sys.argv[1:])
