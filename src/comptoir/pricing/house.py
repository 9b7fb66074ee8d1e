"""What holds for every quote, and the version by which all processes see a change at once."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from comptoir.kernel.db import Tx


class House(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits and habits of the whole retailer."""

    mode: Literal["best", "priority"] = "best"
    """Between promotions that exclude each other: the best for the customer, or the one with the greater priority."""
    max_discount_basis_points: Annotated[int, Meta(ge=0, le=10_000)] = 10_000
    """How much of a basket's goods all promotions together may take off: 10,000 is all."""
    margin_floor_basis_points: Annotated[int, Meta(ge=-100_000, le=9_999)] | None = None
    """Margin (net price less cost, of the net price) that no promotion may go below; null: no floor."""


async def house(tx: Tx) -> House:
    return await tx.one(House, READ)


async def set_house(tx: Tx, *, house: House) -> House:
    """Replace them all."""
    await tx.run(WRITE, **msgspec.structs.asdict(house))
    return house


async def changed(tx: Tx) -> None:
    """Said last by whatever writes something that quotes keep in memory."""
    await tx.run(TURN)


READ = "SELECT mode, max_discount_basis_points, margin_floor_basis_points FROM pricing.house"

WRITE = """
    UPDATE pricing.house
    SET mode = %(mode)s, max_discount_basis_points = %(max_discount_basis_points)s,
        margin_floor_basis_points = %(margin_floor_basis_points)s, version = gen_random_uuid()
"""

TURN = "UPDATE pricing.house SET version = gen_random_uuid()"
