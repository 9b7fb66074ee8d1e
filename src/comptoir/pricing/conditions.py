"""What a promotion may ask of a basket and of a line: two vocabularies of the house's rule language."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from comptoir.kernel import rules
from comptoir.kernel.rules import Attribute, Vocabulary, Words
from comptoir.pricing.errors import BadPromotion

WEEKDAYS = {
    "mon": Words("Monday", "lundi"),
    "tue": Words("Tuesday", "mardi"),
    "wed": Words("Wednesday", "mercredi"),
    "thu": Words("Thursday", "jeudi"),
    "fri": Words("Friday", "vendredi"),
    "sat": Words("Saturday", "samedi"),
    "sun": Words("Sunday", "dimanche"),
}
DAYS = tuple(WEEKDAYS)

BASKET = Vocabulary(
    "pricing.basket",
    Attribute("basket.amount", "money", Words("the amount at list prices", "le montant aux prix catalogue")),
    Attribute(
        "basket.remaining",
        "money",
        Words("the amount after earlier promotions", "le montant après les promotions précédentes"),
    ),
    Attribute("basket.units", "integer", Words("the number of pieces", "le nombre de pièces")),
    Attribute("basket.lines", "integer", Words("the number of lines", "le nombre de lignes")),
    Attribute("basket.channel", "text", Words("the channel", "le canal")),
    Attribute("basket.outlet_id", "integer", Words("the outlet", "le point de vente")),
    Attribute("basket.country", "text", Words("the country", "le pays")),
    Attribute("basket.currency", "text", Words("the currency", "la devise")),
    Attribute("basket.groups", "set", Words("the customer's groups", "les groupes du client")),
    Attribute("basket.known", "boolean", Words("the customer is known", "le client est connu")),
    Attribute("basket.day", "day", Words("the day", "le jour")),
    Attribute("basket.weekday", "text", Words("the day of the week", "le jour de la semaine"), values=WEEKDAYS),
    Attribute("basket.hour", "integer", Words("the hour", "l'heure")),
)

LINE = Vocabulary(
    "pricing.line",
    Attribute("line.sku", "text", Words("the article", "l'article")),
    Attribute("line.product", "text", Words("the product", "le produit")),
    Attribute("line.categories", "set", Words("the categories", "les catégories")),
    Attribute("line.unit_price", "money", Words("the unit price", "le prix unitaire")),
    Attribute("line.quantity", "integer", Words("the quantity", "la quantité")),
    Attribute("line.amount", "money", Words("the amount of the line", "le montant de la ligne")),
    Attribute("line.reduced", "boolean", Words("the price is reduced", "le prix est réduit")),
    Attribute("line.price_list", "text", Words("the price list", "la liste de prix")),
)
"""A category is told by its path, "Clothes / Tops", and so is each above it."""

Test = Callable[[dict[str, Any], rules.Now], bool]
Moment = rules.Now


def compiled(vocabulary: Vocabulary, condition: dict[str, Any] | None) -> Test | None:
    """The condition as a function; None always holds. Raises BadRule with the place of each mistake."""
    if condition is None:
        return None
    return rules.compile(rules.parse(vocabulary, condition))


def check(vocabulary: Vocabulary, condition: dict[str, Any] | None, *, where: str) -> None:
    """Raise BadPromotion with the mistakes in a rule, each with its place."""
    if condition is None:
        return
    try:
        rules.parse(vocabulary, condition)
    except rules.BadRule as refusal:
        raise BadPromotion(f"{where}: {refusal.detail}", where=where, **refusal.data) from refusal


def words(vocabulary: Vocabulary, condition: dict[str, Any], language: rules.Language, *, currency: str = "") -> str:
    """The condition as a sentence; amounts in the currency, or in minor units without one."""
    return rules.words(rules.parse(vocabulary, condition), language, currency=currency)


def unmet(condition: dict[str, Any], facts: dict[str, Any], now: rules.Now) -> dict[str, Any]:
    """What of a condition over the basket does not hold, each part with what was seen instead. For people: slow."""
    seen = rules.explain(rules.parse(BASKET, condition), facts, now)
    failed = [{"rule": one.node, "seen": one.seen} for one in failing(seen)]
    return {"unmet": msgspec.to_builtins(failed)}


def unmet_in_words(data: dict[str, Any], language: rules.Language, *, currency: str) -> list[tuple[str, str, Any]]:
    """What a refused promotion asked for in vain (`Declined.data` of `condition`): sentence, attribute, what is."""
    return [
        (
            words(BASKET, one["rule"], language, currency=currency),
            str(one["rule"].get("attribute", "")),
            one["seen"],
        )
        for one in data.get("unmet", ())
    ]


def failing(seen: rules.Seen) -> list[rules.Seen]:
    if seen.holds:
        return []
    if isinstance(seen.node, rules.AllOf | rules.AnyOf):
        return [leaf for part in seen.parts for leaf in failing(part)]
    return [seen]


def moment(now: datetime, zone: str) -> rules.Now:
    """The time of a place, for conditions that ask for the day or the hour."""
    return rules.Now(now, zone)


def clock(now: rules.Now) -> dict[str, Any]:
    """The day, weekday and hour at the place."""
    local = now.instant.astimezone(now.zone)
    return {"basket.day": now.today, "basket.weekday": DAYS[local.weekday()], "basket.hour": local.hour}
