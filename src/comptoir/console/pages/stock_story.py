"""The ledger of an article at a location as a story: who did what, when, why, for which order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

import msgspec

from comptoir import channels, inventory
from comptoir.console.page import Page
from comptoir.console.pages.goods import OUTSIDE, REASONS, STATES, is_id

Places = Mapping[int, tuple[inventory.Location, channels.Outlet | None]]


class Told(msgspec.Struct, frozen=True):
    """One line of the story."""

    at: datetime
    late: bool
    """It was told much later than it happened."""
    sign: str
    """An icon."""
    words: str
    reason: str
    who: str
    reference: str
    href: str
    """Of the order, where there is a page of orders."""
    moved: int
    """Pieces to be sold that came (or went)."""
    promised: int
    """Pieces that were promised by it, or given back."""
    sellable_after: int
    promised_after: int


LATE_SECONDS = 3600


def tell(
    page: Page, entries: Sequence[inventory.Entry], places: Places, names: Mapping[str, str], *, here: int
) -> list[Told]:
    """Newest first, as they come; `here` is the location whose story it is."""
    return [line(page, one, places, names, here) for one in entries]


def line(page: Page, one: inventory.Entry, places: Places, names: Mapping[str, str], here: int) -> Told:
    sign, words = said(page, one, places, here)
    return Told(
        at=one.occurred_at,
        late=(one.recorded_at - one.occurred_at).total_seconds() > LATE_SECONDS,
        sign=sign,
        words=words,
        reason=page.gettext(REASONS[one.reason]) if one.reason in REASONS else one.reason,
        who=names.get(one.actor, "" if is_id(one.actor) else one.actor),
        reference=one.reference,
        href=f"/orders?q={quote(one.reference)}" if one.reference and "orders" in page.frame.open_rooms else "",
        moved=to_be_sold(one, here),
        promised=one.d_held + one.d_allocated,
        sellable_after=one.sellable,
        promised_after=one.promised,
    )


def to_be_sold(one: inventory.Entry, here: int) -> int:
    """How many more (or fewer) could be sold after it."""
    if one.state == "sellable":
        return one.moved
    return -one.moved if one.other_location_id == here and one.other_state == "sellable" else 0


def said(page: Page, one: inventory.Entry, places: Places, here: int) -> tuple[str, str]:
    """An icon and a sentence."""
    if not one.moved:
        return promise(page, one)
    n, ngettext, gettext = abs(one.moved), page.ngettext, page.gettext
    came = one.moved > 0
    where = place_name(page, one.other_location_id, places)
    if one.other_location_id == here:
        before, after = (one.other_state, one.state) if came else (one.state, one.other_state)
        if before and after:
            words = ngettext(
                "one changed: %(before)s before, %(after)s now",
                "%(n)s changed: %(before)s before, %(after)s now",
                n,
                before=gettext(STATES[before]),
                after=gettext(STATES[after]),
            )
            return "refresh", words
    match one.act:
        case "receive":
            return "truck", ngettext("one came from %(where)s", "%(n)s came from %(where)s", n, where=where)
        case "sell":
            if came:
                return "arrow-back-up", ngettext(
                    "the sale of one was taken back", "the sale of %(n)s was taken back", n
                )
            return "receipt", ngettext("one was sold", "%(n)s were sold", n)
        case "return":
            return "arrow-back-up", ngettext("a customer brought one back", "customers brought %(n)s back", n)
        case "count":
            if came:
                return "clipboard-check", ngettext("the count found one more", "the count found %(n)s more", n)
            return "clipboard-check", ngettext("the count found one less", "the count found %(n)s less", n)
        case "adjust":
            if came:
                return "pencil", ngettext("corrected: one more", "corrected: %(n)s more", n)
            return "pencil", ngettext("corrected: one less", "corrected: %(n)s less", n)
        case "hand_over":
            if one.other_location_id == inventory.CUSTOMER:
                return "door-enter", ngettext("one was handed over", "%(n)s were handed over", n)
            return "truck", ngettext("one left for %(where)s", "%(n)s left for %(where)s", n, where=where)
        case _:
            if came:
                return "truck", ngettext("one came from %(where)s", "%(n)s came from %(where)s", n, where=where)
            return "truck", ngettext("one left for %(where)s", "%(n)s left for %(where)s", n, where=where)


def promise(page: Page, one: inventory.Entry) -> tuple[str, str]:
    """What it did to the promises alone."""
    ngettext = page.ngettext
    if one.act == "allocate" or (one.d_allocated > 0 and one.act != "release"):
        return "package", ngettext("one is an order’s now", "%(n)s are an order’s now", max(1, abs(one.d_allocated)))
    n = abs(one.d_held + one.d_allocated)
    if one.act == "expire":
        return "hourglass", ngettext("a hold of one ran out", "a hold of %(n)s ran out", n)
    if one.d_held + one.d_allocated < 0:
        return "arrow-back-up", ngettext("one is free again", "%(n)s are free again", n)
    return "hand-stop", ngettext("one is held", "%(n)s are held", n)


def place_name(page: Page, location_id: int | None, places: Places) -> str:
    if location_id in OUTSIDE:
        return page.gettext(OUTSIDE[location_id])
    found = places.get(location_id or 0)
    return found[0].name if found else page.gettext("another place")
