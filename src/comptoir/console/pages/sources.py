"""Sources & keys: what sends us events, from which outlet, with which write key; and the keys of the API."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, timedelta
from typing import Literal

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody

from comptoir import channels, ingest
from comptoir.console.console import Section
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.said import last_said, say
from comptoir.console.pages.snippets import snippet
from comptoir.console.palette import Found, PaletteSource
from comptoir.console.rooms import enter
from comptoir.kernel.auth import allow
from comptoir.kernel.db import Tx

PATH = "/sources"
DAYS = 30
CHANGE = "channels:write"
"""The scope that makes and changes sources; the room itself opens to those who only read."""
ROTATE = "channels:admin"


class SourceRow(msgspec.Struct, frozen=True):
    source: channels.Source
    outlet: str
    today: int
    rejected: int
    by_day: Sequence[float]
    """Events taken per day, the last thirty, oldest first."""
    last_day: date | None


class SourcesView(msgspec.Struct, frozen=True):
    rows: Sequence[SourceRow]
    outlets: int
    may_change: bool
    may_keys: bool


@get(PATH, guards=enter("sources"))
async def read_sources(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    said = last_said(request, page)
    outlets = {outlet.outlet_id: outlet.name for outlet in await channels.outlets(tx)}
    counts = await counted(tx)
    view = SourcesView(
        rows=[row(one, outlets, counts, tx) for one in await channels.sources(tx)],
        outlets=len(outlets),
        may_change=page.viewer.may(CHANGE),
        may_keys=page.viewer.may("kernel:admin"),
    )
    return said(page.show("sources.html.j2", view))


Counts = dict[int, list[ingest.Quality]]


async def counted(tx: Tx, *, source_id: int | None = None) -> Counts:
    """The last thirty days, by source."""
    since = tx.now.astimezone(UTC).date() - timedelta(days=DAYS - 1)
    counts: defaultdict[int, list[ingest.Quality]] = defaultdict(list)
    for one in await ingest.quality(tx, since=since, source_id=source_id):
        counts[one.source_id].append(one)
    return counts


def row(source: channels.Source, outlets: dict[int, str], counts: Counts, tx: Tx) -> SourceRow:
    today = tx.now.astimezone(UTC).date()
    mine = counts.get(source.source_id, [])
    taken: defaultdict[date, int] = defaultdict(int)
    for one in mine:
        if one.outcome == "accepted":
            taken[one.day] += one.events
    return SourceRow(
        source=source,
        outlet=outlets.get(source.outlet_id, ""),
        today=taken[today],
        rejected=sum(one.events for one in mine if one.outcome == "rejected" and one.day == today),
        by_day=[taken[today - timedelta(days=back)] for back in reversed(range(DAYS))],
        last_day=max((day for day, events in taken.items() if events), default=None),
    )


class SourceForm(msgspec.Struct, frozen=True):
    """As it was typed: checked one by one, so that each field can say what is wrong with it."""

    name: str = ""
    outlet: str = ""


class NewSourceView(msgspec.Struct, frozen=True):
    form: SourceForm
    errors: dict[str, str]
    outlets: Sequence[tuple[str, str]]


@get(f"{PATH}/new", guards=[*enter("sources"), allow(CHANGE)])
async def read_new_source(page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    return await show_new_source(page, tx, SourceForm(), {})


@post(PATH, guards=[*enter("sources"), allow(CHANGE)])
async def add_source(
    page: NamedDependency[Page], tx: NamedDependency[Tx], data: URLEncodedBody[SourceForm]
) -> Response[str]:
    name, errors = data.name.strip(), dict[str, str]()
    if not 1 <= len(name) <= 100:
        errors["name"] = page.gettext("Give it a name of up to 100 characters.")
    if not data.outlet:
        errors["outlet"] = page.gettext("Say where it stands.")
    if errors:
        return await show_new_source(page, tx, data, errors)
    try:
        source = await channels.add_source(tx, name=name, outlet=data.outlet)
    except channels.SourceExists:
        taken = page.gettext("Another source is called so: take another name.")
        return await show_new_source(page, tx, data, {"name": taken})
    except channels.UnknownOutlet:
        gone = page.gettext("There is no such outlet any more: choose again.")
        return await show_new_source(page, tx, data, {"outlet": gone})
    return say(page.go(f"{PATH}/{source.source_id}"), "source_added")


async def show_new_source(page: Page, tx: Tx, form: SourceForm, errors: dict[str, str]) -> Response[str]:
    outlets = sorted(await channels.outlets(tx, active=True), key=lambda one: (one.channel == "shop", one.name))
    view = NewSourceView(form, errors, [(one.code, f"{one.name} ({one.code})") for one in outlets])
    return page.show("source_new.html.j2", view, status=422 if errors else 200)


class SourceWanted(Asked, frozen=True, kw_only=True):
    language: Literal["browser", "python", "curl"] = "browser"


class SourceView(msgspec.Struct, frozen=True):
    row: SourceRow
    snippet: str
    """With the key: for copying."""
    snippet_shown: str
    """With the key cut short: for eyes."""
    language: str
    may_change: bool
    may_rotate: bool
    rotation_error: str = ""


@get(f"{PATH}/{{source_id:int}}", guards=enter("sources"))
async def read_source(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], source_id: FromPath[int]
) -> Response[str]:
    said = last_said(request, page)
    return said(page.show("source.html.j2", await look(request, page, tx, source_id)))


async def look(request: AnyRequest, page: Page, tx: Tx, source_id: int, *, error: str = "") -> SourceView:
    wanted = SourceWanted.read(request)
    source = await channels.source(tx, source_id=known(source_id))
    host = str(request.base_url).rstrip("/")
    outlets = {outlet.outlet_id: outlet.name for outlet in await channels.outlets(tx)}
    return SourceView(
        row=row(source, outlets, await counted(tx, source_id=source_id), tx),
        snippet=snippet(wanted.language, host=host, write_key=source.write_key),
        snippet_shown=snippet(wanted.language, host=host, write_key=source.write_key[:7] + "…"),
        language=wanted.language,
        may_change=page.viewer.may(CHANGE),
        may_rotate=page.viewer.may(ROTATE),
        rotation_error=error,
    )


def known(source_id: int) -> int:
    """A number that fits the column: a larger one names no source, and must not become a fault of the database."""
    return source_id if source_id < 2**15 else 0


class RotationForm(msgspec.Struct, frozen=True):
    typed: str = ""


@post(f"{PATH}/{{source_id:int}}/rotation", guards=[*enter("sources"), allow(ROTATE)])
async def rotate_key(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    source_id: FromPath[int],
    data: URLEncodedBody[RotationForm],
) -> Response[str]:
    """A new key, once the name of the source was typed."""
    source = await channels.source(tx, source_id=known(source_id))
    if data.typed.strip() != source.name:
        error = page.gettext("Type the name of the source, letter by letter: %(name)s", name=source.name)
        return page.show("source.html.j2", await look(request, page, tx, source_id, error=error), status=422)
    await channels.rotate(tx, source_id=source_id)
    return say(page.go(f"{PATH}/{source_id}"), "key_rotated")


class SwitchForm(msgspec.Struct, frozen=True):
    enabled: Literal["yes", "no"]


@post(f"{PATH}/{{source_id:int}}/state", guards=[*enter("sources"), allow(CHANGE)])
async def switch_source(
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    source_id: FromPath[int],
    data: URLEncodedBody[SwitchForm],
) -> Response[str]:
    enabled = data.enabled == "yes"
    await channels.change_source(tx, source_id=known(source_id), enabled=enabled)
    return say(page.go(f"{PATH}/{source_id}"), "source_on" if enabled else "source_off")


async def find_sources(page: Page, tx: Tx, question: str) -> list[Found]:
    return [
        Found(f"{PATH}/{one.source_id}", one.name, page.draw.channel_name(one.channel), page.draw.bead(one.channel))
        for one in await channels.sources(tx)
        if question.lower() in one.name.lower()
    ][:6]


async def find_outlets(page: Page, tx: Tx, question: str) -> list[Found]:
    """Shops and sites, by name or code: their customers."""
    sought = question.lower()
    return [
        Found(f"/customers?shop={one.code}", one.name, one.code, page.draw.bead(one.channel))
        for one in await channels.outlets(tx)
        if sought in one.name.lower() or sought == one.code.lower()
    ][:6]


section = Section(
    routes=[read_sources, read_new_source, add_source, read_source, rotate_key, switch_source],
    palette=[
        PaletteSource(N_("Outlets"), "customers", find_outlets),
        PaletteSource(N_("Sources"), "sources", find_sources),
    ],
)
