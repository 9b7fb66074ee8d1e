"""Prices: the lists, and what one article costs in each, on each channel, for each group, now and later."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from markupsafe import Markup

from comptoir import catalog, channels, pricing
from comptoir.console.channels import CHANNELS
from comptoir.console.console import Section
from comptoir.console.drawing import Reason
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.availability import Article, article, shown
from comptoir.console.pages.goods import SELLING, Picture, by_size, picture
from comptoir.console.pages.price_why import amount, bonds, period, standing
from comptoir.console.rooms import enter
from comptoir.kernel.auth import allow
from comptoir.kernel.db import Tx
from comptoir.kernel.money import Money

PATH = "/prices"
CANDIDATES = 12
GUARDS = [*enter("prices"), allow("catalog:read")]


class Wanted(Asked, frozen=True, kw_only=True):
    sku: str = ""
    """A SKU; or words, a code, a barcode, to choose from."""


class ListRow(msgspec.Struct, frozen=True):
    """One price list, and the article's price in it where one is chosen."""

    code: str
    name: str
    currency: str
    tax_included: bool
    bonds: Sequence[str]
    period: str
    standing: tuple[str, str, str]
    priority: int
    price: str
    was: str
    changed_at: datetime | None


class Winner(msgspec.Struct, frozen=True):
    """What the article costs at one place."""

    channel: str
    outlet: str
    """Code of an outlet with a list of its own; empty: the whole channel."""
    outlet_name: str
    price: Money | None
    per_units: int
    was: Money | None
    list_name: str
    groups: Sequence[tuple[str, Money, str]]
    """Groups for whom it is something else: name, price, list."""
    usual: bool
    """It costs what it costs most everywhere."""
    reasons: Sequence[Reason]


class Candidate(msgspec.Struct, frozen=True):
    name: str
    sub: str
    picture: Picture
    href: str


class PricesView(msgspec.Struct, frozen=True):
    wanted: Wanted
    article: Article | None
    candidates: Sequence[Candidate]
    lists: Sequence[ListRow]
    winners: Sequence[Winner]
    differs: bool


@get(PATH, guards=GUARDS)
async def read_prices(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    """The lists, or one article in all of them."""
    wanted = Wanted.read(request)
    found = await article(tx, wanted.sku) if wanted.sku else None
    outlets = {one.code: one for one in await channels.outlets(tx, active=True)}
    names = {code: one.name for code, one in outlets.items()}
    listed: list[pricing.Listed] = []
    candidates: list[Candidate] = []
    if found:
        listed = (await pricing.listed(tx, [found[1].variant_id])).get(found[1].variant_id, [])
    elif wanted.sku:
        products = await catalog.search(tx, words=wanted.sku, limit=CANDIDATES)
        candidates = [
            Candidate(variant.name or one.name, variant.sku, picture(one), wanted.url(PATH, sku=variant.sku))
            for one in map(by_size, products)
            for variant in one.variants
        ][:CANDIDATES]
    by_list = {one.list.code: one for one in listed}
    lists = await pricing.price_lists(tx)
    if found:
        lists = [one.list for one in listed]
    places = winners(page, listed, outlets) if found else []
    view = PricesView(
        wanted=wanted,
        article=shown(*found) if found else None,
        candidates=candidates,
        lists=[list_row(page, one, by_list.get(one.code), names) for one in lists],
        winners=places,
        differs=any(not one.usual or one.groups for one in places),
    )
    return page.show("prices.html.j2", view)


def list_row(page: Page, found: pricing.PriceList, listed: pricing.Listed | None, names: dict[str, str]) -> ListRow:
    price, was = "", ""
    if listed:
        price = amount(page, listed.price.amount_minor, found.currency, listed.price.per_units)
        if listed.price.was_minor:
            was = amount(page, listed.price.was_minor, found.currency, listed.price.per_units)
    return ListRow(
        code=found.code,
        name=found.name,
        currency=found.currency,
        tax_included=found.tax_included,
        bonds=bonds(page, found, names),
        period=period(page, found),
        standing=standing(page, found),
        priority=found.priority,
        price=price,
        was=was,
        changed_at=listed.changed_at if listed else None,
    )


def winners(page: Page, listed: Sequence[pricing.Listed], outlets: dict[str, channels.Outlet]) -> list[Winner]:
    """What it costs now on each channel that sells, and in each outlet with a list of its own."""
    currency = page.settings.currency
    groups = sorted({one.list.customer_group for one in listed if one.live and one.list.customer_group})
    sold = [key for key in CHANNELS if key in SELLING and any(one.channel == key for one in outlets.values())]
    own = sorted({one.list.outlet for one in listed if one.live and one.list.outlet and one.list.outlet in outlets})
    places = [(channel, "") for channel in sold] + [(outlets[code].channel, code) for code in own]
    usual = pricing.common_price(listed, currency)
    return [
        winner(page, listed, channel, outlets.get(code), groups, usual)
        for channel, code in sorted(places, key=lambda one: (list(CHANNELS).index(one[0]), one[1]))
    ]


def winner(
    page: Page,
    listed: Sequence[pricing.Listed],
    channel: str,
    outlet: channels.Outlet | None,
    groups: Sequence[str],
    usual: pricing.CommonPrice | None,
) -> Winner:
    currency = page.settings.currency
    outlet_id = outlet.outlet_id if outlet else None
    won = pricing.price_at(listed, currency=currency, channel=channel, outlet_id=outlet_id)
    apart: list[tuple[str, Money, str]] = []
    for group in groups:
        theirs = pricing.price_at(listed, currency=currency, channel=channel, outlet_id=outlet_id, groups=[group])
        if theirs and (won is None or theirs.price.amount_minor != won.price.amount_minor):
            apart.append((group, Money(theirs.price.amount_minor, currency), theirs.list.name))
    names = {outlet.code: outlet.name} if outlet else {}
    reasons: list[Reason] = []
    for one in listed:
        held = one.live and one.list.currency == currency
        if not held or one.list.channel not in {None, channel} or one.list.outlet_id not in {None, outlet_id}:
            continue
        where = Markup(", ").join(bonds(page, one.list, names)) or page.gettext("every channel, every shop, everybody")
        sentence = page.gettext("list “%(name)s”: %(where)s", name=one.list.name, where=where)
        figure = amount(page, one.price.amount_minor, currency, one.price.per_units)
        reasons.append(("+" if one is won else "=" if one.list.customer_group else "-", sentence, figure))
    same = bool(won and usual and won.price.amount_minor == usual.amount_minor)
    return Winner(
        channel=channel,
        outlet=outlet.code if outlet else "",
        outlet_name=outlet.name if outlet else "",
        price=Money(won.price.amount_minor, currency) if won else None,
        per_units=won.price.per_units if won else 1,
        was=Money(won.price.was_minor, currency) if won and won.price.was_minor else None,
        list_name=won.list.name if won else "",
        groups=apart,
        usual=same,
        reasons=reasons,
    )


section = Section(routes=[read_prices])
