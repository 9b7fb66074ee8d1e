"""Coupons: a code looked up at the counter; campaigns with what became of theirs."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.status_codes import HTTP_200_OK

from comptoir import pricing
from comptoir.console.console import Section
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest
from comptoir.console.pages.price_why import period
from comptoir.console.pages.promotion_words import DECLINED, benefit
from comptoir.console.refusals import said_of
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor
from comptoir.kernel.db import Tx
from comptoir.kernel.money import Money

PATH = "/prices/coupons"
STATES = {
    "reserved": (N_("reserved"), "info", "hourglass"),
    "redeemed": (N_("used"), "good", "circle-check"),
    "released": (N_("given back"), "", "arrow-back-up"),
}


class Claim(msgspec.Struct, frozen=True):
    reference: str
    state: tuple[str, str, str]
    off: Money | None
    at: datetime
    until: datetime | None


class Found(msgspec.Struct, frozen=True):
    """What the code is."""

    good: bool
    reason: str
    known: bool
    campaign: str
    campaign_code: str
    promotion: str
    promotion_code: str
    gives: str
    period: str
    used: str
    reserved: str
    per_person: str
    owned: bool
    claims: Sequence[Claim]


class CampaignRow(msgspec.Struct, frozen=True):
    code: str
    name: str
    promotion: str
    period: str
    per_person: int | None
    enabled: bool


class CouponsView(msgspec.Struct, frozen=True):
    code: str
    found: Found | None
    error: str
    campaigns: Sequence[CampaignRow]


@get(PATH, guards=enter("prices"))
async def read_coupons(page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    return page.show("coupons.html.j2", await look(page, tx))


@post(PATH, guards=enter("prices"), status_code=HTTP_200_OK)
async def look_up_coupon(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> Response[str]:
    """By POST, so that no code stands in an address. After twenty wrong ones in ten minutes none is looked at."""
    code = str((await request.form()).get("code", "")).strip()[:60]
    if not code:
        return page.show("coupons.html.j2", await look(page, tx))
    try:
        found = await pricing.look_up(tx, code=code, who=f"user:{actor.id}")
    except pricing.TooManyGuesses as refusal:
        return page.show(
            "coupons.html.j2", await look(page, tx, code, error=said_of(page, refusal)), status=refusal.status
        )
    return page.show("coupons.html.j2", await look(page, tx, code, told(page, found)))


async def look(page: Page, tx: Tx, code: str = "", found: Found | None = None, *, error: str = "") -> CouponsView:
    names = {one.code: one.name for one in await pricing.promotions(tx)}
    campaigns = [
        CampaignRow(
            one.code,
            one.name,
            names.get(one.promotion, one.promotion),
            period(page, one),
            one.per_person,
            one.enabled,
        )
        for one in await pricing.campaigns(tx)
    ]
    return CouponsView(code, found, error, campaigns)


def told(page: Page, found: pricing.LookedUp) -> Found:
    gettext, number = page.gettext, page.draw.number
    reason = gettext(DECLINED.get(found.reason, found.reason)) if found.reason else ""
    if found.coupon is None or found.campaign is None or found.promotion is None:
        return Found(False, reason, False, "", "", "", "", "", "", "", "", "", owned=False, claims=[])
    coupon, promotion = found.coupon, found.promotion
    used = number(coupon.used)
    if coupon.max_uses is None:
        words = page.ngettext("used once, without a limit", "used %(n)s times, without a limit", coupon.used)
    else:
        words = gettext("used %(used)s of %(all)s times", used=used, all=number(coupon.max_uses))
    currency = promotion.currency or page.settings.currency
    return Found(
        good=found.good,
        reason=reason,
        known=True,
        campaign=found.campaign.name,
        campaign_code=found.campaign.code,
        promotion=promotion.name,
        promotion_code=promotion.code,
        gives=benefit(page, promotion),
        period=period(page, found.campaign),
        used=words,
        reserved=page.ngettext("reserved once", "reserved %(n)s times", coupon.reserved) if coupon.reserved else "",
        per_person=page.ngettext("once for each person", "%(n)s times for each person", found.campaign.per_person)
        if found.campaign.per_person
        else "",
        owned=coupon.node_id is not None,
        claims=[
            Claim(
                one.reference,
                STATES[one.state],
                Money(-one.amount_minor, currency) if one.amount_minor else None,
                one.changed_at,
                one.expires_at,
            )
            for one in found.claims
        ],
    )


section = Section(routes=[read_coupons, look_up_coupon])
