"""Who may touch whose basket, and who may look at it."""

import msgspec
import pytest

from comptoir import inventory, pricing
from comptoir.kernel.auth import Actor
from comptoir.kernel.auth.bearers import actor_of_token, new_token
from comptoir.kernel.ids import uuid7
from comptoir.orders import Basket, BasketLine, NotYourBasket
from comptoir.orders.basket_view import view
from comptoir.orders.handover import let_in, must_look, must_touch, shared

HERE, BEFORE, ELSEWHERE = 1, 2, 3
MINE, LINK, STRANGE = new_token(), new_token(), new_token()
BASKET = shared(
    let_in(Basket(basket_id=uuid7(), outlet_id=HERE, outlets=(BEFORE,), channel="web", currency="EUR"), MINE.digest),
    LINK.digest,
)


def key(*outlets, kind="key"):
    return Actor(kind=kind, id=uuid7(), name="x", outlets=frozenset(outlets))


@pytest.mark.parametrize(
    ("who", "touch", "look"),
    [
        (None, True, True),
        (key(), True, True),
        (key(HERE), True, True),
        (key(BEFORE, ELSEWHERE), True, True),
        (key(ELSEWHERE), False, False),
        (key(kind="user"), True, True),
        (key(HERE, kind="user"), True, True),
        (key(ELSEWHERE, kind="user"), False, False),
        (actor_of_token(MINE.token), True, True),
        (actor_of_token(LINK.token), False, True),
        (actor_of_token(STRANGE.token), False, False),
    ],
)
def test_who_may(who, touch, look):
    for ask, may in ((must_touch, touch), (must_look, look)):
        if may:
            ask(BASKET, who)
        else:
            with pytest.raises(NotYourBasket):
                ask(BASKET, who)


def test_a_token_opens_baskets_and_nothing_else():
    bearer = actor_of_token(MINE.token)
    assert bearer.may("baskets:write") and bearer.may("baskets:read")
    assert not bearer.may("orders:read") and not bearer.may("orders:write") and not bearer.at(HERE)
    assert Actor(kind="key", name="x", scopes=frozenset({"orders:write"})).may("baskets:write")
    assert not Actor(kind="key", name="x", scopes=frozenset({"orders:read"})).may("baskets:write")
    assert actor_of_token("ct_short") is None


def test_a_link_that_is_passed_on_gives_no_code_away():
    effect = pricing.Effect("spring", "Spring", "line", 100, coupon="ANA-ONLY", counted=True)
    plain = {"unit_price_minor": 1000, "per_units": 1, "was_minor": None, "price_list": "shop", "tax_included": True,
             "tax_class": "standard", "tax_rate_millionths": None, "tax_minor": 0}  # fmt: skip
    line = pricing.PricedLine(line=1, variant_id=7, quantity=1, amount_minor=1000, discount_minor=100,
                              total_minor=900, effects=(effect,), **plain)  # fmt: skip
    quote = pricing.Quote(reference="x", currency="EUR", lines=(line,), delivery=line, amount_minor=1000,
                          discount_minor=100, tax_minor=0, total_minor=900, effects=(effect,), refused=())  # fmt: skip
    basket = msgspec.structs.replace(BASKET, lines=(BasketLine(1, 7, "shirt", 1),), coupons=("ANA-ONLY",), quote=quote)
    hers, theirs = (view(basket, inventory.Places(), actor_of_token(one.token)) for one in (MINE, LINK))
    assert hers.amounts.effects[0].coupon == hers.lines[0].effects[0].coupon == "ANA-ONLY"
    assert b"ANA-ONLY" not in msgspec.json.encode(theirs)
    assert theirs.lines[0].effects[0].discount_minor == 100
