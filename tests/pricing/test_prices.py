"""Prices come in by file, one list wins for good reasons, and where channels differ is told."""

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptoir import catalog, channels, pricing
from comptoir.pricing import CurrencyFixed, NewPrice, PriceList, PriceListEntry, UnknownPriceList
from comptoir.pricing.choice import applies, live, rank, winner
from comptoir.pricing.prices import OF_LIST
from pricing.conftest import a_list, variants

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def made(number, **more):
    return PriceList(
        **{
            "price_list_id": number,
            "code": str(number),
            "name": "",
            "currency": "EUR",
            "outlet_id": None,
            **more,
        }
    )


async def test_the_same_file_again_changes_nothing(shops):
    await a_list(shops, "base")
    file = [NewPrice("shirt", 2000, was_minor=2500), NewPrice("bag", 9900)]

    first = await pricing.import_prices(shops, code="base", prices=file)
    again = await pricing.import_prices(shops, code="base", prices=file)
    other = await pricing.import_prices(shops, code="base", prices=[NewPrice("bag", 8900)], whole=True)

    assert (first.new, first.changed, first.unchanged) == (2, 0, 0)
    assert (again.new, again.changed, again.unchanged) == (0, 0, 2)
    assert (other.new, other.changed, other.removed) == (0, 1, 1)
    (left,) = await pricing.prices_of(shops, code="base")
    assert (left.variant_id, left.amount_minor) == ((await variants(shops))["bag"], 8900)


async def test_a_bad_row_never_loses_those_beside_it(shops):
    await a_list(shops, "base")
    rows = [NewPrice("none", 1), NewPrice("bag", 5), NewPrice("bag", 6), NewPrice("shirt", 9, was_minor=8)]
    done = await pricing.import_prices(shops, code="base", prices=rows)
    assert done.new == 1
    assert [(one.row, one.code) for one in done.refused] == [
        (0, "pricing.unknown_sku"),
        (2, "pricing.price_twice"),
        (3, "pricing.bad_price"),
    ]
    with pytest.raises(UnknownPriceList):
        await pricing.import_prices(shops, code="other", prices=rows)


async def test_p13_no_price_is_ever_converted_from_another_currency(shops):
    """PrestaShop #36629: a fixed foreign price was still multiplied by the rate."""
    euro = await a_list(shops, "euro", {"bag": 10_000})
    franc = await a_list(shops, "franc", {"bag": 9_500}, currency="CHF")
    for currency, own in (("EUR", euro), ("CHF", franc)):
        found = [
            one for one in (euro, franc) if applies(one, currency=currency, channel="web", outlet_id=None, groups=())
        ]
        assert found == [own]
    with pytest.raises(CurrencyFixed):
        await a_list(shops, "euro", currency="USD")
    with pytest.raises(CurrencyFixed):
        await a_list(shops, "euro", tax_included=False)


async def test_the_most_specific_list_wins_then_priority_then_the_newest():
    in_order = [
        made(1, outlet_id=3, customer_group="staff", channel="shop"),
        made(2, outlet_id=3),
        made(3, customer_group="staff", channel="shop", priority=9),
        made(4, customer_group="staff", priority=9),
        made(5, channel="shop", ends_at=NOW),
        made(6, channel="shop"),
        made(7, ends_at=NOW, priority=5),
        made(8, ends_at=NOW),
        made(11, priority=1),
        made(10),
        made(9),
    ]
    shuffled = in_order[:]
    random.Random(7).shuffle(shuffled)
    assert sorted(shuffled, key=rank, reverse=True) == in_order
    prices = {one.price_list_id: pricing.Price(1, one.price_list_id, 100) for one in in_order[4:]}
    found, _ = winner(sorted(shuffled, key=rank, reverse=True), prices)
    assert found == in_order[4]


@given(
    st.lists(
        st.builds(
            made,
            st.integers(1, 10_000),
            priority=st.integers(-2, 2),
            channel=st.sampled_from([None, "web"]),
            outlet_id=st.sampled_from([None, 1]),
        ),
        unique_by=lambda one: one.price_list_id,
        max_size=6,
    )
)
async def test_one_list_wins_whatever_the_order(found):
    orders = {
        tuple(one.price_list_id for one in sorted(order, key=rank)) for order in itertools.permutations(found[:4])
    }
    assert len(orders) == 1


async def test_a_list_holds_from_its_beginning_until_before_its_end():
    sale = made(1, starts_at=NOW, ends_at=NOW + timedelta(days=1))
    assert [live(sale, NOW + timedelta(seconds=s)) for s in (-1, 0, 86_399, 86_400)] == [False, True, True, False]
    assert not live(made(2, enabled=False), NOW)


async def test_p13_where_channels_differ_is_told_with_the_list_that_says_so(shops):
    """A price is the same on all channels unless a rule says otherwise, and then everybody can see which."""
    await a_list(shops, "base", {"shirt": 2000, "bag": 9900, "tea": 300})
    assert await pricing.differences(shops, currency="EUR") == []

    await a_list(shops, "web", {"shirt": 1800, "bag": 9900}, channel="web")
    await a_list(shops, "nice", {"tea": 350}, outlet="nice")
    await a_list(shops, "staff", {"bag": 1}, customer_group="staff")
    told = {
        one.sku: {(p.channel, p.outlet): (p.price_list, p.amount_minor) for p in one.places}
        for one in await pricing.differences(shops, currency="EUR")
    }
    assert told == {
        "shirt": {("shop", None): ("base", 2000), ("shop", "nice"): ("base", 2000), ("web", None): ("web", 1800)},
        "tea": {("shop", None): ("base", 300), ("shop", "nice"): ("nice", 350), ("web", None): ("base", 300)},
    }
    assert await pricing.differences(shops, currency="CHF") == []


async def test_a_list_is_described_anew_and_keeps_its_prices(shops):
    before = await a_list(shops, "base", {"bag": 1})
    version = await shops.value("SELECT version FROM pricing.house")
    after = await a_list(shops, "base", channel="web", outlet="lyon", priority=3)
    assert (after.price_list_id, after.channel, after.outlet, after.priority) == (
        before.price_list_id,
        "web",
        "lyon",
        3,
    )
    assert len(await pricing.prices_of(shops, code="base")) == 1
    assert await shops.value("SELECT version FROM pricing.house") != version
    with pytest.raises(pricing.BadPriceList):
        await pricing.set_price_list(shops, code="x", entry=PriceListEntry(name="x", currency="XYZ"))
    with pytest.raises(channels.UnknownOutlet):
        await a_list(shops, "x", outlet="none")


async def test_a_hundred_thousand_prices_come_in_as_one_file(db):
    products = [catalog.NewProduct(code=str(n), name=f"P{n}") for n in range(100_000)]
    file = [NewPrice(str(n), n) for n in range(100_000)]
    async with db.transaction() as tx:
        await catalog.import_products(tx, products)
        await a_list(tx, "base")
        done = await pricing.import_prices(tx, code="base", prices=file)
        again = await pricing.import_prices(tx, code="base", prices=file)
        assert (done.new, again.unchanged) == (100_000, 100_000)
        await tx.run("ANALYZE pricing.price")
        plan = "\n".join(await tx.values("EXPLAIN " + OF_LIST, price_list_id=1, after=500, limit=51))
        assert "Index Scan" in plan, plan


async def test_prices_over_http(api, db):
    async with db.transaction() as tx:
        await catalog.import_products(tx, [catalog.NewProduct(code="bag", name="Bag")])
    made = await api.put("/v1/pricing/lists/base", json={"name": "Base", "currency": "EUR"})
    assert made.json()["tax_included"] is True, made.text
    file = '{"sku":"bag","amount_minor":9900}\n{"sku":"bag","amount_minor":-1}\n{"sku":"no","amount_minor":1}'
    done = await api.post("/v1/pricing/lists/base/prices?whole=true", content=file)
    assert (done.json()["new"], [one["row"] for one in done.json()["refused"]]) == (1, [1, 2])
    assert [one["amount_minor"] for one in (await api.get("/v1/pricing/lists/base/prices")).json()["items"]] == [9900]
    assert (await api.get("/v1/pricing/differences?currency=EUR")).json() == {"items": [], "next": None}
    assert (await api.put("/v1/pricing/house", json={"mode": "priority"})).json()["mode"] == "priority"
    assert (await api.get("/v1/pricing/lists/none")).json()["code"] == "pricing.unknown_price_list"
