"""`/v1/channels`: outlets, their sources and write keys, and what is near."""

from typing import Annotated

import msgspec
from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter

from comptoir import channels
from comptoir.channels.errors import (
    BadOpeningHours,
    BadPosition,
    OutletExists,
    RepeatedCode,
    SourceExists,
    UnknownCountry,
    UnknownCurrency,
    UnknownOutlet,
    UnknownSource,
    UnknownTimeZone,
)
from comptoir.channels.records import Channel, Code, Near, Outlet, OutletEntry, Source
from comptoir.kernel.auth import allow
from comptoir.kernel.db import Tx
from comptoir.kernel.http import Cursor, Limit, Page, page, place_of, raises

OutletCode = Annotated[str, PathParameter(description="The retailer's own number of it.", max_length=60)]
OneChannel = Annotated[Channel | None, QueryParameter(description="Only outlets of this channel.")]

MAX_BODY = 4 * 1024 * 1024
"""Bytes; a thousand outlets with opening hours and exceptions."""

BAD_OUTLET = (UnknownTimeZone, UnknownCurrency, UnknownCountry, BadOpeningHours, BadPosition)


@get("/outlets", guards=[allow("channels:read")])
async def list_outlets(
    tx: NamedDependency[Tx], channel: OneChannel = None, cursor: Cursor = "", limit: Limit = 100
) -> Page[Outlet]:
    """All outlets by code, or those of one channel."""
    after = place_of(cursor, str)
    found = await channels.outlets(tx, channel=channel, after=after[0] if after else "", limit=limit + 1)
    return page(found, limit, lambda outlet: [outlet.code])


@get("/outlets/{code:str}", guards=[allow("channels:read")], responses=raises(UnknownOutlet))
async def get_outlet(tx: NamedDependency[Tx], code: OutletCode) -> Outlet:
    """One outlet."""
    return await channels.outlet(tx, code=code)


@post("/outlets", guards=[allow("channels:write")], responses=raises(OutletExists, *BAD_OUTLET))
async def add_outlet(tx: NamedDependency[Tx], data: JSONBody[OutletEntry]) -> Outlet:
    """Record a new outlet."""
    return await channels.add_outlet(tx, outlet=data)


class Outlets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A list of outlets to record together."""

    outlets: Annotated[list[OutletEntry], msgspec.Meta(min_length=1, max_length=1000)]


@put(
    "/outlets",
    guards=[allow("channels:write")],
    request_max_body_size=MAX_BODY,
    responses=raises(RepeatedCode, *BAD_OUTLET),
)
async def record_outlets(tx: NamedDependency[Tx], data: JSONBody[Outlets]) -> list[Outlet]:
    """Record up to 1,000 outlets, all or none. A known code is replaced."""
    return await channels.record_outlets(tx, outlets=data.outlets)


@get("/near", guards=[allow("channels:read")])
async def list_near(
    tx: NamedDependency[Tx],
    lat: Annotated[float, QueryParameter(description="Degrees north (WGS 84).", ge=-90, le=90)],
    lon: Annotated[float, QueryParameter(description="Degrees east (WGS 84).", ge=-180, le=180)],
    km: Annotated[float, QueryParameter(description="Kilometres around.", gt=0, le=20_100)] = 50,
    channel: Annotated[Channel, QueryParameter(description="Outlets of this channel.")] = "shop",
    limit: Limit = 20,
) -> list[Near]:
    """Active outlets around a point, nearest first, as the crow flies."""
    return await channels.near(tx, latitude=lat, longitude=lon, km=km, channel=channel, limit=limit)


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """A source as the API shows it: without its salt."""

    source_id: int
    outlet: Code
    channel: Channel
    name: str
    trust: float
    enabled: bool
    write_key: str

    @classmethod
    def of(cls, source: Source) -> "SourceView":
        return cls(
            source_id=source.source_id,
            outlet=source.outlet_code,
            channel=source.channel,
            name=source.name,
            trust=source.trust,
            enabled=source.enabled,
            write_key=source.write_key,
        )


Trust = Annotated[float, msgspec.Meta(ge=0, le=1)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
SourceId = Annotated[int, PathParameter(ge=1, le=32_767)]


class SourceEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new source. `trust`, 0 to 1, weighs its word against that of others."""

    name: Name
    outlet: Code
    trust: Trust = 1.0


class SourceChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a source; what is left out stays."""

    name: Name | None = None
    trust: Trust | None = None
    enabled: bool | None = None


@get("/sources", guards=[allow("channels:read")])
async def list_sources(tx: NamedDependency[Tx]) -> list[SourceView]:
    """All sources with their newest write key."""
    return [SourceView.of(source) for source in await channels.sources(tx)]


@post("/sources", guards=[allow("channels:write")], responses=raises(UnknownOutlet, SourceExists))
async def add_source(tx: NamedDependency[Tx], data: JSONBody[SourceEntry]) -> SourceView:
    """A new source with its first write key."""
    return SourceView.of(await channels.add_source(tx, name=data.name, outlet=data.outlet, trust=data.trust))


@put("/sources/{source_id:int}", guards=[allow("channels:write")], responses=raises(UnknownSource, SourceExists))
async def change_source(tx: NamedDependency[Tx], source_id: SourceId, data: JSONBody[SourceChange]) -> SourceView:
    """Rename a source, change its trust, or switch it off."""
    changed = await channels.change_source(
        tx, source_id=source_id, name=data.name, trust=data.trust, enabled=data.enabled
    )
    return SourceView.of(changed)


@post("/sources/{source_id:int}/rotation", guards=[allow("channels:admin")], responses=raises(UnknownSource))
async def rotate_write_key(tx: NamedDependency[Tx], source_id: SourceId) -> SourceView:
    """A new write key. The old ones stay live for thirty days."""
    return SourceView.of(await channels.rotate(tx, source_id=source_id))


router = Router(
    "/v1/channels",
    route_handlers=[
        list_outlets,
        get_outlet,
        add_outlet,
        record_outlets,
        list_near,
        list_sources,
        add_source,
        change_source,
        rotate_write_key,
    ],
    tags=["channels"],
)
