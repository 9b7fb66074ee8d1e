"""A product file comes in whole, row by row judged, and the same file again changes nothing."""

import asyncio
import random

import pytest

from comptoir import catalog
from comptoir.catalog import Media, NewProduct, NewVariant, Tally
from comptoir.catalog.products import BY_GTIN, BY_SKUS, SEARCH

pytestmark = pytest.mark.anyio


def shirt(code="shirt", **more):
    variants = [
        NewVariant(sku=f"{code}-s", gtin="4006381333931", name="Small"),
        NewVariant(sku=f"{code}-m", attributes={"size": "M"}),
    ]
    return NewProduct(
        **{
            "code": code,
            "name": "Shirt",
            "brand": "Our own",
            "category": ["Clothes", "Tops"],
            "variants": variants,
            "media": [Media("https://example.com/1.jpg", label="from the front")],
            **more,
        }
    )


async def state(tx):
    return [
        await tx.tuples(
            "SELECT code, p.name, brand, path, p.attributes, p.changed_at FROM catalog.product p LEFT JOIN catalog.category c USING (category_id) ORDER BY code"
        ),
        await tx.tuples("SELECT * FROM catalog.v_variant ORDER BY sku"),
        await tx.tuples("SELECT * FROM catalog.media ORDER BY product_id, place"),
    ]


async def test_the_same_file_again_changes_nothing(tx):
    first = await catalog.import_products(tx, [shirt(), NewProduct(code="bag", name="Bag")])
    before = await state(tx)

    again = await catalog.import_products(tx, [shirt(), NewProduct(code="bag", name="Bag")])

    assert (first.products, first.variants) == (Tally(2, 0, 0), Tally(3, 0, 0))
    assert (again.products, again.variants) == (Tally(0, 0, 2), Tally(0, 0, 3))
    assert await state(tx) == before


async def test_the_last_file_is_right(tx):
    await catalog.import_products(tx, [shirt()])

    done = await catalog.import_products(
        tx, [shirt(category=["Clothes", "Blouses"], variants=[NewVariant(sku="shirt-s")], media=[])]
    )

    assert (done.products, done.variants) == (Tally(0, 1, 0), Tally(0, 1, 0))
    small, medium = [await catalog.variant(tx, sku=f"shirt-{size}") for size in "sm"]
    assert (small.gtin, small.name) == (None, "Shirt")
    assert medium.category == "Clothes / Blouses", "a variant that the file left out goes with its product"
    assert (await catalog.product(tx, product_id=small.product_id)).media == []


async def test_bad_rows_are_named_and_the_others_come_in(tx):
    rows = [
        NewProduct(code="good", name="Good"),
        NewProduct(code=" ", name="No code"),
        NewProduct(code="nul", name="a\0b"),
        NewProduct(code="half", name="a\ud800"),
        NewProduct(code="long", name="x" * 501),
        NewProduct(code="deep", name="Deep", category=["x"] * 11),
        NewProduct(code="gap", name="Gap", category=["x", ""]),
        NewProduct(code="digit", name="Digit", variants=[NewVariant(sku="d", gtin="4006381333932")]),
        NewProduct(code="length", name="Length", variants=[NewVariant(sku="l", gtin="123")]),
        NewProduct(code="letters", name="Letters", variants=[NewVariant(sku="l", gtin="400638133393x")]),
        NewProduct(code="good", name="Good, but other"),
        NewProduct(code="good", name="Good"),
        NewProduct(code=" good ", name="Good, but spaced"),
        NewProduct(code="thief", name="Thief", variants=[NewVariant(sku="good")]),
        NewProduct(code="twin", name="Twin", variants=[NewVariant(sku="t"), NewVariant(sku="t")]),
        NewProduct(code="nulls", name="Nulls", attributes={"a": "\0"}),
        NewProduct(code="big", name="Big", attributes={"a": "x" * 20_001}),
        NewProduct(code="better", name="Better"),
    ]

    done = await catalog.import_products(tx, rows)

    assert [(r.row, r.code) for r in done.refused] == [
        (1, "catalog.bad_product"),
        (2, "catalog.bad_product"),
        (3, "catalog.bad_product"),
        (4, "catalog.bad_product"),
        (5, "catalog.bad_product"),
        (6, "catalog.bad_product"),
        (7, "catalog.bad_gtin"),
        (8, "catalog.bad_gtin"),
        (9, "catalog.bad_gtin"),
        (10, "catalog.product_twice"),
        (12, "catalog.product_twice"),
        (13, "catalog.sku_twice"),
        (14, "catalog.sku_twice"),
        (15, "catalog.bad_product"),
        (16, "catalog.bad_product"),
    ]
    assert done.refused[6].data == {"gtin": "4006381333932", "check_digit": 1}
    assert await tx.values("SELECT code FROM catalog.product ORDER BY code") == ["better", "good"]


async def test_a_sku_moves_to_the_product_that_names_it_last(tx):
    await catalog.import_products(tx, [NewProduct(code="a", name="A", variants=[NewVariant(sku="x")])])
    await catalog.import_products(tx, [NewProduct(code="b", name="B", variants=[NewVariant(sku="x")])])
    assert (await catalog.variant(tx, sku="x")).product_code == "b"


async def test_many_files_at_once_do_not_deadlock(db):
    products = [NewProduct(code=str(n), name=f"P{n}", category=["Root", str(n % 7)]) for n in range(300)]

    async def bring(number):
        mixed = products[:]
        random.Random(number).shuffle(mixed)
        async with db.transaction() as tx:
            return await catalog.import_products(tx, mixed)

    done = await asyncio.gather(*(bring(number) for number in range(6)))

    assert sum(one.products.new for one in done) == sum(one.variants.new for one in done) == 300
    async with db.reading() as tx:
        (root, *branches) = await catalog.category_tree(tx)
        assert (root.products, len(branches)) == (300, 7)


async def test_a_hundred_thousand_products_come_in_as_one_file(db):
    products = [
        NewProduct(
            code=str(n), name=f"Product {n}", brand=f"Brand {n % 50}", category=["Root", str(n % 30), str(n % 90)]
        )
        for n in range(100_000)
    ]
    async with db.transaction() as tx:
        done = await catalog.import_products(tx, products)
    assert done.products == done.variants == Tally(100_000, 0, 0)

    async with db.transaction() as tx:
        await tx.run("ANALYZE catalog.product, catalog.variant")
        again = await catalog.import_products(tx, products)
        assert again.products == again.variants == Tally(0, 0, 100_000)
        found = await catalog.variants_by_sku(tx, ["7", "99999", "no such"])
        assert {sku: (one.name, one.category) for sku, one in found.items()} == {
            "7": ("Product 7", "Root / 7 / 7"),
            "99999": ("Product 99999", "Root / 9 / 9"),
        }
        await search_uses_the_index(tx)


async def search_uses_the_index(tx):
    sku_plan = "\n".join(await tx.values("EXPLAIN " + BY_SKUS, skus="{" + ",".join(map(str, range(1000))) + "}"))
    assert "Seq Scan" not in sku_plan, sku_plan
    gtin_plan = "\n".join(await tx.values("EXPLAIN " + BY_GTIN, gtin="00000000000001"))
    assert "variant_gtin" in gtin_plan, gtin_plan
    page = {
        "words": "",
        "pattern": "%%",
        "gtin": None,
        "category_id": None,
        "among": None,
        "after_name": "product 5",
        "after_id": 1,
    }
    search_plan = "\n".join(await tx.values("EXPLAIN " + SEARCH, **page, limit=51))
    assert "product_name" in search_plan, search_plan
