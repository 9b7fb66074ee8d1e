"""What lies where, for people who look: articles by place, what is kept back for whom, the story of one shelf.

Nothing here is asked by a basket; availability and the ledger are. The story of an article that was sold a million
times at one place reads a million entries.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from comptoir.inventory.records import State
from comptoir.kernel.db import Tx, ints


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What lies of one variant at one location. Pieces."""

    variant_id: int
    location_id: int
    sellable: int
    display: int
    damaged: int
    quarantine: int
    held: int
    allocated: int
    safety: int
    fenced: int
    """Kept there for single channels, all together."""
    doubted: int
    """Not offered, because the last count did not agree with the book."""
    missing: int
    """So many more are promised than lie there."""
    missing_since: datetime | None

    @property
    def free(self) -> int:
        """What may still be offered to anybody: sellable less held, allocated, safety, fences and what is doubted."""
        return max(0, self.sellable - self.held - self.allocated - self.safety - self.fenced - self.doubted)

    @property
    def on_hand(self) -> int:
        """All that lies there, in whatever state."""
        return self.sellable + self.display + self.damaged + self.quarantine


class KeptBack(msgspec.Struct, frozen=True):
    """Units that a channel has for itself at a location (a fence), or, without one, does not offer (a threshold)."""

    variant_id: int
    location_id: int | None
    channel: str
    quantity: int


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One act on the stock as one location saw it. `moved` came in, less than zero went out, of `state`."""

    entry_id: int
    state: State
    moved: int
    other_location_id: int | None
    """Where to or from; the location itself where units only changed their state."""
    other_state: State | None
    d_held: int
    d_allocated: int
    act: str
    reason: str
    reference: str
    actor: str
    occurred_at: datetime
    recorded_at: datetime
    sellable: int
    """How many lay there to be sold after it."""
    promised: int
    """How many of them were held or allocated."""


class Level(msgspec.Struct, frozen=True):
    """How many lay there to be sold, and how many were promised, from a moment on."""

    at: datetime
    sellable: int
    promised: int


async def stock_of(tx: Tx, variants: Iterable[int]) -> list[Standing]:
    """What lies of these variants, wherever there is or was one; by variant and location."""
    return await tx.many(Standing, STOCK, variants=ints(sorted(set(variants))))


async def kept_back(tx: Tx, variants: Iterable[int]) -> list[KeptBack]:
    """Fences and thresholds of these variants."""
    return await tx.many(KeptBack, KEPT, variants=ints(sorted(set(variants))))


async def in_stock(
    tx: Tx, *, location_id: int | None = None, standing: Literal["free", "short"] = "free", most: int = 50_000
) -> list[int]:
    """Variants that may still be promised (`free`) or are promised beyond what lies there (`short`), at one location.

    Fences count as free here: they are free for somebody.
    """
    return await tx.values(SHORT if standing == "short" else FREE, location_id=location_id, most=most)


async def story(
    tx: Tx, *, variant_id: int, location_id: int, before: int | None = None, limit: int = 40
) -> list[Entry]:
    """What happened to a variant at a location, newest first; those before the entry `before`."""
    return await tx.many(Entry, STORY, variant_id=variant_id, location_id=location_id, before=before, limit=limit)


async def levels(tx: Tx, *, variant_id: int, location_id: int | None, since: datetime, step: timedelta) -> list[Level]:
    """How the stock went up and down since then, at one location or over all, one level for each `step` that moved.

    The first one is how it stood at `since`.
    """
    return await tx.many(
        Level, LEVELS, variant_id=variant_id, location_id=location_id, since=since, step=step.total_seconds()
    )


async def newest_entry(tx: Tx) -> str:
    """Names the latest acts on the stock, so that a change of it can be seen."""
    return await tx.value(NEWEST)


STOCK = """
    SELECT b.variant_id, b.location_id, b.sellable, b.display, b.damaged, b.quarantine, b.held, b.allocated,
           coalesce(b.safety, l.safety) AS safety,
           coalesce((SELECT sum(f.quantity) FROM inventory.fence AS f
                     WHERE f.variant_id = b.variant_id AND f.location_id = b.location_id), 0)::integer AS fenced,
           coalesce((SELECT a.withheld FROM inventory.accuracy AS a
                     WHERE a.variant_id = b.variant_id AND a.location_id = b.location_id), 0) AS doubted,
           coalesce(s.missing, 0) AS missing, s.since AS missing_since
    FROM inventory.balance AS b
    JOIN inventory.location AS l USING (location_id)
    LEFT JOIN inventory.shortage AS s USING (variant_id, location_id)
    WHERE b.variant_id = ANY(%(variants)s::bigint[])
    ORDER BY b.variant_id, b.location_id
"""

KEPT = """
    SELECT variant_id, location_id, channel, quantity FROM inventory.fence
    WHERE variant_id = ANY(%(variants)s::bigint[])
    UNION ALL
    SELECT variant_id, NULL, channel, quantity FROM inventory.threshold WHERE variant_id = ANY(%(variants)s::bigint[])
    ORDER BY 1, 2 NULLS FIRST, 3
"""

FREE = """
    SELECT DISTINCT b.variant_id FROM inventory.balance AS b JOIN inventory.location AS l USING (location_id)
    WHERE (%(location_id)s::smallint IS NULL OR b.location_id = %(location_id)s)
      AND b.sellable - b.held - b.allocated - coalesce(b.safety, l.safety) > 0
    ORDER BY b.variant_id LIMIT %(most)s
"""

SHORT = """
    SELECT DISTINCT variant_id FROM inventory.shortage
    WHERE %(location_id)s::smallint IS NULL OR location_id = %(location_id)s
    ORDER BY variant_id LIMIT %(most)s
"""

# An entry stands at the account where it was written and, turned round, at the other one. Units that changed their
# state at one place are told once; the sums of equals (RANGE) hold both halves.
STORY = """
    WITH line AS (
        SELECT entry_id, false AS turned, state, moved, other_location_id, other_state, d_held, d_allocated, act,
               reason, reference, actor, occurred_at, recorded_at
        FROM inventory.entry WHERE variant_id = %(variant_id)s AND location_id = %(location_id)s
        UNION ALL
        SELECT entry_id, true, other_state, -moved, location_id, state, 0, 0, act, reason, reference, actor,
               occurred_at, recorded_at
        FROM inventory.entry
        WHERE variant_id = %(variant_id)s AND other_location_id = %(location_id)s AND moved <> 0
    ), told AS (
        SELECT *, coalesce(sum(moved) FILTER (WHERE state = 'sellable') OVER w, 0)::integer AS sellable,
               (sum(d_held + d_allocated) OVER w)::integer AS promised
        FROM line WINDOW w AS (ORDER BY entry_id)
    )
    SELECT entry_id, state, moved, other_location_id, other_state, d_held, d_allocated, act, reason, reference, actor,
           occurred_at, recorded_at, sellable, promised
    FROM told
    WHERE NOT (turned AND other_location_id = %(location_id)s)
      AND (%(before)s::bigint IS NULL OR entry_id < %(before)s)
    ORDER BY entry_id DESC LIMIT %(limit)s
"""

# Over all locations what only went from one of ours to another cancels out. Accounts outside have ids up to 3.
LEVELS = """
    WITH line AS (
        SELECT occurred_at, CASE WHEN state = 'sellable' THEN moved ELSE 0 END AS moved,
               d_held + d_allocated AS promised
        FROM inventory.entry
        WHERE variant_id = %(variant_id)s AND location_id > 3
          AND (%(location_id)s::smallint IS NULL OR location_id = %(location_id)s)
        UNION ALL
        SELECT occurred_at, -moved, 0 FROM inventory.entry
        WHERE variant_id = %(variant_id)s AND moved <> 0 AND other_state = 'sellable' AND other_location_id > 3
          AND (%(location_id)s::smallint IS NULL OR other_location_id = %(location_id)s)
    ), step AS (
        SELECT greatest(date_bin(make_interval(secs => %(step)s), occurred_at, %(since)s), %(since)s) AS at,
               sum(moved) AS moved, sum(promised) AS promised
        FROM line GROUP BY 1
        UNION ALL SELECT %(since)s::timestamptz, 0, 0
    )
    SELECT at, (sum(sum(moved)) OVER w)::integer AS sellable, (sum(sum(promised)) OVER w)::integer AS promised
    FROM step GROUP BY at WINDOW w AS (ORDER BY at) ORDER BY at
"""

# Several, and not the last one: a transaction that began earlier may end later.
NEWEST = """
    SELECT coalesce(md5(string_agg(entry_id::text, ',' ORDER BY entry_id)), '')
    FROM (SELECT entry_id FROM inventory.entry ORDER BY entry_id DESC LIMIT 60) AS e
"""
