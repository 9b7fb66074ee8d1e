from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from comptoir.kernel.log import Fact


class SaleRecorded(Fact, frozen=True, kw_only=True):
    """Something was sold, or given back, at an outlet. Revenue is counted from this fact and `SaleCorrected` only.

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


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What a sale counts as. Amounts and signs as in `SaleRecorded`."""

    node_id: int | None
    occurred_at: datetime
    currency: str
    total_minor: int
    units: int
    categories: dict[str, tuple[int, int]]


class SaleCorrected(Fact, frozen=True, kw_only=True):
    """A sale that is on record is known better now: `before` no longer counts, `after` counts instead.

    An event had told of it, and then its shop itself, or the other way round. Who adds up `SaleRecorded` takes the one
    away and adds the other, in whatever order the facts come by.
    """

    kind = "orders.sale_corrected"

    sale_id: int
    outlet_id: int
    channel: str
    receipt_number: str
    is_return: bool
    names: list[str]
    """The first few things bought, as they are known now."""
    before: Account
    after: Account

    def lane_key(self) -> str:
        return f"s{self.sale_id}"


class OrderPlaced(Fact, frozen=True, kw_only=True):
    """A basket has become an order: its goods are committed, its payment is authorised. Nothing is sold yet."""

    kind = "orders.order_placed"

    order_id: UUID
    order_number: int
    node_id: int | None
    outlet_id: int
    channel: str
    currency: str
    total_minor: int
    units: int
    placed_at: datetime

    def lane_key(self) -> str:
        return f"o{self.order_id}" if self.node_id is None else f"n{self.node_id}"

    def when(self, now: datetime) -> datetime:  # noqa: ARG002
        return self.placed_at


class OrderExtended(Fact, frozen=True, kw_only=True):
    """An order has got further lines, before anybody worked on it."""

    kind = "orders.order_extended"

    order_id: UUID
    order_number: int
    node_id: int | None
    channel: str
    currency: str
    amount_minor: int
    """By so much it costs more."""
    units: int

    def lane_key(self) -> str:
        return f"o{self.order_id}"


class OrderCancelled(Fact, frozen=True, kw_only=True):
    """Pieces of an order are not wanted any more; `whole`: none of it is, and none was handed over."""

    kind = "orders.order_cancelled"

    order_id: UUID
    order_number: int
    node_id: int | None
    channel: str
    currency: str
    amount_minor: int
    """What need not be paid any more."""
    units: int
    whole: bool
    reason: str
    by: str
    """customer, agent or associate."""

    def lane_key(self) -> str:
        return f"o{self.order_id}" if self.node_id is None else f"n{self.node_id}"


class AddressChanged(Fact, frozen=True, kw_only=True):
    """An order goes to another address; which, stands in the order book."""

    kind = "orders.address_changed"

    order_id: UUID
    order_number: int
    node_id: int | None

    def lane_key(self) -> str:
        return f"o{self.order_id}" if self.node_id is None else f"n{self.node_id}"


class GoodsReturned(Fact, frozen=True, kw_only=True):
    """Goods have come back to a location. The money for them is told as a sale that is a return."""

    kind = "orders.goods_returned"

    return_id: UUID
    return_number: int
    order_id: UUID | None
    node_id: int | None
    location_id: int
    units: int
    reasons: list[str]

    def lane_key(self) -> str:
        return f"o{self.return_id}" if self.node_id is None else f"n{self.node_id}"


class PaymentFailed(Fact, frozen=True, kw_only=True):
    """A provider did not do what was agreed: somebody must look at it."""

    kind = "orders.payment_failed"

    order_id: UUID
    reference: str
    act: str
    """capture, refund or void."""
    detail: str

    def lane_key(self) -> str:
        return f"o{self.order_id}"


class ExternalOrderShort(Fact, frozen=True, kw_only=True):
    """An order made elsewhere was taken, but not all of it can be had: the platform and somebody here must know."""

    kind = "orders.external_order_short"

    order_id: UUID
    order_number: int
    outlet_id: int
    number: str
    """Under which the platform knows it."""
    short: list[tuple[int, str, int]]
    """Line, SKU and how many pieces are short."""

    def lane_key(self) -> str:
        return f"o{self.order_id}"


class BasketHandedOver(Fact, frozen=True, kw_only=True):
    """A basket has come to a person, to another outlet, or took in another basket. Who did it stands in `by`."""

    kind = "orders.basket_handed_over"

    basket_id: UUID
    node_id: int | None
    how: Literal["signed_in", "confirmed", "consent", "claim", "merge"]
    from_outlet_id: int
    outlet_id: int
    channel: str
    other_basket_id: UUID | None
    """Of a merge: the basket that was emptied into it."""
    by: str
    """user:…, key:… or bearer:…; empty: the house itself."""
    handed_over_at: datetime

    def lane_key(self) -> str:
        return f"o{self.basket_id}" if self.node_id is None else f"n{self.node_id}"

    def when(self, now: datetime) -> datetime:  # noqa: ARG002
        return self.handed_over_at


class BasketAbandoned(Fact, frozen=True, kw_only=True):
    """Nobody came back to a basket: what it held was let go. Told once for each time that it is left."""

    kind = "orders.basket_abandoned"

    basket_id: UUID
    node_id: int | None
    outlet_id: int
    channel: str
    currency: str
    units: int
    skus: list[str]
    """The first few things in it."""
    total_minor: int | None
    """As it was last quoted; null: it never was, or had changed since."""
    abandoned_at: datetime

    def lane_key(self) -> str:
        return f"o{self.basket_id}" if self.node_id is None else f"n{self.node_id}"

    def when(self, now: datetime) -> datetime:  # noqa: ARG002
        return self.abandoned_at


class TaskOpened(Fact, frozen=True, kw_only=True):
    """Somebody must look at something: pieces that cannot be had, work that is late, goods nobody came for."""

    kind = "orders.task_opened"

    task_id: int
    kind_of_task: str
    """not_found, lost, short, waiting, late, not_collected, not_wanted, payment …"""
    order_id: UUID | None
    location_id: int | None
    """Whose it is; null: the office's."""

    def lane_key(self) -> str:
        return f"t{self.task_id}"


class TaskClosed(Fact, frozen=True, kw_only=True):
    """Somebody has looked at it."""

    kind = "orders.task_closed"

    task_id: int

    def lane_key(self) -> str:
        return f"t{self.task_id}"
