"""Which price wins, the same for every channel and reader: the most specific list, then priority, then the newest.

A list bound to an outlet is more specific than one bound to a customer group, that than one bound to a channel, that
than one that ends on a day; bonds add up as in a number (outlet and channel beat outlet alone).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from comptoir.pricing.records import Price, PriceList

OUTLET, GROUP, CHANNEL, PERIOD = 8, 4, 2, 1


def rank(found: PriceList) -> tuple[int, int, int]:
    """The greater wins. No two lists have the same."""
    specific = (
        OUTLET * (found.outlet_id is not None)
        + GROUP * (found.customer_group is not None)
        + CHANNEL * (found.channel is not None)
        + PERIOD * (found.ends_at is not None)
    )
    return specific, found.priority, found.price_list_id


def live(found: PriceList, now: datetime) -> bool:
    """Whether the list holds at this moment."""
    return (
        found.enabled
        and (found.starts_at is None or found.starts_at <= now)
        and (found.ends_at is None or now < found.ends_at)
    )


def applies(found: PriceList, *, currency: str, channel: str, outlet_id: int | None, groups: Iterable[str]) -> bool:
    """Whether the list is for this basket. A list in another currency never is: nothing is converted."""
    return (
        found.currency == currency
        and found.channel in {None, channel}
        and found.outlet_id in {None, outlet_id}
        and (found.customer_group is None or found.customer_group in groups)
    )


def winner(lists: Iterable[PriceList], prices: Mapping[int, Price]) -> tuple[PriceList, Price] | None:
    """Of the lists that apply, in order of rank, the first that has a price. `prices` is by list."""
    for found in lists:
        if (price := prices.get(found.price_list_id)) is not None:
            return found, price
    return None
