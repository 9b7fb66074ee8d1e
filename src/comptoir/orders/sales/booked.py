"""Events about orders that stand in our own order book: what they tell is known; whose they are may be news.

Such an order is sold when it is handed over, piece by piece. A site that goes on telling `Order Completed`, under our
number or under its own (orders.external), so never counts it twice.
"""

from collections.abc import Iterable

from comptoir.kernel.db import Tx, rows

LONGEST = 15
"""Digits of a number that could be one of ours."""


async def booked(tx: Tx, *, told: Iterable[tuple[str, str, int | None]]) -> set[tuple[str, str]]:
    """Of (outlet, number, node): which are in the book, as (outlet, number). Those of nobody become the node's."""
    # A number that no text column could hold is in no book.
    nodes = {(outlet, number): node for outlet, number, node in told if "\0" not in number and number.isprintable()}
    if not nodes:
        return set()
    asked = [
        {"outlet": outlet, "number": number, "ours": int(number) if could_be_ours(number) else None}
        for outlet, number in sorted(nodes)
    ]
    found = {(outlet, number): order_id for outlet, number, order_id in await tx.tuples(BOOKED, asked=rows(asked))}
    if named := [
        {"order_id": order_id, "node": nodes[key]} for key, order_id in found.items() if nodes[key] is not None
    ]:
        await tx.run(NAME, named=rows(named))
    return set(found)


def could_be_ours(number: str) -> bool:
    return number.isascii() and number.isdigit() and len(number) <= LONGEST


# Probes of unique indexes, whatever was known of the tables when the plan was made.
BOOKED = """
    SELECT a.outlet, a.number, coalesce(s.order_id, e.order_id)
    FROM json_to_recordset(%(asked)s::json) AS a (outlet text, number text, ours bigint)
    JOIN channels.v_outlet AS o ON o.code = a.outlet
    LEFT JOIN LATERAL (
        SELECT order_id FROM orders.sales_order WHERE order_number = a.ours AND outlet_id = o.outlet_id LIMIT 1
    ) AS s ON true
    LEFT JOIN LATERAL (
        SELECT order_id FROM orders.external_order WHERE outlet_id = o.outlet_id AND number = a.number LIMIT 1
    ) AS e ON true
    WHERE s.order_id IS NOT NULL OR e.order_id IS NOT NULL
"""

NAME = """
    UPDATE orders.sales_order AS s SET node_id = n.node
    FROM json_to_recordset(%(named)s::json) AS n (order_id uuid, node bigint)
    WHERE s.order_id = n.order_id AND s.node_id IS NULL
"""
