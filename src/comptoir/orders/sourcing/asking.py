"""A basket that nobody has: from where its goods would come, and why. Nothing is written or held."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from comptoir import catalog, channels, inventory
from comptoir.kernel.db import Tx
from comptoir.orders.sourcing.capacity import promised_today
from comptoir.orders.sourcing.conditions import Asking, Wanted
from comptoir.orders.sourcing.explaining import Explanation, explained
from comptoir.orders.sourcing.planner import Planner, Reasons, missing_of
from comptoir.orders.sourcing.policies import policy
from comptoir.orders.sourcing.policy import Policy, PolicyEntry, check

Text = Annotated[str, Meta(min_length=1, max_length=200)]


class AskedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many pieces of an article."""

    sku: Text
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)] = 1


class AskedBasket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is bought where, and where it goes."""

    outlet: Text
    lines: Annotated[list[AskedLine], Meta(min_length=1, max_length=200)]
    method: inventory.Method = "ship"
    location: Annotated[str, Meta(max_length=200)] = ""
    """Where it is collected."""
    country: Annotated[str, Meta(pattern=r"^([A-Z]{2})?\Z")] = ""
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    value_minor: Annotated[int, Meta(ge=0)] | None = None
    """Its total, for rules that ask."""


class Given(msgspec.Struct, frozen=True):
    """So many pieces of a line come from there."""

    line: int
    sku: str
    location: str
    quantity: int


class Missing(msgspec.Struct, frozen=True):
    """So many pieces of a line lie nowhere."""

    line: int
    sku: str
    quantity: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """From where the goods would come; without parts: from nowhere, for want of stock (`missing`) or by the policy."""

    parts: list[Given]
    missing: list[Missing]
    why: Explanation


async def explain_basket(tx: Tx, *, basket: AskedBasket, entry: PolicyEntry | None = None) -> Answer:
    """By the policy that holds, or by this one. Raises UnknownOutlet, UnknownVariant, UnknownLocation, BadPolicy."""
    if entry is not None:
        check(entry)
    by = await policy(tx) if entry is None else Policy.of(entry, version=0)
    outlet = await channels.outlet(tx, code=basket.outlet)
    wanted = await _wanted(tx, basket.lines)
    places = await inventory.places(tx)
    if basket.location:
        await inventory.by_code(tx, [basket.location])
    questions = [
        inventory.Question(
            variant_id=variant,
            channel=outlet.channel,
            method=basket.method,
            latitude=basket.latitude,
            longitude=basket.longitude,
        )
        for variant in dict.fromkeys(one.variant_id for one in wanted)
    ]
    offers = dict(
        zip([one.variant_id for one in questions], await inventory.available(tx, questions, places), strict=True)
    )
    asking = Asking(
        method=basket.method,
        channel=outlet.channel,
        country=basket.country,
        outlet_id=outlet.outlet_id,
        value_minor=basket.value_minor,
        location=basket.location,
    )
    plan = Planner(by).plan(wanted, asking, offers, places, now=tx.now, promised=await promised_today(tx, places))
    locations = {one.location_id: one for one in await inventory.locations(tx)}
    reasons = msgspec.json.decode(plan.reasons(by.version, most=len(locations)), type=Reasons)
    skus = {number: line.sku for number, line in enumerate(basket.lines, 1)}
    return Answer(
        parts=[
            Given(one.line, skus[one.line], locations[one.location_id].code, one.quantity) for one in plan.parts(wanted)
        ],
        missing=[
            Missing(one["line"], skus[one["line"]], one["missing"])
            for one in ([] if plan.choice else missing_of(wanted, plan.found))
        ],
        why=explained(reasons, by, locations),
    )


async def _wanted(tx: Tx, lines: Sequence[AskedLine]) -> list[Wanted]:
    known = await catalog.variants_by_sku(tx, [one.sku for one in lines])
    if unknown := [one.sku for one in lines if one.sku not in known]:
        raise inventory.UnknownVariant(f"The catalog has no SKU {unknown[0]!r}.", sku=unknown[0])
    return [Wanted(number, known[one.sku].variant_id, one.quantity) for number, one in enumerate(lines, 1)]
