"""Whose sale it was: the identifiers on a receipt become the node that its facts point at."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from comptoir import identity
from comptoir.identity import Observation
from comptoir.kernel.db import Tx
from comptoir.orders.sales.judging import Judged, Outlet


class Named(msgspec.Struct, frozen=True, gc=False):
    """The node of a sale, None where nobody was named; `unusable`: something was said that can name nobody."""

    node_id: int | None = None
    unusable: bool = False


class Shown(msgspec.Struct, frozen=True, gc=False):
    """What a customer has shown or said: where and when."""

    identifiers: Mapping[str, str]
    outlet: Outlet
    at: datetime


async def name_customers(tx: Tx, sales: Sequence[Judged]) -> list[Named]:
    """The node of each sale. What was shown together is evidence, as sure as the outlet's source."""
    return await name_shown(tx, [Shown(one.sale.identifiers, one.outlet, one.sale.occurred_at) for one in sales])


async def name_shown(tx: Tx, shown: Sequence[Shown]) -> list[Named]:
    """The node of each customer."""
    named = [Named()] * len(shown)
    places = [place for place, one in enumerate(shown) if one.identifiers]
    if not places:
        return named
    cleaner = await identity.Cleaner.load(tx)
    cleaned = [cleaner.clean(shown[place].identifiers.items(), shown[place].outlet.country) for place in places]
    nodes = await identity.resolve(
        tx,
        [
            Observation(
                identifiers=identifiers,
                at=shown[place].at,
                source_id=shown[place].outlet.source_id,
                trust=shown[place].outlet.trust,
            )
            for place, (identifiers, _) in zip(places, cleaned, strict=True)
        ],
    )
    for place, node, (_, refused) in zip(places, nodes, cleaned, strict=True):
        named[place] = Named(node, unusable=bool(refused) or node is None)
    return named
