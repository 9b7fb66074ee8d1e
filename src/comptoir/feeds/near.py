"""In stock near you: which shops have an article, how far they are, when they are open and when it would be ready.

Units are told as words: how many there are is nobody's business.
"""

from zoneinfo import ZoneInfo

import msgspec

from comptoir import catalog, channels, inventory
from comptoir.feeds.errors import UnknownPlace
from comptoir.feeds.files import all_places
from comptoir.feeds.records import LIMITED, Availability, NearShop, NearYou
from comptoir.kernel.db import Tx

FEWEST = 2
"""Characters of a postcode that must agree: a département, an area."""


class Point(msgspec.Struct, frozen=True):
    """Degrees north and east (WGS 84)."""

    latitude: float
    longitude: float


async def near_you(
    tx: Tx, *, sku: str, here: Point | None = None, km: float = 50, limit: int = 20, limited: int = LIMITED
) -> NearYou:
    """The shops that sell it, nearest first. Raises UnknownProduct."""
    variant = await catalog.variant(tx, sku=sku)
    shops = await _shops(tx, here, km)
    outlets = [one for one, _ in shops]
    sold = await catalog.sold(tx, outlets=outlets, variants=[variant.variant_id])
    places = await all_places(tx, await channels.outlets(tx))
    by_outlet = {one.outlet.outlet_id: one for one in places if one.outlet}
    question = inventory.Question(variant_id=variant.variant_id, channel="shop")
    (offers,) = await inventory.available(tx, [question], inventory.Places(places))
    there = {one.location: one for one in offers}
    found: list[NearShop] = []
    for outlet, away in shops:
        place = by_outlet.get(outlet.outlet_id)
        if place is None or not sold[outlet.outlet_id]:
            continue
        offer = there.get(place.location.code)
        hours = outlet.opening_hours
        today = tx.now.astimezone(ZoneInfo(outlet.time_zone)).date()
        found.append(
            NearShop(
                outlet=outlet.code,
                name=outlet.name,
                street=outlet.street,
                postcode=outlet.postcode,
                city=outlet.city,
                country=outlet.country,
                km=None if away is None else round(away, 1),
                availability=word(offer.units if offer else 0, limited),
                open_now=channels.is_open(outlet, tx.now),
                today=None if hours is None else channels.openings_of(hours, today),
                opens_at=channels.next_opening(outlet, tx.now),
                ready=offer.ready if offer else {},
            )
        )
        if len(found) == limit:
            break
    return NearYou(sku, found)


async def _shops(tx: Tx, here: Point | None, km: float) -> list[tuple[channels.Outlet, float | None]]:
    if here is None:
        return [(one, None) for one in await channels.outlets(tx, channel="shop", active=True)]
    found = await channels.near(tx, latitude=here.latitude, longitude=here.longitude, km=km, limit=500)
    return [(one.outlet, one.km) for one in found]


async def point_of(tx: Tx, *, country: str, postcode: str) -> Point:
    """About where a postcode is: among the outlets of the country, those that share most of its beginning.

    Raises UnknownPlace.
    """
    wanted = plain(postcode)
    shared: dict[int, list[channels.Outlet]] = {}
    for one in await channels.outlets(tx, active=True):
        if one.country == country and one.latitude is not None and one.postcode:
            shared.setdefault(alike(wanted, plain(one.postcode)), []).append(one)
    best = max(shared, default=0)
    if best < min(FEWEST, len(wanted)) or not wanted:
        raise UnknownPlace(
            f"No outlet in {country} is near {postcode[:20]!r}.", country=country, postcode=postcode[:20]
        )
    several = shared[best]
    return Point(
        sum(one.latitude or 0 for one in several) / len(several),
        sum(one.longitude or 0 for one in several) / len(several),
    )


def plain(postcode: str) -> str:
    return "".join(letter for letter in postcode.upper() if letter.isalnum())


def alike(one: str, other: str) -> int:
    """How many characters they begin with alike."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def word(units: int, limited: int) -> Availability:
    return "out" if units <= 0 else "limited" if units <= limited else "in_stock"
