"""From a basket to an order: each step can be repeated, nothing is promised twice, nothing is lost half way."""

import asyncio
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from comptoir import catalog, channels, inventory, pricing
from comptoir.kernel import log, time
from comptoir.kernel.db import Database
from comptoir.kernel.errors import Refusal
from comptoir.kernel.ids import uuid7
from comptoir.orders import (
    Address,
    Basket,
    BasketClosed,
    BasketLine,
    Checkout,
    Counter,
    Delivery,
    IncompleteBasket,
    Look,
    Open,
    OutOfStock,
    PaymentRefused,
    PaymentUnclear,
    PlaceOrder,
    SetDelivery,
    SetLine,
    TakeQuote,
    TooManyHeld,
    UnknownBasket,
    hoarding,
    payments,
    reconcile,
)
from comptoir.orders.payments import Simulator
from conftest import drop, recreate, url_of
from reuse import empty

pytestmark = pytest.mark.anyio

HOME = Address(name="Ana", street="1 rue Neuve", postcode="69001", city="Lyon", country="FR")
SHIP = Delivery(method="ship", address=HOME, amount_minor=490)


@pytest.fixture(scope="session")
async def ground(server_url, template, worker_id):
    name = f"checkout_{worker_id}"
    recreate(server_url, name, template)
    async with Database(url_of(server_url, name), size=12) as db:
        async with db.transaction() as tx:
            await log.open_days(tx)
            await channels.add_outlet(tx, outlet=channels.OutletEntry(
                channel="web", code="web", name="Web", country="FR", time_zone="Europe/Paris", currency="EUR"
            ))  # fmt: skip
            await catalog.import_products(tx, [
                catalog.NewProduct(code=sku, name=sku, variants=[catalog.NewVariant(sku=sku)])
                for sku in ("shirt", "bag", "shoe")
            ])  # fmt: skip
            await inventory.record_locations(tx, [
                inventory.LocationEntry(code=code, kind="shop", name=code, methods=["ship", "collect", "transfer"])
                for code in ("north", "south")
            ])  # fmt: skip
            await pricing.set_price_list(tx, code="shop", entry=pricing.PriceListEntry(name="Shop", currency="EUR"))
            prices = [pricing.NewPrice(sku=sku, amount_minor=1000) for sku in ("shirt", "bag", "shoe")]
            await pricing.import_prices(tx, code="shop", prices=prices)
        yield db
    drop(server_url, name)


class House:
    """A counter, and what the tests ask again and again."""

    def __init__(self, db):
        self.db = db
        self.simulator = Simulator(late=0.01)
        self.counter = Counter(db, inventory.Desk(db), [self.simulator])

    async def stock(self, **units):
        """`north_shirt=3`: so many lie there now."""
        async with self.db.transaction() as tx:
            places = {one.code: one.location_id for one in await inventory.locations(tx)}
            self.variants = {
                sku: one.variant_id
                for sku, one in (await catalog.variants_by_sku(tx, ["shirt", "bag", "shoe"])).items()
            }
            await inventory.post(tx, [
                inventory.Move(variant_id=self.variants[name.partition("_")[2]], quantity=quantity, is_fact=True,
                               from_location_id=inventory.SUPPLIER, to_location_id=places[name.partition("_")[0]])
                for name, quantity in units.items()
            ])  # fmt: skip

    async def basket(self, delivery=SHIP, **lines) -> UUID:
        basket = Basket(basket_id=uuid7(), outlet_id=1, channel="web", currency="EUR")
        await self.counter(Open(basket))
        for number, (sku, quantity) in enumerate(lines.items(), 1):
            await self.line(basket.basket_id, number, sku, quantity)
        if delivery:
            await self.counter(SetDelivery(basket.basket_id, delivery))
        return basket.basket_id

    async def line(self, basket_id, number, sku, quantity):
        return await self.counter(SetLine(basket_id, BasketLine(number, self.variants[sku], sku, quantity)))

    async def buy(self, **lines):
        return await self.pay(await self.basket(**lines))

    async def pay(self, basket_id):
        """The basket becomes an order."""
        await self.counter(TakeQuote(basket_id))
        await self.counter.pay(basket_id, provider="simulator", token="ok")
        return await self.counter.place(basket_id)

    async def bank(self):
        """What payment providers are to do is done."""
        await payments.perform(self.db, {"simulator": self.simulator})

    async def balances(self):
        async with self.db.reading() as tx:
            return {
                (location, variant): tuple(numbers)
                for location, variant, *numbers in await tx.tuples(
                    "SELECT location, variant_id, sellable, held, allocated FROM inventory.v_balance"
                )
            }

    async def right(self):
        """The books agree, and what is open in the order book is what is allocated."""
        async with self.db.reading() as tx:
            assert await inventory.reconcile(tx) == []
            assert await reconcile(tx) == []
            assert await tx.value(ORDERS_AND_FACTS)


ORDERS_AND_FACTS = """
    SELECT (SELECT count(*) FROM orders.sales_order)
         = (SELECT count(*) FROM kernel.event WHERE kind = 'orders.order_placed')
       AND (SELECT count(*) FROM orders.sales_order) = (SELECT count(*) FROM orders.basket WHERE state = 'ordered')
"""


@pytest.fixture
async def house(ground):
    async with ground.transaction() as tx:
        await empty(
            tx,
            "orders.waiting, inventory.balance, inventory.promise, inventory.entry, inventory.shortage, kernel.event,"
            " orders.basket, orders.sales_order, orders.sales_order_line, orders.fulfilment,"
            " orders.fulfilment_line, orders.payment, orders.payment_act, orders.fulfilment_act, orders.parcel,"
            " orders.task, orders.sale, orders.sale_line, orders.discount, orders.tender",
        )
        await tx.run("UPDATE kernel.clock SET shift = '0'")
    made = House(ground)
    yield made
    await made.counter.close()


async def test_six_steps_make_an_order(house):
    await house.stock(north_shirt=3)
    ordered = await house.buy(shirt=2)
    assert ordered.state == "ordered" and ordered.order_number > 100_000
    assert ordered.quote.total_minor == 2490
    assert house.simulator.authorised[f"{ordered.basket_id}-0-2490"].amount_minor == 2490
    assert list((await house.balances()).values()) == [(3, 0, 2)]
    await house.right()


@pytest.mark.parametrize(("at", "tax"), [("north", 167), ("geneva", 75)])
async def test_what_is_collected_is_taxed_where_that_is_and_never_by_an_address(house, at, tax):
    """A device could choose the country of the tax, or none."""
    rates = [pricing.TaxRate(country=code, rate_millionths=rate)
             for code, rate in (("FR", 200_000), ("CH", 81_000), ("US", 1))]  # fmt: skip
    there = inventory.LocationEntry(code="geneva", kind="warehouse", name="G", country="CH", methods=["collect"])
    async with house.db.transaction() as tx:
        await pricing.set_tax_rates(tx, rates=rates)
        await inventory.record_locations(tx, [there])
    try:
        await house.stock(**{f"{at}_shirt": 2})
        away = Address(name="x", street="x", postcode="", city="", country="US")
        for address in (None, away):
            basket_id = await house.basket(delivery=Delivery(method="collect", location=at, address=address), shirt=1)
            quoted = await house.counter(TakeQuote(basket_id))
            assert (quoted.quote.tax_minor, quoted.quote.total_minor) == (tax, 1000)
    finally:
        async with house.db.transaction() as tx:
            await tx.run("DELETE FROM pricing.tax_rate")
            await inventory.record_locations(tx, [msgspec.structs.replace(there, active=False)])


async def test_every_step_again_changes_nothing(house):
    await house.stock(north_shirt=3)
    basket_id = await house.basket(shirt=2)
    for _ in range(2):
        await house.line(basket_id, 1, "shirt", 2)
        await house.counter(SetDelivery(basket_id, SHIP))
        quoted = await house.counter(TakeQuote(basket_id))
    assert list((await house.balances()).values()) == [(3, 2, 0)]
    for _ in range(2):
        await house.counter.pay(basket_id, provider="simulator", token="ok")
    first, second = await house.counter.place(basket_id), await house.counter.place(basket_id)
    assert first == second and first.quote == quoted.quote
    assert len(house.simulator.authorised) == 1
    await house.right()


async def test_a_double_click_in_one_batch_is_one_order(house):
    await house.stock(north_shirt=3)
    basket_id = await house.basket(shirt=1)
    await house.counter(TakeQuote(basket_id))
    await house.counter.pay(basket_id, provider="simulator", token="ok")
    async with house.db.transaction() as tx:
        batch = Checkout(await house.counter.desk.places(tx))
        first, second = await batch.run(tx, [PlaceOrder(basket_id), PlaceOrder(basket_id)])
    assert first == second and first.order_number
    await house.right()


async def test_what_is_missing_is_told(house):
    await house.stock(north_shirt=3)
    with pytest.raises(UnknownBasket):
        await house.counter(Look(uuid7()))
    basket_id = await house.basket(delivery=None)
    with pytest.raises(IncompleteBasket) as refused:
        await house.counter(TakeQuote(basket_id))
    assert refused.value.data["missing"] == ["lines", "delivery"]
    await house.line(basket_id, 1, "shirt", 1)
    await house.counter(SetDelivery(basket_id, Delivery(method="collect")))
    with pytest.raises(IncompleteBasket, match="location"):
        await house.counter(TakeQuote(basket_id))
    await house.counter(SetDelivery(basket_id, SHIP))
    await house.counter(TakeQuote(basket_id))
    with pytest.raises(IncompleteBasket, match="paid"):
        await house.counter.place(basket_id)


async def test_a_changed_basket_must_be_quoted_and_paid_anew(house):
    await house.stock(north_shirt=5)
    basket_id = await house.basket(shirt=1)
    await house.counter(TakeQuote(basket_id))
    await house.counter.pay(basket_id, provider="simulator", token="ok")
    await house.line(basket_id, 1, "shirt", 4)
    with pytest.raises(IncompleteBasket):
        await house.counter.place(basket_id)
    again = await house.counter(TakeQuote(basket_id))
    assert again.quote.total_minor == 4490 and again.payment is None
    assert list((await house.balances()).values()) == [(5, 4, 0)]


async def test_an_order_cannot_be_changed_like_a_basket(house):
    await house.stock(north_shirt=3)
    ordered = await house.buy(shirt=1)
    with pytest.raises(BasketClosed):
        await house.line(ordered.basket_id, 1, "shirt", 2)


async def test_the_goods_come_from_one_location_if_one_has_all_else_from_few(house):
    await house.stock(north_shirt=5, south_shirt=1, south_bag=2)
    one = await house.counter(TakeQuote(await house.basket(shirt=1, bag=1)))
    assert len({part.location_id for part in one.parts}) == 1
    two = await house.counter(TakeQuote(await house.basket(shirt=4, bag=1)))
    assert {(part.line, part.quantity) for part in two.parts} == {(1, 4), (2, 1)}
    with pytest.raises(OutOfStock) as refused:
        await house.counter(TakeQuote(await house.basket(shirt=9, bag=1)))
    assert refused.value.data["missing"][0]["line"] == 1
    await house.right()


async def test_collected_where_the_customer_says(house):
    """What lies there, or is sent there from where it lies."""
    await house.stock(north_shirt=5)
    at_south = Delivery(method="collect", location="south")
    sent = await house.counter(TakeQuote(await house.basket(at_south, shirt=1)))
    assert [part.quantity for part in sent.parts] == [1]
    with pytest.raises(OutOfStock):
        await house.counter(TakeQuote(await house.basket(at_south, shirt=6)))
    held = await house.counter(TakeQuote(await house.basket(Delivery(method="collect", location="north"), shirt=1)))
    assert held.quote.total_minor == 1000


@pytest.mark.parametrize(("token", "refusal"), [("refuse", PaymentRefused), ("timeout", PaymentUnclear)])
async def test_a_payment_that_fails_leaves_the_basket_as_it_was(house, token, refusal):
    await house.stock(north_shirt=1)
    basket_id = await house.basket(shirt=1)
    await house.counter(TakeQuote(basket_id))
    with pytest.raises(refusal):
        await house.counter.pay(basket_id, provider="simulator", token=token)
    await house.counter.pay(basket_id, provider="simulator", token="late")
    assert (await house.counter.place(basket_id)).state == "ordered"
    await house.right()


async def test_an_answer_of_the_bank_that_was_lost_is_found_when_she_pays_again(house):
    """Medusa #13301: the money was kept ready, and one order in twenty was never made."""

    class Cut(Simulator):
        cuts = 1

        async def authorise(self, **asked):
            done = await super().authorise(**asked)
            self.cuts -= 1
            if self.cuts >= 0:
                raise PaymentUnclear
            return done

    await house.stock(north_shirt=1)
    bank = house.simulator = house.counter._providers["simulator"] = Cut()
    basket_id = await house.basket(shirt=1)
    await house.counter(TakeQuote(basket_id))
    with pytest.raises(PaymentUnclear):
        await house.counter.pay(basket_id, provider="simulator", token="ok")
    for _ in range(2):
        await house.counter.pay(basket_id, provider="simulator", token="ok")
    assert (await house.counter.place(basket_id)).state == "ordered"
    await house.bank()
    assert (len(bank.authorised), bank.voided) == (1, set())
    await house.right()


async def test_of_forty_buyers_of_seven_exactly_seven_get_one(house):
    await house.stock(north_shirt=4, south_shirt=3)
    answers = await asyncio.gather(*(house.buy(shirt=1) for _ in range(40)), return_exceptions=True)
    assert all(isinstance(one, Basket | Refusal) for one in answers)
    assert sum(isinstance(one, Basket) for one in answers) == 7
    assert sorted((await house.balances()).values()) == [(3, 0, 3), (4, 0, 4)]
    await house.right()


async def test_a_bot_keeps_goods_in_so_many_baskets_and_takes_no_more_from_others(house):
    """CoreShop #820. Its device is known, or its customer; who orders or lets go may go on."""
    await house.stock(north_shirt=99)

    async def begun(**whose):
        basket = Basket(basket_id=uuid7(), outlet_id=1, channel="web", currency="EUR", delivery=SHIP, **whose)
        line = BasketLine(1, house.variants["shirt"], "shirt", 1)
        return (await house.counter(Open(msgspec.structs.replace(basket, lines=(line,))))).basket_id

    async def quoted(baskets):
        made = await asyncio.gather(*(house.counter(TakeQuote(one)) for one in baskets), return_exceptions=True)
        assert {type(one) for one in made} <= {Basket, TooManyHeld}
        return [one for one, answer in zip(baskets, made, strict=True) if isinstance(answer, Basket)]

    for whose in ({"device": "bot"}, {"node_id": 7}):
        many = [await begun(**whose) for _ in range(hoarding.MOST + 5)]
        kept = await quoted(many)
        assert len(kept) == hoarding.MOST
        assert await quoted(kept) == kept, "what is held already asks for nothing new"
        (late, *rest) = [one for one in many if one not in kept]
        assert await quoted([late]) == []
        assert len(await quoted([await begun(device="somebody else's"), await begun()])) == 2
        await house.line(kept[0], 1, "shirt", 0)  # emptied
        assert await quoted([late]) == [late]
        await house.counter.pay(late, provider="simulator", token="ok")
        await house.counter.place(late)
        assert await quoted(rest[:2]) == rest[:1], "what is ordered is kept no more"
    await house.right()


async def test_two_devices_at_one_basket(house):
    await house.stock(north_shirt=50, north_bag=50, north_shoe=50)
    basket_id = await house.basket(shirt=1)
    skus = ["shirt", "bag", "shoe"]
    await asyncio.gather(
        *(house.line(basket_id, 1 + n % 3, skus[n % 3], 1 + n // 3) for n in range(12)),
        *(house.counter(TakeQuote(basket_id)) for _ in range(4)),
    )
    basket = await house.counter(TakeQuote(basket_id))
    assert {one.sku for one in basket.lines} == set(skus)
    assert sum(held for _, held, _ in (await house.balances()).values()) == sum(one.quantity for one in basket.lines)
    await house.right()


async def limited(house, **entry):
    """A promotion that only so many baskets may have."""
    async with house.db.transaction() as tx:
        await tx.run("TRUNCATE pricing.promotion CASCADE")
        await pricing.set_promotion(tx, code="first", entry=pricing.PromotionEntry(
            name="A tenth off", scope="line", benefit=pricing.Percent(basis_points=1_000), **entry
        ))  # fmt: skip


async def test_of_ten_buyers_exactly_three_get_what_three_may_have(house):
    await house.stock(north_shirt=50)
    await limited(house, max_uses=3)
    bought = await asyncio.gather(*(house.buy(shirt=1) for _ in range(10)))
    assert sorted(one.quote.total_minor for one in bought) == [1390] * 3 + [1490] * 7
    await limited(house)
    await house.right()


async def test_who_pays_too_late_gets_neither_goods_nor_promotion_and_is_not_charged(house):
    await house.stock(north_shirt=1)
    await limited(house, max_uses=1)
    basket_id = await house.basket(shirt=1)
    await house.counter(TakeQuote(basket_id))
    await house.counter.pay(basket_id, provider="simulator", token="ok")
    async with house.db.transaction() as tx:
        await time.advance(tx, by=timedelta(hours=1))
    other = await house.buy(shirt=1)  # what the first has let lapse helps the second
    assert other.quote.total_minor == 1390
    with pytest.raises(Refusal):
        await house.counter.place(basket_id)
    await house.bank()
    assert house.simulator.voided
    with pytest.raises(IncompleteBasket):  # what was let go pays for nothing
        await house.counter.place(basket_id)
    async with house.db.reading() as tx:
        assert await tx.value("SELECT sum(used) FROM pricing.allowance") == 1
    await house.stock(north_shirt=1)
    again = await house.counter(TakeQuote(basket_id))
    assert again.quote.total_minor == 1490
    await house.counter.pay(basket_id, provider="simulator", token="ok")
    assert (await house.counter.place(basket_id)).payment.authorisation not in house.simulator.voided
    await limited(house)
    await house.right()
