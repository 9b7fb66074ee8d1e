"""Everything that hangs together with some people: what must be solved anew when something there changes.

Edges that lost count too, since they may win now. Values shared by several people do not pass anything on.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import msgspec

from comptoir.identity.records import Pair
from comptoir.kernel.db import Tx, ints

LARGEST_CLOSURE = 5000
"""More nodes than this that hang together are left as they are, for a steward."""


class Member(msgspec.Struct, frozen=True, gc=False):
    """A node as its founder's lock shows it."""

    node_id: int
    person_id: int
    ns: int
    state: int
    judged: bool
    value: str


class Closure(msgspec.Struct):
    """People, their nodes and the live edges between nodes that connect."""

    people: set[int]
    nodes: dict[int, Member]
    edges: dict[Pair, tuple[float, datetime]]
    apart: list[Pair]
    too_large: list[list[int]]
    """People of the parts that were not read to their end."""


async def closure(tx: Tx, seeds: Collection[int], turned: Mapping[int, int]) -> Closure:
    """Read what hangs together with the people in `seeds`. `turned`: nodes whose state is about to change."""
    nodes: dict[int, Member] = {}
    edges: dict[Pair, tuple[float, datetime]] = {}
    neighbours: dict[int, Member] = {}
    people: set[int] = set()
    parts = Parts()
    frontier: set[int] = set(seeds)
    while frontier:
        people |= frontier
        new = await members(tx, frontier)
        nodes |= new
        for node in new.values():
            parts.weigh(node.person_id)
        inside = [n for n, node in new.items() if turned.get(n, node.state) == 0]
        found = {(a, b): (conf, first) for a, b, conf, first in await tx.tuples(EDGES, nodes=ints(inside))}
        edges |= found
        beyond = {n for edge in found for n in edge if n not in nodes and n not in neighbours}
        neighbours |= await look(tx, beyond)
        found_people: set[int] = set()
        for a, b in found:
            x, y = nodes.get(a) or neighbours[a], nodes.get(b) or neighbours[b]
            if turned.get(a, x.state) or turned.get(b, y.state):
                continue
            parts.join(x.person_id, y.person_id)
            found_people |= {x.person_id, y.person_id}
        frontier = {person for person in found_people - people if parts.size(person) <= LARGEST_CLOSURE}
    ends = {n: node for n, node in nodes.items() if turned.get(n, node.state) == 0}
    too_large = [part for part in parts.all() if parts.size(part[0]) > LARGEST_CLOSURE]
    left_out = {person for part in too_large for person in part}
    return Closure(
        people=people,
        nodes={n: node for n, node in nodes.items() if node.person_id not in left_out},
        edges={(a, b): seen for (a, b), seen in edges.items() if a in ends and b in ends},
        apart=[(a, b) for a, b in await tx.tuples(APART, nodes=ints(nodes)) if a in ends and b in ends],
        too_large=too_large,
    )


async def members(tx: Tx, people: Iterable[int]) -> dict[int, Member]:
    """All nodes of some people."""
    return {row[0]: Member(*row) for row in await tx.tuples(MEMBERS, people=ints(people))}


async def look(tx: Tx, nodes: Collection[int]) -> dict[int, Member]:
    if not nodes:
        return {}
    return {row[0]: Member(*row) for row in await tx.tuples(LOOK, nodes=ints(nodes))}


MEMBERS = """
    SELECT node_id, person_id, ns, state, judged, value
    FROM identity.node WHERE node_id = ANY(%(people)s::bigint[]) AND person_id = node_id
    UNION ALL
    SELECT node_id, person_id, ns, state, judged, value
    FROM identity.node WHERE person_id = ANY(%(people)s::bigint[]) AND person_id <> node_id
"""

LOOK = """
    SELECT node_id, person_id, ns, state, judged, value
    FROM identity.node WHERE node_id = ANY(%(nodes)s::bigint[])
"""

EDGES = """
    SELECT a, b, conf, first_seen FROM identity.edge
    WHERE a = ANY(%(nodes)s::bigint[]) AND conf > 0 AND banned_by IS NULL
    UNION ALL
    SELECT a, b, conf, first_seen FROM identity.edge
    WHERE b = ANY(%(nodes)s::bigint[]) AND conf > 0 AND banned_by IS NULL
"""

APART = """
    SELECT a, b FROM identity.cannot_link WHERE a = ANY(%(nodes)s::bigint[]) AND operations <> '{}'
    UNION
    SELECT a, b FROM identity.cannot_link WHERE b = ANY(%(nodes)s::bigint[]) AND operations <> '{}'
"""


class Parts:
    """Union-find: which things hang together, and how heavy each part is."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}
        self._size: dict[int, int] = {}

    def root(self, x: int) -> int:
        parent = self._parent
        while (up := parent.setdefault(x, x)) != x:
            parent[x] = parent[up]
            x = parent[x]
        return x

    def weigh(self, x: int) -> None:
        """One more node belongs to x."""
        root = self.root(x)
        self._size[root] = self._size.get(root, 0) + 1

    def join(self, x: int, y: int) -> int:
        """Bring two together; the smaller id is the root."""
        x, y = sorted((self.root(x), self.root(y)))
        if x != y:
            self._parent[y] = x
            self._size[x] = self._size.get(x, 0) + self._size.pop(y, 0)
        return x

    def size(self, x: int) -> int:
        return self._size.get(self.root(x), 0)

    def all(self) -> list[list[int]]:
        parts: dict[int, list[int]] = {}
        for x in self._parent:
            parts.setdefault(self.root(x), []).append(x)
        return list(parts.values())
