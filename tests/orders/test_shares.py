"""What a part of a line costs: to the cent, in whatever parcels its pieces leave and come back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptoir.orders.shares import Money, Priced, cancelled, delivery_of, given_back, handed_over, up_to, with_tax

minor = st.integers(0, 10**9)


@st.composite
def lines(draw):
    amount = draw(minor)
    discount = draw(st.integers(0, amount))
    left = amount - discount
    tax = draw(st.integers(0, left))
    total = left if draw(st.booleans()) else left + tax
    return Priced(amount, discount, tax, total, quantity=draw(st.integers(1, 40)))


@st.composite
def parcels(draw):
    """A line, and how many of its pieces leave or are cancelled, step by step, until none is left."""
    line = draw(lines())
    left, steps = line.quantity, []
    while left:
        pieces = draw(st.integers(1, left))
        steps.append((draw(st.booleans()), pieces))
        left -= pieces
    return line, steps


@given(parcels())
def test_the_parts_are_the_whole(made):
    line, steps = made
    counted = {True: 0, False: 0}
    sums = Money()
    for leaves, pieces in steps:
        share = (handed_over if leaves else cancelled)(line, before=counted[leaves], pieces=pieces)
        counted[leaves] += pieces
        sums += share
        assert min(share.amount_minor, share.discount_minor, share.tax_minor, share.total_minor) >= 0
        assert share.discount_minor <= share.amount_minor
        for part, whole in zip(share.__struct_fields__, ("amount", "discount", "tax", "total"), strict=True):
            exact = getattr(line, f"{whole}_minor") * pieces / line.quantity
            assert abs(getattr(share, part) - exact) <= 2
    assert sums == Money(line.amount_minor, line.discount_minor, line.tax_minor, line.total_minor)


@given(parcels(), st.data())
def test_what_is_given_back_is_never_more_than_what_was_paid(made, data):
    line, _ = made
    out = data.draw(st.integers(0, line.quantity))
    paid = handed_over(line, before=0, pieces=out)
    back, given = 0, Money()
    while back < out:
        pieces = data.draw(st.integers(1, out - back))
        given += given_back(line, before=back, pieces=pieces)
        back += pieces
        assert given.total_minor <= paid.total_minor
    assert given == paid


def test_a_receipt_has_amounts_of_one_kind():
    net = Money(1000, 100, 180, 1080)
    assert not net.tax_included
    assert with_tax(net) == Money(1180, 100, 180, 1080)
    assert with_tax(with_tax(net)) == with_tax(net)


def test_the_delivery_is_what_the_lines_are_not():
    line = Priced(2000, 300, 283, 1700, quantity=2)
    found = delivery_of(delivery_minor=490, discount_minor=310, tax_minor=365, lines=[line])
    assert found == Money(500, 10, 82, 490)


def test_pieces_that_there_are_not_have_no_share():
    line = Priced(10, 0, 0, 10, quantity=3)
    with pytest.raises(ValueError, match="pieces 2 to 4 of 3"):
        handed_over(line, before=2, pieces=2)
    assert [up_to(10, k, 3) for k in range(4)] == [0, 3, 7, 10]
