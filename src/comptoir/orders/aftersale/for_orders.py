"""Goods on the counter for goods that come from elsewhere: a return that pays for an order.

The new goods are a basket that was quoted like any other: sourced and held, with its delivery. In one act the goods
come back and the basket becomes an order. What is given for them stands ready for the order as an authorisation of its
own (`exchange`), which is taken first, parcel by parcel, as the goods leave. What the order costs beyond it is paid by
the basket's own payment, of which no more is taken than that; what it costs less goes back at once.

If the order ends and something of the credit is left, nobody else gives it back: the office has a task.
"""

import msgspec

from comptoir import inventory
from comptoir.kernel.auth import Actor
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal
from comptoir.orders import payments
from comptoir.orders.aftersale import returns
from comptoir.orders.aftersale.additions import locked
from comptoir.orders.aftersale.errors import NotReturnable
from comptoir.orders.aftersale.giving import EXCHANGE
from comptoir.orders.aftersale.records import AtCounter, ExchangedForOrder, ExchangeForOrder, Return
from comptoir.orders.aftersale.refunds import refund
from comptoir.orders.baskets import Payment, ready_to_pay
from comptoir.orders.checkout import Checkout
from comptoir.orders.handover import must_touch
from comptoir.orders.sourcing import Planner, policy
from comptoir.orders.steps import PlaceOrder, SetPayment, Step


async def exchange_for_order(
    tx: Tx, *, asked: ExchangeForOrder, by: Actor, approved: bool = False
) -> ExchangedForOrder:
    """Take goods back and place the order that they pay for. The same return id again is the same exchange.

    Raises IncompleteBasket where the basket is not quoted, or costs more than comes back and is not paid; what a return
    and an order are refused for.
    """
    (place,) = await inventory.by_code(tx, [asked.location])
    basket = await locked(tx, asked.basket_id)
    at_counter = AtCounter(return_id=asked.return_id, lines=asked.lines, location=asked.location, refund=None)
    found = await returns.at_counter(tx, asked=at_counter, actor=by.name, approved=approved)
    if found.refund_minor is not None:
        return await _done(tx, found)
    must_touch(basket, by)
    quote = ready_to_pay(basket)
    if basket.currency != found.currency:
        raise NotReturnable("They were paid in another currency than the order.", currency=found.currency)

    settling = msgspec.structs.replace(asked.refund, with_delivery=False)
    total = quote.total_minor
    tenders = await refund(tx, found, settling, outlet=place.outlet, approved=approved, credit_minor=total)
    credit = sum(one.amount_minor for one in tenders if one.kind == EXCHANGE)
    payment = Payment(provider=EXCHANGE, authorisation=found.label, amount_minor=credit, currency=found.currency)
    steps: list[Step] = [PlaceOrder(basket.basket_id, by=by)]
    if credit >= total:
        steps.insert(0, SetPayment(basket.basket_id, payment, basket.attempt))
    checkout = Checkout(await inventory.places(tx), Planner(await policy(tx)))
    for answer in await checkout.run(tx, steps):
        if isinstance(answer, Refusal):
            raise answer
    if credit < total:
        await payments.stand_ready(tx, order_id=basket.basket_id, payment=payment, place=payments.CREDIT)
    await tx.run(PAYS, return_id=found.return_id, order_id=basket.basket_id)
    return await _done(tx, await returns.one(tx, return_id=found.return_id))


PAYS = "UPDATE orders.customer_return SET paid_order_id = %(order_id)s WHERE return_id = %(return_id)s"


async def _done(tx: Tx, found: Return) -> ExchangedForOrder:
    """Raises NotReturnable where the return was no exchange for an order."""
    if made := await tx.tuples(DONE, return_id=found.return_id):
        return ExchangedForOrder(found, *made[0])
    raise NotReturnable("It was given back otherwise.", return_id=str(found.return_id))


DONE = """
    SELECT o.order_id, o.order_number, coalesce(p.authorised_minor, (o.payment ->> 'amount_minor')::bigint)
    FROM orders.customer_return AS r JOIN orders.sales_order AS o ON o.order_id = r.paid_order_id
    LEFT JOIN orders.payment AS p ON p.order_id = o.order_id AND p.place = 0
    WHERE r.return_id = %(return_id)s
"""
