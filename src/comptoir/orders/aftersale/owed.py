"""What an order still costs, reckoned from where its pieces are. Pure.

The pieces of a line that are cancelled are taken from the end of its row (orders.shares), those handed over from its
front: what is owed is what is left, to the cent.
"""

from comptoir.orders import shares
from comptoir.orders.fulfilment import Dossier


def cancelled_pieces(order: Dossier, line: int) -> int:
    """Pieces of the line that are not wanted any more, or were not to be had."""
    return sum(one.cancelled for one in order.pieces(line))


def open_pieces(order: Dossier, line: int) -> int:
    """Promised to the customer, and not with her yet: at a location, under way, or still looked for."""
    return order.waiting(line) + sum(one.open for one in order.pieces(line))


def is_over(order: Dossier) -> bool:
    """Whether nothing of it was handed over, and nothing will be."""
    return not any(open_pieces(order, line) or order.handed_over(line) for line in order.lines)


def owed(order: Dossier) -> int:
    """What the customer pays for what was handed over and what is still to be, delivery included."""
    if is_over(order):
        return 0
    kept = sum(
        one.total_minor - shares.cancelled(one, before=0, pieces=cancelled_pieces(order, one.line)).total_minor
        for one in order.lines.values()
    )
    return kept + order.delivery_money().total_minor
