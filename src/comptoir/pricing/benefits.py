"""Lines while they are priced, and what a benefit takes off them, were it alone.

Exact, never more than what remains, halves rounded up. What is taken off several lines together is rounded once and
spread by largest remainder (kernel.money.allocate).
"""

from collections.abc import Sequence
from typing import Any

from comptoir.kernel.money import allocate
from comptoir.pricing.promotions import AmountOff, Benefit, BuyGet, FixedPrice, Percent
from comptoir.pricing.records import Considered, Effect, Price, PriceList
from comptoir.pricing.taxes import MILLION, half_up


class Cost:
    """What so many units cost the retailer, without tax."""

    __slots__ = ("minor", "per_units")

    def __init__(self, minor: int, per_units: int) -> None:
        self.minor, self.per_units = minor, per_units


class Working:
    """One line, or the delivery. `remaining` only falls, and never below nothing."""

    __slots__ = (
        "_floors", "amount", "considered", "cost", "effects", "facts", "line", "list", "per_units", "price", "quantity",
        "rate", "remaining", "tax_class", "tax_included", "variant_id",
    )  # fmt: skip

    def __init__(
        self,
        *,
        line: int,
        variant_id: int | None,
        quantity: int,
        price: Price,
        found: PriceList | None,
        tax_included: bool,
        tax_class: str,
        rate: int | None,
        cost: Cost | None = None,
        facts: dict[str, Any] | None = None,
    ) -> None:
        self.line = line
        self.variant_id = variant_id
        self.quantity = quantity
        self.price = price
        self.list = found
        self.per_units = price.per_units
        self.amount = self.remaining = half_up(price.amount_minor * quantity, price.per_units)
        self.tax_included = tax_included
        self.tax_class = tax_class
        self.rate = rate
        self.cost = cost
        self.facts: dict[str, Any] = {} if facts is None else facts
        self.effects: list[Effect] = []
        self.considered: tuple[Considered, ...] = ()
        self._floors: dict[int, int] = {}

    def floor(self, basis_points: int | None) -> int:
        """The least that must remain for this margin; nothing without a margin or a known cost."""
        if basis_points is None or self.cost is None:
            return 0
        if (found := self._floors.get(basis_points)) is None:
            net = -(-self.cost.minor * self.quantity * 10_000 // (self.cost.per_units * (10_000 - basis_points)))
            found = -(-net * (MILLION + (self.rate or 0)) // MILLION) if self.tax_included else net
            self._floors[basis_points] = found
        return found


Takes = dict[int, int]
"""What is taken off, by place of the line among those that are priced."""


def of_one(benefit: Benefit, line: Working, remaining: int) -> int:
    """Off one line by itself, which is what most promotions do."""
    match benefit:
        case Percent(basis_points):
            return half_up(remaining * basis_points, 10_000)
        case AmountOff(amount_minor):
            return min(remaining, half_up(amount_minor * line.quantity, line.per_units))
        case FixedPrice(price_minor):
            return max(0, remaining - half_up(price_minor * line.quantity, line.per_units))
        case _:
            raise AssertionError(benefit)


def of_order(benefit: Benefit, places: Sequence[int], remaining: Sequence[int]) -> Takes:
    """Off all lines together."""
    whole = sum(remaining[place] for place in places)
    taken = (
        half_up(whole * benefit.basis_points, 10_000)
        if isinstance(benefit, Percent)
        else min(whole, benefit.amount_minor)
        if isinstance(benefit, AmountOff)
        else 0
    )
    return spread(taken, {place: remaining[place] for place in places})


def of_pieces(benefit: BuyGet, lines: Sequence[Working], places: Sequence[int], remaining: Sequence[int]) -> Takes:
    """The dearest pieces are paid; goods by weight have no pieces and stay out."""
    before, takes = 0, Takes()
    for place in dearest_first(lines, [place for place in places if lines[place].per_units == 1], remaining):
        quantity = lines[place].quantity
        reduced = got(benefit, before + quantity) - got(benefit, before)
        before += quantity
        if taken := half_up(remaining[place] * reduced * benefit.basis_points, quantity * 10_000):
            takes[place] = taken
    return takes


def got(benefit: BuyGet, pieces: int) -> int:
    """How many of the first `pieces` are reduced."""
    rounds, rest = divmod(pieces, benefit.buy + benefit.get)
    return rounds * benefit.get + max(0, rest - benefit.buy)


def of_bundle(
    price_minor: int,
    wanted: Sequence[tuple[int, Sequence[int]]],
    lines: Sequence[Working],
    remaining: Sequence[int],
) -> Takes:
    """`wanted`: for each part how many pieces, and the places of the lines it may be taken from."""
    parts = [
        (n, dearest_first(lines, [p for p in places if lines[p].per_units == 1], remaining)) for n, places in wanted
    ]
    low, high = 0, min(sum(lines[place].quantity for place in places) // n for n, places in parts)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if picked(parts, middle, lines) is not None else (low, middle - 1)
    pieces = picked(parts, low, lines) or {}
    worth = {place: half_up(remaining[place] * n, lines[place].quantity) for place, n in pieces.items()}
    return spread(max(0, sum(worth.values()) - price_minor * low), worth)


def picked(parts: Sequence[tuple[int, Sequence[int]]], sets: int, lines: Sequence[Working]) -> Takes | None:
    """Pieces by line for so many sets, or None where they do not suffice."""
    used: Takes = {}
    for quantity, places in parts:
        short = quantity * sets
        for place in places:
            if n := min(short, lines[place].quantity - used.get(place, 0)):
                used[place] = used.get(place, 0) + n
                short -= n
        if short:
            return None
    return used


def dearest_first(lines: Sequence[Working], places: Sequence[int], remaining: Sequence[int]) -> list[int]:
    """By what a piece costs now; lines stand in their own order where it is the same."""
    return sorted(places, key=lambda place: (-(remaining[place] << 40) // lines[place].quantity, place))


def spread(taken: int, weights: Takes) -> Takes:
    """Parts of `taken` by weight. No part is more than its weight as long as `taken` is not more than all of them."""
    held = {place: weight for place, weight in weights.items() if weight}
    if not taken or not held:
        return {}
    parts = allocate(taken, list(held.values()))
    return {place: part for place, part in zip(held, parts, strict=True) if part}
