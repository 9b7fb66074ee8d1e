"""One product: where its variants lie, what each channel is told, why; the story of one of them at a place."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from comptoir import catalog, channels, inventory, pricing
from comptoir.console.console import Section
from comptoir.console.drawing import Reason
from comptoir.console.page import Page
from comptoir.console.pages import stock_chart, stock_story
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.goods import (
    SELLING,
    Picture,
    Spot,
    actors,
    attributes_of,
    by_size,
    known_places,
    picture,
    short_name,
    spot,
)
from comptoir.console.pages.price_why import price_reasons
from comptoir.console.pages.said import last_said
from comptoir.console.pages.stock_why import ChannelRow, Promise, channel_row, promises, state_reasons
from comptoir.console.rooms import enter
from comptoir.kernel.auth import allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid, NotFound
from comptoir.kernel.money import Money

PATH = "/products"
LINES = 30
"""Of a story, on one page."""
PLACES = 20
"""Of those where it lies, before the others are asked for."""

Places = Mapping[int, tuple[inventory.Location, channels.Outlet | None]]


class Wanted(Asked, frozen=True, kw_only=True):
    variant: Annotated[int, msgspec.Meta(ge=1, lt=2**62)] | None = None
    at: str = ""
    """Code of the location whose story is told; empty: where most happened."""
    before: Annotated[int, msgspec.Meta(ge=1, lt=2**62)] | None = None
    """The story from before this entry."""
    places: Literal["", "all"] = ""
    """Those where it lies, the first of them; or every place."""


class Chip(msgspec.Struct, frozen=True):
    """One variant to choose."""

    variant_id: int
    name: str
    sku: str
    href: str
    on: bool


class Cell(msgspec.Struct, frozen=True):
    """What may be promised of one variant at one place. `kind`: ok, last, hold, in, none."""

    free: int
    promised: int
    kind: str
    on: bool
    missing: int = 0


class PlaceRow(msgspec.Struct, frozen=True):
    spot: Spot
    cells: Sequence[Cell]
    free: int
    sells: bool
    """Goods leave it for customers."""


class StateRow(msgspec.Struct, frozen=True):
    spot: Spot
    stock: inventory.Standing
    counted: datetime | None
    href: str
    on: bool
    reasons: Sequence[Reason]
    keep: str
    """Where it is corrected and kept back."""


class ProductView(msgspec.Struct, frozen=True):
    wanted: Wanted
    href: str
    product_id: int
    name: str
    code: str
    about: Sequence[str]
    picture: Picture
    category: Sequence[str]
    gtin: str
    sku: str
    variant_id: int
    size: str
    """What tells the chosen variant from the others; its SKU where it is the only one."""
    chips: Sequence[Chip]
    price: Money | None
    per_units: int
    was: Money | None
    price_why: Sequence[Reason]
    places: Sequence[PlaceRow]
    sums: Sequence[int]
    places_left: int
    """Where it lies too, not shown."""
    places_empty: int
    """Which sell and have none, not shown."""
    all_places: str
    states: Sequence[StateRow]
    states_left: int
    """Places of it that are not shown."""
    free: int
    """Of the chosen variant, at all places."""
    total: inventory.Standing
    channels: Sequence[ChannelRow]
    promises: Sequence[Promise]
    availability: str
    keeping: str
    may_keep: bool
    short: Sequence[tuple[Spot, inventory.Standing]]
    pulse: str
    here: Spot | None
    here_code: str
    here_options: Sequence[tuple[str, str]]
    chart: stock_chart.Chart | None
    story: Sequence[stock_story.Told]
    older: str
    newest: str


@get(f"{PATH}/{{product_id:int}}", guards=[*enter("stock"), allow("catalog:read")])
async def read_product(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], product_id: FromPath[int]
) -> Response[str]:
    """The whole page, or `#moving` when something has moved."""
    said = last_said(request, page)
    if product_id >= 2**62:
        raise NotFound
    wanted = Wanted.read(request)
    product = by_size(await catalog.product(tx, product_id=product_id))
    return said(page.show("product.html.j2", await look(page, tx, wanted, product)))


async def look(page: Page, tx: Tx, wanted: Wanted, product: catalog.Product) -> ProductView:
    base = f"{PATH}/{product.product_id}"
    chosen = choose(wanted, product)
    places = await known_places(tx)
    stock = {
        (one.variant_id, one.location_id): one
        for one in await inventory.stock_of(tx, [one.variant_id for one in product.variants])
    }
    mine = {place: one for (variant, place), one in stock.items() if variant == chosen.variant_id}
    own = next((id_ for id_, (one, _) in places.items() if one.outlet_id and one.outlet_id == page.viewer.outlet_id), 0)
    here = story_place(wanted, places, mine, own)
    listed = (await pricing.listed(tx, [chosen.variant_id])).get(chosen.variant_id, [])
    price = pricing.common_price(listed, page.settings.currency) if page.viewer.may("pricing:read") else None
    entries = (
        await inventory.story(tx, variant_id=chosen.variant_id, location_id=here, before=wanted.before, limit=LINES + 1)
        if here
        else []
    )
    chart = None
    if here and (mine[here].on_hand or entries):
        since = tx.now - stock_chart.SPAN
        levels = await inventory.levels(
            tx, variant_id=chosen.variant_id, location_id=here, since=since, step=stock_chart.STEP
        )
        chart = stock_chart.chart(levels, since=since, now=tx.now, zone=page.frame.zone, language=page.language)
    size = short_name(product, chosen)
    questions = [inventory.Question(variant_id=chosen.variant_id, channel=channel) for channel in SELLING]
    told = list(zip(SELLING, await inventory.explain_each(tx, questions), strict=True))
    standing = place_rows(product, chosen, places, stock)
    rows = standing if wanted.places == "all" else foremost(standing, own)
    having = sum(one.has for one in standing)
    return ProductView(
        wanted=wanted,
        href=wanted.url(base),
        product_id=product.product_id,
        name=product.name,
        code=product.code,
        about=about(product),
        picture=picture(product),
        category=product.category or [],
        gtin=(chosen.gtin or "").lstrip("0"),
        sku=chosen.sku,
        variant_id=chosen.variant_id,
        size=size if len(product.variants) > 1 else chosen.sku,
        chips=[
            Chip(
                one.variant_id,
                short_name(product, one),
                one.sku,
                wanted.url(base, variant=one.variant_id, before=None),
                one.variant_id == chosen.variant_id,
            )
            for one in product.variants
        ]
        if len(product.variants) > 1
        else [],
        price=Money(price.amount_minor, price.currency) if price else None,
        per_units=price.per_units if price else 1,
        was=Money(price.was_minor, price.currency) if price and price.was_minor else None,
        price_why=price_reasons(page, listed, page.settings.currency) if price else [],
        places=[PlaceRow(spot(page, *places[one.place]), one.cells, one.free, one.sells) for one in rows],
        sums=[sum(row.cells[column].free for row in standing if row.sells) for column in range(len(product.variants))],
        places_left=having - sum(one.has for one in rows),
        places_empty=len(standing) - len(rows) - having + sum(one.has for one in rows),
        all_places=wanted.url(base, places="all"),
        states_left=0 if wanted.places == "all" else max(0, len(mine) - PLACES),
        free=sum(one.free for one in mine.values()),
        states=[
            StateRow(
                spot(page, *places[place]),
                one,
                None,
                wanted.url(base, at=places[place][0].code, before=None),
                place == here,
                state_reasons(page, one),
                wanted.url(f"{base}/keeping", variant=chosen.variant_id, at=places[place][0].code, before=None),
            )
            for place, one in foremost_states(mine, places, here, everywhere=wanted.places == "all")
        ],
        total=together(chosen.variant_id, mine.values()),
        channels=[channel_row(page, channel, explained) for channel, explained in told],
        promises=promises(page, told[0][1]),
        availability=f"/availability?sku={chosen.sku}",
        keeping=wanted.url(f"{base}/keeping", variant=chosen.variant_id, before=None),
        may_keep=page.viewer.may("inventory:write"),
        short=[(spot(page, places[one.location_id][0]), one) for one in mine.values() if one.missing],
        pulse=await inventory.newest_entry(tx),
        here=spot(page, *places[here]) if here else None,
        here_code=places[here][0].code if here else "",
        here_options=[(places[place][0].code, places[place][0].name) for place in places if place in mine],
        chart=chart,
        story=stock_story.tell(page, entries[:LINES], places, await actors(tx), here=here),
        older=wanted.url(base, at=places[here][0].code, before=entries[LINES - 1].entry_id)
        if len(entries) > LINES
        else "",
        newest=wanted.url(base, before=None) if wanted.before else "",
    )


def choose(wanted: Wanted, product: catalog.Product) -> catalog.ProductVariant:
    if wanted.variant is None:
        return product.variants[len(product.variants) // 2 - (len(product.variants) % 2 == 0)]
    for one in product.variants:
        if one.variant_id == wanted.variant:
            return one
    raise NotFound("The product has no such variant.", variant=wanted.variant)


def story_place(wanted: Wanted, places: Places, mine: Mapping[int, inventory.Standing], own: int = 0) -> int:
    """The location asked for, else her own shop, else the first shop that has or had some, else any.

    0 where there never was one.
    """
    if wanted.at:
        found = next((id_ for id_, (one, _) in places.items() if one.code == wanted.at), None)
        if found is None:
            raise Invalid("No location has this code.", at=wanted.at)
        return found if found in mine else 0
    if own in mine:
        return own
    shops = [id_ for id_ in places if id_ in mine and places[id_][0].kind == "shop"]
    promised = [id_ for id_ in shops if mine[id_].held + mine[id_].allocated]
    return next(iter(promised or shops or mine), 0)


def about(product: catalog.Product) -> list[str]:
    said = [product.brand] if product.brand else []
    return said + [value for name, value in attributes_of(product) if name in {"material", "colour", "color"}]


class Standing(msgspec.Struct, frozen=True):
    """One place as it stands, before it is drawn: of hundreds only some are."""

    place: int
    cells: Sequence[Cell]
    free: int
    sells: bool
    depot: bool

    @property
    def has(self) -> bool:
        return any(one.kind != "none" for one in self.cells)


def foremost(rows: Sequence[Standing], own: int) -> list[Standing]:
    """All where they are few; else her own shop, and those that have some: warehouses first, then with most."""
    if len(rows) <= PLACES:
        return list(rows)
    some = [one for one in rows if one.has or one.place == own]
    return sorted(some, key=lambda one: (one.place != own, not one.depot, -one.free))[:PLACES]


def foremost_states(
    mine: Mapping[int, inventory.Standing], places: Places, here: int, *, everywhere: bool
) -> list[tuple[int, inventory.Standing]]:
    """In the order of places; where they are many, those that are promised or have most, and always the chosen one."""
    found = [(place, mine[place]) for place in places if place in mine]
    if everywhere or len(found) <= PLACES:
        return found
    return sorted(
        found,
        key=lambda pair: (
            pair[0] != here,
            places[pair[0]][0].kind == "shop",
            -pair[1].missing,
            -(pair[1].held + pair[1].allocated),
            -pair[1].on_hand,
        ),
    )[:PLACES]


def place_rows(
    product: catalog.Product,
    chosen: catalog.ProductVariant,
    places: Places,
    stock: Mapping[tuple[int, int], inventory.Standing],
) -> list[Standing]:
    """Every place that sells, and those others where something lies."""
    rows: list[Standing] = []
    for id_, (location, _) in places.items():
        sells = location.active and bool(location.methods)
        here = [stock.get((one.variant_id, id_)) for one in product.variants]
        if not sells and not any(one and one.on_hand for one in here):
            continue
        cells = [
            cell(one, sells=sells, on=variant.variant_id == chosen.variant_id)
            for one, variant in zip(here, product.variants, strict=True)
        ]
        rows.append(Standing(id_, cells, sum(one.free for one in cells), sells, location.kind != "shop"))
    return rows


def cell(one: inventory.Standing | None, *, sells: bool, on: bool) -> Cell:
    if one is None:
        return Cell(0, 0, "none", on)
    if not sells:
        return Cell(one.on_hand, 0, "in" if one.on_hand else "none", on)
    promised = one.held + one.allocated
    kind = "hold" if promised else "none" if not one.free else "last" if one.free == 1 else "ok"
    return Cell(one.free, promised, kind, on, one.missing)


SUMMED = ("sellable", "display", "damaged", "quarantine", "held", "allocated", "safety", "fenced", "doubted", "missing")


def together(variant_id: int, several: Iterable[inventory.Standing]) -> inventory.Standing:
    """The sum of all places."""
    parts = list(several)
    sums = {name: sum(getattr(one, name) for one in parts) for name in SUMMED}
    return inventory.Standing(variant_id=variant_id, location_id=0, missing_since=None, **sums)


section = Section(routes=[read_product])
