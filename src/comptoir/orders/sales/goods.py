"""What a till has sold leaves the stock of its shop; what it has taken back lies there until somebody has looked at it.

Only for sales that say so (`NewSale.moves_stock`): history that is taken over, or what is handed over for an order,
has moved already. A physical fact is never refused: below what is promised there, it makes a shortage.
"""

from collections.abc import Sequence

from comptoir import inventory
from comptoir.kernel.db import Tx, ints
from comptoir.orders.sales.lines import Entry

PIECE = 1_000
"""Thousandths. What is sold by weight is not counted here but by the counts of the shop."""


async def move_goods(tx: Tx, written: Sequence[tuple[int, Entry]]) -> None:
    """Of each sale that was just written: its number and what was looked up for it. Outlets without stock move none."""
    if not (moving := [(sale_id, entry) for sale_id, entry in written if entry.judged.sale.moves_stock]):
        return
    outlets = ints(sorted({entry.judged.outlet.outlet_id for _, entry in moving}))
    places: dict[int, int] = dict(await tx.tuples(PLACES, outlets=outlets))
    moves = [
        move
        for sale_id, entry in moving
        if (place := places.get(entry.judged.outlet.outlet_id))
        for move in _moves(sale_id, entry, place)
    ]
    if moves:
        await inventory.post(tx, moves)


def _moves(sale_id: int, entry: Entry, place: int) -> list[inventory.Move]:
    sale, sold = entry.judged.sale, entry.judged.sign > 0
    return [
        inventory.Move(
            variant_id=entry.variants[line.sku].variant_id,
            quantity=line.quantity_thousandths // PIECE,
            from_location_id=place if sold else inventory.CUSTOMER,
            to_location_id=inventory.CUSTOMER if sold else place,
            to_state="sellable" if sold else "quarantine",
            act="sell" if sold else "return",
            is_fact=True,
            reference=f"sale-{sale_id}",
            occurred_at=sale.occurred_at,
            actor=sale.cashier or "",
        )
        for line in sale.lines
        if line.sku and line.sku in entry.variants and line.kind == "goods" and not line.quantity_thousandths % PIECE
    ]


PLACES = "SELECT outlet_id, location_id FROM inventory.v_location WHERE outlet_id = ANY(%(outlets)s::smallint[])"
