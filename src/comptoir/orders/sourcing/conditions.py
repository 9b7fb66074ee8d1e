"""What a sourcing rule may ask of a location for an order, and where each fact is found."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from comptoir import channels, inventory
from comptoir.kernel import rules
from comptoir.kernel.rules import Attribute, Vocabulary, Words
from comptoir.orders.sourcing.solver import Candidate

KINDS = {
    "shop": Words("a shop", "un magasin"),
    "warehouse": Words("a warehouse", "un entrepôt"),
    "distribution_centre": Words("a distribution centre", "un centre de distribution"),
    "transit": Words("in transit", "en transit"),
    "quality_hold": Words("a quality hold", "une zone de contrôle"),
}
METHODS = {
    "ship": Words("shipping", "l’expédition"),
    "collect": Words("collection", "le retrait"),
    "transfer": Words("a transfer", "un transfert"),
}


class Wanted(msgspec.Struct, frozen=True):
    """So many pieces of an order's line."""

    line: int
    variant_id: int
    quantity: int


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """What goods are sought for, as far as a policy looks at it."""

    method: inventory.Method
    channel: str = ""
    country: str = ""
    """ISO 3166-1 alpha-2, where the goods go."""
    outlet_id: int = 0
    value_minor: int | None = None
    location: str = ""
    """Code of the only location that is asked: where the goods are collected."""


class Found(Candidate, gc=False, kw_only=True):
    """A location that has some of the goods, and what is thought of it."""

    place: inventory.Place
    km: float | None
    ready: Mapping[inventory.Method, datetime]
    promised_today: int = 0
    """Orders; counted only where there is a daily capacity."""
    verdict: int = 0
    held: int = 0
    """Bit n: rule n of the policy prefers or clears it."""


class Look(msgspec.Struct, gc=False):
    """A location before an order, as a rule looks at it."""

    found: Found
    asking: Asking
    units: int
    lines: int
    tags: frozenset[str]
    now: rules.Now


def _capacity_left(look: Look) -> int | None:
    capacity = look.found.place.location.daily_capacity
    return None if capacity is None else max(0, capacity - look.found.promised_today)


def _open(look: Look) -> bool:
    """Still to be open today, on its own calendar; without opening hours it always is."""
    outlet, now = look.found.place.outlet, look.now.instant
    if outlet is None:
        return True
    opens = channels.next_opening(outlet, now)
    zone = ZoneInfo(outlet.time_zone)
    return opens is not None and opens.astimezone(zone).date() == now.astimezone(zone).date()


def _ready_hours(look: Look) -> int | None:
    ready = look.found.ready.get(look.asking.method)
    return None if ready is None else max(0, int((ready - look.now.instant).total_seconds() // 3600))


Fact = Callable[[Look], Any]
_ATTRIBUTES: list[tuple[Attribute, Fact]] = [
    (
        Attribute("location.code", "text", Words("the location", "le lieu")),
        lambda look: look.found.place.location.code,
    ),
    (
        Attribute("location.kind", "text", Words("the kind of location", "le type de lieu"), values=KINDS),
        lambda look: look.found.place.location.kind,
    ),
    (
        Attribute("location.country", "text", Words("the location’s country", "le pays du lieu")),
        lambda look: look.found.place.location.country or None,
    ),
    (
        Attribute(
            "location.same_country",
            "boolean",
            Words("it is in the order’s country", "il est dans le pays de la commande"),
        ),
        lambda look: look.found.place.location.country == look.asking.country if look.asking.country else None,
    ),
    (
        Attribute("location.tags", "set", Words("the location’s tags", "les étiquettes du lieu")),
        lambda look: look.tags,
    ),
    (
        Attribute("location.km", "integer", Words("the distance in kilometres", "la distance en kilomètres")),
        lambda look: None if look.found.km is None else round(look.found.km),
    ),
    (
        Attribute(
            "location.open_today",
            "boolean",
            Words("it is open today, now or later", "il est ouvert aujourd’hui, maintenant ou plus tard"),
        ),
        _open,
    ),
    (
        Attribute(
            "location.ready_hours",
            "integer",
            Words(
                "the number of hours until the goods are ready",
                "le nombre d’heures jusqu’à ce que les articles soient prêts",
            ),
        ),
        _ready_hours,
    ),
    (
        Attribute(
            "location.capacity_left",
            "integer",
            Words(
                "the number of orders it can still take today",
                "le nombre de commandes qu’il peut encore prendre aujourd’hui",
            ),
        ),
        _capacity_left,
    ),
    (
        Attribute(
            "location.promised_today",
            "integer",
            Words("the number of orders promised there today", "le nombre de commandes promises là aujourd’hui"),
        ),
        lambda look: look.found.promised_today if look.found.place.location.daily_capacity is not None else None,
    ),
    (
        Attribute("location.own", "boolean", Words("the order was made there", "la commande y a été passée")),
        lambda look: look.found.place.location.outlet_id == look.asking.outlet_id,
    ),
    (
        Attribute(
            "stock.least_free",
            "integer",
            Words(
                "the fewest free pieces of an article that it has",
                "le plus petit nombre de pièces libres d’un article qu’il a",
            ),
        ),
        lambda look: min(look.found.free.values()),
    ),
    (
        Attribute(
            "stock.pieces",
            "integer",
            Words("the number of the order’s pieces that it has", "le nombre de pièces de la commande qu’il a"),
        ),
        lambda look: look.found.pieces,
    ),
    (
        Attribute("stock.covers", "boolean", Words("it has the whole order", "il a toute la commande")),
        lambda look: look.found.pieces == look.units,
    ),
    (
        Attribute("stock.safety", "integer", Words("the location’s safety stock", "le stock de sécurité du lieu")),
        lambda look: look.found.place.location.safety,
    ),
    (
        Attribute("order.channel", "text", Words("the order’s channel", "le canal de la commande")),
        lambda look: look.asking.channel,
    ),
    (
        Attribute("order.method", "text", Words("the way of delivery", "le mode de livraison"), values=METHODS),
        lambda look: look.asking.method,
    ),
    (
        Attribute("order.country", "text", Words("the order’s country", "le pays de la commande")),
        lambda look: look.asking.country or None,
    ),
    (
        Attribute(
            "order.pieces", "integer", Words("the number of pieces in the order", "le nombre de pièces de la commande")
        ),
        lambda look: look.units,
    ),
    (
        Attribute(
            "order.lines", "integer", Words("the number of lines in the order", "le nombre de lignes de la commande")
        ),
        lambda look: look.lines,
    ),
    (
        Attribute("order.value", "money", Words("the order’s total", "le total de la commande")),
        lambda look: look.asking.value_minor,
    ),
]
"""`order.value` is in the order's own currency. Missing: what nobody knows, such as a distance without an address."""

LOCATION = Vocabulary("orders.location", *(attribute for attribute, _ in _ATTRIBUTES))
FACTS: Mapping[str, Fact] = {attribute.name: fact for attribute, fact in _ATTRIBUTES}


def used(node: rules.Node) -> set[str]:
    """The attributes of which a rule speaks."""
    match node:
        case rules.AllOf(parts) | rules.AnyOf(parts):
            return set[str]().union(*map(used, parts))
        case rules.Not(part):
            return used(part)
        case rules.Clause():
            return {node.attribute}
