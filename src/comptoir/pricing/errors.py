from comptoir.kernel.errors import Conflict, Invalid, NotFound


class UnknownPriceList(NotFound):
    """There is no such price list."""

    code = "pricing.unknown_price_list"


class BadPriceList(Invalid):
    """A price list says something that cannot be."""

    code = "pricing.bad_price_list"


class CurrencyFixed(Conflict):
    """A list that has prices keeps its currency and its way of taxing: the amounts would mean something else."""

    code = "pricing.currency_fixed"


class UnknownSku(NotFound):
    """The catalog has no such SKU."""

    code = "pricing.unknown_sku"


class PriceTwice(Conflict):
    """One file gives a SKU two different prices."""

    code = "pricing.price_twice"


class BadPrice(Invalid):
    """A price is not one: the earlier price is below the present one."""

    code = "pricing.bad_price"
