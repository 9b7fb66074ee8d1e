"""What is sent with an act on the floor (api.py)."""

from typing import Annotated, Literal

import msgspec

from comptoir.orders.fulfilment.records import Pieces, Proof, Some, Word

Lines = Annotated[tuple[Pieces, ...], msgspec.Meta(max_length=200)]


class Accepting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who walks for it, if that is known."""

    picker: Word = ""


class Picking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many pieces of each line are in the box now."""

    picked: Lines


class HandingOver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What leaves, all that is picked if nothing is said; and how the collector showed that she may have it."""

    lines: Lines | None = None
    proof: Proof | None = None
    reference: Word = ""


class Shipping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the carrier takes, all that is picked if nothing is said."""

    carrier: Word = ""
    tracking: Word = ""
    sscc: Word = ""
    lines: Lines | None = None
    reference: Word = ""


class Rejecting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which pieces are not given, all that are open if nothing is said (with a box that is lost goes all that was in
    it); and what becomes of those nobody has.
    """

    reason: Literal["not_found", "damaged", "display", "declined", "lost"]
    lines: Lines | None = None
    otherwise: Literal["cancel", "wait"] = "cancel"
    reference: Word = ""


class Substituting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which pieces are replaced by which article, and why they are not given."""

    line: int
    pieces: Some = 1
    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    reason: Literal["not_found", "damaged", "display"]
    reference: Word = ""


class Packing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parcel."""

    carrier: Word = ""
    tracking: Word = ""
    sscc: Word = ""


class Shelving(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where it waits, and for how long."""

    shelf: Word = ""
    keep_days: Annotated[int, msgspec.Meta(ge=1, le=90)] = 7


class Sending(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By whom it goes."""

    carrier: Word = ""
    tracking: Word = ""


class NewWave(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which work is picked in one walk: that named, or what is due first."""

    location: Word
    fulfilments: Annotated[list[int], msgspec.Meta(max_length=200)] = []
    most: Annotated[int, msgspec.Meta(ge=1, le=200)] = 20
    picker: Word = ""
