"""Every quote adds up, is never negative, and does not depend on the order of what it was made from."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comptoir.pricing.engine import quote
from comptoir.pricing.errors import LineTwice, NoPrice, TooMuch
from comptoir.pricing.house import House
from comptoir.pricing.promotions import AmountOff, Bundle, BuyGet, FixedPrice, Part, Percent
from comptoir.pricing.records import Price, QuoteLine
from conftest import examples
from pricing.worlds import a_basket, a_book, a_list, a_promotion, book_of, worlds

CLOTHES = {"attribute": "line.categories", "op": "has any", "value": ["Clothes"]}


@settings(max_examples=examples(100))
@given(worlds())
def test_money_sums_exactly_and_is_never_negative(world):
    done = quote(world["basket"], book_of(world))

    whole = [*done.lines, done.delivery]
    assert done.amount_minor == sum(line.amount_minor for line in whole)
    assert done.discount_minor == sum(line.discount_minor for line in whole)
    assert done.tax_minor == sum(line.tax_minor for line in whole)
    assert done.total_minor == sum(line.total_minor for line in whole)
    for line in whole:
        assert 0 <= line.discount_minor <= line.amount_minor
        assert line.total_minor >= 0 <= line.tax_minor
        on_top = 0 if line.tax_included else line.tax_minor
        assert line.total_minor == line.amount_minor - line.discount_minor + on_top
        assert line.discount_minor == sum(effect.discount_minor for effect in line.effects)
    # The parts of a promotion on the lines are the whole of it.
    parts = {}
    for line in whole:
        for effect in line.effects:
            assert effect.discount_minor > 0
            parts[effect.promotion] = parts.get(effect.promotion, 0) + effect.discount_minor
    assert parts == {effect.promotion: effect.discount_minor for effect in done.effects}
    # Every promotion is either applied or refused with a reason.
    told = {effect.promotion for effect in done.effects}, {one.promotion for one in done.refused}
    assert told[0] | told[1] == {one.code for one in world["promotions"]}
    assert not told[0] & told[1]


@settings(max_examples=examples(100))
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_lines_and_of_promotions_does_not_matter(world, random):
    lines, promotions = list(world["basket"].lines), list(world["promotions"])
    before = quote(world["basket"], book_of(world))
    random.shuffle(lines)
    random.shuffle(promotions)
    after = quote(msgspec.structs.replace(world["basket"], lines=tuple(lines)), book_of(world, promotions=promotions))

    assert {line.line: line for line in after.lines} == {line.line: line for line in before.lines}
    assert (after.total_minor, after.effects) == (before.total_minor, before.effects)


@settings(max_examples=examples(100))
@given(worlds())
def test_limits_hold(world):
    done = quote(world["basket"], book_of(world))
    house = world["house"]
    goods = sum(line.amount_minor for line in done.lines)
    off = sum(line.discount_minor for line in done.lines)
    assert off <= goods * house.max_discount_basis_points // 10_000
    most = {one.code: one.max_discount_minor for one in world["promotions"]}
    for effect in done.effects:
        assert most[effect.promotion] is None or effect.discount_minor <= most[effect.promotion]
    if house.margin_floor_basis_points is None:
        return
    for line in done.lines:
        cost = world["costs"].get(line.variant_id)
        if cost is None or not line.discount_minor:
            continue
        net = (line.amount_minor - line.discount_minor) - (line.tax_minor if line.tax_included else 0)
        # (net - cost) / net >= floor; the tax within is rounded, so the net may miss it by half a unit.
        assert (2 * net + 1) * (10_000 - house.margin_floor_basis_points) >= 2 * cost * line.quantity * 10_000


@settings(max_examples=examples(100))
@given(worlds(exclusive=st.just("exclusive")))
def test_best_is_never_worse_than_any_single_promotion_of_the_lines(world):
    alone = [one for one in world["promotions"] if one.scope == "line" and one.group == ""]
    house = House("best")
    best = quote(world["basket"], book_of(world, promotions=alone, house=house))
    for one in alone:
        single = quote(world["basket"], book_of(world, promotions=[one], house=house))
        assert best.discount_minor >= single.discount_minor


@settings(max_examples=examples(100))
@given(worlds())
def test_an_exclusive_promotion_shares_no_line_with_another_of_its_group(world):
    done = quote(world["basket"], book_of(world))
    known = {one.code: one for one in world["promotions"]}
    for line in done.lines:
        for scope in ("line", "order"):
            for group in ("", "b"):
                here = [known[e.promotion] for e in line.effects if known[e.promotion].scope == scope]
                here = [one for one in here if one.group == group]
                assert len(here) < 2 or all(one.stacking == "joint" for one in here)


def off(basket, *promotions, prices=None, **more):
    done = quote(basket, a_book(prices or {1: 1000, 2: 2000, 3: 5000}, *promotions, **more))
    return done, {effect.promotion: effect.discount_minor for effect in done.effects}


def refused(done):
    return {one.promotion or one.coupon: one.code for one in done.refused}


def test_each_benefit_takes_off_what_it_says():
    basket = a_basket((1, 3), (2, 1), (3, 1), delivery_minor=500)
    assert off(basket, a_promotion(1, Percent(1000), target=CLOTHES))[1] == {"p01": 500}
    assert off(basket, a_promotion(1, AmountOff(150), target=CLOTHES))[1] == {"p01": 600}
    assert off(basket, a_promotion(1, FixedPrice(900)))[1] == {"p01": 3 * 100 + 1100 + 4100}
    assert off(basket, a_promotion(1, Percent(1000), "order"))[1] == {"p01": 1000}
    assert off(basket, a_promotion(1, AmountOff(1500), "order"))[1] == {"p01": 1500}
    assert off(basket, a_promotion(1, FixedPrice(0), "shipping"))[1] == {"p01": 500}
    assert off(basket, a_promotion(1, AmountOff(900), "shipping"))[1] == {"p01": 500}


def test_buy_two_get_one_gives_the_cheapest_of_each_three():
    two_for_one = a_promotion(1, BuyGet(2, 1))
    assert off(a_basket((1, 2)), two_for_one)[1] == {}
    assert off(a_basket((1, 3)), two_for_one)[1] == {"p01": 1000}
    # 5000 2000 1000 | 1000 1000 1000 | 1000: the third and the sixth are free
    done, taken = off(a_basket((3, 1), (2, 1), (1, 5)), two_for_one)
    assert taken == {"p01": 2000}
    assert [line.discount_minor for line in done.lines] == [0, 0, 2000]
    assert off(a_basket((1, 4)), a_promotion(1, BuyGet(1, 1, 5000)))[1] == {"p01": 1000}
    # What is weighed has no pieces.
    by_weight = {1: {1: Price(1, 1, 1000, 1000)}}
    assert off(a_basket((1, 3000)), two_for_one, prices=by_weight)[1] == {}


def test_a_bundle_costs_its_price_as_often_as_the_basket_holds_it():
    sku = lambda n: {"attribute": "line.sku", "op": "=", "value": f"sku-{n}"}  # noqa: E731
    bundle = a_promotion(1, Bundle((Part(sku(1), 2), Part(sku(2))), 3000))
    done, taken = off(a_basket((1, 5), (2, 3)), bundle)
    assert taken == {"p01": 2 * 1000}  # twice (2 x 1000 + 2000) for 3000
    assert sum(line.total_minor for line in done.lines) == 11_000 - 2000
    assert off(a_basket((1, 1), (2, 1)), bundle)[1] == {}
    assert refused(off(a_basket((1, 1)), bundle)[0]) == {"p01": "no_line"}


def test_stacking_in_both_modes():
    ten = a_promotion(1, Percent(1000), stacking="exclusive", priority=5)
    thirty = a_promotion(2, Percent(3000), target=CLOTHES, stacking="exclusive")
    basket = a_basket((1, 1), (3, 1))
    done, taken = off(basket, ten, thirty)
    assert taken == {"p01": 500, "p02": 300}
    done, taken = off(basket, ten, thirty, house=House("priority"))
    assert taken == {"p01": 600}
    (beaten,) = done.refused
    assert (beaten.promotion, beaten.code, beaten.data) == ("p02", "beaten", {"by": ["p01"], "discount_minor": 300})
    joint = [a_promotion(1, Percent(1000)), a_promotion(2, Percent(1000))]
    assert off(a_basket((1, 1)), *joint)[1] == {"p01": 100, "p02": 90}
    assert off(a_basket((1, 1)), *joint, a_promotion(3, Percent(1900), stacking="exclusive"))[1] == {
        "p01": 100,
        "p02": 90,
    }
    assert off(a_basket((1, 1)), *joint, a_promotion(3, Percent(1950), stacking="exclusive"))[1] == {"p03": 195}


def test_by_priority_nothing_joins_an_exclusive_one():
    first = a_promotion(1, Percent(1000), stacking="exclusive", priority=5)
    later = a_promotion(2, Percent(5000))
    done, taken = off(a_basket((1, 1)), first, later, house=House("priority"))
    assert (taken, refused(done)) == ({"p01": 100}, {"p02": "beaten"})


def test_the_odd_cent_goes_to_the_same_line_in_whatever_order_they_come():
    basket = a_basket((1, 1), (2, 1), (3, 1))
    turned = msgspec.structs.replace(basket, lines=basket.lines[::-1])
    book = a_book({1: 100, 2: 100, 3: 100}, a_promotion(1, AmountOff(1), "order"))
    assert quote(basket, book).lines == quote(turned, book).lines[::-1]


def test_the_margin_floor_is_met_to_the_cent():
    free = a_promotion(1, Percent(10_000), margin_floor_basis_points=3333)
    book = a_book({1: 1000}, free, costs={1: 100}, lists=[a_list(tax_included=False)])
    assert quote(a_basket((1, 1)), book).lines[0].discount_minor == 1000 - 150  # 100 / 0.6667 = 149.99


def test_best_looks_at_combinations_of_promotions_that_take_several_lines():
    """The most generous alone is not the best: it would keep two others away that give more together."""
    wide = a_promotion(1, Percent(1000), "order", stacking="exclusive")
    sku = lambda n: {"attribute": "line.sku", "op": "=", "value": f"sku-{n}"}  # noqa: E731
    left = a_promotion(2, Percent(800), "order", target=sku(1), stacking="exclusive")
    right = a_promotion(3, Percent(1300), "order", target=sku(2), stacking="exclusive")
    assert off(a_basket((1, 1), (2, 1)), wide, left, right, prices={1: 1000, 2: 1000})[1] == {"p02": 80, "p03": 130}


def test_a_condition_sees_what_earlier_stages_have_left():
    off_lines = a_promotion(1, Percent(5000))
    rule = {"attribute": "basket.remaining", "op": ">=", "value": 5000}
    free = a_promotion(2, FixedPrice(0), "shipping", condition=rule)
    done, taken = off(a_basket((3, 1), delivery_minor=500), off_lines, free)
    assert taken == {"p01": 2500}
    assert refused(done) == {"p02": "condition"}
    assert off(a_basket((3, 1), delivery_minor=500), free)[1] == {"p02": 500}


def test_every_refusal_has_its_reason_and_numbers():
    basket = a_basket((1, 1))
    assert refused(off(basket, a_promotion(1, FixedPrice(2000)))[0]) == {"p01": "nothing_to_take_off"}
    assert refused(off(basket, a_promotion(1, AmountOff(5), currency="USD"))[0]) == {"p01": "currency"}
    assert refused(off(basket, a_promotion(1, Percent(5), target={"not": {"all": []}}))[0]) == {"p01": "no_line"}
    done, _ = off(
        basket, a_promotion(1, Percent(5000)), costs={1: 900}, house=House(margin_floor_basis_points=0), rate=None
    )
    assert done.effects[0].limited_by == ("margin_floor",)
    assert done.discount_minor == 100
    done, _ = off(basket, a_promotion(1, Percent(5000)), costs={1: 1000}, house=House(margin_floor_basis_points=0))
    assert [(one.code, one.data) for one in done.refused] == [
        ("margin_floor", {"margin_floor_basis_points": 0, "discount_minor": 500})
    ]
    done, _ = off(basket, a_promotion(1, Percent(5000)), house=House(max_discount_basis_points=1000))
    assert (done.discount_minor, done.effects[0].limited_by) == (100, ("total_discount",))
    budget = a_promotion(1, Percent(5000), budget_minor=1000, currency="EUR")
    done, _ = off(basket, budget, left={1: (None, 499)})
    assert [(one.code, one.data) for one in done.refused] == [
        ("budget_spent", {"left_minor": 499, "discount_minor": 500})
    ]
    assert off(basket, budget, left={1: (None, 500)})[1] == {"p01": 500}
    assert refused(off(basket, a_promotion(1, Percent(5), max_uses=3), left={1: (0, None)})[0]) == {"p01": "used_up"}


def test_a_coupon_opens_its_promotion_and_no_other_code_does():
    ten = a_promotion(1, Percent(1000), needs_coupon=True)
    done, taken = off(a_basket((1, 1), coupons=("good", "bad")), ten, coupons={"good": 1})
    assert taken == {"p01": 100}
    assert (done.effects[0].coupon, done.effects[0].counted) == ("good", True)
    assert refused(done) == {"bad": "unknown_coupon"}
    assert off(a_basket((1, 1)), ten)[1] == {}
    assert refused(off(a_basket((1, 1), why=True), ten)[0]) == {"p01": "coupon_needed"}


def test_p13_the_same_basket_costs_the_same_on_every_channel_until_a_list_says_otherwise():
    """POS-Awesome #563, ERPNext PR 28417: the till took another price than the site."""
    channels = ["web", "app", "shop", "phone", "market"]
    base, web = a_list(1), a_list(2, channel="web")
    same = {quote(a_basket((1, 2), channel=c), a_book({1: 1000}, lists=[base])).total_minor for c in channels}
    assert same == {2000}
    book = a_book({1: {1: 1000, 2: 900}}, lists=[web, base])
    told = {c: quote(a_basket((1, 2), channel=c, why=True), book) for c in channels}
    assert {c: one.total_minor for c, one in told.items()} == dict.fromkeys(channels, 2000) | {"web": 1800}
    assert [(c.price_list, c.amount_minor, c.won) for c in told["web"].lines[0].considered] == [
        ("list-2", 900, True),
        ("list-1", 1000, False),
    ]


def test_p13_a_basket_in_a_currency_without_prices_is_refused_and_never_converted():
    with pytest.raises(NoPrice) as caught:
        quote(a_basket((1, 1), currency="CHF"), a_book({1: 1000}))
    assert caught.value.data["variant_id"] == 1


def test_what_is_sold_by_weight_is_priced_by_the_kilo():
    book = a_book({1: {1: Price(1, 1, 1290, 1000)}}, a_promotion(1, Percent(1000)))
    done = quote(a_basket((1, 333)), book)
    assert (done.lines[0].amount_minor, done.discount_minor) == (430, 43)


def test_baskets_that_cannot_be():
    twice = msgspec.structs.replace(a_basket((1, 1)), lines=(QuoteLine(1, 1, 1), QuoteLine(1, 2, 1)))
    with pytest.raises(LineTwice):
        quote(twice, a_book({1: 1, 2: 1}))
    with pytest.raises(TooMuch):
        quote(a_basket((1, 10_000_000)), a_book({1: 10**12}))
    assert quote(a_basket(), a_book({})).total_minor == 0
