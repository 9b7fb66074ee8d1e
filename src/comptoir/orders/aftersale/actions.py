"""What may be done with an order now, by whom, and if not, why not. Pure: the API and the console ask the same.

The words of `why` are codes; the console says them in the reader's language.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from comptoir.kernel.auth.permissions import opens

Name = Literal[
    "cancel", "cancel_pieces", "change_address", "add", "accept", "pick", "hand_over", "announce_return",
    "take_back", "exchange", "exchange_for_order", "goodwill", "pay_again", "invoice",
    "credit_note",
]  # fmt: skip
Why = Literal[
    "", "not_allowed", "nothing_open", "one_piece_open", "picking_begun", "collected_at_shop", "not_accepted",
    "nothing_picked", "all_picked", "accepted_already", "nothing_handed_over", "all_returned", "nothing_left_to_give",
    "nothing_given_back", "nothing_failed", "invoiced", "another_shop",
]  # fmt: skip


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An order as far as it matters here. Pieces and minor units."""

    open: int
    """Not handed over and still wanted, at a location or looked for."""
    unaccepted: int
    """Of those, lie at a location that has not taken the work on."""
    accepted: int
    """Of those, lie at a location that has."""
    picked: int
    handed_over: int
    returned: int
    begun: int = 0
    """Lie at a location that has begun to work for the order, whatever has become of them."""
    method: Literal["ship", "collect"]
    taken_minor: int
    """Of the customer's money, for what was handed over."""
    given_minor: int
    """Of it, was given back."""
    failed: int = 0
    """What a payment provider was to do, and was given up."""
    uninvoiced: int = 0
    """Receipts without an invoice."""
    uncredited: int = 0
    """Returns of invoiced receipts without a credit note."""


class Action(msgspec.Struct, frozen=True):
    """Whether it may be done; `why` not, as a code; `scope` that it asks for."""

    name: Name
    allowed: bool
    why: Why
    scope: str


def actions(order: Standing, scopes: frozenset[str], *, ours: bool = True) -> list[Action]:
    """Every action there is, in the order of an order's life, with whether these scopes may do it now.

    `ours`: the order has to do with the shop of whoever asks (rights.touches). Goods are taken back anywhere.
    """
    made: list[Action] = []
    for name, (scope, ask) in RULES.items():
        why = ask(order)
        if not why and not opens(scopes, scope):
            why = "not_allowed"
        if not why and not ours and name not in ANYWHERE:
            why = "another_shop"
        made.append(Action(name, not why, why, scope))
    return made


def _cancel(order: Standing) -> Why:
    return "" if order.open else "nothing_open"


def _cancel_pieces(order: Standing) -> Why:
    if not order.open:
        return "nothing_open"
    return "" if order.open > 1 or order.handed_over else "one_piece_open"


def _change_address(order: Standing) -> Why:
    if not order.open:
        return "nothing_open"
    if order.method == "collect":
        return "collected_at_shop"
    return "picking_begun" if order.picked else ""


def _add(order: Standing) -> Why:
    if not order.open:
        return "nothing_open"
    return "picking_begun" if order.begun else ""


def _accept(order: Standing) -> Why:
    if not order.open:
        return "nothing_open"
    return "" if order.unaccepted else "accepted_already"


def _pick(order: Standing) -> Why:
    if not order.open:
        return "nothing_open"
    if not order.accepted:
        return "not_accepted"
    return "" if order.accepted > order.picked else "all_picked"


def _hand_over(order: Standing) -> Why:
    if not order.open:
        return "nothing_open"
    return "" if order.picked else "nothing_picked"


def _take_back(order: Standing) -> Why:
    if not order.handed_over:
        return "nothing_handed_over"
    return "" if order.handed_over > order.returned else "all_returned"


def _goodwill(order: Standing) -> Why:
    if not order.handed_over:
        return "nothing_handed_over"
    return "" if order.taken_minor > order.given_minor else "nothing_left_to_give"


def _pay_again(order: Standing) -> Why:
    return "" if order.failed else "nothing_failed"


def _invoice(order: Standing) -> Why:
    if not order.handed_over:
        return "nothing_handed_over"
    return "" if order.uninvoiced else "invoiced"


def _credit_note(order: Standing) -> Why:
    return "" if order.uncredited else "nothing_given_back"


ANYWHERE: frozenset[Name] = frozenset({"announce_return", "take_back", "exchange", "exchange_for_order"})

RULES: dict[Name, tuple[str, Callable[[Standing], Why]]] = {
    "cancel": ("orders:write", _cancel),
    "cancel_pieces": ("orders:write", _cancel_pieces),
    "change_address": ("orders:write", _change_address),
    "add": ("orders:write", _add),
    "accept": ("orders:write", _accept),
    "pick": ("orders:write", _pick),
    "hand_over": ("orders:write", _hand_over),
    "announce_return": ("orders:write", _take_back),
    "take_back": ("orders:write", _take_back),
    "exchange": ("orders:write", _take_back),
    "exchange_for_order": ("orders:write", _take_back),
    "goodwill": ("orders:write", _goodwill),
    "pay_again": ("orders:write", _pay_again),
    "invoice": ("orders:write", _invoice),
    "credit_note": ("orders:write", _credit_note),
}
