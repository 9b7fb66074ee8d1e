"""An order told by an event and by its shop is one sale, in whatever order they come, and the shop's account stands."""

import asyncio
import itertools
from datetime import timedelta

import msgspec
import pytest

from comptoir import channels, identity, orders
from comptoir.kernel.log import Event
from comptoir.orders import NewDiscount, NewLine, ReceiptConflict, Recorded
from orders.conftest import NOON, a_sale, facts, open_shops

pytestmark = pytest.mark.anyio

ORDER = {"order_id": "o1", "total": 20, "products": [{"sku": "shirt", "price": 15}, {"sku": "bag", "price": 5}]}
LINES = (
    NewLine(sku="shirt", name="Shirt, blue", amount_minor=1600, tax_minor=250, discounts=(NewDiscount("staff", 100),)),
    NewLine(sku="loose", amount_minor=300, tax_minor=50),
    NewLine(name="Shipping", kind="shipping", amount_minor=200),
)


def fuller(number="o1", **more):
    """The same money, with lines, tax and tenders."""
    return a_sale(number, **{"outlet": "site", "lines": LINES, "tax_included": True, "cashier": "Ida", **more})


def told(source_id, position=1, at=NOON, **properties):
    body = msgspec.json.encode({"event": "Order Completed", "properties": ORDER | properties, "context": {}}).decode()
    return Event(0, 1, position, "ingest.track", "Order Completed", source_id, at, NOON, body)


async def take(tx, *events, node=None):
    await orders.take_completed(tx, events, [object()] * len(events), [node] * len(events))


async def corrections(tx):
    bodies = await tx.values("SELECT body FROM kernel.event WHERE kind = 'orders.sale_corrected' ORDER BY position")
    return [msgspec.json.decode(body, type=orders.SaleCorrected) for body in bodies]


async def counted(tx):
    """What the facts add up to, by node, currency and category."""
    sums = {}
    for sign, one in [
        *[(1, fact) for fact in await facts(tx)],
        *[(-1, fact.before) for fact in await corrections(tx)],
        *[(1, fact.after) for fact in await corrections(tx)],
    ]:
        for category, (paid, units) in one.categories.items():
            before = sums.get((one.node_id, one.currency, category), (0, 0))
            sums[one.node_id, one.currency, category] = before[0] + sign * paid, before[1] + sign * units
    return {key: value for key, value in sums.items() if value != (0, 0)}


@pytest.fixture
async def site(tx):
    await open_shops(tx)
    return (await channels.add_source(tx, name="the site", outlet="site")).source_id


async def node_of(tx, ns, value):
    (node,) = await identity.resolve(tx, [identity.Observation(((ns, value),), NOON, 1)])
    return node


async def test_the_shops_account_takes_the_place_of_the_events(tx, site):
    await take(tx, told(site), node=77)
    before = await orders.receipt(tx, outlet="site", number="o1")
    (done,) = await orders.record(tx, [fuller()])
    sale = await orders.receipt(tx, outlet="site", number="o1")

    assert (done.sale_id, done.repeated) == (before.sale_id, False)
    assert (sale.node_id, sale.total_minor, sale.source_id, sale.cashier) == (77, 2000, None, "Ida")
    assert [(line.sku, line.name, line.tax_minor) for line in sale.lines] == [
        ("shirt", "Shirt, blue", 250),
        ("loose", "No category", 50),
        (None, "Shipping", 0),
    ]
    assert [discount.kind for discount in sale.discounts] == ["staff"]
    assert [tender.kind for tender in sale.tenders] == ["card", "cash"]
    assert sale.recorded_at == before.recorded_at
    assert sale.corrected_at == tx.now
    assert await counted(tx) == {(77, "EUR", "Clothes / Tops"): (1500, 1), (77, "EUR", ""): (500, 1)}
    assert len(await facts(tx)) == 1
    assert await orders.reconcile(tx) == []


async def test_nothing_of_the_second_hand_account_is_left(tx, site):
    told_with_tenders = a_sale("o1", outlet="site", discounts=(NewDiscount("coupon", 100, "HI"),), total_minor=1900)
    tenders = (orders.NewTender("voucher", 900), orders.NewTender("points", 900), orders.NewTender("cash", 100))
    told_with_tenders = msgspec.structs.replace(told_with_tenders, tenders=tenders)
    await orders.record(tx, [told_with_tenders], nodes=[None], source_ids=[site])
    await orders.record(tx, [fuller()])
    sale = await orders.receipt(tx, outlet="site", number="o1")
    assert [tender.kind for tender in sale.tenders] == ["card", "cash"]
    assert [discount.kind for discount in sale.discounts] == ["staff"]
    assert len(sale.lines) == 3


async def test_weights_and_taxes_are_taken_away_as_they_were_counted(tx, site):
    products = [{"sku": "shirt", "price": 4, "quantity": 0.5}, {"sku": "bag", "price": 5, "quantity": 2.5}]
    await take(tx, told(site, products=products, total=17.50, tax=2, shipping=1), node=77)
    (before,) = await facts(tx)
    assert (before.units, before.total_minor) == (2, 1750)
    await orders.record(tx, [fuller()])
    (fact,) = await corrections(tx)
    assert msgspec.to_builtins(fact.before) == {
        name: value for name, value in msgspec.to_builtins(before).items() if name in fact.before.__struct_fields__
    }
    assert await counted(tx) == {(77, "EUR", "Clothes / Tops"): (1500, 1), (77, "EUR", ""): (500, 1)}


async def test_nothing_is_told_where_nothing_that_counts_has_changed(tx, site):
    await take(tx, told(site), node=77)
    await orders.record(tx, [a_sale("o1", outlet="site")])
    assert await corrections(tx) == []
    assert [tender.kind for tender in (await orders.receipt(tx, outlet="site", number="o1")).tenders] == [
        "card",
        "cash",
    ]


@pytest.mark.parametrize(
    "more",
    [
        {"total_minor": 1900, "discounts": (NewDiscount("coupon", 100, "HI"),), "tenders": ()},
        {"currency": "USD"},
        {"occurred_at": NOON - timedelta(days=1)},
        {
            "lines": (NewLine(sku="bag", amount_minor=1000, quantity_thousandths=2500, tax_minor=1000),),
            "tax_included": 0,
        },
    ],
)
async def test_what_differs_is_put_right_by_a_fact(tx, site, more):
    await take(tx, told(site), node=77)
    await orders.record(tx, [fuller(**more)])
    sale = await orders.receipt(tx, outlet="site", number="o1")
    (fact,) = await corrections(tx)
    assert (fact.before.total_minor, fact.before.currency, fact.before.occurred_at) == (2000, "EUR", NOON)
    assert (fact.after.total_minor, fact.after.currency) == (sale.total_minor, sale.currency)
    assert (fact.after.occurred_at, fact.after.units) == (sale.occurred_at, sale.units)
    assert {key[1] for key in await counted(tx)} == {sale.currency}
    assert sum(paid for paid, _ in (await counted(tx)).values()) == sale.total_minor
    assert await orders.reconcile(tx) == []


async def test_the_shops_account_stands(tx, site):
    await take(tx, told(site, total=25))
    await orders.record(tx, [fuller()])
    same, other, event = (
        await orders.record(tx, [fuller()]),
        await orders.record(tx, [fuller(cashier="Bo")]),
        await take(tx, told(site, total=25), told(site, total=20), told(site, total=30)),
    )
    assert (isinstance(same[0], Recorded), same[0].repeated) == (True, True)
    assert isinstance(other[0], ReceiptConflict)
    assert event is None
    assert (await orders.receipt(tx, outlet="site", number="o1")).cashier == "Ida"
    assert len(await corrections(tx)) == 1
    assert await orders.unrecorded(tx) == []


async def test_of_two_accounts_in_one_request_the_first_stands(tx, site):
    await take(tx, told(site))
    first, other, again = await orders.record(tx, [fuller(), fuller(cashier="Bo"), fuller()])
    assert (first.repeated, again.repeated) == (False, True)
    assert isinstance(other, ReceiptConflict)


async def test_a_return_does_not_take_the_place_of_a_sale(tx, site):
    await take(tx, told(site))
    (answer,) = await orders.record(tx, [fuller(kind="return")])
    assert isinstance(answer, ReceiptConflict)
    assert (await orders.receipt(tx, outlet="site", number="o1")).total_minor == 2000


async def test_who_is_named_by_the_shop_is_whose_sale_it_is(tx, site):
    device = await node_of(tx, 6, "laptop")
    await take(tx, told(site), node=device)
    await orders.record(tx, [fuller(identifiers={"email": "ines@example.com"})])
    sale = await orders.receipt(tx, outlet="site", number="o1")
    assert sale.node_id == await node_of(tx, 3, "ines@example.com") != device
    assert {key[0] for key in await counted(tx)} == {sale.node_id}


async def test_one_persons_sale_stays_with_the_identifier_that_it_had(tx, site):
    device, _ = await identity.resolve(
        tx, [identity.Observation(((6, "laptop"), (3, "ines@example.com")), NOON, 1)] * 2
    )
    device = await node_of(tx, 6, "laptop")
    await take(tx, told(site), node=device)
    await orders.record(tx, [fuller(identifiers={"email": "ines@example.com"})])
    assert (await orders.receipt(tx, outlet="site", number="o1")).node_id == device


@pytest.mark.parametrize("named", [True, False])
async def test_whoever_comes_first_the_sale_is_the_same(tx, site, named):
    sale = fuller(identifiers={"email": "ines@example.com"} if named else {})
    seen = []
    for order in (True, False):
        await tx.run("SAVEPOINT start")
        if order:
            await take(tx, told(site), node=77)
        await orders.record(tx, [sale])
        if not order:
            await take(tx, told(site), node=77)
        kept = msgspec.to_builtins(await orders.receipt(tx, outlet="site", number="o1"))
        seen.append(
            ({**kept, "sale_id": 0, "corrected_at": None, "node_id": kept["node_id"] == 77}, len(await facts(tx)))
        )
        assert sum(paid for paid, _ in (await counted(tx)).values()) == 2000
        assert len({key[0] for key in await counted(tx)}) == 1
        assert await orders.unrecorded(tx) == []
        await tx.run("ROLLBACK TO SAVEPOINT start")
    assert seen[0] == seen[1]
    assert seen[0][0]["node_id"] is not named


@pytest.mark.parametrize("total", [2000, 1700])
async def test_both_at_the_same_instant_are_one_sale(town, total):
    """Many rounds, so that each may come first, and so that both may find nothing."""
    numbers = [f"o{n}" for n in range(60)]
    async with town.transaction() as tx:
        site = (await channels.add_source(tx, name="the site", outlet="site")).source_id
        node = await node_of(tx, 6, "laptop")
    lines = (NewLine(sku="shirt", amount_minor=total),)

    async def by_event(number, position):
        await town.within(lambda tx: take(tx, told(site, position, order_id=number), node=node))

    async def by_shop(some, cashier):
        sales = [fuller(number, lines=lines, total_minor=total, tenders=(), cashier=cashier) for number in some]
        return await town.within(lambda tx: orders.record(tx, sales))

    backwards = [*reversed(numbers)]
    await asyncio.gather(
        *itertools.chain.from_iterable(
            (by_event(one, at), by_shop(numbers[at : at + 3], "Ida"), by_shop(backwards[at : at + 3], "Ida"))
            for at, one in enumerate(numbers)
        )
    )
    async with town.reading() as tx:
        kept = (await tx.tuples("SELECT count(*), sum(total_minor), count(cashier), count(node_id) FROM orders.sale"))[
            0
        ]
        assert kept == (60, 60 * total, 60, 60)
        assert len(await facts(tx)) == 60
        assert {key[0]: 1 for key in await counted(tx)} == {node: 1}
        assert sum(paid for paid, _ in (await counted(tx)).values()) == 60 * total
        assert await orders.reconcile(tx) == []


async def test_of_two_accounts_of_the_shop_at_the_same_instant_one_stands(town):
    numbers = [f"o{n}" for n in range(40)]
    async with town.transaction() as tx:
        site = (await channels.add_source(tx, name="the site", outlet="site")).source_id
        await take(tx, *[told(site, at, order_id=number) for at, number in enumerate(numbers)])

    async def by_shop(number, cashier):
        (answer,) = await town.within(lambda tx: orders.record(tx, [fuller(number, cashier=cashier)]))
        return number, cashier, isinstance(answer, Recorded) and not answer.repeated

    answers = await asyncio.gather(*(by_shop(number, cashier) for number in numbers for cashier in ("Ida", "Bo", "Cy")))
    standing = {number: cashier for number, cashier, stands in answers if stands}
    assert (len(standing), sum(stands for _, _, stands in answers)) == (40, 40)
    async with town.reading() as tx:
        assert dict(await tx.tuples("SELECT receipt_number, cashier FROM orders.sale")) == standing
        assert len(await corrections(tx)) == 40
        assert await orders.reconcile(tx) == []
