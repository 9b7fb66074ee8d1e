"""A sale that is on record is known better: told by an event first, and now by its shop; or the other way round.

The shop's own account takes the place of the second-hand one, lines, discounts and tenders included; it is the same
sale under the same id. What has been counted is put right by the fact `orders.sale_corrected`, where anything that
counts has changed. The shop's account stands: nothing takes its place, an event can only say whose sale it was.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import LiteralString

import msgspec

from comptoir import identity
from comptoir.kernel.db import Tx, ints
from comptoir.orders.events import Account, SaleCorrected, SaleRecorded
from comptoir.orders.sales.lines import Entry, columns_of, packed, write_beneath


class Before(msgspec.Struct, frozen=True, gc=False):
    """A sale as it counts so far."""

    sale_id: int
    outlet_id: int
    channel: str
    receipt_number: str
    is_return: bool
    node_id: int | None
    occurred_at: datetime
    currency: str
    total_minor: int
    units: int


async def replace(tx: Tx, accounts: Sequence[tuple[int, Entry]]) -> set[int]:
    """Put the shops' own accounts in the place of second-hand ones; returns the sales that were still second-hand.

    `accounts` go by sale. Who is named on them is whose sale it is; else, or if that is one person, it stays with the
    identifier that it had.
    """
    if not accounts:
        return set()
    before = await _lock(tx, LOCK_SECOND_HAND, [sale_id for sale_id, _ in accounts])
    categories = await _categories(tx, before)
    due = [(sale_id, entry) for sale_id, entry in accounts if sale_id in before]
    if not due:
        return set()
    people = await identity.persons_of(
        tx, {node for sale_id, entry in due for node in (entry.node_id, before[sale_id].node_id) if node is not None}
    )
    due = [
        (sale_id, msgspec.structs.replace(entry, node_id=whose(before[sale_id].node_id, entry.node_id, people)))
        for sale_id, entry in sorted(due, key=lambda one: one[1].judged.key)
    ]
    ids = ints(sale_id for sale_id, _ in due)
    await tx.run(REPLACE, ids=ids, now=tx.now, **columns_of([entry for _, entry in due]))
    for emptied in FORGET:
        await tx.run(emptied, ids=ids)
    rows = packed(due)
    await write_beneath(tx, rows)
    told = [
        corrected(before[fact.sale_id], categories[fact.sale_id], account(fact, fact.categories), fact.names)
        for fact in rows.facts
    ]
    await tx.tell(*[fact for fact in told if fact.before != fact.after])
    return {sale_id for sale_id, _ in due}


async def name(tx: Tx, nodes: Mapping[int, int]) -> None:
    """Say whose sales these are, by sale, where that is not known."""
    if not nodes:
        return
    before = await _lock(tx, LOCK_NAMELESS, nodes)
    if not before:
        return
    categories = await _categories(tx, before)
    await tx.run(NAME, ids=ints(before), nodes=ints(nodes[sale_id] for sale_id in before))
    names = dict(await tx.tuples(NAMES, ids=ints(before)))
    await tx.tell(
        *[
            corrected(
                one,
                categories[sale_id],
                msgspec.structs.replace(account(one, categories[sale_id]), node_id=nodes[sale_id]),
                names.get(sale_id, []),
            )
            for sale_id, one in before.items()
        ]
    )


async def _lock(tx: Tx, sql: LiteralString, sale_ids: Sequence[int] | Mapping[int, int]) -> dict[int, Before]:
    return {one.sale_id: one for one in await tx.many(Before, sql + BEFORE, ids=ints(sorted(sale_ids)))}


async def _categories(tx: Tx, sale_ids: Mapping[int, Before]) -> dict[int, dict[str, tuple[int, int]]]:
    """What each sale counts as by category, as it was told."""
    found: defaultdict[int, dict[str, tuple[int, int]]] = defaultdict(dict)
    for sale_id, category, paid, units in await tx.tuples(CATEGORIES, ids=ints(sale_ids)):
        found[sale_id][category] = paid, units
    return found


LOCK_SECOND_HAND: LiteralString = """
    WITH s AS (SELECT * FROM orders.sale WHERE sale_id = ANY(%(ids)s::bigint[]) AND source_id IS NOT NULL
"""
LOCK_NAMELESS: LiteralString = """
    WITH s AS (SELECT * FROM orders.sale
               WHERE sale_id = ANY(%(ids)s::bigint[]) AND source_id IS NULL AND node_id IS NULL
"""
# In order of the key, like those who write new ones.
BEFORE: LiteralString = """
    ORDER BY receipt_number, outlet_id FOR UPDATE)
    SELECT s.sale_id, s.outlet_id, o.channel, s.receipt_number, s.is_return, s.node_id, s.occurred_at, s.currency,
           s.total_minor, s.units
    FROM s JOIN channels.v_outlet AS o USING (outlet_id)
"""

# As `lines.packed` counts. A category never changes its path.
CATEGORIES = """
    SELECT l.sale_id, coalesce(array_to_string(c.path, ' / '), ''),
           sum(l.amount_minor - l.discount_minor + CASE WHEN s.tax_included THEN 0 ELSE l.tax_minor END)::bigint,
           sum(CASE WHEN l.kind <> 'goods' THEN 0 WHEN l.quantity %% 1000 = 0 THEN l.quantity / 1000
                    ELSE sign(l.quantity) END)::bigint
    FROM orders.sale_line AS l JOIN orders.sale AS s USING (sale_id)
    LEFT JOIN catalog.category AS c ON c.category_id = l.category_id
    WHERE l.sale_id = ANY(%(ids)s::bigint[])
    GROUP BY l.sale_id, c.path
"""

REPLACE = """
    UPDATE orders.sale AS s
    SET node_id = n.node_id, occurred_at = n.occurred_at,
        business_day = (n.occurred_at AT TIME ZONE o.time_zone)::date, corrected_at = %(now)s, currency = n.currency,
        amount_minor = n.amount, discount_minor = n.discount, tax_minor = n.tax, tax_included = n.tax_included,
        total_minor = n.total, units = n.units, line_count = n.lines, cashier = n.cashier, till = n.till,
        origin_sale_id = n.origin, source_id = n.source_id, flags = string_to_array(n.flags, ' '),
        content = decode(n.content, 'hex')
    FROM unnest(%(ids)s::bigint[], %(outlets)s::smallint[], %(numbers)s::text[], %(returns)s::boolean[],
                %(nodes)s::bigint[], %(at)s::timestamptz[], %(currencies)s::text[], %(amounts)s::bigint[],
                %(discounts)s::bigint[], %(taxes)s::bigint[], %(included)s::boolean[], %(totals)s::bigint[],
                %(units)s::integer[], %(lines)s::smallint[], %(cashiers)s::text[], %(tills)s::text[],
                %(origins)s::bigint[], %(sources)s::smallint[], %(flags)s::text[], %(contents)s::text[])
         AS n (sale_id, outlet_id, receipt_number, is_return, node_id, occurred_at, currency, amount, discount, tax,
               tax_included, total, units, lines, cashier, till, origin, source_id, flags, content)
    JOIN channels.v_outlet AS o USING (outlet_id)
    WHERE s.sale_id = n.sale_id
"""

FORGET: tuple[LiteralString, ...] = (
    "DELETE FROM orders.sale_line WHERE sale_id = ANY(%(ids)s::bigint[])",
    "DELETE FROM orders.discount WHERE sale_id = ANY(%(ids)s::bigint[])",
    "DELETE FROM orders.tender WHERE sale_id = ANY(%(ids)s::bigint[])",
)

NAME = """
    UPDATE orders.sale AS s SET node_id = n.node_id
    FROM unnest(%(ids)s::bigint[], %(nodes)s::bigint[]) AS n (sale_id, node_id) WHERE s.sale_id = n.sale_id
"""

NAMES = """
    SELECT sale_id, (array_agg(name ORDER BY line_number))[1:3] FROM orders.v_sale_line
    WHERE sale_id = ANY(%(ids)s::bigint[]) AND kind = 'goods' AND name IS NOT NULL GROUP BY sale_id
"""


def whose(so_far: int | None, named: int | None, people: Mapping[int, int]) -> int | None:
    """The node of a sale. One person's sale stays where it is counted already."""
    if named is None or so_far is None:
        return so_far if named is None else named
    return so_far if people.get(so_far) == people.get(named) else named


def account(of: Before | SaleRecorded, categories: dict[str, tuple[int, int]]) -> Account:
    """What a sale counts as. Of a fact: what it would have counted as, had it come first."""
    return Account(
        node_id=of.node_id,
        occurred_at=of.occurred_at,
        currency=of.currency,
        total_minor=of.total_minor,
        units=of.units,
        categories=categories,
    )


def corrected(one: Before, categories: dict[str, tuple[int, int]], now: Account, names: list[str]) -> SaleCorrected:
    return SaleCorrected(
        sale_id=one.sale_id,
        outlet_id=one.outlet_id,
        channel=one.channel,
        receipt_number=one.receipt_number,
        is_return=one.is_return,
        names=names,
        before=account(one, categories),
        after=now,
    )
