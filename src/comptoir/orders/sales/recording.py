"""Sales are recorded: of any outlet, any number at once, each by itself.

A sale is known by its outlet and receipt number. The same receipt again is the same sale; another receipt under a
known number is refused, and those beside it are not. What is recorded is told as `orders.sale_recorded`, once. A sale
that is known second-hand only, by an event, is not refused to its shop: its own account takes that one's place.
"""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import msgspec

from comptoir import catalog
from comptoir.catalog import KnownVariant
from comptoir.kernel.db import Tx, ints, texts
from comptoir.kernel.errors import Refusal
from comptoir.orders.errors import ReceiptConflict
from comptoir.orders.records import NewSale, Recorded
from comptoir.orders.sales.corrections import name, replace
from comptoir.orders.sales.customers import Named, name_customers
from comptoir.orders.sales.goods import move_goods
from comptoir.orders.sales.judging import Judged, Outlet, judge
from comptoir.orders.sales.lines import Entry, columns_of, packed, write_beneath

Key = tuple[str, int]
"""Receipt number and outlet."""


class Known(msgspec.Struct, frozen=True, gc=False):
    """What is on record under a number."""

    sale_id: int
    content: bytes
    flags: list[str]
    second_hand: bool
    """Told by an event of a source, not by the shop itself."""
    node_id: int | None
    is_return: bool


async def record(
    tx: Tx,
    sales: Sequence[NewSale],
    *,
    nodes: Sequence[int | None] | None = None,
    source_ids: Sequence[int | None] | None = None,
    timed: bool = True,
    ours: bool = False,
) -> list[Recorded | Refusal]:
    """Record what can be recorded; one answer per sale, in the order given.

    A caller that has resolved the customers itself gives their `nodes`; else the identifiers on the sales are resolved.
    `source_ids`: whose events told of the sales; a sale without one is its shop's own account, and is surer.
    `ours`: numbers of the house (return/…) are taken by its own acts only.
    `timed=False` is for senders that tell one order again later, as a reloaded page does: the time is then no content.
    """
    outlets = await known_outlets(tx, (sale.outlet for sale in sales))
    answers: list[Recorded | Refusal | None] = [None] * len(sales)
    first: dict[Key, int] = {}
    judged: dict[int, Judged] = {}
    for index, sale in enumerate(sales):
        try:
            one = judged[index] = judge(sale, outlets=outlets, now=tx.now, timed=timed, ours=ours)
        except Refusal as refusal:
            answers[index] = refusal
        else:
            first.setdefault(one.key, index)

    sources = [None] * len(sales) if source_ids is None else source_ids
    known = await _known(tx, first)
    due = {
        key: index
        for key, index in first.items()
        if key not in known or betters(judged[index], sources[index], known[key])
    }
    taken: set[int] = set()
    if due:
        new = [judged[index] for index in due.values()]
        # Before any sale is written, so that nodes are always locked first.
        named = await name_customers(tx, new) if nodes is None else [Named(nodes[index]) for index in due.values()]
        entries = dict(
            zip(due, await _entries(tx, new, named, [sources[index] for index in due.values()]), strict=True)
        )
        written = await _write(tx, [entry for key, entry in entries.items() if key not in known])
        # What is still missing was recorded by somebody else between the look and now: look again.
        known |= written | await _known(tx, [key for key in due if key not in known and key not in written])
        fuller = [
            (known[key].sale_id, entry)
            for key, entry in entries.items()
            if key not in written and betters(entry.judged, entry.source_id, known[key])
        ]
        replaced = await replace(tx, fuller)
        known |= await _known(tx, [entry.judged.key for _, entry in fuller])
        taken = {due[key] for key in written} | {due[key] for key in due if known[key].sale_id in replaced}
    if nodes is not None:
        await _name_strangers(tx, judged, nodes, known)

    conflicts: list[tuple[int, int]] = []
    for index, one in judged.items():
        found = known[one.key]
        if found.content != one.content:
            conflicts.append((index, found.sale_id))
            continue
        answers[index] = Recorded(found.sale_id, one.outlet.code, one.sale.number, index not in taken, found.flags)
    for (index, _), before in zip(conflicts, await _summaries(tx, [sale_id for _, sale_id in conflicts]), strict=True):
        answers[index] = conflict(judged[index], before)
    return cast("list[Recorded | Refusal]", answers)


async def _name_strangers(
    tx: Tx, judged: dict[int, Judged], nodes: Sequence[int | None], known: dict[Key, Known]
) -> None:
    """Sales of nobody in particular, of which an event knows whose they are."""
    named: dict[int, int] = {}
    for index, one in judged.items():
        found, node = known[one.key], nodes[index]
        if node is not None and found.node_id is None and not found.second_hand and found.is_return == (one.sign < 0):
            named.setdefault(found.sale_id, node)
    await name(tx, named)


async def known_outlets(tx: Tx, told: Iterable[str]) -> dict[str, Outlet]:
    codes = sorted({code for code in told if len(code) <= 200})
    # A code that no text column could hold is no outlet's.
    safe = [code for code in codes if code.isascii() and "\0" not in code]
    return {row[1]: Outlet(*row) for row in await tx.tuples(OUTLETS, codes=texts(safe))}


async def _known(tx: Tx, keys: Sequence[Key] | dict[Key, int]) -> dict[Key, Known]:
    if not keys:
        return {}
    ordered = sorted(keys)
    found = await tx.tuples(KNOWN, numbers=texts(key[0] for key in ordered), outlets=ints(key[1] for key in ordered))
    return {(row[0], row[1]): Known(*row[2:]) for row in found}


async def _entries(tx: Tx, new: Sequence[Judged], named: Sequence[Named], sources: Sequence[int | None]) -> list[Entry]:
    """With what the house knows of their articles and of the sales that they take back."""
    variants = await catalog.variants_by_sku(tx, {line.sku for one in new for line in one.sale.lines if line.sku})
    origins = await _origins(tx, new)
    return [
        Entry(
            one,
            customer.node_id,
            origins.get(index),
            flags_of(one, variants, found=index in origins, unusable=customer.unusable),
            source,
            variants,
        )
        for index, (one, customer, source) in enumerate(zip(new, named, sources, strict=True))
    ]


async def _write(tx: Tx, entries: list[Entry]) -> dict[Key, Known]:
    """Write those that nobody else has written meanwhile, and tell them."""
    if not entries:
        return {}
    entries.sort(key=lambda entry: entry.judged.key)
    columns = columns_of(entries)
    ids: dict[Key, int] = {
        (number, outlet): sale_id for sale_id, number, outlet in await tx.tuples(WRITE, now=tx.now, **columns)
    }
    written = [(ids[entry.judged.key], entry) for entry in entries if entry.judged.key in ids]
    rows = packed(written)
    await write_beneath(tx, rows)
    await move_goods(tx, written)
    await tx.tell(*rows.facts)
    return {entry.judged.key: known_by(sale_id, entry) for sale_id, entry in written}


async def _origins(tx: Tx, new: Sequence[Judged]) -> dict[int, int]:
    """The sales that returns take back, by the return's place in `new`."""
    wanted = {index: back for index, one in enumerate(new) if (back := one.sale.takes_back)}
    if not wanted:
        return {}
    found = await tx.tuples(
        ORIGINS,
        numbers=texts(back.number for back in wanted.values()),
        outlets=texts(b.outlet for b in wanted.values()),
    )
    places = list(wanted)
    return {places[place - 1]: sale_id for place, sale_id in found}


async def _summaries(tx: Tx, sale_ids: Sequence[int]) -> list[dict[str, Any]]:
    if not sale_ids:
        return []
    found = {row[0]: row for row in await tx.tuples(SUMMARIES, ids=ints(sorted(set(sale_ids))))}
    return [dict(zip(SUMMARY, found[sale_id], strict=True)) for sale_id in sale_ids]


OUTLETS = """
    SELECT o.outlet_id, o.code, o.channel, o.country, coalesce(s.source_id, 0)::integer, coalesce(s.trust, 1)::float8
    FROM channels.v_outlet AS o
    LEFT JOIN LATERAL (
        SELECT source_id, trust FROM channels.v_source AS s WHERE s.outlet_id = o.outlet_id ORDER BY source_id LIMIT 1
    ) AS s ON true
    WHERE o.code = ANY(%(codes)s::text[])
"""

# LIMIT 1 keeps each look a probe of the unique index, whatever was known of the table when the plan was made.
KNOWN = """
    SELECT s.receipt_number, s.outlet_id, s.sale_id, s.content, s.flags, s.source_id IS NOT NULL, s.node_id,
           s.is_return
    FROM unnest(%(numbers)s::text[], %(outlets)s::smallint[]) AS k (receipt_number, outlet_id)
    CROSS JOIN LATERAL (
        SELECT * FROM orders.sale AS s
        WHERE s.receipt_number = k.receipt_number AND s.outlet_id = k.outlet_id LIMIT 1
    ) AS s
"""

ORIGINS = """
    SELECT k.place, s.sale_id
    FROM unnest(%(numbers)s::text[], %(outlets)s::text[]) WITH ORDINALITY AS k (receipt_number, code, place)
    JOIN channels.v_outlet AS o USING (code)
    CROSS JOIN LATERAL (
        SELECT sale_id FROM orders.sale AS s
        WHERE s.receipt_number = k.receipt_number AND s.outlet_id = o.outlet_id LIMIT 1
    ) AS s
"""

# Of two who bring the same receipt at once, the later waits here until the first has committed, and writes nothing.
WRITE = """
    INSERT INTO orders.sale (outlet_id, receipt_number, is_return, node_id, occurred_at, business_day, recorded_at,
                             currency, amount_minor, discount_minor, tax_minor, tax_included, total_minor, units,
                             line_count, cashier, till, origin_sale_id, source_id, flags, content)
    SELECT n.outlet_id, n.receipt_number, n.is_return, n.node_id, n.occurred_at,
           (n.occurred_at AT TIME ZONE o.time_zone)::date, %(now)s, n.currency, n.amount, n.discount, n.tax,
           n.tax_included, n.total, n.units, n.lines, n.cashier, n.till, n.origin, n.source_id,
           string_to_array(n.flags, ' '), decode(n.content, 'hex')
    FROM unnest(%(outlets)s::smallint[], %(numbers)s::text[], %(returns)s::boolean[], %(nodes)s::bigint[],
                %(at)s::timestamptz[], %(currencies)s::text[], %(amounts)s::bigint[], %(discounts)s::bigint[],
                %(taxes)s::bigint[], %(included)s::boolean[], %(totals)s::bigint[], %(units)s::integer[],
                %(lines)s::smallint[], %(cashiers)s::text[], %(tills)s::text[], %(origins)s::bigint[],
                %(sources)s::smallint[], %(flags)s::text[], %(contents)s::text[])
         WITH ORDINALITY
         AS n (outlet_id, receipt_number, is_return, node_id, occurred_at, currency, amount, discount, tax,
               tax_included, total, units, lines, cashier, till, origin, source_id, flags, content, place)
    JOIN channels.v_outlet AS o USING (outlet_id)
    ORDER BY n.place
    ON CONFLICT (receipt_number, outlet_id) DO NOTHING
    RETURNING sale_id, receipt_number, outlet_id
"""

SUMMARY = ("sale_id", "kind", "occurred_at", "currency", "lines", "total_minor", "units", "recorded_at", "corrected_at")

SUMMARIES = """
    SELECT sale_id, CASE WHEN is_return THEN 'return' ELSE 'sale' END, occurred_at, currency, line_count::integer,
           abs(total_minor), abs(units), recorded_at, corrected_at
    FROM orders.sale WHERE sale_id = ANY(%(ids)s::bigint[])
"""


def betters(one: Judged, source_id: int | None, found: Known) -> bool:
    """Whether this is the shop's own account of what an event has told so far."""
    return source_id is None and found.second_hand and found.is_return == (one.sign < 0)


def known_by(sale_id: int, entry: Entry) -> Known:
    one = entry.judged
    return Known(
        sale_id,
        one.content,
        entry.flags,
        entry.source_id is not None,
        entry.node_id,
        one.sign < 0,
    )


def conflict(one: Judged, before: dict[str, Any]) -> ReceiptConflict:
    """Both receipts, side by side."""
    sale = one.sale
    sent = {
        "kind": sale.kind,
        "occurred_at": sale.occurred_at,
        "currency": sale.currency,
        "lines": len(sale.lines),
        "total_minor": sale.total_minor,
        "units": one.units,
    }
    differs = sorted(name for name, value in sent.items() if before[name] != value)
    return ReceiptConflict(
        f"Receipt {sale.number} of {sale.outlet} is on record with other content"
        f" ({', '.join(differs) or 'its lines, tenders or identifiers differ'}): give this one its own number.",
        outlet=sale.outlet,
        number=sale.number,
        sale_id=before["sale_id"],
        recorded=before,
        sent=sent,
        differs=differs,
    )


def flags_of(one: Judged, variants: dict[str, KnownVariant], *, found: bool, unusable: bool) -> list[str]:
    """What was taken although somebody should look at it."""
    flags: list[str] = []
    if any(line.kind == "adjustment" for line in one.sale.lines) or any(
        discount.kind == "adjustment" for discount in one.sale.discounts
    ):
        flags.append("adjusted")
    if any(line.sku and line.sku not in variants for line in one.sale.lines):
        flags.append("unknown_sku")
    if one.sale.takes_back and not found:
        flags.append("unknown_original")
    if unusable:
        flags.append("unusable_identifier")
    return flags
