"""Proofs that the stock is right. Nothing here mends: a fault is a defect of ours, or somebody wrote by hand."""

from comptoir.inventory.records import Fault
from comptoir.kernel.db import Tx

MOST = 100
"""Faults named per check; one is enough to begin looking."""


async def reconcile(tx: Tx) -> list[Fault]:
    """What lies where is the sum of the ledger, promises are what is held and allocated, shortages are what is missing.

    What a transfer has under way is what the ledger says of it.
    """
    return [
        *await tx.many(Fault, BALANCES, most=MOST),
        *await tx.many(Fault, PROMISES, most=MOST),
        *await tx.many(Fault, SHORTAGES, most=MOST),
        *await tx.many(Fault, TRANSFERS, most=MOST),
    ]


BALANCES = """
    SELECT 'balances' AS check, variant_id, location_id,
           format('ledger %%s, balance %%s', l.sums::text, b.sums::text) AS detail
    FROM (SELECT variant_id, location_id,
                 ARRAY[sum(moved) FILTER (WHERE state = 'sellable'), sum(moved) FILTER (WHERE state = 'display'),
                       sum(moved) FILTER (WHERE state = 'damaged'), sum(moved) FILTER (WHERE state = 'quarantine'),
                       sum(d_held), sum(d_allocated)]::bigint[] AS sums
          FROM inventory.v_ledger WHERE location_id > 3 GROUP BY 1, 2) AS l
    FULL JOIN (SELECT variant_id, location_id,
                      ARRAY[sellable, display, damaged, quarantine, held, allocated]::bigint[] AS sums
               FROM inventory.balance) AS b USING (variant_id, location_id)
    WHERE array_replace(coalesce(l.sums, '{0,0,0,0,0,0}'), NULL, 0)
          IS DISTINCT FROM coalesce(b.sums, '{0,0,0,0,0,0}')
    LIMIT %(most)s
"""

PROMISES = """
    SELECT 'promises' AS check, variant_id, location_id,
           format('promised %%s held and %%s allocated, balance %%s and %%s', p.held, p.allocated, b.held, b.allocated)
           AS detail
    FROM (SELECT variant_id, location_id, sum(quantity) FILTER (WHERE expires_at IS NOT NULL) AS held,
                 sum(quantity) FILTER (WHERE expires_at IS NULL) AS allocated
          FROM inventory.promise GROUP BY 1, 2) AS p
    FULL JOIN inventory.balance AS b USING (variant_id, location_id)
    WHERE (coalesce(p.held, 0), coalesce(p.allocated, 0))
          IS DISTINCT FROM (coalesce(b.held, 0), coalesce(b.allocated, 0))
    LIMIT %(most)s
"""

SHORTAGES = """
    SELECT 'shortages' AS check, variant_id, location_id,
           format('missing %%s, recorded %%s', b.missing, s.missing) AS detail
    FROM (SELECT variant_id, location_id, held + allocated - greatest(sellable, 0) AS missing
          FROM inventory.balance WHERE held + allocated > greatest(sellable, 0)) AS b
    FULL JOIN inventory.shortage AS s USING (variant_id, location_id)
    WHERE b.missing IS DISTINCT FROM s.missing
    LIMIT %(most)s
"""

TRANSFERS = """
    SELECT 'transfers' AS check, variant_id, location_id,
           format('transfer %%s: under way %%s, in the ledger %%s', reference, t.units, l.units) AS detail
    FROM (SELECT t.transfer_id::text AS reference, i.variant_id, t.via_location_id AS location_id, i.under_way AS units
          FROM inventory.transfer AS t JOIN inventory.transfer_line AS i USING (transfer_id)
          WHERE t.via_location_id IS NOT NULL AND i.under_way > 0) AS t
    FULL JOIN (SELECT l.reference, l.variant_id, l.location_id, sum(l.moved) AS units
               FROM inventory.v_ledger AS l
               JOIN inventory.transfer AS t
                   ON l.reference = t.transfer_id::text AND l.location_id = t.via_location_id
               GROUP BY 1, 2, 3 HAVING sum(l.moved) <> 0) AS l USING (reference, variant_id, location_id)
    WHERE t.units IS DISTINCT FROM l.units
    LIMIT %(most)s
"""
