"""One form for what people write in many; a typed reason for what identifies nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptoir.identity import Cleaner
from comptoir.identity.normalise import Refused

pytestmark = pytest.mark.anyio


@pytest.fixture
async def cleaner(tx):
    return await Cleaner.load(tx)


@pytest.mark.parametrize(
    ("namespace", "raw", "value"),
    [
        ("email", "  Jo.Smith+shop@Example.COM ", "jo.smith+shop@example.com"),
        ("email", "jo@bücher.example", "jo@bücher.example"),
        ("email", "jo@xn--bcher-kva.example", "jo@bücher.example"),
        ("email", "ｊｏ@example.com", "jo@example.com"),
        ("phone", "06 12 34 56 78", "+33612345678"),
        ("phone", "+33 (0)6 12 34 56 78", "+33612345678"),
        ("phone", "0033612345678", "+33612345678"),
        ("loyalty_card", "29 0012-3456 7", "29001234567"),
        ("loyalty_card", 2900, "2900"),
        ("user_id", " 42 ", "42"),
        ("user_id", 42.0, "42"),
        ("anonymous_id", "A-b", "A-b"),
    ],
)
async def test_one_form(cleaner, namespace, raw, value):
    assert cleaner.one(namespace, raw, "FR")[1] == value


@pytest.mark.parametrize(
    ("namespace", "raw", "reason"),
    [
        ("email", "jo@", "malformed"),
        ("email", "test@shop.example", "blocked"),
        ("email", "NoEmail@shop.example", "blocked"),
        ("phone", "12", "malformed"),
        ("phone", "00 00 00 00 00", "blocked"),
        ("user_id", "NULL", "blocked"),
        ("user_id", "undefined", "blocked"),
        ("user_id", "-1", "blocked"),
        ("user_id", "0000", "blocked"),
        ("user_id", "", "empty"),
        ("user_id", None, "empty"),
        ("user_id", {"a": 1}, "malformed"),
        ("user_id", True, "malformed"),
        ("user_id", "x" * 513, "too_long"),
        ("user_id", "a\0b", "bad_character"),
        ("user_id", "a\ud800b", "bad_character"),
        ("shoe_size", "42", "unknown_namespace"),
    ],
)
async def test_reason(cleaner, namespace, raw, reason):
    refused = cleaner.one(namespace, raw, "FR")
    assert isinstance(refused, Refused)
    assert refused.reason == reason


async def test_a_marketplace_address_is_of_its_own_kind(cleaner):
    relay = cleaner.rules.by_name["relay_email"].ns
    assert cleaner.one("email", "abc123@marketplace.amazon.fr") == (relay, "abc123@marketplace.amazon.fr")


async def test_good_identifiers_survive_bad_neighbours(cleaner):
    good, refused = cleaner.clean([("user_id", "7"), ("email", "nope"), ("user_id", "7")])
    assert good == ((1, "7"),)
    assert [r.reason for r in refused] == ["malformed"]


async def test_cleaning_never_fails_and_is_stable(cleaner):
    @given(
        st.sampled_from(list(cleaner.rules.by_name)), st.text(max_size=60), st.sampled_from(["FR", "US", None, "??"])
    )
    def check(namespace, raw, country):
        found = cleaner.one(namespace, raw, country)
        if not isinstance(found, Refused):
            name = cleaner.rules.by_ns[found[0]].name
            assert cleaner.one(name, found[1], country) == found
            found[1].encode()

    check()
    assert cleaner.one("loyalty_card", "Y\u00af") == cleaner.one("loyalty_card", "\u0232")  # a macron after a space
