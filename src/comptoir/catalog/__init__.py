"""What the retailer sells: products, their variants, the tree of categories, pictures.

imports     a product file of any size into the catalog, in one go: `import_products`
products    find by SKU, GTIN, words; what a till's batch needs to know of its SKUs: `variants_by_sku`
categories  the tree with its counts
assortment  what is sold on which channel or outlet, and when: `set_assortment`, `sold`
memory      the same remembered by a process, for baskets: `Assortments`
content     how products are presented per channel and language: `import_content`, `contents`
shelf       all articles one after the other
gtin        the number under the barcode and its check digit

Prices and stock are other packages' business. Bulk readers use the view `catalog.v_variant`.
"""

from comptoir.catalog.assortment import (
    Assorted,
    Assortment,
    AssortmentImported,
    NewAssorted,
    assorted,
    assortments,
    drop_assortment,
    set_assortment,
    sold,
)
from comptoir.catalog.categories import category_tree
from comptoir.catalog.content import Content, ContentImported, NewContent, contents, import_content
from comptoir.catalog.errors import (
    BadAssortment,
    BadContent,
    BadGtin,
    BadProduct,
    NotSold,
    ProductTwice,
    SkuTwice,
    UnknownProduct,
)
from comptoir.catalog.gtin import check_digit, gtin14
from comptoir.catalog.holdings import HOLDINGS
from comptoir.catalog.imports import import_products
from comptoir.catalog.memory import EVERYWHERE, Assortments, Sold, where_sold
from comptoir.catalog.products import (
    how_many,
    placed,
    placing,
    product,
    products_by_gtin,
    search,
    variant,
    variants_by_sku,
)
from comptoir.catalog.records import (
    Category,
    Imported,
    KnownVariant,
    Media,
    NewProduct,
    NewVariant,
    Placed,
    Product,
    ProductVariant,
    RefusedRow,
    Tally,
    Variant,
)
from comptoir.catalog.shelf import Article, articles, articles_of

__all__ = [
    "EVERYWHERE",
    "HOLDINGS",
    "Article",
    "Assorted",
    "Assortment",
    "AssortmentImported",
    "Assortments",
    "BadAssortment",
    "BadContent",
    "BadGtin",
    "BadProduct",
    "Category",
    "Content",
    "ContentImported",
    "Imported",
    "KnownVariant",
    "Media",
    "NewAssorted",
    "NewContent",
    "NewProduct",
    "NewVariant",
    "NotSold",
    "Placed",
    "Product",
    "ProductTwice",
    "ProductVariant",
    "RefusedRow",
    "SkuTwice",
    "Sold",
    "Tally",
    "UnknownProduct",
    "Variant",
    "articles",
    "articles_of",
    "assorted",
    "assortments",
    "category_tree",
    "check_digit",
    "contents",
    "drop_assortment",
    "gtin14",
    "how_many",
    "import_content",
    "import_products",
    "placed",
    "placing",
    "product",
    "products_by_gtin",
    "search",
    "set_assortment",
    "sold",
    "variant",
    "variants_by_sku",
    "where_sold",
]
