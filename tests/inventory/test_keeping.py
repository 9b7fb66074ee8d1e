"""Adjustments with reasons, and what is kept back."""

import asyncio

import pytest

from comptoir.inventory import Allocate, Hold, InsufficientStock, NotThere, Promised, Release, Units
from comptoir.inventory.adjustments import REASONS, Adjustment, adjust
from comptoir.inventory.availability import Question, available
from comptoir.inventory.availability import places as all_places
from comptoir.inventory.errors import BadMove, UnknownLocation
from comptoir.inventory.keeping import Fence, Safety, Threshold, kept, set_fences, set_safety, set_thresholds
from comptoir.inventory.records import ADJUSTMENT
from inventory.test_ledger import SHIRT, ask, balance, faults
from inventory.test_ledger import receive as stock_up
from inventory.test_transfers import do

pytestmark = pytest.mark.anyio


async def states(db, location):
    async with db.reading() as tx:
        return (await tx.tuples(
            "SELECT sellable, display, damaged, quarantine FROM inventory.balance WHERE location_id = %(l)s", l=location
        ))[0]  # fmt: skip


async def adjusted(db, location, reason, quantity=1, state="sellable"):
    one = Adjustment(variant_id=SHIRT, location_id=location, quantity=quantity, reason=reason, state=state)
    (answer,) = await do(db, adjust, adjustments=[one])
    return answer.missing


AFTER = {
    "theft": (4, 0, 0, 0), "lost": (4, 0, 0, 0), "expired": (4, 0, 0, 0), "destroyed": (4, 0, 0, 0),
    "sample": (4, 0, 0, 0), "own_use": (4, 0, 0, 0), "found": (6, 0, 0, 0), "returned": (6, 0, 0, 0),
    "damaged": (4, 0, 1, 0), "display": (4, 1, 0, 0), "quarantine": (4, 0, 0, 1),
}  # fmt: skip


@pytest.mark.parametrize("reason", [one for one in REASONS if one != "back_on_sale"])
async def test_the_reason_decides_what_moves_where(db, places, reason):
    lyon = places["lyon"]
    await stock_up(db, lyon, 5)
    await adjusted(db, lyon, reason)
    assert await states(db, lyon) == AFTER[reason]
    async with db.reading() as tx:
        assert await tx.value("SELECT count(*) FROM inventory.entry WHERE reason = %(r)s", r=reason) == 1
    assert await faults(db) == []


async def test_back_on_sale_from_the_state_it_was_in(db, places):
    lyon = places["lyon"]
    await stock_up(db, lyon, 5)
    await adjusted(db, lyon, "returned", state="quarantine")
    assert await states(db, lyon) == (5, 0, 0, 1)
    with pytest.raises(NotThere):
        await adjusted(db, lyon, "back_on_sale", 2, "quarantine")
    with pytest.raises(BadMove):
        await adjusted(db, lyon, "back_on_sale")
    await adjusted(db, lyon, "back_on_sale", state="quarantine")
    assert await states(db, lyon) == (6, 0, 0, 0)


async def test_what_we_choose_is_refused_and_what_has_happened_is_not(db, places):
    lyon = places["lyon"]
    await stock_up(db, lyon, 2)
    await ask(db, Hold(reference="b", units=[Units(SHIRT, lyon, 2)]))
    for reason in ("display", "sample", "own_use"):
        with pytest.raises(NotThere):
            await adjusted(db, lyon, reason)
    assert await adjusted(db, lyon, "theft") == 1
    assert await faults(db) == []


async def offered(db, channel):
    async with db.reading() as tx:
        (found,) = await available(tx, [Question(variant_id=SHIRT, channel=channel)], await all_places(tx))
    return sum(one.units for one in found)


async def test_what_is_kept_back_is_neither_offered_nor_promised(db, places):
    lyon = places["lyon"]
    await do(db, set_safety, safeties=[Safety(SHIRT, lyon, 2)])
    await stock_up(db, lyon, 10)
    assert await offered(db, "web") == 8
    await do(db, set_fences, fences=[Fence(SHIRT, lyon, "app", 3)])
    await do(db, set_thresholds, thresholds=[Threshold(SHIRT, "market", 4)])
    assert [await offered(db, one) for one in ("web", "app", "market")] == [5, 8, 1]
    (refused,) = await ask(db, Hold(reference="w", units=[Units(SHIRT, lyon, 6)], channel="web"))
    assert isinstance(refused, InsufficientStock)
    found = await do(db, kept, variant_id=SHIRT)
    assert [(one.location, one.safety, one.fences) for one in found.places] == [("lyon", 2, {"app": 3})]
    assert found.thresholds == {"market": 4}
    await do(db, set_safety, safeties=[Safety(SHIRT, lyon, None)])
    await do(db, set_fences, fences=[Fence(SHIRT, lyon, "app", 0)])
    await do(db, set_thresholds, thresholds=[Threshold(SHIRT, "market", 0)])
    assert [await offered(db, one) for one in ("web", "app", "market")] == [10, 10, 10]
    with pytest.raises(UnknownLocation):
        await do(db, set_safety, safeties=[Safety(SHIRT, ADJUSTMENT, 1)])


async def test_a_fence_that_is_lifted_does_not_come_back_with_what_was_promised_of_it(db, places):
    lyon = places["lyon"]
    await stock_up(db, lyon, 5)
    await do(db, set_fences, fences=[Fence(SHIRT, lyon, "app", 3)])
    await ask(db, Hold(reference="a", units=[Units(SHIRT, lyon, 2)], channel="app"),
              Allocate(reference="b", units=[Units(SHIRT, lyon, 1)], channel="app"))  # fmt: skip
    await do(db, set_fences, fences=[Fence(SHIRT, lyon, "app", 0)])
    await ask(db, Release(reference="a"), Release(reference="b"))
    (answer,) = await ask(db, Hold(reference="c", units=[Units(SHIRT, lyon, 5)], channel="web"))
    assert isinstance(answer, Promised)
    assert await faults(db) == []


async def test_a_fence_that_changes_while_a_crowd_buys(db, places):
    lyon = places["lyon"]
    await stock_up(db, lyon, 20)
    answers = await asyncio.gather(
        *(ask(db, Hold(reference=f"w{n}", units=[Units(SHIRT, lyon, 1)], channel="web")) for n in range(30)),
        *(do(db, set_fences, fences=[Fence(SHIRT, lyon, "app", n)]) for n in (5, 8, 5)),
        *(do(db, set_safety, safeties=[Safety(SHIRT, lyon, n)]) for n in (1, 2)),
    )
    held = sum(isinstance(one[0], Promised) for one in answers[:30])
    assert 10 <= held <= 20
    assert (await balance(db, SHIRT, lyon))[1] == held
    assert await faults(db) == []
