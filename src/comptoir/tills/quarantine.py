"""Entries that contradict their till's chain: nothing was done of them, until somebody says so."""

from datetime import timedelta
from uuid import UUID

import msgspec

from comptoir.kernel.auth import Actor, audit
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Unprocessable
from comptoir.tills.acts import perform
from comptoir.tills.devices import devices
from comptoir.tills.errors import BadSync, UnknownEntry
from comptoir.tills.records import Answer, Aside, Entry


async def set_aside(tx: Tx, *, device_id: UUID | None = None, limit: int = 100) -> list[Aside]:
    """What nobody has decided on yet, of one till or of all, the newest first."""
    return await tx.many(Aside, OPEN, device_id=device_id, limit=limit)


async def take(tx: Tx, *, quarantine_id: int, actor: Actor) -> Answer:
    """It has happened all the same: do what the entry says, once. Raises UnknownEntry, BadSync."""
    one = await tx.maybe(Aside, ONE, quarantine_id=quarantine_id)
    if one is None:
        raise UnknownEntry(f"Nothing stands aside under {quarantine_id}.")
    try:
        entry = msgspec.json.decode(one.body, type=Entry)
    except msgspec.MsgspecError as error:
        raise BadSync(f"It cannot be read: {error}. Record what it tells by hand.") from error
    device = next(known for known in await devices(tx) if known.device_id == one.device_id)
    answer = (await perform(tx, device, [entry], skew=timedelta()))[entry.sequence]
    if answer.state == "refused":
        raise Unprocessable(answer.detail or "")
    await tx.run(TAKEN, quarantine_id=quarantine_id, now=tx.now)
    await audit.record(tx, actor=actor, action="tills.take_entry", target=f"quarantine:{quarantine_id}")
    return answer


async def dismiss(tx: Tx, *, quarantine_id: int, actor: Actor) -> None:
    """Nothing is to be done of it: it was recorded by hand, or never happened. Twice is fine. Raises UnknownEntry."""
    if not await tx.run(DISMISSED, quarantine_id=quarantine_id, now=tx.now):
        raise UnknownEntry(f"Nothing stands aside under {quarantine_id}.")
    await audit.record(tx, actor=actor, action="tills.dismiss_entry", target=f"quarantine:{quarantine_id}")


COLUMNS = """
    SELECT quarantine_id, device_id, sequence, reason, detail, received_at, taken_at, body FROM tills.quarantine
"""
OPEN = (
    COLUMNS
    + """
    WHERE taken_at IS NULL AND dismissed_at IS NULL
      AND (%(device_id)s::uuid IS NULL OR device_id = %(device_id)s)
    ORDER BY quarantine_id DESC LIMIT %(limit)s
"""
)
ONE = COLUMNS + "WHERE quarantine_id = %(quarantine_id)s FOR NO KEY UPDATE"
TAKEN = "UPDATE tills.quarantine SET taken_at = coalesce(taken_at, %(now)s) WHERE quarantine_id = %(quarantine_id)s"
DISMISSED = """
    UPDATE tills.quarantine SET dismissed_at = coalesce(dismissed_at, %(now)s)
    WHERE quarantine_id = %(quarantine_id)s AND taken_at IS NULL
"""
