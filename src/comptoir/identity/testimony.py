"""How operations change what the graph goes by: give a steward's word, cut, keep apart, retract, and take each back.

Every change carries the number of its operation, so undoing one leaves those of others in force. Each returns the
nodes whose neighbourhood changed, for `settle` to judge anew. The caller holds the exclusive lock.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec

from comptoir.identity.records import Pair
from comptoir.kernel.db import Tx, ints


class Scope(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which evidence a retraction concerns. Steward's evidence is undone, not retracted."""

    batch_id: str | None = None
    source_id: int | None = None
    since: datetime | None = None
    """First observed from then on…"""
    until: datetime | None = None
    """… and before then."""


async def vouch(tx: Tx, operation: int, pairs: Collection[Pair]) -> set[int]:
    """A steward says that these pairs are one person each."""
    a, b = halves(pairs)
    await tx.run(VOUCH, operation=operation, a=a, b=b, at=tx.now)
    await tx.run(JOIN, a=a, b=b, at=tx.now)
    await _reweigh(tx, pairs)
    return await _judge(tx, pairs) | await _beside(tx, pairs)


async def unvouch(tx: Tx, operation: int, pairs: Collection[Pair]) -> set[int]:
    beside = await _beside(tx, pairs)
    await tx.run(UNVOUCH, operation=operation)
    await _reweigh(tx, pairs)
    return await _judge(tx, pairs) | beside


async def ban(tx: Tx, operation: int, pairs: Collection[Pair]) -> set[int]:
    """Cut edges: they stay cut whatever is seen again."""
    a, b = halves(pairs)
    await tx.run(BAN, operation=operation, a=a, b=b)
    return await _judge(tx, pairs) | await _beside(tx, pairs)


async def lift(tx: Tx, operation: int, pairs: Collection[Pair]) -> set[int]:
    a, b = halves(pairs)
    await tx.run(LIFT, operation=operation, a=a, b=b)
    return await _judge(tx, pairs) | await _beside(tx, pairs)


async def keep_apart(tx: Tx, operation: int, pairs: Collection[Pair]) -> set[int]:
    """Whatever connects them, the weakest link gives way."""
    a, b = halves(pairs)
    await tx.run(KEEP_APART, operation=operation, a=a, b=b)
    return await _judge(tx, pairs)


async def release(tx: Tx, operation: int, pairs: Collection[Pair]) -> set[int]:
    a, b = halves(pairs)
    await tx.run(RELEASE, operation=operation, a=a, b=b)
    return await _judge(tx, pairs)


async def retract(tx: Tx, operation: int, scope: Scope) -> set[int]:
    """Treat evidence as never given."""
    found = await tx.tuples(
        RETRACT,
        operation=operation,
        batch=scope.batch_id,
        source=scope.source_id,
        since=scope.since,
        until=scope.until,
    )
    return await _reweigh(tx, {(a, b) for a, b in found})


async def restore(tx: Tx, operation: int, scope: Scope) -> set[int]:
    found = await tx.tuples(RESTORE, operation=operation, batch=scope.batch_id, source=scope.source_id)
    return await _reweigh(tx, {(a, b) for a, b in found})


async def _reweigh(tx: Tx, pairs: Collection[Pair]) -> set[int]:
    """Take an edge's strength and age from its evidence that is left."""
    a, b = halves(pairs)
    # Planned anew each time: a plan kept from when the table was small would scan it.
    await tx.connection.execute(REWEIGH, {"a": a, "b": b}, prepare=False)
    return set(ends(pairs))


async def _judge(tx: Tx, pairs: Collection[Pair]) -> set[int]:
    """Note at each node whether a steward's word is in force there."""
    nodes = ends(pairs)
    await tx.run(JUDGE, nodes=ints(nodes))
    return set(nodes)


async def _beside(tx: Tx, pairs: Collection[Pair]) -> set[int]:
    """The neighbours of those of these pairs that are must-links.

    A must-link raises the limits of whatever touches it: given or lifted, it lets shared values beside it connect
    again; taken back or cut, it leaves values there that are shared without it.
    """
    a, b = halves(pairs)
    musts = await tx.tuples(MUSTS, a=a, b=b)
    return set(await tx.values(AROUND, nodes=ints(ends((a, b) for a, b in musts)))) if musts else set()


VOUCH = """
    INSERT INTO identity.evidence (a, b, kind, source_id, batch_id, rule, prob, observed_at, last_at)
    SELECT a, b, 'steward', 0, 'operation ' || %(operation)s, 'said by a steward', 1, %(at)s, %(at)s
    FROM unnest(%(a)s::bigint[], %(b)s::bigint[]) AS k (a, b)
    ON CONFLICT (a, b, source_id, batch_id, kind) DO UPDATE SET retracted_by = NULL
"""

JOIN = """
    INSERT INTO identity.edge (a, b, ns_a, ns_b, conf, first_seen)
    SELECT k.a, k.b, x.ns, y.ns, 1, %(at)s
    FROM unnest(%(a)s::bigint[], %(b)s::bigint[]) AS k (a, b)
    JOIN identity.node AS x ON x.node_id = k.a JOIN identity.node AS y ON y.node_id = k.b
    ON CONFLICT (a, b) DO NOTHING
"""

UNVOUCH = """
    UPDATE identity.evidence SET retracted_by = ARRAY[%(operation)s]::bigint[]
    WHERE batch_id = 'operation ' || %(operation)s AND kind = 'steward'
"""

BAN = """
    UPDATE identity.edge AS e
    SET banned_by = array_append(array_remove(coalesce(e.banned_by, '{}'), %(operation)s), %(operation)s)
    FROM unnest(%(a)s::bigint[], %(b)s::bigint[]) AS k (a, b) WHERE e.a = k.a AND e.b = k.b
"""

LIFT = """
    UPDATE identity.edge AS e SET banned_by = nullif(array_remove(e.banned_by, %(operation)s), '{}')
    FROM unnest(%(a)s::bigint[], %(b)s::bigint[]) AS k (a, b) WHERE e.a = k.a AND e.b = k.b
"""

KEEP_APART = """
    INSERT INTO identity.cannot_link AS c (a, b, operations)
    SELECT a, b, ARRAY[%(operation)s]::bigint[] FROM unnest(%(a)s::bigint[], %(b)s::bigint[]) AS k (a, b)
    ON CONFLICT (a, b) DO UPDATE
    SET operations = array_append(array_remove(c.operations, %(operation)s), %(operation)s)
"""

RELEASE = """
    UPDATE identity.cannot_link AS c SET operations = array_remove(c.operations, %(operation)s)
    FROM unnest(%(a)s::bigint[], %(b)s::bigint[]) AS k (a, b) WHERE c.a = k.a AND c.b = k.b
"""

RETRACT = """
    UPDATE identity.evidence
    SET retracted_by = array_append(array_remove(coalesce(retracted_by, '{}'), %(operation)s), %(operation)s)
    WHERE kind <> 'steward'
      AND (%(batch)s::text IS NULL OR batch_id = %(batch)s)
      AND (%(source)s::smallint IS NULL OR source_id = %(source)s)
      AND (%(since)s::timestamptz IS NULL OR observed_at >= %(since)s)
      AND (%(until)s::timestamptz IS NULL OR observed_at < %(until)s)
    RETURNING a, b
"""

RESTORE = """
    UPDATE identity.evidence SET retracted_by = nullif(array_remove(retracted_by, %(operation)s), '{}')
    WHERE retracted_by @> ARRAY[%(operation)s]::bigint[]
      AND (%(batch)s::text IS NULL OR batch_id = %(batch)s)
      AND (%(source)s::smallint IS NULL OR source_id = %(source)s)
    RETURNING a, b
"""

REWEIGH = """
    UPDATE identity.edge AS e
    SET conf = coalesce(v.conf, 0), first_seen = coalesce(v.first_seen, e.first_seen)
    FROM unnest(%(a)s::bigint[], %(b)s::bigint[]) AS k (a, b) CROSS JOIN LATERAL (
        SELECT max(prob) AS conf, min(observed_at) AS first_seen FROM identity.evidence AS v
        WHERE v.a = k.a AND v.b = k.b AND v.retracted_by IS NULL
    ) AS v
    WHERE e.a = k.a AND e.b = k.b
"""

JUDGE = """
    UPDATE identity.node AS n SET judged =
        EXISTS (SELECT FROM identity.cannot_link AS c WHERE c.a = n.node_id AND c.operations <> '{}')
        OR EXISTS (SELECT FROM identity.cannot_link AS c WHERE c.b = n.node_id AND c.operations <> '{}')
        OR EXISTS (SELECT FROM identity.edge AS e WHERE e.a = n.node_id AND e.conf >= 1 AND e.banned_by IS NULL)
        OR EXISTS (SELECT FROM identity.edge AS e WHERE e.b = n.node_id AND e.conf >= 1 AND e.banned_by IS NULL)
    WHERE n.node_id = ANY(%(nodes)s::bigint[])
"""

MUSTS = """
    SELECT e.a, e.b FROM unnest(%(a)s::bigint[], %(b)s::bigint[]) AS k (a, b)
    CROSS JOIN LATERAL (SELECT * FROM identity.edge AS e WHERE e.a = k.a AND e.b = k.b AND e.conf >= 1 LIMIT 1) AS e
"""

AROUND = """
    SELECT b FROM identity.edge WHERE a = ANY(%(nodes)s::bigint[]) AND conf > 0
    UNION
    SELECT a FROM identity.edge WHERE b = ANY(%(nodes)s::bigint[]) AND conf > 0
"""


def pair(x: int, y: int) -> Pair:
    return (x, y) if x < y else (y, x)


def ends(pairs: Iterable[Pair]) -> list[int]:
    return sorted({node for pair in pairs for node in pair})


def halves(pairs: Collection[Pair]) -> tuple[str, str]:
    ordered = sorted(pairs)
    return ints(a for a, _ in ordered), ints(b for _, b in ordered)
