"""Coupons and limits are exact under any race, and settled once for each reference."""

import asyncio
import random
import sys
from collections import Counter
from datetime import timedelta

import pytest

from comptoir import identity, pricing
from comptoir.kernel.db import Database
from comptoir.kernel.time import advance
from comptoir.pricing import (
    CampaignEntry,
    CodeTaken,
    CouponRefused,
    NewCoupon,
    Percent,
    Settled,
    UnknownCoupon,
    Use,
    guesses,
)
from comptoir.pricing.coupons import BY_HASH
from comptoir.pricing.settle import LOCK_COUPONS
from comptoir.server import timers
from pricing.conftest import a_list, open_shops
from pricing.test_quotes import basket, ten_off

pytestmark = pytest.mark.anyio


async def campaign(tx, *coupons, promotion=None, code="spring", **more):
    """Ten per cent for those who have a coupon."""
    await pricing.set_promotion(tx, code="ten", entry=ten_off("Clothes", needs_coupon=True, **(promotion or {})))
    await pricing.set_campaign(tx, code=code, entry=CampaignEntry(name="Spring", promotion="ten", **more))
    await pricing.add_coupons(tx, campaign_code=code, coupons=[NewCoupon(*one) for one in coupons])


def use(act, code, reference, **more):
    return Use(act=act, code=code, reference=reference, **more)


async def settle(tx, *uses):
    """How each stands, or why not."""
    return [
        one.data.get("reason", one.code) if isinstance(one, pricing.CouponRefused | UnknownCoupon) else one.state
        for one in await pricing.settle(tx, uses)
    ]


async def counts(tx, label=None):
    return (await tx.tuples("SELECT used, reserved FROM pricing.coupon ORDER BY coupon_id LIMIT 1"))[0]


async def prove(tx):
    """Counters are what the claims say, and no limit is passed."""
    assert await pricing.reconcile(tx) == []
    assert not await tx.value("SELECT count(*) FROM pricing.coupon WHERE used + reserved > max_uses")
    assert not await tx.tuples("""
        SELECT a.promotion_id FROM pricing.allowance AS a
        LEFT JOIN (SELECT promotion_id, count(*) FILTER (WHERE state = 'redeemed') AS used,
                          count(*) FILTER (WHERE state = 'reserved') AS reserved,
                          sum(amount_minor) FILTER (WHERE state = 'redeemed') AS spent,
                          sum(amount_minor) FILTER (WHERE state = 'reserved') AS held
                   FROM pricing.claim GROUP BY promotion_id) AS k USING (promotion_id)
        WHERE (a.max_uses IS NOT NULL OR a.budget_minor IS NOT NULL)
          AND ((a.used, a.reserved, a.spent_minor, a.reserved_minor) IS DISTINCT FROM
               (coalesce(k.used, 0), coalesce(k.reserved, 0), coalesce(k.spent, 0), coalesce(k.held, 0))
           OR a.used + a.reserved > a.max_uses OR a.spent_minor + a.reserved_minor > a.budget_minor)""")


async def test_reserved_redeemed_and_given_back(tx):
    await campaign(tx, ("SUMMER", 1))
    assert await settle(tx, use("reserve", "summer", "a"), use("reserve", "S-UMMER", "b")) == [
        "reserved",
        "coupon_used_up",
    ]
    assert await settle(tx, use("redeem", "SUMMER", "a"), use("redeem", "SUMMER", "b")) == [
        "redeemed",
        "coupon_used_up",
    ]
    assert await counts(tx) == (1, 0)
    assert await settle(tx, use("release", "SUMMER", "a"), use("redeem", "SUMMER", "b")) == ["released", "redeemed"]
    assert await settle(tx, use("redeem", "NOSUCH", "b")) == ["pricing.unknown_coupon"]
    facts = await tx.values("SELECT kind FROM kernel.event WHERE kind LIKE 'pricing.promotion_%' ORDER BY position")
    assert Counter(facts) == {"pricing.promotion_used": 2, "pricing.promotion_returned": 1}
    await prove(tx)


@pytest.mark.parametrize(
    "fault",
    [
        "UPDATE pricing.coupon SET used = used - 1 WHERE used > 0",
        "UPDATE pricing.coupon SET reserved = 0 WHERE reserved > 0",
        "UPDATE pricing.claim SET state = 'released', expires_at = NULL WHERE state = 'reserved'",
        "DELETE FROM pricing.claim WHERE state = 'redeemed'",
    ],
)
async def test_reconcile_finds_what_was_changed_by_hand(shops, fault):
    await campaign(shops, ("SUMMER", 3), ("WINTER", 3))
    assert await settle(shops, use("redeem", "SUMMER", "a"), use("reserve", "WINTER", "b")) == ["redeemed", "reserved"]
    await prove(shops)
    assert await shops.run(fault)
    assert [one.check for one in await pricing.reconcile(shops)] == ["coupons"]


async def test_the_same_again_has_the_same_answer(tx):
    await campaign(tx, ("SUMMER", 2))
    for act, state in (
        ("reserve", "reserved"),
        ("redeem", "redeemed"),
        ("reserve", "redeemed"),
        ("release", "released"),
    ):
        first, again = await pricing.settle(tx, [use(act, "SUMMER", "a"), use(act, "SUMMER", "a")])
        assert (first.state, again.state, again.repeated) == (state, state, True)
    assert await counts(tx) == (0, 0)
    await prove(tx)


async def test_what_is_overdue_is_free_for_others_before_any_sweeper(tx):
    await campaign(tx, ("SUMMER", 1), promotion={"max_uses": 1})
    await settle(tx, use("reserve", "SUMMER", "a"))
    tx.now += timedelta(minutes=31)
    assert await settle(tx, use("reserve", "SUMMER", "b"), use("redeem", "SUMMER", "a")) == [
        "reserved",
        "coupon_used_up",
    ]
    tx.now += timedelta(minutes=31)
    assert await pricing.release_overdue(tx) == 1
    assert await counts(tx) == (0, 0)
    assert await settle(tx, use("redeem", "SUMMER", "a")) == ["redeemed"]
    await prove(tx)


async def person(tx, email):
    cleaner = await identity.Cleaner.load(tx)
    identifiers, _ = cleaner.clean([("email", email)], "FR")
    return await identity.observe(tx, identity.Observation(identifiers=identifiers, at=tx.now))


async def test_one_person_has_it_so_often_over_all_codes(tx):
    ann, bob = await person(tx, "ann@example.com"), await person(tx, "bob@example.com")
    await campaign(tx, ("CODE1", None), ("CODE2", None), per_person=1)
    done = await settle(
        tx,
        use("reserve", "CODE1", "a", node_id=ann),
        use("reserve", "CODE2", "b", node_id=ann),
        use("reserve", "CODE2", "c", node_id=bob),
        use("reserve", "CODE2", "d"),
    )
    assert done == ["reserved", "coupon_used_by_person", "reserved", "coupon_person_needed"]
    assert await settle(tx, use("release", "CODE1", "a"), use("redeem", "CODE2", "b", node_id=ann)) == [
        "released",
        "redeemed",
    ]
    await prove(tx)


async def test_a_coupon_of_one_person_is_nobody_elses(tx):
    ann, bob = await person(tx, "ann@example.com"), await person(tx, "bob@example.com")
    await campaign(tx, ("FORANN", 1, ann))
    assert await settle(
        tx,
        use("redeem", "FORANN", "a", node_id=bob),
        use("redeem", "FORANN", "b"),
        use("redeem", "FORANN", "c", node_id=ann),
    ) == ["coupon_of_another", "coupon_person_needed", "redeemed"]


async def test_a_budget_is_never_passed(tx):
    await campaign(tx, ("MANY", None), promotion={"budget_minor": 1000, "currency": "EUR"})
    assert await settle(
        tx,
        use("reserve", "MANY", "a", amount_minor=600),
        use("redeem", "MANY", "b", amount_minor=500),
        use("redeem", "MANY", "c", amount_minor=400),
        use("redeem", "MANY", "a", amount_minor=700),
        use("redeem", "MANY", "a", amount_minor=500),
        use("redeem", "MANY", "d", amount_minor=101),
    ) == ["reserved", "budget_spent", "redeemed", "budget_spent", "redeemed", "budget_spent"]
    await prove(tx)


@pytest.mark.parametrize("seed", range(6))
async def test_counters_are_what_the_claims_say_whatever_happens(tx, seed):
    chance = random.Random(seed)
    people = [await person(tx, f"p{n}@example.com") for n in range(3)]
    await campaign(
        tx,
        *[(f"CODE{n}", chance.choice([1, 2, None])) for n in range(4)],
        per_person=chance.choice([None, 2]),
        promotion={"max_uses": chance.choice([None, 4]), "budget_minor": 900, "currency": "EUR"},
    )
    for _ in range(25):
        await pricing.settle(
            tx,
            [
                use(
                    chance.choice(["reserve", "redeem", "release"]),
                    f"CODE{chance.randrange(5)}",
                    f"r{chance.randrange(6)}",
                    amount_minor=chance.choice([0, 100, 250]),
                    node_id=chance.choice([None, *people]),
                    expires_at=tx.now + timedelta(minutes=chance.choice([-1, 1, 60])),
                )
                for _ in range(chance.randrange(1, 8))
            ],
        )
        tx.now += timedelta(minutes=chance.choice([0, 0, 2, 90]))
        if not chance.randrange(5):
            await pricing.release_overdue(tx)
        await prove(tx)


CROWD = """
import asyncio, sys
from comptoir import pricing
from comptoir.kernel.db import Database

async def main(url, name, count):
    async with Database(url, size=8) as db:
        async def one(n):
            async with db.transaction() as tx:
                (done,) = await pricing.settle(tx, [pricing.Use(act="redeem", code="SUMMER", reference=f"{name}{n}")])
                return isinstance(done, pricing.Settled)
        print(sum(await asyncio.gather(*(one(n) for n in range(count)))))

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


async def test_p10_a_crowd_from_two_processes_gets_as_many_as_there_are(db):
    """Vendure #4660, Shopware #11245: check and use in different transactions, and one coupon paid many times."""
    async with db.transaction() as tx:
        await campaign(tx, ("SUMMER", 10))
    crowds = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", CROWD, db.url, name, "32", stdout=asyncio.subprocess.PIPE
        )
        for name in ("a", "b")
    ]
    won = [int((await crowd.communicate())[0]) for crowd in crowds]
    assert sum(won) == 10
    async with db.reading() as tx:
        assert await counts(tx) == (10, 0)
        await prove(tx)


async def test_p10_one_request_sent_many_times_at_once_uses_the_coupon_once(db):
    """Saleor #544: the same checkout twice."""
    async with db.transaction() as tx:
        await campaign(tx, ("SUMMER", 5), promotion={"max_uses": 3})

    async def one():
        async with db.transaction() as tx:
            return (await pricing.settle(tx, [use("redeem", "SUMMER", "same")]))[0]

    done = await asyncio.gather(*(one() for _ in range(64)))
    assert Counter(one.repeated for one in done) == {False: 1, True: 63}
    async with db.reading() as tx:
        assert await counts(tx) == (1, 0)


async def test_p10_batches_in_any_order_do_not_deadlock_and_limits_hold(db):
    async with db.transaction() as tx:
        people = [await person(tx, f"p{n}@example.com") for n in range(6)]
        await campaign(tx, *[(f"CODE{n}", 5) for n in range(8)], per_person=4, promotion={"max_uses": 20})

    async def one(number):
        chance = random.Random(number)
        for turn in range(4):
            uses = [
                use(
                    chance.choice(["reserve", "redeem", "release"]),
                    f"CODE{chance.randrange(8)}",
                    f"{number % 9}-{turn}",
                    node_id=chance.choice(people),
                    expires_at=None if chance.randrange(2) else (await now()) + timedelta(seconds=-1),
                )
                for _ in range(6)
            ]
            async with db.transaction() as tx:
                await pricing.settle(tx, uses)

    async def now():
        async with db.reading() as tx:
            return tx.now

    await asyncio.gather(*(one(number) for number in range(24)))
    async with db.reading() as tx:
        await prove(tx)
        most = await tx.values("""SELECT count(*) FROM pricing.claim
            WHERE state = 'redeemed' OR state = 'reserved' AND expires_at > now() GROUP BY campaign_id, person_id""")
        assert max(most) <= 4


async def test_a_quote_tells_what_settling_would(shops):
    await a_list(shops, "base", {"shirt": 1000})
    await campaign(shops, ("SUMMER", 1))
    asked = await basket(shops, "shirt", coupons=("summer", "none"))
    (done,) = await pricing.quotes(shops, [asked])
    assert (done.discount_minor, done.effects[0].counted) == (100, True)
    assert [(one.coupon, one.code) for one in done.refused] == [("none", "unknown_coupon")]

    await settle(shops, use("reserve", "SUMMER", "another"))
    (done,) = await pricing.quotes(shops, [asked])
    assert (done.discount_minor, done.refused[-1].code) == (0, "coupon_used_up")
    # Its own reservation is not in its way, nor one that is overdue.
    (done,) = await pricing.quotes(shops, [await basket(shops, "shirt", coupons=("summer",), reference="another")])
    assert done.discount_minor == 100
    shops.now += timedelta(hours=1)
    (done,) = await pricing.quotes(shops, [asked])
    assert done.discount_minor == 100


async def test_a_limited_promotion_without_a_coupon(shops):
    await a_list(shops, "base", {"shirt": 1000})
    await pricing.set_promotion(shops, code="first", entry=ten_off("Clothes", max_uses=1))
    (done,) = await pricing.quotes(shops, [await basket(shops, "shirt")])
    (effect,) = done.effects
    assert effect.counted
    first = Use(act="redeem", reference="b", promotion=effect.promotion, amount_minor=effect.discount_minor)
    (settled,) = await pricing.settle(shops, [first])
    assert isinstance(settled, Settled)
    own, other = await pricing.quotes(
        shops, [await basket(shops, "shirt"), await basket(shops, "shirt", reference="c")]
    )
    assert (own.discount_minor, other.discount_minor, other.refused[0].code) == (100, 0, "used_up")
    (refused,) = await pricing.settle(shops, [Use(act="redeem", reference="c", promotion="first")])
    assert isinstance(refused, CouponRefused)


async def test_codes_come_by_the_hundred_thousand_and_are_kept_as_hashes(db):
    async with db.transaction() as tx:
        await campaign(tx)
        made = await pricing.mint(tx, campaign_code="spring", count=100_000)
        assert len(set(made)) == 100_000
        assert await settle(tx, use("redeem", made[7], "a"), use("redeem", made[7], "b")) == [
            "redeemed",
            "coupon_used_up",
        ]
        await tx.run("ANALYZE pricing.coupon")
        await tx.run("SET LOCAL plan_cache_mode = force_generic_plan")
        for sql, named in ((BY_HASH, {"hashes": "{}"}), (LOCK_COUPONS, {"coupons": "{1}"})):
            plan = "\n".join(await tx.values("EXPLAIN " + sql, **named))
            assert "Seq Scan" not in plan, plan
        text = "\n".join(str(row) for row in await tx.tuples("SELECT c::text FROM pricing.coupon AS c LIMIT 1000"))
        assert made[0] not in text
        ann = await person(tx, "ann@example.com")
        (own,) = await pricing.mint(tx, campaign_code="spring", count=0, nodes=[ann])
        assert await settle(tx, use("redeem", own, "x", node_id=ann)) == ["redeemed"]


async def test_the_clock_gives_back_what_nobody_came_for(db):
    async with db.transaction() as tx:
        await campaign(tx, ("SUMMER", 3), promotion={"max_uses": 9})
        await settle(tx, *(use("reserve", "SUMMER", str(n)) for n in range(3)))
        await guesses.count(tx, who="eve")
        await advance(tx, by=timedelta(hours=1))
    await timers.give_back_coupons.work(db)
    await timers.forget_expired.work(db)
    async with db.reading() as tx:
        assert await counts(tx) == (0, 0)
        await prove(tx)
        assert await tx.value("SELECT count(*) FROM pricing.guess") == 0


async def test_p10_one_person_with_many_codes_at_once_gets_as_many_as_allowed(db):
    async with db.transaction() as tx:
        ann = await person(tx, "ann@example.com")
        await campaign(tx, *[(f"CODE{n}", 1) for n in range(32)], per_person=2)

    async def one(number):
        async with db.transaction() as tx:
            return await settle(tx, use("redeem", f"CODE{number}", str(number), node_id=ann))

    done = Counter(told for (told,) in await asyncio.gather(*(one(number) for number in range(32))))
    assert done == {"redeemed": 2, "coupon_used_by_person": 30}


async def test_a_code_has_one_campaign(tx):
    await campaign(tx, ("SUMMER", 1))
    assert await pricing.add_coupons(tx, campaign_code="spring", coupons=[NewCoupon("summer", 1)]) == 0
    await pricing.set_campaign(tx, code="autumn", entry=CampaignEntry(name="x", promotion="ten"))
    with pytest.raises(CodeTaken):
        await pricing.add_coupons(tx, campaign_code="autumn", coupons=[NewCoupon("SUMMER", 1)])


async def test_p10_guessing_is_stopped_also_for_many_at_once(db):
    """Shopware #11245: a single packet with fifty tries."""

    async def one():
        try:
            async with db.transaction() as tx:
                await guesses.count(tx, who="eve")
        except pricing.TooManyGuesses:
            return False
        return True

    assert Counter(await asyncio.gather(*(one() for _ in range(50)))) == {True: 20, False: 30}
    async with db.transaction() as tx:
        await guesses.count(tx, who="ann")
        await advance(tx, by=timedelta(minutes=11))
    assert await one()


async def test_coupons_over_http(api, db):
    async with db.transaction() as tx:
        await open_shops(tx)
        await campaign(tx)
    minted = await api.post("/v1/pricing/campaigns/spring/codes", json={"count": 3, "max_uses": 1})
    code = minted.json()["codes"][0]
    given = await api.post(
        "/v1/pricing/campaigns/spring/coupons", json={"coupons": [{"code": "SUMMER", "max_uses": 2}]}
    )
    assert given.json() == {"new": 1}, given.text

    async def check(code):
        answer = await api.post("/v1/pricing/coupons/check", json={"code": code})
        return answer.json().get("reason") if answer.status_code == 200 else answer.json()["code"]

    swapped = code[1] + code[0] + code[2:]
    assert await check(code) is None
    assert await check("NOSUCH") == "unknown_coupon"
    assert await check(swapped) == ("mistyped" if swapped != code else None)
    uses = [{"act": "redeem", "code": code, "reference": str(n), "amount_minor": 5} for n in (1, 2)] + [{"act": "x"}]
    done = await api.post("/v1/pricing/uses", json={"uses": uses})
    assert [one["status"] for one in done.json()] == ["settled", "refused", "refused"], done.text
    assert done.json()[1]["problem"]["data"]["reason"] == "coupon_used_up"
    assert await check(code) == "coupon_used_up"
    assert (await api.get("/v1/pricing/campaigns/spring")).json()["used"] == 1
    told = [await check(f"WRONG{n}") for n in range(25)]
    assert told.count("pricing.too_many_guesses") >= 5
    assert await check("SUMMER") == "pricing.too_many_guesses"
    basket = {"reference": "b", "outlet_id": 1, "channel": "web", "currency": "EUR", "coupons": ["WRONG"]}
    refused = await api.post("/v1/pricing/quotes", json=basket)
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("pricing.too_many_guesses", "600")


async def test_two_pools_are_two_processes_to_the_database(db):
    async with db.transaction() as tx:
        await campaign(tx, ("SUMMER", 7))
    async with Database(db.url, size=8) as other:

        async def one(number):
            async with (db if number % 2 else other).transaction() as tx:
                (done,) = await pricing.settle(tx, [use("reserve", "SUMMER", str(number))])
                return isinstance(done, Settled)

        assert sum(await asyncio.gather(*(one(number) for number in range(64)))) == 7
    assert Percent
