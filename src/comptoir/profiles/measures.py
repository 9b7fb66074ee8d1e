"""A person in figures: the merge of her nodes'. Nothing about people is stored that a merge could make wrong."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime

import msgspec

from comptoir.kernel.db import Tx, ints
from comptoir.kernel.money import Money
from comptoir.profiles.people import nodes_of
from comptoir.profiles.records import CategoryMeasures, ChannelMeasures, Device, Measures, ShopMeasures, Touch
from comptoir.profiles.visits import count


async def measures(tx: Tx, *, person: int, since: date | None = None) -> Measures:
    """Counts, spend, visits, favourites and touches. `since` limits what is kept by day, not shops and touches."""
    nodes = await nodes_of(tx, person=person)
    asked = {"nodes": ints(nodes), "since": since}
    days = await tx.many(_Day, DAYS, **asked)
    categories = await tx.many(_Category, CATEGORIES, **asked)
    shops = await tx.many(_Shop, SHOPS, nodes=ints(nodes))
    touches = await tx.many(_Touches, TOUCHES, nodes=ints(nodes))
    return merge(days, categories, shops, touches, since)


DAYS = """
    SELECT day, channel, currency, half_hours, events, views, carts, orders, units, spend_minor
    FROM profiles.day
    WHERE node_id = ANY(%(nodes)s::bigint[]) AND (%(since)s::date IS NULL OR day >= %(since)s::date)
"""

CATEGORIES = """
    SELECT category, currency, sum(views)::bigint AS views, sum(units)::bigint AS units,
           sum(spend_minor)::bigint AS spend_minor
    FROM profiles.day_category
    WHERE node_id = ANY(%(nodes)s::bigint[]) AND (%(since)s::date IS NULL OR day >= %(since)s::date)
    GROUP BY category, currency
"""

SHOPS = """
    SELECT s.outlet_id, o.channel, s.currency, sum(s.orders)::bigint AS orders, sum(s.units)::bigint AS units,
           sum(s.spend_minor)::bigint AS spend_minor, max(s.last_at) AS last_at
    FROM profiles.shop AS s JOIN channels.v_outlet AS o USING (outlet_id)
    WHERE s.node_id = ANY(%(nodes)s::bigint[])
    GROUP BY s.outlet_id, o.channel, s.currency
"""

TOUCHES = """
    SELECT first_at, first_position, first_channel, first_source, first_detail,
           last_at, last_position, last_channel, last_source, last_detail
    FROM profiles.node WHERE node_id = ANY(%(nodes)s::bigint[])
"""


class _Day(msgspec.Struct, frozen=True):
    day: date
    channel: str
    currency: str
    half_hours: int
    events: int
    views: int
    carts: int
    orders: int
    units: int
    spend_minor: int


class _Category(msgspec.Struct, frozen=True):
    category: str
    currency: str
    views: int
    units: int
    spend_minor: int


class _Shop(msgspec.Struct, frozen=True):
    outlet_id: int
    channel: str
    currency: str
    orders: int
    units: int
    spend_minor: int
    last_at: datetime


class _Touches(msgspec.Struct, frozen=True):
    first_at: datetime
    first_position: int
    first_channel: str
    first_source: int | None
    first_detail: str
    last_at: datetime
    last_position: int
    last_channel: str
    last_source: int | None
    last_detail: str


def merge(
    days: Sequence[_Day],
    categories: Sequence[_Category],
    shops: Sequence[_Shop],
    touches: Sequence[_Touches],
    since: date | None,
) -> Measures:
    by_channel: defaultdict[str, list[_Day]] = defaultdict(list)
    for day in days:
        by_channel[day.channel].append(day)
    channels = sorted(
        (channel_measures(channel, rows) for channel, rows in by_channel.items()),
        key=lambda c: (-c.orders, -c.visits, c.channel),
    )
    outlets = shop_measures(shops)
    in_shops = {shop.outlet_id for shop in shops if shop.channel == "shop"}
    first = min(touches, key=lambda t: (t.first_at, t.first_position), default=None)
    last = max(touches, key=lambda t: (t.last_at, t.last_position), default=None)
    return Measures(
        since=since,
        events=sum(day.events for day in days),
        visits=count((day.day, day.half_hours) for day in days),
        views=sum(day.views for day in days),
        carts=sum(day.carts for day in days),
        orders=sum(day.orders for day in days),
        units=sum(day.units for day in days),
        spend=total((day.currency, day.spend_minor, day.orders) for day in days),
        channels=channels,
        categories=category_measures(categories)[:20],
        shops=outlets,
        favourite_channel=channels[0].channel if channels else None,
        favourite_shop=next((shop.outlet_id for shop in outlets if shop.outlet_id in in_shops and shop.orders), None),
        first_touch=first
        and touch(first.first_at, first.first_position, first.first_channel, first.first_source, first.first_detail),
        last_touch=last
        and touch(last.last_at, last.last_position, last.last_channel, last.last_source, last.last_detail),
    )


def channel_measures(channel: str, days: Sequence[_Day]) -> ChannelMeasures:
    return ChannelMeasures(
        channel=channel,
        events=sum(day.events for day in days),
        visits=count((day.day, day.half_hours) for day in days),
        views=sum(day.views for day in days),
        carts=sum(day.carts for day in days),
        orders=sum(day.orders for day in days),
        units=sum(day.units for day in days),
        spend=total((day.currency, day.spend_minor, day.orders) for day in days),
    )


def category_measures(rows: Sequence[_Category]) -> list[CategoryMeasures]:
    by_name: defaultdict[str, list[_Category]] = defaultdict(list)
    for row in rows:
        by_name[row.category].append(row)
    merged = [
        CategoryMeasures(
            name,
            views=sum(row.views for row in group),
            units=sum(row.units for row in group),
            spend=total((row.currency, row.spend_minor, row.units) for row in group),
        )
        for name, group in by_name.items()
    ]
    return sorted(merged, key=lambda c: (-max((m.amount_minor for m in c.spend), default=0), -c.views, c.category))


def shop_measures(rows: Sequence[_Shop]) -> list[ShopMeasures]:
    """Favourite first: most orders, then the latest purchase."""
    by_outlet: defaultdict[int, list[_Shop]] = defaultdict(list)
    for row in rows:
        by_outlet[row.outlet_id].append(row)
    merged = [
        ShopMeasures(
            outlet_id,
            orders=sum(row.orders for row in group),
            units=sum(row.units for row in group),
            spend=total((row.currency, row.spend_minor, row.orders) for row in group),
            last_at=max(row.last_at for row in group),
        )
        for outlet_id, group in by_outlet.items()
    ]
    return sorted(merged, key=lambda s: (s.orders, s.last_at, -s.outlet_id), reverse=True)


def total(amounts: Iterable[tuple[str, int, int]]) -> list[Money]:
    """Spend per currency, most first; a currency with which nothing was bought is left out.

    Of each: currency, minor units, number of orders or pieces.
    """
    spend: Counter[str] = Counter()
    bought: Counter[str] = Counter()
    for currency, minor, number in amounts:
        if currency:
            spend[currency] += minor
            bought[currency] += abs(number) + abs(minor)
    return [
        Money(minor, currency)
        for currency, minor in sorted(spend.items(), key=lambda pair: (-pair[1], pair[0]))
        if bought[currency]
    ]


class _Detail(msgspec.Struct, frozen=True):
    campaign: dict[str, str] = {}
    referrer: str | None = None
    page: str | None = None


def touch(at: datetime, position: int, channel: str, source_id: int | None, detail: str) -> Touch:
    found = msgspec.json.decode(detail, type=_Detail)
    return Touch(at, position, channel, source_id, found.campaign, found.referrer, found.page)


async def devices(tx: Tx, *, person: int) -> list[Device]:
    """The devices that acted for her, each as what it was last, most recent first."""
    return await tx.many(Device, DEVICES, nodes=ints(await nodes_of(tx, person=person)))


DEVICES = """
    SELECT device, agent, first_day, last_day FROM (
        SELECT DISTINCT ON (device) device, agent, min(first_day) OVER (PARTITION BY device) AS first_day, last_day
        FROM profiles.device WHERE node_id = ANY(%(nodes)s::bigint[])
        ORDER BY device, last_day DESC, agent) AS one
    ORDER BY last_day DESC, device
"""
