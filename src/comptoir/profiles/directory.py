"""The directory: one row per person, for lists, filters and counts over everybody.

A person's row is computed from her nodes' measures, never added to, so a merge, an unmerge or a replay cannot leave it
wrong. Rows are locked before the nodes are looked at, and the look is repeated until the lock covers what it shows:
otherwise a worker that merges two people and one that counts an event of theirs could each miss the other's work.
"""

from collections.abc import Iterable

from comptoir.kernel.db import Tx, ints


async def refresh(tx: Tx, *, nodes: Iterable[int], people: Iterable[int] = (), currency: str) -> None:
    """Compute anew the rows of the owners of `nodes`, and of `people`: persons that a merge or a split named."""
    touched, named = ints(sorted(set(nodes))), sorted(set(people))
    owners: set[int] = set()
    while True:
        found = set(await tx.values(OWNERS, nodes=touched)) | set(named)
        if found <= owners:
            break
        owners |= found
        await tx.run(LOCK, people=ints(sorted(owners)))
    if owners:
        # Not prepared: a plan made while the tables were small would go on to read them whole.
        asked = {"people": ints(sorted(owners)), "currency": currency}
        await tx.connection.execute(COMPUTE, asked, prepare=False)
    if named:
        await tx.run(FORGET, people=ints(named))


OWNERS = "SELECT DISTINCT person_id FROM identity.v_node WHERE node_id = ANY(%(nodes)s::bigint[])"

LOCK = """
    INSERT INTO profiles.person AS p (person_id) SELECT unnest(%(people)s::bigint[])
    ON CONFLICT (person_id) DO UPDATE SET nodes = p.nodes WHERE false
"""

COMPUTE = """
    UPDATE profiles.person AS p
    SET nodes = f.nodes, namespaces = coalesce(f.namespaces, 0), channels = coalesce(f.channels, 0),
        first_at = coalesce(f.first_at, '-infinity'), last_at = coalesce(f.last_at, '-infinity'),
        events = coalesce(f.events, 0), orders = coalesce(f.orders, 0), units = coalesce(f.units, 0),
        spend_minor = coalesce(f.spend_minor, 0)
    FROM unnest(%(people)s::bigint[]) AS k (person_id) CROSS JOIN LATERAL (
        SELECT count(*)::integer AS nodes, bit_or(1::bigint << m.ns) AS namespaces, bit_or(t.channels) AS channels,
               min(t.first_at) AS first_at, max(t.last_at) AS last_at, sum(t.events)::bigint AS events,
               sum(s.orders)::bigint AS orders, sum(s.units)::bigint AS units, sum(s.spend_minor)::bigint AS spend_minor
        FROM (
            SELECT node_id, ns FROM identity.v_node WHERE node_id = k.person_id AND person_id = k.person_id
            UNION ALL
            SELECT node_id, ns FROM identity.v_node WHERE person_id = k.person_id AND person_id <> node_id) AS m
        LEFT JOIN LATERAL (SELECT channels, first_at, last_at, events FROM profiles.node AS t
                           WHERE t.node_id = m.node_id OFFSET 0) AS t ON true
        LEFT JOIN LATERAL (SELECT sum(orders) AS orders, sum(units) AS units,
                                  sum(spend_minor) FILTER (WHERE currency = %(currency)s) AS spend_minor
                           FROM profiles.shop AS s WHERE s.node_id = m.node_id) AS s ON true
    ) AS f
    WHERE p.person_id = k.person_id
"""

FORGET = "DELETE FROM profiles.person WHERE person_id = ANY(%(people)s::bigint[]) AND nodes = 0"
