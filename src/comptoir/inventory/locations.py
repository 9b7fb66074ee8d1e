"""Where stock lies, and the accounts outside from which it comes and to which it goes."""

from collections.abc import Sequence
from typing import LiteralString

from comptoir import channels
from comptoir.inventory import waiting
from comptoir.inventory.errors import UnknownLocation
from comptoir.inventory.ledger import opened
from comptoir.inventory.records import Location, LocationEntry
from comptoir.kernel.db import Tx, rows, texts


async def record_locations(tx: Tx, locations: Sequence[LocationEntry]) -> list[Location]:
    """Make them or change them, by code; who waits is told of what comes free where one opens or keeps less back.

    Raises UnknownOutlet, UnknownTimeZone, UnknownCountry.

    One place in a zone that nobody knows would end every look at what may be promised.
    """
    for one in locations:
        if one.time_zone not in channels.time_zones():
            raise channels.UnknownTimeZone(
                f"{one.code}: {one.time_zone!r} is not an IANA zone like Europe/Paris.", location=one.code
            )
        if one.country and one.country not in channels.countries():
            raise channels.UnknownCountry(
                f"{one.code}: {one.country!r} is not an ISO 3166-1 code like FR.", location=one.code
            )
    outlets = {one.code: one for one in await channels.outlets(tx)} if any(one.outlet for one in locations) else {}
    for one in locations:
        if one.outlet and one.outlet not in outlets:
            raise channels.UnknownOutlet(f"No outlet has the code {one.outlet!r}.", code=one.outlet)
    given = [
        {
            **{name: getattr(one, name) for name in one.__struct_fields__},
            "outlet_id": outlets[one.outlet].outlet_id if one.outlet else None,
        }
        for one in locations
    ]
    await tx.run(waiting.NOBODY_ASKS)
    opening = {(variant, place): sold for variant, place, sold in await tx.tuples(OPENING, locations=rows(given))}
    await opened(tx, set(opening))
    before = await waiting.free(tx, opening)
    await tx.run(RECORD, locations=rows(given))
    await waiting.tell(tx, waiting.more(
        {key: units if opening[key] else 0 for key, units in before.items()}, await waiting.free(tx, opening)
    ))  # fmt: skip
    return await by_code(tx, [one.code for one in locations])


# What somebody waits for and lies where more may be sold from now on, and whether anything of it is sold there now.
OPENING: LiteralString = f"""
    SELECT b.variant_id, b.location_id, {waiting.SELLS}
    FROM json_to_recordset(%(locations)s::json) AS n (code text, safety integer, active boolean)
    JOIN inventory.location AS l USING (code)
    JOIN inventory.balance AS b USING (location_id)
    WHERE n.active AND (NOT ({waiting.SELLS}) OR n.safety < l.safety)
      AND EXISTS (SELECT FROM inventory.ask AS a
                  WHERE a.variant_id = b.variant_id AND a.told_at IS NULL AND a.withdrawn_at IS NULL)
"""  # noqa: S608 constants

RECORD = """
    INSERT INTO inventory.location AS l (code, kind, name, outlet_id, country, latitude, longitude, time_zone, methods,
        safety, lead_minutes, cut_off, daily_capacity, active)
    SELECT code, kind, name, outlet_id, country, latitude, longitude, time_zone,
           ARRAY(SELECT json_array_elements_text(methods)), safety, lead_minutes, cut_off, daily_capacity, active
    FROM json_to_recordset(%(locations)s::json) AS n (code text, kind text, name text, outlet_id smallint, country text,
        latitude double precision, longitude double precision, time_zone text, methods json, safety integer,
        lead_minutes integer, cut_off time, daily_capacity integer, active boolean)
    ORDER BY code
    ON CONFLICT (code) DO UPDATE SET kind = excluded.kind, name = excluded.name, outlet_id = excluded.outlet_id,
        country = excluded.country, latitude = excluded.latitude, longitude = excluded.longitude,
        time_zone = excluded.time_zone, methods = excluded.methods, safety = excluded.safety,
        lead_minutes = excluded.lead_minutes, cut_off = excluded.cut_off, daily_capacity = excluded.daily_capacity,
        active = excluded.active
"""


async def locations(tx: Tx) -> list[Location]:
    """Those inside the house, by code."""
    return await tx.many(Location, ALL)


async def by_code(tx: Tx, codes: Sequence[str]) -> list[Location]:
    """In the order asked. Raises UnknownLocation."""
    found = {one.code: one for one in await tx.many(Location, NAMED, codes=texts(list(codes)))}
    if unknown := [code for code in codes if code not in found]:
        raise UnknownLocation(f"No location has the code {unknown[0]!r}.", codes=unknown)
    return [found[code] for code in codes]


SELECT: LiteralString = """
    SELECT l.location_id, l.code, l.kind, l.name, l.outlet_id, coalesce(o.code, '') AS outlet,
           coalesce(nullif(o.country, ''), l.country) AS country, coalesce(o.latitude, l.latitude) AS latitude,
           coalesce(o.longitude, l.longitude) AS longitude, coalesce(o.time_zone, l.time_zone) AS time_zone, l.methods,
           l.safety, l.lead_minutes, l.cut_off, l.daily_capacity, l.active
    FROM inventory.location AS l LEFT JOIN channels.v_outlet AS o USING (outlet_id)
    WHERE l.location_id > 3
"""
ALL: LiteralString = f"{SELECT} ORDER BY l.code"
NAMED: LiteralString = f"{SELECT} AND l.code = ANY(%(codes)s::text[])"
