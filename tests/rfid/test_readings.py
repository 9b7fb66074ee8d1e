"""Reads move the stock only as a rule says, each event once, whatever the order in which they come."""

import asyncio
import json
import random
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from comptoir import catalog, inventory
from comptoir.inventory import SUPPLIER, Move, counting, moving
from comptoir.rfid import captures
from comptoir.rfid.errors import BadReadingRule, RulesChanged
from comptoir.rfid.readings import judging, rule_sets, settling, telling
from comptoir.rfid.readings.rule_sets import Count, Ignore, ReadingRule, Receive, Sale, Ship, Turn
from reuse import empty
from rfid.conftest import document, run, seen, tag, without

pytestmark = pytest.mark.anyio

SHIRT, BAG = "107346", "107347"
GTINS = {SHIRT: "10614141073464", BAG: "10614141073471"}
SHOP, DEPOT = "urn:epc:id:sgln:0614141.00888.0", "urn:epc:id:sgln:0614141.00777.0"


def step(name):
    return {"attribute": "event.step", "op": "=", "value": name}


COUNT = ReadingRule(name="Counting", condition=step("cycle_counting"), outcome=Count(covers="all"))
RULES = [
    COUNT,
    ReadingRule(name="In", condition=step("receiving"), outcome=Receive()),
    ReadingRule(name="Out", condition=step("shipping"), outcome=Ship()),
    ReadingRule(name="Window", condition=step("stocking"), outcome=Turn(to="display")),
    ReadingRule(name="Back", condition=step("storing"), outcome=Turn(to="sellable")),
    ReadingRule(name="Sold", condition=step("retail_selling"), outcome=Sale()),
    ReadingRule(name="Noise", condition=step("inspecting"), outcome=Ignore()),
]


class House:
    """A shop and a depot with readers, two articles, and what is done by reads."""

    def __init__(self, db):
        self.db = db
        self.variants: dict[str, int] = {}
        self.places: dict[str, int] = {}
        self.start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=6)

    async def found(self):
        async with self.db.transaction() as tx:
            places = await inventory.record_locations(tx, [
                inventory.LocationEntry(code=code, kind=kind, name=code)
                for code, kind in (("lyon", "shop"), ("depot", "warehouse"))
            ])  # fmt: skip
            self.places = {one.code: one.location_id for one in places}
            await catalog.import_products(tx, [
                catalog.NewProduct(code="shirt", name="Shirt",
                                   variants=[catalog.NewVariant(sku=SHIRT, gtin=GTINS[SHIRT])]),
                catalog.NewProduct(code="bag", name="Bag", variants=[catalog.NewVariant(sku=BAG, gtin=GTINS[BAG])]),
            ])  # fmt: skip
            known = await catalog.variants_by_sku(tx, [SHIRT, BAG])
            self.variants = {sku: one.variant_id for sku, one in known.items()}
            await judging.stand(tx, {captures.documents.canonical(SHOP): "lyon",
                                     captures.documents.canonical(DEPOT): "depot"})  # fmt: skip
            await counting.set_house(tx, house=counting.House(review_units=1_000))
        return self

    async def rules(self, *rules):
        async with self.db.transaction() as tx:
            there = await rule_sets.current(tx)
            return await rule_sets.replace(tx, given=list(rules), after=there.version, actor="test")

    async def brings(self, place, **units):
        async with self.db.transaction() as tx:
            moves = [
                Move(variant_id=self.variants[sku.removeprefix("n")], quantity=count, from_location_id=SUPPLIER,
                     to_location_id=self.places[place], occurred_at=self.start - timedelta(days=1))
                for sku, count in units.items()
            ]  # fmt: skip
            await inventory.post(tx, moves)

    def event(self, minute, bizstep, tags, place=SHOP, **more):
        at = (self.start + timedelta(minutes=minute)).isoformat()
        base = without(seen(), "readPoint") | {"eventTime": at, "eventTimeZoneOffset": "+00:00"}
        return base | {"epcList": list(tags), "bizStep": bizstep, "bizLocation": {"id": place}} | more

    async def capture(self, *events):
        async with self.db.transaction() as tx:
            body = json.dumps(document(*events)).encode()
            one = await captures.begin(tx, body=body, behaviour="rollback")
        await run(self.db, one)

    async def quiet(self):
        """All are judged, an hour passes, and what is over is settled; twice, for who waits for another."""
        await judging.judge(self.db)
        for _ in range(2):
            async with self.db.transaction() as tx:
                await tx.run("UPDATE kernel.clock SET shift = shift + interval '1 hour'")
            await settling.settle(self.db)

    async def books(self):
        async with self.db.reading() as tx:
            told = await tx.tuples(
                "SELECT location, variant_id, sellable, display FROM inventory.v_balance"
                " WHERE (sellable, display) <> (0, 0)"
            )
        names = {variant: sku for sku, variant in self.variants.items()}
        return {(location, names[variant]): (sellable, display) for location, variant, sellable, display in told}

    async def fates(self):
        async with self.db.reading() as tx:
            return sorted(await tx.values("SELECT fate FROM rfid.reading"))


def tags(count, item=SHIRT, start=1):
    return [tag(number, item) for number in range(start, start + count)]


@pytest.fixture
async def house(db):
    return await House(db).found()


# ---- the rule decides


async def test_without_a_rule_nothing_moves_and_it_is_said(house):
    await house.brings("lyon", **{SHIRT: 5})
    before = await house.books()
    await house.capture(house.event(0, "cycle_counting", tags(2)), house.event(1, "receiving", tags(1)))
    await house.quiet()
    assert await house.books() == before
    assert await house.fates() == ["unwanted", "unwanted"]
    async with house.db.reading() as tx:
        told = (await telling.readings(tx, limit=1))[0]
        why = await telling.explain(tx, event_id=told.event_id)
    assert why.said.en == "No rule wants it: nothing became of it."
    assert why.said.fr.startswith("Aucune règle")


async def test_a_counting_is_one_count_of_what_was_read_in_all_its_events(house):
    await house.brings("lyon", **{SHIRT: 5, BAG: 3})
    await house.rules(*RULES)
    await house.capture(house.event(0, "cycle_counting", tags(2)))
    await judging.judge(house.db)
    await settling.settle(house.db)
    assert (await house.books())["lyon", SHIRT] == (5, 0), "nothing before it is quiet"

    await house.capture(house.event(9, "cycle_counting", tags(3, start=2)), house.event(18, "cycle_counting", tags(1)))
    await house.quiet()
    assert await house.books() == {("lyon", SHIRT): (4, 0)}, "four shirts, each once; no bag was read"
    async with house.db.reading() as tx:
        (one,) = await counting.sheets(tx)
        assert (one.stage, one.note) == ("posted", "RFID: Counting")
        right = await tx.tuples("SELECT variant_id, counted, book FROM inventory.v_accuracy ORDER BY 1")
    assert right == [(house.variants[SHIRT], 4, 5), (house.variants[BAG], 0, 3)]

    await house.capture(house.event(10, "cycle_counting", tags(5)))
    await house.quiet()
    assert (await house.books())["lyon", SHIRT] == (4, 0), "too late for that count, and none of its own"
    assert "late" in await house.fates()


async def test_large_differences_wait_for_somebody(house):
    await house.brings("lyon", **{SHIRT: 5000})
    await house.rules(*RULES)
    await house.capture(house.event(0, "cycle_counting", tags(2)))
    await house.quiet()
    assert (await house.books())["lyon", SHIRT] == (5000, 0)
    async with house.db.reading() as tx:
        assert [one.stage for one in await counting.sheets(tx)] == ["review"]


async def test_what_goes_and_comes_by_a_transfer_goes_and_comes_once(house):
    await house.brings("depot", **{SHIRT: 9})
    await house.rules(*RULES)
    one = uuid4()
    async with house.db.transaction() as tx:
        await moving.request(tx, transfer_id=one, from_location_id=house.places["depot"],
                             to_location_id=house.places["lyon"],
                             lines=[moving.Wanted(house.variants[SHIRT], 4)])  # fmt: skip
    named = {"bizTransactionList": [{"type": "desadv", "bizTransaction": f"urn:uuid:{one}"}]}
    # Received before anybody has heard that it left.
    await house.capture(house.event(60, "receiving", tags(2), **named))
    await house.quiet()
    assert await house.books() == {("depot", SHIRT): (9, 0)}
    async with house.db.reading() as tx:
        assert "shipped" in (await telling.sessions(tx, before=None, limit=9))[0].why

    await house.capture(house.event(0, "shipping", tags(3), DEPOT, **named))
    await house.capture(house.event(2, "shipping", tags(3), DEPOT, **named))
    await house.quiet()
    assert await house.books() == {("depot", SHIRT): (6, 0), ("lyon", SHIRT): (2, 0), ("transit", SHIRT): (1, 0)}

    await house.capture(
        house.event(200, "receiving", tags(2), **named), house.event(210, "receiving", tags(9), **named)
    )
    await house.quiet()
    assert await house.books() == {("depot", SHIRT): (6, 0), ("lyon", SHIRT): (3, 0)}, "reads make no goods"


@pytest.mark.parametrize("named", [True, False], ids=["named", "found"])
async def test_what_somebody_receives_by_hand_in_the_same_moment_is_not_received_again(house, named):
    await house.rules(*RULES)
    one, shirt = uuid4(), house.variants[SHIRT]
    async with house.db.transaction() as tx:
        await moving.announce(tx, transfer_id=one, supplier="Mill", to_location_id=house.places["lyon"],
                              lines=[moving.Wanted(shirt, 4)])  # fmt: skip
    names = {"bizTransactionList": [{"type": "desadv", "bizTransaction": f"urn:uuid:{one}"}]} if named else {}
    await house.capture(house.event(0, "receiving", tags(4), **names))
    await judging.judge(house.db)
    async with house.db.transaction() as tx:
        await tx.run("UPDATE kernel.clock SET shift = shift + interval '1 hour'")
    async with house.db.transaction() as tx:
        await moving.receive(tx, transfer_id=one, reference="by hand", arrived=[moving.Arrived(shirt, 3)])
        settled = asyncio.create_task(settling.settle(house.db))
        while not (settled.done() or await waits(house.db)):
            await asyncio.sleep(0.01)
    assert await settled == 1
    async with house.db.reading() as tx:
        (line,) = (await moving.transfer(tx, transfer_id=one)).lines
        (session,) = await telling.sessions(tx, before=None, limit=9)
    assert (line.received, line.under_way) == (4, 0)
    assert session.why == "3 pieces were read beyond what was under way."
    assert await house.books() == {("lyon", SHIRT): (4, 0)}


async def waits(db):
    """Whether somebody waits for a row that another has locked."""
    async with db.reading() as tx:  # one look for each: a transaction sees the same activity all along
        return await tx.value(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )


async def test_the_only_transfer_that_fits_is_meant_when_none_is_named(house):
    await house.rules(*RULES)
    async with house.db.transaction() as tx:
        for _ in range(2):
            await moving.announce(tx, transfer_id=uuid4(), supplier="Mill", to_location_id=house.places["lyon"],
                                  lines=[moving.Wanted(house.variants[BAG], 2)])  # fmt: skip
        known = uuid4()
        await moving.announce(tx, transfer_id=known, supplier="Mill", to_location_id=house.places["lyon"],
                              lines=[moving.Wanted(house.variants[SHIRT], 2)])  # fmt: skip
    await house.capture(house.event(0, "receiving", tags(1)), house.event(100, "receiving", tags(1, BAG)))
    await house.quiet()
    await house.capture(house.event(50, "receiving", tags(1)))
    await house.quiet()
    assert await house.books() == {("lyon", SHIRT): (1, 0)}, "which of two nobody can know; the same shirt comes once"


async def test_a_piece_stands_where_it_was_seen_last(house):
    await house.brings("lyon", **{SHIRT: 5})
    await house.rules(*RULES)
    await house.capture(house.event(30, "storing", tags(1)))
    await judging.judge(house.db)
    await house.capture(house.event(10, "stocking", tags(3)), house.event(20, "stocking", tags(3)))
    await house.quiet()
    assert await house.books() == {("lyon", SHIRT): (3, 2)}


async def test_sales_and_noise_move_nothing_and_say_so(house):
    await house.brings("lyon", **{SHIRT: 5})
    await house.rules(*RULES)
    await house.capture(house.event(0, "retail_selling", tags(1)), house.event(0, "inspecting", tags(1)),
                        house.event(0, "stocking", tags(1), "urn:epc:id:sgln:0614141.00999.0"),
                        house.event(0, "stocking", tags(1), errorDeclaration={
                            "declarationTime": "2026-05-05T08:00:00Z"}))  # fmt: skip
    await house.quiet()
    assert await house.fates() == ["declaration", "ignored", "nowhere", "sale"]
    assert await house.books() == {("lyon", SHIRT): (5, 0)}
    async with house.db.transaction() as tx:
        assert await judging.again(tx, since=house.start - timedelta(days=1)) == 1, "only what had no effect"


def in_error(event, **more):
    """The declaration that an event was an error: all the same, and the declaration."""
    return event | {"errorDeclaration": {"declarationTime": "2026-05-05T08:00:00Z", "reason": "incorrect_data", **more}}


async def test_what_was_declared_an_error_is_taken_back_until_others_have_acted_on_it(house):
    await house.brings("lyon", **{SHIRT: 9, BAG: 5})
    await house.rules(*RULES)
    before, wrong = house.event(10, "stocking", tags(1)), house.event(20, "stocking", tags(3))
    classes = house.event(21, "stocking", [tag(1, "999999")]) | {
        "quantityList": [{"epcClass": f"urn:epc:idpat:sgtin:0614141.{BAG}.*", "quantity": 2}]
    }
    await house.capture(before, wrong, classes, house.event(30, "storing", tags(1, start=3)))
    await judging.judge(house.db)
    assert await house.books() == {("lyon", SHIRT): (7, 2), ("lyon", BAG): (3, 2)}
    # The second is on display by the other event, the third was brought back since; twice is once.
    for reason in ("incorrect_data", "did_not_occur"):
        await house.capture(in_error(wrong, reason=reason), in_error(classes, reason=reason))
        await judging.judge(house.db)
    assert await house.books() == {("lyon", SHIRT): (8, 1), ("lyon", BAG): (5, 0)}
    await house.capture(in_error(before))
    await judging.judge(house.db)
    assert await house.books() == {("lyon", SHIRT): (9, 0), ("lyon", BAG): (5, 0)}

    # What is declared before anybody has heard of it never does anything.
    early = house.event(40, "stocking", tags(4))
    await house.capture(in_error(early))
    await judging.judge(house.db)
    await house.capture(early)
    await judging.judge(house.db)
    assert (await house.books())["lyon", SHIRT] == (9, 0)

    counting, empty = house.event(50, "cycle_counting", tags(8)), house.event(90, "cycle_counting", tags(1))
    await house.capture(counting, empty, in_error(empty))
    await house.quiet()
    assert await house.books() == {("lyon", SHIRT): (8, 0)}, "one counting; the other never was"
    for reason in ("incorrect_data", "did_not_occur"):
        await house.capture(in_error(counting, reason=reason))
        await house.quiet()
    assert (await house.books())["lyon", SHIRT] == (8, 0)
    async with house.db.reading() as tx:  # it stays, and somebody is told, once
        (fact,) = await tx.values("SELECT body FROM kernel.event WHERE kind = 'rfid.declared_too_late'")
        (why,) = await tx.values("SELECT why FROM rfid.session WHERE stage = 'done'")
    assert '"session_kind":"count"' in str(fact) and why.count("count there again") == 1
    fates = await house.fates()
    assert (fates.count("taken_back"), fates.count("declaration"), fates.count("late")) == (5, 7, 2)
    async with house.db.reading() as tx:
        late, _ = await telling.readings(tx, fate="late", limit=9)
        told = await telling.readings(tx, fate="taken_back", limit=9)
        why = [(await telling.explain(tx, event_id=one.event_id)) for one in (late, *told)]
        assert await inventory.reconcile(tx) == []
    assert why[0].said.en == "It came after the session was closed, or from a wrong clock, and changed nothing."
    assert {(one.said.en, tuple(one.rules)) for one in why[1:]} == {
        ("It was declared to be an error: it counts for nothing.", ())
    }


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2099-01-01T00:00:00Z"])
async def test_a_wrong_clock_stops_nothing(house, when):
    await house.brings("lyon", **{SHIRT: 5})
    await house.rules(*RULES)
    await house.capture(*[house.event(0, step, tags(1)) | {"eventTime": when} for step in ("cycle_counting", "stocking")],
                        house.event(0, "cycle_counting", tags(4)))  # fmt: skip
    await house.quiet()
    assert await house.books() == {("lyon", SHIRT): (4, 0)}
    assert await house.fates() == ["gathered", "late", "late"]


async def test_classes_count_by_their_quantity_and_strangers_are_listed(house):
    await house.rules(*RULES)
    told = without(house.event(0, "cycle_counting", []), "epcList") | {
        "epcList": [tag(1), tag(1, "999999"), "urn:epc:id:giai:4000001.12345"],
        "quantityList": [{"epcClass": f"urn:epc:idpat:sgtin:0614141.{BAG}.*", "quantity": 7}],
    }
    await house.capture(told)
    await house.quiet()
    assert await house.books() == {("lyon", SHIRT): (1, 0), ("lyon", BAG): (7, 0)}
    async with house.db.reading() as tx:
        strays = await telling.strays(tx, before=None, limit=9)
        (session,) = await telling.sessions(tx, before=None, limit=9)
    assert [one.gtin is None for one in sorted(strays, key=lambda one: one.tag)] == [False, True]
    assert session.why == "2 tags are no article of the catalog."


# ---- once, in any order


def story(house, one: UUID, rng):
    """A day: a transfer leaves and comes, pieces go to the window and back, a counting in three parts."""
    named = {"bizTransactionList": [{"type": "desadv", "bizTransaction": f"urn:uuid:{one}"}]}
    events = [house.event(minute, "shipping", tags(4, start=minute % 5), DEPOT, **named) for minute in (1, 4, 7)]
    events += [house.event(100 + minute, "receiving", tags(3, start=minute), **named) for minute in range(4)]
    for minute in range(150, 170):
        way = rng.choice(["stocking", "storing"])
        events.append(house.event(minute, way, tags(2, start=rng.randrange(20, 26))))
    events += [house.event(200 + 10 * part, "cycle_counting", tags(6, start=4 * part)) for part in range(3)]
    events.append(house.event(215, "cycle_counting", tags(4, BAG)))
    return events


RESET = (
    "inventory.balance, inventory.shortage, inventory.entry, inventory.transfer, inventory.transfer_line,"
    " inventory.receipt, inventory.count, inventory.count_line, inventory.accuracy, kernel.event, rfid.event,"
    " rfid.capture, rfid.reading, rfid.session, rfid.session_tag, rfid.unjudged, rfid.stray, rfid.piece_state"
)


async def test_any_order_and_any_repetition_gives_the_same_books(house):
    """Also of events that are declared to be errors: it is as if they had never been."""
    await house.rules(*RULES)
    rng = random.Random(7)
    one = uuid4()
    events = story(house, one, rng)
    wrong = [events[1], *rng.sample(events[7:-4], 6), events[-3]]
    right = [event for event in events if event not in wrong]
    errors = [*wrong, *(in_error(event) for event in wrong)]
    wanted = None
    for _ in range(8):
        async with house.db.transaction() as tx:
            await empty(tx, RESET)
            await tx.run("UPDATE kernel.clock SET shift = '0'")
            await moving.request(tx, transfer_id=one, from_location_id=house.places["depot"],
                                 to_location_id=house.places["lyon"],
                                 lines=[moving.Wanted(house.variants[SHIRT], 7)])  # fmt: skip
        await house.brings("depot", **{SHIRT: 20})
        await house.brings("lyon", **{SHIRT: 10, BAG: 6})
        sent = right
        if wanted is not None:
            sent = [*right, *errors, *rng.sample(right, 3), *rng.sample(errors, 3)]
            rng.shuffle(sent)
        sent = list(sent)
        while sent:
            part = [sent.pop() for _ in range(min(len(sent), rng.randrange(1, 6)))]
            await house.capture(*part)
            if rng.random() < 0.5:
                await judging.judge(house.db)
            if rng.random() < 0.3:
                await asyncio.gather(settling.settle(house.db), judging.judge(house.db))
        await house.quiet()
        fates = Counter(await house.fates())
        if wanted is not None:
            assert (fates.pop("taken_back"), fates.pop("declaration")) == (len(wrong), len(wrong))
        found = await house.books(), fates, await believed(house)
        wanted = wanted or found
        assert found == wanted
    assert wanted and wanted[0]["lyon", BAG] == (4, 0)


async def believed(house):
    async with house.db.reading() as tx:
        return await tx.tuples("SELECT variant_id, location, counted, book FROM inventory.v_accuracy ORDER BY 1, 2")


async def test_a_worker_that_is_killed_in_the_middle_leaves_nothing_half_done(house):
    await house.brings("lyon", **{SHIRT: 5})
    await house.rules(*RULES)
    await house.capture(house.event(0, "stocking", tags(2)))
    async with house.db.transaction() as tx:
        await tx.run("CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS"
                     " 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END'")  # fmt: skip
        await tx.run("CREATE TRIGGER slow BEFORE INSERT ON rfid.reading FOR EACH ROW EXECUTE FUNCTION dawdle()")
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, house.db.url)
    try:
        while True:
            async with house.db.reading() as tx:
                if await tx.values(SLEEPS):
                    break
            assert worker.returncode is None
            await asyncio.sleep(0.05)
    finally:
        worker.kill()
        await worker.wait()
    async with house.db.transaction() as tx:
        await tx.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    assert await house.books() == {("lyon", SHIRT): (5, 0)}
    async with house.db.transaction() as tx:
        await tx.run("DROP TRIGGER slow ON rfid.reading")
    await asyncio.gather(judging.judge(house.db), judging.judge(house.db))
    assert await house.books() == {("lyon", SHIRT): (3, 2)}
    assert await house.fates() == ["moved"]


SLEEPS = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
WORKER = """
import asyncio, sys
from comptoir.kernel.db import Database
from comptoir.rfid.readings import judging
async def main():
    async with Database(sys.argv[1]) as db:
        await judging.judge(db)
asyncio.run(main())
"""


# ---- rules and their API


async def test_rules_are_kept_by_version_and_mistakes_are_named(house):
    assert (await house.rules(COUNT)).version == 1
    assert (await house.rules(COUNT)).version == 1, "said again"
    assert (await house.rules(*RULES)).version == 2
    async with house.db.transaction() as tx:
        with pytest.raises(RulesChanged):
            await rule_sets.replace(tx, given=[COUNT], after=1, actor="")
        with pytest.raises(BadReadingRule, match="Counting"):
            await rule_sets.replace(tx, given=[COUNT, COUNT], after=2, actor="")
        bad = ReadingRule(name="Bad", condition={"attribute": "event.stp", "op": "=", "value": "x"}, outcome=Ignore())
        with pytest.raises(BadReadingRule) as caught:
            await rule_sets.replace(tx, given=[bad], after=2, actor="")
        assert caught.value.data["errors"]
        assert (await rule_sets.version(tx, 1)).rules == [COUNT]


async def test_rules_are_read_tried_and_written_over_http(app, api, db, reader):
    house = await House(db).found()
    await house.capture(house.event(0, "stocking", tags(2)), house.event(1, "flying_by", tags(1)) | {
        "bizStep": "https://house.example/steps/flying"})  # fmt: skip
    rules = [{"name": "Window", "condition": step("stocking"), "outcome": {"act": "move", "to": "display"}}]
    tried = (await api.post("/v1/rfid/rules/trial", json={"rules": rules})).json()
    assert (tried["fates"], tried["rules"]) == ({"moved": 1, "unwanted": 1}, {"Window": 1})
    assert (await api.get("/v1/rfid/rules")).json()["set"]["version"] == 0
    async with db.reading() as tx:
        assert await tx.value("SELECT count(*) FROM rfid.unjudged") == 2

    given = {"rules": rules, "after": 0}
    assert (await api.put("/v1/rfid/rules", json=given, headers=reader)).status_code == 403
    answer = await api.put("/v1/rfid/rules", json=given)
    assert answer.status_code == 200, answer.text
    assert answer.json()["words"][0]["condition"]["fr"] == "L’étape est « stocking »."
    await house.brings("lyon", **{SHIRT: 5})
    await house.quiet()
    told = (await api.get("/v1/rfid/readings", params={"fate": "moved"})).json()["items"]
    why = (await api.get(f"/v1/rfid/readings/{told[0]['event_id']}", headers=reader)).json()
    assert why["said"]["en"].startswith("The rule “Window” (version 1) decided.")
    assert why["rules"] == [{"name": "Window", "holds": True, **answer.json()["words"][0]}]
    assert (await api.get("/v1/rfid/readings/4711")).status_code == 404
    assert (await api.get("/v1/rfid/places")).json()["places"][0]["location"] == "depot"
    assert (await api.put("/v1/rfid/places", json={"places": [{"name": SHOP, "location": "x"}]})).status_code == 404
    for path in ("sessions", "strays"):
        assert (await api.get(f"/v1/rfid/{path}")).json()["items"] == []
