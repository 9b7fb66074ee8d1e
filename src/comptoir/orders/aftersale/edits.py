"""An order is changed before its goods are picked. The price of what is kept is never reckoned anew.

Fewer pieces are a cancellation. More pieces, or another article, are paid by themselves (additions.py).
"""

from uuid import UUID

import msgspec

from comptoir.kernel.db import Tx
from comptoir.orders.aftersale.cancelling import opened
from comptoir.orders.aftersale.errors import EditRefused
from comptoir.orders.baskets import Address, Delivery
from comptoir.orders.events import AddressChanged


async def change_address(tx: Tx, *, order_id: UUID, address: Address) -> Delivery:
    """Send it elsewhere, in the same country and region: there the same taxes hold. The same again changes nothing.

    Raises EditRefused once a piece is in a box, with what to do instead.
    """
    order = await opened(tx, order_id)
    delivery, before = order.delivery, order.delivery.address
    if delivery.method != "ship" or before is None:
        raise EditRefused("It is collected at a location.", why="collected_at_shop")
    if before == address:
        return delivery
    lines = [line for work in order.works.values() for line in work.lines.values()]
    if order.state != "open":
        raise EditRefused("Nothing of the order is open any more.", why="nothing_open")
    if any(line.picked or line.handed_over for line in lines):
        raise EditRefused("Its goods are being packed: cancel what is open, and order it anew.", why="picking_begun")
    if (before.country, before.region) != (address.country, address.region):
        raise EditRefused("Other taxes hold there: cancel it, and order it anew.", why="other_taxes")
    changed = msgspec.structs.replace(delivery, address=address)
    await tx.run(WRITE, order_id=order_id, delivery=msgspec.json.encode(changed).decode())
    await tx.tell(AddressChanged(order_id=order_id, order_number=order.order_number, node_id=order.node_id))
    return changed


WRITE = "UPDATE orders.sales_order SET delivery = %(delivery)s::json WHERE order_id = %(order_id)s"
