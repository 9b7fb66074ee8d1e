"""What may be done with the work of a location, as data, and how it stands. Each act is safe to repeat."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

State = Literal["coming", "open", "accepted", "ready", "done", "cancelled"]
Method = Literal["ship", "collect", "transfer"]
Word = Annotated[str, Meta(max_length=100)]
Text = Annotated[str, Meta(max_length=300)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Some = Annotated[int, Meta(ge=1, le=1_000_000)]


class Pieces(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many pieces of a line."""

    line: int
    pieces: Count


def pieces_of(lines: Sequence[Pieces]) -> dict[int, int]:
    """By line; what is said twice of one is added up."""
    wanted: dict[int, int] = {}
    for one in lines:
        wanted[one.line] = wanted.get(one.line, 0) + one.pieces
    return wanted


class Proof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who came for it, and how she showed that she may have it. Personal."""

    name: Word = ""
    is_proxy: bool = False
    """Somebody came for her."""
    code: Word = ""
    """What she showed: the order's number, a code."""
    identified_by: Literal["", "code", "document", "signature", "known"] = ""
    note: Text = ""


# ---- what may be done


class Accept(msgspec.Struct, frozen=True, kw_only=True, tag="accept"):
    """The location takes it on."""

    fulfilment_id: int
    picker: str = ""
    """Who walks for it; empty leaves it as it was."""
    actor: str = ""


class Pick(msgspec.Struct, frozen=True, kw_only=True, tag="pick"):
    """So many pieces of these lines are in the box now: a count, not an addition, so it can be said again."""

    fulfilment_id: int
    picked: tuple[Pieces, ...]
    actor: str = ""


class HandOver(msgspec.Struct, frozen=True, kw_only=True, tag="hand_over"):
    """The customer has it, somebody for her, or a carrier: the goods leave, the money is taken, the sale is made."""

    fulfilment_id: int
    lines: tuple[Pieces, ...] | None = None
    """Null: all that is picked."""
    proof: Proof | None = None
    carrier: str = ""
    tracking: str = ""
    sscc: str = ""
    reference: str = ""
    """The caller's: the same again is the same parcel. Without it, what has left in whole is not handed over again."""
    actor: str = ""


Act = Accept | Pick | HandOver


# ---- how it stands


class FulfilmentLine(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of an order's line, by state: `open` are allocated there, picked or still to be picked."""

    line: int
    variant_id: int
    sku: str
    name: str
    quantity: int
    open: int
    picked: int
    handed_over: int
    cancelled: int
    rejected: int
    sent: int


class Fulfilment(msgspec.Struct, frozen=True, kw_only=True):
    """The work of one location for one order."""

    fulfilment_id: int
    order_id: UUID
    order_number: int
    channel: str
    location_id: int
    location: str
    method: Method
    destination: str | None
    """Of a transfer: where the customer collects."""
    state: State
    due_at: datetime | None
    late: bool
    keep_until: datetime | None
    picker: str
    wave_id: int | None
    shelf: str
    carrier: str
    tracking: str
    sscc: str
    placed_at: datetime
    changed_at: datetime
    lines: list[FulfilmentLine]


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """What left at once."""

    order_id: UUID
    place: int
    fulfilment_id: int
    sale_id: int
    lines: list[tuple[int, int]]
    total_minor: int
    carrier: str
    tracking: str
    sscc: str
    proof: Proof | None
    handed_over_at: datetime


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done for an order."""

    fulfilment_id: int
    act: str
    line: int | None
    pieces: int
    reason: str
    actor: str
    done_at: datetime
