"""One piece of work, and a walk for several: taken on, picked one article after the other, made ready, handed over.

Made for a phone in one hand: the article is the largest sign, one act is the main one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, get_args

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody

from comptoir import catalog, orders
from comptoir.console.console import Section
from comptoir.console.drawing import Reason
from comptoir.console.page import Page
from comptoir.console.pages import order_words as words
from comptoir.console.pages.addresses import AnyRequest
from comptoir.console.pages.floor import MAY, PATH, refused
from comptoir.console.pages.said import Deed, last_said, say
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid

SIZES = ("size", "taille", "shoe_size", "width")
Word = Annotated[str, msgspec.Meta(max_length=100)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Missing = Literal["not_found", "damaged", "display", "declined"]


class Piece(msgspec.Struct, frozen=True):
    """A line of work, or a stop of a walk: so many pieces of an article."""

    sku: str
    name: str
    kind: str
    cloth: str
    size: str
    gtin: str
    where: str
    """Where it lies, as far as it is known: its category."""
    left: int
    done: int
    asked: int
    line: int = 0
    boxed: int = 0
    """Picked, and still here."""
    who: Sequence[str] = ()
    """Into which orders' boxes it goes; with the pieces of each, where there are several."""


class WalkView(msgspec.Struct, frozen=True):
    walk: int
    now: Piece | None
    later: Sequence[Piece]
    works: Sequence[orders.Fulfilment]
    place: words.Place
    left: int
    may: bool
    href: str
    error: str = ""


@get(f"{PATH}/walks/{{walk:int}}", guards=enter("fulfilment"))
async def read_walk(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], walk: FromPath[int]
) -> Response[str]:
    """The next article large, those after it below; when none is left, the boxes."""
    said = last_said(request, page)
    return said(await show_walk(page, tx, walk))


async def show_walk(page: Page, tx: Tx, number: int, *, error: str = "") -> Response[str]:
    walk = await orders.wave(tx, wave_id=number)
    for one in walk.fulfilments:
        await orders.rights.must_work_at(tx, page.viewer, fulfilment_id=one)
    works = [await orders.fulfilment(tx, fulfilment_id=one) for one in walk.fulfilments]
    if not works:
        raise orders.UnknownFulfilment(f"There is no walk {number}.")
    shown = await articles(tx, works)
    numbers = {one.fulfilment_id: str(one.order_number) for one in works}
    stops = [
        piece_of(
            shown.get(stop.sku), stop.sku, stop.name, left=stop.pieces, done=0, asked=stop.pieces,
            who=boxes(page, stop, numbers),
        )
        for stop in walk.stops
    ]  # fmt: skip
    view = WalkView(
        walk=number,
        now=stops[0] if stops else None,
        later=stops[1:],
        works=works,
        place=words.place(await words.places(tx), works[0].location),
        left=sum(one.left for one in stops),
        may=page.viewer.may("orders:write"),
        href=f"{PATH}/walks/{number}",
        error=error,
    )
    return page.show("walk.html.j2", view, status=409 if error else 200)


def boxes(page: Page, stop: orders.Stop, numbers: Mapping[int, str]) -> list[str]:
    """The first first, as they are counted when only some are taken."""
    found = Counter[str]()
    for work, _line, pieces in stop.fulfilments:
        found[numbers[work]] += pieces
    several = len(found) > 1
    return [f"{one} ({page.language.number(pieces)})" if several else one for one, pieces in found.items()]


async def articles(tx: Tx, works: Sequence[orders.Fulfilment]) -> dict[str, catalog.Article]:
    ids = sorted({line.variant_id for work in works for line in work.lines})
    return {one.sku: one for one in await catalog.articles_of(tx, variant_ids=ids)} if ids else {}


def piece_of(
    article: catalog.Article | None, sku: str, name: str, *, left: int, done: int, asked: int,
    line: int = 0, boxed: int = 0, who: Sequence[str] = (),
) -> Piece:  # fmt: skip
    kind, cloth = words.drawing(article.attributes) if article else ("", "grey")
    size = next((str(article.attributes[key]) for key in SIZES if article and key in article.attributes), "")
    return Piece(
        sku=sku, name=name, kind=kind, cloth=cloth, size=size[:12], gtin=(article.gtin or "") if article else "",
        where=article.category[-1] if article and article.category else "", left=left, done=done, asked=asked,
        line=line, boxed=boxed, who=who,
    )  # fmt: skip


class StopForm(msgspec.Struct, frozen=True):
    """What was found of an article, or not."""

    sku: Word
    pieces: Count
    reason: Missing | None = None
    """Null: they are in the box."""


@post(f"{PATH}/walks/{{walk:int}}", guards=MAY)
async def do_stop(
    page: NamedDependency[Page], tx: NamedDependency[Tx], actor: NamedDependency[Actor], walk: FromPath[int],
    data: URLEncodedBody[StopForm],
) -> Response[str]:  # fmt: skip
    """So many pieces are in the box, for the first of the orders; or so many are not there, for the last."""
    wave = await orders.wave(tx, wave_id=walk)
    stop = next((one for one in wave.stops if one.sku == data.sku), None)
    if stop is None:  # asked again, or picked by another meanwhile
        return page.go(f"{PATH}/walks/{walk}")
    acts, left = list[orders.Pick | orders.Reject](), data.pieces
    lines = stop.fulfilments if data.reason is None else list(reversed(stop.fulfilments))
    for fulfilment_id, line, open_ in lines:
        pieces = min(left, open_)
        left -= pieces
        if not pieces:
            continue
        if data.reason is None:
            work = await orders.fulfilment(tx, fulfilment_id=fulfilment_id)
            picked = next(one.picked for one in work.lines if one.line == line) + pieces
            lot = (orders.Pieces(line=line, pieces=picked),)
            acts.append(orders.Pick(fulfilment_id=fulfilment_id, picked=lot, actor=str(actor.id)))
        else:
            lot = (orders.Pieces(line=line, pieces=pieces),)
            acts.append(
                orders.Reject(fulfilment_id=fulfilment_id, lines=lot, reason=data.reason, actor=str(actor.id))
            )  # fmt: skip
    for one in acts:
        await orders.rights.must_work_at(tx, actor, fulfilment_id=one.fulfilment_id)
    if error := refused(page, await orders.run_fulfilment(tx, acts)):
        return await show_walk(page, tx, walk, error=error)
    answer = page.go(f"{PATH}/walks/{walk}")
    return say(answer, "work_rejected") if data.reason and acts else answer


# ---- one piece of work


class WorkView(msgspec.Struct, frozen=True):
    work: orders.Fulfilment
    place: words.Place
    to: words.Place | None
    customer: words.Customer
    stage: tuple[str, str, str]
    pieces: Sequence[Piece]
    due: str
    keep: str
    collected: bool
    refusals: dict[str, Sequence[Reason]]
    """What cannot be done now, and why not."""
    href: str
    error: str = ""

    def can(self, deed: str) -> bool:
        return deed not in self.refusals

    @property
    def missing(self) -> int:
        """Pieces that are not in the box yet."""
        return sum(one.left for one in self.pieces)


@get(f"{PATH}/works/{{number:int}}", guards=enter("fulfilment"))
async def read_work(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], number: FromPath[int]
) -> Response[str]:
    said = last_said(request, page)
    return said(await show_work(page, tx, number))


async def show_work(page: Page, tx: Tx, number: int, *, error: str = "") -> Response[str]:
    work = await orders.fulfilment(tx, fulfilment_id=number)
    await orders.rights.must_touch(tx, page.viewer, order_id=work.order_id)
    order = await orders.order(tx, order_id=work.order_id)
    known, places = await words.customers(tx, page, [order.node_id]), await words.places(tx)
    shown = await articles(tx, [work])
    ours = await orders.rights.works_at(tx, page.viewer, fulfilment_id=number)
    view = WorkView(
        work=work,
        place=words.place(places, work.location),
        to=words.place(places, work.destination) if work.destination else None,
        customer=known.get(order.node_id or 0, words.Customer()),
        stage=words.STAGES[work.state],
        pieces=[
            piece_of(
                shown.get(one.sku), one.sku, one.name, left=one.open - one.picked,
                done=one.picked + one.handed_over + one.sent, asked=one.quantity - one.rejected - one.cancelled,
                line=one.line, boxed=one.picked,
            )
            for one in work.lines
        ],
        due=words.to_come(page, work.due_at) if work.due_at else "",
        keep=words.to_come(page, work.keep_until) if work.keep_until else "",
        collected=work.method == "collect",
        refusals={deed: [("-", why)] for deed, why in refusals_of(page, work, ours=ours).items()},
        href=f"{PATH}/works/{number}",
        error=error,
    )  # fmt: skip
    return page.show("work.html.j2", view, status=409 if error else 200)


def refusals_of(page: Page, work: orders.Fulfilment, *, ours: bool) -> dict[str, str]:
    """Every deed that cannot be done now, with why not: the backend refuses the same."""
    gettext, refusals = page.gettext, dict[str, str]()
    left = sum(one.open - one.picked for one in work.lines)
    picked = sum(one.picked for one in work.lines)
    over = work.state in {"done", "cancelled"}
    if work.state != "open":
        refusals["accept"] = gettext("It is over.") if over else gettext("It was taken on already.")
    if work.state != "accepted" or not left:
        refusals["pick"] = gettext("Take it on first.") if work.state == "open" else gettext("Nothing is left to pick.")
    if work.state != "accepted" or left or not picked:
        refusals["ready"] = gettext("Pick it first.") if not over and work.state != "ready" else gettext("It was done.")
    if work.state not in {"accepted", "ready"} or not picked or work.method == "transfer":
        refusals["hand_over"] = gettext("It is over.") if over else gettext("Nothing of it is picked yet.")
    if work.state not in {"accepted", "ready"} or not picked or work.method != "transfer":
        refusals["send"] = gettext("Nothing of it is picked yet.")
    if work.state not in {"open", "accepted", "ready"}:
        refusals["reject"] = gettext("It is over.") if over else gettext("It is not here yet.")
    if work.state != "accepted":
        refusals["replace"] = (
            gettext("It is over.")
            if over
            else gettext("Take it on first.")
            if work.state == "open"
            else gettext("It is not here yet.")
            if work.state == "coming"
            else gettext("It was done.")
        )
    if work.state != "coming":
        refusals["arrive"] = gettext("It is here already.")
    every = ("accept", "pick", "ready", "hand_over", "send", "reject", "replace", "arrive")
    if not page.viewer.may("orders:write"):
        refusals |= dict.fromkeys(every, gettext("Your role does not do this."))
    elif not ours:
        refusals |= dict.fromkeys(every, gettext("The goods are elsewhere: only who works there can say so."))
    return refusals


class WorkForm(msgspec.Struct, frozen=True):
    """One form for all deeds: what one does not need stays empty."""

    line: Count = 0
    pieces: Count = 0
    reason: Missing = "not_found"
    shelf: Word = ""
    carrier: Word = ""
    tracking: Word = ""
    name: Word = ""
    code: Word = ""
    proxy: Word = ""
    identified_by: Literal["", "code", "document", "signature", "known"] = ""
    walk: Count = 0
    """Done at the end of this walk: the next box waits there."""


Act = orders.Accept | orders.Pick | orders.Ready | orders.HandOver | orders.Send | orders.Reject | orders.Arrive
DoneBy = Literal["accept", "pick", "ready", "hand_over", "send", "reject", "arrive"]


@post(f"{PATH}/works/{{number:int}}/{{deed:str}}", guards=MAY)
async def do_work(
    page: NamedDependency[Page], tx: NamedDependency[Tx], actor: NamedDependency[Actor], number: FromPath[int],
    deed: FromPath[str], data: URLEncodedBody[WorkForm],
) -> Response[str]:  # fmt: skip
    work = await orders.fulfilment(tx, fulfilment_id=number)
    if deed not in get_args(DoneBy):
        raise Invalid("There is no such deed.", deed=deed[:40])
    await orders.rights.must_work_at(tx, actor, fulfilment_id=number)
    act = act_of(msgspec.convert(deed, DoneBy), work, data, str(actor.id))
    if error := refused(page, await orders.run_fulfilment(tx, [act])):
        return await show_work(page, tx, number, error=error)
    said: dict[str, Deed] = {"hand_over": "work_handed_over", "reject": "work_rejected"}
    there = f"walks/{data.walk}" if data.walk and data.walk == work.wave_id else f"works/{number}"
    return say(page.go(f"{PATH}/{there}"), said.get(deed, "work_done"))


def act_of(deed: DoneBy, work: orders.Fulfilment, data: WorkForm, actor: str) -> Act:
    number = work.fulfilment_id
    lot = (orders.Pieces(line=data.line, pieces=data.pieces),)
    match deed:
        case "accept":
            return orders.Accept(fulfilment_id=number, picker=actor, actor=actor)
        case "pick":
            return orders.Pick(fulfilment_id=number, picked=lot, actor=actor)
        case "ready":
            return orders.Ready(fulfilment_id=number, shelf=data.shelf, actor=actor)
        case "hand_over" if work.method == "collect":
            proof = orders.Proof(
                name=data.name, is_proxy=bool(data.proxy), code=data.code, identified_by=data.identified_by
            )
            return orders.HandOver(fulfilment_id=number, proof=proof, actor=actor)
        case "hand_over":
            return orders.HandOver(fulfilment_id=number, carrier=data.carrier, tracking=data.tracking, actor=actor)
        case "send":
            return orders.Send(fulfilment_id=number, carrier=data.carrier, tracking=data.tracking, actor=actor)
        case "reject":
            return orders.Reject(fulfilment_id=number, lines=lot, reason=data.reason, actor=actor)
        case "arrive":
            return orders.Arrive(fulfilment_id=number, actor=actor)


section = Section(routes=[read_walk, do_stop, read_work, do_work])
