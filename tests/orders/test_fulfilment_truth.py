"""Whatever happens between the basket and the sale, in whatever order: no piece and no cent is lost or made."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comptoir import inventory, orders
from comptoir.kernel import log, time
from comptoir.kernel.errors import Refusal
from comptoir.orders import (
    Accept,
    Arrive,
    Cancel,
    Delivery,
    HandOver,
    PaymentRefused,
    PaymentUnclear,
    Pick,
    Pieces,
    Ready,
    Reject,
    Send,
    Simulator,
    perform,
    run_fulfilment,
)  # fmt: skip
from orders.test_checkout import SHIP, ground, house  # noqa: F401  fixtures
from orders.test_fulfilment_clock import later

pytestmark = pytest.mark.anyio

COLLECT = Delivery(method="collect", location="north")
REASONS = ("not_found", "damaged", "display", "declined", "lost")
TABLES = (
    "TRUNCATE inventory.balance, inventory.promise, inventory.entry, inventory.shortage, kernel.event, orders.basket,"
    " orders.sales_order, orders.sales_order_line, orders.fulfilment, orders.fulfilment_line, orders.payment,"
    " orders.payment_act, orders.fulfilment_act, orders.parcel, orders.task, orders.sale, orders.sale_line,"
    " orders.discount, orders.tender, orders.cancellation, orders.cancellation_line"
)


class Bank(Simulator):
    """Does what it is asked, sometimes without saying so; sometimes it says no."""

    def __init__(self, dice):
        super().__init__()
        self.dice = dice

    async def capture(self, **asked):
        if self.dice.random() < 0.05:
            raise PaymentRefused("The card was closed.")
        await super().capture(**asked)
        if self.dice.random() < 0.2:
            raise PaymentUnclear


class Town:
    """Two shops on a busy day; every choice comes from the dice."""

    def __init__(self, house, seed):  # noqa: F811
        self.house, self.db, self.dice = house, house.db, Random(seed)
        self.bank = Bank(self.dice)

    async def step(self, name):
        """What a customer asks may be refused. The floor is answered; what it is not told of is a defect."""
        with contextlib.suppress(*((Refusal,) if name in {"buy", "cancel"} else ())):
            await getattr(self, name)()

    async def buy(self):
        lines = {sku: self.dice.randint(1, 3) for sku in self.dice.sample(["shirt", "bag"], self.dice.randint(1, 2))}
        basket_id = await self.house.basket(self.dice.choice([COLLECT, SHIP]), **lines)
        await self.house.pay(basket_id)

    async def work(self):
        """An act on some work, fit for its state or not."""
        async with self.db.reading() as tx:
            found = await orders.fulfilments(tx, limit=100)
        if not found:
            return
        acts = [self.act(one) for one in self.dice.choices(found, k=self.dice.randint(1, 6))]

        async def work(tx):
            await run_fulfilment(tx, acts)

        await self.db.within(work)

    def act(self, one):
        id_, dice = one.fulfilment_id, self.dice
        some = tuple(Pieces(line.line, dice.randint(0, line.open)) for line in one.lines if line.open)
        full = tuple(Pieces(line.line, line.open) for line in one.lines)
        forward = {
            "coming": Arrive(fulfilment_id=id_),
            "open": Accept(fulfilment_id=id_),
            "accepted": dice.choice([Pick(fulfilment_id=id_, picked=full), Ready(fulfilment_id=id_, keep_days=2)]),
            "ready": (Send if one.method == "transfer" else HandOver)(fulfilment_id=id_),
        }[one.state]
        aside = dice.choice([
            Reject(fulfilment_id=id_, lines=some, reason=dice.choice(REASONS)),
            Reject(fulfilment_id=id_, reason="declined"),
            Pick(fulfilment_id=id_, picked=some),
            HandOver(fulfilment_id=id_),
            HandOver(fulfilment_id=id_, lines=some, reference=f"r{dice.randint(1, 3)}"),
            Send(fulfilment_id=id_),
        ])  # fmt: skip
        return forward if dice.random() < 0.7 else aside

    async def cancel(self):
        async with self.db.reading() as tx:
            ids = await tx.values("SELECT order_id FROM orders.sales_order WHERE state = 'open' ORDER BY order_id")
        if ids:
            async with self.db.transaction() as tx:
                await orders.cancel(tx, order_id=self.dice.choice(ids), asked=Cancel(reason="regret"), actor="t")

    async def deliver(self):
        await self.house.stock(**{f"{self.dice.choice(['north', 'south'])}_{self.dice.choice(['shirt', 'bag'])}": 2})

    async def sell(self):
        async with self.db.transaction() as tx:
            places = {one.code: one.location_id for one in await inventory.locations(tx)}
            await inventory.post(tx, [
                inventory.Move(variant_id=self.house.variants[self.dice.choice(["shirt", "bag"])], quantity=1,
                               from_location_id=places[self.dice.choice(["north", "south"])],
                               to_location_id=inventory.CUSTOMER, act="sell", is_fact=True)
            ])  # fmt: skip

    async def shortages(self):
        await orders.resolve_shortages.work(self.db)

    async def days_pass(self):
        await later(self.house, days=self.dice.randint(1, 4))
        await orders.tell_overdue(self.db)
        await orders.give_up_uncollected(self.db)

    async def pay(self):
        await perform(self.db, {"simulator": self.bank})

    async def right(self):
        await self.house.right()
        async with self.db.reading() as tx:
            assert await tx.tuples(MONEY) == []


# What was taken is what was sold, but for captures that a bank has refused for good.
MONEY = """
    SELECT o.order_id, p.captured_minor, s.sold, f.failed
    FROM orders.sales_order AS o LEFT JOIN orders.payment AS p USING (order_id)
    LEFT JOIN (SELECT order_id, sum(total_minor) AS sold FROM orders.parcel GROUP BY 1) AS s USING (order_id)
    LEFT JOIN (SELECT order_id, sum(amount_minor) AS failed FROM orders.payment_act
               WHERE kind = 'capture' AND state = 'failed' GROUP BY 1) AS f USING (order_id)
    WHERE coalesce(p.captured_minor, 0) + coalesce(f.failed, 0) <> coalesce(s.sold, 0)
       OR p.captured_minor > p.authorised_minor OR s.sold > o.total_minor
"""

STEPS = st.sampled_from(
    ["buy"] * 3 + ["work"] * 16 + ["cancel", "deliver", "sell", "shortages", "pay"] + ["days_pass"] * 3
)


@settings(max_examples=int(os.environ.get("COMPTOIR_EXAMPLES", "10")), deadline=None,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(steps=st.lists(STEPS, min_size=40, max_size=80), seed=st.integers(0, 10**6))
async def test_nothing_is_lost_or_made_in_a_busy_day(house, steps, seed):  # noqa: F811
    async with house.db.transaction() as tx:
        await tx.run(TABLES)
        await tx.run("UPDATE kernel.clock SET shift = '0'")
    async with house.db.transaction() as tx:
        await log.open_days(tx)
    town = Town(house, seed)
    await house.stock(north_shirt=8, north_bag=2, south_shirt=3, south_bag=8)
    for place, name in enumerate(steps):
        if place % 3 == 2:  # two at once
            await asyncio.gather(town.step(name), town.step("work"))
        else:
            await town.step(name)
        if place % 10 == 9:
            await town.right()
    await town.right()


async def test_a_process_that_dies_after_the_hand_over_leaves_the_money_to_the_next(house):  # noqa: F811
    """It is killed while it asks the bank: the goods are gone, the sale is made, and the bank takes the money once."""
    await house.stock(north_shirt=1)
    basket = await house.buy(shirt=1)
    program = textwrap.dedent("""
        import asyncio, os, signal, sys
        from comptoir.kernel.db import Database
        from comptoir.orders import Accept, HandOver, Pick, Pieces, Simulator, perform, run_fulfilment

        class Dies(Simulator):
            async def capture(self, **asked):
                os.kill(os.getpid(), signal.SIGKILL)

        async def main():
            async with Database(sys.argv[1]) as db:
                async with db.transaction() as tx:
                    id_ = await tx.value("SELECT fulfilment_id FROM orders.fulfilment")
                    await run_fulfilment(tx, [Accept(fulfilment_id=id_),
                        Pick(fulfilment_id=id_, picked=(Pieces(1, 1),)), HandOver(fulfilment_id=id_)])
                await perform(db, {"simulator": Dies()})

        asyncio.run(main())
    """)
    ended = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", program, house.db.url], check=False)
    assert ended.returncode == -signal.SIGKILL
    bank = Simulator()
    assert await perform(house.db, {"simulator": bank}) == 0  # perhaps it lives
    async with house.db.transaction() as tx:
        await time.advance(tx, by=timedelta(minutes=2))
    assert await perform(house.db, {"simulator": bank}) == 1
    assert sum(bank.captured[basket.payment.authorisation].values()) == basket.quote.total_minor
    await house.right()
