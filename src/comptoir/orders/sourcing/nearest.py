"""From which locations an order's goods come. Pure: the offers are given.

Fewest parcels first: one location that has everything (the nearest, else the one with most to spare); if none has, the
location that covers most of what is left, again and again (greedy set cover). Exact where one or two locations do.
"""

from collections.abc import Mapping, Sequence

from comptoir.inventory import Offer
from comptoir.orders.baskets import BasketLine, Part
from comptoir.orders.errors import OutOfStock


def source(
    lines: Sequence[BasketLine], offers: Mapping[int, Sequence[Offer]], location_ids: Mapping[str, int]
) -> tuple[Part, ...]:
    """The parts. `offers` are by variant. Raises OutOfStock with what is missing of which line."""
    free: dict[str, dict[int, int]] = {}
    rank: dict[str, tuple[float, int, str]] = {}
    for variant, some in offers.items():
        for one in some:
            free.setdefault(one.location, {})[variant] = one.units
            km = one.km if one.km is not None else 0.0
            spare = rank.get(one.location, (km, 0, one.location))[1]
            rank[one.location] = (km, spare - one.units, one.location)
    left = [[one.line, one.variant_id, one.quantity] for one in lines]
    parts: list[Part] = []
    while any(quantity for _, _, quantity in left):
        best = min(free, key=lambda code: (-_covered(left, free[code]), rank[code]), default=None)
        if best is None or not _covered(left, free[best]):
            missing = [{"line": line, "missing": quantity} for line, _, quantity in left if quantity]
            raise OutOfStock(missing=missing)
        there = free.pop(best)
        for one in left:
            line, variant, quantity = one
            if taken := min(quantity, there.get(variant, 0)):
                parts.append(Part(line, variant, location_ids[best], taken))
                there[variant] -= taken
                one[2] -= taken
    return tuple(sorted(parts, key=lambda part: (part.line, part.location_id)))


def _covered(left: list[list[int]], there: dict[int, int]) -> int:
    """How many of the pieces that are left could come from there."""
    spare = dict(there)
    total = 0
    for _, variant, quantity in left:
        taken = min(quantity, spare.get(variant, 0))
        spare[variant] = spare.get(variant, 0) - taken
        total += taken
    return total
