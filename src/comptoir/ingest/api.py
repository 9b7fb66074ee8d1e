"""`/v1/ingest`: what came in and what did not, tracking plans, the live tail. (The tracking routes: `tracking`.)"""

import asyncio
from collections.abc import AsyncGenerator
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from litestar import Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage
from litestar.status_codes import HTTP_200_OK

from comptoir import ingest
from comptoir.ingest.errors import BadSchema, DeadLetterSettled, StillBad, UnknownDeadLetter, UnknownPlan
from comptoir.ingest.records import DeadLetter, Outcome, Plan, PlanEntry, Quality, Replayed, Seen
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid, NotFound
from comptoir.kernel.http import READS_ONLY, Cursor, Limit, Page, page, place_of, raises

OneSource = Annotated[int | None, QueryParameter(description="Only events of this source.", ge=1, le=32767)]
ONE_SECOND = 1.0


@get("/dead-letters", guards=[allow("ingest:read")], responses=raises(Invalid))
async def list_dead_letters(
    tx: NamedDependency[Tx],
    source_id: OneSource = None,
    reason: Annotated[str | None, QueryParameter(description="Only those rejected for this.", max_length=60)] = None,
    # `state` is a reserved word of Litestar's.
    became: Annotated[ingest.State, QueryParameter(name="state", description="What became of them.")] = "waiting",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[DeadLetter]:
    """Events that could not be taken, the newest first."""
    before = place_of(cursor, int)
    found = await ingest.dead_letters(
        tx, source_id=source_id, reason=reason, state=became, before=before[0] if before else None, limit=limit + 1
    )
    return page(found, limit, lambda one: [one.dead_letter_id])


@get("/dead-letters/{dead_letter_id:int}", guards=[allow("ingest:read")], responses=raises(UnknownDeadLetter))
async def get_dead_letter(tx: NamedDependency[Tx], dead_letter_id: FromPath[int]) -> DeadLetter:
    """One dead letter."""
    return await ingest.dead_letter(tx, dead_letter_id=_bigint(dead_letter_id))


Ids = Annotated[
    list[Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]],
    msgspec.Meta(min_length=1, max_length=1000, description="Which letters."),
]


class Replay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Letters to hand in again, as they are or, if it is one, mended."""

    dead_letter_ids: Ids
    mended: Annotated[str, msgspec.Meta(max_length=1_048_576)] | None = None
    """The event as it should have been, as JSON."""


@post(
    "/dead-letters/replays",
    guards=[allow("ingest:write")],
    responses=raises(Invalid, UnknownDeadLetter, DeadLetterSettled, StillBad),
    status_code=HTTP_200_OK,
    opt=READS_ONLY,  # the intake writes in transactions of its own
)
async def replay_dead_letters(state: State, actor: NamedDependency[Actor], data: JSONBody[Replay]) -> list[Replayed]:
    """Hand letters in again. What was recorded before counts as a duplicate; what is still bad stays."""
    return await ingest.replay(
        state.db,
        state.intake,
        state.sources,
        dead_letter_ids=sorted(set(data.dead_letter_ids)),
        mended=data.mended,
        by=actor.name,
    )


class Discard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Letters to throw away."""

    dead_letter_ids: Ids


class Discarded(msgspec.Struct, frozen=True):
    """How many were thrown away; those settled before do not count."""

    discarded: int


@post("/dead-letters/discards", guards=[allow("ingest:write")], status_code=HTTP_200_OK)
async def discard_dead_letters(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[Discard]
) -> Discarded:
    """Throw letters away. They are kept with who did it, and no longer wait."""
    return Discarded(await ingest.discard(tx, dead_letter_ids=data.dead_letter_ids, by=actor.name))


@get("/plans", guards=[allow("ingest:read")])
async def list_plans(tx: NamedDependency[Tx]) -> list[Plan]:
    """The newest tracking plan of every source that has one."""
    return await ingest.plans(tx)


@get("/plans/{source_id:int}", guards=[allow("ingest:read")], responses=raises(UnknownPlan))
async def get_plan(
    tx: NamedDependency[Tx],
    source_id: FromPath[int],
    version: Annotated[int | None, QueryParameter(description="The newest if none is named.", ge=1, lt=2**31)] = None,
) -> Plan:
    """The tracking plan of one source."""
    return await ingest.plan(tx, source_id=_smallint(source_id), version=version)


@get("/plans/{source_id:int}/versions", guards=[allow("ingest:read")])
async def list_plan_versions(tx: NamedDependency[Tx], source_id: FromPath[int]) -> list[Plan]:
    """All versions of a source's plan, the newest first."""
    return await ingest.versions(tx, source_id=_smallint(source_id))


@post("/plans/{source_id:int}", guards=[allow("ingest:write")], responses=raises(BadSchema, NotFound))
async def save_plan(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    state: State,
    source_id: FromPath[int],
    data: JSONBody[PlanEntry],
) -> Plan:
    """Make this the next version of a source's plan. It is in force within two seconds."""
    if state.sources.by_id(_smallint(source_id)) is None:
        raise NotFound(f"No source has the id {source_id}.", source_id=source_id)
    return await ingest.save_plan(tx, source_id=source_id, entry=data, made_by=actor.name)


@get("/quality", guards=[allow("ingest:read")], responses=raises(Invalid))
async def get_quality(
    tx: NamedDependency[Tx],
    since: Annotated[date, QueryParameter(description="First UTC day.")],
    until: Annotated[date | None, QueryParameter(description="Last UTC day; today if none is named.")] = None,
    source_id: OneSource = None,
) -> list[Quality]:
    """How many events each source sent on each day, by event, outcome and reason."""
    return await ingest.quality(tx, since=since, until=until, source_id=source_id)


@get("/tail", guards=[allow("ingest:read")])
async def get_tail(
    tx: NamedDependency[Tx],
    after: Annotated[datetime | None, QueryParameter(description="Only those recorded later.")] = None,
    source_id: OneSource = None,
    outcome: Annotated[Outcome | None, QueryParameter(description="accepted or rejected; both if empty.")] = None,
    limit: Limit = 50,
) -> list[Seen]:
    """What came in just now, the newest first."""
    return await ingest.tail(
        tx,
        limit=limit,
        after=_aware(after),
        source_id=source_id,
        outcomes=[outcome] if outcome else ["accepted", "rejected"],
    )


@get("/tail/stream", guards=[allow("ingest:read")], include_in_schema=False)
async def stream_tail(state: State, source_id: OneSource = None) -> ServerSentEvent:
    """The same as server-sent events, once a second, until the reader goes away."""
    return ServerSentEvent(_stream(state, source_id))


async def _stream(state: Any, source_id: int | None) -> AsyncGenerator[ServerSentEventMessage]:
    latest: datetime | None = None
    while True:
        async with state.db.reading() as tx:
            found = await ingest.tail(tx, limit=100, after=latest or tx.now, source_id=source_id)
            latest = max([one.recorded_at for one in found], default=latest or tx.now)
        for one in reversed(found):
            yield ServerSentEventMessage(data=msgspec.json.encode(one).decode(), event=one.outcome)
        if not found:
            yield ServerSentEventMessage(comment="still here")
        await asyncio.sleep(ONE_SECOND)


def _aware(moment: datetime | None) -> datetime | None:
    if moment is not None and moment.tzinfo is None:
        raise Invalid("A moment needs its zone: 2026-11-21T10:00:00Z.", after=str(moment))
    return moment


def _smallint(number: int) -> int:
    if not 0 < number < 2**15:
        raise NotFound(f"No source has the id {number}.")
    return number


def _bigint(number: int) -> int:
    if not 0 < number < 2**63:
        raise UnknownDeadLetter(f"No dead letter has the id {number}.")
    return number


router = Router(
    "/v1/ingest",
    route_handlers=[
        list_dead_letters,
        get_dead_letter,
        replay_dead_letters,
        discard_dead_letters,
        list_plans,
        get_plan,
        list_plan_versions,
        save_plan,
        get_quality,
        get_tail,
        stream_tail,
    ],
    tags=["ingest"],
)
