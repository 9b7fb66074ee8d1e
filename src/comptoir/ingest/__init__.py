"""Events come in from every source, are judged one by one, and are durable before they are acknowledged.

tracking      the routes that the official Segment and RudderStack SDKs call, as plain ASGI
wire          the shapes those SDKs send           money   amounts that cannot be right
intake        bytes become rows of the log and dead letters: one verdict for each event
writer        `Intake`: concurrent requests written together, each event once
transaction   one transaction in two round trips      refused  rows that PostgreSQL will not have
seen          which message ids were recorded in the last seven days
plans         what a source has promised to send, as JSON Schemas with versions
dead_letters  what could not be taken: mend, replay, discard
tally         counts, written with the events       quality  counts per source, day and field
tail          what comes in just now
retention     what is forgotten, and when
tracked       `decode`: what the layers above read from an event; body: its Structs
"""

from comptoir.ingest.dead_letters import Waiting, dead_letter, dead_letters, discard, replay, waiting
from comptoir.ingest.errors import BadSchema, DeadLetterSettled, StillBad, UnknownDeadLetter, UnknownPlan
from comptoir.ingest.holdings import HOLDINGS
from comptoir.ingest.intake import Arrival, judge
from comptoir.ingest.plans import plan, plans, save_plan, versions
from comptoir.ingest.quality import FieldQuality, FieldRate, Rehearsal, by_field, learned, quality, rehearse, sample
from comptoir.ingest.records import (
    MEANING,
    DeadLetter,
    Outcome,
    Plan,
    PlanEntry,
    Quality,
    Reason,
    Replayed,
    Seen,
    State,
)
from comptoir.ingest.retention import forget_counts, forget_letters
from comptoir.ingest.seen import WINDOW
from comptoir.ingest.tail import accepted, tail
from comptoir.ingest.tally import count_erased
from comptoir.ingest.tracked import Tracked, decode
from comptoir.ingest.tracking import Tracking
from comptoir.ingest.writer import Intake, Receipt

__all__ = [
    "HOLDINGS",
    "MEANING",
    "WINDOW",
    "Arrival",
    "BadSchema",
    "DeadLetter",
    "DeadLetterSettled",
    "FieldQuality",
    "FieldRate",
    "Intake",
    "Outcome",
    "Plan",
    "PlanEntry",
    "Quality",
    "Reason",
    "Receipt",
    "Rehearsal",
    "Replayed",
    "Seen",
    "State",
    "StillBad",
    "Tracked",
    "Tracking",
    "UnknownDeadLetter",
    "UnknownPlan",
    "Waiting",
    "accepted",
    "by_field",
    "count_erased",
    "dead_letter",
    "dead_letters",
    "decode",
    "discard",
    "forget_counts",
    "forget_letters",
    "judge",
    "learned",
    "plan",
    "plans",
    "quality",
    "rehearse",
    "replay",
    "sample",
    "save_plan",
    "tail",
    "versions",
    "waiting",
]
