"""`quotes`: any number of baskets at once, with the same few statements for one and for a thousand."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from comptoir import catalog, channels, identity
from comptoir.kernel.db import Tx, ints, rows, texts
from comptoir.kernel.errors import Refusal
from comptoir.pricing import codes, guesses, terms
from comptoir.pricing.book import Book, Held, Left, lists_for
from comptoir.pricing.choice import common_prices, winner
from comptoir.pricing.coupons import Campaign, Coupon, coupons_by_code, refused
from comptoir.pricing.engine import quote
from comptoir.pricing.promotions import Promotion
from comptoir.pricing.promotions import promotion as promotion_of
from comptoir.pricing.records import Price, Quote, QuoteLine, QuoteRequest, ShelfPrice
from comptoir.pricing.settle import BY_PERSON, State
from comptoir.pricing.taxes import tax_in
from comptoir.pricing.terms import Known, Terms, categories

Own = dict[tuple[str, int, int], tuple[int, int | None]]
"""What baskets have already, by reference, promotion and coupon: the amount, and whose it is."""


CLAIMS = 20


class Claimed(msgspec.Struct, frozen=True):
    """A basket or an order that has it, or had it."""

    reference: str
    state: State
    amount_minor: int
    expires_at: datetime | None
    changed_at: datetime


class LookedUp(msgspec.Struct, frozen=True):
    """What a code is. `reason`: why it is not good now; of a code that nobody knows there is nothing more."""

    good: bool
    reason: str | None
    coupon: Coupon | None = None
    campaign: Campaign | None = None
    promotion: Promotion | None = None
    claims: Sequence[Claimed] = ()
    """The latest first."""


async def quotes(tx: Tx, requests: Sequence[QuoteRequest]) -> list[Quote | Refusal]:
    """One answer for each basket, in the order given. A basket that cannot be priced never loses those beside it."""
    book = await open_book(tx, requests)
    answers: list[Quote | Refusal] = []
    for request in requests:
        try:
            answers.append(quote(request, book))
        except Refusal as refusal:
            answers.append(refusal)
    return answers


UNTAXED = {"US", "CA"}
"""Where prices are told without tax."""


async def shelf_prices(
    tx: Tx, *, outlets: Sequence[channels.Outlet], variants: Sequence[int]
) -> dict[int, dict[int, ShelfPrice]]:
    """By outlet and variant, what a quote of one piece says; what has no price there is missing.

    Outlets that no list and no rule tells apart are priced once.
    """
    held = await terms.current(tx, sorted(one.outlet_id for one in outlets))
    own = {found.outlet_id for found in held.lists}
    apart = any(NAMES_OUTLETS in msgspec.json.encode(r.promotion) for some in held.promotions.values() for r in some)
    asked: dict[tuple[Any, ...], QuoteRequest] = {}
    keys: dict[int, tuple[Any, ...]] = {}
    for one in outlets:
        alone = one.outlet_id if apart or one.outlet_id in own else None
        key = keys[one.outlet_id] = one.channel, one.currency, one.country, one.region, one.time_zone, alone
        asked.setdefault(
            key,
            QuoteRequest(
                "shelf",
                one.outlet_id,
                one.channel,
                one.currency,
                country="" if one.country in UNTAXED else one.country,
                region=one.region,
            ),
        )
    lines = tuple(QuoteLine(1, variant, 1) for variant in variants)
    book = await open_book(tx, [msgspec.structs.replace(one, lines=lines) for one in asked.values()])
    found = {key: _on_the_shelf(one, book, variants) for key, one in asked.items()}
    return {outlet_id: found[key] for outlet_id, key in keys.items()}


NAMES_OUTLETS = b"basket.outlet_id"


def _on_the_shelf(asked: QuoteRequest, book: Book, variants: Sequence[int]) -> dict[int, ShelfPrice]:
    lists = book.lists_for(asked)
    found: dict[int, ShelfPrice] = {}
    for variant in variants:
        won = winner(lists, book.prices.get(variant, {}))
        if won is None:
            continue
        listed, price = won
        line = QuoteLine(1, variant, price.per_units)
        (priced,) = quote(msgspec.structs.replace(asked, lines=(line,)), book).lines
        was = max(price.amount_minor, price.was_minor or 0)
        rate = priced.tax_rate_millionths
        if rate is not None and not listed.tax_included:
            was += tax_in(was, rate, included=False)
        reduced = was if was > priced.total_minor else None
        found[variant] = ShelfPrice(listed.code, asked.currency, priced.total_minor, reduced, price.per_units)
    return found


async def worths(tx: Tx, variants: Sequence[int], *, outlet: channels.Outlet | None, currency: str) -> dict[int, int]:
    """What a unit is worth in minor units of this currency, rounded up: on the outlet's shelf; in the lists that hold
    for everybody where nobody sells, or the shelf has prices in another money. Without a price one is missing.
    """
    found: dict[int, Any] = {**await common_prices(tx, variants, currency=currency)}
    if outlet is not None and outlet.currency == currency:
        found |= (await shelf_prices(tx, outlets=[outlet], variants=variants))[outlet.outlet_id]
    return {variant: -(-one.amount_minor // one.per_units) for variant, one in found.items()}


async def open_book(tx: Tx, requests: Sequence[QuoteRequest]) -> Book:
    """Everything that these baskets need, by keys only: nothing is joined to a table that grows."""
    held, prices, articles = await goods(tx, requests)
    coupons = await coupons_by_code(tx, [code for request in requests for code in request.coupons])
    own = await owned(tx, held, requests, coupons)
    return Book(
        held,
        tx.now,
        prices=prices,
        articles=articles,
        left=await left(tx, held),
        coupons=await presented(tx, held, requests, coupons, own),
        own={(reference, promotion_id): amount for (reference, promotion_id, _), (amount, _) in own.items()},
    )


async def judge(tx: Tx, *, code: str, reference: str, node_id: int | None) -> tuple[str, str | None] | None:
    """The promotion that a code opens and why it cannot be had now, if so; None for a code that is not known."""
    held = await terms.current(tx)
    asked = QuoteRequest(reference or "-", 1, "web", "XXX", coupons=(code,), node_id=node_id)
    coupons = await coupons_by_code(tx, [code])
    found = await presented(tx, held, [asked], coupons, await owned(tx, held, [asked], coupons))
    if (one := found.get((asked.reference, code))) is None:
        return None
    promotion = next(name for name, number in held.numbers.items() if number == one.promotion_id)
    return promotion, one.refused


async def look_up(tx: Tx, *, code: str, who: str, node_id: int | None = None) -> LookedUp:
    """Look a code up. Codes that are wrong count as tries of `who` to guess one. Raises TooManyGuesses."""
    await guesses.count(tx, who=who)
    judged = await judge(tx, code=code, reference="", node_id=node_id)
    if judged is None:
        mistyped = len(codes.read(code)) >= codes.SHORTEST and not codes.right(code)
        return LookedUp(good=False, reason="mistyped" if mistyped else "unknown_coupon")
    await guesses.forgive(tx, who=who)
    coupon = (await coupons_by_code(tx, [code]))[code]
    opened, reason = judged
    return LookedUp(
        good=reason is None,
        reason=reason,
        coupon=coupon,
        campaign=(await terms.current(tx)).campaigns[coupon.campaign_id],
        promotion=await promotion_of(tx, code=opened),
        claims=await tx.many(Claimed, OF_COUPON, coupon_id=coupon.coupon_id, most=CLAIMS),
    )


async def goods(
    tx: Tx, requests: Sequence[QuoteRequest]
) -> tuple[Terms, dict[int, dict[int, Price]], dict[int, Known]]:
    """The terms, the prices of what is asked for by variant and list, and what is known of it beside.

    One message while the terms have not turned: what this process knows of them says which lists to ask for.
    """
    outlets = sorted({request.outlet_id for request in requests})
    asked = {(one.currency, one.channel, one.outlet_id, one.groups): one for one in requests}
    variants = ints(sorted({line.variant_id for request in requests for line in request.lines}))
    held = terms.remembered(outlets) or await terms.current(tx, outlets)
    while True:
        applying = sorted({found.price_list_id for one in asked.values() for found in lists_for(held, one, tx.now)})
        ((version,),), priced, taxed, placed = await tx.together(
            (terms.VERSION, {}),
            (PRICES, {"variants": variants, "lists": ints(applying)}),
            (ARTICLES, {"variants": variants}),
            catalog.placing(line.variant_id for request in requests for line in request.lines),
        )
        if version == held.version:
            break
        held = await terms.current(tx, outlets)
    prices: dict[int, dict[int, Price]] = {}
    for row in priced:
        prices.setdefault(row[0], {})[row[1]] = Price(*row)
    own = {row[0]: row[1:] for row in taxed}
    articles = {
        variant: Known(sku, product, tuple(path), categories(tuple(path)), *own.get(variant, (None, None, None, 1)))
        for variant, sku, product, path in placed
    }
    return held, prices, articles


async def left(tx: Tx, held: Terms) -> dict[int, Left]:
    """What is left of the promotions that have a limit; what is overdue counts as given back."""
    if not held.limited:
        return {}
    found = await tx.tuples(LEFT, promotions=ints(sorted(held.limited)), now=tx.now)
    return {promotion_id: Left(uses, minor) for promotion_id, uses, minor in found}


async def owned(tx: Tx, held: Terms, requests: Sequence[QuoteRequest], coupons: Mapping[str, Coupon]) -> Own:
    """What these baskets have reserved or used already: it must not stand in their own way."""
    campaigns = [held.campaigns[one.campaign_id] for one in coupons.values() if one.campaign_id in held.campaigns]
    promotions = sorted(held.limited | {one.promotion_id for one in campaigns})
    if not promotions:
        return {}
    found = await tx.tuples(
        OWN,
        promotions=ints(promotions),
        coupons=ints([0, *sorted({one.coupon_id for one in coupons.values()})]),
        references=texts(sorted({request.reference for request in requests})),
        now=tx.now,
    )
    return {(reference, p, coupon_id): (amount, person_id) for p, coupon_id, reference, amount, person_id in found}


async def presented(
    tx: Tx, held: Terms, requests: Sequence[QuoteRequest], coupons: Mapping[str, Coupon], own: Own
) -> dict[tuple[str, str], Held]:
    """For each code of each basket the promotion that it opens, or why it opens none."""
    if not coupons:
        return {}
    nodes = {request.node_id for request in requests if request.coupons} | {one.node_id for one in coupons.values()}
    persons = await identity.persons_of(tx, sorted(node for node in nodes if node is not None))
    pairs = sorted(
        {
            (coupon.campaign_id, person_id)
            for request in requests
            for code in request.coupons
            if (coupon := coupons.get(code)) and (person_id := persons.get(request.node_id or 0)) is not None
        }
    )
    named = rows([{"campaign_id": campaign_id, "person_id": person_id} for campaign_id, person_id in pairs])
    had = {(c, p): n for c, p, n in await tx.tuples(BY_PERSON, people=named, now=tx.now)} if pairs else {}
    full = sorted({one.coupon_id for one in coupons.values() if one.max_uses is not None and one.reserved})
    overdue: dict[int, int] = dict(await tx.tuples(OVERDUE, coupons=ints(full), now=tx.now)) if full else {}

    found: dict[tuple[str, str], Held] = {}
    for request in requests:
        person_id = persons.get(request.node_id) if request.node_id is not None else None
        for code in request.coupons:
            coupon = coupons.get(code)
            campaign = held.campaigns.get(coupon.campaign_id) if coupon is not None else None
            if coupon is None or campaign is None:
                continue
            mine = own.get((request.reference, campaign.promotion_id, coupon.coupon_id))
            why: tuple[str, dict[str, Any]] | None = None
            if mine is None:
                why = refused(
                    coupon,
                    campaign,
                    tx.now,
                    person_id=person_id,
                    owner_id=None if coupon.node_id is None else persons.get(coupon.node_id, -1),
                    by_person=had.get((coupon.campaign_id, person_id or 0), 0),
                    uses=coupon.used + coupon.reserved - overdue.get(coupon.coupon_id, 0),
                )
            key = request.reference, code
            found[key] = Held(campaign.promotion_id) if why is None else Held(campaign.promotion_id, *why)
    return found


PRICES = """
    SELECT variant_id, price_list_id, amount_minor, per_units, was_minor FROM pricing.price
    WHERE variant_id = ANY(%(variants)s::bigint[]) AND price_list_id = ANY(%(lists)s::integer[])
"""

ARTICLES = """
    SELECT variant_id, tax_class, cost_minor, cost_currency, cost_per_units FROM pricing.article
    WHERE variant_id = ANY(%(variants)s::bigint[])
"""

LEFT = """
    SELECT a.promotion_id, a.max_uses - a.used - a.reserved + o.uses,
           a.budget_minor - a.spent_minor - a.reserved_minor + o.minor
    FROM pricing.allowance AS a
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS uses, coalesce(sum(c.amount_minor), 0)::bigint AS minor FROM pricing.claim AS c
        WHERE c.promotion_id = a.promotion_id AND c.state = 'reserved' AND c.expires_at <= %(now)s
    ) AS o
    WHERE a.promotion_id = ANY(%(promotions)s::integer[])
"""

OWN = """
    SELECT promotion_id, coupon_id, reference, amount_minor, person_id FROM pricing.claim
    WHERE promotion_id = ANY(%(promotions)s::integer[]) AND coupon_id = ANY(%(coupons)s::bigint[])
      AND reference = ANY(%(references)s::text[])
      AND (state = 'redeemed' OR state = 'reserved' AND expires_at > %(now)s)
"""

OVERDUE = """
    SELECT coupon_id, count(*)::integer FROM pricing.claim
    WHERE coupon_id = ANY(%(coupons)s::bigint[]) AND state = 'reserved' AND expires_at <= %(now)s
    GROUP BY coupon_id
"""


# ---- what a till takes along to price alone


class ListPrice(msgspec.Struct, frozen=True, gc=False):
    """What an article costs at an outlet for whoever comes, before any promotion. Amounts: minor units."""

    variant_id: int
    price_list: str
    amount_minor: int
    per_units: int
    was_minor: int | None
    tax_included: bool
    tax_class: str
    tax_rate_millionths: int | None


async def list_prices(tx: Tx, *, outlet: channels.Outlet, variants: Sequence[int]) -> list[ListPrice]:
    """The price that wins at the outlet now for each of these; what has none there is missing."""
    asked = QuoteRequest("offline", outlet.outlet_id, outlet.channel, outlet.currency, country=outlet.country,
                         region=outlet.region, lines=tuple(QuoteLine(1, one, 1) for one in variants))  # fmt: skip
    book = await open_book(tx, [asked])
    lists = book.lists_for(asked)
    found: list[ListPrice] = []
    for variant in variants:
        if (won := winner(lists, book.prices.get(variant, {}))) is None:
            continue
        listed, price = won
        tax_class, rate = book.tax(outlet.country, outlet.region, book.articles.get(variant))
        found.append(
            ListPrice(
                variant, listed.code, price.amount_minor, price.per_units, price.was_minor, listed.tax_included,
                tax_class, rate,
            )
        )  # fmt: skip
    return found


Why = Literal["needs_coupon", "limited", "margin_floor", "ended", "disabled", "shipping", "currency"]


def online_only(one: Promotion, *, house: terms.House, currency: str, ended: bool) -> Why | None:
    """Why a till must not compute a promotion alone; None: it may. Whether it has begun the till sees itself."""
    if not one.enabled:
        return "disabled"
    if ended:
        return "ended"
    if one.needs_coupon:
        return "needs_coupon"  # a code is used once, in whatever channel
    if one.limited:
        return "limited"  # only the house knows what is left of it
    if one.margin_floor_basis_points is not None or house.margin_floor_basis_points is not None:
        return "margin_floor"  # costs stay in the house
    if one.scope == "shipping":
        return "shipping"
    return "currency" if one.currency not in {None, currency} else None


async def offline_promotions(tx: Tx, *, currency: str) -> tuple[list[Promotion], dict[str, Why]]:
    """Those that a till may compute alone, and why it may not the others, by code."""
    held = await terms.current(tx)
    alone: list[Promotion] = []
    others: dict[str, Why] = {}
    for ready in (one for some in held.promotions.values() for one in some):
        one = ready.promotion
        why = online_only(
            one, house=held.house, currency=currency, ended=one.ends_at is not None and one.ends_at <= tx.now
        )
        if why is None:
            alone.append(one)
        else:
            others[one.code] = why
    return alone, others


# By the primary key, whose first column is the promotion. A code on a poster has many; those are read all.
OF_COUPON = """
    SELECT c.reference, c.state, c.amount_minor, c.expires_at, c.changed_at FROM pricing.claim AS c
    WHERE c.coupon_id = %(coupon_id)s
      AND c.promotion_id = (SELECT g.promotion_id FROM pricing.coupon AS o
                            JOIN pricing.campaign AS g USING (campaign_id) WHERE o.coupon_id = %(coupon_id)s)
    ORDER BY c.changed_at DESC, c.reference LIMIT %(most)s
"""
