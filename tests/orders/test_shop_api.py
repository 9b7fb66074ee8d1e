"""A checkout over HTTP: by the shortcuts and past them, the same answers and the same refusals."""

import httpx
import pytest

from comptoir import catalog, inventory, pricing
from comptoir.kernel.auth import SYSTEM
from comptoir.kernel.auth.keys import add_key
from comptoir.kernel.ids import uuid7
from comptoir.kernel.settings import Settings
from orders.test_checkout import ground, house  # noqa: F401  fixtures
from reuse import application, served

pytestmark = pytest.mark.anyio

ADDRESS = {"name": "Ana", "street": "1 rue Neuve", "postcode": "69001", "city": "Lyon", "country": "FR"}


class Shop:
    """A web shop with an API key. `slowly`: through the framework."""

    def __init__(self, client, *, slowly):
        self.client, self.slowly, self.calls = client, slowly, 0

    async def __call__(self, method, path, body=None):
        self.calls += 1
        head = {"idempotency-key": f"{self.calls}-{uuid7()}"} if self.slowly else {}
        return await self.client.request(method, f"/v1/orders/{path}", json=body, headers=head)


@pytest.fixture(params=[False, True], ids=["shortcut", "framework"])
async def shop(house, request):  # noqa: F811
    async with house.db.transaction() as tx:
        key = (await add_key(tx, name="shop", scopes=["orders:write"], actor=SYSTEM)).token
    async with application(Settings(simulated_payments=True), house.db) as app, served(app) as url:
        head = {"authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=url, headers=head) as client:
            yield Shop(client, slowly=request.param)


async def test_six_calls(house, shop):  # noqa: F811
    await house.stock(north_shirt=3)
    basket_id = uuid7()
    opened = await shop("POST", "baskets", {"outlet": "web", "basket_id": str(basket_id)})
    assert opened.status_code == 200, opened.text
    at = f"baskets/{basket_id}"
    for method, step, body in [
        ("PUT", "lines/1", {"sku": "shirt", "quantity": 2}),
        ("PUT", "delivery", {"method": "ship", "address": ADDRESS, "amount_minor": 490}),
        ("POST", "quote", {}),
        ("POST", "payment", {"provider": "simulator", "token": "ok"}),
    ]:
        answer = await shop(method, f"{at}/{step}", body)
        assert answer.status_code == 200, (step, answer.text)
    first, again = await shop("POST", f"{at}/order", {}), await shop("POST", f"{at}/order", {})
    assert first.json()["order_number"] == again.json()["order_number"] > 100_000
    found = (await shop("GET", f"book/{basket_id}")).json()
    assert found["total_minor"] == 2490
    (piece,) = found["pieces"]
    assert (piece["line"], piece["location"], piece["quantity"], piece["picked"]) == (1, "north", 2, 0)
    await house.right()


async def test_prices_of_a_group_hold_where_the_shop_says_so(house, shop):  # noqa: F811
    await house.stock(north_shirt=3)
    async with house.db.transaction() as tx:
        staff = pricing.PriceListEntry(name="Staff", currency="EUR", tax_included=True, customer_group="staff")
        await pricing.set_price_list(tx, code="staff", entry=staff)
        await pricing.import_prices(tx, code="staff", prices=[pricing.NewPrice(sku="shirt", amount_minor=600)])
    basket_id = uuid7()
    at = f"baskets/{basket_id}"
    await shop("POST", "baskets", {"outlet": "web", "basket_id": str(basket_id)})
    await shop("PUT", f"{at}/lines/1", {"sku": "shirt", "quantity": 1})
    await shop("PUT", f"{at}/delivery", {"method": "ship", "address": ADDRESS})
    assert (await shop("POST", f"{at}/quote", {})).json()["amounts"]["total_minor"] == 1000
    told = (await shop("PUT", f"{at}/groups", {"groups": ["staff", "staff"]})).json()
    assert (told["groups"], told["amounts"]) == (["staff"], None)
    assert (await shop("POST", f"{at}/quote", {})).json()["amounts"]["total_minor"] == 600
    device = (await shop("POST", f"{at}/tokens", {})).json()["token"]
    shop.client.headers["authorization"] = f"Bearer {device}"
    assert (await shop("GET", at)).status_code == 200
    assert (await shop("PUT", f"{at}/groups", {"groups": []})).status_code == 403


async def test_what_the_delivery_costs_is_said_by_the_shop_and_not_by_a_device(house, shop):  # noqa: F811
    await house.stock(north_shirt=3)
    basket_id = uuid7()
    at = f"baskets/{basket_id}"
    await shop("POST", "baskets", {"outlet": "web", "basket_id": str(basket_id)})
    await shop("PUT", f"{at}/lines/1", {"sku": "shirt", "quantity": 1})
    device = (await shop("POST", f"{at}/tokens", {})).json()["token"]
    keys = {"shop": shop.client.headers["authorization"], "device": f"Bearer {device}"}

    async def ask(who, **more):
        shop.client.headers["authorization"] = keys[who]
        return await shop("PUT", f"{at}/delivery", {"method": "ship", "address": ADDRESS, **more})

    first = await ask("device", amount_minor=490)
    assert (first.status_code, first.json()["data"]) == (422, {"missing": ["delivery.amount_minor"]})
    assert (await ask("shop", amount_minor=490)).json()["delivery"]["amount_minor"] == 490
    moved = await ask("device", address=ADDRESS | {"city": "Nice"}, amount_minor=0)
    assert (moved.json()["delivery"]["address"]["city"], moved.json()["delivery"]["amount_minor"]) == ("Nice", 490)
    assert (await ask("device", method="collect", location="north")).status_code == 422
    assert (await shop("POST", f"{at}/quote", {})).json()["amounts"]["total_minor"] == 1490
    assert (await ask("shop", amount_minor=0)).json()["delivery"]["amount_minor"] == 0


async def test_who_buys_again_what_is_sold_no_more_is_told_so(house, shop):  # noqa: F811
    await house.stock(north_shirt=3)
    bought = await house.buy(shirt=1)
    async with house.db.transaction() as tx:
        await catalog.set_assortment(tx, [catalog.NewAssorted(sku="bag")], channel="web")
    try:
        copy = (await shop("POST", f"baskets/{bought.basket_id}/copies", {"outlet": "web"})).json()
        at = f"baskets/{copy['basket_id']}"
        assert [one["sku"] for one in copy["lines"]] == ["shirt"]
        await shop("PUT", f"{at}/delivery", {"method": "ship", "address": ADDRESS})
        refused = (await shop("POST", f"{at}/quote", {})).json()
        assert (refused["code"], refused["data"]["skus"]) == ("catalog.not_sold", ["shirt"])
    finally:
        async with house.db.transaction() as tx:
            await catalog.drop_assortment(tx, channel="web")


async def test_codes_are_not_guessed_by_a_basket(house, shop):  # noqa: F811
    async with house.db.transaction() as tx:
        await tx.run("DELETE FROM pricing.guess")
    basket_id = uuid7()
    at = f"baskets/{basket_id}"
    await shop("POST", "baskets", {"outlet": "web", "basket_id": str(basket_id)})
    device = (await shop("POST", f"{at}/tokens", {})).json()["token"]
    shop.client.headers["authorization"] = f"Bearer {device}"

    async def give(*codes):
        return (await shop("PUT", f"{at}/coupons", {"coupons": list(codes)})).status_code

    first = [f"TRY{number}" for number in range(20)]
    assert await give(*first) == 200
    assert await give(*first) == 200, "the same again are no further tries"
    assert await give("TRY20") == 429
    assert (await shop("GET", at)).json()["coupons"] == first


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "baskets", {"outlet": "moon"}, 404, "channels.unknown_outlet"),
        ("POST", "baskets", {"outlet": "web", "currency": "euro"}, 400, "invalid"),
        ("POST", "baskets", {"outlet": "web", "basket_id": "x"}, 400, "invalid"),
        ("PUT", "{id}/lines/1", {"sku": "hat"}, 404, "inventory.unknown_variant"),
        ("PUT", "{id}/lines/1", {"sku": "shirt", "quantity": -1}, 400, "invalid"),
        ("PUT", "{id}/lines/1", {"sku": "a\0"}, 400, "invalid"),
        ("PUT", "{id}/lines/0", {"sku": "shirt"}, 400, "orders.bad_line"),
        ("PUT", "{id}/lines/99999999999", {"sku": "shirt"}, 400, "orders.bad_line"),
        ("PUT", "{new}/lines/1", {"sku": "shirt"}, 404, "orders.unknown_basket"),
        ("PUT", "{id}/delivery", {"method": "teleport"}, 400, "invalid"),
        ("POST", "{id}/quote", {}, 422, "orders.incomplete_basket"),
        ("POST", "{id}/payment", {"provider": "bank", "token": "x"}, 404, "orders.unknown_provider"),
        ("POST", "{id}/payment", {"provider": "simulator", "token": "ok"}, 422, "orders.incomplete_basket"),
        ("POST", "{id}/order", {}, 422, "orders.incomplete_basket"),
    ],
)
async def test_bad_steps_are_told(house, shop, method, path, body, status, code):  # noqa: F811
    await house.stock(north_shirt=3)
    basket_id = await house.basket(delivery=None)
    answer = await shop(
        method, path if path == "baskets" else "baskets/" + path.format(id=basket_id, new=uuid7()), body
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_sold_out_says_which_line(house, shop):  # noqa: F811
    await house.stock(north_shirt=1)
    basket_id = await house.basket(shirt=2)
    answer = await shop("POST", f"baskets/{basket_id}/quote", {})
    assert answer.status_code == 409
    assert answer.json()["data"] == {"missing": [{"line": 1, "missing": 1}]}
    async with house.db.reading() as tx:
        assert await inventory.reconcile(tx) == []


async def test_two_lines_of_one_article_are_judged_together(house, shop):  # noqa: F811
    """Medusa #16502, Vendure #2702, Odoo PR #228526: each line was looked at alone, and there was enough for each."""
    await house.stock(north_shirt=2, south_shirt=1)
    basket_id = await house.basket(shirt=2)
    at = f"baskets/{basket_id}"
    assert (await shop("PUT", f"{at}/lines/2", {"sku": "shirt", "quantity": 2})).status_code == 200
    answer = await shop("POST", f"{at}/quote", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "orders.out_of_stock"), answer.text
    assert sum(one["missing"] for one in answer.json()["data"]["missing"]) == 1
    assert (await shop("PUT", f"{at}/lines/2", {"sku": "shirt", "quantity": 1})).status_code == 200
    quoted = await shop("POST", f"{at}/quote", {})
    assert sum(one["quantity"] for one in quoted.json()["parts"]) == 3
    await house.right()


async def test_what_only_lies_in_a_basket_is_kept_from_nobody(house, shop):  # noqa: F811
    """CoreShop #820: bots put things into carts, and nobody else could buy them."""
    await house.stock(north_shirt=1)
    for _ in range(5):
        await house.basket(shirt=1)
    assert list((await house.balances()).values()) == [(1, 0, 0)]
    basket_id = await house.basket(shirt=1)
    assert (await shop("POST", f"baskets/{basket_id}/quote", {})).status_code == 200


async def test_an_article_outside_of_the_assortment_is_refused_with_where_it_is_sold(house, shop):  # noqa: F811
    async with house.db.transaction() as tx:
        await catalog.set_assortment(tx, [catalog.NewAssorted(sku="bag")], channel="web")
    try:
        basket_id = await house.basket(delivery=None)
        answer = await shop("PUT", f"baskets/{basket_id}/lines/1", {"sku": "shirt", "quantity": 1})
        assert (answer.status_code, answer.json()["code"]) == (422, "catalog.not_sold"), answer.text
        assert answer.json()["data"]["sold_at"] == []
        # What is in it may be taken out whatever the assortment.
        assert (await shop("PUT", f"baskets/{basket_id}/lines/1", {"sku": "shirt", "quantity": 0})).status_code == 200
        assert (await shop("PUT", f"baskets/{basket_id}/lines/1", {"sku": "bag"})).status_code == 200
    finally:
        async with house.db.transaction() as tx:
            await catalog.drop_assortment(tx, channel="web")
