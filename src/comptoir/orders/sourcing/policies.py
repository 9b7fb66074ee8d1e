"""The versions of the sourcing policy: kept for good, for orders say by which they were sourced. The last one holds."""

import time
from datetime import datetime

import msgspec

from comptoir.kernel.db import Tx
from comptoir.orders.errors import UnknownPolicy
from comptoir.orders.sourcing.planner import Planner
from comptoir.orders.sourcing.policy import BUILT_IN, Policy, PolicyEntry, check

FRESH = 1.0
"""Seconds for which a process believes that the policy is the last one."""


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """When a version came to hold, and by whom."""

    version: int
    name: str
    made_at: datetime
    made_by: str


async def set_policy(tx: Tx, *, entry: PolicyEntry, actor: str = "") -> Policy:
    """A new version, which holds from now on. What holds already makes no new one. Raises BadPolicy."""
    check(entry)
    await tx.run(LOCK)
    now = await policy(tx)
    found = Policy.of(entry, version=now.version)
    if found == now:
        return now
    body = msgspec.json.encode(entry).decode()
    version = await tx.value(WRITE, name=entry.name, policy=body, now=tx.now, actor=actor)
    return msgspec.structs.replace(found, version=version)


async def policy(tx: Tx, *, version: int | None = None) -> Policy:
    """The one that holds, or that version. Raises UnknownPolicy."""
    if version == 0:
        return BUILT_IN
    for number, body in await tx.tuples(READ if version is None else READ_ONE, version=version):
        return Policy.of(_decode(body), version=number)
    if version is None:
        return BUILT_IN
    raise UnknownPolicy(f"The sourcing policy has no version {version}.", version=version)


async def versions(tx: Tx) -> list[Version]:
    """The newest first; the built-in one is not among them."""
    return await tx.many(Version, VERSIONS)


LOCK = "LOCK TABLE orders.sourcing_policy IN SHARE ROW EXCLUSIVE MODE"

WRITE = """
    INSERT INTO orders.sourcing_policy (version, name, policy, made_at, made_by)
    SELECT coalesce(max(version), 0) + 1, %(name)s, %(policy)s, %(now)s, %(actor)s FROM orders.sourcing_policy
    RETURNING version
"""

READ = "SELECT version, policy FROM orders.sourcing_policy ORDER BY version DESC LIMIT 1"

READ_ONE = "SELECT version, policy FROM orders.sourcing_policy WHERE version = %(version)s"

VERSIONS = "SELECT version, name, made_at, made_by FROM orders.sourcing_policy ORDER BY version DESC LIMIT 200"

_decode = msgspec.json.Decoder(PolicyEntry).decode


class Planners:
    """One a process: the policy that holds, compiled once."""

    def __init__(self) -> None:
        self._planner = Planner(BUILT_IN)
        self._until = 0.0

    async def now(self, tx: Tx) -> Planner:
        """As it was a second ago at most."""
        if time.monotonic() > self._until:
            found = await policy(tx)
            if found.version != self._planner.policy.version:
                self._planner = Planner(found)
            self._until = time.monotonic() + FRESH
        return self._planner
