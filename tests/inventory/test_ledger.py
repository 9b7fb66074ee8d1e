"""Nothing is promised twice, no unit is lost, and the books agree: whatever is asked, in whatever order, by how many."""

import asyncio
import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comptoir.inventory import (
    ADJUSTMENT,
    CUSTOMER,
    SUPPLIER,
    Allocate,
    AlreadyAllocated,
    BadQuantity,
    Done,
    HandOver,
    Hold,
    InsufficientStock,
    Move,
    NothingPromised,
    NotThere,
    Promised,
    Reallocate,
    Release,
    Units,
    expire,
    post,
    reconcile,
)
from comptoir.kernel import time
from comptoir.kernel.errors import Refusal
from conftest import examples
from inventory.conftest import EMPTY
from reuse import empty

pytestmark = pytest.mark.anyio

SHIRT, BAG, SHOE = 1, 2, 3


async def ask(db, *acts):
    async def work(tx):
        return await post(tx, acts)

    return await db.within(work)


async def receive(db, location, quantity=10, *variants):
    moves = [
        Move(variant_id=one, quantity=quantity, from_location_id=SUPPLIER, to_location_id=location, act="receive", is_fact=True)
        for one in variants or (SHIRT,)
    ]  # fmt: skip
    await ask(db, *moves)


async def balance(db, variant, location):
    async with db.reading() as tx:
        found = await tx.tuples(
            "SELECT sellable, held, allocated FROM inventory.balance WHERE variant_id = %(v)s AND location_id = %(l)s",
            v=variant,
            l=location,
        )
    return found[0] if found else (0, 0, 0)


async def faults(db):
    async with db.reading() as tx:
        return await reconcile(tx)


async def forward(db, **by):
    async with db.transaction() as tx:
        await time.advance(tx, by=timedelta(**by))


async def test_an_allocation_moves_whole_or_not_at_all(db, places):
    north, south = places["north"], places["south"]
    await receive(db, north, 5)
    await receive(db, south, 1)
    await ask(db, Allocate(reference="o1", units=[Units(SHIRT, north, 3)]))
    (moved,) = await ask(
        db,
        Reallocate(reference="o1", away=[Units(SHIRT, north, 1)], to=[Units(SHIRT, south, 1), Units(SHIRT, north, 1)]),
    )
    assert sorted(moved.units, key=str) == sorted([Units(SHIRT, north, 3), Units(SHIRT, south, 1)], key=str)
    (refused,) = await ask(db, Reallocate(reference="o1", away=[Units(SHIRT, north, 3)], to=[Units(SHIRT, south, 1)]))
    assert isinstance(refused, InsufficientStock)
    assert await balance(db, SHIRT, north) == (5, 0, 3)
    assert await balance(db, SHIRT, south) == (1, 0, 1)
    (too_much,) = await ask(db, Reallocate(reference="o1", away=[Units(SHIRT, south, 2)]))
    assert isinstance(too_much, NothingPromised)
    (gone,) = await ask(db, Reallocate(reference="o1", away=[Units(SHIRT, north, 3), Units(SHIRT, south, 1)]))
    assert gone.units == []
    assert await faults(db) == []


async def test_held_allocated_handed_over(db, places):
    north = places["north"]
    await receive(db, north)
    two = [Units(SHIRT, north, 2)]
    (held,) = await ask(db, Hold(reference="b1", units=two))
    assert held.units == two and held.expires_at
    assert await balance(db, SHIRT, north) == (10, 2, 0)
    (allocated,) = await ask(db, Allocate(reference="b1", units=two))
    assert allocated == Promised("b1", two, None)
    assert await balance(db, SHIRT, north) == (10, 0, 2)
    (left,) = await ask(db, HandOver(reference="b1", units=[Units(SHIRT, north, 1)], to_location_id=CUSTOMER))
    assert left.units == [Units(SHIRT, north, 1)]
    await ask(db, HandOver(reference="b1", units=[Units(SHIRT, north, 1)], to_location_id=CUSTOMER))
    assert await balance(db, SHIRT, north) == (8, 0, 0)
    assert await faults(db) == []


async def test_asked_again_it_is_the_same_promise(db, places):
    north = places["north"]
    await receive(db, north)
    hold = Hold(reference="b1", units=[Units(SHIRT, north, 2)])
    first, second = await ask(db, hold, hold)
    assert first == second
    await ask(db, hold)
    assert await balance(db, SHIRT, north) == (10, 2, 0)
    allocate = Allocate(reference="b1", units=hold.units)
    assert await ask(db, allocate, allocate) == await ask(db, allocate, allocate)
    (kept,) = await ask(db, hold)
    assert kept.expires_at is None
    (other,) = await ask(db, Allocate(reference="b1", units=[Units(SHIRT, north, 3)]))
    assert isinstance(other, AlreadyAllocated)
    assert await balance(db, SHIRT, north) == (10, 0, 2)


async def test_ones_own_hold_never_blocks(db, places):
    north = places["north"]
    await receive(db, north, 3)
    await ask(db, Hold(reference="b1", units=[Units(SHIRT, north, 2)]))
    (more,) = await ask(db, Hold(reference="b1", units=[Units(SHIRT, north, 3)]))
    assert isinstance(more, Promised)
    (fewer,) = await ask(db, Hold(reference="b1", units=[Units(SHIRT, north, 1)]))
    assert fewer.units == [Units(SHIRT, north, 1)]
    assert await balance(db, SHIRT, north) == (3, 1, 0)
    assert await faults(db) == []


async def test_two_lines_of_one_article_are_judged_together(db, places):
    north = places["north"]
    await receive(db, north, 3)
    (refused,) = await ask(db, Hold(reference="b1", units=[Units(SHIRT, north, 2), Units(SHIRT, north, 2)]))
    assert isinstance(refused, InsufficientStock)
    assert refused.data["short"] == [{"variant_id": SHIRT, "location_id": north, "wanted": 4, "free": 3}]


async def test_whole_or_not_at_all_and_a_smaller_wish_after_a_refused_one(db, places):
    north = places["north"]
    await receive(db, north, 2)
    answers = await ask(
        db,
        Hold(reference="a", units=[Units(SHIRT, north, 1), Units(BAG, north, 1)]),
        Hold(reference="b", units=[Units(SHIRT, north, 3)]),
        Hold(reference="c", units=[Units(SHIRT, north, 2)]),
    )
    assert [type(one) for one in answers] == [InsufficientStock, InsufficientStock, Promised]
    assert await balance(db, SHIRT, north) == (2, 2, 0)


async def test_what_was_held_too_long_helps_who_is_short(db, places):
    north = places["north"]
    await receive(db, north, 2, SHIRT, BAG)
    await ask(db, Hold(reference="a", units=[Units(SHIRT, north, 2), Units(BAG, north, 1)], seconds=60))
    (refused,) = await ask(db, Hold(reference="b", units=[Units(SHIRT, north, 1)]))
    assert isinstance(refused, InsufficientStock)
    await forward(db, seconds=61)
    (held,) = await ask(db, Hold(reference="b", units=[Units(SHIRT, north, 1)]))
    assert isinstance(held, Promised)
    assert await balance(db, BAG, north) == (2, 1, 0)
    # The late payer gets what is left, or nothing.
    (late,) = await ask(db, Allocate(reference="a", units=[Units(SHIRT, north, 2), Units(BAG, north, 1)]))
    assert isinstance(late, InsufficientStock)
    (late,) = await ask(db, Allocate(reference="a", units=[Units(SHIRT, north, 1), Units(BAG, north, 1)]))
    assert late.expires_at is None
    assert await faults(db) == []


@pytest.mark.parametrize("kept", [True, False])
async def test_what_was_given_back_alone_leaves_no_promise_that_nobody_made(db, places, kept):
    """A hold that has lost its first line is made smaller, or let go: its last line must not live on by itself."""
    north = places["north"]
    await receive(db, north, 1, SHIRT, BAG)
    await ask(db, Hold(reference="a", units=[Units(SHIRT, north, 1), Units(BAG, north, 1)], seconds=60))
    await forward(db, seconds=61)
    await ask(db, Hold(reference="b", units=[Units(SHIRT, north, 1)], seconds=600))
    late = Hold(reference="a", units=[Units(BAG, north, 1)], seconds=600) if kept else Release(reference="a")
    await ask(db, late)
    assert await expire(db) == 0
    assert await balance(db, BAG, north) == (1, int(kept), 0)
    (other,) = await ask(db, Hold(reference="c", units=[Units(BAG, north, 1)]))
    assert isinstance(other, InsufficientStock if kept else Promised)
    assert await faults(db) == []


async def test_the_sweeper_gives_back_what_nobody_asked_for(db, places):
    north = places["north"]
    await receive(db, north)
    await ask(db, *(Hold(reference=f"b{n}", units=[Units(SHIRT, north, 1)], seconds=n + 1) for n in range(5)))
    await forward(db, seconds=3)
    assert await expire(db) == 3
    assert await balance(db, SHIRT, north) == (10, 2, 0)
    assert await faults(db) == []


async def test_a_hold_that_cannot_be_given_back_holds_up_no_other(db, places):
    north = places["north"]
    await receive(db, north, 3, SHIRT, BAG)
    await ask(db, *(Hold(reference=f"b{n}", units=[Units(one, north, 1)], seconds=n + 1)
                    for n, one in enumerate((BAG, SHIRT, BAG, SHIRT))))  # fmt: skip
    await forward(db, seconds=9)
    async with db.transaction() as tx:
        await tx.run("UPDATE inventory.balance SET held = 0 WHERE variant_id = %(bag)s", bag=BAG)
    assert await expire(db) == 2
    async with db.transaction() as tx:
        await tx.run("UPDATE inventory.balance SET held = 2 WHERE variant_id = %(bag)s", bag=BAG)
    assert (await balance(db, SHIRT, north), await balance(db, BAG, north)) == ((3, 0, 0), (3, 2, 0))
    assert await expire(db, most=1) == 2
    assert await faults(db) == []


async def test_a_till_sells_what_is_promised_and_the_shortage_is_told(db, places):
    lyon = places["lyon"]
    await receive(db, lyon, 2)
    await ask(db, Allocate(reference="o1", units=[Units(SHIRT, lyon, 2)]))
    sell = Move(variant_id=SHIRT, quantity=1, from_location_id=lyon, to_location_id=CUSTOMER, act="sell", is_fact=True)
    assert await ask(db, sell) == [Done(missing=1)]
    async with db.reading() as tx:
        assert await tx.values("SELECT kind FROM kernel.event") == ["inventory.shortage_found"]
        assert await tx.tuples("SELECT location_id, missing FROM inventory.shortage") == [(lyon, 1)]
    assert await faults(db) == []
    await ask(db, Release(reference="o1", units=[Units(SHIRT, lyon, 1)]))
    async with db.reading() as tx:
        assert await tx.value("SELECT count(*) FROM inventory.shortage") == 0
        assert await tx.value("SELECT count(*) FROM kernel.event WHERE kind = 'inventory.shortage_ended'") == 1
    assert await faults(db) == []


async def test_an_expired_hold_ends_the_shortage_it_was_part_of(db, places):
    lyon = places["lyon"]
    await receive(db, lyon, 1)
    await ask(db, Hold(reference="b1", units=[Units(SHIRT, lyon, 1)], seconds=60))
    await ask(db, Move(variant_id=SHIRT, quantity=1, from_location_id=lyon, to_location_id=ADJUSTMENT, act="adjust",
                       reason="stolen", is_fact=True))  # fmt: skip
    await forward(db, seconds=61)
    await expire(db)
    assert await faults(db) == []


async def test_what_is_promised_cannot_be_carried_away(db, places):
    north, lyon = places["north"], places["lyon"]
    await receive(db, north, 5)
    await ask(db, Hold(reference="b1", units=[Units(SHIRT, north, 4)]))
    transfer = Move(variant_id=SHIRT, quantity=2, from_location_id=north, to_location_id=lyon, act="transfer")
    (refused,) = await ask(db, transfer)
    assert isinstance(refused, NotThere) and refused.data == {"there": 1}
    await ask(db, Release(reference="b1"))
    assert await ask(db, transfer) == [Done()]
    assert (await balance(db, SHIRT, north), await balance(db, SHIRT, lyon)) == ((3, 0, 0), (2, 0, 0))
    assert await faults(db) == []


async def test_states_and_safety(db, places):
    lyon = places["lyon"]
    await receive(db, lyon, 5)
    await ask(db, Move(variant_id=SHIRT, quantity=1, from_location_id=lyon, to_location_id=lyon, to_state="damaged"))
    async with db.transaction() as tx:
        await tx.run("UPDATE inventory.balance SET safety = 2")
    refused, held = await ask(
        db, Hold(reference="a", units=[Units(SHIRT, lyon, 3)]), Hold(reference="b", units=[Units(SHIRT, lyon, 2)])
    )
    assert isinstance(refused, InsufficientStock) and isinstance(held, Promised)
    assert await faults(db) == []


async def test_a_fence_keeps_units_for_its_channel(db, places):
    lyon = places["lyon"]
    await receive(db, lyon, 5)
    async with db.transaction() as tx:
        await tx.run("INSERT INTO inventory.fence VALUES (1, %(lyon)s, 'app', 3)", lyon=lyon)
    web = Hold(reference="w", units=[Units(SHIRT, lyon, 3)], channel="web")
    assert isinstance((await ask(db, web))[0], InsufficientStock)
    (app,) = await ask(db, Hold(reference="a", units=[Units(SHIRT, lyon, 4)], channel="app"))
    assert isinstance(app, Promised)
    assert isinstance((await ask(db, Hold(reference="v", units=[Units(SHIRT, lyon, 1)], channel="web")))[0], Promised)
    await ask(db, Release(reference="a"), Release(reference="v"))
    async with db.reading() as tx:
        assert await tx.value("SELECT quantity FROM inventory.fence") == 3
    assert await faults(db) == []


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001])
async def test_quantities_that_are_none(db, places, quantity):
    good, bad = await ask(
        db,
        Move(variant_id=SHIRT, quantity=1, from_location_id=SUPPLIER, to_location_id=places["north"], is_fact=True),
        Hold(reference="b", units=[Units(SHIRT, places["north"], quantity)]),
    )
    assert good == Done() and isinstance(bad, BadQuantity)


async def test_what_is_not_promised_cannot_be_handed_over(db, places):
    north = places["north"]
    await receive(db, north)
    units = [Units(SHIRT, north, 1)]
    over = HandOver(reference="o", units=units, to_location_id=CUSTOMER)
    assert isinstance((await ask(db, over))[0], NothingPromised)
    await ask(db, Hold(reference="o", units=units))
    assert isinstance((await ask(db, over))[0], NothingPromised)
    assert await ask(db, Release(reference="nobody")) == [Promised("nobody", [], None)]


# ---- crowds


async def test_of_a_crowd_exactly_as_many_win_as_there_are_units(db, places):
    north = places["north"]
    await receive(db, north, 7)
    answers = await asyncio.gather(
        *(ask(db, Hold(reference=f"b{n}", units=[Units(SHIRT, north, 1)])) for n in range(64))
    )
    assert sum(isinstance(one, Promised) for (one,) in answers) == 7
    assert await balance(db, SHIRT, north) == (7, 7, 0)
    assert await faults(db) == []


async def test_one_reference_used_by_many_at_once_is_promised_once(db, places):
    north = places["north"]
    await receive(db, north, 100, SHIRT, BAG, SHOE)
    await asyncio.gather(
        *(ask(db, Hold(reference="same", units=[Units(1 + n % 3, north, 1 + n % 5)])) for n in range(30))
    )
    async with db.reading() as tx:
        assert await tx.value("SELECT count(*) FROM inventory.promise") == 1
    assert await faults(db) == []


async def test_overlapping_batches_neither_deadlock_nor_drift(db, places):
    locations = [places["north"], places["south"], places["lyon"]]
    for location in locations:
        await receive(db, location, 30, *range(1, 9))
    dice = random.Random(7)

    async def buyer(number):
        for turn in range(12):
            reference = f"b{dice.randrange(20)}" if dice.random() < 0.4 else f"b{number}-{turn}"
            units = [
                Units(dice.randrange(1, 9), dice.choice(locations), dice.randrange(1, 4))
                for _ in range(dice.randrange(1, 5))
            ]
            act = dice.choice([Hold, Hold, Allocate])(reference=reference, units=units)
            await ask(db, act, *([Release(reference=f"b{dice.randrange(20)}")] if dice.random() < 0.3 else []))

    await asyncio.gather(*(buyer(number) for number in range(10)))
    assert await faults(db) == []
    async with db.reading() as tx:
        assert await tx.value("SELECT count(*) FROM inventory.balance WHERE held + allocated > sellable") == 0


# ---- anything, in any order

variants = st.integers(1, 3)
quantities = st.integers(1, 4)
references = st.sampled_from(["a", "b", "c", "d"])


def units_at(places):
    return st.lists(st.builds(Units, variants, st.sampled_from(places), quantities), min_size=1, max_size=3)


def acts(places):
    inside = st.sampled_from(places)
    states = st.sampled_from(["sellable", "display", "damaged"])
    return st.one_of(
        st.builds(Hold, reference=references, units=units_at(places), seconds=st.sampled_from([1, 60]),
                  channel=st.sampled_from(["", "app"])),
        st.builds(Allocate, reference=references, units=units_at(places), channel=st.sampled_from(["", "app"])),
        st.builds(Reallocate, reference=references, away=st.just([]) | units_at(places),
                  to=st.just([]) | units_at(places), channel=st.sampled_from(["", "app"])),
        st.builds(Release, reference=references, units=st.none() | units_at(places)),
        st.builds(HandOver, reference=references, units=units_at(places),
                  to_location_id=st.sampled_from([CUSTOMER, *places])),
        st.builds(Move, variant_id=variants, quantity=quantities, from_location_id=st.just(SUPPLIER),
                  to_location_id=inside, is_fact=st.just(True)),
        st.builds(Move, variant_id=variants, quantity=quantities, from_location_id=inside,
                  to_location_id=st.sampled_from([CUSTOMER, ADJUSTMENT, *places]), from_state=states, to_state=states,
                  is_fact=st.booleans()),
    )  # fmt: skip


turns = st.lists(st.tuples(st.lists(acts([10, 11, 12]), min_size=1, max_size=6), st.booleans()), min_size=1, max_size=8)


@given(turns)
@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_books_agree_whatever_is_asked(ground, turns):
    async with ground.transaction() as tx:
        await empty(tx, EMPTY)
        await tx.run("UPDATE kernel.clock SET shift = '0'")
        await tx.run("INSERT INTO inventory.fence VALUES (1, 10, 'app', 2)")
    for batch, later in turns:
        over = await oversold(ground)
        answers = await ask(ground, *batch)
        assert all(isinstance(one, Refusal | Promised | Done) for one in answers)
        assert await faults(ground) == []
        facts = {
            (act.variant_id, act.from_location_id)
            for act, answer in zip(batch, answers, strict=True)
            if isinstance(act, Move) and act.is_fact and isinstance(answer, Done)
        }
        assert set(await oversold(ground)) <= set(over) | facts, "only a physical fact may eat a promise"
        if later:
            await forward(ground, seconds=2)
    # What is there is what came in less what went out; a fence has lost no more than was promised from it.
    async with ground.reading() as tx:
        assert await tx.values(CONSERVED) == []
        kept = await tx.value("SELECT quantity FROM inventory.fence")
        taken = await tx.value("SELECT coalesce(sum(fenced), 0) FROM inventory.promise")
        handed_over = await tx.value("SELECT count(*) FROM inventory.entry WHERE act = 'hand_over'")
    assert kept + taken <= 2
    assert kept + taken == 2 or handed_over


async def oversold(db):
    async with db.reading() as tx:
        return await tx.tuples(
            "SELECT variant_id, location_id FROM inventory.balance WHERE held + allocated > sellable"
        )


CONSERVED = """
    SELECT variant_id FROM (
        SELECT variant_id, sum(moved) AS units FROM inventory.v_ledger GROUP BY 1) AS all_accounts
    WHERE units <> 0
"""
