"""What the outlets took: by outlet, by channel, by day. Amounts of different currencies are never added up."""

from datetime import date
from typing import Literal

from comptoir.kernel.db import Tx
from comptoir.orders.records import Total

Grouping = Literal["all", "outlet", "channel", "day", "outlet_day", "channel_day"]


async def totals(
    tx: Tx, *, by: Grouping, since: date | None = None, until: date | None = None, outlet: str = ""
) -> list[Total]:
    """Sales and returns of the business days from `since` to `until`, both included, each on its outlet's calendar.

    A customer is counted once in each row, however many identifiers she used and whatever outlets she went to.
    """
    return await tx.many(
        Total,
        TOTALS,
        by_outlet=by.startswith("outlet"),
        by_channel=by.startswith("channel"),
        by_day=by.endswith("day"),
        since=since,
        until=until,
        outlet=outlet,
    )


async def revenue_by_outlet(tx: Tx, *, since: date | None = None, until: date | None = None) -> list[Total]:
    """What each outlet took, best first."""
    found = await totals(tx, by="outlet", since=since, until=until)
    return sorted(found, key=lambda one: (-one.total_minor, one.outlet or ""))


# Folded by node first: a person is looked up once for each of its identifiers, not for each receipt.
TOTALS = """
    WITH folded AS (
        SELECT CASE WHEN %(by_outlet)s THEN s.outlet_id END AS outlet_id,
               CASE WHEN %(by_outlet)s OR %(by_channel)s THEN o.channel END AS channel,
               CASE WHEN %(by_outlet)s THEN o.code END AS outlet,
               CASE WHEN %(by_day)s THEN s.business_day END AS day,
               s.currency, s.node_id, sum(s.total_minor) AS total_minor, sum(s.units) AS units,
               count(*) FILTER (WHERE NOT s.is_return) AS receipts, count(*) FILTER (WHERE s.is_return) AS returns
        FROM orders.sale AS s JOIN channels.v_outlet AS o USING (outlet_id)
        WHERE (%(since)s::date IS NULL OR s.business_day >= %(since)s::date)
          AND (%(until)s::date IS NULL OR s.business_day <= %(until)s::date)
          AND (%(outlet)s = '' OR o.code = %(outlet)s)
        GROUP BY 1, 2, 3, 4, s.currency, s.node_id
    )
    SELECT f.outlet_id, f.outlet, f.channel, f.day, f.currency, sum(f.total_minor)::bigint AS total_minor,
           sum(f.receipts)::bigint AS receipts, sum(f.returns)::bigint AS returns, sum(f.units)::bigint AS units,
           count(DISTINCT n.person_id) AS customers
    FROM folded AS f LEFT JOIN identity.v_node AS n USING (node_id)
    GROUP BY f.outlet_id, f.outlet, f.channel, f.day, f.currency
    ORDER BY f.day, f.channel, f.outlet, f.currency
"""
