"""Requests of people: received, verified, answered within a month; each step with its actor in the audit trail."""

from datetime import datetime, timedelta
from typing import Literal, LiteralString
from uuid import UUID

import msgspec

from comptoir import identity
from comptoir.kernel.auth import Actor
from comptoir.kernel.auth.audit import record
from comptoir.kernel.db import Tx
from comptoir.privacy import erasing
from comptoir.privacy.errors import NotVerified, ReferenceTaken, RequestClosed, UnknownRequest, WrongKind
from comptoir.privacy.records import Erasure, Kind, Request

DEADLINE = timedelta(days=30)
"""One month from receipt (GDPR, article 12.3); the shortest month but February."""


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person asks for. `key`: any public id that ever was hers."""

    reference: str
    kind: Kind
    key: UUID
    requester: str
    came_by: Literal["", "letter", "email", "phone", "shop", "web"] = ""
    note: str = ""
    language: Literal["en", "fr"] = "en"
    received_at: datetime | None = None


async def open_request(tx: Tx, *, asked: Asked, actor: Actor) -> Request:
    """The same reference is the same request. Raises UnknownPerson, BeingErased, ReferenceTaken."""
    if found := await tx.maybe(Request, BY_REFERENCE, reference=asked.reference):
        if found.kind != asked.kind:
            raise ReferenceTaken(f"{asked.reference!r} is request {found.request_id}: choose another reference.")
        return found
    person = await identity.person(tx, key=asked.key)
    received = min(asked.received_at or tx.now, tx.now)
    number: int = await tx.value(
        OPEN,
        reference=asked.reference,
        kind=asked.kind,
        node_id=person.person_id,
        requester=asked.requester,
        came_by=asked.came_by,
        note=asked.note,
        language=asked.language,
        received_at=received,
        due_at=received + DEADLINE,
        by=actor.name,
    )
    await _noted(tx, actor, "open_request", number, asked.kind)
    return await request(tx, request_id=number)


async def verify(tx: Tx, *, request_id: int, how: str, actor: Actor) -> Request:
    """It was made sure that it was she who asked: so. Nothing is handed out or erased before."""
    await _open(tx, request_id)
    await tx.run(VERIFY, request_id=request_id, how=how)
    await _noted(tx, actor, "verify", request_id)
    return await request(tx, request_id=request_id)


async def refuse(tx: Tx, *, request_id: int, why: str, actor: Actor) -> Request:
    """She is told why."""
    one = await _open(tx, request_id)
    if one.phase is not None:
        raise WrongKind("She is being erased: that cannot be refused any more.")
    await _close(tx, request_id, "refused", why, actor)
    return await request(tx, request_id=request_id)


async def erase(tx: Tx, *, request_id: int, actor: Actor) -> Erasure:
    """Hide her at once, and begin. Asked again, it says how far it has come. Raises NotVerified, WrongKind."""
    one = await request(tx, request_id=request_id)
    if one.kind != "erasure":
        raise WrongKind("This request does not ask for erasure.")
    if one.phase is not None:
        if one.state == "waiting":
            await erasing.go_on(tx, request_id=request_id)
        return await erasing.erasure(tx, request_id=request_id)
    await _verified(tx, request_id)
    person_id = (await identity.persons_of(tx, [one.node_id or 0]))[one.node_id or 0]
    begun = await erasing.hide(tx, request_id=request_id, person_id=person_id)
    await tx.run(STATE, request_id=request_id, state="waiting" if begun.doubtful else "running")
    await _noted(tx, actor, "erase", request_id)
    return begun


async def decide(tx: Tx, *, request_id: int, hers: list[int], others: list[int], actor: Actor) -> Erasure:
    """What of the doubtful identifiers is hers. Raises NotDoubtful."""
    await _open(tx, request_id)
    decided = await erasing.decide(tx, request_id=request_id, hers=hers, others=others)
    await tx.run(STATE, request_id=request_id, state="running")
    await _noted(tx, actor, "decide", request_id)
    return decided


async def restrict(tx: Tx, *, request_id: int, on: bool, actor: Actor) -> Request:
    """Keep her data and do not use them, or use them again (GDPR, article 18)."""
    one = await request(tx, request_id=request_id)
    if one.kind != "restriction" or one.node_id is None:
        raise WrongKind("This request does not ask for restriction.")
    if on:
        await _verified(tx, request_id)
    people = (await identity.persons_of(tx, [one.node_id])).values()
    nodes = [node.node_id for node in await identity.nodes_of(tx, people)]
    act = identity.erasing.withhold if on else identity.erasing.release
    await act(tx, nodes=nodes, why="restricted")
    if on:
        await _close(tx, request_id, "done", "", actor)
    else:
        await _noted(tx, actor, "lift_restriction", request_id)
    return await request(tx, request_id=request_id)


async def answered(tx: Tx, *, request_id: int, answer: str, actor: Actor) -> Request:
    """What was done: her copy was handed to her, a value was mended."""
    one = await _verified(tx, request_id)
    if one.kind in {"erasure", "restriction"}:
        raise WrongKind("It is answered by being done.")
    await _close(tx, request_id, "done", answer, actor)
    return await request(tx, request_id=request_id)


async def request(tx: Tx, *, request_id: int) -> Request:
    """Raises UnknownRequest."""
    if found := await tx.maybe(Request, BY_ID, request_id=request_id):
        return found
    raise UnknownRequest(f"There is no request {request_id}.")


async def requests(
    tx: Tx, *, is_open: bool | None = None, before: int | None = None, limit: int = 100
) -> list[Request]:
    """Those that are due first, first; then those that are closed, the newest first."""
    return await tx.many(Request, LIST, is_open=is_open, before=before, limit=limit)


async def _open(tx: Tx, request_id: int) -> Request:
    await tx.run("SELECT FROM privacy.request WHERE request_id = %(request_id)s FOR UPDATE", request_id=request_id)
    one = await request(tx, request_id=request_id)
    if one.closed_at is not None:
        raise RequestClosed(f"Request {request_id} was closed on {one.closed_at:%Y-%m-%d}.")
    return one


async def _verified(tx: Tx, request_id: int) -> Request:
    one = await _open(tx, request_id)
    if not one.verified_by:
        raise NotVerified("Make sure that it was she who asked, and say how (verify).")
    return one


async def _close(tx: Tx, request_id: int, state: str, answer: str, actor: Actor) -> None:
    await tx.run(CLOSE, request_id=request_id, state=state, answer=answer, now=tx.now, by=actor.name)
    await _noted(tx, actor, state, request_id)


async def _noted(tx: Tx, actor: Actor, act: str, request_id: int, kind: str = "") -> None:
    """Without her name: the line outlives her."""
    after = {"kind": kind} if kind else None
    await record(tx, actor=actor, action=f"privacy.{act}", target=f"privacy_request:{request_id}", after=after)


COLUMNS: LiteralString = """
    SELECT r.request_id, r.kind, r.state, r.node_id, n.key, r.requester, r.came_by, r.verified_by, r.note, r.answer,
           r.language, r.received_at, r.due_at, r.opened_by, r.closed_at, r.closed_by, e.phase,
           c.number AS certificate
    FROM privacy.request AS r LEFT JOIN privacy.erasure AS e USING (request_id)
    LEFT JOIN privacy.certificate AS c USING (request_id) LEFT JOIN identity.v_node AS n USING (node_id)
"""
BY_REFERENCE = COLUMNS + "WHERE r.reference = %(reference)s"
BY_ID = COLUMNS + "WHERE r.request_id = %(request_id)s"
LIST = (
    COLUMNS
    + """
    WHERE (%(is_open)s::boolean IS NULL OR (r.closed_at IS NULL) = %(is_open)s)
      AND (%(before)s::bigint IS NULL OR r.request_id < %(before)s)
    ORDER BY r.request_id DESC LIMIT %(limit)s
"""
)
OPEN = """
    INSERT INTO privacy.request (reference, kind, node_id, requester, came_by, note, language, received_at, due_at,
        opened_by)
    VALUES (%(reference)s, %(kind)s, %(node_id)s, %(requester)s, %(came_by)s, %(note)s, %(language)s, %(received_at)s,
        %(due_at)s, %(by)s)
    RETURNING request_id
"""
VERIFY = "UPDATE privacy.request SET verified_by = %(how)s, state = 'verified' WHERE request_id = %(request_id)s"
STATE = "UPDATE privacy.request SET state = %(state)s WHERE request_id = %(request_id)s"
CLOSE = """
    UPDATE privacy.request SET state = %(state)s, answer = %(answer)s, closed_at = %(now)s, closed_by = %(by)s
    WHERE request_id = %(request_id)s
"""
