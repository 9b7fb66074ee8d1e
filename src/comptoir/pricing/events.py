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


class PromotionUsed(Fact, frozen=True, kw_only=True):
    """An order has used a promotion, by a coupon or as one of a limited number."""

    kind = "pricing.promotion_used"

    promotion_id: int
    campaign_id: int | None
    coupon_id: int
    """0: without a coupon."""
    reference: str
    person_id: int | None
    amount_minor: int

    def lane_key(self) -> str:
        return f"use {self.reference}"


class PromotionReturned(PromotionUsed, frozen=True, kw_only=True):
    """An order that had used a promotion was taken back, and somebody else may have it."""

    kind = "pricing.promotion_returned"
