"""A day in which everything happens at once: shoppers, pickers, cancellations, returns, transfers, counts, tills, the
clock, banks that do not answer, and callers that are cut off in the middle. Afterwards every book agrees.
"""

import asyncio
import contextlib
import random
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from comptoir import catalog, channels, inventory, orders, pricing
from comptoir.kernel import time
from comptoir.kernel.auth import SYSTEM
from comptoir.kernel.auth.keys import add_key
from comptoir.kernel.settings import Settings
from comptoir.orders import PaymentUnclear
from comptoir.orders.payments import Simulator
from reuse import application

pytestmark = pytest.mark.anyio

SKUS = ("shirt", "bag", "shoe")
PLACES = ("north", "south", "depot")
COUPON, USES = "STORM", 8
ADDRESS = {"name": "Ana", "street": "1 rue Neuve", "postcode": "69001", "city": "Lyon", "country": "FR"}


class Bank(Simulator):
    """Does what it is asked, and now and then does not say so."""

    def __init__(self, dice):
        super().__init__(late=0.005)
        self.dice = dice

    async def capture(self, **asked):
        await super().capture(**asked)
        if self.dice.random() < 0.2:
            raise PaymentUnclear

    async def refund(self, **asked):
        await super().refund(**asked)
        if self.dice.random() < 0.2:
            raise ConnectionError("cut")


class House:
    """What everybody does, over HTTP."""

    def __init__(self, http, db, bank, dice):
        self.http, self.db, self.bank, self.dice = http, db, bank, dice
        self.placed, self.said = [], Counter()

    async def ask(self, method, path, body=None):
        """The answer's JSON, None where it was refused. A tenth of the callers go away before it comes."""
        asking = self.http.request(method, path, json=body)
        if self.dice.random() < 0.1:
            try:
                answer = await asyncio.wait_for(asking, self.dice.uniform(0.001, 0.02))
            except TimeoutError:
                self.said["cut off"] += 1
                return None
        else:
            answer = await asking
        code = "" if answer.is_success else answer.json().get("code", "?")
        self.said[code or "done"] += 1
        assert answer.status_code < 500 or answer.status_code == 503, answer.text
        return answer.json() if answer.is_success and answer.content else None

    def place(self):
        return self.dice.choice(PLACES)

    async def shop(self):
        basket = uuid4()
        at = f"/v1/orders/baskets/{basket}"
        await self.ask("POST", "/v1/orders/baskets", {"outlet": "web", "basket_id": str(basket)})
        for line, sku in enumerate(self.dice.sample(SKUS, self.dice.randint(1, 2)), 1):
            await self.ask("PUT", f"{at}/lines/{line}", {"sku": sku, "quantity": self.dice.randint(1, 3)})
        collect = {"method": "collect", "location": self.dice.choice(("north", "south"))}
        ship = {"method": "ship", "address": ADDRESS, "amount_minor": 490}
        await self.ask("PUT", f"{at}/delivery", self.dice.choice((collect, ship)))
        if self.dice.random() < 0.6:
            await self.ask("PUT", f"{at}/coupons", {"coupons": [COUPON]})
        await self.ask("POST", f"{at}/quote", {})
        token = self.dice.choice(("ok", "ok", "ok", "late", "refuse", "timeout"))
        for _ in range(2):  # who hears nothing asks again
            await self.ask("POST", f"{at}/payment", {"provider": "simulator", "token": token})
            token = "ok"
            if await self.ask("POST", f"{at}/order", {}):
                self.placed.append(basket)
                return

    async def work(self):
        found = await self.ask("GET", "/v1/orders/fulfilments?limit=30")
        if not found or not found["items"]:
            return
        work = self.dice.choice(found["items"])
        at, dice = f"/v1/orders/fulfilments/{work['fulfilment_id']}", self.dice
        match dice.choice(("accept", "pick", "pick", "pick", "leave", "leave", "leave", "leave", "reject", "ready")):
            case "accept":
                await self.ask("POST", f"{at}/accept", {})
            case "pick":
                least = dice.choice((0, 99))
                picked = [
                    {"line": one["line"], "pieces": dice.randint(min(least, one["open"]), one["open"])}
                    for one in work["lines"]
                ]
                await self.ask("POST", f"{at}/pick", {"picked": picked})
            case "leave":
                await self.ask("POST", f"{at}/{'ship' if work['method'] == 'ship' else 'hand-over'}", {})
            case "reject":
                lines = [{"line": one["line"], "pieces": 1} for one in work["lines"] if one["open"]][:1]
                how = {"reason": dice.choice(("not_found", "damaged", "declined")), "lines": lines,
                       "otherwise": dice.choice(("cancel", "wait")), "reference": str(uuid4())}  # fmt: skip
                await self.ask("POST", f"{at}/reject", how)
            case _:
                await self.ask("POST", f"{at}/ready", {})

    async def cancel(self):
        if self.placed:
            order = self.dice.choice(self.placed)
            lines = self.dice.choice(([], [{"line": 1, "quantity": 1}]))
            body = {"cancellation_id": str(uuid4()), "lines": lines, "reason": "changed_mind"}
            await self.ask("POST", f"/v1/orders/book/{order}/cancellations", body)

    async def give_back(self):
        if not self.placed:
            return
        sold = await self.ask("GET", f"/v1/orders/book/{self.dice.choice(self.placed)}/returnable") or []
        for sale in sold:
            for line in sale["lines"]:
                if line["kind"] != "goods" or self.dice.random() < 0.4:
                    continue
                state = self.dice.choice(("sellable", "damaged", None))
                back = {"sale_id": sale["sale_id"], "line_number": line["line_number"], "quantity": 1,
                        "reason": "too_small", "state": state}  # fmt: skip
                body = {"return_id": str(uuid4()), "lines": [back], "location": self.dice.choice(("north", "south"))}
                # Two tills at once: the same piece is taken back once.
                await asyncio.gather(*(
                    self.ask("POST", "/v1/orders/returns/at-counter", {**body, "return_id": str(uuid4())})
                    for _ in range(2)
                ))  # fmt: skip

    async def close_up(self):
        """The late shift: what still waits is picked and leaves, so that something is there to come back."""
        for _ in range(2):
            found = await self.ask("GET", "/v1/orders/fulfilments?limit=30") or {"items": []}
            for work in found["items"]:
                at = f"/v1/orders/fulfilments/{work['fulfilment_id']}"
                picked = [{"line": one["line"], "pieces": one["open"]} for one in work["lines"]]
                await self.ask("POST", f"{at}/accept", {})
                await self.ask("POST", f"{at}/pick", {"picked": picked})
                await self.ask("POST", f"{at}/{'ship' if work['method'] == 'ship' else 'hand-over'}", {})

    async def transfer(self):
        source, target = self.dice.sample(PLACES, 2)
        transfer, line = uuid4(), {"sku": self.dice.choice(SKUS), "quantity": self.dice.randint(1, 4)}
        at = f"/v1/inventory/transfers/{transfer}"
        asked = {"transfer_id": str(transfer), "source": source, "target": target, "via": "road", "lines": [line]}
        await self.ask("POST", "/v1/inventory/transfers", asked)
        await self.ask("POST", f"{at}/shipment", {})
        arrived = {**line, "quantity": self.dice.randint(1, line["quantity"])}
        body = {"reference": str(uuid4()), "lines": [arrived], "complete": True, "reason": "lost"}
        await self.ask("POST", f"{at}/receipts", body)

    async def count(self):
        count, sku = uuid4(), self.dice.choice(SKUS)
        at = f"/v1/inventory/counts/{count}"
        await self.ask(
            "POST", "/v1/inventory/counts", {"count_id": str(count), "location": self.place(), "skus": [sku]}
        )
        await self.ask("POST", f"{at}/lines", {"lines": [{"sku": sku, "quantity": self.dice.randint(0, 30)}]})
        await self.ask("POST", f"{at}/submission", {})

    async def sell(self):
        sku, amount = self.dice.choice(SKUS), 1000
        sale = {"outlet": self.dice.choice(("north", "south")), "number": str(uuid4()), "currency": "EUR",
                "occurred_at": "2026-05-04T12:00:00Z", "lines": [{"sku": sku, "amount_minor": amount}],
                "total_minor": amount, "moves_stock": True}  # fmt: skip
        await self.ask("POST", "/v1/orders/sales", {"sales": [sale]})

    async def deliver(self):
        rows = [{"sku": self.dice.choice(SKUS), "quantity": 5, "source": "supplier", "target": self.place(),
                 "act": "receive", "is_fact": True}]  # fmt: skip
        await self.ask("POST", "/v1/inventory/movements", {"movements": rows})

    async def tick(self):
        """What the clock does, with minutes passing. Its transactions may be cut off too."""
        async with self.db.transaction() as tx:
            await time.advance(tx, by=timedelta(minutes=self.dice.randint(1, 12)))
        await inventory.expire(self.db)
        async with self.db.transaction() as tx:
            await pricing.release_overdue(tx, limit=100)
        await orders.tell_overdue(self.db)
        await orders.give_up_uncollected(self.db)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(
                orders.payments.perform(self.db, {"simulator": self.bank}), self.dice.uniform(0.01, 0.2)
            )

    async def live(self, acts):
        kinds = [self.shop] * 4 + [self.work] * 16 + [self.give_back] * 3
        kinds += [self.cancel, self.transfer, self.count, self.sell, self.deliver, self.tick]
        for _ in range(acts):
            await self.dice.choice(kinds)()

    async def settle(self):
        """The banks answer in the end."""
        self.bank.dice = random.Random(0)
        for _ in range(40):
            await orders.payments.perform(self.db, {"simulator": self.bank})
            async with self.db.transaction() as tx:
                if not await tx.value("SELECT count(*) FROM orders.payment_act WHERE state = 'due'"):
                    return
                await time.advance(tx, by=timedelta(hours=7))
        raise AssertionError("money is still to be moved")


@pytest.fixture
async def storm(db, request):
    dice = random.Random(request.param)
    async with db.transaction() as tx:
        for code, channel in (("web", "web"), ("north", "shop"), ("south", "shop")):
            await channels.add_outlet(tx, outlet=channels.OutletEntry(
                channel=channel, code=code, name=code, country="FR", time_zone="Europe/Paris", currency="EUR"
            ))  # fmt: skip
        await catalog.import_products(tx, [
            catalog.NewProduct(code=sku, name=sku, variants=[catalog.NewVariant(sku=sku)]) for sku in SKUS
        ])  # fmt: skip
        await inventory.record_locations(tx, [
            *(inventory.LocationEntry(code=code, kind="shop", name=code, outlet=code, methods=["ship", "collect"])
              for code in ("north", "south")),
            inventory.LocationEntry(code="depot", kind="warehouse", name="Depot", methods=["ship"]),
            inventory.LocationEntry(code="road", kind="transit", name="Road"),
        ])  # fmt: skip
        await inventory.take_over(tx, [inventory.Opening(sku, place, 12) for sku in SKUS for place in PLACES])
        await pricing.set_price_list(tx, code="shop", entry=pricing.PriceListEntry(name="Shop", currency="EUR"))
        await pricing.import_prices(
            tx, code="shop", prices=[pricing.NewPrice(sku=sku, amount_minor=999 + n) for n, sku in enumerate(SKUS)]
        )
        await pricing.set_tax_rates(tx, rates=[pricing.TaxRate(country="FR", rate_millionths=200_000)])
        tenth = pricing.PromotionEntry(
            name="Storm", scope="order", benefit=pricing.Percent(basis_points=1_333), needs_coupon=True
        )
        await pricing.set_promotion(tx, code="storm", entry=tenth)
        await pricing.set_campaign(tx, code="storm", entry=pricing.CampaignEntry(name="Storm", promotion="storm"))
        await pricing.add_coupons(tx, campaign_code="storm", coupons=[pricing.NewCoupon(code=COUPON, max_uses=USES)])
        key = (await add_key(tx, name="all", scopes=["*:admin"], actor=SYSTEM)).token
    async with application(Settings(simulated_payments=True), db) as app:
        transport = httpx.ASGITransport(app=app)
        head = {"authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://house", headers=head, timeout=60) as http:
            yield House(http, db, Bank(dice), dice)


MONEY = """
    SELECT o.order_number, p.captured_minor - p.refunded_minor AS kept, s.total
    FROM orders.payment AS p JOIN orders.sales_order AS o USING (order_id)
    LEFT JOIN LATERAL (
        SELECT coalesce(sum(s.total_minor), 0)::bigint AS total FROM orders.sale AS s
        WHERE s.receipt_number = o.order_number::text OR s.receipt_number LIKE o.order_number || '-%%'
           OR s.origin_sale_id IN (
               SELECT sale_id FROM orders.sale AS h
               WHERE h.receipt_number = o.order_number::text OR h.receipt_number LIKE o.order_number || '-%%')
    ) AS s ON true
    WHERE p.captured_minor - p.refunded_minor <> s.total
"""


@pytest.mark.parametrize(
    ("storm", "acts"), [(1, 40), *(pytest.param(seed, 120, marks=pytest.mark.long) for seed in (2, 3, 4))],
    indirect=["storm"],
)  # fmt: skip
async def test_after_the_storm_every_book_agrees(storm, acts):
    await asyncio.gather(*(storm.live(acts) for _ in range(10)))
    await storm.close_up()
    await asyncio.gather(*(storm.give_back() for _ in range(40)))  # the evening's queue at the counters
    await storm.settle()
    async with storm.db.reading() as tx:
        assert await inventory.reconcile(tx) == []
        assert await orders.reconcile(tx) == []
        assert await tx.tuples(MONEY) == []
        used = await tx.value("SELECT sum(used) FROM pricing.coupon")
        taken = await tx.tuples("SELECT authorisation, captured_minor, refunded_minor FROM orders.payment")
        counts = await tx.tuples(
            "SELECT (SELECT count(*) FROM orders.sales_order), (SELECT count(*) FROM orders.sale),"
            " (SELECT count(*) FROM orders.customer_return), (SELECT count(*) FROM orders.cancellation)"
        )
    assert used <= USES
    for authorisation, captured, refunded in taken:
        assert sum(storm.bank.captured.get(authorisation, {}).values()) == captured
        assert sum(storm.bank.refunded.get(authorisation, {}).values()) == refunded
    assert min(*counts[0], used, storm.said["done"]) > 0, (counts, used, storm.said)
