"""Availability explained: who can give me this, how and when; and for each place that cannot, why not."""

import math
from collections.abc import Sequence
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from comptoir import catalog, inventory
from comptoir.console.console import Section
from comptoir.console.drawing import Reason
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.goods import SELLING, Picture, Spot, by_size, picture, short_name, spot, when
from comptoir.console.pages.stock_why import ready_reasons
from comptoir.console.rooms import enter
from comptoir.kernel.auth import allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid

PATH = "/availability"
CANDIDATES = 12
ANYWHERE = "any"
PLACES = 20
"""Of those that can, and of those that cannot, before the others are asked for."""

Method = Literal["collect", "ship", "transfer"]
SellingChannel = Literal["web", "app", "market", "phone", "shop"]
METHODS: dict[str, str] = {
    "collect": N_("collect"),
    "ship": N_("sent to her"),
    "transfer": N_("sent to another place"),
}
ICONS = {"collect": "walk", "ship": "truck", "transfer": "arrows-exchange"}
WHY_NOT: dict[str, tuple[str, str]] = {
    "inactive": (N_("closed for good"), "ban"),
    "gives_nothing": (N_("gives nothing to customers"), "ban"),
    "method": (N_("does not offer this way"), "ban"),
    "nothing": (N_("has none to sell"), "minus"),
    "promised": (N_("all are promised already"), "hand-stop"),
    "safety": (N_("only its safety stock is left"), "shield-check"),
    "fence": (N_("kept for another channel"), "filter"),
    "doubted": (N_("in doubt since the last count"), "alert-triangle"),
    "threshold": (N_("the last ones, which this channel does not offer"), "filter"),
    "too_few": (N_("too few"), "minus"),
    "no_position": (N_("nobody knows where it is"), "map-pin"),
    "too_far": (N_("too far"), "map-pin"),
}


class Wanted(Asked, frozen=True, kw_only=True):
    """The question, as the address says it."""

    sku: str = ""
    """A SKU; or words, a code, a barcode, to choose from."""
    quantity: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    channel: SellingChannel = "web"
    method: Method | None = None
    near: str = ""
    """Code of a location, or a position: 45.7578,4.8320; `any`: wherever. Unsaid: her own shop, if she has one."""
    km: Annotated[int, msgspec.Meta(ge=1, le=20_000)] | None = None
    places: Literal["", "all"] = ""
    """Those that answer best, or every place."""


class Candidate(msgspec.Struct, frozen=True):
    name: str
    sub: str
    picture: Picture
    href: str


class Ready(msgspec.Struct, frozen=True):
    icon: str
    words: str
    day: str
    clock: str


class Can(msgspec.Struct, frozen=True):
    spot: Spot
    units: int
    km: float | None
    ready: Sequence[Ready]
    title: str
    reasons: Sequence[Reason]


class Cannot(msgspec.Struct, frozen=True):
    spot: Spot
    km: float | None
    why: Sequence[tuple[str, str]]
    """In words, each with its icon."""
    sellable: int
    free: int
    title: str
    reasons: Sequence[Reason]


class Sum(msgspec.Struct, frozen=True):
    """One step from what lies there to what may be offered."""

    words: str
    pieces: int


class Article(msgspec.Struct, frozen=True):
    name: str
    size: str
    sku: str
    picture: Picture
    href: str


class AvailabilityView(msgspec.Struct, frozen=True):
    wanted: Wanted
    href: str
    article: Article | None
    candidates: Sequence[Candidate]
    sentence: str
    can: Sequence[Can]
    can_left: int
    """Which can too, not shown."""
    cannot: Sequence[Cannot]
    refuse: int
    """How many cannot."""
    empty: int
    """Of those that cannot, how many have none at all; they are not shown unless asked for."""
    all_places: str
    sums: Sequence[Sum]
    offered: int
    channels: Sequence[tuple[str, str]]
    methods: Sequence[tuple[str, str]]
    places: Sequence[tuple[str, str]]
    position: str
    """Where it names no location."""
    away: bool
    """Whether distances are known."""
    pulse: str


@get(PATH, guards=[*enter("stock"), allow("catalog:read")])
async def read_availability(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    """The question and its answer; the answer alone when htmx asks for `#asked` or `#moving`."""
    wanted = Wanted.read(request)
    if not wanted.near and page.viewer.outlet_id is not None:  # she asks at her own counter
        here = [one for one in await inventory.locations(tx) if one.outlet_id == page.viewer.outlet_id]
        wanted = msgspec.structs.replace(wanted, near=here[0].code if here and here[0].latitude is not None else "")
    return page.show("availability.html.j2", await look(page, tx, wanted))


async def look(page: Page, tx: Tx, wanted: Wanted) -> AvailabilityView:
    places = await inventory.locations(tx)
    near = position(wanted.near, places)
    found = await article(tx, wanted.sku) if wanted.sku else None
    explained: inventory.Explanation | None = None
    if found:
        question = inventory.Question(
            variant_id=found[1].variant_id,
            quantity=wanted.quantity,
            channel=wanted.channel,
            method=wanted.method,
            latitude=near[0] if near else None,
            longitude=near[1] if near else None,
            km=wanted.km if near and wanted.km else math.inf,
        )
        explained = await inventory.explain(tx, question)
    candidates: list[Candidate] = []
    if not found:
        products = [by_size(one) for one in await catalog.search(tx, words=wanted.sku, limit=CANDIDATES)]
        candidates = [candidate(wanted, one, variant) for one in products for variant in one.variants][:CANDIDATES]
    named = {one.code for one in places}
    giving = explained.can if explained else []
    refusing = [one for one in explained.cannot if matters(one)] if explained else []
    telling = refusing if wanted.places == "all" else [one for one in refusing if says_something(one)]
    shown_can = giving if wanted.places == "all" else giving[:PLACES]
    shown_cannot = telling if wanted.places == "all" else telling[:PLACES]
    return AvailabilityView(
        wanted=wanted,
        href=wanted.url(PATH),
        article=shown(*found) if found else None,
        candidates=candidates,
        sentence=sentence(page, wanted, explained) if explained else "",
        can=[can(page, one) for one in shown_can],
        can_left=len(giving) - len(shown_can),
        cannot=[cannot(page, wanted, one) for one in shown_cannot],
        refuse=len(refusing),
        empty=len(refusing) - len(telling),
        all_places=wanted.url(PATH, places="all"),
        sums=sums(page, explained) if explained else [],
        offered=explained.offered if explained else 0,
        channels=[(key, page.draw.channel_name(key)) for key in SELLING],
        methods=[(key, page.gettext(METHODS[key])) for key in get_args(Method)],
        places=[(one.code, one.name) for one in places if one.latitude is not None],
        position="" if wanted.near in named | {ANYWHERE} else wanted.near,
        away=near is not None,
        pulse=await inventory.newest_entry(tx),
    )


def position(near: str, places: Sequence[inventory.Location]) -> tuple[float, float] | None:
    """Where the customer stands: at a location of ours, or at degrees north and east."""
    if near in {"", ANYWHERE}:
        return None
    for one in places:
        if one.code == near and one.latitude is not None and one.longitude is not None:
            return one.latitude, one.longitude
    try:
        north, east = (float(part) for part in near.split(","))
    except ValueError as error:
        raise Invalid("Name a location, or degrees north and east: 45.76,4.83.", near=near) from error
    if not (-90 <= north <= 90 and -180 <= east <= 180):
        raise Invalid("There is no such place on Earth.", near=near)
    return north, east


async def article(tx: Tx, sku: str) -> tuple[catalog.Product, catalog.ProductVariant] | None:
    """The article with exactly this SKU; else the only one that a barcode or words name; None where several do."""
    products = await catalog.search(tx, words=sku, limit=2)
    for product in products:
        for variant in product.variants:
            if variant.sku == sku.strip():
                return product, variant
    if len(products) == 1:
        by_code = [one for one in products[0].variants if (one.gtin or "-").lstrip("0") == sku.strip().lstrip("0")]
        if len(several := by_code or products[0].variants) == 1:
            return products[0], several[0]
    return None


def shown(product: catalog.Product, variant: catalog.ProductVariant) -> Article:
    size = short_name(product, variant) if len(product.variants) > 1 else ""
    href = f"/products/{product.product_id}?variant={variant.variant_id}"
    return Article(product.name, size, variant.sku, picture(product), href)


def candidate(wanted: Wanted, product: catalog.Product, variant: catalog.ProductVariant) -> Candidate:
    name = variant.name or product.name
    return Candidate(name, variant.sku, picture(product), wanted.url(PATH, sku=variant.sku))


def sentence(page: Page, wanted: Wanted, explained: inventory.Explanation) -> str:
    """The answer in one line."""
    number = page.draw.number
    if not explained.can:
        if explained.offered >= wanted.quantity:
            return page.gettext("No place by itself can give %(n)s.", n=number(wanted.quantity))
        return page.gettext("No place can give it now.")
    wanted_pieces = number(wanted.quantity)
    return page.ngettext(
        "One place can give %(wanted)s.",
        "%(n)s places can give %(wanted)s.",
        len(explained.can),
        wanted=wanted_pieces,
    )


def matters(one: inventory.Explained) -> bool:
    """Returns in quarantine and goods under way are no place to ask, unless something to be sold lies there."""
    return bool(one.location.methods) or one.sellable > 0


def says_something(one: inventory.Explained) -> bool:
    """More than that nothing lies there: of a house with hundreds of shops, most say no more than that."""
    return one.refused != ("nothing",) or one.sellable > 0 or bool(one.held or one.allocated or one.own_fence)


def can(page: Page, one: inventory.Explained) -> Can:
    zone = ZoneInfo(one.location.time_zone)
    ready = [
        Ready(ICONS[method], page.gettext(METHODS[method]), *when(page, at, zone))
        for method, at in sorted(one.ready.items(), key=lambda pair: pair[1])
    ]
    title = page.gettext("%(n)s from %(place)s", n=page.draw.number(one.units), place=one.location.name)
    return Can(spot(page, one.location, one.outlet), one.units, one.km, ready, title, ready_reasons(page, one))


def cannot(page: Page, wanted: Wanted, one: inventory.Explained) -> Cannot:
    gettext, number = page.gettext, page.draw.number
    free = max(0, one.free)
    why: list[tuple[str, str]] = []
    for reason in one.refused:
        words, icon = WHY_NOT[reason]
        said = gettext(words)
        if reason == "too_few":
            said = page.ngettext(
                "only one, and %(wanted)s are wanted",
                "only %(n)s, and %(wanted)s are wanted",
                free,
                wanted=number(wanted.quantity),
            )
        elif reason == "method" and wanted.method:
            said = gettext("does not offer “%(method)s”", method=gettext(METHODS[wanted.method]))
        elif reason == "too_far" and one.km is not None:
            said = gettext("%(km)s km away", km=number(one.km))
        why.append((said, icon))
    reasons = ready_reasons(page, one)
    if one.free < 0:
        reasons.append(("-", gettext("promised or kept back beyond what lies there"), number(-one.free)))
    channel = page.draw.channel_name(wanted.channel)
    reasons.append(("=", gettext("may be promised there, %(channel)s", channel=channel), number(free)))
    title = gettext("Not from %(place)s", place=one.location.name)
    return Cannot(spot(page, one.location, one.outlet), one.km, why, one.sellable, free, title, reasons)


def sums(page: Page, explained: inventory.Explanation) -> list[Sum]:
    """From what lies there to what the channel may offer: each step takes what there is to take, so it adds up."""
    gettext = page.gettext
    giving = [one for one in explained.places if one.location.active and one.location.methods]
    taken = {"held": 0, "allocated": 0, "safety": 0, "fenced": 0, "doubted": 0}
    for one in giving:
        left = one.sellable
        for name in taken:
            part = min(max(left, 0), getattr(one, name))
            taken[name] += part
            left -= part
    words = {
        "held": gettext("held for baskets"),
        "allocated": gettext("committed to orders"),
        "safety": gettext("safety stock"),
        "fenced": gettext("kept for other channels"),
        "doubted": gettext("in doubt since the last count"),
    }
    steps = [Sum(gettext("lie to be sold"), sum(max(0, one.sellable) for one in giving))]
    steps += [Sum(words[name], -pieces) for name, pieces in taken.items() if pieces]
    free = sum(max(0, one.free) for one in giving)
    if free > explained.offered:
        steps.append(Sum(gettext("the last ones, which this channel does not offer"), explained.offered - free))
    return steps


section = Section(routes=[read_availability])
