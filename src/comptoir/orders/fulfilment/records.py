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
    wave_id: int | None = None
    """In which walk; null leaves it as it was."""
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
    """The caller's, for this work: the same again is the same parcel. Without it, what has left in whole is not handed
    over again."""
    actor: str = ""


Reason = Literal["not_found", "damaged", "display", "declined", "lost", "short"]
"""Why pieces are not given. The first three say how they lie now; declined: the location cannot; lost: on the way;
short: more is promised there than lies there."""


class Reject(msgspec.Struct, frozen=True, kw_only=True, tag="reject"):
    """The location does not give these pieces. They are looked for elsewhere at once."""

    fulfilment_id: int
    lines: tuple[Pieces, ...] | None = None
    """So many more pieces; null: all that are open."""
    reason: Reason
    otherwise: Literal["cancel", "wait", "keep"] = "cancel"
    """What becomes of pieces that nobody has: they are not delivered, the order waits for goods, or they stay here."""
    reference: str = ""
    """The caller's, for this act on this work: the same again is done once."""
    actor: str = ""


Replaceable = Literal["never", "if_allowed", "unless_refused"]
"""Whether an article that is not to be had may be replaced: by nobody, where the customer has allowed it, or where she
has not refused it (`Delivery.replace`)."""


class Substitute(msgspec.Struct, frozen=True, kw_only=True, tag="substitute"):
    """Pieces that are not to be had are replaced by those of another article, which lies there and is in the box now.

    She pays what it costs, and never more than for what it replaces.
    """

    fulfilment_id: int
    line: int
    pieces: Some
    sku: str
    """Of the article that she gets."""
    reason: Literal["not_found", "damaged", "display"]
    """Why the others are not given, and how they lie now."""
    rule: Replaceable = "if_allowed"
    reference: str = ""
    """The caller's, for this act on this work: the same again is done once."""
    actor: str = ""


class Pack(msgspec.Struct, frozen=True, kw_only=True, tag="pack"):
    """It is in a parcel, which has a number."""

    fulfilment_id: int
    carrier: str = ""
    tracking: str = ""
    sscc: str = ""
    actor: str = ""


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready"):
    """Everything is picked and waits on a shelf, for the customer or the carrier."""

    fulfilment_id: int
    shelf: str = ""
    keep_days: int = 7
    """For so long it waits for the customer; then it goes back to the shelf it came from."""
    actor: str = ""


class Send(msgspec.Struct, frozen=True, kw_only=True, tag="send"):
    """What is picked leaves for the location where it is collected. It stays promised to the order all the way."""

    fulfilment_id: int
    carrier: str = ""
    tracking: str = ""
    actor: str = ""


class Arrive(msgspec.Struct, frozen=True, kw_only=True, tag="arrive"):
    """What was under way is here, in its box. What is missing of it is rejected afterwards, as lost. What was cancelled
    on its way belongs to the location then.
    """

    fulfilment_id: int
    actor: str = ""


class Expire(msgspec.Struct, frozen=True, kw_only=True, tag="expire"):
    """Nobody came for it in time: it goes back to the shelf, and nothing is taken for it."""

    fulfilment_id: int
    actor: str = ""


class Overdue(msgspec.Struct, frozen=True, kw_only=True, tag="overdue"):
    """It should be ready by now, and is not."""

    fulfilment_id: int
    actor: str = ""


Act = Accept | Pick | Reject | Substitute | Pack | Ready | HandOver | Send | Arrive | Expire | Overdue


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


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of one article, taken on one stop of a walk: so many for each of the works."""

    sku: str
    name: str
    category: str
    pieces: int
    fulfilments: list[tuple[int, int, int]]
    """[work, line of the order, pieces]"""


class Wave(msgspec.Struct, frozen=True, kw_only=True):
    """A walk for several works of a location, in the order of categories and articles. Only what is still to pick."""

    wave_id: int
    picker: str
    fulfilments: list[int]
    stops: list[Stop]
