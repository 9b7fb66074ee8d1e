"""`comptoir bench checkout`: complete checkouts a second over HTTP, in six durable calls each.

Basket, line, delivery with address, quote (price list, one promotion, tax, sourcing, hold), payment, order (with its
facts in the log). 64 clients. 2,000 orders over 200 SKUs and 5 locations; and 2,000 buyers for 500 units of one SKU at
one location, of whom exactly 500 may get one.
"""

import random
from typing import Any
from uuid import UUID

from comptoir import catalog, inventory, pricing
from comptoir.kernel.db import Database
from comptoir.kernel.ids import uuid7
from comptoir.server.bench import own_database, own_server
from comptoir.server.bench.load import Flow, empty, load, request
from comptoir.server.bench.reserve import CLIENTS, furnish, furnished

SKUS, LOCATIONS, UNITS = 200, 5, 10_000
ORDERS = 2_000
FEW = 500
REACH = {"checkouts_per_second": 667, "p99_ms": 300}
AIM = {"checkouts_per_second": 1_500}


async def run(size: int = ORDERS) -> dict[str, Any]:
    """The figures. `size` is the number of orders per measurement."""
    figures: dict[str, Any] = {}
    placed = 0
    async with own_database(size=4) as db:
        key = await furnish(db, skus=SKUS + 2, places=LOCATIONS, units=UNITS)
        await _price(db)
        for servers, label in ((1, ""), (2, "_2_servers")):
            await _keep(db, f"sku-{SKUS + servers - 1}", FEW)
            async with own_server(db.url, api=servers, settings={"COMPTOIR_SIMULATED_PAYMENTS": "true"}) as address:
                port = int(address.rpartition(":")[2])
                await load(port, [flow(key, SKUS // 2) for _ in range(200)], connections=CLIENTS)
                chance = random.Random(servers)  # noqa: S311
                if servers == 1:
                    figures["empty_requests_per_second"] = round(await empty(port))
                flows = [flow(key, chance.randrange(SKUS)) for _ in range(size)]
                found = await load(port, flows, connections=CLIENTS)
                figures[f"checkouts_per_second{label}"] = round(found.per_second)
                figures[f"p50_ms{label}"], figures[f"p99_ms{label}"] = found.p50_ms, found.p99_ms
                figures[f"refused{label}"] = sum(n for status, n in found.statuses.items() if status != 200)
                hot = await load(port, [flow(key, SKUS + servers - 1) for _ in range(2_000)], connections=CLIENTS)
                figures[f"hot_buyers_per_second{label}"] = round(hot.per_second)
                figures[f"hot_p99_ms{label}"] = hot.p99_ms
                placed += 200 + size
        async with db.reading() as tx:
            sold = [await _sold(tx, f"sku-{SKUS + n}") for n in range(2)]
            orders = await tx.value("SELECT count(*) FROM orders.sales_order")
            facts = await tx.value("SELECT count(*) FROM kernel.event WHERE kind = 'orders.order_placed'")
            faults = await inventory.reconcile(tx)
    figures["share_of_empty"] = round(6 * figures["checkouts_per_second"] / figures["empty_requests_per_second"], 3)
    figures |= {"sold_of_500": sold, "orders": orders, "facts": facts, "faults": len(faults)}
    right = sold == [FEW, FEW] and orders == facts == placed + 2 * FEW and not faults and not figures["refused"]
    fast = figures["checkouts_per_second"] >= REACH["checkouts_per_second"] and figures["p99_ms"] < REACH["p99_ms"]
    return {"figures": figures, "reach": {**REACH, "aim": AIM}, "ok": right and fast}


def flow(key: str, sku: int) -> Flow:
    """The six calls of one shopper."""
    basket: UUID = uuid7()
    at = f"/v1/orders/baskets/{basket}"
    address = {"name": "A. Shopper", "street": "1 rue du Test", "postcode": "69001", "city": "Lyon", "country": "FR"}
    return [
        request("POST", "/v1/orders/baskets", key=key, body={"outlet": "web", "basket_id": str(basket)}),
        request("PUT", f"{at}/lines/1", key=key, body={"sku": f"sku-{sku}", "quantity": 1}),
        request("PUT", f"{at}/delivery", key=key, body={"method": "ship", "address": address, "amount_minor": 490}),
        request("POST", f"{at}/quote", key=key),
        request("POST", f"{at}/payment", key=key, body={"provider": "simulator", "token": "ok"}),
        request("POST", f"{at}/order", key=key),
    ]


async def _price(db: Database) -> None:
    """A price list, a tax, and one promotion that applies."""
    async with db.transaction() as tx:
        await pricing.set_price_list(
            tx, code="shop", entry=pricing.PriceListEntry(name="Shop", currency="EUR", tax_included=True)
        )
        prices = [pricing.NewPrice(sku=f"sku-{n}", amount_minor=1_000 + n) for n in range(SKUS + 2)]
        await pricing.import_prices(tx, code="shop", prices=prices)
        await pricing.set_tax_rates(tx, rates=[pricing.TaxRate(country="FR", rate_millionths=200_000)])
        tenth = pricing.PromotionEntry(name="A tenth off", scope="line", benefit=pricing.Percent(basis_points=1_000))
        await pricing.set_promotion(tx, code="tenth", entry=tenth)


async def _keep(db: Database, sku: str, units: int) -> None:
    """Leave so many of it, all at one location."""
    async with db.transaction() as tx:
        variant = (await catalog.variants_by_sku(tx, [sku]))[sku].variant_id
        places = await furnished(tx)
        lost = [
            inventory.Move(
                variant_id=variant, quantity=UNITS - (0 if number else units), act="adjust", is_fact=True,
                from_location_id=place.location_id, to_location_id=inventory.ADJUSTMENT,
            )
            for number, place in enumerate(places)
            if number or units < UNITS
        ]  # fmt: skip
        await inventory.post(tx, lost)


async def _sold(tx: Any, sku: str) -> int:
    variant = (await catalog.variants_by_sku(tx, [sku]))[sku].variant_id
    return await tx.value(
        "SELECT coalesce(sum(quantity), 0)::int FROM orders.sales_order_line WHERE variant_id = %(v)s", v=variant
    )
