"""Events that a consumer could not digest. They wait in `kernel.parked_event`, with the error."""

from datetime import datetime

import msgspec

from comptoir.kernel.db import Tx
from comptoir.kernel.log import Event


class Parked(msgspec.Struct, frozen=True):
    """An event that a consumer could not digest."""

    consumer: str
    position: int
    recorded_at: datetime
    kind: str
    error: str
    parked_at: datetime


async def park(tx: Tx, *, consumer: str, event: Event, error: Exception) -> None:
    """Set the event aside. One that is parked already takes the new error."""
    await tx.run(
        PARK,
        consumer=consumer,
        kind=event.kind,
        recorded_at=event.recorded_at,
        position=event.position,
        error=repr(error)[:2000],
    )


PARK = """
    INSERT INTO kernel.parked_event (consumer, recorded_at, position, kind, error)
    VALUES (%(consumer)s, %(recorded_at)s, %(position)s, %(kind)s, %(error)s)
    ON CONFLICT (consumer, position) DO UPDATE SET error = excluded.error, parked_at = now()
"""


async def parked_events(tx: Tx, *, limit: int = 200) -> list[Parked]:
    """What could not be digested, the latest first."""
    return await tx.many(Parked, PARKED, limit=limit)


PARKED = """
    SELECT consumer, position, recorded_at, kind, error, parked_at FROM kernel.parked_event
    ORDER BY parked_at DESC, position DESC LIMIT %(limit)s
"""
