"""Observations in, nodes out: the hot path, for a batch of up to some thousands.

Every identifier becomes a node; identifiers seen together become edges from the strongest one of them; each edge
keeps its evidence. What is known already is looked at and left alone, so a warm batch writes next to nothing. Then
`settle` finds who is one person.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from comptoir.identity import namespaces
from comptoir.identity.erasing import tombstones
from comptoir.identity.namespaces import Rules
from comptoir.identity.records import Identifier, Observation, Pair
from comptoir.identity.settle import settle
from comptoir.kernel.db import Tx, floats, ints, texts, times, uuids
from comptoir.kernel.errors import Unavailable
from comptoir.kernel.ids import uuid7

MOST_IDENTIFIERS = 50
"""More in one event come from a broken sender; joined, they would make a hub of strangers."""
REFRESH = timedelta(days=1)
"""How exact the time is at which evidence was last seen."""

Claim = tuple[int, int, int, str]
"""a, b, source, batch: what one row of evidence is about."""


class Seen:
    """What a batch says about one claim."""

    __slots__ = ("conf", "first", "last", "position")

    def __init__(self, conf: float, at: datetime, position: int | None) -> None:
        self.conf, self.first, self.last, self.position = conf, at, at, position


async def resolve(tx: Tx, observations: Sequence[Observation], *, rules: Rules | None = None) -> list[int | None]:
    """The node that each observation belongs to: its strongest identifier. None: see `refusal`; or it names somebody
    who was erased (`erasing.tombstones`).

    `rules`: those by which the identifiers were cleaned, where they are at hand.
    """
    if not observations:
        return []
    await tx.run(SHARE)
    rules = rules or await namespaces.load(tx)

    hubs, stars, firsts = gather(observations, rules)
    try:
        nodes = await _nodes(tx, firsts)
    except _Buried as buried:
        # Nothing of what names an erased person makes anybody known: not even the device beside her address.
        hubs, stars, firsts = gather([without(one, buried.identifiers) for one in observations], rules)
        nodes = await _nodes(tx, firsts)

    seen = claims(stars, nodes, rules)
    if seen and (edges := await _record(tx, seen, {node: ns for (ns, _), node in nodes.items()})):
        await settle(tx, rules, edges=edges)
    return [None if hub is None else nodes[hub] for hub in hubs]


async def observe(tx: Tx, observation: Observation) -> int | None:
    """`resolve` for one: a receipt, a call, a form."""
    (node,) = await resolve(tx, [observation])
    return node


def refusal(observation: Observation, rules: Rules | None = None) -> str | None:
    """Why an observation belongs to no node."""
    if not observation.identifiers:
        return "no_identifier"
    if len(observation.identifiers) > MOST_IDENTIFIERS:
        return "too_many_identifiers"
    if rules and any(ns not in rules.by_ns for ns, _ in observation.identifiers):
        return "unknown_namespace"
    return None


class _Buried(Exception):
    """Some of the identifiers are those of people who were erased."""

    def __init__(self, identifiers: set[Identifier]) -> None:
        super().__init__()
        self.identifiers = identifiers


_ERASED: list[bool] = []
"""Whether this process has met a tombstone. Until then new identifiers cost nothing; afterwards a look."""


def without(observation: Observation, buried: set[Identifier]) -> Observation:
    """The observation, or one of nobody."""
    if buried.isdisjoint(observation.identifiers):
        return observation
    return msgspec.structs.replace(observation, identifiers=())


async def _nodes(tx: Tx, firsts: dict[Identifier, datetime]) -> dict[Identifier, int]:
    """Find or make the node of every identifier."""
    found: dict[Identifier, int] = {}
    missing: list[Identifier] = list(firsts)
    for attempt in range(4):
        known = await tx.tuples(FIND, ns=ints(i[0] for i in missing), values=texts(i[1] for i in missing))
        for index, node in known:
            found[missing[index - 1]] = node
        missing = sorted(identifier for identifier in missing if identifier not in found)
        if not missing:
            return found
        if (checked := bool(attempt or _ERASED)) and (gone := await tombstones.buried(tx, missing)):
            _ERASED.append(True)
            raise _Buried(gone)
        made = await tx.tuples(
            CREATE,
            checked=checked,
            ns=ints(i[0] for i in missing),
            values=texts(i[1] for i in missing),
            keys=uuids(uuid7() for _ in missing),
            at=times(firsts[i] for i in missing),
        )
        for ns, value, node in made:
            found[ns, value] = node
        # What is still missing was made by somebody else between the look and now: look again.
        missing = [identifier for identifier in missing if identifier not in found]
        if not missing:
            return found
    raise Unavailable("Identifiers are being made and taken back by others.")


async def _record(tx: Tx, seen: dict[Claim, Seen], ns_of: dict[int, int]) -> dict[Pair, bool]:
    """Write the evidence that says something new; return the edges that it made (true), strengthened or dated back."""
    keys = sorted(seen)
    known = {
        index - 1: rest
        for index, *rest in await tx.tuples(
            LOOK,
            a=ints(k[0] for k in keys),
            b=ints(k[1] for k in keys),
            sources=ints(k[2] for k in keys),
            batches=texts(k[3] for k in keys),
        )
    }
    news: list[Claim] = []
    changed: dict[Pair, Seen] = {}
    for index, key in enumerate(keys):
        now = seen[key]
        if before := known.get(index):
            first, last, prob, retracted = before
            if retracted:
                continue  # what was retracted stays so until the retraction is undone
            stronger = now.first < first or now.conf > prob
            if not stronger and now.last < last + REFRESH:
                continue
            news.append(key)
            if not stronger:
                continue
        else:
            news.append(key)
        edge = key[:2]
        if edge in changed:
            changed[edge].conf = max(changed[edge].conf, now.conf)
            changed[edge].first = min(changed[edge].first, now.first)
        else:
            changed[edge] = Seen(now.conf, now.first, None)
    touched: dict[Pair, bool] = {}
    if changed:
        edges = sorted(changed)
        touched = {
            (a, b): new
            for a, b, new, live in await tx.tuples(
                CONNECT,
                a=ints(e[0] for e in edges),
                b=ints(e[1] for e in edges),
                ns_a=ints(ns_of[e[0]] for e in edges),
                ns_b=ints(ns_of[e[1]] for e in edges),
                conf=floats(changed[e].conf for e in edges),
                first=times(changed[e].first for e in edges),
            )
            if live
        }
    if news:
        await tx.run(
            TESTIFY,
            a=ints(k[0] for k in news),
            b=ints(k[1] for k in news),
            sources=ints(k[2] for k in news),
            batches=texts(k[3] for k in news),
            prob=floats(seen[k].conf for k in news),
            positions=ints(seen[k].position for k in news),
            first=times(seen[k].first for k in news),
            last=times(seen[k].last for k in news),
        )
    return touched


# Operations of stewards hold this exclusively, and so does `settle` when a shared value connects again.
SHARE = "SELECT pg_advisory_xact_lock_shared(hashtext('identity'))"

FIND = """
    SELECT k.i, n.node_id
    FROM unnest(%(ns)s::smallint[], %(values)s::text[]) WITH ORDINALITY AS k (ns, value, i)
    CROSS JOIN LATERAL (
        SELECT node_id FROM identity.node AS n WHERE n.ns = k.ns AND n.value = k.value LIMIT 1
    ) AS n
"""

CREATE = """
    INSERT INTO identity.node (node_id, person_id, first_seen, key, ns, value)
    SELECT id, id, at, key, ns, value FROM (
        SELECT nextval('identity.node_id') AS id, *
        FROM unnest(%(ns)s::smallint[], %(values)s::text[], %(keys)s::uuid[], %(at)s::timestamptz[])
             AS k (ns, value, key, at)
    ) AS k
    WHERE %(checked)s OR NOT EXISTS (SELECT FROM identity.tombstone)
    ON CONFLICT (ns, value) DO NOTHING
    RETURNING ns, value, node_id
"""

LOOK = """
    SELECT k.i, e.observed_at, e.last_at, e.prob, e.retracted_by IS NOT NULL
    FROM unnest(%(a)s::bigint[], %(b)s::bigint[], %(sources)s::smallint[], %(batches)s::text[])
         WITH ORDINALITY AS k (a, b, source_id, batch_id, i)
    CROSS JOIN LATERAL (
        SELECT * FROM identity.evidence AS e
        WHERE e.a = k.a AND e.b = k.b AND e.source_id = k.source_id AND e.batch_id = k.batch_id
          AND e.kind = 'deterministic'
        LIMIT 1
    ) AS e
"""

CONNECT = """
    INSERT INTO identity.edge AS e (a, b, ns_a, ns_b, conf, first_seen)
    SELECT * FROM unnest(%(a)s::bigint[], %(b)s::bigint[], %(ns_a)s::smallint[], %(ns_b)s::smallint[],
                         %(conf)s::double precision[], %(first)s::timestamptz[])
    ON CONFLICT (a, b) DO UPDATE SET
        conf = greatest(e.conf, excluded.conf),
        first_seen = CASE WHEN e.conf = 0 THEN excluded.first_seen ELSE least(e.first_seen, excluded.first_seen) END
    WHERE e.conf < excluded.conf OR e.first_seen > excluded.first_seen
    RETURNING a, b, xmax = 0, banned_by IS NULL
"""

TESTIFY = """
    INSERT INTO identity.evidence AS e
        (a, b, source_id, batch_id, rule, prob, position, observed_at, last_at)
    SELECT a, b, source_id, batch_id, 'seen together', prob, position, observed_at, last_at
    FROM unnest(%(a)s::bigint[], %(b)s::bigint[], %(sources)s::smallint[], %(batches)s::text[],
                %(prob)s::double precision[], %(positions)s::bigint[],
                %(first)s::timestamptz[], %(last)s::timestamptz[])
         AS k (a, b, source_id, batch_id, prob, position, observed_at, last_at)
    ON CONFLICT (a, b, source_id, batch_id, kind) DO UPDATE SET
        prob = greatest(e.prob, excluded.prob),
        position = CASE WHEN excluded.observed_at < e.observed_at THEN excluded.position ELSE e.position END,
        observed_at = least(e.observed_at, excluded.observed_at),
        last_at = greatest(e.last_at, excluded.last_at)
"""


Star = tuple[Observation, Identifier, list[Identifier]]
"""An observation, its strongest identifier and the others."""


def gather(
    observations: Sequence[Observation], rules: Rules
) -> tuple[list[Identifier | None], list[Star], dict[Identifier, datetime]]:
    """Per observation its strongest identifier; the stars of those that have several; when each was first seen."""
    hubs: list[Identifier | None] = []
    stars: list[Star] = []
    firsts: dict[Identifier, datetime] = {}
    known, rank = rules.by_ns, rules.rank
    for observation in observations:
        identifiers = observation.identifiers
        if len(identifiers) == 1 and identifiers[0][0] in known:  # most
            hub = identifiers[0]
            hubs.append(hub)
            if hub not in firsts:
                firsts[hub] = observation.at
            continue
        if refusal(observation, rules):
            hubs.append(None)
            continue
        hub, *others = sorted(set(identifiers), key=lambda i: (rank[i[0]], i))
        hubs.append(hub)
        if others:
            stars.append((observation, hub, others))
        for identifier in (hub, *others):
            if identifier not in firsts:
                firsts[identifier] = observation.at
    return hubs, stars, firsts


def claims(stars: Sequence[Star], nodes: dict[Identifier, int], rules: Rules) -> dict[Claim, Seen]:
    """Fold what the observations say: one row for each edge, source and batch."""
    seen: dict[Claim, Seen] = {}
    for observation, hub, others in stars:
        node = nodes[hub]
        sure = rules.by_ns[hub[0]].confidence
        for other in others:
            end = nodes[other]
            a, b = (node, end) if node < end else (end, node)
            key = (a, b, observation.source_id, observation.batch_id)
            conf = confidence(sure, rules.by_ns[other[0]].confidence, observation.trust)
            at = observation.at
            if not (before := seen.get(key)):
                seen[key] = Seen(conf, at, observation.position)
                continue
            before.conf = max(before.conf, conf)
            before.last = max(before.last, at)
            if at < before.first:
                before.first, before.position = at, observation.position
    return seen


def confidence(left: float, right: float, trust: float) -> float:
    """An edge is as sure as the weaker of its ends, by as much as the source is trusted; never as sure as a steward."""
    return max(0.01, min(left, right, 0.999) * min(trust, 1.0))
