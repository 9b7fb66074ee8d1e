"""Whether a sale can be on record, decided from what it says alone. Nothing here reads or writes.

Refused is only what cannot be a sale: sums that do not add up, amounts and dates that cannot be. What is merely
unknown (an article, the receipt that a return takes back) is recorded and flagged: it did happen.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

import msgspec

from comptoir.channels import UnknownOutlet
from comptoir.kernel.errors import Invalid
from comptoir.kernel.http import refuse_nul
from comptoir.kernel.money import MAX_MINOR, allocate
from comptoir.orders.errors import (
    BadAmount,
    BadDate,
    BadText,
    CardNumberSent,
    EmptySale,
    TendersDisagree,
    TotalsDisagree,
    UnknownCurrency,
)
from comptoir.orders.records import NewDiscount, NewLine, NewSale

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
"""A till's clock may be wrong by a time zone, not by a year."""
MAX_QUANTITY = 10**9
"""In thousandths: a million pieces on one line is a mistake of entry."""
MOST_LINES = 2_000
MOST_SHARES = 5_000
"""Lines times discounts on the whole receipt: each gives a row."""
LONGEST = 500
OURS = ("return/", "exchange/", "goodwill/")
"""How numbers begin that the acts of the house write, and are found by."""


class Outlet(msgspec.Struct, frozen=True, gc=False):
    """Where it was sold."""

    outlet_id: int
    code: str
    channel: str
    country: str
    source_id: int
    """Who vouches for what is said there: the outlet's first source, 0 without one."""
    trust: float


class Judged(msgspec.Struct, frozen=True, gc=False):
    """A sale that can be recorded, with its sums. Everything here is positive; `sign` is -1 for a return."""

    sale: NewSale
    outlet: Outlet
    content: bytes
    sign: int
    amounts: list[int]
    """Of each line, before discounts."""
    discounts: list[Sequence[NewDiscount]]
    """Of each line, with its share of those on the whole receipt."""
    amount: int
    discount: int
    tax: int
    units: int

    @property
    def key(self) -> tuple[str, int]:
        return self.sale.number, self.outlet.outlet_id


def judge(
    sale: NewSale, *, outlets: dict[str, Outlet], now: datetime, timed: bool = True, ours: bool = False
) -> Judged:
    """Raises a Refusal that says how to mend the sale. `ours`: it is an act of the house, and has a number of hers."""
    content = digest(sale, timed=timed)
    outlet = outlets.get(sale.outlet)
    if outlet is None:
        raise UnknownOutlet(f"There is no outlet {sale.outlet[:80]!r}: record it first.", outlet=sale.outlet[:80])
    if sale.currency not in currencies():
        raise UnknownCurrency(f"{sale.currency[:10]!r} is not an ISO 4217 code like EUR.", currency=sale.currency[:10])
    if not EARLIEST <= sale.occurred_at <= now + AHEAD:
        raise BadDate(
            f"{sale.occurred_at.isoformat()} is no date of a sale: it lies before 1970 or more than a day ahead.",
            occurred_at=sale.occurred_at,
        )
    if not sale.number.strip() or len(sale.number) > LONGEST:
        raise Invalid("A receipt has a number.", field="number")
    if not ours and sale.number.startswith(OURS):
        raise Invalid(
            f"Numbers that begin with {', '.join(OURS)} are those of the house: take another.", field="number"
        )
    lines = sale.lines
    if not lines or len(lines) > MOST_LINES:
        raise EmptySale(f"A sale has 1 to {MOST_LINES} lines; this has {len(lines)}.", lines=len(lines))

    amounts: list[int] = []
    amount = tax = units = 0
    for number, line in enumerate(lines, 1):
        cost = line.amount_minor
        quantity = line.quantity_thousandths
        if not 0 <= quantity <= MAX_QUANTITY:
            raise bad_amount(f"lines[{number - 1}].quantity_thousandths", quantity, MAX_QUANTITY)
        if line.unit_price_minor is not None:
            check_amount(f"lines[{number - 1}].unit_price_minor", line.unit_price_minor)
        if cost is None:
            cost = cost_of(line, number)
        if not 0 <= cost <= MAX_MINOR:
            raise bad_amount(f"lines[{number - 1}].amount_minor", cost)
        if not 0 <= line.tax_minor <= MAX_MINOR:
            raise bad_amount(f"lines[{number - 1}].tax_minor", line.tax_minor)
        amounts.append(cost)
        amount += cost
        tax += line.tax_minor
        if line.kind == "goods":
            units += 1 if quantity == 1000 else pieces(quantity)

    discounts, discount = spread(sale, amounts)
    check_amount("total_minor", sale.total_minor)
    expected = amount - discount + (0 if sale.tax_included else tax)
    if expected != sale.total_minor:
        raise TotalsDisagree(
            f"Lines {amount} - discounts {discount} + tax {0 if sale.tax_included else tax} = {expected}, "
            f"but the total says {sale.total_minor}: they differ by {sale.total_minor - expected}.",
            lines_minor=amount,
            discounts_minor=discount,
            tax_minor=0 if sale.tax_included else tax,
            expected_minor=expected,
            total_minor=sale.total_minor,
            difference_minor=sale.total_minor - expected,
        )
    if sale.tenders:
        check_tenders(sale)
    if max(amount, discount, tax) > MAX_MINOR or units > MAX_QUANTITY:
        raise bad_amount("the sum of the lines", max(amount, discount, tax, units))
    sign = -1 if sale.kind == "return" else 1
    return Judged(sale, outlet, content, sign, amounts, discounts, amount, discount, tax, units)


def digest(sale: NewSale, *, timed: bool = True) -> bytes:
    """16 bytes that two tellings of one receipt share, whatever the order of their fields and their time zone.

    Not `timed`: two tellings at different moments share it too.
    Raises BadText: what cannot be written down cannot be compared either.
    """
    if sale.occurred_at.tzinfo is None:
        raise BadDate("The time of a sale has a time zone: 2026-11-21T17:30:00+01:00.", field="occurred_at")
    if not timed:
        sale = msgspec.structs.replace(sale, occurred_at=EARLIEST)
    elif sale.occurred_at.tzinfo is not UTC:
        try:
            sale = msgspec.structs.replace(sale, occurred_at=sale.occurred_at.astimezone(UTC))
        except OverflowError as error:
            raise BadDate("The date lies outside of the calendar.", field="occurred_at") from error
    try:
        said = ENCODER.encode(sale)
    except UnicodeEncodeError as error:
        raise BadText("A text holds half of a surrogate pair: send valid Unicode.") from error
    refuse_nul(said)
    return hashlib.blake2b(said, digest_size=16).digest()


ENCODER = msgspec.json.Encoder(order="deterministic")


def spread(sale: NewSale, amounts: Sequence[int]) -> tuple[list[Sequence[NewDiscount]], int]:
    """The discounts of each line with its share of those on the whole receipt, and their sum.

    Shares follow the amounts of the lines, by largest remainder, so that they add up to the cent.
    """
    total = 0
    each: list[Sequence[NewDiscount]] = []
    for number, line in enumerate(sale.lines):
        for one in line.discounts:
            if not 0 <= one.amount_minor <= MAX_MINOR:
                raise bad_amount(f"lines[{number}].discounts", one.amount_minor)
            total += one.amount_minor
        each.append(line.discounts)
        if len(line.discounts) > MOST_SHARES:
            raise BadAmount("A line has more discounts than any receipt.", discounts=len(line.discounts))
    if (shares := len(sale.discounts) * len(amounts)) > MOST_SHARES:
        raise BadAmount(
            f"{len(sale.discounts)} discounts on {len(amounts)} lines are more than any receipt has.", shares=shares
        )
    weights = amounts if any(amounts) else [1] * len(amounts)
    for one in sale.discounts:
        check_amount("discounts", one.amount_minor)
        total += one.amount_minor
        for number, share in enumerate(allocate(one.amount_minor, weights)):
            if share:
                each[number] = [*each[number], msgspec.structs.replace(one, amount_minor=share)]
    return each, total


def check_tenders(sale: NewSale) -> None:
    paid = 0
    for place, tender in enumerate(sale.tenders):
        check_amount(f"tenders[{place}].amount_minor", tender.amount_minor)
        paid += tender.amount_minor
        if tender.reference and is_card_number(tender.reference):
            raise CardNumberSent("Send the payment's reference or the last four digits.", field=f"tenders[{place}]")
    if paid != sale.total_minor:
        raise TendersDisagree(
            f"Paid {paid}, but the total is {sale.total_minor}: they differ by {paid - sale.total_minor}. "
            "Change is taken off the tender that it was given for.",
            tenders_minor=paid,
            total_minor=sale.total_minor,
            difference_minor=paid - sale.total_minor,
        )


def check_amount(field: str, amount: int) -> None:
    if not 0 <= amount <= MAX_MINOR:
        raise bad_amount(field, amount)


def bad_amount(field: str, amount: int, most: int = MAX_MINOR) -> BadAmount:
    if amount < 0:
        return BadAmount(f"{field} is negative: amounts are positive, and a return says so by its kind.", field=field)
    return BadAmount(f"{field} is more than any sale: at most {most}.", field=field)


def cost_of(line: NewLine, number: int) -> int:
    """Unit price times quantity, half a unit rounded up, as tills do."""
    if line.unit_price_minor is None:
        raise BadAmount(f"Line {number} has neither an amount nor a unit price.", field=f"lines[{number - 1}]")
    return (line.unit_price_minor * line.quantity_thousandths + 500) // 1000


def pieces(quantity: int) -> int:
    """How many a person would count: what is sold by weight, length or volume counts as one."""
    whole, part = divmod(quantity, 1000)
    return 1 if part else whole


def is_card_number(reference: str) -> bool:
    """13 to 19 digits with a valid Luhn check digit (ISO/IEC 7812-1)."""
    digits = reference.replace(" ", "").replace("-", "")
    if not (13 <= len(digits) <= 19 and digits.isascii() and digits.isdigit()):
        return False
    doubled = [int(d) * (2 if place % 2 else 1) for place, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


@cache
def currencies() -> frozenset[str]:
    """ISO 4217 codes, those of the past included: history has them."""
    from babel.numbers import list_currencies  # noqa: PLC0415  a tenth of a second, for the first sale only

    return frozenset(list_currencies())
