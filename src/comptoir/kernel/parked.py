"""Events that a consumer could not digest: they wait in `kernel.parked_event`, to be handed in again or given up.

A second try has the effects of a first one: they are committed together with the end of the waiting, or not at all.
So two who hand in the same event do it once, and a replay of the log that reads it anyway ends its waiting.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec
import psycopg
import structlog

from comptoir.kernel.auth.actors import Actor
from comptoir.kernel.auth.audit import record
from comptoir.kernel.db import Database, Tx, ints
from comptoir.kernel.errors import Invalid, NotFound, Refusal
from comptoir.kernel.log import Event

Handle = Callable[[Tx, list[Event]], Awaitable[None]]
MOST = 200
"""Events that are listed, and handed in at once."""
LONGEST_REASON = 500

log = structlog.get_logger(__name__)


class UnknownConsumer(NotFound):
    """No consumer of this name reads the log."""

    code = "kernel.unknown_consumer"


class NoReason(Invalid):
    """An event is given up without a word why."""

    code = "kernel.no_reason"


class Parked(msgspec.Struct, frozen=True):
    """An event that a consumer could not digest."""

    consumer: str
    position: int
    recorded_at: datetime
    kind: str
    error: str
    parked_at: datetime


Outcome = Literal["digested", "parked", "settled", "gone"]


class HandedIn(msgspec.Struct, frozen=True):
    """What became of an event that was handed in again.

    `digested`: its effects are there. `parked`: it failed again and waits on, with the new `error`. `settled`: it does
    not wait (any more). `gone`: the log no longer holds it.
    """

    position: int
    outcome: Outcome
    kind: str = ""
    error: str = ""


async def park(tx: Tx, *, consumer: str, event: Event, error: Exception) -> None:
    """Set the event aside. One that is parked already takes the new error."""
    await tx.run(
        PARK,
        consumer=consumer,
        kind=event.kind,
        recorded_at=event.recorded_at,
        position=event.position,
        error=words(error),
        now=tx.now,
    )


PARK = """
    INSERT INTO kernel.parked_event (consumer, recorded_at, position, kind, error, parked_at)
    VALUES (%(consumer)s, %(recorded_at)s, %(position)s, %(kind)s, %(error)s, %(now)s)
    ON CONFLICT (consumer, position) DO UPDATE SET error = excluded.error, parked_at = excluded.parked_at
"""


def words(error: Exception) -> str:
    """The error in a line. What the database adds to its own quotes rows, which may hold personal data."""
    if isinstance(error, psycopg.Error):
        return f"{type(error).__name__}({(str(error).splitlines() or [''])[0]!r})"[:2000]
    return repr(error).replace("\0", "\N{REPLACEMENT CHARACTER}")[:2000]


async def parked_events(tx: Tx, *, limit: int = MOST) -> list[Parked]:
    """What could not be digested, the latest first."""
    return await tx.many(Parked, PARKED, limit=limit)


PARKED = """
    SELECT consumer, position, recorded_at, kind, error, parked_at FROM kernel.parked_event
    ORDER BY parked_at DESC, position DESC LIMIT %(limit)s
"""


async def parked_by_consumer(tx: Tx) -> dict[str, int]:
    """How many events wait, by consumer."""
    return dict(await tx.tuples(COUNTS))


COUNTS = "SELECT consumer, count(*)::int FROM kernel.parked_event GROUP BY consumer ORDER BY consumer"


async def hand_in(
    db: Database,
    handles: Mapping[str, Handle],
    *,
    consumer: str,
    actor: Actor,
    positions: Sequence[int] | None = None,
    most: int = MOST,
) -> list[HandedIn]:
    """Let the consumer try again: the named events, or the `most` oldest of all that wait for it.

    Each in a transaction of its own and in the order of the log, so that one that fails costs no other. Every try
    leaves a line in the audit trail.
    """
    handle = handles.get(consumer)
    if handle is None:
        raise UnknownConsumer(f"No consumer is called {consumer!r}.", consumer=consumer)
    async with db.reading() as tx:
        chosen = None if positions is None else ints(sorted(set(positions)))
        found = await tx.many(Parked, CHOSEN, consumer=consumer, positions=chosen, most=most)
    tried = [await _hand_in_one(db, handle, one, actor) for one in found]
    missing = set(positions or ()) - {one.position for one in found}
    return tried + [HandedIn(position, "settled") for position in sorted(missing)]


CHOSEN = """
    SELECT consumer, position, recorded_at, kind, error, parked_at FROM kernel.parked_event
    WHERE consumer = %(consumer)s
      AND (%(positions)s::bigint[] IS NULL OR position = ANY(%(positions)s::bigint[]))
    ORDER BY position LIMIT %(most)s
"""


class _Settled(Exception):
    """Somebody else was faster, or the log is being replayed: nothing of this try may stay."""


async def _hand_in_one(db: Database, handle: Handle, one: Parked, actor: Actor) -> HandedIn:
    async def digest(tx: Tx) -> HandedIn:
        events = await tx.tuples(EVENT, recorded_at=one.recorded_at, position=one.position)
        if not events:
            return HandedIn(one.position, "gone", one.kind, one.error)
        await handle(tx, [Event(*events[0])])
        # Like a cursor, the row is the last that is touched: whoever took it meanwhile has done the work.
        if not await tx.run(UNPARK, consumer=one.consumer, position=one.position):
            raise _Settled
        await _audit(tx, one, actor, "digested")
        return HandedIn(one.position, "digested", one.kind)

    try:
        return await db.within(digest)
    except _Settled:
        return HandedIn(one.position, "settled", one.kind)
    except Refusal as refusal:
        if refusal.status >= 500:  # the database is away, which is no fault of the event
            raise
        error: Exception = refusal
    except Exception as failed:  # noqa: BLE001  whatever it is, the event is still poison and its fault is shown
        error = failed
    log.warning("parked.still", consumer=one.consumer, position=one.position, reason=repr(error))
    async with db.transaction() as tx:
        if not await tx.run(STILL, consumer=one.consumer, position=one.position, error=words(error), now=tx.now):
            return HandedIn(one.position, "settled", one.kind)
        await _audit(tx, one, actor, "parked", words(error))
    return HandedIn(one.position, "parked", one.kind, words(error))


async def _audit(
    tx: Tx, one: Parked, actor: Actor, outcome: Outcome | Literal["given_up"], error: str = "", reason: str = ""
) -> None:
    after = {"outcome": outcome, "error": error, "reason": reason}
    await record(
        tx,
        actor=actor,
        action="kernel.give_up_parked" if outcome == "given_up" else "kernel.hand_in_parked",
        target=f"parked_event:{one.consumer}:{one.position}",
        before={"error": one.error},
        after={name: value for name, value in after.items() if value},
    )


EVENT = """
    SELECT lane, xid::text::bigint, position, kind, name, source_id, occurred_at, recorded_at, body
    FROM kernel.event WHERE recorded_at = %(recorded_at)s AND position = %(position)s
"""
UNPARK = "DELETE FROM kernel.parked_event WHERE consumer = %(consumer)s AND position = %(position)s"
STILL = """
    UPDATE kernel.parked_event SET error = %(error)s, parked_at = %(now)s
    WHERE consumer = %(consumer)s AND position = %(position)s
"""


async def give_up(tx: Tx, *, consumer: str, position: int, reason: str, actor: Actor) -> bool:
    """The event waits no more and never takes effect; False where it did not wait. The audit trail keeps the `reason`.

    The log keeps the event: a consumer that reads its whole log again meets it again.
    """
    reason = reason.strip()
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise NoReason(f"A reason has between 1 and {LONGEST_REASON} characters.")
    given_up = await tx.maybe(Parked, GIVE_UP, consumer=consumer, position=position)
    if given_up:
        await _audit(tx, given_up, actor, "given_up", reason=reason)
    return given_up is not None


GIVE_UP = """
    DELETE FROM kernel.parked_event WHERE consumer = %(consumer)s AND position = %(position)s
    RETURNING consumer, position, recorded_at, kind, error, parked_at
"""


async def read_anyway(tx: Tx, *, consumer: str) -> None:
    """The consumer will read its whole log again: nothing waits for it, or it would be counted twice."""
    await tx.run("DELETE FROM kernel.parked_event WHERE consumer = %(consumer)s", consumer=consumer)


async def forget_erased(tx: Tx) -> int:
    """What waits for the sake of an event that was erased waits no more; returns how many."""
    return await tx.run(ERASED)


ERASED = """
    DELETE FROM kernel.parked_event AS p USING kernel.event AS e
    WHERE e.recorded_at = p.recorded_at AND e.position = p.position AND e.kind = 'kernel.erased'
"""
