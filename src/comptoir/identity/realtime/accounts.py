"""Accounts: what is told of the person behind an identifier, kept as it is compared, found by any of its keys."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import msgspec

from comptoir.identity.matching.candidates import MOST
from comptoir.identity.matching.comparisons import Clean
from comptoir.identity.realtime.cleaning import Written, clean
from comptoir.identity.realtime.keys import keys
from comptoir.identity.realtime.models import Learnt
from comptoir.kernel.db import Tx, ints, rows


class Account(msgspec.Struct, frozen=True):
    """One that is kept."""

    node_id: int
    person_id: int
    clean: Clean


class Kept(msgspec.Struct, frozen=True):
    """What was told, as it is compared, and whose is not what it was."""

    clean: dict[int, Clean]
    changed: set[int]


async def keep(tx: Tx, told: Mapping[int, Written], by: Learnt) -> Kept:
    """Write or replace the accounts of these nodes."""
    cleaned = {node: clean(one, by.known) for node, one in sorted(told.items())}
    lines = [
        {
            "node_id": node,
            "written": msgspec.json.encode(told[node]).decode(),
            "clean": msgspec.json.encode(one).decode(),
            "keys": keys(one),
        }
        for node, one in cleaned.items()
    ]
    return Kept(cleaned, set(await tx.values(KEEP, accounts=rows(lines), model=by.version, now=tx.now)))


KEEP = """
    WITH given AS MATERIALIZED (
        SELECT g.*, a.keys AS had FROM json_to_recordset(%(accounts)s::json)
            AS g (node_id bigint, written text, clean text, keys bigint[])
        LEFT JOIN identity.account AS a USING (node_id)
        WHERE a.clean IS DISTINCT FROM g.clean OR a.written IS DISTINCT FROM g.written
    ), kept AS (
        INSERT INTO identity.account (node_id, written, clean, keys, model, changed_at)
        SELECT node_id, written, clean, keys, %(model)s, %(now)s FROM given ORDER BY node_id
        ON CONFLICT (node_id) DO UPDATE SET written = excluded.written, clean = excluded.clean, keys = excluded.keys,
            model = excluded.model, changed_at = excluded.changed_at
    ), gone AS (
        DELETE FROM identity.account_key AS k USING (
            SELECT node_id, unnest(had) AS key FROM given EXCEPT SELECT node_id, unnest(keys) FROM given
        ) AS old WHERE k.key = old.key AND k.node_id = old.node_id
    ), added AS (
        INSERT INTO identity.account_key (key, node_id)
        SELECT unnest(keys), node_id FROM given ORDER BY 1, 2 ON CONFLICT DO NOTHING
    )
    SELECT node_id FROM given
"""


class Near(msgspec.Struct, frozen=True):
    """Who is worth comparing with some records."""

    people: list[set[int]]
    """Of each record."""
    accounts: dict[int, list[Account]]
    """All of each of these people."""


async def near(tx: Tx, asked: Sequence[Clean], *, beside: Collection[int] = ()) -> Near:
    """Whoever shares a key with one of these, unless more than `candidates.MOST` do; and people that are to be read
    beside them.
    """
    pairs = [(place, key) for place, one in enumerate(asked) for key in keys(one)]
    people: list[set[int]] = [set() for _ in asked]
    for place, person in await tx.tuples(
        NEAR, places=ints(p for p, _ in pairs), keys=ints(k for _, k in pairs), most=MOST
    ):
        people[int(place)].add(person)
    wanted = {*beside, *(person for found in people for person in found)}
    accounts: defaultdict[int, list[Account]] = defaultdict(list)
    if wanted:
        for node, person, encoded in await tx.tuples(OF_PEOPLE, people=ints(wanted)):
            accounts[person].append(Account(node, person, decode(encoded)))
    return Near(people, accounts)


decode = msgspec.json.Decoder(Clean).decode

NEAR = """
    WITH asked AS (SELECT * FROM unnest(%(places)s::integer[], %(keys)s::bigint[]) AS k (place, key)),
    shared AS (
        SELECT asked.place, f.nodes FROM asked CROSS JOIN LATERAL (
            SELECT array_agg(node_id) AS nodes FROM (
                SELECT node_id FROM identity.account_key WHERE key = asked.key LIMIT %(most)s + 1) AS block
        ) AS f
        WHERE cardinality(f.nodes) <= %(most)s
    )
    SELECT DISTINCT s.place, n.person_id
    FROM shared AS s CROSS JOIN LATERAL unnest(s.nodes) AS u (node_id) JOIN identity.node AS n USING (node_id)
"""

OF_PEOPLE = """
    SELECT n.node_id, n.person_id, a.clean FROM identity.node AS n JOIN identity.account AS a USING (node_id)
    WHERE n.node_id = ANY(%(people)s::bigint[]) AND n.person_id = n.node_id
    UNION ALL
    SELECT n.node_id, n.person_id, a.clean FROM identity.node AS n JOIN identity.account AS a USING (node_id)
    WHERE n.person_id = ANY(%(people)s::bigint[]) AND n.person_id <> n.node_id
"""
