"""Lines, discounts and tenders of sales, packed for COPY, and the fact that each sale is told by.

A year of receipts is ten lines to each: this is where recording spends its time, so one pass does it all.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from comptoir.catalog import KnownVariant
from comptoir.kernel import pack
from comptoir.kernel.db import Tx, ints, texts, times
from comptoir.orders.events import SaleRecorded
from comptoir.orders.records import NewDiscount, NewLine
from comptoir.orders.sales.judging import Judged, pieces

ONE = 1000
NAMES = 3
"""How many articles a timeline names."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A sale about to be written, with what was looked up for it."""

    judged: Judged
    node_id: int | None
    origin_sale_id: int | None
    flags: list[str]
    source_id: int | None
    """Whose event told of it; None: the shop itself."""
    variants: Mapping[str, KnownVariant]
    """By SKU, of the whole batch."""


class Packed(msgspec.Struct, frozen=True):
    """Rows for COPY and facts for the log."""

    lines: list[bytes]
    discounts: list[bytes]
    tenders: list[bytes]
    facts: list[SaleRecorded]


def packed(written: Sequence[tuple[int, Entry]]) -> Packed:
    """The rows beneath these sales, in order of key."""
    lines: list[bytes] = []
    discounts: list[bytes] = []
    tenders: list[bytes] = []
    facts: list[SaleRecorded] = []
    articles: dict[str | None, bytes] = {}
    reasons: dict[tuple[str, str | None], bytes] = {}
    for sale_id, entry in written:
        one, variants = entry.judged, entry.variants
        sign = one.sign
        taxed = not one.sale.tax_included
        categories: dict[str, tuple[int, int]] = {}
        names: list[str] = []
        for number, line in enumerate(one.sale.lines, 1):
            amount = one.amounts[number - 1]
            reduced = 0
            if reductions := one.discounts[number - 1]:
                for place, each in enumerate(reductions, 1):
                    reduced += each.amount_minor
                    discounts.append(
                        _discount(6, 8, sale_id, 2, number, 2, place, 8, sign * each.amount_minor)
                        + (reasons.get((each.kind, each.code)) or reason_of(each, reasons))
                    )
            quantity = line.quantity_thousandths
            sku = line.sku
            variant = variants.get(sku) if sku else None
            goods = line.kind == "goods"
            if goods:
                article = articles.get(sku)
                if article is None:
                    article = articles[sku] = article_of(line, variant)
                if len(names) < NAMES and (name := line.name or (variant and variant.name)) and name not in names:
                    names.append(name)
            else:
                article = article_of(line, variant)
            lines.append(
                _line(13, 8, sale_id, 2, number, 8, sign * quantity, 8, sign * amount, 8, sign * reduced, 8,
                      sign * line.tax_minor)
                + article
                + (BARE if line.gtin is None and line.name is None and line.unit_price_minor is None else printed(line))
            )  # fmt: skip
            label = variant.category if variant else ""
            paid, units = categories.get(label, (0, 0))
            paid += sign * (amount - reduced + (line.tax_minor if taxed else 0))
            categories[label] = paid, units + (sign * (1 if quantity == ONE else pieces(quantity)) if goods else 0)
        for place, tender in enumerate(one.sale.tenders, 1):
            tenders.append(
                _tender(5, 8, sale_id, 2, place, 8, sign * tender.amount_minor)
                + pack.text(tender.kind)
                + pack.text(tender.reference)
            )
        facts.append(
            SaleRecorded(
                sale_id=sale_id,
                node_id=entry.node_id,
                outlet_id=one.outlet.outlet_id,
                channel=one.outlet.channel,
                receipt_number=one.sale.number,
                occurred_at=one.sale.occurred_at,
                currency=one.sale.currency,
                total_minor=sign * one.sale.total_minor,
                units=sign * one.units,
                line_count=len(one.sale.lines),
                categories=categories,
                names=names,
                is_return=sign < 0,
            )
        )
    return Packed(lines, discounts, tenders, facts)


async def write_beneath(tx: Tx, rows: Packed) -> None:
    """Lines, discounts and tenders."""
    await tx.copy(COPY_LINES, pack.whole(rows.lines))
    if rows.discounts:
        await tx.copy(COPY_DISCOUNTS, pack.whole(rows.discounts))
    if rows.tenders:
        await tx.copy(COPY_TENDERS, pack.whole(rows.tenders))


COPY_LINES = """
    COPY orders.sale_line (sale_id, line_number, quantity, amount_minor, discount_minor, tax_minor, kind, sku,
                           variant_id, category_id, gtin, name, unit_price_minor) FROM STDIN (FORMAT binary)
"""

COPY_DISCOUNTS = """
    COPY orders.discount (sale_id, line_number, place, amount_minor, kind, code) FROM STDIN (FORMAT binary)
"""

COPY_TENDERS = "COPY orders.tender (sale_id, place, amount_minor, kind, reference) FROM STDIN (FORMAT binary)"


# Number of columns first, then each value after its length.
_line = struct.Struct("!h iq ih iq iq iq iq".replace(" ", "")).pack
_discount = struct.Struct("!h iq ih ih iq".replace(" ", "")).pack
_tender = struct.Struct("!h iq ih iq".replace(" ", "")).pack

BARE = 3 * pack.NULL
"""No barcode, no description, no unit price: most tills send a SKU and an amount."""


def article_of(line: NewLine, variant: KnownVariant | None) -> bytes:
    """kind, sku, variant_id, category_id: the same for every goods line of one SKU."""
    return (
        pack.text(line.kind)
        + pack.text(line.sku)
        + pack.int8(variant.variant_id if variant else None)
        + pack.int4(variant.category_id if variant else None)
    )


def reason_of(discount: NewDiscount, reasons: dict[tuple[str, str | None], bytes]) -> bytes:
    """kind, code: few, and on every second line."""
    found = reasons[discount.kind, discount.code] = pack.text(discount.kind) + pack.text(discount.code)
    return found


def printed(line: NewLine) -> bytes:
    """gtin, name, unit_price_minor."""
    return pack.text(line.gtin) + pack.text(line.name) + pack.int8(line.unit_price_minor)


def columns_of(entries: Sequence[Entry]) -> dict[str, str]:
    """The sales as one array literal a column."""
    judged = [entry.judged for entry in entries]
    sales = [one.sale for one in judged]
    return {
        "outlets": ints(one.outlet.outlet_id for one in judged),
        "numbers": texts(sale.number for sale in sales),
        "returns": booleans(one.sign < 0 for one in judged),
        "nodes": ints(entry.node_id for entry in entries),
        "at": times(sale.occurred_at for sale in sales),
        "currencies": texts(sale.currency for sale in sales),
        "amounts": ints(one.sign * one.amount for one in judged),
        "discounts": ints(one.sign * one.discount for one in judged),
        "taxes": ints(one.sign * one.tax for one in judged),
        "included": booleans(sale.tax_included for sale in sales),
        "totals": ints(one.sign * one.sale.total_minor for one in judged),
        "units": ints(one.sign * one.units for one in judged),
        "lines": ints(len(sale.lines) for sale in sales),
        "cashiers": texts(sale.cashier for sale in sales),
        "tills": texts(sale.till for sale in sales),
        "origins": ints(entry.origin_sale_id for entry in entries),
        "sources": ints(entry.source_id for entry in entries),
        "flags": texts(" ".join(entry.flags) for entry in entries),
        "contents": texts(one.content.hex() for one in judged),
    }


def booleans(values: Iterable[bool]) -> str:
    return "{" + ",".join(["t" if value else "f" for value in values]) + "}"
