"""Coupons and limited promotions are reserved, redeemed and given back: in batches, and never one too many.

Lock (allowances, then coupons, then persons, each in order of key), look, decide use by use in plain Python, write.
What is reserved and overdue is given back under the lock that is held anyway; nothing waits for the sweeper. Each
(coupon, reference) is settled once: the same again has the same answer.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from comptoir import identity
from comptoir.kernel.db import Tx, ints, rows
from comptoir.kernel.errors import Refusal
from comptoir.pricing import terms as memory
from comptoir.pricing.coupons import Coupon, coupons_by_code, refused
from comptoir.pricing.errors import CouponRefused, UnknownCoupon, UnknownPromotion
from comptoir.pricing.events import PromotionReturned, PromotionUsed
from comptoir.pricing.records import Amount, Moment
from comptoir.pricing.terms import Terms

RESERVED_FOR = timedelta(minutes=30)

State = Literal["reserved", "redeemed", "released"]
Key = tuple[int, int, str]
"""Promotion, coupon (0: none) and reference."""


class Use(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of one coupon, or of one use of a limited promotion, under the reference of a basket or an order."""

    act: Literal["reserve", "redeem", "release"]
    reference: Annotated[str, Meta(min_length=1, max_length=100)]
    code: Annotated[str, Meta(max_length=60)] = ""
    """Of the coupon; empty: a promotion without one."""
    promotion: Annotated[str, Meta(max_length=60)] = ""
    """Code of the promotion, where there is no coupon."""
    amount_minor: Amount = 0
    """What it takes off; it counts against the budget."""
    node_id: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None
    """Who uses it (identity.node)."""
    expires_at: Moment | None = None
    """Of a reservation; null: in half an hour."""


class Settled(msgspec.Struct, frozen=True):
    """How it stands now. `repeated`: it stood so already."""

    reference: str
    state: State
    promotion_id: int
    coupon_id: int
    repeated: bool
    expires_at: datetime | None = None


class Claim(msgspec.Struct):
    """What a reference has of a promotion."""

    promotion_id: int
    coupon_id: int
    reference: str
    campaign_id: int | None
    person_id: int | None
    state: State
    amount_minor: int
    expires_at: datetime | None

    @property
    def key(self) -> Key:
        return self.promotion_id, self.coupon_id, self.reference


class Allowance(msgspec.Struct):
    """What a limited promotion has given."""

    promotion_id: int
    max_uses: int | None
    budget_minor: int | None
    used: int
    reserved: int
    spent_minor: int
    reserved_minor: int


class Counter(msgspec.Struct):
    """What a coupon has given."""

    coupon_id: int
    code_hash: str
    campaign_id: int
    max_uses: int | None
    used: int
    reserved: int


async def settle(tx: Tx, uses: Sequence[Use]) -> list[Settled | Refusal]:
    """One answer for each use, in the order given; a refusal (CouponRefused) is of that one only."""
    held = await memory.current(tx)
    found = await coupons_by_code(tx, [one.code for one in uses if one.code])
    nodes = {one.node_id for one in uses} | {one.node_id for one in found.values()}
    persons = await identity.persons_of(tx, sorted(node for node in nodes if node is not None))
    asked = [identified(one, held, found) for one in uses]
    keys = sorted({one for one in asked if not isinstance(one, Refusal)})

    limited = sorted({key[0] for key in keys} & held.limited)
    allowances = await tx.many(Allowance, LOCK_ALLOWANCES, promotions=ints(limited)) if limited else []
    own = {key[1] for key in keys if key[1]}
    overdue = set(await tx.values(OVERDUE_COUPONS, promotions=ints(limited), now=tx.now)) if limited else set[int]()
    locked = sorted(own | overdue - {0})
    counters = await tx.many(Counter, LOCK_COUPONS, coupons=ints(locked)) if locked else []
    people = sorted(
        {
            (coupon.campaign_id, person_id)
            for one in uses
            if (coupon := found.get(one.code)) and (person_id := persons.get(one.node_id or 0)) is not None
        }
    )
    named = rows([{"campaign_id": campaign_id, "person_id": person_id} for campaign_id, person_id in people])
    if people:
        await tx.run(LOCK_PEOPLE, people=named)

    # A statement of its own after the locks: it sees what those before us have written.
    claims = await tx.many(
        Claim,
        CLAIMS,
        keys=rows([{"promotion_id": p, "coupon_id": c, "reference": r} for p, c, r in keys]),
        promotions=ints(limited),
        coupons=ints(sorted(own)),
        now=tx.now,
    )
    had = {(c, p): n for c, p, n in await tx.tuples(BY_PERSON, people=named, now=tx.now)} if people else {}

    ledger = Ledger(held, tx.now, claims, allowances, counters, had)
    answers = [
        one if isinstance(one, Refusal) else ledger.act(use, one, found.get(use.code), persons)
        for use, one in zip(uses, asked, strict=True)
    ]
    await write(tx, ledger)
    return answers


async def write(tx: Tx, ledger: "Ledger") -> None:
    if ledger.changed:
        await tx.run(WRITE_CLAIMS, claims=rows([ledger.claims[key] for key in sorted(ledger.changed)]), now=tx.now)
    if counters := [ledger.counters[one] for one in sorted(ledger.counted)]:
        await tx.run(WRITE_COUPONS, coupons=rows(counters))
    if allowances := [ledger.allowances[one] for one in sorted(ledger.allowed)]:
        await tx.run(WRITE_ALLOWANCES, allowances=rows(allowances))
    if ledger.facts:
        await tx.tell(*ledger.facts)


async def release_overdue(tx: Tx, *, limit: int = 1_000) -> int:
    """Give back what nobody came for. A convenience: whoever needs it gives it back as well."""
    found = await tx.tuples(SWEEP, now=tx.now, limit=limit)
    if not found:
        return 0
    held = await memory.current(tx)
    limited = sorted({row[0] for row in found} & held.limited)
    allowances = await tx.many(Allowance, LOCK_ALLOWANCES, promotions=ints(limited)) if limited else []
    coupons = ints(sorted({row[1] for row in found if row[1]}))
    counters = await tx.many(Counter, LOCK_COUPONS, coupons=coupons)
    named = rows([{"promotion_id": p, "coupon_id": c, "reference": r} for p, c, r in found])
    claims = await tx.many(Claim, CLAIMS, keys=named, promotions="{}", coupons="{}", now=tx.now)
    ledger = Ledger(held, tx.now, claims, allowances, counters, {})
    await write(tx, ledger)
    return len(ledger.changed)


LOCK_ALLOWANCES = """
    SELECT promotion_id, max_uses, budget_minor, used, reserved, spent_minor, reserved_minor FROM pricing.allowance
    WHERE promotion_id = ANY(%(promotions)s::integer[]) ORDER BY promotion_id FOR NO KEY UPDATE
"""

OVERDUE_COUPONS = """
    SELECT DISTINCT coupon_id FROM pricing.claim
    WHERE state = 'reserved' AND promotion_id = ANY(%(promotions)s::integer[]) AND expires_at <= %(now)s
"""

LOCK_COUPONS = """
    SELECT coupon_id, code_hash::text, campaign_id, max_uses, used, reserved FROM pricing.coupon
    WHERE coupon_id = ANY(%(coupons)s::bigint[]) ORDER BY coupon_id FOR NO KEY UPDATE
"""

# A person has no row here: a lock by name, always in the same order.
LOCK_PEOPLE = """
    SELECT pg_advisory_xact_lock(hashtextextended('pricing.person', p.campaign_id::bigint << 32 # p.person_id))
    FROM (SELECT campaign_id, person_id
          FROM json_to_recordset(%(people)s::json) AS p (campaign_id integer, person_id bigint)
          ORDER BY hashtextextended('pricing.person', campaign_id::bigint << 32 # person_id)) AS p
"""

# What is asked for, and what is overdue of the coupons and promotions that are locked.
CLAIMS = """
    SELECT c.promotion_id, c.coupon_id, c.reference, c.campaign_id, c.person_id, c.state, c.amount_minor, c.expires_at
    FROM json_to_recordset(%(keys)s::json) AS k (promotion_id integer, coupon_id bigint, reference text)
    CROSS JOIN LATERAL (
        SELECT * FROM pricing.claim AS c
        WHERE c.promotion_id = k.promotion_id AND c.coupon_id = k.coupon_id AND c.reference = k.reference LIMIT 1
    ) AS c
    UNION
    SELECT promotion_id, coupon_id, reference, campaign_id, person_id, state, amount_minor, expires_at
    FROM pricing.claim
    WHERE state = 'reserved' AND promotion_id = ANY(%(promotions)s::integer[]) AND expires_at <= %(now)s
    UNION
    SELECT promotion_id, coupon_id, reference, campaign_id, person_id, state, amount_minor, expires_at
    FROM pricing.claim
    WHERE state = 'reserved' AND coupon_id = ANY(%(coupons)s::bigint[]) AND expires_at <= %(now)s
"""

BY_PERSON = """
    SELECT k.campaign_id, k.person_id, c.uses
    FROM json_to_recordset(%(people)s::json) AS k (campaign_id integer, person_id bigint)
    CROSS JOIN LATERAL (
        SELECT count(*) AS uses FROM pricing.claim AS c
        WHERE c.campaign_id = k.campaign_id AND c.person_id = k.person_id
          AND (c.state = 'redeemed' OR c.state = 'reserved' AND c.expires_at > %(now)s)
    ) AS c
"""

WRITE_CLAIMS = """
    INSERT INTO pricing.claim (promotion_id, coupon_id, reference, campaign_id, person_id, state, amount_minor,
                               expires_at, changed_at)
    SELECT promotion_id, coupon_id, reference, campaign_id, person_id, state, amount_minor, expires_at, %(now)s
    FROM json_populate_recordset(NULL::pricing.claim, %(claims)s::json)
    ON CONFLICT (promotion_id, coupon_id, reference) DO UPDATE SET campaign_id = excluded.campaign_id,
        person_id = excluded.person_id, state = excluded.state, amount_minor = excluded.amount_minor,
        expires_at = excluded.expires_at, changed_at = excluded.changed_at
"""

# Not UPDATE … FROM: a plan made while there were few coupons would read the millions for each batch.
WRITE_COUPONS = """
    INSERT INTO pricing.coupon (coupon_id, code_hash, campaign_id, max_uses, used, reserved)
    OVERRIDING SYSTEM VALUE
    SELECT coupon_id, code_hash, campaign_id, max_uses, used, reserved
    FROM json_populate_recordset(NULL::pricing.coupon, %(coupons)s::json)
    ON CONFLICT (coupon_id) DO UPDATE SET used = excluded.used, reserved = excluded.reserved
"""

WRITE_ALLOWANCES = """
    INSERT INTO pricing.allowance AS a (promotion_id, used, reserved, spent_minor, reserved_minor)
    SELECT promotion_id, used, reserved, spent_minor, reserved_minor
    FROM json_populate_recordset(NULL::pricing.allowance, %(allowances)s::json)
    ON CONFLICT (promotion_id) DO UPDATE SET used = excluded.used, reserved = excluded.reserved,
        spent_minor = excluded.spent_minor, reserved_minor = excluded.reserved_minor
"""

SWEEP = """
    SELECT promotion_id, coupon_id, reference FROM pricing.claim
    WHERE state = 'reserved' AND expires_at <= %(now)s ORDER BY expires_at LIMIT %(limit)s
"""


def identified(use: Use, held: Terms, found: dict[str, Coupon]) -> Key | Refusal:
    """What a use is of."""
    if not use.code:
        number = held.numbers.get(use.promotion)
        if number is None:
            return UnknownPromotion(f"There is no promotion {use.promotion!r}.", promotion=use.promotion)
        return number, 0, use.reference
    coupon = found.get(use.code)
    if coupon is None or coupon.campaign_id not in held.campaigns:
        return UnknownCoupon("There is no such coupon.", reference=use.reference)
    return held.campaigns[coupon.campaign_id].promotion_id, coupon.coupon_id, use.reference


class Ledger:
    """What is locked, in memory. It decides use by use and notes what has changed."""

    def __init__(
        self,
        held: Terms,
        now: datetime,
        claims: Sequence[Claim],
        allowances: Sequence[Allowance],
        counters: Sequence[Counter],
        had: dict[tuple[int, int], int],
    ) -> None:
        self.held = held
        self.now = now
        self.claims = {one.key: one for one in claims}
        self.allowances = {one.promotion_id: one for one in allowances}
        self.counters = {one.coupon_id: one for one in counters}
        self.had = had
        self.changed: set[Key] = set()
        self.counted: set[int] = set()
        self.allowed: set[int] = set()
        self.facts: list[PromotionUsed] = []
        for claim in claims:
            if claim.state == "reserved" and claim.expires_at is not None and claim.expires_at <= now:
                self._move(claim, "released", overdue=True)

    def act(self, use: Use, key: Key, coupon: Coupon | None, persons: dict[int, int]) -> Settled | Refusal:
        claim = self.claims.get(key)
        if use.act == "release":
            if claim is None or claim.state == "released":
                return Settled(use.reference, "released", key[0], key[1], repeated=True)
            self._move(claim, "released")
            return self._answer(claim)
        if claim is not None and claim.state != "released":
            if claim.state == "redeemed" or use.act == "reserve":
                return self._again(claim, use)
            if (short := self._short(key[0], use.amount_minor - claim.amount_minor, uses=0)) is not None:
                return short
            self._move(claim, "redeemed", amount_minor=use.amount_minor)
            return self._answer(claim)

        person_id = persons.get(use.node_id) if use.node_id is not None else None
        campaign_id = coupon.campaign_id if coupon else None
        if coupon is not None:
            counter = self.counters[coupon.coupon_id]
            why = refused(
                coupon,
                self.held.campaigns[coupon.campaign_id],
                self.now,
                person_id=person_id,
                owner_id=None if coupon.node_id is None else persons.get(coupon.node_id, -1),
                by_person=self.had.get((coupon.campaign_id, person_id or 0), 0),
                uses=counter.used + counter.reserved,
            )
            if why is not None:
                reason, data = why
                return CouponRefused(f"The coupon cannot be had: {reason}.", reason=reason, **data)
        if (short := self._short(key[0], use.amount_minor, uses=1)) is not None:
            return short
        claim = self.claims[key] = Claim(*key, campaign_id, person_id, "released", 0, None)
        state: State = "reserved" if use.act == "reserve" else "redeemed"
        self._move(claim, state, amount_minor=use.amount_minor, expires_at=use.expires_at)
        return self._answer(claim)

    def _again(self, claim: Claim, use: Use) -> Settled | Refusal:
        """It is had already. A reservation holds longer, and for the amount that it is now."""
        if claim.state == "reserved":
            if (short := self._short(claim.promotion_id, use.amount_minor - claim.amount_minor, uses=0)) is not None:
                return short
            self._move(claim, "reserved", amount_minor=use.amount_minor, expires_at=use.expires_at)
        return self._answer(claim, repeated=True)

    def _short(self, promotion_id: int, amount_minor: int, *, uses: int) -> CouponRefused | None:
        """Whether a limited promotion has so much left."""
        found = self.allowances.get(promotion_id)
        if found is None:
            return None
        if found.max_uses is not None and uses and found.used + found.reserved + uses > found.max_uses:
            return CouponRefused("The promotion is used up.", reason="used_up", max_uses=found.max_uses)
        if found.budget_minor is None or amount_minor <= 0:
            return None
        left = found.budget_minor - found.spent_minor - found.reserved_minor
        if amount_minor > left:
            return CouponRefused("The promotion's budget is spent.", reason="budget_spent", left_minor=max(0, left))
        return None

    def _move(
        self,
        claim: Claim,
        state: State,
        *,
        amount_minor: int | None = None,
        expires_at: datetime | None = None,
        overdue: bool = False,
    ) -> None:
        """From one state to the other, with all that counts it."""
        before, self_amount = claim.state, claim.amount_minor
        after_amount = self_amount if amount_minor is None else amount_minor
        if (counter := self.counters.get(claim.coupon_id)) is not None:
            counter.reserved += (state == "reserved") - (before == "reserved")
            counter.used += (state == "redeemed") - (before == "redeemed")
            self.counted.add(claim.coupon_id)
        if (found := self.allowances.get(claim.promotion_id)) is not None:
            found.reserved += (state == "reserved") - (before == "reserved")
            found.used += (state == "redeemed") - (before == "redeemed")
            found.reserved_minor += after_amount * (state == "reserved") - self_amount * (before == "reserved")
            found.spent_minor += after_amount * (state == "redeemed") - self_amount * (before == "redeemed")
            self.allowed.add(claim.promotion_id)
        if claim.campaign_id is not None and claim.person_id is not None and not overdue:
            person = claim.campaign_id, claim.person_id
            self.had[person] = self.had.get(person, 0) + (state != "released") - (before != "released")
        claim.state, claim.amount_minor = state, after_amount
        claim.expires_at = (expires_at or self.now + RESERVED_FOR) if state == "reserved" else None
        self.changed.add(claim.key)
        if "redeemed" in {before, state} and before != state:
            kind = PromotionUsed if state == "redeemed" else PromotionReturned
            self.facts.append(
                kind(
                    promotion_id=claim.promotion_id,
                    campaign_id=claim.campaign_id,
                    coupon_id=claim.coupon_id,
                    reference=claim.reference,
                    person_id=claim.person_id,
                    amount_minor=claim.amount_minor,
                )
            )

    def _answer(self, claim: Claim, *, repeated: bool = False) -> Settled:
        return Settled(claim.reference, claim.state, claim.promotion_id, claim.coupon_id, repeated, claim.expires_at)
