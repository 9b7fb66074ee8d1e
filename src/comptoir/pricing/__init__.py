"""What things cost, for whom, where and when: one answer for web, till and agent.

lists        price lists: currency, channel, outlet, customer group, period
prices       a price file of any size into a list, in one go: `import_prices`
choice       which price wins, and nothing else decides it
differences  where channels do not cost the same
house        what holds for every quote, and the version by which a change is seen at once

Amounts are minor units, exact; nothing is converted from one currency to another. Bulk readers use `pricing.v_price`.
"""

from comptoir.pricing.differences import differences
from comptoir.pricing.errors import (
    BadPrice,
    BadPriceList,
    CurrencyFixed,
    PriceTwice,
    UnknownPriceList,
    UnknownSku,
)
from comptoir.pricing.events import PricesChanged
from comptoir.pricing.house import House, house, set_house
from comptoir.pricing.lists import price_list, price_lists, set_price_list
from comptoir.pricing.prices import import_prices, prices_of
from comptoir.pricing.records import (
    Difference,
    NewPrice,
    Placed,
    Price,
    PriceList,
    PriceListEntry,
    PricesImported,
    RefusedRow,
)

__all__ = [
    "BadPrice",
    "BadPriceList",
    "CurrencyFixed",
    "Difference",
    "House",
    "NewPrice",
    "Placed",
    "Price",
    "PriceList",
    "PriceListEntry",
    "PriceTwice",
    "PricesChanged",
    "PricesImported",
    "RefusedRow",
    "UnknownPriceList",
    "UnknownSku",
    "differences",
    "house",
    "import_prices",
    "price_list",
    "price_lists",
    "prices_of",
    "set_house",
    "set_price_list",
]
