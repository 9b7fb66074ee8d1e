"""One count: the blind sheet in the aisle, one article after the other; then what differs, for a second person."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody

from comptoir import catalog, channels, inventory, pricing
from comptoir.console.console import Section
from comptoir.console.drawing import Reason
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.counts import PATH, STAGES
from comptoir.console.pages.goods import STATES, Spot, actors
from comptoir.console.pages.pieces import Face, by_barcode, faces, places, refused, spot
from comptoir.console.pages.said import Deed, last_said, say
from comptoir.console.pages.transfers import MAY, WRITE
from comptoir.console.refusals import said_of
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal
from comptoir.kernel.money import Money

State = Literal["sellable", "display", "damaged", "quarantine"]


class Wanted(Asked, frozen=True, kw_only=True):
    """Which article stands on the sheet: by its place, or sought by SKU or barcode."""

    variant: Annotated[int, msgspec.Meta(ge=1, lt=2**62)] | None = None
    state: State = "sellable"
    find: str = ""
    blind: Literal["yes", ""] = ""
    """What is asked for again from a sheet that was open: once it is handed in there is another page."""


class Line(msgspec.Struct, frozen=True):
    face: Face
    line: inventory.counting.CountLine
    meanwhile: int
    """Pieces that came or left after it was counted."""
    worth: Money | None
    """Of the difference, at today's price on the shelf there."""
    href: str


class CountView(msgspec.Struct, frozen=True):
    href: str
    here: str
    """The same with what stands on the sheet."""
    pulse: str
    count: inventory.counting.Count
    place: Spot
    stage: tuple[str, str, str]
    lines: Sequence[Line]
    now: Line | None
    """On the sheet, to be counted."""
    counted: int
    differing: Sequence[Line]
    more: int
    less: int
    worth: Money | None
    limits: inventory.counting.House
    limit: Money | None
    """In money, where the house has such a limit."""
    opened_by: str
    submitted_by: str
    closed_by: str
    why_not: Sequence[Reason]
    """Nothing where it may be counted by whoever looks."""
    same: bool
    """Whoever looks has counted, or handed it in."""
    states: Mapping[str, str]
    sought: str
    error: str


@get(f"{PATH}/{{count_id:uuid}}", guards=enter("moves"))
async def read_count(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], count_id: FromPath[UUID]
) -> Response[str]:
    said = last_said(request, page)
    return said(await show(page, tx, count_id, Wanted.read(request)))


async def show(page: Page, tx: Tx, count_id: UUID, wanted: Wanted, *, error: str = "") -> Response[str]:
    one = await inventory.counting.count(tx, count_id=count_id)
    known, who = await places(tx), await actors(tx)
    is_open = one.stage == "open"
    if wanted.blind and not is_open:
        return page.go(f"{PATH}/{count_id}")
    drawn = await faces(tx, [line.variant_id for line in one.lines])
    moved = {} if is_open else await inventory.counting.moved_since(tx, count_id=count_id)
    differ = [line.variant_id for line in one.lines if line.difference]
    prices = await worths(page, tx, one.location, differ) if differ else {}

    def line_of(line: inventory.counting.CountLine) -> Line:
        price = prices.get(line.variant_id)
        gap = line.difference
        return Line(
            drawn.get(line.variant_id) or Face(line.sku, line.sku),
            line,
            moved.get((line.variant_id, line.state), 0),
            Money(price * gap, page.settings.currency) if price and gap else None,
            f"{PATH}/{count_id}?variant={line.variant_id}&state={line.state}",
        )

    lines = [line_of(line) for line in one.lines]
    chosen = None
    if is_open and wanted.find:
        chosen, error = await find(tx, page, lines, wanted.find)
    elif is_open:
        chosen = next(
            (each for each in lines if (each.line.variant_id, each.line.state) == (wanted.variant, wanted.state)),
            next((each for each in lines if each.line.counted is None), None),
        )
    differing = [each for each in lines if each.line.difference]
    amounts = [each.worth for each in differing if each.worth]
    me = str(page.viewer.id)
    limits = await inventory.counting.limits(tx)
    view = CountView(
        href=f"{PATH}/{count_id}",
        here=wanted.url(f"{PATH}/{count_id}", blind="yes"),
        pulse=await inventory.counting.pulse(tx),
        count=one,
        place=spot(known, one.location),
        stage=STAGES[one.stage],
        lines=lines,
        now=chosen,
        counted=sum(line.counted is not None for line in one.lines),
        differing=sorted(differing, key=lambda each: -abs(each.line.difference or 0)),
        more=sum(max(0, each.line.difference or 0) for each in lines),
        less=sum(min(0, each.line.difference or 0) for each in lines),
        worth=Money(sum(amount.amount_minor for amount in amounts), amounts[0].currency) if amounts else None,
        limits=limits,
        limit=None if limits.review_value_minor is None else Money(limits.review_value_minor, page.settings.currency),
        opened_by=who.get(one.opened_by, ""),
        submitted_by=who.get(one.submitted_by, ""),
        closed_by=who.get(one.closed_by, ""),
        why_not=await refused(page, WRITE, inventory.rights.must_count(tx, page.viewer, count_id=count_id)),
        same=me in {one.submitted_by, *(line.counted_by for line in one.lines)},
        states=STATES,
        sought=wanted.find,
        error=error,
    )
    status = 200 if page.part or not error else 409
    return page.show("count.html.j2" if is_open else "count_review.html.j2", view, status=status)


async def worths(page: Page, tx: Tx, code: str, variants: Sequence[int]) -> dict[int, int]:
    """What a piece of these articles is worth there today, in minor units of the house; those without a price miss."""
    place = next((one for one in await inventory.locations(tx) if one.code == code), None)
    outlet = next((one for one in await channels.outlets(tx) if place and one.outlet_id == place.outlet_id), None)
    return await pricing.worths(tx, variants, outlet=outlet, currency=page.settings.currency)


async def find(tx: Tx, page: Page, lines: Sequence[Line], words: str) -> tuple[Line | None, str]:
    """An article by SKU or barcode, on the sheet or found beside it."""
    known = await catalog.variants_by_sku(tx, [words])
    variant = known[words].variant_id if words in known else await by_barcode(tx, words)
    if variant is None:
        return None, page.gettext("The catalogue has no article %(code)s.", code=words)
    for each in lines:
        if each.line.variant_id == variant and each.line.state == "sellable":
            return each, ""
    face = (await faces(tx, [variant]))[variant]
    line = inventory.counting.CountLine(
        variant_id=variant, sku=face.sku, state="sellable", counted=None, counted_at=None, counted_by="", book=None,
        difference=None,
    )  # fmt: skip
    return Line(face, line, 0, None, ""), ""


# ---- acts


class CountedForm(msgspec.Struct, frozen=True):
    variant: Annotated[int, msgspec.Meta(ge=1, lt=2**62)]
    quantity: str
    state: State = "sellable"


@post(f"{PATH}/{{count_id:uuid}}/lines", guards=MAY)
async def count_line(
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    count_id: FromPath[UUID],
    data: URLEncodedBody[CountedForm],
) -> Response[str]:
    """Write one article down; the next one stands on the sheet."""
    text = data.quantity.strip()
    again = Wanted(variant=data.variant, state=data.state)
    if not (text.isascii() and text.isdecimal() and len(text) <= 7):
        return await show(page, tx, count_id, again, error=page.gettext("How many are there? 0 is an answer too."))
    await inventory.rights.must_count(tx, actor, count_id=count_id)
    found = inventory.counting.Counted(variant_id=data.variant, quantity=int(text), state=data.state)
    act = inventory.counting.record_counted(tx, count_id=count_id, lines=[found], actor=str(actor.id))
    if error := await attempt(page, tx, act):
        return await show(page, tx, count_id, again, error=error)
    return await show(page, tx, count_id, Wanted()) if page.part else page.go(f"{PATH}/{count_id}")


class OverForm(msgspec.Struct, frozen=True):
    leave_out: str = ""
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""


@post(f"{PATH}/{{count_id:uuid}}/{{deed:str}}", guards=MAY)
async def end_count(
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    count_id: FromPath[UUID],
    deed: FromPath[Literal["submission", "approval", "rejection", "cancellation"]],
    data: URLEncodedBody[OverForm],
) -> Response[str]:
    """Counting is over; somebody else believes it, or not; the sheet is given up."""
    await inventory.rights.must_count(tx, actor, count_id=count_id)
    me, counting = str(actor.id), inventory.counting
    said: Deed = "count_over"
    if deed == "submission":
        worth = partial(pricing.worths, currency=page.settings.currency)
        act = counting.submit(tx, count_id=count_id, worths=worth, leave_out=bool(data.leave_out), actor=me)
    elif deed == "approval":
        act, said = counting.approve(tx, count_id=count_id, actor=me), "count_approved"
    elif deed == "rejection":
        if not data.reason.strip():
            return await show(page, tx, count_id, Wanted(), error=page.gettext("Say why it is not believed."))
        act, said = counting.reject(tx, count_id=count_id, reason=data.reason.strip(), actor=me), "count_rejected"
    else:
        act, said = counting.cancel_count(tx, count_id=count_id, actor=me), "count_cancelled"
    if error := await attempt(page, tx, act):
        return await show(page, tx, count_id, Wanted(), error=error)
    return say(page.go(f"{PATH}/{count_id}"), said)


async def attempt(page: Page, tx: Tx, act: Any) -> str:
    """Do it; why not, where it is refused."""
    await tx.run("SAVEPOINT acting")
    try:
        await act
    except Refusal as refusal:
        await tx.run("ROLLBACK TO SAVEPOINT acting")
        return said_of(page, refusal)
    return ""


section = Section(routes=[read_count, count_line, end_count])
