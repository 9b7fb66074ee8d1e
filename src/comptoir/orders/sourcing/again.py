"""Pieces that a location could not give, or refused to, are looked for elsewhere. Nothing is promised here: the caller
posts what it makes of the answer (`inventory.Allocate`), in the same transaction.
"""

from collections.abc import Collection, Sequence

import msgspec

from comptoir import inventory
from comptoir.kernel.db import Tx
from comptoir.orders.baskets import BasketLine, Delivery, Part
from comptoir.orders.sourcing.nearest import source


class Wanted(msgspec.Struct, frozen=True):
    """So many pieces of an order's line."""

    line: int
    variant_id: int
    quantity: int


class Missing(msgspec.Struct, frozen=True):
    """So many pieces of a line that no location can give."""

    line: int
    variant_id: int
    quantity: int


class Again(msgspec.Struct, frozen=True):
    """Where the pieces come from now, and what cannot be had. Together they are what was wanted."""

    parts: tuple[Part, ...]
    missing: tuple[Missing, ...]


async def source_again(
    tx: Tx,
    *,
    lines: Sequence[Wanted],
    channel: str,
    delivery: Delivery,
    method: inventory.Method | None = None,
    excluded: Collection[int] = (),
    places: inventory.Places | None = None,
) -> Again:
    """Other locations for these pieces of an order: as many as can be had, the rest is `missing`; nothing is refused.

    `delivery` is the order's. `method` is how the goods leave the location that is sought, if not as the delivery says:
    what is to be collected may come by "transfer" from any location; by "collect" only from where it is collected.
    `excluded` are ids of locations that are not to be asked, such as the one that refused. What the order has promised
    elsewhere is not free for it: these pieces come on top. Overdue holds are let go where that helps.
    """
    known = places or await inventory.places(tx)
    found = await _found(tx, lines, channel, delivery, method, excluded, known)
    if found.missing and await inventory.lapse(tx, variants={one.variant_id for one in found.missing}):
        found = await _found(tx, lines, channel, delivery, method, excluded, known)
    return found


async def _found(
    tx: Tx,
    lines: Sequence[Wanted],
    channel: str,
    delivery: Delivery,
    method: inventory.Method | None,
    excluded: Collection[int],
    places: inventory.Places,
) -> Again:
    how, address = method or delivery.method, delivery.address
    variants = list(dict.fromkeys(one.variant_id for one in lines))
    questions = [
        inventory.Question(
            variant_id=variant,
            channel=channel,
            method=how,
            latitude=address.latitude if address else None,
            longitude=address.longitude if address else None,
        )
        for variant in variants
    ]
    answers = await inventory.available(tx, questions, places) if questions else []
    offers = {
        variant: [
            one
            for one in some
            if places.ids[one.location] not in excluded and (how != "collect" or one.location == delivery.location)
        ]
        for variant, some in zip(variants, answers, strict=True)
    }
    left = {variant: sum(one.units for one in some) for variant, some in offers.items()}
    asked: list[BasketLine] = []
    missing: list[Missing] = []
    for one in lines:
        there = min(one.quantity, left[one.variant_id])
        left[one.variant_id] -= there
        if there:
            asked.append(BasketLine(one.line, one.variant_id, "", there))
        if there < one.quantity:
            missing.append(Missing(one.line, one.variant_id, one.quantity - there))
    return Again(source(asked, offers, places.ids), tuple(missing))
