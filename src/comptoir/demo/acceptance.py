"""What must hold of the demo, each as one function that uses the public interfaces only."""

import asyncio
import base64
import gzip
import secrets
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import msgspec

from comptoir.console import ROOMS
from comptoir.demo import places
from comptoir.demo.courier import Courier
from comptoir.demo.history import CURRENCY, INSTALL, History, last_day
from comptoir.demo.house import House, Memory
from comptoir.demo.staff import PEOPLE
from comptoir.demo.traffic import Traffic
from comptoir.kernel.auth.permissions import opens, scopes_of
from comptoir.kernel.settings import Settings

PATIENCE = 60.0
"""Seconds to wait for what must become true, on a machine that others use too."""
HEALTH = ('route="/healthz"', 'route="/readyz"')
"""Routes whose 503 is an answer: until the worker is there, the starting server says that it is not ready."""


class Scene(msgspec.Struct, frozen=True):
    """The running demo, as a check finds it."""

    house: House
    courier: Courier
    settings: Settings
    keys: dict[str, str]
    traffic: Traffic
    town: asyncio.Task[None]
    """The traffic, while it is live."""
    history: History | None
    memory: Memory


async def until(what: str, look: Callable[[], Awaitable[Any]], patience: float = PATIENCE) -> Any:
    """Look until something is there; a condition is waited for, never a time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while not (found := await look()):
        assert loop.time() < deadline, f"waited {patience:.0f} s in vain for: {what}"
        await asyncio.sleep(0.1)
    return found


async def history_is_complete(scene: Scene) -> str:
    """Revenue, receipts and customers per shop: the Parquet files against the API."""
    assert scene.history, f"there is no history: {INSTALL}"
    day = last_day(scene.memory.weeks).isoformat()
    told = await scene.courier.get("/v1/orders/totals", by="outlet", until=day)
    wrong = [row["outlet"] for row in told if row["currency"] != CURRENCY or row["returns"]]
    assert not wrong, f"other currencies or returns at {wrong[:5]}"
    found = {row["outlet"]: (row["receipts"], row["customers"], row["total_minor"]) for row in told}
    real = {places.code(t.store_id): (t.receipts, t.customers, t.total_minor) for t in scene.history.totals()}
    differ = {
        shop: {"data set": real.get(shop), "comptoir": found.get(shop)}
        for shop in sorted(real.keys() | found.keys())
        if real.get(shop) != found.get(shop)
    }
    assert not differ, (
        f"{len(differ)} shops differ (receipts, customers, cents), such as {dict(list(differ.items())[:3])}"
    )
    receipts, cents = sum(one[0] for one in real.values()), sum(one[2] for one in real.values())
    return f"{len(real)} shops, {receipts:,} receipts, ${cents / 100:,.2f}: equal in every shop"


async def live_events_are_seen(scene: Scene) -> str:
    """What the town does now comes in, and is read by the worker."""
    assert not scene.town.done(), "the town has stopped: see the server's log"
    began = datetime.now(UTC)

    async def some() -> list[dict[str, Any]]:
        seen = await scene.courier.get("/v1/ingest/tail", after=began.isoformat(), outcome="accepted", limit=100)
        return [one for one in seen if '"comptoir-twin"' in one["body"]]

    first = (await until("an event of the town", some))[-1]
    recorded = datetime.fromisoformat(first["recorded_at"])
    await caught_up(scene)
    return f"{first['name'] or first['type']} after {(recorded - began).total_seconds():.1f} s, read to the end"


async def caught_up(scene: Scene, patience: float = 120.0) -> None:
    """Everything that was acknowledged before this question has become customers.

    The oldest unread event is younger than the question, then. A short lag alone would leave out the last seconds.
    """
    loop = asyncio.get_running_loop()
    asked = loop.time()

    async def read() -> bool:
        since = loop.time() - asked
        return float((await scene.courier.get("/healthz"))["lag_seconds"]) < since

    await until("the worker to have read the log", read, patience)


async def bad_events_are_kept(scene: Scene) -> str:
    """Three bad events do not cost the good one between them, are found under their reasons, and one is mended."""
    mark, write_key = secrets.token_hex(6), scene.keys["web"]
    who = {"anonymousId": f"check-{mark}", "properties": {"mark": mark}}
    wanted = {
        "missing_event_name": {"type": "track", "event": "", **who},
        "unknown_type": {"type": "trak", "event": "Bad", **who},
        "no_user_anon_id": {"type": "track", "event": "Bad", "properties": {"mark": mark}},
    }
    good = {"type": "track", "event": "Good Between Bad", **who}
    batch = [*wanted.values()]
    batch.insert(1, good)
    await scene.courier.track(write_key, [{**one, "messageId": str(uuid4())} for one in batch])

    async def kept() -> dict[str, dict[str, Any]] | None:
        letters = (await scene.courier.get("/v1/ingest/dead-letters", limit=100))["items"]
        found = {one["reason"]: one for one in letters if mark in one["body"]}
        return found if found.keys() >= wanted.keys() else None

    letters = await until(f"dead letters for {', '.join(wanted)}", kept)
    letter = letters["missing_event_name"]
    mended = msgspec.json.encode(msgspec.json.decode(letter["body"]) | {"event": "Mended"}).decode()
    replay = {"dead_letter_ids": [letter["dead_letter_id"]], "mended": mended}
    (answer,) = await scene.courier.post("/v1/ingest/dead-letters/replays", replay)
    assert answer["outcome"] == "accepted", f"the mended event was {answer}"
    after = await scene.courier.get(f"/v1/ingest/dead-letters/{letter['dead_letter_id']}")
    assert after["state"] == "replayed", f"after its replay the letter is {after['state']}"
    return f"{', '.join(wanted)}; the good one between them taken; one mended and replayed"


async def pages_open_for_their_roles(scene: Scene) -> str:
    """Every room of the console, by every role: 200 or 403."""
    seen = {200: 0, 403: 0}
    async with httpx.AsyncClient(base_url=scene.house.url, timeout=30) as stranger:
        answer = await stranger.get("/customers")
        assert answer.status_code in {302, 303, 307, 401}, f"a stranger gets {answer.status_code} at /customers"
    for person in PEOPLE:
        async with httpx.AsyncClient(base_url=scene.house.url, timeout=30) as browser:
            here = {"sec-fetch-site": "same-origin"}
            answer = await browser.post("/sign-in/as", data={"role": person.role}, headers=here)
            assert answer.status_code in {200, 204, 302, 303}, f"{person.role} cannot sign in: {answer.status_code}"
            for room in ROOMS:
                answer = await browser.get(room.path, follow_redirects=True)
                may = not room.scope or opens(scopes_of([person.role]), room.scope)
                wanted = 200 if may else 403
                assert answer.status_code == wanted, f"{room.path} answers {answer.status_code} to {person.role}"
                seen[wanted] += 1
    return f"{len(ROOMS)} pages, {len(PEOPLE)} roles: {seen[200]} opened, {seen[403]} refused"


async def sdk_request_is_accepted(scene: Scene) -> str:
    """Bytes as analytics-python and analytics.js send them: gzip with Basic, text/plain with the key in the body."""
    key, now = scene.keys["web"], datetime.now(UTC).isoformat()
    said = {"messageId": str(uuid4()), "timestamp": now, "type": "track", "event": "Acceptance Checked"}
    rest: dict[str, Any] = {"properties": {}, "context": {}, "integrations": {}}
    event = {**said, "userId": f"check-{secrets.token_hex(4)}", **rest}
    basic = base64.b64encode(f"{key}:".encode()).decode()
    async with httpx.AsyncClient(base_url=scene.house.url, timeout=30) as sdk:
        packed = gzip.compress(msgspec.json.encode({"batch": [event], "sentAt": now}))
        headers = {"authorization": f"Basic {basic}", "content-encoding": "gzip", "content-type": "application/json"}
        python = await sdk.post("/v1/batch", content=packed, headers=headers)
        plain = msgspec.json.encode({**event, "messageId": str(uuid4()), "writeKey": key, "sentAt": now})
        script = await sdk.post("/v1/t", content=plain, headers={"content-type": "text/plain"})
        settings = await sdk.get(f"/v1/projects/{key}/settings")
    for answer in (python, script, settings):
        assert answer.status_code == 200, f"{answer.request.url.path} answers {answer.status_code} {answer.text[:200]}"
    return "gzip with Basic, text/plain with the key in the body, settings: 200"


async def nothing_broke(scene: Scene) -> str:
    """No 5xx in the metrics, no defect or parked event in the log."""
    async with httpx.AsyncClient(base_url=scene.house.url, timeout=30) as http:
        metrics = (await http.get("/metrics")).text
    answers = [line for line in metrics.splitlines() if line.startswith("comptoir_requests_total")]
    broken = breakdowns(answers)
    assert not broken, f"answers with 5xx: {broken[:3]}"
    defects = scene.house.defects()
    assert not defects, f"{len(defects)} in {scene.house.log}, the first: {defects[0][:300]}"
    count = sum(float(line.rpartition(" ")[2]) for line in answers)
    return f"no 5xx in {count:,.0f} answers, no defect in {scene.house.log}"


def breakdowns(answers: Iterable[str]) -> list[str]:
    """Of the lines of the metrics that count answers, those that count breakdowns."""
    broken = (line for line in answers if 'status="5' in line)
    return [line for line in broken if not ('status="503"' in line and any(route in line for route in HEALTH))]
