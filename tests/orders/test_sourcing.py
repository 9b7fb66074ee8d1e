"""From which locations goods come: as few parcels as can be, as the policy says, and why."""

import pytest

from comptoir import inventory
from comptoir.orders.sourcing import Missing, Wanted, source_again
from orders.test_checkout import SHIP, House, ground, house  # noqa: F401 fixtures

pytestmark = pytest.mark.anyio


async def ids(tx):
    return {one.code: one.location_id for one in await inventory.locations(tx)}


async def test_pieces_that_a_location_refused_come_from_others_or_are_missing(house: House):  # noqa: F811
    await house.stock(north_shirt=5, south_shirt=3)
    shirt = house.variants["shirt"]
    async with house.db.transaction() as tx:
        here = await ids(tx)
        asked = [Wanted(1, shirt, 2), Wanted(2, shirt, 2)]
        elsewhere = await source_again(tx, lines=asked, channel="web", delivery=SHIP, excluded={here["north"]})
        assert sum(one.quantity for one in elsewhere.parts) == 3
        assert {one.location_id for one in elsewhere.parts} == {here["south"]}
        assert elsewhere.missing == (Missing(2, shirt, 1),)
        nowhere = await source_again(tx, lines=asked, channel="web", delivery=SHIP, excluded=set(here.values()))
        assert nowhere.parts == () and sum(one.quantity for one in nowhere.missing) == 4
        assert (await source_again(tx, lines=[], channel="web", delivery=SHIP)).parts == ()
