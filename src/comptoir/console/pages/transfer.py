"""One transfer or delivery: its lines, its story, and what may be done now: send it, receive it, call it off."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from markupsafe import Markup

from comptoir import inventory
from comptoir.console.console import Section
from comptoir.console.drawing import Reason
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest
from comptoir.console.pages.goods import Spot, actors
from comptoir.console.pages.pieces import Face, faces, places, read_lines, refused, spot
from comptoir.console.pages.said import Deed, last_said, say
from comptoir.console.pages.transfers import MAY, PATH, WRITE, day_of, sender, stage
from comptoir.console.refusals import said_of
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid, Refusal

MOST = 1_000_000
REASONS: dict[str, str] = {
    "lost": N_("lost on the way"),
    "not sent": N_("was never sent"),
    "broken": N_("broken on the way"),
    "refused": N_("sent back, not wanted"),
}
"""Why what is missing is given up. The words are kept as they are said here."""


class Line(msgspec.Struct, frozen=True):
    """An article of it. `typed` is what stands in the fields of the form, by their beginning."""

    variant_id: int
    face: Face
    line: inventory.moving.TransferLine
    typed: Mapping[str, str]

    @property
    def over(self) -> int:
        """Arrived beyond what was sent."""
        one = self.line
        return max(0, one.received + one.missing + one.under_way - one.shipped)


class Told(msgspec.Struct, frozen=True):
    """A step of its story."""

    icon: str
    words: str
    note: str
    who: str
    at: datetime


class TransferView(msgspec.Struct, frozen=True):
    href: str
    transfer: inventory.moving.Transfer
    source: Spot
    target: Spot
    stage: tuple[str, str, str]
    lines: Sequence[Line]
    asked: int
    shipped: int
    received: int
    aside: int
    missing: int
    coming: int
    over: int
    expected_on: date | None
    late: bool
    story: Sequence[Told]
    why_not: Mapping[str, Sequence[Reason]]
    """Of sending, receiving, calling it off: nothing where it may be done."""
    typed: Mapping[str, str]
    reasons: Mapping[str, str]
    error: str


@get(f"{PATH}/{{transfer_id:uuid}}", guards=enter("moves"))
async def read_transfer(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], transfer_id: FromPath[UUID]
) -> Response[str]:
    said = last_said(request, page)
    return said(await show(page, tx, transfer_id))


async def show(
    page: Page, tx: Tx, transfer_id: UUID, *, typed: Mapping[str, str] | None = None, error: str = ""
) -> Response[str]:
    one = await inventory.moving.transfer(tx, transfer_id=transfer_id)
    known = await places(tx)
    today = page.now.astimezone(page.frame.zone).date()
    drawn = await faces(tx, [line.variant_id for line in one.lines])
    lines = [
        Line(
            line.variant_id,
            drawn.get(line.variant_id) or Face(line.sku or str(line.variant_id), line.sku or str(line.variant_id)),
            line,
            typed or {},
        )
        for line in one.lines
    ]
    days = [line.expected_on for line in one.lines if line.expected_on and (line.under_way or not line.shipped)]
    came = any(line.received or line.missing for line in one.lines)
    view = TransferView(
        href=f"{PATH}/{one.transfer_id}",
        transfer=one,
        source=sender(one, known),
        target=spot(known, one.target),
        stage=stage(one, today),
        lines=lines,
        asked=sum(line.quantity for line in one.lines),
        shipped=sum(line.shipped for line in one.lines),
        received=sum(line.received for line in one.lines),
        aside=sum(line.set_aside for line in one.lines),
        missing=sum(line.missing for line in one.lines),
        coming=sum(line.under_way for line in one.lines),
        over=sum(line.over for line in lines),
        expected_on=min(days, default=None),
        late=bool(days) and min(days) < today and one.stage == "under_way",
        story=[
            told(page, step, one, await actors(tx))
            for step in await inventory.moving.story(tx, transfer_id=transfer_id)
        ],
        why_not=await forbidden(page, tx, one, came=came),
        typed=typed or {},
        reasons=REASONS,
        error=error,
    )
    return page.show("transfer.html.j2", view, status=409 if error else 200)


async def forbidden(page: Page, tx: Tx, one: inventory.moving.Transfer, *, came: bool) -> dict[str, Sequence[Reason]]:
    """The one end sends, the other receives, either calls it off; once goods are under way nobody does."""
    rights, by, transfer_id = inventory.rights, page.viewer, one.transfer_id
    end = await refused(page, WRITE, rights.must_be_an_end(tx, by, transfer_id=transfer_id))
    if not end and not (one.stage == "requested" or (one.source == "supplier" and not came)):
        end = [("-", page.gettext("goods are on their way or have come: receive them, then give up the rest"))]
    return {
        "send": await refused(page, WRITE, rights.must_send(tx, by, transfer_id=transfer_id)),
        "receive": await refused(page, WRITE, rights.must_receive(tx, by, transfer_id=transfer_id)),
        "cancel": end,
    }


def told(page: Page, step: inventory.moving.Step, one: inventory.moving.Transfer, known: Mapping[str, str]) -> Told:
    gettext, number = page.gettext, page.language.number
    who = known.get(step.actor, "")
    delivery = one.source == "supplier"
    if step.kind == "requested":
        words = gettext("Announced") if delivery else gettext("Asked for")
        return Told("truck-loading" if delivery else "hand-stop", words, one.note, who, step.at)
    if step.kind == "shipped":
        return Told("truck", gettext("Sent"), pieces(page, step.units), who, step.at)
    if step.kind == "received":
        note = [pieces(page, step.units)]
        if step.set_aside:
            note.append(gettext("%(n)s not fit for sale", n=number(step.set_aside)))
        if step.over:
            note.append(gettext("%(n)s more than were sent", n=number(step.over)))
        words = gettext("Received: %(name)s", name=step.reference)
        return Told("package", words, Markup(", ").join(note), who, step.at)
    if one.stage == "cancelled":
        return Told("ban", gettext("Called off"), "", who, step.at)
    lost = sum(line.missing for line in one.lines)
    note = gettext("%(n)s never came and are given up", n=number(lost)) if lost else gettext("Everything has come")
    return Told("circle-check", gettext("Over"), note, who, step.at)


def pieces(page: Page, n: int) -> str:
    return page.ngettext("one piece", "%(n)s pieces", n)


# ---- acts


async def typed_in(request: AnyRequest) -> dict[str, str]:
    form = await request.form()
    return {name: str(value)[:20_000] for name, value in form.items()}


def counted(form: Mapping[str, str], kind: str, variant: int) -> int:
    """What stands in a field of a line; nothing is none. Raises Invalid."""
    text = form.get(f"{kind}-{variant}", "").strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) <= 7 and int(text) <= MOST):
        raise Invalid("A quantity is a whole number of pieces.")
    return int(text)


async def attempt(
    page: Page, tx: Tx, transfer_id: UUID, form: Mapping[str, str], act: Any, deed: Deed
) -> Response[str]:
    """Do it, or show the page again with what was typed and why not."""
    await tx.run("SAVEPOINT acting")
    try:
        await act
    except Refusal as refusal:
        await tx.run("ROLLBACK TO SAVEPOINT acting")
        return await show(page, tx, transfer_id, typed=form, error=said_of(page, refusal))
    return say(page.go(f"{PATH}/{transfer_id}"), deed)


@post(f"{PATH}/{{transfer_id:uuid}}/shipment", guards=MAY)
async def ship_transfer(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    transfer_id: FromPath[UUID],
) -> Response[str]:
    """Send what stands in the fields."""
    form = await typed_in(request)
    one = await inventory.moving.transfer(tx, transfer_id=transfer_id)
    await inventory.rights.must_send(tx, actor, transfer_id=transfer_id)
    leaving = {line.variant_id: counted(form, "send", line.variant_id) for line in one.lines}
    act = inventory.moving.ship(
        tx,
        transfer_id=transfer_id,
        lines=leaving,
        expected_on=day_of(form.get("expected_on", "")),
        is_fact="is_fact" in form,
        actor=str(actor.id),
    )
    return await attempt(page, tx, transfer_id, form, act, "transfer_shipped")


@post(f"{PATH}/{{transfer_id:uuid}}/receipts", guards=MAY)
async def receive_goods(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    transfer_id: FromPath[UUID],
) -> Response[str]:
    """What was in the parcel: fit for sale, damaged, to be checked, and what nobody announced."""
    form = await typed_in(request)
    one = await inventory.moving.transfer(tx, transfer_id=transfer_id)
    await inventory.rights.must_receive(tx, actor, transfer_id=transfer_id)
    states: tuple[inventory.State, ...] = ("sellable", "damaged", "quarantine")
    arrived = [
        inventory.moving.Arrived(line.variant_id, units, state)
        for line in one.lines
        for state in states
        if (units := counted(form, state, line.variant_id))
    ]
    if extra := form.get("unexpected", "").strip():
        more, error = await read_lines(tx, page, extra)
        if error:
            return await show(page, tx, transfer_id, typed=form, error=error)
        arrived += [inventory.moving.Arrived(found.variant_id, found.quantity) for found in more]
    act = inventory.moving.receive(
        tx,
        transfer_id=transfer_id,
        reference=form.get("reference", "").strip()[:200] or page.gettext("parcel"),
        arrived=arrived,
        complete="complete" in form,
        reason=form.get("reason", "")[:200] if "complete" in form else "",
        unexpected=bool(extra),
        actor=str(actor.id),
    )
    return await attempt(page, tx, transfer_id, form, act, "goods_received")


@post(f"{PATH}/{{transfer_id:uuid}}/cancellation", guards=MAY)
async def cancel_transfer(
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    transfer_id: FromPath[UUID],
) -> Response[str]:
    await inventory.rights.must_be_an_end(tx, actor, transfer_id=transfer_id)
    act = inventory.moving.cancel(tx, transfer_id=transfer_id)
    return await attempt(page, tx, transfer_id, {}, act, "transfer_cancelled")


section = Section(routes=[read_transfer, ship_transfer, receive_goods, cancel_transfer])
