"""Who waits for an article that is out, and is told when a unit comes free: the first to ask first, each once.

As many are told as units come free, whatever frees them: a receipt, a return, a basket given up, less that is kept
back. Nothing is kept for who was told: if he does not buy, and the unit comes free again, the next one is told. Who
wants it in a channel is told of what that channel offers: what is there beyond its threshold.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec
import psycopg

from comptoir.inventory.errors import AskedOtherwise, NotOut, UnknownAsk
from comptoir.inventory.events import BackInStock
from comptoir.inventory.records import Key
from comptoir.inventory.stock import Entry
from comptoir.kernel.db import Tx, ints, texts


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A wish for an article. `ahead`: how many were there before and still wait for it, anywhere."""

    ask_id: UUID
    sku: str
    location: str | None
    """Null: anywhere."""
    channel: str | None
    """Null: in none that is known."""
    node_id: int
    asked_at: datetime
    told_at: datetime | None
    withdrawn_at: datetime | None
    ahead: int


async def ask(
    tx: Tx, *, ask_id: UUID, variant_id: int, node_id: int, location_id: int | None = None, channel: str | None = None
) -> Ask:
    """Wait for an article that is out at a location, or anywhere. Who waits for it already keeps the place.

    Raises NotOut where it is there (and the channel offers it), AskedOtherwise.
    """
    if known := await tx.tuples(KNOWN, ask_id=ask_id):
        if known[0] != (variant_id, location_id, channel, node_id):
            raise AskedOtherwise(ask_id=str(ask_id))
        return await asked(tx, ask_id=ask_id)
    # Whoever frees a unit holds its balance until it is told of: either he has seen the ask, or we see the unit. The
    # same of a location that opens (NOBODY_ASKS).
    await tx.run(HUSH, variant=variant_id)
    if channel is not None:  # what it offers is of all locations
        await tx.run(FREE, variant=variant_id, location=None)
    free = await tx.tuples(FREE, variant=variant_id, location=location_id)
    there = [{"location": code, "units": units} for code, units, sells in free if units > 0 and sells]
    if there and (channel is None or (await _standing(tx, variant_id)).offered(channel)):
        raise NotOut(there=there)
    asked_before = await tx.value(WAITS, variant=variant_id, location=location_id, node=node_id)
    if asked_before:
        return await asked(tx, ask_id=asked_before)
    try:
        await tx.run(ASK, ask_id=ask_id, variant=variant_id, location=location_id, channel=channel, node=node_id,
                     now=tx.now)  # fmt: skip
    except psycopg.errors.UniqueViolation as error:
        # The same one has asked twice at once: the second finds the first.
        raise psycopg.errors.SerializationFailure(str(error)) from error
    return await asked(tx, ask_id=ask_id)


KNOWN = "SELECT variant_id, location_id, channel, node_id FROM inventory.ask WHERE ask_id = %(ask_id)s"

HUSH = """
    SELECT pg_advisory_xact_lock_shared(hashtext('inventory.location'), 0),
           pg_advisory_xact_lock(hashtext('inventory.ask'), hashint8(%(variant)s::bigint))
"""

NOBODY_ASKS = "SELECT pg_advisory_xact_lock(hashtext('inventory.location'), 0)"
"""Nor comes an article to a place for the first time (ledger.HEARD), until the transaction ends. Before balances."""

SELLS: LiteralString = "l.active AND l.methods <> '{}' AND l.kind IN ('shop', 'warehouse', 'distribution_centre')"
"""Whether anything can be sold from a location `l`."""

# Shared: who asks waits for who buys or receives, and not for others who ask.
FREE: LiteralString = f"""
    SELECT l.code,
           b.sellable - b.held - b.allocated - coalesce(b.safety, l.safety) - (
               SELECT coalesce(sum(f.quantity), 0) FROM inventory.fence AS f
               WHERE f.variant_id = b.variant_id AND f.location_id = b.location_id)::integer,
           {SELLS}
    FROM (SELECT * FROM inventory.balance
          WHERE variant_id = %(variant)s
            AND (%(location)s::smallint IS NULL OR location_id = %(location)s::smallint)
          ORDER BY location_id FOR SHARE) AS b
    JOIN inventory.location AS l USING (location_id)
"""  # noqa: S608 constants

WAITS = """
    SELECT ask_id FROM inventory.ask
    WHERE variant_id = %(variant)s AND node_id = %(node)s AND told_at IS NULL AND withdrawn_at IS NULL
      AND location_id IS NOT DISTINCT FROM %(location)s::smallint
"""

ASK = """
    INSERT INTO inventory.ask (ask_id, variant_id, location_id, channel, node_id, asked_at)
    VALUES (%(ask_id)s, %(variant)s, %(location)s, %(channel)s, %(node)s, %(now)s)
"""


async def withdraw(tx: Tx, *, ask_id: UUID) -> Ask:
    """Wait no longer. Twice is fine, and so is after being told. Raises UnknownAsk."""
    await tx.run(WITHDRAW, ask_id=ask_id, now=tx.now)
    return await asked(tx, ask_id=ask_id)


WITHDRAW = """
    UPDATE inventory.ask SET withdrawn_at = %(now)s
    WHERE ask_id = %(ask_id)s AND told_at IS NULL AND withdrawn_at IS NULL
"""


def freed(entries: Iterable[Entry], expired: Iterable[tuple[int, int, int]]) -> Counter[Key]:
    """What came free by these acts and overdue holds, though another act of the batch took it again."""
    units: Counter[Key] = Counter()
    for variant, location, some in expired:
        units[variant, location] += some
    for one in entries:
        arrived = one.moved if one.state == "sellable" else 0
        here = arrived - one.d_held - one.d_allocated
        # What is handed over to another location of ours may stay promised there.
        if here > 0 or one.act == "hand_over":
            units[one.variant_id, one.location_id] += here
        if one.other_location_id is not None and one.other_state == "sellable" and one.moved < 0:
            units[one.variant_id, one.other_location_id] -= one.moved
    return units


async def free(tx: Tx, keys: Collection[Key]) -> dict[Key, int]:
    """What nobody has, and nobody keeps, at these balances, which are locked; below zero where more is promised."""
    variants, locations = (ints(key[place] for key in keys) for place in (0, 1))
    found = await tx.tuples(FREE_AT, variants=variants, locations=locations)
    return {(variant, location): units for variant, location, units in found}


FREE_AT = """
    SELECT b.variant_id, b.location_id,
           b.sellable - b.held - b.allocated - coalesce(b.safety, l.safety) - (
               SELECT coalesce(sum(f.quantity), 0) FROM inventory.fence AS f
               WHERE f.variant_id = b.variant_id AND f.location_id = b.location_id)::integer
    FROM unnest(%(variants)s::bigint[], %(locations)s::smallint[]) AS k (variant_id, location_id)
    JOIN inventory.balance AS b USING (variant_id, location_id)
    JOIN inventory.location AS l USING (location_id)
"""


def more(before: Mapping[Key, int], after: Mapping[Key, int]) -> Counter[Key]:
    """What came free between the two."""
    return Counter({key: units - before.get(key, units) for key, units in after.items()})


async def tell(tx: Tx, freed: Mapping[Key, int]) -> None:
    """So many units came free at these balances, which are locked: tell as many, of those still free."""
    if not (keys := sorted(key for key, units in freed.items() if units > 0)):
        return
    heard = await tx.tuples(
        HEARD,
        variants=ints(variant for variant, _ in keys),
        locations=ints(location for _, location in keys),
        units=ints(freed[key] for key in keys),
    )
    if not heard:
        return
    named = await tx.tuples(NAMED, variants=ints(sorted({variant for variant, _, _ in heard})))
    came = Counter[int]()
    for variant, _, units in heard:
        came[variant] += units
    offered: dict[int, dict[str, int]] = {}
    if named:  # what a channel offers is of all locations: in turn, or each would miss what the other brings
        await tx.run(IN_TURN, variants=ints(sorted(variant for variant, _ in named)))
    for variant, channels in named:
        standing = await _standing(tx, variant)
        offered[variant] = {one: standing.offered(one) - standing.offered(one, came[variant]) for one in channels}
    facts: list[BackInStock] = []
    for variant, location, units in heard:
        facts += await _tell(tx, variant, location, units, offered.get(variant, {}))
    await tx.tell(*facts)


async def _tell(tx: Tx, variant: int, location: int, units: int, offered: dict[str, int]) -> list[BackInStock]:
    """So many, and of each channel no more than it offers anew, which is counted down."""
    facts: list[BackInStock] = []
    while units > 0:
        open_to = sorted(one for one, left in offered.items() if left > 0)
        some = min([units, *(offered[one] for one in open_to)])
        told = await tx.tuples(
            TELL, variant=variant, location=location, units=some, channels=texts(open_to), now=tx.now
        )
        for ask_id, node_id, channel in sorted(told, key=lambda row: row[0]):
            facts.append(BackInStock(ask_id=ask_id, node_id=node_id, variant_id=variant, location_id=location))
            if channel is not None:
                offered[channel] -= 1
        if len(told) < some:
            break
        units -= some
    return facts


async def open_channels(tx: Tx, lowered: Mapping[tuple[int, str], int]) -> None:
    """The thresholds of these articles and channels were higher by so much: tell those who want them there, as many as
    are offered anew. Their balances are locked.
    """
    facts: list[BackInStock] = []
    for (variant, channel), by in sorted(lowered.items()):
        standing = await _standing(tx, variant)
        offered = {channel: standing.offered(channel) - standing.offered(channel, by)}
        for location, units in sorted(standing.free.items(), key=lambda one: (-one[1], one[0])):
            facts += await _tell(tx, variant, location, min(units, offered[channel]), offered)
    await tx.tell(*facts)


class _Standing(msgspec.Struct):
    """What is there of an article, where it can be sold from, and what each channel does not offer of it."""

    free: dict[int, int]
    thresholds: dict[str, int]

    def offered(self, channel: str, less: int = 0) -> int:
        """In this channel; if so much less were there."""
        return max(0, sum(self.free.values()) - self.thresholds.get(channel, 0) - less)


async def _standing(tx: Tx, variant: int) -> _Standing:
    free, thresholds = await tx.together((THERE, {"variant": variant}), (THRESHOLDS, {"variant": variant}))
    return _Standing(dict(free), dict(thresholds))


THERE: LiteralString = f"""
    SELECT location_id, free FROM (
        SELECT b.location_id, b.sellable - b.held - b.allocated - coalesce(b.safety, l.safety) - (
                   SELECT coalesce(sum(f.quantity), 0) FROM inventory.fence AS f
                   WHERE f.variant_id = b.variant_id AND f.location_id = b.location_id)::integer AS free
        FROM inventory.balance AS b JOIN inventory.location AS l USING (location_id)
        WHERE b.variant_id = %(variant)s AND {SELLS}) AS f
    WHERE free > 0
"""  # noqa: S608 constants

THRESHOLDS = "SELECT channel, quantity FROM inventory.threshold WHERE variant_id = %(variant)s"

NAMED = """
    SELECT variant_id, array_agg(DISTINCT channel) FROM inventory.ask
    WHERE variant_id = ANY(%(variants)s::bigint[]) AND channel IS NOT NULL AND told_at IS NULL AND withdrawn_at IS NULL
    GROUP BY variant_id
"""

IN_TURN = """
    SELECT pg_advisory_xact_lock(hashtext('inventory.tell'), hashint8(v))
    FROM unnest(%(variants)s::bigint[]) AS v ORDER BY v
"""

# What came free above nothing: units that only make good what was missing or kept back are nobody's. Not on the way.
HEARD: LiteralString = f"""
    SELECT k.variant_id, k.location_id, b.units
    FROM unnest(%(variants)s::bigint[], %(locations)s::smallint[], %(units)s::integer[])
        AS k (variant_id, location_id, units)
    CROSS JOIN LATERAL (
        SELECT greatest(f.free, 0) - greatest(f.free - k.units, 0) AS units
        FROM (SELECT b.sellable - b.held - b.allocated - coalesce(b.safety, l.safety) - (
                         SELECT coalesce(sum(f.quantity), 0) FROM inventory.fence AS f
                         WHERE f.variant_id = b.variant_id AND f.location_id = b.location_id)::integer AS free
              FROM inventory.balance AS b JOIN inventory.location AS l ON l.location_id = b.location_id
              WHERE b.variant_id = k.variant_id AND b.location_id = k.location_id
                AND {SELLS}) AS f
    ) AS b
    WHERE b.units > 0 AND EXISTS (
        SELECT FROM inventory.ask AS a
        WHERE a.variant_id = k.variant_id AND a.told_at IS NULL AND a.withdrawn_at IS NULL
    )
"""  # noqa: S608 constants

# Another transaction may tell some of them at this moment, of other units: those are skipped, not waited for.
TELL = """
    UPDATE inventory.ask SET told_at = %(now)s, told_of = %(location)s
    WHERE ask_id IN (
        SELECT ask_id FROM inventory.ask
        WHERE variant_id = %(variant)s AND told_at IS NULL AND withdrawn_at IS NULL
          AND (location_id IS NULL OR location_id = %(location)s)
          AND (channel IS NULL OR channel = ANY(%(channels)s::text[]))
        ORDER BY number LIMIT %(units)s FOR UPDATE SKIP LOCKED
    )
    RETURNING ask_id, node_id, channel
"""


async def asked(tx: Tx, *, ask_id: UUID) -> Ask:
    """One ask. Raises UnknownAsk."""
    if found := await tx.maybe(Ask, ONE, ask_id=ask_id):
        return found
    raise UnknownAsk(f"Nobody has asked under {ask_id}.", ask_id=str(ask_id))


class Demand(msgspec.Struct, frozen=True):
    """How many wait for an article, and where."""

    sku: str
    location: str | None
    """Null: anywhere."""
    waiting: int
    since: datetime


async def demand(tx: Tx, *, limit: int = 100) -> list[Demand]:
    """What is asked for most, and is not there."""
    return await tx.many(Demand, DEMAND, limit=limit)


ONE = """
    SELECT a.ask_id, coalesce(v.sku, '') AS sku, l.code AS location, a.channel, a.node_id, a.asked_at, a.told_at,
           a.withdrawn_at,
           CASE WHEN a.told_at IS NULL AND a.withdrawn_at IS NULL THEN (
               SELECT count(*) FROM inventory.ask AS o
               WHERE o.variant_id = a.variant_id AND o.number < a.number AND o.told_at IS NULL
                 AND o.withdrawn_at IS NULL) ELSE 0 END AS ahead
    FROM inventory.ask AS a
    LEFT JOIN inventory.location AS l USING (location_id)
    LEFT JOIN catalog.v_variant AS v USING (variant_id)
    WHERE a.ask_id = %(ask_id)s
"""

DEMAND = """
    SELECT coalesce(v.sku, '') AS sku, a.location, a.waiting, a.since
    FROM (SELECT variant_id, location, count(*) AS waiting, min(asked_at) AS since FROM inventory.v_ask
          WHERE told_at IS NULL AND withdrawn_at IS NULL
          GROUP BY variant_id, location ORDER BY count(*) DESC, variant_id LIMIT %(limit)s) AS a
    LEFT JOIN catalog.v_variant AS v USING (variant_id)
    ORDER BY a.waiting DESC, sku
"""
