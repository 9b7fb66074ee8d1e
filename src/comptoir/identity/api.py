"""`/v1/identity`: who somebody is and why; merging, parting and undoing by hand; kinds of identifier."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, delete, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, PathParameter, QueryParameter

from comptoir.identity import explain, journal, merges, namespaces, people, retractions, rulebook, splits, tasks, undos
from comptoir.identity.errors import (
    BadPattern,
    KeptApart,
    NamespaceExists,
    NotConnected,
    NothingToRetract,
    NotUndoable,
    ReferenceTaken,
    SharedByMany,
    Superseded,
    UnknownIdentifier,
    UnknownNamespace,
    UnknownOperation,
    UnknownPerson,
    UnknownTask,
    UnusableIdentifier,
)
from comptoir.identity.journal import Operation
from comptoir.identity.normalise import Blocked, Cleaner, Refused
from comptoir.identity.realtime.api import ROUTES as REALTIME
from comptoir.identity.records import Identifier, Namespace, Person
from comptoir.identity.rulebook import BlockedEntry, NamespaceEntry
from comptoir.identity.testimony import Scope
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.http import Cursor, Limit, Page, page, place_of, raises

NODE_MOST = 2**63 - 1
Name = Annotated[str, QueryParameter(description="`email`, `phone`, `user_id`, …", max_length=63)]
Value = Annotated[str, QueryParameter(description="As written anywhere; it is normalised.", max_length=512)]
Country = Annotated[
    str | None,
    QueryParameter(
        description="ISO 3166, to read a national phone number; the installation's by default.",
        pattern="^[A-Za-z]{2}$",
    ),
]
NodeId = Annotated[int, msgspec.Meta(ge=1, le=NODE_MOST)]
Number = Annotated[int, msgspec.Meta(ge=1, le=NODE_MOST)]
Reason = Annotated[str, msgspec.Meta(max_length=1000)]
Reference = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


@get("/lookup", guards=[allow("identity:read")], responses=raises(UnknownIdentifier, UnusableIdentifier))
async def look_up(
    tx: NamedDependency[Tx], state: State, namespace: Name, value: Value, country: Country = None
) -> Person:
    """The person with this identifier."""
    return await people.lookup(tx, identifier=await _clean(tx, namespace, value, country or state.settings.country))


@get("/people/{key:uuid}", guards=[allow("identity:read")], responses=raises(UnknownPerson))
async def get_person(tx: NamedDependency[Tx], key: FromPath[UUID]) -> Person:
    """The person whom this id names now. Every id that ever named a person works."""
    return await people.person(tx, key=key)


@get("/people/{key:uuid}/graph", guards=[allow("identity:read")], responses=raises(UnknownPerson))
async def get_graph(tx: NamedDependency[Tx], key: FromPath[UUID]) -> explain.Graph:
    """A person's identifiers and every edge at them: which join, which do not, and why."""
    return await explain.graph(tx, key=key)


@get("/explanations", guards=[allow("identity:read")], responses=raises(UnknownIdentifier, UnusableIdentifier))
async def get_explanation(
    tx: NamedDependency[Tx],
    state: State,
    namespace: Name,
    value: Value,
    other_namespace: Name,
    other_value: Value,
    country: Country = None,
) -> explain.Explanation:
    """Why two identifiers are one person: the strongest chain of evidence and its weakest link. Or why they are not."""
    country = country or state.settings.country
    a = await _clean(tx, namespace, value, country)
    b = await _clean(tx, other_namespace, other_value, country)
    return await explain.explain(tx, a=a, b=b)


class Merge(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """These people are one."""

    people: Annotated[list[UUID], msgspec.Meta(min_length=2, max_length=20)]
    reason: Reason = ""
    reference: Reference | None = None


class Split(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Part some identifiers from the rest of a person (`person` and `nodes`), or cut `edges`."""

    person: UUID | None = None
    nodes: Annotated[list[NodeId], msgspec.Meta(max_length=1000)] = []
    edges: Annotated[list[tuple[NodeId, NodeId]], msgspec.Meta(max_length=1000)] = []
    reason: Reason = ""
    reference: Reference | None = None


class Undo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Take back an operation of the journal. `cut`: cut also what has connected the same people since."""

    operation: Number
    cut: bool = False
    reason: Reason = ""
    reference: Reference | None = None


class Retraction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Treat the evidence of a batch or a source as never given; times bound when it was first observed."""

    batch_id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    source_id: Annotated[int, msgspec.Meta(ge=0, le=32767)] | None = None
    since: datetime | None = None
    until: datetime | None = None
    reason: Reason = ""
    reference: Reference | None = None


class Preview(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of the four operations, to be shown and not done."""

    merge: Merge | None = None
    split: Split | None = None
    undo: Undo | None = None
    retraction: Retraction | None = None


@post(
    "/merges",
    guards=[allow("identity:write")],
    responses=raises(UnknownPerson, KeptApart, SharedByMany, ReferenceTaken),
)
async def create_merge(tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[Merge]) -> Operation:
    """Join people by hand. The limits of identifiers are raised for this person only."""
    return await _merge(tx, actor, data)


@post("/splits", guards=[allow("identity:write")], responses=raises(UnknownPerson, NotConnected, ReferenceTaken))
async def create_split(tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[Split]) -> Operation:
    """Part people by hand. They stay apart, whatever is seen again."""
    return await _split(tx, actor, data)


@post(
    "/undos",
    guards=[allow("identity:write")],
    responses=raises(UnknownOperation, NotUndoable, Superseded, ReferenceTaken),
)
async def create_undo(tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[Undo]) -> Operation:
    """Take back an operation, exactly. An undone automatic merge is not repeated by the same evidence."""
    return await _undo(tx, actor, data)


@post("/retractions", guards=[allow("identity:write")], responses=raises(NothingToRetract, ReferenceTaken))
async def create_retraction(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[Retraction]
) -> Operation:
    """Treat a bad import or source as never having spoken. Undo the operation to have it back."""
    return await _retraction(tx, actor, data)


@post(
    "/previews",
    guards=[allow("identity:write")],
    status_code=200,
    responses=raises(UnknownPerson, UnknownOperation, NotConnected, KeptApart, SharedByMany, NotUndoable, Superseded),
)
async def create_preview(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[Preview]
) -> merges.Preview:
    """What an operation would do: the very same, taken back."""
    if data.merge:
        return await merges.preview(tx, _merge(tx, actor, data.merge))
    if data.split:
        return await merges.preview(tx, _split(tx, actor, data.split))
    if data.undo:
        return await merges.preview(tx, _undo(tx, actor, data.undo))
    if data.retraction:
        return await merges.preview(tx, _retraction(tx, actor, data.retraction))
    raise NotConnected("Name one of merge, split, undo, retraction.")


@get("/journal", guards=[allow("identity:read")], responses=raises(UnknownPerson))
async def list_operations(
    tx: NamedDependency[Tx],
    person: FromQuery[UUID | None] = None,
    kind: Annotated[str | None, QueryParameter(max_length=40)] = None,
    cursor: Cursor = "",
    limit: Limit = 100,
) -> Page[Operation]:
    """What changed in the graph, newest first; of one person where named."""
    person_id = (await people.person(tx, key=person)).person_id if person else None
    after = place_of(cursor, int)
    found = await journal.listing(
        tx, person_id=person_id, kind=kind, before=after[0] if after else None, limit=limit + 1
    )
    return page(found, limit, lambda operation: [operation.operation])


@get("/journal/{operation:int}", guards=[allow("identity:read")], responses=raises(UnknownOperation))
async def get_operation(
    tx: NamedDependency[Tx], operation: Annotated[int, PathParameter(ge=1, le=NODE_MOST)]
) -> Operation:
    """One operation with its pre-image."""
    return await journal.operation(tx, operation)


@get("/namespaces", guards=[allow("identity:read")])
async def list_namespaces(tx: NamedDependency[Tx]) -> list[Namespace]:
    """Kinds of identifier, strongest first."""
    return list((await namespaces.load(tx)).by_ns.values())


@post("/namespaces", guards=[allow("identity:admin")], responses=raises(NamespaceExists, BadPattern))
async def add_namespace(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[NamespaceEntry]
) -> Namespace:
    """A new kind of identifier."""
    return await rulebook.add_namespace(tx, entry=data, actor=_name(actor))


@put("/namespaces", guards=[allow("identity:admin")], responses=raises(UnknownNamespace, BadPattern))
async def change_namespace(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[NamespaceEntry]
) -> Namespace:
    """Change the limits of a kind of identifier; people are joined and parted accordingly."""
    return await rulebook.change_namespace(tx, entry=data, actor=_name(actor))


@get("/blocked-values", guards=[allow("identity:read")])
async def list_blocked_values(tx: NamedDependency[Tx]) -> list[Blocked]:
    """Values that identify nobody."""
    return await rulebook.blocked_values(tx)


@post("/blocked-values", guards=[allow("identity:admin")], responses=raises(UnknownNamespace, BadPattern))
async def add_blocked_value(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[BlockedEntry]
) -> Blocked:
    """Refuse a value from now on."""
    return await rulebook.block(tx, entry=data, actor=_name(actor))


@delete("/blocked-values/{blocked_value_id:int}", guards=[allow("identity:admin")])
async def remove_blocked_value(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    blocked_value_id: Annotated[int, PathParameter(ge=1, le=2**31 - 1)],
) -> None:
    """Accept a value again."""
    await rulebook.unblock(tx, blocked_value_id=blocked_value_id, actor=_name(actor))


@get("/tasks", guards=[allow("identity:read")])
async def list_tasks(
    tx: NamedDependency[Tx],
    of_state: Annotated[
        str, QueryParameter(name="state", description="open, done or dismissed.", max_length=20)
    ] = "open",
    cursor: Cursor = "",
    limit: Limit = 100,
) -> Page[tasks.Task]:
    """What a steward should look at, oldest first."""
    after = place_of(cursor, int)
    found = await tasks.listing(tx, state=of_state, after=after[0] if after else 0, limit=limit + 1)
    return page(found, limit, lambda task: [task.task_id])


class Closing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A task is done, or dismissed."""

    dismissed: bool = False


@post("/tasks/{task_id:int}/closing", guards=[allow("identity:write")], responses=raises(UnknownTask))
async def close_task(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    task_id: Annotated[int, PathParameter(ge=1, le=NODE_MOST)],
    data: JSONBody[Closing],
) -> tasks.Task:
    """Close a task."""
    return await tasks.close_task(tx, task_id=task_id, actor=_name(actor), dismissed=data.dismissed)


async def _merge(tx: Tx, actor: Actor, data: Merge) -> Operation:
    return await merges.merge(tx, keys=data.people, actor=_name(actor), reason=data.reason, reference=data.reference)


async def _split(tx: Tx, actor: Actor, data: Split) -> Operation:
    who, reason, reference = _name(actor), data.reason, data.reference
    if data.edges:
        edges = sorted({(min(edge), max(edge)) for edge in data.edges})
        return await splits.cut(tx, edges=edges, actor=who, reason=reason, reference=reference)
    if not data.person:
        raise NotConnected("Name edges, or a person and some of her nodes.")
    return await splits.split(tx, key=data.person, nodes=set(data.nodes), actor=who, reason=reason, reference=reference)


async def _undo(tx: Tx, actor: Actor, data: Undo) -> Operation:
    return await undos.undo(
        tx,
        operation=data.operation,
        cut=data.cut,
        actor=_name(actor),
        reason=data.reason,
        reference=data.reference,
    )


async def _retraction(tx: Tx, actor: Actor, data: Retraction) -> Operation:
    scope = Scope(data.batch_id, data.source_id, data.since, data.until)
    return await retractions.retract(tx, scope=scope, actor=_name(actor), reason=data.reason, reference=data.reference)


async def _clean(tx: Tx, namespace: str, value: str, country: str | None) -> Identifier:
    found = (await Cleaner.load(tx)).one(namespace, value, country)
    if isinstance(found, Refused):
        raise UnusableIdentifier(f"{found.value!r} as {found.namespace}: {found.reason}.", reason=found.reason)
    return found


def _name(actor: Actor) -> str:
    return f"{actor.kind}:{actor.name}"


router = Router(
    "/v1/identity",
    route_handlers=[
        look_up,
        get_person,
        get_graph,
        get_explanation,
        create_merge,
        create_split,
        create_undo,
        create_retraction,
        create_preview,
        list_operations,
        get_operation,
        list_namespaces,
        add_namespace,
        change_namespace,
        list_blocked_values,
        add_blocked_value,
        remove_blocked_value,
        list_tasks,
        close_task,
        *REALTIME,
    ],
    tags=["identity"],
)
