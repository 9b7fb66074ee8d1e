"""Who works for one shop sees and touches what is of her shop: route by route, over HTTP."""

import re

import httpx
import pytest
from litestar.routes import HTTPRoute

from comptoir import channels, orders
from comptoir.kernel.auth import SYSTEM
from comptoir.kernel.auth.keys import add_key
from comptoir.kernel.ids import uuid7
from comptoir.kernel.settings import Settings
from comptoir.orders.finding import OrderFilters, count_orders, find_orders, order_figures
from comptoir.server.app import create_app
from orders.test_checkout import HOME, ground, house  # noqa: F401  fixtures
from orders.test_fulfilment import buys

pytestmark = pytest.mark.anyio

REFUSED = {
    "GET": {
        "book/{order}", "{order}/sourcing", "fulfilments/of/{order}", "fulfilments/{work}", "fulfilments/waves/{wave}",
        "book/{order}/cancellations", "book/{order}/payments",
        "book/{order}/documents", "sales/{sale}/documents", "documents/{document}", "documents/{document}/pdf",
        "returns/{return}", "documents/{document}/mails",
    },
    "PUT": {"book/{order}/address": {**dict.fromkeys(("name", "street", "postcode", "city"), "x"), "country": "FR"}},
    "POST": {
        "fulfilments/{work}/accept": {}, "fulfilments/{work}/pick": {"picked": []}, "fulfilments/{work}/pack": {},
        "fulfilments/{work}/ready": {}, "fulfilments/{work}/hand-over": {}, "fulfilments/{work}/ship": {},
        "fulfilments/{work}/send": {}, "fulfilments/{work}/arrive": None,
        "fulfilments/{work}/reject": {"reason": "display", "lines": []},
        "fulfilments/{work}/substitute": {"line": 1, "sku": "bag", "reason": "display"},
        "fulfilments/waves": {"location": "north"}, "fulfilments/tasks/{task}/close": None,
        "book/{order}/cancellations": {"reason": "regret", "lines": [{"line": 1, "quantity": 9}]},
        "book/{order}/additions": {"basket_id": str(uuid7())}, "book/{order}/payments/again": {},
        "sales/{sale}/goodwill": {"amount_minor": 1, "reason": "late"},
        "sales/{sale}/documents": {"kind": "invoice"}, "documents/{document}/mails": {"to": "ana@example.com"},
        "returns/at-counter": {"location": "north", "lines": ["{back}"]},
        "returns/without-receipt": {"location": "north", "person": str(uuid7()), "sku": "shirt", "reason": "size"},
        "exchanges": {"location": "north", "lines": ["{back}"], "instead": [{"sku": "bag"}]},
        "exchanges/for-order": {"location": "north", "lines": ["{back}"], "basket_id": str(uuid7())},
        "returns/{return}/receipt": {"location": "north"},
        "returns/{return}/inspection": {"verdicts": [{"place": 1, "quantity": 1, "state": "sellable"}]},
        "returns/{return}/refund": {}, "returns/{return}/giving-up": None,
    },
}  # fmt: skip
NOT_YOURS = {"orders.not_your_order", "orders.not_your_place"}
OPEN = {
    "book/{order}/returnable": "goods come back to any shop", "book/{order}/returns": "the same",
    "book/{order}/actions": "the same",
    "sales": "receipts: goods come back to any shop", "sales/{sale}": "the same", "sales/{sale}/returnable": "the same",
    "returns": "announced for any shop", "purchases": "of a person, whatever the shop", "totals": "sums",
    "fulfilments": "a list: only hers", "fulfilments/tasks": "a list: only hers",
    "sourcing": "of the house", "baskets": "see handover.py", "people": "see handover.py",
}  # fmt: skip
"""Routes that refuse nobody for her shop, by how they begin."""


@pytest.fixture
async def shops(house):  # noqa: F811
    """North and south are shops; a client with a key of each, and one with a key of all."""
    async with house.db.transaction() as tx:
        await channels.record_outlets(tx, outlets=[
            channels.OutletEntry(
                channel="shop", code=f"{code}_shop", name=code, country="FR", time_zone="Europe/Paris", currency="EUR"
            ) for code in ("north", "south")
        ])  # fmt: skip
        tokens = {
            who: (await add_key(tx, name=who, scopes=scopes, actor=SYSTEM)).token
            for who, scopes in {"all": ["orders:write", "profiles:read"], "reader": ["orders:read"]}.items()
        }
        for code in ("north", "south"):
            outlet = await channels.outlet(tx, code=f"{code}_shop")
            await tx.run(
                "UPDATE inventory.location SET outlet_id = %(o)s WHERE code = %(c)s", o=outlet.outlet_id, c=code
            )
            made = await add_key(
                tx, name=code, scopes=["orders:write", "profiles:read"], outlets=[outlet.outlet_id], actor=SYSTEM
            )
            tokens[code] = made.token
    async with (
        create_app(Settings(simulated_payments=True), house.db) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop") as client,
    ):

        async def ask(who, method, path, body=None):
            head = {"authorization": f"Bearer {tokens[who]}", "idempotency-key": str(uuid7())}
            return await client.request(method, f"/v1/orders/{path}", json=body, headers=head)

        ask.app = app
        yield ask
    async with house.db.transaction() as tx:
        await tx.run("UPDATE inventory.location SET outlet_id = NULL WHERE code IN ('north', 'south')")
        await tx.run("TRUNCATE orders.customer_return, orders.customer_return_line, orders.document CASCADE")
        await tx.run("TRUNCATE orders.document_series")


@pytest.fixture
async def life(house, shops):  # noqa: F811
    """An order of the web shop that comes from the north: half of it has left, some of that comes back."""
    await house.stock(north_shirt=3, north_bag=3)
    order_id = await buys(house, orders.Delivery(method="ship", address=HOME, amount_minor=490), shirt=3)

    async def done(method, path, body=None):
        answer = await shops("all", method, path, body)
        assert answer.is_success, answer.text
        return answer.json()

    (work,) = (await done("GET", f"fulfilments/of/{order_id}"))["fulfilments"]
    at = work["fulfilment_id"]
    wave = await done("POST", "fulfilments/waves", {"location": "north"})
    await done("POST", f"fulfilments/{at}/pick", {"picked": [{"line": 1, "pieces": 2}]})
    await done("POST", f"fulfilments/{at}/ship", {"lines": [{"line": 1, "pieces": 1}]})
    (parcel,) = (await done("GET", f"fulfilments/of/{order_id}"))["parcels"]
    back = {"sale_id": parcel["sale_id"], "line_number": 1, "quantity": 1, "reason": "size"}
    made = await done("POST", "returns", {"lines": [back], "location": "north"})
    document = await done("POST", f"sales/{parcel['sale_id']}/documents", {"kind": "receipt"})
    await done("POST", f"fulfilments/{at}/reject", {"reason": "not_found", "lines": [{"line": 1, "pieces": 1}]})
    (task, *_) = (await done("GET", "fulfilments/tasks?location=north"))["items"]
    return {
        "order": order_id, "work": at, "wave": wave["wave_id"], "sale": parcel["sale_id"], "task": task["task_id"],
        "return": made["return_id"], "document": document["document_id"], "back": back,
    }  # fmt: skip


def filled(body, life):
    if isinstance(body, dict):
        return {key: filled(value, life) for key, value in body.items()}
    if isinstance(body, list):
        return [filled(one, life) for one in body]
    return life["back"] if body == "{back}" else body


def routes():
    for method, paths in REFUSED.items():
        for path in sorted(paths):
            yield method, path, paths[path] if isinstance(paths, dict) else None


async def test_another_shop_is_refused_on_every_route_and_hers_on_none(house, shops, life):  # noqa: F811
    for method, path, body in routes():
        answer = await shops("south", method, path.format(**life), filled(body, life))
        assert answer.status_code == 403 and answer.json()["code"] in NOT_YOURS, f"{method} {path}: {answer.text}"
    async with house.db.reading() as tx:  # and nothing was done
        assert await tx.values("SELECT count(*) FROM orders.cancellation") == [0]
    for who in ("north", "all"):
        for method, path, body in routes():
            answer = await shops(who, method, path.format(**life), filled(body, life))
            assert answer.status_code != 500 and "orders.not_your" not in answer.text, f"{who}: {method} {path}"


async def test_to_announce_a_strangers_goods_makes_them_nobodys_own(shops, life):
    made = (await shops("south", "POST", "returns", {"lines": [life["back"]], "location": "south"})).json()
    refund = await shops("south", "POST", f"returns/{made['return_id']}/refund", {})
    assert refund.json()["code"] == "orders.not_your_order"


async def test_a_sale_is_recorded_by_its_own_outlet_under_a_number_of_its_own(house, shops):  # noqa: F811
    async with house.db.reading() as tx:
        at = tx.now.isoformat()

    async def told(who, outlet, number):
        lines = [{"name": "x", "amount_minor": 5}]
        sale = {"outlet": outlet, "number": number, "occurred_at": at, "currency": "EUR", "lines": lines}
        (one,) = (await shops(who, "POST", "sales", {**sale, "total_minor": 5})).json()["results"]
        return one["problem"]["code"] if one["problem"] else one["status"]

    assert await told("south", "north_shop", "1") == "orders.not_your_place"
    assert [await told(who, "south_shop", "1") for who in ("south", "all")] == ["recorded", "repeated"]
    for number in ("return/1/1", "exchange/1", "goodwill/1"):
        assert await told("all", "south_shop", number) == "invalid"


async def test_lists_hold_what_is_hers(house, shops, life):  # noqa: F811
    for who, seen in (("south", False), ("north", True), ("all", True)):
        for path in ("fulfilments", "fulfilments/tasks", f"fulfilments/tasks?order_id={life['order']}"):
            found = (await shops(who, "GET", path)).json()["items"]
            assert bool(found) is seen, f"{who}: {path}"
    async with house.db.reading() as tx:
        outlets = {
            code: [(await channels.outlet(tx, code=code)).outlet_id] for code in ("north_shop", "south_shop", "web")
        }
        for code, seen in (("north_shop", 1), ("south_shop", 0), ("web", 1)):
            filters = OrderFilters(outlets=outlets[code])
            assert len(await find_orders(tx, filters=filters)) == await count_orders(tx, filters=filters) == seen
            assert (await order_figures(tx, until=tx.now, outlets=outlets[code])).open == seen


async def test_an_order_is_hers_where_it_is_collected_and_the_work_of_whom_it_lies_with(house, shops):  # noqa: F811
    """The south sends, the north hands over: both see it, and each does its own work."""
    await house.stock(south_shirt=1)
    order_id = await buys(house, orders.Delivery(method="collect", location="north"), shirt=1)
    for who in ("north", "south"):
        assert (await shops(who, "GET", f"book/{order_id}")).status_code == 200
    (work,) = (await shops("north", "GET", f"fulfilments/of/{order_id}")).json()["fulfilments"]
    at = f"fulfilments/{work['fulfilment_id']}"
    assert (await shops("north", "POST", f"{at}/accept", {})).json()["code"] == "orders.not_your_place"
    for path, body in (("accept", {}), ("pick", {"picked": [{"line": 1, "pieces": 1}]}), ("send", {})):
        assert (await shops("south", "POST", f"{at}/{path}", body)).status_code == 200
    (coming,) = (await shops("north", "GET", "fulfilments")).json()["items"]
    arriving = f"fulfilments/{coming['fulfilment_id']}/arrive"
    assert (await shops("south", "POST", arriving)).json()["code"] == "orders.not_your_place"
    assert (await shops("north", "POST", arriving)).status_code == 200
    # Who came for it is told to those who may see people.
    over = {"lines": [{"line": 1, "pieces": 1}], "proof": {"name": "Ana"}}
    assert (await shops("north", "POST", arriving.replace("arrive", "hand-over"), over)).status_code == 200
    for who, name in (("north", "Ana"), ("reader", None)):
        (parcel,) = (await shops(who, "GET", f"fulfilments/of/{order_id}")).json()["parcels"]
        assert (parcel["proof"] or {}).get("name") == name


async def test_who_may_not_see_people_sees_no_address_and_no_papers(shops, life):
    for who, seen in (("all", True), ("reader", False)):
        delivery = (await shops(who, "GET", f"baskets/{life['order']}")).json()["delivery"]
        assert delivery["method"] == "ship" and bool(delivery["address"]) is seen
        for path in ("documents/{document}", "documents/{document}/pdf", "documents/{document}/mails",
                     "book/{order}/documents", "sales/{sale}/documents"):  # fmt: skip
            assert (await shops(who, "GET", path.format(**life))).status_code == (200 if seen else 403), path


async def test_no_route_of_orders_is_forgotten(shops):
    """A new one is refused to strangers, or says here why it is open."""
    known = {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path, _ in routes()}
    forgotten = []
    for route in shops.app.litestar.routes:
        if not isinstance(route, HTTPRoute) or not route.path.startswith("/v1/orders"):
            continue
        path = route.path.removeprefix("/v1/orders").strip("/")
        opened = re.sub(r"\{(\w+?)_(?:id|number)?:\w+\}", r"{\1}", path)
        for handler in route.route_handlers:
            for method in handler.http_methods - {"OPTIONS", "HEAD"}:
                told = (method, re.sub(r"\{[^}]*\}", "{}", path)) in known
                free = opened in OPEN or path.split("/")[0] in {"sourcing", "baskets", "people"}
                if not told and not free:
                    forgotten.append(f"{method} {path}")
    assert not forgotten
