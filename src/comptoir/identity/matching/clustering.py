"""Who is one person: groups that grow pair by pair, the best pair first, each time weighing both groups as a whole.

One lucky pair joins nothing. Two groups are compared field by field, by the best that any of their values say, and are
two people when their first names conflict or their birth dates differ, whatever else they share. One name in one home
is no more than what the data says of it: it may be father and son.

Some records wait until all others have found each other: those without a first name (a newsletter, a device of the
family's tablet), and those torn between two people of one name and two birth dates. Such a record joins the one person
it fits clearly best, and never brings two together: what two people share (a mailbox, a tablet) names neither.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import date

from comptoir.identity.matching.comparisons import BIRTH, COMPARISONS, Clean, conflict
from comptoir.identity.matching.likeness import any_of
from comptoir.identity.matching.model import RARITY, Model

WHOLE = -0.75
"""Bits that two groups must have as a whole. Below zero, since what speaks for two people is counted more than once:
a person who moved has another address, another landline and often another e-mail."""
CLEARLY = 1.0
"""Bits that the best person of a waiting record must be ahead of the next."""
TURNS = 2
"""What could not join at first may when the groups have grown."""
ROUNDS = 3
"""A device hangs on a newsletter that hangs on a person."""

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
NAME, EMAIL, PHONE, ADDRESS, BORN, CARD, CODE, DEVICE = range(len(COMPARISONS))
OWN = EMAIL, PHONE, BORN, CARD, CODE, DEVICE
"""What is one person's rather than a home's."""
SELDOM = 0.001
"""A last name that so few have is one family's, as far as one can say."""
EQUAL = {EMAIL: 0, PHONE: 0, BORN: 0, CARD: 0, CODE: 0, DEVICE: 0}
"""The level of two equal values, which need not be compared."""
OTHER_BIRTH = len(BIRTH.levels) - 1
ONE_HOME = 1
"""Levels of the address up to this are of one home."""
MINE = 0, 1
"""Levels of a customer code that is the same, or a slip away."""
NEVER = float("-inf")

Ways = dict[Hashable, Clean]
"""By how a field is written, a record in which it is."""
Parts = dict[int, tuple[float, int]]
"""By comparison, what the best of its values say: bits and level."""


class Group:
    """Records that are one person so far, and a record for each way in which a field is written among them."""

    __slots__ = ("members", "ways")

    def __init__(self, number: int, one: Clean) -> None:
        self.members = [number]
        self.ways: list[Ways] = [{} if (key := value(one)) is None else {key: one} for value in VALUES]

    def take(self, other: "Group") -> None:
        self.members += other.members
        for mine, its in zip(self.ways, other.ways, strict=True):
            mine.update(its)


class Clustering:
    """The groups of a file."""

    def __init__(self, records: Sequence[Clean], model: Model) -> None:
        self._records = records
        self._waits = [waits(one) for one in records]
        self._model = model
        self._weights = [model.weights(one.name) for one in COMPARISONS]
        self._rare = [
            [any(where == one.name and level.name in named for _, where, named, _ in RARITY) for level in one.levels]
            for one in COMPARISONS
        ]
        self._of = list(range(len(records)))
        self._groups: dict[int, Group] = {}
        self._refused: dict[tuple[int, int], int] = {}

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
        self._tear(a, b)
        waits = self._waits
        named: list[tuple[int, int]] = []
        waiting: list[tuple[int, int]] = []
        near: dict[int, list[int]] = {}
        for one, other in zip(a, b, strict=True):
            if not waits[one] and not waits[other]:
                named.append((one, other))
                continue
            if waits[one] and waits[other]:
                waiting.append((one, other))
            for mine, its in ((one, other), (other, one)):
                if waits[mine]:
                    near.setdefault(mine, []).append(its)
        for _ in range(TURNS):
            named = [(one, other) for one, other in named if not self._meet(one, other)]
        for _ in range(ROUNDS):
            if not self._hang(near):
                break
        for one, other in waiting:
            if self._is_alone(one) and self._is_alone(other):
                self._meet(one, other)
        return [self.group(number) for number in range(len(self._records))]

    def _tear(self, a: Sequence[int], b: Sequence[int]) -> None:
        """Who has no birth date, and is near two people of her name who have different ones, waits."""
        born: dict[int, set[date]] = {}
        for one, other in zip(a, b, strict=True):
            for mine, its in ((one, other), (other, one)):
                x, y = self._records[mine], self._records[its]
                if x.birth is None and y.birth and x.card is None and not self._waits[mine] and of_one_home(x, y):
                    born.setdefault(mine, set()).add(y.birth)
        for mine, dates in born.items():
            if len(dates) > 1:
                some = [Clean(birth=one) for one in dates]
                if any(BIRTH.level(p, q) == OTHER_BIRTH for n, p in enumerate(some) for q in some[:n]):
                    self._waits[mine] = True

    def _is_alone(self, number: int) -> bool:
        """Whether it waits and has found nobody who does not."""
        return all(self._waits[one] for one in self._get(self.group(number)).members)

    def _meet(self, one: int, other: int) -> bool:
        """Whether they are in one group now."""
        mine, its = self.group(one), self.group(other)
        if mine == its:
            return True
        a, b = self._get(mine), self._get(its)
        both, size = (mine, its) if mine < its else (its, mine), len(a.members) + len(b.members)
        if self._refused.get(both) == size:
            return False
        if self.bits(a, b) < WHOLE:
            self._refused[both] = size
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
        """What speaks for one person; minus infinity where their first names conflict or their birth dates differ."""
        parts = self.parts(a, b)
        return NEVER if two_births(parts) or (differ(a, b) and not one_account(parts)) else self._sum(parts)

    def _sum(self, parts: Parts) -> float:
        home = self._model.prior
        own = 0.0
        for place, (bits, _) in parts.items():
            if place in {NAME, ADDRESS}:
                home += bits
            else:
                own += bits
        if parts.get(ADDRESS, NOTHING)[1] in range(ONE_HOME + 1):
            home = min(home, self._model.home)
        return home + own

    def parts(self, a: Group, b: Group) -> Parts:
        """Of each comparison the best."""
        found: Parts = {}
        for place, comparison in enumerate(COMPARISONS):
            mine, its = a.ways[place], b.ways[place]
            if not mine or not its:
                continue
            weights, rare, equal = self._weights[place], self._rare[place], EQUAL.get(place)
            if equal is not None and not mine.keys().isdisjoint(its):
                found[place] = weights[equal], equal
                continue
            best = None
            for one, other in alike(place, mine, its):
                if (level := comparison.level(one, other)) < 0:
                    continue
                value = weights[level]
                if rare[level]:
                    value += self._model.rarity(comparison.name, comparison.levels[level].name, one, other)
                if best is None or value > best[0]:
                    best = value, level
            if best is not None:
                found[place] = best
        return found

    def _hang(self, near: dict[int, list[int]]) -> int:
        """Each waiting record on the person it fits clearly best, the surest first; returns how many hang now."""
        sure: list[tuple[float, int, int]] = []
        for mine, others in near.items():
            if len(self._get(self.group(mine)).members) > 1:
                continue
            people = {self.group(one) for one in others if not self._waits[one] or not self._is_alone(one)}
            ranked = sorted(((*self._fits(mine, self._get(one)), one) for one in people), reverse=True)
            if not ranked:
                continue
            bits, fits, person = ranked[0]
            if fits and (len(ranked) == 1 or bits - ranked[1][0] >= CLEARLY):
                sure.append((-bits, mine, person))
        for _, mine, person in sorted(sure):
            self._join(self.group(person), mine)
        return len(sure)

    def _fits(self, mine: int, person: Group) -> tuple[float, bool]:
        """What speaks for a waiting record's being this person's, and whether it may hang on her.

        Of two who use one mailbox, the name that it is spelt like does not say who wrote.
        """
        record, me = self._records[mine], self._get(mine)
        parts = self.parts(me, person)
        if record.is_spelt and parts.get(EMAIL, NOTHING)[1] == 0:
            parts.pop(NAME, None)
        elif differ(me, person) and not one_account(parts):
            return NEVER, False
        if two_births(parts):
            return NEVER, False
        bits = self._sum(parts)
        own = any(parts[place][1] <= 1 for place in OWN if place in parts)
        return bits, bits >= 0 and (own or record.is_spelt)


def waits(one: Clean) -> bool:
    """Nobody has given a first name: whose it is can be said when the others have found each other."""
    return one.first is None or one.is_spelt


def of_one_home(a: Clean, b: Clean) -> bool:
    """Of one name, and likely to know each other: the name is rare, or they share something."""
    if a.first != b.first or a.last != b.last or a.last is None:
        return False
    return (
        a.last_share < SELDOM
        or (a.street is not None and (a.street, a.number, a.postcode) == (b.street, b.number, b.postcode))
        or (a.phone is not None and a.phone == b.phone)
        or (a.email is not None and a.email == b.email)
        or any_of(a.devices, b.devices)
    )


def alike(place: int, mine: Ways, its: Ways) -> Iterable[tuple[Clean, Clean]]:
    """The pairs that can be the best of a name or an address: those that are wholly equal, where there are any."""
    equal = [(one, its[key]) for key, one in mine.items() if key in its and (place == NAME or one.street)]
    if place in {NAME, ADDRESS} and equal and all((one.first and one.last) or place == ADDRESS for one, _ in equal):
        return equal
    return ((one, other) for one in mine.values() for other in its.values())


def one_account(parts: Parts) -> bool:
    """The same customer code, and the same birth date or home: then another first name is a slip."""
    return parts.get(CODE, NOTHING)[1] in MINE and (
        parts.get(BORN, NOTHING)[1] == 0 or parts.get(ADDRESS, NOTHING)[1] in range(ONE_HOME + 1)
    )


def two_births(parts: Parts) -> bool:
    """Their birth dates are of two people, and no customer code says otherwise."""
    return parts.get(BORN, NOTHING)[1] == OTHER_BIRTH and parts.get(CODE, NOTHING)[1] not in MINE


def differ(a: Group, b: Group) -> bool:
    """Whether their first names are of two people."""
    mine, its = a.ways[NAME], b.ways[NAME]
    return mine.keys().isdisjoint(its) and conflict(list(mine.values()), list(its.values()))


NOTHING = 0.0, -1
