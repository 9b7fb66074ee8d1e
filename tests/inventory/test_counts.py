"""What was counted holds as of the moment of the counting, whatever moves before it is posted."""

import asyncio
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comptoir.inventory import ADJUSTMENT, CUSTOMER, SUPPLIER, Hold, Move, Units
from comptoir.inventory.availability import Question, available
from comptoir.inventory.availability import places as all_places
from comptoir.inventory.counting.accuracy import accuracy
from comptoir.inventory.counting.counts import (
    Counted,
    approve,
    cancel_count,
    count,
    open_count,
    record_counted,
    reject,
)
from comptoir.inventory.counting.counts import submit as submit_at
from comptoir.inventory.counting.house import House, set_house
from comptoir.inventory.errors import (
    BadQuantity,
    CountExists,
    NotCounted,
    SamePerson,
    UnknownCount,
    UnknownLocation,
    WrongStage,
)
from inventory.conftest import EMPTY
from inventory.test_ledger import BAG, CONSERVED, SHIRT, SHOE, ask, balance, faults, forward
from inventory.test_ledger import receive as stock_up
from inventory.test_transfers import do, now
from reuse import empty

pytestmark = pytest.mark.anyio

ONE, TWO = UUID(int=1), UUID(int=2)


async def prices(_, variants, *, outlet):
    """Bags have none."""
    return {variant: 500 for variant in variants if variant == SHIRT}


submit = partial(submit_at, worths=prices)


@pytest.fixture
async def lyon(db, places):
    await do(db, set_house, house=House(review_units=0))
    await stock_up(db, places["lyon"], 10, SHIRT, BAG)
    yield places["lyon"]
    await do(db, set_house, house=House())


async def sell(db, lyon, quantity=1, variant=SHIRT, at=None):
    await ask(db, Move(variant_id=variant, quantity=quantity, from_location_id=lyon, to_location_id=CUSTOMER, act="sell",
                       is_fact=True, occurred_at=at))  # fmt: skip


async def sheet(db, lyon, *variants, number=ONE):
    await do(db, open_count, count_id=number, location_id=lyon, variants=variants or None, actor="ann")


async def counted(db, quantity, variant=SHIRT, number=ONE, **more):
    line = Counted(variant_id=variant, quantity=quantity, **more)
    await do(db, record_counted, count_id=number, lines=[line], actor="ann")


async def test_the_sheet_is_blind_until_counting_is_over(db, lyon):
    await sheet(db, lyon)
    await counted(db, 9)
    seen = await do(db, count, count_id=ONE)
    assert [(one.counted, one.book, one.difference) for one in seen.lines] == [(9, None, None), (None, None, None)]
    with pytest.raises(NotCounted):
        await do(db, submit, count_id=ONE, actor="ann")
    waits = await do(db, submit, count_id=ONE, leave_out=True, actor="ann")
    assert waits.stage == "review"
    assert [(one.book, one.difference) for one in waits.lines] == [(10, -1), (None, None)]
    assert await balance(db, SHIRT, lyon) == (10, 0, 0), "nothing is posted before somebody agrees"
    with pytest.raises(SamePerson):
        await do(db, approve, count_id=ONE, actor="ann")
    for _ in range(2):
        assert (await do(db, approve, count_id=ONE, actor="bob")).stage == "posted"
    assert await balance(db, SHIRT, lyon) == (9, 0, 0)
    assert await faults(db) == []
    async with db.reading() as tx:
        told = await tx.values("SELECT kind FROM kernel.event ORDER BY recorded_at")
        assert await tx.tuples("SELECT moved, act, reason FROM inventory.entry WHERE moved < 0") == [
            (-1, "count", "count")
        ]
    assert told == ["inventory.count_waits", "inventory.count_posted"]


async def test_what_moves_between_counting_and_posting_is_not_lost(db, lyon):
    await sheet(db, lyon, SHIRT)
    await counted(db, 9)
    await forward(db, seconds=1)
    await sell(db, lyon, 2)
    await stock_up(db, lyon, 5)
    await do(db, submit, count_id=ONE, actor="ann")
    await sell(db, lyon)
    await do(db, approve, count_id=ONE, actor="bob")
    assert await balance(db, SHIRT, lyon) == (9 - 2 + 5 - 1, 0, 0)


async def test_a_sale_told_late_of_before_the_counting_is_no_difference(db, lyon):
    before = await do(db, now)
    await forward(db, seconds=1)
    await sheet(db, lyon, SHIRT)
    await counted(db, 9)
    await forward(db, seconds=1)
    assert (await do(db, submit, count_id=ONE, actor="ann")).lines[0].difference == -1
    await sell(db, lyon, at=before)
    posted = await do(db, approve, count_id=ONE, actor="bob")
    assert posted.lines[0].difference == 0
    assert await balance(db, SHIRT, lyon) == (9, 0, 0)


async def test_counted_earlier_than_it_is_told(db, lyon):
    at = await do(db, now)
    await forward(db, minutes=5)
    await sell(db, lyon, 3)
    await sheet(db, lyon, SHIRT)
    with pytest.raises(BadQuantity):
        await counted(db, 10, number=ONE, counted_at=at + timedelta(days=1))
    await counted(db, 10, counted_at=at)
    assert (await do(db, submit, count_id=ONE, actor="ann")).stage == "posted"
    assert await balance(db, SHIRT, lyon) == (7, 0, 0)


async def test_two_counts_of_one_article_are_not_both_posted(db, lyon):
    for number in (ONE, TWO):
        await sheet(db, lyon, SHIRT, number=number)
        await counted(db, 8, number=number)
        await do(db, submit, count_id=number, actor="ann")
        await forward(db, seconds=1)
    await asyncio.gather(*(do(db, approve, count_id=number, actor="bob") for number in (TWO, ONE)))
    assert await balance(db, SHIRT, lyon) == (8, 0, 0)
    assert await faults(db) == []


@pytest.mark.parametrize("order", [(ONE, TWO), (TWO, ONE)])
async def test_the_later_counting_holds_whichever_is_posted_first(db, lyon, order):
    for number, found in ((ONE, 8), (TWO, 7)):
        await sheet(db, lyon, SHIRT, number=number)
        await counted(db, found, number=number)
        await do(db, submit, count_id=number, actor="ann")
        await forward(db, seconds=1)
    for number in order:
        await do(db, approve, count_id=number, actor="bob")
    assert await balance(db, SHIRT, lyon) == (7, 0, 0)


async def test_counted_again_the_later_counting_holds_and_strange_articles_are_taken(db, lyon):
    await sheet(db, lyon, SHIRT)
    await counted(db, 8)
    await forward(db, seconds=1)
    await counted(db, 10)
    await counted(db, 2, SHOE)
    await do(db, submit, count_id=ONE, actor="ann")
    await do(db, approve, count_id=ONE, actor="bob")
    assert await balance(db, SHIRT, lyon) == (10, 0, 0)
    assert await balance(db, SHOE, lyon) == (2, 0, 0)


async def test_small_differences_are_posted_and_large_ones_wait_by_units_or_value(db, lyon):
    await do(db, set_house, house=House(review_units=3, review_value_minor=1000))
    cases = ((SHIRT, 8, "posted"), (SHIRT, 4, "review"), (SHIRT, 5, "review"), (BAG, 7, "posted"), (BAG, 3, "review"))
    for number, (variant, found, stage) in enumerate(cases, 3):
        await sheet(db, lyon, variant, number=UUID(int=number))
        await counted(db, found, variant, number=UUID(int=number))
        assert (await do(db, submit, count_id=UUID(int=number), actor="ann")).stage == stage
        await forward(db, seconds=1)


async def test_not_believed_or_given_up(db, lyon):
    await sheet(db, lyon, SHIRT)
    await counted(db, 1)
    with pytest.raises(WrongStage):
        await do(db, approve, count_id=ONE, actor="bob")
    await do(db, submit, count_id=ONE, actor="ann")
    with pytest.raises(WrongStage):
        await counted(db, 2)
    assert (await do(db, reject, count_id=ONE, reason="again", actor="bob")).stage == "rejected"
    assert await balance(db, SHIRT, lyon) == (10, 0, 0)
    await sheet(db, lyon, SHIRT, number=TWO)
    assert (await do(db, cancel_count, count_id=TWO, actor="ann")).stage == "cancelled"
    with pytest.raises(UnknownCount):
        await do(db, count, count_id=UUID(int=9))
    with pytest.raises(UnknownLocation):
        await sheet(db, ADJUSTMENT, number=UUID(int=9))
    with pytest.raises(CountExists):
        await sheet(db, lyon - 1, number=ONE)


async def test_a_count_below_what_is_promised_is_a_shortage(db, lyon):
    await ask(db, Hold(reference="b", units=[Units(SHIRT, lyon, 10)]))
    await sheet(db, lyon, SHIRT)
    await counted(db, 7)
    await do(db, submit, count_id=ONE, actor="ann")
    await do(db, approve, count_id=ONE, actor="bob")
    async with db.reading() as tx:
        assert await tx.value("SELECT missing FROM inventory.shortage") == 3
    assert await faults(db) == []


async def test_where_the_book_was_wrong_less_is_offered(db, lyon):
    await do(db, set_house, house=House(review_units=100, accuracy_floor=90, doubted_units=2))
    await sheet(db, lyon)
    await counted(db, 8)
    await counted(db, 10, BAG)
    await do(db, submit, count_id=ONE, actor="ann")

    async def offered(variant):
        async with db.reading() as tx:
            (found,) = await available(tx, [Question(variant_id=variant, channel="web")], await all_places(tx))
        return [one.units for one in found]

    assert (await offered(SHIRT), await offered(BAG)) == ([6], [10])
    async with db.reading() as tx:
        (place,) = await accuracy(tx)
    assert (place.location, place.articles, place.right, place.units_percent, place.withheld) == ("lyon", 2, 1, 90, 2)
    await do(db, set_house, house=House(accuracy_floor=80))
    assert await offered(SHIRT) == [8]


# ---- a shelf and its book

events = st.lists(st.sampled_from(["sale", "late sale", "theft", "receipt", "count", "post"]), min_size=2, max_size=16)


@given(events)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_after_a_count_the_book_is_the_shelf(ground, events):
    """Whatever is sold, stolen, received or told late around it: only theft after the last counting is unknown."""
    async with ground.transaction() as tx:
        await empty(tx, EMPTY)
        await tx.run("UPDATE kernel.clock SET shift = '0'")
    await do(ground, set_house, house=House(review_units=0))
    lyon, shelf, number, stolen, untold, waiting = 12, 20, 10, 0, [], []
    await ask(ground, Move(variant_id=SHIRT, quantity=20, from_location_id=SUPPLIER, to_location_id=lyon, is_fact=True))
    for event in events:
        await forward(ground, seconds=1)
        match event:
            case "sale":
                shelf -= 1
                await sell(ground, lyon)
            case "late sale":
                shelf -= 1
                untold.append(await do(ground, now))
            case "theft":
                shelf -= 1
                stolen += 1
            case "receipt":
                shelf += 3
                await stock_up(ground, lyon, 3)
            case "count" if shelf >= 0:
                number += 1
                await sheet(ground, lyon, SHIRT, number=UUID(int=number))
                await counted(ground, shelf, number=UUID(int=number))
                waiting.append((UUID(int=number), stolen))
            case _:
                for at in untold:
                    await sell(ground, lyon, at=at)
                untold.clear()
                for one, _ in reversed(waiting):
                    await do(ground, submit, count_id=one, actor="ann")
                    if (await do(ground, count, count_id=one)).stage == "review":
                        await do(ground, approve, count_id=one, actor="bob")
                if waiting:
                    stolen -= waiting[-1][1]
                waiting.clear()
                assert (await balance(ground, SHIRT, lyon))[0] == shelf + stolen
    assert await faults(ground) == []
    async with ground.reading() as tx:
        assert await tx.values(CONSERVED) == []
    await do(ground, set_house, house=House())
