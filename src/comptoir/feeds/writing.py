"""Texts of feeds, as bytes: RSS 2.0 with Google's namespace, and tab-separated values. Pure.

https://support.google.com/merchants/answer/14987622 (RSS 2.0), /160567 (text), /14819809 (local inventory)
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from comptoir.kernel.money import exponent

Value = str | Sequence[str]

UNTELLABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (2.2, Char) cannot hold, however it is escaped."""
BLANK = re.compile(r"\s+")
ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"})

END = b"</channel>\n</rss>\n"


def escaped(text: str) -> str:
    """The text as it may stand in an element or an attribute."""
    return UNTELLABLE.sub("", text).translate(ESCAPES)


def head(title: str, link: str, description: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">\n<channel>\n'
        f"<title>{escaped(title)}</title>\n<link>{escaped(link)}</link>\n"
        f"<description>{escaped(description)}</description>\n"
    ).encode()


def item(fields: Mapping[str, Value]) -> bytes:
    """One item; a field with several values stands several times."""
    parts = ["<item>"]
    for name, value in fields.items():
        for one in (value,) if isinstance(value, str) else value:
            parts.append(f"<g:{name}>{escaped(one)}</g:{name}>")  # noqa: PERF401  it reads better
    parts.append("</item>\n")
    return "".join(parts).encode()


def row(columns: Iterable[str], fields: Mapping[str, Value]) -> bytes:
    """One line. Several values stand in one field with commas between them."""
    return ("\t".join([cell(fields.get(name, "")) for name in columns]) + "\n").encode()


def cell(value: Value) -> str:
    """Tabs and line ends become blanks; what holds a quote is quoted, and its quotes are doubled."""
    text = value if isinstance(value, str) else ",".join(one.replace(",", "%2C") for one in value)
    text = BLANK.sub(" ", UNTELLABLE.sub("", text)).strip()
    return '"' + text.replace('"', '""') + '"' if '"' in text else text


def price(amount_minor: int, currency: str) -> str:
    """15.00 EUR."""
    return f"{decimal(amount_minor, currency)} {currency}"


def decimal(amount_minor: int, currency: str) -> str:
    """15.00; 1500 of a currency without decimals."""
    return f"{Decimal(amount_minor).scaleb(-exponent(currency)):f}"
