"""/v1/catalog: products, variants, categories, imports; assortments and contents are in `showing_api`."""

from typing import Annotated

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, RawBody
from litestar.status_codes import HTTP_200_OK

from comptoir.catalog import categories, imports, products
from comptoir.catalog.errors import BadGtin, UnknownProduct
from comptoir.catalog.records import Category, Imported, NewProduct, Product, RefusedRow, Variant
from comptoir.catalog.showing_api import ROUTES
from comptoir.kernel.auth import allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid, Refusal, TooLarge
from comptoir.kernel.http import Cursor, Limit, Page, page, place_of, raises
from comptoir.kernel.http.many import Many

MAX_BODY = 32_000_000
"""Bytes: five thousand products with all they say of themselves."""

FILE = Many(NewProduct, key="products", most=5_000)


@get("/products", guards=[allow("catalog:read")], responses=raises(Invalid))
async def list_products(
    tx: NamedDependency[Tx],
    q: Annotated[str, QueryParameter(description="Part of a name, or a code, SKU or GTIN.", max_length=200)] = "",
    category_id: Annotated[
        int | None, QueryParameter(description="In this category and beneath it.", ge=1, le=2**31 - 1)
    ] = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[Product]:
    """Find products by words, code, SKU, GTIN or category, in order of name."""
    after = place_of(cursor, str, int)
    found = await products.search(tx, words=q, category_id=category_id, after=after, limit=limit + 1)
    return page(found, limit, lambda one: (one.search_name, one.product_id))


@get("/products/{product_id:int}", guards=[allow("catalog:read")], responses=raises(UnknownProduct))
async def get_product(tx: NamedDependency[Tx], product_id: FromPath[int]) -> Product:
    """A product with its variants and pictures."""
    return await products.product(tx, product_id=product_id)


@get("/variants", guards=[allow("catalog:read")], responses=raises(Invalid, BadGtin))
async def list_variants(
    tx: NamedDependency[Tx],
    sku: Annotated[str, QueryParameter(description="The retailer's own number of the article.", max_length=500)] = "",
    gtin: Annotated[str, QueryParameter(description="The number under the barcode.", max_length=40)] = "",
) -> list[Variant]:
    """The articles with this SKU or under this barcode: none, one, or several that share a barcode."""
    if bool(sku) == bool(gtin):
        raise Invalid("Name either a sku or a gtin.")
    if gtin:
        return await products.products_by_gtin(tx, gtin=gtin)
    try:
        return [await products.variant(tx, sku=sku)]
    except UnknownProduct:
        return []


@get("/categories", guards=[allow("catalog:read")])
async def list_categories(tx: NamedDependency[Tx]) -> list[Category]:
    """The whole tree with the products in each branch, parents before their children."""
    return await categories.category_tree(tx)


@post(
    "/imports",
    guards=[allow("catalog:write")],
    responses=raises(Invalid, TooLarge),
    status_code=HTTP_200_OK,
    request_max_body_size=MAX_BODY,
    operation_class=FILE.operation,
)
async def import_file(tx: NamedDependency[Tx], body: RawBody) -> Imported:
    """Take products from a JSON list or one a line (NDJSON). Rows that cannot be taken are named; the rest come in."""
    decoded = FILE.decode(body)
    unread = [RefusedRow.of(row, one) for row, one in enumerate(decoded) if isinstance(one, Refusal)]
    readable = {row: one for row, one in enumerate(decoded) if not isinstance(one, Refusal)}
    done = await imports.import_products(tx, list(readable.values()))
    rows = list(readable)
    refused = [RefusedRow(rows[r.row], r.code, r.detail, r.data) for r in done.refused]
    return Imported(done.products, done.variants, sorted(unread + refused, key=lambda r: r.row))


router = Router(
    "/v1/catalog",
    route_handlers=[list_products, get_product, list_variants, list_categories, import_file, *ROUTES],
    tags=["catalog"],
)
