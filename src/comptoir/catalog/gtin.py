"""GTIN: the number under the barcode (GS1 General Specifications, section 7.9: check digit calculation)."""

from comptoir.catalog.errors import BadGtin

LENGTHS = {8, 12, 13, 14}


def gtin14(number: str) -> str:
    """GTIN-8, -12 (UPC-A), -13 (EAN) or -14 in its 14-digit form. Raises BadGtin."""
    if len(number) not in LENGTHS or not (number.isascii() and number.isdigit()):
        raise BadGtin(f"{number[:40]!r} is no GTIN: it has 8, 12, 13 or 14 digits.", gtin=number[:40])
    expected = check_digit(number[:-1])
    if int(number[-1]) != expected:
        raise BadGtin(
            f"{number} is misread or mistyped: its check digit would be {expected}.", gtin=number, check_digit=expected
        )
    return number.zfill(14)


def check_digit(digits: str) -> int:
    """The digit that makes the weighted sum (3, 1, 3, … from the right) a multiple of ten."""
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return -weighted % 10
