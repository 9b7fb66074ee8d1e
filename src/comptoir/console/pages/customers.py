"""Customers: anyone by any identifier or name, filters as chips in the address, the thread of 90 days in each row."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from comptoir import channels, profiles
from comptoir.channels import Channel
from comptoir.console.channels import CHANNELS
from comptoir.console.charts import Contact
from comptoir.console.console import Section
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.evidence import find, known_as
from comptoir.console.palette import Found as Answer
from comptoir.console.palette import PaletteSource
from comptoir.console.rooms import enter
from comptoir.kernel.db import Tx
from comptoir.kernel.money import Money, exponent

PATH = "/customers"
ROWS = 25
THREAD = timedelta(days=90)
MOST_POINTS = 12
"""Of a small thread: more is a smear."""
LONGEST_TRAIL = 40
FIRST = "-"
"""Stands for the first page in a trail."""

Days = Literal[1, 7, 30, 90, 365]
Has = Literal["email", "phone", "loyalty_card", "user_id"]
SINCE: dict[int, str] = {
    1: N_("since yesterday"),
    7: N_("in 7 days"),
    30: N_("in 30 days"),
    90: N_("in 90 days"),
    365: N_("in a year"),
}
HAS: dict[str, str] = {
    "email": N_("an e-mail address"),
    "phone": N_("a phone number"),
    "loyalty_card": N_("a loyalty card"),
    "user_id": N_("an account"),
}


class Wanted(Asked, frozen=True, kw_only=True):
    """Who is wanted, as the address says it."""

    q: str = ""
    channel: tuple[Channel, ...] = ()
    shop: tuple[str, ...] = ()
    """Codes of outlets."""
    has: tuple[Has, ...] = ()
    since: Days | None = None
    spent: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] | None = None
    """At least so much, in whole units of the currency."""
    upto: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] | None = None
    least: Annotated[int, msgspec.Meta(ge=2, le=10)] | None = None
    """Channels."""
    sort: Literal["last_seen", "spend"] = "last_seen"
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
    """Empty: nobody has told it."""
    sub: str
    contacts: Sequence[Contact]
    spend: Sequence[Money]
    orders: int
    channels: Sequence[str]
    last_at: datetime | None
    last_channel: str


class Advice(msgspec.Struct, frozen=True):
    """Which clause to drop when nobody fits."""

    clause: Clause
    count: int


class CustomersView(msgspec.Struct, frozen=True):
    wanted: Wanted
    clauses: Sequence[Clause]
    rows: Sequence[Row]
    count: int
    everybody: int
    first: int
    before: str
    after: str
    advice: Advice | None
    shops: Sequence[tuple[str, str]]
    thread_from: date

    def sorted_by(self, sort: str) -> str:
        return self.wanted.first_page(sort=sort)


@get(PATH, guards=enter("customers"))
async def read_customers(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    """The list, or its rows alone when htmx asks for `#found`."""
    wanted = Wanted.read(request)
    outlets = {outlet.code: outlet for outlet in await channels.outlets(tx)}
    shops = {code: outlet.outlet_id for code, outlet in outlets.items()}
    found = await seek(tx, page, wanted, shops)
    everybody = (await profiles.search(tx, limit=1, currency=page.settings.currency)).count
    nameless = await known_as(tx, page, [one.person_id for one in found.people if not one.display_name])
    clauses = clauses_of(page, wanted, {code: outlet.name for code, outlet in outlets.items()})
    view = CustomersView(
        wanted=wanted,
        clauses=clauses,
        rows=[row(page, one, nameless) for one in found.people],
        count=found.count,
        everybody=everybody,
        first=len(wanted.trail) * ROWS + 1,
        before=page_before(wanted),
        after=page_after(wanted, found.after),
        advice=None if found.people or not everybody else await advise(tx, page, clauses, shops),
        shops=[(outlet.code, outlet.name) for outlet in outlets.values() if outlet.channel == "shop"],
        thread_from=page.now.astimezone(page.frame.zone).date() - THREAD,
    )
    return page.show("customers.html.j2", view)


async def seek(tx: Tx, page: Page, wanted: Wanted, shops: dict[str, int], *, limit: int = ROWS) -> profiles.SearchPage:
    """Ask profiles; what looks like an identifier is looked up by identity first."""
    people = await find(tx, page, wanted.q) if wanted.q else []
    minor = 10 ** exponent(page.settings.currency)
    filters = profiles.Filters(
        text=wanted.q,
        channels=list(wanted.channel),
        shops=[shops.get(code, 0) for code in wanted.shop],
        has=list(wanted.has),
        seen_since=page.now - timedelta(days=wanted.since) if wanted.since else None,
        spend_from=None if wanted.spent is None else wanted.spent * minor,
        spend_to=None if wanted.upto is None else wanted.upto * minor,
        least_channels=wanted.least,
    )
    return await profiles.search(
        tx,
        filters=filters,
        sort=wanted.sort,
        after=wanted.after or None,
        limit=limit,
        currency=page.settings.currency,
        people=people or None,
    )


async def advise(tx: Tx, page: Page, clauses: Sequence[Clause], shops: dict[str, int]) -> Advice | None:
    """The one clause without which most people would be found; None where no single one is to blame."""
    counted = [(await seek(tx, page, clause.fewer, shops, limit=1)).count for clause in clauses]
    best = max(range(len(clauses)), key=counted.__getitem__, default=None)
    return Advice(clauses[best], counted[best]) if best is not None and counted[best] else None


def clauses_of(page: Page, wanted: Wanted, names: dict[str, str]) -> list[Clause]:
    """The filters in words, each with the view that lacks it."""
    gettext = page.gettext

    def clause(key: str, value: str, **changes: object) -> Clause:
        return Clause(key, value, wanted.first_page(**changes), msgspec.structs.replace(wanted, after="", **changes))

    currency = page.settings.currency
    clauses: list[Clause] = []
    if wanted.q:
        clauses.append(clause(gettext("Called or known by"), page.gettext("“%(words)s”", words=wanted.q), q=""))
    clauses += [
        clause(
            gettext("Seen in"),
            page.draw.channel_name(one),
            channel=tuple(other for other in wanted.channel if other != one),
        )
        for one in wanted.channel
    ]
    if wanted.shop:
        clauses.append(clause(gettext("Bought in"), ", ".join(names.get(code, code) for code in wanted.shop), shop=()))
    clauses += [
        clause(gettext("Has"), gettext(HAS[one]), has=tuple(other for other in wanted.has if other != one))
        for one in wanted.has
    ]
    if wanted.since:
        clauses.append(clause(gettext("Seen"), gettext(SINCE[wanted.since]), since=None))
    if wanted.spent is not None:
        clauses.append(clause(gettext("Spent at least"), whole(page, wanted.spent, currency), spent=None))
    if wanted.upto is not None:
        clauses.append(clause(gettext("Spent at most"), whole(page, wanted.upto, currency), upto=None))
    if wanted.least is not None:
        clauses.append(clause(gettext("Comes by"), gettext("%(n)s channels or more", n=wanted.least), least=None))
    return clauses


def whole(page: Page, units: int, currency: str) -> str:
    return page.language.money(Money(units * 10 ** exponent(currency), currency), cents=False)


def row(page: Page, found: profiles.Found, nameless: Mapping[int, str]) -> Row:
    last = found.thread[-1].channel if found.thread else (found.channels[0] if found.channels else "")
    return Row(
        href=f"{PATH}/{found.key}",
        name=found.display_name,
        sub=nameless.get(found.person_id) or found.city or other_email(found),
        contacts=contacts(page, found.thread),
        spend=found.spend,
        orders=found.orders,
        channels=[channel for channel in CHANNELS if channel in found.channels],
        last_at=found.last_at,
        last_channel=last if last in CHANNELS else "",
    )


def other_email(found: profiles.Found) -> str:
    """The e-mail, unless it stands for the name already."""
    return found.email if found.email and found.email != found.display_name else ""


def contacts(page: Page, beads: Sequence[profiles.Bead]) -> list[Contact]:
    """At most twelve points of the last 90 days: where there are more, the weightiest of each week or so stand."""
    today = page.now.astimezone(UTC).date()
    start = today - THREAD
    slots: dict[int, profiles.Bead] = {}
    crowded = len(beads) > MOST_POINTS
    for place, bead in enumerate(beads):
        slot = (bead.day - start).days * MOST_POINTS // (THREAD.days + 1) if crowded else place
        if slot not in slots or bead.weight >= slots[slot].weight:
            slots[slot] = bead
    return [
        Contact(min(max((bead.day - start) / THREAD, 0.0), 1.0), bead.channel, bead.weight)
        for _, bead in sorted(slots.items())
    ]


def page_before(wanted: Wanted) -> str:
    if not wanted.trail:
        return ""
    *trail, last = wanted.trail
    return wanted.url(PATH, after="" if last == FIRST else last, trail=tuple(trail))


def page_after(wanted: Wanted, cursor: str | None) -> str:
    trail = (*wanted.trail, wanted.after or FIRST)
    return wanted.url(PATH, after=cursor, trail=trail[-LONGEST_TRAIL:]) if cursor else ""


async def find_customers(page: Page, tx: Tx, question: str) -> list[Answer]:
    """For the palette: by any identifier, or the beginning of a name."""
    found = await seek(tx, page, Wanted(q=question), {}, limit=6)
    nameless = await known_as(tx, page, [one.person_id for one in found.people if not one.display_name])
    return [
        Answer(
            href=f"{PATH}/{one.key}",
            title=one.display_name or page.gettext("Somebody not yet known"),
            sub=nameless.get(one.person_id) or one.city or other_email(one),
            picture=page.draw.icon("user-check" if one.display_name else "user-question"),
        )
        for one in found.people
    ]


section = Section(
    routes=[read_customers],
    palette=[PaletteSource(N_("Customers"), "customers", find_customers)],
)
