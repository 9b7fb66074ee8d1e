"""Orders and works in words and signs: what their states are called, who a customer is, where a thing lies."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from babel.dates import format_date

from comptoir import catalog, identity, inventory, orders, profiles
from comptoir.console.cloth import KINDS
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages.evidence import known_as
from comptoir.kernel.auth import users
from comptoir.kernel.db import Tx

STATES: dict[str, tuple[str, str, str]] = {
    "open": (N_("open"), "info", "hourglass"),
    "done": (N_("done"), "good", "circle-check"),
    "cancelled": (N_("cancelled"), "", "ban"),
}
"""Of an order: word, tone, icon."""
STAGES: dict[str, tuple[str, str, str]] = {
    "coming": (N_("on its way there"), "info", "truck"),
    "open": (N_("to accept"), "", "hourglass"),
    "accepted": (N_("to pick"), "info", "basket-check"),
    "ready": (N_("ready"), "good", "package"),
    "done": (N_("done"), "good", "circle-check"),
    "cancelled": (N_("given up"), "", "ban"),
}
"""Of the work of one location."""
METHODS: dict[str, tuple[str, str]] = {
    "ship": (N_("Shipped"), "truck"),
    "collect": (N_("Collected"), "building-store"),
    "transfer": (N_("Sent to another shop"), "truck-loading"),
}
REASONS: dict[str, str] = {
    "not_found": N_("not found"),
    "damaged": N_("damaged"),
    "display": N_("only on display"),
    "declined": N_("cannot be done here"),
    "lost": N_("lost on the way"),
    "short": N_("promised more than lies there"),
}
"""Why a location does not give pieces."""
CANCELLED_FOR: Sequence[tuple[str, str]] = (
    ("changed_mind", N_("changed her mind")),
    ("too_late", N_("comes too late")),
    ("wrong_article", N_("ordered the wrong thing")),
    ("cheaper_elsewhere", N_("cheaper elsewhere")),
    ("payment", N_("the payment is in doubt")),
    ("other", N_("another reason")),
)
"""Why pieces are not wanted any more."""
RETURNED_FOR: Sequence[tuple[str, str]] = (
    ("too_small", N_("too small")),
    ("too_large", N_("too large")),
    ("not_as_shown", N_("not as shown")),
    ("faulty", N_("faulty")),
    ("wrong_article", N_("the wrong thing came")),
    ("too_late", N_("came too late")),
    ("changed_mind", N_("changed her mind")),
    ("other", N_("another reason")),
)
"""Why goods come back."""


def reason(page: Page, code: str) -> str:
    """In words; one that came through the API as it was said there."""
    known = {**REASONS, **dict(CANCELLED_FOR), **dict(RETURNED_FOR)}
    return page.gettext(known[code]) if code in known else code


TASKS: dict[str, str] = {
    "not_found": N_("Pieces were not found: find them, or write them off."),
    "lost": N_("Pieces were lost on the way: find them, or write them off."),
    "short": N_("No place has the missing pieces."),
    "waiting": N_("No place has the missing pieces: the order waits for goods."),
    "late": N_("It was to be ready by now."),
    "not_collected": N_("Nobody came for it: put it back to its shelf."),
    "not_wanted": N_("It was cancelled on its way: put it to the shelf."),
    "credit": N_("What she gave for it was worth more: give her the rest."),
    "payment": N_("Money for it could not be moved: look why, and have it tried again."),
}
"""What somebody must look at."""


class Customer(msgspec.Struct, frozen=True):
    """Who ordered. Empty name: nobody has told it; empty href: an order of nobody we know."""

    href: str = ""
    name: str = ""
    sub: str = ""


class Place(msgspec.Struct, frozen=True):
    """A location under its awning or its roof."""

    code: str
    name: str
    depot: bool


async def places(tx: Tx) -> dict[str, Place]:
    """All locations by code."""
    return {one.code: Place(one.code, one.name, one.kind != "shop") for one in await inventory.locations(tx)}


def place(known: Mapping[str, Place], code: str) -> Place:
    return known.get(code) or Place(code, code, depot=True)


class Article(msgspec.Struct, frozen=True):
    """What a line is of, as the catalogue knows it."""

    variant_id: int
    sku: str
    name: str
    kind: str
    cloth: str


async def articles(tx: Tx, order: orders.Order, works: Sequence[orders.Fulfilment]) -> dict[int, Article]:
    """By line: from the catalogue, or as the order wrote it."""
    variants = {one.line: one for work in works for one in work.lines}
    ids = sorted({one.variant_id for one in variants.values()})
    shown = {one.variant_id: one for one in await catalog.articles_of(tx, variant_ids=ids)} if ids else {}
    found: dict[int, Article] = {}
    for one in order.lines:
        piece = variants.get(one.line)
        article = shown.get(piece.variant_id) if piece else None
        kind, cloth = drawing(article.attributes) if article else ("", "grey")
        name = piece.name if piece else one.sku
        found[one.line] = Article(piece.variant_id if piece else 0, one.sku, name, kind, cloth)
    return found


async def customers(tx: Tx, page: Page, nodes: Iterable[int | None]) -> dict[int, Customer]:
    """Whose these identifiers are; empty for those who may not read people."""
    if not page.viewer.may("profiles:read"):
        return {}
    owners = await identity.persons_of(tx, {node for node in nodes if node is not None})
    if not owners:
        return {}
    people = sorted(set(owners.values()))
    found = await profiles.search(tx, people=people, limit=len(people), currency=page.settings.currency)
    nameless = await known_as(tx, page, [one.person_id for one in found.people if not one.display_name])
    known = {
        one.person_id: Customer(
            f"/customers/{one.key}", one.display_name, nameless.get(one.person_id, "") or one.city or ""
        )
        for one in found.people
    }
    return {node: known[person] for node, person in owners.items() if person in known}


async def staff(tx: Tx) -> Mapping[str, str]:
    """Who acted, by the id or the address that was kept."""
    named: dict[str, str] = {}
    for one in await users.users(tx):
        named[str(one.user_id)] = named[one.email] = one.name or one.email
    return named


def to_come(page: Page, moment: datetime) -> str:
    """Of something that is to be: today 16:10, Mon 23 16:10, 8 Dec."""
    zone, language = page.frame.zone, page.language
    day, today = moment.astimezone(zone).date(), page.now.astimezone(zone).date()
    clock, ahead = language.clock(moment, zone), (day - today).days
    if not 0 < ahead < 20:
        return language.moment(moment, now=page.now, zone=zone)
    return f"{format_date(day, 'EEE d', locale=language.locale).replace('.', '')} {clock}"


def drawing(attributes: Mapping[str, object]) -> tuple[str, str]:
    """Kind and cloth of an article's picture, by what the catalogue says of it; a parcel where it says nothing."""
    kind, cloth = attributes.get("drawing"), attributes.get("cloth")
    return (kind if isinstance(kind, str) and kind in KINDS else "", cloth if isinstance(cloth, str) else "grey")
