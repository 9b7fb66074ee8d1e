from comptoir.kernel.errors import Conflict, Invalid, NotFound


class UnknownProduct(NotFound):
    """The catalog has no such product or variant."""

    code = "catalog.unknown_product"


class BadProduct(Invalid):
    """A product lacks something, or says something that cannot be."""

    code = "catalog.bad_product"


class BadGtin(Invalid):
    """The number is no GTIN: its length or its check digit is wrong."""

    code = "catalog.bad_gtin"


class ProductTwice(Conflict):
    """One file names a product twice and says different things about it."""

    code = "catalog.product_twice"


class SkuTwice(Conflict):
    """One file gives a SKU to two products."""

    code = "catalog.sku_twice"
