"""How good a partition is: pairs of records that are together, and B³ (Bagga and Baldwin, 1998)."""

from collections import Counter
from collections.abc import Mapping

import msgspec


class Quality(msgspec.Struct, frozen=True):
    precision: float
    recall: float
    f1: float
    b3: float
    most_people: int
    """True people in one group."""


def judged(found: Mapping[str, object], truth: Mapping[str, object]) -> Quality:
    both = Counter((found[one], truth[one]) for one in truth)
    groups, people = Counter(found[one] for one in truth), Counter(truth.values())
    right, together, true = (sum(n * (n - 1) // 2 for n in some.values()) for some in (both, groups, people))
    precision, recall = right / max(1, together), right / max(1, true)
    of_group = sum(n * n / groups[group] for (group, _), n in both.items()) / len(truth)
    of_person = sum(n * n / people[person] for (_, person), n in both.items()) / len(truth)
    within = Counter(group for group, _ in both)
    return Quality(
        precision, recall, _f1(precision, recall), _f1(of_group, of_person), max(within.values())
    )  # fmt: skip


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
