"""Lines of an export become receipts. Pure, but for reading the file.

A line belongs to the receipt of its outlet and number, wherever it stands. What is both sold and taken back on one slip
becomes two receipts, as the house keeps them: the return has `-R` behind its number. A receipt with a line that cannot
be read is left out as a whole, each such line with its reason; those beside it are not.
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from comptoir.connectors.errors import BadMapping
from comptoir.connectors.receipts.mapping import Field, Mapping
from comptoir.kernel.errors import Invalid
from comptoir.kernel.money import minor
from comptoir.orders import NewDiscount, NewLine, NewSale, NewTender, Receipt

MILLION = Decimal(1_000_000)


class Faulty(msgspec.Struct, frozen=True):
    """A line that could not be read, and why. `line` counts from 1, the names of the columns included."""

    line: int
    reason: str


class Parsed(msgspec.Struct, frozen=True):
    """A receipt, and the first line it stands on."""

    sale: NewSale
    line: int


class Row(msgspec.Struct, frozen=True):
    """A line, by field."""

    number: int
    cells: dict[Field, str]

    def get(self, field: Field) -> str:
        return self.cells.get(field, "")


class Bad(Exception):
    """Why a line cannot be read."""


def read(path: Path, mapping: Mapping) -> Iterator[Parsed | Faulty]:
    """Every receipt of the file, and every line that is none. Raises BadMapping for columns that are not there."""
    receipts: dict[tuple[str, str], list[Row]] = {}
    for row in _rows(path, mapping):
        if isinstance(row, Faulty):
            yield row
            continue
        if not row.get("number") or not row.get("outlet"):
            yield Faulty(row.number, "It names no receipt or no outlet.")
            continue
        receipts.setdefault((row.get("outlet"), row.get("number")), []).append(row)
    for rows in receipts.values():
        yield from receipts_of(rows, mapping)


def _rows(path: Path, mapping: Mapping) -> Iterator[Row | Faulty]:
    """Lines by field; those of other states left out."""
    names = {field: column for field, column in mapping.columns.items() if not column.startswith("=")}
    fixed: dict[Field, str] = {
        field: column[1:] for field, column in mapping.columns.items() if column.startswith("=")
    }  # fmt: skip
    file = mapping.file
    with path.open(newline="", encoding=file.encoding, errors="surrogateescape") as opened:
        for _ in range(file.skip):
            opened.readline()
        reader = csv.reader(opened, delimiter=file.delimiter, quotechar=file.quote)
        header = [name.strip().lstrip("\ufeff") for name in next(reader, list[str]())]
        wanted = {*names.values(), *mapping.rules.skip_when}
        if missing := sorted(wanted - set(header)):
            raise BadMapping(f"{path.name} has no column {', '.join(missing)}; it has {', '.join(header)[:500]}.")
        place = {name: header.index(name) for name in wanted}
        above: dict[Field, str] = {}
        for cells in reader:
            line = reader.line_num + file.skip
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                yield Faulty(line, f"It has {len(cells)} cells, the header has {len(header)}.")
                continue
            if any("\0" in cell or _is_broken(cell) for cell in cells):
                yield Faulty(line, f"It is not {file.encoding}, or holds the character U+0000.")
                continue
            if any(cells[place[name]].strip() in said for name, said in mapping.rules.skip_when.items()):
                continue
            row = {**fixed, **{field: cells[place[column]].strip() for field, column in names.items()}}
            if file.fill_down and not row.get("number") and above:
                row = {field: value or above.get(field, "") for field, value in row.items()}
            above = {field: row.get(field, "") for field in REPEATED}
            yield Row(line, row)


REPEATED: tuple[Field, ...] = ("outlet", "number", "occurred_at", "time", "currency", "cashier", "till", "email",
                               "phone", "loyalty_card", "total", "tender", "kind")  # fmt: skip


def _is_broken(cell: str) -> bool:
    return any("\udc80" <= one <= "\udcff" for one in cell)


# ---- one receipt


class Part(msgspec.Struct, frozen=True):
    """A line of a receipt, and whether it was taken back."""

    line: NewLine
    back: bool
    paid: int
    """What was paid for it, in minor units."""


def receipts_of(rows: list[Row], mapping: Mapping) -> Iterable[Parsed | Faulty]:
    """The receipt of these lines, or two; or why there is none."""
    faults: list[Faulty] = []
    parts: list[Part] = []
    for row in rows:
        try:
            parts.append(_part(row, mapping))
        except (Bad, Invalid) as error:
            faults.append(Faulty(row.number, str(error.detail if isinstance(error, Invalid) else error)))
    head = rows[0]
    try:
        at = _moment(head, mapping)
        told = head.get("total")
        total = _money(told, head, mapping) if told else None
    except (Bad, Invalid) as error:
        faults.append(Faulty(head.number, str(error.detail if isinstance(error, Invalid) else error)))
        return faults
    if faults:
        return [*faults, Faulty(head.number, f"So receipt {head.get('number')} was left out.")]
    net = sum(-one.paid if one.back else one.paid for one in parts)
    if total is not None and abs(total) != abs(net):
        reason = f"The lines of receipt {head.get('number')} add up to {net}, its total says {total}."
        return [Faulty(head.number, reason)]
    both = any(one.back for one in parts) and not all(one.back for one in parts)
    split = [(back, [one for one in parts if one.back is back]) for back in (False, True)]
    return [
        Parsed(_sale(head, mapping, at, mine, back=back, both=both), head.number) for back, mine in split if mine
    ]  # fmt: skip


def _sale(head: Row, mapping: Mapping, at: datetime, parts: list[Part], *, back: bool, both: bool) -> NewSale:
    paid = sum(one.paid for one in parts)
    word = head.get("tender")
    kind = mapping.rules.tenders.get(word, word.lower())[:40]
    named = {ns: head.get(ns) for ns in ("email", "phone", "loyalty_card") if head.get(ns)}
    original = head.get("takes_back")
    return NewSale(
        outlet=head.get("outlet"),
        number=f"{head.get('number')}-R" if both and back else head.get("number"),
        occurred_at=at,
        currency=head.get("currency"),
        lines=tuple(one.line for one in parts),
        total_minor=paid,
        kind="return" if back else "sale",
        identifiers=dict(named),
        tenders=(NewTender(kind, paid),) if kind and paid and not both else (),
        tax_included=mapping.rules.tax_included,
        cashier=head.get("cashier")[:500] or None,
        till=head.get("till")[:500] or None,
        takes_back=Receipt(head.get("outlet"), original[:100]) if back and original else None,
    )


def _part(row: Row, mapping: Mapping) -> Part:
    rules = mapping.rules
    quantity = _number(row.get("quantity"), mapping, "quantity") if row.get("quantity") else Decimal(1)
    thousandths = quantity * 1000
    if thousandths != thousandths.to_integral_value():
        raise Bad(f"A quantity of {quantity} is finer than a thousandth.")
    has_price = bool(row.get("unit_price"))
    price = _money(row.get("unit_price"), row, mapping) if has_price else None
    discount = abs(_money(row.get("discount"), row, mapping)) if row.get("discount") else 0
    if row.get("amount"):
        amount = _money(row.get("amount"), row, mapping)
    elif price is not None:
        amount = _round(price * quantity)
    else:
        raise Bad("It has neither an amount nor a unit price.")
    back = quantity < 0 or amount < 0
    if rules.returns == "kind":
        back = row.get("kind").strip().lower() in rules.return_words
    before = abs(amount)
    if row.get("discount_rate"):
        rate = _number(row.get("discount_rate"), mapping, "discount_rate") / 100
        # An amount that is told is after it, as the mapping says; one that is reckoned here is before it.
        after_told = bool(row.get("amount")) and rules.amount_is == "after_discount"
        if rate >= 1 and after_told:
            raise Bad("With a discount of 100 % the amount before it cannot be told: map unit_price.")
        gross = abs(_round(price * quantity)) if price is not None else _round(before / (1 - rate))
        discount = gross - before if after_told else _round(before * rate)
        before = gross if after_told else before
    elif discount and rules.amount_is == "after_discount" and row.get("amount"):
        before += discount
    if not 0 <= discount <= before:
        raise Bad(f"A discount of {discount} is more than the amount, {before}.")
    after = before - discount
    tax = _tax(row, mapping, after)
    line = NewLine(
        sku=row.get("sku")[:500] or None,
        gtin=row.get("gtin")[:500] or None,
        name=row.get("name")[:500] or None,
        quantity_thousandths=abs(int(thousandths)),
        amount_minor=before,
        discounts=(NewDiscount("retail", discount),) if discount else (),
        unit_price_minor=abs(price) if price is not None else None,
        tax_minor=tax,
    )
    return Part(line, back, after + (0 if rules.tax_included else tax))


def _tax(row: Row, mapping: Mapping, after: int) -> int:
    if row.get("tax"):
        return abs(_money(row.get("tax"), row, mapping))
    if row.get("tax_rate"):
        rate = _number(row.get("tax_rate").rstrip("% "), mapping, "tax_rate")
        return _round(after * rate / ((100 + rate) if mapping.rules.tax_included else Decimal(100)))
    return 0


def _round(value: Decimal) -> int:
    """Half away from zero, as tills do."""
    return int(value.copy_abs() + Decimal("0.5")) * (-1 if value < 0 else 1)


def _number(text: str, mapping: Mapping, field: str) -> Decimal:
    clean = "".join(text.split()).replace("\u202f", "").replace("'", "").replace("’", "")
    if mapping.file.thousands:
        clean = clean.replace(mapping.file.thousands, "")
    if mapping.file.decimal == ",":
        if "." in clean:
            raise Bad(f"{field} {text!r} has a point: decimals are written with a comma, as the mapping says.")
        clean = clean.replace(",", ".")
    if clean.endswith("-"):
        clean = f"-{clean[:-1]}"
    try:
        value = Decimal(clean)
    except InvalidOperation as error:
        raise Bad(f"{field} {text[:60]!r} is no number.") from error
    if not value.is_finite() or abs(value) > MILLION * MILLION:
        raise Bad(f"{field} {text[:60]!r} is no number of a sale.")
    return value


def _money(text: str, row: Row, mapping: Mapping) -> int:
    clean = text
    for sign in ("€", "$", "£", row.get("currency")):
        clean = clean.replace(sign, "") if sign else clean
    return minor(_number(clean, mapping, "amount"), row.get("currency"))


def _moment(row: Row, mapping: Mapping) -> datetime:
    text = f"{row.get('occurred_at')} {row.get('time')}".strip()
    for form in mapping.file.dates:
        try:
            found = datetime.strptime(text, form)  # noqa: DTZ007  the zone is set beneath
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(mapping.file.time_zone))
    raise Bad(f"{text[:60]!r} is no date as {' or '.join(mapping.file.dates)} write it.")
