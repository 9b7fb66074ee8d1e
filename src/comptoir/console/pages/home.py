"""Home: what is sold today and where, against the week before; what comes in this minute; what just happened."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from comptoir import channels, ingest, orders, profiles
from comptoir.console.channels import CHANNELS
from comptoir.console.console import Section
from comptoir.console.drawing import Reason
from comptoir.console.live import Topic
from comptoir.console.page import Page
from comptoir.console.pages.home_chart import Chart, chart
from comptoir.console.pages.told import sentence
from comptoir.console.rooms import enter
from comptoir.kernel.db import Tx
from comptoir.kernel.money import Money

WEEK = timedelta(days=7)
HALF_HOUR = timedelta(minutes=30)
JUST_NOW = 7
SHOPS = 5
SOURCES = 6
SPOKEN = frozenset({"Email Sent", "Email Delivered", "SMS Sent", "SMS Delivered"})
"""Events in which we spoke."""


class ChannelRow(msgspec.Struct, frozen=True):
    channel: str
    today: Money
    orders: int
    share: float
    """Of the strongest channel, in per cent: the length of its bar."""
    change: float | None
    """In per cent against the same hours a week before; None where nothing was sold then."""


class ShopRow(msgspec.Struct, frozen=True):
    code: str
    name: str
    today: Money
    orders: int


class JustNow(msgspec.Struct, frozen=True):
    """One line of the thread of the house. No names: everybody who may enter reads it."""

    mark: str
    """Names the line in the page, so that a new one slides in and the others stay."""
    channel: str
    hollow: bool
    title: str
    place: str
    at: datetime


class SourceRow(msgspec.Struct, frozen=True):
    name: str
    channel: str
    received: int
    rejected: int


class LowView(msgspec.Struct, frozen=True):
    """The lower half: it moves apart from the figures."""

    just_now: Sequence[JustNow]
    sources: Sequence[SourceRow]
    received: int
    rejected: int


class HomeView(msgspec.Struct, frozen=True):
    now: datetime
    day: str
    sold: Money
    orders: int
    change: float | None
    until: datetime
    """The end of the last whole half-hour: up to there the two days are compared."""
    sold_until: Money
    before_until: Money
    chart: Chart | None
    by_channel: Sequence[ChannelRow]
    live: profiles.Live
    customers: int
    """Different people who named themselves when they bought today."""
    receipts: int
    shops: Sequence[ShopRow]
    low: LowView

    @property
    def bare(self) -> bool:
        """Nothing at all has happened yet in this house."""
        return not (self.live.people or self.live.events_today or self.orders or self.live.also)

    def reasons(self, page: Page) -> list[Reason]:
        """What the figure of today counts, and what it does not."""
        gettext = page.gettext
        counted = gettext("Receipts and completed orders, each counted once, at the time of the sale")
        return [
            ("=", counted, page.language.number(self.orders)),
            ("=", gettext("Returns are taken off the channel that took them back")),
            ("=", gettext("Only amounts in %(currency)s", currency=page.settings.currency)),
            *(("=", gettext("Taken too, and never added to it"), page.draw.money(one)) for one in self.live.also),
        ]


@get("/", guards=enter("home"))
async def read_home(page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    return page.show("home.html.j2", await look(page, tx))


async def draw_figures(page: Page, tx: Tx) -> str:
    return page.draw_part("home.html.j2", "figures", await look(page, tx))


async def draw_low(page: Page, tx: Tx) -> str:
    return page.draw_part("home_low.html.j2", "low", await look_low(page, tx))


async def look(page: Page, tx: Tx) -> HomeView:
    currency = page.settings.currency
    live = await profiles.live(tx, time_zone=page.settings.time_zone, currency=currency)
    midnight = tx.now.astimezone(page.frame.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    until = last_half_hour(tx.now)
    sold_until = total((one for one in live.today if one.half_hour < until), currency)
    before_until = total((one for one in live.before if one.half_hour < until - WEEK), currency)
    today = tx.now.astimezone(page.frame.zone).date()
    everything = await orders.totals(tx, by="all", since=today, until=today)
    written = page.language.long_day(today)
    return HomeView(
        now=tx.now,
        day=written[:1].upper() + written[1:],
        sold=total(live.today, currency),
        orders=sum(one.orders for one in live.today),
        change=change(sold_until.amount_minor, before_until.amount_minor),
        until=until,
        sold_until=sold_until,
        before_until=before_until,
        chart=chart(live, midnight=midnight, zone=page.frame.zone) if live.today or live.before else None,
        by_channel=channel_rows(live, until, currency),
        live=live,
        customers=sum(one.customers for one in everything),
        receipts=sum(one.receipts for one in everything),
        shops=await shop_rows(page, tx),
        low=await look_low(page, tx),
    )


async def look_low(page: Page, tx: Tx) -> LowView:
    known = {source.source_id: source for source in await channels.sources(tx)}
    counts = await ingest.quality(tx, since=tx.now.astimezone(UTC).date())
    received: Counter[int] = Counter()
    rejected: Counter[int] = Counter()
    for one in counts:
        if one.outcome in {"accepted", "rejected"}:
            received[one.source_id] += one.events
        if one.outcome == "rejected":
            rejected[one.source_id] += one.events
    rows = [
        SourceRow(known[number].name, known[number].channel, count, rejected[number])
        for number, count in received.most_common(SOURCES)
        if number in known
    ]
    return LowView(await just_now(page, tx, known), rows, received.total(), rejected.total())


def last_half_hour(now: datetime) -> datetime:
    return now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)


def total(takings: Iterable[profiles.Takings], currency: str) -> Money:
    return Money(sum(one.spend.amount_minor for one in takings), currency)


def change(now: int, before: int) -> float | None:
    return (now - before) / before * 100 if before > 0 else None


def channel_rows(live: profiles.Live, until: datetime, currency: str) -> list[ChannelRow]:
    """Strongest first. Today's figure is up to this moment, the change up to the last whole half-hour."""
    sold: defaultdict[str, int] = defaultdict(int)
    counted: defaultdict[str, int] = defaultdict(int)
    whole: defaultdict[str, int] = defaultdict(int)
    before: defaultdict[str, int] = defaultdict(int)
    for one in live.today:
        sold[one.channel] += one.spend.amount_minor
        counted[one.channel] += one.orders
        if one.half_hour < until:
            whole[one.channel] += one.spend.amount_minor
    for one in live.before:
        if one.half_hour < until - WEEK:
            before[one.channel] += one.spend.amount_minor
    strongest = max(sold.values(), default=0)
    return [
        ChannelRow(
            channel,
            Money(sold[channel], currency),
            counted[channel],
            100 * sold[channel] / strongest if strongest > 0 else 0,
            change(whole[channel], before[channel]),
        )
        for channel in sorted(set(sold) | set(before), key=lambda channel: (-sold[channel], channel))
        if channel in CHANNELS
    ]


async def shop_rows(page: Page, tx: Tx) -> list[ShopRow]:
    """The shops that took most today."""
    today = tx.now.astimezone(page.frame.zone).date()
    names = {outlet.code: outlet.name for outlet in await channels.outlets(tx, channel="shop")}
    taken = [
        one
        for one in await orders.revenue_by_outlet(tx, since=today, until=today)
        if one.outlet in names and one.currency == page.settings.currency
    ]
    return [
        ShopRow(one.outlet, names[one.outlet], Money(one.total_minor, one.currency), one.receipts)
        for one in taken[:SHOPS]
        if one.outlet
    ]


async def just_now(page: Page, tx: Tx, sources: Mapping[int, channels.Source]) -> list[JustNow]:
    """The last few events that were accepted, newest first."""
    return [
        JustNow(
            mark=f"now-{one.place}",
            channel="email" if one.name.startswith("Email") else source.channel if source else "web",
            hollow=one.name in SPOKEN,
            title=sentence(page, one.type, one.name or one.type, subject_of(one.body)),
            place=source.name if source else "",
            at=one.recorded_at,
        )
        for one in await ingest.tail(tx, limit=JUST_NOW, outcomes=["accepted"])
        for source in [sources.get(one.source_id)]
    ]


class Goods(msgspec.Struct):
    name: Any = None
    query: Any = None


class Told(msgspec.Struct):
    properties: Goods | None = None


def subject_of(body: str) -> str | None:
    """The article or the question an event is about: never whose it is."""
    try:
        goods = msgspec.json.decode(body, type=Told).properties
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return None
    found = goods and (goods.name or goods.query)
    return found[:120] if isinstance(found, str) else None


section = Section(
    routes=[read_home],
    topics=[
        Topic("home.figures", "home", draw_figures, every=1.0),
        Topic("home.low", "home", draw_low, every=1.0),
    ],
)
