"""A feed says what a till says, is well formed whatever the texts, and names what it leaves out."""

import csv
import io
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comptoir import catalog, channels, feeds, inventory, pricing
from comptoir.catalog import check_digit
from comptoir.feeds import files, items, writing
from feeds.conftest import PICTURE, SHIRT_GTIN, a_feed, fetched, open_town, product, stock

pytestmark = pytest.mark.anyio

G = "{http://base.google.com/ns/1.0}"


def read_xml(text):
    return [
        [(field.tag.removeprefix(G), field.text or "") for field in item]
        for item in ET.fromstring(text).iterfind("channel/item")
    ]


def read_tsv(text):
    return list(csv.DictReader(io.StringIO(text.decode()), delimiter="\t"))


async def test_a_product_feed_as_xml(town):
    found = {dict(one)["id"]: one for one in read_xml(await fetched(town, await a_feed(town)))}
    assert sorted(found) == ["bag", "shirt-m", "shirt-s", "tea"]
    assert found["shirt-s"] == [
        ("id", "shirt-s"),
        ("title", "Chemise, blue, S"),
        ("description", "Une chemise."),
        ("link", "https://shop.example/p/shirt?sku=shirt-s"),
        ("image_link", PICTURE.format("front")),
        ("availability", "in_stock"),
        ("price", "20.00 EUR"),
        ("condition", "new"),
        ("brand", "Our own"),
        ("additional_image_link", PICTURE.format("back")),
        ("gtin", SHIRT_GTIN),
        ("item_group_id", "shirt"),
        ("product_type", "Clothes > Tops"),
        ("color", "blue"),
        ("size", "S"),
        ("product_highlight", "Douce"),
        ("product_highlight", "Lavable à 30 °"),
    ]
    assert dict(found["shirt-m"])["availability"] == "out_of_stock"
    assert dict(found["shirt-m"])["identifier_exists"] == "no"


async def test_the_same_feed_as_text(town):
    found = {one["id"]: one for one in read_tsv(await fetched(town, await a_feed(town, format="tsv")))}
    assert sorted(found) == ["bag", "shirt-m", "shirt-s", "tea"]
    assert list(found["bag"]) == list(items.PRODUCT_COLUMNS)
    shirt = found["shirt-s"]
    assert (shirt["gtin"], shirt["price"], found["bag"]["availability"]) == (SHIRT_GTIN, "20.00 EUR", "in_stock")


async def test_local_inventory(town):
    found = read_tsv(await fetched(town, await a_feed(town, kind="local_inventory", format="tsv")))
    assert list(found[0]) == [name.replace("_", " ") for name in items.LOCAL_COLUMNS]
    told = {(one["store code"], one["id"]): one for one in found}
    bag = told["nice", "bag"]
    assert (bag["quantity"], bag["availability"], bag["price"], bag["sale price"]) == (
        "5", "in stock", "95.00 EUR", "89.00 EUR",
    )  # fmt: skip
    assert (bag["pickup method"], bag["pickup SLA"]) == ("not supported", "")
    bag = told["lyon", "bag"]
    assert (bag["quantity"], bag["availability"], bag["pickup method"]) == ("2", "limited availability", "buy")
    assert bag["pickup SLA"] in {"same day", "next day", "2-day"}
    assert told["nice", "shirt-s"]["availability"] == "out of stock"
    assert {store for store, _ in told} == {"lyon", "nice"}
    xml = read_xml(await fetched(town, await a_feed(town, code="local", kind="local_inventory", outlet="lyon")))
    assert {dict(one)["store_code"] for one in xml} == {"lyon"}
    shirt = next(dict(one) for one in xml if dict(one)["id"] == "shirt-s")
    assert (shirt["quantity"], shirt["availability"], shirt["pickup_method"]) == ("9", "in_stock", "buy")


async def test_what_is_left_out_is_named(town):
    feed = await a_feed(town)
    async with town.reading() as tx:
        found, looked_at, last = await feeds.left_out(tx, feed)
    assert {one.sku: one.missing for one in found} == {
        "mute": ["description"], "blind": ["image_link"], "nameless": ["brand"], "free": ["price"], "l" * 51: ["id"],
    }  # fmt: skip
    assert (looked_at, last) == (9, None)
    await fetched(town, feed)
    async with town.reading() as tx:
        read = await feeds.feed(tx, code=feed.code)
    assert (read.items, read.left_out) == (4, 5) and read.read_at is not None


async def test_a_feed_holds_what_its_outlet_sells(town):
    async with town.transaction() as tx:
        await catalog.set_assortment(tx, [catalog.NewAssorted(sku="tea")], channel="web")
        await catalog.set_assortment(tx, [catalog.NewAssorted(sku="bag")], outlet="nice")
    assert [dict(one)["id"] for one in read_xml(await fetched(town, await a_feed(town)))] == ["tea"]
    local = read_xml(await fetched(town, await a_feed(town, code="local", kind="local_inventory")))
    assert [dict(one)["id"] for one in local if dict(one)["store_code"] == "nice"] == ["bag"]


async def test_a_feed_in_chunks_is_the_same_feed(town, monkeypatch):
    feed = await a_feed(town)
    whole = await fetched(town, feed)
    for size in (1, 2, 3):
        read = files.read.__kwdefaults__
        monkeypatch.setitem(read, "limit", size)
        assert await fetched(town, feed) == whole


nasty = st.text(st.sampled_from("<>&\"'\t\n\r,|\\\x01\x1f\ufffe\uffff\x7f\x85\u2028é€😀]a "), max_size=20) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30
)


@settings(max_examples=300, deadline=None)
@given(st.lists(nasty, min_size=1, max_size=4), nasty)
def test_any_text_gives_well_formed_xml_and_comes_back(values, name):
    made = writing.head(name, name, name) + writing.item({"title": values[0], "more": values}) + writing.END
    (found,) = read_xml(made)

    def kept(text):
        # XML turns line ends into \n (2.11), and cannot hold some characters however they are escaped.
        return writing.UNTELLABLE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")

    assert [text for tag, text in found if tag == "more"] == [kept(one) for one in values]


@settings(max_examples=300, deadline=None)
@given(st.lists(nasty, min_size=1, max_size=4))
def test_any_text_gives_one_line_of_as_many_fields(values):
    columns = [f"c{n}" for n in range(len(values))]
    line = writing.row(columns, dict(zip(columns, values, strict=True)))
    assert line.count(b"\n") == 1
    (found,) = csv.reader(io.StringIO(line.decode()), delimiter="\t")
    assert found == [" ".join(writing.UNTELLABLE.sub("", one).split()) for one in values] or line == b"\n"


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [(1500, "EUR", "15.00 EUR"), (5, "EUR", "0.05 EUR"), (1500, "JPY", "1500 JPY"), (1500, "TND", "1.500 TND"),
     (10**15, "EUR", "10000000000000.00 EUR"), (1000000, "JPY", "1000000 JPY")],
)  # fmt: skip
def test_prices_are_told_exactly(amount, currency, told):
    assert writing.price(amount, currency) == told


@given(st.integers(0, 10**13 - 1))
def test_gtins_are_told_with_their_check_digit_and_wrong_ones_never(number):
    digits = f"{number:013d}"
    whole = digits + str(check_digit(digits))
    told, bad = items.tellable_gtin(whole)
    assert not bad
    if told:
        assert len(told) in {8, 12, 13, 14} and told.zfill(14) == whole
        assert int(told[-1]) == check_digit(told[:-1])
    wrong = digits + str((check_digit(digits) + 1) % 10)
    assert items.tellable_gtin(wrong) == ("", True)


def test_a_shops_own_numbers_are_no_gtin():
    for own in ("2012345678900", "0212345678909"):
        assert items.tellable_gtin((own[:-1] + str(check_digit(own[:-1]))).zfill(14)) == ("", False)
    assert items.tellable_gtin("00012345678905") == ("012345678905", False)
    assert items.tellable_gtin("00000096385074") == ("96385074", False)


@pytest.mark.parametrize(
    ("hours", "told"),
    [(0, "same_day"), (13, "same_day"), (14, "next_day"), (38, "2-day"), (6 * 24, "6-day"), (7 * 24, "multi-week")],
)
def test_the_day_of_collecting_is_the_shops_own(hours, told):
    now = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)  # 10:00 in Paris
    assert items.sla(now + timedelta(hours=hours), now, "Europe/Paris") == told


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(["depot", "lyon", "nice"]), st.sampled_from(["shirt-s", "shirt-m", "bag", "tea"]),
                       st.integers(1, 8)), max_size=6),
    st.dictionaries(st.sampled_from(["shirt-s", "bag", "tea"]), st.integers(1, 5000), max_size=3),
    st.sampled_from([None, "web", "shop"]), st.booleans(), st.integers(0, 4),
)  # fmt: skip
async def test_prices_and_units_are_those_of_quotes_and_of_the_stock(tx, given_stock, own, channel, taxed, threshold):
    """Differential: each line of both feeds against `pricing.quotes` and `inventory.available`, asked one by one."""
    await tx.run("SAVEPOINT before")
    await open_town(tx)
    if given_stock:
        await stock(tx, *given_stock)
    if own:
        await pricing.set_price_list(
            tx,
            code="own",
            entry=pricing.PriceListEntry(name="o", currency="EUR", channel=channel, tax_included=not taxed),
        )
        await pricing.import_prices(tx, code="own", prices=[pricing.NewPrice(sku, a) for sku, a in own.items()])
    await pricing.set_tax_rates(tx, rates=[pricing.TaxRate(country="FR", rate_millionths=200_000)])
    await pricing.set_promotion(
        tx, code="tenth", entry=pricing.PromotionEntry(
            name="A tenth", scope="line", benefit=pricing.Percent(1000),
            condition={"attribute": "basket.channel", "op": "=", "value": "web"},
        ),
    )  # fmt: skip
    known = {
        sku: one.variant_id
        for sku, one in (await catalog.variants_by_sku(tx, ["shirt-s", "shirt-m", "bag", "tea"])).items()
    }
    await tx.run("INSERT INTO inventory.threshold VALUES (%(v)s, 'shop', %(q)s), (%(v)s, 'web', %(q)s)",
                 v=known["shirt-s"], q=threshold)  # fmt: skip
    outlets = {one.code: one for one in await channels.outlets(tx)}
    everywhere = inventory.Places(await files.all_places(tx, list(outlets.values())))
    products = await feeds.set_feed(
        tx, code="p", entry=feeds.FeedEntry(name="p", kind="products", outlet="site", link="https://x/{sku}")
    )
    local = await feeds.set_feed(
        tx, code="l", entry=feeds.FeedEntry(name="l", kind="local_inventory", country="FR", currency="EUR")
    )
    lines = [("site", one) for one in (await files.read(tx, products, after=0)).items]
    lines += [(one["store_code"], one) for one in (await files.read(tx, local, after=0)).items]
    assert len(lines) >= 4
    for code, line in lines:
        outlet, variant = outlets[code], known.get(line["id"])
        if variant is None:
            continue
        asked = pricing.QuoteRequest("x", outlet.outlet_id, outlet.channel, "EUR", country="FR",
                                     lines=(pricing.QuoteLine(1, variant, 1),))  # fmt: skip
        (quote,) = await pricing.quotes(tx, [asked])
        paid = line.get("sale_price", line["price"])
        assert paid == writing.price(quote.total_minor, "EUR")
        question = inventory.Question(variant_id=variant, channel=outlet.channel)
        (offers,) = await inventory.available(tx, [question], everywhere)
        if code == "site":
            assert line["availability"] == ("in_stock" if offers else "out_of_stock")
        else:
            assert line["quantity"] == str(sum(one.units for one in offers if one.location == code))
    await tx.run("ROLLBACK TO SAVEPOINT before")


async def test_feeds_that_cannot_be_are_refused(town):
    for wrong in (
        {"outlet": ""}, {"outlet": "moon"}, {"country": "XX"}, {"currency": "XXY"}, {"language": "French"},
        {"link": "https://shop.example/"}, {"link": "javascript:{sku}"}, {"code": "files"}, {"code": "a/b"},
    ):  # fmt: skip
        with pytest.raises((feeds.BadFeed, channels.UnknownOutlet)):
            await a_feed(town, **{"code": "x", **wrong})


async def test_an_unknown_product_feed_line_needs_no_page(town):
    async with town.transaction() as tx:
        await catalog.import_products(tx, [product("odd & <b>/é", name="Odd & <b>")])
        await pricing.import_prices(tx, code="base", prices=[pricing.NewPrice("odd & <b>/é", 100)])
    found = {dict(one)["id"]: dict(one) for one in read_xml(await fetched(town, await a_feed(town)))}
    assert found["odd & <b>/é"]["link"].endswith("/odd%20%26%20%3Cb%3E%2F%C3%A9?sku=odd%20%26%20%3Cb%3E%2F%C3%A9")
