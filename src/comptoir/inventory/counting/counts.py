"""Counts: a sheet, what was found, what the book said at that moment, and who agrees to the difference.

What is compared is the ledger as of the moment each article was counted, by the time at which things happened: a sale
between the counting and the posting is in the book and stays there, and one that a till tells later of before the
counting is taken into account until the count is posted. So the difference is posted, never the absolute number, and
with the time of the counting: of two counts of one article the later one finds what the earlier one has mended.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, LiteralString
from uuid import UUID

import msgspec

from comptoir.inventory.book import MOST
from comptoir.inventory.counting.house import house
from comptoir.inventory.counting.worth import Worths, value
from comptoir.inventory.errors import (
    BadQuantity,
    CountExists,
    NotCounted,
    SamePerson,
    UnknownCount,
    UnknownLocation,
    WrongStage,
)
from comptoir.inventory.events import CountPosted, CountWaits
from comptoir.inventory.ledger import done
from comptoir.inventory.records import ADJUSTMENT, Move, State, is_inside
from comptoir.kernel.db import Tx, ints, rows

CountStage = Literal["open", "review", "posted", "rejected", "cancelled"]


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of a variant in a state. `counted_at`: now, unless it was earlier."""

    variant_id: int
    quantity: int
    state: State = "sellable"
    counted_at: datetime | None = None


class CountLine(msgspec.Struct, frozen=True, kw_only=True):
    """An article of the sheet. What the book says is shown only when counting is over."""

    variant_id: int
    sku: str
    state: State
    counted: int | None
    counted_at: datetime | None
    counted_by: str
    book: int | None
    difference: int | None


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """A count and how far it is."""

    count_id: UUID
    location: str
    note: str
    stage: CountStage
    opened_at: datetime
    opened_by: str
    submitted_at: datetime | None
    submitted_by: str
    closed_at: datetime | None
    closed_by: str
    reason: str
    lines: list[CountLine]


async def open_count(
    tx: Tx,
    *,
    count_id: UUID,
    location_id: int,
    variants: Sequence[int] | None = None,
    note: str = "",
    actor: str = "",
) -> Count:
    """A sheet of these articles, or of all that the book knows there. The same id again is the same count.

    Raises UnknownLocation, CountExists.
    """
    if not is_inside(location_id):
        raise UnknownLocation("Only what lies in the house can be counted.")
    is_new = await tx.run(OPEN, count_id=count_id, location=location_id, note=note, now=tx.now, actor=actor)
    if is_new and variants is None:
        await tx.run(ALL, count_id=count_id, location=location_id)
    elif is_new:
        await tx.run(CHOSEN, count_id=count_id, variants=ints(sorted(set(variants or ()))))
    elif (await _locked(tx, count_id)).location_id != location_id:
        raise CountExists(count_id=str(count_id))
    return await count(tx, count_id=count_id)


OPEN = """
    INSERT INTO inventory.count (count_id, location_id, note, stage, opened_at, opened_by)
    VALUES (%(count_id)s, %(location)s, %(note)s, 'open', %(now)s, %(actor)s) ON CONFLICT (count_id) DO NOTHING
"""

ALL = """
    INSERT INTO inventory.count_line (count_id, variant_id, state)
    SELECT %(count_id)s, b.variant_id, s.state
    FROM inventory.balance AS b
    CROSS JOIN LATERAL (VALUES ('sellable', b.sellable), ('display', b.display), ('damaged', b.damaged),
                               ('quarantine', b.quarantine)) AS s (state, units)
    WHERE b.location_id = %(location)s AND s.units <> 0
"""

CHOSEN = """
    INSERT INTO inventory.count_line (count_id, variant_id, state)
    SELECT %(count_id)s, variant_id, 'sellable' FROM unnest(%(variants)s::bigint[]) AS v (variant_id)
"""


async def record_counted(
    tx: Tx, *, count_id: UUID, lines: Sequence[Counted], actor: str = "", by_sheet: bool = False
) -> None:
    """What was found, also of articles that are not on the sheet. Counted again, the later counting holds.

    `by_sheet`: nothing was counted before the sheet was opened, as it may be where readers count.
    Raises UnknownCount, WrongStage, BadQuantity.
    """
    there = await _locked(tx, count_id)
    _must(there, "open")
    found: dict[tuple[int, State], Counted] = {}
    for one in lines:
        if not 0 <= one.quantity <= MOST:
            raise BadQuantity(quantity=one.quantity)
        if one.counted_at and one.counted_at > tx.now:
            raise BadQuantity("It is counted in the future.", counted_at=one.counted_at.isoformat())
        if by_sheet and one.counted_at and one.counted_at < there.opened_at:
            raise BadQuantity("It was counted before the sheet was opened.", counted_at=one.counted_at.isoformat())
        known = found.get((one.variant_id, one.state))
        if known is None or (one.counted_at or tx.now) >= (known.counted_at or tx.now):
            found[one.variant_id, one.state] = one
    await tx.run(COUNTED, count_id=count_id, lines=rows([found[key] for key in sorted(found)]), now=tx.now, actor=actor)


COUNTED = """
    INSERT INTO inventory.count_line AS c
        (count_id, variant_id, state, counted, counted_at, counted_by)
    SELECT %(count_id)s, variant_id, state, quantity, coalesce(counted_at, %(now)s), %(actor)s
    FROM json_to_recordset(%(lines)s::json) AS l (variant_id bigint, state text, quantity integer,
        counted_at timestamptz)
    ON CONFLICT (count_id, variant_id, state) DO UPDATE SET counted = excluded.counted,
        counted_at = excluded.counted_at, counted_by = excluded.counted_by
    WHERE c.counted_at IS NULL OR c.counted_at <= excluded.counted_at
"""


# ---- the difference


class _Open(msgspec.Struct, frozen=True):
    """A count, locked."""

    location_id: int
    stage: CountStage
    opened_at: datetime
    submitted_by: str


class _Found(msgspec.Struct, frozen=True):
    """What was counted, against the book of that moment. Superseded: a later count was posted meanwhile."""

    variant_id: int
    state: State
    counted: int
    counted_at: datetime
    counted_by: str
    book: int
    superseded: bool

    @property
    def difference(self) -> int:
        return 0 if self.superseded else self.counted - self.book


async def submit(tx: Tx, *, count_id: UUID, worths: Worths, leave_out: bool = False, actor: str = "") -> Count:
    """Counting is over: small differences are posted, large ones wait for somebody else. Twice is fine.

    `leave_out`: what is not counted stays as the book has it. Raises UnknownCount, WrongStage, NotCounted.
    """
    there = await _locked(tx, count_id)
    if there.stage in {"review", "posted"}:
        return await count(tx, count_id=count_id)
    _must(there, "open")
    if (left := await tx.values(LEFT, count_id=count_id)) and not leave_out:
        raise NotCounted(skus=left)
    found = await _compare(tx, count_id, there)
    limits = await house(tx)
    units = sum(abs(one.difference) for one in found)
    most = limits.review_value_minor
    small = units <= limits.review_units
    if small and most is not None:
        pieces = [(one.variant_id, abs(one.difference)) for one in found if one.difference]
        small = await value(tx, pieces, location_id=there.location_id, worths=worths) <= most
    await tx.run(SUBMIT, count_id=count_id, now=tx.now, actor=actor)
    if small:
        await _post(tx, count_id, there, found, actor)
    else:
        await tx.tell(CountWaits(count_id=count_id, location_id=there.location_id, units=units))
    return await count(tx, count_id=count_id)


async def approve(tx: Tx, *, count_id: UUID, actor: str) -> Count:
    """Take the differences into the book. Twice is fine. Raises UnknownCount, WrongStage, SamePerson."""
    there = await _locked(tx, count_id)
    if there.stage == "posted":
        return await count(tx, count_id=count_id)
    _must(there, "review")
    found = await _compare(tx, count_id, there)
    if actor in {there.submitted_by, *(one.counted_by for one in found)}:
        raise SamePerson
    await _post(tx, count_id, there, found, actor)
    return await count(tx, count_id=count_id)


async def reject(tx: Tx, *, count_id: UUID, reason: str, actor: str) -> Count:
    """The differences are not believed; the book stays as it is. Raises UnknownCount, WrongStage."""
    there = await _locked(tx, count_id)
    if there.stage != "rejected":
        _must(there, "review")
        await tx.run(CLOSE, count_id=count_id, stage="rejected", reason=reason, now=tx.now, actor=actor)
    return await count(tx, count_id=count_id)


async def cancel_count(tx: Tx, *, count_id: UUID, actor: str) -> Count:
    """Give up a sheet that is still open. Raises UnknownCount, WrongStage."""
    there = await _locked(tx, count_id)
    if there.stage != "cancelled":
        _must(there, "open")
        await tx.run(CLOSE, count_id=count_id, stage="cancelled", reason="", now=tx.now, actor=actor)
    return await count(tx, count_id=count_id)


LEFT = """
    SELECT coalesce(v.sku, l.variant_id::text)
    FROM inventory.count_line AS l LEFT JOIN catalog.v_variant AS v USING (variant_id)
    WHERE l.count_id = %(count_id)s AND l.counted IS NULL ORDER BY 1 LIMIT 100
"""

SUBMIT = """
    UPDATE inventory.count SET stage = 'review', submitted_at = %(now)s, submitted_by = %(actor)s
    WHERE count_id = %(count_id)s
"""

CLOSE = """
    UPDATE inventory.count SET stage = %(stage)s, reason = %(reason)s, closed_at = %(now)s, closed_by = %(actor)s
    WHERE count_id = %(count_id)s
"""


async def _locked(tx: Tx, count_id: UUID) -> _Open:
    """Documents before balances, balances before the log."""
    if there := await tx.maybe(_Open, LOCK, count_id=count_id):
        return there
    raise UnknownCount(f"No count has the id {count_id}.", count_id=str(count_id))


LOCK = (
    "SELECT location_id, stage, opened_at, submitted_by FROM inventory.count WHERE count_id = %(count_id)s FOR UPDATE"
)


def _must(there: _Open, stage: CountStage) -> None:
    if there.stage != stage:
        raise WrongStage(f"It is {there.stage}, not {stage}.", stage=there.stage)


async def _compare(tx: Tx, count_id: UUID, there: _Open) -> list[_Found]:
    """One count of a location is compared after the other: two of one article must not both be posted."""
    await tx.run(ONE_BY_ONE, location=there.location_id)
    found = await tx.many(_Found, COMPARE, count_id=count_id, location=there.location_id)
    await tx.run(KEEP, count_id=count_id, lines=rows(found))
    return found


ONE_BY_ONE = "SELECT FROM inventory.location WHERE location_id = %(location)s FOR NO KEY UPDATE"

# The book at the moment of the counting: what lies there now, less what has happened since.
COMPARE = """
    SELECT c.variant_id, c.state, c.counted, c.counted_at, c.counted_by,
           (coalesce((SELECT CASE c.state WHEN 'sellable' THEN b.sellable WHEN 'display' THEN b.display
                                          WHEN 'damaged' THEN b.damaged ELSE b.quarantine END
                      FROM inventory.balance AS b
                      WHERE b.variant_id = c.variant_id AND b.location_id = %(location)s), 0)
            - coalesce((SELECT sum(e.moved) FROM inventory.entry AS e
                        WHERE e.variant_id = c.variant_id AND e.location_id = %(location)s AND e.state = c.state
                          AND e.occurred_at > c.counted_at), 0)
            + coalesce((SELECT sum(e.moved) FROM inventory.entry AS e
                        WHERE e.variant_id = c.variant_id AND e.other_location_id = %(location)s
                          AND e.other_location_id > 3 AND e.other_state = c.state
                          AND e.occurred_at > c.counted_at), 0))::integer AS book,
           EXISTS (SELECT FROM inventory.count_line AS l JOIN inventory.count AS o USING (count_id)
                   WHERE l.variant_id = c.variant_id AND l.state = c.state AND l.counted_at >= c.counted_at
                     AND o.location_id = %(location)s AND o.stage = 'posted' AND o.count_id <> c.count_id)
               AS superseded
    FROM inventory.count_line AS c WHERE c.count_id = %(count_id)s AND c.counted IS NOT NULL
    ORDER BY c.variant_id, c.state
"""

KEEP = """
    UPDATE inventory.count_line AS c SET book = l.book
    FROM json_to_recordset(%(lines)s::json) AS l (variant_id bigint, state text, book integer)
    WHERE c.count_id = %(count_id)s AND c.variant_id = l.variant_id AND c.state = l.state
"""


async def _post(tx: Tx, count_id: UUID, there: _Open, found: list[_Found], actor: str) -> None:
    moves = [
        Move(
            variant_id=one.variant_id,
            quantity=abs(one.difference),
            from_location_id=there.location_id if one.difference < 0 else ADJUSTMENT,
            to_location_id=ADJUSTMENT if one.difference < 0 else there.location_id,
            from_state=one.state,
            to_state=one.state,
            act="count",
            is_fact=True,
            reason="count",
            reference=str(count_id),
            occurred_at=one.counted_at,
            actor=actor,
        )
        for one in found
        if one.difference
    ]
    if moves:
        await done(tx, moves)
    seen = [one for one in found if one.state == "sellable" and not one.superseded]
    await tx.run(BELIEVE, location=there.location_id, lines=rows(seen))
    await tx.run(CLOSE, count_id=count_id, stage="posted", reason="", now=tx.now, actor=actor)
    units = sum(abs(one.difference) for one in found)
    told = CountPosted(count_id=count_id, location_id=there.location_id, lines=len(found), units=units)
    await tx.tell(told)


BELIEVE = """
    INSERT INTO inventory.accuracy AS a (variant_id, location_id, counted, book, counted_at, percent, withheld)
    SELECT variant_id, %(location)s, counted, book, counted_at, percent,
           CASE WHEN percent < h.accuracy_floor THEN h.doubted_units ELSE 0 END
    FROM (SELECT l.*, CASE WHEN l.counted = l.book THEN 100
                           ELSE 100 * greatest(least(l.counted, l.book), 0) / greatest(l.counted, l.book, 1)
                      END AS percent
          FROM json_to_recordset(%(lines)s::json) AS l (variant_id bigint, counted integer, book integer,
              counted_at timestamptz)) AS l
    CROSS JOIN inventory.house AS h
    ORDER BY variant_id
    ON CONFLICT (variant_id, location_id) DO UPDATE SET counted = excluded.counted, book = excluded.book,
        counted_at = excluded.counted_at, percent = excluded.percent, withheld = excluded.withheld
    WHERE a.counted_at <= excluded.counted_at
"""


# ---- what there is


async def count(tx: Tx, *, count_id: UUID) -> Count:
    """One count. Raises UnknownCount."""
    if found := await tx.maybe(Count, ONE, count_id=count_id):
        return found
    raise UnknownCount(f"No count has the id {count_id}.", count_id=str(count_id))


SELECT: LiteralString = """
    SELECT c.count_id, p.code AS location, c.note, c.stage, c.opened_at, c.opened_by, c.submitted_at, c.submitted_by,
           c.closed_at, c.closed_by, c.reason,
           (SELECT coalesce(json_agg(to_json(line) ORDER BY line.sku, line.variant_id, line.state), '[]')
            FROM (SELECT l.variant_id, coalesce(v.sku, '') AS sku, l.state, l.counted, l.counted_at, l.counted_by,
                         CASE WHEN c.stage <> 'open' THEN l.book END AS book,
                         CASE WHEN c.stage <> 'open' THEN l.counted - l.book END AS difference
                  FROM inventory.count_line AS l LEFT JOIN catalog.v_variant AS v USING (variant_id)
                  WHERE l.count_id = c.count_id) AS line) AS lines
    FROM inventory.count AS c JOIN inventory.location AS p USING (location_id)
"""
ONE: LiteralString = f"{SELECT} WHERE c.count_id = %(count_id)s"
