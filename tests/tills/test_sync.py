"""A till that was alone brings what it did: each act once, whatever was sent twice, late or in another order."""

import asyncio
import contextlib
import json
import random
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comptoir import channels, inventory, orders, pricing
from comptoir.kernel import time
from comptoir.kernel.auth import SYSTEM, keys
from comptoir.kernel.db import transaction
from comptoir.tills import NewDevice, register, set_aside, sync, take
from comptoir.tills.errors import BadSync
from conftest import examples
from orders.market import an_order, lies, open_market
from tills.till import NOON, Till, receipt, sealed

pytestmark = pytest.mark.anyio


async def a_device(tx, name="1", outlet="lyon"):
    return (await register(tx, device=NewDevice(outlet, name), actor=SYSTEM)).device


@pytest.fixture
async def shop(tx):
    await open_market(tx, lyon_shirt=10, lyon_bag=5)
    return tx


async def bring(tx, device, entries, at=NOON):
    return await sync(tx, device=device, sent_at=at, entries=list(entries))


async def books(tx):
    """What lies where, what was taken in, and that all of it agrees."""
    assert await inventory.reconcile(tx) == []
    assert await orders.reconcile(tx) == []
    sales = await tx.tuples("SELECT receipt_number, total_minor FROM orders.sale ORDER BY 1")
    states = await tx.tuples("SELECT sequence, state FROM tills.entry ORDER BY device_id, sequence")
    return await lies(tx), sales, states


async def told(tx, kind):
    return [json.loads(b) for b in await tx.values("SELECT body FROM kernel.event WHERE kind = %(k)s", k=kind)]


async def test_sales_returns_and_stock_acts_are_booked(shop):
    device, till = await a_device(shop), Till()
    till.sell("shirt", 3)
    till.take_back("shirt", 1, to="damaged")
    till.take_back("bag", 1)
    till.take_back("bag", 2, to="none")
    till.stock("write_off", "bag", 1, reason="stolen")
    till.stock("receive", "shoe", 4)
    done = await bring(shop, device, till.log)
    assert [one.state for one in done.answers] == ["done"] * 6 and (done.reached, done.missing) == (6, [])
    there, sales, _ = await books(shop)
    assert there["lyon_shirt"] == (7, 0, 0) and there["lyon_bag"] == (5, 0, 0) and there["lyon_shoe"] == (4, 0, 0)
    assert await shop.value("SELECT damaged FROM inventory.v_balance WHERE location = 'lyon' AND damaged > 0") == 1
    assert sales == [("T1-1", 3000), ("T1-2", -1000), ("T1-3", -1000), ("T1-4", -2000)]


async def test_the_same_again_gets_its_first_answer(shop):
    device, till = await a_device(shop), Till()
    till.sell("shirt", 2)
    first = await bring(shop, device, till.log)
    before = await books(shop)
    till.sell("shirt", 1)
    again = await bring(shop, device, [*till.log, *till.log])
    assert again.answers[0] == again.answers[2] == first.answers[0]
    assert again.answers[1] == again.answers[3] and again.answers[1].state == "done"
    assert before[0]["lyon_shirt"] == (8, 0, 0) and (await books(shop))[0]["lyon_shirt"] == (7, 0, 0)


async def test_one_act_told_under_two_numbers_is_done_once(shop):
    device, till = await a_device(shop), Till()
    sale = till.sell("shirt", 2)
    till.add("sale", sale["body"], entry_id=sale["entry_id"])
    till.sell("shirt", 2, number="T1-1", at=NOON - timedelta(minutes=2))
    done = await bring(shop, device, till.log)
    assert [one.state for one in done.answers] == ["done", "repeated", "repeated"]
    assert (await books(shop))[0]["lyon_shirt"] == (8, 0, 0)


async def test_behind_a_gap_what_has_happened_counts_and_promises_wait(shop):
    device, till = await a_device(shop), Till()
    for _ in range(3):
        till.sell()
    till.claim(UUID(int=7), "bag", 2)
    late = await bring(shop, device, [till.log[0], till.log[2], till.log[3]])
    assert (late.reached, late.missing) == (1, [(2, 2)])
    assert [one.state for one in late.answers] == ["done", "done", "waiting"]
    assert (await books(shop))[0]["lyon_shirt"] == (8, 0, 0)
    assert [one["missing"] for one in await told(shop, "tills.gap_found")] == [[[2, 2]]]
    await bring(shop, device, [till.log[3]])
    closed = await bring(shop, device, [till.log[1]])
    assert (closed.reached, closed.missing) == (4, [])
    there, _, states = await books(shop)
    assert there["lyon_shirt"] == (7, 0, 0) and there["lyon_bag"] == (5, 2, 0)
    assert [state for _, state in states] == ["done"] * 4
    assert len(await told(shop, "tills.gap_found")) == len(await told(shop, "tills.gap_closed")) == 1


async def test_a_copy_of_the_till_stands_aside_and_what_it_sold_can_be_taken(shop):
    device, till, copy = await a_device(shop), Till(), Till()
    for one in (till, copy):
        one.sell()
    till.sell("shirt", 1)
    forked = copy.sell("bag", 1, number="C-1", entry_id=UUID(int=99))
    copy.sell("bag", 1, number="C-2", entry_id=UUID(int=100))
    await bring(shop, device, till.log)
    done = await bring(shop, device, copy.log)
    assert [(one.state, one.code) for one in done.answers] == [
        ("done", None), ("quarantined", "fork"), ("quarantined", "fork")]  # fmt: skip
    (aside,) = [one for one in await set_aside(shop) if one.sequence == 2]
    assert json.loads(aside.body) == forked and aside.reason == "fork"
    before = await books(shop)
    answer = await take(shop, quarantine_id=aside.quarantine_id, actor=SYSTEM)
    assert answer.state == "done"
    assert (await books(shop))[0]["lyon_bag"][0] == before[0]["lyon_bag"][0] - 1
    assert (await take(shop, quarantine_id=aside.quarantine_id, actor=SYSTEM)).state == "repeated"


async def test_a_bad_entry_loses_none_beside_it_and_its_goods_have_gone(shop):
    device, till = await a_device(shop), Till()
    till.sell()
    till.add("sale", {**receipt("bad-sum"), "total_minor": 5})
    till.add("sale", {"number": "half", "lines": [{"sku": "bag", "quantity_thousandths": 1000}]})
    till.sell("moon")
    broken = {**till.sell(), "sequence": "five"}
    till.log.pop()
    done = await bring(shop, device, [*till.log, broken, "nonsense", {"entries": "\0"}])
    assert [one.state for one in done.answers] == ["done", "faulty", "faulty", "done", *["quarantined"] * 3]
    assert done.answers[1].code == "orders.totals_disagree"
    there, sales, _ = await books(shop)
    assert there["lyon_shirt"] == (8, 0, 0) and there["lyon_bag"] == (4, 0, 0)
    assert [number for number, _ in sales] == ["T1-1", "T1-4"]
    assert len(await told(shop, "tills.entry_set_aside")) == 5


@pytest.mark.parametrize("sent_at", [NOON, NOON.replace(year=1)], ids=["in time", "of the year 1"])
async def test_whatever_an_entry_holds_those_beside_it_are_done(shop, sent_at):
    device, till = await a_device(shop), Till()
    till.add("return", {"to": [], "lines": [{"sku": "bag", "quantity_thousandths": 1000}]})
    till.add("sale", {**receipt("T1-2"), "x\0": 1})
    till.add("sale", receipt("T1-3"), at=NOON.replace(year=9999))
    till.sell()
    nul, deep = {**till.log[0], "x\0": 1}, []
    for _ in range(500):
        deep = [deep]
    nul = sealed({name: value for name, value in nul.items() if name != "hash"})
    done = await bring(shop, device, [*till.log, nul, {"deep": deep}], at=sent_at)
    assert [one.state for one in done.answers] == ["faulty"] * 3 + ["done"] + ["quarantined"] * 2
    assert len(await set_aside(shop)) == 2
    await bring(shop, device, [{**till.log[0], "kind": "\ud800"}], at=sent_at)
    with pytest.raises(BadSync):
        await take(shop, quarantine_id=(await set_aside(shop))[0].quarantine_id, actor=SYSTEM)


async def test_a_sale_of_promised_goods_is_a_fact_and_a_shortage(shop):
    await orders.record_orders(shop, [an_order(lines=(
        orders.ExternalLine(line=1, sku="bag", quantity=5, amount_minor=2500, total_minor=2500),), total_minor=2990
    )])  # fmt: skip
    device, till = await a_device(shop), Till()
    till.sell("bag", 2)
    till.claim(UUID(int=8), "bag", 1)
    done = await bring(shop, device, till.log)
    assert done.answers[0].state == "done" and done.answers[0].short == 2
    assert (done.answers[1].state, done.answers[1].code) == ("refused", "inventory.insufficient_stock")
    assert (await books(shop))[0]["lyon_bag"] == (3, 0, 5)
    assert [one["missing"] for one in await told(shop, "inventory.shortage_found")] == [2]


async def test_a_claim_leaves_alone_what_a_basket_of_the_house_holds(shop):
    bag = await shop.value("SELECT variant_id FROM catalog.v_variant WHERE sku = 'bag'")
    lyon = await shop.value("SELECT location_id FROM inventory.v_location WHERE code = 'lyon'")
    basket = UUID(int=9)
    await inventory.post(shop, [inventory.Hold(reference=str(basket), units=[inventory.Units(bag, lyon, 4)])])
    device, till = await a_device(shop), Till()
    till.claim(basket, "bag", 1)
    assert [one.state for one in (await bring(shop, device, till.log)).answers] == ["done"]
    assert (await books(shop))[0]["lyon_bag"] == (5, 5, 0)


async def test_a_wrong_clock_is_kept_and_loses_no_sale(shop):
    device, till = await a_device(shop), Till()
    now = await shop.value("SELECT now() + shift FROM kernel.clock")
    ahead = now + timedelta(days=400)
    till.sell(at=ahead)
    done = await bring(shop, device, till.log, at=ahead)
    assert done.answers[0].state == "done" and abs(done.skew_ms - 400 * 86_400_000) < 60_000
    sold = await shop.value("SELECT occurred_at FROM orders.sale")
    assert abs(sold - now) < timedelta(minutes=5)
    assert await shop.value("SELECT skew_ms FROM tills.v_device") == done.skew_ms
    moved = await shop.value("SELECT occurred_at FROM inventory.v_ledger WHERE reference LIKE 'till:%%'")
    assert moved == sold, "the goods have left when the sale was made"


async def test_goods_that_move_at_a_time_that_cannot_be_move_now(shop):
    device, till = await a_device(shop), Till()
    now = await shop.value("SELECT now() + shift FROM kernel.clock")
    till.add("stock", {"act": "receive", "sku": "shirt", "quantity": 1}, at=now + timedelta(days=400))
    till.add("stock", {"act": "receive", "sku": "shirt", "quantity": 1}, at=NOON.replace(year=1))
    assert [one.state for one in (await bring(shop, device, till.log)).answers] == ["done", "done"]
    told = await shop.values("SELECT occurred_at FROM inventory.entry WHERE reference LIKE 'till:%%'")
    assert len(told) == 2 and all(abs(at - now) < timedelta(minutes=5) for at in told)


class Undone(Exception):
    """The transaction is rolled back."""


AFTERNOON = st.lists(
    st.tuples(
        st.sampled_from(["sell", "sell", "take_back", "found", "receive"]),
        st.sampled_from(["shirt", "bag", "moon"]),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=8,
)


def day(acts, mark):
    till = Till(mark)
    for act, sku, pieces in acts:
        if act in {"sell", "take_back"}:
            getattr(till, act)(sku, pieces)
        else:
            till.stock(act, sku, pieces)
    return till.log


@settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=AFTERNOON, second=AFTERNOON, seed=st.integers(0, 10**6))
async def test_any_order_duplication_and_interleaving_gives_the_same_books(shared_db, first, second, seed):
    """Two tills, sent once in order, and sent in any pieces, in any order, again and again."""
    chance = random.Random(seed)
    logs = [day(first, 1), day(second, 2)]
    told_of = [(till, number) for till, log in enumerate(logs) for number in range(len(log))]
    shuffled = [*told_of, *chance.choices(told_of, k=chance.randrange(7))]
    chance.shuffle(shuffled)
    cuts = [chance.randint(1, 4) for _ in shuffled]

    async def outcome(pieces):
        async with shared_db.pool.connection() as connection:
            found = []
            with contextlib.suppress(Undone):
                async with transaction(connection) as tx:
                    await open_market(tx, lyon_shirt=4, lyon_bag=2)
                    devices = [await a_device(tx, "1"), await a_device(tx, "2")]
                    for till, numbers in pieces:
                        await bring(tx, devices[till], [logs[till][number] for number in numbers])
                    found.append(await books(tx))
                    raise Undone
            return found[0]

    pieces = []
    for (till, number), size in zip(shuffled, cuts, strict=True):
        if pieces and pieces[-1][0] == till and len(pieces[-1][1]) < size:
            pieces[-1][1].append(number)
        else:
            pieces.append((till, [number]))
    straight = await outcome([(till, list(range(len(log)))) for till, log in enumerate(logs)])
    assert await outcome(pieces) == straight


# ---- through HTTP


@pytest.fixture
async def line(app, api, db):
    """A committed shop and a registered till's own client."""
    async with db.transaction() as tx:
        await open_market(tx, lyon_shirt=10, lyon_bag=1)
    made = (await api.post("/v1/tills/devices", json={"outlet": "lyon", "name": "1"})).json()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://till.test",
        headers={"Authorization": f"Bearer {made['token']}"},
    ) as client:
        client.device_id = made["device"]["device_id"]
        yield client


async def test_an_afternoon_alone_and_the_stock_is_right_after_it(line, api, db):
    till = Till()
    for _ in range(4):
        till.sell()
    till.take_back()
    till.sell("bag")

    async def send(entries):
        answer = await line.post("/v1/tills/sync", json={"sent_at": NOON.isoformat(), "entries": entries})
        assert answer.status_code == 200, answer.text
        return answer.json()

    lost = await send(till.log[:3])  # the answer is lost on its way
    again = await send(till.log[:3])
    assert again["answers"] == lost["answers"]
    gap = await send(till.log[4:])
    assert gap["missing"] == [[4, 4]] and gap["reached"] == 3
    whole = await send(till.log)
    assert whole["missing"] == [] and whole["reached"] == 6
    async with db.transaction() as tx:
        there, sales, _ = await books(tx)
        assert there["lyon_shirt"] == (7, 0, 0) and there["lyon_bag"] == (0, 0, 0) and len(sales) == 6
    (known,) = (await api.get("/v1/tills/devices")).json()
    assert known["reached"] == 6 and known["gap_since"] is None


async def test_a_long_day_comes_in_one_message(shop):
    """ERPNext #36825: the day was closed with 200 to 300 slips, and failed as a whole."""
    device, till = await a_device(shop), Till()
    for number in range(300):
        till.sell(("shirt", "bag", "shoe")[number % 3])
    done = await bring(shop, device, till.log)
    assert {one.state for one in done.answers} == {"done"} and len(done.answers) == 300
    there, sales, _ = await books(shop)
    assert len(sales) == 300
    assert [there[f"lyon_{sku}"][0] for sku in ("shirt", "bag", "shoe")] == [10 - 100, 5 - 100, -100]


async def test_only_a_till_syncs_and_a_revoked_one_does_not(line, api, db):
    tokens = {}
    body = {"sent_at": NOON.isoformat(), "entries": []}
    assert (await api.post("/v1/tills/sync", json=body)).json()["code"] == "tills.not_a_device"
    assert (await line.post("/v1/tills/sync", content=b"{")).json()["code"] == "tills.bad_sync"
    assert (await line.post("/v1/tills/sync", json={"entries": []})).json()["code"] == "tills.bad_sync"
    for other in ("orders/totals", "tills/devices", "tills/quarantine"):
        assert (await line.get(f"/v1/{other}")).status_code == 403, other
    again = await api.post("/v1/tills/devices", json={"outlet": "lyon", "name": "1"})
    assert again.json()["code"] == "tills.device_exists"
    async with db.transaction() as tx:
        for code, seen in (("lyon", 1), ("nice", 0)):
            at = (await channels.outlet(tx, code=code)).outlet_id
            key = await keys.add_key(tx, name=code, scopes=["tills:read"], outlets=[at], actor=SYSTEM)
            tokens[key.token] = seen
    for token, seen in tokens.items():
        found = await api.get("/v1/tills/devices", headers={"Authorization": f"Bearer {token}"})
        assert len(found.json()) == seen
    await api.post(f"/v1/tills/devices/{line.device_id}/revocation")
    async with asyncio.timeout(10):
        while (await line.post("/v1/tills/sync", json=body)).status_code != 401:
            await asyncio.sleep(0.02)


async def test_a_snapshot_to_take_along_and_what_has_changed_since(line, api, db):
    async with db.transaction() as tx:
        await pricing.set_price_list(tx, code="all", entry=pricing.PriceListEntry(name="All", currency="EUR"))
        await pricing.import_prices(tx, code="all", prices=[
            pricing.NewPrice("shirt", 1000), pricing.NewPrice("bag", 500)])  # fmt: skip
        await pricing.set_tax_rates(tx, rates=[pricing.TaxRate(country="FR", rate_millionths=200_000)])
        for code, more in (("sale", {}), ("first100", {"max_uses": 100}), ("code", {"needs_coupon": True})):
            entry = pricing.PromotionEntry(name=code, scope="order", benefit=pricing.Percent(1000), **more)
            await pricing.set_promotion(tx, code=code, entry=entry)
    answer = await line.get("/v1/tills/snapshot", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    first = answer.json()
    assert first["full"] and first["parts"]["prices"]["shirt"]["amount_minor"] == 1000
    assert first["parts"]["prices"]["shirt"]["tax_rate_millionths"] == 200_000
    assert first["parts"]["stock"]["shirt"] == {"sellable": 10, "free": 10}
    assert set(first["parts"]["promotions"]) == {"sale"}
    assert first["parts"]["online_only"] == {"code": {"why": "needs_coupon"}, "first100": {"why": "limited"}}
    tag = answer.headers["etag"]
    assert (await line.get("/v1/tills/snapshot", headers={"If-None-Match": tag})).status_code == 304

    till = Till()
    till.sell("shirt", 2)
    await line.post("/v1/tills/sync", json={"sent_at": NOON.isoformat(), "entries": till.log})
    async with db.transaction() as tx:
        await pricing.import_prices(tx, code="all", prices=[pricing.NewPrice("shirt", 900)], whole=True)
        await time.advance(tx, by=timedelta(seconds=10))
    later = await line.get(f"/v1/tills/snapshot?since={first['version']}", headers={"If-None-Match": tag})
    delta = later.json()
    assert not delta["full"] and delta["version"] == first["version"] + 1
    assert {key: sorted(part) for key, part in delta["parts"].items() if part} == {
        "prices": ["shirt"], "stock": ["shirt"]}  # fmt: skip
    assert delta["removed"] == {"prices": ["bag"]}
    assert (await line.get("/v1/tills/snapshot?since=99")).json()["full"]
