"""Radio tags: what readers saw (EPCIS 2.0), and what a thing's GS1 key says in all its written forms.

gs1           EPC URN, GS1 Digital Link and element string, and one canonical form to compare them by
captures      documents come in: jobs, rollback or proceed, each event stored once
documents     a document taken apart into events, and put together again for an answer
shapes        what an event looks like, and what is wrong with one, by its place
fingerprints  the canonical hash by which a duplicate is known
queries       the simple query of the standard
vocabulary    the words of the Core Business Vocabulary
readings      what reads do to the stock: only what a rule says, through inventory

Bulk readers use `rfid.v_event` and `rfid.v_reading`; who follows along reads the fact `rfid.events_captured`.
"""

from comptoir.rfid import readings
from comptoir.rfid.captures import begin, capture, recent, record
from comptoir.rfid.errors import (
    BadDocument,
    BadGs1Key,
    BadQuery,
    BadReadingRule,
    RulesChanged,
    TooManyEvents,
    UnknownCapture,
    UnknownEvent,
    VersionNotServed,
)
from comptoir.rfid.events import DeclaredTooLate, EventsCaptured
from comptoir.rfid.gs1 import Key, canonical, parse
from comptoir.rfid.holdings import HOLDINGS
from comptoir.rfid.queries import find, find_event, places
from comptoir.rfid.readings.telling import Session, Stray, sessions, sessions_pulse, strays
from comptoir.rfid.records import Answer, Capture

__all__ = [
    "HOLDINGS",
    "Answer",
    "BadDocument",
    "BadGs1Key",
    "BadQuery",
    "BadReadingRule",
    "Capture",
    "DeclaredTooLate",
    "EventsCaptured",
    "Key",
    "RulesChanged",
    "Session",
    "Stray",
    "TooManyEvents",
    "UnknownCapture",
    "UnknownEvent",
    "VersionNotServed",
    "begin",
    "canonical",
    "capture",
    "find",
    "find_event",
    "parse",
    "places",
    "readings",
    "recent",
    "record",
    "sessions",
    "sessions_pulse",
    "strays",
]
