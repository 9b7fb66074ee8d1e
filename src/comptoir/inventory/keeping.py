"""What is kept back: safety of an article at a place, units fenced off for a channel, a channel's threshold.

Safety and fences bind every promise; a threshold binds what is offered. They are written under the lock of the
balances, so no promise is judged by half of a change.
"""

from collections.abc import Sequence

import msgspec

from comptoir.inventory import waiting
from comptoir.inventory.errors import UnknownLocation
from comptoir.inventory.ledger import opened
from comptoir.inventory.records import Key, is_inside
from comptoir.kernel.db import Tx, ints, rows


class Safety(msgspec.Struct, frozen=True):
    """Units of a variant at a location that no promise may use. Null: as many as the location keeps of everything."""

    variant_id: int
    location_id: int
    quantity: int | None


class Fence(msgspec.Struct, frozen=True):
    """Units of a variant at a location that are left for one channel; 0: none."""

    variant_id: int
    location_id: int
    channel: str
    quantity: int


class Threshold(msgspec.Struct, frozen=True):
    """Units of a variant that a channel does not offer, all locations together; 0: it offers all."""

    variant_id: int
    channel: str
    quantity: int


class KeptAt(msgspec.Struct, frozen=True):
    """What one location keeps back of an article."""

    location: str
    safety: int | None
    """Null: the location's own."""
    fences: dict[str, int]
    """By channel: what is left of it."""
    withheld: int
    """Not offered, because the last count did not agree with the book."""


class Kept(msgspec.Struct, frozen=True):
    """What is kept back of an article."""

    places: list[KeptAt]
    thresholds: dict[str, int]
    """By channel."""


async def set_safety(tx: Tx, safeties: Sequence[Safety]) -> None:
    """Replace them, article by article and place by place; who waits is told of what comes free. Raises
    UnknownLocation.
    """
    given = {(one.variant_id, one.location_id): one for one in safeties}
    await _lock(tx, set(given))
    before = await waiting.free(tx, given)
    await tx.run(SAFETY, given=rows([given[key] for key in sorted(given)]))
    await waiting.tell(tx, waiting.more(before, await waiting.free(tx, given)))


async def set_fences(tx: Tx, fences: Sequence[Fence]) -> None:
    """How many are left for each of these channels from now on: also when what is promised to them comes free again.
    Who waits is told of what is left to everybody. Raises UnknownLocation.
    """
    given = {(one.variant_id, one.location_id, one.channel): one for one in fences}
    keys = {(variant, location) for variant, location, _ in given}
    await _lock(tx, keys)
    before = await waiting.free(tx, keys)
    await tx.run(FENCES, given=rows([given[key] for key in sorted(given)]))
    await waiting.tell(tx, waiting.more(before, await waiting.free(tx, keys)))


async def set_thresholds(tx: Tx, thresholds: Sequence[Threshold]) -> None:
    """Replace those of these articles and channels. Who waits for one in a channel is told of what it offers anew."""
    given = {(one.variant_id, one.channel): one for one in thresholds}
    ordered = rows([given[key] for key in sorted(given)])
    await tx.run(waiting.NOBODY_ASKS)
    lowered = {(variant, channel): by for variant, channel, by in await tx.tuples(LOWERED, given=ordered)}
    if lowered:
        await opened(tx, set(await tx.tuples(PLACED, variants=ints(sorted({variant for variant, _ in lowered})))))
    await tx.run(THRESHOLDS, given=ordered)
    await waiting.open_channels(tx, lowered)


async def _lock(tx: Tx, keys: set[Key]) -> None:
    if not all(is_inside(location) for _, location in keys):
        raise UnknownLocation("Only what lies in the house can be kept back.")
    await opened(tx, keys)


SAFETY = """
    UPDATE inventory.balance AS b SET safety = g.quantity
    FROM json_to_recordset(%(given)s::json) AS g (variant_id bigint, location_id smallint, quantity integer)
    WHERE b.variant_id = g.variant_id AND b.location_id = g.location_id
"""

FENCES = """
    WITH lifted AS (
        UPDATE inventory.promise SET fenced = 0
        WHERE fenced > 0 AND (reference, line) IN (
            SELECT p.reference, p.line
            FROM json_to_recordset(%(given)s::json) AS g (variant_id bigint, location_id smallint, channel text)
            CROSS JOIN LATERAL (
                SELECT reference, line, channel FROM inventory.promise
                WHERE variant_id = g.variant_id AND location_id = g.location_id AND expires_at IS NULL
                UNION ALL
                SELECT reference, line, channel FROM inventory.promise
                WHERE variant_id = g.variant_id AND location_id = g.location_id AND expires_at IS NOT NULL
            ) AS p
            WHERE p.channel = g.channel)
    )
    INSERT INTO inventory.fence AS f (variant_id, location_id, channel, quantity)
    SELECT * FROM json_to_recordset(%(given)s::json)
        AS g (variant_id bigint, location_id smallint, channel text, quantity integer)
    ON CONFLICT (variant_id, location_id, channel) DO UPDATE SET quantity = excluded.quantity
"""

# Those that somebody waits for in the channel, and by how much.
LOWERED = """
    SELECT variant_id, channel, t.quantity - g.quantity
    FROM json_to_recordset(%(given)s::json) AS g (variant_id bigint, channel text, quantity integer)
    JOIN inventory.threshold AS t USING (variant_id, channel)
    WHERE g.quantity < t.quantity AND EXISTS (
        SELECT FROM inventory.ask AS a
        WHERE a.variant_id = g.variant_id AND a.channel = g.channel AND a.told_at IS NULL AND a.withdrawn_at IS NULL)
"""

PLACED = "SELECT variant_id, location_id FROM inventory.balance WHERE variant_id = ANY(%(variants)s::bigint[])"

THRESHOLDS = """
    INSERT INTO inventory.threshold AS t (variant_id, channel, quantity)
    SELECT * FROM json_to_recordset(%(given)s::json) AS g (variant_id bigint, channel text, quantity integer)
    ON CONFLICT (variant_id, channel) DO UPDATE SET quantity = excluded.quantity
"""


async def kept(tx: Tx, *, variant_id: int) -> Kept:
    """What is kept back of an article, place by place, and through which channel."""
    places = await tx.many(KeptAt, PLACES, variant=variant_id)
    return Kept(places, dict(await tx.tuples(OF_CHANNELS, variant=variant_id)))


PLACES = """
    SELECT l.code AS location, b.safety, coalesce(a.withheld, 0) AS withheld,
           (SELECT coalesce(json_object_agg(f.channel, f.quantity), '{}') FROM inventory.fence AS f
            WHERE f.variant_id = b.variant_id AND f.location_id = b.location_id AND f.quantity > 0) AS fences
    FROM inventory.balance AS b
    JOIN inventory.location AS l USING (location_id)
    LEFT JOIN inventory.accuracy AS a USING (variant_id, location_id)
    WHERE b.variant_id = %(variant)s ORDER BY l.code
"""

OF_CHANNELS = """
    SELECT channel, quantity FROM inventory.threshold WHERE variant_id = %(variant)s AND quantity > 0 ORDER BY channel
"""
