"""What k of the n pieces of a line cost, to the cent: a line's money was quoted once and is never reckoned anew. Pure.

The pieces of a line stand in a row, and each has its stretch of the line's money: up to the k-th piece it is k/n of
the whole, rounded half up. So any run of pieces is within a unit of its exact share, and runs that meet add up exactly,
in whatever parcels the pieces leave and come back.

Those handed over are taken from the front of the row and those cancelled from its end: together they never take a piece
twice. Those given back are counted from the front again, of what was handed over.
"""

from collections.abc import Iterable

import msgspec


class Money(msgspec.Struct, frozen=True):
    """Minor units. The total is the amount less the discount, plus the tax where the amount does not hold it."""

    amount_minor: int = 0
    discount_minor: int = 0
    tax_minor: int = 0
    total_minor: int = 0

    def __add__(self, other: "Money") -> "Money":
        return Money(
            self.amount_minor + other.amount_minor,
            self.discount_minor + other.discount_minor,
            self.tax_minor + other.tax_minor,
            self.total_minor + other.total_minor,
        )

    def __sub__(self, other: "Money") -> "Money":
        return Money(
            self.amount_minor - other.amount_minor,
            self.discount_minor - other.discount_minor,
            self.tax_minor - other.tax_minor,
            self.total_minor - other.total_minor,
        )

    @property
    def tax_included(self) -> bool:
        """Whether the amount holds the tax already; so without any tax, too."""
        return self.total_minor == self.amount_minor - self.discount_minor


class Priced(Money, frozen=True, kw_only=True):
    """So many pieces, and what they cost together, as it was quoted (orders.sales_order_line)."""

    quantity: int


def handed_over(line: Priced, *, before: int, pieces: int) -> Money:
    """The share of so many more pieces, `before` of the line having been handed over already."""
    return _run(line, before, before + pieces)


def cancelled(line: Priced, *, before: int, pieces: int) -> Money:
    """The share of so many more pieces that are not wanted, `before` having been cancelled already."""
    return _run(line, line.quantity - before - pieces, line.quantity - before)


def given_back(line: Priced, *, before: int, pieces: int) -> Money:
    """The share of so many more of the pieces that were handed over, `before` having been given back already.

    Never more than was handed over, as long as no more pieces are; all of it, when all are.
    """
    return _run(line, before, before + pieces)


def _run(line: Priced, first: int, last: int) -> Money:
    if not 0 <= first <= last <= line.quantity:
        raise ValueError(f"pieces {first} to {last} of {line.quantity}")

    def share(whole: int) -> int:
        return up_to(whole, last, line.quantity) - up_to(whole, first, line.quantity)

    # What is left of the amount is shared out rather than the amount: so no discount is above its amount.
    discount, tax = share(line.discount_minor), share(line.tax_minor)
    left = share(line.amount_minor - line.discount_minor)
    return Money(left + discount, discount, tax, left if line.tax_included else left + tax)


def up_to(whole: int, pieces: int, of: int) -> int:
    """`whole * pieces / of`, rounded half up."""
    return (2 * whole * pieces + of) // (2 * of) if pieces else 0


def delivery_of(*, delivery_minor: int, discount_minor: int, tax_minor: int, lines: Iterable[Money]) -> Money:
    """What the delivery costs, which is never split: what an order has of discount and tax beyond its lines'.

    The first three are the order's (orders.sales_order). The amount holds the tax, as `with_tax` has it.
    """
    beneath = sum(lines, Money())
    discount = discount_minor - beneath.discount_minor
    return Money(delivery_minor + discount, discount, tax_minor - beneath.tax_minor, delivery_minor)


def with_tax(share: Money) -> Money:
    """The same with an amount that holds the tax: so that shares of both kinds can stand on one receipt."""
    return Money(share.total_minor + share.discount_minor, share.discount_minor, share.tax_minor, share.total_minor)
