"""Pieces that a location could not give, or refused to, are looked for elsewhere. Nothing is promised here: the caller
posts what it makes of the answer (`inventory.Allocate`), in the same transaction.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import msgspec

from comptoir import inventory
from comptoir.kernel.db import Tx
from comptoir.orders.baskets import Delivery, Part
from comptoir.orders.sourcing.capacity import promised_today
from comptoir.orders.sourcing.conditions import Asking, Found, Wanted
from comptoir.orders.sourcing.planner import DEARER, PARTIAL, Plan, Planner
from comptoir.orders.sourcing.policies import policy
from comptoir.orders.sourcing.solver import Choice


class Missing(msgspec.Struct, frozen=True):
    """So many pieces of a line that no location can give."""

    line: int
    variant_id: int
    quantity: int


class Again(msgspec.Struct, frozen=True):
    """Where the pieces come from now, and what cannot be had. Together they are what was wanted."""

    parts: tuple[Part, ...]
    missing: tuple[Missing, ...]
    sourced: str = ""
    """Why from there: `Reasons`, as JSON."""


async def source_again(
    tx: Tx,
    *,
    lines: Sequence[Wanted],
    channel: str,
    delivery: Delivery,
    method: inventory.Method | None = None,
    excluded: Collection[int] = (),
    places: inventory.Places | None = None,
    planner: Planner | None = None,
) -> Again:
    """Other locations for these pieces of an order, by the policy that holds now: as many as can be had, the rest is
    `missing`; nothing is refused.

    `delivery` is the order's. `method` is how the goods leave the location that is sought, if not as the delivery says:
    what is to be collected may come by "transfer" from any location; by "collect" only from where it is collected.
    `excluded` are ids of locations that are not to be asked, such as the one that refused. What the order has promised
    elsewhere is not free for it: these pieces come on top. Overdue holds are let go where that helps. Who sources many
    gives the locations and the planner.
    """
    known = places or await inventory.places(tx)
    planner = planner or Planner(await policy(tx))
    how, address = method or delivery.method, delivery.address
    asking = Asking(method=how, channel=channel, country=address.country if address else "", location=delivery.location)
    questions = [
        inventory.Question(
            variant_id=variant,
            channel=channel,
            method=how,
            latitude=address.latitude if address else None,
            longitude=address.longitude if address else None,
        )
        for variant in dict.fromkeys(one.variant_id for one in lines)
    ]
    found = await _found(tx, lines, asking, questions, planner, excluded, known)
    if found.missing and await inventory.lapse(tx, variants={one.variant_id for one in found.missing}):
        found = await _found(tx, lines, asking, questions, planner, excluded, known)
    return found


async def _found(
    tx: Tx,
    lines: Sequence[Wanted],
    asking: Asking,
    questions: Sequence[inventory.Question],
    planner: Planner,
    excluded: Collection[int],
    places: inventory.Places,
) -> Again:
    offers = {
        question.variant_id: [one for one in some if places.ids[one.location] not in excluded]
        for question, some in zip(
            questions, await inventory.available(tx, questions, places) if questions else [], strict=True
        )
    }
    promised = await promised_today(tx, places)
    units: dict[int, int] = {}
    for one in lines:
        units[one.variant_id] = units.get(one.variant_id, 0) + one.quantity
    weighed = planner.weigh(units, len(lines), asking, offers, places, now=tx.now, promised=promised)
    able = [one for one in weighed if one.verdict <= PARTIAL]
    shares = _within(units, able, 1 if asking.method == "collect" else planner.policy.limits.most_parcels)
    had = Counter[int]()
    for _, share in shares:
        had.update(share)
    asked: list[Wanted] = []
    missing: list[Missing] = []
    left = Counter(had)
    for one in lines:
        there = min(one.quantity, left[one.variant_id])
        left[one.variant_id] -= there
        if there:
            asked.append(Wanted(one.line, one.variant_id, there))
        if there < one.quantity:
            missing.append(Missing(one.line, one.variant_id, one.quantity - there))
    if not asked:
        return Again((), tuple(missing))
    for one in able:
        one.pieces = sum(min(n, one.free.get(variant, 0)) for variant, n in had.items())
        one.verdict = DEARER if one.pieces == had.total() else PARTIAL
    plan = Plan(weighed, planner.choose(had, able, asking) or Choice(shares, 0, exact=False)).settled()
    return Again(plan.parts(asked), tuple(missing), plan.reasons(planner.policy.version))


def _within(units: Mapping[int, int], able: Sequence[Found], most: int | None) -> list[tuple[Found, dict[int, int]]]:
    """What can be had from so many locations at most: again and again from who has most of what is left."""
    left, others = dict(units), list(able)
    shares: list[tuple[Found, dict[int, int]]] = []
    while others and len(shares) < (most or len(able)):
        best = max(others, key=lambda one: sum(min(n, one.free.get(variant, 0)) for variant, n in left.items()))
        others.remove(best)
        share = {variant: taken for variant, n in left.items() if (taken := min(n, best.free.get(variant, 0)))}
        if not share:
            break
        shares.append((best, share))
        left = {variant: n - share.get(variant, 0) for variant, n in left.items()}
    return shares
