"""The one rule language of the house: a JSON tree over a declared vocabulary (docs/ideas/rules.md).

    rule = rules.parse(BASKET, {"attribute": "basket.total", "op": ">=", "value": 5000})
    holds = rules.compile(rule)                       # once
    holds(facts, rules.Now(tx.now, "Europe/Paris"))   # 0.2 µs

vocabulary  what a rule may speak of         parsing    JSON → rule, or all its mistakes at once
tree        the nodes                        to_python  rule → function
operators   each comparison in Python        to_sql     rule → condition and parameters
            and in SQL, side by side         to_words   rule → sentence, English and French
texts       when two texts are alike         explaining rule and facts → what was seen, what held
moments     now, and 30 days ago             folding    texts folded by an older PostgreSQL
"""

from comptoir.kernel.rules.explaining import Seen, explain
from comptoir.kernel.rules.moments import Now
from comptoir.kernel.rules.operators import ALLOWED
from comptoir.kernel.rules.parsing import BadRule, Mistake, parse
from comptoir.kernel.rules.to_python import Facts, Test, compile  # noqa: A004 rules.compile
from comptoir.kernel.rules.to_sql import sql
from comptoir.kernel.rules.to_words import words
from comptoir.kernel.rules.tree import AllOf, AnyOf, Clause, Node, Not, Rule, Span, Split
from comptoir.kernel.rules.vocabulary import Attribute, Language, Type, Vocabulary, Words

__all__ = [
    "ALLOWED",
    "AllOf",
    "AnyOf",
    "Attribute",
    "BadRule",
    "Clause",
    "Facts",
    "Language",
    "Mistake",
    "Node",
    "Not",
    "Now",
    "Rule",
    "Seen",
    "Span",
    "Split",
    "Test",
    "Type",
    "Vocabulary",
    "Words",
    "compile",
    "explain",
    "parse",
    "sql",
    "words",
]
