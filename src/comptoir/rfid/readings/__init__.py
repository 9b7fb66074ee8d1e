"""What reads do to the stock: only what a rule says, and each event once.

facts      what a rule may know of an event, and the things that it tells of
rule_sets  stored, versioned; conditions in `kernel.rules`, outcomes
judging    the list of what waits; one event, one fate
sessions   reads that belong together, until it is quiet
settling   a session becomes a count, a receipt, a shipment
telling    what became of an event and why, in words; rules tried without doing anything
"""

from comptoir.rfid.readings.facts import EVENT
from comptoir.rfid.readings.judging import places_now, stand
from comptoir.rfid.readings.rule_sets import (
    Count,
    Ignore,
    Outcome,
    ReadingRule,
    Receive,
    RuleSet,
    Sale,
    Ship,
    Turn,
    current,
    outcome_words,
    replace,
    rule_words,
)
from comptoir.rfid.readings.telling import Trial, attempt

__all__ = [
    "EVENT",
    "Count",
    "Ignore",
    "Outcome",
    "ReadingRule",
    "Receive",
    "RuleSet",
    "Sale",
    "Ship",
    "Trial",
    "Turn",
    "attempt",
    "current",
    "outcome_words",
    "places_now",
    "replace",
    "rule_words",
    "stand",
]
