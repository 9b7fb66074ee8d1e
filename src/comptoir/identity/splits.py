"""Parting people by hand. What was parted stays so, whatever is seen again."""

from collections.abc import Collection, Sequence
from uuid import UUID

from comptoir.identity import explain, journal, namespaces, people, testimony
from comptoir.identity.errors import NotConnected
from comptoir.identity.journal import Effect, Operation
from comptoir.identity.merges import strongest
from comptoir.identity.records import Move, Pair
from comptoir.identity.settle import settle
from comptoir.kernel.db import Tx

ROUNDS = 20


async def cut(
    tx: Tx, *, edges: Sequence[Pair], actor: str, reason: str = "", reference: str | None = None
) -> Operation:
    """Ban edges. Whoever hangs together only by them is parted."""
    request = {"edges": [list(edge) for edge in edges]}
    opened = await journal.begin(tx, kind="split", actor=actor, reason=reason, reference=reference, request=request)
    if isinstance(opened, Operation):
        return opened
    rules = await namespaces.load(tx)
    known = {edge.pair for edge in await explain.edges_between(tx, testimony.ends(edges))}
    if unknown := [edge for edge in edges if edge not in known]:
        raise NotConnected("There is no evidence between these.", edges=unknown)
    touched = await testimony.ban(tx, opened, edges)
    moves = await settle(tx, rules, recount=touched, operation=True)
    return await journal.finish(tx, opened, Effect(banned=list(edges), request=request), moves)


async def split(
    tx: Tx, *, key: UUID, nodes: Collection[int], actor: str, reason: str = "", reference: str | None = None
) -> Operation:
    """Part some identifiers from the rest of a person: cut what connects the two sides and keep them apart."""
    request = {"person": str(key), "nodes": sorted(nodes)}
    opened = await journal.begin(tx, kind="split", actor=actor, reason=reason, reference=reference, request=request)
    if isinstance(opened, Operation):
        return opened
    rules = await namespaces.load(tx)
    whole = await people.person(tx, key=key)
    off = [node for node in whole.nodes if node.node_id in nodes]
    rest = [node for node in whole.nodes if node.node_id not in nodes]
    if not off or not rest or len(off) != len(set(nodes)):
        raise NotConnected("Name some but not all of this person's identifiers.", person=str(whole.key))
    away = {node.node_id for node in off}
    banned = [
        edge.pair
        for edge in await explain.edges_between(tx, [node.node_id for node in whole.nodes])
        if (edge.a in away) != (edge.b in away)
    ]
    apart = [testimony.pair(strongest(off, rules).node_id, strongest(rest, rules).node_id)]
    touched = await testimony.ban(tx, opened, banned) | await testimony.keep_apart(tx, opened, apart)
    moves = await settle(tx, rules, recount=touched, operation=True)
    for _ in range(ROUNDS):
        # A part that hung on the rest may come back by way of strangers: keep each such part away.
        now = await people.persons_of(tx, [node.node_id for node in whole.nodes])
        back = {now[node.node_id] for node in off} & {now[node.node_id] for node in rest}
        more = [
            testimony.pair(
                strongest([node for node in off if now[node.node_id] == person], rules).node_id,
                strongest([node for node in rest if now[node.node_id] == person], rules).node_id,
            )
            for person in sorted(back)
        ]
        if not more:
            break
        apart += more
        touched = await testimony.keep_apart(tx, opened, more)
        moves = together(moves, await settle(tx, rules, recount=touched, operation=True))
    return await journal.finish(tx, opened, Effect(banned=banned, apart=apart, request=request), moves)


async def keep_apart(tx: Tx, *, pair: Pair, actor: str, reason: str = "", reference: str | None = None) -> Operation:
    """Two identifiers are of two people, now and whatever is seen later."""
    request = {"apart": list(pair)}
    opened = await journal.begin(tx, kind="split", actor=actor, reason=reason, reference=reference, request=request)
    if isinstance(opened, Operation):
        return opened
    touched = await testimony.keep_apart(tx, opened, [pair])
    moves = await settle(tx, await namespaces.load(tx), recount=touched, operation=True)
    return await journal.finish(tx, opened, Effect(apart=[pair], request=request), moves)


def together(first: Sequence[Move], then: Sequence[Move]) -> list[Move]:
    """Two steps as one."""
    was = {move.node_id: move.was for move in (*then, *first)}
    now = {move.node_id: move.now for move in (*first, *then)}
    return [Move(node, was[node], now[node]) for node in sorted(now) if was[node] != now[node]]
