"""The operators: what each takes, and the same comparison in Python and in SQL side by side.

In the templates `x` is what is known, already made alike (`texts.py`), and {0}, {1}, {2} are the limits. What is
missing never gets there: a comparison with it is false.
"""

from typing import Literal

import msgspec

from comptoir.kernel.rules.tree import Clause, Op, Span, Split, Value
from comptoir.kernel.rules.vocabulary import Type

BUCKETS = 10_000


class Operator(msgspec.Struct, frozen=True):
    """One way to compare."""

    takes: Literal["one", "two", "many", "span", "split", "nothing"]
    python: str
    sql: str


BUCKET = (
    "mod(('x' || left(encode(sha256(convert_to({0} || ':' || {x}, 'UTF8')), 'hex'), 8))::bit(32)::bigint, "
    f"{BUCKETS}) BETWEEN {{1}} AND {{2}} - 1"
)

OPERATORS: dict[Op, Operator] = {
    "=": Operator("one", "{x} == {0}", "{x} = {0}"),
    "!=": Operator("one", "{x} != {0}", "{x} <> {0}"),
    "<": Operator("one", "{x} < {0}", "{x} < {0}"),
    "<=": Operator("one", "{x} <= {0}", "{x} <= {0}"),
    ">": Operator("one", "{x} > {0}", "{x} > {0}"),
    ">=": Operator("one", "{x} >= {0}", "{x} >= {0}"),
    "between": Operator("two", "{0} <= {x} <= {1}", "{x} BETWEEN {0} AND {1}"),
    "in": Operator("many", "{x} in {0}", "{x} = ANY({0})"),
    "not in": Operator("many", "{x} not in {0}", "{x} <> ALL({0})"),
    "starts with": Operator("one", "{x}.startswith({0})", "starts_with({x}, {0})"),
    "contains": Operator("one", "{0} in {x}", "strpos({x}, {0}) > 0"),
    "has any": Operator("many", "not {0}.isdisjoint({x})", "{x} && {0}"),
    "has all": Operator("many", "{0}.issubset({x})", "{x} @> {0}"),
    "has none": Operator("many", "{0}.isdisjoint({x})", "NOT {x} && {0}"),
    "in the last": Operator("span", "{0} <= {x} <= {1}", "{x} BETWEEN {0} AND {1}"),
    "in the next": Operator("span", "{0} <= {x} <= {1}", "{x} BETWEEN {0} AND {1}"),
    "in bucket": Operator("split", "{1} <= bucket({0}, {x}) < {2}", BUCKET),
    "exists": Operator("nothing", "{x} is not None", "{x} IS NOT NULL"),
    "missing": Operator("nothing", "{x} is None", "{x} IS NULL"),
}

THERE: tuple[Op, ...] = ("exists", "missing")
EQUAL: tuple[Op, ...] = ("=", "!=", "in", "not in")
ORDER: tuple[Op, ...] = ("<", "<=", ">", ">=", "between")
NEAR: tuple[Op, ...] = ("in the last", "in the next")

ALLOWED: dict[Type, tuple[Op, ...]] = {
    "text": (*EQUAL, "starts with", "contains", "in bucket", *THERE),
    "integer": (*EQUAL, *ORDER, "in bucket", *THERE),
    "decimal": (*EQUAL, *ORDER, *THERE),
    "money": (*EQUAL, *ORDER, *THERE),
    "boolean": ("=", "!=", *THERE),
    "day": (*EQUAL, *ORDER, *NEAR, *THERE),
    "moment": (*ORDER, *NEAR, *THERE),  # nothing happens at exactly this microsecond
    "set": ("has any", "has all", "has none", *THERE),
}
"""Texts have no order here: each language has its own, and PostgreSQL and Python none in common but that of bytes."""

NOW = Span(0, "days")


def limits(clause: Clause) -> tuple[Value | tuple[Value, ...], ...]:
    """What stands for {0}, {1}, {2} in the operator's templates."""
    match clause.value:
        case Span(amount, unit) if clause.op == "in the last":
            return Span(-amount, unit), NOW
        case Span() if clause.op == "in the next":
            return NOW, clause.value
        case Split(seed, lo, hi):
            return seed, lo, hi
        case tuple() if OPERATORS[clause.op].takes == "two":
            return clause.value
        case None:
            return ()
        case _:
            return (clause.value,)
