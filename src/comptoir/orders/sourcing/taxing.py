"""In which country and region goods are taxed: where the customer gets them, whoever says what.

Goods that are shipped: where her address is. Goods that are collected: where the location is, or where the order's
outlet is if that says nothing of itself; never an address, which a device may send along.
"""

from collections.abc import Sequence

from comptoir import channels, inventory
from comptoir.kernel.db import Tx
from comptoir.orders.baskets import Delivery


async def taxed_in(tx: Tx, wanted: Sequence[tuple[Delivery, int]], places: inventory.Places) -> list[tuple[str, str]]:
    """Country and region of each delivery of an outlet (id), in the same order."""
    found = [_of(delivery, places) for delivery, _ in wanted]
    if all(found):
        return [one for one in found if one]
    outlets = {one.outlet_id: (one.country, one.region) for one in await channels.outlets(tx)}
    return [one or outlets.get(outlet_id, ("", "")) for one, (_, outlet_id) in zip(found, wanted, strict=True)]


def _of(delivery: Delivery, places: inventory.Places) -> tuple[str, str] | None:
    """None where the location is not known, or not in which country it is."""
    if delivery.method == "ship":
        return (delivery.address.country, delivery.address.region) if delivery.address else ("", "")
    place = places.get(places.ids.get(delivery.location, 0))
    if place is None or not place.location.country:
        return None
    return place.location.country, place.outlet.region if place.outlet else ""
