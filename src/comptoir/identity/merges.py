"""Joining people by hand, and looking first at what that would do."""

from collections.abc import Awaitable, Sequence
from itertools import combinations
from uuid import UUID

import msgspec

from comptoir.identity import journal, namespaces, people, testimony
from comptoir.identity.errors import KeptApart, SharedByMany
from comptoir.identity.journal import Effect, Operation
from comptoir.identity.namespaces import Rules
from comptoir.identity.records import PERSON_KEY, Node, Pair, Person
from comptoir.identity.settle import settle
from comptoir.kernel.db import Tx


class Preview(msgspec.Struct, frozen=True):
    """What an operation would do: the people it touches, as they would be."""

    operation: Operation
    people: list[Person]


async def merge(
    tx: Tx, *, keys: Sequence[UUID], actor: str, reason: str = "", reference: str | None = None
) -> Operation:
    """A steward says that these people are one. Her word raises the limits, for this person only."""
    request = {"people": [str(key) for key in keys]}
    opened = await journal.begin(tx, kind="merge", actor=actor, reason=reason, reference=reference, request=request)
    if isinstance(opened, Operation):
        return opened
    rules = await namespaces.load(tx)
    whole = [await people.person(tx, key=key) for key in keys]
    # Each with each: a raised limit of one kind of person key needs a link between two of that kind.
    pairs = sorted({pair for left, right in combinations(whole, 2) for pair in must_links(left, right, rules)})
    if pairs:
        touched = await testimony.vouch(tx, opened, pairs)
        moves = await settle(tx, rules, recount=touched, operation=True)
    else:
        moves = []
    now = {(await people.person(tx, key=key)).person_id for key in keys}
    if len(now) > 1:
        # What has become shared by it stands alone by now: all that they had is looked at.
        had = await people.persons_of(tx, [node.node_id for one in whole for node in one.nodes])
        if hubs := [n.value for n in await people.nodes_of(tx, set(had.values())) if n.shared]:
            raise SharedByMany(f"{hubs[0]} is used by several people.", values=hubs)
        raise KeptApart("A steward's split keeps these people apart: undo it first.", people=request["people"])
    return await journal.finish(tx, opened, Effect(vouched=pairs, request=request), moves)


async def preview(tx: Tx, work: Awaitable[Operation]) -> Preview:
    """Do the operation, look, and take all of it back. Nothing remains but what would have been."""
    await tx.run("SAVEPOINT preview")
    try:
        done = await work
        nodes = await people.nodes_of(tx, done.people)
        there = {node.person_id for node in nodes}
        return Preview(done, [await people.of(tx, person_id=person) for person in sorted(there)])
    finally:
        await tx.run("ROLLBACK TO SAVEPOINT preview")


def must_links(left: Person, right: Person, rules: Rules) -> set[Pair]:
    """Link the strongest identifiers of the two, and the person keys of one kind that both have."""
    if left.person_id == right.person_id:
        return set()
    pairs = {testimony.pair(strongest(left.nodes, rules).node_id, strongest(right.nodes, rules).node_id)}
    for namespace in rules.by_ns.values():
        if namespace.class_ != PERSON_KEY:
            continue
        mine = [node for node in left.nodes if node.namespace == namespace.name]
        theirs = [node for node in right.nodes if node.namespace == namespace.name]
        pairs |= {testimony.pair(mine[0].node_id, node.node_id) for node in theirs if mine}
    return pairs


def strongest(nodes: Sequence[Node], rules: Rules) -> Node:
    return min(nodes, key=lambda node: (rules.rank[rules.by_name[node.namespace].ns], node.node_id))
