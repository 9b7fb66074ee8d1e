"""Nothing personal: goods."""

from comptoir.kernel.register import Table

HOLDINGS = [
    Table(name="catalog.assortment", plain="channel"),
    Table(name="catalog.category", plain="path"),
    Table(name="catalog.content", plain="channel language title description bullets media"),
    Table(name="catalog.media", plain="url kind label"),
    Table(name="catalog.product", plain="code name search_name brand attributes"),
    Table(name="catalog.variant", plain="sku gtin name attributes"),
]
