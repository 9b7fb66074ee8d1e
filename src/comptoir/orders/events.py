from datetime import datetime

from comptoir.kernel.log import Fact


class SaleRecorded(Fact, frozen=True, kw_only=True):
    """Something was sold, or given back, at an outlet. Revenue is counted from this fact only.

    Amounts are in minor units; everything of a return is negative, so that it can simply be added.
    """

    kind = "orders.sale_recorded"

    sale_id: int
    node_id: int | None
    """The identifier that was named (identity.node); null where nobody was."""
    outlet_id: int
    channel: str
    receipt_number: str
    occurred_at: datetime
    currency: str
    total_minor: int
    units: int
    line_count: int
    categories: dict[str, tuple[int, int]]
    """What was paid and how many pieces, by category ("Grocery / Frozen"; "" for none). The amounts are the total."""
    names: list[str]
    """The first few things bought, for a timeline."""
    is_return: bool

    def lane_key(self) -> str:
        """Sales under one identifier stay in order."""
        return f"s{self.sale_id}" if self.node_id is None else f"n{self.node_id}"

    def when(self, now: datetime) -> datetime:  # noqa: ARG002
        return self.occurred_at
