"""From changed evidence to the partition, exactly and for as few nodes as can be.

Where new edges join people who together break no limit, they become one at once: the general solution could give
nothing else. (In the solution with the new edges every group is within one of these people and at least as large as
before; limits only tighten as groups grow; so what won still wins and what lost still loses.) This does not hold where
a steward raised limits or keeps people apart, nor when a value becomes shared: then everything that hangs together with
them is read and solved anew (`solve`), in the same transaction.

Founders are locked in the order of their ids. When the locks show that more people are concerned than were locked,
all are let go (a savepoint) and taken again in order, so two batches never wait for each other in a circle.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import msgspec

from comptoir.identity import journal, tasks
from comptoir.identity.closures import Member, Parts, closure, look, members
from comptoir.identity.namespaces import Rules
from comptoir.identity.records import Move, Pair
from comptoir.identity.solve import NO_WORDS, add, may_join, must_words, shared, solve
from comptoir.kernel.db import Tx, ints
from comptoir.kernel.errors import Unavailable

ATTEMPTS = 20
NOTHING: Mapping[Pair, bool] = {}


class Outcome(msgspec.Struct):
    """What the partition will be."""

    before: dict[int, Member]
    """Every node that was looked at."""
    person: dict[int, int]
    state: dict[int, int]
    """Of nodes that begin or cease to be shared."""
    entries: list[journal.Entry]
    too_large: list[list[int]]


async def settle(
    tx: Tx,
    rules: Rules,
    *,
    edges: Mapping[Pair, bool] = NOTHING,
    recount: Collection[int] = (),
    operation: bool = False,
) -> list[Move]:
    """Bring the partition up to date with changed evidence; return the nodes that changed person.

    `edges` are live, and new (true), or stronger or older than before; `recount` are nodes that lost or gained evidence
    in another way. An `operation` of a steward is journaled by its caller, who holds the exclusive lock.
    """
    ends = {node for edge in edges for node in edge} | set(recount)
    more: set[int] = set()
    alone = operation
    for _ in range(ATTEMPTS):
        seen = await look(tx, ends)
        # A new edge makes no shared value connect again unless a steward's word comes with it: such ends need no lock,
        # so a hub is no bottleneck.
        worded = {node for edge in edges if any(seen[end].judged for end in edge) for node in edge}
        concerned = [node for node in ends if seen[node].state == 0 or node in recount or node in worded]
        people = {seen[node].person_id for node in concerned} | more
        if not people:
            return []
        await tx.run("SAVEPOINT settle")
        await tx.run(LOCK, people=ints(sorted(people)))
        known = await members(tx, people)
        if all(node in known for node in concerned):
            turned = await _turned(tx, rules, [known[node] for node in concerned])
            if not alone and 0 in turned.values():
                # Others may be giving it edges, which they leave aside as those of a shared value: wait for them. Two
                # who wait for each other deadlock, and one of them begins again.
                await tx.run("ROLLBACK TO SAVEPOINT settle")
                await tx.run(journal.EXCLUDE)
                alone = True
                continue
            outcome = await _decide(tx, rules, edges, known, turned, dirty=people if operation else set())
            if isinstance(outcome, Outcome):
                await tx.run("RELEASE SAVEPOINT settle")
                return await _write(tx, outcome, operation=operation)
            more |= outcome
        await tx.run("ROLLBACK TO SAVEPOINT settle")
    raise Unavailable("The same people are being joined by many at once.")


async def _turned(tx: Tx, rules: Rules, nodes: Sequence[Member]) -> dict[int, int]:
    """The new state of those nodes that begin or cease to be shared."""
    counts: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for node, ns, count in await tx.tuples(RECOUNT, nodes=ints(node.node_id for node in nodes)):
        counts[node][ns] = count + counts[node].get(ns, 0)
    over = [node.node_id for node in nodes if shared(node.ns, counts[node.node_id], NO_WORDS, rules)]
    words: dict[int, dict[int, int]] = {}
    if over:
        for node, m, n in await tx.tuples(MUST, nodes=ints(over)):
            words[node] = add(words.get(node, NO_WORDS), must_words([(m, n)]))
    turned: dict[int, int] = {}
    for node in nodes:
        state = int(shared(node.ns, counts[node.node_id], words.get(node.node_id, NO_WORDS), rules))
        if state != node.state:
            turned[node.node_id] = state
    return turned


async def _decide(
    tx: Tx,
    rules: Rules,
    edges: Mapping[Pair, bool],
    known: Mapping[int, Member],
    turned: Mapping[int, int],
    *,
    dirty: Collection[int],
) -> Outcome | set[int]:
    """The new partition, or the people that must be locked as well to find it."""
    joins = [
        (a, b)
        for a, b in edges
        if a in known and b in known and not turned.get(a, known[a].state) and not turned.get(b, known[b].state)
    ]
    to_solve = misfits(known, joins, {known[n].person_id for n in turned} | set(dirty), rules)
    outcome = Outcome(dict(known), {}, dict(turned), [], [])
    merge(outcome, joins, edges, to_solve)
    if not to_solve:
        return outcome
    found = await closure(tx, to_solve, turned)
    if more := found.people - {node.person_id for node in known.values()}:
        return more
    nodes = {n: (m.ns, m.value) for n, m in found.nodes.items() if not turned.get(n, m.state)}
    links = [(a, b, *seen) for (a, b), seen in found.edges.items() if a in nodes and b in nodes]
    person = solve(nodes, links, found.apart, rules)
    for n in found.nodes:
        outcome.person[n] = person.get(n, n)  # a shared value stands alone
    outcome.entries += entries(known, person, edges, found.nodes)
    outcome.too_large = found.too_large
    return outcome


async def _write(tx: Tx, outcome: Outcome, *, operation: bool) -> list[Move]:
    moves: list[Move] = []
    changed: list[tuple[int, int, int]] = []
    for n, before in outcome.before.items():
        person = outcome.person.get(n, before.person_id)
        state = outcome.state.get(n, before.state)
        if (person, state) != (before.person_id, before.state):
            changed.append((n, person, state))
        if person != before.person_id:
            moves.append(Move(n, before.person_id, person))
    if changed:
        changed.sort()
        # Planned anew each time: a plan kept from when the table was small would scan it.
        await tx.connection.execute(
            RELABEL,
            {
                "nodes": ints(c[0] for c in changed),
                "people": ints(c[1] for c in changed),
                "states": ints(c[2] for c in changed),
            },
            prepare=False,
        )
    for people in outcome.too_large:
        await tasks.open_task(
            tx, kind="closure_too_large", nodes=sorted(people)[:100], detail=f"{len(people)} people hang together."
        )
    if moves:
        if not operation and outcome.entries:
            await journal.note(tx, outcome.entries)
        stayed = {outcome.person.get(n, m.person_id) for n, m in outcome.before.items()} & {
            m.person_id for n, m in outcome.before.items() if outcome.person.get(n, m.person_id) == m.person_id
        }
        concerned = {m.was for m in moves} | {m.now for m in moves}
        keys = dict(await tx.tuples(KEYS, people=ints(concerned)))
        await tx.tell(*journal.facts(moves, stayed, keys))
    return moves


LOCK = """
    SELECT node_id FROM identity.node WHERE node_id = ANY(%(people)s::bigint[]) ORDER BY node_id FOR NO KEY UPDATE
"""

RECOUNT = """
    SELECT x.node, e.ns, count(*)
    FROM unnest(%(nodes)s::bigint[]) AS x (node) CROSS JOIN LATERAL (
        SELECT ns_b AS ns FROM identity.edge WHERE a = x.node AND conf > 0 AND banned_by IS NULL
        UNION ALL
        SELECT ns_a FROM identity.edge WHERE b = x.node AND conf > 0 AND banned_by IS NULL
    ) AS e
    GROUP BY x.node, e.ns
"""

# Must-links at a node or at its neighbours. There are few of them, so they lead.
MUST = """
    SELECT x.node, m.ns_a, m.ns_b
    FROM identity.edge AS m CROSS JOIN unnest(%(nodes)s::bigint[]) AS x (node)
    WHERE m.conf >= 1 AND m.banned_by IS NULL AND (
        x.node IN (m.a, m.b)
        OR EXISTS (
            SELECT FROM identity.edge AS e
            WHERE e.a = least(x.node, m.a) AND e.b = greatest(x.node, m.a) AND e.conf > 0 AND e.banned_by IS NULL)
        OR EXISTS (
            SELECT FROM identity.edge AS e
            WHERE e.a = least(x.node, m.b) AND e.b = greatest(x.node, m.b) AND e.conf > 0 AND e.banned_by IS NULL)
    )
"""

RELABEL = """
    UPDATE identity.node AS n
    SET person_id = k.person_id, state = k.state
    FROM unnest(%(nodes)s::bigint[], %(people)s::bigint[], %(states)s::smallint[]) AS k (node_id, person_id, state)
    WHERE n.node_id = k.node_id
"""

KEYS = "SELECT node_id, key FROM identity.node WHERE node_id = ANY(%(people)s::bigint[])"


def misfits(known: Mapping[int, Member], joins: Sequence[Pair], dirty: Collection[int], rules: Rules) -> set[int]:
    """The people of groups that cannot simply be joined: judged by a steward, against a limit, or dirty already."""
    groups = Parts()
    counts: defaultdict[int, dict[int, int]] = defaultdict(dict)
    to_solve = set(dirty)
    for node in known.values():
        count = counts[node.person_id]
        count[node.ns] = count.get(node.ns, 0) + 1
        if node.judged:
            to_solve.add(node.person_id)
    for a, b in joins:
        groups.join(known[a].person_id, known[b].person_id)
    members_of: defaultdict[int, list[int]] = defaultdict(list)
    for person in counts:
        members_of[groups.root(person)].append(person)
    for people in members_of.values():
        if not to_solve.isdisjoint(people) or not all_fit([counts[person] for person in people], rules):
            to_solve.update(people)
    return to_solve


def all_fit(counts: Sequence[Mapping[int, int]], rules: Rules) -> bool:
    """Would all of them make one person within the limits?"""
    total: Mapping[int, int] = NO_WORDS
    for count in counts:
        if not may_join(total, count, NO_WORDS, rules):
            return False
        total = add(total, count)
    return all(total[ns] <= rules.by_ns[ns].max_per_person for ns in total)


def merge(outcome: Outcome, joins: Sequence[Pair], edges: Mapping[Pair, bool], to_solve: Collection[int]) -> None:
    """Join groups that fit: one line of the journal for each edge that brought two people together."""
    before = outcome.before
    nodes_of: defaultdict[int, list[int]] = defaultdict(list)
    for n, node in before.items():
        nodes_of[node.person_id].append(n)
    now = Parts()
    for a, b in sorted(joins):
        old_a, old_b = before[a].person_id, before[b].person_id
        if old_a in to_solve or old_b in to_solve:
            continue
        x, y = now.root(old_a), now.root(old_b)
        if x == y:
            continue
        winner = now.join(x, y)
        loser = max(x, y)
        moved = nodes_of.pop(loser)
        nodes_of[winner] = nodes_of[winner] + moved
        outcome.entries.append(
            journal.Entry(
                "merged",
                journal.Effect(edges=[(a, b)] if edges[a, b] else []),
                [(loser, sorted(moved))],
                [winner, loser],
            )
        )
        for n in moved:
            outcome.person[n] = winner


def entries(
    known: Mapping[int, Member], person: Mapping[int, int], edges: Mapping[Pair, bool], nodes: Mapping[int, Member]
) -> list[journal.Entry]:
    """One line of the journal for each part of a new solution in which nodes changed person."""
    parts = Parts()
    moves: list[Move] = []
    for n, node in nodes.items():
        now = person.get(n, n)
        parts.join(node.person_id, now)
        if now != node.person_id:
            moves.append(Move(n, node.person_id, now))
    by_part: defaultdict[int, list[Move]] = defaultdict(list)
    for move in moves:
        by_part[parts.root(move.was)].append(move)
    causes: defaultdict[int, list[Pair]] = defaultdict(list)
    for (a, b), new in edges.items():
        for root in {parts.root(known[n].person_id) for n in (a, b) if new and n in known}:
            causes[root].append((a, b))
    return [
        journal.Entry(
            "resolved",
            journal.Effect(edges=causes[root]),
            journal.before(part),
            sorted({m.was for m in part} | {m.now for m in part}),
        )
        for root, part in sorted(by_part.items())
    ]
