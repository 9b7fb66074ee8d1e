"""What reads do to the stock: rules in order, the first that holds decides. Kept for good, the newest set in force."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from comptoir.inventory import State
from comptoir.kernel import rules
from comptoir.kernel.db import Tx, rows
from comptoir.kernel.rules import BadRule, Facts, Language, Now, Words
from comptoir.rfid.errors import BadReadingRule, RulesChanged
from comptoir.rfid.readings.facts import EVENT

Quiet = Annotated[int, Meta(ge=1, le=1_440)]


class Count(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="count", forbid_unknown_fields=True):
    """Reads until it is quiet become one count, blind and reviewed like any other."""

    covers: Literal["read", "all"] = "read"
    """`read`: the articles of which a piece was read. `all`: what was not read does not lie there either."""
    state: State = "sellable"
    quiet_minutes: Quiet = 15
    """Without a read for so long, and without one captured for so long, the counting is over."""


class Receive(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="receive", forbid_unknown_fields=True):
    """Against a transfer or delivery that is under way, never more than is."""

    quiet_minutes: Quiet = 15


class Ship(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="ship", forbid_unknown_fields=True):
    """What was read leaves, of a transfer that was requested."""

    quiet_minutes: Quiet = 15


class Turn(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="move", forbid_unknown_fields=True):
    """Each piece is in this state from now on; a piece never seen before was sellable."""

    to: State


class Sale(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="sale", forbid_unknown_fields=True):
    """Sold: the till tells it, the read does nothing."""


class Ignore(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="ignore", forbid_unknown_fields=True):
    """Nothing."""


Outcome = Count | Receive | Ship | Turn | Sale | Ignore
Name = Annotated[str, Meta(min_length=1, max_length=100)]


class ReadingRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """If an event is so, this becomes of it."""

    name: Name
    """Of its own in the set. Reads of one session are kept together by it, also when the set changes meanwhile."""
    condition: dict[str, Any]
    outcome: Outcome


class RuleSet(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one version, in order. Version 0: none were ever made, and nothing moves."""

    version: int
    made_at: datetime | None
    made_by: str
    rules: list[ReadingRule]


NONE = RuleSet(version=0, made_at=None, made_by="", rules=[])


class Ready:
    """A set whose conditions are compiled."""

    def __init__(self, given: RuleSet) -> None:
        self.version = given.version
        self.rules = given.rules
        self.conditions = [rules.parse(EVENT, one.condition) for one in given.rules]
        self._tests = [rules.compile(one) for one in self.conditions]

    def decides(self, facts: Facts, now: Now) -> ReadingRule | None:
        """The first rule that holds."""
        return next((one for one, holds in zip(self.rules, self._tests, strict=True) if holds(facts, now)), None)


async def current(tx: Tx) -> RuleSet:
    """The set in force."""
    return await tx.maybe(RuleSet, CURRENT) or NONE


CURRENT = """
    SELECT s.version, s.made_at, s.made_by,
           (SELECT coalesce(json_agg(json_build_object('name', r.name, 'condition', r.condition, 'outcome', r.outcome)
                                     ORDER BY r.line), '[]')
            FROM rfid.reading_rule AS r WHERE r.version = s.version) AS rules
    FROM rfid.rule_set AS s ORDER BY s.version DESC LIMIT 1
"""


async def version(tx: Tx, number: int) -> RuleSet:
    """An earlier set; an empty one where there is none."""
    return await tx.maybe(RuleSet, ONE, version=number) or NONE


ONE = """
    SELECT s.version, s.made_at, s.made_by,
           (SELECT coalesce(json_agg(json_build_object('name', r.name, 'condition', r.condition, 'outcome', r.outcome)
                                     ORDER BY r.line), '[]')
            FROM rfid.reading_rule AS r WHERE r.version = s.version) AS rules
    FROM rfid.rule_set AS s WHERE s.version = %(version)s
"""


async def replace(tx: Tx, *, given: Sequence[ReadingRule], after: int, actor: str) -> RuleSet:
    """A new version in place of `after`. Events judged before stay as they are. Raises RulesChanged, BadReadingRule."""
    check(given)
    await tx.run("LOCK TABLE rfid.rule_set IN SHARE ROW EXCLUSIVE MODE")
    there = await current(tx)
    if list(given) == there.rules:
        return there  # said again
    if there.version != after:
        raise RulesChanged(version=there.version)
    told = [
        {"line": line, "name": one.name, "condition": one.condition, "outcome": msgspec.to_builtins(one.outcome)}
        for line, one in enumerate(given)
    ]
    await tx.run(MAKE, version=after + 1, now=tx.now, actor=actor)
    await tx.run(FILL, version=after + 1, rules=rows(told))
    return await current(tx)


MAKE = "INSERT INTO rfid.rule_set (version, made_at, made_by) VALUES (%(version)s, %(now)s, %(actor)s)"

FILL = """
    INSERT INTO rfid.reading_rule (version, line, name, condition, outcome)
    SELECT %(version)s, line, name, condition, outcome
    FROM json_to_recordset(%(rules)s::json) AS r (line smallint, name text, condition jsonb, outcome jsonb)
"""


def check(given: Sequence[ReadingRule]) -> None:
    """Raises BadReadingRule for names that stand twice, with all mistakes of conditions by their rule."""
    names = [one.name for one in given]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadReadingRule(f"Two rules are called {twice[0]!r}.", names=twice)
    for one in given:
        try:
            rules.parse(EVENT, one.condition)
        except BadRule as refusal:
            raise BadReadingRule(
                f"The condition of {one.name!r} cannot be read: {refusal.detail}", rule=one.name, **refusal.data
            ) from refusal


# ---- in words

STATES: dict[State, Words] = {
    "sellable": Words("for sale", "en vente"),
    "display": Words("on display", "en exposition"),
    "damaged": Words("damaged", "abîmé"),
    "quarantine": Words("set aside", "mis de côté"),
}


def outcome_words(outcome: Outcome, language: Language) -> str:
    """What becomes of the event, as a sentence."""
    english = language == "en"
    match outcome:
        case Count(covers="all"):
            return (
                "It becomes part of a count of the whole place."
                if english
                else "Elle entre dans un inventaire de tout le lieu."
            )
        case Count():
            return (
                "It becomes part of a count of the articles read."
                if english
                else "Elle entre dans un inventaire des articles lus."
            )
        case Receive():
            return (
                "The goods are received against the transfer or delivery under way."
                if english
                else "La marchandise est reçue sur le transfert ou la livraison en route."
            )
        case Ship():
            return (
                "The goods leave with the transfer requested."
                if english
                else "La marchandise part avec le transfert demandé."
            )
        case Turn(to=state):
            said = STATES[state][language]
            return f"Each piece is {said} from then on." if english else f"Chaque pièce est {said} dès lors."
        case Sale():
            return "It is a sale: the till tells it." if english else "C’est une vente : la caisse la dit."
        case Ignore():
            return "Nothing becomes of it." if english else "Elle n’a pas de suite."


def rule_words(one: ReadingRule, language: Language) -> str:
    """The condition as a sentence."""
    return rules.words(rules.parse(EVENT, one.condition), language)
