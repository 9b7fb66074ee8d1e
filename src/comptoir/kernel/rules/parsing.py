"""JSON becomes a rule, or one refusal that lists all that is wrong with it."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any, Literal, cast, get_args

import msgspec

from comptoir.kernel.errors import Unprocessable
from comptoir.kernel.money import MAX_MINOR
from comptoir.kernel.rules.operators import ALLOWED, BUCKETS, OPERATORS
from comptoir.kernel.rules.texts import alike
from comptoir.kernel.rules.tree import AllOf, AnyOf, Clause, Node, Not, Op, Operand, Rule, Span, Split, Unit, Value
from comptoir.kernel.rules.vocabulary import Attribute, Type, Vocabulary

MAX_DEPTH = 8
MAX_NODES = 200
MAX_VALUES = 1_000
MAX_TEXT = 500
MAX_MISTAKES = 50
"""Nobody reads more."""
LONGEST: dict[Unit, int] = {"hours": 100_000, "days": 36_500, "weeks": 5_000, "months": 1_200, "years": 100}

Kind = Literal["shape", "limit", "unknown_attribute", "unknown_key", "bad_operator", "bad_value", "unknown_value"]


class Mistake(msgspec.Struct, frozen=True):
    """One thing that is wrong with a rule."""

    place: str
    """A JSON Pointer (RFC 6901) into the rule: `/all/2/value`; empty for the whole."""
    kind: Kind
    wrong: str
    mend: str


class BadRule(Unprocessable):
    """The rule cannot be read."""

    code = "kernel.bad_rule"


def parse(vocabulary: Vocabulary, data: object) -> Rule:
    """The rule that the JSON says. Raises BadRule with all mistakes as `errors`."""
    reader = Reader(vocabulary)
    node = reader.node(data, "", 1)
    if node is None or reader.mistakes:
        first, *more = reader.mistakes
        others = f" (and {len(more)} more)" if more else ""
        raise BadRule(
            f"{first.place or 'The rule'}: {first.wrong} {first.mend}{others}",
            vocabulary=vocabulary.name,
            errors=reader.mistakes,
        )
    return Rule(vocabulary, node)


class Reader:
    """Goes through the JSON once; notes what is wrong and reads on."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.mistakes: list[Mistake] = []
        self.nodes = 0

    def wrong(self, place: str, kind: Kind, wrong: str, mend: str) -> None:
        if len(self.mistakes) < MAX_MISTAKES:
            self.mistakes.append(Mistake(place, kind, wrong, mend))

    def nearest(self, name: object, known: Iterable[str]) -> str:
        """How to mend a name that is not among those known."""
        names = list(known)
        if len(self.mistakes) >= MAX_MISTAKES:  # looking for near names takes time
            return ""
        if isinstance(name, str) and (near := get_close_matches(name[:100].casefold(), names)):
            return "Did you mean " + " or ".join(near) + "?"
        return "Write one of: " + ", ".join(names[:20]) + (" …" if len(names) > 20 else "") + "."

    # ---- nodes

    def node(self, given: Any, place: str, depth: int) -> Node | None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            if self.nodes == MAX_NODES + 1:
                self.wrong(place, "limit", f"The rule has more than {MAX_NODES} parts.", "Make two rules of it.")
            return None
        if depth > MAX_DEPTH:
            return self.wrong(place, "limit", f"It is nested more than {MAX_DEPTH} deep.", "Flatten it.")
        keys = fields(given)
        kinds = [kind for kind in ("all", "any", "not", "attribute") if kind in keys]
        if len(kinds) != 1:
            found = f"It has {' and '.join(kinds)}." if kinds else f"{shown(given)} is no part of a rule."
            return self.wrong(place, "shape", found, "Write an object with one of: all, any, not, attribute.")
        (kind,) = kinds
        if kind == "attribute":
            return self.clause(keys, place)
        self.keys(keys, (kind,), place)
        inner, here = keys[kind], f"{place}/{kind}"
        if kind == "not":
            part = self.node(inner, here, depth + 1)
            return part and Not(part)
        listed = items(inner)
        if listed is None or not (listed or kind == "all"):
            mend = "Write a list of parts." if kind == "all" else 'Name at least one part; {"all": []} always holds.'
            return self.wrong(here, "shape", f"{shown(inner)} is no list of parts.", mend)
        parts = [self.node(one, f"{here}/{i}", depth + 1) for i, one in enumerate(listed[: MAX_NODES + 1])]
        whole = tuple(part for part in parts if part is not None)
        return AllOf(whole) if kind == "all" else AnyOf(whole)

    def clause(self, keys: dict[object, Any], place: str) -> Clause | None:
        self.keys(keys, ("attribute", "op", "value", "fold"), place)
        name, op = keys["attribute"], keys.get("op")
        attribute = self.vocabulary.attributes.get(name) if isinstance(name, str) else None
        if attribute is None:
            known = self.vocabulary.attributes
            self.wrong(
                f"{place}/attribute", "unknown_attribute", f"{shown(name)} is not known.", self.nearest(name, known)
            )
            return None
        if op not in ALLOWED[attribute.type]:
            self.wrong(
                f"{place}/op",
                "bad_operator",
                f"{shown(op)} does not go with {attribute.name} ({attribute.type}).",
                "Write one of: " + ", ".join(ALLOWED[attribute.type]) + ".",
            )
            return None
        compares = attribute.type in {"text", "set"} and OPERATORS[op].takes in {"one", "many"}
        fold = keys.get("fold", False)
        if not isinstance(fold, bool) or (fold and not compares):
            self.wrong(f"{place}/fold", "bad_value", f"{shown(fold)} means nothing here.", "Leave fold out.")
        if OPERATORS[op].takes == "nothing" and "value" in keys:
            self.wrong(f"{place}/value", "shape", f"{op} takes no value.", "Leave value out.")
        return Clause(attribute.name, op, self.operand(attribute, op, keys.get("value"), f"{place}/value"), bool(fold))

    def keys(self, keys: Iterable[object], known: tuple[str, ...], place: str) -> None:
        for key in keys:
            if key not in known:
                escaped = str(key).replace("~", "~0").replace("/", "~1")
                self.wrong(
                    f"{place}/{escaped}", "unknown_key", f"{shown(key)} says nothing here.", self.nearest(key, known)
                )

    # ---- what is compared with

    def operand(self, attribute: Attribute, op: Op, data: Any, place: str) -> Operand:
        match OPERATORS[op].takes:
            case "nothing":
                return None
            case "one":
                if op not in {"starts with", "contains"}:
                    return self.value(attribute, data, place)
                if data == "":
                    return self.wrong(place, "bad_value", "Every text has an empty one in it.", "Write some letters.")
                return self.plain(attribute, data, place)
            case "two":
                return self.two(attribute, data, place)
            case "many":
                return self.many(attribute, data, place)
            case "span":
                span = self.span(attribute, data, place)
                if span and span.amount < 1:
                    self.wrong(f"{place}/amount", "bad_value", f"{span.amount} is too short.", "Write 1 or more.")
                return span
            case "split":
                return self.split(data, place)

    def two(self, attribute: Attribute, data: Any, place: str) -> tuple[Value, ...] | None:
        pair = items(data)
        if pair is None or len(pair) != 2:
            return self.wrong(place, "shape", f"{shown(data)} is not two values.", "Write [from, to].")
        lo, hi = (self.value(attribute, one, f"{place}/{i}") for i, one in enumerate(pair))
        if lo is None or hi is None:
            return None
        turned = (
            lo.unit == hi.unit and lo.amount > hi.amount
            if isinstance(lo, Span) and isinstance(hi, Span)
            else not isinstance(lo, Span) and not isinstance(hi, Span) and cast("Any", lo) > hi
        )
        if turned:
            self.wrong(place, "bad_value", "Nothing lies between these.", "Write the lower one first.")
        return lo, hi

    def many(self, attribute: Attribute, data: Any, place: str) -> tuple[Value, ...] | None:
        several = items(data)
        if not several:
            return self.wrong(place, "shape", f"{shown(data)} is no list of values.", "Write a list of one or more.")
        if len(several) > MAX_VALUES:
            return self.wrong(
                place, "limit", f"These are {len(several)} values.", f"Name at most {MAX_VALUES}, or a group of them."
            )
        values = [self.listed(attribute, one, f"{place}/{i}") for i, one in enumerate(several)]
        return tuple(value for value in values if value is not None)

    def value(self, attribute: Attribute, data: Any, place: str) -> Value | None:
        """A value, or a distance from now."""
        if isinstance(data, dict) and attribute.type in {"day", "moment"}:
            return self.span(attribute, data, place)
        return self.listed(attribute, data, place)

    def listed(self, attribute: Attribute, data: Any, place: str) -> Value | None:
        """A value, one of those that there are if the vocabulary lists them."""
        value = self.plain(attribute, data, place)
        if attribute.values and value is not None and value not in attribute.values:
            mend = self.nearest(value, attribute.values)
            return self.wrong(place, "unknown_value", f"{attribute.name} is never {shown(data)}.", mend)
        return value

    def plain(self, attribute: Attribute, data: Any, place: str) -> Value | None:
        read, mend = READERS[attribute.type]
        try:
            return read(data)
        except (ValueError, TypeError, ArithmeticError):  # msgspec's errors are ValueErrors
            return self.wrong(place, "bad_value", f"{shown(data)} is no {attribute.type} value.", mend)

    def span(self, attribute: Attribute, data: Any, place: str) -> Span | None:
        try:
            span = msgspec.convert(data, Span)
        except msgspec.ValidationError:
            mend = 'Write {"amount": 30, "unit": "days"}; units are ' + ", ".join(get_args(Unit)) + "."
            return self.wrong(place, "bad_value", f"{shown(data)} is no distance in time.", mend)
        self.keys(data, ("amount", "unit"), place)
        if abs(span.amount) > LONGEST[span.unit]:
            mend = f"Write at most {LONGEST[span.unit]} {span.unit}."
            return self.wrong(f"{place}/amount", "limit", f"{span.amount} {span.unit} is too far.", mend)
        if span.unit == "hours" and attribute.type == "day":
            return self.wrong(f"{place}/unit", "bad_value", f"{attribute.name} is a day.", "Count in days or more.")
        return span

    def split(self, data: Any, place: str) -> Split | None:
        mend = 'Write {"seed": "spring", "lo": 0, "hi": 5000} for half of them.'
        try:
            split = msgspec.convert(data, Split)
            seed = text(split.seed)
        except ValueError:
            return self.wrong(place, "bad_value", f"{shown(data)} names no buckets.", mend)
        self.keys(data, ("seed", "lo", "hi"), place)
        if not 0 <= split.lo < split.hi <= BUCKETS:
            wrong = f"There are {BUCKETS} buckets, and none from {split.lo} up to {split.hi}."
            return self.wrong(place, "bad_value", wrong, mend)
        return Split(seed, split.lo, split.hi)


# ---- values of each type; a ValueError says that it is none


def text(data: Any) -> str:
    if not isinstance(data, str) or len(data) > MAX_TEXT or "\0" in data:
        raise ValueError
    data.encode()  # lone surrogates are no text
    return alike(data)


def whole(limit: int) -> Callable[[Any], int]:
    def read(data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int) or abs(data) > limit:
            raise ValueError
        return data

    return read


def decimal(data: Any) -> Decimal:
    """A float is read by its shortest decimal form, so 0.1 means 0.1."""
    if isinstance(data, bool) or not isinstance(data, int | float | str):
        raise TypeError
    value = Decimal(repr(data) if isinstance(data, float) else data)
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -MAX_DECIMALS or value.copy_abs() >= MAX_DECIMAL:
        raise ValueError
    return value


def boolean(data: Any) -> bool:
    return msgspec.convert(data, bool)


def day(data: Any) -> date:
    return within(msgspec.convert(data, date))


def moment(data: Any) -> datetime:
    found = msgspec.convert(data, Aware)
    within(found)
    return found.astimezone(UTC)


def within(found: date) -> date:
    """The first and the last year that Python counts have days that some time zone cannot show."""
    if found.year in {MINYEAR, MAXYEAR}:
        raise ValueError
    return found


Aware = Annotated[datetime, msgspec.Meta(tz=True)]


MAX_INTEGER = 2**63 - 1
MAX_DECIMAL = Decimal(10) ** 15
MAX_DECIMALS = 12

READERS: dict[Type, tuple[Callable[[Any], Value], str]] = {
    "text": (text, f"Write a text of at most {MAX_TEXT} characters."),
    "set": (text, f"Write a text of at most {MAX_TEXT} characters."),
    "integer": (whole(MAX_INTEGER), "Write a whole number: 3."),
    "money": (whole(MAX_MINOR), "Write whole minor units: 5000 for 50.00."),
    "decimal": (decimal, f'Write a number with at most {MAX_DECIMALS} decimals, or in quotes to be exact: "0.1".'),
    "boolean": (boolean, "Write true or false."),
    "day": (day, 'Write a day: "2026-11-22", or a distance: {"amount": -30, "unit": "days"}.'),
    "moment": (
        moment,
        'Write a moment with its offset: "2026-11-22T09:00:00+01:00", or a distance: {"amount": -2, "unit": "hours"}.',
    ),
}


def fields(data: Any) -> dict[object, Any]:
    """What an object holds."""
    return cast("dict[object, Any]", data) if isinstance(data, dict) else {}


def items(data: Any) -> Sequence[Any] | None:
    """What a list holds; None if it is none."""
    return cast("Sequence[Any]", data) if isinstance(data, list | tuple) else None


def shown(data: object) -> str:
    """What was written, short enough for a sentence."""
    if isinstance(data, list | dict):
        return "A list" if isinstance(data, list) else "An object"
    written = json.dumps(data[:60] + "…" if isinstance(data, str) and len(data) > 60 else data, ensure_ascii=False)
    return written.encode(errors="replace").decode()
