"""What a process keeps in memory to quote: lists, taxes, promotions ready to run. Read anew when the version turns."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from comptoir import channels
from comptoir.kernel.db import Tx
from comptoir.pricing import conditions, lists, taxes
from comptoir.pricing.choice import rank
from comptoir.pricing.conditions import Test
from comptoir.pricing.coupons import Campaign, campaigns
from comptoir.pricing.house import House, house
from comptoir.pricing.promotions import Bundle, Promotion, Scope, promotions
from comptoir.pricing.records import PriceList
from comptoir.pricing.taxes import Rates, by_place, tax_rates


class Known(msgspec.Struct, frozen=True, gc=False):
    """What is known of a variant beside its prices."""

    sku: str | None
    product: str | None
    path: tuple[str, ...]
    """Of its category."""
    categories: tuple[str, ...] = ()
    """The same and all above it, as words."""
    tax_class: str | None = None
    cost_minor: int | None = None
    cost_currency: str | None = None
    cost_per_units: int = 1


class Ready:
    """A promotion with its rules compiled."""

    __slots__ = ("condition", "parts", "promotion", "target")

    def __init__(self, promotion: Promotion) -> None:
        self.promotion = promotion
        self.condition: Test | None = conditions.compiled(conditions.BASKET, promotion.condition)
        self.target: Test | None = conditions.compiled(conditions.LINE, promotion.target)
        parts = promotion.benefit.parts if isinstance(promotion.benefit, Bundle) else ()
        self.parts = [rule for part in parts if (rule := conditions.compiled(conditions.LINE, part.target))]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Everything but what belongs to single articles and codes."""

    version: UUID
    house: House
    lists: Sequence[PriceList]
    """The greatest rank first."""
    rates: Rates
    classes: Mapping[tuple[str, ...], str]
    promotions: Mapping[Scope, Sequence[Ready]]
    limited: frozenset[int]
    """Promotions whose uses are counted even without a coupon."""
    numbers: Mapping[str, int]
    """Promotions by code."""
    campaigns: Mapping[int, Campaign]
    zones: Mapping[int, str]
    """Time zones of outlets."""


class Memory:
    """What this process knows, of one database at a time."""

    terms: Terms | None = None


def remembered(outlets: Sequence[int] = ()) -> Terms | None:
    """As this process has last read them; None if it has not, or knows an outlet too few."""
    known = Memory.terms
    return None if known is None or any(one not in known.zones for one in outlets) else known


async def current(tx: Tx, outlets: Sequence[int] = ()) -> Terms:
    """The terms as they are now: one small look-up, and everything read anew if they have turned since.

    An outlet that is not known yet makes them be read anew as well.
    """
    known = remembered(outlets)
    version = await tx.value(VERSION)
    if known is None or known.version != version:
        known = Memory.terms = await read(tx, version)
    return known


async def read(tx: Tx, version: UUID) -> Terms:
    ready = [Ready(one) for one in await promotions(tx)]
    classes = await tx.tuples(CLASSES)
    return Terms(
        version=version,
        house=await house(tx),
        lists=sorted((one for one in await lists.price_lists(tx) if one.enabled), key=rank, reverse=True),
        rates=by_place(await tax_rates(tx)),
        classes={tuple(path): tax_class for path, tax_class in classes},
        promotions={
            scope: [one for one in ready if one.promotion.scope == scope] for scope in ("line", "order", "shipping")
        },
        limited=frozenset(one.promotion.promotion_id for one in ready if one.promotion.limited),
        numbers={one.promotion.code: one.promotion.promotion_id for one in ready},
        campaigns={one.campaign_id: one for one in await campaigns(tx)},
        zones={one.outlet_id: one.time_zone for one in await channels.outlets(tx)},
    )


def categories(path: tuple[str, ...]) -> tuple[str, ...]:
    """A path as words, from the root down: "Clothes", then "Clothes / Tops"."""
    return tuple(" / ".join(path[:depth]) for depth in range(1, len(path) + 1))


def tax_class(terms: Terms, known: Known) -> str:
    return taxes.class_of(known.tax_class, known.path, terms.classes)


VERSION = "SELECT version FROM pricing.house"

CLASSES = """
    SELECT c.path, t.tax_class FROM pricing.category_tax AS t JOIN catalog.category AS c USING (category_id)
"""
