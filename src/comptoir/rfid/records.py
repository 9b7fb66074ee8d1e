from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

Behaviour = Literal["rollback", "proceed"]
"""What a fault in one event does to the others of its document: none is kept, or all that are right."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """One event, read: what is stored of it and by what it is found."""

    key: bytes
    uri: str
    type: str
    action: str | None
    event_time: datetime
    declared_at: datetime | None
    declares: bytes | None
    """The key of the event that this one declares to be an error."""
    biz_step: str | None
    disposition: str | None
    read_point: str | None
    biz_location: str | None
    things: list[str]
    context: bytes
    body: bytes


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One fault of a capture, in the vocabulary of EPCIS 2.0. `instance` is the place in the document."""

    type: str
    title: str
    status: int
    detail: str
    instance: str = ""


class Stored(msgspec.Struct, frozen=True):
    """What became of a batch: how many are new, and how many were on record."""

    stored: int
    repeated: int


class Capture(msgspec.Struct, frozen=True, rename="camel"):
    """A capture job. The first seven fields are the standard's; `errors` holds the first faults only."""

    capture_id: UUID = msgspec.field(name="captureID")
    created_at: datetime
    finished_at: datetime | None
    running: bool
    success: bool
    capture_error_behaviour: Behaviour
    errors: list[Problem]
    events: int
    done: int
    stored: int
    repeated: int
    refused: int


class Found(msgspec.Struct, frozen=True):
    """One event as it lies in the store."""

    event_id: int
    uri: str
    event_time: datetime
    recorded_at: datetime
    context_id: int
    body: str


class Answer(msgspec.Struct, frozen=True):
    """A page of events as an EPCISQueryDocument, and the token of the page after it."""

    document: dict[str, Any]
    next: str | None
