from typing import Literal
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


class DeclaredTooLate(Fact, frozen=True, kw_only=True):
    """An event was declared to be an error after its session had become a count, a receipt or a shipment, which stays:
    somebody must count there again. One fact for a session.
    """

    kind = "rfid.declared_too_late"

    session_id: UUID
    session_kind: Literal["count", "receive", "ship"]
    location_id: int
    became: UUID
    """The count or the transfer."""

    def lane_key(self) -> str:
        return f"l{self.location_id}"
