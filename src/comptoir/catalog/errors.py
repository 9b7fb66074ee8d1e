from comptoir.kernel.errors import Conflict, Invalid, NotFound, Unprocessable


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


class BadAssortment(Invalid):
    """An assortment belongs to a channel or to an outlet, and its articles are sold for a time that can be."""

    code = "catalog.bad_assortment"


class NotSold(Unprocessable):
    """The article is not sold there, or not now."""

    code = "catalog.not_sold"


class BadContent(Invalid):
    """What is said of a product cannot be shown."""

    code = "catalog.bad_content"
