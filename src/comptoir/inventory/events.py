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
