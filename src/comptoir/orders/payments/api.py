"""/v1/orders/book/{order_id}/payments: what payment providers were to do for an order."""

from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.http import raises
from comptoir.orders import rights
from comptoir.orders.errors import NothingOwed, NotYourOrder, PaymentExceeded, PaymentNotFailed, UnknownOrder
from comptoir.orders.order_book import order
from comptoir.orders.payments.acts import attempts, try_again
from comptoir.orders.payments.records import Again, Attempt


@get("/", guards=[allow("orders:read")], responses=raises(UnknownOrder, NotYourOrder))
async def get_payments(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], order_id: FromPath[UUID]
) -> list[Attempt]:
    """What payment providers were to do for an order, and whether they did."""
    await rights.must_touch(tx, actor, order_id=order_id)
    await order(tx, order_id=order_id)
    return await attempts(tx, order_id=order_id)


@post(
    "/again",
    guards=[allow("orders:write")],
    responses=raises(UnknownOrder, NotYourOrder, PaymentNotFailed, PaymentExceeded, NothingOwed),
    status_code=HTTP_200_OK,
)
async def post_payments_again(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], order_id: FromPath[UUID], data: JSONBody[Again]
) -> list[Attempt]:
    """Have providers asked once more for what was given up: the card is open again, a setting was wrong."""
    await rights.must_touch(tx, actor, order_id=order_id)
    return await try_again(tx, order_id=order_id, references=data.references, actor=actor.name)


router = Router(
    "/v1/orders/book/{order_id:uuid}/payments", route_handlers=[get_payments, post_payments_again], tags=["orders"]
)
