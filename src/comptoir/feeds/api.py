"""/v1/feeds: which feeds there are, their secret addresses, what they leave out, and the files themselves.

/v1/shelf: what anybody may ask, for the pages of shops: in stock near you, and products in the words of schema.org.
"""

import hashlib
from collections.abc import AsyncGenerator
from typing import Annotated

import msgspec
from litestar import Response, Router, delete, get, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.response import Stream

from comptoir.catalog import UnknownProduct
from comptoir.channels import UnknownOutlet
from comptoir.feeds import definitions, files
from comptoir.feeds.errors import BadFeed, TooOften, UnknownFeed, UnknownPlace
from comptoir.feeds.guard import Guard
from comptoir.feeds.near import Point, near_you, point_of
from comptoir.feeds.records import Address, Feed, FeedEntry, NearYou, Report
from comptoir.feeds.structured import encoded
from comptoir.feeds.structured import structured as structured_of
from comptoir.kernel.auth import allow, public
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import Invalid
from comptoir.kernel.http import AnyRequest, Cursor, Limit, cursor_of, place_of, raises

FILES_A_MINUTE = 10
FILES_AT_ONCE = 2
QUESTIONS_A_MINUTE = 120
"""Of one address, by each process."""
FRESH_SECONDS = 60

OneFeed = Annotated[str, PathParameter(description="The code that names the feed.", max_length=60)]
TYPES = {"xml": "application/xml; charset=utf-8", "tsv": "text/tab-separated-values; charset=utf-8"}


@get("/", guards=[allow("feeds:read")])
async def list_feeds(tx: NamedDependency[Tx]) -> list[Feed]:
    """All feeds, by code, and how they were fetched last."""
    return await definitions.feeds(tx)


@get("/{code:str}", guards=[allow("feeds:read")], responses=raises(UnknownFeed))
async def get_feed(tx: NamedDependency[Tx], code: OneFeed) -> Feed:
    """One feed."""
    return await definitions.feed(tx, code=code)


@put("/{code:str}", guards=[allow("feeds:write")], responses=raises(Invalid, BadFeed, UnknownOutlet))
async def set_feed(tx: NamedDependency[Tx], code: OneFeed, data: JSONBody[FeedEntry]) -> Feed:
    """Make a feed, or describe a known one anew; its address stays."""
    return await definitions.set_feed(tx, code=code, entry=data)


@put("/{code:str}/address", guards=[allow("feeds:write")], responses=raises(UnknownFeed))
async def open_address(tx: NamedDependency[Tx], code: OneFeed) -> Address:
    """A new secret address at which the feed is fetched; the earlier one ends. It is shown this once."""
    return Address(f"/v1/feeds/files/{await definitions.open_address(tx, code=code)}")


@delete("/{code:str}/address", guards=[allow("feeds:write")], responses=raises(UnknownFeed))
async def revoke_address(tx: NamedDependency[Tx], code: OneFeed) -> None:
    """Nobody can fetch it any more."""
    await definitions.revoke(tx, code=code)


@get("/{code:str}/left-out", guards=[allow("feeds:read")], responses=raises(UnknownFeed))
async def list_left_out(tx: NamedDependency[Tx], code: OneFeed, cursor: Cursor = "", limit: Limit = 100) -> Report:
    """Articles that the feed leaves out now, and which required attributes they lack."""
    after = place_of(cursor, int)
    feed = await definitions.feed(tx, code=code)
    found, looked_at, last = await files.left_out(tx, feed, after=after[0] if after else 0, limit=limit)
    return Report(found, looked_at, None if last is None else cursor_of(last))


@get("/files/{token:str}", guards=[public], responses=raises(UnknownFeed, TooOften), media_type="application/xml")
async def fetch(
    db: NamedDependency[Database],
    state: State,
    request: AnyRequest,
    token: Annotated[str, PathParameter(description="The secret of the address.", max_length=100)],
) -> Stream:
    """The feed itself, for whoever knows its address, as fast as it is read."""
    guard: Guard = state.guard
    guard.take("files", who(request), most=FILES_A_MINUTE)
    async with db.reading() as tx:
        feed = await definitions.feed_of_token(tx, token=token)
    guard.room("files", most=FILES_AT_ONCE)
    return Stream(
        watched(guard, files.stream(db, feed)),
        headers={
            "Content-Type": TYPES[feed.format],
            "Content-Disposition": f'attachment; filename="{feed.code}.{feed.format}"',
            "Cache-Control": "private, no-store",
            "X-Robots-Tag": "noindex",
        },
    )


async def watched(guard: Guard, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Counted from the first block on: an answer that nobody begins to read never ends either."""
    with guard.busy("files"):
        async for block in blocks:
            yield block


@get("/near", guards=[public], responses=raises(Invalid, UnknownProduct, UnknownPlace, TooOften))
async def near(
    tx: NamedDependency[Tx],
    state: State,
    request: AnyRequest,
    sku: Annotated[str, QueryParameter(description="The article.", min_length=1, max_length=500)],
    lat: Annotated[float | None, QueryParameter(description="Degrees north (WGS 84).", ge=-90, le=90)] = None,
    lon: Annotated[float | None, QueryParameter(description="Degrees east (WGS 84).", ge=-180, le=180)] = None,
    country: Annotated[str, QueryParameter(description="ISO 3166-1, of the postcode.", max_length=2)] = "",
    postcode: Annotated[str, QueryParameter(description="Instead of a position.", max_length=20)] = "",
    km: Annotated[float, QueryParameter(description="No farther than this.", gt=0, le=20_100)] = 50,
    limit: Annotated[int, QueryParameter(description="How many shops at most.", ge=1, le=100)] = 20,
) -> Response[bytes]:
    """Which shops sell an article: how far, open when, whether it is there, and when it would be ready.

    Name a position, or a country and a postcode, or neither: then they come by code.
    """
    state.guard.take("shelf", who(request), most=QUESTIONS_A_MINUTE)
    if (lat is None) != (lon is None) or bool(country) != bool(postcode):
        raise Invalid("Name lat and lon, or country and postcode, or none of them.")
    here = Point(lat, lon) if lat is not None and lon is not None else None
    if here is None and postcode:
        here = await point_of(tx, country=country, postcode=postcode)
    found: NearYou = await near_you(tx, sku=sku, here=here, km=km, limit=limit)
    # Where somebody is, is theirs: shared caches keep no answer that was asked with a position.
    return cached(request, msgspec.json.encode(found), "application/json", shared=lat is None)


@get("/structured", guards=[public], responses=raises(UnknownProduct, UnknownOutlet, TooOften))
async def structured(
    tx: NamedDependency[Tx],
    state: State,
    request: AnyRequest,
    product: Annotated[str, QueryParameter(description="Its code.", min_length=1, max_length=500)],
    outlet: Annotated[str, QueryParameter(description="Code of the outlet that sells it.", max_length=60)],
    language: Annotated[str, QueryParameter(description="BCP 47: fr, fr-CH.", max_length=40)] = "",
) -> Response[bytes]:
    """A product with its offers as JSON-LD in the words of schema.org, ready to stand in its page."""
    state.guard.take("shelf", who(request), most=QUESTIONS_A_MINUTE)
    found = await structured_of(tx, product=product, outlet=outlet, language=language)
    return cached(request, encoded(found), "application/ld+json", shared=True)


def cached(request: AnyRequest, body: bytes, media_type: str, *, shared: bool) -> Response[bytes]:
    """Good for a minute, for pages of any origin; who has the same already gets 304 (RFC 9110, 13.1.2)."""
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    scope = "public" if shared else "private"
    headers = {
        "ETag": tag,
        "Cache-Control": f"{scope}, max-age={FRESH_SECONDS}, stale-while-revalidate={FRESH_SECONDS}",
        "Access-Control-Allow-Origin": "*",
        "Vary": "Accept-Encoding",
    }
    has = request.headers.get("if-none-match", "")
    if has == "*" or tag in [one.strip().removeprefix("W/") for one in has.split(",")]:
        return Response(b"", status_code=304, headers=headers, media_type=media_type)
    return Response(body, headers=headers, media_type=media_type)


def who(request: AnyRequest) -> str:
    return request.client.host if request.client else ""


router = Router(
    "/v1/feeds",
    route_handlers=[list_feeds, get_feed, set_feed, open_address, revoke_address, list_left_out, fetch],
    tags=["feeds"],
)
shelf = Router("/v1/shelf", route_handlers=[near, structured], tags=["feeds"])
