"""Which promotions meet on a line, and what each takes off: one stage (lines, order or delivery) at a time.

Within a group an exclusive promotion shares no line with another; joint ones add up, each on what the one before has
left. Groups are looked at one after the other, by name. Nothing depends on the order in which lines or promotions were
given: both stand in an order of their own.

`best` takes for each line what leaves the least to pay. Promotions that look at several lines at once (all of the
order, buy and get, bundles, those with a limit) are tried in every combination, the eight most generous of a group.
`priority` takes them in their order: greater priority first, then by code.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from comptoir.pricing import benefits
from comptoir.pricing.benefits import Takes, Working
from comptoir.pricing.promotions import Bundle, BuyGet, Promotion

MOST_TRIED = 8


class Offer:
    """A promotion whose condition holds, and the lines that it may touch."""

    __slots__ = ("coupon", "exclusive", "floor", "left_minor", "parts", "places", "promotion", "together")

    def __init__(
        self,
        promotion: Promotion,
        places: Sequence[int],
        *,
        coupon: str | None = None,
        floor: int | None = None,
        left_minor: int | None = None,
        parts: Sequence[tuple[int, Sequence[int]]] = (),
    ) -> None:
        self.promotion = promotion
        self.places = places
        self.coupon = coupon
        self.floor = floor
        self.left_minor = left_minor
        """What is left of its budget; a discount beyond it is not given at all."""
        self.parts = parts
        self.exclusive = promotion.stacking == "exclusive"
        self.together = (
            promotion.scope == "order"
            or isinstance(promotion.benefit, BuyGet | Bundle)
            or promotion.max_discount_minor is not None
            or left_minor is not None
        )

    def takes(self, lines: Sequence[Working], remaining: Sequence[int], barred: set[int] | None = None) -> Takes:
        """What it takes off now; lines in `barred` are not its to touch."""
        places = [place for place in self.places if place not in barred] if barred else self.places
        benefit = self.promotion.benefit
        if isinstance(benefit, BuyGet):
            taken = benefits.of_pieces(benefit, lines, places, remaining)
        elif isinstance(benefit, Bundle):
            parts = [(n, [p for p in some if not barred or p not in barred]) for n, some in self.parts]
            taken = benefits.of_bundle(benefit.price_minor, parts, lines, remaining)
        elif self.promotion.scope == "order":
            taken = benefits.of_order(benefit, places, remaining)
        else:
            taken = {
                place: off for place in places if (off := benefits.of_one(benefit, lines[place], remaining[place]))
            }
        if self.floor is not None:
            room = {place: max(0, remaining[place] - lines[place].floor(self.floor)) for place in taken}
            taken = {place: least for place, off in taken.items() if (least := min(off, room[place]))}
        if (most := self.promotion.max_discount_minor) is not None and sum(taken.values()) > most:
            taken = benefits.spread(most, taken)
        return {} if self.left_minor is not None and sum(taken.values()) > self.left_minor else taken

    def of_one(self, line: Working, remaining: int) -> int:
        """The same for one line by itself; not for those that look at several together."""
        taken = benefits.of_one(self.promotion.benefit, line, remaining)
        if self.floor is not None:
            taken = min(taken, max(0, remaining - line.floor(self.floor)))
        return taken


Applied = list[tuple[Offer, Takes]]


def stage(offers: Sequence[Offer], lines: Sequence[Working], *, best: bool) -> Iterator[tuple[Offer, Takes]]:
    """Choose and take off, offer by offer; the caller takes it off the lines before it asks for the next group.

    Offers that took nothing because others did come with nothing taken.
    """
    ordered = sorted(offers, key=lambda one: (one.promotion.group, -one.promotion.priority, one.promotion.code))
    for _, group in groupby(ordered, key=lambda one: one.promotion.group):
        rivals = list(group)
        remaining = [line.remaining for line in lines]
        if not any(one.exclusive for one in rivals):
            applied = jointly(rivals, lines, remaining)
        elif best:
            applied = best_of(rivals, lines, remaining)
        else:
            applied = by_priority(rivals, lines, remaining)
        yield from applied
        done = {id(one) for one, _ in applied}
        for one in rivals:
            if id(one) not in done:
                yield one, {}


def jointly(offers: Sequence[Offer], lines: Sequence[Working], remaining: list[int]) -> Applied:
    """One after the other, each on what is left."""
    applied: Applied = []
    for one in offers:
        if takes := one.takes(lines, remaining):
            take_off(takes, remaining)
            applied.append((one, takes))
    return applied


def by_priority(offers: Sequence[Offer], lines: Sequence[Working], remaining: list[int]) -> Applied:
    """Who comes first has the line."""
    applied: Applied = []
    touched: set[int] = set()
    closed: set[int] = set()
    for one in offers:
        if takes := one.takes(lines, remaining, touched if one.exclusive else closed):
            take_off(takes, remaining)
            applied.append((one, takes))
            touched.update(takes)
            if one.exclusive:
                closed.update(takes)
    return applied


def best_of(offers: Sequence[Offer], lines: Sequence[Working], remaining: list[int]) -> Applied:
    """What leaves the least to pay; of equals the one that takes those that come first."""
    together = [one for one in offers if one.together]
    alone = [one for one in offers if not one.together]
    if len(together) > MOST_TRIED:
        generous = sorted(together, key=lambda one: -sum(one.takes(lines, remaining).values()))[:MOST_TRIED]
        together = [one for one in together if one in generous]
    found: tuple[int, Applied] | None = None
    for mask in range((1 << len(together)) - 1, -1, -1):
        chosen = [one for place, one in enumerate(together) if mask >> (len(together) - 1 - place) & 1]
        left = list(remaining)
        tried = play(chosen, alone, lines, left)
        if tried is not None and (found is None or sum(left) < found[0]):
            found = sum(left), tried
    assert found is not None  # without any of `together` there is always a way
    return found[1]


def play(chosen: Sequence[Offer], alone: Sequence[Offer], lines: Sequence[Working], left: list[int]) -> Applied | None:
    """These together, then on each line the best of the others; None if two of them may not meet."""
    applied: Applied = []
    touched: set[int] = set()
    closed: set[int] = set()
    for one in chosen:
        takes = one.takes(lines, left)
        if not takes or not (touched if one.exclusive else closed).isdisjoint(takes):
            return None
        take_off(takes, left)
        applied.append((one, takes))
        touched.update(takes)
        if one.exclusive:
            closed.update(takes)

    won: dict[int, tuple[Offer, Takes]] = {}
    for place in {place: None for one in alone for place in one.places}:
        if place in closed:
            continue
        here = [one for one in alone if place in one.places]
        for one, off in on_line(here, lines[place], left[place], open_to_exclusive=place not in touched):
            left[place] -= off
            won.setdefault(id(one), (one, {}))[1][place] = off
    applied += [won[id(one)] for one in alone if id(one) in won]
    return applied


def on_line(
    offers: Sequence[Offer], line: Working, remaining: int, *, open_to_exclusive: bool
) -> Sequence[tuple[Offer, int]]:
    """All the joint ones, or the one exclusive that takes off more than they do."""
    together: list[tuple[Offer, int]] = []
    left = remaining
    for one in offers:
        if not one.exclusive and (off := one.of_one(line, left)):
            together.append((one, off))
            left -= off
    if not open_to_exclusive:
        return together
    most, found = remaining - left, together
    for one in offers:
        if one.exclusive and (off := one.of_one(line, remaining)) > most:
            most, found = off, [(one, off)]
    return found


def take_off(takes: Takes, remaining: list[int]) -> None:
    for place, off in takes.items():
        remaining[place] -= off
