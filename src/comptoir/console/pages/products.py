"""Products: by name, SKU, barcode or category; what each costs, how many there are and which shops have it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from comptoir import catalog, inventory, pricing
from comptoir.console.console import Section
from comptoir.console.language import N_
from comptoir.console.live import Topic
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.goods import Picture, known_locations, picture
from comptoir.console.palette import Found as Answer
from comptoir.console.palette import PaletteSource
from comptoir.console.rooms import enter
from comptoir.kernel.auth import allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid
from comptoir.kernel.http.pages import cursor_of, place_of
from comptoir.kernel.money import Money

PATH = "/products"
ROWS = 25
LONGEST_TRAIL = 40
FIRST = "-"
"""Stands for the first page in a trail."""
SHOWN_PLACES = 4
STANDINGS: dict[str, str] = {
    "free": N_("can be sold"),
    "short": N_("more promised than there is"),
}


class Wanted(Asked, frozen=True, kw_only=True):
    """What is looked for, as the address says it."""

    q: str = ""
    category: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None = None
    at: str = ""
    """Code of a location."""
    standing: Literal["free", "short"] | None = None
    after: str = ""
    trail: tuple[str, ...] = ()
    """Cursors of the pages before this one; the way back."""

    def first_page(self, **changes: object) -> str:
        return self.url(PATH, after="", trail=(), **changes)


class Clause(msgspec.Struct, frozen=True):
    """One filter that holds."""

    key: str
    value: str
    without: str
    """The address of the view without it."""
    fewer: Wanted


class Row(msgspec.Struct, frozen=True):
    href: str
    name: str
    sub: str
    picture: Picture
    price: Money | None
    """The least of its variants."""
    per_units: int
    from_price: bool
    """Variants do not cost the same."""
    was: Money | None
    differs: bool
    free: int
    promised: int
    missing: int
    places: Sequence[tuple[str, str]]
    """Code and name of those that have it, most first."""
    more_places: int


class Advice(msgspec.Struct, frozen=True):
    """Which clause to drop when nothing fits."""

    clause: Clause
    count: int


class ProductsView(msgspec.Struct, frozen=True):
    wanted: Wanted
    href: str
    clauses: Sequence[Clause]
    rows: Sequence[Row]
    count: int
    everything: int
    first: int
    before: str
    after: str
    advice: Advice | None
    categories: Sequence[tuple[str, str]]
    places: Sequence[tuple[str, str]]
    pulse: str
    may_price: bool
    short: int
    """Articles that are promised beyond what lies there."""


@get(PATH, guards=[*enter("stock"), allow("catalog:read")])
async def read_products(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    """The list, or a part of it when htmx asks for `#found` or `#moving`."""
    wanted = Wanted.read(request)
    places = {one.code: one for one in await known_locations(tx)}
    if wanted.at and wanted.at not in places:
        raise Invalid("No location has this code.", at=wanted.at)
    tree = await catalog.category_tree(tx)
    paths = {one.category_id: one.path for one in tree}
    found, count = await seek(tx, wanted, places, limit=ROWS + 1)
    everything = await catalog.how_many(tx)
    clauses = clauses_of(page, wanted, paths, places)
    view = ProductsView(
        wanted=wanted,
        href=wanted.url(PATH),
        clauses=clauses,
        rows=await rows_of(page, tx, found[:ROWS], places.values()),
        count=count,
        everything=everything,
        first=len(wanted.trail) * ROWS + 1,
        before=page_before(wanted),
        after=page_after(wanted, found),
        advice=None if found or not everything else await advise(tx, clauses, places),
        categories=[(str(one.category_id), "\u2003" * (len(one.path) - 1) + one.path[-1]) for one in tree],
        places=[(one.code, one.name) for one in places.values()],
        pulse=await inventory.newest_entry(tx),
        may_price=page.viewer.may("pricing:read"),
        short=len(await inventory.in_stock(tx, standing="short")),
    )
    return page.show("products.html.j2", view)


async def seek(
    tx: Tx, wanted: Wanted, places: Mapping[str, inventory.Location], *, limit: int
) -> tuple[list[catalog.Product], int]:
    """A page of products and how many there are in all. Where stock is asked for, inventory says which articles."""
    among: list[int] | None = None
    if wanted.at or wanted.standing:
        place = places[wanted.at].location_id if wanted.at else None
        among = await inventory.in_stock(tx, location_id=place, standing=wanted.standing or "free")
    after = place_of(wanted.after, str, int)
    found: list[catalog.Product] = []
    if limit:
        found = await catalog.search(
            tx, words=wanted.q, category_id=wanted.category, among=among, after=after, limit=limit
        )
    return found, await catalog.how_many(tx, words=wanted.q, category_id=wanted.category, among=among)


async def advise(tx: Tx, clauses: Sequence[Clause], places: Mapping[str, inventory.Location]) -> Advice | None:
    """The one clause without which most would be found; None where no single one is to blame."""
    counted = [(await seek(tx, clause.fewer, places, limit=0))[1] for clause in clauses]
    best = max(range(len(clauses)), key=counted.__getitem__, default=None)
    return Advice(clauses[best], counted[best]) if best is not None and counted[best] else None


def clauses_of(
    page: Page, wanted: Wanted, paths: Mapping[int, Sequence[str]], places: Mapping[str, inventory.Location]
) -> list[Clause]:
    """The filters in words, each with the view that lacks it."""
    gettext = page.gettext

    def clause(key: str, value: str, **changes: object) -> Clause:
        fewer = msgspec.structs.replace(wanted, after="", trail=(), **changes)
        return Clause(key, value, wanted.first_page(**changes), fewer)

    clauses: list[Clause] = []
    if wanted.q:
        clauses.append(clause(gettext("Called or numbered"), page.gettext("“%(words)s”", words=wanted.q), q=""))
    if wanted.category:
        path = paths.get(wanted.category, [str(wanted.category)])
        clauses.append(clause(gettext("Category"), " / ".join(path), category=None))
    if wanted.at:
        clauses.append(clause(gettext("Lies in"), places[wanted.at].name, at=""))
    if wanted.standing:
        clauses.append(clause(gettext("Stock"), gettext(STANDINGS[wanted.standing]), standing=None))
    return clauses


async def rows_of(
    page: Page, tx: Tx, found: Sequence[catalog.Product], locations: Iterable[inventory.Location]
) -> list[Row]:
    variants = [variant.variant_id for product in found for variant in product.variants]
    stock: defaultdict[int, list[inventory.Standing]] = defaultdict(list)
    for one in await inventory.stock_of(tx, variants):
        stock[one.variant_id].append(one)
    prices: dict[int, pricing.CommonPrice] = {}
    if page.viewer.may("pricing:read"):
        prices = await pricing.common_prices(tx, variants, currency=page.settings.currency)
    places = {one.location_id: one for one in locations}
    return [row(page, product, stock, prices, places) for product in found]


def row(
    page: Page,
    product: catalog.Product,
    stock: Mapping[int, Sequence[inventory.Standing]],
    prices: Mapping[int, pricing.CommonPrice],
    places: Mapping[int, inventory.Location],
) -> Row:
    here = [one for variant in product.variants for one in stock.get(variant.variant_id, ())]
    selling = [one for one in here if places[one.location_id].active and places[one.location_id].methods]
    by_place: defaultdict[int, int] = defaultdict(int)
    for one in selling:
        by_place[one.location_id] += one.free
    having = sorted((id_ for id_, free in by_place.items() if free), key=lambda id_: (-by_place[id_], places[id_].code))
    cost = [price for variant in product.variants if (price := prices.get(variant.variant_id))]
    least = min(cost, key=lambda one: one.amount_minor / one.per_units, default=None)
    sizes = len(product.variants)
    about = [product.code]
    if sizes > 1:
        about.append(page.ngettext("one variant", "%(n)s variants", sizes))
    if product.category:
        about.append(product.category[-1])
    return Row(
        href=f"{PATH}/{product.product_id}",
        name=product.name,
        sub=", ".join(about),
        picture=picture(product),
        price=Money(least.amount_minor, least.currency) if least else None,
        per_units=least.per_units if least else 1,
        from_price=len({(one.amount_minor, one.per_units) for one in cost}) > 1,
        was=Money(least.was_minor, least.currency) if least and least.was_minor else None,
        differs=any(one.differs for one in cost),
        free=sum(one.free for one in selling),
        promised=sum(one.held + one.allocated for one in here),
        missing=sum(one.missing for one in here),
        places=[(places[id_].code, places[id_].name) for id_ in having[:SHOWN_PLACES]],
        more_places=max(0, len(having) - SHOWN_PLACES),
    )


def page_before(wanted: Wanted) -> str:
    if not wanted.trail:
        return ""
    *trail, last = wanted.trail
    return wanted.url(PATH, after="" if last == FIRST else last, trail=tuple(trail))


def page_after(wanted: Wanted, found: Sequence[catalog.Product]) -> str:
    if len(found) <= ROWS:
        return ""
    last = found[ROWS - 1]
    trail = (*wanted.trail, wanted.after or FIRST)
    return wanted.url(PATH, after=cursor_of(last.search_name, last.product_id), trail=trail[-LONGEST_TRAIL:])


class PulseView(msgspec.Struct, frozen=True):
    pulse: str


async def draw_pulse(page: Page, tx: Tx) -> str:
    """Told to every page that shows stock: something moved, ask for your `#moving` again. It is one on all of them."""
    return page.draw_part("products.html.j2", "stock_pulse", PulseView(await inventory.newest_entry(tx)))


async def find_products(page: Page, tx: Tx, question: str) -> list[Answer]:
    """For the palette: by a part of the name, or by a number."""
    return [
        Answer(
            href=f"{PATH}/{one.product_id}",
            title=one.name,
            sub=", ".join([one.code, *(one.category or [])[-1:]]),
            picture=page.draw.product(picture(one).kind, picture(one).cloth),
        )
        for one in await catalog.search(tx, words=question, limit=6)
    ]


section = Section(
    routes=[read_products],
    topics=[Topic("stock.pulse", "stock", draw_pulse, every=1.0)],
    palette=[PaletteSource(N_("Products"), "stock", find_products)],
)
