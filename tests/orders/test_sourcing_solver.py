"""Which locations give which pieces: nobody can do better, nothing is lost, the same question has the same answer."""

import random
from datetime import UTC, datetime
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comptoir import inventory
from comptoir.orders import OutOfStock
from comptoir.orders.sourcing import BUILT_IN, Asking, Planner, Wanted
from comptoir.orders.sourcing.solver import Candidate, choose

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
CODES = "abcd"


def candidate(n, fixed, piece, free, wanted):
    free = {variant: units for variant, units in free.items() if units}
    able = sum(min(units, free.get(variant, 0)) for variant, units in wanted.items())
    return Candidate(n, f"{n:02}", fixed, piece, free, sum(free.values()), able)


def cost_of(used, pieces, split):
    return sum(one.fixed for one in used) + split * (len(used) - 1) + pieces


def brute(wanted, candidates, *, split, most, fewest):
    """Every way to take every piece from somewhere."""
    raised = max(0, -min((one.fixed + split for one in candidates if one.pieces), default=0))
    best = None
    pieces = [variant for variant, units in wanted.items() for _ in range(units)]
    for given_by in product(candidates, repeat=len(pieces)):
        taken = {}
        for variant, one in zip(pieces, given_by, strict=True):
            taken[one.code, variant] = taken.get((one.code, variant), 0) + 1
        if any(n > one.free.get(v, 0) for one in candidates for v in wanted if (n := taken.get((one.code, v), 0))):
            continue
        used = [one for one in candidates if one in given_by]
        if most and len(used) > most:
            continue
        cost = cost_of(used, sum(one.piece for one in given_by), split)
        key = (len(used), cost) if fewest else (cost + raised * len(used), len(used))
        best = key if best is None or key < best else best
    return best, raised


houses = st.lists(
    st.tuples(st.integers(-9, 9), st.integers(-2, 3), st.fixed_dictionaries({1: st.integers(0, 3), 2: st.integers(0, 3)})),
    min_size=1,
    max_size=4,
)  # fmt: skip


@settings(max_examples=400)
@given(
    st.fixed_dictionaries({1: st.integers(1, 3)}, optional={2: st.integers(1, 2)}),
    houses,
    st.integers(0, 4),
    st.none() | st.integers(1, 3),
    st.booleans(),
)
def test_no_other_way_is_better(wanted, some, split, most, fewest):
    candidates = [candidate(n, *one, wanted) for n, one in enumerate(some)]
    best, raised = brute(wanted, candidates, split=split, most=most, fewest=fewest)
    choice = choose(wanted, candidates, split=split, most=most, fewest=fewest)
    if best is None:
        assert choice is None
        return
    assert choice and choice.exact
    used = [one for one, _ in choice.shares]
    pieces = sum(one.piece * sum(share.values()) for one, share in choice.shares)
    assert choice.cost == cost_of(used, pieces, split)
    assert best == ((len(used), choice.cost) if fewest else (choice.cost + raised * len(used), len(used)))
    for variant, units in wanted.items():
        assert sum(share.get(variant, 0) for _, share in choice.shares) == units
    assert all(n <= one.free[variant] for one, share in choice.shares for variant, n in share.items())
    again = choose(wanted, candidates[::-1], split=split, most=most, fewest=fewest)
    assert again and [one.code for one, _ in again.shares] == [one.code for one, _ in choice.shares]


def test_a_preference_decides_between_parcels_and_never_pays_for_one_more():
    wanted = {1: 2}
    plain, loved = candidate(0, 0, 0, {1: 2}, wanted), candidate(1, -300, 0, {1: 1}, wanted)
    alone = choose(wanted, [plain, loved], fewest=False)
    assert alone and [one.code for one, _ in alone.shares] == ["00"]
    loved = candidate(1, -300, 0, {1: 2}, wanted)
    alone = choose(wanted, [plain, loved], fewest=False)
    assert alone and [one.code for one, _ in alone.shares] == ["01"]


def test_when_the_tries_do_not_last_there_is_still_an_answer():
    wanted, chance = dict.fromkeys(range(12), 2), random.Random(3)
    candidates = [
        candidate(n, chance.randint(5, 20), 0, dict.fromkeys(chance.sample(range(12), 4), 1), wanted) for n in range(60)
    ]
    choice = choose(wanted, candidates, split=1, fewest=False, tries=20)
    assert choice and not choice.exact
    assert all(sum(share.get(v, 0) for _, share in choice.shares) == 2 for v in wanted)
    assert choose(wanted, candidates, split=1, fewest=False, tries=20) == choice


# ---- the built-in policy


def place(n, **more):
    described = {"code": CODES[n], "kind": "shop", "name": CODES[n], "methods": ["ship", "collect"], **more}
    return inventory.Place(inventory.Location(**described, location_id=n, outlet_id=None), None)


TOWN = inventory.Places([place(n) for n in range(4)])
SHIP = Asking(method="ship")
offers = st.dictionaries(st.sampled_from(CODES), st.tuples(st.integers(1, 5), st.floats(0, 900)), max_size=4)


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 6)), min_size=1, max_size=4),
    st.lists(offers, min_size=3, max_size=3),
)
def test_the_built_in_policy_finds_all_pieces_or_says_what_is_missing(asked, there):
    wanted = [Wanted(n, variant, quantity) for n, (variant, quantity) in enumerate(asked, 1)]
    free = {variant: [inventory.Offer(location=code, name=code, units=units, ready={}, km=round(km, 1))
                      for code, (units, km) in some.items()]
            for variant, some in enumerate(there, 1)}  # fmt: skip
    free = {variant: some for variant, some in free.items() if variant in {one.variant_id for one in wanted}}
    total = {variant: sum(one.units for one in some) for variant, some in free.items()}
    needs = {variant: sum(q for v, q in asked if v == variant) for variant in total}
    try:
        parts = Planner(BUILT_IN).source(wanted, SHIP, free, TOWN, now=NOW).parts(wanted)
    except OutOfStock as refused:
        assert any(needs[variant] > total[variant] for variant in total)
        assert sum(one["missing"] for one in refused.data["missing"]) == sum(
            max(0, needs[variant] - total[variant]) for variant in total
        )
        return
    assert all(needs[variant] <= total[variant] for variant in total)
    for line in wanted:
        assert sum(part.quantity for part in parts if part.line == line.line) == line.quantity
    for variant, some in free.items():
        for one in some:
            taken = [p.quantity for p in parts if (p.variant_id, CODES[p.location_id]) == (variant, one.location)]
            assert sum(taken) <= one.units
    used = {part.location_id for part in parts}
    for fewer in range(1, len(used)):
        for some in combinations(CODES, fewer):
            assert any(sum(one.units for one in free[v] if one.location in some) < n for v, n in needs.items()), (
                "fewer would have done"
            )


def test_of_those_that_have_all_the_nearest_then_the_one_with_most_to_spare():
    def sourced(*offered):
        free = [inventory.Offer(location=code, name=code, units=units, ready={}, km=km) for code, units, km in offered]
        wanted = [Wanted(1, 7, 2)]
        plan = Planner(BUILT_IN).source(wanted, SHIP, {7: free}, TOWN, now=NOW)
        return [CODES[part.location_id] for part in plan.parts(wanted)]

    assert sourced(("a", 9, 30.2), ("b", 2, 30.1), ("c", 1, 1.0)) == ["b"]
    assert sourced(("a", 2, 5.0), ("b", 3, 5.0)) == ["b"]
    assert sourced(("b", 3, None), ("a", 3, None)) == ["a"]
    assert sourced(("a", 1, 5.0), ("b", 1, 90.0), ("c", 1, 7.0)) == ["a", "c"]


@pytest.mark.parametrize("units", [0, 1])
def test_nothing_wanted_or_nothing_there(units):
    with pytest.raises(OutOfStock) as refused:
        Planner(BUILT_IN).source([Wanted(1, 7, 2)], SHIP, {7: []}, TOWN, now=NOW)
    assert refused.value.data["missing"] == [{"line": 1, "missing": 2}]
    assert choose({1: 2}, [Candidate(1, "a", 0, 0, {1: units} if units else {}, units, units)]) is None
