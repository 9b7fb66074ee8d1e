"""All articles one after the other, in pages by id, for whoever tells others of the whole catalog."""

from typing import Any

import msgspec

from comptoir.catalog.errors import UnknownProduct
from comptoir.kernel.db import Tx, ints


class Article(msgspec.Struct, frozen=True, gc=False):
    """A variant with what its product and its category say."""

    variant_id: int
    sku: str
    gtin: str | None
    name: str
    attributes: dict[str, Any]
    """Its product's, its own over them."""
    product_id: int
    product: str
    """The product's code."""
    product_name: str
    brand: str | None
    category: tuple[str, ...]
    """The path from the root; empty for none."""
    single: bool
    """Whether it is its product's only variant."""


async def articles(tx: Tx, *, after: int = 0, limit: int = 1_000) -> list[Article]:
    """Those with a variant id greater than `after`, by id."""
    return await _told(tx, await tx.tuples(PAGE, after=after, limit=limit))


async def articles_of(tx: Tx, *, product: str = "", variant_ids: list[int] | None = None) -> list[Article]:
    """The variants of the product with this code, by id, or these. Raises UnknownProduct."""
    if variant_ids is not None:
        return await _told(tx, await tx.tuples(THESE, ids=ints(variant_ids)))
    found = await tx.tuples(OF_PRODUCT, product=product)
    if not found:
        raise UnknownProduct(f"There is no product {product[:80]!r}.", product=product[:80])
    return await _told(tx, found)


async def _told(tx: Tx, found: list[tuple[Any, ...]]) -> list[Article]:
    """Read one table after the other: a plan made while they were empty would join them whole."""
    products = {row[0]: row[1:] for row in await tx.tuples(PRODUCTS, products=ints(sorted({row[1] for row in found})))}
    paths = {
        category_id: tuple(path)
        for category_id, path in await tx.tuples(PATHS, categories=ints(sorted({row[2] for row in found} - {None})))
    }
    return [
        Article(
            variant_id,
            sku,
            gtin,
            name,
            {**products[product_id][3], **attributes},
            product_id,
            *products[product_id][:3],
            category=paths.get(category_id, ()),
            single=products[product_id][4],
        )
        for variant_id, product_id, category_id, sku, gtin, name, attributes in found
    ]


PAGE = """
    SELECT variant_id, product_id, category_id, sku, gtin::text, name, attributes FROM catalog.variant
    WHERE variant_id > %(after)s ORDER BY variant_id LIMIT %(limit)s
"""

THESE = """
    SELECT variant_id, product_id, category_id, sku, gtin::text, name, attributes FROM catalog.variant
    WHERE variant_id = ANY(%(ids)s::bigint[]) ORDER BY variant_id
"""

OF_PRODUCT = """
    SELECT variant_id, product_id, category_id, sku, gtin::text, name, attributes FROM catalog.variant
    WHERE product_id = (SELECT p.product_id FROM catalog.product AS p WHERE p.code = %(product)s) ORDER BY variant_id
"""

PRODUCTS = """
    SELECT p.product_id, p.code, p.name, p.brand, p.attributes,
           (SELECT count(*) FROM (SELECT 1 FROM catalog.variant AS v WHERE v.product_id = p.product_id LIMIT 2) AS two)
               < 2
    FROM catalog.product AS p WHERE p.product_id = ANY(%(products)s::bigint[])
"""

PATHS = "SELECT category_id, path FROM catalog.category WHERE category_id = ANY(%(categories)s::integer[])"
