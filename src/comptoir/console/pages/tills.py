"""Tills: how far each was heard, what of it is missing, what contradicts its chain, and the decision on that."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from comptoir import channels, orders, tills
from comptoir.console.console import Section
from comptoir.console.language import N_
from comptoir.console.live import Topic
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest
from comptoir.console.pages.goods import Spot
from comptoir.console.pages.said import Deed, last_said, say
from comptoir.console.refusals import said, said_of
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal

PATH = "/tills"
DECIDE = "tills:admin"
SKEWED = 60_000
"""Milliseconds by which a clock differs before it is said."""
SHOWN = 20_000
"""Characters of an entry that stands aside: parts within parts, indented, grow with the square of their depth."""
REASONS: dict[str, str] = {
    "unreadable": N_("It cannot be read."),
    "hash_differs": N_("Its contents are not those that the till had sealed."),
    "fork": N_("Another entry is known at its place in the till’s chain."),
}
KINDS: dict[str, str] = {
    "sale": N_("a sale"),
    "return": N_("a return"),
    "stock": N_("goods moved"),
    "claim": N_("goods kept for a basket"),
}
REVOKED = (N_("out of use"), "", "ban")
GAP = (N_("entries are missing"), "bad", "alert-triangle")
ASIDE = (N_("something stands aside"), "warn", "hand-stop")
SILENT = (N_("never heard"), "", "point")
WELL = (N_("heard without a gap"), "good", "circle-check")


class Row(msgspec.Struct, frozen=True):
    href: str
    standing: tills.Standing
    place: Spot
    state: tuple[str, str, str]


class TillsView(msgspec.Struct, frozen=True):
    rows: Sequence[Row]
    may_register: bool
    pulse: str


@get(PATH, guards=enter("tills"))
async def read_tills(page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    outlets = await names(tx)
    rows = [row(one, outlets) for one in await tills.standings(tx) if page.viewer.at(one.device.outlet_id)]
    rows.sort(key=lambda one: one.standing.device.revoked_at is not None)
    return page.show("tills.html.j2", TillsView(rows, page.viewer.may(DECIDE), await tills.pulse(tx)))


def row(one: tills.Standing, outlets: Mapping[str, str]) -> Row:
    device = one.device
    state = WELL
    if device.revoked_at:
        state = REVOKED
    elif one.missing:
        state = GAP
    elif one.aside:
        state = ASIDE
    elif device.synced_at is None:
        state = SILENT
    place = Spot(device.outlet, outlets.get(device.outlet, device.outlet), device.name, depot=False)
    return Row(f"{PATH}/{device.device_id}", one, place, state)


async def names(tx: Tx) -> dict[str, str]:
    return {one.code: one.name for one in await channels.outlets(tx)}


class Aside(msgspec.Struct, frozen=True):
    """An entry that stands aside, as it is shown."""

    entry: tills.Aside
    words: str
    kind: str
    body: str


class Booked(msgspec.Struct, frozen=True):
    """An entry that could not be booked as it was told."""

    entry: tills.Faulty
    kind: str
    words: str


class TillView(msgspec.Struct, frozen=True):
    row: Row
    aside: Sequence[Aside]
    faulty: Sequence[Booked]
    skew: str
    """By how much its clock differs, where that matters."""
    may_decide: bool
    token: str
    """Its key, shown this once."""
    mistyped: str
    error: str
    pulse: str


@get(f"{PATH}/{{device_id:uuid}}", guards=enter("tills"))
async def read_till(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], device_id: FromPath[UUID]
) -> Response[str]:
    told = last_said(request, page)
    return told(await show(page, tx, device_id))


async def show(
    page: Page, tx: Tx, device_id: UUID, *, token: str = "", mistyped: str = "", error: str = ""
) -> Response[str]:
    one = await tills.standing(tx, device_id=device_id)
    if not page.viewer.at(one.device.outlet_id):
        raise orders.NotYourPlace("The till is of another shop.", outlet=one.device.outlet)
    skew = one.device.skew_ms
    view = TillView(
        row=row(one, await names(tx)),
        aside=[aside(each) for each in await tills.set_aside(tx, device_id=device_id)],
        faulty=[
            Booked(each, KINDS[each.kind], said(page, each.answer.code or "", {}) or each.answer.detail or "")
            for each in await tills.faulty(tx, device_id=device_id)
        ],
        skew=page.language.ago(abs(skew) / 1000) if abs(skew) >= SKEWED else "",
        may_decide=page.viewer.may(DECIDE),
        token=token,
        mistyped=mistyped,
        error=error,
        pulse=await tills.pulse(tx),
    )
    return page.show("till.html.j2", view, status=409 if error else 422 if mistyped else 200)


def aside(one: tills.Aside) -> Aside:
    """What can be read of it."""
    try:
        told: Any = json.loads(one.body)
        shown = json.dumps(told, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        told, shown = None, one.body
    kind = str(cast("dict[str, Any]", told).get("kind")) if isinstance(told, dict) else ""
    shown = shown if len(shown) <= SHOWN else one.body
    shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]} …"
    return Aside(one, REASONS.get(one.reason, ""), KINDS.get(kind, ""), shown)


@post(f"{PATH}/{{device_id:uuid}}/aside/{{quarantine_id:int}}/{{deed:str}}", guards=[*enter("tills"), allow(DECIDE)])
async def decide(
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    device_id: FromPath[UUID],
    quarantine_id: FromPath[int],
    deed: FromPath[Literal["taking", "dismissal"]],
) -> Response[str]:
    """It has happened all the same: do what it says. Or nothing is to be done of it."""
    done: Deed = "entry_taken" if deed == "taking" else "entry_dismissed"
    await tx.run("SAVEPOINT deciding")
    try:
        if deed == "taking":
            await tills.take(tx, quarantine_id=quarantine_id, actor=actor)
        else:
            await tills.dismiss(tx, quarantine_id=quarantine_id, actor=actor)
    except Refusal as refusal:
        await tx.run("ROLLBACK TO SAVEPOINT deciding")
        return await show(page, tx, device_id, error=said_of(page, refusal))
    return say(page.go(f"{PATH}/{device_id}"), done)


class PulseView(msgspec.Struct, frozen=True):
    pulse: str


async def draw_pulse(page: Page, tx: Tx) -> str:
    return page.draw_part("tills.html.j2", "tills_pulse", PulseView(await tills.pulse(tx)))


section = Section(
    routes=[read_tills, read_till, decide],
    topics=[Topic("tills.pulse", "tills", draw_pulse, every=2.0)],
)
