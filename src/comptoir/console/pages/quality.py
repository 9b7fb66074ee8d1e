"""Data quality: what could not be taken or was doubtful, by source, reason and day."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, timedelta
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from comptoir import channels, ingest
from comptoir.console.console import Section
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.events import meaning
from comptoir.console.rooms import enter
from comptoir.kernel.db import Tx
from comptoir.kernel.parked import parked_by_consumer

DAYS = 14
FIELDS = 40
"""Rows of the table of fields."""
EVENTS_NAMED = 3
ALSO = (N_("waiting"), N_("replayed"), N_("discarded"))
"""States of a dead letter, as the ingest names them."""


class Wanted(Asked, frozen=True, kw_only=True):
    source: Annotated[int, msgspec.Meta(ge=1, le=32_767)] | None = None


class SourceRates(msgspec.Struct, frozen=True):
    source_id: int
    name: str
    channel: str
    received: int
    rejected: int
    warned: int
    rejected_by_day: Sequence[float]


class ReasonRates(msgspec.Struct, frozen=True):
    reason: str
    words: str
    rejected: bool
    """False: taken with a doubt."""
    count: int
    by_day: Sequence[float]
    events: str
    """The names of the events it concerns most."""


class FieldRow(msgspec.Struct, frozen=True):
    rate: ingest.FieldRate
    source: str
    channel: str


class QualityView(msgspec.Struct, frozen=True):
    wanted: Wanted
    days: int
    received: int
    rejected: int
    warned: int
    duplicates: int
    received_by_day: Sequence[float]
    rejected_by_day: Sequence[float]
    warned_by_day: Sequence[float]
    sources: Sequence[SourceRates]
    reasons: Sequence[ReasonRates]
    source_name: str
    fields: ingest.FieldQuality
    field_rows: Sequence[FieldRow]
    waiting: int
    parked: int


@get("/quality", guards=enter("quality"))
async def read_quality(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    wanted = Wanted.read(request)
    today = tx.now.astimezone(UTC).date()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    counts = await ingest.quality(tx, since=days[0])
    known = {source.source_id: source for source in await channels.sources(tx)}
    chosen = [one for one in counts if wanted.source in {None, one.source_id}]
    waiting, parked = await waiting_and_parked(tx)
    fields = await ingest.by_field(tx, source_id=wanted.source)
    view = QualityView(
        wanted=wanted,
        days=DAYS,
        received=total(counts, "accepted", "rejected"),
        rejected=total(counts, "rejected"),
        warned=total(counts, "warned"),
        duplicates=total(counts, "duplicate"),
        received_by_day=by_day(counts, days, "accepted", "rejected"),
        rejected_by_day=by_day(counts, days, "rejected"),
        warned_by_day=by_day(counts, days, "warned"),
        sources=by_source(counts, days, known),
        reasons=by_reason(chosen, days),
        source_name=known[wanted.source].name if wanted.source in known else "",
        fields=fields,
        field_rows=[field_row(one, known) for one in fields.rates[:FIELDS]],
        waiting=waiting,
        parked=parked,
    )
    return page.show("quality.html.j2", view)


def field_row(rate: ingest.FieldRate, known: dict[int, channels.Source]) -> FieldRow:
    source = known.get(rate.source_id)
    return FieldRow(rate, source.name if source else str(rate.source_id), source.channel if source else "web")


def total(counts: Iterable[ingest.Quality], *outcomes: str) -> int:
    return sum(one.events for one in counts if one.outcome in outcomes)


def by_day(counts: Iterable[ingest.Quality], days: Sequence[date], *outcomes: str) -> list[float]:
    sums: Counter[date] = Counter()
    for one in counts:
        if one.outcome in outcomes:
            sums[one.day] += one.events
    return [sums[day] for day in days]


def by_source(
    counts: Sequence[ingest.Quality], days: Sequence[date], known: dict[int, channels.Source]
) -> list[SourceRates]:
    """The worst first: by rejected share, then by how much was received."""
    groups: defaultdict[int, list[ingest.Quality]] = defaultdict(list)
    for one in counts:
        groups[one.source_id].append(one)
    rates = [
        SourceRates(
            source_id=number,
            name=known[number].name if number in known else str(number),
            channel=known[number].channel if number in known else "web",
            received=total(group, "accepted", "rejected"),
            rejected=total(group, "rejected"),
            warned=total(group, "warned"),
            rejected_by_day=by_day(group, days, "rejected"),
        )
        for number, group in groups.items()
    ]
    return sorted(rates, key=lambda one: (-one.rejected / max(one.received, 1), -one.received, one.source_id))


def by_reason(counts: Iterable[ingest.Quality], days: Sequence[date]) -> list[ReasonRates]:
    groups: defaultdict[tuple[str, bool], list[ingest.Quality]] = defaultdict(list)
    for one in counts:
        if one.outcome in {"rejected", "warned"}:
            groups[one.reason, one.outcome == "rejected"].append(one)
    rates: list[ReasonRates] = []
    for (reason, rejected), group in groups.items():
        names: Counter[str] = Counter()
        for one in group:
            names[one.event] += one.events
        rates.append(
            ReasonRates(
                reason=reason,
                words=meaning(reason),
                rejected=rejected,
                count=total(group, "rejected", "warned"),
                by_day=by_day(group, days, "rejected", "warned"),
                events=", ".join(name for name, _ in names.most_common(EVENTS_NAMED) if name),
            )
        )
    return sorted(rates, key=lambda one: (-one.count, one.reason))


async def waiting_and_parked(tx: Tx) -> tuple[int, int]:
    """How many dead letters wait, and how many events are parked: the counts on the tabs."""
    letters = sum(one.letters for one in await ingest.waiting(tx))
    return letters, sum((await parked_by_consumer(tx)).values())


section = Section(routes=[read_quality])
