"""How consent is spoken of: to the shopper, and to those who look at her consents."""

import msgspec

from comptoir.consent import Channel, Origin, State
from comptoir.console.language import N_
from comptoir.console.page import Page


class Face(msgspec.Struct, frozen=True):
    """How a channel of consent is shown: by one of the ten beads, else by an icon."""

    name: str
    bead: str
    icon: str = ""


CHANNELS: dict[Channel, Face] = {
    "email": Face(N_("By e-mail"), "email"),
    "sms": Face(N_("By SMS"), "sms"),
    "push": Face(N_("By notification"), "app"),
    "phone": Face(N_("By telephone"), "phone"),
    "post": Face(N_("By post"), "", "send"),
    "onsite": Face(N_("On our site, in our app and in our shops"), "web"),
    "sale_or_share": Face(N_("By passing your data on"), "paid"),
}
YOURS: dict[str, str] = {
    "granted": N_("You agreed"),
    "nobody_objected": N_("You have not objected"),
    "never_asked": N_("We have never asked you"),
    "denied": N_("You said no"),
    "withdrawn": N_("You took it back"),
    "pending": N_("Waits for your confirmation"),
    "gpc": N_("You said no"),
}
HERS: dict[str, str] = {
    "granted": N_("agreed"),
    "nobody_objected": N_("not objected"),
    "never_asked": N_("never asked"),
    "denied": N_("said no"),
    "withdrawn": N_("took it back"),
    "pending": N_("not confirmed"),
    "gpc": N_("her browser said no"),
    "purpose_off": N_("switched off"),
}
STATES: dict[State, tuple[str, str, str]] = {
    "granted": (N_("yes"), "good", "circle-check"),
    "denied": (N_("no"), "bad", "ban"),
    "withdrawn": (N_("withdrawn"), "bad", "arrow-back-up"),
    "pending": (N_("to be confirmed"), "warn", "hourglass"),
}
HOW: dict[Origin, str] = {
    "web_form": N_("in a form on the site"),
    "app": N_("in the app"),
    "till": N_("at the till"),
    "call_centre": N_("on the telephone"),
    "paper": N_("on paper"),
    "preference_centre": N_("in the preference centre"),
    "unsubscribe": N_("by the end button of an e-mail"),
    "confirmed": N_("by the link of a letter"),
    "gpc": N_("by the browser (Global Privacy Control)"),
    "import": N_("before, to another system"),
    "api": N_("to a system of ours"),
}
KINDS: dict[str, tuple[str, str]] = {
    "email": (N_("E-mail address"), "mail"),
    "phone": (N_("Telephone"), "device-mobile"),
    "": (N_("The whole person"), "user-check"),
}
OTHER = (N_("Device or account"), "id")


def how(page: Page, origin: Origin | None) -> str:
    """In which way it was said; empty where nothing was."""
    return page.gettext(HOW[origin]) if origin else ""


def name_of_contact(kind: str) -> tuple[str, str]:
    """Name and icon of a form of contact point."""
    return KINDS.get(kind, OTHER)
