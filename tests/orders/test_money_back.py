"""Whatever is cancelled, given back and made good, in whatever order and at once: no piece twice, no cent too much."""

import asyncio

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from comptoir import channels, inventory
from comptoir.kernel.errors import Refusal
from comptoir.kernel.ids import uuid7
from comptoir.orders import (
    AtCounter,
    Back,
    Cancel,
    Delivery,
    Fewer,
    PaymentRefused,
    Settling,
    TakeQuote,
    actions,
    cancel,
    reconcile,
    returns,
)
from comptoir.orders.aftersale import Announce
from comptoir.orders.aftersale.goodwill import goodwill
from comptoir.orders.aftersale.records import Goodwill, Receive
from comptoir.orders.aftersale.sold import sales_of_order, sold
from comptoir.orders.aftersale.standing import standing
from comptoir.orders.fulfilment import Accept, HandOver, Pick, Pieces, run
from comptoir.orders.payments import Simulator, paid, perform, try_again
from conftest import examples
from orders.test_aftersale import TABLES
from orders.test_checkout import HOME, House, ground  # noqa: F401  fixtures
from reuse import empty

pytestmark = pytest.mark.anyio

EMPTY = (
    "orders.waiting, inventory.balance, inventory.promise, inventory.entry, inventory.shortage, kernel.event, orders.basket,"
    " orders.sales_order, orders.sales_order_line, orders.fulfilment, orders.fulfilment_line, orders.payment,"
    f" orders.payment_act, {TABLES}"
)
FREE = Delivery(method="ship", address=HOME)


class Broken(Simulator):
    async def capture(self, **_):
        raise PaymentRefused("The card has expired.")


class Shop:
    """One order of some shirts at a price that cannot be shared evenly, and what may become of it."""

    def __init__(self, db):
        self.db, self.house, self.simulator = db, House(db), Simulator()

    async def open(self, pieces, discount):
        async with self.db.transaction() as tx:
            await empty(tx, EMPTY)
            await tx.run("UPDATE kernel.clock SET shift = '0'")
            await channels.record_outlets(tx, outlets=[channels.OutletEntry(
                channel="shop", code="lyon", name="Lyon", country="FR", time_zone="Europe/Paris", currency="EUR"
            )])  # fmt: skip
            await inventory.record_locations(
                tx, [inventory.LocationEntry(code="lyon", kind="shop", name="lyon", outlet="lyon")]
            )
        await self.house.stock(north_shirt=pieces)
        basket_id = await self.house.basket(delivery=FREE, shirt=pieces)
        await self.house.counter(TakeQuote(basket_id))
        await self.house.counter.pay(basket_id, provider="simulator", token="ok")
        self.order_id = (await self.house.counter.place(basket_id)).basket_id
        async with self.db.transaction() as tx:
            for table in ("sales_order", "sales_order_line"):
                await tx.run(
                    f"UPDATE orders.{table} SET discount_minor = %(off)s, total_minor = total_minor - %(off)s,"
                    " tax_minor = (total_minor - %(off)s) / 6 WHERE order_id = %(id)s", off=discount, id=self.order_id,
                )  # fmt: skip

    async def __call__(self, act, pieces):
        """Whether it was done; what is refused leaves no trace."""
        if act in {"bank_works", "bank_refuses"}:
            await self.bank(works=act == "bank_works")
            return True
        try:
            async with self.db.transaction() as tx:
                await getattr(self, act)(tx, pieces)
        except Refusal:
            return False
        return True

    async def hand_over(self, tx, pieces):
        (work,) = await tx.values("SELECT fulfilment_id FROM orders.fulfilment WHERE state <> 'done'") or (0,)
        for act in (
            Accept(fulfilment_id=work),
            Pick(fulfilment_id=work, picked=(Pieces(1, pieces),)),
            HandOver(fulfilment_id=work, carrier="post"),
        ):
            (answer,) = await run(tx, [act])
            if isinstance(answer, Refusal) and not isinstance(act, Accept):
                raise answer

    async def cancel(self, tx, pieces):
        asked = Cancel(lines=(Fewer(1, pieces),), reason="late")
        await cancel(tx, order_id=self.order_id, asked=asked, actor="test")

    async def cancel_all(self, tx, _):
        await cancel(tx, order_id=self.order_id, asked=Cancel(reason="late"), actor="test")

    async def lines(self, tx, pieces, *, all_of_them=False):
        """So many pieces of the first parcel that has some left."""
        found = await sold(tx, sale_ids=await sales_of_order(tx, order_id=self.order_id))
        left = [(one.sale_id, one.lines[0].left) for one in found.values() if one.lines[0].left]
        left = left if all_of_them else [(sale_id, pieces) for sale_id, _ in left[:1]]
        if not left:
            raise Refusal("Nothing to give back.")
        return tuple(Back(sale_id=id_, line_number=1, quantity=some, reason="size") for id_, some in left)

    async def take_back(self, tx, pieces):
        asked = AtCounter(lines=await self.lines(tx, pieces), location="lyon")
        await returns.at_counter(tx, asked=asked, actor="test")

    async def take_unpaid(self, tx, pieces):
        asked = AtCounter(lines=await self.lines(tx, pieces), location="lyon", refund=None)
        await returns.at_counter(tx, asked=asked, actor="test")

    async def pay(self, tx, _):
        unpaid = "SELECT return_id FROM orders.customer_return WHERE state = 'received' AND refund_minor IS NULL"
        await returns.settle(tx, return_id=(await tx.values(unpaid) or [uuid7()])[0], asked=Settling())

    async def take_all_back(self, tx, _):
        asked = AtCounter(lines=await self.lines(tx, 0, all_of_them=True), location="lyon")
        await returns.at_counter(tx, asked=asked, actor="test")

    async def announce(self, tx, pieces):
        await returns.announce(tx, asked=Announce(lines=await self.lines(tx, pieces)), actor="test")

    async def announced(self, tx):
        return (await tx.values("SELECT return_id FROM orders.customer_return WHERE state = 'announced'") or [uuid7()])[
            0
        ]

    async def pay_ahead(self, tx, _):
        await returns.settle(tx, return_id=await self.announced(tx), asked=Settling(), approved=True)

    async def receive(self, tx, _):
        asked = Receive(location="lyon", state="sellable", refund=Settling())
        await returns.receive(tx, return_id=await self.announced(tx), asked=asked, actor="test")

    async def give_up(self, tx, _):
        await returns.give_up(tx, return_id=await self.announced(tx))

    async def make_good(self, tx, pieces):
        sales = await sales_of_order(tx, order_id=self.order_id)
        if sales:
            asked = Goodwill(amount_minor=pieces * 137, reason="late")
            await goodwill(tx, sale_id=sales[0], asked=asked, actor="test", approved=True)

    async def try_again(self, tx, _):
        await try_again(tx, order_id=self.order_id, actor="test")

    async def bank(self, works=True):
        await perform(self.db, {"simulator": self.simulator if works else Broken()})

    async def right(self):
        """The books agree; no piece and no cent is there twice."""
        async with self.db.reading() as tx:
            assert await inventory.reconcile(tx) == []
            assert await reconcile(tx) == []
            money = (await paid(tx, order_ids=[self.order_id]))[self.order_id]
            stands = await standing(tx, order_id=self.order_id)
            received: int = await tx.value("SELECT coalesce(sum(received), 0)::int FROM orders.customer_return_line")
            revenue = await tx.value("SELECT coalesce(sum(total_minor), 0)::bigint FROM orders.sale")
        assert 0 <= money.refunded_minor <= money.captured_minor <= money.authorised_minor
        assert received <= stands.returned <= stands.handed_over
        assert 0 <= stands.given_minor <= stands.taken_minor and revenue == stands.taken_minor - stands.given_minor
        for one in actions(stands, frozenset({"orders:admin"})):
            assert one.allowed == (one.why == "")
        return money, stands, revenue


acts = st.tuples(
    st.sampled_from(["hand_over", "hand_over", "cancel", "take_back", "announce", "pay_ahead", "receive", "give_up",
                     "make_good", "take_unpaid", "pay", "bank_works", "bank_refuses", "try_again"]),
    st.integers(1, 3),
)  # fmt: skip


@given(
    st.integers(1, 5),
    st.integers(0, 7),
    st.lists(st.lists(acts, min_size=1, max_size=3), min_size=1, max_size=7),
    st.booleans(),
)
@example(3, 2, [[("hand_over", 3)], [("take_back", 1)], [("take_back", 1)]], True)
@example(2, 1, [[("hand_over", 2)], [("make_good", 1)], [("take_back", 1), ("take_back", 1), ("take_back", 1)]], True)
@example(2, 1, [[("hand_over", 1)], [("take_back", 1)], [("cancel", 1)]], False)
@example(1, 0, [[("hand_over", 1)], [("announce", 1)], [("take_unpaid", 1)], [("pay_ahead", 1)]], True)
@example(2, 1, [[("hand_over", 2)], [("bank_refuses", 1)], [("take_back", 1)], [("try_again", 1)]], True)
@settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_piece_twice_and_no_cent_too_much(ground, pieces, discount, turns, works):  # noqa: F811
    shop = Shop(ground)
    await shop.open(pieces, discount)
    for turn in turns:
        # At once: the order and its sales are locked, so they are done one after the other.
        await asyncio.gather(*(shop(act, number) for act, number in turn))
        await shop.right()
    await shop.bank(works)
    await shop.right()

    # In the end nothing is left with the customer, and nothing of her money with us.
    await shop("cancel_all", 0)
    while await shop("pay_ahead", 0) and await shop("receive", 0):
        pass
    while await shop("receive", 0) or await shop("give_up", 0):
        pass
    while await shop("pay", 0):
        pass
    await shop("take_all_back", 0)
    await shop.bank(works)
    await shop.right()
    while await shop("try_again", 0):
        await shop.bank()
    money, stands, revenue = await shop.right()
    assert stands.returned == stands.handed_over and stands.open == 0
    assert revenue == 0 and money.refunded_minor == money.captured_minor
    await shop.house.counter.close()
