"""Routes by which a quoted basket joins what there is: further lines of an order, goods for those that come back."""

from uuid import UUID

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from comptoir import inventory, pricing
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.http import raises
from comptoir.orders import rights
from comptoir.orders.aftersale import additions, for_orders
from comptoir.orders.aftersale.errors import (
    ApprovalNeeded,
    EditRefused,
    IdTaken,
    NotReturnable,
    ReturnSettled,
    TenderRefused,
)
from comptoir.orders.aftersale.records import ExchangedForOrder, ExchangeForOrder
from comptoir.orders.errors import (
    BasketClosed,
    IncompleteBasket,
    NotYourBasket,
    NotYourOrder,
    NotYourPlace,
    OutOfStock,
    UnknownBasket,
    UnknownOrder,
    UnknownSale,
)
from comptoir.orders.order_book import Order, order

MANAGER = "orders:admin"


class Adding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A basket that is quoted and paid: same outlet, same delivery, which costs nothing in it."""

    basket_id: UUID


@post(
    "/book/{order_id:uuid}/additions",
    guards=[allow("orders:write")],
    responses=raises(
        *(UnknownOrder, UnknownBasket, NotYourOrder, NotYourBasket, EditRefused, IncompleteBasket),
        *(pricing.CouponRefused,),
    ),
    status_code=HTTP_200_OK,
)
async def post_addition(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], order_id: FromPath[UUID], data: JSONBody[Adding]
) -> Order:
    """More pieces, or another article, in an order that nobody works on yet: paid by the basket's own payment."""
    await rights.must_touch(tx, actor, order_id=order_id)
    await additions.extend(tx, order_id=order_id, basket_id=data.basket_id, by=actor)
    return await order(tx, order_id=order_id)


@post(
    "/exchanges/for-order",
    guards=[allow("orders:write")],
    responses=raises(
        *(ApprovalNeeded, UnknownSale, NotReturnable, ReturnSettled, IdTaken, TenderRefused, NotYourPlace),
        *(inventory.UnknownLocation, UnknownBasket, NotYourBasket, IncompleteBasket, BasketClosed, OutOfStock),
    ),
    status_code=HTTP_200_OK,
)  # fmt: skip
async def post_exchange_for_order(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[ExchangeForOrder]
) -> ExchangedForOrder:
    """Take goods back over the counter, and place the order of a quoted basket that they pay for."""
    await rights.must_be_at(tx, actor, location=data.location)
    return await for_orders.exchange_for_order(tx, asked=data, by=actor, approved=actor.may(MANAGER))


BY_BASKET = [post_addition, post_exchange_for_order]
