"""Over HTTP: the ordinary routes and their shortcuts answer alike."""

from uuid import UUID

import httpx
import msgspec
import pytest

from comptoir import catalog, channels, inventory
from comptoir.inventory import LocationEntry
from comptoir.kernel.auth import SYSTEM
from comptoir.kernel.auth.keys import add_key
from comptoir.kernel.db import Database
from comptoir.kernel.settings import Settings
from comptoir.server.app import create_app
from reuse import application, served

pytestmark = pytest.mark.anyio

LINE = {"sku": "shirt", "location": "north", "quantity": 2}


@pytest.fixture
async def http(db):
    async with db.transaction() as tx:
        await tx.run("TRUNCATE catalog.product, catalog.variant, catalog.media CASCADE")
        await catalog.import_products(tx, [
            catalog.NewProduct(code=sku, name=sku, variants=[catalog.NewVariant(sku=sku)]) for sku in ("shirt", "bag")
        ])  # fmt: skip
        key = (await add_key(tx, name="till", scopes=["inventory:write"], actor=SYSTEM)).token
        office = (await add_key(tx, name="office", scopes=["inventory:admin"], actor=SYSTEM)).token
        reader = (await add_key(tx, name="site", scopes=["inventory:read"], actor=SYSTEM)).token
    async with application(Settings(), db) as app, served(app) as url:
        head = {"authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=url, headers=head) as client:
            client.office = {"authorization": f"Bearer {office}"}
            client.reader = {"authorization": f"Bearer {reader}"}
            received = await client.post("/v1/inventory/movements", json={"movements": [
                {"sku": "shirt", "quantity": 5, "source": "supplier", "target": "north", "act": "receive", "is_fact": True}
            ]})  # fmt: skip
            assert received.json() == {"missing": [0]}
            yield client


@pytest.mark.parametrize("slow", [None, "a"])
async def test_reserve_replace_refuse_release(http, slow):
    async def reserve(quantity, **more):
        body = {"reference": f"b{slow}", "lines": [{**LINE, "quantity": quantity}], **more}
        head = {"idempotency-key": f"{slow}{quantity}{more}"} if slow else {}
        return await http.post("/v1/inventory/reservations", json=body, headers=head)

    assert (await reserve(2)).status_code == 200
    assert (await reserve(5)).json().keys() == {"reference", "expires_at"}
    refused = await reserve(6)
    assert refused.status_code == 409 and refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"] == "inventory.insufficient_stock"
    assert refused.json()["data"]["short"][0]["free"] == 5
    assert (await http.delete(f"/v1/inventory/reservations/b{slow}")).status_code == 204
    offers = (await http.get("/v1/inventory/availability?sku=shirt", headers=http.reader)).json()
    assert [(one["location"], one["units"]) for one in offers] == [("north", 5)]


@pytest.mark.parametrize("slow", [None, "a"])
async def test_goods_of_an_order_are_not_given_up_by_who_may_reserve(http, db, places, slow):
    async with db.transaction() as tx:
        variant = (await catalog.variants_by_sku(tx, ["shirt"]))["shirt"].variant_id
        units = [inventory.Units(variant, places["north"], 3)]
        await inventory.post(tx, [inventory.Hold(reference="basket", units=units),
                                  inventory.Allocate(reference="order", units=[inventory.Units(variant, places["north"], 1)])])  # fmt: skip
    head = {"idempotency-key": "k"} if slow else {}
    for reference in ("order", "basket"):
        assert (await http.delete(f"/v1/inventory/reservations/{reference}", headers=head)).status_code == 204
    body = {"reference": "basket", "lines": [{**LINE, "quantity": 1}]}
    answer = await http.post("/v1/inventory/reservations", json=body, headers=head)
    assert (answer.status_code, answer.json()["reference"]) == (200, "basket")
    async with db.reading() as tx:
        told = await tx.tuples("SELECT reference, quantity FROM inventory.promise ORDER BY 1")
    assert told == [("api:basket", 1), ("basket", 3), ("order", 1)]


@pytest.mark.parametrize("slow", [None, "a"])
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"reference": "b", "lines": [{**LINE, "sku": "hat"}]}, 404, "inventory.unknown_variant"),
        ({"reference": "b", "lines": [{**LINE, "location": "moon"}]}, 404, "inventory.unknown_location"),
        ({"reference": "b", "lines": [{**LINE, "quantity": 0}]}, 400, "invalid"),
        ({"reference": "b", "lines": []}, 400, "invalid"),
        ({"reference": "b", "lines": [LINE], "secnds": 5}, 400, "invalid"),
        ({"reference": "b\0", "lines": [LINE]}, 400, "invalid"),
        ({"reference": "", "lines": [LINE]}, 400, "invalid"),
    ],
)
async def test_bad_input_is_told(http, slow, body, status, code):
    answer = await http.post("/v1/inventory/reservations", json=body, headers={"idempotency-key": "k"} if slow else {})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"time_zone": "Europe/Pari"}, channels.UnknownTimeZone),
        ({"time_zone": "../x"}, channels.UnknownTimeZone),
        ({"country": "XX"}, channels.UnknownCountry),
    ],
)
async def test_a_place_that_cannot_be_is_refused(db, wrong, refusal):
    async with db.transaction() as tx:
        with pytest.raises(refusal):
            await inventory.record_locations(tx, [LocationEntry(code="mars", kind="shop", name="Mars", **wrong)])


def test_the_code_of_a_place_has_no_line_end():
    place = {"code": "mars\n", "kind": "shop", "name": "Mars"}
    with pytest.raises(msgspec.ValidationError, match="code"):
        msgspec.convert(place, LocationEntry)
    assert msgspec.convert({**place, "code": "mars"}, LocationEntry).time_zone == "UTC"


async def test_a_shortcut_asks_for_the_scope_and_the_key(http):
    body = {"reference": "b", "lines": [LINE]}
    assert (await http.post("/v1/inventory/reservations", json=body, headers=http.reader)).status_code == 403
    wrong = await http.post("/v1/inventory/reservations", json=body, headers={"authorization": "Bearer ck_wrong"})
    assert wrong.status_code == 401
    del http.headers["authorization"]
    assert (await http.post("/v1/inventory/reservations", json=body)).status_code == 401


@pytest.mark.parametrize("query", ["sku=shirt&quantity=x", "quantity=1", "sku=shirt&lat=91", "sku=hat", "sku=%ff"])
async def test_a_bad_question_is_told(http, query):
    assert (await http.get(f"/v1/inventory/availability?{query}")).status_code in {400, 404}


async def test_a_shortcut_whose_database_is_away_says_so(http, db):
    """Not a defect of ours: come again."""
    async with (
        Database(db.url) as own,
        create_app(Settings(), own) as app,
        served(app) as url,
        httpx.AsyncClient(base_url=url, headers=http.headers) as client,
    ):
        assert (await client.get("/v1/inventory/availability?sku=shirt")).status_code == 200
        for pool in (own, app.litestar.state.beside):
            await pool.close()
        for sku in ("shirt", "new"):
            answer = await client.get(f"/v1/inventory/availability?sku={sku}")
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert answer.headers["retry-after"]


async def test_a_transfer_over_http_names_articles_as_the_caller_does(http):
    asked = {
        "transfer_id": str(UUID(int=7)),
        "source": "north",
        "target": "lyon",
        "lines": [{"sku": "shirt", "quantity": 3}],
    }
    base = "/v1/inventory/transfers"
    for via in ("customer", "adjustment", "south"):
        refused = await http.post(base, json={**asked, "via": via})
        assert refused.json()["code"] == "inventory.bad_transfer"
    answer = await http.post(base, json=asked)
    assert answer.status_code == 200, answer.text
    one = f"{base}/{asked['transfer_id']}"
    refused = await http.post(f"{one}/shipment", json={"lines": [{"sku": "bag", "quantity": 1}]})
    assert (refused.status_code, refused.json()["data"]) == (409, {"skus": ["bag"]})
    shipped = await http.post(f"{one}/shipment", json={"expected_on": "2099-01-01"})
    assert shipped.json()["lines"][0]["under_way"] == 3
    (ahead,) = [
        place for place in (await http.get("/v1/inventory/outlook?sku=shirt&quantity=3")).json()
        if place["location"] == "lyon"
    ]  # fmt: skip
    assert (ahead["units"], ahead["from_day"], ahead["incoming"]) == (
        0,
        "2099-01-01",
        [{"day": "2099-01-01", "units": 3}],
    )
    body = {"reference": "r", "lines": [{"sku": "shirt", "quantity": 2}], "complete": True}
    refused = await http.post(f"{one}/receipts", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "inventory.reason_missing")
    received = await http.post(f"{one}/receipts", json={**body, "reason": "lost"})
    assert received.json()["stage"] == "received"
    listed = (await http.get(f"{base}?target=lyon", headers=http.reader)).json()
    (short,) = listed["items"]
    assert (short["transfer_id"], short["lines"], short["shipped"], short["missing"]) == (asked["transfer_id"], 1, 3, 1)
    assert (await http.get(f"{base}?under_way=true")).json()["items"] == []
    assert (await http.post(base, json=asked, headers=http.reader)).status_code == 403
    moon = {"transfer_id": str(UUID(int=8)), "supplier": "Mill", "target": "moon", "lines": asked["lines"]}
    assert (await http.post("/v1/inventory/deliveries", json=moon)).json()["code"] == "inventory.unknown_location"
    announced = await http.post("/v1/inventory/deliveries", json={**moon, "target": "north"})
    assert (announced.json()["source"], announced.json()["stage"]) == ("supplier", "under_way")
    assert (await http.put(f"{base}/{moon['transfer_id']}/days", json={"days": {"shirt": None}})).status_code == 200
    assert (await http.post(f"{base}/{moon['transfer_id']}/cancellation")).json()["stage"] == "cancelled"


async def test_a_house_moves_in_once(http, db):
    assert (await http.post("/v1/inventory/openings", json={"stock": []})).status_code == 403
    http.headers.update(http.office)

    def rows(*some):
        return {"stock": [dict(zip(("sku", "location", "quantity"), one, strict=True)) for one in some]}

    first = [("shirt", "south", 5), ("shirt", "south", 2), ("bag", "south", 3), ("shirt", "north", 9)]
    strange = [("unheard", "north", 1), ("bag", "nowhere", 1), ("bag", "customer", 1)]
    done = (await http.post("/v1/inventory/openings", json=rows(*first, *strange))).json()
    assert done == {"opened": 2, "known": 1, "unknown": ["unheard", "nowhere", "customer"]}
    again = (await http.post("/v1/inventory/openings", json=rows(*first))).json()
    assert (again["opened"], again["known"]) == (0, 3)
    async with db.reading() as tx:
        assert await inventory.reconcile(tx) == []
        found = await tx.tuples("SELECT location, sellable FROM inventory.v_balance")
    assert sorted(found) == [("north", 5), ("south", 3), ("south", 7)]


async def test_a_count_over_http(http):
    base = "/v1/inventory/counts"
    sheet = {"count_id": str(UUID(int=7)), "location": "north", "skus": ["shirt"]}
    one = f"{base}/{sheet['count_id']}"
    assert (await http.post(base, json=sheet)).json()["lines"][0]["book"] is None
    refused = await http.post(f"{one}/submission", json={})
    assert (refused.status_code, refused.json()["code"], refused.json()["data"]) == (
        409, "inventory.not_counted", {"skus": ["shirt"]}
    )  # fmt: skip
    early = {"sku": "shirt", "quantity": 400, "counted_at": "1970-01-01T00:00:00Z"}
    refused = await http.post(f"{one}/lines", json={"lines": [early]})
    assert (refused.status_code, refused.json()["code"]) == (400, "inventory.bad_quantity")
    found = await http.post(f"{one}/lines", json={"lines": [{"sku": "shirt", "quantity": 400}]})
    assert (found.json()["lines"], found.json()["counted"], found.json()["difference"]) == (1, 1, None)
    waits = (await http.post(f"{one}/submission", json={})).json()
    assert (waits["stage"], waits["lines"][0]["difference"]) == ("review", 395)
    refused = await http.post(f"{one}/approval")
    assert (refused.status_code, refused.json()["code"]) == (409, "inventory.same_person")
    assert (await http.post(f"{one}/rejection", json={"reason": "a typing error"})).json()["stage"] == "rejected"
    assert [place["stage"] for place in (await http.get(f"{base}?stage=rejected")).json()["items"]] == ["rejected"]
    two = {**sheet, "count_id": str(UUID(int=8))}
    assert (await http.post(base, json=two)).status_code == 200
    assert (await http.post(f"{base}/{two['count_id']}/cancellation")).json()["stage"] == "cancelled"
    assert (await http.get("/v1/inventory/accuracy")).json() == []
    assert (await http.put("/v1/inventory/house", json={})).status_code == 403
    assert (await http.get("/v1/inventory/house")).json()["review_units"] == 10


async def test_adjustments_and_what_is_kept_back_over_http(http):
    line = {"sku": "shirt", "location": "north", "quantity": 1}
    body = {"lines": [{**line, "reason": "theft"}, {**line, "reason": "returned", "state": "quarantine"}]}
    for _ in range(2):
        answer = await http.post("/v1/inventory/adjustments", json=body, headers={"idempotency-key": "once"})
        assert answer.json() == {"missing": [0, 0]}
    assert (
        await http.post("/v1/inventory/adjustments", json={"lines": [{**line, "reason": "joy"}]})
    ).status_code == 400
    fence = {"sku": "shirt", "location": "north", "channel": "app", "quantity": 1}
    assert (await http.put("/v1/inventory/fences", json={"fences": [fence]})).status_code == 200
    safety = {"sku": "shirt", "location": "north", "quantity": 1}
    assert (await http.put("/v1/inventory/safety", json={"safety": [safety]})).status_code == 200
    threshold = {"sku": "shirt", "channel": "web", "quantity": 1}
    assert (await http.put("/v1/inventory/thresholds", json={"thresholds": [threshold]})).status_code == 200
    (offer,) = (await http.get("/v1/inventory/availability?sku=shirt&channel=web")).json()
    assert offer["units"] == 5 - 1 - 1 - 1 - 1
    kept = (await http.get("/v1/inventory/kept?sku=shirt")).json()
    assert kept == {
        "places": [{"location": "north", "safety": 1, "fences": {"app": 1}, "withheld": 0}],
        "thresholds": {"web": 1},
    }


async def test_a_wish_over_http(http):
    wish = {"ask_id": str(UUID(int=7)), "sku": "bag", "identifiers": {"email": "Ann@Posteo.example"}}
    for _ in range(2):
        answer = await http.post("/v1/inventory/asks", json=wish)
        assert (answer.status_code, answer.json()["told_at"]) == (200, None), answer.text
    refused = await http.post("/v1/inventory/asks", json={**wish, "ask_id": str(UUID(int=8)), "sku": "shirt"})
    assert (refused.json()["code"], refused.json()["data"]) == (
        "inventory.not_out",
        {"there": [{"location": "north", "units": 5}]},
    )
    two = {**wish, "ask_id": str(UUID(int=6)), "identifiers": {"email": "a@posteo.example", "phone": "+33123456789"}}
    assert (await http.post("/v1/inventory/asks", json=two)).status_code == 400
    nobody = {"ask_id": str(UUID(int=9)), "sku": "bag", "identifiers": {"email": "nonsense"}}
    assert (await http.post("/v1/inventory/asks", json=nobody)).json()["code"] == "inventory.nobody_named"
    assert [one["waiting"] for one in (await http.get("/v1/inventory/demand")).json()] == [1]
    found = {"sku": "bag", "location": "north", "quantity": 1, "reason": "found"}
    assert (await http.post("/v1/inventory/adjustments", json={"lines": [found]})).status_code == 200
    one = f"/v1/inventory/asks/{wish['ask_id']}"
    assert (await http.get(one)).json()["told_at"]
    assert (await http.delete(one)).json()["withdrawn_at"] is None
    assert (await http.delete(f"/v1/inventory/asks/{UUID(int=5)}")).status_code == 404
