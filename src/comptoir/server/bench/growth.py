"""`comptoir bench growth`: does a large shop cost more? The same work in a small house and in one that has grown.

Small: 1,000 articles at 20 places. Grown: 100,000 articles at 20 places, 2 million balances, 10 million entries of the
ledger. The two take turns on one PostgreSQL, since a shared machine changes its speed; each figure is the median of the
rounds, and the ratios say what is left in the grown house. Articles are chosen alike: 1,000 of them, all over the keys.
"""

import asyncio
import contextlib
import random
import statistics
import time
from collections import defaultdict
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
from psycopg import sql
from psycopg.conninfo import make_conninfo

from comptoir import catalog, inventory, pricing
from comptoir.kernel.db import Database
from comptoir.kernel.migrate import migrate
from comptoir.server.bench import own_database, own_server
from comptoir.server.bench.checkout import flow
from comptoir.server.bench.load import Flow, load, request
from comptoir.server.bench.reserve import CLIENTS, furnish, furnished

PLACES = 20
SMALL, GROWN = 1_000, 100_000
"""Articles."""
CHOSEN = 1_000
ROUNDS = 3
LEFT = 0.8
"""Of the speed, in the grown house."""


class House(msgspec.Struct):
    """One of the two."""

    db: Database
    key: str
    articles: int
    port: int = 0

    def sku(self, chance: random.Random) -> int:
        return chance.randrange(CHOSEN) * (self.articles // CHOSEN)


async def run(size: int = GROWN) -> dict[str, Any]:
    """The figures. `size` is the number of articles of the grown house."""
    async with own_database(size=4) as small, _beside(small, "grown") as grown:
        houses = {"small": await _furnished(small, SMALL), "grown": await _furnished(grown, size)}
        found: dict[str, list[float]] = defaultdict(list)
        settings = {"COMPTOIR_SIMULATED_PAYMENTS": "true"}
        async with contextlib.AsyncExitStack() as stack:
            for house in houses.values():
                address = await stack.enter_async_context(own_server(house.db.url, settings=settings))
                house.port = int(address.rpartition(":")[2])
            for number in range(ROUNDS + 1):  # the first one warms up
                for name, house in houses.items():
                    for figure, value in (await _round(house, number)).items():
                        if number:
                            found[f"{figure}_{name}"].append(value)
        counts, faults = {}, 0
        for name, house in houses.items():
            async with house.db.reading() as tx:
                counts[f"balances_{name}"] = await tx.value("SELECT count(*) FROM inventory.balance")
                counts[f"entries_{name}"] = await tx.value("SELECT count(*) FROM inventory.entry")
                faults += len(await inventory.reconcile(tx))
    medians = {name: round(statistics.median(values)) for name, values in found.items()}
    left = {
        f"{figure}_left": round(
            statistics.median(
                after / before for before, after in zip(found[f"{figure}_small"], found[f"{figure}_grown"], strict=True)
            ),
            2,
        )
        for figure in ("reserve", "reserve_http", "availability", "checkout")
    }
    reached = not faults and all(value >= LEFT for value in left.values())
    return {
        "figures": {**counts, **medians, **left, "faults": faults},
        "reach": dict.fromkeys(left, LEFT),
        "ok": reached,
    }


@contextlib.asynccontextmanager
async def _beside(db: Database, name: str) -> AsyncGenerator[Database]:
    """Another database of the same server."""
    connection = await db.connect()
    await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    await connection.close()
    url = make_conninfo(db.url, dbname=name)
    await migrate(url)
    async with Database(url, size=4) as other:
        yield other


async def _furnished(db: Database, articles: int) -> House:
    key = await furnish(db, skus=0, places=PLACES)
    async with db.transaction() as tx:
        await pricing.set_price_list(tx, code="shop", entry=pricing.PriceListEntry(name="Shop", currency="EUR"))
        await pricing.set_tax_rates(tx, rates=[pricing.TaxRate(country="FR", rate_millionths=200_000)])
        tenth = pricing.PromotionEntry(name="A tenth off", scope="line", benefit=pricing.Percent(basis_points=1_000))
        await pricing.set_promotion(tx, code="tenth", entry=tenth)
    for start in range(0, articles, 10_000):
        names = [f"sku-{n}" for n in range(start, min(start + 10_000, articles))]
        products = [catalog.NewProduct(code=one, name=one, variants=[catalog.NewVariant(sku=one)]) for one in names]
        prices = [pricing.NewPrice(sku=one, amount_minor=1_000 + n) for n, one in enumerate(names)]
        async with db.transaction() as tx:
            await catalog.import_products(tx, products)
            await pricing.import_prices(tx, code="shop", prices=prices)
    connection = await db.connect()
    for statement in (BALANCES, ENTRIES, "VACUUM ANALYZE", "CHECKPOINT"):
        await connection.execute(statement, prepare=False)
    await connection.close()
    return House(db, key, articles)


# By hand, since five million acts through the front door would take an hour; the books are proved at the end.
BALANCES = """
    INSERT INTO inventory.balance (variant_id, location_id, sellable)
    SELECT v.variant_id, l.location_id, 100 FROM catalog.variant AS v CROSS JOIN inventory.location AS l
    WHERE l.location_id > 3 ORDER BY 1, 2
"""

ENTRIES = """
    INSERT INTO inventory.entry (variant_id, location_id, moved, other_location_id, other_state, d_held, act, reference,
        occurred_at, recorded_at)
    SELECT b.variant_id, b.location_id, a.moved, a.other, a.state, a.d_held, a.act,
           'earlier-' || b.variant_id || '-' || a.n, now(), now()
    FROM (VALUES (1, 100, 1, 'sellable', 0, 'receive'), (2, 0, NULL, NULL, 1, 'hold'),
                 (2, 0, NULL, NULL, -1, 'release'), (3, 0, NULL, NULL, 2, 'hold'), (3, 0, NULL, NULL, -2, 'release'))
        AS a (n, moved, other, state, d_held, act) CROSS JOIN inventory.balance AS b
"""


async def _round(house: House, number: int) -> dict[str, float]:
    chance = random.Random(number)  # noqa: S311
    return {
        "reserve": await _reserve(house, chance, 12_000),
        "reserve_http": await _asked(house, [_hold(house, chance, f"{number}-{n}") for n in range(12_000)]),
        "availability": await _asked(house, [_look(house, chance) for _ in range(12_000)]),
        "checkout": await _asked(house, [flow(house.key, house.sku(chance)) for _ in range(1_000)]),
    }


async def _reserve(house: House, chance: random.Random, size: int) -> float:
    desk = inventory.Desk(house.db)
    async with house.db.reading() as tx:
        names = sorted({f"sku-{house.sku(chance)}" for _ in range(4 * CHOSEN)})
        ids = [one.variant_id for one in (await catalog.variants_by_sku(tx, names)).values()]
        places = [one.location_id for one in await furnished(tx)]

    async def client(number: int) -> None:
        for turn in range(size // CLIENTS):
            units = [inventory.Units(chance.choice(ids), chance.choice(places), 1)]
            await desk.post(inventory.Hold(reference=f"p-{number}-{turn}", units=units))

    began = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(CLIENTS)))
    return size // CLIENTS * CLIENTS / (time.perf_counter() - began)


def _hold(house: House, chance: random.Random, reference: str) -> Flow:
    line = {"sku": f"sku-{house.sku(chance)}", "location": f"place-{chance.randrange(PLACES)}", "quantity": 1}
    body = {"reference": f"h-{reference}", "lines": [line]}
    return [request("POST", "/v1/inventory/reservations", key=house.key, body=body)]


def _look(house: House, chance: random.Random) -> Flow:
    return [request("GET", f"/v1/inventory/availability?sku=sku-{house.sku(chance)}&channel=web", key=house.key)]


async def _asked(house: House, flows: list[Flow]) -> float:
    """A second; raises when one was refused."""
    found = await load(house.port, flows, connections=CLIENTS, warm=len(flows) // 10)
    if found.statuses.keys() != {200}:
        raise RuntimeError(f"refused: {found.statuses}")
    return found.per_second
