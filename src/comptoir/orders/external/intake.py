"""Orders made elsewhere enter the book: each once, at the prices that were paid, with what can be had of the goods.

The customer has bought and paid already, so nothing of it is lost: an article that the catalog does not know, sums
that disagree, goods that are gone are kept with a flag, and what is short is told (`orders.external_order_short`).
Refused is only what could be no order, and another order under a known number.
"""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import msgspec

from comptoir import catalog, inventory
from comptoir.catalog import KnownVariant
from comptoir.kernel.db import Tx, rows
from comptoir.kernel.errors import Refusal
from comptoir.orders.baskets import Part
from comptoir.orders.checkout import PLACE, PLACE_LINES
from comptoir.orders.events import ExternalOrderShort, OrderPlaced
from comptoir.orders.external.forgotten import without_erased
from comptoir.orders.external.judging import Judged, Key, flags_of, is_promised, judge
from comptoir.orders.external.records import ExternalLine, ExternalOrder, ExternalRecorded, ShortLine
from comptoir.orders.external.revisions import answer, conflict, known_by, revise
from comptoir.orders.fulfilment.writing import WAIT
from comptoir.orders.sales.customers import Shown, name_shown
from comptoir.orders.sales.recording import known_outlets
from comptoir.orders.sourcing import Planner, Wanted, count_promised, policy, promised_on, source_again

TRIES = 4
"""Rounds in which an order's goods are sought anew, because others took them between look and promise."""


class Sourced(msgspec.Struct, frozen=True):
    """From where the goods of an order come, and what cannot be had."""

    parts: tuple[Part, ...] = ()
    short: tuple[ShortLine, ...] = ()
    why: str = ""
    """`orders.sourcing.Reasons`, as JSON."""


async def record_orders(tx: Tx, orders: Sequence[ExternalOrder]) -> list[ExternalRecorded | Refusal]:
    """Take what can be taken; one answer per order, in the order given. Run by `Database.within`: it may cross others.

    A version that is newer than the one on record may change where the goods go, what was paid and who it is; other
    lines or sums under the same number are an ExternalOrderConflict.
    """
    outlets = await known_outlets(tx, (one.outlet for one in orders))
    orders = await without_erased(tx, orders, outlets)
    answers: list[ExternalRecorded | Refusal | None] = [None] * len(orders)
    judged: dict[int, Judged] = {}
    first: dict[Key, int] = {}
    for index, order in enumerate(orders):
        try:
            one = judged[index] = judge(order, outlets)
        except Refusal as refusal:
            answers[index] = refusal
        else:
            first.setdefault(one.key, index)
    known = await known_by(tx, first)
    new = [judged[first[key]] for key in sorted(first) if key not in known]
    taken: set[int] = set()
    if new:
        # Before any order is written, so that nodes are always locked first.
        named = await name_shown(tx, [Shown(one.order.identifiers, one.outlet, one.order.placed_at) for one in new])
        claimed = {(outlet, number) for outlet, number in await tx.tuples(CLAIM, orders=_claims(new), now=tx.now)}
        await _place(tx, [(one, node) for one, node in zip(new, named, strict=True) if one.key in claimed])
        known = await known_by(tx, first)
        taken = {first[key] for key in claimed}
    for index, one in judged.items():
        before = known[one.key]
        if index in taken:
            answers[index] = answer(one, before, repeated=False)
        elif before.content != one.content:
            answers[index] = conflict(one, before)
        else:
            answers[index] = await revise(tx, one, before)
    return cast("list[ExternalRecorded | Refusal]", answers)


# ---- new ones


async def _place(tx: Tx, new: Sequence[tuple[Judged, Any]]) -> None:
    if not new:
        return
    variants = await catalog.variants_by_sku(tx, {line.sku for one, _ in new for line in one.order.lines if line.sku})
    wanted = {one.order_id: _wanted(one.order, variants) for one, _ in new}
    places = await inventory.places(tx)
    sourced = await _commit(tx, {one.order_id: one for one, _ in new}, wanted, places)
    numbers: dict[UUID, int] = dict(
        await tx.tuples(
            PLACE, orders=rows([_order_row(one, node.node_id, sourced[one.order_id]) for one, node in new]), now=tx.now
        )
    )
    lines = [
        _line_row(one.order_id, line, variants[line.sku].variant_id)
        for one, _ in new
        for line in one.order.lines
        if is_promised(line, variants)
    ]
    parts = [
        {
            "order_id": one.order_id,
            "method": one.order.delivery.method,
            "promised_on": promised_on(places, part.location_id, tx.now),
            **msgspec.to_builtins(part),
        }
        for one, _ in new
        for part in sourced[one.order_id].parts
    ]
    await tx.run(PLACE_LINES, lines=rows(lines), parts=rows(parts), now=tx.now)
    short = [
        {"order_id": one.order_id, "line": line.line, "variant_id": variants[line.sku].variant_id,
         "pieces": line.quantity}
        for one, _ in new
        for line in sourced[one.order_id].short
    ]  # fmt: skip
    if short:
        await tx.run(WAIT, lines=rows(short), now=tx.now)
    ends = [
        {
            "outlet_id": one.outlet.outlet_id,
            "number": one.order.number,
            "rest": [line for line in one.order.lines if not is_promised(line, variants)],
            "short": sourced[one.order_id].short,
            "flags": " ".join(
                flags_of(
                    one.order, variants, short=bool(sourced[one.order_id].short), unusable=node.unusable
                )
            ),
        }
        for one, node in new
    ]  # fmt: skip
    await tx.run(END, orders=rows(ends))
    await tx.tell(*(_placed(one, node.node_id, numbers[one.order_id]) for one, node in new))
    await tx.tell(
        *(
            ExternalOrderShort(
                order_id=one.order_id,
                order_number=numbers[one.order_id],
                outlet_id=one.outlet.outlet_id,
                number=one.order.number,
                short=[(line.line, line.sku, line.quantity) for line in sourced[one.order_id].short],
            )
            for one, _ in new
            if sourced[one.order_id].short
        )
    )


async def _commit(
    tx: Tx, new: dict[UUID, Judged], wanted: dict[UUID, list[Wanted]], places: inventory.Places
) -> dict[UUID, Sourced]:
    """Promise to each order what can be had: all in one act first, then whoever came too late by himself."""
    done = {order_id: Sourced() for order_id in new}
    planner = Planner(await policy(tx))
    waiting = [order_id for order_id in new if wanted[order_id]]
    batches = [waiting]
    for turn in range(1 + TRIES):
        late: list[UUID] = []
        for batch in batches:
            found = {
                order_id: await _sourced(tx, new[order_id], wanted[order_id], places, planner) for order_id in batch
            }
            asked = [order_id for order_id in batch if found[order_id].parts]
            acts = [
                inventory.Allocate(
                    reference=str(order_id),
                    units=[inventory.Units(p.variant_id, p.location_id, p.quantity) for p in found[order_id].parts],
                    channel=new[order_id].outlet.channel,
                )
                for order_id in asked
            ]
            verdicts = dict(zip(asked, await inventory.post(tx, acts) if acts else [], strict=True))
            for order_id in batch:
                if not isinstance(verdicts.get(order_id), Refusal):
                    done[order_id] = found[order_id]
                elif turn < TRIES:
                    late.append(order_id)
                else:
                    skus = {one.line: one.sku for one in new[order_id].order.lines}
                    done[order_id] = Sourced(
                        short=tuple(ShortLine(w.line, skus[w.line], w.quantity) for w in wanted[order_id])
                    )
        batches = [[order_id] for order_id in late]
        if not batches:
            break
    await count_promised(tx, places, [[part.location_id for part in one.parts] for one in done.values()])
    return done


async def _sourced(tx: Tx, one: Judged, wanted: list[Wanted], places: inventory.Places, planner: Planner) -> Sourced:
    again = await source_again(
        tx, lines=wanted, channel=one.outlet.channel, delivery=one.order.delivery, places=places, planner=planner
    )
    skus = {line.line: line.sku for line in one.order.lines}
    return Sourced(
        again.parts, tuple(ShortLine(m.line, skus[m.line], m.quantity) for m in again.missing), again.sourced
    )


def _wanted(order: ExternalOrder, variants: dict[str, KnownVariant]) -> list[Wanted]:
    return [
        Wanted(one.line, variants[one.sku].variant_id, one.quantity)
        for one in order.lines
        if is_promised(one, variants)
    ]


def _claims(new: Sequence[Judged]) -> str:
    return rows(
        [
            {
                "outlet_id": one.outlet.outlet_id,
                "number": one.order.number,
                "order_id": one.order_id,
                "revised_at": one.order.revised_at,
                "content": one.content.hex(),
                "paid_minor": one.order.paid_minor,
            }
            for one in new
        ]
    )


# Of two who bring the same order at once, the later waits here until the first has committed, and claims nothing.
CLAIM = """
    INSERT INTO orders.external_order (outlet_id, number, order_id, revised_at, content, paid_minor, received_at)
    SELECT outlet_id, number, order_id, revised_at, decode(content, 'hex'), paid_minor, %(now)s
    FROM json_to_recordset(%(orders)s::json) AS o (outlet_id smallint, number text, order_id uuid,
        revised_at timestamptz, content text, paid_minor bigint)
    ORDER BY outlet_id, number
    ON CONFLICT (outlet_id, number) DO NOTHING
    RETURNING outlet_id, number
"""

END = """
    UPDATE orders.external_order AS e
    SET rest = o.rest, short = o.short, flags = string_to_array(o.flags, ' ')
    FROM json_to_recordset(%(orders)s::json) AS o (outlet_id smallint, number text, rest json, short json, flags text)
    WHERE e.outlet_id = o.outlet_id AND e.number = o.number
"""


def _order_row(one: Judged, node_id: int | None, sourced: Sourced) -> dict[str, Any]:
    order = one.order
    return {
        "order_id": one.order_id,
        "outlet_id": one.outlet.outlet_id,
        "channel": one.outlet.channel,
        "node_id": node_id,
        "currency": order.currency,
        "delivery": order.delivery,
        "payment": {
            "provider": "external",
            "authorisation": order.payment_reference or f"{order.outlet} {order.number}",
            # Whether the customer has paid there yet is the platform's business: it owes us what is handed over.
            "amount_minor": max(order.total_minor, _lines_minor(order)),
            "currency": order.currency,
        },
        "delivery_minor": order.delivery_minor,
        "discount_minor": order.discount_minor,
        "tax_minor": order.tax_minor,
        "total_minor": order.total_minor,
        "placed_at": order.placed_at,
        "sourced": sourced.why or None,
    }


def _lines_minor(order: ExternalOrder) -> int:
    return sum(line.total_minor for line in order.lines) + order.delivery_minor


def _line_row(order_id: UUID, line: ExternalLine, variant_id: int) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "line": line.line,
        "variant_id": variant_id,
        "sku": line.sku,
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price_minor,
        "amount_minor": line.amount_minor,
        "discount_minor": line.discount_minor,
        "tax_minor": line.tax_minor,
        "total_minor": line.total_minor,
        "effects": [],
    }


def _placed(one: Judged, node_id: int | None, number: int) -> OrderPlaced:
    return OrderPlaced(
        order_id=one.order_id,
        order_number=number,
        node_id=node_id,
        outlet_id=one.outlet.outlet_id,
        channel=one.outlet.channel,
        currency=one.order.currency,
        total_minor=one.order.total_minor,
        units=sum(line.quantity for line in one.order.lines if line.kind == "goods"),
        placed_at=one.order.placed_at,
    )
