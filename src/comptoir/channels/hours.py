"""Opening hours: when an outlet is open, and when it opens next. Pure; local time is the outlet's own."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from comptoir.channels.errors import BadOpeningHours
from comptoir.channels.records import Opening, OpeningHours, Outlet, Weekday

WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
YEAR = 366


def is_open(outlet: Outlet, at: datetime) -> bool:
    """Whether it is open at this moment. Without opening hours it always is; a closed-down outlet never."""
    if not outlet.active:
        return False
    if outlet.opening_hours is None:
        return True
    return any(opens <= at < closes for opens, closes in _around(outlet, outlet.opening_hours, at, days=1))


def next_opening(outlet: Outlet, at: datetime) -> datetime | None:
    """The next moment it is open, UTC: `at` itself when it is open then, None when it does not open within a year."""
    if is_open(outlet, at):
        return at
    if not outlet.active or outlet.opening_hours is None:
        return None
    return next((opens for opens, _ in _around(outlet, outlet.opening_hours, at, days=YEAR) if opens > at), None)


def next_closing(outlet: Outlet, at: datetime) -> datetime | None:
    """When the opening that is under way ends, UTC; None where it is closed, or never closes."""
    if not outlet.active or outlet.opening_hours is None:
        return None
    around = _around(outlet, outlet.opening_hours, at, days=1)
    return next((closes for opens, closes in around if opens <= at < closes), None)


def check_hours(hours: OpeningHours) -> None:
    """Refuse openings of one day that overlap, or last no time at all."""
    days = [*hours.weekly.items(), *hours.exceptions.items()]
    for day, openings in days:
        ends = -1
        for opening in sorted(openings, key=lambda one: minutes(one.opens)):
            starts, closes = minutes(opening.opens), minutes(opening.closes)
            if starts in {closes, 24 * 60}:
                raise BadOpeningHours(f"{day}: {opening.opens} to {opening.closes} is no time.", day=str(day))
            if starts < ends:
                raise BadOpeningHours(f"{day}: the opening at {opening.opens} overlaps the one before.", day=str(day))
            ends = closes if closes > starts else closes + 24 * 60


def _around(outlet: Outlet, hours: OpeningHours, at: datetime, *, days: int) -> Iterator[tuple[datetime, datetime]]:
    """Openings as moments in UTC, from the day before (it may close after midnight) for some days, in order."""
    zone = ZoneInfo(outlet.time_zone)
    today = at.astimezone(zone).date()
    for offset in range(-1, days + 1):
        day = today + timedelta(days=offset)
        for opening in sorted(openings_of(hours, day), key=lambda one: minutes(one.opens)):
            starts, closes = minutes(opening.opens), minutes(opening.closes)
            if closes <= starts:
                closes += 24 * 60
            yield _moment(day, starts, zone), _moment(day, closes, zone)


def openings_of(hours: OpeningHours, day: date) -> list[Opening]:
    """What holds on this date: its exception if it has one, else its weekday."""
    if day in hours.exceptions:
        return hours.exceptions[day]
    return hours.weekly.get(WEEKDAYS[day.weekday()], [])


def minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _moment(day: date, minutes_of_day: int, zone: ZoneInfo) -> datetime:
    """Wall-clock arithmetic, so that a shop opens at nine on the day the clocks change as well."""
    days, rest = divmod(minutes_of_day, 24 * 60)
    return datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), zone).astimezone(UTC)
