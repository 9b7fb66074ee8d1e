"""What is only tried leaves nothing behind: no row, no fact, no job."""

import pytest

from comptoir.kernel.errors import Conflict
from comptoir.kernel.log import told
from comptoir.orders.events import AddressChanged

pytestmark = pytest.mark.anyio
FACT = AddressChanged(order_id="00000000-0000-4000-8000-000000000001", order_number=1, node_id=None)
EVENTS = "SELECT count(*) FROM kernel.event"


async def test_what_is_tried_is_undone_unless_it_is_kept(tx):
    before = await tx.value(EVENTS)
    async with tx.trial():
        await tx.tell(FACT)
        assert await tx.value(EVENTS) == before + 1
    assert await tx.value(EVENTS) == before
    async with tx.trial() as outer:
        await tx.tell(FACT)
        async with tx.trial():
            await tx.tell(FACT)
        outer.keep()
    assert await tx.value(EVENTS) == before + 1


async def test_a_refusal_undoes_and_leaves_the_transaction_usable(tx):
    before = await tx.value(EVENTS)
    with pytest.raises(Conflict):
        async with tx.trial() as trial:
            await tx.tell(FACT)
            trial.keep()
            raise Conflict
    assert await tx.value(EVENTS) == before


def tell(tx):
    sql, params = told(tx, [FACT])
    tx.later(sql, **params)


async def test_what_was_to_be_done_later_is_undone_with_the_rest(tx):
    before = await tx.value(EVENTS)
    with pytest.raises(Conflict):
        async with tx.trial() as trial:
            tell(tx)
            trial.keep()
            raise Conflict
    async with tx.trial():
        tell(tx)
    assert await tx.value(EVENTS) == before
    async with tx.trial() as trial:
        tell(tx)
        trial.keep()
    assert await tx.value(EVENTS) == before + 1
