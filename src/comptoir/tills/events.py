from uuid import UUID

from comptoir.kernel.log import Fact


class TillGapFound(Fact, frozen=True, kw_only=True):
    """Entries of a till are missing: later ones have come. Somebody must find out where they are."""

    kind = "tills.gap_found"

    device_id: UUID
    outlet_id: int
    missing: list[tuple[int, int]]
    """First and last sequence number of each gap."""

    def lane_key(self) -> str:
        return f"t{self.device_id}"


class TillGapClosed(Fact, frozen=True, kw_only=True):
    """Everything that was missing of a till has come."""

    kind = "tills.gap_closed"

    device_id: UUID
    outlet_id: int
    reached: int

    def lane_key(self) -> str:
        return f"t{self.device_id}"


class TillEntrySetAside(Fact, frozen=True, kw_only=True):
    """An entry of a till contradicts its chain, or could not be booked as told: somebody must look at it."""

    kind = "tills.entry_set_aside"

    device_id: UUID
    outlet_id: int
    sequence: int | None
    reason: str
    """unreadable, hash_differs, fork; or the code of the refusal of what it tells."""
    detail: str

    def lane_key(self) -> str:
        return f"t{self.device_id}"
