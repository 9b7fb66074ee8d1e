"""What the pages of goods share: how an article is drawn, how a place is, what a moment of a promise says."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_date

from comptoir import catalog, channels, inventory
from comptoir.console.cloth import KINDS
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.kernel.auth import keys, users
from comptoir.kernel.db import Tx

CLOTHS = frozenset({"camel", "ink", "fir", "ecru", "brick", "grey", "black", "rose", "sky", "tan"})
SIZES = ("size", "taille", "shoe_size", "width")
"""Attributes in which variants of one product usually differ, in the order in which they are looked for."""
LETTERS = ("XXS", "XS", "S", "M", "L", "XL", "XXL", "XXXL")
OUTSIDE = {
    inventory.SUPPLIER: N_("a supplier"),
    inventory.CUSTOMER: N_("a customer"),
    inventory.ADJUSTMENT: N_("a correction"),
}
KINDS_OF_PLACE = {
    "shop": N_("shop"),
    "warehouse": N_("warehouse"),
    "distribution_centre": N_("distribution centre"),
    "transit": N_("in transit"),
    "quality_hold": N_("quality hold"),
}
STATES = {
    "sellable": N_("to be sold"),
    "display": N_("on display"),
    "damaged": N_("damaged"),
    "quarantine": N_("in quarantine"),
}
REASONS: dict[str, str] = {
    "theft": N_("stolen"),
    "lost": N_("lost"),
    "expired": N_("past its date"),
    "destroyed": N_("destroyed"),
    "sample": N_("given as a sample"),
    "own_use": N_("taken for our own use"),
    "found": N_("found"),
    "returned": N_("brought back by a customer"),
    "damaged": N_("damaged from now on"),
    "display": N_("on display from now on"),
    "quarantine": N_("in quarantine from now on"),
    "back_on_sale": N_("for sale again"),
}
SELLING = ("web", "app", "market", "phone", "shop")
"""Channels that sell, far to near."""


class Picture(msgspec.Struct, frozen=True):
    """How an article is drawn where it has no photograph."""

    kind: str
    cloth: str


class Spot(msgspec.Struct, frozen=True):
    """A location under its awning or its roof."""

    code: str
    name: str
    sub: str
    depot: bool


def picture(product: catalog.Product) -> Picture:
    """By what the catalogue says of itself; a parcel where it says nothing that can be drawn."""
    kind, cloth = product.attributes.get("drawing"), product.attributes.get("cloth")
    return Picture(
        kind if isinstance(kind, str) and kind in KINDS else "",
        cloth if isinstance(cloth, str) and cloth in CLOTHS else "grey",
    )


def by_size(product: catalog.Product) -> catalog.Product:
    """The same, its variants in the order in which one hangs them up: 34, 36, 38; S, M, L."""

    def place(variant: catalog.ProductVariant) -> tuple[int, float, str]:
        name = short_name(product, variant)
        if name.upper() in LETTERS:
            return 0, LETTERS.index(name.upper()), name
        number = name.replace(",", ".").replace(".", "", 1)
        return (1, float(name.replace(",", ".")), name) if number.isdecimal() else (2, 0, name)

    return msgspec.structs.replace(product, variants=sorted(product.variants, key=place))


def short_name(product: catalog.Product, variant: catalog.ProductVariant) -> str:
    """What tells a variant from its sisters: its size; else its name without the product's, or its SKU."""
    if len(product.variants) == 1:
        return variant.name or product.name
    for name in SIZES:
        if value := variant.attributes.get(name):
            return str(value)[:12]
    rest = variant.name.removeprefix(product.name).strip(" ,/-")
    return rest[:12] if rest and rest != variant.name else variant.sku


def spot(page: Page, location: inventory.Location, outlet: channels.Outlet | None = None) -> Spot:
    """The place, with what one wants to know of it now: open until when, or what it is."""
    gettext = page.gettext
    sub = gettext(KINDS_OF_PLACE[location.kind])
    if not location.active:
        sub = gettext("closed for good")
    elif outlet is not None and outlet.opening_hours is not None:
        sub = opening(page, outlet)
    elif location.cut_off is not None:
        local = page.now.astimezone(ZoneInfo(location.time_zone)).time()
        if local < location.cut_off:
            sub = gettext("%(kind)s, works today until %(clock)s", kind=sub, clock=f"{location.cut_off:%H:%M}")
        else:
            sub = gettext("%(kind)s, on again tomorrow", kind=sub)
    return Spot(location.code, location.name, sub, location.kind != "shop")


def opening(page: Page, outlet: channels.Outlet) -> str:
    """Open until 19:30; opens Mon 10:00."""
    now, zone = page.now, ZoneInfo(outlet.time_zone)
    if channels.is_open(outlet, now):
        closes = channels.next_closing(outlet, now)
        clock = page.language.clock(closes, zone) if closes else ""
        return page.gettext("open until %(clock)s", clock=clock) if clock else page.gettext("open all day")
    opens = channels.next_opening(outlet, now)
    if opens is None:
        return page.gettext("closed")
    day, clock = when(page, opens, zone)
    return page.gettext(
        "closed, opens %(day)s %(clock)s", day=day.lower() if opens.date() == now.date() else day, clock=clock
    )


def when(page: Page, moment: datetime, zone: ZoneInfo) -> tuple[str, str]:
    """The day and the clock of something to come: Today 16:10, Mon 23, 8 Dec."""
    day, today = moment.astimezone(zone).date(), page.now.astimezone(zone).date()
    return day_to_come(page, day, today), page.language.clock(moment, zone)


def day_to_come(page: Page, day: date, today: date) -> str:
    ahead = (day - today).days
    if not ahead:
        return page.gettext("Today")
    return format_date(day, "EEE d" if 0 < ahead < 20 else "d MMM", locale=page.language.locale).replace(".", "")


async def known_places(tx: Tx) -> dict[int, tuple[inventory.Location, channels.Outlet | None]]:
    """Every location with its outlet, by id: warehouses first, then shops, then what nobody sells from."""
    outlets = {one.outlet_id: one for one in await channels.outlets(tx)}
    return {one.location_id: (one, outlets.get(one.outlet_id or 0)) for one in await known_locations(tx)}


async def known_locations(tx: Tx) -> list[inventory.Location]:
    """In the same order, without their outlets: for who does not ask whether they are open."""
    order = ["warehouse", "distribution_centre", "shop", "transit", "quality_hold"]
    return sorted(await inventory.locations(tx), key=lambda one: (order.index(one.kind), one.code))


async def actors(tx: Tx) -> Mapping[str, str]:
    """Who acted, by the id that the ledger keeps: a person by name, a key by its own."""
    named = {str(one.user_id): one.name or one.email for one in await users.users(tx)}
    return named | {str(one.key_id): one.name for one in await keys.keys(tx)}


def is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def attributes_of(product: catalog.Product) -> list[tuple[str, str]]:
    """What the catalogue says of a product beside its name, as far as it is short."""
    shown: list[tuple[str, str]] = []
    given: dict[str, Any] = product.attributes
    for name, value in given.items():
        if name not in {"drawing", "cloth"} and isinstance(value, str | int | float) and len(str(value)) <= 60:
            shown.append((name.replace("_", " "), str(value)))
    return shown[:6]
