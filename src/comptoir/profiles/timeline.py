"""The thread: everything that happened between a person and the house, in all channels, newest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from comptoir.kernel import log
from comptoir.kernel.db import Tx, ints, texts
from comptoir.kernel.errors import NotFound
from comptoir.kernel.http import cursor_of, place_of
from comptoir.kernel.money import Money
from comptoir.profiles.people import nodes_of
from comptoir.profiles.records import Moment, Timeline
from comptoir.profiles.visits import half_hour


class UnknownMoment(NotFound):
    """There is no such moment on this person's thread."""

    code = "profiles.unknown_moment"


async def timeline(
    tx: Tx,
    *,
    person: int,
    channels: Sequence[str] | None = None,
    kinds: Sequence[str] | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Timeline:
    """A page of the thread. `channels` and `kinds` keep only those; `before` is the cursor of the page above."""
    place = place_of(before or "", datetime, int)
    found = await tx.many(
        _Row,
        PAGE,
        nodes=ints(await nodes_of(tx, person=person)),
        at=place[0] if place else None,
        position=place[1] if place else None,
        channels=None if channels is None else texts(channels),
        kinds=None if kinds is None else texts(kinds),
        limit=limit + 1,
    )
    shown = [moment(row) for row in found[:limit]]
    more = len(found) > limit
    return Timeline(shown, cursor_of(shown[-1].occurred_at, shown[-1].position) if more else None)


PAGE = """
    WITH page AS (
        SELECT m.* FROM unnest(%(nodes)s::bigint[]) AS n (node_id) CROSS JOIN LATERAL (
            SELECT node_id, occurred_at, position, recorded_at, source_id, outlet_id, channel, kind, spoke, name,
                   subject, amount_minor, currency
            FROM profiles.moment AS m
            WHERE m.node_id = n.node_id
              AND (m.occurred_at, m.position)
                  < (coalesce(%(at)s::timestamptz, 'infinity'), coalesce(%(position)s::bigint, 0))
              AND (%(channels)s::text[] IS NULL OR m.channel = ANY(%(channels)s::text[]))
              AND (%(kinds)s::text[] IS NULL OR m.kind = ANY(%(kinds)s::text[]))
            ORDER BY m.occurred_at DESC, m.position DESC
            LIMIT %(limit)s
        ) AS m
        ORDER BY m.occurred_at DESC, m.position DESC, m.node_id
        LIMIT %(limit)s
    )
    SELECT m.node_id, m.occurred_at, m.position, m.recorded_at, m.source_id, o.code AS outlet, o.name AS outlet_name,
           m.channel, m.kind, m.spoke, m.name, m.subject, m.amount_minor, m.currency
    FROM page AS m
    LEFT JOIN channels.v_source AS s USING (source_id)
    LEFT JOIN channels.v_outlet AS o ON o.outlet_id = coalesce(m.outlet_id, s.outlet_id)
    ORDER BY m.occurred_at DESC, m.position DESC, m.node_id
"""


class _Row(msgspec.Struct, frozen=True):
    node_id: int
    occurred_at: datetime
    position: int
    recorded_at: datetime
    source_id: int | None
    outlet: str | None
    outlet_name: str | None
    channel: str
    kind: str
    spoke: bool
    name: str
    subject: str | None
    amount_minor: int | None
    currency: str | None


def moment(row: _Row) -> Moment:
    amount = None if row.amount_minor is None else Money(row.amount_minor, row.currency or "")
    return Moment(
        row.node_id,
        row.occurred_at,
        row.position,
        row.recorded_at,
        row.source_id,
        row.outlet,
        row.outlet_name,
        row.channel,
        row.kind,
        row.spoke,
        row.name,
        row.subject,
        amount,
    )


async def detail(tx: Tx, *, person: int, position: int) -> dict[str, Any]:
    """What the log holds about one moment of this person: the event as it was sent."""
    recorded_at = await tx.value(WHERE, nodes=ints(await nodes_of(tx, person=person)), position=position)
    body = recorded_at and await log.read(tx, day=recorded_at.date(), position=position)
    if not body:
        raise UnknownMoment(f"This person has no moment at position {position}.", position=position)
    return body


WHERE = """
    SELECT recorded_at FROM profiles.moment
    WHERE node_id = ANY(%(nodes)s::bigint[]) AND position = %(position)s LIMIT 1
"""


class Strand(msgspec.Struct, frozen=True):
    """Moments of one sitting that read better as one: "looked at 4 things"."""

    moments: list[Moment]
    """Newest first; a sale, a return or a message always stands alone."""


def strands(moments: Sequence[Moment]) -> list[Strand]:
    """Gather neighbouring looks of one channel in one visit. For showing; nothing is stored."""
    gathered: list[list[Moment]] = []
    for one in moments:
        if gathered and together(gathered[-1][-1], one):
            gathered[-1].append(one)
        else:
            gathered.append([one])
    return [Strand(group) for group in gathered]


def together(later: Moment, earlier: Moment) -> bool:
    """Two looks of the same channel in the same half-hour or in neighbouring ones."""
    if later.kind != "look" or earlier.kind != "look" or later.channel != earlier.channel:
        return False
    if later.occurred_at.date() != earlier.occurred_at.date():
        return False
    return half_hour(later.occurred_at) in {half_hour(earlier.occurred_at), half_hour(earlier.occurred_at) << 1}
