"""What people read of prices is what baskets pay; a coupon looked up is what it is; rules are said in words."""

import itertools
from datetime import timedelta

import pytest

from comptoir import channels, pricing
from comptoir.kernel.errors import Refusal
from comptoir.pricing import AmountOff, NewCoupon, Percent, QuoteLine, QuoteRequest, Use
from pricing.conftest import a_list, open_shops, variants

pytestmark = pytest.mark.anyio


async def furnish(tx):
    await open_shops(tx)
    await a_list(tx, "base", {"shirt": 2000, "bag": 9900})
    await a_list(tx, "gold", {"shirt": 1800}, customer_group="gold")
    await a_list(tx, "market", {"shirt": 2200}, channel="market")
    await a_list(tx, "web", {"shirt": 1900}, channel="web", ends_at=tx.now + timedelta(days=2))
    await a_list(tx, "nice", {"shirt": 1500, "tea": 300}, outlet="nice")
    await a_list(tx, "later", {"shirt": 1000}, starts_at=tx.now + timedelta(days=2))
    return await variants(tx)


async def test_the_price_at_a_place_is_the_price_of_a_quote(db):
    async with db.transaction() as tx:
        ids = await furnish(tx)
        outlets = {one.code: one for one in await channels.outlets(tx)}
        prices = await pricing.listed(tx, ids.values())
        for sku, code, groups in itertools.product(ids, outlets, [(), ("gold",)]):
            outlet = outlets[code]
            asked = QuoteRequest(
                "r", outlet.outlet_id, outlet.channel, "EUR", groups=groups, lines=(QuoteLine(1, ids[sku], 1),)
            )
            (quote,) = await pricing.quotes(tx, [asked])
            place = {"channel": outlet.channel, "outlet_id": outlet.outlet_id, "groups": groups}
            found = pricing.price_at(prices.get(ids[sku], []), currency="EUR", **place)
            if isinstance(quote, Refusal):
                assert found is None
            else:
                assert found is not None
                assert (found.list.code, found.price.amount_minor) == (
                    quote.lines[0].price_list,
                    quote.lines[0].amount_minor,
                )
        shelf = await pricing.common_prices(tx, ids.values(), currency="EUR")
    assert (shelf[ids["shirt"]].amount_minor, shelf[ids["shirt"]].differs) == (2000, True)
    assert (shelf[ids["bag"]].amount_minor, shelf[ids["bag"]].differs) == (9900, False)
    assert ids["tea"] not in shelf  # it costs something in Nice only
    assert [one.list.code for one in prices[ids["shirt"]] if not one.live] == ["later"]


async def test_a_refused_condition_tells_what_it_asked_and_what_there_was(db):
    async with db.transaction() as tx:
        ids = await furnish(tx)
        site = await channels.outlet(tx, code="site")
        await pricing.set_promotion(
            tx,
            code="BIG",
            entry=pricing.PromotionEntry(
                name="Big",
                scope="order",
                benefit=Percent(500),
                condition={
                    "all": [
                        {"attribute": "basket.amount", "op": ">=", "value": 50_000},
                        {"attribute": "basket.channel", "op": "in", "value": ["web"]},
                    ]
                },
            ),
        )
        asked = QuoteRequest("r", site.outlet_id, "web", "EUR", lines=(QuoteLine(1, ids["bag"], 1),), why=True)
        (quote,) = await pricing.quotes(tx, [asked])
        (refused,) = quote.refused
        assert refused.code == "condition"
        words = pricing.unmet_in_words(refused.data, "fr", currency="EUR")
        assert words == [("Le montant aux prix catalogue est d’au moins 500,00\u00a0€.", "basket.amount", 9900)] or (
            len(words) == 1 and "500,00" in words[0][0] and words[0][1:] == ("basket.amount", 9900)
        )
        silent = QuoteRequest("r", site.outlet_id, "web", "EUR", lines=asked.lines)
        assert (await pricing.quotes(tx, [silent]))[0].refused[0].data == {}
        said = pricing.in_words(await pricing.promotion(tx, code="BIG"), "en", currency="EUR")
        assert "€500.00" in said.condition
        assert said.target == ""


async def test_a_coupon_is_looked_up_with_those_who_had_it_and_guessing_ends(db):
    async with db.transaction() as tx:
        await furnish(tx)
        entry = pricing.PromotionEntry(
            name="Ten off", scope="order", benefit=AmountOff(1_000), currency="EUR", needs_coupon=True
        )
        await pricing.set_promotion(tx, code="TEN", entry=entry)
        await pricing.set_campaign(tx, code="SPRING", entry=pricing.CampaignEntry(name="Spring", promotion="TEN"))
        await pricing.add_coupons(tx, campaign_code="SPRING", coupons=[NewCoupon("HELLO10", max_uses=2)])
        found = await pricing.look_up(tx, code="hello-10", who="user:1")
        assert found.good
        assert found.campaign is not None
        assert (found.campaign.code, found.claims) == ("SPRING", [])
        for order in ("one", "two"):
            await pricing.settle(tx, [Use(act="redeem", reference=order, code="HELLO10", amount_minor=1_000)])
        found = await pricing.look_up(tx, code="HELLO10", who="user:1")
        assert (found.good, found.reason) == (False, "coupon_used_up")
        assert sorted((one.reference, one.state, one.amount_minor) for one in found.claims) == [
            ("one", "redeemed", 1_000),
            ("two", "redeemed", 1_000),
        ]
        for _ in range(20):
            assert (await pricing.look_up(tx, code="NOSUCH", who="user:1")).reason == "unknown_coupon"
        with pytest.raises(pricing.TooManyGuesses):
            await pricing.look_up(tx, code="HELLO10", who="user:1")
        assert (await pricing.look_up(tx, code="HELLO10", who="user:2")).coupon is not None


async def test_what_a_promotion_has_given_is_told(db):
    async with db.transaction() as tx:
        await furnish(tx)
        entry = pricing.PromotionEntry(
            name="All", scope="order", benefit=Percent(500), currency="EUR", budget_minor=5_000, max_uses=10
        )
        made = await pricing.set_promotion(tx, code="ALL", entry=entry)
        await pricing.settle(tx, [
            Use(act="redeem", reference="one", promotion="ALL", amount_minor=700),
            Use(act="reserve", reference="two", promotion="ALL", amount_minor=300),
        ])  # fmt: skip
        given = (await pricing.spent(tx))[made.promotion_id]
    assert (given.used, given.reserved, given.spent_minor, given.reserved_minor) == (1, 1, 700, 300)
