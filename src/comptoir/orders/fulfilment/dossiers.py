"""All that belongs to an order while it is worked on, in memory and under lock: `look`, change it, `writing.write`.

Whoever changes what becomes of an order's pieces locks the order first; so the rows beneath need no locks of their own.
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from comptoir import inventory
from comptoir.kernel.db import Tx, ints, uuids
from comptoir.orders import order_book
from comptoir.orders.baskets import Delivery, Payment
from comptoir.orders.fulfilment.errors import BadPieces
from comptoir.orders.shares import Money, Priced, delivery_of


class Line(msgspec.Struct, kw_only=True):
    """Pieces of an order's line at one location (orders.fulfilment_line)."""

    line: int
    location_id: int
    variant_id: int
    quantity: int
    picked: int = 0
    handed_over: int = 0
    cancelled: int = 0
    rejected: int = 0
    sent: int = 0
    lost: int = 0
    """Of pieces on their way here: rejected as lost. They do not come."""

    @property
    def open(self) -> int:
        return self.quantity - self.handed_over - self.cancelled - self.rejected - self.sent

    @property
    def coming(self) -> int:
        """On their way here, also those that the order does not want any more."""
        return self.quantity - self.lost if self.location_id == inventory.TRANSIT else 0


class Work(msgspec.Struct, kw_only=True):
    """The work of one location (orders.fulfilment)."""

    fulfilment_id: int
    order_id: UUID
    location_id: int
    method: str
    destination_id: int | None
    state: str
    due_at: datetime | None
    late: bool
    keep_until: datetime | None
    picker: str
    wave_id: int | None
    shelf: str
    carrier: str
    tracking: str
    sscc: str
    promised_on: date | None = None
    """In the capacity of which day it counts."""
    lines: dict[int, Line] = msgspec.field(default_factory=dict[int, Line])
    acts: list[str] = msgspec.field(default_factory=list[str])
    """What has been done to it now."""

    @property
    def open(self) -> int:
        return sum(one.open for one in self.lines.values())

    def line(self, number: int) -> Line:
        """Raises BadPieces."""
        if (found := self.lines.get(number)) is None:
            raise BadPieces(f"The work has no line {number}.", line=number, lines=sorted(self.lines))
        return found

    def settle(self) -> None:
        """Work of which nothing is open any more is done, or was for nothing. A box on its way comes all the same."""
        if self.state == "coming" and any(one.coming for one in self.lines.values()):
            return
        if not self.open and self.state not in {"done", "cancelled"}:
            left = any(one.handed_over or one.sent for one in self.lines.values())
            self.state = "done" if left else "cancelled"


class OrderLine(Priced, frozen=True, kw_only=True):
    """A line as it was quoted (orders.sales_order_line)."""

    line: int
    variant_id: int
    sku: str
    unit_price_minor: int
    effects: list[dict[str, Any]]
    instead_of: int | None = None
    """The line whose pieces these replace."""


class Dossier(msgspec.Struct, kw_only=True):
    """An order with its works."""

    order_id: UUID
    order_number: int
    outlet_id: int
    outlet: str
    channel: str
    node_id: int | None
    currency: str
    delivery: Delivery
    payment: Payment | None
    delivery_minor: int
    discount_minor: int
    tax_minor: int
    state: str
    parcels: int
    """How many have left."""
    references: list[tuple[int, str, str]]
    """Of acts that were done: of which work, which act, the caller's own reference."""
    waited: list[tuple[int, int]] = []
    """Lines and their pieces that no location had been found for when it was looked at."""
    lines: dict[int, OrderLine] = msgspec.field(default_factory=dict[int, OrderLine])
    works: dict[int, Work] = msgspec.field(default_factory=dict[int, Work])
    notes: list[dict[str, Any]] = msgspec.field(default_factory=list[dict[str, Any]])
    """Acts to be written down."""
    added: list[OrderLine] = msgspec.field(default_factory=list[OrderLine])
    """Lines that it has got."""
    promised: list[tuple[int, date]] = msgspec.field(default_factory=list[tuple[int, date]])
    """Where it counts anew in the capacity of a day: location and day."""

    @property
    def reference(self) -> str:
        """Under which its goods are promised."""
        return str(self.order_id)

    def pieces(self, number: int) -> Iterable[Line]:
        """Those of an order's line, wherever they are."""
        return (found for work in self.works.values() if (found := work.lines.get(number)))

    def handed_over(self, number: int) -> int:
        return sum(one.handed_over for one in self.pieces(number))

    def was_done(self, work: Work, act: str, reference: str) -> bool:
        """Whether the caller says it again. Two locations may number their acts alike."""
        return bool(reference) and (work.fulfilment_id, act, reference) in self.references

    def waiting(self, number: int) -> int:
        """Pieces that no location has been found for."""
        return self.lines[number].quantity - sum(one.quantity - one.rejected - one.sent for one in self.pieces(number))

    def delivery_money(self) -> Money:
        """What the delivery costs: the order's sums beyond those of the lines that were agreed."""
        return delivery_of(
            delivery_minor=self.delivery_minor,
            discount_minor=self.discount_minor,
            tax_minor=self.tax_minor,
            lines=(one for one in self.lines.values() if one.instead_of is None),
        )

    def settle(self) -> bool:
        """Whether it has ended now: nothing is open and nobody waits for goods."""
        if self.state != "open" or any(one.open for one in self.works.values()):
            return False
        if any(self.waiting(number) for number in self.lines):
            return False
        handed = any(one.handed_over for work in self.works.values() for one in work.lines.values())
        self.state = "done" if handed else "cancelled"
        return True

    def note(
        self, work: Work, act: str, *, line: int | None = None, pieces: int = 0, reason: str = "",
        reference: str = "", actor: str = "",
    ) -> None:  # fmt: skip
        work.acts.append(act)
        self.references += [(work.fulfilment_id, act, reference)] if reference else []
        self.notes.append(
            {
                "fulfilment_id": work.fulfilment_id,
                "order_id": self.order_id,
                "act": act,
                "line": line,
                "pieces": pieces,
                "reason": reason,
                "reference": reference,
                "actor": actor,
            }
        )


async def orders_of(tx: Tx, fulfilment_ids: Collection[int]) -> dict[int, UUID]:
    """Whose work it is; that never changes."""
    return dict(await tx.tuples(ORDERS_OF, ids=ints(sorted(fulfilment_ids))))


ORDERS_OF = "SELECT fulfilment_id, order_id FROM orders.fulfilment WHERE fulfilment_id = ANY(%(ids)s::bigint[])"


async def look(tx: Tx, order_ids: Collection[UUID]) -> dict[UUID, Dossier]:
    """The orders, locked, with all that is known of their pieces. Unknown ids are not among them."""
    await order_book.lock(tx, order_ids=order_ids)
    ids = uuids(order_ids)
    found = {one.order_id: one for one in await tx.many(Dossier, DOSSIERS, ids=ids)}
    for order_id, *line in await tx.tuples(LINES, ids=ids):
        number, variant_id, sku, unit_price, effects, instead_of, quantity, amount, discount, tax, total = line
        found[order_id].lines[number] = OrderLine(
            amount, discount, tax, total, quantity=quantity, line=number, variant_id=variant_id, sku=sku,
            unit_price_minor=unit_price, effects=effects, instead_of=instead_of,
        )  # fmt: skip
    works = {one.fulfilment_id: one for one in await tx.many(Work, WORKS, ids=ids)}
    for work in works.values():
        found[work.order_id].works[work.fulfilment_id] = work
    for fulfilment_id, *numbers in await tx.tuples(PIECES, ids=ids, transit=inventory.TRANSIT):
        works[fulfilment_id].lines[numbers[0]] = Line(**dict(zip(Line.__struct_fields__, numbers, strict=True)))
    return found


DOSSIERS = """
    SELECT o.order_id, o.order_number, o.outlet_id,
           (SELECT code FROM channels.v_outlet AS c WHERE c.outlet_id = o.outlet_id) AS outlet, o.channel, o.node_id,
           o.currency, o.delivery, o.payment, o.delivery_minor, o.discount_minor, o.tax_minor, o.state,
           (SELECT count(*) FROM orders.parcel AS p WHERE p.order_id = o.order_id)::integer AS parcels,
           (SELECT coalesce(json_agg(json_build_array(a.fulfilment_id, a.act, a.reference)), '[]')
            FROM orders.fulfilment_act AS a WHERE a.order_id = o.order_id AND reference <> '') AS references,
           (SELECT coalesce(json_agg(json_build_array(w.line, w.pieces)), '[]') FROM orders.waiting AS w
            WHERE w.order_id = o.order_id) AS waited
    FROM orders.sales_order AS o WHERE o.order_id = ANY(%(ids)s::uuid[])
"""

LINES = """
    SELECT order_id, line, variant_id, sku, unit_price_minor, effects, instead_of, quantity, amount_minor,
           discount_minor, tax_minor, total_minor
    FROM orders.sales_order_line WHERE order_id = ANY(%(ids)s::uuid[]) ORDER BY order_id, line
"""

WORKS = """
    SELECT fulfilment_id, order_id, location_id, method, destination_id, state, due_at, late, keep_until, picker,
           wave_id, shelf, carrier, tracking, sscc, promised_on
    FROM orders.fulfilment WHERE order_id = ANY(%(ids)s::uuid[]) ORDER BY fulfilment_id
"""

# What comes can only be lost: its rejections are looked for nowhere else.
PIECES = """
    SELECT fulfilment_id, line, location_id, variant_id, quantity, picked, handed_over, cancelled, rejected, sent,
           CASE WHEN location_id = %(transit)s THEN (
               SELECT coalesce(sum(a.pieces), 0) FROM orders.fulfilment_act AS a
               WHERE a.order_id = l.order_id AND a.fulfilment_id = l.fulfilment_id AND a.line = l.line
                 AND a.act = 'reject') ELSE 0 END::integer AS lost
    FROM orders.fulfilment_line AS l WHERE order_id = ANY(%(ids)s::uuid[]) ORDER BY fulfilment_id, line
"""
