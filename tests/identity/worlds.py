"""Small worlds of families, kiosks and wrong e-mails, and the reference: everything solved at once, in memory."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import strategies as st

from comptoir.identity import Observation
from comptoir.identity.reconcile import solve_all
from comptoir.identity.resolve import confidence

START = datetime(2026, 11, 1, tzinfo=UTC)
USER, CARD, EMAIL, PHONE, DEVICE, ANONYMOUS = 1, 2, 3, 4, 6, 7

# What each kind of event names. Logins are the minority: conflicts arise along chains of weaker evidence.
EVENTS = [
    (DEVICE, EMAIL),
    (ANONYMOUS, EMAIL),
    (DEVICE, PHONE),
    (EMAIL, PHONE),
    (DEVICE, ANONYMOUS),
    (USER, EMAIL),
    (USER, DEVICE),
    (CARD, PHONE),
    (CARD, EMAIL, USER),
    (USER, CARD),
    (DEVICE,),
    (ANONYMOUS, EMAIL, PHONE),
]


def observation(event, person, strays, minute, source, batch, trust):
    """Somebody does something, sometimes with what belongs to the neighbour."""
    return Observation(
        identifiers=tuple((ns, f"{ns}:{(person + stray) % 12}") for ns, stray in zip(event, strays, strict=False)),
        at=START + timedelta(minutes=minute),
        source_id=source,
        batch_id=batch,
        trust=trust,
    )


@st.composite
def cut(draw, most=60):
    """A world in any order and in any batches. Evenly random: hypothesis' own small examples hold few conflicts."""
    size, dice = draw(st.integers(most // 4, most)), random.Random(draw(st.integers(0, 2**32)))
    world = [
        observation(
            dice.choice(EVENTS),
            dice.randrange(12),
            [dice.choice([0, 0, 0, 0, 0, 1, 6]) for _ in range(3)],
            dice.randrange(4),
            dice.choice([1, 1, 1, 2]),
            dice.choice(["", "", "", "import 1"]),
            dice.choice([1.0, 1.0, 0.5]),
        )
        for _ in range(size)
    ]
    cuts = sorted(dice.choices(range(size + 1), k=dice.randrange(12)))
    return [batch for a, b in pairwise([0, *cuts, size]) if (batch := world[a:b])]


def whole(batches):
    return [observation for batch in batches for observation in batch]


def evidence(world, rules):
    """Edges by value: confidence and first sight, as the whole world says."""
    nodes, edges = set(), {}
    for o in world:
        ids = sorted(set(o.identifiers), key=lambda i: (rules.rank[i[0]], i))
        nodes |= set(ids)
        for other in ids[1:]:
            conf = confidence(rules.by_ns[ids[0][0]].confidence, rules.by_ns[other[0]].confidence, o.trust)
            pair = tuple(sorted((ids[0], other)))
            before = edges.get(pair, (0, o.at))
            edges[pair] = (max(conf, before[0]), min(o.at, before[1]))
    return nodes, edges


def reference(world, rules):
    """The partition of the whole world, and which values are shared."""
    nodes, edges = evidence(world, rules)
    return partition_of(nodes, edges, rules)


def partition_of(nodes, edges, rules):
    number = {value: n for n, value in enumerate(sorted(nodes), 1)}
    links = [(number[a], number[b], *seen) for (a, b), seen in edges.items()]
    person, hubs = solve_all({n: value for value, n in number.items()}, links, [], rules)
    groups = defaultdict(set)
    for value in nodes:
        groups[person[number[value]]].add(value)
    return frozenset(map(frozenset, groups.values())), frozenset(v for v in nodes if number[v] in hubs)


async def partition(tx):
    groups, hubs = defaultdict(set), set()
    for person, ns, value, state in await tx.tuples("SELECT person_id, ns, value, state FROM identity.node"):
        groups[person].add((ns, value))
        if state == 1:
            hubs.add((ns, value))
    return frozenset(map(frozenset, groups.values())), frozenset(hubs)


async def graph(tx):
    """All that any read of the graph depends on: who is with whom under which ids, and what is shared."""
    return await tx.tuples("SELECT node_id, person_id, key, ns, value, state FROM identity.node ORDER BY node_id")


EMPTY = """
    TRUNCATE identity.node, identity.edge, identity.evidence, identity.cannot_link, identity.journal, identity.task
"""
