"""A corrected return is taken from one and given to another, and is an order of neither."""

import msgspec
import pytest

from comptoir import orders, profiles
from comptoir.kernel.log import Event
from comptoir.kernel.money import Money
from profiles.conftest import SHOP, START

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("correction_first", [True, False])
async def test_a_return_changes_hands(house, correction_first):
    await house.nodes(1, 2)
    back = house.sale(1, -1000, units=-1)
    before = orders.Account(
        node_id=1, occurred_at=START, currency="EUR", total_minor=-1000, units=-1, categories={"Boots": (-1000, -1)}
    )
    fact = orders.SaleCorrected(
        sale_id=back.position,
        outlet_id=SHOP,
        channel="shop",
        receipt_number="r1",
        is_return=True,
        names=["Boots Corentin"],
        before=before,
        after=msgspec.structs.replace(before, node_id=2, total_minor=-900, categories={"Boots": (-900, -1)}),
    )
    body = msgspec.json.encode(fact).decode()
    corrected = Event(0, 1, back.position + 1, fact.kind, "", None, START, START, body)
    for event in (corrected, back) if correction_first else (back, corrected):
        await profiles.project(house.tx, [event], [None], [None], places=house.places)

    one, two = [await profiles.measures(house.tx, person=person) for person in (1, 2)]
    assert (one.orders, one.units, one.spend) == (0, 0, [])
    assert (two.orders, two.units, two.spend) == (0, -1, [Money(-900, "EUR")])
    assert await house.tx.tuples("SELECT orders, units, spend_minor FROM profiles.v_takings") == [(0, -1, -900)]
    threads = [(await profiles.timeline(house.tx, person=person)).moments for person in (1, 2)]
    assert [sum(m.amount.amount_minor for m in moments) for moments in threads] == [0, -900]
    assert {m.outlet_name for moments in threads for m in moments} == {"Shop"}
