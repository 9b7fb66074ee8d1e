"""Many tell at once of the same contact points: nothing is lost, and what stands is what was said last."""

import asyncio
import random

import pytest

from comptoir import consent
from consent.worlds import choice, say

pytestmark = pytest.mark.anyio


async def test_many_at_once_leave_the_latest_word_standing(db):
    async def tell(seed):
        dice = random.Random(seed)
        for _ in range(6):
            said = [
                choice(
                    dice.choice(["a@x.fr", "b@x.fr", "c@x.fr"]),
                    dice.choice(["granted", "denied", "withdrawn", "pending"]),
                    purpose=dice.choice(["offers", "surveys"]),
                    minute=dice.randrange(30),
                )
                for _ in range(12)
            ]
            await db.within(lambda tx, said=said: say(tx, *said))

    await asyncio.gather(*(tell(seed) for seed in range(8)))
    async with db.reading() as tx:
        assert await consent.reconcile(tx) == []
        assert await tx.value("SELECT count(*) FROM consent.standing") == 6
        told = await tx.value("SELECT count(*) FROM kernel.event WHERE kind = 'consent.choice_recorded'")
        assert told == await tx.value("SELECT count(*) FROM consent.choice") > 100
