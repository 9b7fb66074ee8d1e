"""How products are presented: language and channel, language, channel, neither, the product itself."""

import pytest

from comptoir import catalog
from comptoir.catalog import Media, NewContent, NewProduct
from comptoir.catalog.content import chain_of

pytestmark = pytest.mark.anyio

FRONT, BACK = "https://pictures.example/1.jpg", "https://pictures.example/2.jpg"


@pytest.fixture
async def shirt(tx):
    await catalog.import_products(tx, [
        NewProduct(code="shirt", name="Shirt", attributes={"description": "A shirt."}, media=[Media(FRONT), Media(BACK)]),
        NewProduct(code="bag", name="Bag"),
    ])  # fmt: skip
    return await tx.value("SELECT product_id FROM catalog.product WHERE code = 'shirt'")


async def said(tx, *rows):
    return await catalog.import_content(tx, [NewContent(product="shirt", **row) for row in rows])


def test_the_chain_goes_from_language_to_channel_to_base():
    assert chain_of("web", "fr-CH") == [
        ("web", "fr-CH"), ("", "fr-CH"), ("web", "fr"), ("", "fr"), ("web", ""), ("", ""),
    ]  # fmt: skip
    assert chain_of("", "") == [("", "")]


async def test_each_field_is_said_by_the_first_in_the_chain(tx, shirt):
    await said(
        tx,
        {"language": "fr", "title": "Chemise"},
        {"language": "fr", "channel": "web", "bullets": ["Douce", "Lavable"]},
        {"channel": "web", "description": "On the web."},
        {"media": [BACK]},
    )
    found = (await catalog.contents(tx, [shirt], channel="web", language="fr-CH"))[shirt]
    assert (found.title, found.description, found.bullets) == ("Chemise", "On the web.", ("Douce", "Lavable"))
    assert [one.url for one in found.media] == [BACK]
    assert found.told_by == {"title": "fr", "description": "web", "bullets": "web fr", "media": "all"}
    plain = (await catalog.contents(tx, [shirt], channel="shop", language="de"))[shirt]
    assert (plain.title, plain.description, plain.bullets) == ("Shirt", "A shirt.", ())
    assert plain.told_by["title"] == "product"


async def test_pictures_have_an_order_of_their_own(tx, shirt):
    await said(tx, {"channel": "app", "media": [BACK, FRONT]}, {"channel": "web", "media": []})
    told = {
        channel: [one.url for one in (await catalog.contents(tx, [shirt], channel=channel))[shirt].media]
        for channel in ("app", "web", "shop")
    }
    assert told == {"app": [BACK, FRONT], "web": [], "shop": [FRONT, BACK]}


async def test_the_same_again_changes_nothing_and_silence_takes_away(tx, shirt):
    first = await said(tx, {"language": "fr", "title": "Chemise"})
    again = await said(tx, {"language": "fr", "title": " Chemise "})
    other = await said(tx, {"language": "fr", "title": "Blouse"})
    gone = await said(tx, {"language": "fr"}, {"language": "de"})
    assert [(one.new, one.changed, one.unchanged, one.removed) for one in (first, again, other, gone)] == [
        (1, 0, 0, 0), (0, 0, 1, 0), (0, 1, 0, 0), (0, 0, 1, 1),
    ]  # fmt: skip
    assert (await catalog.contents(tx, [shirt], language="fr"))[shirt].title == "Shirt"


async def test_bad_rows_are_named(tx, shirt):
    done = await said(
        tx,
        {"channel": "moon", "title": "x"},
        {"language": "French", "title": "x"},
        {"title": " "},
        {"title": "x" * 501},
        {"media": ["https://elsewhere.example/1.jpg"]},
        {"bullets": ["x"] * 51},
        {"title": "a\0b"},
        {"title": "one"},
        {"title": "two"},
    )
    assert [one.row for one in done.refused] == [0, 1, 2, 3, 4, 5, 6, 8]
    assert done.new == 1


async def test_contents_over_http(api, db):
    async with db.transaction() as tx:
        await catalog.import_products(tx, [NewProduct(code="shirt", name="Shirt")])
    done = await api.post("/v1/catalog/content/imports", json=[
        {"product": "shirt", "language": "fr", "title": "Chemise"}, {"product": "hat"}, {"product": 1},
    ])  # fmt: skip
    assert (done.json()["new"], [one["row"] for one in done.json()["refused"]]) == (1, [1, 2]), done.text
    (found,) = (await api.get("/v1/catalog/products")).json()["items"]
    at = f"/v1/catalog/products/{found['product_id']}/content"
    assert (await api.get(f"{at}?language=fr-CH&channel=web")).json()["title"] == "Chemise"
    assert (await api.get("/v1/catalog/products/4242/content")).json()["code"] == "catalog.unknown_product"
