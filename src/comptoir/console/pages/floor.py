"""The floor of a shop or a warehouse: what is to accept, to pick, ready and late; live. Her own shop first."""

from collections.abc import Sequence

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from comptoir import inventory, orders
from comptoir.console.console import Section
from comptoir.console.language import N_
from comptoir.console.live import Topic
from comptoir.console.page import Page
from comptoir.console.pages import order_words as words
from comptoir.console.pages.addresses import AnyRequest
from comptoir.console.pages.order import PulseView
from comptoir.console.pages.said import last_said, say
from comptoir.console.refusals import said_of
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal

PATH = "/fulfilment"
MAY = [*enter("fulfilment"), allow("orders:write")]
CARDS = 40
"""In one column: the work that is due first."""
OTHERS = 12
"""Places beside this one that have something to do."""
FEW = 12
"""Places that are all shown, whether they have something to do or not."""
WALK = 20
"""Works in one walk."""

COLUMNS: Sequence[tuple[str, str, str]] = (
    ("late", N_("Late"), "clock-exclamation"),
    ("open", N_("To accept"), "hourglass"),
    ("accepted", N_("To pick"), "basket-check"),
    ("ready", N_("Ready"), "package"),
)


class PlaceRow(msgspec.Struct, frozen=True):
    """A location with its work by state."""

    place: words.Place
    href: str
    own: bool
    open: int = 0
    accepted: int = 0
    ready: int = 0
    coming: int = 0
    late: int = 0

    @property
    def all(self) -> int:
        return self.open + self.accepted + self.ready + self.coming


class PlacesView(msgspec.Struct, frozen=True):
    rows: Sequence[PlaceRow]
    most: int
    """Work of the place that has most: what a full bar stands for."""
    idle: int
    """Places that have nothing to do, and are not shown."""
    tasks: int
    href: str
    pulse: str


class Card(msgspec.Struct, frozen=True):
    """One piece of work on the board."""

    work: orders.Fulfilment
    href: str
    customer: words.Customer
    goods: Sequence[str]
    pieces: int
    picked: int
    due: str


class Column(msgspec.Struct, frozen=True):
    key: str
    name: str
    icon: str
    cards: Sequence[Card]
    count: int


class BoardView(msgspec.Struct, frozen=True):
    place: words.Place
    columns: Sequence[Column]
    coming: Sequence[Card]
    tasks: int
    """Matters that somebody of the place must look at."""
    walks: Sequence[int]
    """Begun and not ended."""
    others: Sequence[PlaceRow]
    may: bool
    href: str
    pulse: str
    error: str = ""


@get(PATH, guards=enter("fulfilment"))
async def read_places(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    """All places with their work; who works in a shop comes to its board at once."""
    rows = await place_rows(page, tx)
    own = next((row for row in rows if row.own), None)
    if own and not page.part and "all" not in request.query_params:
        return page.go(own.href)
    tasks = len(await orders.tasks(tx, outlets=page.viewer.outlets, limit=100))
    everywhere = "idle" in request.query_params or len(rows) <= FEW
    shown = [row for row in rows if everywhere or row.own or row.all]
    view = PlacesView(
        rows=shown,
        most=max((row.all for row in rows), default=0),
        idle=len(rows) - len(shown),
        tasks=tasks,
        href=f"{PATH}?all=yes&idle=yes" if "idle" in request.query_params else f"{PATH}?all=yes",
        pulse=await orders.finding.last_move(tx),
    )
    return page.show("floor.html.j2", view)


async def place_rows(page: Page, tx: Tx) -> list[PlaceRow]:
    """Her own first, then those with most to do."""
    loads: dict[str, dict[str, int]] = {}
    for one in await orders.finding.workloads(tx):
        counted = loads.setdefault(one.location, {})
        counted[one.state] = one.works
        counted["late"] = counted.get("late", 0) + one.late
    rows = [
        PlaceRow(
            place=words.Place(one.code, one.name, one.kind != "shop"),
            href=f"{PATH}/at/{one.code}",
            own=one.outlet_id is not None and one.outlet_id == page.viewer.outlet_id,
            **loads.get(one.code, {}),
        )
        for one in await inventory.locations(tx)
        if one.methods and one.active and (not page.viewer.outlets or one.outlet_id in page.viewer.outlets)
    ]
    return sorted(rows, key=lambda row: (not row.own, -row.late, -row.all, row.place.name))


@get(f"{PATH}/at/{{code:str}}", guards=enter("fulfilment"))
async def read_board(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], code: FromPath[str]
) -> Response[str]:
    """The board of one place; its columns alone when htmx asks for `#board`, because something moved."""
    said = last_said(request, page)
    await orders.rights.must_be_at(tx, page.viewer, location=code)
    return said(page.show("board.html.j2", await look(page, tx, code)))


async def look(page: Page, tx: Tx, code: str, *, error: str = "") -> BoardView:
    places = await words.places(tx)
    if code not in places:
        raise inventory.UnknownLocation(f"There is no location {code[:60]!r}.", location=code[:60])
    works = {
        state: await orders.fulfilments(tx, location=code, states=[state], limit=200)
        for state in ("coming", "open", "accepted", "ready")
    }
    late = [one for state in ("open", "accepted") for one in works[state] if one.late]
    nodes = {one.order_id: one.node_id for one in await orders.finding.orders_at(tx, location=code)}
    known = await words.customers(tx, page, nodes.values())

    def card(one: orders.Fulfilment) -> Card:
        return Card(
            work=one,
            href=f"{PATH}/works/{one.fulfilment_id}",
            customer=known.get(nodes.get(one.order_id) or 0, words.Customer()),
            goods=[line.name for line in one.lines if line.open][:3],
            pieces=sum(line.open for line in one.lines),
            picked=sum(line.picked for line in one.lines),
            due=words.to_come(page, one.due_at) if one.due_at else "",
        )

    columns: list[Column] = []
    for key, name, sign in COLUMNS:
        found = late if key == "late" else [one for one in works[key] if not (one.late and key != "ready")]
        columns.append(Column(key, page.gettext(name), sign, [card(one) for one in found[:CARDS]], len(found)))
    return BoardView(
        place=places[code],
        columns=columns,
        coming=[card(one) for one in works["coming"][:CARDS]],
        tasks=len(await orders.tasks(tx, location=code, limit=100)),
        walks=sorted({one.wave_id for one in works["accepted"] if one.wave_id}),
        others=[row for row in await place_rows(page, tx) if row.place.code != code and (row.own or row.all)][:OTHERS],
        may=page.viewer.may("orders:write"),
        href=f"{PATH}/at/{code}",
        pulse=await orders.finding.last_move(tx),
        error=error,
    )


@post(f"{PATH}/at/{{code:str}}/walk", guards=MAY)
async def begin_walk(
    page: NamedDependency[Page], tx: NamedDependency[Tx], actor: NamedDependency[Actor], code: FromPath[str]
) -> Response[str]:
    """Take on what is due first, and what was taken on and nobody walks for, and pick it in one go."""
    await orders.rights.must_be_at(tx, actor, location=code)
    await orders.one_walk_at_a_time(tx, location=code)
    me = str(actor.id)
    found = await orders.fulfilments(tx, location=code, states=["open", "accepted"], limit=100)
    to_pick = [one for one in found if any(line.open > line.picked for line in one.lines)]
    waiting = [one.fulfilment_id for one in to_pick if one.wave_id is None][:WALK]
    if not waiting and (mine := [one.wave_id for one in to_pick if one.wave_id and one.picker == me]):
        return page.go(f"{PATH}/walks/{max(mine)}")  # the button was pressed twice
    if not waiting:
        view = await look(page, tx, code, error=page.gettext("There is nothing to pick."))
        return page.show("board.html.j2", view, status=409)
    walk = await orders.start_wave(tx, location=code, fulfilments=waiting, picker=me, actor=me)
    return page.go(f"{PATH}/walks/{walk.wave_id}")


# ---- what somebody must look at


class TaskRow(msgspec.Struct, frozen=True):
    task: orders.Task
    words: str
    place: str
    href: str


class TasksView(msgspec.Struct, frozen=True):
    rows: Sequence[TaskRow]
    may: bool
    error: str = ""


@get(f"{PATH}/tasks", guards=enter("fulfilment"))
async def read_tasks(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    places = await words.places(tx)
    rows = [
        TaskRow(
            one,
            page.gettext(words.TASKS[one.kind]) if one.kind in words.TASKS else one.why,
            words.place(places, one.location).name if one.location else page.gettext("the office"),
            f"/orders/{one.order_id}" if one.order_id else "",
        )
        for one in await orders.tasks(tx, outlets=page.viewer.outlets, limit=100)
    ]
    said = last_said(request, page)
    return said(page.show("floor_tasks.html.j2", TasksView(rows, page.viewer.may("orders:write"))))


@post(f"{PATH}/tasks/{{task_id:int}}/close", guards=MAY)
async def close_task(
    page: NamedDependency[Page], tx: NamedDependency[Tx], actor: NamedDependency[Actor], task_id: FromPath[int]
) -> Response[str]:
    await orders.rights.must_look_into(tx, actor, task_id=task_id)
    await orders.close_task(tx, task_id=task_id, actor=str(actor.id))
    return say(page.go(f"{PATH}/tasks"), "task_closed")


def refused(page: Page, answers: Sequence[object]) -> str:
    """Why the first of these acts that was refused was; empty where all were done."""
    return next((said_of(page, one) for one in answers if isinstance(one, Refusal)), "")


async def draw_pulse(page: Page, tx: Tx) -> str:
    return page.draw_part("floor_pulse.html.j2", "fulfilment_pulse", PulseView(await orders.finding.last_move(tx)))


section = Section(
    routes=[read_places, read_board, begin_walk, read_tasks, close_task],
    topics=[Topic("fulfilment.pulse", "fulfilment", draw_pulse, every=1.0)],
)
