"""Visits, from the half-hours in which somebody was active.

A visit is a run of half-hours with activity. The half-hours of a day are a bit map, so what two devices, nodes or
people did merges by OR, and a run that crosses midnight is one visit: it is counted where it begins.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

LAST = 47
"""The bit of 23:30 to 24:00."""
ALL = (1 << 48) - 1


def half_hour(moment: datetime) -> int:
    """The bit of a moment; its day is the UTC day."""
    return 1 << (moment.hour * 2 + (moment.minute >= 30))


def count(days: Iterable[tuple[date, int]]) -> int:
    """How many visits lie in (day, bit map) pairs; pairs of the same day are merged."""
    merged: defaultdict[int, int] = defaultdict(int)
    for day, bits in days:
        merged[day.toordinal()] |= bits
    return sum(begun(bits, merged.get(day - 1, 0)) for day, bits in merged.items())


def begun(bits: int, day_before: int) -> int:
    """How many runs begin on this day: active half-hours whose predecessor was not."""
    return (bits & ~(bits << 1 | day_before >> LAST) & ALL).bit_count()
