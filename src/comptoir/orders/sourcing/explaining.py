"""Why an order's goods come from where they come, in words: for every location that had some, what was thought of it.

Made from the numbers kept with the order (`Reasons`) and the version of the policy by which it was sourced.
"""

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

import msgspec

from comptoir import inventory
from comptoir.kernel import rules
from comptoir.kernel.db import Tx
from comptoir.kernel.rules import Language, Words
from comptoir.orders.errors import UnknownOrder
from comptoir.orders.sourcing.conditions import LOCATION
from comptoir.orders.sourcing.planner import CHOSEN, DEARER, FULL, LATER, PARTIAL, RULE, SHOP, Kept, Reasons
from comptoir.orders.sourcing.policies import policy
from comptoir.orders.sourcing.policy import Clear, Policy, Prefer

Verdict = Literal["chosen", "dearer", "partial", "full", "no_shops", "warehouse_first", "excluded"]
VERDICTS: dict[int, Verdict] = {
    CHOSEN: "chosen",
    DEARER: "dearer",
    PARTIAL: "partial",
    FULL: "full",
    SHOP: "no_shops",
    LATER: "warehouse_first",
}


class CostPart(msgspec.Struct, frozen=True):
    """One reason why a parcel from there costs what it does; less than zero: it is preferred."""

    kind: Literal["parcel", "distance", "handling", "preference", "clearance"]
    amount_minor: int
    rule: str = ""
    """Of a preference or clearance: the name of the rule."""


class Considered(msgspec.Struct, frozen=True, kw_only=True):
    """A location that had some of the goods."""

    location: str
    name: str
    kind: str
    verdict: Verdict
    why: Words
    rule: str = ""
    """The name of the rule that excludes it."""
    km: float | None
    pieces: int
    """That it gives; if it was not chosen: that it could have given."""
    cost_minor: int
    """Of a parcel with these pieces."""
    costs: list[CostPart]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """How an order was sourced, and why so."""

    policy_version: int
    policy: str
    currency: str
    fewest_parcels: bool
    parcels: int
    cost_minor: int
    """Of the parcels, and of the splits between them."""
    split_minor: int
    """What of it the splits cost."""
    exact: bool
    """Nothing better exists under this policy; else it is the best that was found in the time there is."""
    locations: list[Considered]
    """The chosen first."""
    others: int
    """Further locations that had some of the goods, of which nothing was kept."""


async def sourcing_of(tx: Tx, *, order_id: UUID) -> Explanation | None:
    """Why an order was sourced as it was; None: it was not sourced here. Raises UnknownOrder."""
    found = await tx.tuples(SOURCED, order_id=order_id)
    if not found:
        raise UnknownOrder(f"There is no order {order_id}.")
    ((kept,),) = found
    if kept is None:
        return None
    reasons = msgspec.convert(kept, Reasons)
    locations = {one.location_id: one for one in await inventory.locations(tx)}
    return explained(reasons, await policy(tx, version=reasons.version), locations)


SOURCED = "SELECT sourced FROM orders.sales_order WHERE order_id = %(order_id)s"


# ---- numbers into words


def explained(reasons: Reasons, by: Policy, locations: Mapping[int, inventory.Location]) -> Explanation:
    """`by` is the version that the reasons name."""
    chosen = [one for one in reasons.locations if one.verdict == CHOSEN]
    ordered = [
        *chosen,
        *sorted((o for o in reasons.locations if o.verdict != CHOSEN), key=lambda o: (-o.pieces, o.cost)),
    ]
    asked = sum(one.pieces for one in chosen)
    return Explanation(
        policy_version=by.version,
        policy=by.name,
        currency=by.currency,
        fewest_parcels=by.fewest_parcels,
        parcels=len(chosen),
        cost_minor=reasons.cost,
        split_minor=by.costs.split_minor * max(0, len(chosen) - 1),
        exact=reasons.exact,
        locations=[
            Considered(
                location=location.code,
                name=location.name,
                kind=location.kind,
                verdict=VERDICTS.get(one.verdict, "excluded"),
                why=_why(one, by, reasons.cost, len(chosen), asked),
                rule=by.rules[one.verdict - RULE].name if one.verdict >= RULE else "",
                km=None if one.hundred_metres < 0 else one.hundred_metres / 10,
                pieces=one.pieces,
                cost_minor=one.cost,
                costs=_costs(one, by),
            )
            for one in ordered
            if (location := locations.get(one.location_id))
        ],
        others=reasons.others,
    )


def _costs(one: Kept, by: Policy) -> list[CostPart]:
    """What handling costs is the rest: the kind of a location may have changed since."""
    costs = by.costs
    km = costs.unknown_km if one.hundred_metres < 0 else one.hundred_metres / 10
    found = [CostPart("parcel", costs.parcel_minor), CostPart("distance", round(costs.km_minor * km))]
    for number, rule in enumerate(by.rules):
        if one.held & 1 << number:
            if isinstance(rule, Prefer):
                found.append(CostPart("preference", -rule.amount_minor, rule.name))
            elif isinstance(rule, Clear):
                found.append(CostPart("clearance", -rule.piece_minor * one.pieces, rule.name))
    found.insert(2, CostPart("handling", one.cost - sum(part.amount_minor for part in found)))
    return [part for part in found if part.amount_minor]


def _why(one: Kept, by: Policy, cost: int, parcels: int, asked: int) -> Words:
    if one.verdict >= RULE:
        rule = by.rules[one.verdict - RULE]
        told = words_of(rule.when, by.currency)
        return Words(f"Excluded by “{rule.name}”: {told.en}", f"Exclu par « {rule.name} » : {told.fr}")
    if one.verdict == PARTIAL:
        if parcels > 1 and by.fewest_parcels:
            return PHRASES["other set"]
        return Words(
            f"It had only {one.pieces} of the {asked} pieces." if asked else f"It had {one.pieces} of the pieces.",
            f"Il n’avait que {one.pieces} des {asked} pièces." if asked else f"Il avait {one.pieces} des pièces.",
        )
    if one.verdict == DEARER and not parcels:
        return PHRASES["nobody"]
    if one.verdict == DEARER and one.cost <= cost:
        return PHRASES["even"]
    return PHRASES[VERDICTS[one.verdict]]


PHRASES = {
    "chosen": Words("Chosen.", "Choisi."),
    "dearer": Words("It had everything, but costs more.", "Il avait tout, mais coûte plus cher."),
    "even": Words(
        "It had everything and costs no more, but has less to spare.",
        "Il avait tout et ne coûte pas plus cher, mais il lui en reste moins.",
    ),
    "other set": Words(
        "It had only some of the pieces; others together cost less or have more.",
        "Il n’avait qu’une partie des pièces ; d’autres ensemble coûtent moins ou en ont plus.",
    ),
    "nobody": Words("It had everything.", "Il avait tout."),
    "full": Words(
        "It has been promised as many orders today as it can take.",
        "Toutes les commandes qu’il peut prendre aujourd’hui lui sont déjà promises.",
    ),
    "no_shops": Words("Shops do not ship.", "Les magasins n’expédient pas."),
    "warehouse_first": Words(
        "Shops are asked only for what the others do not have.",
        "Les magasins ne servent que ce que les autres n’ont pas.",
    ),
}


def words_of(rule: Mapping[str, object], currency: str) -> Words:
    """A rule of a policy as a sentence in each language."""
    read = rules.parse(LOCATION, rule)
    languages: tuple[Language, Language] = ("en", "fr")
    return Words(*(rules.words(read, language, currency=currency) for language in languages))
