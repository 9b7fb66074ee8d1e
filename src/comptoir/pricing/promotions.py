"""Promotions: what a basket must be like, what is taken off, and what it may stand beside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from comptoir.kernel import rules
from comptoir.kernel.db import Tx
from comptoir.pricing import conditions
from comptoir.pricing.errors import BadPromotion, UnknownPromotion
from comptoir.pricing.house import changed
from comptoir.pricing.records import Amount, Code, Currency, Moment, Name

BasisPoints = Annotated[int, Meta(ge=1, le=10_000)]
"""Hundredths of a per cent: 1,000 is 10 %, 10,000 is all."""
Pieces = Annotated[int, Meta(ge=1, le=1_000)]
Rule = dict[str, Any]
"""kernel/rules, as JSON."""
Scope = Literal["line", "order", "shipping"]


class Percent(msgspec.Struct, frozen=True, tag="percent", tag_field="kind", forbid_unknown_fields=True):
    """So much per cent off: of each line, of all lines together, of the delivery."""

    basis_points: BasisPoints


class AmountOff(msgspec.Struct, frozen=True, tag="amount", tag_field="kind", forbid_unknown_fields=True):
    """An amount off: of each unit (scope line), once of all lines together (order), of the delivery."""

    amount_minor: Annotated[int, Meta(ge=1, le=10**12)]


class FixedPrice(msgspec.Struct, frozen=True, tag="fixed_price", tag_field="kind", forbid_unknown_fields=True):
    """Each unit, or the delivery, costs this. A price that is lower already stays."""

    price_minor: Annotated[int, Meta(ge=0, le=10**12)]


class BuyGet(msgspec.Struct, frozen=True, tag="buy_get", tag_field="kind", forbid_unknown_fields=True):
    """Of the pieces, dearest first, each `buy` are paid and the next `get` are reduced (10,000: free)."""

    buy: Pieces
    get: Pieces
    basis_points: BasisPoints = 10_000


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many pieces of what the rule (over a line) holds for."""

    target: Rule
    quantity: Pieces = 1


class Bundle(msgspec.Struct, frozen=True, tag="bundle", tag_field="kind", forbid_unknown_fields=True):
    """One of each part together at a price, as often as the basket holds them."""

    parts: Annotated[tuple[Part, ...], Meta(min_length=1, max_length=10)]
    price_minor: Annotated[int, Meta(ge=0, le=10**12)]


Benefit = Percent | AmountOff | FixedPrice | BuyGet | Bundle
OF_SCOPE: dict[Scope, tuple[type, ...]] = {
    "line": (Percent, AmountOff, FixedPrice, BuyGet, Bundle),
    "order": (Percent, AmountOff),
    "shipping": (Percent, AmountOff, FixedPrice),
}


class PromotionEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A promotion as a caller describes it.

    Lines come first, then the order, then the delivery. An `exclusive` promotion shares no line with another one of
    its group; `joint` ones add up; groups do not look at each other.
    """

    name: Name
    scope: Scope
    benefit: Benefit
    condition: Rule | None = None
    """Over the basket; null: any."""
    target: Rule | None = None
    """Over a line: which lines count; null: all."""
    group: Annotated[str, Meta(max_length=60)] = ""
    stacking: Literal["joint", "exclusive"] = "joint"
    priority: Annotated[int, Meta(ge=-1000, le=1000)] = 0
    needs_coupon: bool = False
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    enabled: bool = True
    currency: Currency | None = None
    """The only currency it holds in; needed as soon as it speaks of an amount."""
    max_discount_minor: Annotated[int, Meta(ge=1, le=10**12)] | None = None
    """The most it takes off one basket."""
    margin_floor_basis_points: Annotated[int, Meta(ge=-100_000, le=9_999)] | None = None
    """The margin it leaves on each line, if more than the house's."""
    max_uses: Annotated[int, Meta(ge=1, le=10**9)] | None = None
    """How many baskets may have it, all together."""
    budget_minor: Amount | None = None
    """The most it takes off all baskets together."""


class Promotion(PromotionEntry, frozen=True, kw_only=True):
    """A promotion."""

    promotion_id: int
    code: Code

    @property
    def limited(self) -> bool:
        """Whether its uses are counted even without a coupon."""
        return self.max_uses is not None or self.budget_minor is not None

    def holds_at(self, now: datetime) -> str | None:
        """None, or why it does not hold at this moment."""
        if not self.enabled:
            return "disabled"
        if self.starts_at is not None and now < self.starts_at:
            return "not_started"
        if self.ends_at is not None and now >= self.ends_at:
            return "ended"
        return None


class Spent(msgspec.Struct, frozen=True):
    """What a promotion has given so far. Minor units of its currency."""

    promotion_id: int
    max_uses: int | None
    budget_minor: int | None
    used: int
    reserved: int
    spent_minor: int
    reserved_minor: int


async def set_promotion(tx: Tx, *, code: Code, entry: PromotionEntry) -> Promotion:
    """A new promotion, or a known one anew; what was used of it stays used."""
    check(entry)
    promotion_id = await tx.value(WRITE, code=code, promotion=msgspec.json.encode(entry).decode())
    await tx.run(LIMIT, promotion_id=promotion_id, max_uses=entry.max_uses, budget_minor=entry.budget_minor)
    await changed(tx)
    return await promotion(tx, code=code)


async def promotion(tx: Tx, *, code: str) -> Promotion:
    for found in await promotions(tx, code=code):
        return found
    raise UnknownPromotion(f"There is no promotion {code!r}.", promotion=code)


async def promotions(tx: Tx, *, code: str | None = None) -> list[Promotion]:
    """All of them, by code."""
    found = await tx.tuples(READ, code=code)
    return [
        msgspec.convert({**promotion, "promotion_id": promotion_id, "code": name}, Promotion)
        for promotion_id, name, promotion in found
    ]


async def spent(tx: Tx) -> dict[int, Spent]:
    """What each promotion has given so far, by its id. Uses of coupons count where it has a limit of its own."""
    return {one.promotion_id: one for one in await tx.many(Spent, SPENT)}


WRITE = """
    INSERT INTO pricing.promotion (code, promotion) VALUES (%(code)s, %(promotion)s::json)
    ON CONFLICT (code) DO UPDATE SET promotion = excluded.promotion
    RETURNING promotion_id
"""

LIMIT = """
    INSERT INTO pricing.allowance (promotion_id, max_uses, budget_minor)
    VALUES (%(promotion_id)s, %(max_uses)s, %(budget_minor)s)
    ON CONFLICT (promotion_id) DO UPDATE SET max_uses = excluded.max_uses, budget_minor = excluded.budget_minor
"""

READ = """
    SELECT promotion_id, code, promotion FROM pricing.promotion
    WHERE %(code)s::text IS NULL OR code = %(code)s ORDER BY code
"""

SPENT = """
    SELECT promotion_id, max_uses, budget_minor, used, reserved, spent_minor, reserved_minor FROM pricing.allowance
    ORDER BY promotion_id
"""


class InWords(msgspec.Struct, frozen=True):
    """The rules of a promotion as sentences; empty: everything."""

    condition: str
    target: str
    parts: Sequence[str]
    """Of a bundle."""


def in_words(found: Promotion, language: rules.Language, *, currency: str) -> InWords:
    """What a promotion asks of a basket and of its lines, in the reader's language. `currency`: where it has none."""

    def said(vocabulary: rules.Vocabulary, rule: dict[str, Any] | None) -> str:
        if rule is None:
            return ""
        return conditions.words(vocabulary, rule, language, currency=found.currency or currency)

    parts = found.benefit.parts if isinstance(found.benefit, Bundle) else ()
    return InWords(
        said(conditions.BASKET, found.condition),
        said(conditions.LINE, found.target),
        [said(conditions.LINE, part.target) for part in parts],
    )


def check(entry: PromotionEntry) -> None:
    """Refuse what cannot be: a benefit that the scope does not have, an amount without a currency, a bad rule."""
    benefit = entry.benefit
    if not isinstance(benefit, OF_SCOPE[entry.scope]):
        raise BadPromotion(f"Nothing of the kind can be taken off in the scope {entry.scope}.", scope=entry.scope)
    speaks = isinstance(benefit, AmountOff | FixedPrice | Bundle) or entry.max_discount_minor or entry.budget_minor
    if speaks and entry.currency is None:
        raise BadPromotion("It speaks of an amount: say in which currency.", field="currency")
    if entry.starts_at is not None and entry.ends_at is not None and entry.starts_at >= entry.ends_at:
        raise BadPromotion("It ends before it begins.", starts_at=entry.starts_at, ends_at=entry.ends_at)
    if entry.scope == "shipping" and entry.target is not None:
        raise BadPromotion("The delivery has no lines to choose from: use `condition`.", field="target")
    conditions.check(conditions.BASKET, entry.condition, where="condition")
    conditions.check(conditions.LINE, entry.target, where="target")
    for place, part in enumerate(benefit.parts if isinstance(benefit, Bundle) else ()):
        conditions.check(conditions.LINE, part.target, where=f"benefit/parts/{place}/target")
