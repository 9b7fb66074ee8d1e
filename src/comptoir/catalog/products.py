"""Finding what is sold: by SKU, by barcode, by words; and many SKUs at once for whoever records what was bought."""

from collections.abc import Iterable
from typing import Any

from comptoir.catalog.errors import BadGtin, UnknownProduct
from comptoir.catalog.gtin import gtin14
from comptoir.catalog.records import KnownVariant, Placed, Product, Variant
from comptoir.kernel.db import ints, texts
from comptoir.kernel.tx import Asked, Tx


async def variants_by_sku(tx: Tx, skus: Iterable[str]) -> dict[str, KnownVariant]:
    """What is known of these SKUs; those unknown are missing. One look-up for the whole set."""
    wanted = sorted(set(skus))
    if not wanted:
        return {}
    found = await tx.tuples(BY_SKUS, skus=texts(wanted))
    categories = {row[2] for row in found} - {None}
    label: dict[int | None, str] = dict(await tx.tuples(LABELS, ids=ints(sorted(categories)))) if categories else {}
    return {row[0]: KnownVariant(row[1], row[2], label.get(row[2], ""), row[3]) for row in found}


async def placed(tx: Tx, variant_ids: Iterable[int]) -> list[Placed]:
    """What these variants are and where they stand in the tree; those unknown are missing. One look-up for all."""
    (found,) = await tx.together(placing(variant_ids))
    return [Placed(*row) for row in found]


def placing(variant_ids: Iterable[int]) -> Asked:
    """The same as a statement that travels with others (`Tx.together`): each row is a `Placed`."""
    return PLACED, {"ids": ints(sorted(set(variant_ids)))}


async def variant(tx: Tx, *, sku: str) -> Variant:
    """One article by its SKU."""
    if found := await tx.maybe(Variant, BY_SKU, sku=sku):
        return found
    raise UnknownProduct(f"There is no SKU {sku[:80]}.", sku=sku[:80])


async def products_by_gtin(tx: Tx, *, gtin: str) -> list[Variant]:
    """The articles under a barcode: usually one, sometimes none. Raises BadGtin for what is no GTIN."""
    return await tx.many(Variant, BY_GTIN, gtin=gtin14(gtin))


async def product(tx: Tx, *, product_id: int) -> Product:
    """A product with its variants and pictures."""
    if found := await tx.maybe(Product, BY_ID, product_id=product_id):
        return found
    raise UnknownProduct(f"There is no product {product_id}.", product_id=product_id)


async def search(
    tx: Tx,
    *,
    words: str = "",
    category_id: int | None = None,
    among: Iterable[int] | None = None,
    after: tuple[str, int] | None = None,
    limit: int = 50,
) -> list[Product]:
    """Products whose name holds `words`, or whose code, SKU or GTIN is `words`; in a category and beneath it.

    `among`: only those with one of these variants. In order of name; `after` is the (search_name, product_id) of the
    last one seen. An empty search lists everything.
    """
    after_name, after_id = after or ("", -1)
    wanted = asked(words, category_id, among)
    return await tx.many(Product, SEARCH, **wanted, after_name=after_name, after_id=after_id, limit=limit)


async def how_many(
    tx: Tx, *, words: str = "", category_id: int | None = None, among: Iterable[int] | None = None
) -> int:
    """How many products `search` would find in all. Reads them: not for where it hurries."""
    return await tx.value(COUNT, **asked(words, category_id, among))


def asked(words: str, category_id: int | None, among: Iterable[int] | None) -> dict[str, Any]:
    words = words.strip()
    try:
        gtin = gtin14(words)
    except BadGtin:
        gtin = None
    return {
        "words": words,
        "pattern": f"%{like(words.lower())}%",
        "gtin": gtin,
        "category_id": category_id,
        "among": None if among is None else ints(sorted(set(among))),
    }


BY_SKUS = """
    SELECT sku, variant_id, category_id, name FROM catalog.variant WHERE sku = ANY(%(skus)s::text[])
"""

LABELS = """
    SELECT category_id, array_to_string(path, ' / ') FROM catalog.category WHERE category_id = ANY(%(ids)s::integer[])
"""

# Not joined: a plan made while the tables were empty would read them whole for ever after.
PLACED = """
    SELECT v.variant_id, v.sku, (SELECT p.code FROM catalog.product AS p WHERE p.product_id = v.product_id) AS product,
           coalesce((SELECT c.path FROM catalog.category AS c WHERE c.category_id = v.category_id), '{}') AS path
    FROM catalog.variant AS v WHERE v.variant_id = ANY(%(ids)s::bigint[])
"""

BY_SKU = "SELECT * FROM catalog.v_variant WHERE sku = %(sku)s"

BY_GTIN = "SELECT * FROM catalog.v_variant WHERE gtin = %(gtin)s ORDER BY variant_id"

FOUND = """
    FROM catalog.product AS p WHERE
          (%(words)s = '' OR p.search_name LIKE %(pattern)s OR p.code = %(words)s
           OR p.product_id = ANY(ARRAY(SELECT product_id FROM catalog.variant WHERE sku = %(words)s
                                       UNION SELECT product_id FROM catalog.variant WHERE gtin = %(gtin)s)))
          AND (%(category_id)s::integer IS NULL OR p.category_id = ANY(ARRAY(
                SELECT b.category_id FROM catalog.category AS a JOIN catalog.category AS b
                  ON b.path[1:cardinality(a.path)] = a.path
                WHERE a.category_id = %(category_id)s::integer)))
          AND (%(among)s::bigint[] IS NULL OR p.product_id = ANY(ARRAY(
                SELECT product_id FROM catalog.variant WHERE variant_id = ANY(%(among)s::bigint[]))))
"""

COUNT_HEAD = "SELECT count(*)"
COUNT = COUNT_HEAD + FOUND

# Beneath the first page is decided by ids only, so that the aggregates run for one page and not for the catalog.
PAGE_HEAD = """
    SELECT p.product_id, p.code, p.name, p.search_name, p.brand, p.category_id, c.path AS category, p.attributes,
           v.variants, m.media
    FROM (SELECT *
"""
PAGE_FOOT = """
          AND (p.search_name, p.product_id) > (%(after_name)s, %(after_id)s::bigint)
        ORDER BY p.search_name, p.product_id
        LIMIT %(limit)s
    ) AS p
    LEFT JOIN catalog.category AS c ON c.category_id = p.category_id
    CROSS JOIN LATERAL (
        SELECT coalesce(json_agg(json_build_object('variant_id', variant_id, 'sku', sku, 'gtin', gtin, 'name', name,
                                                   'attributes', attributes) ORDER BY variant_id), '[]') AS variants
        FROM catalog.variant WHERE product_id = p.product_id
    ) AS v
    CROSS JOIN LATERAL (
        SELECT coalesce(json_agg(json_build_object('url', url, 'kind', kind, 'label', label) ORDER BY place), '[]')
               AS media
        FROM catalog.media WHERE product_id = p.product_id
    ) AS m
    ORDER BY p.search_name, p.product_id
"""
SEARCH = PAGE_HEAD + FOUND + PAGE_FOOT

BY_ID = """
    SELECT p.product_id, p.code, p.name, p.search_name, p.brand, p.category_id,
           (SELECT path FROM catalog.category AS c WHERE c.category_id = p.category_id) AS category, p.attributes,
           (SELECT coalesce(json_agg(json_build_object('variant_id', variant_id, 'sku', sku, 'gtin', gtin,
                                                       'name', name, 'attributes', attributes)
                                     ORDER BY variant_id), '[]')
            FROM catalog.variant AS v WHERE v.product_id = p.product_id) AS variants,
           (SELECT coalesce(json_agg(json_build_object('url', url, 'kind', kind, 'label', label)
                                     ORDER BY place), '[]')
            FROM catalog.media AS m WHERE m.product_id = p.product_id) AS media
    FROM catalog.product AS p WHERE p.product_id = %(product_id)s
"""


def like(words: str) -> str:
    """The words as they are, in a LIKE pattern."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
