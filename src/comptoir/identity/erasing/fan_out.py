"""Every identifier that was ever joined with a person: those of now, and those of the journal.

What belongs to somebody else today, or is shared by several, is doubtful: the privacy officer decides.
"""

import msgspec

from comptoir.identity import people
from comptoir.identity.records import Node
from comptoir.kernel.db import Tx, ints


class Doubtful(msgspec.Struct, frozen=True):
    """An identifier that may be hers and may be somebody else's."""

    node_id: int
    namespace: str
    value: str
    person_id: int
    """Whose it is today."""
    why: str
    """`shared`: several people use it. `was_hers`: it was joined with her, and is somebody else's now."""


async def fan_out(tx: Tx, *, person_id: int) -> tuple[list[Node], list[Doubtful]]:
    """Hers, and what is doubtful."""
    hers = (await people.whole(tx, person_id=person_id)).nodes
    certain = [one for one in hers if not one.shared]
    doubtful = await tx.many(Doubtful, DOUBTFUL, nodes=ints(one.node_id for one in hers))
    return certain, doubtful


# The journal names the people before and after; the pre-image names the nodes that moved.
DOUBTFUL = """
    WITH entries AS (
        SELECT j.people, j.moved FROM identity.journal AS j WHERE j.people && %(nodes)s::bigint[]),
    joined AS (
        SELECT unnest(people) AS node_id FROM entries
        UNION
        SELECT (n #>> '{}')::bigint FROM entries, jsonb_array_elements(moved) AS m, jsonb_array_elements(m -> 1) AS n
        UNION
        SELECT CASE WHEN e.a = ANY(%(nodes)s::bigint[]) THEN e.b ELSE e.a END
        FROM identity.edge AS e WHERE e.a = ANY(%(nodes)s::bigint[]) OR e.b = ANY(%(nodes)s::bigint[]))
    SELECT n.node_id, n.namespace, n.value, n.person_id, CASE WHEN n.shared THEN 'shared' ELSE 'was_hers' END AS why
    FROM joined JOIN identity.v_node AS n USING (node_id)
    WHERE n.shared OR n.node_id <> ALL(%(nodes)s::bigint[])
    ORDER BY n.node_id
"""
