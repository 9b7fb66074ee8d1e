"""What pricing keeps of people: coupons of their own, and who used which."""

from comptoir.kernel.register import Table

HOLDINGS = [
    Table(
        name="pricing.claim",
        what="Who used which promotion and coupon",
        by="node",
        does="pseudonymised",
        plain="reference state",
        why="What was given away is part of the accounts.",
        keep="for ever",
        show="""
            SELECT to_json(c) FROM pricing.claim AS c WHERE person_id = ANY(%(nodes)s::bigint[]) ORDER BY changed_at
        """,
        erase="UPDATE pricing.claim SET person_id = NULL WHERE person_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="pricing.coupon",
        what="Coupons that were given to one person",
        by="node",
        does="pseudonymised",
        free="label",
        why="What was used of it is part of the accounts; what was not, nobody may use any more.",
        keep="for ever",
        show="SELECT to_json(c) FROM pricing.v_coupon AS c WHERE node_id = ANY(%(nodes)s::bigint[]) ORDER BY coupon_id",
        # Without an owner whoever shows it could use it: so only what is used already is left of it.
        erase="""
            WITH gone AS (
                DELETE FROM pricing.coupon WHERE node_id = ANY(%(nodes)s::bigint[]) AND used + reserved = 0
                    AND NOT EXISTS (SELECT FROM pricing.claim AS c WHERE c.coupon_id = coupon.coupon_id)
            )
            UPDATE pricing.coupon SET node_id = NULL, used = greatest(used, 1 - reserved),
                max_uses = greatest(used + reserved, 1)
            WHERE node_id = ANY(%(nodes)s::bigint[]) AND (used + reserved > 0
                OR EXISTS (SELECT FROM pricing.claim AS c WHERE c.coupon_id = coupon.coupon_id))
        """,
    ),
    Table(
        name="pricing.guess",
        what="Who has tried codes in the last minutes",
        by="value",
        does="deleted",
        free="who",
        drop=True,
        keep="minutes",
    ),
    Table(name="pricing.article", plain="tax_class cost_currency"),
    Table(name="pricing.campaign", plain="code name"),
    Table(name="pricing.category_tax", plain="tax_class"),
    Table(name="pricing.house", plain="mode"),
    Table(name="pricing.price_list", plain="code name currency channel customer_group"),
    Table(name="pricing.promotion", plain="code promotion"),
    Table(name="pricing.tax_rate", plain="country region tax_class"),
]
