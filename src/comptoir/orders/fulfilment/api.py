"""/v1/orders/fulfilments: what shops and warehouses do for the orders of all channels.

Every route answers with the work as it stands. Asked again, an act is done once.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.datastructures import State as AppState
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from comptoir import inventory
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal
from comptoir.kernel.http import Cursor, Limit, Page, page, place_of, raises
from comptoir.orders import rights
from comptoir.orders.errors import NotYourOrder, NotYourPlace, UnknownTask
from comptoir.orders.fulfilment import waves, works
from comptoir.orders.fulfilment.asked import (
    Accepting,
    HandingOver,
    NewWave,
    Packing,
    Picking,
    Rejecting,
    Sending,
    Shelving,
    Shipping,
    Substituting,
)
from comptoir.orders.fulfilment.errors import (
    BadParcelNumber,
    BadPieces,
    NothingPicked,
    NotPicked,
    NotReplaceable,
    UnknownFulfilment,
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
    Ready,
    Reject,
    Send,
    State,
    Substitute,
    Wave,
)
from comptoir.orders.tasks import Task
from comptoir.orders.tasks import close_task as close
from comptoir.orders.tasks import tasks as tasks_of

LIVE: tuple[State, ...] = ("coming", "open", "accepted", "ready")
AGES = datetime.fromisoformat("9999-01-01T00:00:00+00:00")


class Life(msgspec.Struct, frozen=True):
    """What became of an order: its work, what has left, what was done."""

    fulfilments: list[Fulfilment]
    parcels: list[Parcel]
    history: list[Done]


@get(guards=[allow("orders:read")])
async def list_fulfilments(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    location: Annotated[str, QueryParameter(description="Code of the location; empty for all.", max_length=100)] = "",
    stage: Annotated[State | None, QueryParameter(description="Only in this state; empty: all that is open.")] = None,
    method: Annotated[str, QueryParameter(description="ship, collect or transfer; empty for all.", max_length=10)] = "",
    late: Annotated[bool, QueryParameter(description="Only what was not ready in time.")] = False,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[Fulfilment]:
    """The work of a location, what is due first first; who acts for some outlets sees that of their locations."""
    found = await works.fulfilments(
        tx, location=location, states=[stage] if stage else LIVE, method=method, late=late,
        after=place_of(cursor, datetime, int), limit=limit + 1, outlets=actor.outlets,
    )  # fmt: skip
    return page(found, limit, lambda one: (one.due_at or AGES, one.fulfilment_id))


@get("/{fulfilment_id:int}", guards=[allow("orders:read")], responses=raises(NotYourOrder, UnknownFulfilment))
async def get_fulfilment(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], fulfilment_id: FromPath[int]
) -> Fulfilment:
    """The work of one location for one order."""
    found = await works.fulfilment(tx, fulfilment_id=fulfilment_id)
    await rights.must_touch(tx, actor, order_id=found.order_id)
    return found


@get("/of/{order_id:uuid}", guards=[allow("orders:read")], responses=raises(NotYourOrder))
async def get_life(tx: NamedDependency[Tx], actor: NamedDependency[Actor], order_id: FromPath[UUID]) -> Life:
    """All work for an order, its parcels, and what was done. Who came for it: only with `profiles:read`."""
    await rights.must_touch(tx, actor, order_id=order_id)
    parcels = await works.parcels(tx, order_id=order_id)
    if not actor.may("profiles:read"):
        parcels = [msgspec.structs.replace(one, proof=None) for one in parcels]
    return Life(await works.fulfilments_of(tx, order_id=order_id), parcels, await works.history(tx, order_id=order_id))


@post(
    "/{fulfilment_id:int}/accept",
    guards=[allow("orders:write")],
    responses=raises(NotYourPlace, UnknownFulfilment, WrongState),
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
    responses=raises(NotYourPlace, UnknownFulfilment, WrongState, BadPieces),
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
    responses=raises(NotYourPlace, UnknownFulfilment, WrongState, BadPieces, NothingPicked),
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
    responses=raises(NotYourPlace, UnknownFulfilment, WrongState, BadPieces, NothingPicked),
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
    responses=raises(NotYourPlace, UnknownFulfilment, WrongState, BadPieces),
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
    "/{fulfilment_id:int}/substitute",
    guards=[allow("orders:write")],
    responses=raises(
        NotYourPlace,
        UnknownFulfilment,
        WrongState,
        BadPieces,
        NotReplaceable,
        inventory.UnknownVariant,
        inventory.InsufficientStock,
    ),
    status_code=HTTP_200_OK,
)
async def substitute(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    state: AppState,
    fulfilment_id: FromPath[int],
    data: JSONBody[Substituting],
) -> Fulfilment:
    """Another article in the place of one that is not to be had, if the customer or the house allows it. She pays what
    it costs, and never more than for what it replaces.
    """
    act = Substitute(
        fulfilment_id=fulfilment_id,
        line=data.line,
        pieces=data.pieces,
        sku=data.sku,
        reason=data.reason,
        rule=state.settings.replace_articles,
        reference=data.reference,
        actor=str(actor.id),
    )
    return await done(tx, act, actor)


@post(
    "/{fulfilment_id:int}/pack",
    guards=[allow("orders:write")],
    responses=raises(NotYourPlace, UnknownFulfilment, WrongState, BadParcelNumber),
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
    responses=raises(NotYourPlace, UnknownFulfilment, WrongState, NotPicked, NothingPicked),
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
    responses=raises(NotYourPlace, UnknownFulfilment, WrongState, NothingPicked),
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
    responses=raises(NotYourPlace, UnknownFulfilment, WrongState),
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


@get("/waves/{wave_id:int}", guards=[allow("orders:read")], responses=raises(NotYourPlace))
async def get_wave(tx: NamedDependency[Tx], actor: NamedDependency[Actor], wave_id: FromPath[int]) -> Wave:
    """A walk: what is to be picked for whom, in the order of the shelves."""
    found = await waves.wave(tx, wave_id=wave_id)
    for one in found.fulfilments:
        await rights.must_work_at(tx, actor, fulfilment_id=one)
    return found


@get("/tasks", guards=[allow("orders:read")])
async def list_tasks(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    location: Annotated[str, QueryParameter(description="Code of the location; empty for all.", max_length=100)] = "",
    order_id: Annotated[UUID | None, QueryParameter(description="Only of this order.")] = None,
    closed: Annotated[bool, QueryParameter(description="Those that were looked at.")] = False,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[Task]:
    """What somebody must look at, the oldest first; who acts for some outlets sees what is theirs."""
    after = place_of(cursor, datetime, int)
    found = await tasks_of(
        tx, location=location, order_id=order_id, closed=closed, after=after, limit=limit + 1, outlets=actor.outlets
    )
    return page(found, limit, lambda one: (one.opened_at, one.task_id))


@post(
    "/tasks/{task_id:int}/close",
    guards=[allow("orders:write")],
    responses=raises(NotYourPlace, UnknownTask),
    status_code=HTTP_200_OK,
)
async def close_task(tx: NamedDependency[Tx], actor: NamedDependency[Actor], task_id: FromPath[int]) -> Task:
    """It was looked at."""
    await rights.must_look_into(tx, actor, task_id=task_id)
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
        *(list_fulfilments, get_fulfilment, get_life, accept, pick, reject, substitute, pack, ready, hand_over),
        *(ship, send, arrive),
        *(start_wave, get_wave, list_tasks, close_task),
    ],
    tags=["orders"],
)
