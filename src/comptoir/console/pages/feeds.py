"""Feeds: when each was last fetched, how many articles stood in it, what was left out and why; its secret address."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody

from comptoir import channels, feeds
from comptoir.console.console import Section
from comptoir.console.language import N_
from comptoir.console.live import Topic
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest, Asked, host_of
from comptoir.console.pages.said import last_said, say
from comptoir.console.rooms import enter
from comptoir.kernel.auth import allow
from comptoir.kernel.db import Tx

PATH = "/feeds"
WRITE = "feeds:write"
EXAMPLES = 50
KINDS: dict[str, str] = {
    "products": N_("products of an outlet"),
    "local_inventory": N_("what lies in the shops"),
}
LACKS: dict[str, str] = {
    "title": N_("no title"),
    "description": N_("no description"),
    "link": N_("no address of its page"),
    "image_link": N_("no picture"),
    "price": N_("no price"),
    "brand": N_("no brand"),
    "gtin": N_("a barcode that cannot be"),
    "id": N_("a SKU that is too long"),
    "store_code": N_("a shop whose code is too long"),
}
OFF = (N_("switched off"), "", "ban")
CLOSED = (N_("without an address"), "warn", "alert-triangle")
UNREAD = (N_("never fetched"), "", "point")
LACKING = (N_("some are left out"), "warn", "alert-triangle")
WELL = (N_("whole"), "good", "circle-check")


class Row(msgspec.Struct, frozen=True):
    feed: feeds.Feed
    href: str
    what: str
    where: str
    state: tuple[str, str, str]


class FeedsView(msgspec.Struct, frozen=True):
    rows: Sequence[Row]
    may_change: bool
    pulse: str


@get(PATH, guards=enter("feeds"))
async def read_feeds(page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    outlets = await names(tx)
    rows = [row(page, one, outlets) for one in await feeds.feeds(tx)]
    return page.show("feeds.html.j2", FeedsView(rows, page.viewer.may(WRITE), await feeds.pulse(tx)))


async def names(tx: Tx) -> dict[str, str]:
    return {one.code: one.name for one in await channels.outlets(tx)}


def row(page: Page, one: feeds.Feed, outlets: dict[str, str]) -> Row:
    state = WELL
    if not one.enabled:
        state = OFF
    elif not one.open:
        state = CLOSED
    elif one.read_at is None:
        state = UNREAD
    elif one.left_out:
        state = LACKING
    where = outlets.get(one.outlet, one.outlet) or page.gettext("all shops of %(country)s", country=one.country)
    return Row(one, f"{PATH}/{one.code}", page.gettext(KINDS[one.kind]), where, state)


class Wanted(Asked, frozen=True, kw_only=True):
    show: Literal["left-out"] | None = None
    """With the articles that are left out now: looking for them reads the whole assortment."""


class Lack(msgspec.Struct, frozen=True):
    """An attribute, and how many articles were left out for want of it."""

    name: str
    words: str
    articles: int


class LeftOut(msgspec.Struct, frozen=True):
    sku: str
    store: str
    lacks: str


class FeedView(msgspec.Struct, frozen=True):
    row: Row
    lacks: Sequence[Lack]
    most: int
    left_out: Sequence[LeftOut] | None
    looked_at: int
    more: bool
    address: str
    """The new address, shown this once."""
    may_change: bool
    pulse: str


@get(f"{PATH}/{{code:str}}", guards=enter("feeds"))
async def read_feed(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], code: FromPath[str]
) -> Response[str]:
    told = last_said(request, page)
    return told(await show(page, tx, code, Wanted.read(request)))


async def show(page: Page, tx: Tx, code: str, wanted: Wanted, *, address: str = "") -> Response[str]:
    one = await feeds.feed(tx, code=code)
    lacks = sorted(one.reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    left_out, looked_at, after = None, 0, None
    if wanted.show:
        left_out, looked_at, after = await feeds.left_out(tx, one, limit=EXAMPLES)
    view = FeedView(
        row=row(page, one, await names(tx)),
        lacks=[Lack(name, lack(page, name), articles) for name, articles in lacks],
        most=max((articles for _, articles in lacks), default=0),
        left_out=None
        if left_out is None
        else [
            LeftOut(each.sku, each.store, ", ".join(lack(page, name) for name in each.missing))
            for each in left_out[:EXAMPLES]
        ],
        looked_at=looked_at,
        more=after is not None or len(left_out or []) > EXAMPLES,
        address=address,
        may_change=page.viewer.may(WRITE),
        pulse=await feeds.pulse(tx),
    )
    return page.show("feed.html.j2", view)


def lack(page: Page, name: str) -> str:
    return page.gettext(LACKS[name]) if name in LACKS else name


class AddressForm(msgspec.Struct, frozen=True):
    deed: Literal["open", "close"]


@post(f"{PATH}/{{code:str}}/address", guards=[*enter("feeds"), allow(WRITE)])
async def change_address(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    code: FromPath[str],
    data: URLEncodedBody[AddressForm],
) -> Response[str]:
    """A new secret address, shown this once on the page that answers; or none any more."""
    if data.deed == "close":
        await feeds.revoke(tx, code=code)
        return say(page.go(f"{PATH}/{code}"), "feed_closed")
    token = await feeds.open_address(tx, code=code)
    return await show(page, tx, code, Wanted(), address=f"{host_of(request)}/v1/feeds/files/{token}")


class PulseView(msgspec.Struct, frozen=True):
    pulse: str


async def draw_pulse(page: Page, tx: Tx) -> str:
    return page.draw_part("feeds.html.j2", "feeds_pulse", PulseView(await feeds.pulse(tx)))


section = Section(
    routes=[read_feeds, read_feed, change_address],
    topics=[Topic("feeds.pulse", "feeds", draw_pulse, every=2.0)],
)
