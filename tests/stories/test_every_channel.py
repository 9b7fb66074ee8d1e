"""One stock and one order book behind every channel, from the first look to the money: over HTTP alone.

At the end of each story the customer has what she wanted, the money is what the goods cost, and the books agree.
"""

import json

import pytest

from comptoir.kernel.ids import uuid7
from connectors.payloads import shopify_order
from connectors.test_deliveries import Shop
from stories.high_street import PRICE, SHIP, Caller, collect, high_street
from tills.till import NOON, Till

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="session")
async def open_street(server_url, template, worker_id, anyio_backend):
    async with high_street(server_url, template, worker_id) as street:
        yield street


@pytest.fixture
async def street(open_street):
    yield open_street
    await open_street.right()


async def test_click_and_collect_with_a_short_pick(street):
    """One of two pairs is not on the shelf: the other shop sends one, and she collects both where she wanted to."""
    boots = (await street.sells("boots", "38", lyon_38=2, nice_38=1))["38"]
    order = await street.buy(street.site, "site", collect("lyon"), **{boots: 2})
    assert order["total_minor"] == 2 * PRICE
    assert await street.offered(boots) == {"nice": 1}
    here = (await street.works(order))["lyon", "open"]
    await street.do(street.lyon, here, "accept", picker="Bea")
    await street.do(street.lyon, here, "pick", picked=[{"line": 1, "pieces": 1}])
    short = {"reason": "not_found", "lines": [{"line": 1, "pieces": 1}]}
    await street.do(street.lyon, here, "reject", **short)
    assert await street.offered(boots) == {}, "what could not be found is not offered, and the other pair is hers"

    there = (await street.works(order))["nice", "open"]
    assert (there["method"], there["destination"]) == ("transfer", "lyon")
    await street.pick(street.nice, there)
    await street.do(street.nice, there, "send", tracking="T1")
    box = (await street.works(order))["lyon", "coming"]
    await street.do(street.lyon, box, "arrive")
    for one in (here, box):
        await street.do(street.lyon, one, "ready", shelf="A1")
        await street.do(street.lyon, one, "hand-over", proof={"name": "Leo", "is_proxy": True})
    order = await street.order(order["order_id"])
    assert (order["state"], sum(one["handed_over"] for one in order["pieces"])) == ("done", 2)
    assert await street.sales(order) == [PRICE, PRICE]
    assert await street.money(order) == (2 * PRICE, 0)
    assert await street.lies(boots) == {}
    (task,) = (await street.office("GET", "orders/fulfilments/tasks", order_id=order["order_id"]))["items"]
    assert task["kind"] == "not_found", "somebody counts that shelf"


async def test_a_parcel_is_sent_from_a_shop(street):
    """The site has no warehouse: a shop declines, another one packs and sends it."""
    coat = (await street.sells("coat", "M", lyon_M=1, nice_M=1))["M"]
    order = await street.buy(street.site, "site", SHIP, **{coat: 1})
    ((first, _),) = await street.works(order)
    staff = {"lyon": street.lyon, "nice": street.nice}
    other = "nice" if first == "lyon" else "lyon"
    await street.do(staff[first], (await street.works(order))[first, "open"], "reject", reason="declined")
    parcel = (await street.works(order))[other, "open"]
    await street.pick(staff[other], parcel)
    await street.do(staff[other], parcel, "pack", sscc="106141412345678908", carrier="post")
    await street.do(staff[other], parcel, "ship", tracking="T2")
    assert (await street.order(order["order_id"]))["state"] == "done"
    assert await street.sales(order) == [PRICE + 490]
    assert await street.money(order) == (PRICE + 490, 0)
    assert await street.lies(coat) == {first: (1, 0, 0)}


async def test_bought_online_and_returned_in_another_shop(street):
    """The goods stay where she gave them back, the money goes back the way it came, once."""
    dress = (await street.sells("dress", "36", lyon_36=3))["36"]
    order = await street.buy(street.site, "site", SHIP, **{dress: 2})
    await street.ship(street.lyon, (await street.works(order))["lyon", "open"])
    (receipt,) = await street.nice("GET", f"orders/book/{order['order_id']}/returnable")
    # A line of what she bought, and one of what its delivery cost.
    back = {"location": "nice", "lines": [{"sale_id": receipt["sale_id"], "line_number": 1, "quantity": 1,
                                           "reason": "size", "state": "sellable"}]}  # fmt: skip
    made = await street.nice("POST", "orders/returns/at-counter", back)
    assert (made["refund_minor"], made["order_id"]) == (PRICE, order["order_id"])
    assert await street.money(order) == (2 * PRICE + 490, PRICE)
    assert await street.lies(dress) == {"lyon": (1, 0, 0), "nice": (1, 0, 0)}
    assert await street.offered(dress) == {"lyon": 1, "nice": 1}, "it is sold again at once, there"
    await street.nice("POST", "orders/returns/at-counter", back)
    await street.nice("POST", "orders/returns/at-counter", back, status=409, code="orders.not_returnable")
    assert await street.money(order) == (2 * PRICE + 490, 2 * PRICE + 490)


async def test_the_call_centre_goes_on_with_the_basket_of_the_web(street):
    """She fills it in her browser and calls; the agent sees it, adds to it and places the order. Nothing is lost."""
    hat, scarf = (await street.sells("hats", "blue", "red", lyon_blue=1, lyon_red=4)).values()
    basket_id = await street.fill(street.site, "site", SHIP)
    at = f"orders/baskets/{basket_id}"
    browser = Caller(street.client, (await street.site("POST", f"{at}/tokens", {}))["token"])
    await browser("PUT", f"{at}/lines/1", {"sku": hat, "quantity": 1})
    await browser("PUT", f"{at}/delivery", SHIP | {"amount_minor": 0})  # what it costs is not for her to say
    web = await browser("POST", f"{at}/quote", {})
    assert await street.offered(hat) == {}, "the only one is kept for her"

    # The agent cannot look into baskets of the site: she reads out a code.
    await street.agent("GET", at, status=403, code="orders.not_your_basket")
    code = (await browser("POST", f"{at}/claim-codes", {}))["code"]
    taken = await street.agent("POST", "orders/baskets/claims", {"code": code.lower(), "outlet": "calls"})
    assert (taken["channel"], taken["lines"][0]["sku"], taken["amounts"]) == ("phone", hat, None)
    assert await street.lies(hat) == {"lyon": (1, 1, 0)}, "and stays kept while they talk"
    await street.agent("POST", "orders/baskets/claims", {"code": code, "outlet": "calls"}, status=404)
    quoted = await street.agent("POST", f"{at}/quote", {})
    assert quoted["amounts"]["total_minor"] == web["amounts"]["total_minor"], "the price is the same on the telephone"
    await street.agent("PUT", f"{at}/lines/2", {"sku": scarf, "quantity": 2})
    assert [one["quantity"] for one in (await browser("GET", at))["lines"]] == [1, 2], "she sees it in her browser"

    order = await street.checkout(street.agent, basket_id)
    assert (order["channel"], order["total_minor"]) == ("phone", 3 * PRICE + 490)
    late = {"sku": hat, "quantity": 2}
    await browser("PUT", f"{at}/lines/1", late, status=409, code="orders.basket_closed")
    await street.ship(street.lyon, (await street.works(order))["lyon", "open"])
    assert (await street.order(order["order_id"]))["state"] == "done"
    assert await street.money(order) == (3 * PRICE + 490, 0)
    assert await street.lies(scarf) == {"lyon": (2, 0, 0)} and await street.lies(hat) == {}
    (total,) = await street.office("GET", "orders/totals", by="outlet", outlet="calls")
    assert total["total_minor"] == 3 * PRICE + 490, "it counts where it was sold"


async def test_endless_aisle(street):
    """She stands in Lyon, and the last pair lies in Nice: Lyon sells it, Nice sends it to her home."""
    pumps = (await street.sells("pumps", "37", nice_37=1))["37"]
    assert await street.near(pumps) == {"lyon": "out", "nice": "limited"}
    assert await street.offered(pumps, channel="shop", method="ship") == {"nice": 1}
    order = await street.buy(street.lyon, "lyon", SHIP, **{pumps: 1})
    assert order["channel"] == "shop"
    # Whoever comes after her is told so before paying.
    late = await street.fill(street.site, "site", SHIP, **{pumps: 1})
    refused = await street.site("POST", f"orders/baskets/{late}/quote", {}, status=409)
    assert refused["data"] == {"missing": [{"line": 1, "missing": 1}]}
    await street.ship(street.nice, (await street.works(order))["nice", "open"], carrier="post")
    assert await street.money(order) == (PRICE + 490, 0)
    assert await street.lies(pumps) == {}
    (total,) = await street.office("GET", "orders/totals", by="outlet", outlet="lyon")
    assert total["total_minor"] == PRICE + 490, "the shop that sold it has the revenue"


# ---- her size


async def test_shoes_missing_in_her_size(street):
    """Her shop has the shoe, not in 39: another has, and keeps it for her. Then nobody has: she is told when it is back."""
    sizes = await street.sells("loafers", "38", "39", "40", lyon_38=2, lyon_40=1, nice_39=1)
    hers = sizes["39"]
    (shoe,) = (await street.office("GET", "catalog/products", q="loafers"))["items"]
    product = await street.office("GET", f"catalog/products/{shoe['product_id']}")
    by_size = {one["attributes"]["size"]: one["sku"] for one in product["variants"]}
    there = {size: (await street.near(sku))["lyon"] for size, sku in by_size.items()}
    assert there == {"38": "limited", "39": "out", "40": "limited"}
    assert await street.near(hers) == {"lyon": "out", "nice": "limited"}

    # Reserved in Nice, from the phone in her hand, and collected there.
    wish = {"sku": hers, "location": "lyon", "identifiers": {"email": "ana@posteo.example"}}
    in_lyon = str(uuid7())
    await street.office("POST", "inventory/asks", {"ask_id": in_lyon, **wish})
    order = await street.buy(street.site, "site", collect("nice"), **{hers: 1})
    assert await street.near(hers) == {"lyon": "out", "nice": "out"}
    work = (await street.works(order))["nice", "open"]
    await street.pick(street.nice, work)
    await street.do(street.nice, work, "ready", shelf="B2")
    await street.do(street.nice, work, "hand-over", proof={"name": "Ana", "code": "39"})
    assert await street.money(order) == (PRICE, 0)
    await street.office("DELETE", f"inventory/asks/{in_lyon}")

    # Two others come too late: nobody has it, and they ask to be told.
    asks = [str(uuid7()) for _ in range(2)]
    for ask_id, name in zip(asks, ("eve", "ida"), strict=True):
        told = {"ask_id": ask_id, "sku": hers, "identifiers": {"email": f"{name}@posteo.example"}}
        assert (await street.office("POST", "inventory/asks", told))["ahead"] == asks.index(ask_id)
    demand = {one["sku"]: one["waiting"] for one in await street.office("GET", "inventory/demand")}
    assert demand[hers] == 2, "the buyer sees it"
    one, delivery = {"sku": hers, "quantity": 1}, str(uuid7())
    await street.office("POST", "inventory/deliveries", {
        "transfer_id": delivery, "supplier": "Mill", "target": "lyon", "lines": [one]})  # fmt: skip
    assert await street.told("inventory.back_in_stock") == [], "on its way is not there"
    await street.lyon("POST", f"inventory/transfers/{delivery}/receipts", {"reference": "1", "lines": [one]})
    (fact,) = map(json.loads, await street.told("inventory.back_in_stock"))
    assert fact["ask_id"] == asks[0], "one pair, one message: to the first who asked"
    waits = [(await street.office("GET", f"inventory/asks/{ask_id}"))["told_at"] for ask_id in asks]
    assert waits[0] and not waits[1]
    order = await street.buy(street.site, "site", collect("lyon"), **{hers: 1})
    work = (await street.works(order))["lyon", "open"]
    await street.pick(street.lyon, work)
    await street.do(street.lyon, work, "hand-over", proof={"name": "Eve"})
    assert await street.money(order) == (PRICE, 0)
    assert await street.lies(hers) == {}


# ---- who tells us later


async def till_of(street, name, mark):
    made = await street.office("POST", "tills/devices", {"outlet": "lyon", "name": name})
    return Caller(street.client, made["token"]), Till(mark)


async def test_a_marketplace_takes_the_last_unit_while_a_till_sells_it(street):
    """Whoever has it in his hands keeps it. The other's order goes on from elsewhere, or is told to be short."""
    sock = (await street.sells("socks", "one", lyon_one=1))["one"]
    made = await street.office("POST", "connectors", {"name": "market", "platform": "shopify", "outlet": "market"})
    market = Shop(street.client, "market", "shopify", made["secret"])
    line, till = await till_of(street, "last", 6)
    till.sell(sock)

    payload = shopify_order(total_price="9.90", total_discounts="0.00", total_tax="0.83")
    payload["line_items"] = [payload["line_items"][1] | {"sku": sock}]
    for number in (7001, 7002):
        assert (await market.send("orders/create", payload | {"id": number})).status_code == 200
        await street.work_off()
    assert await street.lies(sock) == {"lyon": (1, 0, 1)}
    short = [json.loads(body) for body in await street.told("orders.external_order_short")]
    assert [one["number"] for one in short] == ["7002"], "the second one is told at once"

    sold = await line("POST", "tills/sync", {"sent_at": NOON.isoformat(), "entries": till.log})
    assert [one["state"] for one in sold["answers"]] == ["done"]
    assert await street.lies(sock) == {"lyon": (0, 0, 1)}
    assert await street.told("inventory.shortage_found")
    # A pair turns up in Nice: the order that was there first gets it, without anybody's doing.
    await street.nice("POST", "inventory/adjustments", {
        "lines": [{"sku": sock, "location": "nice", "quantity": 1, "reason": "found"}]})  # fmt: skip
    await street.work_off()
    (found,) = (await street.office("GET", "orders/fulfilments", location="nice", state="open"))["items"]
    order = await street.order(found["order_id"])
    await street.ship(street.nice, found, carrier="post")
    assert await street.sales(order) == [990]
    assert await street.lies(sock) == {}


async def test_a_till_that_was_alone_for_an_afternoon(street):
    """It sells on with the prices it took along, also what the site has promised since. Each act counts once."""
    belt = (await street.sells("belts", "85", lyon_85=4, nice_85=2))["85"]
    line, till = await till_of(street, "alone", 7)
    morning = await line("GET", "tills/snapshot")
    assert (morning["parts"]["prices"][belt]["amount_minor"], morning["parts"]["stock"][belt]["free"]) == (PRICE, 4)
    paid = {"lines": [{"sku": belt, "quantity_thousandths": 1000, "amount_minor": PRICE}], "total_minor": PRICE,
            "currency": "EUR", "tax_included": True, "tenders": [{"kind": "cash", "amount_minor": PRICE}]}  # fmt: skip
    for number in range(1, 5):
        till.add("sale", {**paid, "number": f"B{number}"})
    till.add("return", {**paid, "number": "B5", "to": "sellable"})
    # Meanwhile, and nobody in the shop knows of it, the site promises two of them.
    order = await street.buy(street.site, "site", collect("lyon"), **{belt: 2})

    async def send(entries):
        return await line("POST", "tills/sync", {"sent_at": NOON.isoformat(), "entries": entries})

    first = await send(till.log[:2])
    again = await send(till.log[:2])
    assert again["answers"] == first["answers"], "the answer was lost on its way"
    gap = await send(till.log[3:])
    assert gap["missing"] == [[3, 3]]
    whole = await send(till.log)
    assert (whole["missing"], whole["reached"]) == ([], 5)
    slips = await street.office("GET", "orders/sales", number="B", outlet="lyon")
    assert sorted(one["total_minor"] for one in slips["items"]) == [-PRICE, PRICE, PRICE, PRICE, PRICE]

    # 4 - 4 + 1 lie in Lyon and two are promised: one comes from Nice by itself.
    await street.work_off()
    works = await street.works(order)
    there = works["nice", "open"]
    await street.pick(street.nice, there)
    await street.do(street.nice, there, "send")
    box = (await street.works(order))["lyon", "coming"]
    await street.do(street.lyon, box, "arrive")
    await street.pick(street.lyon, works["lyon", "open"])
    for one in (works["lyon", "open"], box):
        await street.do(street.lyon, one, "hand-over", proof={"name": "Ana"})
    assert (await street.order(order["order_id"]))["state"] == "done"
    assert await street.money(order) == (2 * PRICE, 0)
    assert await street.lies(belt) == {"nice": (1, 0, 0)}
