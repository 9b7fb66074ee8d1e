"""What is missing or too much, in money.

Prices are not known to the stock: whoever stands above both hands them in, and never the one who counts.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from comptoir import channels
from comptoir.kernel.db import Tx


class Worths(Protocol):
    """What a piece of each article is worth on the shelf of an outlet (none: wherever nobody sells), in minor units of
    the house. Those without a price are missing.
    """

    async def __call__(
        self, tx: Tx, variants: Sequence[int], /, *, outlet: channels.Outlet | None
    ) -> Mapping[int, int]: ...


async def value(tx: Tx, pieces: Sequence[tuple[int, int]], *, location_id: int, worths: Worths) -> int:
    """Of so many pieces of these variants, at today's price there; what has no price counts nothing."""
    outlet_id = await tx.value(OUTLET, location=location_id)
    outlet = next((one for one in await channels.outlets(tx) if one.outlet_id == outlet_id), None)
    prices = await worths(tx, sorted({variant for variant, _ in pieces}), outlet=outlet)
    return sum(quantity * prices.get(variant, 0) for variant, quantity in pieces)


OUTLET = "SELECT outlet_id FROM inventory.location WHERE location_id = %(location)s"
