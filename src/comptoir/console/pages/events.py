"""Live events: what comes in, accepted or rejected, a second after it came, with its reason and its customer."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from comptoir import channels, ingest, profiles
from comptoir.console.console import Section
from comptoir.console.live import Topic
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.evidence import NAMED_BY_EVENTS, find
from comptoir.console.pages.told import REASONS, VERDICTS
from comptoir.console.rooms import enter
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import NotFound

PATH = "/events"
ROWS = 40
LOOKED_AT = 400
"""Among so many of the latest a name is looked for."""
LONGEST = 20_000
"""Characters of a body that are shown."""


class Wanted(Asked, frozen=True, kw_only=True):
    source: Annotated[int, msgspec.Meta(ge=1, le=32_767)] | None = None
    name: str = ""
    verdict: Literal["accepted", "rejected"] | None = None


class Row(msgspec.Struct, frozen=True):
    mark: str
    at: datetime
    name: str
    call: str
    channel: str
    source: str
    verdict: tuple[str, str, str]
    reason: str
    href: str
    customer: str
    who: str


class EventsView(msgspec.Struct, frozen=True):
    wanted: Wanted
    href: str
    rows: Sequence[Row]
    sources: Sequence[tuple[str, str]]
    pulse: str
    filtered: bool


class PulseView(msgspec.Struct, frozen=True):
    pulse: str


@get(PATH, guards=enter("events"))
async def read_events(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    """The list, or the list alone when htmx asks for `#tail`."""
    wanted = Wanted.read(request)
    sources = {source.source_id: source for source in await channels.sources(tx)}
    outcomes: Sequence[Any] = [wanted.verdict] if wanted.verdict else ["accepted", "rejected"]
    seen = await ingest.tail(tx, limit=LOOKED_AT if wanted.name else ROWS, source_id=wanted.source, outcomes=outcomes)
    if wanted.name:
        seen = [one for one in seen if wanted.name.lower() in (one.name or one.type).lower()]
    seen = seen[:ROWS]
    found = await customers_of(tx, page, seen)
    view = EventsView(
        wanted=wanted,
        href=wanted.url(PATH),
        rows=[row(page, one, sources, found) for one in seen],
        sources=[(str(one.source_id), one.name) for one in sources.values()],
        pulse=await newest(tx),
        filtered=bool(wanted.source or wanted.name or wanted.verdict),
    )
    return page.show("events.html.j2", view)


async def newest(tx: Tx) -> str:
    """Names the latest event, so that a change of it can be seen."""
    return ".".join(f"{one.outcome[0]}{one.place}" for one in await ingest.tail(tx, limit=1))


async def draw_pulse(page: Page, tx: Tx) -> str:
    return page.draw_part("events.html.j2", "events_pulse", PulseView(await newest(tx)))


Customers = Mapping[str, tuple[str, str]]
"""Identifier → where its customer stands, and the name."""


async def customers_of(tx: Tx, page: Page, seen: Sequence[ingest.Seen]) -> Customers:
    """Whose these events are, as far as they are resolved: by the strongest identifier that each names itself."""
    if not page.viewer.may("profiles:read"):
        return {}
    texts = {text for one in seen if one.outcome == "accepted" and (text := identifier_in(one.body))}
    people: dict[str, int] = {}
    for text in sorted(texts):
        if found := await find(tx, page, text, namespaces=NAMED_BY_EVENTS):
            people[text] = found[0]
    if not people:
        return {}
    shown = await profiles.search(
        tx, people=sorted(set(people.values())), limit=len(people), currency=page.settings.currency
    )
    names = {one.person_id: (f"/customers/{one.key}", one.display_name) for one in shown.people}
    return {text: names[person] for text, person in people.items() if person in names}


class Named(msgspec.Struct):
    userId: Any = None  # noqa: N815  the wire's own names
    anonymousId: Any = None  # noqa: N815


def identifier_in(body: str) -> str:
    try:
        named = msgspec.json.decode(body, type=Named)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return ""
    return str(named.userId or named.anonymousId or "")[:500]


def row(page: Page, one: ingest.Seen, sources: Mapping[int, channels.Source], found: Customers) -> Row:
    source = sources.get(one.source_id)
    customer, who = found.get(identifier_in(one.body), ("", "")) if one.outcome == "accepted" else ("", "")
    return Row(
        mark=f"e-{one.outcome}-{one.place}",
        at=one.recorded_at,
        name=one.name or one.type or page.gettext("unreadable"),
        call=one.type,
        channel=source.channel if source else "web",
        source=source.name if source else str(one.source_id),
        verdict=VERDICTS[one.outcome],
        reason=page.gettext(meaning(one.reason)) if one.reason else "",
        href=f"{PATH}/{one.outcome}/{one.recorded_at.astimezone(UTC).date()}/{one.place}",
        customer=customer,
        who=who,
    )


def meaning(reason: str) -> str:
    """A reason in a sentence; one that is newer than this page, in the words of the intake."""
    return REASONS.get(reason) or next((words for known, words in ingest.MEANING.items() if known == reason), reason)


class EventView(msgspec.Struct, frozen=True):
    title: str
    at: datetime
    source: str
    verdict: tuple[str, str, str]
    reason: str
    detail: str
    letter: str
    customer: str
    who: str
    body: str


@get(f"{PATH}/{{outcome:str}}/{{day:date}}/{{place:int}}", guards=enter("events"))
async def read_event(
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    outcome: FromPath[str],
    day: FromPath[date],
    place: FromPath[int],
) -> Response[str]:
    """One event with all it said, beside the list."""
    if place >= 2**63:
        raise NotFound
    one = await look_up(tx, outcome, day, place)
    source = next((each for each in await channels.sources(tx) if each.source_id == one.source_id), None)
    found = await customers_of(tx, page, [one])
    customer, who = found.get(identifier_in(one.body), ("", ""))
    view = EventView(
        title=one.name or one.type or page.gettext("unreadable"),
        at=one.recorded_at,
        source=source.name if source else str(one.source_id),
        verdict=VERDICTS[one.outcome],
        reason=page.gettext(meaning(one.reason)) if one.reason else "",
        detail=one.detail,
        letter=f"/quality/letters/{one.place}" if one.outcome == "rejected" else "",
        customer=customer,
        who=who,
        body=pretty(one.body),
    )
    return page.show("event.html.j2", view)


async def look_up(tx: Tx, outcome: str, day: date, place: int) -> ingest.Seen:
    if outcome == "rejected":
        letter = await ingest.dead_letter(tx, dead_letter_id=place)
        return ingest.Seen(
            recorded_at=letter.last_received_at,
            occurred_at=None,
            source_id=letter.source_id,
            outcome="rejected",
            type=letter.event_type,
            name=letter.event_name,
            reason=letter.reason,
            detail=letter.detail,
            body=letter.body,
            place=place,
        )
    one = await ingest.accepted(tx, day=day, position=place) if outcome == "accepted" else None
    if one is None:
        raise NotFound
    return one


def pretty(body: str) -> str:
    """JSON indented; what is none, as it is."""
    try:
        written = msgspec.json.format(body.encode(), indent=2).decode()
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        written = body
    return written if len(written) <= LONGEST else written[:LONGEST] + "\n…"


section = Section(routes=[read_events, read_event], topics=[Topic("events.pulse", "events", draw_pulse, every=1.0)])
