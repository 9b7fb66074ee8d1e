"""Another article in the place of one that is not to be had: if it may be, for no more money, right in every book."""

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from comptoir import pricing
from comptoir.kernel.auth import SYSTEM
from comptoir.kernel.auth.keys import add_key
from comptoir.kernel.settings import Settings
from comptoir.orders import Cancel, Delivery, Fewer, cancel
from comptoir.orders.fulfilment.errors import NotReplaceable
from comptoir.orders.fulfilment.substituting import Offer, may_replace, replaced
from comptoir.orders.payments import Simulator, perform
from comptoir.orders.shares import Priced, handed_over
from comptoir.server.app import create_app
from orders.test_checkout import HOME, ground, house  # noqa: F401  fixtures
from orders.test_fulfilment import buys, staff, work  # noqa: F401  fixtures
from orders.test_fulfilment_clock import told

pytestmark = pytest.mark.anyio

SHIP = Delivery(method="ship", address=HOME, amount_minor=490, replace=True)


@pytest.fixture
async def prices(house):  # noqa: F811
    """A shirt costs 10.00; a bag may cost something else."""

    async def bag(amount):
        async with house.db.transaction() as tx:
            await pricing.import_prices(tx, code="shop", prices=[pricing.NewPrice(sku="bag", amount_minor=amount)])

    yield bag
    await bag(1000)
    async with house.db.transaction() as tx:
        await tx.run("TRUNCATE orders.customer_return, orders.customer_return_line")


async def picking(staff, order_id):  # noqa: F811
    at = (await work(staff, order_id, 0))["fulfilment_id"]
    await staff.done(f"{at}/accept")
    return at


def instead(**more):
    return {"line": 1, "pieces": 1, "sku": "bag", "reason": "not_found", "reference": "s1", **more}


@pytest.mark.parametrize(("price", "charged"), [(700, 700), (1000, 1000), (1600, 1000)])
async def test_she_pays_what_it_costs_and_never_more(house, staff, prices, price, charged):  # noqa: F811
    await house.stock(north_shirt=3, north_bag=2)
    order_id = await buys(house, SHIP, shirt=2)
    await prices(price)
    at = await picking(staff, order_id)
    await staff.done(f"{at}/pick", picked=[{"line": 1, "pieces": 1}])
    for _ in range(2):
        lines = (await staff.done(f"{at}/substitute", **instead()))["lines"]
    assert [(one["sku"], one["picked"], one["cancelled"]) for one in lines] == [("shirt", 1, 1), ("bag", 1, 0)]
    await staff.right(order_id)
    shirt, bag = house.variants["shirt"], house.variants["bag"]
    assert (await house.balances())["north", shirt] == (2, 0, 1)  # one lies in quarantine, until somebody finds it
    assert (await house.balances())["north", bag] == (2, 0, 1)
    await staff.done(f"{at}/ship", carrier="post")
    await staff.right(order_id)
    order = await staff.order(order_id)
    assert (order["state"], order["total_minor"]) == ("done", 2490)
    (sale,) = await staff.sold(order)
    assert sale["total_minor"] == 1000 + charged + 490
    receipt = (await staff.client.get(f"/v1/orders/sales/{sale['sale_id']}")).json()
    (line,) = [one for one in receipt["lines"] if one["sku"] == "bag"]
    assert (line["amount_minor"], line["discount_minor"]) == (price, price - charged)
    assert [one["kind"] for one in receipt["discounts"]] == (["substitution"] if price > charged else [])
    bank = Simulator()
    await perform(house.db, {"simulator": bank})
    assert [sum(one.values()) for one in bank.captured.values()] == [1490 + charged]
    assert len(bank.voided) == (charged < 1000)  # the rest of what was authorised
    assert await told(house, "orders.pieces_replaced") == 1
    # It comes back like anything else, for what was paid.
    back = {"location": "north", "lines": [
        {"sale_id": sale["sale_id"], "line_number": line["line_number"], "quantity": 1, "reason": "no"}
    ]}  # fmt: skip
    answer = await staff.client.post("/v1/orders/returns/at-counter", json=back, headers={"idempotency-key": "r"})
    assert answer.json()["refund_minor"] == charged


async def test_what_replaces_collected_goods_is_taxed_where_they_are_collected(house, staff, prices):  # noqa: F811
    await house.stock(north_shirt=1, north_bag=1)
    async with house.db.transaction() as tx:
        await pricing.set_tax_rates(tx, rates=[pricing.TaxRate(country="FR", rate_millionths=200_000)])
    try:
        order_id = await buys(house, Delivery(method="collect", location="north", replace=True), shirt=1)
        await prices(600)
        at = await picking(staff, order_id)
        await staff.done(f"{at}/substitute", **instead())
    finally:
        async with house.db.transaction() as tx:
            await tx.run("DELETE FROM pricing.tax_rate")
    async with house.db.reading() as tx:
        lines = await tx.tuples("SELECT sku, tax_minor FROM orders.sales_order_line ORDER BY line")
    assert lines == [("shirt", 167), ("bag", 100)]


async def test_what_replaces_can_be_cancelled_and_replaced_in_turn(house, staff, prices):  # noqa: F811
    await house.stock(north_shirt=2, north_bag=2, north_shoe=1)
    order_id = await buys(house, SHIP, shirt=2)
    await prices(333)
    at = await picking(staff, order_id)
    await staff.done(f"{at}/substitute", **instead(pieces=2, reason="damaged"))
    await staff.done(f"{at}/substitute", **instead(line=2, sku="shoe", reference="s2"))
    await staff.right(order_id)
    async with house.db.transaction() as tx:
        made = await cancel(tx, order_id=order_id, asked=Cancel(reason="regret", lines=(Fewer(2, 1),)), actor="t")
    assert made.amount_minor == 333
    await staff.done(f"{at}/ship")
    await staff.right(order_id)
    assert [one["total_minor"] for one in await staff.sold(await staff.order(order_id))] == [333 + 490]


@pytest.mark.parametrize(
    ("wish", "body", "status", "code"),
    [
        (False, {}, 409, "orders.not_replaceable"),
        (None, {}, 409, "orders.not_replaceable"),
        (True, {"sku": "shirt"}, 409, "orders.not_replaceable"),
        (True, {"sku": "nothing"}, 404, "inventory.unknown_variant"),
        (True, {"sku": "shoe"}, 409, "inventory.insufficient_stock"),
        (True, {"pieces": 3}, 409, "orders.bad_pieces"),
        (True, {"line": 7}, 409, "orders.bad_pieces"),
    ],
)
async def test_what_may_not_be_leaves_no_trace(house, staff, wish, body, status, code):  # noqa: F811
    await house.stock(north_shirt=2, north_bag=3)
    order_id = await buys(house, Delivery(method="collect", location="north", replace=wish), shirt=2)
    at = await picking(staff, order_id)
    before = await staff.works(order_id), await house.balances()
    answer = await staff(f"{at}/substitute", **instead(**body))
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await staff.works(order_id), await house.balances()) == before
    await staff.right(order_id)


@pytest.mark.parametrize(("rule", "may"), [("never", ()), ("if_allowed", (True,)), ("unless_refused", (True, None))])
def test_the_customer_says_it_or_the_house_where_she_was_not_asked(rule, may):
    for wish in (True, None, False):
        if wish in may and (wish is not None or None in may):
            may_replace(rule, wish)
        else:
            with pytest.raises(NotReplaceable):
                may_replace(rule, wish)


async def test_the_setting_is_asked(house):  # noqa: F811
    await house.stock(north_shirt=1, north_bag=1)
    order_id = await buys(house, Delivery(method="collect", location="north"), shirt=1)
    async with house.db.transaction() as tx:
        key = (await add_key(tx, name="picker", scopes=["orders:write"], actor=SYSTEM)).token
        at = await tx.value("SELECT fulfilment_id FROM orders.fulfilment WHERE order_id = %(id)s", id=order_id)
    async with create_app(Settings(replace_articles="unless_refused"), house.db) as app:
        head = {"authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://floor", headers=head
        ) as client:
            for path, body in (("accept", {}), ("substitute", instead())):
                answer = await client.post(f"/v1/orders/fulfilments/{at}/{path}", json=body)
                assert answer.status_code == 200, answer.text


@given(
    amount=st.integers(0, 100_000), paid=st.integers(0, 100_000), pieces=st.integers(1, 7),
    included=st.booleans(), rate=st.sampled_from([0, 55_000, 100_000, 200_000, 333_333]),
)  # fmt: skip
@example(amount=1, paid=1, pieces=3, included=False, rate=200_000)
def test_the_money_adds_up_whatever_the_tax(amount, paid, pieces, included, rate):
    offer = Offer(1, "bag", amount // pieces, amount, included, rate)
    old = Priced(paid, 0, 0, paid, quantity=pieces)
    line = replaced(offer, handed_over(old, before=0, pieces=pieces), line=2, pieces=pieces, instead_of=1)
    full = amount if included else amount + (2 * amount * rate + 10**6) // (2 * 10**6)
    assert line.total_minor == min(full, paid)
    assert line.amount_minor - line.discount_minor + (0 if included else line.tax_minor) == line.total_minor
    assert 0 <= line.discount_minor <= line.amount_minor == amount and 0 <= line.tax_minor <= line.total_minor
    # The tax is that of its own rate, to a unit.
    assert abs(line.tax_minor * (10**6 + rate) - line.total_minor * rate) <= 10**6 + rate
    parts = [handed_over(line, before=n, pieces=1) for n in range(pieces)]
    assert sum(one.total_minor for one in parts) == line.total_minor
