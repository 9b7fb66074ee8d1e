"""A basket's life: it comes to a person, to another outlet, into another basket; nothing is lost, nothing doubled."""

import asyncio
from collections import Counter
from datetime import timedelta
from random import Random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comptoir import catalog, channels, identity, inventory, orders
from comptoir.kernel import time
from comptoir.kernel.auth import Actor
from comptoir.kernel.errors import Refusal
from comptoir.kernel.ids import uuid7
from comptoir.orders import (
    Basket,
    BasketLine,
    BasketMerged,
    BasketOfAnother,
    Delivery,
    IncompleteBasket,
    Look,
    MistypedClaimCode,
    OfferClaim,
    OutOfStock,
    Part,
    PlaceOrder,
    SetCoupons,
    SetDelivery,
    SetLine,
    SetPayment,
    TakeQuote,
    UnknownClaimCode,
    claim_codes,
    handover,
)
from comptoir.orders.baskets import ClaimCode, parts_wanted, unquoted
from comptoir.orders.payments import Simulator
from comptoir.pricing import TooManyGuesses
from conftest import examples
from orders.test_checkout import SHIP, House, ground, house  # noqa: F401  fixtures
from reuse import empty

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shops(house):  # noqa: F811
    """The web shop (euro), a till (euro) and a till in Zurich (francs)."""
    async with house.db.transaction() as tx:
        await channels.record_outlets(tx, outlets=[
            channels.OutletEntry(channel=channel, code=code, name=code, country=country, time_zone="Europe/Paris",
                                 currency=currency)
            for code, channel, country, currency in (
                ("till", "shop", "FR", "EUR"), ("phone", "phone", "FR", "EUR"), ("zurich", "shop", "CH", "CHF"),
            )
        ])  # fmt: skip
        await tx.run("DELETE FROM pricing.guess")
    return house


async def person(at, email):
    async with at.db.transaction() as tx:
        cleaner = await identity.Cleaner.load(tx)
        found = cleaner.one("email", email, "FR")
        await identity.resolve(tx, [identity.Observation(identifiers=(found,), at=tx.now, source_id=None, trust=1.0)])
        return await identity.lookup(tx, identifier=found)


async def offer(at, basket_id, by=None):
    async with at.db.reading() as tx:
        until = tx.now + timedelta(seconds=claim_codes.SECONDS)
    code = claim_codes.make()
    await at.counter(OfferClaim(basket_id, ClaimCode(claim_codes.digest(code), until), by=by))
    return code


async def held(at):
    """By basket: what the stock holds for it."""
    async with at.db.reading() as tx:
        found = await tx.tuples(
            "SELECT reference, sum(quantity)::int FROM inventory.promise WHERE expires_at IS NOT NULL GROUP BY 1"
        )
    return dict(found)


async def told(at, kind):
    async with at.db.reading() as tx:
        bodies = await tx.values("SELECT body FROM kernel.event WHERE kind = %(kind)s ORDER BY position", kind=kind)
    return [msgspec.json.decode(one) for one in bodies]


def pieces(basket):
    found = Counter()
    for one in basket.lines:
        found[one.sku] += one.quantity
    return dict(found)


# ---- claim codes


async def test_a_web_basket_goes_on_at_the_till_with_what_it_holds(shops):
    await shops.stock(north_shirt=3)
    basket_id = await shops.basket(shirt=2)
    await shops.counter(TakeQuote(basket_id))
    till = await shops.counter.outlet("till")
    claimed = await shops.counter.claim(await offer(shops, basket_id), till)
    assert (claimed.basket_id, claimed.outlet, claimed.channel) == (basket_id, "till", "shop")
    assert claimed.quote is None and claimed.parts and claimed.outlets == (1,)
    assert await held(shops) == {str(basket_id): 2}
    again = await shops.counter(TakeQuote(basket_id))
    assert await held(shops) == {str(basket_id): 2} and again.quote
    await shops.counter.pay(basket_id, provider="simulator", token="ok")
    assert (await shops.counter.place(basket_id)).state == "ordered"
    await shops.right()
    (fact,) = await told(shops, "orders.basket_handed_over")
    assert (fact["how"], fact["from_outlet_id"], fact["outlet_id"]) == ("claim", 1, till.outlet_id)


async def test_at_the_same_outlet_on_another_device_the_prices_stand(shops):
    await shops.stock(north_shirt=3)
    basket_id = await shops.basket(shirt=2)
    quoted = await shops.counter(TakeQuote(basket_id))
    claimed = await shops.counter.claim(await offer(shops, basket_id), await shops.counter.outlet("web"))
    assert claimed.quote == quoted.quote and claimed.claim is None


async def test_where_another_currency_is_paid_the_basket_takes_it(shops):
    await shops.stock(north_shirt=3)
    basket_id = await shops.basket(shirt=1)
    await shops.counter(TakeQuote(basket_id))
    claimed = await shops.counter.claim(await offer(shops, basket_id), await shops.counter.outlet("zurich"))
    assert (claimed.currency, claimed.quote, pieces(claimed)) == ("CHF", None, {"shirt": 1})
    with pytest.raises(Refusal):  # no list has prices in francs
        await shops.counter(TakeQuote(basket_id))


async def test_a_code_is_good_once_and_for_a_quarter_of_an_hour(shops):
    basket_id = await shops.basket(delivery=None)
    till = await shops.counter.outlet("till")
    first, second = await offer(shops, basket_id), await offer(shops, basket_id)
    with pytest.raises(UnknownClaimCode):
        await shops.counter.claim(first, till)  # the second has ended it
    await shops.counter.claim(second.lower().replace("0", "o"), till)
    with pytest.raises(UnknownClaimCode):
        await shops.counter.claim(second, till)
    third = await offer(shops, basket_id)
    async with shops.db.transaction() as tx:
        await time.advance(tx, by=timedelta(minutes=16))
    with pytest.raises(UnknownClaimCode):
        await shops.counter.claim(third, till)


async def test_a_code_used_by_forty_tills_at_the_same_moment_is_used_once(shops):
    basket_id = await shops.basket(delivery=None)
    code, till = await offer(shops, basket_id), await shops.counter.outlet("till")
    other = House(shops.db)  # another server process
    by = [Actor(kind="key", id=uuid7(), name=str(n), outlets=frozenset({till.outlet_id})) for n in range(40)]
    answers = await asyncio.gather(
        *((shops, other)[n % 2].counter.claim(code, till, by=by[n]) for n in range(40)), return_exceptions=True
    )
    await other.counter.close()
    assert sum(isinstance(one, Basket) for one in answers) == 1
    assert sum(isinstance(one, UnknownClaimCode) for one in answers) == 39
    assert len(await told(shops, "orders.basket_handed_over")) == 1


async def test_whoever_guesses_codes_is_stopped_and_slips_of_the_tongue_do_not_count(shops):
    basket_id, till = await shops.basket(delivery=None), await shops.counter.outlet("till")
    code = await offer(shops, basket_id)
    for _ in range(30):
        with pytest.raises(MistypedClaimCode):
            await shops.counter.claim("1234-5678", till)
    for _ in range(20):
        with pytest.raises(UnknownClaimCode):
            await shops.counter.claim(claim_codes.make(), till)
    with pytest.raises(TooManyGuesses):
        await shops.counter.claim(code, till)


async def test_only_a_digest_of_the_code_is_kept(shops):
    basket_id = await shops.basket(delivery=None)
    code = await offer(shops, basket_id)
    async with shops.db.reading() as tx:
        body = await tx.value("SELECT body FROM orders.basket")
    assert code not in body and str(claim_codes.digest(code)) in body


@given(st.integers(0, 6), st.sampled_from(claim_codes.SIGNS))
def test_one_wrong_sign_is_noticed(place, sign):
    code = claim_codes.make()
    wrong = code[:place] + sign + code[place + 1 :]
    if wrong != code:
        with pytest.raises(MistypedClaimCode):
            claim_codes.digest(wrong)
    assert claim_codes.digest(claim_codes.shown(code)) == claim_codes.digest(f" {code.lower()} ")


# ---- what is not sold there


@pytest.mark.parametrize("how", ["claim", "merge"])
async def test_what_is_not_sold_where_a_basket_comes_is_told_with_its_quote_and_can_be_mended(shops, how):
    await shops.stock(north_shirt=9, north_bag=9, north_shoe=9)
    till = await shops.counter.outlet("till")
    basket_id = await shops.basket(shirt=1, bag=1, shoe=1)
    await shops.counter(TakeQuote(basket_id))
    try:
        async with shops.db.transaction() as tx:
            await catalog.set_assortment(tx, [catalog.NewAssorted(sku="bag")], outlet="till")
        if how == "claim":
            await shops.counter.claim(await offer(shops, basket_id), till)
        else:
            there = Basket(basket_id=uuid7(), outlet_id=till.outlet_id, outlet="till", channel="shop", currency="EUR",
                           delivery=SHIP)  # fmt: skip
            await shops.counter(orders.Open(there))
            await shops.counter.merge(there.basket_id, basket_id, rule="max")
            basket_id = there.basket_id
        with pytest.raises(catalog.NotSold) as refused:
            await shops.counter(TakeQuote(basket_id))
        assert (refused.value.data["skus"], refused.value.data["lines"]) == (["shirt", "shoe"], [1, 3])
        assert {"web", "phone"} <= set(refused.value.data["sold_at"])
        await shops.line(basket_id, 1, "shirt", 0)
        async with shops.db.transaction() as tx:
            await catalog.set_assortment(tx, [catalog.NewAssorted(sku="shoe")], outlet="till")
        assert pieces(await shops.counter(TakeQuote(basket_id))) == {"bag": 1, "shoe": 1}
    finally:
        async with shops.db.transaction() as tx:
            await catalog.drop_assortment(tx, outlet="till")
    await shops.pay(basket_id)
    await shops.right()


# ---- a person


async def test_the_basket_of_a_device_becomes_the_persons_and_takes_in_her_other_one(shops):
    await shops.stock(north_shirt=9, south_bag=9)
    ana = await person(shops, "ana@example.org")
    old = await shops.basket(shirt=2)
    await shops.counter.hand_to(old, ana, how="signed_in")
    await shops.counter(TakeQuote(old))
    new = await shops.basket(shirt=1, bag=1)
    await shops.counter(TakeQuote(new))
    merged = await shops.counter.hand_to(new, ana, how="signed_in")
    assert pieces(merged) == {"shirt": 2, "bag": 1} and merged.node_id == ana.person_id and merged.quote is None
    assert await held(shops) == {str(new): 3}
    with pytest.raises(BasketMerged) as refused:
        await shops.line(old, 1, "shirt", 5)
    assert refused.value.data == {"into": str(new)}
    assert (await shops.counter(Look(old))).lines == ()
    assert await shops.counter.hand_to(new, ana, how="signed_in") == merged
    async with shops.db.reading() as tx:
        assert await inventory.reconcile(tx) == []


async def test_a_basket_of_one_person_is_not_given_to_another(shops):
    ana, ben = await person(shops, "ana@example.org"), await person(shops, "ben@example.org")
    basket_id = await shops.basket(shirt=1) if await shops.stock(north_shirt=1) is None else None
    await shops.counter.hand_to(basket_id, ana, how="signed_in")
    with pytest.raises(BasketOfAnother):
        await shops.counter.hand_to(basket_id, ben, how="consent")
    other = await shops.basket(delivery=None)
    await shops.counter.hand_to(other, ben, how="consent")
    with pytest.raises(BasketOfAnother):
        await shops.counter.merge(basket_id, other, rule="sum")


@pytest.mark.parametrize(("rule", "shirts"), [("max", 4), ("sum", 24)])
async def test_twelve_devices_recognised_at_once_leave_one_basket_with_all(shops, rule, shirts):
    await shops.stock(north_shirt=60, south_bag=60)
    ana = await person(shops, "ana@example.org")
    ids = [await shops.basket(shirt=1 + n % 3 if n else 4, bag=1) for n in range(12)]
    wanted = sum(1 + n % 3 if n else 4 for n in range(12))
    await asyncio.gather(*(shops.counter(TakeQuote(one)) for one in ids))
    other = House(shops.db)
    answers = await asyncio.gather(
        *((shops, other)[n % 2].counter.hand_to(one, ana, how="signed_in", merge=rule) for n, one in enumerate(ids)),
        return_exceptions=True,
    )
    await other.counter.close()
    assert all(isinstance(one, Basket | BasketMerged) for one in answers), answers
    async with shops.db.reading() as tx:
        (left,) = await orders.live_baskets(tx, nodes=[one.node_id for one in ana.nodes])
        assert await inventory.reconcile(tx) == []
    assert pieces(left) == {"shirt": 4 if rule == "max" else wanted, "bag": 1 if rule == "max" else 12}
    assert await held(shops) == {str(left.basket_id): sum(one.quantity for one in left.parts)}


# ---- paying meanwhile


class Slow(Simulator):
    """A bank that answers when it is told to."""

    def __init__(self):
        super().__init__()
        self.asked, self.answer = asyncio.Event(), asyncio.Event()

    async def authorise(self, **asked):
        self.asked.set()
        await self.answer.wait()
        return await super().authorise(**asked)


async def test_a_basket_handed_over_while_it_is_paid_is_paid_anew_and_the_first_payment_let_go(shops):
    await shops.stock(north_shirt=3)
    ana = await person(shops, "ana@example.org")
    basket_id = await shops.basket(shirt=1)
    await shops.counter(TakeQuote(basket_id))
    bank = Slow()
    shops.counter._providers["simulator"] = bank
    paying = asyncio.create_task(shops.counter.pay(basket_id, provider="simulator", token="ok"))
    await bank.asked.wait()
    await shops.counter.hand_to(basket_id, ana, how="signed_in")
    bank.answer.set()
    with pytest.raises(IncompleteBasket):
        await paying
    shops.simulator = bank
    await shops.bank()
    (first,) = (one.authorisation for one in shops.simulator.authorised.values())
    assert shops.simulator.voided == {first}
    await shops.counter(TakeQuote(basket_id))
    paid = await shops.counter.pay(basket_id, provider="simulator", token="ok")
    assert paid.payment.authorisation != first
    await shops.counter.place(basket_id)
    await shops.bank()
    assert shops.simulator.voided == {first}


@pytest.mark.parametrize("change", ["line", "delivery", "coupons", "claim", "merge", "abandon"])
async def test_whatever_makes_a_payment_void_lets_it_go_with_the_same_commit(shops, change):
    await shops.stock(north_shirt=9)
    basket_id = await shops.basket(shirt=1)
    await shops.counter(TakeQuote(basket_id))
    paid = await shops.counter.pay(basket_id, provider="simulator", token="ok")
    match change:
        case "line":
            await shops.line(basket_id, 1, "shirt", 2)
        case "delivery":
            await shops.counter(SetDelivery(basket_id, Delivery(method="collect", location="north")))
        case "coupons":
            await shops.counter(SetCoupons(basket_id, ("X",)))
        case "claim":
            await shops.counter.claim(await offer(shops, basket_id), await shops.counter.outlet("till"))
        case "merge":
            await shops.counter.merge(await shops.basket(shirt=1), basket_id, rule="sum")
        case _:
            await quiet(shops)
    async with shops.db.reading() as tx:
        (due,) = await orders.payments.attempts(tx, order_id=basket_id)
    assert (due.kind, due.authorisation, due.state) == ("void", paid.payment.authorisation, "due")
    await shops.bank()
    assert shops.simulator.voided == {paid.payment.authorisation}


async def test_a_payment_that_was_let_go_never_comes_back(shops):
    """The answer for the first attempt arrives a second time, when the basket costs the same again."""
    await shops.stock(north_shirt=3)
    basket_id = await shops.basket(shirt=1)
    await shops.counter(TakeQuote(basket_id))
    old = (await shops.counter.pay(basket_id, provider="simulator", token="ok")).payment
    await shops.line(basket_id, 1, "shirt", 2)
    await shops.line(basket_id, 1, "shirt", 1)
    await shops.counter(TakeQuote(basket_id))
    late = await shops.counter(SetPayment(basket_id, old, 0))
    assert late.payment is None
    with pytest.raises(IncompleteBasket):
        await shops.counter(PlaceOrder(basket_id))


# ---- holds


async def test_what_is_held_follows_the_lines_and_is_prolonged_by_whoever_is_busy(shops):
    await shops.stock(north_shirt=3, north_bag=3)
    basket_id = await shops.basket(shirt=2, bag=1)
    first = await shops.counter(TakeQuote(basket_id))
    fewer = await shops.line(basket_id, 1, "shirt", 1)
    assert await held(shops) == {str(basket_id): 2} and fewer.held_until
    more = await shops.line(basket_id, 1, "shirt", 3)
    assert await held(shops) == {str(basket_id): 2} and len(more.parts) == 2
    async with shops.db.transaction() as tx:
        await time.advance(tx, by=timedelta(minutes=10))
    busy = await shops.line(basket_id, 2, "bag", 2)
    assert busy.held_until > first.held_until
    async with shops.db.reading() as tx:
        assert set(await tx.values("SELECT expires_at FROM inventory.promise")) == {busy.held_until}
    async with shops.db.transaction() as tx:
        await time.advance(tx, by=timedelta(minutes=10))
    assert await inventory.expire(shops.db) == 0
    assert await held(shops) == {str(basket_id): 2}
    await shops.line(basket_id, 1, "shirt", 0)
    empty = await shops.line(basket_id, 2, "bag", 0)
    assert await held(shops) == {} and empty.held_until is None
    await shops.right()


async def test_whoever_is_busy_for_an_hour_keeps_goods_from_nobody_after_it(shops):
    """Whatever is done with the basket prolongs what it holds, up to an end; then whoever comes first has it."""
    await shops.stock(north_shirt=1)
    basket_id, other = await shops.basket(shirt=1), await shops.basket(shirt=1)
    await shops.counter(TakeQuote(basket_id))
    for turn in range(1, 10):
        async with shops.db.transaction() as tx:
            await time.advance(tx, by=timedelta(minutes=6))
        await (shops.counter(TakeQuote(basket_id)) if turn % 2 else shops.counter(SetCoupons(basket_id, (str(turn),))))
        with pytest.raises(OutOfStock):
            await shops.counter(TakeQuote(other))
    async with shops.db.transaction() as tx:
        await time.advance(tx, by=timedelta(minutes=6))
    assert (await shops.counter(TakeQuote(other))).held_until
    assert (await shops.counter(SetCoupons(basket_id, ("X",)))).held_until is None
    with pytest.raises(OutOfStock):
        await shops.counter(TakeQuote(basket_id))
    await shops.right()


async def test_a_hold_that_went_to_somebody_else_is_told(shops):
    await shops.stock(north_shirt=1)
    basket_id = await shops.basket(shirt=1)
    await shops.counter(TakeQuote(basket_id))
    async with shops.db.transaction() as tx:
        await time.advance(tx, by=timedelta(minutes=20))
    await shops.buy(shirt=1)
    assert (await shops.counter(SetCoupons(basket_id, ("X",)))).held_until is None
    await shops.right()


# ---- abandoned


async def quiet(at, minutes=90):
    async with at.db.transaction() as tx:
        await time.advance(tx, by=timedelta(minutes=minutes))
    return await orders.abandon(at.db, quiet=timedelta(minutes=60))


async def test_a_basket_that_cannot_be_let_go_holds_up_no_other(shops):
    await shops.stock(north_shirt=3, north_bag=3)
    for article in ("bag", "shirt", "bag", "shirt"):
        await shops.counter(TakeQuote(await shops.basket(**{article: 1})))
    bag = shops.variants["bag"]
    for held_now, let_go in ((0, 2), (2, 2)):
        async with shops.db.transaction() as tx:
            await tx.run("UPDATE inventory.balance SET held = %(n)s WHERE variant_id = %(bag)s", n=held_now, bag=bag)
        assert await quiet(shops) == let_go
    assert await held(shops) == {}
    await shops.right()


async def test_what_nobody_comes_back_to_is_let_go_and_told_once(shops):
    await shops.stock(north_shirt=3)
    basket_id, empty = await shops.basket(shirt=2), await shops.basket(delivery=None)
    quoted = await shops.counter(TakeQuote(basket_id))
    assert await quiet(shops) == 2 and await quiet(shops, 0) == 0
    assert await held(shops) == {}
    left = await shops.counter(Look(basket_id))
    assert (left.state, left.quote, left.parts, pieces(left)) == ("abandoned", None, (), {"shirt": 2})
    (fact,) = await told(shops, "orders.basket_abandoned")
    assert (fact["basket_id"], fact["units"], fact["total_minor"]) == (str(basket_id), 2, quoted.quote.total_minor)
    assert (await shops.counter(Look(empty))).state == "abandoned"
    back = await shops.counter(TakeQuote(basket_id))
    assert back.state == "open" and await held(shops) == {str(basket_id): 2}
    assert await quiet(shops) == 1
    assert len(await told(shops, "orders.basket_abandoned")) == 2
    await shops.right()


async def test_whoever_is_busy_is_not_abandoned(shops):
    basket_id = await shops.basket(delivery=None)
    async with shops.db.transaction() as tx:
        await time.advance(tx, by=timedelta(minutes=59))
    await shops.counter(SetDelivery(basket_id, SHIP))
    assert await quiet(shops, 30) == 0


async def test_two_sweepers_and_a_shopper_at_once(shops):
    await shops.stock(north_shirt=60)
    ids = [await shops.basket(shirt=1) for _ in range(30)]
    await asyncio.gather(*(shops.counter(TakeQuote(one)) for one in ids))
    async with shops.db.transaction() as tx:
        await time.advance(tx, by=timedelta(minutes=90))
    await asyncio.gather(quiet(shops, 0), quiet(shops, 0), *(shops.line(one, 1, "shirt", 2) for one in ids[::3]))
    async with shops.db.reading() as tx:
        assert await inventory.reconcile(tx) == []
    facts = [one["basket_id"] for one in await told(shops, "orders.basket_abandoned")]
    assert len(facts) == len(set(facts))
    for one in ids[::3]:
        assert (await shops.counter(Look(one))).state == "open"


async def test_old_baskets_are_forgotten_and_orders_stay(shops):
    await shops.stock(north_shirt=3)
    ordered, left = await shops.buy(shirt=1), await shops.basket(shirt=1)
    await quiet(shops)
    await quiet(shops, 120)
    live = await shops.basket(shirt=1)
    async with shops.db.transaction() as tx:
        assert await orders.forget_baskets(tx, before=tx.now - timedelta(hours=1), most=100) == 2
        assert await orders.order(tx, order_id=ordered.basket_id)
    assert (await shops.counter(Look(live))).state == "open"
    with pytest.raises(orders.UnknownBasket):
        await shops.counter(Look(left))


# ---- saved for later


async def test_what_is_saved_for_later_is_neither_quoted_nor_held(shops):
    await shops.stock(north_shirt=3, north_bag=3)
    basket_id = await shops.basket(shirt=2, bag=1)
    first = await shops.counter(TakeQuote(basket_id))
    bag = BasketLine(2, shops.variants["bag"], "bag", 1)
    saved = await shops.counter(SetLine(basket_id, bag, saved=True))
    assert (pieces(saved), saved.saved, saved.quote) == ({"shirt": 2}, (bag,), None)
    assert await held(shops) == {str(basket_id): 2}
    quoted = await shops.counter(TakeQuote(basket_id))
    assert quoted.quote.total_minor < first.quote.total_minor
    assert (await shops.counter(SetLine(basket_id, msgspec.structs.replace(bag, quantity=3), saved=True))).quote
    back = await shops.counter(SetLine(basket_id, bag))
    assert pieces(back) == {"shirt": 2, "bag": 1} and back.saved == ()


# ---- pure


lines = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 9)), max_size=6)


def a_basket(wanted, saved=(), parts=None):
    made = tuple(BasketLine(3 * n, v, f"v{v}", q) for n, (v, q) in enumerate(wanted, 1))
    kept = tuple(BasketLine(3 * n + 1, v, f"v{v}", q) for n, (v, q) in enumerate(saved, 1))
    return Basket(
        basket_id=uuid7(), outlet_id=1, channel="web", currency="EUR", lines=made, saved=kept, parts=parts or ()
    )


@given(lines, lines, lines, lines, st.sampled_from(["max", "sum"]))
def test_a_merge_has_each_article_as_often_as_the_rule_says(mine, theirs, my_saved, their_saved, rule):
    into, other = a_basket(mine, my_saved), a_basket(theirs, their_saved)
    merged, emptied = handover.merged(into, other, rule)
    a, b = pieces(into), pieces(other)
    for sku in a | b:
        both = (a.get(sku, 0), b.get(sku, 0))
        assert pieces(merged)[sku] == (max(both) if rule == "max" else sum(both))
    numbers = [one.line for one in (*merged.lines, *merged.saved)]
    assert len(numbers) == len(set(numbers))
    assert {one.sku for one in merged.saved} == {one.sku for one in (*into.saved, *other.saved)}
    assert (emptied.state, emptied.lines, emptied.saved, emptied.merged_into) == ("merged", (), (), into.basket_id)


@given(lines, st.lists(st.tuples(st.integers(1, 7), st.integers(1, 4), st.integers(4, 6), st.integers(1, 9))))
def test_never_more_is_held_than_the_lines_ask_for(wanted, parts):
    basket = a_basket(wanted, parts=tuple(Part(3 * line, *rest) for line, *rest in parts))
    kept = parts_wanted(basket)
    for one in basket.lines:
        assert sum(part.quantity for part in kept if part.line == one.line) <= one.quantity
    assert {part.line for part in kept} <= {one.line for one in basket.lines}
    assert parts_wanted(unquoted(basket, parts=kept)) == kept


# ---- any interleaving

acts = st.lists(
    st.tuples(
        st.sampled_from(["line", "quote", "pay", "place", "hand", "merge", "claim", "save", "quiet", "expire"]),
        st.integers(0, 3),
        st.integers(0, 3),
        st.integers(0, 3),
    ),
    min_size=4,
    max_size=24,
)


@settings(max_examples=examples(12), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(acts, st.integers(0, 1000))
async def test_units_and_lines_are_never_lost_or_doubled_by_any_interleaving(shops, given_acts, seed):
    """Four baskets, four people at work on them at the same time, in two processes."""
    async with shops.db.transaction() as tx:
        await empty(
            tx,
            "orders.waiting, inventory.balance, inventory.promise, inventory.entry, inventory.shortage, kernel.event,"
            " orders.basket, orders.sales_order, orders.sales_order_line, orders.fulfilment, orders.fulfilment_line,"
            " orders.payment, orders.payment_act",
        )
        await tx.run("UPDATE kernel.clock SET shift = '0'")
        await tx.run("DELETE FROM pricing.guess")
    await shops.stock(north_shirt=5, south_shirt=4, south_bag=6)
    ana = await person(shops, "ana@example.org")
    ids = [await shops.basket(shirt=1 + n % 2, bag=n % 2 + 1) for n in range(4)]
    other = House(shops.db)
    other.variants, other.simulator = shops.variants, shops.simulator
    other.counter._providers = shops.counter._providers
    till = await shops.counter.outlet("till")
    chance = Random(seed)

    async def act(kind, which, more, n):
        await asyncio.sleep(chance.random() / 200)
        at = (shops, other)[n % 2]
        one, two = ids[which], ids[more]
        match kind:
            case "line":
                await at.line(one, 1 + n % 2, ("shirt", "bag")[n % 2], more)
            case "quote":
                await at.counter(TakeQuote(one))
            case "pay":
                await at.counter(TakeQuote(one))
                await at.counter.pay(one, provider="simulator", token=("ok", "late")[n % 2])
            case "place":
                await at.counter.place(one)
            case "hand":
                await at.counter.hand_to(one, ana, how="consent", merge=("max", "sum", None, "sum")[n])
            case "merge":
                await at.counter.merge(one, two, rule=("max", "sum")[n % 2])
            case "claim":
                await at.counter.claim(await offer(at, one), till)
            case "save":
                await at.counter(SetLine(one, BasketLine(2, at.variants["bag"], "bag", 1), saved=n % 2 == 0))
            case "quiet":
                await orders.abandon(at.db, quiet=timedelta(0), most=2)
            case _:
                await inventory.expire(at.db)

    answers = await asyncio.gather(*(act(*one) for one in given_acts), return_exceptions=True)
    await other.counter.close()
    assert all(one is None or isinstance(one, Refusal) for one in answers), answers
    await shops.bank()
    await shops.right()
    found = {one: await shops.counter(Look(one)) for one in ids}
    holding = await held(shops)
    for one, basket in found.items():
        assert basket.held_until is None or holding.get(str(one)) == sum(part.quantity for part in basket.parts)
        assert basket.held_until is not None or str(one) not in holding
        if basket.state == "merged":
            assert (not basket.lines and found[basket.merged_into].state != "merged") or basket.merged_into in found
        # A payment is the basket's, or it was let go; never both.
        kept = {basket.payment.authorisation} if basket.payment else set()
        made = {paid.authorisation for ref, paid in shops.simulator.authorised.items() if ref.startswith(str(one))}
        assert made - kept <= shops.simulator.voided and not kept & shops.simulator.voided
