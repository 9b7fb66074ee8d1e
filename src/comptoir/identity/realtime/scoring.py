"""Who this may be: the people near a record, weighed as whole groups, and what each field says."""

from collections.abc import Mapping, Sequence

import msgspec

from comptoir.identity.matching.clustering import Group
from comptoir.identity.matching.comparisons import COMPARISONS, Clean
from comptoir.identity.realtime.accounts import Account
from comptoir.identity.realtime.models import Learnt

LEAST = -6.0
"""Bits below which nobody wants to hear of it: one in sixty-four."""
SHOWN = 10


class Reason(msgspec.Struct, frozen=True):
    """What one field says."""

    field: str
    level: str
    bits: float
    """Above zero it speaks for one person."""


class Likeness(msgspec.Struct, frozen=True):
    """One person whom the record may be of."""

    person_id: int
    node_id: int
    """Whose account is most like it."""
    bits: float
    probability: float
    reasons: list[Reason]


def rank(one: Sequence[Clean], near: Mapping[int, Sequence[Account]], by: Learnt) -> list[Likeness]:
    """The people near a record (or near those of one person), the most probable first. Who bears another first name is
    none of them.
    """
    mine = group(one)
    found: list[Likeness] = []
    for person, accounts in near.items():
        bits = by.weigher.bits(mine, group([account.clean for account in accounts]))
        if bits < LEAST:
            continue
        best = max(
            (
                (sum(bits for *_, bits in levels) + by.model.prior, account.node_id, levels)
                for account in accounts
                for clean in one
                for levels in [reasons(clean, account.clean, by)]
            ),
            key=lambda weighed: weighed[:2],
        )
        found.append(
            Likeness(
                person_id=person,
                node_id=best[1],
                bits=round(bits, 2),
                probability=round(probability(bits), 4),
                reasons=[Reason(field, level, round(bits, 2)) for field, level, bits in best[2]],
            )
        )
    found.sort(key=lambda likeness: (-likeness.bits, likeness.person_id))
    return found


def group(records: Sequence[Clean]) -> Group:
    first, *others = records
    whole = Group(0, first)
    for other in others:
        whole.take(Group(0, other))
    return whole


def probability(bits: float) -> float:
    return 1 / (1 + 2.0 ** -max(-60.0, min(60.0, bits)))


def reasons(one: Clean, other: Clean, by: Learnt) -> list[tuple[str, str, float]]:
    """Field, level and bits, of each field that says something."""
    found: list[tuple[str, str, float]] = []
    for comparison in COMPARISONS:
        level = comparison.level(one, other)
        if level >= 0:
            name = comparison.levels[level].name
            bits = by.weights[comparison.name][level] + by.model.rarity(comparison.name, name, one, other)
            found.append((comparison.name, name, bits))
    return found
