"""Taking back an operation of the journal, exactly: the evidence it added goes, what it cut connects again.

An automatic merge is undone by cutting the edges that caused it, so the same evidence seen again does not repeat it.
When other evidence connects the same people by now, the undo is refused and names the least that would have to be cut.
"""

from collections.abc import Sequence

import msgspec

from comptoir.identity import explain, journal, namespaces, people, testimony
from comptoir.identity.errors import NotUndoable, Superseded
from comptoir.identity.journal import Effect, Operation
from comptoir.identity.namespaces import Rules
from comptoir.identity.paths import least_cut
from comptoir.identity.records import Move, Pair
from comptoir.identity.settle import settle
from comptoir.identity.splits import ROUNDS, together
from comptoir.identity.testimony import Scope
from comptoir.kernel.db import Tx, ints

AUTOMATIC = ("merged", "resolved")
STEWARDS = ("merge", "split", "retraction", "undo")


async def undo(
    tx: Tx,
    *,
    operation: int,
    actor: str,
    reason: str = "",
    reference: str | None = None,
    cut: bool = False,
) -> Operation:
    """Take back an operation. `cut`: cut also what has connected the same people since."""
    request = {"undo": operation, "cut": cut}
    opened = await journal.begin(tx, kind="undo", actor=actor, reason=reason, reference=reference, request=request)
    if isinstance(opened, Operation):
        return opened
    target = await journal.operation(tx, operation)
    if target.kind not in (*AUTOMATIC, *STEWARDS):
        raise NotUndoable(f"A change of a {target.kind} is changed back, not undone.")
    if target.undone_by:
        raise NotUndoable(f"Operation {target.undone_by} has undone it already: undo that one to have it back.")
    if target.kind in AUTOMATIC and not target.effect.edges:
        raise NotUndoable("It followed from better evidence for what was known already: split by hand instead.")
    rules = await namespaces.load(tx)
    await _mark(tx, [operation], opened)
    banned: list[Pair] = []
    if target.kind in AUTOMATIC:
        banned, moves = await _part(tx, rules, opened, target, cut=cut)
    else:
        touched = await _turn(tx, target, on=False)
        moves = await settle(tx, rules, recount=touched, operation=True)
    return await journal.finish(tx, opened, Effect(banned=banned, undone=operation, request=request), moves)


async def _turn(tx: Tx, target: Operation, *, on: bool) -> set[int]:
    """Put what a steward's operation did out of force, or into force again."""
    effect, number = target.effect, target.operation
    touched: set[int] = set()
    if effect.vouched:
        touched |= await (testimony.vouch if on else testimony.unvouch)(tx, number, effect.vouched)
    if effect.banned:
        touched |= await (testimony.ban if on else testimony.lift)(tx, number, effect.banned)
    if effect.apart:
        touched |= await (testimony.keep_apart if on else testimony.release)(tx, number, effect.apart)
    if effect.retracted:
        scope = msgspec.convert(effect.retracted, Scope, strict=False)
        touched |= await (testimony.retract if on else testimony.restore)(tx, number, scope)
    if effect.undone is not None:
        before = await journal.operation(tx, effect.undone)
        await _mark(tx, [before.operation], None if not on else number)
        if before.kind in STEWARDS:
            touched |= await _turn(tx, before, on=not on)
    return touched


async def _part(tx: Tx, rules: Rules, operation: int, target: Operation, *, cut: bool) -> tuple[list[Pair], list[Move]]:
    """Cut the edges that caused an automatic change; see that the people of before are apart again."""
    nodes = [node for _, moved in target.moved for node in moved] + target.people
    standing = {edge.pair for edge in await explain.edges_between(tx, testimony.ends(target.effect.edges))}
    banned = [edge for edge in target.effect.edges if edge in standing]
    touched = await testimony.ban(tx, operation, banned)
    moves = await settle(tx, rules, recount=touched | set(nodes), operation=True)
    for _ in range(ROUNDS):
        bridges = await _bridges(tx, target)
        if not bridges:
            return banned, moves
        if not cut:
            raise Superseded(
                "Later evidence connects them too; undo with `cut` to part them all the same.",
                cut=[list(edge) for edge in bridges],
            )
        banned += bridges
        touched = await testimony.ban(tx, operation, bridges)
        moves = together(moves, await settle(tx, rules, recount=touched, operation=True))
    raise NotUndoable("They hang together in too many ways: split them by hand.")


async def _bridges(tx: Tx, target: Operation) -> list[Pair]:
    """The least that connects people who were apart before the operation; nothing when they are apart."""
    before = was_apart(target)
    moved = {node for _, nodes in target.moved for node in nodes}
    now = await people.persons_of(tx, [node for group in before for node in group])
    for i, first in enumerate(before):
        for second in before[i + 1 :]:
            for person in sorted({now[n] for n in first} & {now[n] for n in second}):
                inside = [node.node_id for node in await people.nodes_of(tx, [person])]
                # Who stayed did so with all that was there: without it the cut might go through their midst.
                others = set(inside) - {node for group in before for node in group}
                others -= await _came_later(tx, target, inside) if others else set()
                left, right = [[*group, *others] if moved.isdisjoint(group) else group for group in (first, second)]
                edges = {
                    edge.pair: edge.confidence
                    for edge in await explain.edges_between(tx, inside)
                    if edge.state == "joins"
                }
                return least_cut(
                    edges, *([n for n in group if now.get(n, person) == person] for group in (left, right))
                )
    return []


async def _came_later(tx: Tx, target: Operation, nodes: list[int]) -> set[int]:
    """Those of the nodes that an operation after this one has moved."""
    return set(await tx.values(CAME_LATER, operation=target.operation, nodes=ints(nodes)))


CAME_LATER = """
    SELECT DISTINCT node::bigint
    FROM identity.journal AS j, jsonb_array_elements(j.moved) AS move, jsonb_array_elements(move -> 1) AS node
    WHERE j.operation > %(operation)s AND j.people && %(nodes)s::bigint[] AND node::bigint = ANY(%(nodes)s::bigint[])
"""


async def _mark(tx: Tx, operations: Sequence[int], by: int | None) -> None:
    await tx.run(MARK, operations=ints(operations), by=by)


MARK = "UPDATE identity.journal SET undone_by = %(by)s WHERE operation = ANY(%(operations)s::bigint[])"


def was_apart(target: Operation) -> list[list[int]]:
    """Groups of nodes that were different people before: those that moved, and the founders of those that stayed."""
    groups = {person: set(nodes) for person, nodes in target.moved}
    gone = {node for nodes in groups.values() for node in nodes}
    for person in target.people:
        if person not in gone:
            groups.setdefault(person, set()).add(person)
    return [sorted(nodes) for _, nodes in sorted(groups.items())]
