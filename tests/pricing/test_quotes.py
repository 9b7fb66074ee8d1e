"""Baskets are priced by the batch, from what is in the database now, with the same few statements."""

import psycopg
import pytest

from comptoir import catalog, pricing
from comptoir.channels import outlets
from comptoir.kernel.db import BY_INDEX
from comptoir.pricing import (
    ArticleTerms,
    BadPromotion,
    House,
    NewPrice,
    NoPrice,
    Percent,
    PromotionEntry,
    QuoteLine,
    QuoteRequest,
    TaxClass,
    TaxRate,
)
from comptoir.pricing.quotes import ARTICLES, PRICES
from pricing.conftest import a_list, open_shops, variants

pytestmark = pytest.mark.anyio


@pytest.fixture
async def town(db):
    """Committed: prices in EUR, 20 % tax and 5.5 % on food, ten per cent off clothes."""
    async with db.transaction() as tx:
        await open_shops(tx)
        await furnish(tx)
    return db


async def furnish(tx):
    await a_list(tx, "base", {"shirt": 2000, "bag": 9900, "tea": 300})
    await pricing.set_tax_rates(
        tx,
        rates=[
            TaxRate(country="FR", rate_millionths=200_000),
            TaxRate(country="FR", tax_class="food", rate_millionths=55_000),
        ],
    )
    await pricing.set_tax_classes(tx, classes=[TaxClass(("Grocery",), "food")])
    await pricing.set_promotion(tx, code="tops", entry=ten_off("Clothes"))


def ten_off(category, **more):
    target = {"attribute": "line.categories", "op": "has any", "value": [category]}
    fields = {"name": "Ten per cent", "scope": "line", "benefit": Percent(1000), "target": target, **more}
    return PromotionEntry(**fields)


async def basket(tx, *skus, outlet="site", **more):
    known = await variants(tx)
    found = {one.code: one for one in await outlets(tx)}[outlet]
    lines = tuple(QuoteLine(n, known[sku], 1) for n, sku in enumerate(skus, 1))
    fields = {"reference": "b", "channel": found.channel, "currency": "EUR", "country": "FR", "lines": lines, **more}
    return QuoteRequest(outlet_id=found.outlet_id, **fields)


async def test_a_basket_from_the_database(shops):
    await furnish(shops)
    (done,) = await pricing.quotes(shops, [await basket(shops, "shirt", "tea", delivery_minor=500)])
    assert [(line.total_minor, line.tax_minor, line.tax_class) for line in done.lines] == [
        (1800, 300, "standard"),
        (300, 16, "food"),
    ]
    assert (done.delivery.tax_minor, done.total_minor) == (83, 2600)
    assert [(one.promotion, one.discount_minor) for one in done.effects] == [("tops", 200)]


async def test_a_basket_without_a_price_never_loses_those_beside_it(shops):
    await furnish(shops)
    bad = await basket(shops, "bag", currency="CHF")
    good = await basket(shops, "bag")
    first, second, third = await pricing.quotes(shops, [good, bad, good])
    assert isinstance(second, NoPrice)
    assert first == third
    assert first.total_minor == 9900


async def test_web_till_and_agent_get_the_same_answer(shops):
    await furnish(shops)
    asked = [await basket(shops, "shirt", "bag", outlet=one) for one in ("site", "lyon", "nice")]
    web, till, agent = await pricing.quotes(shops, asked)
    assert web == till == agent


async def test_a_change_is_seen_by_the_next_quote_of_every_process(town):
    async def total():
        async with town.reading() as tx:
            (done,) = await pricing.quotes(tx, [await basket(tx, "shirt")])
            return done.total_minor

    assert await total() == 1800
    async with town.transaction() as tx:
        await pricing.set_promotion(tx, code="tops", entry=ten_off("Clothes", enabled=False))
        (inside,) = await pricing.quotes(tx, [await basket(tx, "shirt")])
        assert inside.total_minor == 2000
        assert await total() == 1800  # not committed: nobody else sees it, and nobody remembers it
    assert await total() == 2000
    async with town.transaction() as tx:
        await pricing.import_prices(tx, code="base", prices=[NewPrice("shirt", 1500)])
    assert await total() == 1500
    async with town.transaction() as tx:
        await pricing.set_promotion(tx, code="tops", entry=ten_off("Clothes"))
        await pricing.set_house(tx, house=House(max_discount_basis_points=500))
    assert await total() == 1425


async def test_a_change_that_was_rolled_back_is_not_remembered(town):
    async def total(tx):
        (done,) = await pricing.quotes(tx, [await basket(tx, "shirt")])
        return done.total_minor

    with pytest.raises(ZeroDivisionError):
        async with town.transaction() as tx:
            await pricing.set_promotion(tx, code="tops", entry=ten_off("Clothes", enabled=False))
            assert await total(tx) == 2000
            raise ZeroDivisionError
    async with town.transaction() as tx:
        await pricing.set_promotion(tx, code="other", entry=ten_off("Nothing"))
        assert await total(tx) == 1800


async def test_the_margin_floor_counts_from_the_cost(shops):
    await furnish(shops)
    await pricing.set_articles(shops, articles=[ArticleTerms(sku="shirt", cost_minor=1600, cost_currency="EUR")])
    await pricing.set_house(shops, house=House(margin_floor_basis_points=0))
    (done,) = await pricing.quotes(shops, [await basket(shops, "shirt")])
    assert (done.total_minor, done.effects[0].limited_by) == (1920, ("margin_floor",))  # 1600 and 20 %


async def test_a_batch_takes_as_many_statements_as_one_basket(shops, monkeypatch):
    await furnish(shops)
    asked = [
        await basket(shops, "shirt", "bag", outlet=one, reference=str(n)) for n, one in enumerate(["site", "lyon"] * 50)
    ]
    await pricing.quotes(shops, asked[:1])
    counts = []
    execute = psycopg.AsyncCursor.execute

    async def counted(self, *args, **more):
        counts[-1] += 1
        return await execute(self, *args, **more)

    monkeypatch.setattr(psycopg.AsyncCursor, "execute", counted)
    # On a busy machine what is remembered for a moment may have to be read again in the midst of one try.
    for batch in (asked[:1], asked) * 3:
        counts.append(0)
        await pricing.quotes(shops, batch)
    assert min(counts[::2]) == min(counts[1::2]) <= 4


async def test_hot_reads_go_by_their_keys_also_with_plans_from_empty_tables(tx):
    await tx.run(BY_INDEX)  # as the counter asks; else a table of a few rows is rightly read whole
    await tx.run("SET LOCAL plan_cache_mode = force_generic_plan")
    for sql, more in ((PRICES, {"lists": "{1}"}), (ARTICLES, {}), (catalog.products.PLACED, {})):
        named = {"ids": "{1,2}"} if sql is catalog.products.PLACED else {"variants": "{1,2}"}
        plan = "\n".join(await tx.values("EXPLAIN " + sql, **named, **more))
        assert "Seq Scan" not in plan, plan
        assert "Hash" not in plan, plan


async def test_a_promotion_with_a_mistake_is_refused_with_its_place(shops):
    rule = {"all": [{"attribute": "line.colour", "op": "=", "value": "red"}]}
    with pytest.raises(BadPromotion) as caught:
        await pricing.set_promotion(shops, code="p", entry=ten_off("x", target=rule))
    assert caught.value.data["errors"][0].place == "/all/0/attribute"
    for wrong in (
        {"benefit": pricing.AmountOff(5)},
        {"scope": "order", "benefit": pricing.FixedPrice(5), "currency": "EUR"},
        {"scope": "shipping"},
        {"budget_minor": 5},
    ):
        with pytest.raises(BadPromotion):
            await pricing.set_promotion(shops, code="p", entry=ten_off("x", **wrong))


async def test_why_this_price_over_http(api, db):
    async with db.transaction() as tx:
        await open_shops(tx)
        await furnish(tx)
        known = await variants(tx)
        (site,) = [one for one in await outlets(tx) if one.code == "site"]
    made = await api.put(
        "/v1/pricing/promotions/free",
        json={
            "name": "Free delivery from 50",
            "scope": "shipping",
            "benefit": {"kind": "percent", "basis_points": 10_000},
            "condition": {"attribute": "basket.remaining", "op": ">=", "value": 5000},
        },
    )
    assert made.json()["code"] == "free", made.text
    asked = {
        "reference": "b1",
        "outlet_id": site.outlet_id,
        "channel": "web",
        "currency": "EUR",
        "country": "FR",
        "lines": [{"line": 1, "variant_id": known["shirt"], "quantity": 2}],
        "delivery_minor": 490,
        "coupons": ["WELCOME"],
        "why": True,
    }
    answer = await api.post("/v1/pricing/quotes", json={"baskets": [asked, {**asked, "currency": "CHF"}, {"x": 1}]})
    good, unpriced, unread = answer.json()
    assert (good["quote"]["total_minor"], good["quote"]["discount_minor"]) == (4090, 400)
    assert good["quote"]["lines"][0]["considered"][0]["price_list"] == "base"
    assert {one.get("promotion") or one["coupon"]: one["code"] for one in good["quote"]["refused"]} == {
        "free": "condition",
        "WELCOME": "unknown_coupon",
    }
    assert (unpriced["problem"]["code"], unread["problem"]["code"]) == ("pricing.no_price", "invalid")
    entry = {"name": "x", "scope": "order", "benefit": {"kind": "percent", "basis_points": 1}, "condition": {"all": 5}}
    bad = await api.put("/v1/pricing/promotions/x", json=entry)
    assert (bad.status_code, bad.json()["data"]["errors"][0]["place"]) == (400, "/all")
    taxes = (await api.get("/v1/pricing/taxes")).json()
    assert [one["rate_millionths"] for one in taxes] == [55_000, 200_000]
