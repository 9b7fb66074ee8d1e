"""A price file comes in: 100,000 rows in seconds, the same file again changes nothing.

A row that cannot be taken is refused by itself and named; those beside it come in.
"""

from collections.abc import Sequence

from comptoir import catalog
from comptoir.kernel import pack
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal
from comptoir.pricing import lists
from comptoir.pricing.errors import BadPrice, PriceTwice, UnknownSku
from comptoir.pricing.events import PricesChanged
from comptoir.pricing.records import NewPrice, Price, PricesImported, RefusedRow


async def import_prices(tx: Tx, *, code: str, prices: Sequence[NewPrice], whole: bool = False) -> PricesImported:
    """Take every price that can be taken into a list. `whole`: what the file does not name has no price any more."""
    found = await lists.price_list(tx, code=code)
    await tx.run(LOCK, price_list_id=found.price_list_id)
    known = await catalog.variants_by_sku(tx, [one.sku for one in prices])
    taken, refused = judge(prices, {sku: one.variant_id for sku, one in known.items()})

    await tx.run(STAGE)
    await tx.run(EMPTY_STAGE)
    await tx.copy(COPY, pack.whole(packed(variant_id, one) for variant_id, one in sorted(taken.items())))
    new, changed = (await tx.tuples(WRITE, price_list_id=found.price_list_id, now=tx.now))[0]
    removed = await tx.run(REMOVE, price_list_id=found.price_list_id) if whole else 0
    if new or changed or removed:
        await tx.tell(PricesChanged(price_list=code, new=new, changed=changed, removed=removed))
    return PricesImported(new, changed, len(taken) - new - changed, removed, refused)


async def prices_of(tx: Tx, *, code: str, after: int = 0, limit: int = 50) -> list[Price]:
    """The prices of a list, by variant, those after the variant `after`."""
    found = await lists.price_list(tx, code=code)
    return await tx.many(Price, OF_LIST, price_list_id=found.price_list_id, after=after, limit=limit)


# Two files into one list come in one after the other.
LOCK = "SELECT 1 FROM pricing.price_list WHERE price_list_id = %(price_list_id)s FOR NO KEY UPDATE"

STAGE = """
    CREATE TEMP TABLE IF NOT EXISTS pricing_price_row (
        variant_id bigint, amount_minor bigint, per_units integer, was_minor bigint)
    ON COMMIT DELETE ROWS
"""

EMPTY_STAGE = "TRUNCATE pg_temp.pricing_price_row"

COPY = "COPY pg_temp.pricing_price_row (variant_id, amount_minor, per_units, was_minor) FROM STDIN (FORMAT binary)"

# A row that says what is already known is not touched: no dead tuple, and changed_at stays true.
WRITE = """
    WITH written AS (
        INSERT INTO pricing.price AS old (variant_id, price_list_id, amount_minor, per_units, was_minor, changed_at)
        SELECT variant_id, %(price_list_id)s, amount_minor, per_units, was_minor, %(now)s
        FROM pg_temp.pricing_price_row ORDER BY variant_id
        ON CONFLICT (variant_id, price_list_id) DO UPDATE SET amount_minor = excluded.amount_minor,
            per_units = excluded.per_units, was_minor = excluded.was_minor, changed_at = excluded.changed_at
        WHERE (old.amount_minor, old.per_units, old.was_minor)
              IS DISTINCT FROM (excluded.amount_minor, excluded.per_units, excluded.was_minor)
        RETURNING (xmax = 0) AS new
    )
    SELECT count(*) FILTER (WHERE new), count(*) FILTER (WHERE NOT new) FROM written
"""

REMOVE = """
    DELETE FROM pricing.price AS p
    WHERE p.price_list_id = %(price_list_id)s
      AND NOT EXISTS (SELECT FROM pg_temp.pricing_price_row AS r WHERE r.variant_id = p.variant_id)
"""

OF_LIST = """
    SELECT variant_id, price_list_id, amount_minor, per_units, was_minor FROM pricing.price
    WHERE price_list_id = %(price_list_id)s AND variant_id > %(after)s
    ORDER BY variant_id LIMIT %(limit)s
"""


def judge(prices: Sequence[NewPrice], variants: dict[str, int]) -> tuple[dict[int, NewPrice], list[RefusedRow]]:
    """Which rows can be taken. The first row that names a SKU has it."""
    taken: dict[int, NewPrice] = {}
    refused: list[RefusedRow] = []
    for row, one in enumerate(prices):
        try:
            variant_id = variants.get(one.sku)
            if variant_id is None:
                raise UnknownSku(f"There is no SKU {one.sku[:80]}.", sku=one.sku[:80])
            if one.was_minor is not None and one.was_minor < one.amount_minor:
                raise BadPrice(f"{one.sku}: the earlier price is below the present one.", sku=one.sku)
            if taken.setdefault(variant_id, one) != one:
                raise PriceTwice(f"{one.sku} has two prices in the file.", sku=one.sku)
        except Refusal as refusal:
            refused.append(RefusedRow.of(row, refusal))
    return taken, refused


def packed(variant_id: int, one: NewPrice) -> bytes:
    """One price ready for COPY."""
    return b"".join(
        (
            pack.start(4),
            pack.int8(variant_id),
            pack.int8(one.amount_minor),
            pack.int4(one.per_units),
            pack.int8(one.was_minor),
        )
    )
