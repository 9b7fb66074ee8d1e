"""The book of a batch: all that its baskets need to be priced, so that pricing itself asks nobody."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from comptoir.kernel.rules import Now
from comptoir.pricing import conditions
from comptoir.pricing.choice import applies, live
from comptoir.pricing.records import Price, PriceList, QuoteRequest
from comptoir.pricing.taxes import rate_of
from comptoir.pricing.terms import Known, Terms, tax_class


class Held(msgspec.Struct, frozen=True):
    """A code that was presented: the promotion it opens, or why it opens none."""

    promotion_id: int = 0
    refused: str | None = None
    data: dict[str, Any] = {}


class Left(msgspec.Struct, frozen=True):
    """What is left of a promotion's limits; null: no limit."""

    uses: int | None
    minor: int | None


class Book:
    """Prices, articles and coupons of a batch, with the terms that hold for all. It remembers what it works out."""

    def __init__(
        self,
        terms: Terms,
        now: datetime,
        *,
        prices: Mapping[int, Mapping[int, Price]],
        articles: Mapping[int, Known],
        left: Mapping[int, Left] | None = None,
        coupons: Mapping[tuple[str, str], Held] | None = None,
        own: Mapping[tuple[str, int], int] | None = None,
    ) -> None:
        self.terms = terms
        self.now = now
        self.prices = prices
        """By variant and list."""
        self.articles = articles
        self._left = left or {}
        self._own = own or {}
        """What baskets have of promotions already, in money, by reference and promotion."""
        self.coupons = coupons or {}
        """By reference of the basket and code as given."""
        self._lists: dict[tuple[Any, ...], Sequence[PriceList]] = {}
        self._rates: dict[tuple[str, str, str], int | None] = {}
        self._moments: dict[str, tuple[Now, dict[str, Any]]] = {}

    def lists_for(self, request: QuoteRequest) -> Sequence[PriceList]:
        """The lists that apply to a basket, the greatest rank first."""
        key = (request.currency, request.channel, request.outlet_id, request.groups)
        if (found := self._lists.get(key)) is None:
            found = self._lists[key] = lists_for(self.terms, request, self.now)
        return found

    def tax(self, country: str, region: str, known: Known | None, class_name: str = "") -> tuple[str, int | None]:
        """The class of an article, or the one named, and its rate at the place."""
        name = tax_class(self.terms, known) if known is not None else class_name
        key = (country, region, name)
        if key not in self._rates:
            self._rates[key] = rate_of(self.terms.rates, country=country, region=region, tax_class=name, now=self.now)
        return name, self._rates[key]

    def left(self, promotion_id: int, reference: str) -> Left | None:
        """What is left of a promotion's limits for a basket; its own use is not in its way."""
        left, own = self._left.get(promotion_id), self._own.get((reference, promotion_id))
        if left is None or own is None:
            return left
        return Left(None if left.uses is None else left.uses + 1, None if left.minor is None else left.minor + own)

    def coupon(self, code: str, request: QuoteRequest) -> Held:
        return self.coupons.get((request.reference, code), UNKNOWN)

    def moment(self, outlet_id: int) -> tuple[Now, dict[str, Any]]:
        """The time at an outlet, and what rules may ask of it."""
        zone = self.terms.zones.get(outlet_id, "UTC")
        if (found := self._moments.get(zone)) is None:
            moment = conditions.moment(self.now, zone)
            found = self._moments[zone] = moment, conditions.clock(moment)
        return found


UNKNOWN = Held(refused="unknown_coupon")


def lists_for(terms: Terms, request: QuoteRequest, now: datetime) -> list[PriceList]:
    return [
        one
        for one in terms.lists
        if live(one, now)
        and applies(
            one,
            currency=request.currency,
            channel=request.channel,
            outlet_id=request.outlet_id,
            groups=request.groups,
        )
    ]
