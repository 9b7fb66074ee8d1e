"""What holds for the stock of the whole retailer."""

from typing import Annotated

import msgspec
from msgspec import Meta

from comptoir.kernel.db import Tx


class House(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits and habits of the whole retailer."""

    review_units: Annotated[int, Meta(ge=0)] = 10
    """A count that differs by more than this, all articles together, waits for somebody else's approval."""
    review_value_minor: Annotated[int, Meta(ge=0)] | None = None
    """The same in money, where what differs has a price; null: no limit."""
    accuracy_floor: Annotated[int, Meta(ge=0, le=100)] = 0
    """Per cent: where the last count agreed less with the book, some units are not offered. 0: never."""
    doubted_units: Annotated[int, Meta(ge=0)] = 1
    """How many are not offered there."""


async def house(tx: Tx) -> House:
    return await tx.one(House, READ)


async def set_house(tx: Tx, *, house: House) -> House:
    """Replace them all; what is withheld follows at once."""
    await tx.run(WRITE, **msgspec.structs.asdict(house))
    await tx.run(WITHHOLD)
    return house


READ = "SELECT review_units, review_value_minor, accuracy_floor, doubted_units FROM inventory.house"

WRITE = """
    UPDATE inventory.house
    SET review_units = %(review_units)s, review_value_minor = %(review_value_minor)s,
        accuracy_floor = %(accuracy_floor)s, doubted_units = %(doubted_units)s
"""

WITHHOLD = """
    UPDATE inventory.accuracy AS a
    SET withheld = CASE WHEN a.percent < h.accuracy_floor THEN h.doubted_units ELSE 0 END
    FROM inventory.house AS h
    WHERE a.withheld <> CASE WHEN a.percent < h.accuracy_floor THEN h.doubted_units ELSE 0 END
"""
