"""Orders made elsewhere: each once, at the prices that were paid; what cannot be had is told and nothing is lost."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from comptoir import inventory
from comptoir.kernel.errors import Refusal
from comptoir.orders import (
    Delivery,
    ExternalLine,
    ExternalOrderConflict,
    ShortLine,
    external_order,
    order,
    reconcile,
    record_orders,
)
from comptoir.orders.payments import PaymentAct, due, paid
from orders.market import HOME, NOON, an_order, lies, open_market, stock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def market(tx):
    await open_market(tx, lyon_shirt=3, nice_shirt=1, lyon_bag=1)
    return tx


async def take(tx, *orders):
    return await record_orders(tx, orders)


async def told(tx, kind):
    return [msgspec.json.decode(b) for b in await tx.values("SELECT body FROM kernel.event WHERE kind = %(k)s", k=kind)]


async def right(tx):
    assert await inventory.reconcile(tx) == []
    assert await reconcile(tx) == []


async def test_an_order_is_taken_at_the_prices_that_were_paid(market):
    (done,) = await take(market, an_order(identifiers={"email": "ana@example.com"}))
    assert not done.repeated and done.flags == [] and done.short == []
    book = await order(market, order_id=done.order_id)
    assert (book.total_minor, book.delivery_minor, book.discount_minor) == (2890, 490, 100)
    assert [(one.sku, one.quantity, one.total_minor) for one in book.lines] == [("shirt", 2, 1900), ("bag", 1, 500)]
    assert {(one.line, one.location, one.quantity) for one in book.pieces} == {(1, "lyon", 2), (2, "lyon", 1)}
    assert book.node_id is not None and book.placed_at == NOON
    assert (await lies(market))["lyon_shirt"] == (3, 0, 2)
    assert [one["total_minor"] for one in await told(market, "orders.order_placed")] == [2890]
    await right(market)


async def test_the_same_again_is_the_same_and_another_under_its_number_is_a_conflict(market):
    first, twice = await take(market, an_order(), an_order())
    (again,) = await take(market, an_order())
    assert (twice.order_id, again.order_id, twice.repeated, again.repeated) == (
        first.order_id,
        first.order_id,
        True,
        True,
    )
    (other,) = await take(market, an_order(total_minor=2990))
    assert isinstance(other, ExternalOrderConflict) and other.data["order_number"] == first.order_number
    assert len(await told(market, "orders.order_placed")) == 1
    assert (await lies(market))["lyon_shirt"] == (3, 0, 2)
    await right(market)


async def test_what_may_change_changes_and_an_older_version_says_nothing(market):
    (first,) = await take(market, an_order(paid_minor=0))
    moved = Delivery(method="ship", address=msgspec.structs.replace(HOME, city="Nice"), amount_minor=490)
    later = an_order(revised_at=NOON + timedelta(hours=1), delivery=moved, identifiers={"email": "a@example.com"})
    (changed,) = await take(market, later)
    assert changed.order_id == first.order_id and changed.changed == ["delivery", "payment", "customer"]
    (older,) = await take(market, an_order(paid_minor=0))
    assert older.changed == []
    said = """SELECT delivery -> 'address' ->> 'city', paid_minor FROM orders.sales_order
        JOIN orders.external_order USING (order_id)"""
    assert await market.tuples(said) == [("Nice", 2890)]


async def test_what_is_paid_on_delivery_can_be_handed_over(market):
    (done,) = await take(market, an_order(paid_minor=0))
    act = PaymentAct(reference="r", order_id=done.order_id, kind="capture", provider="external",
                     authorisation="market M-1", amount_minor=2890, currency="EUR")  # fmt: skip
    await due(market, [act])
    assert (await paid(market, order_ids=[done.order_id]))[done.order_id].captured_minor == 2890


async def test_what_cannot_be_had_is_short_and_told_and_the_rest_is_promised(market):
    (done,) = await take(market, an_order(lines=(
        ExternalLine(line=1, sku="shirt", quantity=6, amount_minor=6000, total_minor=6000),
        ExternalLine(line=2, sku="shoe", quantity=1, amount_minor=900, total_minor=900),
    ), total_minor=7390))  # fmt: skip
    assert set(done.short) == {ShortLine(1, "shirt", 2), ShortLine(2, "shoe", 1)} and done.flags == ["short"]
    (fact,) = await told(market, "orders.external_order_short")
    assert (fact["number"], sorted(fact["short"])) == ("M-1", [[1, "shirt", 2], [2, "shoe", 1]])
    (again,) = await take(market, an_order(lines=(
        ExternalLine(line=1, sku="shirt", quantity=6, amount_minor=6000, total_minor=6000),
        ExternalLine(line=2, sku="shoe", quantity=1, amount_minor=900, total_minor=900),
    ), total_minor=7390))  # fmt: skip
    assert (again.short, again.flags) == (done.short, done.flags)
    assert await external_order(market, outlet="market", number="M-1") == again
    await right(market)


async def test_two_lines_of_one_article_are_judged_together(market):
    (done,) = await take(market, an_order(lines=(
        ExternalLine(line=1, sku="shirt", quantity=3, amount_minor=3000, total_minor=3000),
        ExternalLine(line=2, sku="shirt", quantity=3, amount_minor=3000, total_minor=3000),
    ), total_minor=6490))  # fmt: skip
    assert sum(one.quantity for one in done.short) == 2, "four there are"
    await right(market)


async def test_unknown_articles_tips_and_sums_that_disagree_are_kept_with_a_flag(market):
    (done,) = await take(market, an_order(lines=(
        ExternalLine(line=1, sku="bag", amount_minor=500, total_minor=500),
        ExternalLine(line=2, sku="moon", amount_minor=700, total_minor=700),
        ExternalLine(line=3, kind="gift_card", sku="bag", amount_minor=2000, total_minor=2000),
    ), total_minor=9999, flags=("masked_email",)))  # fmt: skip
    assert done.flags == ["masked_email", "totals_disagree", "unknown_sku"] and done.short == []
    book = await order(market, order_id=done.order_id)
    assert book.total_minor == 9999 and [one.line for one in book.lines] == [1]
    assert [one["line"] for one in await market.value("SELECT rest FROM orders.external_order")] == [2, 3]
    assert (await lies(market))["lyon_bag"] == (1, 0, 1)
    await right(market)


async def test_one_bad_order_loses_none_beside_it(market):
    good, bad, other = await take(market, an_order(), an_order("M-2", outlet="mars"), an_order("M-3", currency="EUX"))
    assert not isinstance(good, Refusal) and isinstance(bad, Refusal) and isinstance(other, Refusal)


async def test_a_crowd_wants_the_last_ones_and_none_is_promised_twice(db):
    async with db.transaction() as tx:
        await open_market(tx, lyon_shirt=4, nice_shirt=3)
    one_shirt = (ExternalLine(line=1, sku="shirt", amount_minor=1000, total_minor=1000),)
    crowd = [an_order(f"M-{n % 12}", lines=one_shirt, total_minor=1490) for n in range(24)]

    async def bring(some):
        return await db.within(lambda tx: record_orders(tx, some))

    answers = [
        one for batch in await asyncio.gather(*(bring(crowd[n : n + 3]) for n in range(0, 24, 3))) for one in batch
    ]
    assert len({one.order_id for one in answers}) == 12
    short = {one.number for one in answers if one.short}
    assert len(short) == 5
    async with db.transaction() as tx:
        there = await lies(tx)
        assert there["lyon_shirt"] == (4, 0, 4) and there["nice_shirt"] == (3, 0, 3)
        assert len(await told(tx, "orders.external_order_short")) == 5
        await stock(tx, lyon_bag=1)
        await right(tx)
