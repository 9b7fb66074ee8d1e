"""Kinds of identifier and their limits, as a small table that every batch reads."""

import msgspec

from comptoir.identity.records import PERSON_KEY, Namespace
from comptoir.kernel.db import Tx

HUB = 4
"""A person key that touches this many times what one person may have is a till's or a program's login."""


class Rules(msgspec.Struct, frozen=True):
    """All namespaces, prepared for the pure functions."""

    by_ns: dict[int, Namespace]
    by_name: dict[str, Namespace]
    limits: dict[tuple[int, int], int]
    """(namespace of a value, namespace of its neighbours): with more neighbours than this the value is shared."""
    rank: dict[int, tuple[int, int]]
    """Strongest first."""


def rules(namespaces: list[Namespace]) -> Rules:
    return Rules(
        by_ns={n.ns: n for n in namespaces},
        by_name={n.name: n for n in namespaces},
        limits={(x.ns, m.ns): _limit(x, m) for x in namespaces for m in namespaces},
        rank={n.ns: (n.class_, n.priority) for n in namespaces},
    )


def _limit(value: Namespace, neighbour: Namespace) -> int:
    """A value that touches more than one person can have belongs to several.

    A user id and a loyalty card of one person are two namespaces, so they never count as two claimants.
    """
    if value.class_ == PERSON_KEY:
        return HUB * neighbour.max_per_person
    if neighbour.class_ == PERSON_KEY:
        return max(value.max_claimants, neighbour.max_per_person)
    return neighbour.max_per_person


async def load(tx: Tx) -> Rules:
    return rules(await tx.many(Namespace, ALL))


ALL = """
    SELECT ns, name, class, priority, form, max_per_person, max_claimants, confidence
    FROM identity.namespace ORDER BY class, priority, ns
"""
