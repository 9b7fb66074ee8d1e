"""The house at this moment, for the home page."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from comptoir.kernel.db import Tx
from comptoir.kernel.money import Money
from comptoir.profiles.measures import total
from comptoir.profiles.records import Live, Takings

MINUTES = 30


async def live(tx: Tx, *, time_zone: str, currency: str) -> Live:
    """Events, people and takings of today in the head office's zone, and the same weekday a week before."""
    midnight = tx.now.astimezone(ZoneInfo(time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    minute = tx.now.replace(second=0, microsecond=0)
    by_minute = {
        at: (events, merges, splits)
        for at, events, merges, splits in await tx.tuples(
            MINUTES_SINCE, since=min(midnight, minute - timedelta(minutes=MINUTES))
        )
    }
    today = [counts for at, counts in by_minute.items() if at >= midnight]
    recent = [by_minute.get(minute - timedelta(minutes=back), (0, 0, 0))[0] for back in reversed(range(MINUTES))]
    people, new_people = (await tx.tuples(PEOPLE, since=midnight))[0]
    # The minute under way counts for its part, the one before for the rest.
    share = (tx.now - minute) / timedelta(minutes=1)
    taken = await takings(tx, since=midnight, until=tx.now)
    taken_before = await takings(tx, since=midnight - timedelta(days=7), until=midnight - timedelta(days=6))
    return Live(
        now=tx.now,
        events_last_minute=round(recent[-1] + recent[-2] * (1 - share)),
        events_by_minute=recent,
        events_today=sum(counts[0] for counts in today),
        merges_today=sum(counts[1] for counts in today),
        splits_today=sum(counts[2] for counts in today),
        people=people,
        new_people_today=new_people,
        today=[one for one in taken if one.spend.currency == currency],
        before=[one for one in taken_before if one.spend.currency == currency],
        also=total(
            (one.spend.currency, one.spend.amount_minor, one.orders) for one in taken if one.spend.currency != currency
        ),
    )


MINUTES_SINCE = "SELECT minute, events, merges, splits FROM profiles.minute WHERE minute >= %(since)s"

PEOPLE = """
    SELECT count(*), count(*) FILTER (WHERE first_at >= %(since)s) FROM profiles.person WHERE nodes > 0
"""


async def takings(tx: Tx, *, since: datetime, until: datetime) -> list[Takings]:
    """Sales by half-hour, channel and currency."""
    return [
        Takings(half_hour, channel, orders, units, Money(spend_minor, currency))
        for half_hour, channel, currency, orders, units, spend_minor in await tx.tuples(
            TAKINGS, since=since, until=until
        )
    ]


TAKINGS = """
    SELECT half_hour, channel, currency, orders, units, spend_minor FROM profiles.takings
    WHERE half_hour >= %(since)s AND half_hour < %(until)s
    ORDER BY half_hour, channel, currency
"""
