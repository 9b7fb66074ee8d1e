"""Which column of an export is what: a TOML or JSON file beside it.

[file]
encoding = "cp1252"
delimiter = ";"
decimal = ","
dates = ["%d/%m/%Y %H:%M"]

[columns]
outlet = "=lyon"               # a constant
number = "Ticket"
occurred_at = "Date"
sku = "Ref"
quantity = "Qté"
amount = "Montant TTC"
"""

import tomllib
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from comptoir.connectors.errors import BadMapping

Field = Literal[
    "outlet", "number", "occurred_at", "time", "currency", "kind", "sku", "gtin", "name", "quantity", "unit_price",
    "amount", "discount", "discount_rate", "tax", "tax_rate", "total", "tender", "cashier", "till", "email", "phone",
    "loyalty_card", "takes_back",
]  # fmt: skip
"""`total` is the receipt's own, to be compared; `tax_rate` and `discount_rate` are per cent; `tender` is how it was
paid; `takes_back` is the number of the receipt that a return takes back."""
NEEDED: tuple[Field, ...] = ("outlet", "number", "occurred_at", "currency")


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the file is written."""

    encoding: str = "utf-8-sig"
    delimiter: Annotated[str, Meta(min_length=1, max_length=1)] = ","
    quote: Annotated[str, Meta(min_length=1, max_length=1)] = '"'
    skip: Annotated[int, Meta(ge=0, le=1_000)] = 0
    """Lines before the one with the names of the columns."""
    decimal: Literal[".", ","] = "."
    thousands: Annotated[str, Meta(max_length=1)] = ""
    """Besides blanks, which are always left out."""
    dates: Annotated[tuple[str, ...], Meta(min_length=1)] = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d")
    """Formats of strptime, tried in order."""
    time_zone: str = "UTC"
    """Of dates that name none."""
    fill_down: bool = False
    """An empty number means the receipt above (Odoo's exports of lines)."""


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the columns mean."""

    tax_included: bool = True
    amount_is: Literal["after_discount", "before_discount"] = "after_discount"
    """Whether the discount of a line is taken off its amount already."""
    returns: Literal["negative", "kind"] = "negative"
    """How a return is told: by negative quantities or amounts, or by the column `kind`."""
    return_words: tuple[str, ...] = ("return", "refund", "retour", "avoir")
    tenders: dict[str, str] = {}
    """Their words for ways to pay, as ours: "CB" is card."""
    skip_when: dict[str, tuple[str, ...]] = {}
    """Lines in which the column says one of these are left out: {"Etat" = ["Annulé"]}."""


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping file. A column that begins with = is a constant."""

    columns: dict[Field, str]
    file: File = File()
    rules: Rules = Rules()


def load(path: Path) -> Mapping:
    """Raises BadMapping with what is wrong."""
    try:
        if path.suffix.lower() == ".json":
            mapping = msgspec.json.decode(path.read_bytes(), type=Mapping)
        else:
            mapping = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Mapping)
    except (msgspec.MsgspecError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadMapping(f"{path.name}: {error}") from error
    return checked(mapping)


def checked(mapping: Mapping) -> Mapping:
    """Raises BadMapping."""
    if missing := [field for field in NEEDED if field not in mapping.columns]:
        raise BadMapping(f"Columns are needed for {', '.join(missing)}: name one, or say =constant.", missing=missing)
    if not {"amount", "unit_price"} & set(mapping.columns):
        raise BadMapping("A column is needed for amount, or for unit_price.", missing=["amount"])
    try:
        "".encode(mapping.file.encoding)
        ZoneInfo(mapping.file.time_zone)
    except (LookupError, ZoneInfoNotFoundError, ValueError) as error:
        raise BadMapping(f"{error}: name an encoding of Python, and an IANA time zone.") from error
    return mapping
