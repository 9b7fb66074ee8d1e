"""What people have agreed to: of a contact point, by a channel, for a purpose; with its proof.

purposes    what for, and the wordings in which it is asked, by version
choices     `record`: choices of the API, of files, of tills and agents, judged row by row
ledger      choices appended, and the word that stands for each contact point
deciding    from words to a verdict with its reason: pure
effective   `may`, for those who send; `effective`, of a person, explained
links       signed links: the preference centre, a confirmation, one-click unsubscription (RFC 8058)
letters     double opt-in: asked back by a letter      preferences  what a shopper sees and changes by her link
gpc         `heed`: browsers that say `Sec-GPC: 1`
reconcile   the proof that what stands is what was said

A choice points at a node of identity, never at a person: a merge and its undoing change what holds for somebody by
themselves, and rewrite nothing.
"""

from comptoir.consent import letters, preferences
from comptoir.consent.choices import record
from comptoir.consent.effective import effective, effective_of, may
from comptoir.consent.errors import (
    BadContact,
    BadLink,
    BadPurpose,
    NoPublicAddress,
    NotYourOutlet,
    PurposeExists,
    ReferenceTaken,
    SaidLater,
    SourceNeeded,
    UnknownPurpose,
    UnknownWording,
    WrongChannel,
)
from comptoir.consent.events import ChoiceRecorded
from comptoir.consent.gpc import heed
from comptoir.consent.holdings import HOLDINGS
from comptoir.consent.ledger import choice, history, lines
from comptoir.consent.links import preference_links, unsubscribe_headers
from comptoir.consent.purposes import add_purpose, add_wording, change_purpose, purposes, wordings
from comptoir.consent.reconcile import reconcile
from comptoir.consent.records import (
    CHANNELS,
    WHOLE,
    Channel,
    Choice,
    Effective,
    NewChoice,
    NewWording,
    Origin,
    Proof,
    Purpose,
    PurposeEntry,
    Recorded,
    Signal,
    State,
    Verdict,
    Wording,
)

__all__ = [
    "CHANNELS",
    "HOLDINGS",
    "WHOLE",
    "BadContact",
    "BadLink",
    "BadPurpose",
    "Channel",
    "Choice",
    "ChoiceRecorded",
    "Effective",
    "NewChoice",
    "NewWording",
    "NoPublicAddress",
    "NotYourOutlet",
    "Origin",
    "Proof",
    "Purpose",
    "PurposeEntry",
    "PurposeExists",
    "Recorded",
    "ReferenceTaken",
    "SaidLater",
    "Signal",
    "SourceNeeded",
    "State",
    "UnknownPurpose",
    "UnknownWording",
    "Verdict",
    "Wording",
    "WrongChannel",
    "add_purpose",
    "add_wording",
    "change_purpose",
    "choice",
    "effective",
    "effective_of",
    "heed",
    "history",
    "letters",
    "lines",
    "may",
    "preference_links",
    "preferences",
    "purposes",
    "reconcile",
    "record",
    "unsubscribe_headers",
    "wordings",
]
