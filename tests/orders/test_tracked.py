"""An order that a site tells of becomes a sale, once; what cannot be one is kept with the reason."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comptoir import channels, orders
from comptoir.kernel.log import Event
from conftest import examples
from orders.conftest import NOON, a_sale, facts, open_shops

pytestmark = pytest.mark.anyio


class Site:
    """A site's source, and the events it sends."""

    def __init__(self, tx, source_id):
        self.tx, self.source_id, self.position = tx, source_id, 0

    def event(self, name, at=NOON, source_id=None, **properties):
        self.position += 1
        body = msgspec.json.encode({"event": name, "properties": properties, "context": {}}).decode()
        return Event(0, 1, self.position, "ingest.track", name, source_id or self.source_id, at, NOON, body)

    async def take(self, *events, nodes=None):
        await orders.take_completed(self.tx, events, [object()] * len(events), nodes or [None] * len(events))

    async def sale(self, number, outlet="site"):
        return await orders.receipt(self.tx, outlet=outlet, number=number)

    async def unrecorded(self):
        return [(one.order_number, one.code) for one in reversed(await orders.unrecorded(self.tx))]


@pytest.fixture
async def site(tx):
    await open_shops(tx)
    source = await channels.add_source(tx, name="the site", outlet="site")
    return Site(tx, source.source_id)


PRODUCTS = [
    {"sku": "shirt", "name": "Shirt", "price": 19.99, "quantity": 2},
    {"product_id": "bag", "price": "5.00"},
]


async def test_an_order_as_the_spec_has_it(site):
    order = {"order_id": "o1", "shipping": 3, "tax": 2, "discount": 2.5, "coupon": "hi", "currency": "USD"}
    await site.take(
        site.event("Order Completed", **order, revenue=44.98, total=47.48, products=PRODUCTS),
        nodes=[77],
    )
    sale = await site.sale("o1")

    assert (sale.total_minor, sale.currency, sale.units, sale.node_id) == (4748, "USD", 3, 77)
    assert (sale.amount_minor, sale.discount_minor, sale.tax_minor, sale.flags) == (4798, 250, 200, [])
    assert [(line.kind, line.sku, line.name) for line in sale.lines] == [
        ("goods", "shirt", "Shirt"),
        ("goods", "bag", "Bag"),
        ("shipping", None, "Shipping"),
    ]
    assert {discount.code for discount in sale.discounts} == {"hi"}
    assert (sale.channel, sale.source_id) == ("web", site.source_id)
    (fact,) = await facts(site.tx)
    assert (fact.total_minor, fact.node_id, fact.channel) == (4748, 77, "web")
    assert sum(paid for paid, _ in fact.categories.values()) == 4748
    assert await orders.reconcile(site.tx) == []


@pytest.mark.parametrize(
    ("properties", "total", "flags"),
    [
        ({"products": PRODUCTS}, 4498, []),
        ({"revenue": 44.98, "shipping": "3.00", "products": PRODUCTS}, 4798, []),
        ({"total": 44.98, "tax": 7.5, "products": PRODUCTS}, 4498, []),  # prices with tax in them
        ({"total": 50, "products": PRODUCTS}, 5000, ["adjusted"]),
        ({"total": 40, "products": PRODUCTS}, 4000, ["adjusted"]),
        ({"total": 12}, 1200, ["adjusted"]),
        ({"value": "12"}, 1200, ["adjusted"]),
        ({"total": 0}, 0, ["adjusted"]),
        ({"discount": -4.98, "products": PRODUCTS}, 4000, []),
        ({"total": 44.98, "products": [*PRODUCTS, {"sku": "new", "price": 0}]}, 4498, ["unknown_sku"]),
        ({"total": 500, "currency": "jpy", "products": [{"sku": "shirt", "price": 500}]}, 500, []),
        ({"products": [{"sku": "shirt", "price": 4, "quantity": 0.5}]}, 200, []),
        ({"products": [{"sku": "x" * 900, "name": "y" * 900, "price": 4}]}, 400, ["unknown_sku"]),
    ],
)
async def test_an_account_of_an_order_is_taken_as_far_as_it_goes(site, properties, total, flags):
    await site.take(site.event("Order Completed", order_id=5, **properties))
    sale = await site.sale("5")
    assert (sale.total_minor, sale.flags) == (total, flags)
    assert await orders.reconcile(site.tx) == []


async def test_told_again_later_it_is_the_same_order(site):
    order = {"order_id": "o1", "total": 44.98, "products": PRODUCTS}
    again = site.event("Order Completed", at=NOON + timedelta(hours=3), **order)
    other = site.event("Order Completed", **{**order, "total": 45})
    await site.take(site.event("Order Completed", **order), again, site.event("completed_order", **order), other)
    await site.take(again, other)

    assert len(await facts(site.tx)) == 1
    assert await site.unrecorded() == [("o1", "orders.receipt_conflict")]


async def test_an_order_that_the_shop_itself_has_sent_is_known(site):
    await orders.record(site.tx, [a_sale("o1", outlet="site")])
    await site.take(
        site.event("Order Completed", order_id="o1", total=20),
        site.event("Order Completed", order_id="o1", total=20, currency="USD"),
    )
    assert len(await facts(site.tx)) == 1
    assert await site.unrecorded() == [("o1", "orders.receipt_conflict")]


async def test_an_order_is_given_back_once_as_a_whole_and_by_parts(site):
    order = {"order_id": "o1", "total": 40.48, "discount": 4.5, "coupon": "hi", "products": PRODUCTS}
    part = {"order_id": "o1", "products": [PRODUCTS[1]]}
    await site.take(
        site.event("Order Refunded", order_id="o1"),
        site.event("Order Completed", **order),
        site.event("Order Cancelled", order_id="o1"),
        site.event("Order Refunded", **part, total=5),
        site.event("Order Refunded", **part, total=5),
        site.event("Order Refunded", **{**order, "affiliation": "the site"}),
    )

    whole = await site.sale("o1/return")
    sold = await site.sale("o1")
    assert (whole.total_minor, whole.discount_minor, whole.units, whole.origin_sale_id) == (
        -4048,
        -450,
        -3,
        sold.sale_id,
    )
    told = await facts(site.tx)
    assert [fact.total_minor for fact in told] == [4048, -4048, -500]
    assert await site.unrecorded() == []
    assert await orders.reconcile(site.tx) == []


async def test_what_cannot_be_an_order_is_kept_with_the_reason_and_the_rest_is_taken(site):
    bad = [
        ("", "invalid", site.event("Order Completed", total=5)),
        ("", "invalid", site.event("Order Completed", total=5, order_id=" ")),
        ("", "invalid", site.event("Order Completed", total=5, order_id="x" * 251)),
        ("", "orders.bad_text", site.event("Order Completed", total=[5], order_id="a")),
        ("", "orders.bad_text", site.event("Order Completed", total=True, order_id="a")),
        ("", "orders.bad_text", site.event("Order Completed", products={"a": 1}, order_id="a")),
        ("a", "orders.empty_sale", site.event("Order Completed", order_id="a")),
        ("a", "orders.bad_amount", site.event("Order Completed", order_id="a", total=-5)),
        ("a", "invalid", site.event("Order Completed", order_id="a", total=1e30)),
        ("a", "invalid", site.event("Order Completed", order_id="a", total="much")),
        ("a", "orders.unknown_currency", site.event("Order Completed", order_id="a", total=5, currency="XXXX")),
        ("a", "orders.bad_amount", site.event("Order Completed", order_id="a", products=[{"quantity": "x"}])),
        ("a", "orders.bad_amount", site.event("Order Completed", order_id="a", products=[{"quantity": -1}])),
        ("a", "orders.bad_amount", site.event("Order Completed", order_id="a", products=[{"quantity": "1e999999"}])),
        ("a", "orders.bad_amount", site.event("Order Completed", order_id="a", products=[{"price": -1}])),
        ("", "invalid", site.event("Order Completed", order_id="a", total=5, source_id=99)),
        ("nul", "invalid", site.event("Order Completed", order_id="nul\0", total=5)),
        ("a", "orders.unknown_sale", site.event("Order Refunded", order_id="a")),
    ]
    events = []
    for number, (_, _, event) in enumerate(bad):
        events += [event, site.event("Order Completed", order_id=f"good{number}", total=1, products=[{"price": 1}])]
    await site.take(*events)
    await site.take(*events)

    assert await site.unrecorded() == [(number, code) for number, code, _ in bad]
    assert len(await facts(site.tx)) == len(bad)


async def test_a_clock_off_by_years_does_not_lose_the_order(site):
    await site.take(site.event("Order Completed", at=datetime(9998, 1, 1, tzinfo=UTC), order_id="o1", total=5))
    assert (await site.sale("o1")).occurred_at == NOON


async def test_what_is_no_order_is_passed_over(site):
    page = site.event("Order Completed", order_id="p", total=5)
    page = msgspec.structs.replace(page, kind="ingest.page")
    viewed = site.event("Product Viewed", sku="shirt")
    await orders.take_completed(site.tx, [viewed, page], [object(), object()], [1, 1])
    await orders.take_completed(site.tx, [site.event("Order Completed", order_id="f", total=5)], [None], [None])
    assert await facts(site.tx) == []
    assert await site.unrecorded() == []


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["sku", "price", "quantity"]), inner),
    max_leaves=8,
)
names = st.sampled_from(
    ["order_id", "total", "revenue", "tax", "shipping", "discount", "currency", "products", "coupon"]
)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(["Order Completed", "Order Refunded"]), st.dictionaries(names, anything)), max_size=4
    )
)
async def test_nothing_that_a_sender_says_raises(site, told):
    await site.tx.run("SAVEPOINT start")
    await site.take(*(site.event(name, **properties) for name, properties in told))
    assert len(await facts(site.tx)) + len(await site.unrecorded()) <= len(told)
    assert await orders.reconcile(site.tx) == []
    await site.tx.run("ROLLBACK TO SAVEPOINT start")


async def test_an_order_of_our_own_book_is_no_second_sale(site):
    """It is sold when it is handed over; and no event makes it somebody's: the site's write key is public."""
    await site.tx.run(
        "INSERT INTO orders.sales_order (order_id, outlet_id, channel, currency, delivery, delivery_minor,"
        " discount_minor, tax_minor, total_minor, placed_at)"
        " SELECT gen_random_uuid(), outlet_id, 'web', 'EUR', '{}', 0, 0, 0, 4498, now()"
        " FROM channels.outlet WHERE code = 'site'"
    )
    number = str(await site.tx.value("SELECT order_number FROM orders.sales_order"))
    await site.tx.run(
        "INSERT INTO orders.external_order (outlet_id, number, order_id, revised_at, content, paid_minor, received_at)"
        " SELECT outlet_id, '#1001', order_id, now(), '', 0, now() FROM orders.sales_order"
    )
    strange = ["o1", "9" * 30, "٣", str(int(number) + 1)]
    for told in (number, number, "#1001", *strange):
        await site.take(site.event("Order Completed", order_id=told, total=44.98, products=PRODUCTS), nodes=[77])
    await site.take(site.event("Order Refunded", order_id=number, total=44.98), nodes=[78])
    found = await site.tx.values("SELECT receipt_number FROM orders.sale ORDER BY sale_id")
    assert found == strange
    assert await site.tx.value("SELECT node_id FROM orders.sales_order") is None
    assert await site.unrecorded() == []
