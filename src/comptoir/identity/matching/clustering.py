"""Who is one person: groups that grow pair by pair, the best pair first, each time weighing both groups as a whole.

One lucky pair joins nothing. Two groups are compared field by field, by the best that any of their values say, and are
two people when their first names conflict, whatever they share. A record without a first name (a newsletter, a device
of the family's tablet) waits until all others have found each other; then it joins the one group that is clearly the
best, and never brings two together.
"""

from collections.abc import Callable, Hashable, Sequence

from comptoir.identity.matching.comparisons import COMPARISONS, Clean, conflict
from comptoir.identity.matching.model import RARITY, Model

WHOLE = 0.0
"""Bits that two groups must have as a whole."""
TURNS = 2
"""What could not join at first may when the groups have grown."""
CLEARLY = 4.0
"""Bits that the best group of a nameless record must be ahead of the next."""

RARE = {where for _, where, _ in RARITY}
Value = Callable[[Clean], Hashable]
VALUES: tuple[Value, ...] = (
    lambda one: (one.first, one.last) if one.first or one.last else None,
    lambda one: one.email,
    lambda one: one.phone,
    lambda one: (one.number, one.street, one.postcode) if one.postcode else None,
    lambda one: one.birth,
    lambda one: one.card,
    lambda one: one.code,
    lambda one: tuple(one.devices) if one.devices else None,
)
"""What each comparison compares."""


class Group:
    """Records that are one person so far, and a record for each way in which a field is written among them."""

    __slots__ = ("members", "ways")

    def __init__(self, number: int, one: Clean) -> None:
        self.members = [number]
        self.ways: list[dict[Hashable, Clean]] = [{} if (key := value(one)) is None else {key: one} for value in VALUES]

    def take(self, other: "Group") -> None:
        self.members += other.members
        for mine, its in zip(self.ways, other.ways, strict=True):
            mine.update(its)


class Clustering:
    """The groups of a file."""

    def __init__(self, records: Sequence[Clean], model: Model) -> None:
        self._records = records
        self._nameless = [one.first is None or one.is_spelt for one in records]
        self._model = model
        self._weights = [model.weights(one.name) for one in COMPARISONS]
        self._of = list(range(len(records)))
        self._groups: dict[int, Group] = {}

    def group(self, number: int) -> int:
        """Under which number the group of a record is kept."""
        of = self._of
        while of[number] != number:
            of[number] = of[of[number]]
            number = of[number]
        return number

    def _get(self, number: int) -> Group:
        if (found := self._groups.get(number)) is None:
            found = self._groups[number] = Group(number, self._records[number])
        return found

    def run(self, a: Sequence[int], b: Sequence[int]) -> list[int]:
        """The group of each record; pairs come with the best one first."""
        named: list[tuple[int, int]] = []
        nameless: list[tuple[int, int]] = []
        hanging: list[tuple[int, int]] = []
        for one, other in zip(a, b, strict=True):
            kinds = self._nameless[one], self._nameless[other]
            (hanging if kinds[0] != kinds[1] else nameless if kinds[0] else named).append((one, other))
        for _ in range(TURNS):
            named = [(one, other) for one, other in named if not self._meet(one, other)]
        for one, other in nameless:
            self._meet(one, other)
        self._hang(hanging)
        return [self.group(number) for number in range(len(self._records))]

    def _meet(self, one: int, other: int) -> bool:
        """Whether they are in one group now."""
        mine, its = self.group(one), self.group(other)
        if mine == its:
            return True
        if self.bits(self._get(mine), self._get(its)) < WHOLE:
            return False
        self._join(mine, its)
        return True

    def _join(self, mine: int, its: int) -> None:
        a, b = self._get(mine), self._get(its)
        if len(a.members) < len(b.members):
            mine, its, a, b = its, mine, b, a
        a.take(b)
        self._of[its] = mine
        del self._groups[its]

    def bits(self, a: Group, b: Group) -> float:
        """What speaks for one person, field by field the best; minus infinity where their names conflict."""
        if conflict(list(a.ways[0].values()), list(b.ways[0].values())):
            return NEVER
        total = self._model.prior
        for place, comparison in enumerate(COMPARISONS):
            mine, its = a.ways[place], b.ways[place]
            if not mine or not its:
                continue
            best = None
            weights = self._weights[place]
            for one in mine.values():
                for other in its.values():
                    if (level := comparison.level(one, other)) < 0:
                        continue
                    value = weights[level]
                    if comparison.name in RARE:
                        value += self._model.rarity(comparison.name, comparison.levels[level].name, one, other)
                    if best is None or value > best:
                        best = value
            if best is not None:
                total += best
        return total

    def _hang(self, pairs: Sequence[tuple[int, int]]) -> None:
        """Each nameless group on the person it fits clearly best, the surest first."""
        persons: dict[int, set[int]] = {}
        for one, other in pairs:
            nameless, named = (one, other) if self._nameless[one] else (other, one)
            persons.setdefault(self.group(nameless), set()).add(self.group(named))
        sure: list[tuple[float, int, int]] = []
        for nameless, near in persons.items():
            ranked = sorted(((self.bits(self._get(nameless), self._get(one)), one) for one in near), reverse=True)
            ahead = ranked[0][0] - ranked[1][0] if len(ranked) > 1 else CLEARLY
            if ranked[0][0] >= WHOLE and ahead >= CLEARLY:
                sure.append((-ranked[0][0], nameless, ranked[0][1]))
        for _, nameless, person in sorted(sure):
            self._join(self.group(person), nameless)


NEVER = float("-inf")
