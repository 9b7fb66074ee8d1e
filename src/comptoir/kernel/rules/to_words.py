"""A rule as a sentence, in the vocabulary's own words.

Words are chosen so that they fit a noun of any gender and number; nothing but the vocabulary has to know grammar.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal

from comptoir.kernel.money import Money
from comptoir.kernel.rules.operators import BUCKETS
from comptoir.kernel.rules.tree import AllOf, AnyOf, Clause, Node, Not, Rule, Span, Split, Value
from comptoir.kernel.rules.vocabulary import Attribute, Language, Type, Vocabulary

LOCALES = {"en": "en_GB", "fr": "fr_FR"}


def words(rule: Rule, language: Language, *, currency: str = "", zone: str = "") -> str:
    """The rule as one sentence with its full stop. Plain text: it holds what people typed.

    Without a currency amounts are told in minor units; without a time zone moments are told in UTC.
    """
    said = Speaker(rule.vocabulary, language, currency, ZoneInfo(zone) if zone else UTC).node(rule.node)
    return said[0].upper() + said[1:] + "."


class Speaker:
    """Says nodes in one language."""

    def __init__(self, vocabulary: Vocabulary, language: Language, currency: str, zone: tzinfo) -> None:
        self.vocabulary, self.currency, self.zone = vocabulary, currency, zone
        self.language: Language = language
        self.locale = LOCALES[language]
        self.phrases, self.frame = PHRASES[language], FRAMES[language]

    def node(self, node: Node) -> str:
        match node:
            case Clause():
                return self.clause(node)
            case Not(part):
                said = self.inner(part)
                # French: « qu’on », « que le ».
                que = "qu’" if said[0] in "aeiouyàâéèêîôœæ" else "que "
                return self.frame["not"].format(said, que=que)
            case AllOf(()):
                return self.frame["always"]
            case AllOf(parts):
                return self.frame["all"].join(map(self.inner, parts))
            case AnyOf(parts):
                return self.frame["any"].join(map(self.inner, parts))

    def inner(self, node: Node) -> str:
        """A part of a whole: in brackets where it has parts itself."""
        several = isinstance(node, AllOf | AnyOf) and len(node.all if isinstance(node, AllOf) else node.any) > 1
        return f"({self.node(node)})" if several else self.node(node)

    def clause(self, clause: Clause) -> str:
        attribute, op, value = self.vocabulary[clause.attribute], str(clause.op), clause.value
        x = attribute.words[self.language]
        match value:
            case Split(seed, lo, hi):
                said = [self.percent(lo), self.percent(hi), self.quoted(seed)]
            case Span(amount) if op in {"in the last", "in the next"}:
                said = [self.stretch(op, value)]
            case Span(amount) if amount and op in {"<", "<=", ">", ">="}:
                # Before 30 days ago is more than 30 days ago; before in 30 days is in less than 30 days.
                op = f"{op} {'ago' if amount < 0 else 'ahead'}"
                said = [self.length(value)]
            case tuple() if op == "between":
                said = [self.value(attribute, one) for one in value]
            case tuple() if len(value) == 1:
                op = {"in": "=", "not in": "!="}.get(op, f"{op} one")
                said = [self.value(attribute, value[0])]
            case tuple():
                joined = [self.value(attribute, one) for one in value]
                said = [self.listed(joined, "not in" if op in {"not in", "has none"} else op)]
            case bool() if op == "!=":
                op, said = "=", [self.value(attribute, not value)]
            case None:
                said = []
            case _:
                said = [self.value(attribute, value)]
        kind = KINDS[attribute.type]
        phrase = self.phrases.get(f"{kind} {op}") or self.phrases[op]
        return phrase.format(*said, x=x) + (self.frame["fold"] if clause.fold else "")

    def listed(self, said: Sequence[str], op: str) -> str:
        *most, last = said
        if op == "not in":
            return self.frame["nor"].join(said)
        return ", ".join(most) + self.frame["and" if op == "has all" else "or"] + last

    # values

    def value(self, attribute: Attribute, value: Value) -> str:
        match value:
            case Span():
                return self.distance(attribute, value)
            case bool():
                return self.frame["yes" if value else "no"]
            case str():
                known = attribute.values.get(value)
                return known[self.language] if known else self.quoted(value)
            case int() if attribute.type == "money":
                if not self.currency:
                    return self.frame["minor"].format(format_decimal(value, locale=self.locale))
                return format_currency(Money(value, self.currency).decimal(), self.currency, locale=self.locale)
            case int():
                return format_decimal(value, "#,##0", locale=self.locale)
            case Decimal():
                return format_decimal(value, "#,##0.############", locale=self.locale)
            case datetime():
                pattern = self.frame["moment"] + ("" if self.zone is not UTC else " 'UTC'")
                return format_datetime(value, pattern, tzinfo=self.zone, locale=self.locale)
            case date():
                return format_date(value, self.frame["day"], locale=self.locale)

    def quoted(self, text: str) -> str:
        return self.frame["quoted"].format(text)

    def percent(self, buckets: int) -> str:
        return format_decimal(Decimal(buckets) * 100 / BUCKETS, "#,##0.##", locale=self.locale) + self.frame["%"]

    def length(self, span: Span) -> str:
        """30 days."""
        one, many = UNITS[self.language][span.unit]
        return f"{abs(span.amount)} {one if abs(span.amount) == 1 else many}"

    def distance(self, attribute: Attribute, span: Span) -> str:
        """30 days ago, today, in 2 hours."""
        if not span.amount:
            return self.frame["today" if attribute.type == "day" else "now"]
        return self.frame["ago" if span.amount < 0 else "ahead"].format(self.length(span))

    def stretch(self, op: str, span: Span) -> str:
        """The last 30 days."""
        nearest, feminine = op.removeprefix("in the "), span.unit in {"hours", "weeks", "years"}
        if self.language == "en":
            return f"the {nearest} {self.length(span) if span.amount > 1 else UNITS['en'][span.unit][0]}"
        near = {"last": ("dernier", "dernière"), "next": ("prochain", "prochaine")}[nearest][feminine]
        one, many = {"years": ("année", "années")}.get(span.unit, UNITS["fr"][span.unit])
        if span.amount == 1:
            return f"{'la' if feminine else 'le'} {near} {one}"
        return f"les {span.amount} {near}s {many}"


KINDS: dict[Type, str] = {
    "text": "text",
    "set": "set",
    "boolean": "boolean",
    "integer": "number",
    "decimal": "number",
    "money": "number",
    "day": "time",
    "moment": "time",
}

PHRASES: dict[Language, dict[str, str]] = {
    "en": {
        "=": "{x} is {0}",
        "!=": "{x} is not {0}",
        "in": "{x} is {0}",
        "not in": "{x} is neither {0}",
        "between": "{x} is between {0} and {1}",
        "number <": "{x} is less than {0}",
        "number <=": "{x} is at most {0}",
        "number >": "{x} is more than {0}",
        "number >=": "{x} is at least {0}",
        "time <": "{x} is before {0}",
        "time <=": "{x} is {0} or earlier",
        "time >": "{x} is after {0}",
        "time >=": "{x} is {0} or later",
        "time < ago": "{x} is more than {0} ago",
        "time <= ago": "{x} is at least {0} ago",
        "time > ago": "{x} is less than {0} ago, or still to come",
        "time >= ago": "{x} is at most {0} ago, or still to come",
        "time < ahead": "{x} is past, or less than {0} ahead",
        "time <= ahead": "{x} is past, or at most {0} ahead",
        "time > ahead": "{x} is more than {0} ahead",
        "time >= ahead": "{x} is at least {0} ahead",
        "in the last": "{x} is in {0}",
        "in the next": "{x} is in {0}",
        "boolean =": "{x}: {0}",
        "starts with": "{x} starts with {0}",
        "contains": "{x} contains {0}",
        "has any": "{0} is among {x}",
        "has all": "{0} are among {x}",
        "has none": "neither {0} is among {x}",
        "has any one": "{0} is among {x}",
        "has all one": "{0} is among {x}",
        "has none one": "{0} is not among {x}",
        "in bucket": "{x} falls between {0} and {1} of the split {2}",
        "exists": "we know {x}",
        "missing": "we do not know {x}",
    },
    "fr": {
        "=": "{x} est {0}",
        "!=": "{x} n’est pas {0}",
        "in": "{x} est {0}",
        "not in": "{x} n’est ni {0}",
        "between": "{x} se situe entre {0} et {1}",
        "number =": "{x} vaut {0}",
        "number !=": "{x} ne vaut pas {0}",
        "number in": "{x} vaut {0}",
        "number not in": "{x} ne vaut ni {0}",
        "number <": "{x} vaut moins de {0}",
        "number <=": "{x} vaut au plus {0}",
        "number >": "{x} vaut plus de {0}",
        "number >=": "{x} vaut au moins {0}",
        "time <": "{x} est avant {0}",
        "time <=": "{x} est au plus tard {0}",
        "time >": "{x} est après {0}",
        "time >=": "{x} est au plus tôt {0}",
        "time < ago": "{x} remonte à plus de {0}",
        "time <= ago": "{x} remonte au moins à {0}",
        "time > ago": "{x} remonte à moins de {0} ou est à venir",
        "time >= ago": "{x} remonte au plus à {0} ou est à venir",
        "time < ahead": "{x} est passé ou tombe dans moins de {0}",
        "time <= ahead": "{x} est passé ou tombe dans {0} au plus",
        "time > ahead": "{x} tombe dans plus de {0}",
        "time >= ahead": "{x} tombe dans {0} au moins",
        "in the last": "{x} tombe dans {0}",
        "in the next": "{x} tombe dans {0}",
        "boolean =": "{x} : {0}",
        "starts with": "{x} commence par {0}",
        "contains": "{x} contient {0}",
        "has any": "{0} figure parmi {x}",
        "has all": "{0} figurent parmi {x}",
        "has none": "ni {0} ne figure parmi {x}",
        "has any one": "{0} figure parmi {x}",
        "has all one": "{0} figure parmi {x}",
        "has none one": "{0} ne figure pas parmi {x}",
        "in bucket": "{x} tombe entre {0} et {1} de la répartition {2}",
        "exists": "on connaît {x}",
        "missing": "on ne connaît pas {x}",
    },
}
"""By operator, where it matters with the kind of its attribute before it."""

FRAMES: dict[Language, dict[str, str]] = {
    "en": {
        "all": ", and ",
        "any": ", or ",
        "not": "it is not true that {0}",
        "always": "always",
        "and": " and ",
        "or": " or ",
        "nor": " nor ",
        "fold": " (in capitals or not)",
        "yes": "yes",
        "no": "no",
        "quoted": "“{0}”",
        "minor": "{0} minor units",
        "%": "%",
        "day": "d MMMM y",
        "moment": "d MMMM y, HH:mm",
        "today": "today",
        "now": "now",
        "ago": "{0} ago",
        "ahead": "{0} from now",
    },
    "fr": {
        "all": ", et ",
        "any": ", ou ",
        "not": "il n’est pas vrai {que}{0}",
        "always": "toujours",
        "and": " et ",
        "or": " ou ",
        "nor": " ni ",
        "fold": " (en majuscules ou non)",
        "yes": "oui",
        "no": "non",
        "quoted": "« {0} »",
        "minor": "{0} unités mineures",
        "%": " %",
        "day": "'le' d MMMM y",
        "moment": "'le' d MMMM y 'à' HH:mm",
        "today": "aujourd’hui",
        "now": "maintenant",
        "ago": "il y a {0}",
        "ahead": "dans {0}",
    },
}

UNITS: dict[Language, dict[str, tuple[str, str]]] = {
    "en": {
        "hours": ("hour", "hours"),
        "days": ("day", "days"),
        "weeks": ("week", "weeks"),
        "months": ("month", "months"),
        "years": ("year", "years"),
    },
    "fr": {
        "hours": ("heure", "heures"),
        "days": ("jour", "jours"),
        "weeks": ("semaine", "semaines"),
        "months": ("mois", "mois"),
        "years": ("an", "ans"),
    },
}
