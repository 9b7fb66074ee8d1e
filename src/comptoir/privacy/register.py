"""The register of processing: what every package has declared, in the order in which erasure goes through it."""

from typing import Any, LiteralString

from comptoir import (
    catalog,
    channels,
    connectors,
    consent,
    feeds,
    identity,
    ingest,
    inventory,
    orders,
    pricing,
    profiles,
    rfid,
    tills,
)
from comptoir.kernel.db import Tx, ints, uuids
from comptoir.kernel.register import Subject, Table, held
from comptoir.privacy import holdings

TABLES: list[Table] = [
    *orders.HOLDINGS,
    *pricing.HOLDINGS,
    *inventory.HOLDINGS,
    *profiles.HOLDINGS,
    *consent.HOLDINGS,
    *identity.HOLDINGS,
    *ingest.HOLDINGS,
    *connectors.HOLDINGS,
    *tills.HOLDINGS,
    *rfid.HOLDINGS,
    *feeds.HOLDINGS,
    *catalog.HOLDINGS,
    *channels.HOLDINGS,
    *held.HOLDINGS,
    *holdings.HOLDINGS,
]
BY_NAME = {one.name: one for one in TABLES}


def personal() -> list[Table]:
    """Those that hold something of people."""
    return [one for one in TABLES if one.what]


async def erase(tx: Tx, table: Table, subject: Subject) -> int:
    """Do to this table's rows of hers what it has declared."""
    if table.work:
        return await table.work(tx, subject)
    return await tx.run(table.erase, **parameters(subject))


async def show(tx: Tx, table: Table, subject: Subject) -> list[Any]:
    """Her rows, as a report shows them."""
    return await tx.values(table.show, **parameters(subject)) if table.show else []


def parameters(subject: Subject) -> dict[LiteralString, str]:
    return {
        "nodes": ints(subject.nodes),
        "orders": uuids(subject.orders),
        "sales": ints(subject.sales),
        "returns": uuids(subject.returns),
    }
