"""/v1/inventory: adjustments with reasons, and what is kept back. Part of `api.py`."""

from typing import Annotated

import msgspec
from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta

from comptoir.inventory import keeping, rights
from comptoir.inventory.adjustments import Adjustment, Reason, adjust
from comptoir.inventory.codes import Codes
from comptoir.inventory.errors import BadMove, BadQuantity, NotThere, NotYourGoods, UnknownLocation, UnknownVariant
from comptoir.inventory.keeping import Fence, Kept, Safety, Threshold
from comptoir.inventory.records import Done, State
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.http import raises

Text = Annotated[str, Meta(min_length=1, max_length=200)]
Channel = Annotated[str, Meta(min_length=1, max_length=20)]
Few = Annotated[int, Meta(ge=0, le=1_000_000)]


class AdjustedLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pieces of an article, and what became of them. `state`: theirs before, or of what comes in, after."""

    sku: Text
    location: Text
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)]
    reason: Reason
    state: State = "sellable"


class Adjustments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be recorded together. Send an `Idempotency-Key`, or it is recorded twice."""

    lines: Annotated[list[AdjustedLine], Meta(min_length=1, max_length=1_000)]
    reference: Annotated[str, Meta(max_length=200)] = ""
    """A return's, a report's."""


class Adjusted(msgspec.Struct, frozen=True):
    """How many pieces are missing now of what is promised there, line by line."""

    missing: list[int]


@post(
    "/adjustments",
    guards=[allow("inventory:write")],
    responses=raises(UnknownVariant, UnknownLocation, NotThere, BadMove, BadQuantity, NotYourGoods),
    status_code=HTTP_200_OK,
)
async def record_adjustments(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[Adjustments]
) -> Adjusted:
    """Theft, damage, display, samples, finds, customers' returns: all or none. The reason decides what moves where."""
    codes = Codes()
    await codes.learn(tx, skus=[one.sku for one in data.lines], locations=[one.location for one in data.lines])
    await rights.must_keep(tx, actor, {codes.location(one.location) for one in data.lines})
    lines = [
        Adjustment(
            variant_id=codes.variant(one.sku),
            location_id=codes.location(one.location),
            quantity=one.quantity,
            reason=one.reason,
            state=one.state,
        )
        for one in data.lines
    ]
    answers = await adjust(tx, lines, reference=data.reference, actor=str(actor.id))
    return Adjusted([one.missing if isinstance(one, Done) else 0 for one in answers])


@get("/kept", guards=[allow("inventory:read")], responses=raises(UnknownVariant))
async def get_kept(
    tx: NamedDependency[Tx], sku: Annotated[str, QueryParameter(description="The article.", max_length=200)]
) -> Kept:
    """What is kept back of an article: safety, fences, thresholds."""
    codes = Codes()
    await codes.learn(tx, skus=[sku])
    return await keeping.kept(tx, variant_id=codes.variant(sku))


class SafetyLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of an article at a location that no promise may use. Null: what the location keeps of everything."""

    sku: Text
    location: Text
    quantity: Few | None


class Safeties(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Article by article and place by place."""

    safety: Annotated[list[SafetyLine], Meta(min_length=1, max_length=5_000)]


@put("/safety", guards=[allow("inventory:write")], responses=raises(UnknownVariant, UnknownLocation, NotYourGoods))
async def set_safety(tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[Safeties]) -> None:
    """Keep units back from every promise."""
    codes = Codes()
    await codes.learn(tx, skus=[one.sku for one in data.safety], locations=[one.location for one in data.safety])
    await rights.must_keep(tx, actor, {codes.location(one.location) for one in data.safety})
    await keeping.set_safety(
        tx, [Safety(codes.variant(one.sku), codes.location(one.location), one.quantity) for one in data.safety]
    )


class FenceLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of an article at a location that are left for one channel; 0: none."""

    sku: Text
    location: Text
    channel: Channel
    quantity: Few


class Fences(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Article by article, place by place, channel by channel."""

    fences: Annotated[list[FenceLine], Meta(min_length=1, max_length=5_000)]


@put("/fences", guards=[allow("inventory:write")], responses=raises(UnknownVariant, UnknownLocation, NotYourGoods))
async def set_fences(tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[Fences]) -> None:
    """Keep units for a channel: no other may promise them. Its own promises use them up."""
    codes = Codes()
    await codes.learn(tx, skus=[one.sku for one in data.fences], locations=[one.location for one in data.fences])
    await rights.must_keep(tx, actor, {codes.location(one.location) for one in data.fences})
    await keeping.set_fences(
        tx,
        [Fence(codes.variant(one.sku), codes.location(one.location), one.channel, one.quantity) for one in data.fences],
    )


class ThresholdLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of an article that a channel does not offer, all locations together; 0: it offers all."""

    sku: Text
    channel: Channel
    quantity: Few


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Article by article, channel by channel."""

    thresholds: Annotated[list[ThresholdLine], Meta(min_length=1, max_length=5_000)]


@put("/thresholds", guards=[allow("inventory:write")], responses=raises(UnknownVariant, NotYourGoods))
async def set_thresholds(tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[Thresholds]) -> None:
    """Offer less through a channel that hears of sales late. It holds for all shops: not for who works for one."""
    rights.must_keep_all(actor)
    codes = Codes()
    await codes.learn(tx, skus=[one.sku for one in data.thresholds])
    await keeping.set_thresholds(
        tx, [Threshold(codes.variant(one.sku), one.channel, one.quantity) for one in data.thresholds]
    )


ROUTES = [record_adjustments, get_kept, set_safety, set_fences, set_thresholds]
