"""What stands in a feed of one article: attributes, or the names of those that are missing. Pure.

The product data specification (https://support.google.com/merchants/answer/7052112): id of at most 50 characters, title
of 150, description of 5,000, link, image_link, availability, price, brand; and a GTIN that is one.
"""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from comptoir.catalog import Article, BadGtin, Content, gtin14
from comptoir.feeds.writing import Value, price
from comptoir.pricing import ShelfPrice

MOST_ID, MOST_TITLE, MOST_DESCRIPTION, MOST_LINK, MOST_STORE = 50, 150, 5_000, 2_000, 64
MOST_PICTURES, MOST_HIGHLIGHT = 10, 150
FEWEST_HIGHLIGHTS, MOST_HIGHLIGHTS = 2, 100

PASSED_ON = ("color", "size", "gender", "age_group", "material", "pattern", "mpn", "google_product_category")
"""Attributes of the catalog that are named as they are in the specification."""
VARYING = ("color", "size", "material", "pattern")

PRODUCT_COLUMNS = (
    *("id", "title", "description", "link", "image_link", "additional_image_link", "availability", "price"),
    *("sale_price", "condition", "brand", "gtin", "identifier_exists", "item_group_id", "product_type"),
    *PASSED_ON,
)
LOCAL_COLUMNS = (
    *("store_code", "id", "quantity", "availability", "price", "sale_price", "pickup_method", "pickup_SLA"),
)


def product_item(
    article: Article, content: Content, cost: ShelfPrice | None, *, has: bool, link: str
) -> tuple[dict[str, Value], list[str]]:
    """The attributes, and the names of the required ones that are missing or cannot be: then it is left out."""
    gtin, bad = tellable_gtin(article.gtin)
    pictures = [one.url for one in content.media if one.kind == "image"]
    description = content.description.strip()
    brand = (article.brand or "").strip()
    missing = [
        name
        for name, there in (
            ("id", len(article.sku) <= MOST_ID),
            ("title", content.title.strip()),
            ("description", description),
            ("link", link and len(link) <= MOST_LINK),
            ("image_link", pictures),
            ("price", cost and cost.amount_minor),
            ("brand", brand),
            ("gtin", not bad),
        )
        if not there
    ]
    if missing or cost is None:
        return {}, missing
    fields: dict[str, Value] = {
        "id": article.sku,
        "title": title(article, content)[:MOST_TITLE],
        "description": description[:MOST_DESCRIPTION],
        "link": link,
        "image_link": pictures[0],
        "availability": "in_stock" if has else "out_of_stock",
        **prices(cost),
        "condition": "new",
        "brand": brand,
    }
    if pictures[1:]:
        fields["additional_image_link"] = pictures[1 : 1 + MOST_PICTURES]
    mpn = told(article.attributes, "mpn")
    if gtin:
        fields["gtin"] = gtin
    elif not mpn:
        fields["identifier_exists"] = "no"
    if not article.single:
        fields["item_group_id"] = article.product[:MOST_ID]
    if article.category:
        fields["product_type"] = " > ".join(article.category)
    for name in PASSED_ON:
        if value := told(article.attributes, name):
            fields[name] = value
    highlights = [one[:MOST_HIGHLIGHT] for one in content.bullets][:MOST_HIGHLIGHTS]
    if len(highlights) >= FEWEST_HIGHLIGHTS:
        fields["product_highlight"] = highlights
    return fields, []


def local_item(
    sku: str, store: str, cost: ShelfPrice | None, *, units: int, limited: int, ready: datetime | None, sla: str
) -> tuple[dict[str, Value], list[str]]:
    """What lies of an article in a shop, and the names of what is missing."""
    missing = [
        name
        for name, there in (
            ("store_code", len(store) <= MOST_STORE),
            ("id", len(sku) <= MOST_ID),
            ("price", cost and cost.amount_minor),
        )
        if not there
    ]
    if missing or cost is None:
        return {}, missing
    fields: dict[str, Value] = {
        "store_code": store,
        "id": sku,
        "quantity": str(units),
        "availability": "out_of_stock" if not units else "limited_availability" if units <= limited else "in_stock",
        **prices(cost),
        "pickup_method": "not_supported",
    }
    if units and ready is not None:
        fields["pickup_method"], fields["pickup_SLA"] = "buy", sla
    return fields, []


def prices(cost: ShelfPrice) -> dict[str, Value]:
    if cost.was_minor is None:
        return {"price": price(cost.amount_minor, cost.currency)}
    return {"price": price(cost.was_minor, cost.currency), "sale_price": price(cost.amount_minor, cost.currency)}


def title(article: Article, content: Content) -> str:
    """The product's title with what tells its variants apart; without a title of its own, the variant's name."""
    if content.told_by["title"] == "product":
        return article.name
    kinds = [value for name in VARYING if (value := told(article.attributes, name))]
    return ", ".join([content.title, *kinds]) if kinds and not article.single else content.title


def told(attributes: Mapping[str, object], name: str) -> str:
    """An attribute as a text; empty for what is none."""
    value = attributes.get(name)
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def tellable_gtin(gtin: str | None) -> tuple[str, bool]:
    """A GTIN in its shortest form, and whether it is wrong. One of a shop's own range (restricted circulation) is none.

    GS1 General Specifications 1.4: prefixes 02, 04 and 2 are for use within a company, 05 and 98-99 for coupons.
    """
    if not gtin:
        return "", False
    try:
        whole = gtin14(gtin)
    except BadGtin:
        return "", True
    for length in (8, 12, 13):
        if whole.startswith("0" * (14 - length)):
            if length == 8:
                return ("", False) if whole[6] in "02" else (whole[6:], False)
            ean = whole[1:]
            own = ean[:2] in {"02", "04", "05", "98", "99"} or ean[0] == "2"
            return ("", False) if own else (whole[14 - length :], False)
    return whole, False


def link_of(template: str, article: Article) -> str:
    """The address of an article's page."""
    for name, value in (
        ("{sku}", article.sku),
        ("{product}", article.product),
        ("{variant_id}", str(article.variant_id)),
    ):
        template = template.replace(name, quote(value, safe=""))
    return template


def sla(ready: datetime, now: datetime, time_zone: str) -> str:
    """The day on which it is ready, from today in the shop: same_day, next_day, 2-day to 6-day, multi-week."""
    zone = ZoneInfo(time_zone)
    days = (ready.astimezone(zone).date() - now.astimezone(zone).date()).days
    return ("same_day", "next_day")[max(0, days)] if days < 2 else f"{days}-day" if days < 7 else "multi-week"
