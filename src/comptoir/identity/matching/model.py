"""The model: how much each agreement speaks for one person. Fellegi and Sunter, A Theory for Record Linkage, 1969.

Of each level `m` is its share among pairs of one person and `u` among pairs of two; its weight is log2(m / u) bits. The
weights of all fields are summed; names that many bear count for less (their share of the records, in place of the
average one). Positive sums speak for one person.
"""

import math
from collections.abc import Mapping, Sequence

import msgspec

from comptoir.identity.matching.comparisons import COMPARISONS, Clean, levels
from comptoir.kernel.errors import Invalid

TINY = 1e-9
"""Of a name that no record of the file has."""
NEAR = 1e-4
"""Of all names that are a slip away from one."""
RARITY = (
    ("first", "name", {"same", "swapped", "first only"}, TINY),
    ("last", "name", {"same", "swapped", "known as", "initial", "first misspelt", "other first", "last only"}, TINY),
    ("last", "name", {"last misspelt", "last misspelt, initial", "both misspelt", "last only, alike"}, NEAR),
    ("place", "address", {"place"}, TINY),
)
"""Whose shares count at which levels of which comparison, and the least that one can be."""


HOME = 5.0
"""Where nothing is learnt of it."""


class Shares(msgspec.Struct, frozen=True):
    """How probable it is that two strangers have the same first name, last name or postcode, over all the data."""

    first: float
    last: float
    place: float


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """Kept as JSON, with its version."""

    version: str
    prior: float
    """Bits: how improbable it is that two candidates are one person, before anything is compared."""
    m: Mapping[str, Sequence[float]]
    """By comparison, of each level."""
    u: Mapping[str, Sequence[float]]
    shares: Shares
    home: float = HOME
    """Bits that one name in one home is worth at most: how seldom it is father and son."""

    def weights(self, name: str) -> list[float]:
        """Bits of each level of a comparison."""
        return [math.log2(m / u) for m, u in zip(self.m[name], self.u[name], strict=True)]

    def score(self, one: Clean, other: Clean) -> float:
        """Bits for one person, of one pair."""
        return sum(bits for _, bits in self.reasons(one, other)) + self.prior

    def reasons(self, one: Clean, other: Clean) -> list[tuple[str, float]]:
        """What each field says: its level, and its bits."""
        found: list[tuple[str, float]] = []
        for comparison, level in zip(COMPARISONS, levels(one, other), strict=True):
            if level < 0:
                continue
            bits = self.weights(comparison.name)[level]
            name = comparison.levels[level].name
            found.append((f"{comparison.name}: {name}", bits + self.rarity(comparison.name, name, one, other)))
        return found

    def rarity(self, comparison: str, level: str, one: Clean, other: Clean) -> float:
        """Bits more for a rare value that agrees, fewer for a frequent one."""
        bits = 0.0
        for what, where, named, least in RARITY:
            if where == comparison and level in named:
                share = max(getattr(one, f"{what}_share"), getattr(other, f"{what}_share"), least)
                bits += math.log2(getattr(self.shares, what) / share)
        return bits

    def sql(self) -> str:
        """The same over the columns `name`, `email`, … (levels) and the shares of both sides."""
        parts = [str(self.prior)]
        for comparison in COMPARISONS:
            weights = enumerate(self.weights(comparison.name))
            cases = " ".join(f"WHEN {number} THEN {bits!r}" for number, bits in weights)
            parts.append(f"CASE {comparison.name} {cases} ELSE 0 END")
        for what, where, named, least in RARITY:
            known = next(one.levels for one in COMPARISONS if one.name == where)
            numbers = ", ".join(str(number) for number, one in enumerate(known) if one.name in named)
            share = f"greatest({what}_share_l, {what}_share_r, {least})"
            average = getattr(self.shares, what)
            parts.append(f"CASE WHEN {where} IN ({numbers}) THEN log2({average!r} / {share}) ELSE 0 END")
        return " + ".join(parts)

    def encode(self) -> bytes:
        return msgspec.json.encode(self)


class BadModel(Invalid):
    """These are no weights of this version's comparisons."""

    code = "identity.bad_model"


def decode(found: bytes) -> Model:
    """Raises BadModel."""
    try:
        model = msgspec.json.decode(found, type=Model)
    except msgspec.MsgspecError as error:
        raise BadModel(f"This is no model: {error}. Learn the weights anew.") from error
    for comparison in COMPARISONS:
        for learnt in (model.m, model.u):
            if len(learnt.get(comparison.name, ())) != len(comparison.levels):
                raise BadModel(f"The model does not fit the levels of {comparison.name}. Learn the weights anew.")
            if min(learnt[comparison.name]) <= 0:
                raise BadModel(f"A share of {comparison.name} is not above zero. Learn the weights anew.")
    return model
