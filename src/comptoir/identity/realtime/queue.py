"""Accounts whose record has changed wait here, in the transaction of the change, until they are compared."""

from collections.abc import Collection
from datetime import datetime

from comptoir.kernel.db import Tx, ints


async def put(tx: Tx, nodes: Collection[int]) -> None:
    if nodes:
        await tx.run(PUT, nodes=ints(sorted(nodes)), now=tx.now)


async def take(tx: Tx, *, most: int) -> list[int]:
    """The oldest, out of the queue if this transaction is committed. Who works beside us takes others."""
    return await tx.values(TAKE, most=most)


async def oldest(tx: Tx) -> datetime | None:
    """Since when somebody has been waiting."""
    return await tx.value("SELECT min(since) FROM identity.unmatched")


PUT = """
    INSERT INTO identity.unmatched (node_id, since) SELECT unnest(%(nodes)s::bigint[]), %(now)s
    ON CONFLICT (node_id) DO NOTHING
"""

TAKE = """
    DELETE FROM identity.unmatched WHERE node_id IN (
        SELECT node_id FROM identity.unmatched ORDER BY since, node_id LIMIT %(most)s FOR UPDATE SKIP LOCKED)
    RETURNING node_id
"""
