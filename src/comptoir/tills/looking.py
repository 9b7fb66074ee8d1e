"""Tills for people who look: how far each was heard, what is missing, what stands aside or was booked otherwise."""

from datetime import datetime
from uuid import UUID

import msgspec

from comptoir.kernel.db import Tx
from comptoir.tills import chain
from comptoir.tills.devices import device, devices
from comptoir.tills.records import Answer, Device, Kind
from comptoir.tills.sync import AHEAD

NEWEST = 50


class Standing(msgspec.Struct, frozen=True):
    """A till and what somebody must look at."""

    device: Device
    missing: list[tuple[int, int]]
    """First and last number of each gap."""
    aside: int
    """Entries that contradict its chain and that nobody has decided on."""
    faulty: int
    """Entries whose goods have moved and that could not be booked as they were told."""
    waiting: int
    """Promises that wait until a gap is closed."""


class Faulty(msgspec.Struct, frozen=True):
    """An entry that happened and could not be booked as it was told. `answer` says why."""

    sequence: int
    kind: Kind
    occurred_at: datetime
    received_at: datetime
    answer: Answer


async def standings(tx: Tx) -> list[Standing]:
    """All tills, by outlet and name."""
    return [await _standing(tx, one) for one in await devices(tx)]


async def standing(tx: Tx, *, device_id: UUID) -> Standing:
    """One till. Raises UnknownDevice."""
    return await _standing(tx, await device(tx, device_id=device_id))


async def _standing(tx: Tx, one: Device) -> Standing:
    missing: list[tuple[int, int]] = []
    if one.gap_since is not None:
        ahead: list[int] = await tx.values(AHEAD, device_id=one.device_id, reached=one.reached)
        _, missing = chain.gaps(one.reached, ahead)
    ((aside, faulty, waiting),) = await tx.tuples(TALLY, device_id=one.device_id)
    return Standing(one, missing, aside, faulty, waiting)


async def faulty(tx: Tx, *, device_id: UUID) -> list[Faulty]:
    """The newest first."""
    return await tx.many(Faulty, FAULTY, device_id=device_id, limit=NEWEST)


async def pulse(tx: Tx) -> str:
    """Another text whenever a till was heard, registered or revoked, or somebody has decided on what stands aside."""
    return await tx.value(PULSE)


TALLY = """
    SELECT (SELECT count(*) FROM tills.quarantine
            WHERE device_id = %(device_id)s AND taken_at IS NULL AND dismissed_at IS NULL),
           (SELECT count(*) FROM tills.entry WHERE device_id = %(device_id)s AND state = 'faulty'),
           (SELECT count(*) FROM tills.entry WHERE device_id = %(device_id)s AND state = 'waiting')
"""

FAULTY = """
    SELECT sequence, kind, occurred_at, received_at, answer::json AS answer FROM tills.entry
    WHERE device_id = %(device_id)s AND state = 'faulty' ORDER BY received_at DESC, sequence DESC LIMIT %(limit)s
"""

PULSE = """
    SELECT concat_ws(' ', (SELECT concat_ws(' ', extract(epoch FROM max(synced_at)), count(*), count(revoked_at))
                           FROM tills.device),
                     (SELECT concat_ws(' ', count(*), count(taken_at), count(dismissed_at)) FROM tills.quarantine))
"""
