"""Outlets: the places where the retailer meets customers. A code names one; recording it again replaces it."""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from zoneinfo import available_timezones

from comptoir.channels.errors import (
    BadPosition,
    OutletExists,
    RepeatedCode,
    UnknownCountry,
    UnknownCurrency,
    UnknownOutlet,
    UnknownTimeZone,
)
from comptoir.channels.hours import check_hours
from comptoir.channels.records import Channel, Near, Outlet, OutletEntry
from comptoir.kernel.db import Tx, rows, texts


async def record_outlets(tx: Tx, *, outlets: Sequence[OutletEntry]) -> list[Outlet]:
    """Record many outlets at once, new or known by their code; all or none. Answers in the order asked."""
    await tx.run(LOCK)
    check(outlets)
    entries = rows(sorted(outlets, key=lambda one: one.code))
    # Not ON CONFLICT: it takes an id for each row even where it only updates, and ids are 32,767 for ever.
    await tx.run(REPLACE, outlets=entries)
    await tx.run(ADD, outlets=entries, now=tx.now)
    await tx.run(TELL)
    found = {one.code: one for one in await tx.many(Outlet, BY_CODES, codes=texts(one.code for one in outlets))}
    return [found[one.code] for one in outlets]


async def add_outlet(tx: Tx, *, outlet: OutletEntry) -> Outlet:
    """Record one outlet that must be new."""
    await tx.run(LOCK)
    if await tx.maybe(Outlet, BY_CODES, codes=texts([outlet.code])):
        raise OutletExists(
            f"The code {outlet.code} is taken: choose another, or PUT to replace it.", outlet=outlet.code
        )
    (added,) = await record_outlets(tx, outlets=[outlet])
    return added


LOCK = "SELECT pg_advisory_xact_lock(hashtext('channels.outlet'))"

REPLACE = """
    UPDATE channels.outlet AS o
    SET channel = n.channel, name = n.name, street = n.street, postcode = n.postcode, city = n.city,
        region = n.region, country = n.country, latitude = n.latitude, longitude = n.longitude,
        time_zone = n.time_zone, currency = n.currency, opening_hours = n.opening_hours,
        active = n.active
    FROM json_populate_recordset(NULL::channels.outlet, %(outlets)s::json) AS n
    WHERE o.code = n.code
"""

ADD = """
    INSERT INTO channels.outlet (channel, code, name, street, postcode, city, region, country, latitude, longitude,
                                 time_zone, currency, opening_hours, active, recorded_at)
    SELECT n.channel, n.code, n.name, n.street, n.postcode, n.city, n.region, n.country, n.latitude, n.longitude,
           n.time_zone, n.currency, n.opening_hours, n.active, %(now)s
    FROM json_populate_recordset(NULL::channels.outlet, %(outlets)s::json) AS n
    WHERE NOT EXISTS (SELECT FROM channels.outlet AS o WHERE o.code = n.code)
    ORDER BY n.code
"""

TELL = "NOTIFY comptoir_sources"  # a source carries its outlet's zone and currency

COLUMNS = """
    SELECT outlet_id, channel, code, name, street, postcode, city, region, country, latitude, longitude, time_zone,
           currency, opening_hours, active
    FROM channels.outlet
"""
BY_CODES = COLUMNS + "WHERE code = ANY(%(codes)s::text[])"


async def outlet(tx: Tx, *, code: str) -> Outlet:
    found = await tx.maybe(Outlet, BY_CODES, codes=texts([code]))
    if found is None:
        raise UnknownOutlet(f"No outlet has the code {code!r}.", outlet=code)
    return found


async def outlets(
    tx: Tx, *, channel: Channel | None = None, after: str = "", limit: int = 100_000, active: bool | None = None
) -> list[Outlet]:
    """Outlets by code, of one channel or of all, those after the code `after`."""
    return await tx.many(Outlet, LIST, channel=channel, after=after, limit=limit, active=active)


LIST = (
    COLUMNS
    + """
    WHERE code > %(after)s
      AND (%(channel)s::text IS NULL OR channel = %(channel)s)
      AND (%(active)s::boolean IS NULL OR active = %(active)s)
    ORDER BY code
    LIMIT %(limit)s
"""
)


async def near(
    tx: Tx, *, latitude: float, longitude: float, km: float = 50, channel: Channel = "shop", limit: int = 20
) -> list[Near]:
    """Active outlets within `km` kilometres, nearest first, as the crow flies (haversine; Earth's radius 6371 km)."""
    found = await tx.tuples(NEAR, latitude=latitude, longitude=longitude, km=km, channel=channel, limit=limit)
    known = {one.outlet_id: one for one in await tx.many(Outlet, BY_CODES, codes=texts(code for code, _ in found))}
    by_code = {one.code: one for one in known.values()}
    return [Near(by_code[code], distance) for code, distance in found]


# The band of latitude cuts off most of the world by the index; a degree of latitude is 111.19 km everywhere.
NEAR = """
    SELECT code, km FROM (
        SELECT code, 2 * 6371.0 * asin(least(1, sqrt(
                   sin(radians(latitude - %(latitude)s) / 2) ^ 2
                   + cos(radians(%(latitude)s)) * cos(radians(latitude))
                     * sin(radians(longitude - %(longitude)s) / 2) ^ 2))) AS km
        FROM channels.outlet
        WHERE active AND channel = %(channel)s
          AND latitude BETWEEN %(latitude)s - %(km)s / 111.19 - 0.001 AND %(latitude)s + %(km)s / 111.19 + 0.001
    ) AS distances
    WHERE km <= %(km)s
    ORDER BY km, code
    LIMIT %(limit)s
"""


def check(outlets: Sequence[OutletEntry]) -> None:
    """Refuse what cannot be: unknown zones, currencies, countries, half a position, hours that overlap."""
    repeated = [code for code, times in Counter(one.code for one in outlets).items() if times > 1]
    if repeated:
        raise RepeatedCode(f"{', '.join(repeated[:10])}: each code once.", codes=repeated)
    for one in outlets:
        if one.time_zone not in time_zones():
            raise UnknownTimeZone(
                f"{one.code}: {one.time_zone!r} is not an IANA zone like Europe/Paris.", outlet=one.code
            )
        if one.currency not in currencies():
            raise UnknownCurrency(f"{one.code}: {one.currency!r} is not an ISO 4217 code like EUR.", outlet=one.code)
        if one.country not in countries():
            raise UnknownCountry(f"{one.code}: {one.country!r} is not an ISO 3166-1 code like FR.", outlet=one.code)
        if (one.latitude is None) != (one.longitude is None):
            raise BadPosition(f"{one.code}: give latitude and longitude, or neither.", outlet=one.code)
        if one.opening_hours is not None:
            check_hours(one.opening_hours)


@cache
def time_zones() -> frozenset[str]:
    """The IANA names; reading them from the disk takes a while."""
    return frozenset(available_timezones())


@cache
def currencies() -> frozenset[str]:
    """ISO 4217 codes, as CLDR knows them."""
    from babel.numbers import list_currencies  # noqa: PLC0415  a tenth of a second, for the first outlet only

    return frozenset(list_currencies())


@cache
def countries() -> frozenset[str]:
    """ISO 3166-1 alpha-2 codes: the territories that CLDR gives a currency."""
    from babel.core import get_global  # noqa: PLC0415

    return frozenset(get_global("territory_currencies"))
