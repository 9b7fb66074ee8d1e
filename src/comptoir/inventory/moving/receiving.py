"""What comes in, as whoever unpacks it tells: short, over, damaged, never announced.

Differences are never silent: what came too much came from the sender, what came damaged is set aside, what never came
is given up with a reason.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from comptoir.inventory.book import MOST
from comptoir.inventory.errors import BadQuantity, NotExpected, ReasonMissing, WrongStage
from comptoir.inventory.events import TransferReceived
from comptoir.inventory.ledger import done
from comptoir.inventory.moving.transfers import CLOSE, Line, Open, Transfer, locked, transfer, write
from comptoir.inventory.records import ADJUSTMENT, SUPPLIER, Move, State
from comptoir.kernel.db import Tx


class Arrived(msgspec.Struct, frozen=True):
    """What was found in the parcel: pieces of a variant in a state."""

    variant_id: int
    quantity: int
    state: State = "sellable"


async def receive(
    tx: Tx,
    *,
    transfer_id: UUID,
    reference: str,
    arrived: Sequence[Arrived],
    complete: bool = False,
    reason: str = "",
    unexpected: bool = False,
    occurred_at: datetime | None = None,
    actor: str = "",
) -> Transfer:
    """Goods are here, each lot once (`reference`). More than were under way come from the sender: he has counted wrong.

    `complete`: nothing more will come; what is still under way is given up, with the `reason`. `unexpected`: articles
    that were not announced are taken too. `occurred_at`: now, unless it was earlier.
    Raises UnknownTransfer, WrongStage, NotExpected, ReasonMissing, BadQuantity.
    """
    there = await locked(tx, transfer_id)
    is_new = await tx.run(RECEIPT, transfer_id=transfer_id, reference=reference, now=tx.now, actor=actor)
    if not is_new:
        return await transfer(tx, transfer_id=transfer_id)
    if there.stage != "under_way":
        raise WrongStage(f"It is {there.stage}: only what is under way can be received.", stage=there.stage)
    if not (arrived or complete):
        raise BadQuantity("No line.")
    if strange := sorted({one.variant_id for one in arrived} - there.lines.keys()):
        if not unexpected:
            raise NotExpected(variants=strange)
        there.lines.update((variant, Line(variant, 0)) for variant in strange)
    sum_up = Counter[str]()
    moves = _unpacked(there, arrived, sum_up)
    if complete or all(not line.under_way for line in there.lines.values()):
        moves += _given_up(there, reason, sum_up)
        there.stage = "received"
    told = [
        msgspec.structs.replace(one, reference=str(transfer_id), occurred_at=occurred_at, actor=actor) for one in moves
    ]
    await done(tx, told)
    await write(tx, transfer_id, there)
    if there.stage == "received":
        await tx.run(CLOSE, transfer_id=transfer_id, stage="received", now=tx.now)
    await tx.tell(
        TransferReceived(
            transfer_id=transfer_id,
            to_location_id=there.to_location_id,
            units=sum_up["units"],
            set_aside=sum_up["set_aside"],
            over=sum_up["over"],
            missing=sum_up["missing"],
        )
    )
    return await transfer(tx, transfer_id=transfer_id)


RECEIPT = """
    INSERT INTO inventory.receipt (transfer_id, reference, received_at, actor)
    VALUES (%(transfer_id)s, %(reference)s, %(now)s, %(actor)s) ON CONFLICT DO NOTHING
"""


def _unpacked(there: Open, arrived: Sequence[Arrived], sum_up: Counter[str]) -> list[Move]:
    """What was under way comes from there, what is more from the sender."""
    moves: list[Move] = []
    for one in arrived:
        if not 1 <= one.quantity <= MOST:
            raise BadQuantity(quantity=one.quantity)
        line = there.lines[one.variant_id]
        due = min(one.quantity, line.under_way)
        line.under_way -= due
        line.received += one.quantity
        line.set_aside += one.quantity if one.state != "sellable" else 0
        sum_up["units"] += one.quantity
        sum_up["set_aside"] += one.quantity if one.state != "sellable" else 0
        sum_up["over"] += one.quantity - due
        sources = ((there.via_location_id or SUPPLIER, due, ""), (there.from_location_id, one.quantity - due, "over"))
        moves += [
            Move(
                variant_id=one.variant_id,
                quantity=units,
                from_location_id=source,
                to_location_id=there.to_location_id,
                to_state=one.state,
                act="receive",
                is_fact=True,
                reason=why,
            )
            for source, units, why in sources
            if units
        ]
    return moves


def _given_up(there: Open, reason: str, sum_up: Counter[str]) -> list[Move]:
    """What never came. A supplier's was in no account of ours, so nothing moves."""
    lost = {variant: line.under_way for variant, line in there.lines.items() if line.under_way}
    if lost and not reason:
        raise ReasonMissing(missing=[{"variant_id": variant, "units": units} for variant, units in lost.items()])
    for variant, units in lost.items():
        there.lines[variant].missing += units
        there.lines[variant].under_way = 0
        sum_up["missing"] += units
    if there.via_location_id is None:
        return []
    return [
        Move(
            variant_id=variant,
            quantity=units,
            from_location_id=there.via_location_id,
            to_location_id=ADJUSTMENT,
            act="adjust",
            is_fact=True,
            reason=reason,
        )
        for variant, units in lost.items()
    ]
