"""Reads that belong together: gathered until it is quiet, then one count, one receipt or one shipment.

A session is what its reads make it, in whatever order they come: those of one rule at one place with no gap longer than
`quiet_minutes` between them, or all that name one transfer. A single read never becomes a count while others may come:
it would write off the rest of the shelf. What is read of a counting that was closed already is late, and listed.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from comptoir.kernel.db import Tx, rows, texts
from comptoir.kernel.ids import uuid7
from comptoir.rfid.readings import facts
from comptoir.rfid.readings.facts import Read, Tag
from comptoir.rfid.readings.rule_sets import Count, Receive, Ship

Kind = Literal["count", "receive", "ship"]
Key = tuple[Kind, str, int, UUID | None]
"""Kind, name of the rule, location, transfer if one is named."""
KINDS: dict[type[Count | Receive | Ship], Kind] = {Count: "count", Receive: "receive", Ship: "ship"}
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('rfid.readings'))"


class Gathered(msgspec.Struct, frozen=True):
    """An event that belongs to a session."""

    read: Read
    rule: str
    outcome: Count | Receive | Ship
    location_id: int
    transfer_id: UUID | None
    tags: list[Tag]

    @property
    def key(self) -> Key:
        return KINDS[type(self.outcome)], self.rule, self.location_id, self.transfer_id


class Open(msgspec.Struct, frozen=True):
    """A session, as far as it matters to what is read next."""

    session_id: UUID
    first_at: datetime
    last_at: datetime
    stage: Literal["open", "done", "empty"]


async def gather(tx: Tx, several: Sequence[Gathered]) -> list[tuple[Gathered, UUID | None]]:
    """Put each where it belongs; None: it is late."""
    by_key: dict[Key, list[Gathered]] = defaultdict(list)
    for one in several:
        by_key[one.key].append(one)
    placed: list[tuple[Gathered, UUID | None]] = []
    for key, ones in by_key.items():
        gap = timedelta(minutes=ones[0].outcome.quiet_minutes)
        there = await near(tx, key, ones, gap)
        known = [one for one in there if one.stage == "open"]
        for cluster in clusters(ones, gap, whole=key[3] is not None):
            start, end = cluster[0].read.event_time - gap, cluster[-1].read.event_time + gap
            if over := [one for one in there if one.stage != "open" and is_over(one, key, start, end)]:
                # What comes later still of the same counting finds it by these.
                await tx.run(STRETCH, session_id=over[0].session_id, first=start + gap, last=end - gap)
                placed += [(one, None) for one in cluster]
                continue
            mine = [one for one in known if key[3] or (one.first_at <= end and one.last_at >= start)]
            session_id = mine[0].session_id if mine else uuid7()
            await keep(tx, session_id, key, cluster, [one.session_id for one in mine[1:]])
            merged = {one.session_id for one in mine[1:]}
            placed = [(one, session_id if at in merged else at) for one, at in placed]
            placed += [(one, session_id) for one in cluster]
            first = min([cluster[0].read.event_time, *(one.first_at for one in mine)])
            last = max([cluster[-1].read.event_time, *(one.last_at for one in mine)])
            known = [one for one in known if one not in mine] + [Open(session_id, first, last, "open")]
    return placed


def is_over(one: Open, key: Key, start: datetime, end: datetime) -> bool:
    """A counting that is over takes nothing more; nor does a transfer that has left. More may always be received."""
    kind, _, _, transfer = key
    if kind == "receive":
        return False
    return (kind == "ship" and transfer is not None) or (one.first_at <= end and one.last_at >= start)


STRETCH = """
    UPDATE rfid.session SET first_at = least(first_at, %(first)s), last_at = greatest(last_at, %(last)s)
    WHERE session_id = %(session_id)s
"""


def clusters(ones: list[Gathered], gap: timedelta, *, whole: bool) -> list[list[Gathered]]:
    """In the order of time, parted where nothing was read for longer than the gap."""
    found: list[list[Gathered]] = []
    for one in sorted(ones, key=lambda one: (one.read.event_time, one.read.key)):
        if found and (whole or one.read.event_time - found[-1][-1].read.event_time <= gap):
            found[-1].append(one)
        else:
            found.append([one])
    return found


async def near(tx: Tx, key: Key, ones: list[Gathered], gap: timedelta) -> list[Open]:
    kind, rule, location, transfer = key
    times = [one.read.event_time for one in ones]
    return await tx.many(
        Open, NEAR, kind=kind, rule=rule, location=location, transfer=transfer, start=min(times) - gap,
        end=max(times) + gap,
    )  # fmt: skip


NEAR = """
    SELECT session_id, first_at, last_at, stage FROM rfid.session
    WHERE location_id = %(location)s AND rule = %(rule)s AND kind = %(kind)s
      AND transfer_id IS NOT DISTINCT FROM %(transfer)s::uuid
      AND (transfer_id IS NOT NULL OR (last_at >= %(start)s AND first_at <= %(end)s))
    ORDER BY first_at, session_id
"""


async def keep(
    tx: Tx,
    session_id: UUID,
    key: Key,
    cluster: list[Gathered],
    others: list[UUID],
) -> None:
    """Write the reads of a cluster into their session; sessions that it joins become one."""
    kind, rule, location, transfer = key
    newest = max(cluster, key=lambda one: one.read.recorded_at)
    await tx.run(
        KEEP,
        session_id=session_id,
        kind=kind,
        rule=rule,
        location=location,
        transfer=transfer,
        outcome=msgspec.json.encode(newest.outcome).decode(),
        first=cluster[0].read.event_time,
        last=cluster[-1].read.event_time,
        heard=newest.read.recorded_at,
        now=tx.now,
    )
    told = [
        {"tag": tag.name, "gtin": tag.gtin, "quantity": tag.quantity, "read_at": one.read.event_time}
        for one in cluster
        for tag in one.tags
    ]
    if told:
        await tx.run(TAGS, session_id=session_id, tags=rows(told))
    for other in others:
        await tx.run(JOIN_TAGS, session_id=session_id, other=other)
        await tx.run("UPDATE rfid.reading SET session_id = %(session_id)s WHERE session_id = %(other)s",
                     session_id=session_id, other=other)  # fmt: skip
        await tx.run("DELETE FROM rfid.session_tag WHERE session_id = %(other)s", other=other)
        await tx.run(JOIN, session_id=session_id, other=other)


KEEP = """
    INSERT INTO rfid.session AS s (session_id, kind, rule, location_id, transfer_id, outcome, first_at, last_at,
        heard_at, stage, try_at)
    VALUES (%(session_id)s, %(kind)s, %(rule)s, %(location)s, %(transfer)s, %(outcome)s::jsonb, %(first)s, %(last)s,
            %(heard)s, 'open', %(now)s)
    ON CONFLICT (session_id) DO UPDATE SET first_at = least(s.first_at, excluded.first_at),
        last_at = greatest(s.last_at, excluded.last_at), heard_at = greatest(s.heard_at, excluded.heard_at),
        outcome = CASE WHEN excluded.heard_at >= s.heard_at THEN excluded.outcome ELSE s.outcome END,
        try_at = excluded.try_at, why = ''
"""

TAGS = """
    INSERT INTO rfid.session_tag AS t (session_id, tag, gtin, quantity, read_at)
    SELECT %(session_id)s, tag, min(gtin), max(quantity), max(read_at)
    FROM json_to_recordset(%(tags)s::json) AS n (tag text, gtin text, quantity integer, read_at timestamptz)
    GROUP BY tag ORDER BY tag
    ON CONFLICT (session_id, tag) DO UPDATE SET read_at = greatest(t.read_at, excluded.read_at)
"""

JOIN_TAGS = """
    INSERT INTO rfid.session_tag AS t (session_id, tag, gtin, quantity, read_at)
    SELECT %(session_id)s, tag, gtin, quantity, read_at FROM rfid.session_tag WHERE session_id = %(other)s ORDER BY tag
    ON CONFLICT (session_id, tag) DO UPDATE SET read_at = greatest(t.read_at, excluded.read_at)
"""

JOIN = """
    WITH gone AS (
        DELETE FROM rfid.session WHERE session_id = %(other)s RETURNING first_at, last_at, heard_at
    )
    UPDATE rfid.session AS s SET first_at = least(s.first_at, g.first_at), last_at = greatest(s.last_at, g.last_at),
        heard_at = greatest(s.heard_at, g.heard_at)
    FROM gone AS g WHERE s.session_id = %(session_id)s
"""


class Kept(msgspec.Struct, frozen=True):
    """What all reads of a session share."""

    rule: str
    outcome: Count | Receive | Ship
    location_id: int
    transfer_id: UUID | None


async def gather_anew(tx: Tx, session_id: UUID) -> None:
    """An open session of the events still in it: without one that bridged a gap it is two, without any it is gone."""
    kept = await tx.one(Kept, KEPT, session_id=session_id)
    ids = await tx.values("SELECT event_id FROM rfid.reading WHERE session_id = %(at)s", at=session_id)
    await tx.run("UPDATE rfid.reading SET session_id = NULL WHERE session_id = %(at)s", at=session_id)
    await tx.run("DELETE FROM rfid.session_tag WHERE session_id = %(at)s", at=session_id)
    await tx.run("DELETE FROM rfid.session WHERE session_id = %(at)s", at=session_id)
    several = [
        Gathered(read, kept.rule, kept.outcome, kept.location_id, kept.transfer_id, facts.tags(read))
        for read in await facts.reads(tx, ids)
    ]
    told = [{"event_id": one.read.event_id, "session_id": at} for one, at in await gather(tx, several)]
    await tx.run(PLACED, readings=rows(told))


KEPT = "SELECT rule, outcome, location_id, transfer_id FROM rfid.session WHERE session_id = %(session_id)s"

PLACED = """
    UPDATE rfid.reading AS r
    SET session_id = n.session_id, fate = CASE WHEN n.session_id IS NULL THEN 'late' ELSE 'gathered' END
    FROM json_to_recordset(%(readings)s::json) AS n (event_id bigint, session_id uuid)
    WHERE r.event_id = n.event_id
"""


async def articles(tx: Tx, gtins: Iterable[str | None]) -> dict[str | None, int]:
    """The variant of each GTIN. One that two articles share names neither."""
    wanted = sorted({one for one in gtins if one})
    return dict(await tx.tuples(ARTICLES, gtins=texts(wanted))) if wanted else {}


ARTICLES = """
    SELECT gtin, min(variant_id) FROM catalog.v_variant
    WHERE gtin = ANY(%(gtins)s::text[]) GROUP BY gtin HAVING count(*) = 1
"""
