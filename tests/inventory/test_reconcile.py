"""The proof of the stock finds what no act of ours can make: every way in which a counter could drift (P3)."""

import psycopg
import pytest

from comptoir import inventory
from comptoir.inventory import ADJUSTMENT, CUSTOMER, SUPPLIER, Allocate, Hold, Move, Units

pytestmark = pytest.mark.anyio

SHIRT, BAG = 1, 2


@pytest.fixture
async def kept(tx):
    """Goods at a shop: some held, some allocated, some missing."""
    (one,) = await inventory.record_locations(tx, [inventory.LocationEntry(code="one", kind="shop", name="One")])
    here = one.location_id
    for answer in await inventory.post(tx, [
        *(Move(variant_id=variant, quantity=9, from_location_id=SUPPLIER, to_location_id=here, act="receive",
               is_fact=True) for variant in (SHIRT, BAG)),
        Move(variant_id=SHIRT, quantity=1, from_location_id=here, to_location_id=here, to_state="damaged"),
        Hold(reference="b1", units=[Units(SHIRT, here, 2)]),
        Allocate(reference="o1", units=[Units(BAG, here, 9)]),
        Move(variant_id=BAG, quantity=3, from_location_id=here, to_location_id=CUSTOMER, act="sell", is_fact=True),
        Move(variant_id=SHIRT, quantity=2, from_location_id=here, to_location_id=ADJUSTMENT, act="adjust",
             is_fact=True, occurred_at=tx.now),
    ]):  # fmt: skip
        assert not isinstance(answer, Exception)
    assert await inventory.reconcile(tx) == []
    assert [one.quantity for one in await inventory.shortages(tx)] == [3]
    return tx


@pytest.mark.parametrize(
    ("fault", "checks"),
    [
        # Medusa #12401, Odoo #62139: more or less is reserved than somebody has reserved.
        ("UPDATE inventory.balance SET held = held + 1 WHERE held > 0", {"balances", "promises"}),
        ("UPDATE inventory.balance SET held = 0 WHERE held > 0", {"balances", "promises"}),
        ("UPDATE inventory.balance SET allocated = allocated - 1 WHERE allocated > 0", {"balances", "promises"}),
        ("DELETE FROM inventory.promise WHERE reference = 'b1'", {"promises"}),
        ("UPDATE inventory.promise SET quantity = quantity + 1 WHERE reference = 'o1'", {"promises"}),
        ("UPDATE inventory.promise SET expires_at = now() WHERE reference = 'o1'", {"promises"}),
        # Vendure: rows of the ledger and the counter tell two numbers.
        ("UPDATE inventory.balance SET sellable = sellable + 1, damaged = damaged - 1 WHERE damaged > 0", {"balances"}),
        ("DELETE FROM inventory.balance WHERE variant_id = 1", {"balances", "promises"}),
        ("DELETE FROM inventory.entry WHERE moved = 9 AND variant_id = 1", {"balances"}),
        # A shortage that nobody was told of.
        ("DELETE FROM inventory.shortage", {"shortages"}),
        ("UPDATE inventory.shortage SET missing = missing + 1", {"shortages"}),
    ],
)
async def test_reconcile_finds_what_was_changed_by_hand(kept, fault, checks):
    assert await kept.run(fault)
    assert checks <= {found.check for found in await inventory.reconcile(kept)}


@pytest.mark.parametrize("column", ["held", "allocated"])
async def test_nothing_can_be_reserved_less_than_not_at_all(kept, column):
    """Medusa #12401: a reserved quantity of -1, and no way to mend it."""
    with pytest.raises(psycopg.errors.CheckViolation):
        await kept.run(f"UPDATE inventory.balance SET {column} = -1")


async def test_a_fact_of_last_month_changes_one_balance_and_no_other_entry(kept):
    """ERPNext #35244, PR #53638: an entry of an earlier day rewrote the running balance of all after it, and locked them."""
    before = await kept.tuples(TOUCHED)
    (answer,) = await inventory.post(kept, [
        Move(variant_id=SHIRT, quantity=1, from_location_id=SUPPLIER, act="receive", is_fact=True,
             to_location_id=await kept.value("SELECT location_id FROM inventory.location WHERE code = 'one'"),
             occurred_at=await kept.value("SELECT now() - interval '30 days'")),
    ])  # fmt: skip
    assert not isinstance(answer, Exception)
    after = await kept.tuples(TOUCHED)
    changed = {
        name: (inserts - was[1], updates - was[2])
        for was, (name, inserts, updates) in zip(before, after, strict=True)
        if (inserts, updates) != was[1:]
    }
    assert changed == {"balance": (0, 1), "entry": (1, 0)}
    assert await inventory.reconcile(kept) == []


TOUCHED = """
    SELECT CASE WHEN relname ~ '^entry' THEN 'entry' ELSE relname END, sum(n_tup_ins)::int, sum(n_tup_upd)::int
    FROM pg_stat_xact_user_tables WHERE schemaname = 'inventory' GROUP BY 1 ORDER BY 1
"""
