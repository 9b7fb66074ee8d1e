"""One basket and the book: what it costs, and why. Pure, so web, till and agent have the same answer.

Price every line, then the promotions of the lines, of the order, of the delivery; then the tax of each line, rounded
there. Everything adds up: lines and delivery are the total, the parts of a promotion are the whole of it.
"""

from collections.abc import Sequence
from typing import Any

from comptoir.kernel.money import MAX_MINOR
from comptoir.pricing import benefits, conditions, taxes
from comptoir.pricing.benefits import Cost, Working
from comptoir.pricing.book import Book
from comptoir.pricing.choice import rank, winner
from comptoir.pricing.errors import LineTwice, NoPrice, TooMuch
from comptoir.pricing.promotions import Bundle, Scope
from comptoir.pricing.records import (
    Considered,
    Declined,
    Effect,
    Price,
    PricedLine,
    PriceList,
    Quote,
    QuoteLine,
    QuoteRequest,
)
from comptoir.pricing.stacking import Offer, stage
from comptoir.pricing.terms import Known, Ready

DELIVERY = "delivery"
"""The tax class of the delivery; without a rate of its own it is taxed as standard."""


def quote(request: QuoteRequest, book: Book) -> Quote:
    """What the basket costs. Raises NoPrice, LineTwice, TooMuch."""
    lines = priced(request, book)
    delivery = delivered(request, book)
    desk = Desk(request, book, lines)
    desk.run("line", lines)
    desk.run("order", lines)
    desk.run("shipping", [delivery])
    done = {line.line: told(line) for line in lines}
    last = told(delivery)
    whole = [*done.values(), last]
    return Quote(
        reference=request.reference,
        currency=request.currency,
        lines=tuple(done[line.line] for line in request.lines),
        delivery=last,
        amount_minor=sum(line.amount_minor for line in whole),
        discount_minor=sum(line.discount_minor for line in whole),
        tax_minor=sum(line.tax_minor for line in whole),
        total_minor=sum(line.total_minor for line in whole),
        effects=tuple(desk.effects),
        refused=tuple(desk.refused),
    )


def priced(request: QuoteRequest, book: Book) -> list[Working]:
    """The lines with their list prices, in an order of their own."""
    if len({line.line for line in request.lines}) < len(request.lines):
        raise LineTwice("Give each line of the basket a number of its own.", reference=request.reference)
    lists = book.lists_for(request)
    ordered = sorted(request.lines, key=lambda line: (line.variant_id, line.quantity, line.line))
    lines = [working(line, request, book, lists) for line in ordered]
    if sum(line.amount for line in lines) + request.delivery_minor > MAX_MINOR:
        raise TooMuch("The basket is worth more than any sale.", reference=request.reference)
    return lines


def working(line: QuoteLine, request: QuoteRequest, book: Book, lists: Sequence[PriceList]) -> Working:
    prices = book.prices.get(line.variant_id, {})
    won = winner(lists, prices)
    if won is None:
        raise NoPrice(
            f"Variant {line.variant_id} has no price in {request.currency} for {request.channel}.",
            variant_id=line.variant_id,
            currency=request.currency,
            channel=request.channel,
            outlet_id=request.outlet_id,
        )
    found, price = won
    known = book.articles.get(line.variant_id, NOTHING_KNOWN)
    tax_class, rate = book.tax(request.country, request.region, known)
    cost = known.cost_minor is not None and known.cost_currency == request.currency
    made = Working(
        line=line.line,
        variant_id=line.variant_id,
        quantity=line.quantity,
        price=price,
        found=found,
        tax_included=found.tax_included,
        tax_class=tax_class,
        rate=rate,
        cost=Cost(known.cost_minor or 0, known.cost_per_units) if cost else None,
    )
    made.facts = {
        "line.sku": known.sku,
        "line.product": known.product,
        "line.categories": known.categories,
        "line.unit_price": price.amount_minor,
        "line.quantity": line.quantity,
        "line.amount": made.amount,
        "line.reduced": price.was_minor is not None and price.was_minor > price.amount_minor,
        "line.price_list": found.code,
    }
    if request.why:
        made.considered = tuple(
            Considered(one.code, other.amount_minor, other.per_units, rank(one)[0], one.priority, one is found)
            for one in lists
            if (other := prices.get(one.price_list_id)) is not None
        )
    return made


NOTHING_KNOWN = Known(sku=None, product=None, path=())


def delivered(request: QuoteRequest, book: Book) -> Working:
    tax_class, rate = book.tax(request.country, request.region, None, DELIVERY)
    return Working(
        line=0,
        variant_id=None,
        quantity=1,
        price=Price(0, 0, request.delivery_minor),
        found=None,
        tax_included=request.delivery_tax_included,
        tax_class=tax_class,
        rate=rate,
    )


class Desk:
    """Where promotions meet one basket: who may come, what each takes off, what is told of it."""

    def __init__(self, request: QuoteRequest, book: Book, lines: Sequence[Working]) -> None:
        self.request = request
        self.book = book
        self.terms = book.terms
        self.lines = lines
        self.effects: list[Effect] = []
        self.refused: list[Declined] = []
        self.now, clock = book.moment(request.outlet_id)
        self.room = sum(line.amount for line in lines) * self.terms.house.max_discount_basis_points // 10_000
        self.facts: dict[str, Any] = {
            "basket.amount": sum(line.amount for line in lines),
            "basket.units": sum(line.quantity for line in lines),
            "basket.lines": len(lines),
            "basket.channel": request.channel,
            "basket.outlet_id": request.outlet_id,
            "basket.country": request.country or None,
            "basket.currency": request.currency,
            "basket.groups": request.groups,
            "basket.known": request.node_id is not None,
            **clock,
        }
        self.coupons = self._coupons()

    def _coupons(self) -> dict[int, str]:
        """The promotions that a good coupon opens, with the code that did."""
        opened: dict[int, str] = {}
        for code in sorted(set(self.request.coupons)):
            held = self.book.coupon(code, self.request)
            if held.refused is not None:
                self.refused.append(Declined(held.refused, coupon=code, data=held.data))
            elif held.promotion_id in opened:
                self.refused.append(Declined("coupon_not_needed", coupon=code, data={"by": opened[held.promotion_id]}))
            else:
                opened[held.promotion_id] = code
        return opened

    def run(self, scope: Scope, lines: Sequence[Working]) -> None:
        self.facts["basket.remaining"] = sum(line.remaining for line in self.lines)
        offers = [offer for one in self.terms.promotions[scope] if (offer := self._offer(one, lines)) is not None]
        for offer, takes in stage(offers, lines, best=self.terms.house.mode == "best"):
            self._apply(offer, takes, lines)

    def _offer(self, one: Ready, lines: Sequence[Working]) -> Offer | None:
        promotion = one.promotion
        code = promotion.code
        coupon = self.coupons.get(promotion.promotion_id)
        if promotion.needs_coupon and coupon is None:
            if self.request.why:
                self.refused.append(Declined("coupon_needed", code))
            return None
        if reason := promotion.holds_at(self.book.now):
            # Yesterday's promotions are no news, but to somebody who holds a coupon for one.
            if coupon is not None or self.request.why:
                self.refused.append(Declined(reason, code, coupon))
            return None
        if promotion.currency not in {None, self.request.currency}:
            self.refused.append(Declined("currency", code, coupon, {"currency": promotion.currency}))
            return None
        left_minor: int | None = None
        if promotion.limited:
            left = self.book.left(promotion.promotion_id, self.request.reference)
            if left is not None and left.uses is not None and left.uses <= 0:
                self.refused.append(Declined("used_up", code, coupon, {"max_uses": promotion.max_uses}))
                return None
            left_minor = left.minor if left is not None else None
        if one.condition is not None and not one.condition(self.facts, self.now):
            asked = promotion.condition if self.request.why else None
            data = conditions.unmet(asked, self.facts, self.now) if asked else {}
            self.refused.append(Declined("condition", code, coupon, data))
            return None
        places: Sequence[int] = range(len(lines))
        if one.target is not None:
            places = [place for place in places if one.target(lines[place].facts, self.now)]
        parts: list[tuple[int, Sequence[int]]] = []
        if isinstance(promotion.benefit, Bundle):
            parts = [
                (part.quantity, [place for place in places if test(lines[place].facts, self.now)])
                for part, test in zip(promotion.benefit.parts, one.parts, strict=True)
            ]
        if not places or not all(some for _, some in parts):
            self.refused.append(Declined("no_line", code, coupon))
            return None
        floors = [
            f
            for f in (self.terms.house.margin_floor_basis_points, promotion.margin_floor_basis_points)
            if f is not None
        ]
        return Offer(
            promotion, places, coupon=coupon, floor=max(floors, default=None), left_minor=left_minor, parts=parts
        )

    def _apply(self, offer: Offer, takes: benefits.Takes, lines: Sequence[Working]) -> None:
        promotion = offer.promotion
        if not takes:
            self.refused.append(self._nothing(offer, lines))
            return
        taken = sum(takes.values())
        limited: list[str] = []
        if promotion.max_discount_minor is not None and taken == promotion.max_discount_minor:
            limited.append("max_discount")
        if offer.floor is not None and any(
            lines[place].remaining - off == lines[place].floor(offer.floor) for place, off in takes.items()
        ):
            limited.append("margin_floor")
        if promotion.scope != "shipping":
            if self.room < taken:
                takes = benefits.spread(self.room, takes)
                taken = sum(takes.values())
                limited.append("total_discount")
                if not takes:
                    self.refused.append(Declined("total_discount", promotion.code, offer.coupon, {"left_minor": 0}))
                    return
            self.room -= taken

        def effect(off: int) -> Effect:
            counted = offer.coupon is not None or promotion.limited
            return Effect(promotion.code, promotion.name, promotion.scope, off, offer.coupon, counted, tuple(limited))

        for place, off in takes.items():
            lines[place].remaining -= off
            lines[place].effects.append(effect(off))
        self.effects.append(effect(taken))

    def _nothing(self, offer: Offer, lines: Sequence[Working]) -> Declined:
        """Why an offer that was open took nothing off."""
        code, coupon = offer.promotion.code, offer.coupon
        alone = offer.takes(lines, [line.amount for line in lines])
        if alone:
            beaten = {effect.promotion for place in alone for effect in lines[place].effects}
            return Declined("beaten", code, coupon, {"by": sorted(beaten), "discount_minor": sum(alone.values())})
        left, floor = offer.left_minor, offer.floor
        offer.left_minor = None
        if left is not None and (wanted := offer.takes(lines, [line.amount for line in lines])):
            data = {"left_minor": max(0, left), "discount_minor": sum(wanted.values())}
            return Declined("budget_spent", code, coupon, data)
        offer.floor = None
        if floor is not None and (wanted := offer.takes(lines, [line.amount for line in lines])):
            data = {"margin_floor_basis_points": floor, "discount_minor": sum(wanted.values())}
            return Declined("margin_floor", code, coupon, data)
        return Declined("nothing_to_take_off", code, coupon)


def told(line: Working) -> PricedLine:
    """A line that is done, with its tax."""
    tax = 0 if line.rate is None else taxes.tax_in(line.remaining, line.rate, included=line.tax_included)
    return PricedLine(
        line=line.line,
        variant_id=line.variant_id,
        quantity=line.quantity,
        unit_price_minor=line.price.amount_minor,
        per_units=line.per_units,
        was_minor=line.price.was_minor,
        price_list=line.list.code if line.list else "",
        tax_included=line.tax_included,
        amount_minor=line.amount,
        discount_minor=line.amount - line.remaining,
        tax_class=line.tax_class,
        tax_rate_millionths=line.rate,
        tax_minor=tax,
        total_minor=line.remaining + (0 if line.tax_included else tax),
        effects=tuple(line.effects),
        considered=line.considered,
    )
