"""What a till takes along to price alone: list prices with their tax, and the promotions that need nobody else."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from comptoir import channels
from comptoir.kernel.db import Tx
from comptoir.pricing import terms
from comptoir.pricing.choice import winner
from comptoir.pricing.promotions import Promotion
from comptoir.pricing.quotes import open_book
from comptoir.pricing.records import QuoteLine, QuoteRequest


class ListPrice(msgspec.Struct, frozen=True, gc=False):
    """What an article costs at an outlet for whoever comes, before any promotion. Amounts: minor units."""

    variant_id: int
    price_list: str
    amount_minor: int
    per_units: int
    was_minor: int | None
    tax_included: bool
    tax_class: str
    tax_rate_millionths: int | None


async def list_prices(tx: Tx, *, outlet: channels.Outlet, variants: Sequence[int]) -> list[ListPrice]:
    """The price that wins at the outlet now for each of these; what has none there is missing."""
    asked = QuoteRequest("offline", outlet.outlet_id, outlet.channel, outlet.currency, country=outlet.country,
                         region=outlet.region, lines=tuple(QuoteLine(1, one, 1) for one in variants))  # fmt: skip
    book = await open_book(tx, [asked])
    lists = book.lists_for(asked)
    found: list[ListPrice] = []
    for variant in variants:
        if (won := winner(lists, book.prices.get(variant, {}))) is None:
            continue
        listed, price = won
        tax_class, rate = book.tax(outlet.country, outlet.region, book.articles.get(variant))
        found.append(
            ListPrice(
                variant, listed.code, price.amount_minor, price.per_units, price.was_minor, listed.tax_included,
                tax_class, rate,
            )
        )  # fmt: skip
    return found


Why = Literal["needs_coupon", "limited", "margin_floor", "ended", "disabled", "shipping", "currency"]


def online_only(one: Promotion, *, house: terms.House, currency: str, ended: bool) -> Why | None:
    """Why a till must not compute a promotion alone; None: it may. Whether it has begun the till sees itself."""
    if not one.enabled:
        return "disabled"
    if ended:
        return "ended"
    if one.needs_coupon:
        return "needs_coupon"  # a code is used once, in whatever channel
    if one.limited:
        return "limited"  # only the house knows what is left of it
    if one.margin_floor_basis_points is not None or house.margin_floor_basis_points is not None:
        return "margin_floor"  # costs stay in the house
    if one.scope == "shipping":
        return "shipping"
    return "currency" if one.currency not in {None, currency} else None


async def offline_promotions(tx: Tx, *, currency: str) -> tuple[list[Promotion], dict[str, Why]]:
    """Those that a till may compute alone, and why it may not the others, by code."""
    held = await terms.current(tx)
    alone: list[Promotion] = []
    others: dict[str, Why] = {}
    for ready in (one for some in held.promotions.values() for one in some):
        one = ready.promotion
        why = online_only(
            one, house=held.house, currency=currency, ended=one.ends_at is not None and one.ends_at <= tx.now
        )
        if why is None:
            alone.append(one)
        else:
            others[one.code] = why
    return alone, others
