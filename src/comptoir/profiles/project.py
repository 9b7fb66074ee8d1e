"""The projection: a micro-batch of the log becomes measures, traits and moments, in one statement per table.

Exactly once, because the consumer's cursor moves in the same transaction. Sale measures come from the facts
orders.sale_recorded and orders.sale_corrected alone: a tracked "Order Completed" has become a sale by then, and would
count twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from comptoir import ingest, orders
from comptoir.identity import PeopleMerged, PeopleSplit
from comptoir.kernel.db import Tx, ints, texts
from comptoir.kernel.log import Event
from comptoir.profiles import directory, statements
from comptoir.profiles.corrections import correct
from comptoir.profiles.fold import Fold, Place, agent_hash, brought

Counted = Mapping[Any, Sequence[int]]
"""Key → counts, as `Fold` names them."""

REREAD = timedelta(seconds=5)
"""How long a shop that was given another channel may still count as what it was."""


class Places:
    """Where sources and outlets stand, remembered between batches; one per consumer."""

    def __init__(self) -> None:
        self.by_source: dict[int, Place] = {}
        self._read_at: datetime | None = None

    async def know(self, tx: Tx, sources: set[int]) -> None:
        """Have these sources at hand. They are read again when one is new, and every few seconds."""
        if not (sources - self.by_source.keys()) and self._read_at and tx.now - self._read_at < REREAD:
            return
        self.by_source = {
            source_id: Place(outlet_id, channel, trust)
            for source_id, outlet_id, channel, trust in await tx.tuples(
                "SELECT source_id, outlet_id, channel, trust FROM channels.v_source"
            )
        }
        self._read_at = tx.now


async def project(
    tx: Tx,
    events: Sequence[Event],
    tracked: Sequence[ingest.Tracked | None],
    nodes: Sequence[int | None],
    *,
    places: Places,
) -> None:
    """Add what these events say. `tracked` and `nodes` go with `events`: None for facts and for what names nobody."""
    await places.know(tx, {event.source_id for event in events if event.source_id is not None})
    fold = folded(events, tracked, nodes, places.by_source)
    # COPY cannot stand in a pipeline.
    await fold.moments.write(tx)
    async with tx.connection.pipeline():
        if fold.nodes or fold.moved:
            await directory.note(tx, fold.moved.union(fold.nodes))
        await write(tx, fold)
        await count(tx, fold)


def folded(
    events: Sequence[Event],
    tracked: Sequence[ingest.Tracked | None],
    nodes: Sequence[int | None],
    places: Mapping[int, Place],
) -> Fold:
    """Pure: what the batch adds."""
    fold = Fold(places)
    for event, act, node in zip(events, tracked, nodes, strict=True):
        if act is not None:
            if node is not None:
                fold.track(event, act, node)
        elif event.kind == orders.SaleRecorded.kind:
            fold.sell(event, decode_sale(event.body))
        elif event.kind == orders.SaleCorrected.kind:
            correct(fold, event, decode_correction(event.body))
        elif event.kind == PeopleMerged.kind:
            merged = decode_merged(event.body)
            fold.move(event, [merged.person_id, *merged.absorbed], merges=len(merged.absorbed))
        elif event.kind == PeopleSplit.kind:
            split = decode_split(event.body)
            fold.move(event, [split.person_id, *split.parts], splits=1)
    return fold


decode_sale = msgspec.json.Decoder(orders.SaleRecorded).decode
decode_correction = msgspec.json.Decoder(orders.SaleCorrected).decode
decode_merged = msgspec.json.Decoder(PeopleMerged).decode
decode_split = msgspec.json.Decoder(PeopleSplit).decode


async def write(tx: Tx, fold: Fold) -> None:
    """Measures per node, in the order of the locks: every table sorted by key, and those without news left alone."""
    if fold.nodes:
        await add_nodes(tx, fold.nodes)
    if fold.traits:
        await add_traits(tx, fold.traits)
    if fold.words:
        await add_words(tx, fold.words)
    if fold.days:
        await add_days(tx, fold.days)
    if fold.categories:
        await add_categories(tx, fold.categories)
    if fold.shops:
        await add_shops(tx, fold.shops)
    if fold.devices:
        await add_devices(tx, fold.devices)


async def count(tx: Tx, fold: Fold) -> None:
    """Figures of the house, last of all: their rows are everybody's, and are locked until the commit."""
    if fold.takings:
        await add_takings(tx, fold.takings)
    if fold.minutes:
        await add_minutes(tx, fold.minutes)


async def add_nodes(tx: Tx, touched: Mapping[int, Sequence[Any]]) -> None:
    nodes, states = by_key(touched)
    events, channels, firsts, lasts = columns(states)
    first_us, first_positions, _, first_sources, _ = columns(firsts)
    last_us, last_positions, _, last_sources, _ = columns(lasts)
    came = [brought(touch) for touch in firsts]
    went = [before if last is first else brought(last) for first, last, before in zip(firsts, lasts, came, strict=True)]
    first_channels, first_details = columns(came)
    last_channels, last_details = columns(went)
    await tx.run(
        statements.NODE,
        node_ids=ints(nodes),
        events=ints(events),
        channels=ints(channels),
        first_us=ints(first_us),
        first_positions=ints(first_positions),
        first_channels=texts(first_channels),
        first_sources=ints(first_sources),
        first_details=texts(first_details),
        last_us=ints(last_us),
        last_positions=ints(last_positions),
        last_channels=texts(last_channels),
        last_sources=ints(last_sources),
        last_details=texts(last_details),
    )


async def add_traits(tx: Tx, told: Mapping[Any, Sequence[Any]]) -> None:
    keys, tellings = by_key(told)
    nodes, names, sources, slots = columns(keys)
    us, positions, values, verified, times = columns(tellings)
    await tx.run(
        statements.TRAIT,
        node_ids=ints(nodes),
        names=texts(names),
        sources=ints(sources),
        slots=texts(slots),
        us=ints(us),
        positions=ints(positions),
        values=texts(values),
        verified=ints(verified),
        times=ints(times),
    )


async def add_words(tx: Tx, named: Iterable[tuple[str, int]]) -> None:
    words, nodes = columns(sorted(named))
    await tx.run(statements.NAME_WORD, words=texts(words), node_ids=ints(nodes))


async def add_days(tx: Tx, counted: Counted) -> None:
    keys, counts = by_key(counted)
    nodes, days, channels, currencies = columns(keys)
    half_hours, events, views, carts, sold, units, spend = columns(counts)
    await tx.run(
        statements.DAY,
        node_ids=ints(nodes),
        days=ints(days),
        channels=texts(channels),
        currencies=texts(currencies),
        half_hours=ints(half_hours),
        events=ints(events),
        views=ints(views),
        carts=ints(carts),
        orders=ints(sold),
        units=ints(units),
        spend=ints(spend),
    )


async def add_categories(tx: Tx, counted: Counted) -> None:
    keys, counts = by_key(counted)
    nodes, days, categories, currencies = columns(keys)
    views, units, spend = columns(counts)
    await tx.run(
        statements.CATEGORY,
        node_ids=ints(nodes),
        days=ints(days),
        categories=texts(categories),
        currencies=texts(currencies),
        views=ints(views),
        units=ints(units),
        spend=ints(spend),
    )


async def add_shops(tx: Tx, counted: Counted) -> None:
    keys, counts = by_key(counted)
    nodes, outlets, currencies = columns(keys)
    sold, units, spend, last_us = columns(counts)
    await tx.run(
        statements.SHOP,
        node_ids=ints(nodes),
        outlets=ints(outlets),
        currencies=texts(currencies),
        orders=ints(sold),
        units=ints(units),
        spend=ints(spend),
        last_us=ints(last_us),
    )


async def add_devices(tx: Tx, used: Counted) -> None:
    keys, seen = by_key(used)
    nodes, devices, agents = columns(keys)
    first_days, last_days = columns(seen)
    await tx.run(
        statements.DEVICE,
        node_ids=ints(nodes),
        devices=texts(devices),
        hashes=ints(map(agent_hash, agents)),
        agents=texts(agents),
        first_days=ints(first_days),
        last_days=ints(last_days),
    )


async def add_takings(tx: Tx, counted: Counted) -> None:
    keys, counts = by_key(counted)
    half_hours, channels, currencies = columns(keys)
    sold, units, spend = columns(counts)
    await tx.run(
        statements.TAKINGS,
        half_hours=ints(half_hours),
        channels=texts(channels),
        currencies=texts(currencies),
        orders=ints(sold),
        units=ints(units),
        spend=ints(spend),
    )


async def add_minutes(tx: Tx, counted: Counted) -> None:
    minutes, counts = by_key(counted)
    events, merges, splits = columns(counts)
    await tx.run(
        statements.MINUTE,
        minutes=ints(minutes),
        events=ints(events),
        merges=ints(merges),
        splits=ints(splits),
    )


def by_key(counted: Mapping[Any, Any]) -> tuple[list[Any], list[Any]]:
    """Keys in their order, and what was counted for each."""
    keys = sorted(counted)
    return keys, [counted[key] for key in keys]


def columns(rows: Iterable[Sequence[Any]]) -> Iterable[tuple[Any, ...]]:
    return zip(*rows, strict=True)
