"""Goods on the counter pay for an order that comes from elsewhere: to the cent, once, and back again."""

import pytest

from comptoir.kernel.ids import uuid7
from comptoir.orders import PaymentRefused, TakeQuote
from comptoir.orders.payments import Authorisation, Exchanged, Simulator, perform, spread
from orders.test_aftersale import back, desk  # noqa: F401  fixtures
from orders.test_checkout import ground, house  # noqa: F401  fixtures

pytestmark = pytest.mark.anyio


async def quoted(desk, *, paid, **lines):  # noqa: F811
    basket_id = await desk.house.basket(**lines)
    await desk.house.counter(TakeQuote(basket_id))
    if paid:
        await desk.house.counter.pay(basket_id, provider="simulator", token="ok")
    return basket_id


def asked(sale_id, basket_id, **more):
    return {
        "return_id": str(uuid7()), "location": "nice", "lines": [back(sale_id, state="sellable")],
        "basket_id": str(basket_id), **more,
    }  # fmt: skip


async def banks(desk):  # noqa: F811
    """What the bank has taken, given back, and let go of."""
    await perform(desk.house.db, {"simulator": desk.simulator, "exchange": Exchanged()})
    taken, given = (
        sum(sum(one.values()) for one in some.values()) for some in (desk.simulator.captured, desk.simulator.refunded)
    )
    return taken, given, len(desk.simulator.voided)


async def tenders(desk, sale_id):  # noqa: F811
    return [(one["kind"], one["amount_minor"]) for one in (await desk("GET", f"sales/{sale_id}"))["tenders"]]


async def test_what_comes_back_pays_for_an_order_and_the_rest_goes_back(desk):  # noqa: F811
    await desk.house.stock(south_bag=1)
    sale_id = await desk.sell("1", 3000)
    basket_id = await quoted(desk, paid=False, bag=1)
    body = asked(sale_id, basket_id)
    made = await desk("POST", "exchanges/for-order", body)
    assert made == await desk("POST", "exchanges/for-order", body)
    assert (made["order_id"], made["credit_minor"]) == (str(basket_id), 1490)
    assert made["returned"]["refund_minor"] == 3000
    assert await desk.revenue() == 0  # it is no sale before it leaves
    (parcel,) = await desk.hand_over(basket_id)
    assert await tenders(desk, parcel) == [("exchange", 1490)]
    assert (await banks(desk), await desk.revenue()) == ((0, 0, 0), 1490)
    await desk.house.right()


async def test_what_it_costs_beyond_is_taken_of_the_card_and_goes_back_to_it(desk):  # noqa: F811
    await desk.house.stock(south_bag=1, south_shirt=1)
    sale_id = await desk.sell("1", 600)
    bare = await quoted(desk, paid=False, bag=1)
    unpaid = await desk("POST", "exchanges/for-order", asked(sale_id, bare), status=422)
    assert unpaid["code"] == "orders.incomplete_basket"
    assert (await desk("GET", f"sales/{sale_id}/returnable"))["lines"][0]["taken"] == 0  # nothing of it was done
    await desk.house.counter.pay(bare, provider="simulator", token="ok")
    made = await desk("POST", "exchanges/for-order", asked(sale_id, bare))
    assert made["credit_minor"] == 600
    (parcel,) = await desk.hand_over(bare)
    assert await tenders(desk, parcel) == [("exchange", 600), ("simulator", 890)]
    assert await banks(desk) == (890, 0, 1)
    await desk.house.right()
    gone = await desk("POST", "returns/at-counter", {"location": "lyon", "lines": [back(parcel)]})
    assert gone["refund_minor"] == 1490
    assert await banks(desk) == (890, 890, 1)
    async with desk.house.db.reading() as tx:
        given = await tx.tuples(
            "SELECT t.kind, -t.amount_minor FROM orders.tender AS t JOIN orders.sale USING (sale_id)"
            " WHERE origin_sale_id = %(sale)s ORDER BY 1", sale=parcel,
        )  # fmt: skip
    assert given == [("simulator", 890), ("voucher", 600)]
    await desk.house.right()


class Broken(Simulator):
    async def capture(self, **_):
        raise PaymentRefused("The card has expired.")


async def test_what_stood_against_other_goods_is_not_given_once_more(desk):  # noqa: F811
    """600 of it were paid with goods, the bank gave nothing: what went back as an exchange is all there was to give."""
    await desk.house.stock(south_bag=1, south_shirt=1)
    sale_id = await desk.sell("1", 600)
    basket_id = await quoted(desk, paid=True, bag=1, shirt=1)
    await desk("POST", "exchanges/for-order", asked(sale_id, basket_id))
    (parcel,) = await desk.hand_over(basket_id)
    await perform(desk.house.db, {"simulator": Broken(), "exchange": Exchanged()})
    instead = {"instead": [{"sku": "bag"}], "paid": [{"kind": "cash", "amount_minor": 400}]}
    first = {"return_id": str(uuid7()), "location": "nice", "lines": [back(parcel, line_number=1)]}
    assert (await desk("POST", "exchanges", {**first, **instead}))["difference_minor"] == 0
    await desk("POST", "returns/at-counter", {"location": "nice", "lines": [back(parcel, line_number=2)]})
    async with desk.house.db.reading() as tx:
        given = await tx.tuples(
            "SELECT t.kind, -t.amount_minor FROM orders.tender AS t JOIN orders.sale USING (sale_id)"
            " WHERE origin_sale_id = %(sale)s ORDER BY sale_id, place", sale=parcel,
        )  # fmt: skip
    assert given == [("exchange", 600), ("not_taken", 400), ("not_taken", 1490)]


async def test_an_order_that_ends_leaves_the_rest_to_somebody(desk):  # noqa: F811
    await desk.house.stock(south_bag=1)
    sale_id = await desk.sell("1", 600)
    basket_id = await quoted(desk, paid=True, bag=1)
    await desk("POST", "exchanges/for-order", asked(sale_id, basket_id))
    await desk("POST", f"book/{basket_id}/cancellations", {"reason": "regret"})
    (task,) = (await desk("GET", f"fulfilments/tasks?order_id={basket_id}"))["items"]
    assert (task["kind"], task["data"]["amount_minor"]) == ("credit", 600)
    assert await banks(desk) == (0, 0, 1)
    await desk.house.right()


async def test_a_basket_that_is_ordered_or_not_quoted_is_none(desk):  # noqa: F811
    await desk.house.stock(south_bag=2)
    sale_id = await desk.sell("1", 3000)
    bare = await desk.house.basket(bag=1)
    assert (await desk("POST", "exchanges/for-order", asked(sale_id, bare), status=422))["data"]["missing"] == ["quote"]
    ordered = await desk.buy(bag=1)
    assert (await desk("POST", "exchanges/for-order", asked(sale_id, ordered), status=409))["code"] == (
        "orders.basket_closed"
    )
    await desk("POST", "exchanges/for-order", asked(sale_id, uuid7()), status=404)
    assert (await desk("GET", f"sales/{sale_id}/returnable"))["lines"][0]["taken"] == 0


def authorisation(place, authorised, captured=0, refunded=0):
    return Authorisation(
        order_id=uuid7(), place=place, provider="p", authorisation=f"a{place}", currency="EUR",
        authorised_minor=authorised, captured_minor=captured, refunded_minor=refunded,
    )  # fmt: skip


def test_money_is_taken_from_the_first_that_has_some():
    some = [authorisation(0, 600), authorisation(1, 1490), authorisation(2, 500)]
    acts = [spread("capture", f"c{n}", amount, some) for n, amount in enumerate((500, 1000, 1090))]
    assert [[(one.reference, one.authorisation, one.amount_minor) for one in few] for few in acts] == [
        [("c0.0", "a0", 500)], [("c1.0", "a0", 100), ("c1", "a1", 900)], [("c2", "a1", 590), ("c2.2", "a2", 500)],
    ]  # fmt: skip
    back_again = spread("refund", "r", 2000, some)
    assert [(one.authorisation, one.amount_minor) for one in back_again] == [("a0", 600), ("a1", 1400)]
    assert [one.kept for one in some] == [0, 90, 500]
    # What none has is asked of the last, and refused by the books.
    assert spread("capture", "c3", 1, some)[-1].authorisation == "a2" and some[2].left == -1
    assert spread("capture", "c4", 1, []) == []
