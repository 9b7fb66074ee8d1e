"""/v1/orders/baskets: from the first article to the order, for shops, apps, tills, call centres and marketplaces alike.

Every step is safe to repeat. `shortcuts` are the same operations without the framework (kernel.http.hot).
"""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from comptoir import catalog, channels, inventory
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.http import Shortcut, raises
from comptoir.kernel.ids import uuid7
from comptoir.orders.baskets import Basket, BasketLine, Delivery
from comptoir.orders.counter import Counter
from comptoir.orders.errors import (
    BadLine,
    BasketClosed,
    BasketExists,
    IncompleteBasket,
    OutOfStock,
    PaymentRefused,
    PaymentUnclear,
    UnknownBasket,
    UnknownOrder,
    UnknownProvider,
)
from comptoir.orders.order_book import Order, order
from comptoir.orders.steps import Look, Open, SetCoupons, SetDelivery, SetLine, TakeQuote

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class NewBasket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A basket at an outlet. With an id of your own, asking again makes no second one."""

    outlet: Text
    basket_id: UUID | None = None
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")] = ""
    """ISO 4217; empty: the outlet's."""
    device: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The line as it is to be; quantity 0 takes it out."""

    sku: Text
    quantity: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 1


class Coupons(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The codes that the customer has given."""

    coupons: Annotated[list[Annotated[str, msgspec.Meta(min_length=1, max_length=60)]], msgspec.Meta(max_length=20)]


class Paying(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token of the payment provider; never a card."""

    provider: Text
    token: Text


class Nothing(msgspec.Struct, frozen=True):
    """No body is needed."""


async def open_basket(state: State, asked: NewBasket) -> Basket:
    outlet = await _counter(state).outlet(asked.outlet)
    basket = Basket(
        basket_id=asked.basket_id or uuid7(),
        outlet_id=outlet.outlet_id,
        channel=outlet.channel,
        currency=asked.currency or outlet.currency,
        device=asked.device,
    )
    return await _counter(state)(Open(basket))


async def set_line(state: State, basket_id: UUID, line: int, asked: Wanted) -> Basket:
    counter = _counter(state)
    codes = await counter.desk.learn(skus=[asked.sku])
    wanted = BasketLine(line, codes.variant(asked.sku), asked.sku, asked.quantity)
    return await counter(SetLine(basket_id, wanted, await counter.assortments.of(wanted.variant_id)))


# ---- the ordinary routes


@post(
    "/baskets",
    guards=[allow("orders:write")],
    responses=raises(channels.UnknownOutlet, BasketExists),
    status_code=HTTP_200_OK,
)
async def post_basket(state: State, data: JSONBody[NewBasket]) -> Basket:
    """Open a basket."""
    return await open_basket(state, data)


@get("/baskets/{basket_id:uuid}", guards=[allow("orders:read")], responses=raises(UnknownBasket))
async def get_basket(state: State, basket_id: FromPath[UUID]) -> Basket:
    """A basket as it is."""
    return await _counter(state)(Look(basket_id))


@put(
    "/baskets/{basket_id:uuid}/lines/{line:int}",
    guards=[allow("orders:write")],
    responses=raises(UnknownBasket, BasketClosed, BadLine, inventory.UnknownVariant, catalog.NotSold),
)
async def put_line(state: State, basket_id: FromPath[UUID], line: FromPath[int], data: JSONBody[Wanted]) -> Basket:
    """Put an article into the basket, change its quantity, or take it out (0)."""
    return await set_line(state, basket_id, line, data)


@put(
    "/baskets/{basket_id:uuid}/delivery", guards=[allow("orders:write")], responses=raises(UnknownBasket, BasketClosed)
)
async def put_delivery(state: State, basket_id: FromPath[UUID], data: JSONBody[Delivery]) -> Basket:
    """Say how the goods get to the customer."""
    return await _counter(state)(SetDelivery(basket_id, data))


@put("/baskets/{basket_id:uuid}/coupons", guards=[allow("orders:write")], responses=raises(UnknownBasket, BasketClosed))
async def put_coupons(state: State, basket_id: FromPath[UUID], data: JSONBody[Coupons]) -> Basket:
    """Give the codes of coupons."""
    return await _counter(state)(SetCoupons(basket_id, tuple(data.coupons)))


@post(
    "/baskets/{basket_id:uuid}/quote",
    guards=[allow("orders:write")],
    responses=raises(UnknownBasket, BasketClosed, IncompleteBasket, OutOfStock),
    status_code=HTTP_200_OK,
)
async def post_quote(state: State, basket_id: FromPath[UUID]) -> Basket:
    """Prices as they are now, from where the goods come, and the goods held for a quarter of an hour."""
    return await _counter(state)(TakeQuote(basket_id))


@post(
    "/baskets/{basket_id:uuid}/payment",
    guards=[allow("orders:write")],
    responses=raises(UnknownBasket, BasketClosed, IncompleteBasket, UnknownProvider, PaymentRefused, PaymentUnclear),
    status_code=HTTP_200_OK,
)
async def post_payment(state: State, basket_id: FromPath[UUID], data: JSONBody[Paying]) -> Basket:
    """Have the quoted total authorised."""
    return await _counter(state).pay(basket_id, provider=data.provider, token=data.token)


@post(
    "/baskets/{basket_id:uuid}/order",
    guards=[allow("orders:write")],
    responses=raises(UnknownBasket, IncompleteBasket, OutOfStock),
    status_code=HTTP_200_OK,
)
async def post_order(state: State, basket_id: FromPath[UUID]) -> Basket:
    """The basket becomes the order of the same id."""
    return await _counter(state).place(basket_id)


@get("/book/{order_id:uuid}", guards=[allow("orders:read")], responses=raises(UnknownOrder))
async def get_order(tx: NamedDependency[Tx], order_id: FromPath[UUID]) -> Order:
    """An order as it was agreed, and where each piece of it is now."""
    return await order(tx, order_id=order_id)


BASKETS = [post_basket, get_basket, put_line, put_delivery, put_coupons, post_quote, post_payment, post_order]
router = Router("/v1/orders", route_handlers=[*BASKETS, get_order], tags=["orders"])


# ---- without the framework


def shortcuts(state: State) -> list[Shortcut]:
    """The same operations, called directly."""
    base = "/v1/orders/baskets"

    async def at_once(asked: NewBasket, _: Actor) -> Basket:
        return await open_basket(state, asked)

    async def line(asked: Wanted, _: Actor, basket_id: UUID, line: int) -> Basket:
        return await set_line(state, basket_id, line, asked)

    async def delivery(asked: Delivery, _: Actor, basket_id: UUID) -> Basket:
        return await _counter(state)(SetDelivery(basket_id, asked))

    async def quote(asked: Nothing, _: Actor, basket_id: UUID) -> Basket:  # noqa: ARG001
        return await _counter(state)(TakeQuote(basket_id))

    async def payment(asked: Paying, _: Actor, basket_id: UUID) -> Basket:
        return await _counter(state).pay(basket_id, provider=asked.provider, token=asked.token)

    async def place(asked: Nothing, _: Actor, basket_id: UUID) -> Basket:  # noqa: ARG001
        return await _counter(state).place(basket_id)

    write = "orders:write"
    return [
        Shortcut("POST", base, write, NewBasket, at_once),
        Shortcut("PUT", base + "/{basket_id:uuid}/lines/{line:int}", write, Wanted, line),
        Shortcut("PUT", base + "/{basket_id:uuid}/delivery", write, Delivery, delivery),
        Shortcut("POST", base + "/{basket_id:uuid}/quote", write, Nothing, quote),
        Shortcut("POST", base + "/{basket_id:uuid}/payment", write, Paying, payment),
        Shortcut("POST", base + "/{basket_id:uuid}/order", write, Nothing, place),
    ]


def _counter(state: State) -> Counter:
    return state.counter
