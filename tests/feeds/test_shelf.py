"""In stock near you, and products in the words of schema.org: for anybody, in words, good for a minute."""

import json
from datetime import UTC, datetime

import pytest

from comptoir import catalog, channels, feeds, pricing
from comptoir.feeds import Point
from comptoir.feeds.near import alike, word
from comptoir.kernel.db import Tx
from feeds.conftest import PICTURE, a_feed

pytestmark = pytest.mark.anyio

MONDAY_NOON = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
SUNDAY = datetime(2026, 5, 3, 10, 0, tzinfo=UTC)
PART_DIEU = Point(45.76, 4.86)


def at(tx, now):
    return Tx(tx.connection, now)


async def test_the_nearest_comes_first_with_its_hours_and_ready_times(town):
    async with town.reading() as tx:
        found = await feeds.near_you(at(tx, MONDAY_NOON), sku="bag", here=PART_DIEU, km=1_000)
        assert [one.outlet for one in found.shops] == ["lyon", "bern", "nice"]
        lyon, bern, nice = found.shops
        assert (lyon.availability, nice.availability, bern.availability) == ("limited", "in_stock", "out")
        assert (lyon.open_now, lyon.today, lyon.km) == (True, [channels.Opening("09:00", "19:00")], 2.6)
        assert lyon.ready == {"collect": MONDAY_NOON, "ship": MONDAY_NOON}
        assert (nice.ready, bern.ready, bern.today) == ({}, {}, None)
        (lyon,) = (await feeds.near_you(at(tx, SUNDAY), sku="bag", here=PART_DIEU, km=50)).shops
        opens = datetime(2026, 5, 4, 7, 0, tzinfo=UTC)
        assert (lyon.open_now, lyon.today, lyon.opens_at) == (False, [], opens)
        assert lyon.ready["collect"] == opens


async def test_shops_that_do_not_sell_it_are_not_told(town):
    async with town.transaction() as tx:
        await catalog.set_assortment(tx, [catalog.NewAssorted(sku="tea")], outlet="lyon")
        found = await feeds.near_you(tx, sku="bag")
        assert [one.outlet for one in found.shops] == ["bern", "nice"]
        with pytest.raises(catalog.UnknownProduct):
            await feeds.near_you(tx, sku="hat")


def test_units_are_words():
    assert [word(units, 3) for units in (-1, 0, 1, 3, 4)] == ["out", "out", "limited", "limited", "in_stock"]


async def test_a_postcode_is_where_the_shops_are_that_share_most_of_it(town):
    async with town.reading() as tx:
        lyon = await feeds.point_of(tx, country="FR", postcode="69 001")
        assert lyon == Point(45.77, 4.83)
        assert await feeds.point_of(tx, country="FR", postcode="69120") == lyon
        for country, postcode in (("FR", "13001"), ("IT", "69001"), ("FR", "-")):
            with pytest.raises(feeds.UnknownPlace):
                await feeds.point_of(tx, country=country, postcode=postcode)
    assert [alike("69001", other) for other in ("69001", "69120", "6", "", "75001")] == [5, 2, 1, 0, 0]


async def test_a_product_group_in_the_words_of_schema_org(town):
    await a_feed(town)
    async with town.reading() as tx:
        found = await feeds.structured(tx, product="shirt", outlet="site", language="fr")
    small, medium = sorted(found.pop("hasVariant"), key=lambda one: one["sku"], reverse=True)
    assert found == {
        "@context": "https://schema.org",
        "@type": "ProductGroup",
        "name": "Chemise",
        "description": "Une chemise.",
        "image": [PICTURE.format("front"), PICTURE.format("back")],
        "brand": {"@type": "Brand", "name": "Our own"},
        "category": "Clothes > Tops",
        "productGroupID": "shirt",
        "variesBy": ["https://schema.org/size"],
    }
    assert small["offers"] == {
        "@type": "Offer",
        "price": "20.00",
        "priceCurrency": "EUR",
        "availability": "https://schema.org/InStock",
        "itemCondition": "https://schema.org/NewCondition",
        "url": "https://shop.example/p/shirt?sku=shirt-s",
    }
    assert medium["offers"]["availability"] == "https://schema.org/OutOfStock"
    assert (small["size"], small["gtin"]) == ("S", "4006381333931")


async def test_a_product_alone_is_a_product_and_a_reduced_one_says_so(town):
    async with town.reading() as tx:
        bag = await feeds.structured(tx, product="bag", outlet="nice")
        assert (bag["@type"], bag["offers"]["price"]) == ("Product", "89.00")
        assert bag["offers"]["priceSpecification"]["price"] == "95.00"
        assert "offers" not in await feeds.structured(tx, product="free", outlet="site")
        for product, outlet in (("hat", "site"), ("bag", "moon")):
            with pytest.raises((catalog.UnknownProduct, channels.UnknownOutlet)):
                await feeds.structured(tx, product=product, outlet=outlet)


# ---- over HTTP


@pytest.fixture
async def anybody(town, app):
    import httpx  # noqa: PLC0415

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://comptoir.test") as client:
        yield client


async def test_anybody_may_ask_and_who_has_it_already_is_told_so(anybody):
    first = await anybody.get("/v1/shelf/near?sku=bag&country=FR&postcode=69003")
    assert first.status_code == 200, first.text
    assert [one["outlet"] for one in first.json()["shops"]] == ["lyon"]
    assert "units" not in first.text and "quantity" not in first.text
    assert first.headers["cache-control"].startswith("public, max-age=60")
    assert (await anybody.get("/v1/shelf/near?sku=bag&lat=45.7&lon=4.8")).headers["cache-control"].startswith("private")
    page = await anybody.get("/v1/shelf/structured?product=bag&outlet=site")
    assert page.headers["content-type"].startswith("application/ld+json")
    assert page.headers["access-control-allow-origin"] == "*"
    again = await anybody.get(
        "/v1/shelf/structured?product=bag&outlet=site", headers={"If-None-Match": f'"x", W/{page.headers["etag"]}'}
    )
    assert (again.status_code, again.content) == (304, b"")


async def test_no_text_ends_the_script_that_it_stands_in(anybody, town):
    async with town.transaction() as tx:
        await catalog.import_products(tx, [catalog.NewProduct(code="evil", name="</script><script>alert(1)")])
        await pricing.import_prices(tx, code="base", prices=[pricing.NewPrice("evil", 100)])
    page = await anybody.get("/v1/shelf/structured?product=evil&outlet=site")
    assert "<" not in page.text and json.loads(page.text)["name"] == "</script><script>alert(1)"


@pytest.mark.parametrize(
    ("query", "code"),
    [("sku=bag&lat=1", "invalid"), ("sku=bag&postcode=69001", "invalid"), ("sku=hat", "catalog.unknown_product"),
     ("sku=bag&country=FR&postcode=99999", "feeds.unknown_place"), ("", "invalid"), ("sku=bag&lat=91&lon=0", "invalid")],
)  # fmt: skip
async def test_questions_that_cannot_be_answered(anybody, query, code):
    assert (await anybody.get(f"/v1/shelf/near?{query}")).json()["code"] == code


async def test_who_asks_too_often_is_stopped_and_others_are_not():
    now = 0.0
    guard = feeds.Guard(lambda: now)
    for _ in range(3):
        guard.take("shelf", "a", most=3)
    with pytest.raises(feeds.TooOften):
        guard.take("shelf", "a", most=3)
    guard.take("shelf", "b", most=3)
    now = 61.0
    guard.take("shelf", "a", most=3)
    with guard.busy("files"), pytest.raises(feeds.TooOften):
        guard.room("files", most=1)
    guard.room("files", most=1)


async def test_a_feed_is_fetched_by_its_secret_until_it_is_revoked(anybody, api):
    entry = {"name": "Google", "kind": "products", "outlet": "site", "link": "https://shop.example/{sku}"}
    made = await api.put("/v1/feeds/google", json=entry)
    assert made.status_code == 200 and made.json()["open"] is False, made.text
    path = (await api.put("/v1/feeds/google/address")).json()["path"]
    fetched = await anybody.get(path)
    assert fetched.status_code == 200 and fetched.text.endswith("</rss>\n")
    assert fetched.headers["content-type"].startswith("application/xml")
    assert fetched.headers["cache-control"] == "private, no-store"
    told = (await api.get("/v1/feeds/google")).json()
    assert (told["items"], told["left_out"]) == (4, 5) and "token_hash" not in told
    report = (await api.get("/v1/feeds/google/left-out")).json()
    assert len(report["items"]) == 5 and report["next"] is None
    newer = (await api.put("/v1/feeds/google/address")).json()["path"]
    assert (await anybody.get(path)).json()["code"] == "feeds.unknown_feed"
    await api.put("/v1/feeds/google", json={**entry, "enabled": False})
    assert (await anybody.get(newer)).status_code == 404
    await api.put("/v1/feeds/google", json=entry)
    assert (await anybody.get(newer)).status_code == 200
    assert (await api.delete("/v1/feeds/google/address")).status_code == 204
    assert (await anybody.get(newer)).status_code == 404
    assert [one["code"] for one in (await api.get("/v1/feeds/")).json()] == ["google"]


async def test_the_secret_is_kept_hashed(town):
    await a_feed(town)
    async with town.transaction() as tx:
        token = await feeds.open_address(tx, code="products")
        (kept,) = await tx.values("SELECT token_hash FROM feeds.feed")
        assert token.encode() not in bytes(kept)
        assert (await feeds.feed_of_token(tx, token=token)).code == "products"
        for wrong in (token[:-1], "", "\ud800", token.upper()):
            with pytest.raises(feeds.UnknownFeed):
                await feeds.feed_of_token(tx, token=wrong)


async def test_whoever_tries_addresses_is_stopped(anybody):
    answers = [(await anybody.get("/v1/feeds/files/cf_guess")).json()["code"] for _ in range(12)]
    assert answers == ["feeds.unknown_feed"] * 10 + ["feeds.too_often"] * 2
