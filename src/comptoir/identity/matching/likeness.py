"""How alike two values are: each in Python and, where pairs are compared by the million, in SQL."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from rapidfuzz.distance import DamerauLevenshtein


def near(one: str, other: str, *, slips: int) -> bool:
    return abs(len(one) - len(other)) <= slips and DamerauLevenshtein.distance(one, other, score_cutoff=slips) <= slips


def any_of(one: Sequence[str] | None, other: Sequence[str] | None) -> bool:
    return not set(one or ()).isdisjoint(other or ())


def alike(one: str | None, other: str | None) -> bool:
    """A slip in a name: one letter, two in a long one. Of two letters nothing can be said."""
    if one is None or other is None:
        return False
    return near(one, other, slips=2 if min(len(one), len(other)) >= 8 else 1) and min(len(one), len(other)) >= 4


def written_alike(one: str, other: str) -> str:
    """`alike` in SQL."""
    return (
        f"(least(length({one}), length({other})) >= 4 AND damerau_levenshtein({one}, {other})"
        f" <= CASE WHEN least(length({one}), length({other})) >= 8 THEN 2 ELSE 1 END)"
    )


UNDOTTED = "translate({}, '._-', '')"
"""f.clement@ is not fclement@ misspelt: both are somebody's."""


def email_misspelt(one: str, other: str) -> bool:
    long = min(len(one), len(other)) >= 12
    return long and near(one, other, slips=1) and undotted(one) != undotted(other)


def undotted(email: str) -> str:
    return email.translate(NO_DOTS)


NO_DOTS = str.maketrans("", "", "._-")


MOBILE = "(left({}, 1) IN ('6', '7'))"
"""In France; elsewhere this says nothing, and costs some that differ."""


def is_mobile(phone: str) -> bool:
    return phone[:1] in {"6", "7"}


def same(one: Any, other: Any) -> bool:
    return one is not None and one == other


def one_off(one: date | None, other: date | None) -> bool:
    """Day and month changed places, or one of the three is another."""
    if one is None or other is None:
        return False
    if (one.day, one.month, one.year) == (other.month, other.day, other.year):
        return True
    return (one.day == other.day) + (one.month == other.month) + (one.year == other.year) == 2


CODE_MISSPELT = "(least(length(code_l), length(code_r)) >= 7 AND damerau_levenshtein(code_l, code_r) <= 1)"


def code_misspelt(one: str, other: str) -> bool:
    return min(len(one), len(other)) >= 7 and near(one, other, slips=1)
