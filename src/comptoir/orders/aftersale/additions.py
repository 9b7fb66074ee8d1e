"""More pieces, or another article, in an order that nobody works on yet.

What is added is a basket like any other: quoted, its goods held, paid by a payment of its own (so an authorisation that
a crash has cut off is found again as with every basket). Instead of an order of its own it becomes lines of this one:
its goods are promised to the order in the same act in which they are let go, its payment stands ready beside the
first. Its coupons, and what it has of limited promotions, are used under its own reference. The price of what was
ordered before is never reckoned anew, and the delivery is paid once.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from comptoir import inventory, pricing
from comptoir.kernel.auth import Actor
from comptoir.kernel.db import Tx
from comptoir.orders import order_book, payments
from comptoir.orders.aftersale import sold as books
from comptoir.orders.aftersale.cancelling import done, opened
from comptoir.orders.aftersale.errors import EditRefused
from comptoir.orders.baskets import Basket, Delivery, Part, ready_to_order, ready_to_pay
from comptoir.orders.errors import UnknownBasket
from comptoir.orders.events import OrderExtended
from comptoir.orders.fulfilment import Dossier, conclude
from comptoir.orders.fulfilment.dossiers import Line, OrderLine
from comptoir.orders.fulfilment.writing import add_works
from comptoir.orders.handover import must_touch
from comptoir.orders.keeping import settled


async def extend(tx: Tx, *, order_id: UUID, basket_id: UUID, by: Actor) -> None:
    """The basket's lines become lines of the order. The same again changes nothing.

    Raises EditRefused with why it cannot be, IncompleteBasket where the basket is not quoted or not paid,
    CouponRefused where what was reserved has lapsed and went to somebody else.
    """
    basket = await locked(tx, basket_id)
    order = await opened(tx, order_id)
    if basket.merged_into == order_id:
        return
    must_touch(basket, by)
    quote, payment = ready_to_pay(basket), ready_to_order(basket)
    fits(order, basket)
    if refused := await settled(tx, {0: basket}, "redeem"):  # coupons before the stock: the house's lock order
        raise refused[0]

    first = max(order.lines) + 1
    numbers = {one.line: first + place for place, one in enumerate(quote.lines)}
    skus = {one.line: one.sku for one in basket.lines}
    for one in quote.lines:
        assert one.variant_id is not None
        line = OrderLine(
            one.amount_minor, one.discount_minor, one.tax_minor, one.total_minor, quantity=one.quantity,
            line=numbers[one.line], variant_id=one.variant_id, sku=skus[one.line],
            unit_price_minor=one.unit_price_minor, effects=_used(one.effects, basket.reference),
        )  # fmt: skip
        order.lines[line.line] = line
        order.added.append(line)
    done(
        await inventory.post(
            tx,
            [
                inventory.Release(reference=basket.reference, actor=by.name),
                inventory.Reallocate(
                    reference=order.reference, to=basket.units(), channel=order.channel, actor=by.name
                ),
            ],
        )
    )
    await _entrust(tx, order, [msgspec.structs.replace(one, line=numbers[one.line]) for one in basket.parts], by.name)
    if payment is not None:
        known = (await payments.authorisations(tx, order_ids=[order_id])).get(order_id, [])
        place = max((one.place for one in known), default=payments.CREDIT) + 1
        await payments.stand_ready(tx, order_id=order_id, payment=payment, place=place)
    order.discount_minor += quote.discount_minor
    order.tax_minor += quote.tax_minor
    await tx.run(GROWN, order_id=order_id, total=quote.total_minor, discount=quote.discount_minor, tax=quote.tax_minor)
    await conclude(tx, [order])
    ended = msgspec.structs.replace(basket, state="merged", merged_into=order_id, held_until=None, claim=None)
    await tx.run(ENDED, id=basket_id, body=msgspec.json.encode(ended).decode(), now=tx.now)
    await tx.tell(
        OrderExtended(
            order_id=order_id,
            order_number=order.order_number,
            node_id=order.node_id,
            channel=order.channel,
            currency=order.currency,
            amount_minor=quote.total_minor,
            units=sum(one.quantity for one in quote.lines),
        )
    )


async def one_at_a_time(tx: Tx, *, act_id: UUID) -> None:
    """Who sends the same act again waits here until the first has ended: between its steps it holds no other lock."""
    await tx.run("SELECT pg_advisory_xact_lock(hashtextextended(%(id)s, 0))", id=str(act_id))


async def stand_by(tx: Tx, *, order_id: UUID) -> None:
    """Lock the order and what was sold of it: for who tries a basket, which locks the stock, and lets it join the order
    in one transaction. The house's lock order: orders before balances.
    """
    await order_book.lock(tx, order_ids=[order_id])
    await books.lock(tx, sale_ids=await books.sales_of_order(tx, order_id=order_id))


async def locked(tx: Tx, basket_id: UUID) -> Basket:
    """Before anything else: the house's lock order. Raises UnknownBasket."""
    if (body := await tx.value(LOCK, id=basket_id)) is None:
        raise UnknownBasket(basket_id=str(basket_id))
    return msgspec.json.decode(body, type=Basket)


LOCK = "SELECT body FROM orders.basket WHERE basket_id = %(id)s FOR NO KEY UPDATE"

GROWN = """
    UPDATE orders.sales_order
    SET total_minor = total_minor + %(total)s, discount_minor = discount_minor + %(discount)s,
        tax_minor = tax_minor + %(tax)s
    WHERE order_id = %(order_id)s
"""

ENDED = """
    UPDATE orders.basket SET state = 'merged', claim = NULL, body = %(body)s, changed_at = %(now)s,
        quiet_since = date_bin('10 minutes', %(now)s, 'epoch')
    WHERE basket_id = %(id)s
"""


async def _entrust(tx: Tx, order: Dossier, parts: list[Part], actor: str) -> None:
    """To the work that the location has for the order already, or as new work."""
    places = await inventory.places(tx)
    here = places.ids.get(order.delivery.location)
    new: dict[inventory.Method, list[Part]] = {}
    for part in parts:
        method: inventory.Method = order.delivery.method
        if method == "collect" and part.location_id != here:
            method = "transfer"
        known = (one for one in order.works.values() if one.state == "open" and one.method == method)
        if work := next((one for one in known if one.location_id == part.location_id), None):
            work.lines[part.line] = Line(
                line=part.line, location_id=part.location_id, variant_id=part.variant_id, quantity=part.quantity
            )
            order.note(work, "add", line=part.line, pieces=part.quantity, actor=actor)
        else:
            new.setdefault(method, []).append(part)
    for method, some in new.items():
        destination = here if method == "transfer" else None
        for work in await add_works(tx, order, some, method=method, destination_id=destination, places=places):
            order.note(work, "add", pieces=work.open, actor=actor)


def fits(order: Dossier, basket: Basket) -> None:
    """Whether the basket can go with the order. Raises EditRefused with `why`. Pure."""
    if order.state != "open":
        raise EditRefused("Nothing of the order is open any more.", why="nothing_open")
    if any(work.state not in {"open", "cancelled"} for work in order.works.values()):
        raise EditRefused("Somebody works on it already: order the rest by itself.", why="picking_begun")
    if (basket.outlet_id, basket.currency) != (order.outlet_id, order.currency):
        raise EditRefused("The basket is of another outlet.", why="other_outlet")
    if basket.delivery is None or _way(basket.delivery) != _way(order.delivery):
        raise EditRefused("The basket goes elsewhere than the order.", why="other_delivery")
    assert basket.quote
    if basket.quote.delivery.total_minor or basket.quote.delivery.discount_minor:
        raise EditRefused("The delivery is paid with the order: let the basket's cost nothing.", why="delivery_costs")


def _used(effects: Sequence[pricing.Effect], reference: str) -> list[dict[str, Any]]:
    """What is counted says under which reference it is (fulfilment.coupons)."""
    return [msgspec.to_builtins(one) | ({"reference": reference} if one.counted else {}) for one in effects]


def _way(delivery: Delivery) -> Delivery:
    return msgspec.structs.replace(delivery, amount_minor=0, replace=None)
