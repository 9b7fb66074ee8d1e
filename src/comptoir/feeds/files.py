"""Feeds as they are fetched: chunk by chunk, each read by itself, so that nothing is held but two hundred articles.

What lacks something required is left out and named by the report (`left_out`), which walks the same way.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Sequence

import msgspec

from comptoir import catalog, channels, inventory, pricing
from comptoir.feeds import items, writing
from comptoir.feeds.definitions import note_reading
from comptoir.feeds.records import Feed, LeftOut
from comptoir.feeds.writing import Value
from comptoir.kernel.db import Database, Tx

CHUNK = 200
"""Articles read at once: some hundredths of a second, so that a shopper beside it does not wait for a feed."""
LOOKED_AT = 10_000
"""Articles that one page of the report looks at."""


class Chunk(msgspec.Struct, frozen=True):
    """What a feed says of some articles. `last`: the variant after which it goes on; null: it is done."""

    items: list[dict[str, Value]]
    left_out: list[LeftOut]
    looked_at: int
    last: int | None


class Ground(msgspec.Struct, frozen=True):
    """Whose articles they are, and where they lie; read anew for each chunk, for it may change."""

    outlets: Sequence[channels.Outlet]
    places: inventory.Places
    by_outlet: dict[int, inventory.Place]


async def stream(db: Database, feed: Feed) -> AsyncGenerator[bytes]:
    """The whole file. Who stops reading stops the work."""
    columns = items.PRODUCT_COLUMNS if feed.kind == "products" else items.LOCAL_COLUMNS
    xml = feed.format == "xml"
    if xml:
        site = feed.link.partition("{")[0] or "https://localhost/"
        yield writing.head(feed.name, site, f"{feed.name} ({feed.country} {feed.language})".strip())
    else:
        names = [spaced(name) for name in columns] if feed.kind == "local_inventory" else columns
        yield ("\t".join(names) + "\n").encode()
    count = left = 0
    reasons = Counter[str]()
    after: int | None = 0
    while after is not None:
        async with db.reading() as tx:
            chunk = await read(tx, feed, after=after)
        count, left, after = count + len(chunk.items), left + len(chunk.left_out), chunk.last
        reasons.update(attribute for one in chunk.left_out for attribute in one.missing)
        if xml:
            yield b"".join([writing.item(one) for one in chunk.items])
        else:
            yield b"".join([writing.row(columns, text_words(feed, one)) for one in chunk.items])
    if xml:
        yield writing.END
    async with db.transaction() as tx:
        await note_reading(tx, feed, items=count, left_out=left, reasons=reasons)


async def left_out(tx: Tx, feed: Feed, *, after: int = 0, limit: int = 100) -> tuple[list[LeftOut], int, int | None]:
    """Articles that the feed leaves out, how many were looked at, and after which it goes on."""
    found: list[LeftOut] = []
    looked_at = 0
    last: int | None = after
    while last is not None and len(found) < limit and looked_at < LOOKED_AT:
        chunk = await read(tx, feed, after=last)
        found += chunk.left_out
        looked_at += chunk.looked_at
        last = chunk.last
    return found, looked_at, last


async def read(tx: Tx, feed: Feed, *, after: int, limit: int = CHUNK) -> Chunk:
    """What the feed says of the next articles."""
    articles = await catalog.articles(tx, after=after, limit=limit)
    last = articles[-1].variant_id if len(articles) == limit else None
    ground = await ground_of(tx, feed)
    by_outlet = await catalog.sold(tx, outlets=ground.outlets, variants=[one.variant_id for one in articles])
    anywhere = set[int]().union(*by_outlet.values())
    articles = [one for one in articles if one.variant_id in anywhere]
    if not articles:
        return Chunk([], [], limit if last else len(articles), last)
    variants = [one.variant_id for one in articles]
    prices = await pricing.shelf_prices(tx, outlets=ground.outlets, variants=variants)
    channel = ground.outlets[0].channel
    questions = [inventory.Question(variant_id=variant, channel=channel) for variant in variants]
    offers = await inventory.available(tx, questions, ground.places)
    if feed.kind == "products":
        told, left = await _products(tx, feed, ground.outlets[0], articles, prices, offers)
    else:
        told, left = _local(feed, ground, articles, by_outlet, prices, offers, tx)
    return Chunk(told, left, limit if last else len(articles), last)


Prices = dict[int, dict[int, pricing.ShelfPrice]]
Offers = list[list[inventory.Offer]]


async def _products(
    tx: Tx, feed: Feed, outlet: channels.Outlet, articles: Sequence[catalog.Article], prices: Prices, offers: Offers
) -> tuple[list[dict[str, Value]], list[LeftOut]]:
    contents = await catalog.contents(
        tx, {one.product_id for one in articles}, channel=outlet.channel, language=feed.language
    )
    told: list[dict[str, Value]] = []
    left: list[LeftOut] = []
    for article, there in zip(articles, offers, strict=True):
        fields, missing = items.product_item(
            article,
            contents[article.product_id],
            prices[outlet.outlet_id].get(article.variant_id),
            has=bool(there),
            link=items.link_of(feed.link, article),
        )
        if missing:
            left.append(LeftOut(article.sku, "", missing))
        else:
            told.append(fields)
    return told, left


def _local(
    feed: Feed,
    ground: Ground,
    articles: Sequence[catalog.Article],
    sold: dict[int, set[int]],
    prices: Prices,
    offers: Offers,
    tx: Tx,
) -> tuple[list[dict[str, Value]], list[LeftOut]]:
    told: list[dict[str, Value]] = []
    left: list[LeftOut] = []
    for article, found in zip(articles, offers, strict=True):
        there = {one.location: one for one in found}
        for outlet in ground.outlets:
            if article.variant_id not in sold[outlet.outlet_id]:
                continue
            offer = there.get(ground.by_outlet[outlet.outlet_id].location.code)
            ready = offer.ready.get("collect") if offer else None
            fields, missing = items.local_item(
                article.sku,
                outlet.code,
                prices[outlet.outlet_id].get(article.variant_id),
                units=offer.units if offer else 0,
                limited=feed.limited,
                ready=ready,
                sla=items.sla(ready, tx.now, outlet.time_zone) if ready else "",
            )
            if missing:
                left.append(LeftOut(article.sku, outlet.code, missing))
            else:
                told.append(fields)
    return told, left


async def ground_of(tx: Tx, feed: Feed) -> Ground:
    """The outlets of a feed, in the feed's country and currency, and all places where goods lie."""
    everywhere = await channels.outlets(tx)
    places = await all_places(tx, everywhere)
    outlets = [one for one in everywhere if one.active]
    by_outlet = {one.outlet.outlet_id: one for one in places if one.outlet}
    if feed.kind == "products":
        own = [one for one in outlets if one.outlet_id == feed.outlet_id]
        own = [msgspec.structs.replace(one, country=feed.country, currency=feed.currency) for one in own]
    else:
        own = [
            one
            for one in outlets
            if one.outlet_id in by_outlet
            and one.country == feed.country
            and one.currency == feed.currency
            and (one.channel == "shop" if feed.outlet_id is None else one.outlet_id == feed.outlet_id)
        ]
    return Ground(own, inventory.Places(places), by_outlet)


async def all_places(tx: Tx, outlets: Sequence[channels.Outlet]) -> list[inventory.Place]:
    """Where goods can be had: by some method, or because customers walk in."""
    by_id = {one.outlet_id: one for one in outlets}
    return [
        inventory.Place(one, by_id.get(one.outlet_id or 0))
        for one in await inventory.locations(tx)
        if one.active and (one.methods or one.kind == "shop")
    ]


def spaced(name: str) -> str:
    """Local inventory as text has blanks in its names and words, where XML has underscores."""
    return name.replace("_", " ")


def text_words(feed: Feed, fields: dict[str, Value]) -> dict[str, Value]:
    if feed.kind == "products":
        return fields
    spoken = {"availability", "pickup_method", "pickup_SLA"}
    return {
        name: spaced(value) if name in spoken and isinstance(value, str) else value for name, value in fields.items()
    }
