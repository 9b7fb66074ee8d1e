"""How what happened reads on a thread: one sentence per kind of event, in the words of a shop."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from comptoir.console.drawing import Knot
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.profiles import Moment, Strand

WITH_SUBJECT: Mapping[str, str] = {
    "Product Viewed": N_("Looked at %(what)s"),
    "Viewed Product": N_("Looked at %(what)s"),
    "Product Clicked": N_("Looked at %(what)s"),
    "Product List Viewed": N_("Looked through %(what)s"),
    "Product List Filtered": N_("Looked through %(what)s"),
    "Products Searched": N_("Searched for “%(what)s”"),
    "Product Added": N_("Put %(what)s in the basket"),
    "Product Removed": N_("Took %(what)s out of the basket"),
    "Store Visited": N_("Came in, %(what)s"),
    "Promotion Viewed": N_("Was shown “%(what)s”"),
    "Promotion Clicked": N_("Answered to “%(what)s”"),
    "Email Opened": N_("Opened “%(what)s”"),
    "Email Link Clicked": N_("Followed “%(what)s”"),
    "Email Sent": N_("“%(what)s” sent"),
    "Email Delivered": N_("“%(what)s” delivered"),
    "SMS Sent": N_("“%(what)s” sent"),
    "page": N_("Was on the page %(what)s"),
    "screen": N_("Was on the screen %(what)s"),
    "look": N_("Looked at %(what)s"),
    "Order Corrected": N_("Purchase put right: %(what)s"),
    "order": N_("Bought %(what)s"),
    "return": N_("Brought back %(what)s"),
}
"""By the event's name, else by its kind."""

ALONE: Mapping[str, str] = {
    "Product Viewed": N_("Looked at an article"),
    "Product List Viewed": N_("Looked through a list"),
    "Products Searched": N_("Searched"),
    "Product Added": N_("Put something in the basket"),
    "Product Removed": N_("Took something out of the basket"),
    "Cart Viewed": N_("Opened the basket"),
    "Checkout Started": N_("Went to pay"),
    "Payment Info Entered": N_("Chose how to pay"),
    "Cart Transferred": N_("Carried the basket to another device"),
    "Signed In": N_("Signed in"),
    "Signed Up": N_("Made an account"),
    "Newsletter Subscribed": N_("Asked for the newsletter"),
    "Unsubscribed": N_("Left the newsletter"),
    "Application Opened": N_("Opened the app"),
    "Application Installed": N_("Installed the app"),
    "Store Visited": N_("Came into the shop"),
    "Staff Assisted": N_("Was advised in the shop"),
    "Pickup Ready": N_("Told that the order is ready"),
    "Pickup Collected": N_("Collected an order"),
    "Call Started": N_("Called us"),
    "Call Ended": N_("Ended the call"),
    "Order Corrected": N_("A purchase was put right"),
    "Order Cancelled": N_("Cancelled an order"),
    "Order Refunded": N_("Was refunded"),
    "Email Sent": N_("E-mail sent"),
    "Email Delivered": N_("E-mail delivered"),
    "Email Opened": N_("Opened an e-mail"),
    "Email Link Clicked": N_("Followed a link in an e-mail"),
    "SMS Sent": N_("SMS sent"),
    "look": N_("Looked around"),
    "search": N_("Searched"),
    "basket": N_("Changed the basket"),
    "order": N_("Bought"),
    "return": N_("Brought something back"),
    "told": N_("Said who she or he is"),
    "message": N_("Message"),
    "call": N_("Called us"),
    "visit": N_("Came by"),
    "other": N_("Did something else"),
}

KINDS: Mapping[str, tuple[str, str, Sequence[str]]] = {
    "bought": (N_("Purchases"), "receipt", ["order", "return"]),
    "basket": (N_("Baskets"), "basket", ["basket"]),
    "looked": (N_("Looks"), "eye", ["look", "search"]),
    "message": (N_("Messages"), "message", ["message"]),
    "met": (N_("Visits and calls"), "walk", ["visit", "call"]),
    "told": (N_("Told us"), "id", ["told"]),
}
"""The filters of a thread: its name, its sign, and the kinds of moment that it keeps."""


def sentence(page: Page, kind: str, name: str, subject: str | None) -> str:
    """One event in words. An event nobody named here is called by its own name."""
    if subject:
        known = name in WITH_SUBJECT or name in ALONE
        if kind == "look" and not known:  # a page or a screen, called by its own name
            return page.gettext("Opened “%(what)s”", what=subject)
        message = WITH_SUBJECT.get(name) or WITH_SUBJECT.get(kind)
        if message:
            return page.gettext(message, what=subject)
    message = ALONE.get(name) or (ALONE.get(kind) if not name or kind in {"order", "return", "told"} else None)
    return page.gettext(message) if message else name


def knots(page: Page, strands: Sequence[Strand], places: Mapping[int, str], *, href: str) -> list[Knot]:
    """Strands as lines of a thread, newest first; `places` names sources, `href` (…%s…) leads to one moment."""
    drawn: list[Knot] = []
    for strand in strands:
        newest = strand.moments[0]
        drawn.append(
            Knot(
                channel=newest.channel,
                at=newest.occurred_at,
                title=title(page, strand),
                note=note(strand, places),
                hollow=newest.spoke,
                money=newest.amount if newest.kind in {"order", "return"} else None,
                href=href % newest.position,
            )
        )
    return drawn


def title(page: Page, strand: Strand) -> str:
    newest = strand.moments[0]
    looks = [one for one in strand.moments if one.name in {"Product Viewed", "Viewed Product", "Product Clicked"}]
    subjects = distinct(looks)
    if len(subjects) > 1:
        return page.ngettext("Looked at one article", "Looked at %(n)s articles", len(subjects))
    if looks:
        newest = looks[0]
    return sentence(page, newest.kind, newest.name, newest.subject)


def note(strand: Strand, places: Mapping[int, str]) -> str:
    """What else there is to say in small: the articles looked at, and where."""
    newest = strand.moments[0]
    subjects = distinct(strand.moments)
    place = places.get(newest.source_id or 0, "")
    if newest.kind in {"order", "return"}:
        return newest.outlet_name or place
    if len(subjects) > 1:
        shown = ", ".join(subjects[:3]) + ("…" if len(subjects) > 3 else "")
        return f"{shown} · {place}" if place else shown
    return place


def distinct(moments: Sequence[Moment]) -> list[str]:
    """Subjects, each once, newest first."""
    return list(dict.fromkeys(one.subject for one in moments if one.subject))


VERDICTS: Mapping[str, tuple[str, str, str]] = {
    "accepted": (N_("accepted"), "good", "circle-check"),
    "warned": (N_("accepted, with a doubt"), "warn", "alert-triangle"),
    "duplicate": (N_("sent again"), "", "refresh"),
    "rejected": (N_("rejected"), "bad", "ban"),
}
"""Word, tone and sign of what became of an event."""


REASONS: Mapping[str, str] = {
    "malformed": N_("It is no JSON object of the tracking API."),
    "unknown_type": N_("Its type is none of track, identify, page, screen, group, alias."),
    "no_user_anon_id": N_("It names neither a user nor a browser."),
    "no_previous_id": N_("It does not say which earlier name it joins."),
    "bad_group_id": N_("It does not say which group."),
    "missing_event_name": N_("It does not say what happened: the event has no name."),
    "too_large": N_("It is larger than 32 KB."),
    "too_many_traits": N_("It has more than 300 properties or traits."),
    "too_many_identifiers": N_("It names more than 50 identifiers."),
    "identifier_too_long": N_("An identifier is longer than 500 characters."),
    "message_id_too_long": N_("Its message id is longer than 100 characters."),
    "nul_or_surrogate": N_("A text in it holds a character that cannot be stored."),
    "unstorable": N_("The database refused it although nothing is wrong with it: a defect of ours."),
    "bad_time": N_("Its time is no moment between 1970 and 9999."),
    "bad_money": N_("An amount in it is negative, no number, or more than any sale."),
    "plan_violation": N_("It does not keep to the tracking plan of its source."),
    "unplanned_event": N_("The tracking plan of its source does not name it."),
    "erased_person": N_("It names somebody who was erased: it was emptied, and counts for nothing."),
    "clock_off": N_("The sender’s clock is off by more than a day."),
}
"""Why an event was not taken, or was doubtful."""


def field_name(name: str) -> str:
    """The name of a field of the golden record."""
    return FIELDS.get(name) or name.replace("_", " ")


FIELDS: Mapping[str, str] = {
    "name": N_("Name"),
    "first_name": N_("First name"),
    "last_name": N_("Last name"),
    "email": N_("E-mail"),
    "phone": N_("Phone"),
    "address": N_("Address"),
    "birthday": N_("Birthday"),
    "gender": N_("Gender"),
    "language": N_("Language"),
    "loyalty_card": N_("Loyalty card"),
    "home_shop": N_("Home shop"),
    "company": N_("Company"),
}


def field_value(page: Page, name: str, value: Any) -> str:
    """What a field of the golden record holds, in the reader's words."""
    return (speaks(page, str(value)) if name == "language" else "") or value_in_words(value)


def speaks(page: Page, code: str) -> str:
    """A language's name in the reader's language; empty for what is none."""
    names = cast("dict[str, str]", page.language.locale.languages)
    return names.get(code.replace("_", "-").partition("-")[0].lower(), "")


def value_in_words(value: Any) -> str:
    """A trait as one line: an address or a list becomes its parts."""
    if isinstance(value, Mapping):
        return ", ".join(str(part) for part in value.values() if part not in (None, ""))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list):
        return ", ".join(value_in_words(part) for part in value)  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, bool):
        return "✓" if value else "–"
    return str(value)
