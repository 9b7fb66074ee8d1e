"""The proof that coupons are counted right. Nothing here mends: a fault is a defect of ours, or somebody wrote by hand.

Promotions with a limit have none: what was used of one before it got its limit was never counted, and is no fault.
"""

from comptoir.kernel.db import Tx
from comptoir.pricing.records import Fault

MOST = 100
"""Faults named; one is enough to begin looking."""


async def reconcile(tx: Tx) -> list[Fault]:
    """What is counted of each coupon as used and reserved is what its claims say."""
    return await tx.many(Fault, COUPONS, most=MOST)


COUPONS = """
    SELECT 'coupons' AS check, coalesce(c.coupon_id, k.coupon_id) AS coupon_id,
           format('used %%s and reserved %%s, claims say %%s and %%s', c.used, c.reserved, coalesce(k.used, 0),
                  coalesce(k.reserved, 0)) AS detail
    FROM (SELECT coupon_id, used, reserved FROM pricing.coupon WHERE used + reserved > 0) AS c
    FULL JOIN (SELECT coupon_id, count(*) FILTER (WHERE state = 'redeemed') AS used,
                      count(*) FILTER (WHERE state = 'reserved') AS reserved
               FROM pricing.claim WHERE coupon_id <> 0 AND state <> 'released' GROUP BY coupon_id) AS k
        USING (coupon_id)
    WHERE (coalesce(c.used, 0), coalesce(c.reserved, 0)) <> (coalesce(k.used, 0), coalesce(k.reserved, 0))
    LIMIT %(most)s
"""
