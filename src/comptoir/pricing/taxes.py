"""Taxes: what rate holds where and for which class of goods, and the tax in an amount, exact and rounded by line.

A rate of a region comes before that of its country; a class without a rate of its own is taxed as `standard`. A
variant's class is its own, or that of the nearest category above it, or `standard`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from comptoir import catalog, channels
from comptoir.kernel.db import Tx, rows
from comptoir.pricing.errors import BadTax, UnknownSku
from comptoir.pricing.house import changed
from comptoir.pricing.records import Amount, Currency, Moment, Word

STANDARD = "standard"
MILLION = 1_000_000
ALWAYS = datetime.fromisoformat("1900-01-01T00:00:00+00:00")


class TaxRate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rate. Several of one place and class follow each other by `starts_at`."""

    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z")]
    region: Annotated[str, Meta(max_length=60)] = ""
    """Empty: the whole country."""
    tax_class: Word = STANDARD
    rate_millionths: Annotated[int, Meta(ge=0, le=MILLION)]
    """Exact: 200,000 is 20 %, 88,750 is 8.875 %."""
    starts_at: Moment | None = None
    """Null: it was never otherwise."""


class TaxClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a category is taxed, with everything beneath it that says nothing else."""

    category: Annotated[tuple[str, ...], Meta(min_length=1, max_length=10)]
    """Its path from the root."""
    tax_class: Word


class ArticleTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a variant beside its prices; it replaces what was known."""

    sku: Annotated[str, Meta(min_length=1, max_length=500)]
    tax_class: Word | None = None
    cost_minor: Amount | None = None
    """What it costs the retailer, without tax; the margin floor is counted from it."""
    cost_currency: Currency | None = None
    cost_per_units: Annotated[int, Meta(ge=1, le=1_000_000)] = 1


async def set_tax_rates(tx: Tx, *, rates: Sequence[TaxRate]) -> int:
    """Add rates, or replace those with the same place, class and beginning. Returns how many."""
    if unknown := sorted({one.country for one in rates} - channels.countries()):
        raise BadTax(f"{', '.join(unknown[:10])}: no ISO 3166-1 code like FR.", countries=unknown)
    dated = [msgspec.structs.replace(one, starts_at=beginning(one)) for one in rates]
    keyed = {(one.country, one.region, one.tax_class, beginning(one)): one for one in dated}
    written = await tx.run(WRITE_RATES, rates=rows([keyed[key] for key in sorted(keyed)]))
    await changed(tx)
    return written


async def tax_rates(tx: Tx) -> list[TaxRate]:
    """All of them, by place, class and beginning."""
    return await tx.many(TaxRate, RATES)


async def set_tax_classes(tx: Tx, *, classes: Sequence[TaxClass]) -> int:
    """How categories are taxed. A category that is not there is refused with all of them."""
    keyed = {one.category: one for one in classes}
    written = await tx.run(WRITE_CLASSES, classes=rows([keyed[key] for key in sorted(keyed)]))
    if written < len(keyed):
        raise BadTax("Not all of these categories are in the catalog.", known=written, sent=len(keyed))
    await changed(tx)
    return written


async def set_articles(tx: Tx, *, articles: Sequence[ArticleTerms]) -> int:
    """Tax classes and costs of variants, all or none."""
    for one in articles:
        if (one.cost_minor is None) != (one.cost_currency is None):
            raise BadTax(f"{one.sku}: give a cost with its currency, or neither.", sku=one.sku)
    known = await catalog.variants_by_sku(tx, [one.sku for one in articles])
    if missing := sorted({one.sku for one in articles} - set(known)):
        raise UnknownSku(f"There is no SKU {missing[0][:80]}.", skus=missing[:100])
    keyed = {known[one.sku].variant_id: one for one in articles}
    entries = [{"variant_id": key, **msgspec.structs.asdict(keyed[key])} for key in sorted(keyed)]
    return await tx.run(WRITE_ARTICLES, articles=rows(entries))


WRITE_RATES = """
    INSERT INTO pricing.tax_rate (country, region, tax_class, starts_at, rate_millionths)
    SELECT country, region, tax_class, starts_at, rate_millionths
    FROM json_populate_recordset(NULL::pricing.tax_rate, %(rates)s::json)
    ON CONFLICT (country, region, tax_class, starts_at) DO UPDATE SET rate_millionths = excluded.rate_millionths
"""

RATES = """
    SELECT country, region, tax_class, starts_at, rate_millionths FROM pricing.tax_rate
    ORDER BY country, region, tax_class, starts_at
"""

WRITE_CLASSES = """
    INSERT INTO pricing.category_tax (category_id, tax_class)
    SELECT c.category_id, n.tax_class
    FROM json_to_recordset(%(classes)s::json) AS n (category text[], tax_class text)
    JOIN catalog.category AS c ON c.path = n.category COLLATE "C"
    ORDER BY c.category_id
    ON CONFLICT (category_id) DO UPDATE SET tax_class = excluded.tax_class
"""

WRITE_ARTICLES = """
    INSERT INTO pricing.article (variant_id, tax_class, cost_minor, cost_currency, cost_per_units)
    SELECT variant_id, tax_class, cost_minor, cost_currency, cost_per_units
    FROM json_populate_recordset(NULL::pricing.article, %(articles)s::json)
    ON CONFLICT (variant_id) DO UPDATE SET tax_class = excluded.tax_class, cost_minor = excluded.cost_minor,
        cost_currency = excluded.cost_currency, cost_per_units = excluded.cost_per_units
"""


# ---- pure


Rates = Mapping[tuple[str, str, str], Sequence[tuple[datetime, int]]]
"""By country, region and class: the rates with their beginnings, the latest first."""


def by_place(rates: Sequence[TaxRate]) -> Rates:
    found: dict[tuple[str, str, str], list[tuple[datetime, int]]] = {}
    for one in sorted(rates, key=beginning, reverse=True):
        found.setdefault((one.country, one.region, one.tax_class), []).append((beginning(one), one.rate_millionths))
    return found


def beginning(rate: TaxRate) -> datetime:
    return rate.starts_at or ALWAYS


def rate_of(rates: Rates, *, country: str, region: str, tax_class: str, now: datetime) -> int | None:
    """The rate that holds, in millionths; None where none is known."""
    for key in (
        (country, region, tax_class),
        (country, "", tax_class),
        (country, region, STANDARD),
        (country, "", STANDARD),
    ):
        for starts_at, rate in rates.get(key, ()):
            if starts_at <= now:
                return rate
    return None


def class_of(own: str | None, path: tuple[str, ...], classes: Mapping[tuple[str, ...], str]) -> str:
    """The variant's own class, or that of the nearest category above it."""
    if own:
        return own
    for depth in range(len(path), 0, -1):
        if found := classes.get(path[:depth]):
            return found
    return STANDARD


def tax_in(amount: int, rate: int, *, included: bool) -> int:
    """The tax of an amount that holds it, or that it comes on top of; halves are rounded up, once."""
    return half_up(amount * rate, MILLION + rate if included else MILLION)


def half_up(number: int, by: int) -> int:
    """`number / by` rounded commercially; neither is negative."""
    return (2 * number + by) // (2 * by)
