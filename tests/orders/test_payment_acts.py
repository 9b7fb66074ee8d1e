"""Money that was agreed on is moved once, whatever happens between; never more than there is."""

import asyncio
from datetime import timedelta

import pytest

from comptoir.kernel import time
from comptoir.orders import PaymentExceeded, PaymentNotFailed, PaymentRefused, PaymentUnclear, tasks
from comptoir.orders.payments import PaymentAct, Simulator, attempts, due, paid, perform, try_again
from orders.test_checkout import ground, house  # noqa: F401  fixtures

pytestmark = pytest.mark.anyio


class Moody(Simulator):
    """Does what it is asked, and then says what it likes."""

    def __init__(self, *moods):
        super().__init__()
        self.moods = list(moods)

    async def capture(self, **asked):
        await super().capture(**asked)
        if self.moods and (mood := self.moods.pop(0)):
            raise mood

    @property
    def taken(self):
        return sum(sum(one.values()) for one in self.captured.values())

    @property
    def given(self):
        return sum(sum(one.values()) for one in self.refunded.values())


async def bought(house):  # noqa: F811
    await house.stock(north_shirt=3)
    basket = await house.buy(shirt=2)
    return basket, basket.payment.amount_minor


def act(basket, kind, amount, number=1):
    payment = basket.payment
    return PaymentAct(
        reference=f"{basket.basket_id}-{kind}-{number}", order_id=basket.basket_id, kind=kind, provider=payment.provider,
        authorisation=payment.authorisation, amount_minor=amount, currency=payment.currency,
    )  # fmt: skip


async def agree(house, *acts):  # noqa: F811
    async with house.db.transaction() as tx:
        await due(tx, acts)


async def states(house, basket):  # noqa: F811
    async with house.db.reading() as tx:
        found = await paid(tx, order_ids=[basket.basket_id])
        return [one.state for one in await attempts(tx, order_id=basket.basket_id)], found[basket.basket_id]


async def later(house, **by):  # noqa: F811
    async with house.db.transaction() as tx:
        await time.advance(tx, by=timedelta(**by))


async def test_taken_and_given_back_once(house):  # noqa: F811
    basket, total = await bought(house)
    await agree(house, act(basket, "capture", total))
    await agree(house, act(basket, "capture", total), act(basket, "refund", 100))
    bank = Simulator()
    assert sum(await asyncio.gather(*(perform(house.db, {"simulator": bank}) for _ in range(4)))) == 2
    assert sum(bank.captured[basket.payment.authorisation].values()) == total
    assert sum(bank.refunded[basket.payment.authorisation].values()) == 100
    was, sums = await states(house, basket)
    assert was == ["done", "done"]
    assert (sums.captured_minor, sums.refunded_minor) == (total, 100)


async def test_never_more_than_there_is(house):  # noqa: F811
    basket, total = await bought(house)
    with pytest.raises(PaymentExceeded):
        await agree(house, act(basket, "capture", total + 1))
    with pytest.raises(PaymentExceeded):
        await agree(house, act(basket, "capture", total), act(basket, "refund", total + 1))
    await agree(house, act(basket, "capture", total), act(basket, "refund", total))
    with pytest.raises(PaymentExceeded):
        await agree(house, act(basket, "refund", 1, number=2))


async def test_asked_again_until_it_answers(house):  # noqa: F811
    basket, total = await bought(house)
    bank = Moody(PaymentUnclear(), ConnectionError("cut"), None)
    await agree(house, act(basket, "capture", total), act(basket, "refund", 100))
    for _ in range(3):
        await perform(house.db, {"simulator": bank})
        await later(house, minutes=2)
    await perform(house.db, {"simulator": bank})
    was, _ = await states(house, basket)
    assert was == ["done", "done"]
    assert (bank.taken, bank.given) == (total, 100)


async def test_what_was_never_taken_is_not_given_back(house):  # noqa: F811
    basket, total = await bought(house)
    bank = Moody(PaymentRefused("The card was closed."))
    await agree(house, act(basket, "capture", total), act(basket, "refund", 100))
    await perform(house.db, {"simulator": bank})
    was, sums = await states(house, basket)
    assert was == ["failed", "failed"]
    assert (sums.captured_minor, sums.refunded_minor, bank.given) == (0, 0, 0)
    async with house.db.reading() as tx:
        assert await tx.value("SELECT count(*) FROM kernel.event WHERE kind = 'orders.payment_failed'") == 2


async def test_what_other_parcels_gave_back_stands(house):  # noqa: F811
    """Two parcels; the money of the second cannot be taken: what came back of the first goes back all the same."""
    basket, total = await bought(house)
    half = total // 2
    bank = Moody(None, PaymentRefused("The card was closed."))
    await agree(house, act(basket, "capture", half))
    await perform(house.db, {"simulator": bank})
    await agree(
        house, act(basket, "refund", half), act(basket, "refund", 50, number=2), act(basket, "capture", 60, number=2)
    )
    await perform(house.db, {"simulator": bank})
    async with house.db.reading() as tx:
        found = {one.reference: one.state for one in await attempts(tx, order_id=basket.basket_id)}
    assert [found[act(basket, "refund", 1, number=n).reference] for n in (1, 2)] == ["done", "failed"]
    _, sums = await states(house, basket)
    assert (sums.captured_minor, sums.refunded_minor) == (half, half)


async def test_what_failed_is_somebodys_task_until_it_is_tried_again(house):  # noqa: F811
    basket, total = await bought(house)
    bank = Moody(PaymentRefused("The card was closed."))
    await agree(house, act(basket, "capture", total), act(basket, "refund", 100))
    await perform(house.db, {"simulator": bank})
    async with house.db.reading() as tx:
        (task,) = await tasks(tx, order_id=basket.basket_id)
    assert (task.kind, task.data["reference"]) == ("payment", act(basket, "capture", total).reference)
    async with house.db.transaction() as tx:
        with pytest.raises(PaymentNotFailed):
            await try_again(tx, order_id=basket.basket_id, references=["nobody's"], actor="eve")
    async with house.db.transaction() as tx:
        await try_again(tx, order_id=basket.basket_id, references=[task.data["reference"]], actor="eve")
        assert await tasks(tx, order_id=basket.basket_id), "the refund has failed too"
        await try_again(tx, order_id=basket.basket_id, actor="eve")
        assert not await tasks(tx, order_id=basket.basket_id)
    await perform(house.db, {"simulator": bank})
    was, sums = await states(house, basket)
    assert was == ["done", "done"]
    assert (sums.captured_minor, sums.refunded_minor) == (total, 100)
    assert (bank.taken, bank.given) == (total, 100)
    async with house.db.transaction() as tx:
        with pytest.raises(PaymentNotFailed):
            await try_again(tx, order_id=basket.basket_id, actor="eve")
