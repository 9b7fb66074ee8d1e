"""What the pages about moving goods share: articles and places as they are drawn, who acted, lines as typed."""

from collections.abc import Awaitable, Iterable, Mapping, Sequence

import msgspec

from comptoir import catalog, inventory
from comptoir.console.cloth import KINDS
from comptoir.console.drawing import Reason
from comptoir.console.page import Page
from comptoir.console.pages.goods import CLOTHS, Spot
from comptoir.console.refusals import said_of
from comptoir.kernel.auth import Actor
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal

MOST_LINES = 500
MOST_CHARACTERS = 60_000


class Face(msgspec.Struct, frozen=True):
    """An article as it is drawn."""

    sku: str
    name: str
    kind: str = ""
    cloth: str = "grey"


class Named(msgspec.Struct, frozen=True):
    """A line as it was typed: an article and how many pieces."""

    variant_id: int
    sku: str
    quantity: int


async def faces(tx: Tx, variants: Iterable[int]) -> dict[int, Face]:
    """By variant; one that the catalogue has forgotten is not among them."""
    found: dict[int, Face] = {}
    for one in await catalog.articles_of(tx, variant_ids=sorted(set(variants))):
        drawing, cloth = one.attributes.get("drawing"), one.attributes.get("cloth")
        found[one.variant_id] = Face(
            one.sku,
            one.name or one.product_name,
            drawing if isinstance(drawing, str) and drawing in KINDS else "",
            cloth if isinstance(cloth, str) and cloth in CLOTHS else "grey",
        )
    return found


async def places(tx: Tx) -> dict[str, inventory.Location]:
    """Where goods can be sent, by code: what is in transit is an account, not a place."""
    return {one.code: one for one in await inventory.locations(tx) if one.kind != "transit" and one.active}


def theirs(known: Mapping[str, inventory.Location], by: Actor) -> dict[str, inventory.Location]:
    """Those whose goods are in their hands (`inventory.rights`): for who is of no shop in particular, all."""
    return {code: one for code, one in known.items() if not by.outlets or one.outlet_id in by.outlets}


async def refused(page: Page, scope: str, check: Awaitable[None]) -> Sequence[Reason]:
    """Why it would not be let pass, by the backend's own word; nothing where it would."""
    try:
        await check
    except Refusal as refusal:
        why = said_of(page, refusal)
    else:
        why = ""
    if not page.viewer.may(scope):
        why = page.gettext("Your role looks at the stock and does not change it.")
    return [("-", why)] if why else []


def own_places(page: Page, known: Mapping[str, inventory.Location]) -> list[inventory.Location]:
    """Those of her shops, for who works in some; empty for who works for the whole house."""
    return list(theirs(known, page.viewer).values()) if page.viewer.outlets else []


def spot(known: Mapping[str, inventory.Location], code: str) -> Spot:
    """A place by its code; without one, somebody outside."""
    place = known.get(code)
    return Spot(code, place.name if place else code, "", place is not None and place.kind != "shop")


def choices(known: Mapping[str, inventory.Location]) -> list[tuple[str, str]]:
    """For a select."""
    return [(one.code, f"{one.name} ({one.code})") for one in sorted(known.values(), key=lambda one: one.name)]


async def read_lines(tx: Tx, page: Page, text: str) -> tuple[list[Named], str]:
    """One article a line: SKU or barcode, then pieces; without a number one, and scanned twice two.

    The second part says what cannot be read and in which line; empty where all can.
    """
    if len(text) > MOST_CHARACTERS or text.count("\n") > MOST_LINES:
        return [], page.gettext("At most %(n)s lines at once.", n=page.language.number(MOST_LINES))
    wanted: list[tuple[int, str, int]] = []
    for place, line in enumerate(text.splitlines(), 1):
        words = line.replace(";", " ").replace("\t", " ").split()
        if not words:
            continue
        code, *rest = words
        if len(rest) > 1 or (rest and not (rest[0].isascii() and rest[0].isdecimal() and 0 < int(rest[0][:8]) < 10**6)):
            return [], page.gettext("Line %(line)s: an article and, if more than one, how many pieces.", line=place)
        wanted.append((place, code[:200], int(rest[0]) if rest else 1))
    if not wanted:
        return [], page.gettext("Name at least one article.")
    known = await catalog.variants_by_sku(tx, {code for _, code, _ in wanted})
    ids = {sku: one.variant_id for sku, one in known.items()}
    sums: dict[int, Named] = {}
    for place, code, units in wanted:
        variant = ids.get(code) or await by_barcode(tx, code)
        if not variant:
            return [], page.gettext("Line %(line)s: the catalogue has no article %(code)s.", line=place, code=code)
        before = sums.get(variant)
        sums[variant] = Named(variant, before.sku if before else code, units + (before.quantity if before else 0))
    return list(sums.values()), ""


async def by_barcode(tx: Tx, code: str) -> int | None:
    """The article under a barcode, where there is only one."""
    try:
        found = await catalog.products_by_gtin(tx, gtin=code)
    except catalog.BadGtin:
        return None
    return found[0].variant_id if len(found) == 1 else None


def written(lines: Sequence[tuple[str, int]]) -> str:
    """Lines as one types them."""
    return "\n".join(f"{sku} {units}" for sku, units in lines)
