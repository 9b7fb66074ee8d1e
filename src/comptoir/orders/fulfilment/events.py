from uuid import UUID

from comptoir.kernel.log import Fact


class FulfilmentChanged(Fact, frozen=True, kw_only=True):
    """The work of a location for an order has got on: taken on, picked, ready, handed over, sent on, cancelled."""

    kind = "orders.fulfilment_changed"

    fulfilment_id: int
    order_id: UUID
    location_id: int
    method: str
    state: str
    acts: list[str]
    """What was done, in order: accept, pick, reject, ready, hand_over …"""
    open: int
    """Pieces still there for the order."""
    picked: int
    handed_over: int

    def lane_key(self) -> str:
        return f"o{self.order_id}"


class PiecesReplaced(Fact, frozen=True, kw_only=True):
    """The customer gets another article in the place of one that was not to be had: somebody should tell her."""

    kind = "orders.pieces_replaced"

    order_id: UUID
    order_number: int
    node_id: int | None
    sku: str
    """That was not to be had."""
    instead: str
    """SKU of what she gets."""
    pieces: int
    saved_minor: int
    """By so much less than agreed she pays; never below zero."""

    def lane_key(self) -> str:
        return f"o{self.order_id}"


class OrderEnded(Fact, frozen=True, kw_only=True):
    """No piece of an order is open any more."""

    kind = "orders.order_ended"

    order_id: UUID
    order_number: int
    node_id: int | None
    state: str
    """done: a piece at least was handed over; cancelled: none was."""

    def lane_key(self) -> str:
        return f"o{self.order_id}"
