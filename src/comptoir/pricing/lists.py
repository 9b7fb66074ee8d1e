"""Price lists: a code names one; describing it again replaces the description, never its prices."""

from comptoir import channels
from comptoir.kernel.db import Tx
from comptoir.pricing.errors import BadPriceList, CurrencyFixed, UnknownPriceList
from comptoir.pricing.house import changed
from comptoir.pricing.records import Code, PriceList, PriceListEntry


async def set_price_list(tx: Tx, *, code: Code, entry: PriceListEntry) -> PriceList:
    """A new list, or a known one anew. Its currency and its way of taxing stay once it has prices."""
    outlet_id = (await channels.outlet(tx, code=entry.outlet)).outlet_id if entry.outlet is not None else None
    check(entry)
    await tx.run(LOCK, code=code)
    before = await tx.maybe(PriceList, BY_CODE, code=code)
    fixed = before and (before.currency, before.tax_included) != (entry.currency, entry.tax_included)
    if before and fixed and await tx.value(HAS_PRICES, price_list_id=before.price_list_id):
        raise CurrencyFixed(
            f"{code} has prices in {before.currency}: make a new list for {entry.currency}.",
            price_list=code,
            currency=before.currency,
            tax_included=before.tax_included,
        )
    await tx.run(
        ADD if before is None else REPLACE,
        code=code,
        outlet_id=outlet_id,
        name=entry.name,
        currency=entry.currency,
        tax_included=entry.tax_included,
        channel=entry.channel,
        customer_group=entry.customer_group,
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
        priority=entry.priority,
        enabled=entry.enabled,
    )
    await changed(tx)
    return await price_list(tx, code=code)


async def price_list(tx: Tx, *, code: str) -> PriceList:
    if found := await tx.maybe(PriceList, BY_CODE, code=code):
        return found
    raise UnknownPriceList(f"There is no price list {code!r}.", price_list=code)


async def price_lists(tx: Tx) -> list[PriceList]:
    """All of them, by code."""
    return await tx.many(PriceList, ALL)


LOCK = "SELECT pg_advisory_xact_lock(hashtext('pricing.price_list'), hashtext(%(code)s))"

HAS_PRICES = "SELECT EXISTS (SELECT FROM pricing.price WHERE price_list_id = %(price_list_id)s)"

ADD = """
    INSERT INTO pricing.price_list (code, name, currency, tax_included, channel, outlet_id, customer_group,
                                    starts_at, ends_at, priority, enabled)
    VALUES (%(code)s, %(name)s, %(currency)s, %(tax_included)s, %(channel)s, %(outlet_id)s, %(customer_group)s,
            %(starts_at)s, %(ends_at)s, %(priority)s, %(enabled)s)
"""

REPLACE = """
    UPDATE pricing.price_list
    SET name = %(name)s, currency = %(currency)s, tax_included = %(tax_included)s, channel = %(channel)s,
        outlet_id = %(outlet_id)s, customer_group = %(customer_group)s, starts_at = %(starts_at)s,
        ends_at = %(ends_at)s, priority = %(priority)s, enabled = %(enabled)s
    WHERE code = %(code)s
"""

COLUMNS = """
    SELECT l.price_list_id, l.code, l.name, l.currency, l.tax_included, l.channel, l.outlet_id,
           (SELECT o.code FROM channels.v_outlet AS o WHERE o.outlet_id = l.outlet_id) AS outlet,
           l.customer_group, l.starts_at, l.ends_at, l.priority, l.enabled
    FROM pricing.price_list AS l
"""
BY_CODE = COLUMNS + "WHERE l.code = %(code)s"
ALL = COLUMNS + "ORDER BY l.code"


def check(entry: PriceListEntry) -> None:
    """Refuse what cannot be: an unknown currency, a period that ends before it begins."""
    if entry.currency not in channels.currencies():
        raise BadPriceList(f"{entry.currency!r} is not an ISO 4217 code like EUR.", currency=entry.currency)
    if entry.starts_at is not None and entry.ends_at is not None and entry.starts_at >= entry.ends_at:
        raise BadPriceList("The list ends before it begins.", starts_at=entry.starts_at, ends_at=entry.ends_at)
