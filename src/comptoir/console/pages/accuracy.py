"""How far the book can be believed: shop by shop, and article by article where it agrees least."""

from collections.abc import Sequence

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from comptoir import inventory
from comptoir.console.console import Section
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.goods import Spot
from comptoir.console.pages.pieces import Face, faces, places, spot
from comptoir.console.rooms import enter
from comptoir.kernel.db import Tx
from comptoir.kernel.http.pages import cursor_of, place_of

PATH = "/accuracy"
ROWS = 25


class Wanted(Asked, frozen=True, kw_only=True):
    at: str = ""
    """Code of the location whose articles are shown; empty: the one that agrees least."""
    after: str = ""


class PlaceRow(msgspec.Struct, frozen=True):
    told: inventory.counting.Accuracy
    place: Spot
    href: str
    on: bool


class ArticleRow(msgspec.Struct, frozen=True):
    told: inventory.counting.Believed
    face: Face


class AccuracyView(msgspec.Struct, frozen=True):
    wanted: Wanted
    href: str
    places: Sequence[PlaceRow]
    here: PlaceRow | None
    articles: Sequence[ArticleRow]
    after: str
    floor: int
    """Per cent below which some units are not offered; 0: never."""
    pulse: str


@get(PATH, guards=enter("moves"))
async def read_accuracy(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    """The whole page, or `#counting` when a count has moved."""
    wanted = Wanted.read(request)
    known = await places(tx)
    if wanted.at and wanted.at not in known:
        raise inventory.UnknownLocation(f"No location has the code {wanted.at[:80]!r}.", location=wanted.at[:80])
    told = await inventory.counting.accuracy(tx)
    at = wanted.at or min(told, key=lambda one: (one.units_percent, one.location)).location if told else ""
    rows = [
        PlaceRow(one, spot(known, one.location), wanted.url(PATH, at=one.location, after=""), one.location == at)
        for one in told
    ]
    place = place_of(wanted.after, int, int)
    found = (
        await inventory.counting.believed(
            tx, location=at, after=(place[0], place[1]) if place else None, limit=ROWS + 1
        )
        if at
        else []
    )
    shown = found[:ROWS]
    drawn = await faces(tx, [one.variant_id for one in shown])
    last = cursor_of(shown[-1].percent, shown[-1].variant_id) if len(found) > ROWS else ""
    view = AccuracyView(
        wanted=wanted,
        href=wanted.url(PATH),
        places=rows,
        here=next((one for one in rows if one.on), None),
        articles=[
            ArticleRow(one, drawn.get(one.variant_id) or Face(str(one.variant_id), str(one.variant_id)))
            for one in shown
        ],
        after=wanted.url(PATH, at=at, after=last) if last else "",
        floor=(await inventory.counting.limits(tx)).accuracy_floor,
        pulse=await inventory.counting.pulse(tx),
    )
    return page.show("accuracy.html.j2", view)


section = Section(routes=[read_accuracy])
