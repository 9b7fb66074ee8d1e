"""/v1/orders/baskets: from the first article to the order, for shops, apps, tills, call centres and marketplaces alike.

Every step is safe to repeat. `shortcuts` are the same operations without the framework (kernel.http.hot).
"""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from comptoir import catalog, channels, inventory, pricing
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.http import Shortcut, raises
from comptoir.kernel.ids import uuid7
from comptoir.orders.basket_view import BasketView, view
from comptoir.orders.baskets import Basket, BasketLine, Delivery
from comptoir.orders.counter import Counter
from comptoir.orders.errors import (
    BadLine,
    BasketClosed,
    BasketExists,
    BasketMerged,
    IncompleteBasket,
    NotYourBasket,
    NotYourOrder,
    OutOfStock,
    PaymentRefused,
    PaymentUnclear,
    TooManyHeld,
    UnknownBasket,
    UnknownOrder,
    UnknownProvider,
)
from comptoir.orders.order_book import Order, order
from comptoir.orders.rights import must_touch
from comptoir.orders.steps import Look, Open, SetDelivery, SetGroups, SetLine, Step, TakeQuote

CHANGE = (UnknownBasket, NotYourBasket, BasketClosed, BasketMerged)
"""Why a basket is not changed."""

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
    saved: bool = False
    """For later: neither quoted nor held."""


class Coupons(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The codes that the customer has given."""

    coupons: Annotated[list[Annotated[str, msgspec.Meta(min_length=1, max_length=60)]], msgspec.Meta(max_length=20)]


class Groups(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The groups of customers whose prices hold; none: everybody's prices."""

    groups: Annotated[list[Annotated[str, msgspec.Meta(min_length=1, max_length=60)]], msgspec.Meta(max_length=20)]


class Paying(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token of the payment provider; never a card."""

    provider: Text
    token: Text


class Nothing(msgspec.Struct, frozen=True):
    """No body is needed."""


async def open_basket(state: State, asked: NewBasket, by: Actor) -> BasketView:
    counter = counter_of(state)
    outlet = await counter.outlet(asked.outlet)
    basket = Basket(
        basket_id=asked.basket_id or uuid7(),
        outlet_id=outlet.outlet_id,
        outlet=outlet.code,
        channel=outlet.channel,
        currency=asked.currency or outlet.currency,
        device=asked.device,
    )
    return view(await counter(Open(basket, by=by)), counter.desk.known, by)


async def set_line(state: State, basket_id: UUID, line: int, asked: Wanted, by: Actor) -> BasketView:
    counter = counter_of(state)
    codes = await counter.desk.learn(skus=[asked.sku])
    wanted = BasketLine(line, codes.variant(asked.sku), asked.sku, asked.quantity)
    sold = await counter.assortments.of(wanted.variant_id)
    step = SetLine(basket_id, wanted, sold, asked.saved, by=by)
    return view(await counter(step), counter.desk.known, by)


async def done(state: State, step: Step) -> BasketView:
    """The basket after a step, as whoever asked for it may see it."""
    counter = counter_of(state)
    return view(await counter(step), counter.desk.known, step.by)


async def paid(state: State, basket_id: UUID, asked: Paying, by: Actor) -> BasketView:
    counter = counter_of(state)
    basket = await counter.pay(basket_id, provider=asked.provider, token=asked.token, by=by)
    return view(basket, counter.desk.known, by)


async def ordered(state: State, basket_id: UUID, by: Actor) -> BasketView:
    counter = counter_of(state)
    return view(await counter.place(basket_id, by=by), counter.desk.known, by)


# ---- the ordinary routes


@post(
    "/baskets",
    guards=[allow("orders:write")],
    responses=raises(channels.UnknownOutlet, BasketExists, NotYourBasket),
    status_code=HTTP_200_OK,
)
async def post_basket(state: State, actor: NamedDependency[Actor], data: JSONBody[NewBasket]) -> BasketView:
    """Open a basket."""
    return await open_basket(state, data, actor)


@get("/baskets/{basket_id:uuid}", guards=[allow("baskets:read")], responses=raises(UnknownBasket, NotYourBasket))
async def get_basket(state: State, actor: NamedDependency[Actor], basket_id: FromPath[UUID]) -> BasketView:
    """A basket as it is."""
    return await done(state, Look(basket_id, by=actor))


@put(
    "/baskets/{basket_id:uuid}/lines/{line:int}",
    guards=[allow("baskets:write")],
    responses=raises(*CHANGE, BadLine, inventory.UnknownVariant, catalog.NotSold),
)
async def put_line(
    state: State,
    actor: NamedDependency[Actor],
    basket_id: FromPath[UUID],
    line: FromPath[int],
    data: JSONBody[Wanted],
) -> BasketView:
    """Put an article into the basket, change its quantity, save it for later, or take it out (0)."""
    return await set_line(state, basket_id, line, data, actor)


@put(
    "/baskets/{basket_id:uuid}/delivery",
    guards=[allow("baskets:write")],
    responses=raises(*CHANGE, IncompleteBasket),
)
async def put_delivery(
    state: State, actor: NamedDependency[Actor], basket_id: FromPath[UUID], data: JSONBody[Delivery]
) -> BasketView:
    """Say how the goods get to the customer. What that costs stays as the shop has said if her own device asks."""
    return await done(state, SetDelivery(basket_id, data, by=actor))


@put(
    "/baskets/{basket_id:uuid}/coupons",
    guards=[allow("baskets:write")],
    responses=raises(*CHANGE, pricing.TooManyGuesses),
)
async def put_coupons(
    state: State, actor: NamedDependency[Actor], basket_id: FromPath[UUID], data: JSONBody[Coupons]
) -> BasketView:
    """Give the codes of coupons. Twenty unknown ones in ten minutes, and none is looked at for a while."""
    counter = counter_of(state)
    basket = await counter.give_coupons(basket_id, tuple(data.coupons), by=actor)
    return view(basket, counter.desk.known, actor)


@put("/baskets/{basket_id:uuid}/groups", guards=[allow("orders:write")], responses=raises(*CHANGE))
async def put_groups(
    state: State, actor: NamedDependency[Actor], basket_id: FromPath[UUID], data: JSONBody[Groups]
) -> BasketView:
    """Say to which groups of customers she belongs. A shopper's own device may not: it would choose its prices."""
    return await done(state, SetGroups(basket_id, tuple(dict.fromkeys(data.groups)), by=actor))


@post(
    "/baskets/{basket_id:uuid}/quote",
    guards=[allow("baskets:write")],
    responses=raises(*CHANGE, IncompleteBasket, OutOfStock, TooManyHeld, catalog.NotSold),
    status_code=HTTP_200_OK,
)
async def post_quote(state: State, actor: NamedDependency[Actor], basket_id: FromPath[UUID]) -> BasketView:
    """Prices as they are now, from where the goods come, and the goods held for a quarter of an hour."""
    return await done(state, TakeQuote(basket_id, by=actor))


@post(
    "/baskets/{basket_id:uuid}/payment",
    guards=[allow("baskets:write")],
    responses=raises(*CHANGE, IncompleteBasket, UnknownProvider, PaymentRefused, PaymentUnclear),
    status_code=HTTP_200_OK,
)
async def post_payment(
    state: State, actor: NamedDependency[Actor], basket_id: FromPath[UUID], data: JSONBody[Paying]
) -> BasketView:
    """Have the quoted total authorised."""
    return await paid(state, basket_id, data, actor)


@post(
    "/baskets/{basket_id:uuid}/order",
    guards=[allow("baskets:write")],
    responses=raises(UnknownBasket, NotYourBasket, BasketMerged, IncompleteBasket, OutOfStock),
    status_code=HTTP_200_OK,
)
async def post_order(state: State, actor: NamedDependency[Actor], basket_id: FromPath[UUID]) -> BasketView:
    """The basket becomes the order of the same id."""
    return await ordered(state, basket_id, actor)


@get("/book/{order_id:uuid}", guards=[allow("orders:read")], responses=raises(UnknownOrder, NotYourOrder))
async def get_order(tx: NamedDependency[Tx], actor: NamedDependency[Actor], order_id: FromPath[UUID]) -> Order:
    """An order as it was agreed, and where each piece of it is now."""
    await must_touch(tx, actor, order_id=order_id)
    return await order(tx, order_id=order_id)


BASKETS = [
    post_basket,
    get_basket,
    put_line,
    put_delivery,
    put_coupons,
    put_groups,
    post_quote,
    post_payment,
    post_order,
    get_order,
]


# ---- without the framework


def shortcuts(state: State) -> list[Shortcut]:
    """The same operations, called directly."""
    base = "/v1/orders/baskets"

    async def at_once(asked: NewBasket, by: Actor) -> BasketView:
        return await open_basket(state, asked, by)

    async def line(asked: Wanted, by: Actor, basket_id: UUID, line: int) -> BasketView:
        return await set_line(state, basket_id, line, asked, by)

    async def delivery(asked: Delivery, by: Actor, basket_id: UUID) -> BasketView:
        return await done(state, SetDelivery(basket_id, asked, by=by))

    async def quote(asked: Nothing, by: Actor, basket_id: UUID) -> BasketView:  # noqa: ARG001
        return await done(state, TakeQuote(basket_id, by=by))

    async def payment(asked: Paying, by: Actor, basket_id: UUID) -> BasketView:
        return await paid(state, basket_id, asked, by)

    async def place(asked: Nothing, by: Actor, basket_id: UUID) -> BasketView:  # noqa: ARG001
        return await ordered(state, basket_id, by)

    write = "baskets:write"
    return [
        Shortcut("POST", base, "orders:write", NewBasket, at_once),
        Shortcut("PUT", base + "/{basket_id:uuid}/lines/{line:int}", write, Wanted, line),
        Shortcut("PUT", base + "/{basket_id:uuid}/delivery", write, Delivery, delivery),
        Shortcut("POST", base + "/{basket_id:uuid}/quote", write, Nothing, quote),
        Shortcut("POST", base + "/{basket_id:uuid}/payment", write, Paying, payment),
        Shortcut("POST", base + "/{basket_id:uuid}/order", write, Nothing, place),
    ]


def counter_of(state: State) -> Counter:
    return state.counter
