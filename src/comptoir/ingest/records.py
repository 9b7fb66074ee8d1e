"""What others may see of the intake: verdicts, dead letters, plans, counts."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec

Call = Literal["track", "identify", "page", "screen", "group", "alias", "merge"]
"""The calls of the tracking API; in the log they have the kind `ingest.<call>`."""

Reason = Literal[
    "malformed",
    "unknown_type",
    "no_user_anon_id",
    "no_previous_id",
    "bad_group_id",
    "missing_event_name",
    "too_large",
    "too_many_traits",
    "too_many_identifiers",
    "identifier_too_long",
    "message_id_too_long",
    "nul_or_surrogate",
    "unstorable",
    "bad_time",
    "bad_money",
    "plan_violation",
    "unplanned_event",
]
"""Why an event was not taken."""

MEANING: dict[Reason | Literal["clock_off", "erased_person"], str] = {
    "erased_person": "It names somebody who was erased: it was emptied, and counts for nothing.",
    "malformed": "It is not a JSON object of the kind that this call has.",
    "unknown_type": "Its type is none of track, identify, page, screen, group, alias.",
    "no_user_anon_id": "It names neither a userId nor an anonymousId.",
    "no_previous_id": "An alias needs the previousId that it joins to the userId.",
    "bad_group_id": "A group call needs a groupId of 1 to 500 characters.",
    "missing_event_name": "A track call needs the name of its event.",
    "too_large": "It is larger than 32 KB.",
    "too_many_traits": "It has more than 300 properties or traits.",
    "too_many_identifiers": "It names more than 50 external identifiers.",
    "identifier_too_long": "An identifier is longer than 500 characters.",
    "message_id_too_long": "Its messageId is longer than 100 characters.",
    "nul_or_surrogate": "A text in it holds U+0000 or half a surrogate pair, which no database stores.",
    "unstorable": "The database refused it although nothing is wrong with it: a defect of ours.",
    "bad_time": "Its timestamp is no moment between 1970 and 9999.",
    "bad_money": "An amount of money in it is negative, no number, or more than any sale.",
    "plan_violation": "It does not keep to the tracking plan of its source.",
    "unplanned_event": "The tracking plan of its source does not name it.",
    "clock_off": "The sender's clock differs from ours by more than a day; the event was kept.",
}
"""Each reason in a sentence; `clock_off` is only ever a warning."""

Outcome = Literal["accepted", "duplicate", "rejected", "warned"]
Mode = Literal["observe", "enforce"]
State = Literal["waiting", "replayed", "discarded"]


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """An event that could not be taken."""

    dead_letter_id: int
    source_id: int
    received_at: datetime
    last_received_at: datetime
    times: int
    """How often it was sent."""
    reason: str
    detail: str
    event_type: str
    event_name: str
    body: str
    """As it came; bytes that are no text show as U+FFFD."""
    state: State


class Replayed(msgspec.Struct, frozen=True):
    """What became of one dead letter that was handed in again."""

    dead_letter_id: int
    outcome: Outcome
    reason: str = ""
    detail: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A tracking plan: the JSON Schema (2020-12) that the properties or traits of each event keep to."""

    source_id: int
    version: int
    mode: Mode
    """`observe` counts violations and takes the event; `enforce` puts it with the dead letters."""
    unplanned: Literal["allow", "report"]
    """Whether an event that the plan does not name is a violation."""
    events: dict[str, dict[str, Any]]
    """By event name, or by the type of the other calls: `identify`, `page` …"""
    note: str
    made_at: datetime
    made_by: str


class PlanEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan as its author describes it; saving it makes the next version."""

    mode: Mode = "observe"
    unplanned: Literal["allow", "report"] = "allow"
    events: dict[str, dict[str, Any]]
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


class Quality(msgspec.Struct, frozen=True):
    """How many events of one name one source sent on one day (UTC), with one outcome for one reason."""

    source_id: int
    day: date
    event: str
    outcome: Outcome
    reason: str
    events: int


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """An event as the live tail shows it: accepted, or rejected with its reason."""

    recorded_at: datetime
    occurred_at: datetime | None
    source_id: int
    outcome: Outcome
    type: str
    name: str
    reason: str
    detail: str
    body: str
    place: int
    """Position in the log, or id of the dead letter: with `outcome` it names the event."""
