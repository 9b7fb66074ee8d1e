"""/v1/orders/fulfilments: what shops and warehouses do for the orders of all channels.

Every route answers with the work as it stands. Asked again, an act is done once.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal
from comptoir.kernel.http import Cursor, Limit, Page, page, place_of, raises
from comptoir.orders import rights
from comptoir.orders.errors import NotYourPlace
from comptoir.orders.fulfilment import waves, works
from comptoir.orders.fulfilment.errors import (
    BadParcelNumber,
    BadPieces,
    NothingPicked,
    NotPicked,
    UnknownFulfilment,
    UnknownTask,
    WrongState,
)
from comptoir.orders.fulfilment.floor import run
from comptoir.orders.fulfilment.records import (
    Accept,
    Act,
    Arrive,
    Done,
    Fulfilment,
    HandOver,
    Pack,
    Parcel,
    Pick,
    Pieces,
    Proof,
    Ready,
    Reject,
    Send,
    State,
    Task,
    Wave,
    Word,
)
from comptoir.orders.fulfilment.tasks import close_task as close
from comptoir.orders.fulfilment.tasks import tasks as tasks_of

Lines = Annotated[tuple[Pieces, ...], msgspec.Meta(max_length=200)]
LIVE: tuple[State, ...] = ("coming", "open", "accepted", "ready")
AGES = datetime.fromisoformat("9999-01-01T00:00:00+00:00")


class Accepting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who walks for it, if that is known."""

    picker: Word = ""


class Picking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many pieces of each line are in the box now."""

    picked: Lines


class HandingOver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What leaves, all that is picked if nothing is said; and how the collector showed that she may have it."""

    lines: Lines | None = None
    proof: Proof | None = None
    reference: Word = ""


class Shipping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the carrier takes, all that is picked if nothing is said."""

    carrier: Word = ""
    tracking: Word = ""
    sscc: Word = ""
    lines: Lines | None = None
    reference: Word = ""


class Rejecting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which pieces are not given, all that are open if nothing is said; and what becomes of those nobody has."""

    reason: Literal["not_found", "damaged", "display", "declined", "lost"]
    lines: Lines | None = None
    otherwise: Literal["cancel", "wait"] = "cancel"
    reference: Word = ""


class Packing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parcel."""

    carrier: Word = ""
    tracking: Word = ""
    sscc: Word = ""


class Shelving(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where it waits, and for how long."""

    shelf: Word = ""
    keep_days: Annotated[int, msgspec.Meta(ge=1, le=90)] = 7


class Sending(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By whom it goes."""

    carrier: Word = ""
    tracking: Word = ""


class NewWave(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which work is picked in one walk: that named, or what is due first."""

    location: Word
    fulfilments: Annotated[list[int], msgspec.Meta(max_length=200)] = []
    most: Annotated[int, msgspec.Meta(ge=1, le=200)] = 20
    picker: Word = ""


class Life(msgspec.Struct, frozen=True):
    """What became of an order: its work, what has left, what was done."""

    fulfilments: list[Fulfilment]
    parcels: list[Parcel]
    history: list[Done]


@get(guards=[allow("orders:read")])
async def list_fulfilments(
    tx: NamedDependency[Tx],
    location: Annotated[str, QueryParameter(description="Code of the location; empty for all.", max_length=100)] = "",
    stage: Annotated[State | None, QueryParameter(description="Only in this state; empty: all that is open.")] = None,
    method: Annotated[str, QueryParameter(description="ship, collect or transfer; empty for all.", max_length=10)] = "",
    late: Annotated[bool, QueryParameter(description="Only what was not ready in time.")] = False,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[Fulfilment]:
    """The work of a location, what is due first first."""
    found = await works.fulfilments(
        tx, location=location, states=[stage] if stage else LIVE, method=method, late=late,
        after=place_of(cursor, datetime, int), limit=limit + 1,
    )  # fmt: skip
    return page(found, limit, lambda one: (one.due_at or AGES, one.fulfilment_id))


@get("/{fulfilment_id:int}", guards=[allow("orders:read")], responses=raises(UnknownFulfilment))
async def get_fulfilment(tx: NamedDependency[Tx], fulfilment_id: FromPath[int]) -> Fulfilment:
    """The work of one location for one order."""
    return await works.fulfilment(tx, fulfilment_id=fulfilment_id)


@get("/of/{order_id:uuid}", guards=[allow("orders:read")])
async def get_life(tx: NamedDependency[Tx], order_id: FromPath[UUID]) -> Life:
    """All work for an order, its parcels, and what was done. Personal."""
    return Life(
        await works.fulfilments_of(tx, order_id=order_id),
        await works.parcels(tx, order_id=order_id),
        await works.history(tx, order_id=order_id),
    )


@post(
    "/{fulfilment_id:int}/accept",
    guards=[allow("orders:write")],
    responses=raises(UnknownFulfilment, NotYourPlace, WrongState),
    status_code=HTTP_200_OK,
)
async def accept(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], fulfilment_id: FromPath[int], data: JSONBody[Accepting]
) -> Fulfilment:
    """Take it on."""
    return await done(tx, Accept(fulfilment_id=fulfilment_id, picker=data.picker, actor=str(actor.id)), actor)


@post(
    "/{fulfilment_id:int}/pick",
    guards=[allow("orders:write")],
    responses=raises(UnknownFulfilment, NotYourPlace, WrongState, BadPieces),
    status_code=HTTP_200_OK,
)
async def pick(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], fulfilment_id: FromPath[int], data: JSONBody[Picking]
) -> Fulfilment:
    """Say how many pieces are in the box now."""
    return await done(tx, Pick(fulfilment_id=fulfilment_id, picked=data.picked, actor=str(actor.id)), actor)


@post(
    "/{fulfilment_id:int}/hand-over",
    guards=[allow("orders:write")],
    responses=raises(UnknownFulfilment, NotYourPlace, WrongState, BadPieces, NothingPicked),
    status_code=HTTP_200_OK,
)
async def hand_over(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], fulfilment_id: FromPath[int], data: JSONBody[HandingOver]
) -> Fulfilment:
    """The customer has it, or somebody for her: the goods leave, the money is taken, the sale is recorded."""
    act = HandOver(
        fulfilment_id=fulfilment_id, lines=data.lines, proof=data.proof, reference=data.reference, actor=str(actor.id)
    )
    return await done(tx, act, actor)


@post(
    "/{fulfilment_id:int}/ship",
    guards=[allow("orders:write")],
    responses=raises(UnknownFulfilment, NotYourPlace, WrongState, BadPieces, NothingPicked),
    status_code=HTTP_200_OK,
)
async def ship(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], fulfilment_id: FromPath[int], data: JSONBody[Shipping]
) -> Fulfilment:
    """A carrier has it: the goods leave, the money is taken, the sale is recorded."""
    act = HandOver(
        fulfilment_id=fulfilment_id,
        lines=data.lines,
        carrier=data.carrier,
        tracking=data.tracking,
        sscc=data.sscc,
        reference=data.reference,
        actor=str(actor.id),
    )
    return await done(tx, act, actor)


@post(
    "/{fulfilment_id:int}/reject",
    guards=[allow("orders:write")],
    responses=raises(UnknownFulfilment, NotYourPlace, WrongState, BadPieces),
    status_code=HTTP_200_OK,
)
async def reject(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], fulfilment_id: FromPath[int], data: JSONBody[Rejecting]
) -> Fulfilment:
    """Pieces that are not given, and why: they are promised from elsewhere at once, or cancelled, or waited for."""
    act = Reject(
        fulfilment_id=fulfilment_id,
        lines=data.lines,
        reason=data.reason,
        otherwise=data.otherwise,
        reference=data.reference,
        actor=str(actor.id),
    )
    return await done(tx, act, actor)


@post(
    "/{fulfilment_id:int}/pack",
    guards=[allow("orders:write")],
    responses=raises(UnknownFulfilment, NotYourPlace, WrongState, BadParcelNumber),
    status_code=HTTP_200_OK,
)
async def pack(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], fulfilment_id: FromPath[int], data: JSONBody[Packing]
) -> Fulfilment:
    """It is in a parcel: by whom it goes, and its number."""
    act = Pack(
        fulfilment_id=fulfilment_id, carrier=data.carrier, tracking=data.tracking, sscc=data.sscc, actor=str(actor.id)
    )
    return await done(tx, act, actor)


@post(
    "/{fulfilment_id:int}/ready",
    guards=[allow("orders:write")],
    responses=raises(UnknownFulfilment, NotYourPlace, WrongState, NotPicked, NothingPicked),
    status_code=HTTP_200_OK,
)
async def ready(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], fulfilment_id: FromPath[int], data: JSONBody[Shelving]
) -> Fulfilment:
    """Everything is picked and waits on a shelf."""
    act = Ready(fulfilment_id=fulfilment_id, shelf=data.shelf, keep_days=data.keep_days, actor=str(actor.id))
    return await done(tx, act, actor)


@post(
    "/{fulfilment_id:int}/send",
    guards=[allow("orders:write")],
    responses=raises(UnknownFulfilment, NotYourPlace, WrongState, NothingPicked),
    status_code=HTTP_200_OK,
)
async def send(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], fulfilment_id: FromPath[int], data: JSONBody[Sending]
) -> Fulfilment:
    """What is picked leaves for the location where it is collected."""
    act = Send(fulfilment_id=fulfilment_id, carrier=data.carrier, tracking=data.tracking, actor=str(actor.id))
    return await done(tx, act, actor)


@post(
    "/{fulfilment_id:int}/arrive",
    guards=[allow("orders:write")],
    responses=raises(UnknownFulfilment, NotYourPlace, WrongState),
    status_code=HTTP_200_OK,
)
async def arrive(tx: NamedDependency[Tx], actor: NamedDependency[Actor], fulfilment_id: FromPath[int]) -> Fulfilment:
    """What was under way is here."""
    return await done(tx, Arrive(fulfilment_id=fulfilment_id, actor=str(actor.id)), actor)


@post("/waves", guards=[allow("orders:write")], responses=raises(NotYourPlace, WrongState), status_code=HTTP_200_OK)
async def start_wave(tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[NewWave]) -> Wave:
    """Take on the work of a location that is due first, to be picked in one walk."""
    await rights.must_be_at(tx, actor, location=data.location)
    for one in data.fulfilments:
        await rights.must_work_at(tx, actor, fulfilment_id=one)
    return await waves.start_wave(
        tx, location=data.location, fulfilments=data.fulfilments, most=data.most, picker=data.picker,
        actor=str(actor.id),
    )  # fmt: skip


@get("/waves/{wave_id:int}", guards=[allow("orders:read")])
async def get_wave(tx: NamedDependency[Tx], wave_id: FromPath[int]) -> Wave:
    """A walk: what is to be picked for whom, in the order of the shelves."""
    return await waves.wave(tx, wave_id=wave_id)


@get("/tasks", guards=[allow("orders:read")])
async def list_tasks(
    tx: NamedDependency[Tx],
    location: Annotated[str, QueryParameter(description="Code of the location; empty for all.", max_length=100)] = "",
    order_id: Annotated[UUID | None, QueryParameter(description="Only of this order.")] = None,
    closed: Annotated[bool, QueryParameter(description="Those that were looked at.")] = False,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[Task]:
    """What somebody must look at, the oldest first."""
    after = place_of(cursor, datetime, int)
    found = await tasks_of(tx, location=location, order_id=order_id, closed=closed, after=after, limit=limit + 1)
    return page(found, limit, lambda one: (one.opened_at, one.task_id))


@post(
    "/tasks/{task_id:int}/close",
    guards=[allow("orders:write")],
    responses=raises(UnknownTask),
    status_code=HTTP_200_OK,
)
async def close_task(tx: NamedDependency[Tx], actor: NamedDependency[Actor], task_id: FromPath[int]) -> Task:
    """It was looked at."""
    return await close(tx, task_id=task_id, actor=str(actor.id))


async def done(tx: Tx, act: Act, by: Actor) -> Fulfilment:
    """The work as it stands then. Raises why it was refused."""
    await rights.must_work_at(tx, by, fulfilment_id=act.fulfilment_id)
    (answer,) = await run(tx, [act])
    if isinstance(answer, Refusal):
        raise answer
    return answer


router = Router(
    "/v1/orders/fulfilments",
    route_handlers=[
        *(list_fulfilments, get_fulfilment, get_life, accept, pick, reject, pack, ready, hand_over, ship, send, arrive),
        *(start_wave, get_wave, list_tasks, close_task),
    ],
    tags=["orders"],
)
