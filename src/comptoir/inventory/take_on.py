"""A house moves in: what lies where is taken over from the system before, many thousand balances at once."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from comptoir.inventory.codes import Codes
from comptoir.inventory.records import ADJUSTMENT, is_inside
from comptoir.kernel.db import Tx, rows


class Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """So many sellable pieces of an article lie at a location."""

    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    location: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    quantity: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class TakenOver(msgspec.Struct, frozen=True):
    """How many balances were opened; those of which something is on record already were left as they are."""

    opened: int
    known: int
    unknown: list[str]
    """SKUs and locations that nobody knows: their rows were left out."""


async def take_over(tx: Tx, stock: Sequence[Opening], *, actor: str = "") -> TakenOver:
    """Open the balances, with their first entry in the ledger. Safe to repeat: what is known is not touched."""
    codes = Codes()
    await codes.learn(tx, skus={one.sku for one in stock}, locations={one.location for one in stock})
    opening: dict[tuple[int, int], int] = {}
    unknown: dict[str, None] = {}
    for one in stock:
        there = codes.knows((), [one.location]) and is_inside(codes.location(one.location))
        if not there or not codes.knows([one.sku], ()):
            unknown[one.location if not there else one.sku] = None
            continue
        key = codes.variant(one.sku), codes.location(one.location)
        opening[key] = opening.get(key, 0) + one.quantity
    opened = 0
    if opening:
        found = [[*key, quantity] for key, quantity in sorted(opening.items())]
        opened = await tx.run(OPEN, stock=rows(found), other=ADJUSTMENT, now=tx.now, actor=actor)
    return TakenOver(opened, len(opening) - opened, list(unknown))


OPEN = """
    WITH opened AS (
        INSERT INTO inventory.balance (variant_id, location_id, sellable)
        SELECT (s ->> 0)::bigint, (s ->> 1)::smallint, (s ->> 2)::integer
        FROM json_array_elements(%(stock)s::json) AS s
        ON CONFLICT DO NOTHING
        RETURNING variant_id, location_id, sellable
    )
    INSERT INTO inventory.entry (variant_id, location_id, moved, other_location_id, other_state, act, actor,
        occurred_at, recorded_at)
    SELECT variant_id, location_id, sellable, %(other)s, 'sellable', 'take_over', %(actor)s, %(now)s, %(now)s
    FROM opened
"""
