"""Ways through the evidence: the strongest one between two identifiers, and the least to cut to part them."""

import heapq
import math
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping

from comptoir.identity.records import Pair


def widest(edges: Mapping[Pair, float], start: int, goal: int) -> list[Pair]:
    """The path whose weakest edge is as strong as can be (then the shortest). Empty: there is none."""
    around: defaultdict[int, list[tuple[int, float, Pair]]] = defaultdict(list)
    for (a, b), conf in edges.items():
        around[a].append((b, conf, (a, b)))
        around[b].append((a, conf, (a, b)))
    came: dict[int, tuple[int, Pair] | None] = {}
    heap: list[tuple[float, int, int, tuple[int, Pair] | None]] = [(-math.inf, 0, start, None)]
    while heap:
        width, steps, node, by = heapq.heappop(heap)
        if node in came:
            continue
        came[node] = by
        if node == goal:
            break
        for other, conf, edge in around[node]:
            if other not in came:
                heapq.heappush(heap, (max(width, -conf), steps + 1, other, (node, edge)))
    path: list[Pair] = []
    at = goal
    while step := came.get(at):
        at, edge = step
        path.append(edge)
    return path[::-1]


def least_cut(edges: Mapping[Pair, float], left: Collection[int], right: Collection[int]) -> list[Pair]:
    """The cheapest edges to cut so that nothing on the left reaches the right; a sure edge costs more than a weak one.

    Ford and Fulkerson: push flow along shortest ways until none is left; what is full between the two sides is the cut.
    """
    capacity: defaultdict[int, dict[int, float]] = defaultdict(dict)
    for (a, b), conf in edges.items():
        capacity[a][b] = capacity[b][a] = -math.log(1 - min(conf, 0.999999))
    goal = set(right)
    while way := _way(capacity, left, goal):
        flow = min(capacity[x][y] for x, y in way)
        for x, y in way:
            capacity[x][y] -= flow
            capacity[y][x] += flow
    reached = _reached(capacity, left)
    return sorted((a, b) for a, b in edges if (a in reached) != (b in reached))


LEAST = 1e-9
"""Below this an edge is full; sums of logarithms are not exact."""


def _way(
    capacity: Mapping[int, Mapping[int, float]], left: Iterable[int], goal: Collection[int]
) -> list[tuple[int, int]]:
    came: dict[int, int | None] = dict.fromkeys(left)
    queue = deque(came)
    while queue:
        x = queue.popleft()
        if x in goal:
            way: list[tuple[int, int]] = []
            while (before := came[x]) is not None:
                way.append((before, x))
                x = before
            return way
        for y, room in capacity[x].items():
            if room > LEAST and y not in came:
                came[y] = x
                queue.append(y)
    return []


def _reached(capacity: Mapping[int, Mapping[int, float]], left: Iterable[int]) -> set[int]:
    reached = set(left)
    queue = deque(reached)
    while queue:
        for y, room in capacity[queue.popleft()].items():
            if room > LEAST and y not in reached:
                reached.add(y)
                queue.append(y)
    return reached
