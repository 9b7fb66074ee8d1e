"""Which of the locations give which pieces. Pure.

One location that has everything is found by looking at each once. If there is none, or if two could be cheaper, sets of
locations are tried: of the article with the fewest suppliers left one supplier must be in the set, so each is tried in
turn, and what cannot get better than the best found is left out (branch and bound). That is exact while `MOST_TRIES`
lasts, which is long for as many locations as a retailer asks; a greedy answer is there from the start.
"""

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import msgspec

MOST_TRIES = 400
"""Sets that are looked at: a few milliseconds, for the rest of the batch waits. A count and no clock, so that the same
question has the same answer.
"""


class Candidate(msgspec.Struct, gc=False):
    """A location that may give some of the goods."""

    location_id: int
    code: str
    fixed: int
    """What a parcel from there costs."""
    piece: int
    """What each piece in it costs on top; less than zero: it saves."""
    free: dict[int, int]
    """Pieces that may be promised, by variant."""
    spare: int = 0
    """Their sum: between equals, the one with most to spare."""
    pieces: int = 0
    """How many of the wanted it could give."""

    @property
    def cost(self) -> int:
        """Of a parcel with all that it could give."""
        return self.fixed + self.piece * self.pieces


One = TypeVar("One", bound=Candidate)


class Choice(msgspec.Struct, Generic[One], frozen=True):
    """Who gives what."""

    shares: list[tuple[One, dict[int, int]]]
    """Pieces by variant."""
    cost: int
    exact: bool
    """Whether no better set exists; else it is the best that was found in time."""


def choose(
    wanted: Mapping[int, int],
    candidates: Sequence[One],
    *,
    split: int = 0,
    most: int | None = None,
    fewest: bool = True,
    tries: int = MOST_TRIES,
) -> Choice[One] | None:
    """The fewest locations and among those the cheapest; unless `fewest`, the cheapest. None: nobody can.

    `wanted` are pieces by variant. `split` is the cost of each location beyond the first. A fixed cost below zero is a
    preference: all are raised by the same then, so that it decides between as many locations and never pays for more.
    """
    units = sum(wanted.values())
    best: One | None = None
    least = 0
    for one in candidates:
        if one.pieces == units:
            cost = one.fixed + one.piece * units
            if best is None or (cost, -one.spare, one.code) < (least, -best.spare, best.code):
                best, least = one, cost
    if best is not None:
        alone = Choice([(best, dict(wanted))], least, exact=True)
        if fewest or most == 1:
            return alone
        # A second parcel adds at least this; one below zero is raised to nothing (Search.raised).
        fixed = min(one.fixed for one in candidates)
        if fixed + max(0, fixed + split) + min(one.piece for one in candidates) * units >= least:
            return alone
    if most == 1:
        return None
    search = Search(wanted, candidates, split=split, most=most, fewest=fewest, tries=tries)
    if best is not None:
        search.weigh([best])
    return search.run()


class Search(Generic[One]):
    """Sets of locations, the best so far, and what no larger set can beat."""

    def __init__(
        self,
        wanted: Mapping[int, int],
        candidates: Sequence[One],
        *,
        split: int,
        most: int | None,
        fewest: bool,
        tries: int,
    ) -> None:
        self.wanted, self.split, self.fewest, self.tries = wanted, split, fewest, tries
        self.most = min(most or len(candidates), len(candidates), sum(wanted.values()))
        self.units = sum(wanted.values())
        self.candidates = sorted(
            (one for one in candidates if one.pieces), key=lambda one: (one.fixed, one.piece, -one.spare, one.code)
        )
        self.raised = max(0, -min((one.fixed + split for one in self.candidates), default=0))
        self.least_fixed = min((one.fixed for one in self.candidates), default=0)
        self.least_piece = min((one.piece for one in self.candidates), default=0)
        self.largest = max((one.pieces for one in self.candidates), default=0)
        self.best: list[One] | None = None
        self.key: tuple[int, int] = (len(candidates) + 1, 0)
        if not fewest:
            self.key = (2**62, 0)

    def run(self) -> Choice[One] | None:
        if any(sum(one.free.get(variant, 0) for one in self.candidates) < n for variant, n in self.wanted.items()):
            return None
        self.weigh(self._greedy())  # an answer, if the tries do not last
        self._try([], dict(self.wanted), frozenset())
        if self.best is None:
            return None
        shares = self.shares(self.best)
        return Choice(shares, self.cost(shares), exact=self.tries > 0)

    def key_of(self, parcels: int, cost: int) -> tuple[int, int]:
        """What is to be least."""
        return (parcels, cost) if self.fewest else (cost + parcels * self.raised, parcels)

    def bound(self, chosen: list[One], parcels: int) -> tuple[int, int]:
        """No set of at least so many, these among them, has a lesser key."""
        fixed = sum(one.fixed for one in chosen) + (parcels - len(chosen)) * self.least_fixed
        return self.key_of(parcels, fixed + self.split * (parcels - 1) + self.least_piece * self.units)

    def shares(self, some: Sequence[One]) -> list[tuple[One, dict[int, int]]]:
        """Each article from whom a piece of it costs least. Who has nothing to give is left out."""
        left = dict(self.wanted)
        found: list[tuple[One, dict[int, int]]] = []
        for one in sorted(some, key=lambda one: (one.piece, one.fixed, -one.pieces, -one.spare, one.code)):
            share: dict[int, int] = {}
            for variant, quantity in left.items():
                if taken := min(quantity, one.free.get(variant, 0)):
                    share[variant] = taken
                    left[variant] -= taken
            if share:
                found.append((one, share))
        return found

    def cost(self, shares: Sequence[tuple[One, dict[int, int]]]) -> int:
        of_pieces = sum(one.piece * sum(share.values()) for one, share in shares)
        return of_pieces + sum(one.fixed for one, _ in shares) + self.split * (len(shares) - 1)

    def weigh(self, some: Sequence[One]) -> None:
        """Keep the set if it is the best. It covers everything."""
        shares = self.shares(some)
        key = self.key_of(len(shares), self.cost(shares))
        if len(shares) <= self.most and key < self.key:
            self.best, self.key = [one for one, _ in shares], key

    def _greedy(self) -> list[One]:
        """Again and again who covers most of what is left."""
        left, chosen = dict(self.wanted), list[One]()
        others = list(self.candidates)
        while any(left.values()):
            best = min(others, key=lambda one: -sum(min(n, one.free.get(variant, 0)) for variant, n in left.items()))
            others.remove(best)
            chosen.append(best)
            left = {variant: max(0, n - best.free.get(variant, 0)) for variant, n in left.items()}
        return chosen

    def _try(self, chosen: list[One], left: dict[int, int], banned: frozenset[int]) -> None:
        """All sets with these that may be better than the best. The banned are among these, or were tried already."""
        if self.tries <= 0:
            return
        self.tries -= 1
        missing = sum(left.values())
        if not missing:
            self.weigh(chosen)
            if self.fewest:
                return
        more = max(1, -(-missing // self.largest))
        if len(chosen) + more > self.most or self.bound(chosen, len(chosen) + more) >= self.key:
            return
        tried = set(banned)
        for one in self._next(left, tried) if missing else self.candidates:
            if one.location_id not in tried:
                after = {variant: max(0, n - one.free.get(variant, 0)) for variant, n in left.items()}
                tried.add(one.location_id)
                self._try([*chosen, one], after, frozenset(tried))

    def _next(self, left: dict[int, int], banned: set[int]) -> list[One]:
        """Who has the article that the fewest have."""
        suppliers = [
            [one for one in self.candidates if one.free.get(variant, 0) and one.location_id not in banned]
            for variant, quantity in left.items()
            if quantity
        ]
        return min(suppliers, key=len)
