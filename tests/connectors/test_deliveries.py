"""Webhooks through HTTP: kept, answered, worked off once, whatever overtakes what; the last unit goes to one."""

import asyncio
import json
from uuid import UUID

import httpx
import pytest

from comptoir import inventory, orders
from comptoir.connectors import work_off
from comptoir.connectors.deliveries import KEEP, ORDER_BODY, WAKE, _do
from comptoir.connectors.signatures import signature
from comptoir.connectors.taking import CANCELLED
from connectors.payloads import shopify_order, shopify_refund, woo_order
from orders.market import lies, open_market
from tills.till import NOON, Till

pytestmark = pytest.mark.anyio


class Shop:
    """A platform's side: it signs what it sends."""

    def __init__(self, api, name, platform, secret):
        self.api, self.name, self.platform, self.secret = api, name, platform, secret
        self.sent = 0

    async def send(self, topic, payload, *, webhook_id=None, secret=None):
        self.sent += 1
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        signed = signature(body, secret or self.secret)
        mark = webhook_id or f"w{self.sent}"
        headers = (
            {"X-Shopify-Hmac-Sha256": signed, "X-Shopify-Topic": topic, "X-Shopify-Webhook-Id": mark}
            if self.platform == "shopify"
            else {"X-WC-Webhook-Signature": signed, "X-WC-Webhook-Topic": topic, "X-WC-Webhook-Delivery-ID": mark}
        )
        # Their keys are not ours: without any.
        async with httpx.AsyncClient(transport=self.api._transport, base_url="http://comptoir.test") as client:
            return await client.post(f"/v1/connectors/{self.name}/{self.platform}", content=body, headers=headers)

    async def told(self, **query):
        answer = await self.api.get("/v1/connectors/deliveries", params={"connection": self.name, **query})
        return answer.json()["items"]


@pytest.fixture
async def stocked(db):
    async with db.transaction() as tx:
        await open_market(tx, lyon_shirt=5, lyon_bag=3)
    return db


async def connect(api, platform, name):
    made = await api.post("/v1/connectors", json={"name": name, "platform": platform, "outlet": "site"})
    assert made.status_code == 201, made.text
    return Shop(api, name, platform, made.json()["secret"])


@pytest.fixture
async def shop(api, stocked):
    return await connect(api, "shopify", "boutique")


async def right(db):
    async with db.transaction() as tx:
        assert await inventory.reconcile(tx) == []
        assert await orders.reconcile(tx) == []
        return await lies(tx)


async def test_an_order_comes_by_webhook_once(shop, db):
    assert (await shop.send("orders/create", shopify_order(), webhook_id="a")).json() == {"repeated": False}
    assert (await shop.send("orders/create", shopify_order(), webhook_id="a")).json() == {"repeated": True}
    await shop.send("orders/paid", shopify_order())
    assert await work_off(db) == 2
    assert [one["state"] for one in await shop.told()] == ["done", "done"]
    assert (await right(db))["lyon_shirt"] == (5, 0, 2)
    async with db.transaction() as tx:
        found = await orders.external_order(tx, outlet="site", number="5001")
        assert (await orders.order(tx, order_id=found.order_id)).total_minor == 2890


async def test_what_is_not_signed_is_refused_and_what_is_bad_is_kept(shop, db):
    assert (await shop.send("orders/create", shopify_order(), secret="guess")).status_code == 401
    for body in (b"{", b"[]", b"\xff", b'{"id": 1}', json.dumps(shopify_order(id="a\0b")).encode()):
        assert (await shop.send("orders/create", body)).status_code == 200
    await work_off(db)
    told = await shop.told()
    assert {one["state"] for one in told} <= {"failed", "done"} and len(told) == 5
    assert {one["code"] for one in told if one["state"] == "failed"} == {"connectors.bad_payload"}
    unknown = await httpx.AsyncClient(transport=shop.api._transport, base_url="http://comptoir.test").post(
        "/v1/connectors/nobody/shopify", content=b"{}")  # fmt: skip
    assert unknown.status_code == 404


async def test_a_refund_and_a_cancellation_that_overtake_their_order_wait_for_it(shop, db):
    await shop.send("refunds/create", shopify_refund())
    await work_off(db)
    assert [one["state"] for one in await shop.told()] == ["waiting"]
    await shop.send("orders/create", shopify_order())
    await work_off(db)
    assert [one["state"] for one in await shop.told()] == ["done", "done"]
    assert (await right(db))["lyon_shirt"] == (5, 0, 1)
    await shop.send("refunds/create", shopify_refund())  # by a second subscription, under an id of its own
    await work_off(db)
    assert (await right(db))["lyon_shirt"] == (5, 0, 1)
    gone = shopify_order(cancelled_at="2026-05-06T10:00:00+02:00", cancel_reason="customer",
                         updated_at="2026-05-06T10:00:00+02:00")  # fmt: skip
    for topic in ("orders/cancelled", "orders/updated"):
        await shop.send(topic, gone)
    await work_off(db)
    assert {one["state"] for one in await shop.told()} == {"done"}
    assert (await right(db))["lyon_shirt"] == (5, 0, 0)


async def test_what_ended_there_before_it_came_is_not_carried_out_when_an_older_message_comes_late(shop, db):
    ended = "2026-05-06T10:00:00+02:00"
    await shop.send("orders/cancelled", shopify_order(7001, cancelled_at=ended, updated_at=ended))
    await shop.send("orders/create", shopify_order(7001))
    await shop.send("orders/updated", shopify_order(7002, fulfillment_status="fulfilled", updated_at=ended))
    await shop.send("orders/create", shopify_order(7002))
    await shop.send("orders/updated", shopify_order(7002, fulfillment_status="restocked",
                                                    updated_at="2026-06-01T10:00:00+02:00"))  # fmt: skip
    await work_off(db)
    assert [one["state"] for one in await shop.told()] == ["ignored", "ignored", "done", "ignored", "ignored"]
    assert (await right(db))["lyon_shirt"] == (5, 0, 0)
    async with db.transaction() as tx:
        assert not await tx.value("SELECT count(*) FROM orders.external_order WHERE number IN ('7001', '7002')")


async def test_what_was_cancelled_for_want_of_money_and_is_paid_late_is_carried_out(api, stocked):
    shop = await connect(api, "woocommerce", "late")
    await shop.send("order.updated", woo_order(status="cancelled", date_modified_gmt="2026-05-04T13:00:00"))
    await shop.send("order.updated", woo_order(date_modified_gmt="2026-05-04T14:00:00"))
    await work_off(stocked)
    assert [one["state"] for one in await shop.told()] == ["done", "ignored"]
    assert (await right(stocked))["lyon_shirt"] == (5, 0, 2)


async def test_a_cancelled_order_is_refunded_too_and_neither_message_fails(shop, db):
    ended = {"cancelled_at": "2026-05-06T10:00:00+02:00", "updated_at": "2026-05-06T10:00:00+02:00"}
    all_of_it = ((11, 2, "cancel"), (12, 1, "cancel"))
    for number in (5001, 5002):
        await shop.send("orders/create", shopify_order(number))
    await shop.send("refunds/create", shopify_refund(5001, all_of_it))
    await shop.send("orders/cancelled", shopify_order(5001, **ended))
    await shop.send("orders/cancelled", shopify_order(5002, **ended))
    await shop.send("refunds/create", shopify_refund(5002, all_of_it, refund=901))
    for number in (5001, 5002):
        await shop.send("orders/updated", shopify_order(number, **ended, cancel_reason="fraud"))
    await work_off(db)
    assert [one["state"] for one in await shop.told()] == ["done"] * 8
    assert (await right(db))["lyon_shirt"] == (5, 0, 0)


async def test_messages_of_one_order_are_done_one_after_the_other_whoever_does_them(shop, db):
    async with db.transaction() as other:  # another process does the order while a refund from before it is kept
        async with db.transaction() as slow:
            connection_id = await slow.value("SELECT connection_id FROM connectors.connection WHERE name = 'boutique'")
            await slow.run(KEEP, connection_id=connection_id, webhook_id="slow", topic="refunds/create",
                           subject="5001", body=json.dumps(shopify_refund()).encode(), now=slow.now)  # fmt: skip
            await shop.send("orders/create", shopify_order())
            (create,) = await shop.told()
            assert await _do(other, delivery_id=create["delivery_id"]) == 1
        assert await work_off(db) == 0
    await work_off(db)
    assert [one["state"] for one in await shop.told()] == ["done", "done"]
    assert (await right(db))["lyon_shirt"] == (5, 0, 1)


async def test_what_came_later_waits_while_another_has_what_came_before(shop, db):
    await shop.send("orders/create", shopify_order())
    ended = {"cancelled_at": "2026-05-06T10:00:00+02:00", "updated_at": "2026-05-06T10:00:00+02:00"}
    await shop.send("orders/cancelled", shopify_order(**ended))
    async with db.transaction() as tx:
        await tx.run("SELECT 1 FROM connectors.delivery WHERE topic = 'orders/create' FOR NO KEY UPDATE")
        assert await work_off(db) == 0
    await work_off(db)
    assert [(one["state"], one["detail"]) for one in await shop.told()] == [("done", "cancelled"), ("done", "")]


async def test_goods_that_come_back_are_for_somebody_here(shop, db):
    await shop.send("orders/create", shopify_order())
    await shop.send("refunds/create", shopify_refund(items=((11, 1, "return"),)))
    await work_off(db)
    (failed,) = await shop.told(state="failed")
    assert failed["code"] == "connectors.by_hand" and "return of this order" in failed["detail"]
    again = await shop.api.post(f"/v1/connectors/deliveries/{failed['delivery_id']}/replay")
    assert again.json()["state"] == "received"
    await work_off(db)
    (failed,) = await shop.told(state="failed")
    assert failed["tries"] == 2


async def test_another_order_under_its_number_fails_and_an_unknown_article_does_not(shop, db):
    await shop.send("orders/create", shopify_order())
    await shop.send("orders/edited", shopify_order(total_price="99.00", updated_at="2026-05-07T10:00:00+02:00"))
    moon = shopify_order(5002)
    moon["line_items"][1]["sku"] = "moon"
    await shop.send("orders/create", moon)
    await work_off(db)
    moon, edited, _ = await shop.told()
    assert (edited["state"], edited["code"]) == ("failed", "orders.external_order_conflict")
    assert (moon["state"], moon["detail"]) == ("done", "unknown_sku")


async def test_what_was_fulfilled_before_we_heard_of_it_is_history(shop, db):
    await shop.send("orders/updated", shopify_order(fulfillment_status="fulfilled"))
    await work_off(db)
    assert (await right(db))["lyon_shirt"] == (5, 0, 0)
    async with db.transaction() as tx:
        assert (await orders.receipt(tx, outlet="site", number="5001")).total_minor == 2890


async def test_woocommerce_pings_and_brings_orders(api, stocked):
    shop = await connect(api, "woocommerce", "woo")
    ping = await api.post("/v1/connectors/woo/woocommerce", content=b"webhook_id=12")
    assert ping.status_code == 200
    await shop.send("order.created", woo_order(status="pending"))
    await shop.send("order.updated", woo_order())
    await shop.send("order.updated", woo_order(status="cancelled", date_modified_gmt="2026-05-05T12:00:00"))
    await work_off(stocked)
    assert [one["state"] for one in await shop.told()] == ["done", "done", "ignored"]
    assert (await right(stocked))["lyon_shirt"] == (5, 0, 0)


async def test_a_new_secret_ends_the_old_one_and_none_is_told_twice(shop, api):
    assert "secret" not in (await api.get("/v1/connectors")).text
    new = (await api.post("/v1/connectors/boutique/secret")).json()["secret"]
    assert (await shop.send("orders/create", shopify_order())).status_code == 401
    assert (await shop.send("orders/create", shopify_order(), secret=new)).status_code == 200


async def test_an_order_takes_the_last_unit_while_a_till_sells_it(shop, app, api, db):
    """Nobody is refused: the till's customer has it in his hands. The order's unit is missing, and that is told."""
    one_bag = shopify_order(total_price="9.90", total_discounts="0.00")
    one_bag["line_items"] = one_bag["line_items"][1:]
    made = (await api.post("/v1/tills/devices", json={"outlet": "lyon", "name": "1"})).json()
    till = Till()
    for _ in range(3):
        till.sell("bag")

    async def sell():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://till.test",
                                     headers={"Authorization": f"Bearer {made['token']}"}) as line:  # fmt: skip
            body = {"sent_at": NOON.isoformat(), "entries": till.log}
            return (await line.post("/v1/tills/sync", json=body)).json()["answers"]

    async def order():
        for n in range(4):
            await shop.send("orders/create", {**one_bag, "id": 6000 + n})
        await asyncio.gather(work_off(db), work_off(db))

    sold, _ = await asyncio.gather(sell(), order())
    await work_off(db)
    assert [one["state"] for one in sold] == ["done"] * 3
    there = await right(db)
    assert there["lyon_bag"][0] == 0
    promised = there["lyon_bag"][2]
    async with db.transaction() as tx:
        kinds = await tx.values("SELECT kind FROM kernel.event")
        short = [await orders.external_order(tx, outlet="site", number=str(6000 + n)) for n in range(4)]
        missing = await tx.value("SELECT coalesce(sum(missing), 0) FROM inventory.shortage")
    # Each order is short because nothing was left, or has a unit promised that the till has sold.
    assert sum(bool(one.short) for one in short) + promised == 4 and missing == promised
    assert kinds.count("orders.external_order_short") == 4 - promised
    assert not promised or "inventory.shortage_found" in kinds
    assert len({one.order_id for one in short}) == 4 and UUID(str(short[0].order_id))


async def test_what_came_of_one_order_is_found_among_many(tx):
    await tx.run(MANY)
    await tx.run("ANALYZE connectors.delivery")
    of = {"connection_id": 1, "subject": "1001"}
    for sql, named in ((ORDER_BODY, of), (WAKE, of), (CANCELLED, {**of, "cancelled_before": "x"})):
        plan = "\n".join(await tx.values("EXPLAIN " + sql, **named))
        assert "delivery_subject" in plan, plan


MANY = """
    INSERT INTO connectors.delivery (connection_id, webhook_id, topic, subject, received_at, state, body)
    SELECT 1, n, 'orders/updated', (n / 3)::text, now(), (ARRAY['done', 'ignored', 'waiting'])[1 + n % 3], ''
    FROM generate_series(1, 6000) AS n
"""
