"""Whose sale it was: the identifiers on a receipt become the node that its facts point at."""

from collections.abc import Sequence

import msgspec

from comptoir import identity
from comptoir.identity import Observation
from comptoir.kernel.db import Tx
from comptoir.orders.judging import Judged


class Named(msgspec.Struct, frozen=True, gc=False):
    """The node of a sale, None where nobody was named; `unusable`: something was said that can name nobody."""

    node_id: int | None = None
    unusable: bool = False


async def name_customers(tx: Tx, sales: Sequence[Judged]) -> list[Named]:
    """The node of each sale. What was shown together is evidence, as sure as the outlet's source."""
    named = [Named()] * len(sales)
    places = [place for place, one in enumerate(sales) if one.sale.identifiers]
    if not places:
        return named
    cleaner = await identity.Cleaner.load(tx)
    cleaned = [cleaner.clean(sales[place].sale.identifiers.items(), sales[place].outlet.country) for place in places]
    nodes = await identity.resolve(
        tx,
        [
            Observation(
                identifiers=identifiers,
                at=sales[place].sale.occurred_at,
                source_id=sales[place].outlet.source_id,
                trust=sales[place].outlet.trust,
            )
            for place, (identifiers, _) in zip(places, cleaned, strict=True)
        ],
    )
    for place, node, (_, refused) in zip(places, nodes, cleaned, strict=True):
        named[place] = Named(node, unusable=bool(refused) or node is None)
    return named
