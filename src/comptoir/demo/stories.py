"""Two acceptance stories about people: one customer across channels, and how well the town is recognised."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from comptoir.demo.acceptance import Scene, caught_up, until
from comptoir.demo.courier import Courier, Refused
from comptoir.demo.history import CURRENCY
from comptoir.demo.outings import Mark
from comptoir.demo.receipts import encode, send_sales
from comptoir.demo.truth import measure

LEAST_PRECISION = 0.9
LEAST_RECALL = 0.5
"""Far below what is seen: they catch a broken recognition, not a bad day."""
STORY = [
    ("web", "look"),
    ("web", "look"),
    ("app", "visit"),
    ("app", "look"),
    ("web", "told"),
    ("app", "told"),
    ("shop", "order"),
]


class Shopper:
    """A customer who did not exist before, and her identifiers."""

    def __init__(self) -> None:
        mark = secrets.token_hex(5)
        self.began = datetime.now(UTC) - timedelta(hours=3)
        self.laptop, self.phone = str(uuid4()), str(uuid4())
        self.user_id, self.email = f"check-{mark}", f"check.{mark}@example.com"
        self.card = f"28{secrets.randbelow(10**11):011d}"

    @property
    def marks(self) -> set[Mark]:
        known = {("user_id", self.user_id), ("email", self.email), ("loyalty_card", self.card)}
        return known | {("anonymous_id", self.laptop), ("anonymous_id", self.phone)}

    def says(self, minutes: int, kind: str, device: str, **body: Any) -> dict[str, Any]:
        at = (self.began + timedelta(minutes=minutes)).isoformat()
        return {"type": kind, "messageId": str(uuid4()), "timestamp": at, "anonymousId": device, **body}


async def one_customer(scene: Scene) -> str:
    """Anonymous on two devices, signed in on both, bought in a shop: one profile, explained, parted, and back."""
    courier, shopper = scene.courier, Shopper()
    await live_her_day(scene, shopper)

    async def whole() -> dict[str, Any] | None:
        person = await look_up(courier, "email", shopper.email)
        return person if person and shopper.marks <= marks_of(person) else None

    person = await until("one person with two devices, e-mail, account and card", whole)
    thread = await thread_of(courier, person["key"], len(STORY))
    assert thread == STORY, f"her timeline is {thread}"

    names = {"namespace": "anonymous_id", "value": shopper.phone}
    others = {"other_namespace": "loyalty_card", "other_value": shopper.card}
    why = await courier.get("/v1/identity/explanations", **names, **others)
    assert why["same_person"], "the explanation says that phone and card are two people"
    assert why["path"], "the explanation has no path"

    card = next(node["node_id"] for node in person["nodes"] if node["namespace"] == "loyalty_card")
    split = {"person": person["key"], "nodes": [card], "reason": "acceptance check"}
    operation = await courier.post("/v1/identity/splits", split)
    # Whoever has the oldest identifier keeps the public id: either side may.
    rest, holder = await look_up(courier, "email", shopper.email), await look_up(courier, "loyalty_card", shopper.card)
    assert rest, "after the split nobody has the e-mail address"
    assert holder, "after the split nobody has the card"
    assert holder["key"] != rest["key"], "after the split the card is still hers"
    assert await thread_of(courier, rest["key"], len(STORY) - 1) == STORY[:-1], "after the split she still bought"
    assert await thread_of(courier, holder["key"], 1) == STORY[-1:], "after the split the card has not bought"

    await courier.post("/v1/identity/undos", {"operation": operation["operation"], "reason": "acceptance check"})
    back = await look_up(courier, "loyalty_card", shopper.card)
    assert back, "after the undo nobody has the card"
    assert (back["key"], marks_of(back)) == (person["key"], marks_of(person)), "after the undo she is not who she was"
    assert await thread_of(courier, person["key"], len(STORY)) == STORY, "after the undo her timeline differs"
    return f"5 identifiers, {len(STORY)} moments in order; phone to card in {len(why['path'])} steps; parted and back"


async def live_her_day(scene: Scene, shopper: Shopper) -> None:
    account = {"userId": shopper.user_id, "traits": {"email": shopper.email, "firstName": "Chloé", "lastName": "Check"}}
    product = {"event": "Product Viewed", "properties": {"product_id": "check", "name": "A thing to check"}}
    web, app = scene.keys["web"], scene.keys["app"]
    home = shopper.says(0, "page", shopper.laptop, name="Home", properties={"path": "/"})
    opened = shopper.says(30, "track", shopper.phone, event="Application Opened", properties={})
    await scene.courier.track(web, [home, shopper.says(1, "track", shopper.laptop, **product)])
    await scene.courier.track(app, [opened, shopper.says(31, "track", shopper.phone, **product)])
    await scene.courier.track(web, [shopper.says(60, "identify", shopper.laptop, **account)])
    await scene.courier.track(app, [shopper.says(90, "identify", shopper.phone, userId=shopper.user_id, traits={})])
    shops = await scene.courier.get("/v1/channels/outlets", channel="shop", limit=1)
    sale = {
        "outlet": shops["items"][0]["code"],
        "number": f"C{secrets.token_hex(5)}",
        "occurred_at": shopper.began + timedelta(minutes=150),
        "currency": CURRENCY,
        "lines": [{"name": "A thing to check", "amount_minor": 1_250}],
        "total_minor": 1_250,
        "identifiers": {"loyalty_card": shopper.card, "email": shopper.email},
        "cashier": "simulated",
    }
    await send_sales(scene.courier, encode([sale]))


async def thread_of(courier: Courier, key: str, length: int) -> list[tuple[str, str]]:
    """Channel and kind of each moment, oldest first, once there are as many as expected."""
    path = f"/v1/profiles/people/{key}/timeline"

    async def complete() -> list[dict[str, Any]] | None:
        moments = (await courier.get(path))["items"]
        return moments if len(moments) == length else None

    try:
        moments = await until(f"a timeline of {length}", complete)
    except AssertionError:
        moments = (await courier.get(path))["items"]
    times = [moment["occurred_at"] for moment in moments]
    assert times == sorted(times, reverse=True), "a timeline is not in order"
    return [(moment["channel"], moment["kind"]) for moment in reversed(moments)]


async def look_up(courier: Courier, namespace: str, value: str) -> dict[str, Any] | None:
    try:
        return await courier.get("/v1/identity/lookup", namespace=namespace, value=value)
    except Refused as refused:
        if refused.status == 404:
            return None
        raise


def marks_of(person: dict[str, Any]) -> set[Mark]:
    return {(node["namespace"], node["value"]) for node in person["nodes"]}


async def people_are_recognised(scene: Scene) -> str:
    """The server's people against the truth that was kept aside."""
    owners = scene.traffic.truth.owners()
    await caught_up(scene)
    found = {(row["namespace"], row["value"]): str(row["person_id"]) for row in await scene.house.sql(EVERYBODY)}
    result = measure(owners, found.get)
    assert result.identifiers, "the truth is empty"
    few = result.identifiers / 100
    assert result.unknown <= few, f"{result.unknown} of {result.identifiers} identifiers are unknown"
    said = (
        f"{result.people:,} people with {result.identifiers - result.shared:,} identifiers of their own seen as "
        f"{result.found_people:,}: precision {result.precision:.1%}, recall {result.recall:.1%} of {result.together:,} "
        f"pairs; {result.shared:,} identifiers are shared"
    )
    assert result.precision >= LEAST_PRECISION, said
    assert result.recall >= LEAST_RECALL, said
    return said


EVERYBODY = "SELECT namespace, value, person_id FROM identity.v_node"
