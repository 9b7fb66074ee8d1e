"""/v1/pricing: campaigns, coupons, and whether a code is good. Part of `api.py`."""

from typing import Annotated

import msgspec
from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta

from comptoir.kernel.auth import ShownOnce, allow
from comptoir.kernel.auth.actors import Actor
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid
from comptoir.kernel.http import AnyRequest, raises
from comptoir.pricing import codes, coupons, guesses
from comptoir.pricing.coupons import Campaign, CampaignCount, CampaignEntry, NewCoupon
from comptoir.pricing.errors import (
    BadCode,
    BadPromotion,
    CodeTaken,
    TooManyGuesses,
    UnknownCampaign,
    UnknownPromotion,
)
from comptoir.pricing.quotes import judge

OneCampaign = Annotated[
    str, PathParameter(description="The code that names it.", max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
]


@get("/campaigns", guards=[allow("pricing:read")])
async def list_campaigns(tx: NamedDependency[Tx]) -> list[Campaign]:
    """All campaigns, by code."""
    return await coupons.campaigns(tx)


@get("/campaigns/{code:str}", guards=[allow("pricing:read")], responses=raises(UnknownCampaign))
async def get_campaign(tx: NamedDependency[Tx], code: OneCampaign) -> CampaignCount:
    """A campaign with what became of its coupons."""
    return await coupons.counted(tx, code=code)


@put(
    "/campaigns/{code:str}",
    guards=[allow("pricing:write")],
    responses=raises(Invalid, BadPromotion, UnknownPromotion),
)
async def set_campaign(tx: NamedDependency[Tx], code: OneCampaign, data: JSONBody[CampaignEntry]) -> Campaign:
    """Make a campaign, or describe a known one anew; its coupons and its promotion stay."""
    return await coupons.set_campaign(tx, code=code, entry=data)


class ToMint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many codes to make."""

    count: Annotated[int, Meta(ge=1, le=50_000)]
    length: Annotated[int, Meta(ge=codes.SHORTEST, le=codes.LONGEST)] = codes.LENGTH
    max_uses: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = 1
    """Of each code; null: no limit."""


class Minted(ShownOnce, frozen=True):
    """Codes, with the only sight of them: their hashes are kept."""

    codes: list[str]


@post("/campaigns/{code:str}/codes", guards=[allow("pricing:write")], responses=raises(Invalid, UnknownCampaign))
async def mint_codes(tx: NamedDependency[Tx], code: OneCampaign, data: JSONBody[ToMint]) -> Minted:
    """Make up to 50,000 codes. Send an `Idempotency-Key`, or the same request makes others: who asks again
    with it is told that they were made, and not shown them.
    """
    return Minted(
        await coupons.mint(tx, campaign_code=code, count=data.count, length=data.length, max_uses=data.max_uses)
    )


class Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Codes that exist already."""

    coupons: Annotated[list[NewCoupon], Meta(min_length=1, max_length=10_000)]


class Added(msgspec.Struct, frozen=True):
    """How many were new."""

    new: int


@post(
    "/campaigns/{code:str}/coupons",
    guards=[allow("pricing:write")],
    responses=raises(Invalid, BadCode, CodeTaken, UnknownCampaign),
    status_code=HTTP_200_OK,
    request_max_body_size=4_000_000,
)
async def add_coupons(tx: NamedDependency[Tx], code: OneCampaign, data: JSONBody[Given]) -> Added:
    """Add codes that somebody thought of or another system has given out, for everybody or for one person."""
    return Added(await coupons.add_coupons(tx, campaign_code=code, coupons=data.coupons))


class Shown(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A code as somebody showed it."""

    code: Annotated[str, Meta(min_length=1, max_length=60)]
    reference: Annotated[str, Meta(max_length=100)] = ""
    """Of the basket it is for: what that has reserved counts as free."""
    node_id: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None
    """Who shows it (identity.node)."""
    device: Annotated[str, Meta(max_length=100)] = ""
    """The shopper's device or address, for a server (a key) that asks for many shoppers: tries are counted for each."""


class Checked(msgspec.Struct, frozen=True):
    """Whether a code is good now. What it takes off, a quote tells."""

    good: bool
    promotion: str | None = None
    reason: str | None = None
    """Why it is not: `mistyped` when the check digit is wrong."""


@post(
    "/coupons/check",
    guards=[allow("pricing:read")],
    responses=raises(Invalid, TooManyGuesses),
    status_code=HTTP_200_OK,
)
async def check_coupon(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], request: AnyRequest, data: JSONBody[Shown]
) -> Checked:
    """Whether a code is good. After twenty wrong ones in ten minutes none is looked at."""
    who = guesser(actor, request, data.device)
    await guesses.count(tx, who=who)
    found = await judge(tx, code=data.code, reference=data.reference, node_id=data.node_id)
    if found is None:
        mistyped = len(codes.read(data.code)) >= codes.SHORTEST and not codes.right(data.code)
        return Checked(good=False, reason="mistyped" if mistyped else "unknown_coupon")
    await guesses.forgive(tx, who=who)
    promotion, reason = found
    return Checked(good=reason is None, promotion=promotion, reason=reason)


def guesser(actor: Actor, request: AnyRequest, device: str) -> str:
    """Whose tries are counted together. Only servers speak for many devices: a user would name another each time."""
    address = request.client.host if request.client else ""
    return f"{actor.kind}:{actor.id}:{(device or address) if actor.kind == 'key' else ''}"


ROUTES = [list_campaigns, get_campaign, set_campaign, mint_codes, add_coupons, check_coupon]
