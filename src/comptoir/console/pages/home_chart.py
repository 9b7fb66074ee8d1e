"""The day as a picture: sales added up by half-hour, today in ink, a week before in grey; orders in bars."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from comptoir import profiles
from comptoir.console.charts import curve
from comptoir.kernel.money import exponent

WIDTH, HEIGHT = 556, 250
BARS_TOP, BARS_FOOT = 276, 378
GAP = 1.5
"""Of paper, between the parts of a bar."""
STACKED = ("shop", "web", "app", "market", "phone", "social", "email", "sms", "display", "paid")
"""From the base up."""
HALF_HOURS = 48


class Mark(msgspec.Struct, frozen=True):
    """A line of the grid, or an hour below it."""

    at: float
    label: str


class Segment(msgspec.Struct, frozen=True):
    channel: str
    x: float
    y: float
    width: float
    height: float


class Chart(msgspec.Struct, frozen=True):
    width: int
    height: int
    grid: Sequence[Mark]
    hours: Sequence[Mark]
    today: str
    before: str
    x: float
    y: float
    """Where the day stands now."""
    label_left: bool
    before_y: float
    """Where the line of the week before has its name, at the right end."""
    segments: Sequence[Segment]
    legend: Sequence[str]
    """Channels in the bars, from the top down."""


def chart(live: profiles.Live, *, midnight: datetime, zone: ZoneInfo) -> Chart:
    """From the first half-hour in which either day sold, to midnight."""
    first = min((slot(one.half_hour, zone) for one in (*live.today, *live.before)), default=16)
    first = min(first, slot(live.now, zone)) // 4 * 4
    reached = slot(live.now, zone)
    spent = by_slot(live.today, zone)
    spent_before = by_slot(live.before, zone)
    today = added_up(spent, first, reached)
    before = added_up(spent_before, first, HALF_HOURS - 1)
    divisor = 10 ** exponent(live.today[0].spend.currency if live.today else live.before[0].spend.currency)
    top, steps = scale(max(*today, *before, 1) / divisor)
    step = WIDTH / (HALF_HOURS - first)

    def y(value: float) -> float:
        return HEIGHT - value / divisor / top * HEIGHT

    every = 4 if HALF_HOURS - first <= 34 else 8
    x_now = step * (reached - first + within(live.now, midnight))
    # The half-hour under way is drawn up to this minute, so the brass dot stands at the present.
    line = [*(0.0, *today[:-1]), today[-1]]
    path = curve(line[:-1], WIDTH, HEIGHT, top * divisor, step=step) + f"L{x_now:.1f} {y(line[-1]):.1f}"
    late_and_near = x_now > WIDTH * 0.75 and y(before[-1]) < y(line[-1]) < y(before[-1]) + 40
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        grid=[Mark(round(HEIGHT - value / top * HEIGHT, 1), short(value)) for value in steps],
        hours=[
            Mark(round(step * (half - first), 1), f"{half // 2:02d}:00") for half in range(first, HALF_HOURS, every)
        ],
        today=path if any(today) else "",
        before=curve([0.0, *before], WIDTH, HEIGHT, top * divisor, step=step) if any(before) else "",
        x=round(x_now, 1),
        y=round(y(line[-1]), 1),
        label_left=x_now > 70,
        before_y=round(y(before[-1]) + (-10 if late_and_near else 20), 1),
        segments=bars(live.today, first, step, zone),
        legend=[channel for channel in reversed(STACKED) if any(one.channel == channel for one in live.today)],
    )


def slot(moment: datetime, zone: ZoneInfo) -> int:
    local = moment.astimezone(zone)
    return local.hour * 2 + local.minute // 30


def within(now: datetime, midnight: datetime) -> float:
    """How much of the half-hour under way has passed, 0 to 1."""
    return (now - midnight) / timedelta(minutes=30) % 1


def by_slot(takings: Iterable[profiles.Takings], zone: ZoneInfo) -> dict[int, int]:
    sums: defaultdict[int, int] = defaultdict(int)
    for one in takings:
        sums[slot(one.half_hour, zone)] += one.spend.amount_minor
    return sums


def added_up(sums: dict[int, int], first: int, last: int) -> list[float]:
    """The running total at the end of each half-hour."""
    total, line = 0, list[float]()
    for half in range(first, last + 1):
        total += sums.get(half, 0)
        line.append(total)
    return line


def scale(highest: float) -> tuple[float, list[float]]:
    """A round top, and three to five hairlines up to it."""
    size = 1.0
    while size * 10 <= highest:
        size *= 10
    top = next(size * factor for factor in (1, 2, 4, 5, 8, 10) if size * factor >= highest)
    count = 4 if top / size in {4, 8, 2, 1} else 5
    return top, [top * part / count for part in range(count + 1)]


def short(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


def bars(takings: Sequence[profiles.Takings], first: int, step: float, zone: ZoneInfo) -> list[Segment]:
    """Orders of each half-hour, channel on channel."""
    counts: defaultdict[int, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in takings:
        if one.orders > 0:
            counts[slot(one.half_hour, zone)][one.channel] += one.orders
    tallest = max((sum(parts.values()) for parts in counts.values()), default=1)
    unit = (BARS_FOOT - BARS_TOP) / tallest
    segments: list[Segment] = []
    for half, parts in sorted(counts.items()):
        foot = float(BARS_FOOT)
        for channel in STACKED:
            if count := parts.get(channel):
                height = max(count * unit - GAP, 0.8)
                segments.append(
                    Segment(
                        channel,
                        round((half - first) * step + 2, 1),
                        round(foot - height, 1),
                        round(max(step - 4, 2), 1),
                        round(height, 1),
                    )
                )
                foot -= count * unit
    return segments
