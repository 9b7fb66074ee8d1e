"""What lies at a place and what is promised there, in memory: what the book works on."""

from datetime import datetime

import msgspec

from comptoir.inventory.records import Key, Promised, State, Units


class Stock(msgspec.Struct):
    """A balance, as the batch changes it."""

    sellable: int = 0
    display: int = 0
    damaged: int = 0
    quarantine: int = 0
    held: int = 0
    allocated: int = 0
    safety: int = 0
    fences: dict[str, int] = {}
    """By channel: what is left of the units kept for it."""

    def free(self, channel: str) -> int:
        """What may still be promised to the channel."""
        others = sum(left for name, left in self.fences.items() if name != channel) if self.fences else 0
        return self.sellable - self.held - self.allocated - self.safety - others

    @property
    def missing(self) -> int:
        """Of what is promised. A book below zero (a till sold what it did not know of) is no promise to anybody."""
        return max(0, self.held + self.allocated - max(0, self.sellable))


class Share(msgspec.Struct):
    """What is promised at one key under one reference."""

    quantity: int
    fenced: int = 0


class Promise(msgspec.Struct):
    """What is promised under one reference; `expires_at` is None once it is allocated."""

    shares: dict[Key, Share]
    expires_at: datetime | None
    channel: str = ""

    def answer(self, reference: str) -> Promised:
        return Promised(reference, [Units(*key, one.quantity) for key, one in self.shares.items()], self.expires_at)


class Entry(msgspec.Struct, kw_only=True, omit_defaults=False):
    """A row of the ledger to be written."""

    variant_id: int
    location_id: int
    act: str
    state: State = "sellable"
    moved: int = 0
    other_location_id: int | None = None
    other_state: State | None = None
    d_held: int = 0
    d_allocated: int = 0
    reason: str = ""
    reference: str = ""
    actor: str = ""
    occurred_at: datetime
