"""A rule as a Python function: one expression, written from the operators' templates and compiled once.

Measured: three clauses in 0.2 µs, with a bucket among them in 0.9 µs; closures took half as long again.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, cast

from comptoir.kernel.rules.moments import Now
from comptoir.kernel.rules.operators import BUCKETS, OPERATORS, limits
from comptoir.kernel.rules.texts import alike, folded
from comptoir.kernel.rules.tree import AllOf, AnyOf, Clause, Node, Not, Rule, Span
from comptoir.kernel.rules.vocabulary import Attribute, Vocabulary

Facts = Mapping[str, Any]
"""By names of attributes. What is absent or None is missing."""
Test = Callable[[Facts, Now], bool]


def compile(rule: Rule) -> Test:  # noqa: A001 it is what it does; callers say rules.compile
    """The rule as a function of facts and now. Compiling takes some 100 µs: keep what it returns."""
    writer = Writer(rule.vocabulary)
    # Nothing that anybody typed gets into the text: values are constants beside it, names were checked.
    exec(f"def test(facts, now): return {writer.node(rule.node)}", writer.constants)  # noqa: S102
    return writer.constants["test"]


class Writer:
    """Writes nodes as expressions and keeps the constants that they name."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.constants: dict[str, Any] = {"alike": alike, "folded": folded, "bucket": bucket}

    def node(self, node: Node) -> str:
        match node:
            case AllOf(parts):
                return "(" + (" and ".join(map(self.node, parts)) or "True") + ")"
            case AnyOf(parts):
                return "(" + " or ".join(map(self.node, parts)) + ")"
            case Not(part):
                return f"(not {self.node(part)})"
            case Clause():
                return self.clause(node)

    def clause(self, clause: Clause) -> str:
        attribute, operator = self.vocabulary[clause.attribute], OPERATORS[clause.op]
        seen = f"facts.get({clause.attribute!r})"
        if operator.takes == "nothing":
            return "(" + operator.python.format(x=seen) + ")"
        like = "folded" if clause.fold else "alike"
        x = {"text": f"{like}(x)", "set": f"map({like}, x)"}.get(attribute.type, "x")
        spelled = [self.limit(attribute, limit, fold=clause.fold) for limit in limits(clause)]
        return f"((x := {seen}) is not None and {operator.python.format(*spelled, x=x)})"

    def limit(self, attribute: Attribute, limit: Any, *, fold: bool) -> str:
        if isinstance(limit, Span):
            return f"now.{attribute.type}({self.constant(limit)})"
        if isinstance(limit, tuple):
            values = cast("tuple[Any, ...]", limit)
            return self.constant(frozenset(map(folded, values) if fold else values))
        return self.constant(folded(limit) if fold else limit)

    def constant(self, value: Any) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name


def bucket(seed: str, key: str | int) -> int:
    """Where `key` falls among ten thousand, for good. Different seeds are independent."""
    return int.from_bytes(sha256(f"{seed}:{key}".encode()).digest()[:4], "big") % BUCKETS
