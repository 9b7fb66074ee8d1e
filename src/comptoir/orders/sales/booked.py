"""Events about orders that stand in our own order book: what they tell is known, also whose they are.

The basket names its person. An event does not: the write key of a site is public and numbers count up, so anybody could
make a guest's order his own.

Such an order is sold when it is handed over, piece by piece. A site that goes on telling `Order Completed`, under our
number or under its own (orders.external), so never counts it twice.
"""

from collections.abc import Iterable

from comptoir.kernel.db import Tx, rows

LONGEST = 15
"""Digits of a number that could be one of ours."""


async def booked(tx: Tx, *, told: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Of these (outlet, number): which are in the book."""
    # A number that no text column could hold is in no book.
    numbers = {(outlet, number) for outlet, number in told if "\0" not in number and number.isprintable()}
    if not numbers:
        return set()
    asked = [
        {"outlet": outlet, "number": number, "ours": int(number) if could_be_ours(number) else None}
        for outlet, number in sorted(numbers)
    ]
    return {(outlet, number) for outlet, number in await tx.tuples(BOOKED, asked=rows(asked))}


def could_be_ours(number: str) -> bool:
    return number.isascii() and number.isdigit() and len(number) <= LONGEST


# Probes of unique indexes, whatever was known of the tables when the plan was made.
BOOKED = """
    SELECT a.outlet, a.number
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
