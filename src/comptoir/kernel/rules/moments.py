"""Now, and what is so many days, months or hours from it on the calendar of one place."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from comptoir.kernel.rules.tree import Span


class Now:
    """A moment and the time zone whose calendar counts: `Now(tx.now, outlet.time_zone)`.

    Days, weeks, months and years keep the hour of the day, also when the clocks change in between; hours are real ones.
    A month that is too short ends on its last day; an hour that the clocks skip is the one after it, of an hour that
    they show twice it is the first. Every back end asks here, so they cannot differ. Made once per batch: it remembers
    what it has worked out.
    """

    __slots__ = ("_days", "_moments", "instant", "today", "zone")

    def __init__(self, instant: datetime, zone: str) -> None:
        assert instant.tzinfo, "a moment has its time zone"
        self.instant = instant.astimezone(UTC)
        self.zone = ZoneInfo(zone)
        self.today = instant.astimezone(self.zone).date()
        self._days: dict[Span, date] = {}
        self._moments: dict[Span, datetime] = {}

    def day(self, span: Span) -> date:
        """The day that far from today."""
        if (found := self._days.get(span)) is None:
            found = self._days[span] = shifted(self.today, span)
        return found

    def moment(self, span: Span) -> datetime:
        """The moment that far from now, UTC."""
        if (found := self._moments.get(span)) is None:
            found = self._moments[span] = self._moment(span)
        return found

    def _moment(self, span: Span) -> datetime:
        if span.unit == "hours" or not span.amount:
            return self.instant + timedelta(hours=span.amount)
        local = self.instant.astimezone(self.zone)
        there = datetime.combine(shifted(self.today, span), local.time().replace(fold=0), self.zone)
        return there.astimezone(UTC)


def shifted(day: date, span: Span) -> date:
    """That day, so many days, weeks, months or years later."""
    if span.unit in {"days", "weeks"}:
        return day + timedelta(**{span.unit: span.amount})
    months = span.amount * (12 if span.unit == "years" else 1)
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
