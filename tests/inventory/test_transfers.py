"""Transfers and deliveries: no unit is lost on the way, and no difference is silent."""

import asyncio
import contextlib
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comptoir.inventory import Hold, Move, NotThere, Units
from comptoir.inventory.availability import Question
from comptoir.inventory.availability import places as all_places
from comptoir.inventory.errors import (
    BadQuantity,
    BadTransfer,
    NotExpected,
    ReasonMissing,
    TransferExists,
    UnknownTransfer,
    WrongStage,
)
from comptoir.inventory.moving import transfers
from comptoir.inventory.moving.incoming import outlook
from comptoir.inventory.moving.receiving import Arrived, receive
from comptoir.inventory.moving.transfers import Wanted, announce, cancel, expect, request, ship
from comptoir.kernel.errors import Refusal
from conftest import examples
from inventory.conftest import EMPTY
from inventory.test_ledger import BAG, CONSERVED, SHIRT, SHOE, ask, balance, faults, forward
from inventory.test_ledger import receive as stock_up
from reuse import empty

pytestmark = pytest.mark.anyio

ONE = UUID(int=1)
ROAD = transfers.TRANSIT


async def do(db, operation, **more):
    async def work(tx):
        return await operation(tx, **more)

    return await db.within(work)


async def requested(db, places, *lines, number=ONE, source="north", target="lyon"):
    await do(db, request, transfer_id=number, from_location_id=places[source], to_location_id=places[target],
             lines=[Wanted(*one) for one in lines or ((SHIRT, 4),)])  # fmt: skip


async def line(db, variant=SHIRT, number=ONE):
    async with db.reading() as tx:
        found = await transfers.transfer(tx, transfer_id=number)
    return found.stage, next(one for one in found.lines if one.variant_id == variant)


async def entries(db, act):
    async with db.reading() as tx:
        return await tx.tuples(
            "SELECT moved, reason FROM inventory.entry WHERE act = %(act)s ORDER BY entry_id", act=act
        )


async def test_in_two_steps_and_under_way_between_them(db, places):
    await stock_up(db, places["north"], 10)
    await requested(db, places)
    assert await balance(db, SHIRT, places["north"]) == (10, 0, 0)
    day = (await do(db, now)).date() + timedelta(days=2)
    await do(db, ship, transfer_id=ONE, expected_on=day)
    assert await balance(db, SHIRT, places["north"]) == (6, 0, 0)
    assert await balance(db, SHIRT, ROAD) == (4, 0, 0)
    stage, one = await line(db)
    assert (stage, one.under_way, one.expected_on) == ("under_way", 4, day)
    assert await faults(db) == []
    await do(db, receive, transfer_id=ONE, reference="r1", arrived=[Arrived(SHIRT, 4)])
    stage, one = await line(db)
    assert (stage, one.received, one.under_way, one.missing) == ("received", 4, 0, 0)
    assert await balance(db, SHIRT, places["lyon"]) == (4, 0, 0)
    assert await faults(db) == []
    async with db.reading() as tx:
        told = await tx.values("SELECT kind FROM kernel.event ORDER BY recorded_at")
    assert told == ["inventory.transfer_shipped", "inventory.transfer_received"]


async def now(tx):
    return tx.now


async def test_told_twice_it_happens_once(db, places):
    await stock_up(db, places["north"], 10)
    for _ in range(2):
        await requested(db, places)
    for _ in range(2):
        await do(db, ship, transfer_id=ONE)
    for _ in range(2):
        await do(db, receive, transfer_id=ONE, reference="r1", arrived=[Arrived(SHIRT, 1)])
    for _ in range(2):
        await do(db, receive, transfer_id=ONE, reference="r2", arrived=[Arrived(SHIRT, 3)])
    assert await balance(db, SHIRT, places["lyon"]) == (4, 0, 0)
    with pytest.raises(TransferExists):
        await requested(db, places, (SHIRT, 5))
    assert await faults(db) == []


async def test_many_receivers_of_one_parcel(db, places):
    await stock_up(db, places["north"], 10)
    await requested(db, places)
    await asyncio.gather(*(do(db, ship, transfer_id=ONE) for _ in range(8)))
    await asyncio.gather(*(
        do(db, receive, transfer_id=ONE, reference=f"r{n % 4}", arrived=[Arrived(SHIRT, 1)]) for n in range(16)
    ))  # fmt: skip
    assert await balance(db, SHIRT, places["lyon"]) == (4, 0, 0)
    assert await balance(db, SHIRT, places["north"]) == (6, 0, 0)
    assert await faults(db) == []


async def test_no_more_leaves_than_is_free_unless_it_is_a_fact(db, places):
    north = places["north"]
    await stock_up(db, north, 5)
    await ask(db, Hold(reference="b", units=[Units(SHIRT, north, 3)]))
    await requested(db, places)
    with pytest.raises(NotThere):
        await do(db, ship, transfer_id=ONE)
    assert (await line(db))[0] == "requested"
    with pytest.raises(NotExpected):
        await do(db, ship, transfer_id=ONE, lines={BAG: 1})
    with pytest.raises(BadQuantity):
        await do(db, ship, transfer_id=ONE, lines={SHIRT: 0})
    await do(db, ship, transfer_id=ONE, is_fact=True)
    assert await balance(db, SHIRT, north) == (1, 3, 0)
    async with db.reading() as tx:
        assert await tx.value("SELECT missing FROM inventory.shortage") == 2
    assert await faults(db) == []


async def test_short_damaged_and_lost_with_a_reason(db, places):
    await stock_up(db, places["north"], 10)
    await requested(db, places)
    await do(db, ship, transfer_id=ONE)
    parts = [Arrived(SHIRT, 1), Arrived(SHIRT, 1, "damaged"), Arrived(SHIRT, 1, "quarantine")]
    with pytest.raises(ReasonMissing) as refused:
        await do(db, receive, transfer_id=ONE, reference="r", arrived=parts, complete=True)
    assert refused.value.data == {"missing": [{"variant_id": SHIRT, "units": 1}]}
    assert await balance(db, SHIRT, places["lyon"]) == (0, 0, 0), "a refusal leaves nothing behind"
    await do(db, receive, transfer_id=ONE, reference="r", arrived=parts, complete=True, reason="lost on the way")
    stage, one = await line(db)
    assert (stage, one.received, one.set_aside, one.missing, one.under_way) == ("received", 3, 2, 1, 0)
    assert await entries(db, "adjust") == [(-1, "lost on the way")]
    async with db.reading() as tx:
        assert await tx.tuples(
            "SELECT sellable, damaged, quarantine FROM inventory.balance WHERE location_id = %(l)s", l=places["lyon"]
        ) == [(1, 1, 1)]
    assert await balance(db, SHIRT, ROAD) == (0, 0, 0)
    with pytest.raises(WrongStage):
        await do(db, receive, transfer_id=ONE, reference="late", arrived=[Arrived(SHIRT, 1)])
    assert await faults(db) == []


async def test_what_came_too_much_came_from_the_sender(db, places):
    await stock_up(db, places["north"], 10)
    await requested(db, places)
    await do(db, ship, transfer_id=ONE)
    await do(db, receive, transfer_id=ONE, reference="r", arrived=[Arrived(SHIRT, 5)])
    assert await balance(db, SHIRT, places["north"]) == (5, 0, 0)
    assert await balance(db, SHIRT, places["lyon"]) == (5, 0, 0)
    assert ("over" in {why for _, why in await entries(db, "receive")}) and await faults(db) == []


async def test_called_off_before_it_leaves_and_not_after(db, places):
    await stock_up(db, places["north"], 10)
    await requested(db, places)
    for _ in range(2):
        await do(db, cancel, transfer_id=ONE)
    with pytest.raises(WrongStage):
        await do(db, ship, transfer_id=ONE)
    two = UUID(int=2)
    await requested(db, places, number=two)
    await do(db, ship, transfer_id=two)
    with pytest.raises(WrongStage):
        await do(db, cancel, transfer_id=two)
    with pytest.raises(UnknownTransfer):
        await do(db, cancel, transfer_id=UUID(int=9))
    assert await faults(db) == []


@pytest.mark.parametrize("lines", [[], [(SHIRT, 1), (SHIRT, 2)]])
async def test_lines_that_are_none(db, places, lines):
    with pytest.raises(BadTransfer):
        await do(db, announce, transfer_id=ONE, supplier="Mill", to_location_id=places["lyon"],
                 lines=[Wanted(*one) for one in lines])  # fmt: skip
    with pytest.raises(BadTransfer):
        await requested(db, places, source="lyon", target="lyon")


async def delivery(db, places, *lines, number=ONE):
    await do(db, announce, transfer_id=number, supplier="Mill", to_location_id=places["north"],
             lines=[Wanted(*one) for one in lines])  # fmt: skip


async def test_a_delivery_in_parts_with_what_nobody_ordered(db, places):
    await delivery(db, places, (SHIRT, 10), (BAG, 3))
    await do(db, receive, transfer_id=ONE, reference="van 1", arrived=[Arrived(SHIRT, 6), Arrived(SHIRT, 1, "damaged")])
    assert (await line(db))[1].under_way == 3
    with pytest.raises(NotExpected) as refused:
        await do(db, receive, transfer_id=ONE, reference="van 2", arrived=[Arrived(SHOE, 1)])
    assert refused.value.data == {"variants": [SHOE]}
    await do(db, receive, transfer_id=ONE, reference="van 2", arrived=[Arrived(SHOE, 1, "quarantine"), Arrived(BAG, 4)],
             unexpected=True)  # fmt: skip
    await do(db, receive, transfer_id=ONE, reference="end", arrived=[], complete=True, reason="not delivered")
    stage, shirts = await line(db)
    assert (stage, shirts.received, shirts.missing) == ("received", 7, 3)
    assert (await line(db, BAG))[1].received == 4
    assert (await line(db, SHOE))[1].quantity == 0
    assert await balance(db, SHIRT, places["north"]) == (6, 0, 0)
    assert await entries(db, "adjust") == [], "a supplier's goods were in no account of ours"
    assert await faults(db) == []


# ---- what is on its way is offered


async def dated(db, variant=SHIRT, **more):
    async with db.reading() as tx:
        found = await outlook(tx, Question(variant_id=variant, **more), await all_places(tx))
        return [(one.location, one.units, one.from_day and (one.from_day - tx.now.date()).days,
                 [((at.day - tx.now.date()).days, at.units) for at in one.incoming]) for one in found]  # fmt: skip


async def test_offered_from_the_day_it_comes(db, places):
    today = (await do(db, now)).date()
    await stock_up(db, places["lyon"], 2)
    await delivery(db, places, (SHIRT, 5, today + timedelta(days=3)))
    await delivery(db, places, (SHIRT, 5, today + timedelta(days=1)), (BAG, 5), number=UUID(int=2))
    assert await dated(db) == [("lyon", 2, None, []), ("north", 0, 1, [(1, 5), (3, 5)])]
    assert await dated(db, quantity=6) == [("north", 0, 3, [(1, 5), (3, 5)])]
    assert await dated(db, quantity=11) == []
    assert await dated(db, BAG) == [], "nobody knows when"
    await do(db, expect, transfer_id=UUID(int=2), days={SHIRT: today + timedelta(days=2)})
    assert (await dated(db))[1] == ("north", 0, 2, [(2, 5), (3, 5)])
    await do(db, receive, transfer_id=ONE, reference="r", arrived=[Arrived(SHIRT, 4)])
    assert await dated(db) == [("north", 4, None, [(2, 5), (3, 1)]), ("lyon", 2, None, [])]
    await forward(db, days=4)
    assert await dated(db) == [("north", 4, None, []), ("lyon", 2, None, [])], "late: nobody knows when"


async def test_who_waits_already_comes_first(db, places):
    today, north = (await do(db, now)).date(), places["north"]
    await stock_up(db, north, 3)
    await ask(db, Hold(reference="b", units=[Units(SHIRT, north, 3)], seconds=86400))
    await ask(db, Move(variant_id=SHIRT, quantity=2, from_location_id=north, to_location_id=3, is_fact=True))
    await delivery(db, places, (SHIRT, 5, today + timedelta(days=1)))
    assert await dated(db) == [("north", 0, 1, [(1, 3)])]
    async with db.transaction() as tx:
        await tx.run("INSERT INTO inventory.fence VALUES (1, %(north)s, 'app', 2)", north=north)
        await tx.run("INSERT INTO inventory.threshold VALUES (1, 'app', 4)")
    assert await dated(db, channel="web") == [("north", 0, 1, [(1, 1)])]
    assert await dated(db, channel="app") == []
    assert await dated(db, reference="b") == [("north", 3, None, [(1, 5)])]


# ---- anything, in any order

numbers = st.sampled_from([UUID(int=n) for n in range(1, 4)])
variants = st.sampled_from([SHIRT, BAG])
arrivals = st.lists(
    st.builds(Arrived, variants, st.integers(1, 5), st.sampled_from(["sellable", "damaged"])), max_size=3
)
steps = st.one_of(
    st.tuples(st.just(request), st.fixed_dictionaries({"transfer_id": numbers, "from_location_id": st.just(10),
        "to_location_id": st.sampled_from([11, 12]),
        "lines": st.lists(st.builds(Wanted, variants, st.integers(1, 5)), max_size=2)})),
    st.tuples(st.just(announce), st.fixed_dictionaries({"transfer_id": numbers, "supplier": st.just("Mill"),
        "to_location_id": st.just(10), "lines": st.lists(st.builds(Wanted, variants, st.integers(1, 5)), max_size=2)})),
    st.tuples(st.just(ship), st.fixed_dictionaries({"transfer_id": numbers, "is_fact": st.booleans(),
        "lines": st.none() | st.dictionaries(variants, st.integers(0, 4))})),
    st.tuples(st.just(receive), st.fixed_dictionaries({"transfer_id": numbers, "arrived": arrivals,
        "reference": st.sampled_from(["a", "b", "c", "d"]), "complete": st.booleans(),
        "reason": st.sampled_from(["", "lost"]), "unexpected": st.booleans()})),
    st.tuples(st.just(cancel), st.fixed_dictionaries({"transfer_id": numbers})),
)  # fmt: skip


@given(st.lists(steps, min_size=3, max_size=14))
@settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_unit_is_lost_whatever_is_told(ground, turns):
    async with ground.transaction() as tx:
        await empty(tx, EMPTY)
        await tx.run("UPDATE kernel.clock SET shift = '0'")  # another test may have gone to a day without a log
    await stock_up(ground, 10, 6, SHIRT, BAG)
    for operation, more in turns:
        with contextlib.suppress(Refusal):
            await do(ground, operation, **more)
        assert await faults(ground) == []
    async with ground.reading() as tx:
        assert await tx.values(CONSERVED) == []
        inside = await tx.value("SELECT coalesce(sum(sellable + damaged), 0) FROM inventory.balance")
        outside = await tx.value("SELECT sum(moved) FROM inventory.v_ledger WHERE location_id <= 3")
        assert inside == -outside
        # Every piece shipped has been received, given up, or is under way; what is more came over.
        lines = await tx.tuples(LINES)
        assert all(shipped <= received + missing + under_way for shipped, received, missing, under_way in lines)
        closed = await tx.value(
            "SELECT count(*) FROM inventory.v_transfer WHERE stage IN ('received', 'cancelled') AND under_way > 0"
        )
    assert closed == 0


LINES = """
    SELECT shipped, received, missing, under_way FROM inventory.v_transfer WHERE stage <> 'cancelled'
"""
