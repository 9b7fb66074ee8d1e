"""The tree of a rule. Its Structs are its JSON: `msgspec.to_builtins(rule.node)` is what `parse` reads.

A node is told by its key: `all`, `any`, `not`, or `attribute` for a clause. What is still to come (counts of events,
sequences, consent, places) will be nodes with keys of their own.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec

from comptoir.kernel.rules.vocabulary import Vocabulary

Op = Literal[
    "=", "!=", "<", "<=", ">", ">=", "between", "in", "not in", "starts with", "contains", "has any", "has all",
    "has none", "in the last", "in the next", "in bucket", "exists", "missing",
]  # fmt: skip
Unit = Literal["hours", "days", "weeks", "months", "years"]


class Span(msgspec.Struct, frozen=True):
    """A distance on the calendar. Where a day or a moment stands it is counted from now: -30 days is 30 days ago."""

    amount: int
    unit: Unit


class Split(msgspec.Struct, frozen=True):
    """The buckets from `lo` up to, without, `hi` of ten thousand. Another seed throws everybody anew."""

    seed: str
    lo: int
    hi: int


Value = str | int | Decimal | bool | date | datetime | Span
Operand = Value | tuple[Value, ...] | Split | None


class Clause(msgspec.Struct, frozen=True, omit_defaults=True):
    """One comparison. Texts are NFC, moments UTC, decimals exact."""

    attribute: str
    op: Op
    value: Operand = None
    """One value; (from, to) of `between`; several of `in` and `has`; none of `exists` and `missing`."""
    fold: bool = False
    """Whether capitals count as small letters."""


class AllOf(msgspec.Struct, frozen=True):
    """Every part holds. Without parts it always does."""

    all: "tuple[Node, ...]"


class AnyOf(msgspec.Struct, frozen=True):
    """At least one part holds."""

    any: "tuple[Node, ...]"


class Not(msgspec.Struct, frozen=True, rename={"part": "not"}):
    """The part does not hold."""

    part: "Node"


Node = AllOf | AnyOf | Not | Clause


class Rule(msgspec.Struct, frozen=True):
    """A tree that `parse` has found to be right, and the vocabulary that it speaks."""

    vocabulary: Vocabulary
    node: Node
