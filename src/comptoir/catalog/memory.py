"""What a process remembers of assortments, so that a basket's line is judged without asking the database again.

Every few seconds one small statement tells which assortments there are and whether they have changed; what was read of
an article is good until its assortment turns.
"""

import asyncio
import time
from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from comptoir.catalog.assortment import Period, periods_of
from comptoir.catalog.errors import NotSold
from comptoir.kernel.db import Database, Tx

FRESH = 5.0
"""Seconds after which a change is seen at the latest."""
MOST = 500_000
"""Articles remembered by a process."""
SHOWN = 20
"""Outlets named by a refusal."""


class Scopes(msgspec.Struct, frozen=True):
    """Which assortments there are."""

    by_outlet: Mapping[int, int] = {}
    by_channel: Mapping[str, int] = {}
    versions: frozenset[UUID] = frozenset()
    outlets: tuple[tuple[int, str, str], ...] = ()
    """Id, channel and code of all that are active."""

    def governing(self, outlet_id: int, channel: str) -> int | None:
        return self.by_outlet.get(outlet_id, self.by_channel.get(channel))


class Sold(msgspec.Struct, frozen=True):
    """Where and when one article is sold."""

    scopes: Scopes = Scopes()
    periods: Mapping[int, Period] = {}
    """By assortment."""

    def check(self, *, sku: str, outlet_id: int, channel: str, now: datetime) -> None:
        """Raises NotSold, with since when or from when, and where it is sold now."""
        period = self._period(outlet_id, channel)
        if period is not None and period.holds(now):
            return
        elsewhere = sorted(
            code for id_, its_channel, code in self.scopes.outlets
            if (there := self._period(id_, its_channel)) is not None and there.holds(now)
        )  # fmt: skip
        if period is None:
            since, detail = None, f"{sku} is not in the assortment."
        elif period.starts_at is not None and now < period.starts_at:
            since, detail = None, f"{sku} is sold from {period.starts_at.isoformat()} on."
        else:
            since = period.ends_at
            detail = f"{sku} has not been sold there since {since.isoformat() if since else ''}."
        raise NotSold(
            detail,
            sku=sku,
            not_since=since,
            from_when=period.starts_at if period is not None and since is None else None,
            sold_at=elsewhere[:SHOWN],
            more=max(0, len(elsewhere) - SHOWN),
        )

    def _period(self, outlet_id: int, channel: str) -> Period | None:
        governing = self.scopes.governing(outlet_id, channel)
        return ALWAYS if governing is None else self.periods.get(governing)


ALWAYS = Period()
EVERYWHERE = Sold()


async def where_sold(tx: Tx, *, variants: Collection[int]) -> dict[int, Sold]:
    """Where and when each of these is sold, as it is now: nothing is remembered."""
    return await _sold(tx, await _scopes(tx), variants)


async def _sold(tx: Tx, scopes: Scopes, variants: Collection[int]) -> dict[int, Sold]:
    wanted = sorted({*scopes.by_outlet.values(), *scopes.by_channel.values()})
    periods = await periods_of(tx, sorted(variants), wanted) if wanted else {}
    return {one: Sold(scopes, periods.get(one, {})) for one in variants}


async def _scopes(tx: Tx) -> Scopes:
    found = await tx.tuples(SCOPES)
    return Scopes(
        {outlet_id: id_ for id_, _, outlet_id, _ in found if outlet_id is not None},
        {channel: id_ for id_, channel, _, _ in found if channel is not None},
        frozenset(version for *_, version in found),
        tuple(await tx.tuples(OUTLETS)) if found else (),
    )


class Assortments:
    """`sold = await assortments.of(variant_id)`, then `sold.check(…)`."""

    def __init__(self, db: Database, *, fresh: float = FRESH) -> None:
        self.fresh = fresh
        self._db = db
        self._until = 0.0
        self._scopes = Scopes()
        self._known: dict[int, Sold] = {}
        self._reading = asyncio.Lock()

    async def of(self, variant_id: int) -> Sold:
        """Where it is sold, as it was a few seconds ago at most. Nothing is asked for a known article."""
        if time.monotonic() >= self._until:
            await self._refresh()
        if not self._scopes.versions:
            return EVERYWHERE
        if (found := self._known.get(variant_id)) is None:
            scopes = self._scopes
            async with self._db.reading() as tx:
                found = (await _sold(tx, scopes, [variant_id]))[variant_id]
            if scopes is self._scopes:
                if len(self._known) > MOST:
                    self._known.clear()
                self._known[variant_id] = found
        return found

    async def _refresh(self) -> None:
        async with self._reading:
            if time.monotonic() < self._until:
                return
            async with self._db.reading() as tx:
                scopes = await _scopes(tx)
            if scopes != self._scopes:
                self._scopes, self._known = scopes, {}
            self._until = time.monotonic() + self.fresh


SCOPES = "SELECT assortment_id, channel, outlet_id, version FROM catalog.assortment"

OUTLETS = "SELECT outlet_id, channel, code FROM channels.v_outlet WHERE active ORDER BY outlet_id"
