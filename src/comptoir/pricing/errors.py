from comptoir.kernel.errors import Conflict, Invalid, NotFound, Overloaded, Unprocessable


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


class NoPrice(Unprocessable):
    """An article has no price for this basket: give it one in a list that applies."""

    code = "pricing.no_price"


class LineTwice(Invalid):
    """Two lines of a basket have one name."""

    code = "pricing.line_twice"


class TooMuch(Unprocessable):
    """The basket is worth more than any sale."""

    code = "pricing.too_much"


class BadTax(Invalid):
    """A tax says something that cannot be."""

    code = "pricing.bad_tax"


class BadPromotion(Invalid):
    """A promotion says something that cannot be."""

    code = "pricing.bad_promotion"


class UnknownCampaign(NotFound):
    """There is no such campaign."""

    code = "pricing.unknown_campaign"


class UnknownCoupon(NotFound):
    """There is no such coupon."""

    code = "pricing.unknown_coupon"


class CouponRefused(Conflict):
    """The coupon, or the promotion, cannot be had now: `reason` says why."""

    code = "pricing.coupon_refused"


class CodeTaken(Conflict):
    """The code is another coupon's already."""

    code = "pricing.code_taken"


class BadCode(Invalid):
    """The code is too short, or holds what no code holds."""

    code = "pricing.bad_code"


class TooManyGuesses(Overloaded):
    """Too many wrong codes were tried: wait some minutes."""

    code = "pricing.too_many_guesses"
    retry_after = 600


class UnknownPromotion(NotFound):
    """There is no such promotion."""

    code = "pricing.unknown_promotion"
