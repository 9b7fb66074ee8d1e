"""Codes of Crockford's base 32, and what a slip of the finger does to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptoir.pricing import BadCode, codes

CODE = codes.make(1)[0]


def test_codes_have_no_vowels_no_look_alikes_and_a_right_check_digit():
    for length in (12, 16, 32):
        made = codes.make(2_000, length=length)
        assert len(set(made)) == 2_000
        assert {len(one) for one in made} == {length}
        assert not set("".join(made)) & set("AEIOUL*~$=")
        assert all(codes.right(one) for one in made)


def test_every_digit_is_as_likely_as_another():
    counts = {}
    for one in codes.make(20_000):
        for digit in one[:-1]:
            counts[digit] = counts.get(digit, 0) + 1
    assert len(counts) == 30
    assert max(counts.values()) < 1.1 * min(counts.values())


def test_crockfords_check_digit():
    # 32 ** 11 modulo 37 by hand: the digit 1 and eleven zeros, then its check digit.
    value = pow(32, 10, 37)
    assert codes.right("1" + "0" * 10 + codes.DIGITS[value]) is (value < 32)


@given(st.integers(0, 15), st.sampled_from(codes.DIGITS))
def test_one_wrong_digit_is_noticed(place, digit):
    wrong = CODE[:place] + digit + CODE[place + 1 :]
    assert codes.right(wrong) == (wrong == CODE)


@given(st.integers(0, 14))
def test_two_digits_that_changed_places_are_noticed(place):
    wrong = CODE[:place] + CODE[place + 1] + CODE[place] + CODE[place + 2 :]
    assert codes.right(wrong) == (wrong == CODE)


def test_a_code_is_read_as_people_write_it():
    assert codes.hashed(codes.shown(CODE).lower() + " ") == codes.hashed(CODE)
    assert codes.read("o1l-i") == "0111"
    assert codes.chosen("Summer 25") == "SUMMER25"
    for bad in ("abc", "x" * 61, "été25", "a_b_c"):
        with pytest.raises(BadCode):
            codes.chosen(bad)
