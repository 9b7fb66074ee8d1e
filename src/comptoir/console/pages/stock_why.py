"""Why so many can be promised, and why not before then: numbers that add up, in words."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from markupsafe import Markup

from comptoir import inventory
from comptoir.console.drawing import Reason
from comptoir.console.page import Page
from comptoir.console.pages.goods import when

PROMISED = 5
"""The soonest promises that stand beside an article."""


class ChannelRow(msgspec.Struct, frozen=True):
    """What a channel is told."""

    channel: str
    says: str
    seen: int
    kept: int
    told: int
    reasons: Sequence[Reason]


class Promise(msgspec.Struct, frozen=True):
    day: str
    clock: str
    title: str
    sub: str
    reasons: Sequence[Reason]


def state_reasons(page: Page, one: inventory.Standing) -> list[Reason]:
    """How what is free there comes about."""
    gettext, number = page.gettext, page.draw.number
    reasons: list[Reason] = [("+", gettext("lie there to be sold"), number(one.sellable))]
    if one.held:
        reasons.append(("-", gettext("held for baskets"), number(one.held)))
    if one.allocated:
        reasons.append(("-", gettext("committed to orders"), number(one.allocated)))
    if one.safety:
        reasons.append(("-", gettext("safety stock"), number(one.safety)))
    if one.fenced:
        reasons.append(("-", gettext("kept for single channels"), number(one.fenced)))
    if one.doubted:
        reasons.append(("-", gettext("in doubt since the last count"), number(one.doubted)))
    reasons.append(("=", gettext("can be promised to anybody"), number(one.free)))
    if one.missing:
        reasons.append(("-", gettext("promised, and not there"), number(one.missing)))
    return reasons


def channel_row(page: Page, channel: str, explained: inventory.Explanation) -> ChannelRow:
    gettext, number = page.gettext, page.draw.number
    giving = [one for one in explained.places if one.location.active and one.location.methods]
    seen = sum(max(0, one.free) for one in giving)
    reasons: list[Reason] = [
        ("+", gettext("lie to be sold where goods leave for customers"), number(sum(one.sellable for one in giving)))
    ]
    for words, value in [
        (gettext("held for baskets"), sum(one.held for one in giving)),
        (gettext("committed to orders"), sum(one.allocated for one in giving)),
        (gettext("safety stock"), sum(min(one.safety, max(0, unpromised(one))) for one in giving)),
        (gettext("kept for other channels"), sum(min(one.fenced, max(0, unpromised(one))) for one in giving)),
        (gettext("in doubt since the last count"), sum(one.doubted for one in giving)),
    ]:
        if value:
            reasons.append(("-", words, number(value)))
    if own := sum(one.own_fence for one in giving):
        reasons.append(("=", gettext("of them kept for this channel alone"), number(own)))
    if explained.threshold:
        reasons.append(("-", gettext("the last ones, which this channel does not offer"), number(explained.threshold)))
    reasons.append(("=", gettext("this channel may offer"), number(explained.offered)))
    return ChannelRow(channel, says(page, explained), seen, min(explained.threshold, seen), explained.offered, reasons)


def unpromised(one: inventory.Explained) -> int:
    return one.sellable - one.held - one.allocated


def says(page: Page, explained: inventory.Explanation) -> str:
    """In a word, what a customer of the channel reads."""
    collect = sum("collect" in one.ready for one in explained.can)
    ship = sum("ship" in one.ready for one in explained.can)
    parts = [page.ngettext("collect in one shop", "collect in %(n)s shops", collect)] if collect else []
    if ship:
        parts.append(page.ngettext("at home from one place", "at home from %(n)s places", ship))
    return Markup(", ").join(parts)


def promises(page: Page, explained: inventory.Explanation) -> list[Promise]:
    """The soonest that the house can do, for the web shop."""
    soonest = sorted(
        ((at, method, one) for one in explained.can for method, at in one.ready.items()), key=lambda each: each[0]
    )
    return [promise(page, at, method, one) for at, method, one in soonest[:PROMISED]]


def promise(page: Page, at: datetime, method: str, one: inventory.Explained) -> Promise:
    gettext = page.gettext
    day, clock = when(page, at, ZoneInfo(one.location.time_zone))
    title = {
        "collect": gettext("Collect in %(place)s", place=one.location.name),
        "ship": gettext("Sent from %(place)s", place=one.location.name),
        "transfer": gettext("Sent on from %(place)s", place=one.location.name),
    }[method]
    sub = page.ngettext("the last one", "%(n)s can be promised there", one.units)
    return Promise(day, clock, title, sub, ready_reasons(page, one))


def ready_reasons(page: Page, one: inventory.Explained) -> list[Reason]:
    """Why so many, and why not before then."""
    gettext, number, zone = page.gettext, page.draw.number, ZoneInfo(one.location.time_zone)
    reasons: list[Reason] = [("+", gettext("lie there to be sold"), number(one.sellable))]
    for words, value in [
        (gettext("held for baskets"), one.held),
        (gettext("committed to orders"), one.allocated),
        (gettext("safety stock"), one.safety),
        (gettext("kept for other channels"), one.fenced),
        (gettext("in doubt since the last count"), one.doubted),
    ]:
        if value:
            reasons.append(("-", words, number(value)))
    if one.own:
        reasons.append(("+", gettext("held under this very reference"), number(one.own)))
    if "closed" in one.later and one.opens_at:
        day, clock = when(page, one.opens_at, zone)
        reasons.append(("-", gettext("closed now, opens %(day)s %(clock)s", day=day.lower(), clock=clock)))
    if "cut_off" in one.later and one.location.cut_off:
        reasons.append(
            (
                "-",
                gettext(
                    "what is ordered after %(clock)s is worked on the next day", clock=f"{one.location.cut_off:%H:%M}"
                ),
            )
        )
    if one.location.lead_minutes:
        reasons.append(("=", gettext("time to get it ready"), duration(page, one.location.lead_minutes)))
    return reasons


def duration(page: Page, minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    parts = [page.gettext("%(n)s h", n=page.draw.number(hours))] if hours else []
    parts += [page.gettext("%(n)s min", n=page.draw.number(rest))] if rest or not hours else []
    return Markup(" ").join(parts)
