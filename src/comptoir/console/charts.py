"""Charts drawn by the server: SVG whose geometry is attributes, so that a strict CSP passes and a test can read them.

Each has a sentence for those who do not see it. Colours are classes and `data-ch`, never values.
"""

from collections.abc import Sequence
from itertools import pairwise

import msgspec
from markupsafe import Markup, escape

from comptoir.console.channels import CHANNELS, NEARNESS


def bar(percent: float, *, label: str = "", channel: str = "", tone: str = "", mark: float | None = None) -> Markup:
    """One share of a whole. `tone`: thin, bare, brass, met, short. `mark`: a goal to compare with, in per cent."""
    width = min(max(percent, 0.0), 100.0)
    goal = "" if mark is None else f'<rect class="bar-mark" x="{mark - 0.4:g}" width=".8" height="10"/>'
    return svg(
        f'<rect class="bar-bg" width="100" height="10"/><rect class="bar-fg" width="{width:.4g}" height="10"/>{goal}',
        box="0 0 100 10",
        css="bar" + (f" bar-{tone}" if tone else ""),
        label=label,
        stretch=True,
        channel=channel,
    )


def stack(parts: Sequence[tuple[float, str]], *, label: str, whole: float = 0) -> Markup:
    """Parts of a whole: (value, channel or tone). A gap of paper parts neighbours.

    `whole`: what the full width stands for, where several bars are compared; else the sum of the parts.
    """
    total = max(whole, sum(value for value, _ in parts)) or 1
    x, drawn = 0.0, ""
    for value, kind in parts:
        width = 1000 * value / total
        hue = f'data-ch="{kind}" class="seg-ch"' if kind in CHANNELS else f'class="seg-{escape(kind)}"'
        drawn += f'<rect x="{x:.1f}" width="{max(width - 4, 1):.1f}" height="10" {hue}/>'
        x += width
    return svg(drawn, box="0 0 1000 10", css="stackbar", label=label, stretch=True)


def spark(
    values: Sequence[float],
    *,
    label: str,
    before: Sequence[float] = (),
    target: float | None = None,
    width: int = 132,
    height: int = 30,
) -> Markup:
    """A figure's recent past: now in ink with a brass dot, before dotted, the target a hairline."""
    known = [*values, *before, *([] if target is None else [target])]
    low, high = min(known, default=0), max(known, default=0)
    span = (high - low) or 1

    def y(value: float) -> float:
        return height - 4 - (value - low) / span * (height - 8)

    def line(points: Sequence[float]) -> str:
        step = (width - 8) / max(len(points) - 1, 1)
        return "M" + "L".join(f"{3 + i * step:.1f} {y(v):.1f}" for i, v in enumerate(points))

    drawn = ""
    if target is not None:
        drawn += f'<line class="sp-t" x1="0" x2="{width}" y1="{y(target):.1f}" y2="{y(target):.1f}"/>'
    if before:
        drawn += f'<path class="sp-p" d="{line(before)}"/>'
    if values:
        drawn += f'<path class="sp-l" d="{line(values)}"/>'
        drawn += f'<circle class="sp-d" cx="{width - 5}" cy="{y(values[-1]):.1f}" r="3"/>'
    return svg(drawn, box=f"0 0 {width} {height}", css="spark", label=label, size=(width, height))


def curve(
    values: Sequence[float], width: float, height: float, top: float, *, x: float = 0, step: float | None = None
) -> str:
    """The `d` of a path through evenly spaced values; `top` is the value at the upper edge."""
    step = step if step is not None else width / max(len(values) - 1, 1)
    return "M" + "L".join(f"{x + i * step:.1f} {height - v / top * height:.1f}" for i, v in enumerate(values))


class Contact(msgspec.Struct, frozen=True):
    """One point of a small thread: when (0 to 1 over the span shown), in which channel, how much it weighed."""

    at: float
    channel: str
    weight: float = 1


def mini(contacts: Sequence[Contact], *, label: str, name: str, width: int = 132, height: int = 22) -> Markup:
    """A person's thread in one row: height is nearness to the counter. `name` makes its gradients' ids unique."""
    margin = 4
    points = [
        (
            margin + c.at * (width - 2 * margin),
            height - 3.5 - NEARNESS[c.channel] / 9 * (height - 7),
            c.channel,
            c.weight,
        )
        for c in contacts
    ]
    fades, lines = "", ""
    for n, ((x1, y1, from_channel, _), (x2, y2, to_channel, _)) in enumerate(pairwise(points)):
        middle = (x1 + x2) / 2
        hue = f'data-ch="{from_channel}"'
        if from_channel != to_channel:
            fades += fade(f"{name}-{n}", from_channel, to_channel, f'x1="{x1:.1f}" x2="{x2:.1f}" y1="0" y2="0"')
            hue = f'stroke="url(#{name}-{n})"'
        lines += (
            f'<path class="mt-l" {hue} d="M{x1:.1f} {y1:.1f}'
            f'C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2 + 0.01:.2f}"/>'
        )
    dots = "".join(
        f'<circle data-ch="{channel}" class="mt-d" cx="{x:.1f}" cy="{y:.1f}" r="{1.6 + weight * 0.8:.1f}"/>'
        for x, y, channel, weight in points
        if weight
    )
    return svg(
        f"<defs>{fades}</defs>{lines}{dots}",
        box=f"0 0 {width} {height}",
        css="mini",
        label=label,
        size=(width, height),
    )


class Step(msgspec.Struct, frozen=True):
    """One thing that moves the odds."""

    label: str
    bits: float
    css: str
    """`for`, `against` or `fact`."""


ROW, BARS, WIDE, SIDE = 30, 18, 690, 250
"""Height of a step and of its bar; width of the picture, and of the words at its side."""
SURE = 6.63
"""Bits of 99 in 100."""


def waterfall(steps: Sequence[Step], *, zones: tuple[str, str, str], label: str) -> Markup:
    """Each step begins where the one above it ended; the mark at the foot is where all of them end."""
    ends = [0.0]
    for step in steps:
        ends.append(ends[-1] + step.bits)
    low, high = min(*ends, -2.0) - 3, max(*ends, SURE) + 4
    foot = ROW * len(steps) + 8

    def x(bits: float) -> float:
        return round(SIDE + (bits - low) / (high - low) * (WIDE - SIDE), 1)

    def zone(css: str, left: float, right: float) -> str:
        return f'<rect class="zone-{css}" x="{left:g}" y="0" width="{right - left:g}" height="{foot}"/>'

    drawn = zone("a", SIDE, x(0)) + zone("b", x(0), x(SURE)) + zone("c", x(SURE), WIDE)
    names = ((SIDE + 6, "start", ""), ((x(0) + x(SURE)) / 2, "middle", ' class="t-brass"'), (WIDE - 6, "end", ""))
    for (at, anchor, css), name in zip(names, zones, strict=True):
        drawn += f'<text x="{at:g}" y="{foot + 22}" text-anchor="{anchor}"{css}>{escape(name)}</text>'
    told = label
    for number, (step, begin, end) in enumerate(zip(steps, ends, ends[1:], strict=False)):
        top, left, right = number * ROW + 8, x(min(begin, end)), x(max(begin, end))
        anchor, at = ("start", right + 6) if step.bits >= 0 else ("end", left - 6)
        value = f"{step.bits:+.1f}".replace("-", "−")
        wide = max(right - left, 1)
        drawn += (
            f'<text class="t-ink" x="0" y="{top + 13}">{escape(step.label)}</text>'
            f'<rect class="w-{step.css}" x="{left:g}" y="{top}" width="{wide:g}" height="{BARS}" rx="2"/>'
            f'<text class="t-ink" x="{at:g}" y="{top + 13}" text-anchor="{anchor}">{value}</text>'
        )
        if number + 1 < len(steps):
            drawn += f'<line class="g-axis" x1="{x(end):g}" x2="{x(end):g}" y1="{top + BARS}" y2="{top + ROW}"/>'
        told += f"; {step.label} {value}"
    drawn += f'<circle class="d-now" cx="{x(ends[-1]):g}" cy="{foot}" r="6"/>'
    return svg(drawn, box=f"0 0 {WIDE} {foot + 30}", css="chart", label=told)


def lanes(count: int) -> Markup:
    """The hairlines behind a thread, one per channel in use."""
    drawn = "".join(
        f'<line class="lane" x1="{lane_x(i, count):g}" x2="{lane_x(i, count):g}" y1="0" y2="100"/>'
        for i in range(count)
    )
    return svg(drawn, box="0 0 100 100", css="lanes", stretch=True)


def strand(lane: int, to_lane: int, count: int, *, channel: str, to_channel: str, name: str) -> Markup:
    """The thread from one bead down to the next older one, changing hue on its way."""
    x, x2 = lane_x(lane, count), lane_x(to_lane, count)
    shade = fade(name, channel, to_channel, 'x1="0" y1="0" x2="0" y2="100"', (0.25, 0.75))
    drawn = (
        f"<defs>{shade}</defs>"
        f'<path class="strand" stroke="url(#{name})" d="M{x:g} 0C{x:g} 55 {x2:g} 45 {x2 + 0.01:g} 100"/>'
    )
    return svg(drawn, box="0 0 100 100", css="strands", stretch=True)


def reach(channel: str, to_channel: str, *, name: str, future: bool = False) -> Markup:
    """The line from one stage of an order's life to the next. `future`: it has not been gone yet."""
    hue = 'class="seg-rule"'
    shade = ""
    if not future:
        ends = 'x1="0" x2="100" y1="0" y2="0"'
        shade = f"<defs>{fade(name, channel, to_channel, ends, (0.3, 0.7))}</defs>"
        hue = f'fill="url(#{name})"'
    return svg(f'{shade}<rect width="100" height="4" {hue}/>', box="0 0 100 4", css="lifeline-s", stretch=True)


def lane_x(lane: int, count: int) -> float:
    return (lane + 0.5) * 100 / count


def fade(name: str, from_channel: str, to_channel: str, ends: str, stops: tuple[float, float] = (0, 1)) -> str:
    """A gradient between two channels. In user space, because a level line has no box of its own."""
    return (
        f'<linearGradient id="{name}" gradientUnits="userSpaceOnUse" {ends}>'
        f'<stop offset="{stops[0]:g}" data-ch="{from_channel}"/>'
        f'<stop offset="{stops[1]:g}" data-ch="{to_channel}"/></linearGradient>'
    )


def svg(
    drawn: str,
    *,
    box: str,
    css: str,
    label: str = "",
    size: tuple[int, int] | None = None,
    stretch: bool = False,
    channel: str = "",
) -> Markup:
    """The frame of a picture: read aloud when it has a label, passed over when it has none."""
    voice = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    measure = f' width="{size[0]}" height="{size[1]}"' if size else ""
    fit = ' preserveAspectRatio="none"' if stretch else ""
    hue = f' data-ch="{escape(channel)}"' if channel else ""
    return Markup(f'<svg class="{css}"{hue} viewBox="{box}"{measure}{fit} {voice}>{drawn}</svg>')  # noqa: S704
