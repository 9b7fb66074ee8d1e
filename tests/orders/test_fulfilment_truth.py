"""Whatever happens between the basket and the sale, in whatever order: no piece and no cent is lost or made.

What must hold is reckoned here anew, from what has happened and not from what the books say of it: every article costs
10.00, a parcel costs 4.90 once an order, and what has come into the town lies somewhere or has left it.
"""

import asyncio
import contextlib
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
    Substitute,
    run_fulfilment,
)
from comptoir.orders.payments import Simulator, perform
from conftest import examples
from orders.test_checkout import SHIP, ground, house  # noqa: F401  fixtures
from orders.test_fulfilment_clock import later
from reuse import empty

pytestmark = pytest.mark.anyio

COLLECT = Delivery(method="collect", location="north")
REASONS = ("not_found", "damaged", "display", "declined", "lost")
TABLES = (
    "orders.waiting, inventory.balance, inventory.promise, inventory.entry, inventory.shortage, kernel.event, orders.basket,"
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
        before = asked["reference"] in self.captured.get(asked["authorisation"], {})
        if self.dice.random() < 0.05 and not before:  # what it has done it never denies
            raise PaymentRefused("The card was closed.")
        await super().capture(**asked)
        if self.dice.random() < 0.2:
            raise PaymentUnclear


class Town:
    """Two shops on a busy day; every choice comes from the dice."""

    def __init__(self, house, seed):  # noqa: F811
        self.house, self.db, self.dice = house, house.db, Random(seed)
        self.bank = Bank(self.dice)
        self.came = self.sold = 0
        """Pieces that have come from suppliers, and that tills have sold."""

    async def step(self, name):
        """What a customer asks may be refused. The floor is answered; what it is not told of is a defect."""
        with contextlib.suppress(*((Refusal,) if name in {"buy", "cancel", "replace"} else ())):
            await getattr(self, name)()

    async def stock(self, **units):
        await self.house.stock(**units)
        self.came += sum(units.values())

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
            Reject(fulfilment_id=id_, lines=some, reason=dice.choice(REASONS), otherwise=dice.choice(["cancel", "wait"])),
            Reject(fulfilment_id=id_, reason="declined"),
            Pick(fulfilment_id=id_, picked=some),
            HandOver(fulfilment_id=id_),
            HandOver(fulfilment_id=id_, lines=some, reference=f"r{dice.randint(1, 3)}"),
            Send(fulfilment_id=id_),
        ])  # fmt: skip
        return forward if dice.random() < 0.7 else aside

    async def one(self, method, *states):
        """Some work of this kind, or None."""
        async with self.db.reading() as tx:
            found = [one for one in await orders.fulfilments(tx, limit=100) if one.method == method]
        return self.dice.choice(found) if (found := [one for one in found if one.state in states]) else None

    async def act_on(self, one, *acts):
        async def work(tx):
            for act in acts:  # each by itself, as it is done on the floor
                await run_fulfilment(tx, [act])

        await self.db.within(work)

    async def shelve(self):
        """It waits for the customer, who may not come."""
        if one := await self.one("collect", "open", "accepted"):
            full = tuple(Pieces(line.line, line.open) for line in one.lines)
            id_ = one.fulfilment_id
            await self.act_on(
                one,
                Accept(fulfilment_id=id_),
                Pick(fulfilment_id=id_, picked=full),
                Ready(fulfilment_id=id_, keep_days=2),
            )

    async def part(self):
        """One piece leaves before the others."""
        if one := await self.one("ship", "open", "accepted"):
            id_, line = one.fulfilment_id, max(one.lines, key=lambda line: line.open)
            piece = (Pieces(line.line, 1),)
            await self.act_on(
                one, Accept(fulfilment_id=id_), Pick(fulfilment_id=id_, picked=(Pieces(line.line, line.open),)),
                HandOver(fulfilment_id=id_, lines=piece),
            )  # fmt: skip

    async def replace(self):
        """A shirt for a bag, or a bag for a shirt, if it lies there."""
        if one := await self.one(self.dice.choice(["ship", "collect"]), "accepted"):
            line = self.dice.choice(one.lines)
            sku = "bag" if line.sku == "shirt" else "shirt"
            reason = self.dice.choice(["not_found", "damaged", "display"])
            await self.act_on(one, Substitute(
                fulfilment_id=one.fulfilment_id, line=line.line, pieces=1, sku=sku, reason=reason, rule="unless_refused"
            ))  # fmt: skip

    async def cancel(self):
        async with self.db.reading() as tx:
            ids = await tx.values("SELECT order_id FROM orders.sales_order WHERE state = 'open' ORDER BY order_id")
        if ids:
            async with self.db.transaction() as tx:
                await orders.cancel(tx, order_id=self.dice.choice(ids), asked=Cancel(reason="regret"), actor="t")

    async def deliver(self):
        await self.stock(**{f"{self.dice.choice(['north', 'south'])}_{self.dice.choice(['shirt', 'bag'])}": 2})

    async def sell(self):
        async with self.db.transaction() as tx:
            places = {one.code: one.location_id for one in await inventory.locations(tx)}
            await inventory.post(tx, [
                inventory.Move(variant_id=self.house.variants[self.dice.choice(["shirt", "bag"])], quantity=1,
                               from_location_id=places[self.dice.choice(["north", "south"])],
                               to_location_id=inventory.CUSTOMER, act="sell", is_fact=True)
            ])  # fmt: skip
        self.sold += 1

    async def shortages(self):
        await orders.retry_shortages(self.db)
        await orders.source_waiting(self.db)

    async def days_pass(self):
        await later(self.house, days=self.dice.randint(1, 4))
        await orders.tell_overdue(self.db)
        await orders.give_up_uncollected(self.db)

    async def pay(self):
        await perform(self.db, {"simulator": self.bank})

    async def right(self):
        await self.house.right()
        async with self.db.reading() as tx:
            assert await tx.tuples(PROMISES) == []
            assert await tx.value(UNITS) == self.came - self.sold
            asked = {one[0]: one[1:] for one in await tx.tuples(MONEY, article=1000, parcel=490)}
        for authorisation, (owed, sold, captured, failed, done, due) in asked.items():
            assert sold == owed and captured + failed == sold, authorisation
            # Of what is due still, the bank may have done some and not have said so.
            taken = sum(self.bank.captured.get(authorisation, {}).values())
            assert done <= taken <= done + due, authorisation

    async def close(self):
        """The bank answers at last: it has taken what was sold, and let go of what was authorised beyond."""
        while await self.left_to_pay():
            await later(self.house, minutes=10)
            await self.pay()
        await self.right()

    async def left_to_pay(self):
        async with self.db.reading() as tx:
            return await tx.value("SELECT count(*) FROM orders.payment_act WHERE state = 'due'")


# What is promised to an order is what is open of it, piece for piece, and nothing is promised beside.
PROMISES = """
    SELECT * FROM (SELECT order_id::text AS reference, variant_id, location_id, sum(quantity - handed_over - cancelled
                          - rejected - sent) AS open FROM orders.fulfilment_line GROUP BY 1, 2, 3) AS l
    FULL JOIN (SELECT reference, variant_id, location_id, sum(quantity) AS promised FROM inventory.promise
               WHERE expires_at IS NULL GROUP BY 1, 2, 3) AS p USING (reference, variant_id, location_id)
    WHERE coalesce(open, 0) <> coalesce(promised, 0)
"""

# What lies anywhere in whatever state, what customers have, and what was lost: all that came, but what tills have sold.
UNITS = """
    SELECT (SELECT coalesce(sum(sellable + display + damaged + quarantine), 0) FROM inventory.balance)
         + (SELECT coalesce(sum((l ->> 1)::integer), 0) FROM orders.parcel, json_array_elements(lines) AS l)
         + (SELECT coalesce(-sum(moved), 0) FROM inventory.entry WHERE act = 'adjust')
"""

# By what has left, an order costs so much: so much was sold, and taken but for what a bank has refused for good.
MONEY = """
    SELECT o.payment ->> 'authorisation',
           coalesce(s.pieces * %(article)s
                    + CASE WHEN o.delivery ->> 'method' = 'ship' THEN %(parcel)s ELSE 0 END, 0)::bigint,
           coalesce(s.sold, 0)::bigint, coalesce(p.captured_minor, 0)::bigint,
           coalesce(a.failed, 0)::bigint, coalesce(a.done, 0)::bigint, coalesce(a.due, 0)::bigint
    FROM orders.sales_order AS o LEFT JOIN orders.payment AS p USING (order_id)
    LEFT JOIN (SELECT order_id, sum(s.total_minor) AS sold, sum(k.pieces) AS pieces
               FROM orders.parcel AS p JOIN orders.sale AS s USING (sale_id)
               CROSS JOIN LATERAL (SELECT sum((l ->> 1)::integer) AS pieces FROM json_array_elements(p.lines) AS l) AS k
               GROUP BY 1) AS s USING (order_id)
    LEFT JOIN (SELECT order_id, sum(amount_minor) FILTER (WHERE state = 'failed') AS failed,
                      sum(amount_minor) FILTER (WHERE state = 'done') AS done,
                      sum(amount_minor) FILTER (WHERE state = 'due') AS due
               FROM orders.payment_act WHERE kind = 'capture' GROUP BY 1) AS a USING (order_id)
"""

# Those that bring an order to where it can go wrong come often: otherwise most days end with all of it on the shelf.
STEPS = st.sampled_from(
    ["buy"] * 4 + ["work"] * 12 + ["shelve", "part"] * 3 + ["cancel", "deliver", "sell", "shortages", "pay", "replace"]
    + ["days_pass"] * 3
)  # fmt: skip


@settings(max_examples=examples(6), deadline=None,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(steps=st.lists(STEPS, min_size=40, max_size=80), seed=st.integers(0, 10**6))
async def test_nothing_is_lost_or_made_in_a_busy_day(house, steps, seed):  # noqa: F811
    async with house.db.transaction() as tx:
        await empty(tx, TABLES)
        await tx.run("UPDATE kernel.clock SET shift = '0'")
    async with house.db.transaction() as tx:
        await log.open_days(tx)
    town = Town(house, seed)
    await town.stock(north_shirt=8, north_bag=2, south_shirt=3, south_bag=8)
    for place, name in enumerate(steps):
        if place % 3 == 2:  # two at once
            await asyncio.gather(town.step(name), town.step("work"))
        else:
            await town.step(name)
        if place % 10 == 9:
            await town.right()
    await town.close()


async def test_a_process_that_dies_after_the_hand_over_leaves_the_money_to_the_next(house):  # noqa: F811
    """It is killed while it asks the bank: the goods are gone, the sale is made, and the bank takes the money once."""
    await house.stock(north_shirt=1)
    basket = await house.buy(shirt=1)
    program = textwrap.dedent("""
        import asyncio, os, signal, sys
        from comptoir.kernel.db import Database
        from comptoir.orders import Accept, HandOver, Pick, Pieces, run_fulfilment
        from comptoir.orders.payments import Simulator, perform

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
