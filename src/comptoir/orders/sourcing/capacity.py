"""How many orders a location has been promised today, on its own calendar; only where it has a daily capacity.

Counted when an order is placed or its goods are sourced anew, and looked at when a basket is quoted: who was quoted in
time is served, so a day may end above its capacity by the baskets that were quoted and not yet ordered. Each work
remembers the day in which it counts (`fulfilment.promised_on`); one that ends for nothing gives its place back.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from comptoir import inventory
from comptoir.kernel.db import Tx, rows


async def promised_today(tx: Tx, places: inventory.Places) -> dict[int, int]:
    """Orders by location; those without a capacity are not there."""
    if not (days := _days(tx, places)):
        return {}
    asked = [{"location_id": id_, "day": day} for id_, day in days.items()]
    return dict(await tx.tuples(READ, days=rows(asked)))


READ = """
    SELECT d.location_id, coalesce((SELECT t.orders FROM orders.location_day AS t
                                    WHERE t.location_id = d.location_id AND t.day = d.day), 0)
    FROM json_to_recordset(%(days)s::json) AS d (location_id smallint, day date)
"""


async def count_promised(tx: Tx, places: inventory.Places, orders: Iterable[Iterable[int]]) -> None:
    """Each order counts once at each of its locations. After the balances in the lock order, before the log."""
    days = _days(tx, places)
    if days:
        await count_on(tx, Counter((id_, days[id_]) for some in orders for id_ in set(some) if id_ in days))


async def count_on(tx: Tx, orders: Mapping[tuple[int, date], int]) -> None:
    """So many orders more, or fewer, at a location on a day. In the same place of the lock order."""
    if counted := sorted((id_, day, number) for (id_, day), number in orders.items() if number):
        written = [{"location_id": id_, "day": day, "orders": number} for id_, day, number in counted]
        tx.later(COUNT, days=rows(written))


COUNT = """
    INSERT INTO orders.location_day AS d (location_id, day, orders)
    SELECT location_id, day, orders
    FROM json_to_recordset(%(days)s::json) AS n (location_id smallint, day date, orders integer)
    ORDER BY location_id, day
    ON CONFLICT (location_id, day) DO UPDATE SET orders = d.orders + excluded.orders
"""


def promised_on(places: inventory.Places, location_id: int, now: datetime) -> date | None:
    """The day of the location in whose capacity an order counts that is promised now; None: it has no capacity."""
    place = places.get(location_id)
    if place is None or place.location.daily_capacity is None:
        return None
    return now.astimezone(ZoneInfo(place.location.time_zone)).date()


def _days(tx: Tx, places: inventory.Places) -> dict[int, date]:
    """The day at each location that has a capacity."""
    return {id_: day for id_ in places.ids.values() if (day := promised_on(places, id_, tx.now)) is not None}
