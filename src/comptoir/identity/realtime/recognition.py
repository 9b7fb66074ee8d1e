"""A record that is new or changed is compared with everyone, and the graph hears of it.

Sure enough, it is evidence like any other, of a model that can be taken back whole (`retractions`, batch
`match:<version>`); probable, it is a question to a steward. Never as sure as a key: what somebody signed in with, or a
steward's word, wins.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from comptoir.identity import namespaces, people
from comptoir.identity.closures import APART, Member, members
from comptoir.identity.matching.comparisons import Clean
from comptoir.identity.namespaces import Rules
from comptoir.identity.realtime import accounts, reviews
from comptoir.identity.realtime.cleaning import Written
from comptoir.identity.realtime.models import Learnt
from comptoir.identity.realtime.scoring import Likeness, rank
from comptoir.identity.records import Pair
from comptoir.identity.resolve import CONNECT, SHARE
from comptoir.identity.settle import settle
from comptoir.identity.solve import may_join
from comptoir.kernel.db import Tx, floats, ints, rows, times

SURE = 0.99
"""Probability above which nobody is asked."""
WORTH_ASKING = 0.5
AHEAD = 4.0
"""Bits by which the best must be ahead of the next one, to be taken without asking."""
AGREEING = 2
"""Fields that must speak for it."""
STRONGEST = 0.95
"""Confidence of an edge at most: below that of an e-mail address."""


class Recognised(msgspec.Struct, frozen=True):
    """What came of some records."""

    compared: int
    joined: int
    asked: int
    again: list[int]
    """Nodes whose best match was joined to another one first: to be compared once more."""


async def recognise(tx: Tx, told: Mapping[int, Written], by: Learnt, *, again: Collection[int] = ()) -> Recognised:
    """Keep what is told of these nodes and compare those that are not what they were, and those in `again`."""
    kept = await accounts.keep(tx, told, by)
    nodes = sorted(kept.changed | set(again))
    if not nodes:
        return Recognised(0, 0, 0, [])
    await reviews.withdraw(tx, nodes=nodes)
    rules = await namespaces.load(tx)
    mine = await people.persons_of(tx, nodes)
    near = await accounts.near(tx, [kept.clean[node] for node in nodes], beside=set(mine.values()))
    ranked: dict[int, list[Likeness]] = {}
    for node, beside in zip(nodes, near.people, strict=True):
        own = [kept.clean[node], *(one.clean for one in near.accounts[mine[node]] if one.node_id != node)]
        ranked[node] = rank(own, {one: near.accounts[one] for one in beside if one != mine[node]}, by)
    whole = await inside(tx, {*mine.values(), *(like.person_id for found in ranked.values() for like in found)})
    sure: dict[Pair, tuple[float, Any]] = {}
    asked: list[tuple[int, Likeness]] = []
    later: list[int] = []
    taken: set[int] = set()
    for node in sorted(nodes, key=lambda one: -ranked[one][0].bits if ranked[one] else 0):
        left = whole[mine[node]]
        found = [like for like in ranked[node] if left.apart.isdisjoint(whole[like.person_id].numbers)]
        if not found or found[0].probability < WORTH_ASKING:
            continue
        best, right = found[0], whole[found[0].person_id]
        ahead = best.bits - found[1].bits if len(found) > 1 else AHEAD
        if not (is_sure(kept.clean[node], best) and ahead >= AHEAD and may_join(left.by_ns, right.by_ns, {}, rules)):
            asked.append((node, best))
        elif {mine[node], best.person_id} & taken:
            later.append(node)  # it was weighed against what is more by now
        else:
            taken |= {mine[node], best.person_id}
            vector = {"accounts": sorted((node, best.node_id)), "bits": best.bits, "fields": best.reasons}
            a, b = sorted((left.strongest(rules), right.strongest(rules)))
            sure[a, b] = min(best.probability, STRONGEST), vector
    await testify(tx, sure, by, rules)
    await reviews.ask(tx, asked, model=by.version)
    return Recognised(len(nodes), len(sure), len(asked), later)


def is_sure(one: Clean, like: Likeness) -> bool:
    """Both bear the name, whole, and something else says so too."""
    named = not one.is_spelt and any(reason.field == "name" and reason.level in WHOLE for reason in like.reasons)
    return named and like.probability >= SURE and sum(reason.bits > 0 for reason in like.reasons) >= AGREEING


WHOLE = frozenset({"same", "swapped", "known as", "first misspelt", "last misspelt"})
"""Levels of the name at which neither is an initial, and none is missing."""


class Inside:
    """The identifiers of a person."""

    def __init__(self) -> None:
        self.by_ns: dict[int, int] = {}
        self.numbers: set[int] = set()
        self._nodes: list[tuple[int, int]] = []
        self.apart: set[int] = set()
        """Nodes of others, from which a steward keeps it."""

    def add(self, node: Member) -> None:
        self.by_ns[node.ns] = self.by_ns.get(node.ns, 0) + 1
        self.numbers.add(node.node_id)
        self._nodes.append((node.ns, node.node_id))

    def strongest(self, rules: Rules) -> int:
        return min(self._nodes, key=lambda one: (rules.rank[one[0]], one[1]))[1]


async def inside(tx: Tx, people: Collection[int]) -> dict[int, Inside]:
    found: defaultdict[int, Inside] = defaultdict(Inside)
    nodes = await members(tx, people)
    for node in nodes.values():
        found[node.person_id].add(node)
    for pair in await tx.tuples(APART, nodes=ints(nodes)):
        for one, other in (pair, pair[::-1]):
            if one in nodes:
                found[nodes[one].person_id].apart.add(other)
    return found


async def testify(tx: Tx, sure: Mapping[Pair, tuple[float, Any]], by: Learnt, rules: Rules) -> None:
    """Write the evidence, and see who is one person by it. What was retracted stays so."""
    if not sure:
        return
    await tx.run(SHARE)
    lines = [
        {"a": a, "b": b, "prob": prob, "vector": vector} for (a, b), (prob, vector) in sorted(sure.items())
    ]  # fmt: skip
    live = await tx.tuples(TESTIFY, evidence=rows(lines), batch=f"match:{by.version}", model=by.version, now=tx.now)
    if not live:
        return
    ns_of = dict(await tx.tuples(KINDS, nodes=ints({node for a, b in live for node in (a, b)})))
    connected = await tx.tuples(
        CONNECT,
        a=ints(a for a, _ in live),
        b=ints(b for _, b in live),
        ns_a=ints(ns_of[a] for a, _ in live),
        ns_b=ints(ns_of[b] for _, b in live),
        conf=floats(sure[a, b][0] for a, b in live),
        first=times(tx.now for _ in live),
    )
    if edges := {(a, b): new for a, b, new, stands in connected if stands}:
        await settle(tx, rules, edges=edges)


KINDS = "SELECT node_id, ns FROM identity.node WHERE node_id = ANY(%(nodes)s::bigint[])"
TESTIFY = """
    INSERT INTO identity.evidence AS e
        (a, b, kind, source_id, batch_id, rule, prob, observed_at, last_at, model_version, vector)
    SELECT a, b, 'probabilistic', 0, %(batch)s, 'alike', prob, %(now)s, %(now)s, %(model)s, vector
    FROM json_to_recordset(%(evidence)s::json) AS g (a bigint, b bigint, prob double precision, vector jsonb)
    ON CONFLICT (a, b, source_id, batch_id, kind) DO UPDATE SET
        prob = excluded.prob, vector = excluded.vector, last_at = excluded.last_at
    WHERE e.retracted_by IS NULL
    RETURNING a, b
"""
