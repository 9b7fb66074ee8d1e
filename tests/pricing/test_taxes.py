"""Tax is rounded once, at the line, the same way whether it is included or comes on top."""

from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptoir.pricing.engine import quote
from comptoir.pricing.taxes import STANDARD, TaxRate, by_place, class_of, half_up, rate_of, tax_in
from pricing.worlds import NOW, a_basket, a_book, a_list

RATES = st.integers(0, 1_000_000)


@given(st.integers(0, 10**15), RATES)
def test_what_comes_on_top_is_what_lies_within(net, rate):
    on_top = tax_in(net, rate, included=False)
    assert tax_in(net + on_top, rate, included=True) == on_top


@given(st.integers(0, 10**15), RATES)
def test_tax_is_within_half_a_unit_of_the_exact_one(amount, rate):
    exact = Fraction(amount * rate, 1_000_000)
    assert abs(tax_in(amount, rate, included=False) - exact) <= Fraction(1, 2)
    within = Fraction(amount * rate, 1_000_000 + rate)
    assert abs(tax_in(amount, rate, included=True) - within) <= Fraction(1, 2)


# currency, amount in minor units, rate, tax on top, tax within; worked out by hand, halves up.
GOLDEN = [
    ("JPY", 1, 100_000, 0, 0),
    ("JPY", 5, 100_000, 1, 0),  # 0.5 up; 0.4545
    ("JPY", 980, 100_000, 98, 89),  # 89.09
    ("JPY", 1999, 80_000, 160, 148),  # 159.92; 148.07
    ("KRW", 12_345, 100_000, 1235, 1122),  # 1234.5 up; 1122.27
    ("EUR", 1, 200_000, 0, 0),  # 0.2; 0.1667
    ("EUR", 3, 200_000, 1, 1),  # 0.6; 0.5 up
    ("EUR", 999, 55_000, 55, 52),  # 54.945; 52.08
    ("EUR", 1999, 200_000, 400, 333),  # 399.8; 333.17
    ("EUR", 12_345, 190_000, 2346, 1971),  # 2345.55; 1971.05
    ("USD", 2995, 88_750, 266, 244),  # 265.806; 244.138
    ("CAD", 10_000, 149_750, 1498, 1302),  # 1497.5 up; 1302.46
    ("TND", 1000, 190_000, 190, 160),  # 159.66
    ("TND", 12_345, 70_000, 864, 808),  # 864.15; 807.62
    ("BHD", 999_999, 100_000, 100_000, 90_909),  # 99999.9; 90909
    ("KWD", 1, 500_000, 1, 0),  # 0.5 up; 0.333
]


@pytest.mark.parametrize(("currency", "amount", "rate", "on_top", "within"), GOLDEN)
def test_golden_roundings(currency, amount, rate, on_top, within):
    for included, tax in ((False, on_top), (True, within)):
        book = a_book({1: amount}, rate=rate, lists=[a_list(currency=currency, tax_included=included)])
        done = quote(a_basket((1, 1), currency=currency), book)
        assert (done.tax_minor, done.total_minor) == (tax, amount if included else amount + tax)


def test_p7_tax_is_never_kept_unrounded():
    """Medusa #14818: a tax of 2.686425 was kept, and the card was charged another amount than was shown."""
    book = a_book({1: 1425, 2: 1557}, rate=90_100, lists=[a_list(tax_included=False)])
    done = quote(a_basket((1, 1), (2, 1)), book)
    assert [line.tax_minor for line in done.lines] == [128, 140]  # 128.3925 and 140.2857
    assert done.total_minor == 1425 + 128 + 1557 + 140


def test_p7_the_till_reproduces_the_rounding_line_by_line():
    """WooCommerce android#15135: three lines of 0.5 cent each are rounded each by itself, not their sum."""
    book = a_book(dict.fromkeys((1, 2, 3), 5), rate=100_000, lists=[a_list(tax_included=False)])
    assert quote(a_basket((1, 1), (2, 1), (3, 1)), book).tax_minor == 3


def test_the_region_comes_before_the_country_and_the_class_before_the_standard():
    rates = by_place(
        [
            TaxRate(country="US", rate_millionths=1),
            TaxRate(country="US", region="NY", rate_millionths=88_750),
            TaxRate(country="US", region="NY", tax_class="food", rate_millionths=0),
            TaxRate(country="US", tax_class="book", rate_millionths=7),
        ]
    )

    def rate(region, tax_class, country="US"):
        return rate_of(rates, country=country, region=region, tax_class=tax_class, now=NOW)

    assert [rate("NY", c) for c in ("food", "book", "toys", STANDARD)] == [0, 7, 88_750, 88_750]
    assert [rate("", c) for c in ("food", "book")] == [1, 7]
    assert rate("", STANDARD, "DE") is None


def test_a_rate_holds_from_its_beginning():
    january = datetime(2026, 1, 1, tzinfo=UTC)
    rates = by_place(
        [
            TaxRate(country="EE", rate_millionths=220_000),
            TaxRate(country="EE", rate_millionths=240_000, starts_at=january),
        ]
    )
    before, after = (
        rate_of(rates, country="EE", region="", tax_class=STANDARD, now=now)
        for now in (datetime(2025, 12, 31, 23, 59, tzinfo=UTC), january)
    )
    assert (before, after) == (220_000, 240_000)


def test_the_nearest_category_says_the_class():
    classes = {("Grocery",): "food", ("Grocery", "Wine"): "alcohol"}
    assert class_of(None, ("Grocery", "Wine", "Red"), classes) == "alcohol"
    assert class_of(None, ("Grocery", "Bread"), classes) == "food"
    assert class_of(None, ("Toys",), classes) == STANDARD
    assert class_of("book", ("Grocery",), classes) == "book"


def test_without_a_rate_no_tax_is_counted_and_it_is_said():
    (line,) = quote(a_basket((1, 1)), a_book({1: 100}, rate=None)).lines
    assert (line.tax_rate_millionths, line.tax_minor) == (None, 0)


@given(st.integers(0, 10**12), st.integers(1, 10**6))
def test_halves_are_rounded_up(number, by):
    exact = Fraction(number, by)
    assert half_up(number, by) == (exact + Fraction(1, 2)).__floor__()
