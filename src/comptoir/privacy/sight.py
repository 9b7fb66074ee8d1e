"""Who looked at whom, kept for its period. Looks of one reader at one person within an hour are one line, counted."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from comptoir.kernel.db import Tx, ints, rows


class Sight(msgspec.Struct, frozen=True):
    """Somebody's looks at one person in an hour."""

    at: datetime
    actor: str
    via: str
    """The page, or the route."""
    times: int
    node_id: int


Look = tuple[UUID, str, str, str]
"""The public id by which she was asked for; who looked, as kind and name; the page or the route."""


async def note(tx: Tx, *, looks: Sequence[Look]) -> None:
    """These people were shown. Cheap: one statement, whatever their number."""
    told = [{"key": key, "kind": kind, "actor": actor, "via": via} for key, kind, actor, via in looks]
    await tx.run(NOTE, looks=rows(told), now=tx.now)


async def sights_of(tx: Tx, *, nodes: Sequence[int], limit: int = 1000) -> list[Sight]:
    """Who has looked at her, the newest first."""
    return await tx.many(Sight, OF, nodes=ints(nodes), limit=limit)


async def sights(tx: Tx, *, limit: int = 200) -> list[Sight]:
    """The newest looks of all."""
    return await tx.many(Sight, NEWEST, limit=limit)


async def forget_sights(tx: Tx, *, before: datetime, most: int) -> int:
    """Drop looks of before this moment; returns how many."""
    return await tx.run(FORGET, before=before, most=most)


NOTE = """
    INSERT INTO privacy.sight AS s (node_id, hour, actor_kind, actor, via, at, times)
    SELECT n.person_id, date_trunc('hour', %(now)s::timestamptz), min(l.kind), l.actor, l.via, %(now)s, 1
    FROM json_to_recordset(%(looks)s::json) AS l (key uuid, kind text, actor text, via text)
    JOIN identity.v_node AS n USING (key)
    GROUP BY n.person_id, l.actor, l.via ORDER BY n.person_id, l.actor, l.via
    ON CONFLICT (node_id, hour, actor, via) DO UPDATE SET times = s.times + 1, at = excluded.at
"""
OF = """
    SELECT at, actor, via, times, node_id FROM privacy.sight WHERE node_id = ANY(%(nodes)s::bigint[])
    ORDER BY at DESC, node_id LIMIT %(limit)s
"""
NEWEST = "SELECT at, actor, via, times, node_id FROM privacy.sight ORDER BY at DESC, node_id LIMIT %(limit)s"
FORGET = """
    DELETE FROM privacy.sight WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM privacy.sight WHERE at < %(before)s ORDER BY at LIMIT %(most)s FOR UPDATE SKIP LOCKED))
"""
