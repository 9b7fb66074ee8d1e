"""Orders of people who were erased, told again by who has kept them: taken without her, as the house has them.

An order that she made after she was erased is a new one: it goes where she wants it, and names nobody until she is let
in again (`privacy.readmit`).
"""

from collections.abc import Mapping, Sequence

import msgspec

from comptoir import identity
from comptoir.kernel.db import Tx
from comptoir.orders.baskets import Address, Delivery
from comptoir.orders.external.records import ExternalOrder
from comptoir.orders.sales.judging import Outlet
from comptoir.orders.sales.recording import known_outlets

FLAG = "erased_person"


async def without_erased(
    tx: Tx, orders: Sequence[ExternalOrder], outlets: Mapping[str, Outlet] | None = None
) -> list[ExternalOrder]:
    """The orders; those of somebody who was erased since without her. One that is unchanged is the same object."""
    if not any(one.identifiers for one in orders):
        return list(orders)
    known = outlets or await known_outlets(tx, (one.outlet for one in orders))
    cleaner = await identity.Cleaner.load(tx)
    named = [
        cleaner.clean(one.identifiers.items(), known[one.outlet].country if one.outlet in known else None)[0]
        for one in orders
    ]
    gone = await identity.erasing.buried_at(tx, sorted({each for some in named for each in some}))
    return [
        without(one) if any(one.placed_at <= gone[each] for each in some if each in gone) else one
        for one, some in zip(orders, named, strict=True)
    ]


def without(order: ExternalOrder) -> ExternalOrder:
    address = order.delivery.address
    nowhere = address and Address(name="erased", street="erased", postcode="", city="", country=address.country)
    delivery: Delivery = msgspec.structs.replace(order.delivery, address=nowhere)
    return msgspec.structs.replace(order, identifiers={}, delivery=delivery, flags=(*order.flags, FLAG)[-20:])
