"""What the ledger tells those above it."""

from datetime import datetime

from comptoir.kernel.log import Fact


class ChoiceRecorded(Fact, frozen=True):
    """Somebody has said what may be done with a contact point. Whether it stands is asked of `may`."""

    kind = "consent.choice_recorded"

    choice_id: int
    node_id: int
    purpose: str
    channel: str
    state: str
    origin: str
    said_at: datetime

    def lane_key(self) -> str:
        return f"node:{self.node_id}"

    def label(self) -> str:
        return self.state
