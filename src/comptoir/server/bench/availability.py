"""`comptoir bench availability`: "which locations can give me this, how and when", reads a second, 64 clients."""

import random
from typing import Any

from comptoir.server.bench import own_database, own_server
from comptoir.server.bench.load import empty, load, request
from comptoir.server.bench.reserve import CLIENTS, SKUS, furnish

READS = 40_000
REACH = {"reads_per_second": 8_000}


async def run(size: int = READS) -> dict[str, Any]:
    """The figures: every answer names 20 locations with what they have and when it would be ready."""
    figures: dict[str, Any] = {}
    async with own_database(size=4) as db:
        key = await furnish(db)
        chance = random.Random(1)  # noqa: S311
        asked = [
            [request("GET", f"/v1/inventory/availability?sku=sku-{chance.randrange(SKUS)}&channel=web", key=key)]
            for _ in range(size)
        ]
        for servers, label in ((1, ""), (2, "_2_servers")):
            async with own_server(db.url, api=servers) as address:
                port = int(address.rpartition(":")[2])
                if servers == 1:
                    figures["empty_requests_per_second"] = round(await empty(port))
                found = await load(port, asked, connections=CLIENTS, warm=size // 20)
                figures[f"reads_per_second{label}"] = round(found.per_second)
                figures[f"p50_ms{label}"], figures[f"p99_ms{label}"] = found.p50_ms, found.p99_ms
                refused = sum(n for status, n in found.statuses.items() if status != 200)
    figures["share_of_empty"] = round(figures["reads_per_second"] / figures["empty_requests_per_second"], 3)
    reached = refused == 0 and all(figures[name] >= least for name, least in REACH.items())
    return {"figures": figures, "reach": REACH, "ok": reached}
