"""Webhooks are kept before they are answered, and worked off after it: none is lost, none is done twice.

Each is done in a transaction of its own; those of one order one after the other, in the order they came, whoever does
them. What must wait for its order is looked at again with that order. What fails is kept with its reason, told, and can
be replayed.
"""

from functools import partial
from typing import Any, cast

import msgspec
import psycopg
import structlog

from comptoir import orders
from comptoir.connectors import shopify, taking
from comptoir.connectors.errors import BadPayload, UnknownDelivery
from comptoir.connectors.events import DeliveryFailed
from comptoir.connectors.records import Delivery, Platform, Told
from comptoir.kernel import jobs
from comptoir.kernel.auth import Actor, audit
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import Refusal, Unavailable

log = structlog.get_logger(__name__)

MOST = 100


async def keep(tx: Tx, *, connection_id: int, webhook_id: str, topic: str, body: bytes) -> bool:
    """Keep it, and have it worked off; False: it was here before."""
    subject = subject_of(topic, body)
    added = await tx.run(
        KEEP, connection_id=connection_id, webhook_id=webhook_id, topic=topic, subject=subject, body=body, now=tx.now
    )
    if added:
        await jobs.defer(tx, work_off_deliveries, once="connectors.deliveries")
    return bool(added)


KEEP = """
    INSERT INTO connectors.delivery (connection_id, webhook_id, topic, subject, received_at, body)
    VALUES (%(connection_id)s, %(webhook_id)s, %(topic)s, %(subject)s, %(now)s, %(body)s)
    ON CONFLICT (connection_id, webhook_id) DO NOTHING
"""


def subject_of(topic: str, body: bytes) -> str:
    """The order that it is about, as far as that can be read."""
    try:
        payload: Any = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    told = cast("dict[str, Any]", payload) if isinstance(payload, dict) else {}
    return str(told.get("order_id" if topic.startswith("refunds/") else "id") or "").replace("\0", "")[:100]


# ---- working off


class Due(msgspec.Struct, frozen=True):
    """A delivery that is to be done."""

    delivery_id: int
    connection_id: int
    connection: str
    platform: Platform
    outlet: str
    webhook_id: str
    topic: str
    subject: str
    body: bytes


@jobs.task("connectors.work_off")
async def work_off_deliveries(db: Database) -> None:
    await work_off(db)


async def work_off(db: Database) -> int:
    """Do what is due; returns how many. Several processes may do so at once."""
    done = 0
    while True:
        async with db.reading() as tx:
            due: list[int] = await tx.values(DUE, most=MOST)
        now = sum([await _one(db, delivery_id) for delivery_id in due])
        if not now:  # nothing is due, or another process has it
            return done
        done += now


async def _one(db: Database, delivery_id: int) -> int:
    try:
        return await db.within(partial(_do, delivery_id=delivery_id))
    except Refusal as refusal:
        if isinstance(refusal, Unavailable):
            raise  # the queue tries again
        code, detail = refusal.code, refusal.detail or refusal.title()
    except (psycopg.OperationalError, psycopg.InterfaceError):
        raise
    except Exception as error:  # a defect of ours must not stop those behind it
        log.exception("connectors.defect", delivery=delivery_id)
        code, detail = "defect", repr(error)
    await db.within(partial(_failed, delivery_id=delivery_id, code=code, detail=detail[:1_000]))
    return 1


async def _do(tx: Tx, *, delivery_id: int) -> int:
    # Of two that do messages of one order at once, one would not see the order of the other, and wait for ever. Whoever
    # has the order looks again when he is done.
    if not await tx.value(ALONE, delivery_id=delivery_id):
        return 0
    one = await tx.maybe(Due, TAKE, delivery_id=delivery_id)
    if one is None:
        return 0  # another process has it, or has one that comes before it
    told = await _told(tx, one)
    outcome = await taking.take(
        tx,
        told,
        connection_id=one.connection_id,
        platform=one.platform,
        outlet=one.outlet,
    )
    if outcome.state == "failed":
        await _failed(tx, delivery_id=delivery_id, code=outcome.code, detail=outcome.detail[:1_000])
        return 1
    await tx.run(SETTLE, delivery_id=delivery_id, state=outcome.state, detail=outcome.detail[:1_000], now=tx.now)
    if told.order is not None and (await orders.without_erased(tx, [told.order]))[0] is not told.order:
        await tx.run(EMPTY, delivery_id=delivery_id)
    if one.subject and outcome.state == "done":
        await tx.run(WAKE, connection_id=one.connection_id, subject=one.subject)
    return 1


async def _told(tx: Tx, one: Due) -> Told:
    try:
        payload: Any = msgspec.json.decode(one.body)
        if not isinstance(payload, dict):
            raise BadPayload("It is no JSON object.")
        told = taking.read(one.platform, one.topic, cast("dict[str, Any]", payload), outlet=one.outlet)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadPayload(f"It cannot be read: {error}"[:500]) from error
    if told.refund:  # a refund names lines by ids that only the order's own message holds
        body = await tx.value(ORDER_BODY, connection_id=one.connection_id, subject=one.subject)
        ids = shopify.line_ids(msgspec.json.decode(body)) if body else {}
        told = msgspec.structs.replace(told, raw={"line_ids": ids})
    return told


async def _failed(tx: Tx, *, delivery_id: int, code: str, detail: str) -> None:
    found = await tx.tuples(FAIL, delivery_id=delivery_id, code=code, detail=detail, now=tx.now)
    for connection, topic, subject in found:
        await tx.tell(
            DeliveryFailed(
                delivery_id=delivery_id, connection=connection, topic=topic, subject=subject, code=code, detail=detail
            )
        )


DUE = """
    SELECT delivery_id FROM connectors.delivery WHERE state = 'received' ORDER BY delivery_id LIMIT %(most)s
"""

ALONE = """
    SELECT pg_try_advisory_xact_lock(connection_id, hashtext(subject)) FROM connectors.delivery
    WHERE delivery_id = %(delivery_id)s
"""

TAKE = """
    SELECT d.delivery_id, d.connection_id, c.name AS connection, c.platform, o.code AS outlet, d.webhook_id, d.topic,
           d.subject, d.body
    FROM connectors.delivery AS d
    JOIN connectors.connection AS c USING (connection_id)
    JOIN channels.v_outlet AS o USING (outlet_id)
    WHERE d.delivery_id = %(delivery_id)s AND d.state = 'received'
      AND NOT EXISTS (
          SELECT 1 FROM connectors.delivery AS e
          WHERE e.state = 'received' AND e.delivery_id < d.delivery_id AND e.connection_id = d.connection_id
            AND e.subject = d.subject)
    FOR NO KEY UPDATE OF d SKIP LOCKED
"""

SETTLE = """
    UPDATE connectors.delivery
    SET state = %(state)s, code = '', detail = %(detail)s, tries = tries + 1,
        settled_at = CASE WHEN %(state)s <> 'waiting' THEN %(now)s::timestamptz END
    WHERE delivery_id = %(delivery_id)s
"""

# It tells of somebody who was erased since.
EMPTY = "UPDATE connectors.delivery SET body = '' WHERE delivery_id = %(delivery_id)s"

WAKE = """
    UPDATE connectors.delivery SET state = 'received'
    WHERE connection_id = %(connection_id)s AND subject = %(subject)s AND state = 'waiting'
"""

ORDER_BODY = """
    SELECT body FROM connectors.delivery
    WHERE connection_id = %(connection_id)s AND subject = %(subject)s AND topic LIKE 'orders/%%' AND state = 'done'
    ORDER BY delivery_id LIMIT 1
"""

FAIL = """
    UPDATE connectors.delivery AS d
    SET state = 'failed', code = %(code)s, detail = %(detail)s, tries = tries + 1, settled_at = %(now)s
    FROM connectors.connection AS c
    WHERE d.delivery_id = %(delivery_id)s AND c.connection_id = d.connection_id AND d.state = 'received'
    RETURNING c.name, d.topic, d.subject
"""


# ---- looking, and again


async def deliveries(
    tx: Tx,
    *,
    connection: str = "",
    state: str = "",
    by_hand: bool | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Delivery]:
    """What was sent, the newest first, older than `before`. `by_hand`: only what somebody must do here, or only not."""
    return await tx.many(
        Delivery, LIST, connection=connection, state=state, by_hand=by_hand, before=before, limit=limit
    )


LIST = """
    SELECT delivery_id, connection, webhook_id, topic, subject, received_at, settled_at, state, code, detail, tries
    FROM connectors.v_delivery
    WHERE (%(connection)s = '' OR connection = %(connection)s) AND (%(state)s = '' OR state = %(state)s)
      AND (%(by_hand)s::boolean IS NULL OR (code = 'connectors.by_hand') = %(by_hand)s)
      AND (%(before)s::bigint IS NULL OR delivery_id < %(before)s)
    ORDER BY delivery_id DESC LIMIT %(limit)s
"""


async def replay(tx: Tx, *, delivery_id: int, actor: Actor) -> Delivery:
    """Do it again: it has failed, or waits; what is done stays done. Raises UnknownDelivery."""
    if not await tx.value("SELECT 1 FROM connectors.delivery WHERE delivery_id = %(id)s", id=delivery_id):
        raise UnknownDelivery(f"There is no delivery {delivery_id}.")
    if await tx.run(REPLAY, delivery_id=delivery_id):
        await audit.record(tx, actor=actor, action="connectors.replay", target=f"delivery:{delivery_id}")
        await jobs.defer(tx, work_off_deliveries, once="connectors.deliveries")
    (found,) = await deliveries(tx, before=delivery_id + 1, limit=1)
    return found


REPLAY = """
    UPDATE connectors.delivery SET state = 'received', settled_at = NULL
    WHERE delivery_id = %(delivery_id)s AND state IN ('failed', 'waiting')
"""


async def settle(tx: Tx, *, delivery_id: int, actor: Actor) -> Delivery:
    """It failed, and somebody has done here what it is about, or it needs nothing. Twice is fine.

    Raises UnknownDelivery.
    """
    (found,) = await deliveries(tx, before=delivery_id + 1, limit=1) or [None]
    if found is None or found.delivery_id != delivery_id:
        raise UnknownDelivery(f"There is no delivery {delivery_id}.")
    if not await tx.run(SETTLED, delivery_id=delivery_id, now=tx.now):
        return found
    await audit.record(tx, actor=actor, action="connectors.settle", target=f"delivery:{delivery_id}")
    return msgspec.structs.replace(found, state="done", settled_at=tx.now)


SETTLED = """
    UPDATE connectors.delivery SET state = 'done', settled_at = %(now)s
    WHERE delivery_id = %(delivery_id)s AND state = 'failed'
"""
