"""Goods on their way to a location of ours: sent by another one in two steps, or announced by a supplier.

request, ship, receive; or announce, receive (receiving.py). What is shipped lies in an account in transit until
somebody has it in his hands; what a supplier has announced lies nowhere yet.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal, LiteralString
from uuid import UUID

import msgspec

from comptoir.inventory.book import MOST
from comptoir.inventory.errors import (
    BadQuantity,
    BadTransfer,
    NotExpected,
    TransferExists,
    UnknownTransfer,
    WrongStage,
)
from comptoir.inventory.events import TransferShipped
from comptoir.inventory.ledger import done
from comptoir.inventory.records import SUPPLIER, TRANSIT, Move, is_inside
from comptoir.kernel.db import Tx, rows

Stage = Literal["requested", "under_way", "received", "cancelled"]


class Wanted(msgspec.Struct, frozen=True):
    """So many pieces of a variant, expected that day if anybody knows."""

    variant_id: int
    quantity: int
    expected_on: date | None = None


class TransferLine(msgspec.Struct, frozen=True, kw_only=True):
    """An article of a transfer, and how far it is."""

    variant_id: int
    sku: str
    quantity: int
    """Asked for or announced; 0: it came unannounced."""
    shipped: int
    received: int
    set_aside: int
    """Of those received, not fit for sale."""
    missing: int
    """Shipped, and given up."""
    under_way: int
    """Shipped, and still to come."""
    expected_on: date | None


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """From where to where goods go, and how far they are. `source` is `supplier` for a delivery."""

    transfer_id: UUID
    source: str
    target: str
    supplier: str
    note: str
    stage: Stage
    requested_at: datetime
    shipped_at: datetime | None
    closed_at: datetime | None


class Transfer(Journey, frozen=True, kw_only=True):
    """Goods that go from one account to a location."""

    lines: list[TransferLine]


async def request(
    tx: Tx,
    *,
    transfer_id: UUID,
    from_location_id: int,
    to_location_id: int,
    lines: Sequence[Wanted],
    via_location_id: int = TRANSIT,
    note: str = "",
    actor: str = "",
) -> Transfer:
    """Ask a location to send goods to another one. The same id again is the same transfer.

    Raises BadTransfer, BadQuantity, TransferExists.
    """
    if not is_inside(from_location_id):
        raise BadTransfer("Goods of a supplier are announced as a delivery.")
    if await tx.value(KIND, location_id=via_location_id) != "transit":
        raise BadTransfer("Goods on their way lie in an account in transit, not at the source or the target.")
    route = _Route(from_location_id, via_location_id, to_location_id)
    return await _record(tx, transfer_id, route, lines, "requested", note=note, actor=actor)


async def announce(
    tx: Tx,
    *,
    transfer_id: UUID,
    supplier: str,
    to_location_id: int,
    lines: Sequence[Wanted],
    note: str = "",
    actor: str = "",
) -> Transfer:
    """Expect goods of a supplier. The same id again is the same delivery. Raises as `request` does."""
    route = _Route(SUPPLIER, None, to_location_id)
    return await _record(tx, transfer_id, route, lines, "under_way", supplier=supplier, note=note, actor=actor)


KIND = "SELECT kind FROM inventory.location WHERE location_id = %(location_id)s"


class _Route(msgspec.Struct, frozen=True):
    source: int
    via: int | None
    target: int


async def _record(
    tx: Tx,
    transfer_id: UUID,
    route: _Route,
    lines: Sequence[Wanted],
    stage: Stage,
    *,
    supplier: str = "",
    note: str,
    actor: str,
) -> Transfer:
    if not is_inside(route.target) or route.source == route.target:
        raise BadTransfer
    if not lines or len({one.variant_id for one in lines}) < len(lines):
        raise BadTransfer("Each article stands in one line, and there is at least one.")
    for one in lines:
        if not 1 <= one.quantity <= MOST:
            raise BadQuantity(quantity=one.quantity)
    is_new = await tx.run(
        RECORD,
        transfer_id=transfer_id,
        source=route.source,
        via=route.via,
        target=route.target,
        supplier=supplier,
        note=note,
        stage=stage,
        actor=actor,
        now=tx.now,
    )
    if is_new:
        comes = stage == "under_way"
        await tx.run(LINES, transfer_id=transfer_id, target=route.target, comes=comes, lines=rows(list(lines)))
        return await transfer(tx, transfer_id=transfer_id)
    there = await locked(tx, transfer_id)
    asked = {one.variant_id: one.quantity for one in lines}
    same = {variant: one.quantity for variant, one in there.lines.items() if one.quantity} == asked
    if not same or (there.from_location_id, there.to_location_id) != (route.source, route.target):
        raise TransferExists(transfer_id=str(transfer_id))
    return await transfer(tx, transfer_id=transfer_id)


RECORD = """
    INSERT INTO inventory.transfer (transfer_id, from_location_id, via_location_id, to_location_id, supplier, note,
        stage, requested_at, requested_by, shipped_at)
    VALUES (%(transfer_id)s, %(source)s, %(via)s, %(target)s, %(supplier)s, %(note)s, %(stage)s, %(now)s, %(actor)s,
            CASE WHEN %(stage)s = 'under_way' THEN %(now)s::timestamptz END)
    ON CONFLICT (transfer_id) DO NOTHING
"""

LINES = """
    INSERT INTO inventory.transfer_line
        (transfer_id, variant_id, quantity, shipped, under_way, expected_on, to_location_id)
    SELECT %(transfer_id)s, variant_id, quantity, CASE WHEN %(comes)s THEN quantity ELSE 0 END,
           CASE WHEN %(comes)s THEN quantity ELSE 0 END, expected_on, %(target)s
    FROM json_to_recordset(%(lines)s::json) AS l (variant_id bigint, quantity integer, expected_on date)
    ORDER BY variant_id
"""


# ---- the way


class Line(msgspec.Struct):
    """A line as it is changed."""

    variant_id: int
    quantity: int
    shipped: int = 0
    received: int = 0
    set_aside: int = 0
    missing: int = 0
    under_way: int = 0


class Open(msgspec.Struct):
    """A transfer, locked."""

    stage: Stage
    from_location_id: int
    via_location_id: int | None
    to_location_id: int
    lines: dict[int, Line] = {}


async def ship(
    tx: Tx,
    *,
    transfer_id: UUID,
    lines: Mapping[int, int] | None = None,
    expected_on: date | None = None,
    is_fact: bool = False,
    occurred_at: datetime | None = None,
    actor: str = "",
) -> Transfer:
    """The goods leave: what was asked for, or so many pieces by variant. Shipped once, however often it is told.

    `occurred_at`: now, unless it was earlier.
    Raises UnknownTransfer, WrongStage, NotExpected for another article, NotThere where that would break a promise
    (unless it `is_fact`: they are in the van).
    """
    there = await locked(tx, transfer_id)
    if there.stage == "under_way" and there.via_location_id:
        return await transfer(tx, transfer_id=transfer_id)
    if there.stage != "requested" or there.via_location_id is None:
        raise WrongStage(f"It is {there.stage}: only what is requested can be shipped.", stage=there.stage)
    leaving = {one.variant_id: one.quantity for one in there.lines.values()} if lines is None else dict(lines)
    if unknown := sorted(leaving.keys() - there.lines.keys()):
        raise NotExpected("Only what was asked for is shipped.", variants=unknown)
    if not any(leaving.values()) or not all(0 <= units <= MOST for units in leaving.values()):
        raise BadQuantity("Nothing would be shipped: cancel the transfer instead.")
    moves = [
        Move(
            variant_id=variant,
            quantity=units,
            from_location_id=there.from_location_id,
            to_location_id=there.via_location_id,
            act="ship",
            is_fact=is_fact,
            reference=str(transfer_id),
            occurred_at=occurred_at,
            actor=actor,
        )
        for variant, units in leaving.items()
        if units
    ]
    await done(tx, moves)
    for variant, line in there.lines.items():
        line.shipped = line.under_way = leaving.get(variant, 0)
    await write(tx, transfer_id, there)
    await tx.run(SHIPPED, transfer_id=transfer_id, expected_on=expected_on, now=tx.now)
    units = sum(leaving.values())
    told = TransferShipped(
        transfer_id=transfer_id,
        from_location_id=there.from_location_id,
        to_location_id=there.to_location_id,
        units=units,
    )
    await tx.tell(told)
    return await transfer(tx, transfer_id=transfer_id)


SHIPPED = """
    WITH dated AS (
        UPDATE inventory.transfer_line SET expected_on = coalesce(%(expected_on)s::date, expected_on)
        WHERE transfer_id = %(transfer_id)s
    )
    UPDATE inventory.transfer SET stage = 'under_way', shipped_at = %(now)s WHERE transfer_id = %(transfer_id)s
"""


async def cancel(tx: Tx, *, transfer_id: UUID) -> Transfer:
    """Call off a transfer that was not shipped, or a delivery of which nothing has come. Twice is fine.

    Raises UnknownTransfer, WrongStage.
    """
    there = await locked(tx, transfer_id)
    came = any(line.received or line.missing for line in there.lines.values())
    if there.stage == "received" or came or (there.stage == "under_way" and there.via_location_id):
        raise WrongStage("Goods are under way or have come: receive them.", stage=there.stage)
    if there.stage != "cancelled":
        for line in there.lines.values():
            line.under_way = 0
        await write(tx, transfer_id, there)
        await tx.run(CLOSE, transfer_id=transfer_id, stage="cancelled", now=tx.now)
    return await transfer(tx, transfer_id=transfer_id)


CLOSE = """
    UPDATE inventory.transfer SET stage = %(stage)s, closed_at = %(now)s WHERE transfer_id = %(transfer_id)s
"""


async def expect(tx: Tx, *, transfer_id: UUID, days: Mapping[int, date | None]) -> Transfer:
    """Another day for some of the articles. Raises UnknownTransfer, WrongStage, NotExpected."""
    there = await locked(tx, transfer_id)
    if there.stage not in {"requested", "under_way"}:
        raise WrongStage(f"It is {there.stage}: nothing is expected any more.", stage=there.stage)
    if strange := sorted(days.keys() - there.lines.keys()):
        raise NotExpected("It has no such article.", variants=strange)
    given = [{"variant_id": variant, "expected_on": day} for variant, day in sorted(days.items())]
    await tx.run(EXPECT, transfer_id=transfer_id, days=rows(given))
    return await transfer(tx, transfer_id=transfer_id)


EXPECT = """
    UPDATE inventory.transfer_line AS l SET expected_on = d.expected_on
    FROM json_to_recordset(%(days)s::json) AS d (variant_id bigint, expected_on date)
    WHERE l.transfer_id = %(transfer_id)s AND l.variant_id = d.variant_id
"""


async def locked(tx: Tx, transfer_id: UUID) -> Open:
    """Before the balances: documents, then balances, then the log."""
    if (there := await tx.maybe(Open, LOCK, transfer_id=transfer_id)) is None:
        raise UnknownTransfer(f"No transfer has the id {transfer_id}.", transfer_id=str(transfer_id))
    there.lines = {one.variant_id: one for one in await tx.many(Line, LOOK, transfer_id=transfer_id)}
    return there


LOCK = """
    SELECT stage, from_location_id, via_location_id, to_location_id FROM inventory.transfer
    WHERE transfer_id = %(transfer_id)s FOR UPDATE
"""

LOOK = """
    SELECT variant_id, quantity, shipped, received, set_aside, missing, under_way FROM inventory.transfer_line
    WHERE transfer_id = %(transfer_id)s ORDER BY variant_id
"""


async def write(tx: Tx, transfer_id: UUID, there: Open) -> None:
    lines = rows([there.lines[variant] for variant in sorted(there.lines)])
    await tx.run(WRITE, transfer_id=transfer_id, target=there.to_location_id, lines=lines)


WRITE = """
    INSERT INTO inventory.transfer_line AS t (transfer_id, variant_id, quantity, shipped, received, set_aside, missing,
        under_way, to_location_id)
    SELECT %(transfer_id)s, variant_id, quantity, shipped, received, set_aside, missing, under_way, %(target)s
    FROM json_to_recordset(%(lines)s::json) AS l (variant_id bigint, quantity integer, shipped integer,
        received integer, set_aside integer, missing integer, under_way integer)
    ON CONFLICT (transfer_id, variant_id) DO UPDATE SET shipped = excluded.shipped, received = excluded.received,
        set_aside = excluded.set_aside, missing = excluded.missing, under_way = excluded.under_way
"""


# ---- what there is


async def transfer(tx: Tx, *, transfer_id: UUID) -> Transfer:
    """One transfer or delivery. Raises UnknownTransfer."""
    if found := await tx.maybe(Transfer, ONE, transfer_id=transfer_id):
        return found
    raise UnknownTransfer(f"No transfer has the id {transfer_id}.", transfer_id=str(transfer_id))


async def locked_transfer(tx: Tx, *, transfer_id: UUID) -> Transfer:
    """The same, as it stays until the transaction ends: nobody else ships or receives it. Lock no balance before."""
    await locked(tx, transfer_id)
    return await transfer(tx, transfer_id=transfer_id)


SELECT: LiteralString = """
    SELECT t.transfer_id, f.code AS source, d.code AS target, t.supplier, t.note, t.stage, t.requested_at, t.shipped_at,
           t.closed_at,
           (SELECT coalesce(json_agg(to_json(line) ORDER BY line.sku, line.variant_id), '[]')
            FROM (SELECT l.variant_id, coalesce(v.sku, '') AS sku, l.quantity, l.shipped, l.received, l.set_aside,
                         l.missing, l.under_way, l.expected_on
                  FROM inventory.transfer_line AS l LEFT JOIN catalog.v_variant AS v USING (variant_id)
                  WHERE l.transfer_id = t.transfer_id) AS line) AS lines
    FROM inventory.transfer AS t
    JOIN inventory.location AS f ON f.location_id = t.from_location_id
    JOIN inventory.location AS d ON d.location_id = t.to_location_id
"""
ONE: LiteralString = f"{SELECT} WHERE t.transfer_id = %(transfer_id)s"
