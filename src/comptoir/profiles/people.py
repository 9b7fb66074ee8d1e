"""People as sets of nodes, as identity sees them now."""

from uuid import UUID

from comptoir import identity
from comptoir.kernel.db import Tx, ints
from comptoir.kernel.errors import NotFound


class UnknownPerson(NotFound):
    """There is no such person."""

    code = "profiles.unknown_person"


async def nodes_of(tx: Tx, *, person: int) -> list[int]:
    """All nodes of the person to whom the node `person` belongs now; any node names its person."""
    nodes = await tx.values(NODES_OF, person=person)
    if not nodes:
        raise UnknownPerson(f"No identifier has the number {person}.", person=person)
    return nodes


# Most people are one node, so identity's index on person_id holds only the other nodes of the rest.
NODES_OF = """
    WITH founder AS (SELECT person_id FROM identity.v_node WHERE node_id = %(person)s)
    SELECT person_id AS node_id FROM founder
    UNION ALL
    SELECT n.node_id FROM founder AS f CROSS JOIN LATERAL (
        SELECT node_id FROM identity.v_node AS n WHERE n.person_id = f.person_id AND n.person_id <> n.node_id) AS n
    ORDER BY node_id
"""


async def person_by_key(tx: Tx, *, key: UUID) -> int:
    """The person whom this public id names now; an id of before a merge finds the one she became."""
    found = await tx.value("SELECT person_id FROM identity.v_node WHERE key = %(key)s", key=key)
    if found is None:
        raise UnknownPerson(f"Nobody has the id {key}.", key=str(key))
    await identity.seen(tx, person_id=found)
    return found


async def owners_of(tx: Tx, *, people: list[int]) -> dict[int, int]:
    """Node → person, for all nodes of these people (founder nodes)."""
    return dict(await tx.tuples(OWNERS_OF, people=ints(people)))


OWNERS_OF = """
    SELECT person_id AS node_id, person_id FROM unnest(%(people)s::bigint[]) AS k (person_id)
    UNION ALL
    SELECT n.node_id, n.person_id FROM unnest(%(people)s::bigint[]) AS k (person_id) CROSS JOIN LATERAL (
        SELECT node_id, person_id FROM identity.v_node AS n
        WHERE n.person_id = k.person_id AND n.person_id <> n.node_id) AS n
"""
