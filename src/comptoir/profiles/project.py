"""The projection: a micro-batch of the log becomes measures, traits and moments, in one statement per table.

Exactly once, because the consumer's cursor moves in the same transaction. Sale measures come from the fact
orders.sale_recorded alone: a tracked "Order Completed" has become a sale by then, and would count twice.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from comptoir import ingest, orders
from comptoir.identity import PeopleMerged, PeopleSplit
from comptoir.kernel.db import Tx, ints, texts
from comptoir.kernel.log import Event
from comptoir.profiles import directory, statements
from comptoir.profiles.corrections import correct
from comptoir.profiles.fold import Fold, Place, agent_hash, touch_channel, touch_detail

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
    if fold.nodes or fold.moved:
        await directory.note(tx, fold.moved.union(fold.nodes))
    # COPY cannot stand in a pipeline.
    await fold.moments.write(tx)
    async with tx.connection.pipeline():
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
    """Measures per node, in the order of the locks: every table sorted by key."""
    if fold.nodes:
        keys = sorted(fold.nodes)
        states = [fold.nodes[key] for key in keys]
        firsts, lasts = [state[2] for state in states], [state[3] for state in states]
        came = [(touch_channel(touch), touch_detail(touch)) for touch in firsts]
        went = [
            before if last is first else (touch_channel(last), touch_detail(last))
            for first, last, before in zip(firsts, lasts, came, strict=True)
        ]
        await tx.run(
            statements.NODE,
            node_ids=ints(keys),
            events=ints([state[0] for state in states]),
            channels=ints([state[1] for state in states]),
            first_us=ints([touch[0] for touch in firsts]),
            first_positions=ints([touch[1] for touch in firsts]),
            first_channels=texts([channel for channel, _ in came]),
            first_sources=ints([touch[3] for touch in firsts]),
            first_details=texts([detail for _, detail in came]),
            last_us=ints([touch[0] for touch in lasts]),
            last_positions=ints([touch[1] for touch in lasts]),
            last_channels=texts([channel for channel, _ in went]),
            last_sources=ints([touch[3] for touch in lasts]),
            last_details=texts([detail for _, detail in went]),
        )
    if fold.traits:
        keys = sorted(fold.traits)
        told = [fold.traits[key] for key in keys]
        await tx.run(
            statements.TRAIT,
            node_ids=ints([k[0] for k in keys]),
            names=texts([k[1] for k in keys]),
            sources=ints([k[2] for k in keys]),
            slots=texts([k[3] for k in keys]),
            us=ints([t[0] for t in told]),
            positions=ints([t[1] for t in told]),
            values=texts([t[2] for t in told]),
            verified=ints([t[3] for t in told]),
            times=ints([t[4] for t in told]),
        )
    if fold.words:
        found = sorted(fold.words)
        await tx.run(statements.NAME_WORD, words=texts(w for w, _ in found), node_ids=ints(n for _, n in found))
    if fold.days:
        keys = sorted(fold.days)
        counts = [fold.days[key] for key in keys]
        await tx.run(
            statements.DAY,
            node_ids=ints([k[0] for k in keys]),
            days=ints([k[1] for k in keys]),
            channels=texts([k[2] for k in keys]),
            currencies=texts([k[3] for k in keys]),
            half_hours=ints([c[0] for c in counts]),
            events=ints([c[1] for c in counts]),
            views=ints([c[2] for c in counts]),
            carts=ints([c[3] for c in counts]),
            orders=ints([c[4] for c in counts]),
            units=ints([c[5] for c in counts]),
            spend=ints([c[6] for c in counts]),
        )
    if fold.categories:
        keys = sorted(fold.categories)
        counts = [fold.categories[key] for key in keys]
        await tx.run(
            statements.CATEGORY,
            node_ids=ints([k[0] for k in keys]),
            days=ints([k[1] for k in keys]),
            categories=texts([k[2] for k in keys]),
            currencies=texts([k[3] for k in keys]),
            views=ints([c[0] for c in counts]),
            units=ints([c[1] for c in counts]),
            spend=ints([c[2] for c in counts]),
        )
    if fold.shops:
        keys = sorted(fold.shops)
        counts = [fold.shops[key] for key in keys]
        await tx.run(
            statements.SHOP,
            node_ids=ints([k[0] for k in keys]),
            outlets=ints([k[1] for k in keys]),
            currencies=texts([k[2] for k in keys]),
            orders=ints([c[0] for c in counts]),
            units=ints([c[1] for c in counts]),
            spend=ints([c[2] for c in counts]),
            last_us=ints([c[3] for c in counts]),
        )
    if fold.devices:
        keys = sorted(fold.devices)
        days = [fold.devices[key] for key in keys]
        await tx.run(
            statements.DEVICE,
            node_ids=ints([k[0] for k in keys]),
            devices=texts([k[1] for k in keys]),
            hashes=ints([agent_hash(k[2]) for k in keys]),
            agents=texts([k[2] for k in keys]),
            first_days=ints([d[0] for d in days]),
            last_days=ints([d[1] for d in days]),
        )


async def count(tx: Tx, fold: Fold) -> None:
    """Figures of the house, last of all: their rows are everybody's, and are locked until the commit."""
    if fold.takings:
        keys = sorted(fold.takings)
        counts = [fold.takings[key] for key in keys]
        await tx.run(
            statements.TAKINGS,
            half_hours=ints([k[0] for k in keys]),
            channels=texts([k[1] for k in keys]),
            currencies=texts([k[2] for k in keys]),
            orders=ints([c[0] for c in counts]),
            units=ints([c[1] for c in counts]),
            spend=ints([c[2] for c in counts]),
        )
    if fold.minutes:
        minutes = sorted(fold.minutes)
        counts = [fold.minutes[minute] for minute in minutes]
        await tx.run(
            statements.MINUTE,
            minutes=ints(minutes),
            events=ints([c[0] for c in counts]),
            merges=ints([c[1] for c in counts]),
            splits=ints([c[2] for c in counts]),
        )
