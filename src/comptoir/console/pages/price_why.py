"""Why an article costs what it costs: the lists that name it, who wins, who does not and why. In words."""

from collections.abc import Sequence

from markupsafe import Markup

from comptoir import pricing
from comptoir.console.drawing import Reason
from comptoir.console.page import Page
from comptoir.kernel.money import Money


def bonds(page: Page, found: pricing.PriceList, outlets: dict[str, str] | None = None) -> list[str]:
    """For whom and where a list holds; empty: for everybody, everywhere."""
    said: list[str] = []
    if found.outlet:
        said.append(page.gettext("only in %(outlet)s", outlet=(outlets or {}).get(found.outlet, found.outlet)))
    if found.customer_group:
        said.append(page.gettext("for the group “%(group)s”", group=found.customer_group))
    if found.channel:
        said.append(page.gettext("only by %(channel)s", channel=page.draw.channel_name(found.channel)))
    return said


def period(page: Page, found: pricing.PriceList | pricing.Promotion | pricing.Campaign) -> str:
    """From when to when, in days of the house; empty: always."""
    zone, today = page.frame.zone, page.now.astimezone(page.frame.zone).date()
    first = page.language.day(found.starts_at.astimezone(zone).date(), today=today) if found.starts_at else ""
    last = page.language.day(found.ends_at.astimezone(zone).date(), today=today) if found.ends_at else ""
    if first and last:
        return page.gettext("%(first)s to %(last)s", first=first, last=last)
    if first:
        return page.gettext("from %(first)s", first=first)
    return page.gettext("until %(last)s", last=last) if last else ""


def standing(page: Page, found: pricing.PriceList) -> tuple[str, str, str]:
    """Whether a list holds now: words, tone, icon."""
    if not found.enabled:
        return page.gettext("switched off"), "", "ban"
    if found.starts_at is not None and page.now < found.starts_at:
        return page.gettext("not yet"), "info", "hourglass"
    if found.ends_at is not None and page.now >= found.ends_at:
        return page.gettext("over"), "", "history"
    return page.gettext("holds"), "good", "circle-check"


def amount(page: Page, minor: int, currency: str, per_units: int) -> str:
    """€2.50; €18.90 per 1,000."""
    written = page.language.money(Money(minor, currency))
    if per_units == 1:
        return written
    return page.gettext("%(amount)s per %(n)s", amount=written, n=page.draw.number(per_units))


def price_reasons(page: Page, listed: Sequence[pricing.Listed], currency: str) -> list[Reason]:
    """The price on the shelf, then what it is elsewhere."""
    common = pricing.common_price(listed, currency)
    reasons: list[Reason] = []
    for one in listed:
        if not one.live:
            continue
        won = common is not None and one.list.code == common.price_list
        said = bonds(page, one.list)
        where = Markup(", ").join(said) if said else page.gettext("every channel, every shop, everybody")
        if last := period(page, one.list):
            where = Markup("{}, {}").format(where, last)
        sentence = page.gettext("list “%(name)s”: %(where)s", name=one.list.name, where=where)
        figure = amount(page, one.price.amount_minor, one.list.currency, one.price.per_units)
        reasons.append(("+" if won else "=", sentence, figure))
    reasons.sort(key=lambda reason: reason[0] != "+")
    return reasons
