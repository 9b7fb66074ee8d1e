"""Baskets that are quoted: from where the goods of each come, all of a batch with one look at the stock."""

from collections.abc import Mapping, Sequence

import msgspec

from comptoir import inventory
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal
from comptoir.orders.baskets import Basket, Part, ready_to_quote
from comptoir.orders.errors import OutOfStock
from comptoir.orders.sourcing.capacity import promised_today
from comptoir.orders.sourcing.conditions import Asking, Wanted
from comptoir.orders.sourcing.planner import Planner

Offers = dict[int, list[inventory.Offer]]
"""By variant."""


async def source_baskets(
    tx: Tx, wanting: Mapping[int, Basket], places: inventory.Places, planner: Planner
) -> dict[int, Basket | Refusal]:
    """Each with its parts and the reasons, or refused. What it holds itself counts as free for it.

    What a shop lacks of what is to be collected there, others send it (endless aisle).
    """
    offers = await _offers(tx, wanting, places)
    promised = await promised_today(tx, places)

    def sourced(
        basket: Basket, wanted: Sequence[Wanted], asking: Asking, offers: Offers, own: tuple[Part, ...] = ()
    ) -> Basket | Refusal:
        try:
            plan = planner.source(wanted, asking, offers, places, now=tx.now, promised=promised)
        except Refusal as refusal:
            return refusal
        parts = own + plan.parts(wanted)
        # The next of this batch sees what this one takes of the day.
        for id_ in promised.keys() & {part.location_id for part in parts}:
            promised[id_] += 1
        return msgspec.structs.replace(basket, parts=parts, sourced=plan.reasons(planner.policy.version))

    answers: dict[int, Basket | Refusal] = {}
    for number, basket in wanting.items():
        wanted = [Wanted(one.line, one.variant_id, one.quantity) for one in basket.lines]
        answers[number] = sourced(basket, wanted, asking_of(basket), offers[number])
    lacking = {
        number: basket
        for number, basket in wanting.items()
        if isinstance(answers[number], OutOfStock) and ready_to_quote(basket).method == "collect"
    }
    sent = await _offers(tx, lacking, places, method="transfer") if lacking else {}
    for number, basket in lacking.items():
        at = ready_to_quote(basket).location
        own, rest = _from_the_shop(basket, offers[number], at, places)
        others = {
            one.variant_id: [offer for offer in sent[number][one.variant_id] if offer.location != at] for one in rest
        }
        asking = msgspec.structs.replace(asking_of(basket), method="transfer", location="")
        answers[number] = sourced(basket, rest, asking, others, own)
    return answers


async def _offers(
    tx: Tx, wanting: Mapping[int, Basket], places: inventory.Places, method: inventory.Method | None = None
) -> dict[int, Offers]:
    """Who can give the articles of each basket, as it is to be delivered or by this method."""
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
                    method=method or delivery.method,
                    latitude=address.latitude if address else None,
                    longitude=address.longitude if address else None,
                    reference=basket.reference,
                )
            )
    offers: dict[int, Offers] = {number: {} for number in wanting}
    for (number, variant), found in zip(
        asked, await inventory.available(tx, questions, places) if questions else [], strict=True
    ):
        offers[number][variant] = found
    return offers


def _from_the_shop(
    basket: Basket, offers: Offers, at: str, places: inventory.Places
) -> tuple[tuple[Part, ...], list[Wanted]]:
    """What it has itself, and what is left to be sent there."""
    there = {variant: one.units for variant, some in offers.items() for one in some if one.location == at}
    own: list[Part] = []
    rest: list[Wanted] = []
    for line in basket.lines:
        taken = min(line.quantity, there.get(line.variant_id, 0))
        there[line.variant_id] = there.get(line.variant_id, 0) - taken
        if taken:
            own.append(Part(line.line, line.variant_id, places.ids[at], taken))
        if taken < line.quantity:
            rest.append(Wanted(line.line, line.variant_id, line.quantity - taken))
    return tuple(own), rest


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
