"""Transfers and deliveries: what is on its way to our places, what is late; asking for goods, announcing them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
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
from comptoir.console.pages.goods import Spot
from comptoir.console.pages.pieces import choices, own_places, places, read_lines, spot, theirs
from comptoir.console.pages.said import last_said, say
from comptoir.console.refusals import said_of
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid, Refusal
from comptoir.kernel.http.pages import cursor_of, place_of
from comptoir.kernel.ids import uuid7

PATH = "/transfers"
ROWS = 25
WRITE = "inventory:write"
MAY = [*enter("moves"), allow(WRITE)]
STAGES: dict[str, tuple[str, str, str]] = {
    "requested": (N_("asked for"), "", "hourglass"),
    "under_way": (N_("under way"), "info", "truck"),
    "received": (N_("arrived"), "good", "circle-check"),
    "cancelled": (N_("called off"), "", "ban"),
}
LATE = (N_("late"), "warn", "clock-exclamation")


class Wanted(Asked, frozen=True, kw_only=True):
    """What is looked for, as the address says it."""

    standing: Literal["open", "late", "ended"] = "open"
    kind: Literal["transfer", "delivery"] | None = None
    at: str = ""
    """Code of a location at either end, or `all`; unsaid: her own shop, for who works in one."""
    after: str = ""


class Row(msgspec.Struct, frozen=True):
    href: str
    source: Spot
    target: Spot
    articles: int
    asked: int
    came: int
    lost: int
    coming: int
    expected_on: date | None
    stage: tuple[str, str, str]
    requested_at: datetime
    note: str


class TransfersView(msgspec.Struct, frozen=True):
    wanted: Wanted
    href: str
    rows: Sequence[Row]
    tally: inventory.moving.Tally
    at: str
    everywhere: str
    """What says all places in the address."""
    places: Sequence[tuple[str, str]]
    after: str
    filtered: bool
    may_act: bool
    pulse: str


@get(PATH, guards=enter("moves"))
async def read_transfers(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    """The list, or the list alone when htmx asks for `#moves`."""
    said = last_said(request, page)
    wanted = Wanted.read(request)
    known = await places(tx)
    own = next((one.code for one in own_places(page, known)), "")
    at = "" if wanted.at == "all" else wanted.at or own
    if at and at not in known:
        raise inventory.UnknownLocation(f"No location has the code {wanted.at[:80]!r}.", location=wanted.at[:80])
    today = page.now.astimezone(page.frame.zone).date()
    before = place_of(wanted.after, datetime, UUID)
    found = await inventory.moving.sought(
        tx,
        location_ids=[known[at].location_id] if at else [],
        standing=wanted.standing,
        kind=wanted.kind,
        today=today,
        before=(before[0], before[1]) if before else None,
        limit=ROWS + 1,
    )
    shown = found[:ROWS]
    last = cursor_of(shown[-1].requested_at, shown[-1].transfer_id) if len(found) > ROWS else ""
    view = TransfersView(
        wanted=wanted,
        href=wanted.url(PATH),
        rows=[row(one, known, today) for one in shown],
        tally=await inventory.moving.tally(tx, today=today),
        at=at or ("all" if own else ""),
        everywhere="all" if own else "",
        places=choices(known),
        after=wanted.url(PATH, after=last) if last else "",
        filtered=bool(at or wanted.kind or wanted.standing != "open"),
        may_act=page.viewer.may(WRITE),
        pulse=await inventory.moving.pulse(tx),
    )
    return said(page.show("transfers.html.j2", view))


def row(one: inventory.moving.Transfer, known: Mapping[str, inventory.Location], today: date) -> Row:
    days = [line.expected_on for line in one.lines if line.under_way and line.expected_on]
    return Row(
        href=f"{PATH}/{one.transfer_id}",
        source=sender(one, known),
        target=spot(known, one.target),
        articles=len(one.lines),
        asked=sum(line.quantity for line in one.lines),
        came=sum(line.received for line in one.lines),
        lost=sum(line.missing for line in one.lines),
        coming=sum(line.under_way for line in one.lines) or waiting(one),
        expected_on=min(days, default=None),
        stage=stage(one, today),
        requested_at=one.requested_at,
        note=one.note,
    )


def waiting(one: inventory.moving.Transfer) -> int:
    """Asked for and not shipped yet."""
    return sum(line.quantity for line in one.lines) if one.stage == "requested" else 0


def sender(one: inventory.moving.Transfer, known: Mapping[str, inventory.Location]) -> Spot:
    return Spot("", one.supplier, "", depot=False) if one.source == "supplier" else spot(known, one.source)


def stage(one: inventory.moving.Transfer, today: date) -> tuple[str, str, str]:
    late = any(line.under_way and line.expected_on and line.expected_on < today for line in one.lines)
    return LATE if late and one.stage == "under_way" else STAGES[one.stage]


class PulseView(msgspec.Struct, frozen=True):
    pulse: str


async def draw_pulse(page: Page, tx: Tx) -> str:
    return page.draw_part("transfers.html.j2", "moves_pulse", PulseView(await inventory.moving.pulse(tx)))


# ---- a new one


class NewWanted(Asked, frozen=True, kw_only=True):
    kind: Literal["transfer", "delivery"] = "transfer"
    source: str = ""
    target: str = ""
    sku: str = ""


Short = Annotated[str, msgspec.Meta(max_length=200)]


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The form as it was typed."""

    transfer_id: UUID
    kind: Literal["transfer", "delivery"] = "transfer"
    source: Short = ""
    supplier: Short = ""
    target: Short = ""
    lines: str = ""
    expected_on: Short = ""
    note: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class NewView(msgspec.Struct, frozen=True):
    draft: Draft
    sources: Sequence[tuple[str, str]]
    targets: Sequence[tuple[str, str]]
    """A delivery comes to one of theirs; of a transfer one end is theirs."""
    error: str


@get(f"{PATH}/new", guards=MAY)
async def read_new(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    wanted = NewWanted.read(request)
    known = await places(tx)
    own = theirs(known, page.viewer)
    target = wanted.target or (next(iter(own)) if page.viewer.outlets and own and wanted.source not in own else "")
    draft = Draft(transfer_id=uuid7(), kind=wanted.kind, source=wanted.source, target=target, lines=wanted.sku)
    return page.show("transfer_new.html.j2", new_view(page, draft, known))


def new_view(page: Page, draft: Draft, known: Mapping[str, inventory.Location], error: str = "") -> NewView:
    targets = theirs(known, page.viewer) if draft.kind == "delivery" else known
    return NewView(draft, choices(known), choices(targets), error)


@post(PATH, guards=MAY)
async def add_transfer(
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    data: URLEncodedBody[Draft],
) -> Response[str]:
    """Ask for goods or announce them. The form carries the id, so that a second click asks for nothing more."""
    known = await places(tx)
    lines, error = await read_lines(tx, page, data.lines)
    day = day_of(data.expected_on)
    if not error and (data.target not in known or (data.kind == "transfer" and data.source not in known)):
        error = page.gettext("Say from where and to where.")
    if not error and data.kind == "delivery" and not data.supplier.strip():
        error = page.gettext("Say whose goods they are.")
    if not error:
        await tx.run("SAVEPOINT asking")
        wanted = [inventory.moving.Wanted(one.variant_id, one.quantity, day) for one in lines]
        try:
            await record(tx, data, known, wanted, actor)
        except Refusal as refusal:
            await tx.run("ROLLBACK TO SAVEPOINT asking")
            error = said_of(page, refusal)
    if error:
        return page.show("transfer_new.html.j2", new_view(page, data, known, error), status=422)
    deed = "delivery_announced" if data.kind == "delivery" else "transfer_requested"
    return say(page.go(f"{PATH}/{data.transfer_id}"), deed)


async def record(
    tx: Tx, draft: Draft, known: Mapping[str, inventory.Location], lines: list[inventory.moving.Wanted], actor: Actor
) -> None:
    target = known[draft.target].location_id
    if draft.kind == "delivery":
        await inventory.rights.must_keep_one(tx, actor, [target])
        await inventory.moving.announce(
            tx, transfer_id=draft.transfer_id, supplier=draft.supplier.strip(), to_location_id=target, lines=lines,
            note=draft.note, actor=str(actor.id),
        )  # fmt: skip
    else:
        await inventory.rights.must_keep_one(tx, actor, [known[draft.source].location_id, target])
        await inventory.moving.request(
            tx, transfer_id=draft.transfer_id, from_location_id=known[draft.source].location_id, to_location_id=target,
            lines=lines, note=draft.note, actor=str(actor.id),
        )  # fmt: skip


def day_of(text: str) -> date | None:
    """A day as a browser sends it. Raises Invalid."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid("A day is written 2026-11-22.") from error


section = Section(
    routes=[read_transfers, read_new, add_transfer],
    topics=[Topic("moves.pulse", "moves", draw_pulse, every=2.0)],
)
