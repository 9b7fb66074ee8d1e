"""/v1/catalog: assortments, and how products are presented. Part of `api.py`."""

from typing import Annotated, TypeVar

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, RawBody
from litestar.status_codes import HTTP_200_OK

from comptoir.catalog import assortment, products
from comptoir.catalog import content as contents
from comptoir.catalog.assortment import Assorted, Assortment, AssortmentImported, NewAssorted
from comptoir.catalog.content import Content, ContentImported, NewContent
from comptoir.catalog.errors import BadAssortment, UnknownProduct
from comptoir.catalog.records import RefusedRow
from comptoir.channels import Channel, UnknownOutlet
from comptoir.kernel.auth import allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid, Refusal, TooLarge
from comptoir.kernel.http import Cursor, Limit, Page, page, place_of, raises
from comptoir.kernel.http.many import Many

MAX_BODY = 32_000_000
ARTICLES = Many(NewAssorted, key="articles", most=100_000)
CONTENTS = Many(NewContent, key="contents", most=10_000)

OfChannel = Annotated[Channel | None, QueryParameter(description="The channel whose assortment it is.")]
OfOutlet = Annotated[str, QueryParameter(description="Code of the outlet whose own it is.", max_length=60)]


@get("/assortments", guards=[allow("catalog:read")])
async def list_assortments(tx: NamedDependency[Tx]) -> list[Assortment]:
    """Which channels and outlets do not sell everything."""
    return await assortment.assortments(tx)


@get("/assortments/articles", guards=[allow("catalog:read")], responses=raises(Invalid, BadAssortment, UnknownOutlet))
async def list_assorted(
    tx: NamedDependency[Tx], channel: OfChannel = None, outlet: OfOutlet = "", cursor: Cursor = "", limit: Limit = 100
) -> Page[Assorted]:
    """The articles of one assortment."""
    after = place_of(cursor, int)
    found = await assortment.assorted(
        tx, channel=channel or "", outlet=outlet, after=after[0] if after else -1, limit=limit + 1
    )
    return page(found, limit, lambda one: [one.place])


@post(
    "/assortments/articles",
    guards=[allow("catalog:write")],
    responses=raises(Invalid, TooLarge, BadAssortment, UnknownOutlet),
    status_code=HTTP_200_OK,
    request_max_body_size=MAX_BODY,
    operation_class=ARTICLES.operation,
)
async def import_assortment(
    tx: NamedDependency[Tx],
    body: RawBody,
    channel: OfChannel = None,
    outlet: OfOutlet = "",
    whole: Annotated[bool, QueryParameter(description="What the file does not name is sold there no more.")] = False,
) -> AssortmentImported:
    """Say what a channel or an outlet sells: a JSON list or one article a line. Where nothing was said, all is sold."""
    rows, readable, unread = read(ARTICLES, body)
    # A row that could not be read is no word that its article has gone.
    done = await assortment.set_assortment(
        tx, readable, channel=channel or "", outlet=outlet, whole=whole and not unread
    )
    return AssortmentImported(done.new, done.changed, done.unchanged, done.removed, told(rows, done.refused, unread))


@delete("/assortments", guards=[allow("catalog:write")], responses=raises(BadAssortment, UnknownOutlet))
async def drop_assortment(tx: NamedDependency[Tx], channel: OfChannel = None, outlet: OfOutlet = "") -> None:
    """Everything is sold there again, or what the outlet's channel sells. None there was fine too."""
    await assortment.drop_assortment(tx, channel=channel or "", outlet=outlet)


@get("/products/{product_id:int}/content", guards=[allow("catalog:read")], responses=raises(UnknownProduct))
async def get_content(
    tx: NamedDependency[Tx],
    product_id: FromPath[int],
    channel: Annotated[Channel | None, QueryParameter(description="Where it is shown; empty for anywhere.")] = None,
    language: Annotated[str, QueryParameter(description="BCP 47: fr, fr-CH.", max_length=40)] = "",
) -> Content:
    """How a product is presented on a channel in a language, and whose word each part is."""
    found = await contents.contents(tx, [product_id], channel=channel or "", language=language)
    if product_id not in found:
        await products.product(tx, product_id=product_id)  # refuses
    return found[product_id]


@post(
    "/content/imports",
    guards=[allow("catalog:write")],
    responses=raises(Invalid, TooLarge),
    status_code=HTTP_200_OK,
    request_max_body_size=MAX_BODY,
    operation_class=CONTENTS.operation,
)
async def import_contents(tx: NamedDependency[Tx], body: RawBody) -> ContentImported:
    """Say how products are presented, per channel and language. Each row replaces what was said there."""
    rows, readable, unread = read(CONTENTS, body)
    done = await contents.import_content(tx, readable)
    return ContentImported(done.new, done.changed, done.unchanged, done.removed, told(rows, done.refused, unread))


Row = TypeVar("Row", bound=msgspec.Struct)


def read(many: Many[Row], body: bytes) -> tuple[list[int], list[Row], list[RefusedRow]]:
    """The rows that can be read with their places, and those that cannot."""
    decoded = many.decode(body)
    readable = {row: one for row, one in enumerate(decoded) if not isinstance(one, Refusal)}
    unread = [RefusedRow.of(row, one) for row, one in enumerate(decoded) if isinstance(one, Refusal)]
    return list(readable), list(readable.values()), unread


def told(rows: list[int], refused: list[RefusedRow], unread: list[RefusedRow]) -> list[RefusedRow]:
    """All that were refused, by their places in the file."""
    placed = [RefusedRow(rows[one.row], one.code, one.detail, one.data) for one in refused]
    return sorted(unread + placed, key=lambda one: one.row)


ROUTES = [list_assortments, list_assorted, import_assortment, drop_assortment, get_content, import_contents]
