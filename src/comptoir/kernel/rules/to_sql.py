"""A rule as an SQL condition. Values travel as parameters, never as text.

Every comparison is `coalesce(…, false)`, so the condition is true or false and never null, beneath a NOT as well.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, LiteralString, cast

from comptoir.kernel.db import texts
from comptoir.kernel.rules.moments import Now
from comptoir.kernel.rules.operators import OPERATORS, limits
from comptoir.kernel.rules.texts import ALIKE, FOLDED, folded
from comptoir.kernel.rules.tree import AllOf, AnyOf, Clause, Node, Not, Rule, Span
from comptoir.kernel.rules.vocabulary import Attribute, Vocabulary


def sql(rule: Rule, now: Now, *, prefix: str = "rule") -> tuple[LiteralString, dict[str, Any]]:
    """The condition and its parameters, named `rule_0`, `rule_1` …; two rules in one statement need two prefixes.

    Raises ValueError for a vocabulary that has no SQL.
    """
    writer = Writer(rule.vocabulary, now, prefix)
    # It is made of the operators' templates, the vocabulary's expressions and names of parameters only.
    return cast("LiteralString", writer.node(rule.node)), writer.params


TYPES = {str: "text", int: "bigint", Decimal: "numeric", bool: "boolean", date: "date", datetime: "timestamptz"}


class Writer:
    """Writes nodes as conditions and keeps their parameters."""

    def __init__(self, vocabulary: Vocabulary, now: Now, prefix: str) -> None:
        self.vocabulary, self.now, self.prefix = vocabulary, now, prefix
        self.params: dict[str, Any] = {}

    def node(self, node: Node) -> str:
        match node:
            case AllOf(parts):
                return "(" + (" AND ".join(map(self.node, parts)) or "true") + ")"
            case AnyOf(parts):
                return "(" + " OR ".join(map(self.node, parts)) + ")"
            case Not(part):
                return f"(NOT {self.node(part)})"
            case Clause():
                return self.clause(node)

    def clause(self, clause: Clause) -> str:
        attribute, operator = self.vocabulary[clause.attribute], OPERATORS[clause.op]
        if not attribute.sql:
            raise ValueError(f"{attribute.name} of {self.vocabulary.name} has no SQL: its facts are Python's only")
        if operator.takes == "nothing":
            return "(" + operator.sql.format(x=f"({attribute.sql})") + ")"
        spelled = [self.limit(attribute, limit, fold=clause.fold) for limit in limits(clause)]
        return "coalesce(" + operator.sql.format(*spelled, x=seen(attribute, fold=clause.fold)) + ", false)"

    def limit(self, attribute: Attribute, limit: Any, *, fold: bool) -> str:
        if isinstance(limit, Span):
            limit = self.now.day(limit) if attribute.type == "day" else self.now.moment(limit)
        if isinstance(limit, tuple):
            values = cast("tuple[Any, ...]", limit)
            return self.param(array(map(folded, values) if fold else values), TYPES[type(values[0])] + "[]")
        return self.param(folded(limit) if fold else limit, TYPES[type(limit)])

    def param(self, value: Any, kind: str) -> str:
        name = f"{self.prefix}_{len(self.params)}"
        self.params[name] = value
        return f"%({name})s::{kind}"


def seen(attribute: Attribute, *, fold: bool) -> str:
    """What is known, its texts made alike."""
    like = FOLDED if fold else ALIKE
    if attribute.type == "text":
        return like.format(attribute.sql)
    if attribute.type == "set":  # ARRAY(…) of nothing would be empty: what is missing must stay so
        members = f"ARRAY(SELECT {like.format('one')} FROM unnest({attribute.sql}) AS one)"  # noqa: S608 a vocabulary's
        return f"CASE WHEN ({attribute.sql}) IS NOT NULL THEN {members} END"
    return f"({attribute.sql})"


def array(values: Iterable[Any]) -> str:
    """An array literal; PostgreSQL reads numbers and days from their texts."""
    return texts([str(value) for value in values])
