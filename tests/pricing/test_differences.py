"""Where the same article does not cost the same, and what one piece costs whoever walks in."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comptoir import catalog, channels, pricing
from comptoir.pricing import NewPrice, Percent, PromotionEntry, QuoteLine, QuoteRequest, TaxRate
from comptoir.pricing.choice import applies, live, rank
from pricing.conftest import a_list, variants

pytestmark = pytest.mark.anyio


async def told(tx, **more):
    return {
        one.sku: ({place.outlet or place.channel: (place.amount_minor, place.why) for place in one.places}, one.ruled)
        for one in await pricing.differences(tx, currency="EUR", **more)
    }


async def test_a_place_without_a_price_is_no_rule(shops):
    await a_list(shops, "web", {"tea": 300}, channel="web")
    assert await told(shops) == {"tea": ({"web": (300, "list"), "shop": (None, "no_price")}, False)}
    await a_list(shops, "shops", {"bag": 900}, channel="shop")
    await a_list(shops, "nice", {"bag": 950, "tea": 310}, outlet="nice")
    found = await told(shops)
    assert found["bag"] == (
        {"web": (None, "no_price"), "shop": (900, "list"), "nice": (950, "list")}, False
    )  # fmt: skip
    assert found["tea"] == (
        {"web": (300, "list"), "shop": (None, "no_price"), "nice": (310, "list")}, False
    )  # fmt: skip


async def test_what_only_the_age_of_a_list_decides_is_no_rule(shops):
    await a_list(shops, "base", {"tea": 300, "bag": 900})
    await a_list(shops, "web-1", {"tea": 280, "bag": 800}, channel="web")
    await a_list(shops, "web-2", {"tea": 270, "bag": 800}, channel="web")
    found = await told(shops)
    assert found["tea"] == ({"shop": (300, "everywhere"), "web": (270, "no_rule")}, False)
    assert found["bag"] == ({"shop": (900, "everywhere"), "web": (800, "list")}, True)
    await a_list(shops, "web-2", channel="web", priority=1)
    assert (await told(shops))["tea"] == ({"shop": (300, "everywhere"), "web": (270, "list")}, True)


async def test_for_a_group_and_at_a_moment(shops):
    now = shops.now
    await a_list(shops, "base", {"tea": 300})
    await a_list(shops, "staff-web", {"tea": 200}, channel="web", customer_group="staff")
    await a_list(shops, "black-friday", {"tea": 250}, channel="web", starts_at=now + timedelta(days=1))
    assert await told(shops) == {}
    assert (await told(shops, group="staff"))["tea"][0]["web"] == (200, "list")
    assert (await told(shops, at=now + timedelta(days=2)))["tea"][0]["web"] == (250, "list")


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, "web", "shop"]), st.sampled_from([None, "lyon", "nice"]),
            st.integers(0, 1), st.sampled_from([None, 100, 200, 300]),
        ),
        min_size=1, max_size=5,
    )
)  # fmt: skip
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_each_place_pays_what_a_quote_says(shops, made):
    """The report against `quotes`, list by list."""
    await shops.run("DELETE FROM pricing.price")
    await shops.run("DELETE FROM pricing.price_list")
    for number, (channel, outlet, priority, amount) in enumerate(made):
        prices = {"tea": amount} if amount else None
        await a_list(shops, f"l{number}", prices, channel=channel, outlet=outlet, priority=priority)
    tea = (await variants(shops))["tea"]
    lists = await pricing.price_lists(shops)
    outlets = {one.code: one for one in await channels.outlets(shops) if one.currency == "EUR"}
    for one in await pricing.differences(shops, currency="EUR"):
        for place in one.places:
            if place.outlet is None:
                continue
            outlet = outlets[place.outlet]
            asked = QuoteRequest("x", outlet.outlet_id, outlet.channel, "EUR", lines=(QuoteLine(1, tea, 1),))
            (quote,) = await pricing.quotes(shops, [asked])
            if place.amount_minor is None:
                assert isinstance(quote, pricing.NoPrice)
            else:
                assert (quote.lines[0].amount_minor, quote.lines[0].price_list) == (
                    place.amount_minor,
                    place.price_list,
                )
                held = [
                    (rank(found)[:2], price.amount_minor)
                    for found in lists
                    if live(found, shops.now)
                    and applies(found, currency="EUR", channel=outlet.channel, outlet_id=outlet.outlet_id, groups=())
                    for price in await pricing.prices_of(shops, code=found.code)
                ]
                best = max(held)[0]
                assert (place.why == "no_rule") == (len({amount for peers, amount in held if peers == best}) > 1)


async def test_the_shelf_says_what_a_quote_of_one_piece_says(shops):
    await a_list(shops, "base", {"shirt": 2000, "bag": 9900})
    await a_list(shops, "nice", {"shirt": 1900}, outlet="nice")
    await a_list(shops, "net", {"shirt": 1000}, currency="CHF", tax_included=False)
    await pricing.import_prices(shops, code="base", prices=[NewPrice("tea", 3000, per_units=1000, was_minor=3500)])
    await pricing.set_tax_rates(
        shops, rates=[TaxRate(country="FR", rate_millionths=200_000), TaxRate(country="CH", rate_millionths=81_000)]
    )
    await pricing.set_promotion(
        shops, code="bags", entry=PromotionEntry(
            name="Bags", scope="line", benefit=Percent(1000),
            target={"attribute": "line.sku", "op": "=", "value": "bag"},
        ),
    )  # fmt: skip
    known = await variants(shops)
    outlets = await channels.outlets(shops)
    found = await pricing.shelf_prices(shops, outlets=outlets, variants=list(known.values()))
    told = {
        (one.code, sku): (price.amount_minor, price.was_minor, price.per_units)
        for one in outlets
        for sku, variant in known.items()
        if (price := found[one.outlet_id].get(variant))
    }
    assert told == {
        ("bern", "shirt"): (1081, None, 1),
        **{(code, "bag"): (8910, 9900, 1) for code in ("lyon", "nice", "site")},
        **{(code, "tea"): (3000, 3500, 1000) for code in ("lyon", "nice", "site")},
        ("lyon", "shirt"): (2000, None, 1), ("site", "shirt"): (2000, None, 1), ("nice", "shirt"): (1900, None, 1),
    }  # fmt: skip


async def test_a_hundred_thousand_variants_are_compared(db):
    async with db.transaction() as tx:
        await channels.record_outlets(tx, outlets=[
            channels.OutletEntry(channel=channel, code=channel, name=channel, country="FR", time_zone="Europe/Paris",
                                 currency="EUR") for channel in ("web", "shop")
        ])  # fmt: skip
        await catalog.import_products(tx, [catalog.NewProduct(code=str(n), name=f"P{n}") for n in range(100_000)])
        await a_list(tx, "base")
        await a_list(tx, "web", channel="web")
        await pricing.import_prices(tx, code="base", prices=[NewPrice(str(n), 100) for n in range(100_000)])
        web = [NewPrice(str(n), 100 + (n % 40_000 == 0)) for n in range(100_000)]
        await pricing.import_prices(tx, code="web", prices=web)
    async with db.reading() as tx:
        found = await pricing.differences(tx, currency="EUR", limit=2)
        more = await pricing.differences(tx, currency="EUR", after=found[-1].variant_id)
    assert [one.sku for one in found + more] == ["0", "40000", "80000"]
