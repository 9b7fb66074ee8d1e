"""Small worlds of families, kiosks and wrong e-mails, and the reference: everything solved at once, in memory."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import strategies as st

from comptoir.identity import Observation
from comptoir.identity.resolve import confidence
from comptoir.identity.solve import must_words, shared, solve

START = datetime(2026, 11, 1, tzinfo=UTC)
USER, CARD, EMAIL, PHONE, DEVICE, ANONYMOUS = 1, 2, 3, 4, 6, 7

# Few values, so that people share them all the time.
identifiers = st.one_of(
    st.tuples(st.just(USER), st.sampled_from(["u1", "u2", "u3", "u4"])),
    st.tuples(st.just(CARD), st.sampled_from(["c1", "c2", "c3"])),
    st.tuples(st.just(EMAIL), st.sampled_from(["e1", "e2", "e3", "e4", "e5", "e6", "e7"])),
    st.tuples(st.just(PHONE), st.sampled_from(["p1", "p2", "p3", "p4"])),
    st.tuples(st.just(DEVICE), st.sampled_from(["d1", "d2", "d3", "d4"])),
    st.tuples(st.just(ANONYMOUS), st.sampled_from(["a1", "a2", "a3", "a4", "a5"])),
)
observations = st.builds(
    lambda ids, minute, source, batch, trust: Observation(
        identifiers=tuple(ids),
        at=START + timedelta(minutes=minute),
        source_id=source,
        batch_id=batch,
        trust=trust,
    ),
    st.lists(identifiers, min_size=1, max_size=3),
    st.integers(0, 50),
    st.integers(1, 3),
    st.sampled_from(["", "", "import 1", "import 2"]),
    st.sampled_from([1.0, 1.0, 0.5]),
)


@st.composite
def cut(draw, size=45):
    """A world in any order and in any batches."""
    order = draw(st.lists(observations, min_size=1, max_size=size))
    cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=6)))
    return [batch for a, b in pairwise([0, *cuts, len(order)]) if (batch := order[a:b])]


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


def partition_of(nodes, edges, rules, apart=()):
    number = {value: n for n, value in enumerate(sorted(nodes), 1)}
    around = defaultdict(set)
    for a, b in edges:
        around[a].add(b)
        around[b].add(a)
    musts = [pair for pair, (conf, _) in edges.items() if conf >= 1]
    hubs = set()
    for value in nodes:
        counts = defaultdict(int)
        for other in around[value]:
            counts[other[0]] += 1
        near = around[value] | {value}
        words = must_words([(a[0], b[0]) for a, b in musts if a in near or b in near])
        if shared(value[0], counts, words, rules):
            hubs.add(value)
    links = [(number[a], number[b], *seen) for (a, b), seen in edges.items() if a not in hubs and b not in hubs]
    person = solve({number[value]: value for value in nodes}, links, [(number[a], number[b]) for a, b in apart], rules)
    groups = defaultdict(set)
    for value in nodes:
        groups[person[number[value]]].add(value)
    return frozenset(map(frozenset, groups.values())), frozenset(hubs)


async def partition(tx):
    groups, hubs = defaultdict(set), set()
    for person, ns, value, state in await tx.tuples("SELECT person_id, ns, value, state FROM identity.node"):
        groups[person].add((ns, value))
        if state == 1:
            hubs.add((ns, value))
    return frozenset(map(frozenset, groups.values())), frozenset(hubs)


async def graph(tx):
    """All that any read of the graph depends on: who is with whom under which ids, shared, contested."""
    return await tx.tuples(
        "SELECT node_id, person_id, key, ns, value, state, contested FROM identity.node ORDER BY node_id"
    )


EMPTY = """
    TRUNCATE identity.node, identity.edge, identity.evidence, identity.cannot_link, identity.journal, identity.task
"""
