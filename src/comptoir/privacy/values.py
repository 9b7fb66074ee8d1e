"""Her values, as they may be written anywhere: the one definition by which they are found, taken out, and searched for.

A value is found in text, in JSON (where a sender may have escaped any character), in addresses of pages (percent signs)
and in bytes. One regular expression says so to PostgreSQL and to Python alike. What is too short or too common to name
one person is only looked for where an identifier stands.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import phonenumbers

from comptoir.identity import Node

SHORTEST, SHORTEST_NUMBER = 8, 7
"""Characters from which a word, and digits from which a number, is looked for everywhere."""


class Named(msgspec.Struct, frozen=True):
    """What names her: (namespace, value), as identity keeps them; and her public ids."""

    identifiers: list[tuple[str, str]]
    keys: list[str] = []

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> "Named":
        found = list(nodes)
        return cls([(one.namespace, one.value) for one in found], [str(one.key) for one in found])

    def everywhere(self) -> str:
        """The expression of what names nobody else: empty where there is nothing of that kind."""
        some = [pattern(name, value) for name, value in self.identifiers if is_distinct(name, value)]
        return "|".join(sorted({*some, *(bounded(spelt(key)) for key in self.keys)}))

    def in_events(self) -> str:
        """The same with the short ones, as whole values of JSON."""
        some = [rf'[":,\[ ]{spelt(value)}[",\]}}]' for name, value in self.identifiers if not is_distinct(name, value)]
        return "|".join(filter(None, [self.everywhere(), *sorted(set(some))]))

    def exact(self) -> frozenset[str]:
        """As whole values, folded."""
        return frozenset(folded(value) for _, value in self.identifiers)


def is_distinct(name: str, value: str) -> bool:
    """Whether the value names one person wherever it stands."""
    if name in {"email", "relay_email", "phone"}:
        return True
    if value.isdigit():
        return len(value) >= SHORTEST_NUMBER
    return len(value) >= SHORTEST and any(c.isdigit() or not c.isalnum() for c in value)


def pattern(name: str, value: str) -> str:
    if name == "phone":
        return telephone(value)
    if name == "loyalty_card":
        return bounded(CARD_GAP.join(spelt(c) for c in value))
    return bounded(spelt(value))


CARD_GAP = r"[ ._/-]*"
GAP = r"(?:[ ./()-]|%20)*"
BEFORE = r"(?:(?<![A-Za-z0-9_.+%-])|(?<=\\[nrt])|(?<=%[0-9a-fA-F][0-9a-fA-F]))"
AFTER = r"(?![A-Za-z0-9_]|[-.][A-Za-z0-9])"


def bounded(expression: str) -> str:
    """Not as a part of a longer word: marie@ is not annemarie@."""
    return f"{BEFORE}{expression}{AFTER}"


def telephone(value: str) -> str:
    """However it is grouped, and with or without its country."""
    number = phonenumbers.parse(value, None)
    national = phonenumbers.national_significant_number(number)
    digits = GAP.join(national)
    plus = r"(?:\+|%2b|\\{1,2}u002b|00)?"
    return rf"(?<![0-9])(?:{plus}{number.country_code}{GAP}(?:0{GAP})?|0)?{digits}(?![0-9])"


def spelt(value: str) -> str:
    """The value, each character as it is or as JSON, a page's address or PostgreSQL's bytes would write it."""
    return "".join(_character(c) for c in value)


def _character(c: str) -> str:
    if c.isascii() and c.isalnum():
        return c
    ways = [re.escape(c) if c.isascii() else c]
    ways.append("".join(rf"\\{{1,2}}u{unit:04x}" for unit in _utf16(c)))
    ways.append("".join(f"%{byte:02x}" for byte in c.encode()))
    if not c.isascii():
        ways.append("".join(rf"\\{byte:03o}" for byte in c.encode()))
    if c == "+":
        ways.append(" ")
    return "(?:" + "|".join(ways) + ")"


def _utf16(c: str) -> list[int]:
    raw = c.encode("utf-16-be")
    return [int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2)]


def folded(value: Any) -> str:
    return re.sub(r"[\s.\-_/()]+", "", str(value)).casefold()


def phones(value: str) -> Sequence[str]:
    """A telephone number as a sender may have written it whole."""
    number = phonenumbers.parse(value, None)
    national = phonenumbers.national_significant_number(number)
    return [f"0{national}", f"{number.country_code}{national}", f"00{number.country_code}{national}"]
