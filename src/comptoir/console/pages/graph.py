"""A person's identifiers as a graph: the strongest in the middle, the rest on rings; a dashed tie does not join.

The layout is a function of the graph alone, so the same person always looks the same: breadth first from the strongest
identifier over the surest ties, every branch given as much of the circle as it has leaves.
"""

from collections import defaultdict
from collections.abc import Sequence
from math import cos, pi, sin

import msgspec

FACES: dict[str, tuple[str, str]] = {
    "user_id": ("web", "user-check"),
    "loyalty_card": ("shop", "id"),
    "email": ("email", "mail"),
    "phone": ("phone", "phone-incoming"),
    "relay_email": ("market", "mail"),
    "device_id": ("app", "device-mobile"),
    "anonymous_id": ("web", "fingerprint"),
    "idfa": ("app", "device-mobile"),
    "gaid": ("app", "device-mobile"),
    "push_token": ("app", "device-mobile"),
}
"""Namespace → the channel whose hue it wears, and its sign."""
LONGEST_LABEL, SHORT_LABEL = 20, 13
NARROW = 400
"""Up to this width labels are short."""


class Identifier(msgspec.Struct, frozen=True):
    node_id: int
    namespace: str
    value: str
    ours: bool = True
    """False: it belongs to somebody else, and stands here because a tie leads to it that does not join."""
    shared: bool = False


class Tie(msgspec.Struct, frozen=True):
    a: int
    b: int
    confidence: float
    joins: bool
    reason: str = ""
    """Why it does not join."""


class Dot(msgspec.Struct, frozen=True):
    x: float
    y: float
    label_x: float
    label_y: float
    label: str
    channel: str
    icon: str
    middle: bool
    ours: bool
    shared: bool


class Line(msgspec.Struct, frozen=True):
    x1: float
    y1: float
    x2: float
    y2: float
    channel: str
    joins: bool
    confidence: float
    reason: str


class Picture(msgspec.Struct, frozen=True):
    width: int
    height: int
    dots: Sequence[Dot]
    lines: Sequence[Line]
    left_out: int
    """Identifiers for which there was no room."""


def draw(identifiers: Sequence[Identifier], ties: Sequence[Tie], *, width: int, height: int, most: int) -> Picture:
    """`most` identifiers at most; those nearest the middle stay."""
    places = layout(identifiers, ties)
    shown = {node for node, _ in sorted(places.items(), key=lambda item: (item[1][0], item[0]))[:most]}
    by_id = {one.node_id: one for one in identifiers}
    at = spread({node: places[node] for node in shown}, width, height)
    dots: list[Dot] = []
    taken: list[Box] = [(x - 9, y - 9, x + 9, y + 9) for x, y in at.values()]
    for node in sorted(shown, key=lambda node: places[node]):
        one = by_id[node]
        x, y = at[node]
        depth, _ = places[node]
        channel, icon = FACES.get(one.namespace, ("display", "hash"))
        label = shorten(one, LONGEST_LABEL if width > NARROW else SHORT_LABEL)
        stands = label_at(label, x, y, width, height, taken, middle=depth == 0)
        label_x, label_y = stands or (x, y)
        dots.append(
            Dot(
                x=round(x, 1),
                y=round(y, 1),
                label_x=round(label_x, 1),
                label_y=round(label_y, 1),
                label=label if stands else "",
                channel=channel,
                icon=icon,
                middle=depth == 0,
                ours=one.ours,
                shared=one.shared,
            )
        )
    lines: list[Line] = []
    for tie in ties:
        if tie.a in shown and tie.b in shown:
            (x1, y1), (x2, y2) = at[tie.a], at[tie.b]
            outer = tie.a if places[tie.a] > places[tie.b] else tie.b
            channel, _ = FACES.get(by_id[outer].namespace, ("display", "hash"))
            lines.append(
                Line(
                    round(x1, 1),
                    round(y1, 1),
                    round(x2, 1),
                    round(y2, 1),
                    channel,
                    tie.joins,
                    tie.confidence,
                    tie.reason,
                )
            )
    return Picture(width, height, dots, lines, len(identifiers) - len(shown))


Place = tuple[int, float]
"""Ring and angle."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom of a label that stands already."""

MARGIN_X, MARGIN_Y = 46, 34


def spread(places: dict[int, Place], width: int, height: int) -> dict[int, tuple[float, float]]:
    """Rings and angles as points that fill the picture, whatever side the branches lean to."""
    points = {node: (depth * cos(angle), depth * sin(angle)) for node, (depth, angle) in places.items()}
    if not points:
        return {}
    left, right = min(x for x, _ in points.values()), max(x for x, _ in points.values())
    top, bottom = min(y for _, y in points.values()), max(y for _, y in points.values())
    wide, tall = right - left, bottom - top
    return {
        node: (
            MARGIN_X + (x - left) / wide * (width - 2 * MARGIN_X) if wide > 0.01 else width / 2,
            MARGIN_Y + (y - top) / tall * (height - 2 * MARGIN_Y) if tall > 0.01 else height / 2,
        )
        for node, (x, y) in points.items()
    }


def label_at(
    label: str, x: float, y: float, width: int, height: int, taken: list[Box], *, middle: bool
) -> tuple[float, float] | None:
    """Where the label stands: on the side that faces outwards, else on the other; nowhere where both are taken."""
    reach = len(label) * 3.4
    label_x = min(max(x, reach + 2), width - reach - 2)
    above, below = y - (24 if middle else 15), y + (33 if middle else 24)
    sides = (above, below) if y < height / 2 - 4 and not middle else (below, above)
    boxes = [(label_x - reach, side - 11, label_x + reach, side + 3) for side in sides]
    free = next((place for place, box in enumerate(boxes) if not any(overlap(box, other) for other in taken)), None)
    if free is None and not middle:
        return None
    free = free or 0
    taken.append(boxes[free])
    return label_x, sides[free]


def overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def layout(identifiers: Sequence[Identifier], ties: Sequence[Tie]) -> dict[int, tuple[int, float]]:
    """Per identifier its ring (0: the middle) and its angle."""
    order = {name: place for place, name in enumerate(FACES)}
    neighbours: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
    for tie in ties:
        weight = (
            tie.confidence if tie.joins else tie.confidence - 10
        )  # over a tie that does not join only as a last way
        neighbours[tie.a].append((-weight, tie.b))
        neighbours[tie.b].append((-weight, tie.a))
    ranked = sorted(
        identifiers,
        key=lambda one: (
            not one.ours,
            -sum(weight < 1 for weight, _ in neighbours[one.node_id]),
            order.get(one.namespace, 99),
            one.node_id,
        ),
    )
    if not ranked:
        return {}
    root = ranked[0].node_id
    children: defaultdict[int, list[int]] = defaultdict(list)
    depth = {root: 0}
    queue = [root]
    for node in queue:
        for _, other in sorted(neighbours[node]):
            if other not in depth:
                depth[other] = depth[node] + 1
                children[node].append(other)
                queue.append(other)
    for one in ranked:  # what no tie reaches hangs on the middle
        if one.node_id not in depth:
            depth[one.node_id] = 1
            children[root].append(one.node_id)

    leaves: dict[int, int] = {}
    for node in reversed([*queue, *(one.node_id for one in ranked if one.node_id not in queue)]):
        leaves[node] = sum(leaves[child] for child in children[node]) or 1
    angles: dict[int, float] = {root: -pi / 2}
    spans: dict[int, tuple[float, float]] = {root: (-pi / 2, 1.5 * pi)}
    for node in queue:
        start, end = spans[node]
        share = (end - start) / max(sum(leaves[child] for child in children[node]), 1)
        for child in children[node]:
            stop = start + share * leaves[child]
            angles[child] = (start + stop) / 2
            # A branch fans out within a quarter turn, so that it points away from the middle.
            half = min((stop - start) / 2, pi / 4)
            spans[child] = (angles[child] - half, angles[child] + half)
            start = stop
    return {node: (depth[node], angles[node]) for node in depth}


def shorten(one: Identifier, longest: int = LONGEST_LABEL) -> str:
    """An identifier as a label: an address by its beginning, a number by its end."""
    value = one.value
    if one.namespace in {"anonymous_id", "device_id", "idfa", "gaid", "push_token"}:
        return f"…{value[-6:]}" if len(value) > 8 else value
    if one.namespace in {"loyalty_card", "phone"} and len(value) > longest:
        return "…" + value[1 - longest :]
    return value if len(value) <= longest else value[: longest - 1] + "…"
