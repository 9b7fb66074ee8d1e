"""Baskets and books without a database, and the strategies that make them."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import strategies as st

from comptoir.pricing import taxes
from comptoir.pricing.book import Book, Held, Left
from comptoir.pricing.house import House
from comptoir.pricing.promotions import (
    AmountOff,
    Bundle,
    BuyGet,
    FixedPrice,
    Part,
    Percent,
    Promotion,
)
from comptoir.pricing.records import Price, PriceList, QuoteLine, QuoteRequest
from comptoir.pricing.taxes import TaxRate
from comptoir.pricing.terms import Known, Ready, Terms, categories

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
PATHS = {1: ("Clothes", "Tops"), 2: ("Clothes",), 3: ("Leather",), 4: ("Grocery",), 5: ()}


def a_list(number=1, **more):
    fields = {"code": f"list-{number}", "name": "", "currency": "EUR", "outlet_id": None, **more}
    return PriceList(price_list_id=number, **fields)


def a_promotion(number, benefit, scope="line", **more):
    if isinstance(benefit, AmountOff | FixedPrice | Bundle):
        more.setdefault("currency", "EUR")
    code = more.pop("code", f"p{number:02}")
    return Promotion(promotion_id=number, code=code, name=code, scope=scope, benefit=benefit, **more)


def a_book(prices, *promotions, rate=200_000, lists=None, house=None, costs=None, left=None, coupons=None, rates=()):
    """`prices`: amount by variant, in the only list; or (list, amount) pairs by variant."""
    held = [a_list()] if lists is None else lists
    by_variant = {
        variant: {
            number: amount if isinstance(amount, Price) else Price(variant, number, amount)
            for number, amount in (found.items() if isinstance(found, dict) else [(held[0].price_list_id, found)])
        }
        for variant, found in prices.items()
    }
    costs = costs or {}
    known = {
        variant: Known(
            f"sku-{variant}",
            f"product-{variant}",
            PATHS.get(variant, ()),
            categories(PATHS.get(variant, ())),
            None,
            costs.get(variant),
            "EUR" if variant in costs else None,
        )
        for variant in prices
    }
    standard = [] if rate is None else [TaxRate(country="FR", rate_millionths=rate)]
    ready = [Ready(one) for one in promotions]
    terms = Terms(
        version=UUID(int=0),
        house=house or House(),
        lists=held,
        rates=taxes.by_place([*standard, *rates]),
        classes={},
        promotions={s: [one for one in ready if one.promotion.scope == s] for s in ("line", "order", "shipping")},
        limited=frozenset(one.promotion_id for one in promotions if one.limited),
        numbers={one.code: one.promotion_id for one in promotions},
        campaigns={},
        zones={1: "Europe/Paris"},
    )
    return Book(
        terms,
        NOW,
        prices=by_variant,
        articles=known,
        left={number: Left(*found) for number, found in (left or {}).items()},
        coupons={("b", code): Held(number) for code, number in (coupons or {}).items()},
    )


def a_basket(*lines, **more):
    """Lines as (variant, quantity)."""
    fields = {"reference": "b", "outlet_id": 1, "channel": "web", "currency": "EUR", "country": "FR", **more}
    return QuoteRequest(
        lines=tuple(QuoteLine(number, variant, quantity) for number, (variant, quantity) in enumerate(lines, 1)),
        **fields,
    )


# ---- strategies

amounts = st.one_of(st.integers(0, 300), st.integers(0, 100_000), st.just(0))
points = st.one_of(st.integers(1, 10_000), st.sampled_from([1000, 3333, 5000, 10_000]))
targets = st.one_of(
    st.none(),
    st.sampled_from(["Clothes", "Clothes / Tops", "Leather", "Nothing"]).map(
        lambda path: {"attribute": "line.categories", "op": "has any", "value": [path]}
    ),
    st.integers(0, 300).map(lambda n: {"attribute": "line.unit_price", "op": ">=", "value": n}),
)
conditions = st.one_of(
    st.none(),
    st.integers(0, 2_000).map(lambda n: {"attribute": "basket.amount", "op": ">=", "value": n}),
    st.integers(0, 2_000).map(lambda n: {"attribute": "basket.remaining", "op": "<", "value": n}),
)
some = st.one_of(st.none(), st.just({"all": []})).map(lambda rule: rule or {"all": []})
of_line = st.one_of(
    st.builds(Percent, points),
    st.builds(AmountOff, st.integers(1, 500)),
    st.builds(FixedPrice, st.integers(0, 500)),
    st.builds(BuyGet, st.integers(1, 3), st.integers(1, 2), points),
    st.builds(
        Bundle,
        st.lists(
            st.builds(Part, targets.map(lambda rule: rule or {"all": []}), st.integers(1, 2)), min_size=1, max_size=2
        ).map(tuple),
        st.integers(0, 400),
    ),
)
of_scope = {
    "line": of_line,
    "order": st.one_of(st.builds(Percent, points), st.builds(AmountOff, st.integers(1, 5000))),
    "shipping": st.one_of(st.builds(Percent, points), st.builds(FixedPrice, st.integers(0, 500))),
}


@st.composite
def promotions(draw, most=6, exclusive=st.sampled_from(["joint", "exclusive"])):
    found = []
    for number in range(1, draw(st.integers(0, most)) + 1):
        scope = draw(st.sampled_from(["line", "line", "order", "shipping"]))
        found.append(
            a_promotion(
                number,
                draw(of_scope[scope]),
                scope,
                currency="EUR",
                target=None if scope == "shipping" else draw(targets),
                condition=draw(conditions),
                group=draw(st.sampled_from(["", "", "b"])),
                stacking=draw(exclusive),
                priority=draw(st.integers(-1, 1)),
                max_discount_minor=draw(st.one_of(st.none(), st.none(), st.integers(1, 400))),
                margin_floor_basis_points=draw(st.one_of(st.none(), st.none(), st.integers(-5000, 5000))),
            )
        )
    return found


@st.composite
def worlds(draw, **more):
    """A basket and what is needed to make a book for it."""
    variants = draw(st.lists(st.integers(1, 5), min_size=1, max_size=5))
    lines = [(variant, draw(st.one_of(st.integers(1, 5), st.integers(1, 2000)))) for variant in variants]
    included = draw(st.booleans())
    return {
        "basket": a_basket(
            *lines, delivery_minor=draw(st.integers(0, 1500)), delivery_tax_included=draw(st.booleans())
        ),
        "prices": {variant: draw(amounts) for variant in range(1, 6)},
        "costs": {variant: draw(st.integers(0, 50_000)) for variant in draw(st.sets(st.integers(1, 5)))},
        "promotions": draw(promotions(**more)),
        "rate": draw(st.one_of(st.none(), st.integers(0, 1_000_000), st.sampled_from([200_000, 55_000, 88_750]))),
        "lists": [a_list(tax_included=included)],
        "house": House(
            draw(st.sampled_from(["best", "priority"])),
            draw(st.one_of(st.just(10_000), st.integers(0, 10_000))),
            draw(st.one_of(st.none(), st.integers(-5000, 5000))),
        ),
    }


def book_of(world, **more):
    found = {**world, **more}
    return a_book(
        found["prices"],
        *found["promotions"],
        rate=found["rate"],
        lists=found["lists"],
        house=found["house"],
        costs=found["costs"],
    )
