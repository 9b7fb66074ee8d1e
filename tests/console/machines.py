"""What other machines told the house: a till with a gap and a quarrel, a shop elsewhere, a feed, readers of radio tags.

Told by HTTP as those machines would, beside the yard's goods.
"""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import msgspec

from comptoir.connectors import work_off
from comptoir.connectors.signatures import signature
from comptoir.kernel.db import Database
from comptoir.kernel.time import advance
from comptoir.rfid.readings import judging, settling
from connectors.payloads import shopify_order, shopify_refund
from console.town import Town
from rfid.conftest import CONTEXT
from tills.till import Till, receipt, sealed

READER = "https://house.example/readers/lyp-stock"


class Machines(msgspec.Struct):
    """What stands there now, for tests to look at."""

    url: str
    device: str
    token: str
    till: Till
    secret: str


def furnish(town: Town, url: str) -> Machines:
    """Everything, once."""
    with town.visitor("admin") as admin:
        device, token, till = ring_up(town, admin)
        secret = connect(town, admin)
        describe_feeds(town, admin)
    made = Machines(url, device, token, till, secret)
    asyncio.run(read_tags(town, url))
    return made


# ---- a till


def ring_up(town: Town, admin: httpx.Client) -> tuple[str, str, Till]:
    """Six sales of which the fourth has not come; one that cannot be booked; a fork, a forgery, and nonsense."""
    made = admin.post("/v1/tills/devices", json={"outlet": "LYB", "name": "Till 1"})
    assert made.status_code == 201, made.text
    admin.post("/v1/tills/devices", json={"outlet": "LIL", "name": "Pop-up"})
    device, token, till = made.json()["device"]["device_id"], made.json()["token"], Till()
    start = datetime.now(UTC) - timedelta(hours=2)
    for _ in range(2):
        till.sell("A-410", at=start)
    till.add("sale", {**receipt("bad-sum", "A-410"), "total_minor": 5}, at=start)
    for _ in range(3):
        till.sell("A-410", at=start)
    other = sealed({**{k: v for k, v in till.log[1].items() if k != "hash"}, "entry_id": str(uuid4())})
    forged = {**till.log[5], "sequence": 9, "body": {"number": "forged"}}
    came = [one for one in till.log if one["sequence"] != 4]
    bring(town, token, [*came, other, forged, "nonsense"])
    return device, token, till


def bring(town: Town, token: str, entries: list) -> dict:
    told = {"sent_at": datetime.now(UTC).isoformat(), "entries": entries}
    answer = httpx.post(f"{town.url}/v1/tills/sync", json=told, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return answer.json()


# ---- a shop elsewhere


def connect(town: Town, admin: httpx.Client) -> str:
    """An order that is done, goods that come back (by hand), nonsense, a cancellation before its order."""
    made = admin.post("/v1/connectors", json={"name": "boutique", "platform": "shopify", "outlet": "site"})
    assert made.status_code == 201, made.text
    secret = made.json()["secret"]
    order = shopify_order(5001, currency="EUR")
    for line, sku in zip(order["line_items"], ("A-410", "A-471"), strict=True):
        line["sku"] = sku
    send(town, secret, "orders/create", order)
    send(town, secret, "refunds/create", shopify_refund(5001, items=((11, 1, "return"),)))
    send(town, secret, "orders/create", {"id": 5002, "line_items": "none"})
    send(town, secret, "orders/cancelled", shopify_refund(5003))
    send(town, secret, "refunds/create", shopify_refund(5004))
    return secret


def send(town: Town, secret: str, topic: str, payload: object) -> None:
    body = json.dumps(payload).encode()
    headers = {
        "X-Shopify-Hmac-Sha256": signature(body, secret),
        "X-Shopify-Topic": topic,
        "X-Shopify-Webhook-Id": uuid4().hex,
    }
    answer = httpx.post(f"{town.url}/v1/connectors/boutique/shopify", content=body, headers=headers)
    assert answer.status_code == 200, answer.text


# ---- feeds


def describe_feeds(town: Town, admin: httpx.Client) -> None:
    """One that was fetched, with articles left out; one that has no address."""
    products = {"name": "Google, France", "kind": "products", "outlet": "site", "language": "fr",
                "link": "https://tissandier.example/a/{sku}"}  # fmt: skip
    assert admin.put("/v1/feeds/google-fr", json=products).status_code == 200
    path = admin.put("/v1/feeds/google-fr/address").json()["path"]
    local = {"name": "Shops, France", "kind": "local_inventory", "country": "FR", "currency": "EUR", "format": "tsv"}
    assert admin.put("/v1/feeds/shops-fr", json=local).status_code == 200
    assert httpx.get(f"{town.url}{path}").status_code == 200


# ---- readers


async def read_tags(town: Town, url: str) -> None:
    """A counting that is over, one that goes on, and a tag of nothing that is sold."""
    async with Database(url, size=2) as db:
        while await outstanding(db):  # the house's own worker is at it too
            await work_off(db)
            await asyncio.sleep(0.05)
        async with db.reading() as tx:
            gtins = await tx.values("SELECT gtin FROM catalog.v_variant WHERE sku LIKE 'S-310-%%' ORDER BY sku")
        with town.visitor("admin") as admin:
            rules = [{"name": "Evening count", "condition": {"attribute": "event.step", "op": "=", "value": "cycle_counting"},
                      "outcome": {"act": "count", "quiet_minutes": 5}}]  # fmt: skip
            assert admin.put("/v1/rfid/rules", json={"rules": rules, "after": 0}).status_code == 200
            places = [{"name": f"{READER}/{code}", "location": code} for code in ("LYP", "LIL")]
            assert admin.put("/v1/rfid/places", json={"places": places}).status_code == 200
            now = datetime.now(UTC)
            capture(
                admin,
                reading(
                    now - timedelta(minutes=9), "LYP", [f"https://id.gs1.org/01/{gtins[0]}/21/{n}" for n in range(3)]
                ),
            )
            await judging.judge(db)
        async with db.transaction() as tx:
            await advance(tx, by=timedelta(hours=1))
        await settling.settle(db)
        with town.visitor("admin") as admin:
            tags = [f"https://id.gs1.org/01/{gtin}/21/{n}" for gtin in gtins for n in range(10, 14)]
            strange = ["https://id.gs1.org/01/09521321000005/21/1"]
            capture(admin, reading(now + timedelta(minutes=58), "LIL", tags + strange))
        await judging.judge(db)


async def outstanding(db: Database) -> int:
    async with db.reading() as tx:
        return await tx.value("SELECT count(*) FROM connectors.v_delivery WHERE state = 'received'")


def reading(at: datetime, code: str, tags: list[str]) -> dict:
    return {
        "type": "ObjectEvent", "eventTime": at.isoformat(), "eventTimeZoneOffset": "+00:00", "epcList": tags,
        "action": "OBSERVE", "bizStep": "cycle_counting", "bizLocation": {"id": f"{READER}/{code}"},
    }  # fmt: skip


def capture(admin: httpx.Client, event: dict) -> None:
    answer = admin.post("/v1/rfid/events", json={"@context": CONTEXT, **event})
    assert answer.status_code == 201, answer.text
