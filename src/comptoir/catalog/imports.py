"""A product file comes in: 100,000 rows in seconds, the same file again changes nothing.

A row that cannot be taken is refused by itself and named; those beside it come in. Products and variants that the
file does not name stay as they are. A SKU moves to another product when the file says so.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from comptoir.catalog.errors import BadProduct, ProductTwice, SkuTwice
from comptoir.catalog.gtin import gtin14
from comptoir.catalog.records import Imported, Media, NewProduct, NewVariant, RefusedRow, Tally
from comptoir.kernel import pack
from comptoir.kernel.db import Tx, rows
from comptoir.kernel.errors import Refusal

MAX_TEXT = 500
MAX_JSON = 20_000
MAX_DEPTH = 10


class Row(msgspec.Struct, frozen=True):
    """A product that can be stored: packed for COPY, beside the parts that need more than one table."""

    code: str
    category: tuple[str, ...]
    packed: bytes
    variants: dict[str, bytes]
    media: list[Media] | None


async def import_products(tx: Tx, products: Sequence[NewProduct]) -> Imported:
    """Take every product that can be taken. The last file is right; a file that says nothing new writes nothing."""
    taken, refused = judge(products)
    await tx.run(STAGE_PRODUCTS)
    await tx.run(STAGE_VARIANTS)
    await tx.run(EMPTY_STAGE)
    await tx.copy(COPY_PRODUCTS, pack.whole(row.packed for row in taken))
    await tx.copy(COPY_VARIANTS, pack.whole(packed for row in taken for packed in row.variants.values()))

    for paths in by_depth({row.category for row in taken}):
        await tx.run(GROW_TREE, paths=rows(paths))
    products_new, products_changed = (await tx.tuples(WRITE_PRODUCTS, now=tx.now))[0]
    variants_new, variants_changed = (await tx.tuples(WRITE_VARIANTS, now=tx.now))[0]
    if products_changed:
        await tx.run(FOLLOW_PRODUCT)
    await _replace_media(tx, {row.code: row.media for row in taken if row.media is not None})

    variants = sum(len(row.variants) for row in taken)
    return Imported(
        products=Tally(products_new, products_changed, len(taken) - products_new - products_changed),
        variants=Tally(variants_new, variants_changed, variants - variants_new - variants_changed),
        refused=refused,
    )


async def _replace_media(tx: Tx, media: dict[str, list[Media]]) -> None:
    if not media:
        return
    flat = [
        {"code": code, "place": place, "url": one.url, "kind": one.kind, "label": one.label}
        for code, several in sorted(media.items())
        for place, one in enumerate(several)
    ]
    await tx.run(WRITE_MEDIA, media=rows(flat))
    await tx.run(DROP_MEDIA, kept=rows([{"code": code, "kept": len(several)} for code, several in media.items()]))


STAGE_PRODUCTS = """
    CREATE TEMP TABLE IF NOT EXISTS catalog_product_row (
        code text COLLATE "C", name text, brand text, category text[] COLLATE "C", attributes jsonb)
    ON COMMIT DELETE ROWS
"""

STAGE_VARIANTS = """
    CREATE TEMP TABLE IF NOT EXISTS catalog_variant_row (
        code text COLLATE "C", sku text COLLATE "C", gtin text, name text, attributes jsonb)
    ON COMMIT DELETE ROWS
"""

EMPTY_STAGE = "TRUNCATE pg_temp.catalog_product_row, pg_temp.catalog_variant_row"

COPY_PRODUCTS = "COPY pg_temp.catalog_product_row (code, name, brand, category, attributes) FROM STDIN (FORMAT binary)"

COPY_VARIANTS = "COPY pg_temp.catalog_variant_row (code, sku, gtin, name, attributes) FROM STDIN (FORMAT binary)"

GROW_TREE = """
    INSERT INTO catalog.category (path, parent_id)
    SELECT p.path, (SELECT c.category_id FROM catalog.category AS c
                    WHERE c.path = p.path[1:cardinality(p.path) - 1])
    FROM (SELECT ARRAY(SELECT json_array_elements_text(path)) COLLATE "C" AS path
          FROM json_array_elements(%(paths)s::json) AS path) AS p
    ORDER BY p.path
    ON CONFLICT (path) DO NOTHING
"""

# A row that says what is already known is not touched: no dead tuple, no lock kept, changed_at stays true.
WRITE_PRODUCTS = """
    WITH written AS (
        INSERT INTO catalog.product AS old (code, name, search_name, brand, category_id, attributes, changed_at)
        SELECT r.code, r.name, lower(r.name), r.brand, c.category_id, r.attributes, %(now)s
        FROM pg_temp.catalog_product_row AS r LEFT JOIN catalog.category AS c ON c.path = r.category
        ORDER BY r.code
        ON CONFLICT (code) DO UPDATE SET name = excluded.name, search_name = excluded.search_name,
            brand = excluded.brand, category_id = excluded.category_id, attributes = excluded.attributes,
            changed_at = excluded.changed_at
        WHERE (old.name, old.brand, old.category_id, old.attributes)
              IS DISTINCT FROM (excluded.name, excluded.brand, excluded.category_id, excluded.attributes)
        RETURNING (xmax = 0) AS new
    )
    SELECT count(*) FILTER (WHERE new), count(*) FILTER (WHERE NOT new) FROM written
"""

WRITE_VARIANTS = """
    WITH written AS (
        INSERT INTO catalog.variant AS old (sku, gtin, product_id, category_id, name, attributes, changed_at)
        SELECT r.sku, r.gtin, p.product_id, p.category_id, r.name, r.attributes, %(now)s
        FROM pg_temp.catalog_variant_row AS r JOIN catalog.product AS p ON p.code = r.code
        ORDER BY r.sku
        ON CONFLICT (sku) DO UPDATE SET gtin = excluded.gtin, product_id = excluded.product_id,
            category_id = excluded.category_id, name = excluded.name, attributes = excluded.attributes,
            changed_at = excluded.changed_at
        WHERE (old.gtin, old.product_id, old.category_id, old.name, old.attributes) IS DISTINCT FROM
              (excluded.gtin, excluded.product_id, excluded.category_id, excluded.name, excluded.attributes)
        RETURNING (xmax = 0) AS new
    )
    SELECT count(*) FILTER (WHERE new), count(*) FILTER (WHERE NOT new) FROM written
"""

# Variants that the file left out belong where their product has gone.
FOLLOW_PRODUCT = """
    UPDATE catalog.variant AS v SET category_id = p.category_id
    FROM pg_temp.catalog_product_row AS r JOIN catalog.product AS p ON p.code = r.code
    WHERE v.product_id = p.product_id AND v.category_id IS DISTINCT FROM p.category_id
"""

WRITE_MEDIA = """
    INSERT INTO catalog.media AS old (product_id, place, url, kind, label)
    SELECT p.product_id, m.place, m.url, m.kind, m.label
    FROM json_to_recordset(%(media)s::json) AS m (code text, place smallint, url text, kind text, label text)
    JOIN catalog.product AS p ON p.code = m.code
    ORDER BY p.product_id, m.place
    ON CONFLICT (product_id, place) DO UPDATE SET url = excluded.url, kind = excluded.kind, label = excluded.label
    WHERE (old.url, old.kind, old.label) IS DISTINCT FROM (excluded.url, excluded.kind, excluded.label)
"""

DROP_MEDIA = """
    DELETE FROM catalog.media AS m
    USING json_to_recordset(%(kept)s::json) AS k (code text, kept integer)
    JOIN catalog.product AS p ON p.code = k.code
    WHERE m.product_id = p.product_id AND m.place >= k.kept
"""


def judge(products: Sequence[NewProduct]) -> tuple[list[Row], list[RefusedRow]]:
    """Which rows can be taken. The first row that names a product or a SKU has it."""
    taken: dict[str, tuple[Row, NewProduct]] = {}
    owner: dict[str, str] = {}
    refused: list[RefusedRow] = []
    for number, product in enumerate(products):
        try:
            row = packed(product)
            if earlier := taken.get(row.code):
                if earlier[1] != product:
                    raise ProductTwice(f"{row.code} stands twice in the file.", product=row.code)
                continue
            for sku in row.variants:
                if sku in owner:
                    raise SkuTwice(f"SKU {sku} is given to {owner[sku]} as well.", sku=sku, product=owner[sku])
        except Refusal as refusal:
            refused.append(RefusedRow.of(number, refusal))
        else:
            taken[product.code] = row, product
            owner.update(dict.fromkeys(row.variants, product.code))
    return [row for row, _ in taken.values()], refused


def packed(product: NewProduct) -> Row:
    """One product ready for COPY. Raises BadProduct or BadGtin."""
    code, name = text("code", product.code), text("name", product.name)
    brand = product.brand and text("brand", product.brand)
    category = tuple(text("category", part) for part in product.category)
    if len(category) > MAX_DEPTH:
        raise BadProduct(f"{code}: a category lies at most {MAX_DEPTH} deep.", product=code)
    media = product.media
    for one in media or []:
        text("media url", one.url, most=2_000)
        text("media label", one.label or "-")
    if len(media or []) > MAX_TEXT:
        raise BadProduct(f"{code}: at most {MAX_TEXT} pictures.", product=code)
    variants: dict[str, bytes] = {}
    for variant in product.variants or [NewVariant(sku=code)]:
        sku = text("sku", variant.sku)
        if sku in variants:
            raise SkuTwice(f"{code}: SKU {sku} stands twice.", sku=sku, product=code)
        variants[sku] = b"".join(
            (
                pack.start(5),
                pack.text(code),
                pack.text(sku),
                pack.text(None if variant.gtin is None else gtin14(variant.gtin)),
                pack.text(text("variant name", variant.name) if variant.name else name),
                pack.jsonb(document(variant.attributes)),
            )
        )
    row = b"".join(
        (
            pack.start(5),
            pack.text(code),
            pack.text(name),
            pack.text(brand or None),
            pack.texts(category) if category else pack.NULL,
            pack.jsonb(document(product.attributes)),
        )
    )
    return Row(code, category, row, variants, media)


def text(what: str, value: str, *, most: int = MAX_TEXT) -> str:
    """A text that says something and can be stored."""
    clean = value.strip()
    if not clean:
        raise BadProduct(f"The {what} is empty.", field=what)
    if len(clean) > most:
        raise BadProduct(f"The {what} is longer than {most} characters.", field=what)
    if not clean.isprintable() and ("\0" in clean or any("\ud800" <= character <= "\udfff" for character in clean)):
        raise BadProduct(f"The {what} holds a character that cannot be stored (U+0000 or half of a pair).", field=what)
    return clean


def document(attributes: dict[str, Any]) -> bytes:
    """Attributes as JSON that jsonb can hold."""
    if not attributes:
        return b"{}"
    try:
        encoded = msgspec.json.encode(attributes)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadProduct(f"The attributes cannot be stored: {error}", field="attributes") from error
    if b"\\u0000" in encoded or len(encoded) > MAX_JSON:
        raise BadProduct(f"The attributes hold U+0000 or more than {MAX_JSON} bytes.", field="attributes")
    return encoded


def by_depth(paths: Iterable[tuple[str, ...]]) -> list[list[tuple[str, ...]]]:
    """All branches of these paths, roots first: a branch needs its parent."""
    branches = {path[:depth] for path in paths for depth in range(1, len(path) + 1)}
    levels: dict[int, list[tuple[str, ...]]] = {}
    for path in sorted(branches):
        levels.setdefault(len(path), []).append(path)
    return [levels[depth] for depth in sorted(levels)]
