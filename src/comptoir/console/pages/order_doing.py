"""What may be done with an order now, and why not what may not: the backend decides, this finds the words."""

from collections.abc import Sequence

import msgspec

from comptoir import orders
from comptoir.console.drawing import Reason
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages.order_story import Papers


class Act(msgspec.Struct, frozen=True):
    """One thing to do. Without `href` it is refused, for `reasons`."""

    label: str
    icon: str
    href: str
    reasons: Sequence[Reason]


LABELS: dict[str, tuple[str, str]] = {
    "cancel": (N_("Cancel what is open"), "ban"),
    "cancel_pieces": (N_("Cancel some pieces"), "minus"),
    "add": (N_("Add something"), "plus"),
    "accept": (N_("Take it on"), "basket-check"),
    "pick": (N_("Pick"), "walk"),
    "hand_over": (N_("Hand over or send"), "package"),
    "announce_return": (N_("Announce a return"), "truck-loading"),
    "take_back": (N_("Take back"), "arrow-back-up"),
    "exchange": (N_("Exchange"), "arrows-exchange"),
    "exchange_for_order": (N_("Exchange for an order"), "replace"),
    "change_address": (N_("Send it elsewhere"), "map-pin"),
    "goodwill": (N_("Make a gesture"), "heart-handshake"),
    "pay_again": (N_("Try the money again"), "refresh"),
    "invoice": (N_("Issue an invoice"), "file-type-pdf"),
    "credit_note": (N_("Issue a credit note"), "file-type-pdf"),
}
"""Those that have a page, in the order in which they are offered."""
WHY: dict[str, str] = {
    "not_allowed": N_("Your role does not do this."),
    "nothing_open": N_("Nothing of it is open: everything was handed over or cancelled."),
    "one_piece_open": N_("Only one piece is open: cancel the order instead."),
    "picking_begun": N_("Picking has begun."),
    "collected_at_shop": N_("It is collected in a shop."),
    "not_accepted": N_("No place has taken it on yet."),
    "nothing_picked": N_("Nothing of it is picked yet."),
    "all_picked": N_("Everything is picked already."),
    "accepted_already": N_("Every place has taken on its part already."),
    "nothing_handed_over": N_("Nothing was handed over yet: cancel it instead."),
    "all_returned": N_("Everything that was handed over has come back."),
    "nothing_left_to_give": N_("All money for it was given back already."),
    "not_paid_ahead": N_("No more was promised by the provider than it costs."),
    "nothing_failed": N_("No payment of it has failed."),
    "nothing_given_back": N_("Nothing was given back."),
    "invoiced": N_("It has its invoice already."),
    "another_shop": N_("It has nothing to do with your shop: one that has, or the call centre, can do that."),
}


PAGES: dict[str, str] = {
    "cancel": "cancel",
    "cancel_pieces": "cancel?some=yes",
    "announce_return": "announce",
    "take_back": "take-back",
    "exchange": "exchange",
    "add": "add",
    "change_address": "address",
    "exchange_for_order": "exchange-for-order",
    "goodwill": "goodwill",
    "pay_again": "pay-again",
    "invoice": "paper",
    "credit_note": "paper",
}
"""At the order itself."""


def acts_of(page: Page, allowed: Sequence[orders.Action], papers: Papers) -> list[Act]:
    """Those allowed first."""
    found: list[Act] = []
    by_name = {one.name: one for one in allowed}
    for name, (label, icon) in LABELS.items():
        if (action := by_name.get(name)) is None:
            continue
        href = href_of(page, name, papers) if action.allowed else ""
        if action.allowed and not href:
            continue
        reasons: list[Reason] = []
        if not href:
            reasons.append(("-", page.gettext(WHY.get(action.why, WHY["not_allowed"]))))
        found.append(Act(page.gettext(label), icon, href, reasons))
    return sorted(found, key=lambda one: not one.href)


def href_of(page: Page, name: str, papers: Papers) -> str:
    """Where it is done: at the order, or at the work of a location."""
    if name in PAGES:
        return f"/orders/{papers.order.order_id}/{PAGES[name]}"
    if "fulfilment" not in page.frame.open_rooms:
        return ""
    stages = {"accept": ("open",), "pick": ("accepted",), "hand_over": ("ready", "accepted")}
    for state in stages.get(name, ()):
        for work in papers.works:
            if work.state == state and (name != "hand_over" or any(one.picked for one in work.lines)):
                return f"/fulfilment/works/{work.fulfilment_id}"
    return ""
