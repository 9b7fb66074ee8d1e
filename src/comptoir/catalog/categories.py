"""The tree of categories as a shopper walks it."""

from comptoir.catalog.records import Category
from comptoir.kernel.db import Tx


async def category_tree(tx: Tx) -> list[Category]:
    """Every category with the products and variants in it and beneath it, parents before their children."""
    found = await tx.many(Category, CATEGORIES)
    products = {category.category_id: category.products for category in found}
    variants = {category.category_id: category.variants for category in found}
    parent = {category.category_id: category.parent_id for category in found}
    for category in found:
        above = category.parent_id
        while above is not None:
            products[above] += category.products
            variants[above] += category.variants
            above = parent[above]
    return [
        Category(c.category_id, c.parent_id, c.path, products[c.category_id], variants[c.category_id]) for c in found
    ]


CATEGORIES = """
    SELECT c.category_id, c.parent_id, c.path, coalesce(p.products, 0) AS products, coalesce(v.variants, 0) AS variants
    FROM catalog.category AS c
    LEFT JOIN (SELECT category_id, count(*) AS products FROM catalog.product GROUP BY category_id) AS p
           USING (category_id)
    LEFT JOIN (SELECT category_id, count(*) AS variants FROM catalog.variant GROUP BY category_id) AS v
           USING (category_id)
    ORDER BY c.path
"""
