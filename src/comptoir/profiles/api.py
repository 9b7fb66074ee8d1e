"""`/v1/profiles`: what is known about people. A person is named by any id that ever was hers."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from comptoir import profiles
from comptoir.kernel.auth import allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid
from comptoir.kernel.http import Cursor, Limit, Page, raises
from comptoir.profiles.channel_bits import bits
from comptoir.profiles.people import UnknownPerson, person_by_key
from comptoir.profiles.records import Device, Found, GoldenRecord, Live, Measures, Moment
from comptoir.profiles.timeline import UnknownMoment


class Several(msgspec.Struct, frozen=True):
    """A page of people and how many match in all."""

    items: list[Found]
    next: str | None
    count: int


def listed(name: str) -> Any:
    return QueryParameter(description=name, max_items=50)


Texts = list[Annotated[str, msgspec.Meta(max_length=100)]] | None


@get("/people", guards=[allow("profiles:read")], responses=raises(Invalid))
async def list_people(
    tx: NamedDependency[Tx],
    state: State,
    q: Annotated[str, QueryParameter(description="An identifier, or beginnings of a name.", max_length=200)] = "",
    channel: Annotated[Texts, listed("Seen or bought in all of these channels.")] = None,
    shop: Annotated[list[int] | None, listed("Bought in one of these outlets.")] = None,
    seen_since: Annotated[datetime | None, QueryParameter(description="Last seen at or after this moment.")] = None,
    spend_from: Annotated[int | None, QueryParameter(description="Lifetime spend, minor units.")] = None,
    spend_to: Annotated[int | None, QueryParameter(description="Lifetime spend, minor units.")] = None,
    has: Annotated[Texts, listed("Has identifiers of all these namespaces.")] = None,
    lacks: Annotated[Texts, listed("Has no identifier of any of these namespaces.")] = None,
    least_channels: Annotated[int | None, QueryParameter(description="In at least so many channels.", ge=0)] = None,
    sort: Annotated[Literal["last_seen", "spend"], QueryParameter(description="Highest first.")] = "last_seen",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Several:
    """People who match all that is asked, with the last 90 days of each."""
    filters = profiles.Filters(
        text=q,
        channels=channel or [],
        shops=[one for one in shop or [] if -(2**15) <= one < 2**15],
        seen_since=seen_since,
        spend_from=within(spend_from),
        spend_to=within(spend_to),
        has=has or [],
        lacks=lacks or [],
        least_channels=within(least_channels, 2**31 - 1),
    )
    found = await profiles.search(
        tx,
        filters=filters,
        sort=sort,
        after=cursor,
        limit=limit,
        currency=state.settings.currency,
        country=state.settings.country,
    )
    return Several(found.people, found.after, found.count)


@get("/people/{key:uuid}", guards=[allow("profiles:read")], responses=raises(UnknownPerson))
async def get_person(tx: NamedDependency[Tx], key: FromPath[UUID]) -> GoldenRecord:
    """The golden record: the best known value of each field, and why."""
    return await profiles.golden_record(tx, person=await person_by_key(tx, key=key))


@get("/people/{key:uuid}/measures", guards=[allow("profiles:read")], responses=raises(UnknownPerson))
async def get_measures(
    tx: NamedDependency[Tx],
    key: FromPath[UUID],
    since: Annotated[date | None, QueryParameter(description="From this day on (UTC); all by default.")] = None,
) -> Measures:
    """A person in figures."""
    return await profiles.measures(tx, person=await person_by_key(tx, key=key), since=since)


@get("/people/{key:uuid}/timeline", guards=[allow("profiles:read")], responses=raises(UnknownPerson, Invalid))
async def get_timeline(
    tx: NamedDependency[Tx],
    key: FromPath[UUID],
    channel: Annotated[Texts, listed("Only these channels.")] = None,
    kind: Annotated[Texts, listed("Only these kinds of moment.")] = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[Moment]:
    """The thread across all channels, newest first."""
    bits(channel or [])
    found = await profiles.timeline(
        tx, person=await person_by_key(tx, key=key), channels=channel, kinds=kind, before=cursor, limit=limit
    )
    return Page(found.moments, found.before)


@get(
    "/people/{key:uuid}/timeline/{position:int}",
    guards=[allow("profiles:read")],
    responses=raises(UnknownPerson, UnknownMoment),
)
async def get_moment(tx: NamedDependency[Tx], key: FromPath[UUID], position: FromPath[int]) -> dict[str, Any]:
    """One moment as the log holds it."""
    if abs(position) >= 2**63:
        raise UnknownMoment(f"No moment has the position {position}.", position=position)
    return await profiles.detail(tx, person=await person_by_key(tx, key=key), position=position)


@get("/people/{key:uuid}/devices", guards=[allow("profiles:read")], responses=raises(UnknownPerson))
async def list_devices(tx: NamedDependency[Tx], key: FromPath[UUID]) -> list[Device]:
    """The devices that acted for a person, most recent first."""
    return await profiles.devices(tx, person=await person_by_key(tx, key=key))


@get("/live", guards=[allow("profiles:read")])
async def get_live(tx: NamedDependency[Tx], state: State) -> Live:
    """The house at this moment: events, people, takings by half-hour."""
    return await profiles.live(tx, time_zone=state.settings.time_zone, currency=state.settings.currency)


def within(number: int | None, most: int = 2**63 - 1) -> int | None:
    """A number that the database can hold; beyond, the nearest one asks the same."""
    return None if number is None else max(-most, min(most, number))


router = Router(
    "/v1/profiles",
    route_handlers=[
        list_people,
        get_person,
        get_measures,
        get_timeline,
        get_moment,
        list_devices,
        get_live,
    ],
    tags=["profiles"],
)
