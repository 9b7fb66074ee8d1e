"""What the retailer sells: products, their variants, the tree of categories, pictures.

imports     a product file of any size into the catalog, in one go: `import_products`
products    find by SKU, GTIN, words; what a till's batch needs to know of its SKUs: `variants_by_sku`
categories  the tree with its counts
gtin        the number under the barcode and its check digit

Prices, stock and assortments per outlet are other packages' business. Bulk readers use the view `catalog.v_variant`.
"""

from comptoir.catalog.categories import category_tree
from comptoir.catalog.errors import BadGtin, BadProduct, ProductTwice, SkuTwice, UnknownProduct
from comptoir.catalog.gtin import check_digit, gtin14
from comptoir.catalog.imports import import_products
from comptoir.catalog.products import placed, product, products_by_gtin, search, variant, variants_by_sku
from comptoir.catalog.records import (
    Category,
    Imported,
    KnownVariant,
    Media,
    NewProduct,
    NewVariant,
    Placed,
    Product,
    RefusedRow,
    Tally,
    Variant,
)

__all__ = [
    "BadGtin",
    "BadProduct",
    "Category",
    "Imported",
    "KnownVariant",
    "Media",
    "NewProduct",
    "NewVariant",
    "Placed",
    "Product",
    "ProductTwice",
    "RefusedRow",
    "SkuTwice",
    "Tally",
    "UnknownProduct",
    "Variant",
    "category_tree",
    "check_digit",
    "gtin14",
    "import_products",
    "placed",
    "product",
    "products_by_gtin",
    "search",
    "variant",
    "variants_by_sku",
]
