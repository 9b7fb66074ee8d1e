"""The bank has said yes, and nobody has heard it: the money is used or let go, and she never pays twice."""

import asyncio
from datetime import timedelta

import pytest

from comptoir.kernel import time
from comptoir.kernel.errors import Refusal
from comptoir.orders import Look, PaymentUnclear, TakeQuote, abandon, find_unanswered
from comptoir.orders.payments import Simulator
from comptoir.orders.steps import DropPayment
from orders.test_checkout import ground, house  # noqa: F401  fixtures

pytestmark = pytest.mark.anyio


class Cut(Simulator):
    """It does what it is asked, and its answer never comes."""

    def __init__(self):
        super().__init__()
        self.done = asyncio.Event()

    async def authorise(self, **asked):
        await super().authorise(**asked)
        self.done.set()
        await asyncio.Event().wait()


class Other(Simulator):
    """Another bank, with numbers of its own."""

    name = "other"

    async def authorise(self, *, reference, **asked):
        return await super().authorise(reference=f"other-{reference}", **asked)


class Away(Simulator):
    async def find(self, *, reference):
        raise ConnectionError


async def quoted(house, shirts=1):  # noqa: F811
    basket_id = await house.basket(shirt=shirts)
    await house.counter(TakeQuote(basket_id))
    return basket_id


async def lost(house, basket_id, bank="simulator"):  # noqa: F811
    with pytest.raises(PaymentUnclear):
        await house.counter.pay(basket_id, provider=bank, token="lost")
    (known,) = house.counter._providers[bank].authorised.values()
    return known.authorisation


async def look_for(house, minutes=6, **banks):  # noqa: F811
    async with house.db.transaction() as tx:
        await time.advance(tx, by=timedelta(minutes=minutes))
    return await find_unanswered(house.db, {"simulator": house.simulator, **banks})


async def on_record(house):  # noqa: F811
    async with house.db.reading() as tx:
        return await tx.value("SELECT count(*) FROM orders.payment_intent")


@pytest.fixture(autouse=True)
async def nothing_asked(house):  # noqa: F811
    await house.stock(north_shirt=9)
    async with house.db.transaction() as tx:
        await tx.run("TRUNCATE orders.payment_intent")


async def test_an_answer_that_was_heard_leaves_nothing_to_look_for(house):  # noqa: F811
    await house.pay(await house.basket(shirt=1))
    assert await on_record(house) == 0


async def test_what_the_bank_keeps_ready_pays_for_the_basket_without_her(house):  # noqa: F811
    basket_id = await quoted(house)
    authorisation = await lost(house, basket_id)
    assert await look_for(house, minutes=1) == 0, "somebody may still wait for the answer"
    assert await look_for(house, minutes=5) == 1
    placed = await house.counter.place(basket_id)
    assert (placed.state, placed.payment.authorisation) == ("ordered", authorisation)
    await house.bank()
    assert (len(house.simulator.authorised), house.simulator.voided, await on_record(house)) == (1, set(), 0)
    await house.right()


async def test_a_process_that_dies_between_the_yes_of_the_bank_and_the_basket(house):  # noqa: F811
    house.simulator = house.counter._providers["simulator"] = Cut()
    basket_id = await quoted(house)
    paying = asyncio.create_task(house.counter.pay(basket_id, provider="simulator", token="ok"))
    await house.simulator.done.wait()
    paying.cancel()
    assert (await asyncio.gather(paying, return_exceptions=True))[0].__class__ is asyncio.CancelledError
    assert await look_for(house) == 1
    assert (await house.counter.place(basket_id)).state == "ordered"
    await house.right()


@pytest.mark.parametrize("meanwhile", ["changed", "dropped", "abandoned", "forgotten", "paid elsewhere", "ordered"])
async def test_what_nobody_wants_any_more_is_let_go(house, meanwhile):  # noqa: F811
    other = house.counter._providers["other"] = Other()
    basket_id = await quoted(house)
    authorisation = await lost(house, basket_id)
    match meanwhile:
        case "changed":
            await house.line(basket_id, 1, "shirt", 3)
            await house.counter(TakeQuote(basket_id))
        case "dropped":
            paid = await house.counter.pay(basket_id, provider="other", token="ok")
            await house.counter(DropPayment(basket_id, paid.payment.authorisation))
        case "abandoned" | "forgotten":
            async with house.db.transaction() as tx:
                await time.advance(tx, by=timedelta(minutes=90))
            assert await abandon(house.db, quiet=timedelta(minutes=60)) == 1
            if meanwhile == "forgotten":
                async with house.db.transaction() as tx:
                    await tx.run("DELETE FROM orders.basket")
        case _:
            await house.counter.pay(basket_id, provider="other", token="ok")
            if meanwhile == "ordered":
                await house.counter.place(basket_id)
    before = None if meanwhile == "forgotten" else await house.counter(Look(basket_id))
    assert await look_for(house, other=other) == 1
    await house.bank()
    assert (house.simulator.voided, other.voided & {authorisation}) == ({authorisation}, set())
    assert await on_record(house) == 0
    if before is not None:
        after = await house.counter(Look(basket_id))
        assert (after.state, after.payment) == (before.state, before.payment)
        if before.state == "open":  # what was let go is never found again by paying
            await house.counter(TakeQuote(basket_id))
            again = await house.counter.pay(basket_id, provider="simulator", token="ok")
            assert again.payment.authorisation != authorisation


async def test_who_pays_again_before_it_is_found_pays_once(house):  # noqa: F811
    basket_id = await quoted(house)
    authorisation = await lost(house, basket_id)
    paid, _ = await asyncio.gather(
        house.counter.pay(basket_id, provider="simulator", token="late"), look_for(house), return_exceptions=True
    )
    assert not isinstance(paid, Refusal) and paid.payment.authorisation == authorisation
    assert (await house.counter.place(basket_id)).state == "ordered"
    await look_for(house)
    await house.bank()
    assert (len(house.simulator.authorised), house.simulator.voided, await on_record(house)) == (1, set(), 0)


async def test_a_bank_that_knows_nothing_of_it_ends_the_search_and_one_that_is_away_does_not(house):  # noqa: F811
    with pytest.raises(PaymentUnclear):
        await house.counter.pay(await quoted(house), provider="simulator", token="timeout")
    bank, house.simulator = house.simulator, Away()
    assert await look_for(house) == 0
    assert await on_record(house) == 1
    house.simulator = bank
    assert await look_for(house, minutes=1) == 1
    assert await on_record(house) == 0
