"""Editing what kinds of identifier there are, how much each may prove, and which values identify nobody.

A changed limit takes hold at once, also for people who were joined or kept apart under the old one.
"""

import re
from typing import Annotated

import msgspec

from comptoir.identity import journal, namespaces, tasks
from comptoir.identity.errors import BadPattern, NamespaceExists, UnknownNamespace
from comptoir.identity.journal import Effect, Operation
from comptoir.identity.namespaces import Rules
from comptoir.identity.normalise import Blocked
from comptoir.identity.records import Namespace
from comptoir.identity.settle import settle
from comptoir.kernel.db import Tx

AT_ONCE = 50_000
"""More nodes than this to judge anew are left to `comptoir reconcile`, and a task says so."""

Limit = Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class NamespaceEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of identifier, new or changed. `class`: 1 person key, 2 contact, 3 device, 4 ephemeral."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_.]{0,62}$")]
    class_: Annotated[int, msgspec.Meta(ge=1, le=4)] = msgspec.field(name="class")
    max_per_person: Limit
    max_claimants: Limit = 1
    priority: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    form: str = "plain"
    confidence: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.9


class BlockedEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value that identifies nobody; without a namespace, in all of them."""

    pattern: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    kind: str = "exact"
    namespace: str | None = None
    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""


async def add_namespace(tx: Tx, *, entry: NamespaceEntry, actor: str) -> Namespace:
    """A new kind of identifier, for instance the customer number of another system."""
    opened = await _begin(tx, "namespace", actor, entry)
    rules = await namespaces.load(tx)
    if entry.name in rules.by_name:
        raise NamespaceExists(f"{entry.name} is there already: change it instead.")
    await tx.run(ADD, **_columns(entry))
    await journal.finish(tx, opened, Effect(request=_request(entry)), [])
    return (await namespaces.load(tx)).by_name[entry.name]


async def change_namespace(tx: Tx, *, entry: NamespaceEntry, actor: str) -> Namespace:
    """Change limits; who is joined or parted by that is journaled. Class and form are of the nature of a namespace."""
    opened = await _begin(tx, "namespace", actor, entry)
    rules = await namespaces.load(tx)
    if entry.name not in rules.by_name:
        raise UnknownNamespace(f"There is no namespace {entry.name}.")
    await tx.run(CHANGE, **_columns(entry))
    changed = await namespaces.load(tx)
    nodes = await _concerned(tx, changed)
    if len(nodes) > AT_ONCE:
        await tasks.open_task(tx, kind="limits_changed", nodes=nodes[:100], detail=f"{len(nodes)} identifiers.")
        moves = []
    else:
        moves = await settle(tx, changed, recount=nodes, operation=True)
    await journal.finish(tx, opened, Effect(request=_request(entry)), moves)
    return changed.by_name[entry.name]


async def block(tx: Tx, *, entry: BlockedEntry, actor: str) -> Blocked:
    """From now on this value is refused. Nodes that exist stay: retract their evidence if it must go."""
    opened = await _begin(tx, "blocked_value", actor, entry)
    rules = await namespaces.load(tx)
    if entry.namespace is not None and entry.namespace not in rules.by_name:
        raise UnknownNamespace(f"There is no namespace {entry.namespace}.")
    if entry.kind not in ("exact", "regex"):
        raise BadPattern("kind is exact or regex.")
    if entry.kind == "regex":
        try:
            re.compile(entry.pattern)
        except re.error as error:
            raise BadPattern(f"{entry.pattern!r}: {error}") from error
    blocked = await tx.one(
        Blocked,
        BLOCK,
        ns=rules.by_name[entry.namespace].ns if entry.namespace else None,
        kind=entry.kind,
        pattern=entry.pattern,
        reason=entry.reason,
    )
    await journal.finish(tx, opened, Effect(request=_request(entry)), [])
    return blocked


async def unblock(tx: Tx, *, blocked_value_id: int, actor: str) -> bool:
    """Accept a value again; false if it was not blocked."""
    opened = await _begin(tx, "blocked_value", actor, BlockedEntry(f"unblock {blocked_value_id}"))
    gone = await tx.run(UNBLOCK, id=blocked_value_id)
    await journal.finish(tx, opened, Effect(request={"unblock": blocked_value_id}), [])
    return gone > 0


async def blocked_values(tx: Tx) -> list[Blocked]:
    return await tx.many(Blocked, BLOCKED)


async def _begin(tx: Tx, kind: str, actor: str, entry: msgspec.Struct) -> int:
    opened = await journal.begin(tx, kind=kind, actor=actor, reason="", reference=None, request=_request(entry))
    return opened.operation if isinstance(opened, Operation) else opened


async def _concerned(tx: Tx, rules: Rules) -> list[int]:
    """Nodes whose person may differ under changed limits: those at edges that do not join, and those over a limit."""
    nodes: set[int] = set(await tx.values(APART))
    for namespace in rules.by_ns.values():
        nodes |= set(await tx.values(MANY, ns=namespace.ns, most=namespace.max_per_person))
    return sorted(nodes)


ADD = """
    INSERT INTO identity.namespace (ns, name, class, priority, form, max_per_person, max_claimants, confidence)
    SELECT max(ns) + 1, %(name)s, %(class_)s, %(priority)s, %(form)s, %(max_per_person)s, %(max_claimants)s,
           %(confidence)s
    FROM identity.namespace
"""

CHANGE = """
    UPDATE identity.namespace
    SET priority = %(priority)s, max_per_person = %(max_per_person)s, max_claimants = %(max_claimants)s,
        confidence = %(confidence)s
    WHERE name = %(name)s
"""

BLOCK = """
    INSERT INTO identity.blocked_value (ns, kind, pattern, reason) VALUES (%(ns)s, %(kind)s, %(pattern)s, %(reason)s)
    ON CONFLICT (ns, kind, pattern) DO UPDATE SET reason = excluded.reason
    RETURNING blocked_value_id, ns, kind, pattern, reason
"""

UNBLOCK = "DELETE FROM identity.blocked_value WHERE blocked_value_id = %(id)s"

BLOCKED = "SELECT blocked_value_id, ns, kind, pattern, reason FROM identity.blocked_value ORDER BY blocked_value_id"

APART = """
    SELECT DISTINCT unnest(ARRAY[e.a, e.b])
    FROM identity.edge AS e
    JOIN identity.node AS x ON x.node_id = e.a JOIN identity.node AS y ON y.node_id = e.b
    WHERE e.conf > 0 AND e.banned_by IS NULL AND x.person_id <> y.person_id
"""

# People with more of a namespace than one may have, and values that touch more.
MANY = """
    SELECT n.node_id FROM identity.node AS n JOIN (
        SELECT person_id FROM identity.node WHERE ns = %(ns)s GROUP BY person_id HAVING count(*) > %(most)s
    ) AS p USING (person_id)
    UNION
    SELECT node FROM (
        SELECT a AS node FROM identity.edge WHERE ns_b = %(ns)s AND conf > 0 AND banned_by IS NULL
        UNION ALL
        SELECT b FROM identity.edge WHERE ns_a = %(ns)s AND conf > 0 AND banned_by IS NULL
    ) AS e GROUP BY node HAVING count(*) > %(most)s
"""


def _columns(entry: NamespaceEntry) -> dict[str, object]:
    if entry.form not in ("plain", "email", "phone", "card"):
        raise BadPattern("form is plain, email, phone or card.")
    return {name: getattr(entry, name) for name in entry.__struct_fields__}


def _request(entry: msgspec.Struct) -> dict[str, object]:
    return {name: getattr(entry, name) for name in entry.__struct_fields__}
