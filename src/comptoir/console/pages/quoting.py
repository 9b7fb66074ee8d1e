"""Why this price: a small basket made on the page, quoted as for web, till and agent, effects and refusals explained.

The basket is in the form, not in the address: a coupon is worth money, and addresses end up in logs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.status_codes import HTTP_200_OK
from markupsafe import Markup

from comptoir import catalog, channels, pricing
from comptoir.console import refusals
from comptoir.console.console import Section
from comptoir.console.drawing import Reason
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.availability import article
from comptoir.console.pages.goods import SELLING, Picture, by_size, picture
from comptoir.console.pages.price_why import amount, bonds
from comptoir.console.pages.promotion_words import LIMITED, declined
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import Refusal
from comptoir.kernel.http import READS_ONLY
from comptoir.kernel.money import Money, exponent

PATH = "/prices/why"
GUARDS = [*enter("prices"), allow("catalog:read")]
REFERENCE = "console"
"""Stands for the basket: nothing is kept, reserved or used under it."""
MOST_LINES, MOST_COUPONS = 12, 5


class Wanted(Asked, frozen=True, kw_only=True):
    """An address may bring articles along."""

    sku: tuple[str, ...] = ()


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """What the form holds."""

    lines: Sequence[tuple[str, int]] = ()
    """SKU and pieces."""
    add: str = ""
    """An article to put into it: SKU, barcode or words."""
    outlet: str = ""
    """Code of the outlet where it is bought."""
    groups: str = ""
    """The customer's groups, with commas."""
    coupons: str = ""
    """Codes, with blanks or commas."""
    delivery: str = ""
    """What the delivery costs before promotions, in units of the currency."""


class Taken(msgspec.Struct, frozen=True):
    """A promotion that took something off."""

    name: str
    code: str
    coupon: str
    off: Money
    limits: Sequence[str]


class LineView(msgspec.Struct, frozen=True):
    name: str
    sku: str
    picture: Picture
    quantity: int
    unit: str
    was: str
    amount: Money
    effects: Sequence[Taken]
    total: Money
    tax: str
    reasons: Sequence[Reason]


class Not(msgspec.Struct, frozen=True):
    """A promotion or a coupon that did not apply, and why not."""

    name: str
    code: str
    why: Sequence[str]


class Candidate(msgspec.Struct, frozen=True):
    name: str
    sku: str
    picture: Picture


class QuotingView(msgspec.Struct, frozen=True):
    basket: Basket
    outlets: Sequence[tuple[str, str]]
    groups: Sequence[str]
    currency: str
    candidates: Sequence[Candidate]
    not_found: str
    error: str
    """Why the whole basket has no price, or no code is looked at."""
    unknown: Sequence[str]
    """Codes that nobody knows."""
    lines: Sequence[LineView]
    delivery: LineView | None
    taken: Sequence[Taken]
    refused: Sequence[Not]
    amount: Money | None
    discount: Money | None
    tax: Money | None
    total: Money | None
    tax_known: bool


@get(PATH, guards=GUARDS)
async def read_quoting(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    """The page with an empty basket, or with what the address brings."""
    wanted = Wanted.read(request)
    basket = Basket(lines=[(sku, 1) for sku in dict.fromkeys(wanted.sku[:MOST_LINES])])
    return page.show("quoting.html.j2", await look(page, tx, basket))


@post(PATH, guards=GUARDS, opt=READS_ONLY, status_code=HTTP_200_OK)
async def quote_basket(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    beside: NamedDependency[Database],
    actor: NamedDependency[Actor],
) -> Response[str]:
    """The basket of the form, priced. Unknown codes count as tries to guess one."""
    basket = basket_of(await request.form())
    codes, who = coupons_of(basket), f"user:{actor.id}"
    if not codes:
        return page.show("quoting.html.j2", await look(page, tx, basket))
    try:
        async with beside.transaction() as counting:
            await pricing.count_guesses(counting, who=who, tries=len(codes))
    except pricing.TooManyGuesses as refusal:
        view = await look(page, tx, msgspec.structs.replace(basket, coupons=""))
        return page.show("quoting.html.j2", msgspec.structs.replace(view, error=refusals.said_of(page, refusal)))
    view = await look(page, tx, basket)
    if good := [code for code in codes if code not in view.unknown]:
        async with beside.transaction() as counting:
            await pricing.forgive_guesses(counting, who=who, tries=len(good))
    # A wrong code is told once and put aside: it must not count again with every change of the basket.
    basket = msgspec.structs.replace(view.basket, coupons=" ".join(good))
    return page.show("quoting.html.j2", msgspec.structs.replace(view, basket=basket))


def named_with_channel(page: Page, outlet: channels.Outlet) -> str:
    channel = page.draw.channel_name(outlet.channel)
    return outlet.name if outlet.name == channel else f"{outlet.name}, {channel}"


def basket_of(form: Any) -> Basket:
    """What was sent. A line without pieces has been put back; the same article twice is one line."""
    pieces: dict[str, int] = {}
    drop = str(form.get("drop", ""))
    for sku, many in zip(form.getall("sku", []), form.getall("pieces", []), strict=False):
        written = str(many).strip()
        count = int(written[:9]) if written.isdecimal() else 1
        if count and str(sku) != drop and len(str(sku)) <= 200:
            pieces[str(sku)] = min(pieces.get(str(sku), 0) + count, 1_000_000)
    if put := str(form.get("put", ""))[:200]:
        pieces[put] = pieces.get(put, 0) + 1

    def text(name: str, most: int) -> str:
        return str(form.get(name, "")).strip()[:most]

    return Basket(
        lines=list(pieces.items())[:MOST_LINES],
        add="" if form.get("put") else text("add", 200),
        outlet=text("outlet", 60),
        groups=text("groups", 200),
        coupons=text("coupons", 300),
        delivery=text("delivery", 12),
    )


def coupons_of(basket: Basket) -> tuple[str, ...]:
    found = [one[:60] for one in basket.coupons.replace(",", " ").split()]
    return tuple(dict.fromkeys(found))[:MOST_COUPONS]


async def look(page: Page, tx: Tx, basket: Basket) -> QuotingView:
    outlets = [one for one in await channels.outlets(tx, active=True) if one.channel in SELLING]
    outlets.sort(key=lambda one: (SELLING.index(one.channel), one.name))
    outlet = next((one for one in outlets if one.code == basket.outlet), outlets[0] if outlets else None)
    basket, candidates = await put_in(tx, basket)
    known = await articles(tx, [sku for sku, _ in basket.lines])
    lists = await pricing.price_lists(tx)
    view = QuotingView(
        basket=msgspec.structs.replace(basket, outlet=outlet.code if outlet else ""),
        outlets=[(one.code, named_with_channel(page, one)) for one in outlets],
        groups=sorted({one.customer_group for one in lists if one.customer_group}),
        currency=page.settings.currency,
        candidates=candidates,
        not_found=basket.add if basket.add and not candidates else "",
        error="",
        unknown=[],
        lines=[],
        delivery=None,
        taken=[],
        refused=[],
        amount=None,
        discount=None,
        tax=None,
        total=None,
        tax_known=True,
    )
    if outlet is None or not known:
        return view
    currency = page.settings.currency
    request = pricing.QuoteRequest(
        reference=REFERENCE,
        outlet_id=outlet.outlet_id,
        channel=outlet.channel,
        currency=currency,
        groups=tuple(one.strip()[:60] for one in basket.groups.split(",") if one.strip()),
        coupons=coupons_of(basket),
        lines=tuple(
            pricing.QuoteLine(number, known[sku][1].variant_id, pieces)
            for number, (sku, pieces) in enumerate(basket.lines, 1)
            if sku in known
        ),
        delivery_minor=minor_of(basket.delivery, currency),
        country=outlet.country,
        why=True,
    )
    (answer,) = await pricing.quotes(tx, [request])
    if isinstance(answer, Refusal):
        return msgspec.structs.replace(view, error=why_none(page, answer, known))
    return msgspec.structs.replace(view, **await told(page, tx, basket, answer, known))


async def put_in(tx: Tx, basket: Basket) -> tuple[Basket, list[Candidate]]:
    """Put into the basket what was named; where several answer to it, they are shown to choose from."""
    if not basket.add:
        return basket, []
    if found := await article(tx, basket.add):
        sku = found[1].sku
        pieces = dict(basket.lines)
        pieces[sku] = pieces.get(sku, 0) + 1
        return msgspec.structs.replace(basket, lines=list(pieces.items())[:MOST_LINES], add=""), []
    products = await catalog.search(tx, words=basket.add, limit=8)
    return basket, [
        Candidate(variant.name or one.name, variant.sku, picture(one))
        for one in map(by_size, products)
        for variant in one.variants
    ][:12]


Known = Mapping[str, tuple[catalog.Product, catalog.ProductVariant]]


async def articles(tx: Tx, skus: Sequence[str]) -> Known:
    found: dict[str, tuple[catalog.Product, catalog.ProductVariant]] = {}
    for sku in skus:
        if one := await article(tx, sku):
            found[sku] = one
    return found


def minor_of(written: str, currency: str) -> int:
    """4.90 and 4,90 are 490 cents; what is no amount is nothing."""
    try:
        return max(0, min(round(float(written.replace(",", ".")) * 10 ** exponent(currency)), 10_000_000))
    except ValueError:
        return 0


def why_none(page: Page, refusal: Refusal, known: Known) -> str:
    names = {variant.variant_id: variant.name or product.name for product, variant in known.values()}
    if name := names.get(refusal.data.get("variant_id", 0)):
        return page.gettext("%(article)s has no price there: give it one in a list that applies.", article=name)
    return refusals.said_of(page, refusal)


async def told(page: Page, tx: Tx, basket: Basket, quote: pricing.Quote, known: Known) -> dict[str, Any]:
    """The quote in the reader's words."""
    currency = quote.currency
    lists = {one.code: one for one in await pricing.price_lists(tx)}
    names = {one.code: one.name for one in await pricing.promotions(tx)}
    outlets = {one.code: one.name for one in await channels.outlets(tx)}
    by_number = dict(enumerate((sku for sku, _ in basket.lines), 1))
    return {
        "lines": [line(page, one, known[by_number[one.line]], currency, lists, outlets) for one in quote.lines],
        "delivery": delivery(page, quote.delivery, currency) if quote.delivery.amount_minor else None,
        "taken": [taken(page, one, currency) for one in quote.effects],
        "unknown": [one.coupon for one in quote.refused if one.code == "unknown_coupon"],
        "refused": [not_applied(page, one, names, currency) for one in quote.refused],
        "amount": Money(quote.amount_minor, currency),
        "discount": Money(-quote.discount_minor, currency),
        "tax": Money(quote.tax_minor, currency),
        "total": Money(quote.total_minor, currency),
        "tax_known": all(one.tax_rate_millionths is not None for one in quote.lines),
    }


def line(
    page: Page,
    one: pricing.PricedLine,
    article: tuple[catalog.Product, catalog.ProductVariant],
    currency: str,
    lists: Mapping[str, pricing.PriceList],
    outlets: dict[str, str],
) -> LineView:
    product, variant = article
    reasons: list[Reason] = []
    for other in one.considered:
        found = lists[other.price_list]
        where = Markup(", ").join(bonds(page, found, outlets)) or page.gettext("every channel, every shop, everybody")
        sentence = page.gettext("list “%(name)s”: %(where)s", name=found.name, where=where)
        figure = amount(page, other.amount_minor, currency, other.per_units)
        reasons.append(("+" if other.won else "-", sentence, figure))
    for effect in one.effects:
        off = page.language.money(Money(-effect.discount_minor, currency))
        reasons.append(("+", page.gettext("promotion “%(name)s”", name=effect.name), off))
    return LineView(
        name=variant.name or product.name,
        sku=variant.sku,
        picture=picture(product),
        quantity=one.quantity,
        unit=amount(page, one.unit_price_minor, currency, one.per_units),
        was=amount(page, one.was_minor, currency, one.per_units) if one.was_minor else "",
        amount=Money(one.amount_minor, currency),
        effects=[taken(page, effect, currency) for effect in one.effects],
        total=Money(one.total_minor, currency),
        tax=tax(page, one, currency),
        reasons=reasons,
    )


def delivery(page: Page, one: pricing.PricedLine, currency: str) -> LineView:
    return LineView(
        name=page.gettext("Delivery"),
        sku="",
        picture=Picture("", "grey"),
        quantity=1,
        unit="",
        was="",
        amount=Money(one.amount_minor, currency),
        effects=[taken(page, effect, currency) for effect in one.effects],
        total=Money(one.total_minor, currency),
        tax=tax(page, one, currency),
        reasons=[],
    )


def tax(page: Page, one: pricing.PricedLine, currency: str) -> str:
    """The tax in it, or on top of it."""
    if one.tax_rate_millionths is None:
        return page.gettext("no tax known")
    rate = page.draw.percent(one.tax_rate_millionths / 1_000_000, 1 if one.tax_rate_millionths % 10_000 else 0)
    worth = page.language.money(Money(one.tax_minor, currency))
    if one.tax_included:
        return page.gettext("%(amount)s tax in it, %(rate)s", amount=worth, rate=rate)
    return page.gettext("%(amount)s tax on top, %(rate)s", amount=worth, rate=rate)


def taken(page: Page, one: pricing.Effect, currency: str) -> Taken:
    limits = [page.gettext(LIMITED[name]) for name in one.limited_by if name in LIMITED]
    return Taken(one.name, one.promotion, one.coupon or "", Money(-one.discount_minor, currency), limits)


def not_applied(page: Page, one: pricing.Declined, names: Mapping[str, str], currency: str) -> Not:
    promotion = names.get(one.promotion or "", "")
    code = one.coupon or one.promotion or ""
    return Not(promotion, code, declined(page, one, currency))


section = Section(routes=[read_quoting, quote_basket])
