"""The steps from a basket to an order, as data. Each is safe to repeat."""

from uuid import UUID

import msgspec

from comptoir import catalog
from comptoir.orders.baskets import Basket, BasketLine, Delivery, Payment


class Open(msgspec.Struct, frozen=True):
    """A new basket; the same again is the same."""

    basket: Basket

    @property
    def basket_id(self) -> UUID:
        return self.basket.basket_id


class Look(msgspec.Struct, frozen=True):
    """The basket as it is."""

    basket_id: UUID


class SetLine(msgspec.Struct, frozen=True):
    """The line as it is to be; quantity 0 takes it out."""

    basket_id: UUID
    line: BasketLine
    sold: catalog.Sold = catalog.EVERYWHERE
    """Where the article is sold."""


class SetDelivery(msgspec.Struct, frozen=True):
    """How the goods get to the customer."""

    basket_id: UUID
    delivery: Delivery


class SetCoupons(msgspec.Struct, frozen=True):
    """The codes that the customer has given."""

    basket_id: UUID
    coupons: tuple[str, ...]


class TakeQuote(msgspec.Struct, frozen=True):
    """Prices as they are now, and the goods held for a while."""

    basket_id: UUID


class SetPayment(msgspec.Struct, frozen=True):
    """A provider has promised to pay."""

    basket_id: UUID
    payment: Payment


class DropPayment(msgspec.Struct, frozen=True):
    """The goods have gone: what was promised to be paid will be let go. An order is never made on it afterwards."""

    basket_id: UUID
    authorisation: str


class PlaceOrder(msgspec.Struct, frozen=True):
    """The goods are committed, the basket becomes the order."""

    basket_id: UUID


Step = Open | Look | SetLine | SetDelivery | SetCoupons | TakeQuote | SetPayment | DropPayment | PlaceOrder
