"""What was sold and what of it has come back: read under the lock of the sale, so that no piece comes back twice.

What comes back belongs to a line of a sale (orders.sale), whatever its channel: a till's receipt, or the receipt of a
parcel of an order. So its price, discount and tax are those that were recorded, and each piece has its stored share.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from comptoir.kernel.db import Tx, ints
from comptoir.orders.aftersale.errors import NotReturnable
from comptoir.orders.aftersale.records import Return
from comptoir.orders.errors import UnknownSale
from comptoir.orders.records import Tender
from comptoir.orders.shares import Priced


class SoldLine(Priced, frozen=True, kw_only=True):
    """A line of a sale. `quantity` is in pieces; what is sold by weight comes back whole, as one."""

    line_number: int
    kind: str
    sku: str | None
    variant_id: int | None
    name: str | None
    thousandths: int
    refunded: int = 0
    """Pieces whose money was given back: through a return of ours, or by a receipt that says what it takes back."""
    taken: int = 0
    """Pieces that came back or whose money was given back, whichever is more."""

    @property
    def left(self) -> int:
        """Pieces that may still come back."""
        return max(0, self.quantity - self.taken)


class Sold(msgspec.Struct, frozen=True, kw_only=True):
    """A sale with what of it has come back."""

    sale_id: int
    outlet: str
    receipt_number: str
    node_id: int | None
    currency: str
    tax_included: bool
    total_minor: int
    given_minor: int
    """Of the total, was given back already."""
    occurred_at: datetime
    order_id: UUID | None
    """Of a parcel: its order."""
    lines: list[SoldLine]
    tenders: list[Tender]

    @property
    def left_minor(self) -> int:
        return max(0, self.total_minor - self.given_minor)

    def line(self, line_number: int) -> SoldLine | None:
        return next((one for one in self.lines if one.line_number == line_number), None)


async def lock(tx: Tx, *, sale_ids: Iterable[int]) -> None:
    """Whoever takes back pieces of sales locks them first, in the order of those who correct them."""
    await tx.run(LOCK, ids=ints(sorted(set(sale_ids))))


LOCK = """
    SELECT FROM orders.sale WHERE sale_id = ANY(%(ids)s::bigint[])
    ORDER BY receipt_number, outlet_id FOR NO KEY UPDATE
"""


async def sold(tx: Tx, *, sale_ids: Collection[int]) -> dict[int, Sold]:
    """These sales; raises UnknownSale where one is none, or is itself a return."""
    wanted = sorted(set(sale_ids))
    found = {one.sale_id: one for one in await tx.many(Sold, SOLD, ids=ints(wanted))}
    if missing := [one for one in wanted if one not in found]:
        raise UnknownSale(f"There is no sale {missing[0]}.", sale_id=missing[0])
    ours = {
        (sale_id, line): (refunded, taken) for sale_id, line, refunded, taken in await tx.tuples(OURS, ids=ints(wanted))
    }
    foreign: dict[int, dict[tuple[str, str], int]] = {}
    for sale_id, kind, sku, pieces in await tx.tuples(FOREIGN, ids=ints(wanted)):
        foreign.setdefault(sale_id, {})[kind, sku] = pieces
    return {one.sale_id: counted(one, ours, foreign.get(one.sale_id, {})) for one in found.values()}


async def sales_of_order(tx: Tx, *, order_id: UUID) -> list[int]:
    """The sales of an order's parcels, the first first."""
    return await tx.values(OF_ORDER, order_id=order_id)


OF_ORDER = "SELECT sale_id FROM orders.parcel WHERE order_id = %(order_id)s ORDER BY place"


async def order_of(tx: Tx, *, sale_id: int) -> UUID | None:
    """The order whose parcel a sale is of, or a return; None: it was sold over the counter."""
    return await tx.value(ITS_ORDER, sale_id=sale_id)


ITS_ORDER = """
    SELECT p.order_id FROM orders.sale AS s JOIN orders.parcel AS p ON p.sale_id = coalesce(s.origin_sale_id, s.sale_id)
    WHERE s.sale_id = %(sale_id)s
"""

SOLD = """
    SELECT s.sale_id, o.code AS outlet, s.receipt_number, s.occurred_at, s.node_id, s.currency, s.tax_included,
           s.total_minor,
           (SELECT coalesce(-sum(r.total_minor), 0)::bigint FROM orders.sale AS r WHERE r.origin_sale_id = s.sale_id)
               AS given_minor,
           (SELECT p.order_id FROM orders.parcel AS p WHERE p.sale_id = s.sale_id) AS order_id,
           (SELECT coalesce(json_agg(l ORDER BY l.line_number), '[]') FROM (
                SELECT line_number, kind, sku, variant_id,
                       coalesce(name, (SELECT v.name FROM catalog.v_variant AS v WHERE v.variant_id = x.variant_id))
                           AS name,
                       quantity AS thousandths,
                       CASE WHEN quantity > 0 AND quantity %% 1000 = 0 THEN quantity / 1000 ELSE 1 END AS quantity,
                       amount_minor, discount_minor, tax_minor,
                       amount_minor - discount_minor + CASE WHEN s.tax_included THEN 0 ELSE tax_minor END AS total_minor
                FROM orders.sale_line AS x WHERE x.sale_id = s.sale_id) AS l) AS lines,
           (SELECT coalesce(json_agg(t ORDER BY t.place), '[]') FROM (
                SELECT place, kind, amount_minor, reference FROM orders.tender AS y WHERE y.sale_id = s.sale_id) AS t)
               AS tenders
    FROM orders.sale AS s JOIN channels.v_outlet AS o USING (outlet_id)
    WHERE s.sale_id = ANY(%(ids)s::bigint[]) AND NOT s.is_return
"""

OURS = """
    SELECT l.sale_id, l.line_number, sum(l.refunded)::bigint, sum(greatest(l.refunded, l.received))::bigint
    FROM orders.customer_return_line AS l JOIN orders.customer_return AS r USING (return_id)
    WHERE l.sale_id = ANY(%(ids)s::bigint[]) AND r.state <> 'given_up'
    GROUP BY l.sale_id, l.line_number
"""

# Receipts that tills recorded by themselves. Ours have a number that begins like no till's (returns.NUMBER).
FOREIGN = """
    SELECT r.origin_sale_id, l.kind, coalesce(l.sku, ''),
           sum(CASE WHEN l.quantity %% 1000 = 0 THEN -l.quantity / 1000 ELSE 1 END)::bigint
    FROM orders.sale AS r JOIN orders.sale_line AS l USING (sale_id)
    WHERE r.origin_sale_id = ANY(%(ids)s::bigint[]) AND r.receipt_number NOT LIKE 'return/%%'
    GROUP BY 1, 2, 3
"""


def counted(sale: Sold, ours: dict[tuple[int, int], tuple[int, int]], foreign: dict[tuple[str, str], int]) -> Sold:
    """With what has come back: by our own returns line by line; a till's receipt names articles, so line after line."""
    lines: list[SoldLine] = []
    for line in sale.lines:
        refunded, taken = ours.get((sale.sale_id, line.line_number), (0, 0))
        key = line.kind, line.sku or ""
        more = max(0, min(foreign.get(key, 0), line.quantity - taken))
        if more:
            foreign[key] -= more
        lines.append(msgspec.structs.replace(line, refunded=refunded + more, taken=taken + more))
    return msgspec.structs.replace(sale, lines=lines)


def only_once(found: Return, sales: Mapping[int, Sold]) -> None:
    """Whether the pieces of a return have not come back, or been paid back, by another one. Raises NotReturnable."""
    wanted: dict[tuple[int, int], tuple[int, int]] = {}
    for one in found.lines:
        quantity, mine = wanted.get((one.sale_id, one.line_number), (0, 0))
        wanted[one.sale_id, one.line_number] = quantity + one.quantity, mine + max(one.received, one.refunded)
    for (sale_id, number), (quantity, mine) in wanted.items():
        line = sales[sale_id].line(number)
        left = line.left + mine if line else 0
        if quantity > left:
            raise NotReturnable(
                f"Meanwhile they have come back otherwise: {left} are left.",
                sale_id=sale_id,
                line_number=number,
                left=left,
            )
