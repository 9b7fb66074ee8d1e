"""Who is one person: a pure function of edges, limits and what stewards keep apart.

Kruskal's algorithm with constraints. Edges are taken by confidence, then by age, then by a key that no order of
arrival can change; an edge joins two groups unless the person would break a limit. So the partition does not depend
on the order of evidence, and connected parts of the graph can be solved each by itself.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from comptoir.identity.namespaces import Rules
from comptoir.identity.records import PERSON_KEY, Identifier, Pair

Edge = tuple[int, int, float, datetime]
"""Two nodes, confidence, first seen."""

MUST = 1.0
"""The confidence of a steward's word, which overrules limits; nothing else reaches it."""
ANY = 0
"""Stands for every namespace where must-links are counted; no namespace has this number."""
NO_WORDS: dict[int, int] = {}
LARGEST_PERSON = 1000
"""More identifiers than this are no person; further edges lose."""


def solve(
    nodes: Mapping[int, Identifier], edges: Iterable[Edge], apart: Collection[Pair], rules: Rules
) -> dict[int, int]:
    """For every node the smallest node of its person. Edges of shared nodes must have been left out."""
    keep_away: defaultdict[int, set[int]] = defaultdict(set)
    for a, b in apart:
        keep_away[a].add(b)
        keep_away[b].add(a)
    group: dict[int, int] = {}  # node -> root; absent: itself
    members: dict[int, list[int]] = {}
    counts: dict[int, dict[int, int]] = {}
    words: dict[int, dict[int, int]] = {}  # a steward's word raises the limits for this person only

    for a, b, conf, _ in sorted(edges, key=lambda edge: order(edge, nodes)):
        x, y = group.get(a, a), group.get(b, b)
        must = must_words([(nodes[a][0], nodes[b][0])]) if conf >= MUST else NO_WORDS
        if x == y:
            if must:
                words[x] = add(words.get(x, NO_WORDS), must)
            continue
        in_x, in_y = members.get(x, [x]), members.get(y, [y])
        if keep_away and meets(in_x, in_y, keep_away):
            continue
        count_x = counts.get(x) or {nodes[x][0]: 1}
        count_y = counts.get(y) or {nodes[y][0]: 1}
        word = NO_WORDS
        if must or x in words or y in words:
            word = add(add(words.get(x, NO_WORDS), words.get(y, NO_WORDS)), must)
        if not must and not may_join(count_x, count_y, word, rules):
            continue
        if len(in_x) < len(in_y):
            x, y, in_x, in_y = y, x, in_y, in_x
        for node in in_y:
            group[node] = x
        members[x] = in_x + in_y
        members.pop(y, None)
        counts[x] = add(count_x, count_y)
        if word:
            words.pop(y, None)
            words[x] = word
    founders = {x: min(inside) for x, inside in members.items()}
    return {node: founders.get(x := group.get(node, node), x) for node in nodes}


def may_join(left: Mapping[int, int], right: Mapping[int, int], word: Mapping[int, int], rules: Rules) -> bool:
    """Would the two make one person within the limits? What only one side has was decided before."""
    if sum(left.values()) + sum(right.values()) > LARGEST_PERSON * (1 + word.get(ANY, 0)):
        return False
    return all(left[ns] + right[ns] <= allowed(ns, word, rules) for ns in left.keys() & right.keys())


def allowed(ns: int, word: Mapping[int, int], rules: Rules) -> int:
    namespace = rules.by_ns[ns]
    return namespace.max_per_person * (1 + word.get(ns if namespace.class_ == PERSON_KEY else ANY, 0))


def order(edge: Edge, nodes: Mapping[int, Identifier]) -> tuple[float, datetime, Identifier, Identifier]:
    """Strongest, oldest, then by what the identifiers are: node ids depend on the order of arrival."""
    a, b, conf, first_seen = edge
    low, high = sorted((nodes[a], nodes[b]))
    return (-conf, first_seen, low, high)


def meets(left: list[int], right: list[int], keep_away: Mapping[int, set[int]]) -> bool:
    """Is there a pair between the two groups that must stay apart?"""
    inside = set(right)
    return any(node in keep_away and not inside.isdisjoint(keep_away[node]) for node in left)


def shared(ns: int, neighbours: Mapping[int, int], word: Mapping[int, int], rules: Rules) -> bool:
    """Does a value of `ns` that touches `neighbours` (values per namespace) belong to several people?

    `word`: must-links of a steward at the value or its neighbours; they raise the limit as they do for the person.
    """
    limits = rules.limits
    return any(
        count > limits[ns, m] * (1 + word.get(m if rules.by_ns[m].class_ == PERSON_KEY else ANY, 0))
        for m, count in neighbours.items()
    )


def must_words(ends: Iterable[Pair]) -> dict[int, int]:
    """Count must-links given by the namespaces of their ends.

    Any of them lets a person have more contacts and devices; a second person key needs a link between two of its kind.
    """
    word: dict[int, int] = {}
    for m, n in ends:
        word[ANY] = word.get(ANY, 0) + 1
        if m == n:
            word[m] = word.get(m, 0) + 1
    return word


def add(left: Mapping[int, int], right: Mapping[int, int]) -> dict[int, int]:
    total = dict(left)
    for ns, count in right.items():
        total[ns] = total.get(ns, 0) + count
    return total
