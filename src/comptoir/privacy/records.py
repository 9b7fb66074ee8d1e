"""What others may see of requests and of erasures."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

Kind = Literal["access", "portability", "erasure", "rectification", "restriction"]
State = Literal["received", "verified", "running", "waiting", "done", "refused"]
Phase = Literal["hidden", "links", "log", "values", "files", "proof", "done"]
PHASES: tuple[Phase, ...] = ("hidden", "links", "log", "values", "files", "proof", "done")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request of a person, from its receipt to its answer."""

    request_id: int
    kind: Kind
    state: State
    node_id: int | None
    """A node of hers; null once she is erased."""
    key: UUID | None
    """Her public id; null once she is erased."""
    requester: str
    came_by: str
    verified_by: str
    note: str
    answer: str
    language: Literal["en", "fr"]
    received_at: datetime
    due_at: datetime
    opened_by: str
    closed_at: datetime | None
    closed_by: str
    phase: Phase | None = None
    """Of an erasure: how far it has come."""
    certificate: int | None = None
    """Of an erasure that is done: the number of its certificate."""


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """How far an erasure has come."""

    request_id: int
    phase: Phase
    nodes: list[int]
    orders: list[UUID]
    sales: list[int]
    returns: list[UUID]
    doubtful: list[dict[str, Any]]
    named: dict[str, Any] | None
    counts: dict[str, int]
    rounds: int
    hidden_at: datetime
    changed_at: datetime
