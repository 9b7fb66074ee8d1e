"""Promotions: each with its rule in words, its period, what it stands beside, what it has given so far."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from comptoir import pricing
from comptoir.console.console import Section
from comptoir.console.drawing import Reason
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.price_why import period
from comptoir.console.pages.promotion_words import benefit, stacking
from comptoir.console.rooms import enter
from comptoir.kernel.db import Tx
from comptoir.kernel.money import Money

PATH = "/prices/promotions"


class Wanted(Asked, frozen=True, kw_only=True):
    show: Literal["live", "later", "over"] | None = None
    """Empty: all."""


class Used(msgspec.Struct, frozen=True):
    """How much of one limit is used: in words, and the parts of the whole."""

    words: str
    used: float
    reserved: float
    left: float
    label: str


class Row(msgspec.Struct, frozen=True):
    code: str
    name: str
    benefit: str
    condition: str
    target: str
    parts: Sequence[str]
    period: str
    standing: tuple[str, str, str]
    kind: str
    """live, later, over."""
    stacking: str
    priority: int
    coupon: Sequence[str]
    """Campaigns whose coupons open it."""
    needs_coupon: bool
    limits: Sequence[Used]
    uses: str
    reasons: Sequence[Reason]


class PromotionsView(msgspec.Struct, frozen=True):
    wanted: Wanted
    rows: Sequence[Row]
    counts: dict[str, int]
    everything: int
    house: Sequence[Reason]
    mode: str


@get(PATH, guards=enter("prices"))
async def read_promotions(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    wanted = Wanted.read(request)
    spent = await pricing.spent(tx)
    campaigns = await pricing.campaigns(tx)
    rows = [
        row(page, one, spent.get(one.promotion_id), [c.name for c in campaigns if c.promotion_id == one.promotion_id])
        for one in await pricing.promotions(tx)
    ]
    rows.sort(key=lambda one: (["live", "later", "over"].index(one.kind), one.code))
    house = await pricing.house(tx)
    view = PromotionsView(
        wanted=wanted,
        rows=[one for one in rows if wanted.show in {None, one.kind}],
        counts={kind: sum(one.kind == kind for one in rows) for kind in ("live", "later", "over")},
        everything=len(rows),
        house=house_reasons(page, house),
        mode=house.mode,
    )
    return page.show("promotions.html.j2", view)


def row(page: Page, found: pricing.Promotion, spent: pricing.Spent | None, campaigns: Sequence[str]) -> Row:
    language = "fr" if page.language.code == "fr" else "en"
    said = pricing.in_words(found, language, currency=page.settings.currency)
    kind = {None: "live", "not_started": "later"}.get(found.holds_at(page.now), "over")
    return Row(
        code=found.code,
        name=found.name,
        benefit=benefit(page, found),
        condition=said.condition,
        target=said.target,
        parts=said.parts,
        period=period(page, found),
        standing=standing(page, found),
        kind=kind,
        stacking=stacking(page, found),
        priority=found.priority,
        coupon=campaigns,
        needs_coupon=found.needs_coupon,
        limits=limits(page, found, spent),
        uses=page.ngettext("used once", "used %(n)s times", spent.used) if spent and spent.used else "",
        reasons=reasons(page, found),
    )


def standing(page: Page, found: pricing.Promotion) -> tuple[str, str, str]:
    gettext = page.gettext
    match found.holds_at(page.now):
        case None:
            return gettext("holds"), "good", "circle-check"
        case "not_started":
            return gettext("not yet"), "info", "hourglass"
        case "disabled":
            return gettext("switched off"), "", "ban"
        case _:
            return gettext("over"), "", "history"


def limits(page: Page, found: pricing.Promotion, spent: pricing.Spent | None) -> list[Used]:
    """Its budget and its uses, each with what is used, what is reserved and what is left."""
    gettext, number = page.gettext, page.draw.number
    shown: list[Used] = []
    if spent and spent.budget_minor is not None and found.currency:

        def worth(minor: int) -> str:
            return page.language.money(Money(minor, found.currency or ""), cents=False)

        left = max(0, spent.budget_minor - spent.spent_minor - spent.reserved_minor)
        words = gettext("%(spent)s of %(all)s spent", spent=worth(spent.spent_minor), all=worth(spent.budget_minor))
        label = gettext(
            "%(spent)s spent, %(reserved)s reserved, %(left)s left",
            spent=worth(spent.spent_minor),
            reserved=worth(spent.reserved_minor),
            left=worth(left),
        )
        shown.append(Used(words, spent.spent_minor, spent.reserved_minor, left, label))
    if spent and spent.max_uses is not None:
        left = max(0, spent.max_uses - spent.used - spent.reserved)
        words = gettext("%(used)s of %(all)s baskets", used=number(spent.used), all=number(spent.max_uses))
        label = gettext(
            "%(spent)s used, %(reserved)s reserved, %(left)s left",
            spent=number(spent.used),
            reserved=number(spent.reserved),
            left=number(left),
        )
        shown.append(Used(words, spent.used, spent.reserved, left, label))
    return shown


def reasons(page: Page, found: pricing.Promotion) -> list[Reason]:
    """What else holds for it."""
    gettext = page.gettext
    said: list[Reason] = [("=", gettext("Stands: %(how)s", how=stacking(page, found)))]
    if found.priority:
        said.append(("=", gettext("Priority %(n)s", n=page.draw.number(found.priority))))
    if found.max_discount_minor and found.currency:
        most = page.language.money(Money(found.max_discount_minor, found.currency))
        said.append(("-", gettext("Takes at most %(amount)s off one basket", amount=most)))
    if found.margin_floor_basis_points is not None:
        floor = page.draw.percent(found.margin_floor_basis_points / 10_000, 1)
        said.append(("-", gettext("Leaves a margin of %(share)s on each line", share=floor)))
    if found.currency:
        said.append(("=", gettext("Only in %(currency)s", currency=found.currency)))
    return said


def house_reasons(page: Page, house: pricing.House) -> list[Reason]:
    gettext, percent = page.gettext, page.draw.percent
    said: list[Reason] = [
        ("=", gettext("Of promotions that exclude each other the one that leaves the least to pay is taken"))
        if house.mode == "best"
        else ("=", gettext("Of promotions that exclude each other the one with the greater priority is taken"))
    ]
    most = percent(house.max_discount_basis_points / 10_000, 1 if house.max_discount_basis_points % 100 else 0)
    said.append(("-", gettext("All together take at most %(share)s off the goods", share=most)))
    if house.margin_floor_basis_points is not None:
        floor = percent(house.margin_floor_basis_points / 10_000, 1)
        said.append(("-", gettext("Each leaves a margin of %(share)s on each line", share=floor)))
    return said


section = Section(routes=[read_promotions])
