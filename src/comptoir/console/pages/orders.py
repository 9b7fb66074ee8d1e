"""Orders of every channel: by number, receipt, customer or article; filters in the address; what matters at the top."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Literal
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from markupsafe import Markup

from comptoir import identity, inventory, orders, profiles
from comptoir.channels import Channel
from comptoir.console.console import Section
from comptoir.console.language import N_
from comptoir.console.live import Topic
from comptoir.console.page import Page
from comptoir.console.pages import order_words as words
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.evidence import find
from comptoir.console.palette import Found as Answer
from comptoir.console.palette import PaletteSource
from comptoir.console.rooms import enter
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid
from comptoir.kernel.money import Money

PATH = "/orders"
ROWS = 25
LONGEST_TRAIL = 40
FIRST = "-"
"""Stands for the first page in a trail."""
PEOPLE = 20
"""So many people of a name are looked at; who wants more says more of the name."""

METHODS: dict[str, str] = {"ship": N_("shipped"), "collect": N_("collected")}


class Wanted(Asked, frozen=True, kw_only=True):
    """Which orders, as the address says it."""

    q: str = ""
    state: tuple[Literal["open", "done", "cancelled"], ...] = ()
    channel: tuple[Channel, ...] = ()
    method: Literal["", "ship", "collect"] = ""
    at: tuple[str, ...] = ()
    """Codes of locations."""
    late: Literal["", "yes"] = ""
    due: Literal["", "today"] = ""
    day: date | None = None
    """On which they were placed."""
    after: str = ""
    trail: tuple[str, ...] = ()
    """Cursors of the pages before this one; the way back."""

    def first_page(self, **changes: object) -> str:
        return self.url(PATH, after="", trail=(), **changes)


class Clause(msgspec.Struct, frozen=True):
    """One filter that holds, and the view without it."""

    key: str
    value: str
    without: str
    fewer: Wanted


class Row(msgspec.Struct, frozen=True):
    href: str
    found: orders.finding.FoundOrder
    customer: words.Customer
    total: Money
    locations: Sequence[str]
    parts: Sequence[tuple[float, str]]
    said: str
    """Where its pieces are, in a sentence."""
    due: str
    """When it is to be ready, in words."""


class Advice(msgspec.Struct, frozen=True):
    """Which clause to drop when no order fits."""

    clause: Clause
    count: int


class OrdersView(msgspec.Struct, frozen=True):
    wanted: Wanted
    clauses: Sequence[Clause]
    rows: Sequence[Row]
    count: int
    more: bool
    """There are more than anybody counts."""
    everything: int
    first: int
    before: str
    after: str
    advice: Advice | None
    places: Sequence[tuple[str, str]]
    figures: orders.finding.OrderFigures


@get(PATH, guards=enter("orders"))
async def read_orders(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    """The list, or its rows alone when htmx asks for `#found`."""
    wanted = Wanted.read(request)
    filters = await filters_of(tx, page, wanted)
    after = place_in(wanted.after)
    found = await orders.finding.find_orders(tx, filters=filters, after=after, limit=ROWS + 1)
    count = await orders.finding.count_orders(tx, filters=filters)
    everything = count or await orders.finding.count_orders(
        tx, filters=orders.finding.OrderFilters(outlets=page.viewer.outlets)
    )
    places = {one.code: one.name for one in await inventory.locations(tx) if one.methods}
    clauses = clauses_of(page, wanted, places)
    rows, last = found[:ROWS], found[ROWS - 1] if len(found) > ROWS else None
    view = OrdersView(
        wanted=wanted,
        clauses=clauses,
        rows=await rows_of(tx, page, rows),
        count=count,
        more=count >= orders.finding.MOST_COUNTED,
        everything=everything,
        first=len(wanted.trail) * ROWS + 1,
        before=page_before(wanted),
        after=page_after(wanted, f"{last.placed_at.isoformat()}~{last.order_id}" if last else ""),
        advice=None if rows or not everything else await advise(tx, page, clauses),
        places=sorted(places.items(), key=lambda one: one[1]),
        figures=await orders.finding.order_figures(tx, until=tonight(page), outlets=page.viewer.outlets),
    )
    return page.show("orders.html.j2", view)


def place_in(cursor: str) -> tuple[datetime, UUID] | None:
    if not cursor:
        return None
    placed, _, order_id = cursor.partition("~")
    try:
        at = datetime.fromisoformat(placed)
        return (at, UUID(order_id)) if at.tzinfo else None
    except ValueError as error:
        raise Invalid("The address asks for a page that there is not.", parameter="after") from error


def tonight(page: Page) -> datetime:
    """The end of the day where the head office is."""
    return midnight(page, page.now.astimezone(page.frame.zone).date() + timedelta(days=1))


LAST = date.max - timedelta(days=1)
"""No day after it has an end."""


def midnight(page: Page, day: date) -> datetime:
    return datetime.combine(day, time(), page.frame.zone)


async def filters_of(tx: Tx, page: Page, wanted: Wanted) -> orders.finding.OrderFilters:
    """What looks like somebody's identifier or name is looked up among people first."""
    text = wanted.q.strip().removeprefix("#").strip()
    nodes: list[int] = []
    if text and page.viewer.may("profiles:read"):
        people = await find(tx, page, text)
        if not people and not any(letter.isdigit() for letter in text):
            named = await profiles.search(
                tx, filters=profiles.Filters(text=text), limit=PEOPLE, currency=page.settings.currency
            )
            people = [one.person_id for one in named.people]
        nodes = [node.node_id for node in await identity.nodes_of(tx, people)] if people else []
    return orders.finding.OrderFilters(
        text=text,
        nodes=nodes,
        states=wanted.state,
        channels=wanted.channel,
        method=wanted.method,
        locations=wanted.at,
        late=wanted.late == "yes",
        due_until=tonight(page) if wanted.due else None,
        since=midnight(page, wanted.day) if wanted.day else None,
        until=midnight(page, min(wanted.day, LAST) + timedelta(days=1)) if wanted.day else None,
        outlets=page.viewer.outlets,
    )


async def rows_of(tx: Tx, page: Page, found: Sequence[orders.finding.FoundOrder]) -> list[Row]:
    known = await words.customers(tx, page, [one.node_id for one in found])
    places = await words.places(tx)
    return [
        Row(
            href=f"{PATH}/{one.order_id}",
            found=one,
            customer=known.get(one.node_id or 0, words.Customer()),
            total=Money(one.total_minor, one.currency),
            locations=[words.place(places, code).name for code in one.locations],
            parts=parts_of(one),
            said=said(page, one),
            due=words.to_come(page, one.due_at) if one.due_at else "",
        )
        for one in found
    ]


def parts_of(one: orders.finding.FoundOrder) -> list[tuple[float, str]]:
    """Pieces by where they are, as the bar shows them."""
    rest = max(0, one.pieces - one.handed_over - one.picked - one.cancelled)
    parts = [(one.handed_over, "good"), (one.picked, "info"), (rest, "edge"), (one.cancelled, "rule")]
    return [(pieces, tone) for pieces, tone in parts if pieces]


def said(page: Page, one: orders.finding.FoundOrder) -> str:
    rest = max(0, one.pieces - one.handed_over - one.picked - one.cancelled)
    told = [
        (one.handed_over, page.ngettext("one handed over", "%(n)s handed over", one.handed_over)),
        (one.picked, page.ngettext("one picked", "%(n)s picked", one.picked)),
        (rest, page.ngettext("one still to pick", "%(n)s still to pick", rest)),
        (one.cancelled, page.ngettext("one cancelled", "%(n)s cancelled", one.cancelled)),
    ]
    return Markup(", ").join(sentence for pieces, sentence in told if pieces)


async def advise(tx: Tx, page: Page, clauses: Sequence[Clause]) -> Advice | None:
    """The one clause without which most orders would be found."""
    counted = [await orders.finding.count_orders(tx, filters=await filters_of(tx, page, one.fewer)) for one in clauses]
    best = max(range(len(clauses)), key=counted.__getitem__, default=None)
    return Advice(clauses[best], counted[best]) if best is not None and counted[best] else None


def clauses_of(page: Page, wanted: Wanted, names: Mapping[str, str]) -> list[Clause]:
    gettext = page.gettext
    clauses: list[Clause] = []

    def add(key: str, value: str, **changes: object) -> None:
        fewer = msgspec.structs.replace(wanted, after="", **changes)
        clauses.append(Clause(key, value, wanted.first_page(**changes), fewer))

    if wanted.q:
        add(gettext("Number, customer or article"), page.gettext("“%(words)s”", words=wanted.q), q="")
    if wanted.state:
        add(gettext("State"), ", ".join(gettext(words.STATES[one][0]) for one in wanted.state), state=())
    if wanted.channel:
        add(gettext("Ordered by"), ", ".join(page.draw.channel_name(one) for one in wanted.channel), channel=())
    if wanted.method:
        add(gettext("Way"), gettext(METHODS[wanted.method]), method="")
    if wanted.at:
        add(gettext("From or in"), ", ".join(names.get(code, code) for code in wanted.at), at=())
    if wanted.late:
        add(gettext("Late"), gettext("was to be ready by now"), late="")
    if wanted.due:
        add(gettext("To hand over"), gettext("today"), due="")
    if wanted.day:
        add(gettext("Placed on"), page.language.long_day(wanted.day), day=None)
    return clauses


def page_before(wanted: Wanted) -> str:
    if not wanted.trail:
        return ""
    *trail, last = wanted.trail
    return wanted.url(PATH, after="" if last == FIRST else last, trail=tuple(trail))


def page_after(wanted: Wanted, cursor: str) -> str:
    trail = (*wanted.trail, wanted.after or FIRST)
    return wanted.url(PATH, after=cursor, trail=trail[-LONGEST_TRAIL:]) if cursor else ""


class Figures(msgspec.Struct, frozen=True):
    """The strip alone, as the live topic draws it."""

    figures: orders.finding.OrderFigures


async def draw_figures(page: Page, tx: Tx) -> str:
    figures = await orders.finding.order_figures(tx, until=tonight(page), outlets=page.viewer.outlets)
    return page.draw_part("orders_strip.html.j2", "strip", Figures(figures))


async def find_in_palette(page: Page, tx: Tx, question: str) -> list[Answer]:
    """By the numbers alone: people are found among customers."""
    wanted = orders.finding.OrderFilters(text=question.strip().removeprefix("#"), outlets=page.viewer.outlets)
    found = await orders.finding.find_orders(tx, filters=wanted, limit=6)
    return [
        Answer(
            href=f"{PATH}/{one.order_id}",
            title=page.gettext("Order %(number)s", number=one.order_number),
            sub=f"{page.draw.channel_name(one.channel)}, {page.gettext(words.STATES[one.state][0])}",
            picture=page.draw.icon("package"),
        )
        for one in found
    ]


section = Section(
    routes=[read_orders],
    topics=[Topic("orders.figures", "orders", draw_figures, every=2.0)],
    palette=[PaletteSource(N_("Orders"), "orders", find_in_palette)],
)
