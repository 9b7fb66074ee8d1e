"""Connections for people who look: what of each waits, what has failed, what somebody must do here."""

from datetime import datetime

import msgspec

from comptoir.connectors.connections import connections
from comptoir.connectors.records import Connection
from comptoir.kernel.db import Tx


class Standing(msgspec.Struct, frozen=True):
    """A connection and its deliveries that are not over."""

    connection: Connection
    due: int
    """Kept, to be worked off."""
    waiting: int
    """For their order, which has not come yet."""
    failed: int
    by_hand: int
    """Somebody must do here what they are about."""
    last_at: datetime | None
    """When the newest came."""


class Tally(msgspec.Struct, frozen=True):
    """Of one connection."""

    connection_id: int
    due: int
    waiting: int
    failed: int
    by_hand: int
    last_at: datetime | None


async def standings(tx: Tx) -> list[Standing]:
    """All connections, by name."""
    tallies = {one.connection_id: one for one in await tx.many(Tally, TALLIES)}
    found: list[Standing] = []
    for one in await connections(tx):
        tally = tallies[one.connection_id]
        found.append(Standing(one, tally.due, tally.waiting, tally.failed, tally.by_hand, tally.last_at))
    return found


async def pulse(tx: Tx) -> str:
    """Another text whenever something was sent or worked off."""
    return await tx.value(PULSE)


# By the partial indexes of what is not over; the newest by the end of the connection's own index.
TALLIES = """
    SELECT c.connection_id, coalesce(o.due, 0)::integer AS due, coalesce(o.waiting, 0)::integer AS waiting,
           coalesce(o.failed, 0)::integer AS failed, coalesce(o.by_hand, 0)::integer AS by_hand,
           (SELECT d.received_at FROM connectors.delivery AS d WHERE d.connection_id = c.connection_id
            ORDER BY d.delivery_id DESC LIMIT 1) AS last_at
    FROM connectors.connection AS c
    LEFT JOIN (
        SELECT connection_id, sum(n) FILTER (WHERE state = 'received') AS due,
               sum(n) FILTER (WHERE state = 'waiting') AS waiting, sum(n) FILTER (WHERE state = 'failed') AS failed,
               sum(n) FILTER (WHERE state = 'by_hand') AS by_hand
        FROM (
            SELECT connection_id, 'received' AS state, count(*) AS n FROM connectors.delivery
            WHERE state = 'received' GROUP BY 1
            UNION ALL
            SELECT connection_id, 'waiting', count(*) FROM connectors.delivery WHERE state = 'waiting' GROUP BY 1
            UNION ALL
            SELECT connection_id, CASE WHEN code = 'connectors.by_hand' THEN 'by_hand' ELSE 'failed' END, count(*)
            FROM connectors.delivery WHERE state = 'failed' GROUP BY 1, 2
        ) AS n GROUP BY connection_id
    ) AS o USING (connection_id)
"""

PULSE = """
    SELECT concat_ws(' ', (SELECT max(delivery_id) FROM connectors.delivery),
                     (SELECT count(*) FROM connectors.delivery WHERE state = 'received'),
                     (SELECT count(*) FROM connectors.delivery WHERE state = 'waiting'),
                     (SELECT count(*) FROM connectors.delivery WHERE state = 'failed'),
                     (SELECT concat_ws(' ', count(*), count(*) FILTER (WHERE enabled)) FROM connectors.connection))
"""
