"""The stock of an article as a picture: what lay there to be sold, and what of it was promised, in steps."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from comptoir import inventory
from comptoir.console.language import Language
from comptoir.console.pages.home_chart import Mark

WIDTH, HEIGHT = 1040, 132
LABELS = 4
"""Days named below."""


class Chart(msgspec.Struct, frozen=True):
    width: int
    height: int
    grid: Sequence[Mark]
    days: Sequence[Mark]
    sellable: str
    promised: str
    """Empty where nothing was promised in all this time."""
    x: float
    y: float
    """Where the stock stands now."""
    promised_y: float
    lowest: int
    highest: int


def chart(
    levels: Sequence[inventory.Level], *, since: datetime, now: datetime, zone: ZoneInfo, language: Language
) -> Chart:
    """From `since` to now. Promised beyond what lies there shows as a line above the other."""
    highest = max(max(one.sellable, one.promised) for one in levels)
    lowest = min(0, *(one.sellable for one in levels))
    top, lines = scale(highest, lowest)
    span = (now - since).total_seconds()

    def x(at: datetime) -> float:
        return round(min(max((at - since).total_seconds() / span, 0), 1) * WIDTH, 1)

    def y(value: float) -> float:
        return round(HEIGHT - (value - lowest) / (top - lowest) * HEIGHT, 1)

    def steps(values: Sequence[int]) -> str:
        path = f"M0 {y(values[0])}"
        for one, value in zip(levels[1:], values[1:], strict=True):
            path += f"H{x(one.at)}V{y(value)}"
        return path + f"H{WIDTH}"

    step = (now - since) / LABELS
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        grid=[Mark(y(line), language.number(line)) for line in lines],
        days=[
            Mark(
                round(WIDTH * place / LABELS, 1),
                language.gettext("today") if place == LABELS else day_of(since + step * place, zone, language),
            )
            for place in range(LABELS + 1)
        ],
        sellable=steps([one.sellable for one in levels]),
        promised=steps([one.promised for one in levels]) if any(one.promised for one in levels) else "",
        x=WIDTH,
        y=y(levels[-1].sellable),
        promised_y=y(levels[-1].promised),
        lowest=min(one.sellable for one in levels),
        highest=max(one.sellable for one in levels),
    )


def day_of(moment: datetime, zone: ZoneInfo, language: Language) -> str:
    return language.day(moment.astimezone(zone).date())


def scale(highest: int, lowest: int) -> tuple[int, list[int]]:
    """A round top, and hairlines of whole pieces from the lowest one up to it."""
    span = max(highest - lowest, 1)
    size = 1
    while size * 4 < span:
        size = next_round(size)
    top = lowest + -(-span // size) * size
    return top, list(range(lowest, top + 1, size))


def next_round(size: int) -> int:
    """1, 2, 5, 10, 20, 50 …"""
    head = int(str(size)[0])
    return size * 2 if head != 2 else size * 5 // 2


SPAN = timedelta(days=60)
STEP = timedelta(hours=6)
