"""From the allocation to the sale: what shops do for orders, through HTTP, and what the books say of it."""

import httpx
import pytest

from comptoir import orders
from comptoir.kernel.auth import SYSTEM
from comptoir.kernel.auth.keys import add_key
from comptoir.kernel.ids import uuid7
from comptoir.kernel.settings import Settings
from comptoir.orders import Delivery, Simulator, perform
from comptoir.server.app import create_app
from orders.test_checkout import ground, house  # noqa: F401  fixtures

pytestmark = pytest.mark.anyio

COLLECT = Delivery(method="collect", location="north")


class Staff:
    """Somebody with a key of the floor."""

    def __init__(self, client, house):  # noqa: F811
        self.client, self.house = client, house

    async def __call__(self, path, **body):
        head = {"idempotency-key": str(uuid7())}
        return await self.client.post(f"/v1/orders/fulfilments/{path}", json=body, headers=head)

    async def done(self, path, **body):
        answer = await self(path, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def works(self, order_id=None, **query):
        if order_id:
            return (await self.client.get(f"/v1/orders/fulfilments/of/{order_id}")).json()["fulfilments"]
        return (await self.client.get("/v1/orders/fulfilments", params=query)).json()["items"]

    async def life(self, order_id):
        return (await self.client.get(f"/v1/orders/fulfilments/of/{order_id}")).json()

    async def order(self, order_id):
        return (await self.client.get(f"/v1/orders/book/{order_id}")).json()

    async def sold(self, order):
        """The sales of an order."""
        found = await self.client.get("/v1/orders/sales", params={"number": f"{order['order_number']}-"})
        return found.json()["items"]

    async def right(self, order_id):
        """The books agree, and what was taken is what was sold."""
        await self.house.right()
        async with self.house.db.reading() as tx:
            money = (await orders.paid(tx, order_ids=[order_id])).get(order_id)
        sold = await self.sold(await self.order(order_id))
        assert (money.captured_minor if money else 0) == sum(one["total_minor"] for one in sold)


@pytest.fixture
async def staff(house):  # noqa: F811
    async with house.db.transaction() as tx:
        key = (await add_key(tx, name="floor", scopes=["orders:write"], actor=SYSTEM)).token
    async with create_app(Settings(simulated_payments=True), house.db) as app:
        transport = httpx.ASGITransport(app=app)
        head = {"authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://floor", headers=head, follow_redirects=True
        ) as client:
            yield Staff(client, house)


async def buys(house, delivery=None, **lines):  # noqa: F811
    """An order that is paid for; its id."""
    basket_id = await house.basket(**({"delivery": delivery} if delivery else {}), **lines)
    return (await house.pay(basket_id)).basket_id


async def test_click_and_collect(house, staff):  # noqa: F811
    await house.stock(north_shirt=3, north_bag=1)
    order_id = await buys(house, COLLECT, shirt=2, bag=1)
    (work,) = await staff.works(location="north")
    assert (work["state"], work["method"], work["order_id"]) == ("open", "collect", str(order_id))
    assert work["due_at"] is not None
    at = work["fulfilment_id"]
    await staff.done(f"{at}/accept", picker="Bea")
    picked = await staff.done(f"{at}/pick", picked=[{"line": 1, "pieces": 2}, {"line": 2, "pieces": 1}])
    assert [one["picked"] for one in picked["lines"]] == [2, 1]
    proof = {"name": "Ana", "code": "100", "identified_by": "code"}
    done = await staff.done(f"{at}/hand-over", proof=proof)
    assert done["state"] == "done"
    again = await staff.done(f"{at}/hand-over", proof=proof)
    assert again["state"] == "done"

    order = await staff.order(order_id)
    assert order["state"] == "done"
    (sale,) = await staff.sold(order)
    assert (sale["receipt_number"], sale["total_minor"]) == (f"{order['order_number']}-1", 3000)
    life = await staff.life(order_id)
    assert [one["act"] for one in life["history"]] == ["accept", "pick", "pick", "hand_over"]
    assert life["parcels"][0]["proof"] == proof
    await staff.right(order_id)
    bank = Simulator()
    await perform(house.db, {"simulator": bank})
    assert [sum(one.values()) for one in bank.captured.values()] == [3000]
    assert bank.voided == set()


async def test_two_parcels_take_what_is_owed_to_the_cent_and_the_delivery_once(house, staff):  # noqa: F811
    await house.stock(north_shirt=2, south_bag=1)
    order_id = await buys(house, shirt=2, bag=1)
    first, second = sorted(await staff.works(order_id), key=lambda one: one["lines"][0]["line"])
    for work, line, pieces in ((first, 1, 2), (second, 2, 1)):
        await staff.done(f"{work['fulfilment_id']}/accept")
        await staff.done(f"{work['fulfilment_id']}/pick", picked=[{"line": line, "pieces": pieces}])
        await staff.done(f"{work['fulfilment_id']}/ship", carrier="post", tracking=f"T{line}")
        await staff.right(order_id)
    order = await staff.order(order_id)
    assert [one["total_minor"] for one in await staff.sold(order)] == [2490, 1000]
    assert order["total_minor"] == 3490
    assert [one["tracking"] for one in (await staff.life(order_id))["parcels"]] == ["T1", "T2"]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("{at}/pick", {"picked": [{"line": 1, "pieces": 1}]}, 409, "orders.wrong_state"),
        ("{at}/hand-over", {}, 409, "orders.wrong_state"),
        ("4242/accept", {}, 404, "orders.unknown_fulfilment"),
        ("{taken}/pick", {"picked": [{"line": 7, "pieces": 1}]}, 409, "orders.bad_pieces"),
        ("{taken}/pick", {"picked": [{"line": 1, "pieces": 3}]}, 409, "orders.bad_pieces"),
        ("{taken}/pick", {"picked": [{"line": 1, "pieces": -1}]}, 400, "invalid"),
        ("{taken}/hand-over", {}, 409, "orders.nothing_picked"),
        ("{taken}/hand-over", {"lines": [{"line": 1, "pieces": 1}]}, 409, "orders.bad_pieces"),
    ],
)
async def test_what_cannot_be_done_is_told_with_the_state(house, staff, path, body, status, code):  # noqa: F811
    await house.stock(north_shirt=4)
    waiting, taken = await buys(house, COLLECT, shirt=2), await buys(house, COLLECT, shirt=2)
    at, other = [(await staff.works(one))[0]["fulfilment_id"] for one in (waiting, taken)]
    await staff.done(f"{other}/accept")
    answer = await staff(path.format(at=at, taken=other), **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    if code == "orders.wrong_state":
        assert answer.json()["data"]["state"] == "open"
    await staff.right(taken)
