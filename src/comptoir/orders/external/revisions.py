"""An order made elsewhere that is in the book already: what a newer version of it may change."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from comptoir import channels
from comptoir.kernel.db import Tx, ints, texts
from comptoir.orders.errors import ExternalOrderConflict, UnknownOrder
from comptoir.orders.external.judging import Judged, Key
from comptoir.orders.external.records import ExternalRecorded, ShortLine
from comptoir.orders.sales.customers import Shown, name_shown


class Known(msgspec.Struct, frozen=True, gc=False):
    """What is on record under a number."""

    outlet_id: int
    number: str
    order_id: UUID
    order_number: int
    state: str
    node_id: int | None
    revised_at: datetime
    content: bytes
    flags: list[str]
    short: list[ShortLine]
    delivery: dict[str, Any]
    paid_minor: int


async def external_order(tx: Tx, *, outlet: str, number: str) -> ExternalRecorded:
    """An order by its number elsewhere. Raises UnknownOrder."""
    outlet_id = (await channels.outlet(tx, code=outlet)).outlet_id
    if found := (await known_by(tx, [(outlet_id, number)])).get((outlet_id, number)):
        return ExternalRecorded(
            order_id=found.order_id,
            order_number=found.order_number,
            outlet=outlet,
            number=number,
            repeated=True,
            flags=found.flags,
            short=found.short,
        )
    raise UnknownOrder(f"{outlet[:80]} has told of no order {number[:80]}.", outlet=outlet[:80], number=number[:80])


async def known_by(tx: Tx, keys: Collection[Key]) -> dict[Key, Known]:
    if not keys:
        return {}
    ordered = sorted(keys)
    found = await tx.many(Known, KNOWN, outlets=ints(key[0] for key in ordered), numbers=texts(k[1] for k in ordered))
    return {(one.outlet_id, one.number): one for one in found}


KNOWN = """
    SELECT e.outlet_id, e.number, e.order_id, o.order_number, o.state, o.node_id, e.revised_at, e.content, e.flags,
           e.short, o.delivery, e.paid_minor
    FROM unnest(%(outlets)s::smallint[], %(numbers)s::text[]) AS k (outlet_id, number)
    CROSS JOIN LATERAL (
        SELECT * FROM orders.external_order AS e WHERE e.outlet_id = k.outlet_id AND e.number = k.number
        FOR NO KEY UPDATE
    ) AS e
    CROSS JOIN LATERAL (SELECT * FROM orders.sales_order AS o WHERE o.order_id = e.order_id) AS o
"""


async def revise(tx: Tx, one: Judged, before: Known) -> ExternalRecorded:
    """A newer version may change where the goods go, what was paid and who it is; an older one says nothing new."""
    if one.order.revised_at <= before.revised_at:
        return answer(one, before, repeated=True)
    changed: list[str] = []
    if before.state == "open" and msgspec.to_builtins(one.order.delivery) != before.delivery:
        changed.append("delivery")
    if one.order.paid_minor > before.paid_minor:
        changed.append("payment")
    node_id = before.node_id
    if node_id is None and one.order.identifiers:
        (named,) = await name_shown(tx, [Shown(one.order.identifiers, one.outlet, one.order.placed_at)])
        if named.node_id is not None:
            node_id = named.node_id
            changed.append("customer")
    await tx.run(
        REVISE,
        outlet_id=before.outlet_id,
        number=before.number,
        order_id=before.order_id,
        revised_at=one.order.revised_at,
        delivery=msgspec.json.encode(one.order.delivery).decode() if "delivery" in changed else None,
        paid_minor=max(one.order.paid_minor, before.paid_minor),
        node_id=node_id,
    )
    return answer(one, before, repeated=True, changed=changed)


REVISE = """
    WITH revised AS (
        UPDATE orders.external_order SET revised_at = %(revised_at)s, paid_minor = %(paid_minor)s
        WHERE outlet_id = %(outlet_id)s AND number = %(number)s
    )
    UPDATE orders.sales_order SET delivery = coalesce(%(delivery)s::json, delivery), node_id = %(node_id)s::bigint
    WHERE order_id = %(order_id)s
"""


def answer(one: Judged, known: Known, *, repeated: bool, changed: Sequence[str] = ()) -> ExternalRecorded:
    return ExternalRecorded(
        order_id=known.order_id,
        order_number=known.order_number,
        outlet=one.outlet.code,
        number=known.number,
        repeated=repeated,
        changed=list(changed),
        flags=known.flags,
        short=known.short,
    )


def conflict(one: Judged, known: Known) -> ExternalOrderConflict:
    return ExternalOrderConflict(
        f"Order {known.number} of {one.outlet.code} is in the book as {known.order_number} with other lines or sums:"
        " change it there by cancelling and returning, or give this one its own number.",
        outlet=one.outlet.code,
        number=known.number,
        order_id=str(known.order_id),
        order_number=known.order_number,
    )
