"""Which price wins, the same for every channel and reader: the most specific list, then priority, then the newest.

A list bound to an outlet is more specific than one bound to a customer group, that than one bound to a channel, that
than one that ends on a day; bonds add up as in a number (outlet and channel beat outlet alone).

And where the same article does not cost the same: by channel and by outlet, with the list that says so, or that no
rule says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

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


class Listed(msgspec.Struct, frozen=True):
    """A price in its list. `live`: the list holds now."""

    variant_id: int
    price: Price
    list: PriceList
    live: bool
    changed_at: datetime


class CommonPrice(msgspec.Struct, frozen=True):
    """What an article costs now whoever asks and wherever. `differs`: somewhere, or for some, it is something else."""

    currency: str
    amount_minor: int
    per_units: int
    was_minor: int | None
    price_list: str
    tax_included: bool
    differs: bool


async def listed(tx: Tx, variants: Iterable[int]) -> dict[int, list[Listed]]:
    """The prices of these variants in all lists, also in those that hold no more or not yet; who wins comes first."""
    known = {one.price_list_id: one for one in await lists.price_lists(tx)}
    found: dict[int, list[Listed]] = {}
    for variant_id, list_id, amount, per_units, was, changed_at in await tx.tuples(
        LISTED, variants=ints(sorted(set(variants)))
    ):
        if (here := known.get(list_id)) is not None:
            price = Price(variant_id, list_id, amount, per_units, was)
            found.setdefault(variant_id, []).append(Listed(variant_id, price, here, live(here, tx.now), changed_at))
    for several in found.values():
        several.sort(key=lambda one: rank(one.list), reverse=True)
    return found


async def common_prices(tx: Tx, variants: Iterable[int], *, currency: str) -> dict[int, CommonPrice]:
    """What these variants cost in the lists that hold for everybody everywhere. Without such a price one is missing."""
    return {
        variant_id: price
        for variant_id, several in (await listed(tx, variants)).items()
        if (price := common_price(several, currency)) is not None
    }


def common_price(prices: Sequence[Listed], currency: str) -> CommonPrice | None:
    """The price that wins where nothing is special, of one variant."""
    holding = [one for one in prices if one.live and one.list.currency == currency]
    common = [one.list for one in holding if is_common(one.list)]
    won = winner(common, {one.list.price_list_id: one.price for one in holding})
    if won is None:
        return None
    here, price = won
    worth = (price.amount_minor, price.per_units, here.tax_included)
    differs = any(
        (one.price.amount_minor, one.price.per_units, one.list.tax_included) != worth
        for one in holding
        if not is_common(one.list)
    )
    return CommonPrice(
        currency, price.amount_minor, price.per_units, price.was_minor, here.code, here.tax_included, differs
    )


def price_at(
    prices: Sequence[Listed], *, currency: str, channel: str, outlet_id: int | None = None, groups: Sequence[str] = ()
) -> Listed | None:
    """The price that wins at a place for somebody, of one variant: as a quote chooses it."""
    holding = {one.list.price_list_id: one for one in prices if one.live}
    applying = [
        one.list
        for one in holding.values()
        if applies(one.list, currency=currency, channel=channel, outlet_id=outlet_id, groups=groups)
    ]
    applying.sort(key=rank, reverse=True)
    won = winner(applying, {id_: one.price for id_, one in holding.items()})
    return holding[won[0].price_list_id] if won else None


def is_common(found: PriceList) -> bool:
    """It holds on every channel, in every outlet, for everybody."""
    return found.channel is None and found.outlet_id is None and found.customer_group is None


CHUNK = 5_000
"""Variants compared by one statement."""


async def differences(
    tx: Tx, *, currency: str, group: str | None = None, at: datetime | None = None, after: int = 0, limit: int = 50
) -> list[Difference]:
    """Variants whose list price differs between places for one group at one moment, by variant; without promotions.

    Only a list that is bound to a channel or an outlet can make a difference, so only what has a price in one is read.
    """
    now = at or tx.now
    holding = [
        found
        for found in await lists.price_lists(tx)
        if live(found, now) and found.currency == currency and found.customer_group in {None, group}
    ]
    bound = [found.price_list_id for found in holding if found.channel is not None or found.outlet_id is not None]
    outlets = [one for one in await channels.outlets(tx, active=True) if one.currency == currency]
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
            "peers": f"{rank(found)[:2]}",
            "code": found.code,
            "channel": found.channel,
            "outlet_id": found.outlet_id,
            "tax_included": found.tax_included,
        }
        for place, found in enumerate(sorted(holding, key=rank, reverse=True))
    ]
    told: list[Difference] = []
    while bound and places and len(told) < limit:
        variants = await tx.values(CANDIDATES, bound=ints(bound), after=after, limit=CHUNK)
        told += await tx.many(
            Difference,
            DIFFER,
            lists=rows(ranked),
            places=rows(places),
            variants=ints(variants),
            limit=limit - len(told),
        )
        if len(variants) < CHUNK:
            break
        after = variants[-1]
    return told


CANDIDATES = """
    SELECT DISTINCT variant_id FROM pricing.price
    WHERE price_list_id = ANY(%(bound)s::integer[]) AND variant_id > %(after)s
    ORDER BY variant_id LIMIT %(limit)s
"""

DIFFER = """
    WITH list AS (
        SELECT * FROM json_to_recordset(%(lists)s::json) AS l (price_list_id integer, rank integer, peers text,
            code text, channel text, outlet_id smallint, tax_included boolean)
    ), place AS (
        SELECT * FROM json_to_recordset(%(places)s::json) AS p (channel text, outlet_id smallint, outlet text)
    ), priced AS (
        SELECT p.variant_id, place.channel, place.outlet, l.code, p.amount_minor, p.per_units, l.tax_included,
               l.channel IS NOT NULL OR l.outlet_id IS NOT NULL AS bound, l.peers,
               row_number() OVER ranked AS nth, first_value(l.peers) OVER ranked AS best_peers,
               (p.amount_minor, p.per_units, l.tax_included)
               IS DISTINCT FROM (first_value(p.amount_minor) OVER ranked, first_value(p.per_units) OVER ranked,
                                 first_value(l.tax_included) OVER ranked) AS says_else
        FROM pricing.price AS p
        JOIN list AS l USING (price_list_id)
        JOIN place ON (l.channel IS NULL OR l.channel = place.channel)
                  AND (l.outlet_id IS NULL OR l.outlet_id = place.outlet_id)
        WHERE p.variant_id = ANY(%(variants)s::bigint[])
        WINDOW ranked AS (PARTITION BY p.variant_id, place.channel, place.outlet_id ORDER BY l.rank)
    ), won AS (
        SELECT variant_id, channel, outlet, min(code) FILTER (WHERE nth = 1) AS price_list,
               min(amount_minor) FILTER (WHERE nth = 1) AS amount_minor,
               min(per_units) FILTER (WHERE nth = 1) AS per_units,
               bool_or(tax_included) FILTER (WHERE nth = 1) AS tax_included,
               bool_or(bound) FILTER (WHERE nth = 1) AS bound, bool_or(peers = best_peers AND says_else) AS contested
        FROM priced GROUP BY variant_id, channel, outlet
    ), told AS (
        SELECT v.variant_id, place.channel, place.outlet, w.price_list, w.amount_minor, w.per_units, w.tax_included,
               CASE WHEN w.price_list IS NULL THEN 'no_price' WHEN w.contested THEN 'no_rule'
                    WHEN w.bound THEN 'list' ELSE 'everywhere' END AS why
        FROM unnest(%(variants)s::bigint[]) AS v (variant_id) CROSS JOIN place
        LEFT JOIN won AS w ON w.variant_id = v.variant_id AND w.channel = place.channel
                          AND w.outlet IS NOT DISTINCT FROM place.outlet
    ), differing AS (
        SELECT variant_id, json_agg(json_build_object('channel', channel, 'outlet', outlet, 'price_list', price_list,
                   'amount_minor', amount_minor, 'per_units', per_units, 'tax_included', tax_included, 'why', why)
                   ORDER BY channel, outlet NULLS FIRST) AS places, bool_and(why IN ('everywhere', 'list')) AS ruled
        FROM told GROUP BY variant_id
        HAVING count(DISTINCT (amount_minor, per_units, tax_included)) > 1
        ORDER BY variant_id LIMIT %(limit)s
    )
    SELECT d.variant_id, v.sku, v.name, d.places, d.ruled
    FROM differing AS d JOIN catalog.v_variant AS v USING (variant_id)
    ORDER BY d.variant_id
"""

LISTED = """
    SELECT variant_id, price_list_id, amount_minor, per_units, was_minor, changed_at FROM pricing.price
    WHERE variant_id = ANY(%(variants)s::bigint[])
"""
