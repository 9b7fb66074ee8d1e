from uuid import UUID

from comptoir.kernel.log import Fact


class ShortageFound(Fact, frozen=True, kw_only=True):
    """A physical fact has eaten what was promised: so many units are missing now."""

    kind = "inventory.shortage_found"

    variant_id: int
    location_id: int
    missing: int

    def lane_key(self) -> str:
        return f"v{self.variant_id}"


class ShortageEnded(Fact, frozen=True, kw_only=True):
    """Everything that is promised there lies there again."""

    kind = "inventory.shortage_ended"

    variant_id: int
    location_id: int

    def lane_key(self) -> str:
        return f"v{self.variant_id}"


class TransferShipped(Fact, frozen=True, kw_only=True):
    """Goods have left a location of ours for another one."""

    kind = "inventory.transfer_shipped"

    transfer_id: UUID
    from_location_id: int
    to_location_id: int
    units: int

    def lane_key(self) -> str:
        return f"t{self.transfer_id}"


class TransferReceived(Fact, frozen=True, kw_only=True):
    """Goods of a transfer or a delivery have come in.

    `units` now, of them `set_aside` not fit for sale and `over` more than were under way; `missing` were given up.
    """

    kind = "inventory.transfer_received"

    transfer_id: UUID
    to_location_id: int
    units: int
    set_aside: int
    over: int
    missing: int

    def lane_key(self) -> str:
        return f"t{self.transfer_id}"


class BackInStock(Fact, frozen=True, kw_only=True):
    """A unit has come free, and this one is the first who waits for it. Told once for each time that somebody asked."""

    kind = "inventory.back_in_stock"

    ask_id: UUID
    node_id: int
    """Who asked (identity.node)."""
    variant_id: int
    location_id: int
    """Where it lies."""

    def lane_key(self) -> str:
        return f"n{self.node_id}"


class CountWaits(Fact, frozen=True, kw_only=True):
    """A count differs from the book by so many units that somebody else must look at it."""

    kind = "inventory.count_waits"

    count_id: UUID
    location_id: int
    units: int

    def lane_key(self) -> str:
        return f"c{self.count_id}"


class CountPosted(Fact, frozen=True, kw_only=True):
    """A count was taken into the book; `units` is the sum of all differences, whatever their sign."""

    kind = "inventory.count_posted"

    count_id: UUID
    location_id: int
    lines: int
    units: int

    def lane_key(self) -> str:
        return f"c{self.count_id}"
