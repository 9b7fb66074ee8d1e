from comptoir.kernel.log import Fact


class PricesChanged(Fact, frozen=True, kw_only=True):
    """A price file came in and prices of a list are not what they were."""

    kind = "pricing.prices_changed"

    price_list: str
    new: int
    changed: int
    removed: int

    def lane_key(self) -> str:
        return f"list {self.price_list}"

    def label(self) -> str:
        return self.price_list
