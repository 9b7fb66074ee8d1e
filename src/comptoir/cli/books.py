"""Which projections can be made anew, and which books can be proved: declared by the packages, put together here."""

from collections.abc import Awaitable, Callable
from typing import Any

from comptoir import consent, identity, inventory, orders, pricing
from comptoir.cli.terminal import ready_database
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import NotFound
from comptoir.kernel.settings import Settings
from comptoir.server import spine

CHECKS: dict[str, Callable[[Tx], Awaitable[list[Any]]]] = {
    "orders": orders.reconcile,
    "inventory": inventory.reconcile,
    "pricing": pricing.reconcile,
    "identity": identity.reconcile,
    "consent": consent.reconcile,
}
"""Each returns what it found wrong."""


PROJECTIONS: dict[str, Callable[[Tx], Awaitable[None]]] = {spine.CUSTOMERS: spine.replay_customers}
"""Each empties what a consumer has made and sets its cursors back."""


async def reconcile(settings: Settings) -> tuple[list[str], list[str]]:
    """All checks; their names and the faults they found."""
    async with ready_database(settings) as db:
        return list(CHECKS), [f"{name}: {fault}" for name in CHECKS for fault in await faults(db, name)]


async def faults(db: Database, name: str) -> list[Any]:
    async with db.reading() as tx:
        return await CHECKS[name](tx)


async def replay(settings: Settings, consumer: str) -> str:
    if consumer not in PROJECTIONS:
        raise NotFound(f"No consumer is called {consumer!r}: say {' or '.join(PROJECTIONS)}.")
    async with ready_database(settings) as db:
        # Emptying takes every table of the projection: whoever reads several of them meanwhile may cross its way.
        await db.within(PROJECTIONS[consumer])
    return f"{consumer}: emptied; the workers read the log from the beginning."
