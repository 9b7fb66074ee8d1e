"""A product in the words of schema.org, as JSON-LD for its page: Product, or ProductGroup with its variants.

https://schema.org/Product, https://developers.google.com/search/docs/appearance/structured-data/merchant-listing
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from comptoir import catalog, channels, inventory, pricing
from comptoir.feeds import items
from comptoir.feeds.definitions import link_of_outlet
from comptoir.feeds.files import all_places
from comptoir.feeds.records import LIMITED
from comptoir.feeds.writing import decimal
from comptoir.kernel.db import Tx

CONTEXT = "https://schema.org"


async def structured(tx: Tx, *, product: str, outlet: str, language: str = "") -> dict[str, Any]:
    """The product as it is sold at the outlet now. Raises UnknownProduct and UnknownOutlet."""
    place = await channels.outlet(tx, code=outlet)
    articles = await catalog.articles_of(tx, product=product)
    variants = [one.variant_id for one in articles]
    sold = (await catalog.sold(tx, outlets=[place], variants=variants))[place.outlet_id] if place.active else set[int]()
    articles = [one for one in articles if one.variant_id in sold]
    if not articles:
        raise catalog.UnknownProduct(f"{product[:80]} is not sold at {outlet}.", product=product[:80], outlet=outlet)
    variants = [one.variant_id for one in articles]
    content = (await catalog.contents(tx, [articles[0].product_id], channel=place.channel, language=language))[
        articles[0].product_id
    ]
    prices = (await pricing.shelf_prices(tx, outlets=[place], variants=variants))[place.outlet_id]
    places = inventory.Places(await all_places(tx, await channels.outlets(tx)))
    questions = [inventory.Question(variant_id=variant, channel=place.channel) for variant in variants]
    offers = await inventory.available(tx, questions, places)
    units = {variant: sum(one.units for one in some) for variant, some in zip(variants, offers, strict=True)}
    return document(articles, content, prices, units, await link_of_outlet(tx, outlet_id=place.outlet_id))


def document(
    articles: Sequence[catalog.Article],
    content: catalog.Content,
    prices: Mapping[int, pricing.ShelfPrice],
    units: Mapping[int, int],
    link: str,
) -> dict[str, Any]:
    """Pure. An article without a price stands without an offer."""
    about = shared(articles[0], content)
    if len(articles) == 1 and articles[0].single:
        one = articles[0]
        return {"@context": CONTEXT, "@type": "Product", **about, **own(one, prices, units, link)}
    varies = [name for name in items.VARYING if len({items.told(one.attributes, name) for one in articles}) > 1]
    return {
        "@context": CONTEXT,
        "@type": "ProductGroup",
        **about,
        "productGroupID": articles[0].product,
        "variesBy": [f"{CONTEXT}/{name}" for name in varies],
        "hasVariant": [
            {
                "@type": "Product",
                "name": items.title(one, content),
                **{key: about[key] for key in ("description", "image") if key in about},
                **{name: value for name in items.VARYING if (value := items.told(one.attributes, name))},
                **own(one, prices, units, link),
            }
            for one in articles
        ],
    }


def shared(article: catalog.Article, content: catalog.Content) -> dict[str, Any]:
    about: dict[str, Any] = {"name": content.title}
    if content.description:
        about["description"] = content.description
    if pictures := [one.url for one in content.media if one.kind == "image"]:
        about["image"] = pictures
    if article.brand:
        about["brand"] = {"@type": "Brand", "name": article.brand}
    if article.category:
        about["category"] = " > ".join(article.category)
    return about


def own(
    article: catalog.Article, prices: Mapping[int, pricing.ShelfPrice], units: Mapping[int, int], link: str
) -> dict[str, Any]:
    """What belongs to the article itself."""
    said: dict[str, Any] = {"sku": article.sku}
    gtin, _ = items.tellable_gtin(article.gtin)
    if gtin:
        said["gtin"] = gtin
    cost = prices.get(article.variant_id)
    if cost is None:
        return said
    offer: dict[str, Any] = {
        "@type": "Offer",
        "price": decimal(cost.amount_minor, cost.currency),
        "priceCurrency": cost.currency,
        "availability": f"{CONTEXT}/{word(units.get(article.variant_id, 0))}",
        "itemCondition": f"{CONTEXT}/NewCondition",
    }
    if link:
        offer["url"] = items.link_of(link, article)
    if cost.was_minor is not None:
        offer["priceSpecification"] = {
            "@type": "UnitPriceSpecification",
            "priceType": f"{CONTEXT}/StrikethroughPrice",
            "price": decimal(cost.was_minor, cost.currency),
            "priceCurrency": cost.currency,
        }
    return {**said, "offers": offer}


def word(units: int) -> str:
    return "OutOfStock" if not units else "LimitedAvailability" if units <= LIMITED else "InStock"


def encoded(found: dict[str, Any]) -> bytes:
    """JSON that may stand in a script element: no text of it can end the element."""
    return msgspec.json.encode(found).replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026")
