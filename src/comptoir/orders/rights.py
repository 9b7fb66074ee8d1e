"""Whose an order is: users and keys of some shops act on what has to do with these, and on goods in their own hands.

An order has to do with the outlet where it was placed, with those from which its goods come or where they are
collected, and with those that took some of them back. What comes back is taken anywhere, by whoever has it on the
counter. Who is of no shop in particular may act on all of it.

They also see what has to do with them, and no more: lists hold theirs only. What is needed to take goods back (the
receipts, what may still come back, what may be done) is open to every shop, since customers bring goods anywhere.
"""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

from comptoir import channels
from comptoir.kernel.auth import Actor
from comptoir.kernel.db import Tx, ints
from comptoir.kernel.errors import Refusal
from comptoir.orders.errors import NotYourOrder, NotYourPlace
from comptoir.orders.records import NewSale


async def must_touch(tx: Tx, by: Actor, *, order_id: UUID) -> None:
    """Raises NotYourOrder; of one that does not exist others speak."""
    if by.outlets and not await touches(tx, by, order_id=order_id) and await tx.value(KNOWN, order_id=order_id):
        raise NotYourOrder(order_id=str(order_id))


async def touches(tx: Tx, by: Actor, *, order_id: UUID) -> bool:
    """Whether the order has to do with the outlets of whoever asks."""
    return not by.outlets or await tx.value(TOUCHES, order_id=order_id, outlets=ints(sorted(by.outlets)))


async def must_touch_sale(tx: Tx, by: Actor, *, sale_id: int) -> None:
    """Of an order's parcel, or of a return for it: as the order; else the outlet's own. Raises NotYourOrder."""
    if not by.outlets:
        return
    order_id, mine = (await tx.tuples(OF_SALE, sale_id=sale_id, outlets=ints(sorted(by.outlets))) or [(None, True)])[0]
    if mine or (order_id is not None and await touches(tx, by, order_id=order_id)):
        return
    raise NotYourOrder(sale_id=sale_id)


async def must_touch_document(tx: Tx, by: Actor, *, document_id: UUID) -> None:
    """As its receipt. Raises NotYourOrder."""
    if by.outlets and (sale_id := await tx.value(OF_DOCUMENT, document_id=document_id)) is not None:
        await must_touch_sale(tx, by, sale_id=sale_id)


async def must_touch_return(tx: Tx, by: Actor, *, return_id: UUID) -> None:
    """Of an order of theirs, of goods that lie in their shop, or of what only they have sold. Raises NotYourOrder.

    To announce goods for one's own shop makes a stranger's sale nobody's: they must have come.
    """
    if not by.outlets:
        return
    found = await tx.tuples(OF_RETURN, return_id=return_id, outlets=ints(sorted(by.outlets)))
    order_id, mine = (found or [(None, True)])[0]
    if mine or (order_id is not None and await touches(tx, by, order_id=order_id)):
        return
    raise NotYourOrder(return_id=str(return_id))


async def must_be_at(tx: Tx, by: Actor, *, location: str) -> None:
    """Whether goods at this location are in their hands. Raises NotYourPlace; of one that is none, others speak."""
    if not by.outlets:
        return
    for (outlet_id,) in await tx.tuples(OF_LOCATION, code=location):
        if outlet_id not in by.outlets:
            raise NotYourPlace(location=location)


async def sold_by(tx: Tx, by: Actor, sales: Sequence[NewSale | Refusal]) -> list[NewSale | Refusal]:
    """The sales, those of other outlets as NotYourPlace; of an outlet that is none, others speak."""
    if not by.outlets:
        return list(sales)
    theirs = {one.code for one in await channels.outlets(tx) if not by.at(one.outlet_id)}
    return [
        NotYourPlace("The sale is of another shop.", outlet=one.outlet)
        if isinstance(one, NewSale) and one.outlet in theirs
        else one
        for one in sales
    ]


async def must_work_at(tx: Tx, by: Actor, *, fulfilment_id: int) -> None:
    """Raises NotYourPlace."""
    if not await works_at(tx, by, fulfilment_id=fulfilment_id):
        raise NotYourPlace(fulfilment_id=fulfilment_id)


async def must_look_into(tx: Tx, by: Actor, *, task_id: int) -> None:
    """A matter of one of their locations; those of the office are not. Raises NotYourPlace."""
    if by.outlets and not all(one in by.outlets for one in await tx.values(OF_TASK, task_id=task_id)):
        raise NotYourPlace(task_id=task_id)


async def works_at(tx: Tx, by: Actor, *, fulfilment_id: int) -> bool:
    """Whether the work is of one of their locations; of one that does not exist others speak."""
    if not by.outlets:
        return True
    found = await tx.tuples(OF_WORK, fulfilment_id=fulfilment_id)
    return all(outlet_id in by.outlets for (outlet_id,) in found)


HERS: LiteralString = """(
    o.outlet_id = ANY(%(outlets)s::int[])
    OR EXISTS (
        SELECT FROM inventory.v_location AS p
        WHERE p.code = o.delivery ->> 'location' AND p.outlet_id = ANY(%(outlets)s::int[]))
    OR EXISTS (
        SELECT FROM orders.fulfilment AS f
        JOIN inventory.v_location AS p ON p.location_id IN (f.location_id, f.destination_id)
        WHERE f.order_id = o.order_id AND p.outlet_id = ANY(%(outlets)s::int[]))
    OR EXISTS (
        SELECT FROM orders.customer_return AS r JOIN inventory.v_location AS p USING (location_id)
        WHERE r.order_id = o.order_id AND r.state = 'received' AND p.outlet_id = ANY(%(outlets)s::int[])))
"""
"""Whether the order `o` has to do with these outlets."""

TOUCHES: LiteralString = f"""
    SELECT EXISTS (SELECT FROM orders.sales_order AS o WHERE o.order_id = %(order_id)s AND {HERS})
"""  # noqa: S608 constants

KNOWN = "SELECT EXISTS (SELECT FROM orders.sales_order WHERE order_id = %(order_id)s)"

OF_SALE = """
    SELECT p.order_id, s.outlet_id = ANY(%(outlets)s::int[])
    FROM orders.sale AS s LEFT JOIN orders.parcel AS p ON p.sale_id = coalesce(s.origin_sale_id, s.sale_id)
    WHERE s.sale_id = %(sale_id)s
"""

OF_DOCUMENT = "SELECT sale_id FROM orders.document WHERE document_id = %(document_id)s"

OF_RETURN = """
    SELECT r.order_id, coalesce(r.state = 'received' AND p.outlet_id = ANY(%(outlets)s::int[]), false)
        OR (r.order_id IS NULL AND NOT EXISTS (
            SELECT FROM orders.customer_return_line AS l JOIN orders.sale AS s USING (sale_id)
            WHERE l.return_id = r.return_id AND s.outlet_id <> ALL(%(outlets)s::int[])))
    FROM orders.customer_return AS r LEFT JOIN inventory.v_location AS p USING (location_id)
    WHERE r.return_id = %(return_id)s
"""

OF_LOCATION = "SELECT outlet_id FROM inventory.v_location WHERE code = %(code)s"

OF_WORK = """
    SELECT p.outlet_id FROM orders.fulfilment AS f JOIN inventory.v_location AS p USING (location_id)
    WHERE f.fulfilment_id = %(fulfilment_id)s
"""

OF_TASK = """
    SELECT p.outlet_id FROM orders.task AS t LEFT JOIN inventory.v_location AS p USING (location_id)
    WHERE t.task_id = %(task_id)s
"""
