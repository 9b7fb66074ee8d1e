"""From the allocation to the sale: what shops do for orders, through HTTP, and what the books say of it."""

import asyncio

import httpx
import pytest

from comptoir import orders
from comptoir.kernel.auth import SYSTEM
from comptoir.kernel.auth.keys import add_key
from comptoir.kernel.ids import uuid7
from comptoir.kernel.settings import Settings
from comptoir.orders import Delivery
from comptoir.orders.payments import Simulator, perform
from orders.test_checkout import ground, house  # noqa: F401  fixtures
from reuse import application

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
            money = (await orders.payments.paid(tx, order_ids=[order_id])).get(order_id)
        sold = await self.sold(await self.order(order_id))
        assert (money.captured_minor if money else 0) == sum(one["total_minor"] for one in sold)


@pytest.fixture
async def staff(house):  # noqa: F811
    async with house.db.transaction() as tx:
        key = (await add_key(tx, name="floor", scopes=["orders:write", "profiles:read"], actor=SYSTEM)).token
    async with application(Settings(simulated_payments=True), house.db) as app:
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


async def test_two_shops_number_their_parcels_alike(house, staff):  # noqa: F811
    await house.stock(north_shirt=2, south_bag=1)
    order_id = await buys(house, shirt=2, bag=1)
    for one in await staff.works(order_id):
        at, (line,) = one["fulfilment_id"], one["lines"]
        await staff.done(f"{at}/accept")
        await staff.done(f"{at}/pick", picked=[{"line": line["line"], "pieces": line["quantity"]}])
        for _ in range(2):
            assert (await staff.done(f"{at}/ship", reference="1"))["state"] == "done"
    order = await staff.order(order_id)
    assert (order["state"], len(await staff.sold(order))) == ("done", 2)
    await staff.right(order_id)


async def test_one_reference_for_a_rejection_and_a_parcel(house, staff):  # noqa: F811
    await house.stock(north_shirt=2)
    order_id = await buys(house, shirt=2)
    at = (await work(staff, order_id, 0))["fulfilment_id"]
    await staff.done(f"{at}/accept")
    await staff.done(f"{at}/pick", picked=[{"line": 1, "pieces": 1}])
    await staff.done(f"{at}/reject", reason="damaged", lines=[{"line": 1, "pieces": 1}], reference="1")
    assert (await staff.done(f"{at}/ship", reference="1"))["state"] == "done"
    await staff.right(order_id)


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


async def work(staff, order_id, number, **query):
    """One of the works of an order, in the order in which they were made."""
    return sorted(await staff.works(order_id), key=lambda one: one["fulfilment_id"])[number]


async def test_what_cannot_be_found_is_promised_from_elsewhere_at_once(house, staff):  # noqa: F811
    """Click and collect with a short pick: one piece is not on the shelf, another shop sends it."""
    await house.stock(north_shirt=2, south_shirt=5)
    order_id = await buys(house, COLLECT, shirt=2)
    at = (await work(staff, order_id, 0))["fulfilment_id"]
    await staff.done(f"{at}/accept")
    await staff.done(f"{at}/pick", picked=[{"line": 1, "pieces": 1}])
    short = {"reason": "not_found", "lines": [{"line": 1, "pieces": 1}], "reference": "short-1"}
    for _ in range(2):
        await staff.done(f"{at}/reject", **short)
    await staff.right(order_id)
    other = await work(staff, order_id, 1)
    assert (other["location"], other["method"], other["destination"], other["state"]) == (
        "south", "transfer", "north", "open",
    )  # fmt: skip
    assert other["due_at"] is not None
    shirt = house.variants["shirt"]
    assert (await house.balances())["north", shirt] == (1, 0, 1)
    assert (await house.balances())["south", shirt] == (5, 0, 1)
    (task,) = (await staff.client.get("/v1/orders/fulfilments/tasks", params={"location": "north"})).json()["items"]
    assert (task["kind"], task["order_id"]) == ("not_found", str(order_id))

    # The other shop sends it, and it is promised to her all the way.
    there = other["fulfilment_id"]
    await staff.done(f"{there}/accept")
    await staff.done(f"{there}/pick", picked=[{"line": 1, "pieces": 1}])
    for _ in range(2):
        assert (await staff.done(f"{there}/send", tracking="T1"))["state"] == "done"
    await staff.right(order_id)
    coming = await work(staff, order_id, 2)
    assert (coming["state"], coming["location"], coming["tracking"]) == ("coming", "north", "T1")
    box = coming["fulfilment_id"]
    for _ in range(2):
        await staff.done(f"{box}/arrive")
        await staff.right(order_id)
    for one in (at, box):
        await staff.done(f"{one}/ready", shelf="A1")
    assert (await staff.done(f"{box}/ready", shelf="A1"))["keep_until"] is not None
    await staff.done(f"{at}/hand-over")
    await staff.done(f"{box}/hand-over", proof={"name": "Leo", "is_proxy": True})
    await staff.right(order_id)
    assert (await staff.order(order_id))["state"] == "done"
    assert (await house.balances())["north", shirt] == (0, 0, 0)
    closed = await staff.client.post(
        f"/v1/orders/fulfilments/tasks/{task['task_id']}/close", headers={"idempotency-key": "x"}
    )
    assert closed.json()["closed_at"] is not None


async def test_endless_aisle(house, staff):  # noqa: F811
    """Her size is not in the shop: she collects it there all the same, another one sends it."""
    await house.stock(north_shirt=1, south_shirt=5, south_bag=1)
    order_id = await buys(house, COLLECT, shirt=2, bag=1)
    own, sent = sorted(await staff.works(order_id), key=lambda one: one["location"])
    assert (own["location"], own["method"], own["destination"]) == ("north", "collect", None)
    assert (sent["location"], sent["method"], sent["destination"]) == ("south", "transfer", "north")
    assert [(one["line"], one["quantity"]) for one in sent["lines"]] == [(1, 1), (2, 1)]
    await staff.right(order_id)

    await staff.done(f"{sent['fulfilment_id']}/accept")
    await staff.done(f"{sent['fulfilment_id']}/pick", picked=[{"line": 1, "pieces": 1}, {"line": 2, "pieces": 1}])
    await staff.done(f"{sent['fulfilment_id']}/send")
    box = next(one for one in await staff.works(order_id) if one["state"] == "coming")
    await staff.done(f"{box['fulfilment_id']}/arrive")
    await staff.done(f"{own['fulfilment_id']}/accept")
    await staff.done(f"{own['fulfilment_id']}/pick", picked=[{"line": 1, "pieces": 1}])
    for one in (own, box):
        await staff.done(f"{one['fulfilment_id']}/ready")
        await staff.done(f"{one['fulfilment_id']}/hand-over")
    await staff.right(order_id)
    assert (await staff.order(order_id))["state"] == "done"


async def test_what_nobody_has_cannot_be_collected_either(house, staff):  # noqa: F811
    await house.stock(north_shirt=1, south_shirt=1)
    with pytest.raises(orders.OutOfStock) as refused:
        await buys(house, COLLECT, shirt=3)
    assert refused.value.data["missing"] == [{"line": 1, "missing": 1}]


async def test_ship_from_shop_who_declined_is_not_asked_again(house, staff):  # noqa: F811
    await house.stock(north_shirt=2, south_shirt=1)
    order_id = await buys(house, shirt=1)
    first = await work(staff, order_id, 0)
    await staff.done(f"{first['fulfilment_id']}/reject", reason="declined")
    again = await work(staff, order_id, 1)
    assert {first["location"], again["location"]} == {"north", "south"}
    assert (await work(staff, order_id, 0))["state"] == "cancelled"
    await staff.right(order_id)

    # Nobody else has it: what was authorised is let go.
    await staff.done(f"{again['fulfilment_id']}/reject", reason="damaged")
    assert [one["state"] for one in await staff.works(order_id)] == ["cancelled", "cancelled"]
    assert (await staff.order(order_id))["state"] == "cancelled"
    await staff.right(order_id)
    bank = Simulator()
    await perform(house.db, {"simulator": bank})
    assert (bank.captured, len(bank.voided)) == ({}, 1)
    tasks = (await staff.client.get("/v1/orders/fulfilments/tasks", params={"order_id": order_id})).json()["items"]
    assert [one["kind"] for one in tasks] == ["short"]
    async with house.db.reading() as tx:
        assert await tx.value("SELECT sum(damaged) FROM inventory.v_balance") == 1


async def test_an_order_may_wait_for_goods(house, staff):  # noqa: F811
    await house.stock(north_shirt=1)
    order_id = await buys(house, shirt=1)
    at = (await work(staff, order_id, 0))["fulfilment_id"]
    await staff.done(f"{at}/reject", reason="display", otherwise="wait")
    assert (await staff.order(order_id))["state"] == "open"
    await staff.right(order_id)


async def test_a_walk_goes_by_article_for_several_orders(house, staff):  # noqa: F811
    await house.stock(north_shirt=5, north_bag=5)
    ids = [await buys(house, COLLECT, shirt=2, bag=1), await buys(house, COLLECT, bag=3)]
    answer = await staff("waves", location="north", picker="Bea")
    assert answer.status_code == 200, answer.text
    wave = answer.json()
    assert [(one["sku"], one["pieces"], len(one["fulfilments"])) for one in wave["stops"]] == [
        ("bag", 4, 2), ("shirt", 2, 1),
    ]  # fmt: skip
    works = [await work(staff, one, 0) for one in ids]
    assert {(one["state"], one["picker"], one["wave_id"]) for one in works} == {("accepted", "Bea", wave["wave_id"])}
    await staff.done(f"{works[1]['fulfilment_id']}/pick", picked=[{"line": 1, "pieces": 3}])
    left = (await staff.client.get(f"/v1/orders/fulfilments/waves/{wave['wave_id']}")).json()
    assert [one["pieces"] for one in left["stops"]] == [1, 2]


async def test_who_begins_a_walk_at_the_same_moment_takes_nothing_from_another(house, staff):  # noqa: F811
    await house.stock(north_shirt=3)
    for _ in range(3):
        await buys(house, COLLECT, shirt=1)
    begun = await asyncio.gather(
        *(staff.done("waves", location="north", picker=name) for name in ("Bea", "Ana", "Eve"))
    )
    assert sorted(len(one["fulfilments"]) for one in begun) == [0, 0, 3]


async def test_a_parcel_has_a_number(house, staff):  # noqa: F811
    await house.stock(north_shirt=1)
    at = (await work(staff, await buys(house, shirt=1), 0))["fulfilment_id"]
    await staff.done(f"{at}/accept")
    wrong = await staff(f"{at}/pack", sscc="106141412345678901")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "orders.bad_parcel_number")
    packed = await staff.done(f"{at}/pack", sscc="106141412345678908", carrier="post")
    assert (packed["sscc"], packed["carrier"]) == ("106141412345678908", "post")
    not_yet = await staff(f"{at}/ready")
    assert (not_yet.status_code, not_yet.json()["code"]) == (409, "orders.not_picked")


async def test_pieces_that_leave_one_by_one_cost_what_the_line_does(house, staff):  # noqa: F811
    await house.stock(north_shirt=3)
    order_id = await buys(house, shirt=3)
    async with house.db.transaction() as tx:  # as if a promotion had taken off an amount that three do not share
        await tx.run("UPDATE orders.sales_order_line SET discount_minor = 100, total_minor = 2900")
        await tx.run("UPDATE orders.sales_order SET discount_minor = 100, total_minor = total_minor - 100")
    at = (await work(staff, order_id, 0))["fulfilment_id"]
    await staff.done(f"{at}/accept")
    await staff.done(f"{at}/pick", picked=[{"line": 1, "pieces": 3}])
    for parcel in ("a", "b", "c"):
        for _ in range(2):
            await staff.done(f"{at}/ship", lines=[{"line": 1, "pieces": 1}], reference=parcel)
    sold = await staff.sold(await staff.order(order_id))
    assert [one["total_minor"] for one in sold] == [967 + 490, 966, 967]
    assert [one["discount_minor"] for one in sold] == [33, 34, 33]
    await staff.right(order_id)
