"""Why a rule holds or does not: its tree, with what was seen at each clause."""

from typing import Any

import msgspec

from comptoir.kernel.rules.moments import Now
from comptoir.kernel.rules.to_python import Facts, compile  # noqa: A004 ours
from comptoir.kernel.rules.tree import AllOf, AnyOf, Clause, Node, Not, Rule


class Seen(msgspec.Struct, frozen=True, omit_defaults=True):
    """One node of the rule and how it fared."""

    node: Node
    holds: bool
    seen: Any = None
    """What a clause found; None if that is missing."""
    parts: "tuple[Seen, ...]" = ()

    def rule(self, whole: Rule) -> Rule:
        """The node as a rule of its own, to be put into words."""
        return Rule(whole.vocabulary, self.node)


def explain(rule: Rule, facts: Facts, now: Now) -> Seen:
    """Every part is judged, also where the answer is clear before. For people: it takes its time."""
    node = rule.node
    if isinstance(node, Clause):
        return Seen(node, compile(rule)(facts, now), facts.get(node.attribute))
    inner = [node.part] if isinstance(node, Not) else node.all if isinstance(node, AllOf) else node.any
    parts = tuple(explain(Rule(rule.vocabulary, part), facts, now) for part in inner)
    match node:
        case AllOf():
            holds = all(part.holds for part in parts)
        case AnyOf():
            holds = any(part.holds for part in parts)
        case Not():
            holds = not parts[0].holds
    return Seen(node, holds, parts=parts)
