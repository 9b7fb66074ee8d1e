"""What happens to goods besides being sold and sent, each with the word for it: the reason decides what moves where."""

from collections.abc import Sequence
from typing import Literal, get_args

import msgspec

from comptoir.inventory.ledger import done
from comptoir.inventory.records import ADJUSTMENT, CUSTOMER, Answer, Move, State
from comptoir.kernel.db import Tx

Reason = Literal[
    "theft", "lost", "expired", "destroyed", "sample", "own_use",
    "found", "returned",
    "damaged", "display", "quarantine", "back_on_sale",
]  # fmt: skip

TURNS: dict[Reason, State] = {
    "damaged": "damaged",
    "display": "display",
    "quarantine": "quarantine",
    "back_on_sale": "sellable",
}
"""They stay, in another state."""
COMES: dict[Reason, int] = {"found": ADJUSTMENT, "returned": CUSTOMER}
"""They come in; all others leave the house."""
DECISIONS: set[Reason] = {"sample", "own_use", "display", "back_on_sale"}
"""What we choose to do is refused where it would break a promise; the rest has happened and is recorded."""
REASONS: tuple[Reason, ...] = get_args(Reason)


class Adjustment(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of a variant at a location, and what became of them. `state`: theirs before; of what comes in, after."""

    variant_id: int
    location_id: int
    quantity: int
    reason: Reason
    state: State = "sellable"


async def adjust(tx: Tx, adjustments: Sequence[Adjustment], *, reference: str = "", actor: str = "") -> list[Answer]:
    """All or none. Raises NotThere where a decision would break a promise, BadMove, BadQuantity."""
    moves = [msgspec.structs.replace(_move(one), reference=reference, actor=actor) for one in adjustments]
    return await done(tx, moves)


def _move(one: Adjustment) -> Move:
    here = one.location_id
    source, target, after = here, ADJUSTMENT, one.state
    if one.reason in TURNS:
        target, after = here, TURNS[one.reason]
    elif one.reason in COMES:
        source, target = COMES[one.reason], here
    return Move(
        variant_id=one.variant_id,
        quantity=one.quantity,
        from_location_id=source,
        to_location_id=target,
        from_state=one.state,
        to_state=after,
        act="return" if one.reason == "returned" else "adjust",
        is_fact=one.reason not in DECISIONS,
        reason=one.reason,
    )
