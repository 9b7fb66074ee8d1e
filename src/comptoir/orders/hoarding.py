"""One visitor keeps goods in so many baskets at once: who fills baskets without end (a bot) takes nothing from others.

Counted are baskets whose goods are held now, of one device and of one customer. Who asks in two processes at the same
moment may get one or two more: it is a dam, not a ledger.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from comptoir.kernel.db import Tx, ints, texts
from comptoir.orders.baskets import Basket
from comptoir.orders.errors import TooManyHeld

MOST = 20
"""Baskets of one visitor whose goods are held at the same time."""


async def hoarded(tx: Tx, quoting: Mapping[int, Basket], *, most: int = MOST) -> dict[int, TooManyHeld]:
    """Those that are to wait, by their number. A basket whose goods are held already asks for nothing new."""
    fresh = {
        number: whose
        for number, one in quoting.items()
        if (one.held_until is None or one.held_until <= tx.now) and (whose := _whose(one))
    }
    if not fresh:
        return {}
    every = {one for whose in fresh.values() for one in whose}
    devices = sorted(name for kind, name in every if kind == "device")
    nodes = sorted(name for kind, name in every if kind == "node_id")
    held: Counter[tuple[str, Any]] = Counter()
    for kind, device, node_id, count in await tx.tuples(HELD, devices=texts(devices), nodes=ints(nodes), now=tx.now):
        held[kind, device if kind == "device" else node_id] = count
    refused: dict[int, TooManyHeld] = {}
    for number, whose in fresh.items():
        if any(held[one] >= most for one in whose):
            refused[number] = TooManyHeld(most=most)
        else:
            held.update(whose)
    return refused


def _whose(basket: Basket) -> list[tuple[str, Any]]:
    named = [("device", basket.device or None), ("node_id", basket.node_id)]
    return [one for one in named if one[1] is not None]


HELD = """
    SELECT 'device', device, NULL::bigint, count(*) FROM orders.basket
    WHERE device = ANY(%(devices)s::text[]) AND state = 'open' AND held_until > %(now)s GROUP BY device
    UNION ALL
    SELECT 'node_id', NULL, node_id, count(*) FROM orders.basket
    WHERE node_id = ANY(%(nodes)s::bigint[]) AND state = 'open' AND held_until > %(now)s GROUP BY node_id
"""
