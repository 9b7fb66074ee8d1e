"""Campaigns and their coupons: one code for everybody, a million of them, one for one person."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from comptoir.kernel import pack
from comptoir.kernel.db import Tx, rows, uuids
from comptoir.pricing import codes
from comptoir.pricing.errors import BadPromotion, CodeTaken, UnknownCampaign
from comptoir.pricing.house import changed
from comptoir.pricing.promotions import promotion
from comptoir.pricing.records import Code, Moment, Name


class CampaignEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A campaign as a caller describes it."""

    name: Name
    promotion: Code
    """What its coupons open; it should say `needs_coupon`."""
    per_person: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    """How often one person may use its coupons, all together. Only people who are known can use them then."""
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    enabled: bool = True


class Campaign(CampaignEntry, frozen=True, kw_only=True):
    """A campaign."""

    campaign_id: int
    code: Code
    promotion_id: int


class CampaignCount(Campaign, frozen=True, kw_only=True):
    """A campaign with what became of its coupons."""

    coupons: int
    used: int
    reserved: int


class NewCoupon(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code that somebody thought of, or that another system has given out."""

    code: Annotated[str, Meta(min_length=4, max_length=60)]
    max_uses: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = 1
    """Null: no limit."""
    node_id: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None
    """The only person who may use it (identity.node)."""
    label: Annotated[str, Meta(max_length=60)] | None = None
    """Kept readable, for codes that are no secret."""


class Coupon(msgspec.Struct, frozen=True, gc=False):
    """A coupon as it is counted."""

    coupon_id: int
    campaign_id: int
    node_id: int | None
    max_uses: int | None
    used: int
    reserved: int


async def set_campaign(tx: Tx, *, code: Code, entry: CampaignEntry) -> Campaign:
    """A new campaign, or a known one anew; its coupons stay."""
    opened = await promotion(tx, code=entry.promotion)
    if entry.starts_at is not None and entry.ends_at is not None and entry.starts_at >= entry.ends_at:
        raise BadPromotion("The campaign ends before it begins.", starts_at=entry.starts_at, ends_at=entry.ends_at)
    before = await tx.maybe(Campaign, BY_CODE, code=code)
    if before is not None and before.promotion_id != opened.promotion_id:
        # What was used of its coupons is counted under its promotion.
        raise BadPromotion(
            f"{code} belongs to {before.promotion}: make a new campaign for {entry.promotion}.",
            promotion=before.promotion,
        )
    await tx.run(
        WRITE,
        code=code,
        name=entry.name,
        promotion_id=opened.promotion_id,
        per_person=entry.per_person,
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
        enabled=entry.enabled,
    )
    await changed(tx)
    return await campaign(tx, code=code)


async def campaign(tx: Tx, *, code: str) -> Campaign:
    if found := await tx.maybe(Campaign, BY_CODE, code=code):
        return found
    raise UnknownCampaign(f"There is no campaign {code!r}.", campaign=code)


async def campaigns(tx: Tx) -> list[Campaign]:
    """All of them, by code."""
    return await tx.many(Campaign, ALL)


async def counted(tx: Tx, *, code: str) -> CampaignCount:
    """A campaign with what became of its coupons: reads them all."""
    found = await campaign(tx, code=code)
    (counts,) = await tx.tuples(COUNT, campaign_id=found.campaign_id)
    return CampaignCount(**msgspec.structs.asdict(found), coupons=counts[0], used=counts[1], reserved=counts[2])


async def mint(
    tx: Tx,
    *,
    campaign_code: str,
    count: int,
    length: int = codes.LENGTH,
    max_uses: int | None = 1,
    nodes: Sequence[int] = (),
) -> list[str]:
    """Make codes and return them: the only time that anybody sees them. `nodes`: one for each of these people."""
    found = await campaign(tx, code=campaign_code)
    made = codes.make(len(nodes) or count, length=length)
    owners: Iterable[int | None] = nodes or (None for _ in made)
    head, limit = pack.start(4), pack.int4(max_uses)
    belongs = pack.int4(found.campaign_id)
    # In order of the hash, so that the index grows from one end of each page to the other.
    kept = sorted((codes.digest(code), owner) for code, owner in zip(made, owners, strict=True))
    await tx.copy(
        COPY,
        pack.whole(b"".join((head, pack.binary(hashed), belongs, pack.int8(owner), limit)) for hashed, owner in kept),
    )
    return made


async def add_coupons(tx: Tx, *, campaign_code: str, coupons: Sequence[NewCoupon]) -> int:
    """Codes that exist already; all or none. The same again changes nothing. Returns how many were new."""
    found = await campaign(tx, code=campaign_code)
    keyed = {codes.hashed(codes.chosen(one.code)): one for one in coupons}
    entries = [
        {"code_hash": key, "max_uses": one.max_uses, "node_id": one.node_id, "label": one.label}
        for key, one in sorted(keyed.items())
    ]
    added = await tx.run(ADD, coupons=rows(entries), campaign_id=found.campaign_id)
    if taken := await tx.values(OF_OTHERS, hashes=uuids(keyed), campaign_id=found.campaign_id):
        names = [keyed[one].code for one in taken]
        raise CodeTaken(f"{', '.join(names[:5])}: in another campaign already.", codes=names[:100])
    return added


async def coupons_by_code(tx: Tx, found: Iterable[str]) -> dict[str, Coupon]:
    """The coupons of these codes, as they were given; those unknown are missing."""
    keyed: dict[Any, list[str]] = {}
    for code in set(found):
        keyed.setdefault(codes.hashed(code), []).append(code)
    rows_found = await tx.tuples(BY_HASH, hashes=uuids(keyed)) if keyed else []
    return {code: Coupon(*row[1:]) for row in rows_found for code in keyed[row[0]]}


WRITE = """
    INSERT INTO pricing.campaign (code, name, promotion_id, per_person, starts_at, ends_at, enabled)
    VALUES (%(code)s, %(name)s, %(promotion_id)s, %(per_person)s, %(starts_at)s, %(ends_at)s, %(enabled)s)
    ON CONFLICT (code) DO UPDATE SET name = excluded.name,
        per_person = excluded.per_person, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
        enabled = excluded.enabled
"""

COLUMNS = """
    SELECT g.campaign_id, g.code, g.name, g.promotion_id, p.code AS promotion, g.per_person, g.starts_at, g.ends_at,
           g.enabled
    FROM pricing.campaign AS g JOIN pricing.promotion AS p USING (promotion_id)
"""
BY_CODE = COLUMNS + "WHERE g.code = %(code)s"
ALL = COLUMNS + "ORDER BY g.code"

COUNT = """
    SELECT count(*), coalesce(sum(used), 0), coalesce(sum(reserved), 0)
    FROM pricing.coupon WHERE campaign_id = %(campaign_id)s
"""

COPY = "COPY pricing.coupon (code_hash, campaign_id, node_id, max_uses) FROM STDIN (FORMAT binary)"

ADD = """
    INSERT INTO pricing.coupon (code_hash, campaign_id, node_id, label, max_uses)
    SELECT code_hash, %(campaign_id)s, node_id, label, max_uses
    FROM json_to_recordset(%(coupons)s::json) AS c (code_hash uuid, node_id bigint, label text, max_uses integer)
    ORDER BY code_hash
    ON CONFLICT (code_hash) DO NOTHING
"""

OF_OTHERS = """
    SELECT code_hash FROM pricing.coupon
    WHERE code_hash = ANY(%(hashes)s::uuid[]) AND campaign_id <> %(campaign_id)s
"""

BY_HASH = """
    SELECT code_hash, coupon_id, campaign_id, node_id, max_uses, used, reserved FROM pricing.coupon
    WHERE code_hash = ANY(%(hashes)s::uuid[])
"""


def refused(
    coupon: Coupon,
    held: Campaign,
    now: datetime,
    *,
    person_id: int | None,
    owner_id: int | None,
    by_person: int,
    uses: int,
) -> tuple[str, dict[str, Any]] | None:
    """Why a coupon cannot be had, or None. `uses`: by anybody; `by_person`: the person's in the campaign."""
    if not held.enabled:
        return "coupon_disabled", {"campaign": held.code}
    if held.starts_at is not None and now < held.starts_at:
        return "coupon_not_started", {"starts_at": held.starts_at}
    if held.ends_at is not None and now >= held.ends_at:
        return "coupon_ended", {"ends_at": held.ends_at}
    if (owner_id is not None or held.per_person is not None) and person_id is None:
        return "coupon_person_needed", {}
    if owner_id is not None and owner_id != person_id:
        return "coupon_of_another", {}
    if coupon.max_uses is not None and uses >= coupon.max_uses:
        return "coupon_used_up", {"max_uses": coupon.max_uses}
    if held.per_person is not None and by_person >= held.per_person:
        return "coupon_used_by_person", {"per_person": held.per_person}
    return None
