"""What is sold where, and when. Everything is sold everywhere, until a channel or an outlet has an assortment.

An outlet's own assortment takes the place of its channel's. What is said of a variant takes the place of what is said
of its product. A row that cannot be taken is refused by itself and named; those beside it come in.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from comptoir import channels
from comptoir.catalog.errors import BadAssortment, ProductTwice, UnknownProduct
from comptoir.catalog.products import variants_by_sku
from comptoir.catalog.records import RefusedRow
from comptoir.kernel.db import Tx, ints, rows, texts
from comptoir.kernel.errors import Refusal

Moment = Annotated[datetime, Meta(tz=True)]


class NewAssorted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One article of an assortment: a product with all its variants by its code, or one variant by its SKU."""

    product: Annotated[str, Meta(max_length=500)] = ""
    sku: Annotated[str, Meta(max_length=500)] = ""
    starts_at: Moment | None = None
    """Null: has always been."""
    ends_at: Moment | None = None
    """From this moment on it is sold there no more; null: until further notice."""


class Assortment(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel or an outlet sells; everything where there is none."""

    assortment_id: int
    channel: str | None
    outlet: str | None
    """Code of the outlet whose own it is."""
    products: int
    variants: int
    """Those named one by one."""
    changed_at: datetime


class Assorted(msgspec.Struct, frozen=True):
    """One article of an assortment. Of `product` and `sku` one is empty."""

    place: int
    product: str
    sku: str
    starts_at: datetime | None
    ends_at: datetime | None


class AssortmentImported(msgspec.Struct, frozen=True):
    """What a file did to an assortment, and which rows it left out."""

    new: int
    changed: int
    unchanged: int
    removed: int
    refused: list[RefusedRow]


class Period(msgspec.Struct, frozen=True, gc=False):
    """From when until when; null: no limit."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= now) and (self.ends_at is None or now < self.ends_at)


async def set_assortment(
    tx: Tx, articles: Sequence[NewAssorted], *, channel: str = "", outlet: str = "", whole: bool = False
) -> AssortmentImported:
    """Take articles into the assortment of a channel or an outlet. `whole`: what is not named is sold there no more.

    Where there was no assortment there is one from now on: what it does not name is not sold there.
    """
    outlet_id = await _outlet_id(tx, channel, outlet)
    await tx.run(OPEN, channel=channel or None, outlet_id=outlet_id, now=tx.now)
    assortment_id = await tx.value(LOCK, channel=channel or None, outlet_id=outlet_id)
    known = await variants_by_sku(tx, [one.sku for one in articles if one.sku])
    products = dict(await tx.tuples(PRODUCTS, codes=texts(sorted({one.product for one in articles if one.product}))))
    taken, refused = _judge(articles, products, {sku: one.variant_id for sku, one in known.items()})
    given = rows(
        [
            {"product_id": product, "variant_id": variant, "starts_at": one.starts_at, "ends_at": one.ends_at}
            for (product, variant), one in taken.items()
        ]
    )
    new, changed = (await tx.tuples(WRITE, assortment_id=assortment_id, articles=given))[0]
    removed = await tx.run(REMOVE, assortment_id=assortment_id, articles=given) if whole else 0
    if new or changed or removed:
        await tx.run(TURN, assortment_id=assortment_id, now=tx.now)
    return AssortmentImported(new, changed, len(taken) - new - changed, removed, refused)


async def drop_assortment(tx: Tx, *, channel: str = "", outlet: str = "") -> bool:
    """Everything is sold there again, or what the outlet's channel sells. False when there was no assortment."""
    return bool(await tx.run(DROP, channel=channel or None, outlet_id=await _outlet_id(tx, channel, outlet)))


async def assortments(tx: Tx) -> list[Assortment]:
    """All of them, those of channels first."""
    return await tx.many(Assortment, ALL)


async def assorted(tx: Tx, *, channel: str = "", outlet: str = "", after: int = -1, limit: int = 50) -> list[Assorted]:
    """The articles of one assortment, products first; those after the place `after`."""
    outlet_id = await _outlet_id(tx, channel, outlet)
    return await tx.many(Assorted, ARTICLES, channel=channel or None, outlet_id=outlet_id, after=after, limit=limit)


async def sold(
    tx: Tx, *, outlets: Sequence[channels.Outlet], variants: Sequence[int], at: datetime | None = None
) -> dict[int, set[int]]:
    """By outlet, which of these variants are sold there now, or at another moment."""
    now = at or tx.now
    own: dict[int, int] = {}
    by_channel: dict[str, int] = {}
    for assortment_id, channel, outlet_id in await tx.tuples(SCOPES):
        if outlet_id is None:
            by_channel[channel] = assortment_id
        else:
            own[outlet_id] = assortment_id
    governing = {one.outlet_id: own.get(one.outlet_id, by_channel.get(one.channel)) for one in outlets}
    wanted = sorted({one for one in governing.values() if one is not None})
    periods = await periods_of(tx, variants, wanted) if wanted else {}
    everything = set(variants)
    holding: dict[int | None, set[int]] = {None: everything}
    for assortment_id in wanted:
        holding[assortment_id] = {
            variant for variant in everything
            if (period := periods.get(variant, {}).get(assortment_id)) is not None and period.holds(now)
        }  # fmt: skip
    return {outlet_id: holding[assortment_id] for outlet_id, assortment_id in governing.items()}


async def periods_of(tx: Tx, variants: Sequence[int], assortments: Sequence[int]) -> dict[int, dict[int, Period]]:
    """By variant and assortment, when it is sold; missing where it is not."""
    found: dict[int, dict[int, Period]] = {}
    wanted = {"variants": ints(list(variants)), "assortments": ints(list(assortments))}
    # Its product's first, its own over it.
    for variant, assortment, starts_at, ends_at in [
        *await tx.tuples(BY_PRODUCT, **wanted),
        *await tx.tuples(BY_VARIANT, **wanted),
    ]:
        found.setdefault(variant, {})[assortment] = Period(starts_at, ends_at)
    return found


async def _outlet_id(tx: Tx, channel: str, outlet: str) -> int | None:
    if bool(channel) == bool(outlet):
        raise BadAssortment("Name either a channel or an outlet.")
    return (await channels.outlet(tx, code=outlet)).outlet_id if outlet else None


OPEN = """
    INSERT INTO catalog.assortment (channel, outlet_id, changed_at) VALUES (%(channel)s, %(outlet_id)s, %(now)s)
    ON CONFLICT (channel, outlet_id) DO NOTHING
"""

# Two files into one assortment come in one after the other.
LOCK = """
    SELECT assortment_id FROM catalog.assortment
    WHERE channel IS NOT DISTINCT FROM %(channel)s AND outlet_id IS NOT DISTINCT FROM %(outlet_id)s::smallint
    FOR NO KEY UPDATE
"""

PRODUCTS = "SELECT code, product_id FROM catalog.product WHERE code = ANY(%(codes)s::text[])"

WRITE = """
    WITH written AS (
        INSERT INTO catalog.assorted AS old (product_id, variant_id, assortment_id, starts_at, ends_at)
        SELECT product_id, variant_id, %(assortment_id)s, starts_at, ends_at
        FROM json_to_recordset(%(articles)s::json) AS a (product_id bigint, variant_id bigint, starts_at timestamptz,
            ends_at timestamptz)
        ORDER BY product_id, variant_id
        ON CONFLICT (product_id, variant_id, assortment_id) DO UPDATE
        SET starts_at = excluded.starts_at, ends_at = excluded.ends_at
        WHERE (old.starts_at, old.ends_at) IS DISTINCT FROM (excluded.starts_at, excluded.ends_at)
        RETURNING (xmax = 0) AS new
    )
    SELECT count(*) FILTER (WHERE new), count(*) FILTER (WHERE NOT new) FROM written
"""

REMOVE = """
    DELETE FROM catalog.assorted
    WHERE assortment_id = %(assortment_id)s AND (coalesce(product_id, 0), coalesce(variant_id, 0)) NOT IN (
        SELECT coalesce(product_id, 0), coalesce(variant_id, 0)
        FROM json_to_recordset(%(articles)s::json) AS a (product_id bigint, variant_id bigint))
"""

TURN = """
    UPDATE catalog.assortment SET version = gen_random_uuid(), changed_at = %(now)s
    WHERE assortment_id = %(assortment_id)s
"""

DROP = """
    DELETE FROM catalog.assortment
    WHERE channel IS NOT DISTINCT FROM %(channel)s AND outlet_id IS NOT DISTINCT FROM %(outlet_id)s::smallint
"""

ALL = """
    SELECT a.assortment_id, a.channel,
           (SELECT o.code FROM channels.v_outlet AS o WHERE o.outlet_id = a.outlet_id) AS outlet,
           (SELECT count(*) FROM catalog.assorted AS s
            WHERE s.assortment_id = a.assortment_id AND s.product_id IS NOT NULL) AS products,
           (SELECT count(*) FROM catalog.assorted AS s
            WHERE s.assortment_id = a.assortment_id AND s.variant_id IS NOT NULL) AS variants, a.changed_at
    FROM catalog.assortment AS a ORDER BY a.channel NULLS LAST, outlet
"""

# Products have places below variants: a place is twice the id, and one more for a variant, read in two halves.
ARTICLES = """
    SELECT place, product, sku, starts_at, ends_at FROM (
        SELECT s.product_id * 2 AS place, p.code AS product, '' AS sku, s.starts_at, s.ends_at
        FROM catalog.assorted AS s JOIN catalog.product AS p USING (product_id)
        WHERE s.assortment_id = (SELECT a.assortment_id FROM catalog.assortment AS a
                                 WHERE a.channel IS NOT DISTINCT FROM %(channel)s
                                   AND a.outlet_id IS NOT DISTINCT FROM %(outlet_id)s::smallint)
        UNION ALL
        SELECT s.variant_id * 2 + 1, '', v.sku, s.starts_at, s.ends_at
        FROM catalog.assorted AS s JOIN catalog.variant AS v ON v.variant_id = s.variant_id
        WHERE s.assortment_id = (SELECT a.assortment_id FROM catalog.assortment AS a
                                 WHERE a.channel IS NOT DISTINCT FROM %(channel)s
                                   AND a.outlet_id IS NOT DISTINCT FROM %(outlet_id)s::smallint)
    ) AS both_kinds
    WHERE place > %(after)s ORDER BY place LIMIT %(limit)s
"""

SCOPES = "SELECT assortment_id, channel, outlet_id FROM catalog.assortment"

BY_PRODUCT = """
    SELECT v.variant_id, s.assortment_id, s.starts_at, s.ends_at
    FROM catalog.variant AS v
    CROSS JOIN LATERAL (SELECT s.assortment_id, s.starts_at, s.ends_at FROM catalog.assorted AS s
                        WHERE s.product_id = v.product_id AND s.variant_id IS NULL
                          AND s.assortment_id = ANY(%(assortments)s::integer[]) OFFSET 0) AS s
    WHERE v.variant_id = ANY(%(variants)s::bigint[])
"""

BY_VARIANT = """
    SELECT variant_id, assortment_id, starts_at, ends_at FROM catalog.assorted
    WHERE product_id IS NULL AND variant_id = ANY(%(variants)s::bigint[])
      AND assortment_id = ANY(%(assortments)s::integer[])
"""


def _judge(
    articles: Sequence[NewAssorted], products: Mapping[str, int], variants: Mapping[str, int]
) -> tuple[dict[tuple[int | None, int | None], NewAssorted], list[RefusedRow]]:
    """Which rows can be taken. The first row that names an article has it."""
    taken: dict[tuple[int | None, int | None], NewAssorted] = {}
    refused: list[RefusedRow] = []
    for row, one in enumerate(articles):
        try:
            name: dict[str, Any] = {"sku": one.sku[:80]} if one.sku else {"product": one.product[:80]}
            if bool(one.sku) == bool(one.product):
                raise BadAssortment("Name either a product or a sku.")
            if one.starts_at is not None and one.ends_at is not None and one.starts_at >= one.ends_at:
                raise BadAssortment("It ends before it begins.", **name)
            found = variants.get(one.sku) if one.sku else products.get(one.product)
            if found is None:
                raise UnknownProduct(f"There is no {'SKU' if one.sku else 'product'} {(one.sku or one.product)[:80]}.",
                                     **name)  # fmt: skip
            key = (None, found) if one.sku else (found, None)
            if taken.setdefault(key, one) != one:
                raise ProductTwice(f"{one.sku or one.product} stands twice, with different dates.", **name)
        except Refusal as refusal:
            refused.append(RefusedRow.of(row, refusal))
    return taken, refused
