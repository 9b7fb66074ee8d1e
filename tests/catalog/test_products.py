"""What is sold is found by SKU, barcode, words and category."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptoir import catalog
from comptoir.catalog import BadGtin, NewProduct, NewVariant, UnknownProduct
from comptoir.catalog.gtin import check_digit
from comptoir.catalog.products import BY_SKUS

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shelf(tx):
    await catalog.import_products(
        tx,
        [
            NewProduct(code="1", name="Ice cubes", category=["Food", "Frozen", "Ice"]),
            NewProduct(code="2", name="Vanilla ice cream", category=["Food", "Frozen"], brand="Ours"),
            NewProduct(code="3", name="Rice 100%", category=["Food"], variants=[NewVariant(sku="r", gtin="96385074")]),
            NewProduct(code="4", name="Screw_driver", category=["Tools"]),
        ],
    )
    return tx


async def names(tx, **how):
    return [one.name for one in await catalog.search(tx, **how)]


async def test_by_words(shelf):
    assert await names(shelf, words="ICE") == ["Ice cubes", "Rice 100%", "Vanilla ice cream"]
    assert await names(shelf, words="0%") == ["Rice 100%"]
    assert await names(shelf, words="w_d") == ["Screw_driver"]
    assert await names(shelf, words="%") == ["Rice 100%"]
    assert await names(shelf, words="no such thing") == []


async def test_by_code_sku_and_barcode(shelf):
    assert await names(shelf, words="4") == ["Screw_driver"]
    assert await names(shelf, words="r") == ["Rice 100%", "Screw_driver", "Vanilla ice cream"]
    assert await names(shelf, words="96385074") == await names(shelf, words="0000096385074") == ["Rice 100%"]
    (rice,) = await catalog.products_by_gtin(shelf, gtin="96385074")
    assert (rice.sku, rice.gtin, rice.product_code) == ("r", "00000096385074", "3")


async def test_by_category_and_what_lies_beneath(shelf):
    tree = {" / ".join(c.path): c for c in await catalog.category_tree(shelf)}
    assert {path: c.products for path, c in tree.items()} == {
        "Food": 3,
        "Food / Frozen": 2,
        "Food / Frozen / Ice": 1,
        "Tools": 1,
    }
    frozen = tree["Food / Frozen"].category_id
    assert await names(shelf, category_id=frozen) == ["Ice cubes", "Vanilla ice cream"]


async def test_pages_meet_without_gap_or_overlap(shelf):
    seen, after = [], None
    while found := await catalog.search(shelf, after=after, limit=1):
        seen += [one.name for one in found]
        after = (found[-1].search_name, found[-1].product_id)
    assert seen == await names(shelf)
    assert len(seen) == 4


async def test_what_is_not_there_is_said_to_be_missing(shelf):
    with pytest.raises(UnknownProduct):
        await catalog.variant(shelf, sku="none")
    with pytest.raises(UnknownProduct):
        await catalog.product(shelf, product_id=10**18)
    assert await catalog.variants_by_sku(shelf, ["none", '"\\{}']) == {}


@given(st.text("0123456789", min_size=7, max_size=13).filter(lambda t: len(t) in {7, 11, 12, 13}))
async def test_a_gtin_with_its_check_digit_is_taken_and_no_other(digits):
    right = check_digit(digits)
    assert catalog.gtin14(digits + str(right)).endswith(digits + str(right))
    for wrong in set(range(10)) - {right}:
        with pytest.raises(BadGtin):
            catalog.gtin14(digits + str(wrong))


async def test_check_digits_of_the_standard():
    # GS1's own example of a GTIN-13, and a GTIN-8.
    assert check_digit("629104150021") == 3
    assert check_digit("9638507") == 4
    assert check_digit("400638133393") == 1
    with pytest.raises(BadGtin):
        catalog.gtin14("٤006381333931")  # Arabic digits are digits to Python


async def test_skus_are_looked_up_by_their_index_also_with_a_plan_from_an_empty_table(tx):
    await tx.run("SET LOCAL plan_cache_mode = force_generic_plan")
    plan = "\n".join(await tx.values("EXPLAIN " + BY_SKUS, skus="{a,b}"))
    assert "variant_sku_key" in plan, plan
