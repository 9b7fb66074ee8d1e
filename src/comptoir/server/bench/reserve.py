"""`comptoir bench reserve`: reservations a second, at one article that everybody wants and spread over many.

64 clients: in process (through the desk) and over HTTP, with one and two server processes. Never one unit too many:
the books are proved at the end.
"""

import asyncio
import random
import time
from typing import Any

from comptoir import catalog, channels, inventory
from comptoir.kernel import log
from comptoir.kernel.auth import SYSTEM, keys
from comptoir.kernel.db import Database, Tx
from comptoir.server.bench import own_database, own_server
from comptoir.server.bench.load import Measured, empty, load, request

SKUS, LOCATIONS = 1_000, 20
UNITS = 1_000_000
"""Of each article at each location: more than are ever asked for, so that no refusal counts as a reservation."""
CLIENTS = 64
RESERVATIONS = 40_000
REACH = {"in_process_hot": 12_000, "in_process_spread": 12_000, "http_hot": 5_000, "http_spread": 5_000,
         "hot_to_spread": 0.5}  # fmt: skip


async def run(size: int = RESERVATIONS) -> dict[str, Any]:
    """The figures. `size` is the number of reservations per measurement."""
    async with own_database(size=4) as db:
        key = await furnish(db)
        figures: dict[str, Any] = {}
        for name, hot in (("hot", True), ("spread", False)):
            figures[f"in_process_{name}"] = round(await _in_process(db, size, hot=hot))
        for servers in (1, 2):
            async with own_server(db.url, api=servers) as address:
                port = int(address.rpartition(":")[2])
                if servers == 1:
                    figures["empty_requests_per_second"] = round(await empty(port))
                for name, hot in (("hot", True), ("spread", False)):
                    found = await _over_http(port, key, size, hot=hot)
                    label = f"http_{name}" if servers == 1 else f"http_{name}_{servers}_servers"
                    figures[label] = round(found.per_second)
                    figures[f"{label}_p50_ms"], figures[f"{label}_p99_ms"] = found.p50_ms, found.p99_ms
                    figures[f"{label}_refused"] = sum(n for status, n in found.statuses.items() if status != 200)
        exact = await _last_units(db)
        async with db.reading() as tx:
            faults = await inventory.reconcile(tx)
    figures["share_of_empty"] = round(figures["http_spread"] / figures["empty_requests_per_second"], 3)
    figures["hot_to_spread"] = round(figures["http_hot"] / figures["http_spread"], 2)
    figures["sold_of_500"] = exact
    figures["faults"] = len(faults)
    figures["refused"] = sum(n for name, n in figures.items() if name.endswith("_refused"))
    reached = figures["refused"] == 0 and all(figures[name] >= least for name, least in REACH.items())
    return {"figures": figures, "reach": REACH, "ok": reached and exact == 500 and not faults}


async def furnish(db: Database, *, skus: int = SKUS, places: int = LOCATIONS, units: int = UNITS) -> str:
    """A house with stock; returns an API key that may do everything."""
    async with db.transaction() as tx:
        await log.open_days(tx)
        web = channels.OutletEntry(
            channel="web", code="web", name="Web shop", country="FR", time_zone="Europe/Paris", currency="EUR"
        )
        await channels.add_outlet(tx, outlet=web)
        names = [f"sku-{n}" for n in range(skus)]
        await catalog.import_products(
            tx, [catalog.NewProduct(code=one, name=one, variants=[catalog.NewVariant(sku=one)]) for one in names]
        )
        found = await inventory.record_locations(
            tx,
            [
                inventory.LocationEntry(
                    code=f"place-{n}", kind="warehouse", name=f"Place {n}", methods=["ship", "collect"]
                )
                for n in range(places)
            ],
        )
        variants = await catalog.variants_by_sku(tx, names)
        made = await keys.add_key(tx, name="bench", scopes=["*:admin"], actor=SYSTEM)
    for place in found:
        async with db.transaction() as tx:
            moves = [
                inventory.Move(
                    variant_id=one.variant_id, quantity=units, from_location_id=inventory.SUPPLIER,
                    to_location_id=place.location_id, act="receive", is_fact=True,
                )
                for one in variants.values()
            ]  # fmt: skip
            await inventory.post(tx, moves)
    connection = await db.connect()
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
    return made.token


async def furnished(tx: Tx) -> list[inventory.Location]:
    """The places that have stock: all but what is on the way."""
    return [one for one in await inventory.locations(tx) if one.kind == "warehouse"]


async def _in_process(db: Database, size: int, *, hot: bool) -> float:
    desk = inventory.Desk(db)
    async with db.reading() as tx:
        variants = await catalog.variants_by_sku(tx, [f"sku-{n}" for n in range(SKUS)])
        places = [one.location_id for one in await furnished(tx)]
    ids = [one.variant_id for one in variants.values()]
    chance = random.Random(hot)  # noqa: S311

    async def client(number: int) -> None:
        for turn in range(size // CLIENTS):
            key = (ids[0], places[0]) if hot else (chance.choice(ids), chance.choice(places))
            await desk.post(inventory.Hold(reference=f"p{hot}-{number}-{turn}", units=[inventory.Units(*key, 1)]))

    began = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(CLIENTS)))
    return size // CLIENTS * CLIENTS / (time.perf_counter() - began)


async def _over_http(port: int, key: str, size: int, *, hot: bool) -> Measured:
    chance = random.Random(hot)  # noqa: S311
    run_id = chance.getrandbits(32)
    flows = [
        [
            request("POST", "/v1/inventory/reservations", key=key, body={
                "reference": f"h{port}-{run_id}-{n}",
                "lines": [{"sku": f"sku-{0 if hot else chance.randrange(SKUS)}",
                           "location": f"place-{0 if hot else chance.randrange(LOCATIONS)}", "quantity": 1}],
            })
        ]
        for n in range(size)
    ]  # fmt: skip
    return await load(port, flows, connections=CLIENTS, warm=size // 20)


async def _last_units(db: Database) -> int:
    """2,000 buyers for 500 units; returns how many got one."""
    async with db.transaction() as tx:
        variants = await catalog.variants_by_sku(tx, ["sku-1"])
        place = (await inventory.by_code(tx, ["place-1"]))[0].location_id
        variant = variants["sku-1"].variant_id
        free = await tx.value(
            "SELECT free FROM inventory.v_balance WHERE variant_id = %(v)s AND location_id = %(l)s", v=variant, l=place
        )
        lost = inventory.Move(
            variant_id=variant, quantity=free - 500, from_location_id=place, to_location_id=inventory.ADJUSTMENT,
            act="adjust", is_fact=True,
        )  # fmt: skip
        await inventory.post(tx, [lost])
    desk = inventory.Desk(db)
    answers = await asyncio.gather(
        *(
            desk.post(inventory.Hold(reference=f"last-{n}", units=[inventory.Units(variant, place, 1)]))
            for n in range(2_000)
        ),
        return_exceptions=True,
    )
    return sum(isinstance(one, inventory.Promised) for one in answers)
