"""The proof: solve everything from the evidence and compare it with what is stored."""

from collections import defaultdict

import msgspec

from comptoir.identity import namespaces
from comptoir.identity.namespaces import Rules
from comptoir.identity.records import Identifier, Pair
from comptoir.identity.solve import NO_WORDS, Edge, add, must_words, shared, solve
from comptoir.kernel.db import Tx


class Difference(msgspec.Struct, frozen=True):
    """A node whose stored person or state is not what its evidence says."""

    node_id: int
    person_id: int
    shared: bool
    person_id_due: int
    shared_due: bool

    def __str__(self) -> str:
        return (
            f"identifier {self.node_id} belongs to person {self.person_id}{SHARED * self.shared}, "
            f"its evidence says to {self.person_id_due}{SHARED * self.shared_due}"
        )


SHARED = " and counts as shared"


async def reconcile(tx: Tx) -> list[Difference]:
    """Nothing, if all is well. Reads the whole graph into memory."""
    rules = await namespaces.load(tx)
    stored = {n: (ns, value, person, state) for n, ns, value, person, state in await tx.tuples(NODES)}
    edges: list[Edge] = [(a, b, conf, first) for a, b, conf, first in await tx.tuples(EDGES)]
    apart: list[Pair] = [(a, b) for a, b in await tx.tuples(APART)]
    due, hubs = solve_all({n: (ns, value) for n, (ns, value, *_) in stored.items()}, edges, apart, rules)
    return [
        Difference(n, person, state == 1, due[n], n in hubs)
        for n, (_, _, person, state) in stored.items()
        if (person, state == 1) != (due[n], n in hubs)
    ]


NODES = "SELECT node_id, ns, value, person_id, state FROM identity.node"

# From the evidence itself: what edges remember of it is under proof too.
EDGES = """
    SELECT v.a, v.b, max(v.prob), min(v.observed_at)
    FROM identity.evidence AS v JOIN identity.edge AS e USING (a, b)
    WHERE v.retracted_by IS NULL AND e.banned_by IS NULL GROUP BY v.a, v.b
"""

APART = "SELECT a, b FROM identity.cannot_link WHERE operations <> '{}'"


def solve_all(
    nodes: dict[int, Identifier], edges: list[Edge], apart: list[Pair], rules: Rules
) -> tuple[dict[int, int], set[int]]:
    """The person of every node, and which values are shared."""
    around: defaultdict[int, dict[int, int]] = defaultdict(dict)
    words: defaultdict[int, dict[int, int]] = defaultdict(dict)
    beside: defaultdict[int, set[int]] = defaultdict(set)
    for a, b, *_ in edges:
        beside[a].add(b)
        beside[b].add(a)
        for x, y in ((a, b), (b, a)):
            ns = nodes[y][0]
            around[x][ns] = around[x].get(ns, 0) + 1
    for a, b, conf, _ in edges:
        if conf >= 1:
            for x in {a, b} | beside[a] | beside[b]:
                words[x] = add(words[x], must_words([(nodes[a][0], nodes[b][0])]))
    hubs = {n for n, (ns, _) in nodes.items() if shared(ns, around[n], words.get(n, NO_WORDS), rules)}
    connecting = {n: identifier for n, identifier in nodes.items() if n not in hubs}
    links = [edge for edge in edges if edge[0] not in hubs and edge[1] not in hubs]
    return solve(connecting, links, apart, rules) | {n: n for n in hubs}, hubs
