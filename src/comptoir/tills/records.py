"""What tills send, and what they are answered."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from comptoir.inventory import State
from comptoir.kernel.auth import ShownOnce

Kind = Literal["sale", "return", "stock", "claim"]
Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
LAST = 2**53 - 1
"""JSON knows no greater integers (RFC 7493)."""


class NewDevice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A till at an outlet."""

    outlet: Annotated[str, Meta(min_length=1, max_length=60)]
    name: Annotated[str, Meta(min_length=1, max_length=60)]


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A till."""

    device_id: UUID
    outlet_id: int
    outlet: str
    name: str
    registered_at: datetime
    revoked_at: datetime | None
    reached: int
    """Its entries are known without a gap up to this one."""
    gap_since: datetime | None
    skew_ms: int
    """Its clock less ours, when it came last."""
    synced_at: datetime | None


class Registered(ShownOnce, frozen=True):
    """A till that was just registered, with the only sight of its key."""

    device: Device
    token: str


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One act of a till. `hash` is the SHA-256 of all the rest in the form of RFC 8785, `previous` that of the entry
    before (64 zeros for the first).
    """

    sequence: Annotated[int, Meta(ge=1, le=LAST)]
    previous: Hash
    entry_id: UUID
    kind: Kind
    occurred_at: Annotated[datetime, Meta(tz=True)]
    body: dict[str, Any]
    hash: Hash


class StockAct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What happened to goods at the shop beside its sales."""

    act: Literal["receive", "write_off", "found", "change_state"]
    sku: Annotated[str, Meta(min_length=1, max_length=500)]
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)]
    from_state: State = "sellable"
    to_state: State = "sellable"
    reason: Annotated[str, Meta(max_length=200)] = ""


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many pieces."""

    sku: Annotated[str, Meta(min_length=1, max_length=500)]
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)]


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The goods of a basket of this till are to be kept here for a while. It is a promise, and may be refused."""

    basket_id: UUID
    units: Annotated[tuple[Wanted, ...], Meta(min_length=1, max_length=200)]
    seconds: Annotated[int, Meta(ge=1, le=86_400)] = 900


class Answer(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What became of an entry. The same entry again gets the same answer."""

    sequence: int | None
    entry_id: UUID | None = None
    state: Literal["done", "repeated", "waiting", "refused", "faulty", "quarantined"]
    """repeated: done before under this id by another entry. waiting: until a gap is closed. refused: a promise that
    cannot be given. faulty: it happened and its goods have moved, but it cannot be booked as it was told.
    quarantined: it contradicts the chain, nothing was done."""
    sale_id: int | None = None
    short: int | None = None
    """So many pieces fewer lie there now than are promised: they are sourced anew."""
    code: str | None = None
    detail: str | None = None


class Synced(msgspec.Struct, frozen=True, kw_only=True):
    """The answers, in the order sent, and how far the chain is known."""

    reached: int
    missing: list[tuple[int, int]]
    """First and last number of each gap: send them again."""
    skew_ms: int
    now: datetime
    answers: list[Answer]


class Aside(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that stands aside, and why."""

    quarantine_id: int
    device_id: UUID
    sequence: int | None
    reason: str
    detail: str
    received_at: datetime
    taken_at: datetime | None
    body: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What a till takes along; with `since` only what has changed. `full`: forget what you had."""

    outlet: str
    currency: str
    version: int
    since: int
    full: bool
    parts: dict[str, dict[str, msgspec.Raw]]
    """By part and key: prices and stock by SKU, taxes by class, promotions and online_only by code."""
    removed: dict[str, list[str]]
