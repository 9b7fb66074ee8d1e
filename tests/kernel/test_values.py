"""Money adds up, ids sort, sets survive the trip to PostgreSQL."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptoir.kernel import money
from comptoir.kernel.db import floats, ints, texts
from comptoir.kernel.errors import Invalid
from comptoir.kernel.ids import uuid7
from comptoir.kernel.time import advance


@given(st.integers(-(10**15), 10**15), st.lists(st.integers(0, 10**9), min_size=1).filter(any))
def test_parts_add_up_and_are_fair(total, weights):
    parts = money.allocate(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - total * weight) < sum(weights)


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("10.50", "EUR", 1050),
        (0.1 + 0.2, "EUR", 30),
        (1.005, "EUR", 100),
        (1.015, "EUR", 102),
        (7, "JPY", 7),
        ("1.2345", "TND", 1234),
        (-3.1, "USD", -310),
    ],
)
def test_foreign_amounts_become_minor_units(amount, currency, expected):
    assert money.minor(amount, currency) == expected


@pytest.mark.parametrize("amount", ["", "ten", float("nan"), float("inf"), "1e30", "1e999999", 10**14])
def test_what_is_no_money_is_refused(amount):
    with pytest.raises(Invalid):
        money.minor(amount, "EUR")


def test_ids_are_version_7_and_differ():
    made = [uuid7() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert {(i.version, i.variant) for i in made} == {(7, "specified in RFC 4122")}
    assert sorted(made, key=lambda i: i.int >> 80) == made


AWKWARD = ["", "a,b", '"quoted"', "back\\slash", "{brace}", "NULL", "null", " ", "é😀", "line\nbreak", None]


@pytest.mark.anyio
async def test_sets_arrive_as_they_left(tx):
    assert await tx.values("SELECT unnest(%(x)s::text[])", x=texts(AWKWARD)) == AWKWARD
    assert await tx.values("SELECT unnest(%(x)s::bigint[])", x=ints([1, None, -(2**63)])) == [1, None, -(2**63)]
    assert await tx.values("SELECT unnest(%(x)s::float8[])", x=floats([0.1, -1e300])) == [0.1, -1e300]


@pytest.mark.anyio
async def test_the_clock_moves_forward_only_and_for_everybody(db):
    async with db.transaction() as tx:
        before = tx.now
        await advance(tx, by=timedelta(days=3))
        with pytest.raises(Invalid):
            await advance(tx, by=timedelta(seconds=-1))
    async with db.transaction() as tx:
        assert timedelta(days=3) <= tx.now - before < timedelta(days=3, minutes=5)
