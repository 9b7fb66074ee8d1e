"""Consumers: who reads the log, how far behind, and what nobody could digest, to be handed in again or given up."""

from collections import Counter
from collections.abc import Sequence

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK

from comptoir.console.console import Section
from comptoir.console.language import N_
from comptoir.console.live import Topic
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest
from comptoir.console.pages.quality import waiting_and_parked
from comptoir.console.pages.said import last_said, say
from comptoir.console.rooms import enter
from comptoir.kernel import consumers, parked
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import Invalid

PATH = "/quality/consumers"
MEND = "ingest:write"
OUTCOMES: dict[parked.Outcome, tuple[str, str, str]] = {
    "digested": (N_("digested"), "good", "circle-check"),
    "parked": (N_("failed again"), "bad", "alert-octagon"),
    "settled": (N_("settled already"), "", "check"),
    "gone": (N_("no longer in the log"), "warn", "eraser"),
}
"""Word, tone and icon of what became of an event."""


class Waiting(msgspec.Struct, frozen=True):
    """What waits for one consumer."""

    consumer: str
    count: int
    events: Sequence[parked.Parked]


class Tried(msgspec.Struct, frozen=True):
    """What came of handing in."""

    consumer: str
    counts: Sequence[tuple[parked.Outcome, int]]
    events: Sequence[parked.HandedIn]


class ConsumersView(msgspec.Struct, frozen=True):
    lags: Sequence[consumers.Lag]
    groups: Sequence[Waiting]
    count: int
    waiting: int
    may_mend: bool
    tried: Tried | None
    outcomes: dict[parked.Outcome, tuple[str, str, str]]


class LagView(msgspec.Struct, frozen=True):
    lags: Sequence[consumers.Lag]


@get(PATH, guards=enter("quality"))
async def read_consumers(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    clear = last_said(request, page)
    return clear(await show(page, tx))


async def show(page: Page, tx: Tx, tried: Tried | None = None) -> Response[str]:
    events = await parked.parked_events(tx)
    counts = await parked.parked_by_consumer(tx)
    waiting, _ = await waiting_and_parked(tx)
    view = ConsumersView(
        lags=await consumers.lags(tx),
        groups=[
            Waiting(name, count, [one for one in events if one.consumer == name]) for name, count in counts.items()
        ],
        count=sum(counts.values()),
        waiting=waiting,
        may_mend=page.viewer.may(MEND),
        tried=tried,
        outcomes=OUTCOMES,
    )
    return page.show("consumers.html.j2", view)


# It answers with the page and not with a redirect, since each event has an outcome to be read. Asked again by a
# reload, it tries again what still waits, which harms nobody.
@post(f"{PATH}/{{consumer:str}}/parked", guards=[*enter("quality"), allow(MEND)], status_code=HTTP_200_OK)
async def hand_in(
    request: AnyRequest,
    page: NamedDependency[Page],
    db: NamedDependency[Database],
    actor: NamedDependency[Actor],
    consumer: FromPath[str],
) -> Response[str]:
    """Give one parked event, or all that wait, to its consumer again."""
    form = await request.form()
    handed = await parked.hand_in(
        db, request.app.state.handles, consumer=consumer, actor=actor, positions=chosen(form.getall("position", []))
    )
    counts = Counter(one.outcome for one in handed)
    tried = Tried(consumer, [(outcome, counts[outcome]) for outcome in OUTCOMES if counts[outcome]], handed)
    async with db.reading() as tx:
        return await show(page, tx, tried)


@post(f"{PATH}/{{consumer:str}}/given-up", guards=[*enter("quality"), allow(MEND)])
async def give_up(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    consumer: FromPath[str],
) -> Response[str]:
    """Nobody can mend it: it waits no more, and why stands in the audit trail."""
    form = await request.form()
    reason = str(form.get("reason", ""))
    for position in chosen(form.getall("position", [])) or []:
        await parked.give_up(tx, consumer=consumer, position=position, reason=reason, actor=actor)
    return say(page.go(PATH), "given_up")


def chosen(typed: Sequence[object]) -> list[int] | None:
    """The events named in the form; None means all."""
    try:
        numbers = [int(str(one)) for one in typed]
    except ValueError as error:
        raise Invalid("An event is named by its position.") from error
    if any(not 0 < number < 2**63 for number in numbers):
        raise Invalid("An event is named by its position.")
    return numbers or None


async def draw_lag(page: Page, tx: Tx) -> str:
    return page.draw_part("consumers.html.j2", "quality_lag", LagView(await consumers.lags(tx)))


section = Section(
    routes=[read_consumers, hand_in, give_up], topics=[Topic("quality.lag", "quality", draw_lag, every=2.0)]
)
