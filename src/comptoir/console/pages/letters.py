"""Dead letters: events that could not be taken, until somebody mends and replays or discards them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody

from comptoir import channels, ingest
from comptoir.console.console import Section
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.events import meaning
from comptoir.console.pages.quality import waiting_and_parked
from comptoir.console.pages.said import last_said, say
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import Invalid, NotFound

PATH = "/quality/letters"
ROWS = 50
MEND = "ingest:write"


class Wanted(Asked, frozen=True, kw_only=True):
    source: Annotated[int, msgspec.Meta(ge=1, le=32_767)] | None = None
    reason: str = ""
    state: Literal["waiting", "replayed", "discarded"] = "waiting"
    before: Annotated[int, msgspec.Meta(ge=1, lt=2**62)] | None = None


class Row(msgspec.Struct, frozen=True):
    id: int
    name: str
    words: str
    detail: str
    channel: str
    source: str
    times: int
    at: datetime


class LettersView(msgspec.Struct, frozen=True):
    wanted: Wanted
    rows: Sequence[Row]
    older: str
    sources: Sequence[tuple[str, str]]
    reasons: Sequence[tuple[str, str]]
    filtered: bool
    may_mend: bool
    waiting: int
    parked: int


@get(PATH, guards=enter("quality"))
async def read_letters(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    said = last_said(request, page)
    wanted = Wanted.read(request)
    sources = {source.source_id: source for source in await channels.sources(tx)}
    found = await ingest.dead_letters(
        tx,
        source_id=wanted.source,
        reason=wanted.reason or None,
        state=wanted.state,
        before=wanted.before,
        limit=ROWS + 1,
    )
    waiting, parked = await waiting_and_parked(tx)
    reasons = sorted({one.reason for one in await ingest.waiting(tx)} | ({wanted.reason} - {""}))
    view = LettersView(
        wanted=wanted,
        rows=[row(page, one, sources) for one in found[:ROWS]],
        older=wanted.url(PATH, before=found[ROWS - 1].dead_letter_id) if len(found) > ROWS else "",
        sources=[(str(one.source_id), one.name) for one in sources.values()],
        reasons=[(reason, page.gettext(meaning(reason))) for reason in reasons],
        filtered=bool(wanted.source or wanted.reason or wanted.before or wanted.state != "waiting"),
        may_mend=page.viewer.may(MEND),
        waiting=waiting,
        parked=parked,
    )
    return said(page.show("letters.html.j2", view))


def row(page: Page, letter: ingest.DeadLetter, sources: Mapping[int, channels.Source]) -> Row:
    source = sources.get(letter.source_id)
    return Row(
        id=letter.dead_letter_id,
        name=letter.event_name or letter.event_type or page.gettext("unreadable"),
        words=meaning(letter.reason),
        detail=letter.detail,
        channel=source.channel if source else "web",
        source=source.name if source else str(letter.source_id),
        times=letter.times,
        at=letter.last_received_at,
    )


class LetterView(msgspec.Struct, frozen=True):
    row: Row
    state: str
    body: str
    error: str
    may_mend: bool


@get(f"{PATH}/{{number:int}}", guards=enter("quality"))
async def read_letter(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], number: FromPath[int]
) -> Response[str]:
    said = last_said(request, page)
    return said(await show(page, tx, number))


async def show(page: Page, tx: Tx, number: int, *, error: str = "", body: str | None = None) -> Response[str]:
    if number >= 2**62:
        raise NotFound
    letter = await ingest.dead_letter(tx, dead_letter_id=number)
    sources = {source.source_id: source for source in await channels.sources(tx)}
    view = LetterView(
        row=row(page, letter, sources),
        state=letter.state,
        body=letter.body if body is None else body,
        error=error,
        may_mend=page.viewer.may(MEND),
    )
    return page.show("letter.html.j2", view, status=422 if error else 200)


class LetterForm(msgspec.Struct, frozen=True):
    deed: Literal["replay", "discard"]
    body: str = ""


@post(f"{PATH}/{{number:int}}", guards=[*enter("quality"), allow(MEND)])
async def mend_letter(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    db: NamedDependency[Database],
    actor: NamedDependency[Actor],
    number: FromPath[int],
    data: URLEncodedBody[LetterForm],
) -> Response[str]:
    """Hand in the mended text, or throw the letter away. What is still bad comes back with its fault and the text."""
    if data.deed == "discard":
        await ingest.discard(tx, dead_letter_ids=[number], by=actor.name)
        return say(page.go(PATH), "discarded")
    letter = await ingest.dead_letter(tx, dead_letter_id=number)
    # A browser sends line ends as CRLF: what nobody touched goes in as it came.
    sent = data.body.replace("\r\n", "\n")
    mended = None if sent.strip() == letter.body.replace("\r\n", "\n").strip() else sent
    try:
        await replay(request, db, [number], mended=mended, by=actor.name)
    except StillBad as still:
        return await show(page, tx, number, error=str(still), body=sent)
    return say(page.go(PATH), "replayed")


@post(f"{PATH}/bulk", guards=[*enter("quality"), allow(MEND)])
async def mend_letters(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    db: NamedDependency[Database],
    actor: NamedDependency[Actor],
) -> Response[str]:
    """The chosen ones: again as they are (the plan may have changed since), or away."""
    form = await request.form()
    try:
        numbers = sorted({int(str(one)) for one in form.getall("letter", [])})[:ROWS]
    except ValueError as error:
        raise Invalid("A letter is named by its number.") from error
    if not numbers:
        return page.go(PATH)
    if form.get("deed") == "discard":
        await ingest.discard(tx, dead_letter_ids=numbers, by=actor.name)
        return say(page.go(PATH), "discarded")
    try:
        await replay(request, db, numbers, by=actor.name)
    except StillBad:
        return say(page.go(PATH), "still_bad")
    return say(page.go(PATH), "replayed")


class StillBad(Exception):
    """It could not be taken this time either."""


async def replay(
    request: AnyRequest, db: Database, numbers: Sequence[int], *, by: str, mended: str | None = None
) -> None:
    """Raises StillBad when nothing of it could be taken."""
    state: Any = request.app.state
    try:
        done = await ingest.replay(db, state.intake, state.sources, dead_letter_ids=numbers, mended=mended, by=by)
    except ingest.StillBad as error:
        raise StillBad(error.detail) from error
    bad = [one for one in done if one.outcome == "rejected"]
    if len(bad) == len(done):
        raise StillBad(bad[0].detail)


section = Section(routes=[read_letters, read_letter, mend_letter, mend_letters])
