"""The proof: what stands is the latest explicit word of the ledger."""

import msgspec

from comptoir.kernel.db import Tx


class Difference(msgspec.Struct, frozen=True):
    """A contact point for which another word stands than the ledger says."""

    node_id: int
    purpose_id: int
    channel: str
    stands: int | None
    due: int | None

    def __str__(self) -> str:
        return (
            f"contact point {self.node_id}, purpose {self.purpose_id} by {self.channel}: "
            f"choice {self.stands} stands, the ledger says {self.due}"
        )


async def reconcile(tx: Tx) -> list[Difference]:
    """Nothing, if all is well."""
    return await tx.many(Difference, DIFFERENT)


DIFFERENT = """
    WITH due AS (
        SELECT DISTINCT ON (node_id, purpose_id, channel) node_id, purpose_id, channel, choice_id, state, said_at,
               origin
        FROM consent.choice
        ORDER BY node_id, purpose_id, channel, state <> 'pending' DESC, said_at DESC, state DESC, choice_id DESC
    )
    SELECT node_id, purpose_id, channel, s.choice_id AS stands, d.choice_id AS due
    FROM due AS d FULL JOIN consent.standing AS s USING (node_id, purpose_id, channel)
    WHERE (s.choice_id, s.state, s.said_at, s.origin) IS DISTINCT FROM (d.choice_id, d.state, d.said_at, d.origin)
    ORDER BY node_id, purpose_id, channel
"""
