"""The routes: parse, one operation, its record. A bad sale gets an answer of its own; nothing is a 500."""

import msgspec
import pytest

from orders.conftest import a_sale

pytestmark = pytest.mark.anyio

PATH = "/v1/orders/sales"
GOOD = '{"outlet":"lyon","number":"%s","occurred_at":"2026-05-04T12:00:00Z","currency":"EUR","total_minor":5,"lines":[{"amount_minor":5}]}'


def good(number="g", was="", becomes=""):
    return (GOOD % number).replace(was, becomes) if was else GOOD % number


async def test_one_many_and_one_a_line(api):
    one = await api.post(PATH, content=good("1"))
    many = await api.post(PATH, content=f"[{good('1')},{good('2')}]")
    named = await api.post(PATH, content=f'{{"sales":[{good("2")},{good("3")}]}}')
    lines = await api.post(PATH, content=f"{good('3')}\n{good('4')}\n")

    counts = [
        tuple(answer.json()[name] for name in ("recorded", "repeated", "refused"))
        for answer in (one, many, named, lines)
    ]
    assert counts == [(1, 0, 0), (1, 1, 0), (1, 1, 0), (1, 1, 0)]
    assert [result["status"] for result in lines.json()["results"]] == ["repeated", "recorded"]


BAD = {
    "no outlet": good("x", '"outlet":"lyon",'),
    "an unknown field": good("x", '"lines"', '"colour":"red","lines"'),
    "a number as text": good("x", "5,", '"5",'),
    "a fraction of a cent": good("x", "5,", "5.5,"),
    "year 0": good("x", "2026-05", "0000-05"),
    "year 9999": good("x", "2026-05", "9999-05"),
    "no time zone": good("x", "00Z", "00"),
    "negative": good("x", "5,", "-5,"),
    "huge": good("x", "5,", "5" * 400 + ","),
    "infinite": good("x", "5,", "1e999,"),
    "NUL": good("x\\u0000"),
    "half a pair": good("x\\ud83d"),
    "a number of 101 characters": good("x" * 101),
    "no lines": good("x", '{"amount_minor":5}', ""),
    "not an object": "7",
    "deep": good("x", '"EUR"', "[" * 300 + "]" * 300),
}


async def test_a_bad_sale_never_loses_those_beside_it(api):
    sales = []
    for number, bad in enumerate(BAD.values()):
        sales += [good(str(number)), bad]
    answer = await api.post(PATH, content=("[" + ",".join(sales) + "]").encode())

    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [result["status"] for result in results[::2]] == ["recorded"] * len(BAD)
    for name, result in zip(BAD, results[1::2], strict=True):
        assert result["status"] == "refused", name
        assert result["problem"]["detail"], name
        assert 400 <= result["problem"]["status"] < 500, name


async def test_a_sale_cannot_be_deleted(api):
    """OSPOS #2964: a sale was deleted, and the stock was wrong for good. It is taken back by a return of its own."""
    (done,) = (await api.post("/v1/orders/sales", content=good())).json()["results"]
    path = f"/v1/orders/sales/{done['sale']['sale_id']}"
    for method in ("DELETE", "PUT", "PATCH"):
        assert (await api.request(method, path, json={})).status_code == 405
    assert (await api.get(path)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"5", b"null", b'"x"', b"[", b"{", b'{"sales":5}', b"\xff\xfe", b"[" * 100_000, b"[" + b"5," * 1000 + b"5]", b'{"sales":' + b"[" * 9999],
)  # fmt: skip
async def test_a_body_that_cannot_be_read_is_refused_as_a_whole(api, body):
    answer = await api.post(PATH, content=body)
    assert answer.status_code in {400, 413}, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


async def test_a_conflict_shows_both_receipts(api):
    await api.post(PATH, content=good("1"))
    answer = await api.post(PATH, content=good("1", "5,", "6,").replace("5}", "6}"))
    (result,) = answer.json()["results"]
    assert result["problem"]["code"] == "orders.receipt_conflict"
    assert result["problem"]["status"] == 409
    data = result["problem"]["data"]
    assert (data["recorded"]["total_minor"], data["sent"]["total_minor"], data["differs"]) == (5, 6, ["total_minor"])


async def test_a_sale_is_found_again(api):
    sales = [
        msgspec.to_builtins(a_sale(f"2026-{n:03}", outlet=outlet)) for n in range(5) for outlet in ("lyon", "nice")
    ]
    sent = await api.post(PATH, json={"sales": sales})
    sale_id = sent.json()["results"][0]["sale"]["sale_id"]

    sale = (await api.get(f"{PATH}/{sale_id}")).json()
    assert (sale["receipt_number"], len(sale["lines"]), sale["total_minor"]) == ("2026-000", 2, 2000)
    first = (await api.get(PATH, params={"number": "2026-", "limit": 4})).json()
    rest = (await api.get(PATH, params={"number": "2026-", "cursor": first["next"], "limit": 9})).json()
    places = [(one["receipt_number"], one["outlet"]) for one in first["items"] + rest["items"]]
    assert len(set(places)) == 10
    assert places == sorted(places)
    assert rest["next"] is None
    assert len((await api.get(PATH, params={"outlet": "nice"})).json()["items"]) == 5

    totals = (await api.get("/v1/orders/totals", params={"by": "outlet"})).json()
    assert [(t["outlet"], t["total_minor"], t["receipts"]) for t in totals] == [
        ("lyon", 10_000, 5),
        ("nice", 10_000, 5),
    ]
    days = (await api.get("/v1/orders/totals", params={"by": "channel_day", "since": "2026-05-01"})).json()
    assert [(t["channel"], t["day"], t["units"]) for t in days] == [("shop", "2026-05-04", 20)]
    assert (await api.get("/v1/orders/totals", params={"until": "2026-05-03"})).json() == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{PATH}/99999999999999999999", 404),
        (f"{PATH}/0", 404),
        (f"{PATH}?cursor=nonsense", 400),
        (f"{PATH}?number=%00", 400),
        (f"{PATH}?outlet=%00", 400),
        ("/v1/orders/totals?by=moon", 400),
        ("/v1/orders/totals?since=0000-01-01", 400),
        ("/v1/orders/totals?outlet=%00", 400),
        ("/v1/catalog/products?q=%00", 400),
        ("/v1/catalog/products/99999999999999999999", 404),
        ("/v1/catalog/variants", 400),
        ("/v1/catalog/variants?gtin=123", 400),
        ("/v1/catalog/variants?sku=%00", 400),
    ],
)
async def test_an_odd_question_has_a_plain_answer(api, path, status):
    answer = await api.get(path)
    assert answer.status_code == status, answer.text


async def test_products_come_in_by_the_file(api):
    body = (
        '{"code":"a","name":"Apron"}\n{"code":"b"}\n{"code":"c","name":"Cap","variants":[{"sku":"c1","gtin":"12"}]}\n'
    )
    body += '{"code":"d","name":"Dress \\ud800"}\n{"code":"e","name":"Earring","category":["Jewels"]}'
    answer = (await api.post("/v1/catalog/imports", content=body)).json()

    assert answer["products"] == {"new": 2, "changed": 0, "unchanged": 0}
    assert [(r["row"], r["code"]) for r in answer["refused"]] == [
        (1, "invalid"),
        (2, "catalog.bad_gtin"),
        (3, "invalid"),
    ]
    found = (await api.get("/v1/catalog/products", params={"q": "a", "limit": 3})).json()
    assert [one["name"] for one in found["items"]] == ["Apron", "Bag", "Earring"]
    tree = (await api.get("/v1/catalog/categories")).json()
    assert ["Jewels"] in [one["path"] for one in tree]
    (variant,) = (await api.get("/v1/catalog/variants", params={"sku": "e"})).json()
    assert variant["category"] == "Jewels"


async def test_the_bodies_are_described(api):
    paths = (await api.get("/openapi.json")).json()["paths"]
    for path in (PATH, "/v1/catalog/imports"):
        (content,) = paths[path]["post"]["requestBody"]["content"].values()
        assert len(content["schema"]["anyOf"]) == 3
        assert "$ref" not in str(content)
