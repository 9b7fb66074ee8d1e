"""How many orders a location has been promised today, on its own calendar; only where it has a daily capacity.

Counted when an order is placed and looked at when a basket is quoted: who was quoted in time is served, so a day may
end above its capacity by the baskets that were quoted and not yet ordered. An order that is cancelled is not taken off.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
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
    if not days:
        return
    counted = Counter(id_ for some in orders for id_ in set(some) if id_ in days)
    if counted:
        written = [{"location_id": id_, "day": days[id_], "orders": counted[id_]} for id_ in sorted(counted)]
        await tx.run(COUNT, days=rows(written))


COUNT = """
    INSERT INTO orders.location_day AS d (location_id, day, orders)
    SELECT location_id, day, orders
    FROM json_to_recordset(%(days)s::json) AS n (location_id smallint, day date, orders integer) ORDER BY location_id
    ON CONFLICT (location_id, day) DO UPDATE SET orders = d.orders + excluded.orders
"""


def _days(tx: Tx, places: inventory.Places) -> dict[int, date]:
    """The day at each location that has a capacity."""
    found: dict[int, date] = {}
    for id_ in places.ids.values():
        place = places.get(id_)
        if place is not None and place.location.daily_capacity is not None:
            found[id_] = tx.now.astimezone(ZoneInfo(place.location.time_zone)).date()
    return found
