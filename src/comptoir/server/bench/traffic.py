"""Traffic for benchmarks: 20,000 people with one to three devices, Zipf activity, logins, shared tablets."""

import random
import uuid
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

import msgspec

from comptoir.ingest.intake import Arrival, judge

CATEGORIES = (
    "coats",
    "boots",
    "dresses",
    "shirts",
    "jeans",
    "bags",
    "belts",
    "hats",
    "scarves",
    "socks",
    "knit",
    "suits",
)
EVENTS = ("Product Viewed",) * 70 + ("Product Added",) * 14 + ("Order Completed",) * 4 + ("Product List Viewed",) * 12
SHARED = 0.02
"""Share of events on one of sixty shared tablets."""
LOGINS = 0.05
"""Share of events that carry a user id; half of them an e-mail too."""
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


class Sender(msgspec.Struct, frozen=True):
    """What the intake needs of a source."""

    source_id: int
    salt: bytes = b"benchmark"


def events(number: int, *, people: int, start: datetime, hours: float, seed: int = 1) -> Iterator[bytes]:
    """So many events as JSON, spread evenly over the hours from `start`."""
    chance, world = random.Random(seed), random.Random(7)  # noqa: S311  a benchmark wants the same again
    devices = [[_uuid(world) for _ in range(world.choice((1, 1, 2, 3)))] for _ in range(people)]
    tablets = [_uuid(world) for _ in range(60)]
    order = list(range(people))
    world.shuffle(order)
    weights = list(accumulate((rank + 1) ** -0.9 for rank in range(people)))
    first = start.timestamp()
    encode = msgspec.json.Encoder().encode
    for i in range(number):
        person = order[min(bisect_left(weights, chance.random() * weights[-1]), people - 1)]
        device = chance.choice(tablets) if chance.random() < SHARED else chance.choice(devices[person])
        event = _event(chance, device, chance.choice(EVENTS), f"o{seed}-{i}")
        event["timestamp"] = datetime.fromtimestamp(first + hours * 3600 * i / number, UTC)
        if chance.random() < LOGINS:
            event["userId"] = f"u{person}"
            if chance.random() < 0.5:
                event["context"]["traits"] = {"email": f"person{person}@example.com"}
        yield encode(event)


def _event(chance: random.Random, device: str, name: str, order_id: str) -> dict[str, Any]:
    sku, category = chance.randrange(5000), chance.choice(CATEGORIES)
    properties: dict[str, Any] = {
        "product_id": f"p{sku}",
        "sku": f"sku{sku}",
        "name": f"{category} number {sku}",
        "price": 10 + sku % 190 + 0.9,
        "currency": "EUR",
        "category": category,
        "position": 3,
        "quantity": 1,
    }
    if name == "Order Completed":
        number = chance.choice((1, 1, 2, 3))
        price = 10 + sku % 190 + 0.9
        lines = [
            {"product_id": f"p{sku + k}", "sku": f"sku{sku + k}", "price": price + k, "quantity": 1 + k}
            for k in range(number)
        ]
        total = round(sum((price + k) * (1 + k) for k in range(number)), 2)
        properties = {"order_id": order_id, "currency": "EUR", "total": total, "products": lines}
    return {
        "type": "track",
        "event": name,
        "messageId": _uuid(chance),
        "anonymousId": device,
        "context": {
            "library": {"name": "analytics.js", "version": "4"},
            "page": {"path": f"/p/{sku}", "url": f"https://shop.example/p/{sku}", "title": "Boots"},
            "userAgent": AGENT,
            "locale": chance.choice(("fr-FR", "en-GB")),
        },
        "properties": properties,
    }


def _uuid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def packed(bodies: list[bytes], *, source_id: int, received: datetime) -> list[bytes]:
    """Rows of the log, judged and packed as the intake does it."""
    arrival = Arrival(source=Sender(source_id), received=round(received.timestamp() * 1e6))
    done = judge(b'{"batch":[' + b",".join(bodies) + b"]}", arrival)
    assert not done.letters, done.letters[0]
    return done.rows


def now() -> datetime:
    """By this machine's clock: benchmarks do not shift it."""
    return datetime.now(UTC)
