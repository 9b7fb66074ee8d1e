"""Why identifiers are one person, or why they are not: the evidence, its strongest path and the path's weakest edge."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from comptoir.identity import people
from comptoir.identity.paths import widest
from comptoir.identity.records import Identifier, Node, Pair
from comptoir.kernel.db import Tx, ints

SURE = 0.999
"""No amount of evidence makes two identifiers more surely one person than this."""
MOST_EDGES = 500
"""Of one drawing; a shared value may have thousands."""

State = Literal["joins", "lost", "shared", "cut", "retracted"]

WHY: dict[State, str] = {
    "joins": "These are one person.",
    "lost": "Stronger evidence puts them with different people, and one person cannot have both.",
    "shared": "One of them belongs to several people, so it connects nobody.",
    "cut": "A steward cut this.",
    "retracted": "All evidence of it was retracted.",
}


class Evidence(msgspec.Struct, frozen=True):
    """Who said so, how surely, from when to when."""

    a: int
    b: int
    kind: str
    rule: str
    source_id: int
    batch_id: str
    prob: float
    position: int | None
    observed_at: datetime
    last_at: datetime
    retracted_by: list[int] | None
    model_version: str | None
    vector: dict[str, Any] | None


class Edge(msgspec.Struct, frozen=True):
    """Two identifiers and what speaks for their being one person."""

    a: int
    b: int
    state: State
    why: str
    confidence: float
    """Of all its independent sources together, 0 to 0.999."""
    first_seen: datetime
    last_seen: datetime
    banned_by: list[int]
    evidence: list[Evidence]

    @property
    def pair(self) -> Pair:
        return (self.a, self.b)


class Graph(msgspec.Struct, frozen=True):
    """One person for drawing: her identifiers, their neighbours outside, and every edge at them."""

    key: UUID
    person_id: int
    nodes: list[Node]
    outside: list[Node]
    edges: list[Edge]
    complete: bool
    """False when there were too many edges to show."""


class Explanation(msgspec.Struct, frozen=True):
    """The strongest chain of evidence between two identifiers."""

    a: Node
    b: Node
    same_person: bool
    confidence: float
    """Of the weakest edge; 1 for one and the same identifier, 0 where nothing connects."""
    path: list[Edge]
    weakest: Edge | None
    """The one to cut, if they are two people."""
    against: list[Edge]
    """Edges that touch both people but do not join them."""


async def graph(tx: Tx, *, key: UUID) -> Graph:
    """The small graph of one person."""
    whole = await people.person(tx, key=key)
    inside = [node.node_id for node in whole.nodes]
    pairs = await tx.tuples(AT, nodes=ints(inside), most=MOST_EDGES + 1)
    found = await _edges(tx, [(a, b) for a, b in pairs[:MOST_EDGES]])
    beyond = {n for edge in found for n in edge.pair} - set(inside)
    outside = await tx.many(Node, NODES, nodes=ints(beyond))
    return Graph(whole.key, whole.person_id, whole.nodes, outside, found, complete=len(pairs) <= MOST_EDGES)


async def explain(tx: Tx, *, a: Identifier, b: Identifier) -> Explanation:
    """Why two identifiers are one person; where they are not, what speaks for it and why it does not join."""
    left, right = await people.node(tx, identifier=a), await people.node(tx, identifier=b)
    persons = {left.person_id, right.person_id}
    nodes = [node.node_id for node in await people.nodes_of(tx, persons)]
    found = await edges_between(tx, nodes)
    if len(persons) > 1:
        one = {n.node_id for n in await people.nodes_of(tx, [left.person_id])}
        against = [edge for edge in found if (edge.a in one) != (edge.b in one)]
        return Explanation(left, right, False, 0.0, [], None, against)
    by_pair = {edge.pair: edge for edge in found if edge.state == "joins"}
    way = widest({pair: edge.confidence for pair, edge in by_pair.items()}, left.node_id, right.node_id)
    path = [by_pair[pair] for pair in way]
    weakest = min(path, key=lambda edge: edge.confidence, default=None)
    return Explanation(left, right, True, weakest.confidence if weakest else 1.0, path, weakest, [])


async def edges_between(tx: Tx, nodes: Iterable[int]) -> list[Edge]:
    """All edges with both ends among these nodes."""
    return await _edges(tx, [(a, b) for a, b in await tx.tuples(BETWEEN, nodes=ints(nodes))])


async def _edges(tx: Tx, pairs: Sequence[Pair]) -> list[Edge]:
    a, b = ints(p[0] for p in pairs), ints(p[1] for p in pairs)
    said: defaultdict[Pair, list[Evidence]] = defaultdict(list)
    for evidence in await tx.many(Evidence, EVIDENCE, a=a, b=b):
        said[evidence.a, evidence.b].append(evidence)
    return [
        _edge((x, y), state_of(conf, banned, shared, joined), first, banned or [], said[x, y])
        for x, y, conf, first, banned, shared, joined in await tx.tuples(EDGES, a=a, b=b)
    ]


AT = """
    SELECT a, b FROM identity.edge WHERE a = ANY(%(nodes)s::bigint[])
    UNION
    SELECT a, b FROM identity.edge WHERE b = ANY(%(nodes)s::bigint[])
    ORDER BY a, b LIMIT %(most)s
"""

BETWEEN = """
    SELECT a, b FROM identity.edge
    WHERE a = ANY(%(nodes)s::bigint[]) AND b = ANY(%(nodes)s::bigint[]) ORDER BY a, b
"""

NODES = """
    SELECT node_id, person_id, namespace, value, key, shared, first_seen
    FROM identity.v_node WHERE node_id = ANY(%(nodes)s::bigint[]) ORDER BY node_id
"""

EDGES = """
    SELECT e.a, e.b, e.conf, e.first_seen, e.banned_by, x.state = 1 OR y.state = 1, x.person_id = y.person_id
    FROM unnest(%(a)s::bigint[], %(b)s::bigint[]) AS k (a, b)
    CROSS JOIN LATERAL (SELECT * FROM identity.edge AS e WHERE e.a = k.a AND e.b = k.b LIMIT 1) AS e
    CROSS JOIN LATERAL (SELECT state, person_id FROM identity.node WHERE node_id = k.a LIMIT 1) AS x
    CROSS JOIN LATERAL (SELECT state, person_id FROM identity.node WHERE node_id = k.b LIMIT 1) AS y
    ORDER BY e.a, e.b
"""

EVIDENCE = """
    SELECT v.a, v.b, v.kind::text AS kind, v.rule, v.source_id, v.batch_id, v.prob, v.position,
           v.observed_at, v.last_at, v.retracted_by, v.model_version, v.vector
    FROM unnest(%(a)s::bigint[], %(b)s::bigint[]) AS k (a, b)
    CROSS JOIN LATERAL (SELECT * FROM identity.evidence AS v WHERE v.a = k.a AND v.b = k.b) AS v
    ORDER BY v.a, v.b, v.observed_at, v.source_id, v.batch_id
"""


def state_of(conf: float, banned: list[int] | None, shared: bool, joined: bool) -> State:
    if banned:
        return "cut"
    if conf <= 0:
        return "retracted"
    if shared:
        return "shared"
    return "joins" if joined else "lost"


def _edge(pair: Pair, state: State, first: datetime, banned: list[int], evidence: list[Evidence]) -> Edge:
    return Edge(
        *pair,
        state=state,
        why=WHY[state],
        confidence=combined(evidence),
        first_seen=first,
        last_seen=max((e.last_at for e in evidence), default=first),
        banned_by=banned,
        evidence=evidence,
    )


def combined(evidence: Iterable[Evidence]) -> float:
    """1 - ∏(1 - p) over independent sources: what one source repeats counts once."""
    best: dict[tuple[int, str], float] = {}
    for e in evidence:
        if not e.retracted_by:
            source = (e.source_id, e.kind)
            best[source] = max(best.get(source, 0.0), e.prob)
    return min(SURE, 1 - math.prod(1 - p for p in best.values()))
