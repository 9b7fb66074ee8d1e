"""Whose sale it was: the identifiers on a receipt become the node that its facts point at."""

from collections.abc import Sequence

from comptoir.kernel.db import Tx
from comptoir.orders.judging import Judged


async def nodes_named(tx: Tx, sales: Sequence[Judged]) -> list[int | None]:
    """The node of each sale, None where nobody was named. What was shown together becomes evidence."""
    named = [index for index, one in enumerate(sales) if one.sale.identifiers]
    nodes: list[int | None] = [None] * len(sales)
    if not named:
        return nodes
    return nodes
