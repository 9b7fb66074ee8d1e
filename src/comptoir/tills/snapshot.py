"""What the tills of an outlet take along, row by row, so that who has a version gets only what has changed since.

In it: list prices with their tax, tax rates, the promotions that a till may compute alone, and what lies in its shop.
Not in it: coupons, limited promotions, margins, prices of customer groups, customers. Those need the house.
"""

from datetime import timedelta
from typing import Any

import msgspec

from comptoir import channels, pricing
from comptoir.kernel.db import Tx, rows
from comptoir.tills.records import Snapshot

FRESH = timedelta(seconds=5)
"""Tills of one outlet that ask together are given the same."""
CHUNK = 5_000
"""Articles priced at once."""


async def refresh(tx: Tx, *, outlet: channels.Outlet) -> int:
    """Bring the rows of an outlet up to date; returns their version."""
    await tx.run(OPEN, outlet_id=outlet.outlet_id)
    ((version, made_at),) = await tx.tuples(LOCK, outlet_id=outlet.outlet_id)
    if version and tx.now - made_at < FRESH:
        return version
    found = [{"part": part, "key": key, "body": body} for part, key, body in await _rows(tx, outlet)]
    changed = await tx.run(KEEP, outlet_id=outlet.outlet_id, rows=rows(found), version=version + 1)
    gone = await tx.run(GONE, outlet_id=outlet.outlet_id, rows=rows(found), version=version + 1)
    version += bool(changed or gone or not version)
    await tx.run(MADE, outlet_id=outlet.outlet_id, version=version, now=tx.now)
    return version


async def snapshot(tx: Tx, *, outlet: channels.Outlet, version: int, since: int) -> Snapshot:
    """What has changed after `since`; all of it where that version is none of ours."""
    full = not 0 < since <= version
    since = 0 if full else since
    parts: dict[str, dict[str, msgspec.Raw]] = {
        one: {} for one in ("prices", "stock", "taxes", "promotions", "online_only")
    }
    removed: dict[str, list[str]] = {}
    for part, key, body in await tx.tuples(SINCE, outlet_id=outlet.outlet_id, since=since):
        if body is not None:
            parts[part][key] = msgspec.Raw(body.encode())
        elif not full:
            removed.setdefault(part, []).append(key)
    return Snapshot(
        outlet=outlet.code, currency=outlet.currency, version=version, since=since, full=full, parts=parts,
        removed=removed,
    )  # fmt: skip


async def _rows(tx: Tx, outlet: channels.Outlet) -> list[tuple[str, str, str]]:
    """Every row as it is now: part, key, JSON."""
    found: list[tuple[str, str, Any]] = []
    articles = {one[0]: one[1:] for one in await tx.tuples(ARTICLES)}
    variants = sorted(articles)
    for start in range(0, len(variants), CHUNK):
        for one in await pricing.list_prices(tx, outlet=outlet, variants=variants[start : start + CHUNK]):
            sku, name, gtin = articles[one.variant_id]
            told = {"name": name, "gtin": gtin, **msgspec.to_builtins(one)}
            del told["variant_id"]
            found.append(("prices", sku, told))
    for variant, sellable, free in await tx.tuples(STOCK, outlet_id=outlet.outlet_id):
        if variant in articles:
            found.append(("stock", articles[variant][0], {"sellable": sellable, "free": free}))
    for one in await pricing.tax_rates(tx):
        if one.country == outlet.country and one.region in {"", outlet.region}:
            begins = one.starts_at.isoformat() if one.starts_at else ""
            found.append(("taxes", f"{one.tax_class} {one.region} {begins}", one))
    alone, others = await pricing.offline_promotions(tx, currency=outlet.currency)
    found += [("promotions", one.code, one) for one in alone]
    found += [("online_only", code, {"why": why}) for code, why in others.items()]
    return [(part, key, msgspec.json.encode(body, order="deterministic").decode()) for part, key, body in found]


ARTICLES = "SELECT variant_id, sku, name, gtin FROM catalog.v_variant WHERE sku IS NOT NULL"

STOCK = """
    SELECT b.variant_id, b.sellable, b.free FROM inventory.v_balance AS b
    JOIN inventory.v_location AS l USING (location_id) WHERE l.outlet_id = %(outlet_id)s
"""

OPEN = """
    INSERT INTO tills.snapshot (outlet_id, version, made_at) VALUES (%(outlet_id)s, 0, '-infinity')
    ON CONFLICT (outlet_id) DO NOTHING
"""
LOCK = """
    SELECT version, CASE WHEN version = 0 THEN to_timestamp(0) ELSE made_at END FROM tills.snapshot
    WHERE outlet_id = %(outlet_id)s FOR NO KEY UPDATE
"""

KEEP = """
    INSERT INTO tills.snapshot_row AS r (outlet_id, part, key, body, version)
    SELECT %(outlet_id)s, part, key, body, %(version)s
    FROM json_to_recordset(%(rows)s::json) AS n (part text, key text, body text)
    ON CONFLICT (outlet_id, part, key) DO UPDATE SET body = excluded.body, version = excluded.version
    WHERE r.body IS DISTINCT FROM excluded.body
"""

GONE = """
    UPDATE tills.snapshot_row AS r SET body = NULL, version = %(version)s
    WHERE r.outlet_id = %(outlet_id)s AND r.body IS NOT NULL AND (r.part, r.key) NOT IN (
        SELECT part, key FROM json_to_recordset(%(rows)s::json) AS n (part text, key text))
"""

MADE = "UPDATE tills.snapshot SET version = %(version)s, made_at = %(now)s WHERE outlet_id = %(outlet_id)s"

SINCE = """
    SELECT part, key, body FROM tills.snapshot_row
    WHERE outlet_id = %(outlet_id)s AND version > %(since)s ORDER BY part, key
"""
