"""What things cost, for whom, where and when: one answer for web, till and agent.

lists        price lists: currency, channel, outlet, customer group, period
prices       a price file of any size into a list, in one go: `import_prices`
choice       which price wins, and nothing else decides it; an article in every list, and where it differs
taxes        rates by place and class, and the tax in an amount
promotions   what is taken off, under which conditions, beside what
quotes       `quotes`: any number of baskets, with the same few statements; `shelf_prices`: one piece of each article,
             `worths`: what it is worth to whoever weighs a difference
             and `list_prices`, `offline_promotions`: what a till takes along
terms, book  what a process keeps in memory; what a batch reads
engine       one basket and the book, pure: `quote`
stacking     which promotions meet on a line      benefits  what each takes off
coupons      campaigns and their codes, one or a million     codes   what a code looks like
settle       coupons and limited promotions reserved, redeemed, given back: never one too many    reconcile  the proof
guesses      whoever tries codes is stopped
conditions   what promotions may ask, in the house's rule language
house        what holds for every quote, and the version by which a change is seen at once

Amounts are minor units, exact; nothing is converted from one currency to another. Bulk readers use `pricing.v_price`.
"""

from comptoir.pricing.book import Book
from comptoir.pricing.choice import CommonPrice, Listed, common_price, common_prices, differences, listed, price_at
from comptoir.pricing.conditions import unmet_in_words
from comptoir.pricing.coupons import (
    Campaign,
    CampaignEntry,
    Coupon,
    NewCoupon,
    add_coupons,
    campaign,
    campaigns,
    mint,
    set_campaign,
)
from comptoir.pricing.engine import quote
from comptoir.pricing.errors import (
    BadCode,
    BadPrice,
    BadPriceList,
    BadPromotion,
    BadTax,
    CodeTaken,
    CouponRefused,
    CurrencyFixed,
    LineTwice,
    NoPrice,
    PriceTwice,
    TooManyGuesses,
    TooMuch,
    UnknownCampaign,
    UnknownCoupon,
    UnknownPriceList,
    UnknownPromotion,
    UnknownSku,
)
from comptoir.pricing.events import PricesChanged, PromotionReturned, PromotionUsed
from comptoir.pricing.guesses import count as count_guesses
from comptoir.pricing.guesses import forget as forget_guesses
from comptoir.pricing.guesses import forgive as forgive_guesses
from comptoir.pricing.holdings import HOLDINGS
from comptoir.pricing.house import House, house, set_house
from comptoir.pricing.lists import price_list, price_lists, set_price_list
from comptoir.pricing.prices import import_prices, prices_of
from comptoir.pricing.promotions import (
    AmountOff,
    Bundle,
    BuyGet,
    FixedPrice,
    InWords,
    Part,
    Percent,
    Promotion,
    PromotionEntry,
    Spent,
    in_words,
    promotion,
    promotions,
    set_promotion,
    spent,
)
from comptoir.pricing.quotes import (
    Claimed,
    ListPrice,
    LookedUp,
    judge,
    list_prices,
    look_up,
    offline_promotions,
    quotes,
    shelf_prices,
    worths,
)
from comptoir.pricing.reconcile import reconcile
from comptoir.pricing.records import (
    Considered,
    Declined,
    Difference,
    Effect,
    NewPrice,
    Placed,
    Price,
    PricedLine,
    PriceList,
    PriceListEntry,
    PricesImported,
    Quote,
    QuoteLine,
    QuoteRequest,
    RefusedRow,
    ShelfPrice,
)
from comptoir.pricing.settle import Settled, Use, release_overdue, settle
from comptoir.pricing.taxes import (
    ArticleTerms,
    TaxClass,
    TaxRate,
    set_articles,
    set_tax_classes,
    set_tax_rates,
    tax_rates,
)

__all__ = [
    "HOLDINGS",
    "AmountOff",
    "ArticleTerms",
    "BadCode",
    "BadPrice",
    "BadPriceList",
    "BadPromotion",
    "BadTax",
    "Book",
    "Bundle",
    "BuyGet",
    "Campaign",
    "CampaignEntry",
    "Claimed",
    "CodeTaken",
    "CommonPrice",
    "Considered",
    "Coupon",
    "CouponRefused",
    "CurrencyFixed",
    "Declined",
    "Difference",
    "Effect",
    "FixedPrice",
    "House",
    "InWords",
    "LineTwice",
    "ListPrice",
    "Listed",
    "LookedUp",
    "NewCoupon",
    "NewPrice",
    "NoPrice",
    "Part",
    "Percent",
    "Placed",
    "Price",
    "PriceList",
    "PriceListEntry",
    "PriceTwice",
    "PricedLine",
    "PricesChanged",
    "PricesImported",
    "Promotion",
    "PromotionEntry",
    "PromotionReturned",
    "PromotionUsed",
    "Quote",
    "QuoteLine",
    "QuoteRequest",
    "RefusedRow",
    "Settled",
    "ShelfPrice",
    "Spent",
    "TaxClass",
    "TaxRate",
    "TooManyGuesses",
    "TooMuch",
    "UnknownCampaign",
    "UnknownCoupon",
    "UnknownPriceList",
    "UnknownPromotion",
    "UnknownSku",
    "Use",
    "add_coupons",
    "campaign",
    "campaigns",
    "common_price",
    "common_prices",
    "count_guesses",
    "differences",
    "forget_guesses",
    "forgive_guesses",
    "house",
    "import_prices",
    "in_words",
    "judge",
    "list_prices",
    "listed",
    "look_up",
    "mint",
    "offline_promotions",
    "price_at",
    "price_list",
    "price_lists",
    "prices_of",
    "promotion",
    "promotions",
    "quote",
    "quotes",
    "reconcile",
    "release_overdue",
    "set_articles",
    "set_campaign",
    "set_house",
    "set_price_list",
    "set_promotion",
    "set_tax_classes",
    "set_tax_rates",
    "settle",
    "shelf_prices",
    "spent",
    "tax_rates",
    "unmet_in_words",
    "worths",
]
