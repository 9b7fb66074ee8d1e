"""Counts: the sheets that are open or wait for a second person, and those that are over; a new sheet."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody

from comptoir import inventory
from comptoir.console.console import Section
from comptoir.console.language import N_
from comptoir.console.live import Topic
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.goods import Spot, actors
from comptoir.console.pages.pieces import choices, own_places, places, read_lines, spot, theirs
from comptoir.console.pages.said import last_said
from comptoir.console.pages.transfers import MAY, WRITE
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor
from comptoir.kernel.db import Tx
from comptoir.kernel.http.pages import cursor_of, place_of
from comptoir.kernel.ids import uuid7

PATH = "/counts"
ROWS = 25
STAGES: dict[str, tuple[str, str, str]] = {
    "open": (N_("being counted"), "info", "pencil"),
    "review": (N_("waits for a second person"), "warn", "hourglass"),
    "posted": (N_("in the book"), "good", "circle-check"),
    "rejected": (N_("not believed"), "bad", "ban"),
    "cancelled": (N_("given up"), "", "ban"),
}


class Wanted(Asked, frozen=True, kw_only=True):
    standing: Literal["waiting", "ended"] = "waiting"
    at: Literal["", "all"] = ""
    """Her own shop, for who works in one; or every place."""
    after: str = ""


class Row(msgspec.Struct, frozen=True):
    href: str
    place: Spot
    note: str
    lines: int
    counted: int
    difference: int | None
    stage: tuple[str, str, str]
    opened_at: datetime
    who: str


class CountsView(msgspec.Struct, frozen=True):
    wanted: Wanted
    href: str
    rows: Sequence[Row]
    after: str
    may_act: bool
    own: bool
    """Whether she works in a shop, and may look at that alone."""
    pulse: str


@get(PATH, guards=enter("moves"))
async def read_counts(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    said = last_said(request, page)
    wanted = Wanted.read(request)
    before = place_of(wanted.after, datetime, UUID)
    known, who = await places(tx), await actors(tx)
    mine = own_places(page, known)
    found = await inventory.counting.sheets(
        tx,
        location_ids=[] if wanted.at == "all" else [one.location_id for one in mine],
        standing=wanted.standing,
        before=(before[0], before[1]) if before else None,
        limit=ROWS + 1,
    )
    shown = found[:ROWS]
    rows = [
        Row(
            href=f"{PATH}/{one.count_id}",
            place=spot(known, one.location),
            note=one.note,
            lines=one.lines,
            counted=one.counted,
            difference=one.difference,
            stage=STAGES[one.stage],
            opened_at=one.opened_at,
            who=who.get(one.opened_by, ""),
        )
        for one in shown
    ]
    last = cursor_of(shown[-1].opened_at, shown[-1].count_id) if len(found) > ROWS else ""
    view = CountsView(
        wanted=wanted,
        href=wanted.url(PATH),
        rows=rows,
        after=wanted.url(PATH, after=last) if last else "",
        may_act=page.viewer.may(WRITE),
        own=bool(mine),
        pulse=await inventory.counting.pulse(tx),
    )
    return said(page.show("counts.html.j2", view))


class PulseView(msgspec.Struct, frozen=True):
    pulse: str


async def draw_pulse(page: Page, tx: Tx) -> str:
    return page.draw_part("counts.html.j2", "counts_pulse", PulseView(await inventory.counting.pulse(tx)))


# ---- a new sheet


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The form as it was typed."""

    count_id: UUID
    location: Annotated[str, msgspec.Meta(max_length=200)] = ""
    lines: str = ""
    note: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class NewView(msgspec.Struct, frozen=True):
    draft: Draft
    places: Sequence[tuple[str, str]]
    error: str


@get(f"{PATH}/new", guards=MAY)
async def read_new_count(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    at, sku = request.query_params.get("at", "")[:200], request.query_params.get("sku", "")[:200]
    own = theirs(await places(tx), page.viewer)
    draft = Draft(count_id=uuid7(), location=at if at in own or len(own) != 1 else next(iter(own)), lines=sku)
    return page.show("count_new.html.j2", NewView(draft, choices(own), ""))


@post(PATH, guards=MAY)
async def add_count(
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    data: URLEncodedBody[Draft],
) -> Response[str]:
    """Open the sheet: of these articles, or of all that the book knows there."""
    known = await places(tx)
    variants, error = None, ""
    if data.location not in known:
        error = page.gettext("Say where it is counted.")
    elif data.lines.strip():
        lines, error = await read_lines(tx, page, data.lines)
        variants = [one.variant_id for one in lines]
    if error:
        return page.show("count_new.html.j2", NewView(data, choices(theirs(known, page.viewer)), error), status=422)
    await inventory.rights.must_keep(tx, actor, [known[data.location].location_id])
    await inventory.counting.open_count(
        tx,
        count_id=data.count_id,
        location_id=known[data.location].location_id,
        variants=variants,
        note=data.note,
        actor=str(actor.id),
    )
    return page.go(f"{PATH}/{data.count_id}")


section = Section(
    routes=[read_counts, read_new_count, add_count],
    topics=[Topic("counts.pulse", "moves", draw_pulse, every=2.0)],
)
