"""Several works of a location are picked in one walk."""

from collections.abc import Sequence

from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal
from comptoir.orders.fulfilment.floor import run
from comptoir.orders.fulfilment.records import Accept, Stop, Wave
from comptoir.orders.fulfilment.works import fulfilments as works_of


async def start_wave(
    tx: Tx, *, location: str, fulfilments: Sequence[int] = (), most: int = 20, picker: str = "", actor: str = ""
) -> Wave:
    """Take on these works, or what is due first at the location, and walk for them together. Raises WrongState."""
    if not fulfilments:
        await one_walk_at_a_time(tx, location=location)
    wanted = fulfilments or [
        one.fulfilment_id for one in await works_of(tx, location=location, states=["open"], limit=most)
    ]
    wave_id: int = await tx.value("SELECT nextval('orders.wave')")
    acts = [Accept(fulfilment_id=one, picker=picker, wave_id=wave_id, actor=actor) for one in wanted]
    for answer in await run(tx, acts):
        if isinstance(answer, Refusal):
            raise answer
    return await wave(tx, wave_id=wave_id)


async def one_walk_at_a_time(tx: Tx, *, location: str) -> None:
    """Who begins a walk there at the same moment waits here: else both would take on the same works, and the second
    would take them from the first. Before it is looked at what waits.
    """
    await tx.run(ALONE, location=location)


ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('orders.wave ' || %(location)s, 0))"


async def wave(tx: Tx, *, wave_id: int) -> Wave:
    """What is still to be picked on this walk; empty where there is none such."""
    works = await tx.tuples(WORKS, wave_id=wave_id)
    return Wave(
        wave_id=wave_id,
        picker=next((picker for _, picker in works), ""),
        fulfilments=[fulfilment_id for fulfilment_id, _ in works],
        stops=await tx.many(Stop, STOPS, wave_id=wave_id),
    )


WORKS = "SELECT fulfilment_id, picker FROM orders.fulfilment WHERE wave_id = %(wave_id)s ORDER BY fulfilment_id"

STOPS = """
    SELECT coalesce(v.sku, '') AS sku, coalesce(nullif(v.name, ''), v.product_name, '') AS name,
           coalesce(v.category, '') AS category, sum(l.open - l.picked)::integer AS pieces,
           json_agg(json_build_array(l.fulfilment_id, l.line, l.open - l.picked) ORDER BY l.fulfilment_id, l.line)
               AS fulfilments
    FROM orders.fulfilment AS f
    JOIN orders.fulfilment_line AS l USING (fulfilment_id)
    LEFT JOIN catalog.v_variant AS v ON v.variant_id = l.variant_id
    WHERE f.wave_id = %(wave_id)s AND f.state = 'accepted' AND l.open > l.picked
    GROUP BY v.sku, v.name, v.product_name, v.category
    ORDER BY category, sku
"""
