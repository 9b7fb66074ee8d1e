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

# Sets by arrays, never by joins to the tables: they are probed by index however large they have grown.
COMPUTE = """
    WITH member AS MATERIALIZED (
        SELECT node_id, person_id, ns FROM identity.v_node
        WHERE node_id = ANY(%(people)s::bigint[]) AND person_id = node_id
        UNION ALL
        SELECT node_id, person_id, ns FROM identity.v_node
        WHERE person_id = ANY(%(people)s::bigint[]) AND person_id <> node_id
    ), named AS (
        SELECT person_id, count(*)::integer AS nodes, bit_or(1::bigint << ns) AS namespaces
        FROM member GROUP BY person_id
    ), seen AS (
        SELECT m.person_id, bit_or(t.channels) AS channels, min(t.first_at) AS first_at, max(t.last_at) AS last_at,
               sum(t.events)::bigint AS events
        FROM profiles.node AS t JOIN member AS m USING (node_id)
        WHERE t.node_id = ANY(ARRAY(SELECT node_id FROM member))
        GROUP BY m.person_id
    ), bought AS (
        SELECT m.person_id, sum(s.orders)::bigint AS orders, sum(s.units)::bigint AS units,
               coalesce(sum(s.spend_minor) FILTER (WHERE s.currency = %(currency)s), 0)::bigint AS spend_minor
        FROM profiles.shop AS s JOIN member AS m USING (node_id)
        WHERE s.node_id = ANY(ARRAY(SELECT node_id FROM member))
        GROUP BY m.person_id
    )
    UPDATE profiles.person AS p
    SET nodes = coalesce(f.nodes, 0), namespaces = coalesce(f.namespaces, 0), channels = coalesce(f.channels, 0),
        first_at = coalesce(f.first_at, '-infinity'), last_at = coalesce(f.last_at, '-infinity'),
        events = coalesce(f.events, 0), orders = coalesce(f.orders, 0), units = coalesce(f.units, 0),
        spend_minor = coalesce(f.spend_minor, 0)
    FROM (
        SELECT * FROM unnest(%(people)s::bigint[]) AS k (person_id)
        LEFT JOIN named USING (person_id) LEFT JOIN seen USING (person_id) LEFT JOIN bought USING (person_id)) AS f
    WHERE p.person_id = f.person_id AND p.person_id = ANY(%(people)s::bigint[])
"""

FORGET = "DELETE FROM profiles.person WHERE person_id = ANY(%(people)s::bigint[]) AND nodes = 0"
