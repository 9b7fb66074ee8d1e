"""What has been changed of dossiers is written at once; what follows from it for those who wait and for the capacity of
a day, too.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, LiteralString

import msgspec

from comptoir import inventory
from comptoir.kernel.db import Tx, rows
from comptoir.orders.baskets import Part
from comptoir.orders.fulfilment.dossiers import Dossier, Line, Work
from comptoir.orders.sourcing import count_on, promised_on


async def write(tx: Tx, dossiers: Collection[Dossier]) -> None:
    """What has been changed of them: works with their pieces, what was done, and the state of the orders."""
    changed = [(one, work) for one in dossiers for work in one.works.values() if work.acts]
    await _add_lines(tx, dossiers)
    await _note_waiting(tx, dossiers)
    await _count_promised(tx, dossiers, [work for _, work in changed])
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
            promised_on = w.promised_on, changed_at = %(now)s
        FROM json_to_recordset(%(works)s::json) AS w (fulfilment_id bigint, state text, due_at timestamptz,
            late boolean, keep_until timestamptz, picker text, wave_id bigint, shelf text, carrier text, tracking text,
            sscc text, promised_on date)
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


async def _add_lines(tx: Tx, dossiers: Iterable[Dossier]) -> None:
    """Lines that the orders have got, and their pieces in work that there is already."""
    added = [{"order_id": one.order_id, **msgspec.structs.asdict(line)} for one in dossiers for line in one.added]
    if not added:
        return
    await tx.run(ADD_LINES, lines=rows(added))
    pieces = [
        {"fulfilment_id": work.fulfilment_id, "order_id": one.order_id, **msgspec.structs.asdict(found)}
        for one in dossiers
        for line in one.added
        for work in one.works.values()
        if (found := work.lines.get(line.line))
    ]
    await tx.run(ADD_OTHERS, pieces=rows(pieces))
    for one in dossiers:
        one.added = []


ADD_LINES = """
    INSERT INTO orders.sales_order_line (order_id, line, variant_id, sku, quantity, unit_price_minor, amount_minor,
        discount_minor, tax_minor, total_minor, effects, instead_of)
    SELECT order_id, line, variant_id, sku, quantity, unit_price_minor, amount_minor, discount_minor, tax_minor,
           total_minor, effects, instead_of
    FROM json_to_recordset(%(lines)s::json) AS l (order_id uuid, line integer, variant_id bigint, sku text,
        quantity integer, unit_price_minor bigint, amount_minor bigint, discount_minor bigint, tax_minor bigint,
        total_minor bigint, effects json, instead_of integer)
"""


async def _note_waiting(tx: Tx, dossiers: Iterable[Dossier]) -> None:
    """Who waits for goods now. Who waited before keeps the place."""
    gone: list[dict[str, Any]] = []
    wait: list[dict[str, Any]] = []
    for one in dossiers:
        before = dict(one.waited)
        for number, line in one.lines.items():
            if (pieces := one.waiting(number)) != before.get(number, 0):
                row = {"order_id": one.order_id, "line": number, "variant_id": line.variant_id, "pieces": pieces}
                (wait if pieces else gone).append(row)
        one.waited = [(number, pieces) for number in one.lines if (pieces := one.waiting(number))]
    if gone:
        await tx.run(WAITED, gone=rows(gone))
    if wait:
        await tx.run(WAIT, lines=rows(wait), now=tx.now)


WAITED = """
    DELETE FROM orders.waiting AS w
    USING json_to_recordset(%(gone)s::json) AS g (order_id uuid, line integer)
    WHERE w.order_id = g.order_id AND w.line = g.line
"""

WAIT: LiteralString = """
    INSERT INTO orders.waiting AS w (order_id, line, variant_id, pieces, since)
    SELECT order_id, line, variant_id, pieces, %(now)s
    FROM json_to_recordset(%(lines)s::json) AS l (order_id uuid, line integer, variant_id bigint, pieces integer)
    ORDER BY order_id, line
    ON CONFLICT (order_id, line) DO UPDATE SET pieces = excluded.pieces
"""


async def _count_promised(tx: Tx, dossiers: Iterable[Dossier], works: Iterable[Work]) -> None:
    """New work takes a place in the capacity of the day; work that has ended for nothing gives it back."""
    places = Counter(one for dossier in dossiers for one in dossier.promised)
    for work in works:
        if work.state == "cancelled" and work.promised_on is not None:
            places[work.location_id, work.promised_on] -= 1
            work.promised_on = None
    await count_on(tx, places)


async def add_works(
    tx: Tx,
    dossier: Dossier,
    parts: Collection[Part],
    *,
    method: inventory.Method,
    state: str = "open",
    destination_id: int | None = None,
    lies_at: int | None = None,
    places: inventory.Places | None = None,
) -> list[Work]:
    """New work for these pieces, one for each location. `lies_at`: where they lie, if not there yet. With `places`
    known, it has a time by when it is due, and its place in the capacity of the day.
    """
    made: dict[int, Work] = {}
    for location_id in sorted({part.location_id for part in parts}):
        due_at = places.due(location_id, method, tx.now) if places else None
        day = promised_on(places, location_id, tx.now) if places else None
        fulfilment_id = await tx.value(
            ADD,
            order_id=dossier.order_id,
            location_id=location_id,
            method=method,
            destination_id=destination_id,
            state=state,
            due_at=due_at,
            promised_on=day,
            now=tx.now,
        )
        made[location_id] = Work(
            fulfilment_id=fulfilment_id, order_id=dossier.order_id, location_id=location_id, method=method,
            destination_id=destination_id, state=state, due_at=due_at, late=False, keep_until=None, picker="",
            wave_id=None, shelf="", carrier="", tracking="", sscc="", promised_on=day,
        )  # fmt: skip
        if day is not None:
            dossier.promised.append((location_id, day))
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
    INSERT INTO orders.fulfilment (order_id, location_id, method, destination_id, state, due_at, promised_on,
        changed_at)
    VALUES (%(order_id)s, %(location_id)s, %(method)s, %(destination_id)s, %(state)s, %(due_at)s, %(promised_on)s,
        %(now)s)
    RETURNING fulfilment_id
"""

ADD_PIECES: LiteralString = """
    INSERT INTO orders.fulfilment_line (fulfilment_id, line, order_id, location_id, variant_id, quantity)
    SELECT fulfilment_id, line, order_id, location_id, variant_id, quantity
    FROM json_to_recordset(%(pieces)s::json) AS p (fulfilment_id bigint, line integer, order_id uuid,
        location_id smallint, variant_id bigint, quantity integer)
"""

# New work has its pieces already.
ADD_OTHERS: LiteralString = ADD_PIECES + " ON CONFLICT DO NOTHING"
