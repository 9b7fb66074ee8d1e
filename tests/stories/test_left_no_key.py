"""She leaves no common key: typed at the till, spelt otherwise at the call centre. The house learns by itself to tell
people apart, and knows her a moment after.
"""

import pytest

from comptoir import identity
from comptoir.identity import realtime
from comptoir.identity.testimony import Scope
from comptoir.server import alike
from identity.traps import trap_set

pytestmark = pytest.mark.anyio

NAMES = {"first_name": "firstName", "last_name": "lastName", "email": "email", "phone": "phone",
         "birth_date": "birthday", "loyalty_card": "loyalty_card"}  # fmt: skip
ADDRESS = {"street": "street", "postcode": "postalCode", "city": "city", "country": "country"}


def told(row, user):
    """A record as an app tells it."""
    traits = {name: str(row[key]) for key, name in NAMES.items() if row.get(key)}
    address = {name: row[key] for key, name in ADDRESS.items() if row.get(key)}
    return {"type": "identify", "userId": user, "traits": traits | ({"address": address} if address else {})}


async def compared(retailer, models):
    await retailer.work()
    while await alike.compare(retailer.db, models):
        pass


async def test_she_is_known_by_what_she_says_of_herself(retailer):
    rows, _ = trap_set(people=600, seed=11)
    rows = [row for row in rows if row.get("first_name") or row.get("email")]
    for at in range(0, len(rows), 300):
        await retailer.track("site", *(told(row, f"r{at + n}") for n, row in enumerate(rows[at : at + 300])))
    await retailer.work()
    models = realtime.Models()
    with pytest.raises(realtime.NoModel):
        await alike.compare(retailer.db, models)
    made = await alike.learn_anew(retailer.db, version="first")
    assert made.state == "shadow" and made.records >= 1_000
    async with retailer.db.transaction() as tx:
        await realtime.models.put_to_use(tx, version="first")
    await compared(retailer, models)
    async with retailer.db.reading() as tx:
        assert await realtime.queue.oldest(tx) is None
        progress = await realtime.reviews.progress(tx)
    assert progress.open > 0, "user ids that may be of one person are for a steward to say"

    marie = {
        "first_name": "Marie-Claude", "last_name": "Zerbinetti", "email": "mc.zerbinetti@orange.fr",
        "phone": "06 11 22 33 44", "street": "12 rue des Lilas", "postcode": "69003", "city": "Lyon",
        "birth_date": "1961-05-04",
    }  # fmt: skip
    await retailer.track("site", told(marie, "marie"))
    typed = {
        **marie,
        "first_name": "Marie Claude",
        "last_name": "ZERBINETI",
        "email": None,
        "street": "12, r. des lilas",
    }
    call = {**told(typed, None), "anonymousId": "call-17"}
    del call["userId"], call["traits"]["phone"]
    await retailer.track("calls", call)
    await retailer.work()
    assert await retailer.key_of("marie") != await retailer.key_of("call-17")
    await compared(retailer, models)
    assert await retailer.key_of("marie") == await retailer.key_of("call-17")
    thread = await retailer.thread(await retailer.key_of("marie"))
    assert thread == [("phone", "told"), ("web", "told")]

    # And all that this model has joined is taken back whole.
    async with retailer.db.transaction() as tx:
        scope = Scope(batch_id="match:first")
        await identity.retractions.retract(tx, scope=scope, actor="user:ana")
    await retailer.work()
    assert await retailer.key_of("marie") != await retailer.key_of("call-17")
    async with retailer.db.reading() as tx:
        assert await identity.reconcile(tx) == []
