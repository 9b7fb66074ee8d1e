"""A session that has become quiet becomes one act on the stock, in the transaction that closes it.

Shipments go before receipts and both before counts, so that a count is compared with a book that knows what came. What
cannot be done yet (a receipt of what nobody has shipped) stays open with the reason and is tried again.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import msgspec
import structlog

from comptoir import inventory, pricing
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import Refusal
from comptoir.kernel.settings import Settings
from comptoir.rfid.readings.rule_sets import Count, Receive, Ship
from comptoir.rfid.readings.sessions import ONE_AT_A_TIME, articles

log = structlog.get_logger(__name__)

TRY_AGAIN = timedelta(minutes=10)
"""After so long what could not be settled is tried again."""
ACTOR = "rfid"


class Due(msgspec.Struct, frozen=True):
    """A session that is quiet, with what it is to become."""

    session_id: UUID
    rule: str
    location_id: int
    transfer_id: UUID | None
    outcome: Count | Receive | Ship
    last_at: datetime


class Waits(Exception):
    """It cannot be settled now; the reason is for people."""


class Lot(msgspec.Struct):
    """Pieces of one article in a session."""

    units: int = 0
    read_at: datetime | None = None


async def settle(db: Database) -> int:
    """Close every session that is over, each in its own transaction; returns how many were closed."""
    closed = 0
    while (session_id := await _next(db)) is not None:
        try:
            closed += await db.within(partial(close, session_id=session_id))
        except (Waits, Refusal) as reason:
            why = reason.detail if isinstance(reason, Refusal) else str(reason)
            log.info("rfid.session_waits", session=str(session_id), reason=why)
            await db.within(partial(_postpone, session_id=session_id, why=why))
    return closed


async def _next(db: Database) -> UUID | None:
    async with db.reading() as tx:
        return await tx.value(NEXT, now=tx.now)


async def _postpone(tx: Tx, *, session_id: UUID, why: str) -> None:
    await tx.run(POSTPONE, session_id=session_id, why=why, at=tx.now + TRY_AGAIN)


POSTPONE = """
    UPDATE rfid.session SET why = %(why)s, try_at = %(at)s WHERE session_id = %(session_id)s AND stage = 'open'
"""

# Not while events wait to be judged or a document is still coming in: they may belong to it.
QUIET = """
    s.stage = 'open' AND s.try_at <= %(now)s
    AND greatest(s.last_at, s.heard_at) + make_interval(mins => (s.outcome ->> 'quiet_minutes')::integer) < %(now)s
    AND NOT EXISTS (SELECT FROM rfid.unjudged)
    AND NOT EXISTS (SELECT FROM rfid.capture AS c
                    WHERE c.finished_at IS NULL AND c.created_at > %(now)s - interval '1 day')
"""
NEXT = f"""
    SELECT s.session_id FROM rfid.session AS s WHERE {QUIET}
    ORDER BY array_position('{{ship,receive,count}}'::text[], s.kind), s.last_at, s.session_id LIMIT 1
"""  # noqa: S608  constants of this file
CLOSING = f"""
    SELECT s.session_id, s.rule, s.location_id, s.transfer_id, s.outcome, s.last_at FROM rfid.session AS s
    WHERE s.session_id = %(session_id)s AND {QUIET} FOR UPDATE
"""  # noqa: S608


async def close(tx: Tx, *, session_id: UUID) -> bool:
    """Do what the session has become. Raises Waits, Refusal: then nothing was done."""
    await tx.run(ONE_AT_A_TIME)
    due = await tx.maybe(Due, CLOSING, session_id=session_id, now=tx.now)
    if due is None:
        return False
    lots, strays = await _lots(tx, session_id, due.transfer_id)
    match due.outcome:
        case Count():
            became, why = await _count(tx, due, due.outcome, lots)
        case Receive():
            became, why = await _receive(tx, due, lots)
        case Ship():
            became, why = await _ship(tx, due, lots)
    if strays:
        why = f"{why} {strays} tags are no article of the catalog.".strip()
    await tx.run(CLOSE, session_id=session_id, became=became, why=why, now=tx.now)
    if became and isinstance(due.outcome, Ship):
        await tx.run(WAKE, now=tx.now)
    return True


CLOSE = """
    UPDATE rfid.session
    SET stage = CASE WHEN %(became)s::uuid IS NULL THEN 'empty' ELSE 'done' END, became = %(became)s, why = %(why)s,
        closed_at = %(now)s
    WHERE session_id = %(session_id)s
"""

# What is shipped now may be what a receipt waits for.
WAKE = "UPDATE rfid.session SET try_at = %(now)s WHERE stage = 'open' AND kind = 'receive' AND try_at > %(now)s"


async def _lots(tx: Tx, session_id: UUID, transfer_id: UUID | None) -> tuple[dict[int, Lot], int]:
    """Pieces by article, and how many tags are none. A piece that the same transfer has brought already is left out."""
    told = await tx.tuples(TAGS, session_id=session_id, transfer=transfer_id)
    known = await articles(tx, {gtin for gtin, _, _ in told})
    lots: dict[int, Lot] = defaultdict(Lot)
    strays = 0
    for gtin, quantity, read_at in told:
        if gtin not in known:
            strays += 1
            continue
        lot = lots[known[gtin]]
        lot.units += quantity
        lot.read_at = max(lot.read_at or read_at, read_at)
    return lots, strays


TAGS = """
    SELECT t.gtin, t.quantity, t.read_at FROM rfid.session_tag AS t
    WHERE t.session_id = %(session_id)s AND NOT EXISTS (
        SELECT FROM rfid.session AS s JOIN rfid.session_tag AS o USING (session_id)
        WHERE s.became = %(transfer)s::uuid AND s.kind = 'receive' AND s.stage = 'done' AND o.tag = t.tag)
"""


async def _count(tx: Tx, due: Due, outcome: Count, lots: dict[int, Lot]) -> tuple[UUID | None, str]:
    """A sheet like any other: blind, compared with the book of its moment, reviewed where it differs much."""
    if not lots:
        return None, "Nothing of the catalog was read."
    every = outcome.covers == "all"
    sheet = await inventory.counting.open_count(
        tx,
        count_id=due.session_id,
        location_id=due.location_id,
        variants=None if every else [],
        note=f"RFID: {due.rule}",
        actor=ACTOR,
    )
    lines = [
        inventory.counting.Counted(variant_id=variant, quantity=lot.units, state=outcome.state, counted_at=lot.read_at)
        for variant, lot in sorted(lots.items())
    ]
    lines += [
        inventory.counting.Counted(variant_id=line.variant_id, quantity=0, state=outcome.state, counted_at=due.last_at)
        for line in sheet.lines
        if line.state == outcome.state and line.variant_id not in lots
    ]
    await inventory.counting.record_counted(tx, count_id=due.session_id, lines=lines, actor=ACTOR)
    worths = partial(pricing.worths, currency=Settings.load().currency)
    await inventory.counting.submit(tx, count_id=due.session_id, worths=worths, leave_out=True, actor=ACTOR)
    return due.session_id, ""


async def _receive(tx: Tx, due: Due, lots: dict[int, Lot]) -> tuple[UUID | None, str]:
    """What is under way and was read. Reads make no goods: what came beyond that is for people to look at."""
    if not lots:
        return None, "Nothing new of the catalog was read."
    transfer = await _transfer(tx, due, lots, "under_way")
    if transfer.stage == "requested":
        raise Waits("The transfer has not been shipped.")
    if transfer.stage != "under_way":
        return None, f"The transfer is {transfer.stage}: nothing more of it can come."
    if await _code(tx, due) != transfer.target:
        raise Waits(f"The transfer goes to {transfer.target}, and was read somewhere else.")
    if due.transfer_id is None:
        lots, _ = await _lots(tx, due.session_id, transfer.transfer_id)
    expected = {line.variant_id: line.under_way for line in transfer.lines}
    arrived = {variant: min(lot.units, expected.get(variant, 0)) for variant, lot in sorted(lots.items())}
    over = sum(lot.units for lot in lots.values()) - sum(arrived.values())
    why = f"{over} pieces were read beyond what was under way." if over else ""
    if not any(arrived.values()):
        return None, why
    await inventory.moving.receive(
        tx,
        transfer_id=transfer.transfer_id,
        reference=f"rfid:{due.session_id}",
        arrived=[inventory.moving.Arrived(variant, units) for variant, units in arrived.items() if units],
        occurred_at=due.last_at,
        actor=ACTOR,
    )
    return transfer.transfer_id, why


async def _ship(tx: Tx, due: Due, lots: dict[int, Lot]) -> tuple[UUID | None, str]:
    """What was asked for and was read. A transfer leaves once: what was not read stays."""
    if not lots:
        return None, "Nothing of the catalog was read."
    transfer = await _transfer(tx, due, lots, "requested")
    if transfer.stage != "requested":
        return None, f"The transfer is {transfer.stage}: it cannot leave any more."
    if await _code(tx, due) != transfer.source:
        raise Waits(f"The transfer leaves from {transfer.source}, and was read somewhere else.")
    asked = {line.variant_id: line.quantity for line in transfer.lines}
    leaving = {variant: min(lot.units, asked.get(variant, 0)) for variant, lot in sorted(lots.items())}
    over = sum(lot.units for lot in lots.values()) - sum(leaving.values())
    why = f"{over} pieces were read beyond what was asked for." if over else ""
    leaving = {variant: units for variant, units in leaving.items() if units}
    if not leaving:
        return None, why
    await inventory.moving.ship(
        tx, transfer_id=transfer.transfer_id, lines=leaving, is_fact=True, occurred_at=due.last_at, actor=ACTOR
    )
    return transfer.transfer_id, why


async def _transfer(tx: Tx, due: Due, lots: dict[int, Lot], stage: inventory.moving.Stage) -> inventory.moving.Transfer:
    """The one that the events name, else the only one of this place and stage that has all the articles.

    Locked: somebody may be at it by hand, and what he has done is not done again.
    """
    if due.transfer_id is not None:
        return await inventory.moving.locked_transfer(tx, transfer_id=due.transfer_id)
    here = await _code(tx, due)
    found = [
        one
        for one in await inventory.moving.sought(tx, location_ids=[due.location_id], standing="open", limit=200)
        if one.stage == stage and here == (one.target if stage == "under_way" else one.source)
        if lots.keys() <= {line.variant_id for line in one.lines}
    ]
    if len(found) != 1:
        raise Waits(f"The events name no transfer, and {len(found) or 'none'} of this place would fit.")
    return await inventory.moving.locked_transfer(tx, transfer_id=found[0].transfer_id)


async def _code(tx: Tx, due: Due) -> str:
    return next(one.code for one in await inventory.locations(tx) if one.location_id == due.location_id)
