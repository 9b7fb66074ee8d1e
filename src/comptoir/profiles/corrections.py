"""A corrected sale: what it counted as is taken away, what it counts as now is added. Pure, as the fold is.

Sums only, so it does not matter whether the sale itself is read before or after. A thread is never rewritten: where the
money of an identifier has changed, the difference stands on it.
"""

from comptoir import orders
from comptoir.kernel.log import Event, microseconds
from comptoir.profiles.channel_bits import BIT
from comptoir.profiles.fold import DAY, HALF_HOUR, LONGEST_CATEGORY, Fold, add
from comptoir.profiles.moments import RETURNED, SOLD

CORRECTED = "Order Corrected"


def correct(fold: Fold, event: Event, sale: orders.SaleCorrected) -> None:
    """`before` no longer counts, `after` counts instead."""
    before, after = sale.before, sale.after
    _count(fold, event, sale, before, -1)
    _count(fold, event, sale, after, 1)
    if (before.node_id, before.currency) == (after.node_id, after.currency):
        _show(fold, event, sale, after, CORRECTED, after.total_minor - before.total_minor)
    else:
        _show(fold, event, sale, before, CORRECTED, -before.total_minor)
        _show(fold, event, sale, after, sale.receipt_number, after.total_minor)


def _count(fold: Fold, event: Event, sale: orders.SaleCorrected, account: orders.Account, sign: int) -> None:
    us = microseconds(account.occurred_at)
    counted = (0 if sale.is_return else sign, sign * account.units, sign * account.total_minor)
    add(fold.takings.setdefault((us // HALF_HOUR, sale.channel, account.currency), [0, 0, 0]), *counted)
    node = account.node_id
    if node is None:
        return
    day, half_hour = divmod(us, DAY)
    # She was there, as she said; what changes is what was bought.
    known = fold.nodes.get(node)
    touch = (us, event.position, sale.channel, None, None)
    if known is None:
        fold.nodes[node] = [0, BIT[sale.channel], touch, touch]
    else:
        known[1] |= BIT[sale.channel]
        known[2], known[3] = min(known[2], touch, key=when), max(known[3], touch, key=when)
    counts = fold.days.setdefault((node, day, sale.channel, account.currency), [0, 0, 0, 0, 0, 0, 0])
    counts[0] |= 1 << half_hour // HALF_HOUR
    add(counts, 0, 0, 0, 0, *counted)
    for category, (amount, units) in account.categories.items():
        key = node, day, category[:LONGEST_CATEGORY], account.currency
        add(fold.categories.setdefault(key, [0, 0, 0]), 0, sign * units, sign * amount)
    shop = fold.shops.setdefault((node, sale.outlet_id, account.currency), [0, 0, 0, us])
    shop[3] = max(shop[3], us)
    add(shop, *counted)


def when(touch: tuple[int, int, object, object, object]) -> tuple[int, int]:
    return touch[:2]


def _show(
    fold: Fold, event: Event, sale: orders.SaleCorrected, account: orders.Account, name: str, amount: int
) -> None:
    if account.node_id is None or amount == 0:
        return
    fold.moments.add(
        node_id=account.node_id,
        occurred=microseconds(account.occurred_at),
        position=event.position,
        recorded=microseconds(event.recorded_at),
        source_id=None,
        channel=sale.channel,
        meaning=RETURNED if amount < 0 else SOLD,
        name=name,
        subject=", ".join(sale.names[:3]) or None,
        amount=(amount, account.currency),
        outlet_id=sale.outlet_id,
    )
