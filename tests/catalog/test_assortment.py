"""What is sold where and when: everything everywhere, until a channel or an outlet says otherwise."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comptoir import catalog, channels
from comptoir.catalog import Assortments, NewAssorted, NewProduct, NewVariant, NotSold
from comptoir.catalog.assortment import BY_PRODUCT, BY_VARIANT

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)


async def open_shops(tx):
    await channels.record_outlets(tx, outlets=[
        channels.OutletEntry(channel="web" if code == "site" else "shop", code=code, name=code, country="FR",
                             time_zone="Europe/Paris", currency="EUR")
        for code in ("lyon", "nice", "site")
    ])  # fmt: skip
    await catalog.import_products(tx, [
        NewProduct(code="shirt", name="Shirt", variants=[NewVariant("s"), NewVariant("m")]),
        NewProduct(code="bag", name="Bag"),
    ])  # fmt: skip


@pytest.fixture
async def shops(tx):
    await open_shops(tx)
    return tx


async def sold(tx, at=None):
    """SKUs by outlet."""
    outlets = await channels.outlets(tx)
    variants = {one.variant_id: sku for sku, one in (await catalog.variants_by_sku(tx, ["s", "m", "bag"])).items()}
    found = await catalog.sold(tx, outlets=outlets, variants=list(variants), at=at)
    return {one.code: "".join(sorted(variants[id_][0] for id_ in found[one.outlet_id])) for one in outlets}


async def test_everything_is_sold_everywhere_until_somebody_says_otherwise(shops):
    assert await sold(shops) == {"lyon": "bms", "nice": "bms", "site": "bms"}
    await catalog.set_assortment(shops, [NewAssorted(product="shirt")], channel="shop")
    assert await sold(shops) == {"lyon": "ms", "nice": "ms", "site": "bms"}
    await catalog.set_assortment(shops, [NewAssorted(sku="bag")], outlet="nice")
    assert await sold(shops) == {"lyon": "ms", "nice": "b", "site": "bms"}
    assert await catalog.drop_assortment(shops, outlet="nice")
    assert not await catalog.drop_assortment(shops, outlet="nice")
    assert await sold(shops) == {"lyon": "ms", "nice": "ms", "site": "bms"}
    await catalog.set_assortment(shops, [], channel="web")
    assert (await sold(shops))["site"] == ""


async def test_a_variant_has_dates_of_its_own(shops):
    now = shops.now
    await catalog.set_assortment(
        shops,
        [NewAssorted(product="shirt", starts_at=now), NewAssorted(sku="m", starts_at=now + DAY, ends_at=now + 2 * DAY)],
        channel="web",
    )
    told = [(await sold(shops, now + days * DAY))["site"] for days in (-1, 0, 1, 2)]
    assert told == ["", "s", "ms", "s"]


async def test_the_same_file_again_changes_nothing_and_a_whole_one_takes_away(shops):
    file = [NewAssorted(product="shirt"), NewAssorted(sku="bag", ends_at=shops.now + DAY)]
    first = await catalog.set_assortment(shops, file, channel="web")
    version = await shops.value("SELECT version FROM catalog.assortment")
    again = await catalog.set_assortment(shops, file, channel="web", whole=True)
    assert (first.new, again.new, again.changed, again.unchanged, again.removed) == (2, 0, 0, 2, 0)
    assert await shops.value("SELECT version FROM catalog.assortment") == version
    whole = await catalog.set_assortment(shops, [NewAssorted(sku="bag")], channel="web", whole=True)
    assert (whole.changed, whole.removed) == (1, 1)
    assert await shops.value("SELECT version FROM catalog.assortment") != version
    (told,) = await catalog.assortments(shops)
    assert (told.channel, told.products, told.variants) == ("web", 0, 1)
    assert [(one.product, one.sku) for one in await catalog.assorted(shops, channel="web")] == [("", "bag")]


async def test_bad_rows_are_named_and_lose_nothing_beside_them(shops):
    now = shops.now
    done = await catalog.set_assortment(
        shops,
        [
            NewAssorted(sku="hat"),
            NewAssorted(product="hat"),
            NewAssorted(),
            NewAssorted(product="shirt", sku="s"),
            NewAssorted(sku="bag", starts_at=now, ends_at=now),
            NewAssorted(sku="s"),
            NewAssorted(sku="s", ends_at=now),
        ],
        channel="web",
    )
    assert [(one.row, one.code.partition(".")[2]) for one in done.refused] == [
        (0, "unknown_product"), (1, "unknown_product"), (2, "bad_assortment"), (3, "bad_assortment"),
        (4, "bad_assortment"), (6, "product_twice"),
    ]  # fmt: skip
    assert done.new == 1
    for scope in ({}, {"channel": "web", "outlet": "lyon"}):
        with pytest.raises(catalog.BadAssortment):
            await catalog.set_assortment(shops, [], **scope)
    with pytest.raises(channels.UnknownOutlet):
        await catalog.set_assortment(shops, [], outlet="moon")


dates = st.none() | st.integers(-2, 2)


@given(
    st.dictionaries(
        st.sampled_from(["web", "shop", "lyon"]),
        st.dictionaries(st.sampled_from(["shirt", "bag.", "s", "m", "bag"]), st.tuples(dates, dates), max_size=5),
        max_size=3,
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_memory_of_a_process_says_what_the_tables_say(shops, found):
    """Against a model of three lines, at five moments and three outlets."""
    now = shops.now

    def moment(days):
        return None if days is None else now + days * DAY

    model: dict[str, dict[str, tuple[datetime | None, datetime | None]]] = {}
    await shops.run("DELETE FROM catalog.assortment")
    for scope, articles in found.items():
        said = {name: (moment(a), moment(b)) for name, (a, b) in articles.items() if None in {a, b} or a < b}
        model[scope] = said
        await catalog.set_assortment(
            shops,
            [
                NewAssorted(product=name.strip("."), starts_at=a, ends_at=b)
                if name in {"shirt", "bag."}
                else NewAssorted(sku=name, starts_at=a, ends_at=b)
                for name, (a, b) in said.items()
            ],
            **({"outlet": scope} if scope == "lyon" else {"channel": scope}),
        )
    memory = Assortments(OneTransaction(shops), fresh=0)
    known = await catalog.variants_by_sku(shops, ["s", "m", "bag"])
    outlets = await channels.outlets(shops)
    for days in range(-2, 3):
        at = now + days * DAY
        truth = await sold(shops, at)
        for outlet in outlets:
            governing = model.get(outlet.code, model.get(outlet.channel))
            for sku, variant in known.items():
                product = "bag." if sku == "bag" else "shirt"
                if governing is None:
                    expected = True
                else:
                    period = governing.get(sku, governing.get(product))
                    expected = (
                        period is not None
                        and (period[0] is None or period[0] <= at)
                        and (period[1] is None or at < period[1])
                    )
                assert (sku[0] in truth[outlet.code]) == expected
                try:
                    (await memory.of(variant.variant_id)).check(
                        sku=sku, outlet_id=outlet.outlet_id, channel=outlet.channel, now=at
                    )
                    assert expected
                except NotSold as refused:
                    assert not expected
                    assert refused.data["sold_at"] == sorted(code for code, skus in truth.items() if sku[0] in skus)


class OneTransaction:
    """The database as the test's transaction sees it."""

    def __init__(self, tx):
        self.tx, self.opened = tx, 0

    def reading(self):
        self.opened += 1
        return self

    async def __aenter__(self):
        return self.tx

    async def __aexit__(self, *_):
        return None


async def test_a_known_article_asks_nobody(shops):
    await catalog.set_assortment(shops, [NewAssorted(product="shirt")], channel="web")
    (variant,) = (await catalog.variants_by_sku(shops, ["s"])).values()
    db = OneTransaction(shops)
    memory = Assortments(db, fresh=1000)
    for _ in range(50):
        await memory.of(variant.variant_id)
    assert db.opened == 2  # which assortments there are, and this article


async def test_a_refusal_says_since_when_and_where(shops):
    now = shops.now
    await catalog.set_assortment(shops, [NewAssorted(sku="s", ends_at=now)], channel="web")
    await catalog.set_assortment(shops, [NewAssorted(sku="s", starts_at=now + DAY)], outlet="nice")
    known = await catalog.variants_by_sku(shops, ["s"])
    outlets = {one.code: one for one in await channels.outlets(shops)}
    article = await Assortments(OneTransaction(shops)).of(known["s"].variant_id)
    told = {}
    for code in ("site", "nice"):
        with pytest.raises(NotSold) as refused:
            article.check(sku="s", outlet_id=outlets[code].outlet_id, channel=outlets[code].channel, now=now)
        told[code] = {name: refused.value.data[name] for name in ("not_since", "from_when", "sold_at")}
    assert told == {
        "site": {"not_since": now, "from_when": None, "sold_at": ["lyon"]},
        "nice": {"not_since": None, "from_when": now + DAY, "sold_at": ["lyon"]},
    }


async def test_a_hundred_thousand_articles_come_in_as_one_file_and_are_found_by_key(db):
    async with db.transaction() as tx:
        await open_shops(tx)
        await catalog.import_products(tx, [NewProduct(code=f"p{n}", name=f"P{n}") for n in range(100_000)])
        file = [NewAssorted(product=f"p{n}") if n % 2 else NewAssorted(sku=f"p{n}") for n in range(100_000)]
        assert (await catalog.set_assortment(tx, file, channel="web")).new == 100_000
        await tx.run("ANALYZE catalog.assorted")
        for statement in (BY_PRODUCT, BY_VARIANT):
            plan = "\n".join(await tx.values("EXPLAIN " + statement, variants="{5,6}", assortments="{1}"))
            assert "Seq Scan" not in plan, plan


async def test_assortments_over_http(api, db):
    async with db.transaction() as tx:
        await open_shops(tx)
    file = '{"product":"shirt"}\n{"sku":"hat"}\n{"sku":5}'
    done = await api.post("/v1/catalog/assortments/articles?channel=web&whole=true", content=file)
    assert (done.json()["new"], [one["row"] for one in done.json()["refused"]]) == (1, [1, 2]), done.text
    assert [one["channel"] for one in (await api.get("/v1/catalog/assortments")).json()] == ["web"]
    told = (await api.get("/v1/catalog/assortments/articles?channel=web")).json()["items"]
    assert [one["product"] for one in told] == ["shirt"]
    assert (await api.get("/v1/catalog/assortments/articles")).json()["code"] == "catalog.bad_assortment"
    assert (await api.delete("/v1/catalog/assortments?channel=web")).status_code == 204
    assert (await api.get("/v1/catalog/assortments")).json() == []
