"""Which price wins, the same for every channel and reader: the most specific list, then priority, then the newest.

A list bound to an outlet is more specific than one bound to a customer group, that than one bound to a channel, that
than one that ends on a day; bonds add up as in a number (outlet and channel beat outlet alone).

And where the same article does not cost the same: by channel and by outlet, with the list that says so.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from comptoir import channels
from comptoir.kernel.db import Tx, ints, rows
from comptoir.pricing import lists
from comptoir.pricing.records import Difference, Price, PriceList

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
    """Of the lists that apply, the greatest rank first, the first that has a price. `prices` is by list."""
    for found in lists:
        if (price := prices.get(found.price_list_id)) is not None:
            return found, price
    return None


async def differences(tx: Tx, *, currency: str, after: int = 0, limit: int = 50) -> list[Difference]:
    """Variants whose price differs between places now, by variant; prices of customer groups are left aside.

    Only a list that is bound to a channel or an outlet can make a difference, so only what has a price in one is read.
    """
    holding = [
        found
        for found in await lists.price_lists(tx)
        if live(found, tx.now) and found.currency == currency and found.customer_group is None
    ]
    bound = [found.price_list_id for found in holding if found.channel is not None or found.outlet_id is not None]
    if not bound:
        return []
    outlets = await channels.outlets(tx, active=True)
    own = {found.outlet_id for found in holding} - {None}
    places = [{"channel": channel, "outlet_id": None, "outlet": None} for channel in {one.channel for one in outlets}]
    places += [
        {"channel": one.channel, "outlet_id": one.outlet_id, "outlet": one.code}
        for one in outlets
        if one.outlet_id in own
    ]
    ranked = [
        {
            "price_list_id": found.price_list_id,
            "rank": place,
            "code": found.code,
            "channel": found.channel,
            "outlet_id": found.outlet_id,
            "tax_included": found.tax_included,
        }
        for place, found in enumerate(sorted(holding, key=rank, reverse=True))
    ]
    return await tx.many(
        Difference, DIFFER, lists=rows(ranked), places=rows(places), bound=ints(bound), after=after, limit=limit
    )


DIFFER = """
    WITH list AS (
        SELECT * FROM json_to_recordset(%(lists)s::json) AS l (price_list_id integer, rank integer, code text,
            channel text, outlet_id smallint, tax_included boolean)
    ), place AS (
        SELECT * FROM json_to_recordset(%(places)s::json) AS p (channel text, outlet_id smallint, outlet text)
    ), won AS (
        SELECT DISTINCT ON (p.variant_id, place.channel, place.outlet_id)
               p.variant_id, place.channel, place.outlet, l.code AS price_list, p.amount_minor, p.per_units,
               l.tax_included
        FROM pricing.price AS p
        JOIN list AS l USING (price_list_id)
        JOIN place ON (l.channel IS NULL OR l.channel = place.channel)
                  AND (l.outlet_id IS NULL OR l.outlet_id = place.outlet_id)
        WHERE p.variant_id > %(after)s
          AND p.variant_id IN (SELECT b.variant_id FROM pricing.price AS b
                               WHERE b.price_list_id = ANY(%(bound)s::integer[]) AND b.variant_id > %(after)s)
        ORDER BY p.variant_id, place.channel, place.outlet_id, l.rank
    ), differing AS (
        SELECT variant_id, json_agg(json_build_object('channel', channel, 'outlet', outlet, 'price_list', price_list,
                   'amount_minor', amount_minor, 'per_units', per_units, 'tax_included', tax_included)
                   ORDER BY channel, outlet NULLS FIRST) AS places
        FROM won GROUP BY variant_id
        HAVING count(DISTINCT (amount_minor, per_units, tax_included)) > 1
        ORDER BY variant_id LIMIT %(limit)s
    )
    SELECT d.variant_id, v.sku, v.name, d.places
    FROM differing AS d JOIN catalog.v_variant AS v USING (variant_id)
    ORDER BY d.variant_id
"""
