"""After an order was placed, over HTTP: cancelled, given back anywhere, the money for it once and never too much."""

import asyncio

import httpx
import pytest

from comptoir import channels, inventory, pricing
from comptoir.kernel.auth import SYSTEM
from comptoir.kernel.auth.keys import add_key
from comptoir.kernel.ids import uuid7
from comptoir.kernel.settings import Settings
from comptoir.orders import Delivery, PaymentRefused
from comptoir.orders.payments import Simulator, paid, perform
from orders.test_checkout import ground, house  # noqa: F401  fixtures
from reuse import application, empty

pytestmark = pytest.mark.anyio

TABLES = (
    "orders.sale, orders.sale_line, orders.discount, orders.tender, orders.parcel, orders.fulfilment_act, orders.task,"
    " orders.cancellation, orders.cancellation_line, orders.customer_return, orders.customer_return_line"
)


class Desk:
    """Two shops over HTTP, with a client as a clerk and one as a manager."""

    def __init__(self, house, client, manager):  # noqa: F811
        self.house, self.client, self.keys, self.simulator = house, client, manager, house.simulator

    async def __call__(self, method, path, body=None, *, manager=False, status=200):
        head = {"authorization": f"Bearer {self.keys[manager]}"}
        answer = await self.client.request(method, f"/v1/orders/{path}", json=body, headers=head)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def buy(self, **lines):
        """An order of the web shop: its id."""
        return (await self.house.buy(**lines)).basket_id

    async def hand_over(self, order_id, pieces=None):
        """What is open of the order leaves, or so many pieces of its line 1; returns the receipts' ids."""
        life = await self("GET", f"fulfilments/of/{order_id}")
        for work in life["fulfilments"]:
            at = f"fulfilments/{work['fulfilment_id']}"
            if work["state"] in {"done", "cancelled"}:
                continue
            if work["state"] == "open":
                await self("POST", f"{at}/accept", {})
            lines = [
                {"line": one["line"], "pieces": one["open"] if pieces is None else pieces} for one in work["lines"]
            ]
            await self("POST", f"{at}/pick", {"picked": lines})
            await self("POST", f"{at}/ship", {"carrier": "post"})
        return [one["sale_id"] for one in (await self("GET", f"fulfilments/of/{order_id}"))["parcels"]]

    async def sell(self, number, amount, *, quantity=1, tenders=None, outlet="lyon", discount=0):
        """A till's receipt of shirts: its id."""
        body = {
            "outlet": outlet, "number": number, "occurred_at": "2026-05-04T12:00:00Z", "currency": "EUR",
            "lines": [{
                "sku": "shirt", "amount_minor": amount + discount, "quantity_thousandths": quantity * 1000,
                "discounts": [{"kind": "retail", "amount_minor": discount}] if discount else [],
            }],
            "total_minor": amount, "tenders": tenders or [{"kind": "cash", "amount_minor": amount}],
        }  # fmt: skip
        found = await self("POST", "sales", body)
        return found["results"][0]["sale"]["sale_id"]

    async def money(self, order_id):
        """Authorised, captured, refunded; what the bank has done."""
        await perform(self.house.db, {"simulator": self.simulator})
        async with self.house.db.reading() as tx:
            found = (await paid(tx, order_ids=[order_id]))[order_id]
        taken = sum(sum(one.values()) for one in self.simulator.captured.values())
        given = sum(sum(one.values()) for one in self.simulator.refunded.values())
        assert (found.captured_minor, found.refunded_minor) == (taken, given)
        return found.authorised_minor, taken, given

    async def stock(self, **wanted):
        """What lies of the shirts at the shops: sellable, damaged, quarantine."""
        async with self.house.db.reading() as tx:
            found = {
                code: tuple(numbers)
                for code, *numbers in await tx.tuples(
                    "SELECT location, sellable, damaged, quarantine FROM inventory.v_balance WHERE variant_id = %(v)s",
                    v=self.house.variants["shirt"],
                )
            }
        assert {code: found.get(code) for code in wanted} == wanted

    async def revenue(self):
        async with self.house.db.reading() as tx:
            return await tx.value("SELECT coalesce(sum(total_minor), 0)::bigint FROM orders.sale")


@pytest.fixture
async def desk(house):  # noqa: F811
    async with house.db.transaction() as tx:
        await empty(tx, TABLES)
        await channels.record_outlets(tx, outlets=[
            channels.OutletEntry(
                channel="shop", code=code, name=code.title(), country="FR", time_zone="Europe/Paris", currency="EUR"
            ) for code in ("lyon", "nice")
        ])  # fmt: skip
        await inventory.record_locations(tx, [
            inventory.LocationEntry(code=code, kind="shop", name=code, outlet=code) for code in ("lyon", "nice")
        ])  # fmt: skip
        keys = [
            (
                await add_key(tx, name=f"{scope}-{uuid7()}", scopes=[f"orders:{scope}", "profiles:read"], actor=SYSTEM)
            ).token
            for scope in ("write", "admin")
        ]
    async with application(Settings(simulated_payments=True), house.db) as app:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            yield Desk(house, client, keys)


def back(sale_id, quantity=1, line_number=1, **more):
    return {"sale_id": sale_id, "line_number": line_number, "quantity": quantity, "reason": "size", **more}


# ---- cancelling


async def test_an_order_is_cancelled_whole(desk):
    await desk.house.stock(north_shirt=3)
    order_id = await desk.buy(shirt=2)
    made = await desk("POST", f"book/{order_id}/cancellations", {"reason": "changed_mind"})
    assert (made["amount_minor"], made["delivery_minor"], made["refunded_minor"]) == (2490, 490, 0)
    assert (await desk("GET", f"book/{order_id}"))["state"] == "cancelled"
    assert await desk.money(order_id) == (2490, 0, 0)
    assert desk.simulator.voided == {f"sim-{order_id}-0-2490"}
    await desk.stock(north=(3, 0, 0))
    assert next(iter((await desk.house.balances()).values()))[2] == 0
    again = await desk("POST", f"book/{order_id}/cancellations", {"reason": "changed_mind"}, status=409)
    assert again["code"] == "orders.not_open"
    await desk.house.right()


async def test_pieces_are_cancelled_and_the_rest_costs_what_it_did(desk):
    await desk.house.stock(north_shirt=3)
    order_id = await desk.buy(shirt=3)
    asked = {"cancellation_id": str(uuid7()), "lines": [{"line": 1, "quantity": 1}], "reason": "too_many"}
    first = await desk("POST", f"book/{order_id}/cancellations", asked)
    assert first == await desk("POST", f"book/{order_id}/cancellations", asked)
    assert (first["amount_minor"], first["delivery_minor"]) == (1000, 0)
    for other in ({"reason": "late"}, {"lines": [{"line": 1, "quantity": 2}]}, {"lines": []}):
        refused = await desk("POST", f"book/{order_id}/cancellations", asked | other, status=409)
        assert refused["code"] == "orders.id_taken", other
    await desk.house.right()
    await desk.hand_over(order_id)
    assert await desk.money(order_id) == (3490, 2490, 0)
    assert desk.simulator.voided and await desk.revenue() == 2490
    await desk.house.right()


async def test_what_is_picked_goes_back_to_the_shelf_and_what_left_stays_sold(desk):
    await desk.house.stock(north_shirt=3)
    order_id = await desk.buy(shirt=3)
    await desk.hand_over(order_id, pieces=1)
    too_many = {"lines": [{"line": 1, "quantity": 3}], "reason": "late"}
    refused = await desk("POST", f"book/{order_id}/cancellations", too_many, status=409)
    assert refused["data"]["open"] == 2
    (work,) = (await desk("GET", f"fulfilments/of/{order_id}"))["fulfilments"]
    picked = {"picked": [{"line": 1, "pieces": 1}]}
    await desk("POST", f"fulfilments/{work['fulfilment_id']}/pick", picked)
    made = await desk("POST", f"book/{order_id}/cancellations", {"reason": "late", "by": "agent"})
    assert (made["amount_minor"], made["delivery_minor"]) == (2000, 0)
    assert (await desk("GET", f"book/{order_id}"))["state"] == "done"
    assert await desk.money(order_id) == (3490, 1490, 0)
    await desk.stock(north=(2, 0, 0))
    await desk.house.right()


async def a_box_on_its_way(desk):
    """Two shirts of an order, sent from the south to be collected in the north."""
    await desk.house.stock(south_shirt=2)
    basket_id = await desk.house.basket(shirt=2, delivery=Delivery(method="collect", location="north"))
    order_id = (await desk.house.pay(basket_id)).basket_id
    (sent,) = (await desk("GET", f"fulfilments/of/{order_id}"))["fulfilments"]
    at = f"fulfilments/{sent['fulfilment_id']}"
    await desk("POST", f"{at}/accept", {})
    await desk("POST", f"{at}/pick", {"picked": [{"line": 1, "pieces": 2}]})
    await desk("POST", f"{at}/send", {})
    box = (await desk("GET", f"fulfilments/of/{order_id}"))["fulfilments"][1]
    return order_id, box


@pytest.mark.parametrize(("lost", "cancelled"), [(0, 2), (0, 1), (1, 1)])
async def test_what_was_cancelled_on_its_way_is_free_where_it_arrives(desk, lost, cancelled):
    order_id, box = await a_box_on_its_way(desk)
    at = f"fulfilments/{box['fulfilment_id']}"
    if lost:
        await desk("POST", f"{at}/reject", {"reason": "lost", "lines": [{"line": 1, "pieces": lost}]})
    asked = {"lines": [{"line": 1, "quantity": cancelled}], "reason": "late"}
    await desk("POST", f"book/{order_id}/cancellations", asked)
    await desk.house.right()
    for _ in range(2):
        here = await desk("POST", f"{at}/arrive", {})
    left = 2 - lost - cancelled
    assert (here["state"], here["lines"][0]["picked"]) == ("accepted" if left else "cancelled", left)
    await desk.stock(north=(2 - lost, 0, 0))
    async with desk.house.db.reading() as tx:
        under_way = "SELECT coalesce(sum(sellable), 0) FROM inventory.balance WHERE location_id = %(at)s"
        assert await tx.value(under_way, at=inventory.TRANSIT) == 0
    tasks = (await desk("GET", "fulfilments/tasks?location=north"))["items"]
    assert [one["data"]["pieces"] for one in tasks if one["kind"] == "not_wanted"] == [{"1": cancelled}]
    await desk.house.right()


@pytest.mark.parametrize("cancelled", [2, 1])
async def test_a_box_that_is_lost_takes_what_was_cancelled_on_its_way_along(desk, cancelled):
    order_id, box = await a_box_on_its_way(desk)
    asked = {"lines": [{"line": 1, "quantity": cancelled}], "reason": "late"}
    await desk("POST", f"book/{order_id}/cancellations", asked)
    for _ in range(2):
        gone = await desk("POST", f"fulfilments/{box['fulfilment_id']}/reject", {"reason": "lost"})
        assert gone["state"] == "cancelled"
    async with desk.house.db.reading() as tx:
        under_way = "SELECT coalesce(sum(sellable), 0) FROM inventory.balance WHERE location_id = %(at)s"
        assert await tx.value(under_way, at=inventory.TRANSIT) == 0
    tasks = (await desk("GET", "fulfilments/tasks?location=north"))["items"]
    assert [one["data"]["pieces"] for one in tasks if one["kind"] == "lost"] == [{"1": 2}]
    assert (await desk("GET", f"book/{order_id}"))["state"] == "cancelled"
    await desk.house.right()


# ---- giving back


async def test_bought_online_returned_in_another_shop(desk):
    await desk.house.stock(north_shirt=3)
    order_id = await desk.buy(shirt=2)
    (sale_id,) = await desk.hand_over(order_id)
    (receipt,) = await desk("GET", f"book/{order_id}/returnable")
    assert [one["quantity"] - one["taken"] for one in receipt["lines"]] == [2, 1]
    first = await desk("POST", "returns/at-counter", {"location": "nice", "lines": [back(sale_id, state="sellable")]})
    assert (first["refund_minor"], first["state"], first["order_id"]) == (1000, "received", str(order_id))
    assert await desk.money(order_id) == (2490, 2490, 1000)
    await desk.stock(north=(1, 0, 0), nice=(1, 0, 0))
    # The delivery goes back with the last piece.
    second = await desk("POST", "returns/at-counter", {"location": "lyon", "lines": [back(sale_id)]})
    assert second["refund_minor"] == 1490
    assert await desk.money(order_id) == (2490, 2490, 2490)
    assert await desk.revenue() == 0
    await desk.stock(lyon=(0, 0, 1))
    late = await desk("POST", "returns/at-counter", {"location": "lyon", "lines": [back(sale_id)]}, status=409)
    assert late["code"] == "orders.not_returnable"
    await desk.house.right()


async def test_the_tax_of_what_is_given_back_is_the_tax_that_was_paid(desk):
    """WooCommerce #41919, Medusa #14136: the tax of a refund was reckoned anew, and was another one by then."""

    async def rate(millionths):
        async with desk.house.db.transaction() as tx:
            await tx.run("DELETE FROM pricing.tax_rate")
            if millionths:
                await pricing.set_tax_rates(tx, rates=[pricing.TaxRate(country="FR", rate_millionths=millionths)])

    await rate(200_000)
    try:
        await desk.house.stock(north_shirt=3)
        order_id = await desk.buy(shirt=3)
        await rate(55_000)
        (sale_id,) = await desk.hand_over(order_id)
        sold = await desk("GET", f"sales/{sale_id}")
        for _ in range(3):
            await desk("POST", "returns/at-counter", {"location": "nice", "lines": [back(sale_id)]})
    finally:
        await rate(0)
    assert sold["tax_minor"] == 500 + 82
    async with desk.house.db.reading() as tx:
        taxes = await tx.values("SELECT tax_minor FROM orders.sale WHERE is_return ORDER BY sale_id")
    assert (sum(taxes), -taxes[0]) == (-sold["tax_minor"], 167)
    assert await desk.money(order_id) == (3490, 3490, 3490)
    await desk.house.right()


async def test_two_tills_take_the_same_piece_back_once(desk):
    sale_id = await desk.sell("1", 1500)

    async def take(location):
        head = {"authorization": f"Bearer {desk.keys[0]}"}
        body = {"location": location, "lines": [back(sale_id)]}
        return await desk.client.post("/v1/orders/returns/at-counter", json=body, headers=head)

    answers = await asyncio.gather(*(take(location) for location in ("lyon", "nice", "lyon", "nice")))
    assert sorted(one.status_code for one in answers) == [200, 409, 409, 409], [one.text for one in answers]
    assert await desk.revenue() == 0
    await desk.house.right()


async def test_announced_goods_are_received_looked_at_and_paid_apart(desk):
    await desk.house.stock(north_shirt=3)
    order_id = await desk.buy(shirt=2)
    (sale_id,) = await desk.hand_over(order_id)
    asked = {"return_id": str(uuid7()), "lines": [back(sale_id, 2)], "location": "north"}
    made = await desk("POST", "returns", asked)
    assert made == await desk("POST", "returns", asked)
    assert (made["state"], made["refund_minor"]) == ("announced", None) and made["return_number"] > 500_000
    at = f"returns/{made['return_id']}"
    received = await desk("POST", f"{at}/receipt", {"location": "north"})
    assert received == await desk("POST", f"{at}/receipt", {"location": "north"})
    await desk.stock(north=(1, 0, 2))
    assert await desk.money(order_id) == (2490, 2490, 0)
    verdicts = [{"place": 1, "quantity": 1, "state": "sellable"}, {"place": 1, "quantity": 1, "state": "damaged"}]
    await desk("POST", f"{at}/inspection", {"verdicts": verdicts})
    await desk("POST", f"{at}/inspection", {"verdicts": verdicts}, status=409)
    await desk.stock(north=(2, 1, 0))
    settled = await desk("POST", f"{at}/refund", {"fee_minor": 290, "kept_minor": 200})
    assert settled["refund_minor"] == 2000
    assert settled == await desk("POST", f"{at}/refund", {})
    assert await desk.money(order_id) == (2490, 2490, 2000)
    assert await desk.revenue() == 490
    await desk.house.right()


async def test_what_was_announced_and_is_named_at_the_counter_has_come(desk):
    await desk.house.stock(north_shirt=3)
    (sale_id,) = await desk.hand_over(order_id := await desk.buy(shirt=3))
    announced = [{"return_id": str(uuid7()), "lines": [back(sale_id)], "location": "nice"} for _ in range(3)]
    for one in announced:
        await desk("POST", "returns", one)
    made = [await desk("POST", "returns/at-counter", announced[0]) for _ in range(2)]
    assert made[0] == made[1] and (made[0]["state"], made[0]["refund_minor"]) == ("received", 1000)
    await desk("POST", "exchanges", {**announced[1], "instead": [{"sku": "bag"}]})
    await desk.stock(nice=(0, 0, 2))
    assert await desk.money(order_id) == (3490, 3490, 1000)
    await desk("POST", f"returns/{announced[2]['return_id']}/giving-up")
    assert (await desk("POST", "returns/at-counter", announced[2], status=409))["code"] == "orders.return_settled"
    await desk.house.right()


async def test_a_tills_sale_is_given_back_as_it_was_paid(desk):
    tenders = [{"kind": "cash", "amount_minor": 500}, {"kind": "card", "amount_minor": 999}]
    sale_id = await desk.sell("7", 1499, quantity=3, tenders=tenders, discount=2)
    wrong = {"tenders": [{"kind": "cash", "amount_minor": 1000}]}
    asked = {"location": "nice", "lines": [back(sale_id, 2)]}
    # A third of 1499 and 2 cents, to the cent over all pieces.
    assert (await desk("POST", "returns/at-counter", asked | {"refund": wrong}, status=422))["code"] == (
        "orders.tender_refused"
    )
    by_cash = {"tenders": [{"kind": "cash", "amount_minor": 999}]}
    await desk("POST", "returns/at-counter", asked | {"refund": by_cash}, status=422)
    first = await desk("POST", "returns/at-counter", asked)
    second = await desk("POST", "returns/at-counter", {"location": "nice", "lines": [back(sale_id)]})
    assert (first["refund_minor"], second["refund_minor"]) == (999, 500)
    async with desk.house.db.reading() as tx:
        given = await tx.tuples("SELECT kind, -sum(amount_minor)::bigint FROM orders.tender WHERE amount_minor < 0"
                                " GROUP BY kind ORDER BY kind")  # fmt: skip
        outlets = await tx.values("SELECT DISTINCT outlet FROM orders.v_sale JOIN channels.v_outlet AS o"
                                  " USING (outlet_id) CROSS JOIN LATERAL (SELECT o.code AS outlet) AS x"
                                  " WHERE is_return")  # fmt: skip
    assert given == [("card", 999), ("cash", 500)] and outlets == ["nice"]
    await desk.house.right()


async def test_a_receipt_that_a_till_recorded_counts_too(desk):
    sale_id = await desk.sell("9", 3000, quantity=3)
    taken = {
        "outlet": "nice", "number": "r-1", "occurred_at": "2026-05-05T12:00:00Z", "currency": "EUR", "kind": "return",
        "lines": [{"sku": "shirt", "amount_minor": 2000, "quantity_thousandths": 2000}], "total_minor": 2000,
        "takes_back": {"outlet": "lyon", "number": "9"},
    }  # fmt: skip
    await desk("POST", "sales", taken)
    asked = {"location": "lyon", "lines": [back(sale_id, 2)]}
    refused = await desk("POST", "returns/at-counter", asked, status=409)
    assert refused["data"]["lines"][0]["left"] == 1
    await desk("POST", "returns/at-counter", {"location": "lyon", "lines": [back(sale_id)]})
    assert await desk.revenue() == 0


async def test_money_that_was_never_taken_is_not_given(desk):
    class Broken(Simulator):
        async def capture(self, **_):
            raise PaymentRefused("The card has expired.")

    await desk.house.stock(north_shirt=3)
    order_id = await desk.buy(shirt=1)
    (sale_id,) = await desk.hand_over(order_id)
    await perform(desk.house.db, {"simulator": Broken()})
    asked = {"location": "nice", "lines": [back(sale_id)]}
    made = await desk("POST", "returns/at-counter", asked)
    assert made["state"] == "received"
    assert await desk.money(order_id) == (1490, 0, 0) and await desk.revenue() == 0
    # Nor is it taken any more: it would be money for goods that have come back.
    again = await desk("POST", f"book/{order_id}/payments/again", {}, status=409)
    assert (again["code"], again["data"]) == ("orders.nothing_owed", {"excess_minor": 1490})
    assert await desk.money(order_id) == (1490, 0, 0)
    for verb, path in (("GET", "payments"), ("POST", "payments/again")):
        nobody = await desk(verb, f"book/{uuid7()}/{path}", {}, status=404)
        assert nobody["code"] == "orders.unknown_order"
    await desk.house.right()


async def test_before_the_goods_are_back_a_manager_gives_the_money(desk):
    await desk.house.stock(north_shirt=1)
    sale_id = await desk.sell("1", 50_000)
    made = await desk("POST", "returns", {"lines": [back(sale_id)]})
    at = f"returns/{made['return_id']}"
    assert (await desk("POST", f"{at}/refund", {}, status=403))["code"] == "orders.approval_needed"
    assert (await desk("POST", f"{at}/refund", {}, manager=True))["refund_minor"] == 50_000
    received = await desk("POST", f"{at}/receipt", {"location": "lyon", "state": "sellable", "refund": {}})
    assert received["refund_minor"] == 50_000 and await desk.revenue() == 0
    await desk("POST", f"{at}/giving-up", {}, status=409)
    await desk.stock(lyon=(1, 0, 0))
    other = await desk("POST", "returns", {"lines": [back(await desk.sell("2", 100))]})
    assert (await desk("POST", f"returns/{other['return_id']}/giving-up", {}))["state"] == "given_up"


async def test_a_piece_that_lies_here_unpaid_is_not_paid_to_somebody_else(desk):
    sale_id = await desk.sell("1", 500)
    ahead = await desk("POST", "returns", {"lines": [back(sale_id)]})
    here = await desk("POST", "returns/at-counter", {"location": "nice", "lines": [back(sale_id)], "refund": None})
    assert (here["state"], here["refund_minor"]) == ("received", None)
    for path, body in (("refund", {}), ("receipt", {"location": "lyon"})):
        refused = await desk("POST", f"returns/{ahead['return_id']}/{path}", body, status=409)
        assert refused["code"] == "orders.not_returnable"
    assert (await desk("POST", f"returns/{here['return_id']}/refund", {}))["refund_minor"] == 500
    await desk.house.right()


async def test_two_lines_of_one_piece_are_one_piece(desk):
    sale_id = await desk.sell("1", 1000, quantity=2)
    both = await desk("POST", "returns", {"lines": [back(sale_id), back(sale_id)]})
    await desk("POST", "returns/at-counter", {"location": "nice", "lines": [back(sale_id)]})
    at = f"returns/{both['return_id']}/receipt"
    refused = await desk("POST", at, {"location": "lyon"}, status=409)
    assert refused["data"]["left"] == 1
    await desk.house.right()
