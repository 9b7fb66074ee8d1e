"""Who is not to be seen any more (she is being erased), and whose data are kept but not used (restricted).

By identifier, as everything here: so it follows a merge, and an unmerge.
"""

from collections.abc import Iterable
from typing import Literal

from comptoir.kernel.db import Tx, ints

Why = Literal["erasing", "restricted"]


async def withhold(tx: Tx, *, nodes: Iterable[int], why: Why) -> int:
    """Returns for how many identifiers it is new."""
    return await tx.run(WITHHOLD, nodes=ints(sorted(nodes)), why=why, now=tx.now)


async def release(tx: Tx, *, nodes: Iterable[int], why: Why) -> int:
    return await tx.run(RELEASE, nodes=ints(sorted(nodes)), why=why)


async def withheld(tx: Tx, *, nodes: Iterable[int]) -> set[Why]:
    """Why any of these identifiers is withheld."""
    return set(await tx.values(WITHHELD, nodes=ints(sorted(nodes))))


async def restricted(tx: Tx, *, nodes: Iterable[int]) -> set[int]:
    """Those of the identifiers under which nothing may be decided or sent: she is being erased, or has asked so. A
    person is restricted when one of her identifiers is.
    """
    return set(await tx.values(RESTRICTED, nodes=ints(sorted(nodes))))


WITHHOLD = """
    INSERT INTO identity.withheld (node_id, why, since)
    SELECT n, %(why)s, %(now)s FROM unnest(%(nodes)s::bigint[]) AS n ON CONFLICT DO NOTHING
"""
RELEASE = "DELETE FROM identity.withheld WHERE node_id = ANY(%(nodes)s::bigint[]) AND why = %(why)s"
WITHHELD = "SELECT DISTINCT why FROM identity.withheld WHERE node_id = ANY(%(nodes)s::bigint[])"
RESTRICTED = """
    WITH asked AS (SELECT node_id, person_id FROM identity.node WHERE node_id = ANY(%(nodes)s::bigint[])),
    held AS (SELECT DISTINCT n.person_id FROM identity.withheld AS w JOIN identity.node AS n USING (node_id))
    SELECT a.node_id FROM asked AS a JOIN held USING (person_id)
"""
