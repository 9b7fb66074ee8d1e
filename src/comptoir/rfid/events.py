from uuid import UUID

from comptoir.kernel.log import Fact


class EventsCaptured(Fact, frozen=True, kw_only=True):
    """Events of a capture were stored: one fact for up to a thousand of them, or for all of a document at once."""

    kind = "rfid.events_captured"

    capture_id: UUID
    """`rfid.v_event.capture_id` of the events."""
    stored: int
    """How many are new."""
    total_before: int
    """How many of this capture were stored before them."""

    def lane_key(self) -> str:
        return f"c{self.capture_id}"
