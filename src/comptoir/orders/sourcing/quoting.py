"""Baskets that are quoted: from where the goods of each come, all of a batch with one look at the stock."""

from collections.abc import Mapping

import msgspec

from comptoir import inventory
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal
from comptoir.orders.baskets import Basket, ready_to_quote
from comptoir.orders.sourcing.capacity import promised_today
from comptoir.orders.sourcing.conditions import Asking, Wanted
from comptoir.orders.sourcing.planner import Planner


async def source_baskets(
    tx: Tx, wanting: Mapping[int, Basket], places: inventory.Places, planner: Planner
) -> dict[int, Basket | Refusal]:
    """Each with its parts and the reasons, or refused. What it holds itself counts as free for it."""
    questions: list[inventory.Question] = []
    asked: list[tuple[int, int]] = []
    for number, basket in wanting.items():
        delivery = ready_to_quote(basket)
        address = delivery.address
        for variant in dict.fromkeys(one.variant_id for one in basket.lines):
            asked.append((number, variant))
            questions.append(
                inventory.Question(
                    variant_id=variant,
                    channel=basket.channel,
                    method=delivery.method,
                    latitude=address.latitude if address else None,
                    longitude=address.longitude if address else None,
                    reference=basket.reference,
                )
            )
    offers: dict[int, dict[int, list[inventory.Offer]]] = {number: {} for number in wanting}
    for (number, variant), found in zip(
        asked, await inventory.available(tx, questions, places) if questions else [], strict=True
    ):
        offers[number][variant] = found
    promised = await promised_today(tx, places)
    answers: dict[int, Basket | Refusal] = {}
    for number, basket in wanting.items():
        wanted = [Wanted(one.line, one.variant_id, one.quantity) for one in basket.lines]
        try:
            plan = planner.source(wanted, asking_of(basket), offers[number], places, now=tx.now, promised=promised)
        except Refusal as refusal:
            answers[number] = refusal
        else:
            parts = plan.parts(wanted)
            # The next of this batch sees what this one takes of the day.
            for id_ in promised.keys() & {part.location_id for part in parts}:
                promised[id_] += 1
            answers[number] = msgspec.structs.replace(basket, parts=parts, sourced=plan.reasons(planner.policy.version))
    return answers


def asking_of(basket: Basket) -> Asking:
    delivery = ready_to_quote(basket)
    return Asking(
        method=delivery.method,
        channel=basket.channel,
        country=delivery.address.country if delivery.address else "",
        outlet_id=basket.outlet_id,
        value_minor=basket.quote.total_minor if basket.quote else None,
        location=delivery.location,
    )
