"""All that belongs to an order while it is worked on, in memory and under lock: `look`, change it, `write`.

Whoever changes what becomes of an order's pieces locks the order first; so the rows beneath need no locks of their own.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from comptoir.kernel.db import Tx, ints, rows, uuids
from comptoir.orders import order_book
from comptoir.orders.baskets import Delivery, Part, Payment
from comptoir.orders.fulfilment.errors import BadPieces
from comptoir.orders.shares import Priced


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

    @property
    def open(self) -> int:
        return self.quantity - self.handed_over - self.cancelled - self.rejected - self.sent


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
        """Work of which nothing is open any more is done, or was for nothing."""
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


class Dossier(msgspec.Struct, kw_only=True):
    """An order with its works."""

    order_id: UUID
    order_number: int
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
    references: list[str]
    """Of acts that were done."""
    lines: dict[int, OrderLine] = msgspec.field(default_factory=dict[int, OrderLine])
    works: dict[int, Work] = msgspec.field(default_factory=dict[int, Work])
    notes: list[dict[str, Any]] = msgspec.field(default_factory=list[dict[str, Any]])
    """Acts to be written down."""

    @property
    def reference(self) -> str:
        """Under which its goods are promised."""
        return str(self.order_id)

    def pieces(self, number: int) -> Iterable[Line]:
        """Those of an order's line, wherever they are."""
        return (found for work in self.works.values() if (found := work.lines.get(number)))

    def handed_over(self, number: int) -> int:
        return sum(one.handed_over for one in self.pieces(number))

    def waiting(self, number: int) -> int:
        """Pieces that no location has been found for."""
        return self.lines[number].quantity - sum(one.quantity - one.rejected - one.sent for one in self.pieces(number))

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
        self.references += [reference] if reference else []
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
        number, variant_id, sku, unit_price, effects, quantity, amount, discount, tax, total = line
        found[order_id].lines[number] = OrderLine(
            amount, discount, tax, total, quantity=quantity, line=number, variant_id=variant_id, sku=sku,
            unit_price_minor=unit_price, effects=effects,
        )  # fmt: skip
    works = {one.fulfilment_id: one for one in await tx.many(Work, WORKS, ids=ids)}
    for work in works.values():
        found[work.order_id].works[work.fulfilment_id] = work
    for fulfilment_id, *numbers in await tx.tuples(PIECES, ids=ids):
        works[fulfilment_id].lines[numbers[0]] = Line(**dict(zip(Line.__struct_fields__, numbers, strict=True)))
    return found


DOSSIERS = """
    SELECT o.order_id, o.order_number, (SELECT code FROM channels.v_outlet AS c WHERE c.outlet_id = o.outlet_id)
           AS outlet, o.channel, o.node_id, o.currency, o.delivery, o.payment, o.delivery_minor, o.discount_minor,
           o.tax_minor, o.state,
           (SELECT count(*) FROM orders.parcel AS p WHERE p.order_id = o.order_id)::integer AS parcels,
           ARRAY(SELECT reference FROM orders.fulfilment_act AS a
                 WHERE a.order_id = o.order_id AND reference <> '') AS references
    FROM orders.sales_order AS o WHERE o.order_id = ANY(%(ids)s::uuid[])
"""

LINES = """
    SELECT order_id, line, variant_id, sku, unit_price_minor, effects, quantity, amount_minor, discount_minor,
           tax_minor, total_minor
    FROM orders.sales_order_line WHERE order_id = ANY(%(ids)s::uuid[]) ORDER BY order_id, line
"""

WORKS = """
    SELECT fulfilment_id, order_id, location_id, method, destination_id, state, due_at, late, keep_until, picker,
           wave_id, shelf, carrier, tracking, sscc
    FROM orders.fulfilment WHERE order_id = ANY(%(ids)s::uuid[]) ORDER BY fulfilment_id
"""

PIECES = """
    SELECT fulfilment_id, line, location_id, variant_id, quantity, picked, handed_over, cancelled, rejected, sent
    FROM orders.fulfilment_line WHERE order_id = ANY(%(ids)s::uuid[]) ORDER BY fulfilment_id, line
"""


async def write(tx: Tx, dossiers: Iterable[Dossier]) -> None:
    """What has been changed of them: works with their pieces, what was done, and the state of the orders."""
    changed = [(one, work) for one in dossiers for work in one.works.values() if work.acts]
    works = [{**msgspec.structs.asdict(work), "lines": None, "acts": None} for _, work in changed]
    pieces = [
        {"fulfilment_id": work.fulfilment_id, **msgspec.structs.asdict(line)}
        for _, work in changed
        for line in work.lines.values()
    ]
    notes = [note for one in dossiers for note in one.notes]
    states = [{"order_id": one.order_id, "state": one.state} for one in dossiers if one.state != "open"]
    if works:
        await tx.run(WRITE, works=rows(works), pieces=rows(pieces), notes=rows(notes), states=rows(states), now=tx.now)


# Notes in the order in which they were made.
WRITE = """
    WITH work AS (
        UPDATE orders.fulfilment AS f
        SET state = w.state, due_at = w.due_at, late = w.late, keep_until = w.keep_until, picker = w.picker,
            wave_id = w.wave_id, shelf = w.shelf, carrier = w.carrier, tracking = w.tracking, sscc = w.sscc,
            changed_at = %(now)s
        FROM json_to_recordset(%(works)s::json) AS w (fulfilment_id bigint, state text, due_at timestamptz,
            late boolean, keep_until timestamptz, picker text, wave_id bigint, shelf text, carrier text, tracking text,
            sscc text)
        WHERE f.fulfilment_id = w.fulfilment_id
    ), piece AS (
        UPDATE orders.fulfilment_line AS l
        SET location_id = p.location_id, picked = p.picked, handed_over = p.handed_over, cancelled = p.cancelled,
            rejected = p.rejected, sent = p.sent
        FROM json_to_recordset(%(pieces)s::json) AS p (fulfilment_id bigint, line integer, location_id smallint,
            picked integer, handed_over integer, cancelled integer, rejected integer, sent integer)
        WHERE l.fulfilment_id = p.fulfilment_id AND l.line = p.line
    ), note AS (
        INSERT INTO orders.fulfilment_act (fulfilment_id, order_id, act, line, pieces, reason, reference, actor,
            done_at)
        SELECT fulfilment_id, order_id, act, line, pieces, reason, reference, actor, %(now)s
        FROM json_to_recordset(%(notes)s::json) AS n (fulfilment_id bigint, order_id uuid, act text, line integer,
            pieces integer, reason text, reference text, actor text)
    )
    UPDATE orders.sales_order AS o SET state = s.state
    FROM json_to_recordset(%(states)s::json) AS s (order_id uuid, state text)
    WHERE o.order_id = s.order_id AND o.state <> s.state
"""


async def add_works(
    tx: Tx,
    dossier: Dossier,
    parts: Collection[Part],
    *,
    method: str,
    state: str = "open",
    destination_id: int | None = None,
    lies_at: int | None = None,
    due: Mapping[int, datetime | None] | None = None,
) -> list[Work]:
    """New work for these pieces, one for each location. `lies_at`: where they lie, if not there yet."""
    due = due or {}
    made: dict[int, Work] = {}
    for location_id in sorted({part.location_id for part in parts}):
        fulfilment_id = await tx.value(
            ADD,
            order_id=dossier.order_id,
            location_id=location_id,
            method=method,
            destination_id=destination_id,
            state=state,
            due_at=due.get(location_id),
            now=tx.now,
        )
        made[location_id] = Work(
            fulfilment_id=fulfilment_id, order_id=dossier.order_id, location_id=location_id, method=method,
            destination_id=destination_id, state=state, due_at=due.get(location_id), late=False, keep_until=None,
            picker="", wave_id=None, shelf="", carrier="", tracking="", sscc="",
        )  # fmt: skip
        dossier.works[fulfilment_id] = made[location_id]
    for part in parts:
        lines = made[part.location_id].lines
        before = lines[part.line].quantity if part.line in lines else 0
        lines[part.line] = Line(
            line=part.line,
            location_id=lies_at or part.location_id,
            variant_id=part.variant_id,
            quantity=before + part.quantity,
        )
    for work in made.values():
        given = [
            {"fulfilment_id": work.fulfilment_id, "order_id": dossier.order_id, **msgspec.structs.asdict(line)}
            for line in work.lines.values()
        ]
        await tx.run(ADD_PIECES, pieces=rows(given))
    return list(made.values())


ADD = """
    INSERT INTO orders.fulfilment (order_id, location_id, method, destination_id, state, due_at, changed_at)
    VALUES (%(order_id)s, %(location_id)s, %(method)s, %(destination_id)s, %(state)s, %(due_at)s, %(now)s)
    RETURNING fulfilment_id
"""

ADD_PIECES = """
    INSERT INTO orders.fulfilment_line (fulfilment_id, line, order_id, location_id, variant_id, quantity)
    SELECT fulfilment_id, line, order_id, location_id, variant_id, quantity
    FROM json_to_recordset(%(pieces)s::json) AS p (fulfilment_id bigint, line integer, order_id uuid,
        location_id smallint, variant_id bigint, quantity integer)
"""
