"""A retailer as everybody meets it, over HTTP alone: a site, an app's basket, two shops, a call centre, a marketplace.

One server for all stories; each has articles of its own, so that none disturbs another.
"""

import asyncio
from contextlib import asynccontextmanager
from uuid import UUID

import httpx

from comptoir import channels, connectors, inventory, orders, pricing
from comptoir.kernel import log
from comptoir.kernel.auth import SYSTEM
from comptoir.kernel.auth.keys import add_key
from comptoir.kernel.db import Database
from comptoir.kernel.ids import uuid7
from comptoir.kernel.settings import Settings
from comptoir.orders.payments import External, Simulator
from conftest import drop, recreate, url_of
from reuse import application

HOME = {"name": "Ana", "street": "1 rue Neuve", "postcode": "69001", "city": "Lyon", "country": "FR"}
SHIP = {"method": "ship", "address": HOME, "amount_minor": 490}
OUTLETS = {"site": "web", "calls": "phone", "market": "market", "lyon": "shop", "nice": "shop"}
PRICE = 9000


class Caller:
    """Somebody with a key, a till with its token, a browser with that of its basket."""

    def __init__(self, client, token=None):
        self.client, self.token = client, token

    async def __call__(self, method, path, body=None, /, *, status=None, code=None, **query):
        head = {"idempotency-key": str(uuid7())} | ({"authorization": f"Bearer {self.token}"} if self.token else {})
        answer = await self.client.request(method, f"/v1/{path}", json=body, params=query, headers=head)
        told = answer.json() if answer.content else None
        assert answer.status_code == status if status else answer.is_success, (path, answer.text)
        assert code is None or told["code"] == code, (path, answer.text)
        return told


def collect(location):
    return {"method": "collect", "location": location}


class HighStreet:
    def __init__(self, db, client):
        self.db, self.client = db, client
        self.bank = Simulator()
        self.office = self.site = self.agent = self.lyon = self.nice = Caller(client)
        self.anybody = Caller(client)

    async def open(self):
        async with self.db.transaction() as tx:
            await log.open_days(tx)
            every = await add_key(tx, name="office", scopes=["*:admin"], actor=SYSTEM)
        self.office = Caller(self.client, every.token)
        await self.office("PUT", "channels/outlets", {"outlets": [
            {"code": code, "channel": channel, "name": code.title(), "country": "FR", "currency": "EUR",
             "time_zone": "Europe/Paris", "postcode": {"lyon": "69001", "nice": "06000"}.get(code, "")}
            for code, channel in OUTLETS.items()
        ]})  # fmt: skip
        await self.office("PUT", "inventory/locations", {"locations": [
            {"code": code, "kind": "shop", "name": code.title(), "outlet": code,
             "methods": ["ship", "collect", "transfer"]} for code in ("lyon", "nice")
        ]})  # fmt: skip
        await self.office("PUT", "pricing/lists/all", {"name": "All", "currency": "EUR"})
        async with self.db.transaction() as tx:
            ids = {one.code: one.outlet_id for one in await channels.outlets(tx)}
            for name, outlet in (("site", "site"), ("agent", "calls"), ("lyon", "lyon"), ("nice", "nice")):
                key = await add_key(tx, name=name, scopes=["orders:write", "inventory:write", "profiles:read"], outlets=[ids[outlet]],
                                    actor=SYSTEM)  # fmt: skip
                setattr(self, name, Caller(self.client, key.token))

    async def sells(self, product, *sizes, **stock):
        """An article in these sizes; `lyon_39=2`: so many lie there. Returns the SKUs by size."""
        skus = {size: f"{product}-{size}" for size in sizes}
        await self.office("POST", "catalog/imports", [
            {"code": product, "name": product.title(),
             "variants": [{"sku": sku, "attributes": {"size": size}} for size, sku in skus.items()]}
        ])  # fmt: skip
        prices = [{"sku": sku, "amount_minor": PRICE} for sku in skus.values()]
        await self.office("POST", "pricing/lists/all/prices", prices)
        lying = [(*name.split("_"), units) for name, units in stock.items()]
        await self.office("POST", "inventory/openings", {"stock": [
            {"location": place, "sku": skus[size], "quantity": units} for place, size, units in lying
        ]})  # fmt: skip
        return skus

    # ---- buying

    async def fill(self, who, outlet, delivery, **lines):
        """A basket; its id."""
        basket_id = str(uuid7())
        await who("POST", "orders/baskets", {"outlet": outlet, "basket_id": basket_id})
        for number, (sku, quantity) in enumerate(lines.items(), 1):
            await who("PUT", f"orders/baskets/{basket_id}/lines/{number}", {"sku": sku, "quantity": quantity})
        if delivery:
            await who("PUT", f"orders/baskets/{basket_id}/delivery", delivery)
        return basket_id

    async def checkout(self, who, basket_id):
        """Quote, pay, order; the order."""
        at = f"orders/baskets/{basket_id}"
        await who("POST", f"{at}/quote", {})
        await who("POST", f"{at}/payment", {"provider": "simulator", "token": "ok"})
        placed = await who("POST", f"{at}/order", {})
        assert placed["state"] == "ordered"
        return await self.order(basket_id)

    async def buy(self, who, outlet, delivery, **lines):
        return await self.checkout(who, await self.fill(who, outlet, delivery, **lines))

    # ---- at work

    async def order(self, order_id):
        return await self.office("GET", f"orders/book/{order_id}")

    async def works(self, order):
        """By location and state."""
        found = await self.office("GET", f"orders/fulfilments/of/{order['order_id']}")
        return {(one["location"], one["state"]): one for one in found["fulfilments"]}

    async def do(self, who, work, act, **body):
        return await who("POST", f"orders/fulfilments/{work['fulfilment_id']}/{act}", body)

    async def pick(self, who, work):
        """Take it on and pick all of it."""
        await self.do(who, work, "accept")
        pieces = [{"line": one["line"], "pieces": one["open"]} for one in work["lines"]]
        return await self.do(who, work, "pick", picked=pieces)

    async def ship(self, who, work, **parcel):
        await self.pick(who, work)
        return await self.do(who, work, "ship", **parcel)

    # ---- what there is

    async def offered(self, sku, **query):
        """What each location can give, as the stock tells it to whoever asks."""
        found = await self.site("GET", "inventory/availability", sku=sku, **query)
        return {one["location"]: one["units"] for one in found if one["units"]}

    async def near(self, sku, **query):
        """What anybody is told of shops."""
        found = await self.anybody("GET", "shelf/near", sku=sku, **query)
        return {one["outlet"]: one["availability"] for one in found["shops"]}

    async def lies(self, sku):
        """By location: sellable, held, allocated."""
        async with self.db.reading() as tx:
            found = await tx.tuples(
                "SELECT b.location, b.sellable, b.held, b.allocated FROM inventory.v_balance AS b"
                " JOIN catalog.v_variant AS v USING (variant_id) WHERE v.sku = %(sku)s"
                " AND (b.sellable, b.held, b.allocated) <> (0, 0, 0)", sku=sku,
            )  # fmt: skip
        return {place: tuple(numbers) for place, *numbers in found}

    async def told(self, kind):
        async with self.db.reading() as tx:
            return await tx.values("SELECT body FROM kernel.event WHERE kind = %(kind)s ORDER BY position", kind=kind)

    async def work_off(self):
        """What a worker does by itself: webhooks, shortages, payments."""
        await connectors.work_off(self.db)
        await orders.retry_shortages(self.db)
        await orders.payments.perform(self.db, {"simulator": self.bank, "external": External()})

    # ---- the end

    async def sales(self, order):
        found = await self.office("GET", "orders/sales", number=f"{order['order_number']}-")
        return [one["total_minor"] for one in found["items"]]

    async def money(self, order):
        """Taken and given back: as the books say it and as the bank has done it."""
        await self.work_off()
        async with self.db.reading() as tx:
            (found,) = (await orders.payments.paid(tx, order_ids=[UUID(order["order_id"])])).values()
        mine = [name for name in self.bank.captured if order["order_id"] in name]
        taken = sum(sum(self.bank.captured[name].values()) for name in mine)
        given = sum(sum(self.bank.refunded.get(name, {}).values()) for name in mine)
        assert (found.captured_minor, found.refunded_minor) == (taken, given)
        return taken, given

    async def right(self):
        """The books agree with themselves, and nothing that is promised is missing."""
        await self.work_off()
        async with self.db.reading() as tx:
            assert await inventory.reconcile(tx) == []
            assert await orders.reconcile(tx) == []
            assert await pricing.reconcile(tx) == []
            assert await inventory.shortages(tx) == []


@asynccontextmanager
async def high_street(server_url, template, worker_id):
    """The retailer, on a database and a server of its own."""
    name = f"street_{worker_id}"
    recreate(server_url, name, template)
    async with (
        Database(url_of(server_url, name), size=12) as db,
        application(Settings(simulated_payments=True), db) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://comptoir.test") as client,
    ):
        street = HighStreet(db, client)
        await street.open()
        yield street
    await asyncio.to_thread(drop, server_url, name)
