"""How two records are compared: eight fields, each with its levels from the best agreement to plain disagreement.

A level stands here once, as SQL for millions of pairs and as Python for one pair, side by side: they agree on every
input (a property test). Nothing is compared that is missing on one side: that says nothing (level -1).
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import msgspec

from comptoir.identity.matching.likeness import (
    CODE_MISSPELT,
    MOBILE,
    UNDOTTED,
    alike,
    any_of,
    code_misspelt,
    email_misspelt,
    is_mobile,
    near,
    one_off,
    same,
    written_alike,
)


class Clean(msgspec.Struct, frozen=True, gc=False):
    """A record as cleaning leaves it; the columns of the table `clean` that are compared."""

    first: str | None = None
    part: str | None = None
    """Jean, of Jean-Pierre."""
    called: Sequence[str] = ()
    """The first name, and what it may be short for."""
    last: str | None = None
    lasts: Sequence[str] | None = None
    """Of a double name."""
    email: str | None = None
    local: str | None = None
    """Of the e-mail, without dots."""
    relays: bool = False
    """The e-mail is a mask."""
    phone: str | None = None
    number: str | None = None
    street: str | None = None
    postcode: str | None = None
    birth: date | None = None
    card: str | None = None
    code: str | None = None
    devices: Sequence[str] | None = None
    first_share: float = 0.0
    """Of all records that have a first name, those that have this one."""
    last_share: float = 0.0
    place_share: float = 0.0
    """Of all records that have a postcode, those that have this one."""
    is_spelt: bool = False
    """The name was read out of the e-mail: nobody has given it."""


FIELDS = Clean.__struct_fields__
Test = Callable[[Clean, Clean], Any]
FREQUENT = 0.002
"""A first name that more have than this is nobody's slip for another: Christian is not Christine."""


class Level(msgspec.Struct, frozen=True):
    """One way to agree, or not to."""

    name: str
    sql: str
    """Over `<column>_l` and `<column>_r`; the levels above it do not hold."""
    test: Test


class Comparison(msgspec.Struct, frozen=True):
    """A field and its levels; `missing` is the level -1."""

    name: str
    missing: Level
    levels: tuple[Level, ...]

    def sql(self) -> str:
        """The number of the level, of two aliased rows."""
        cases = " ".join(f"WHEN {one.sql} THEN {number}" for number, one in enumerate(self.levels[:-1]))
        return f"CASE WHEN {self.missing.sql} THEN -1 {cases} ELSE {len(self.levels) - 1} END"

    def level(self, one: Clean, other: Clean) -> int:
        """The same in Python."""
        if self.missing.test(one, other):
            return -1
        for number, level in enumerate(self.levels[:-1]):
            if level.test(one, other):
                return number
        return len(self.levels) - 1


def _always(_: Clean, __: Clean) -> bool:
    return True


OTHER = Level("other", "true", _always)


LAST_ALIKE = f"""({written_alike("last_l", "last_r")} OR list_contains(coalesce(lasts_l, []), last_r)
    OR list_contains(coalesce(lasts_r, []), last_l) OR list_has_any(coalesce(lasts_l, []), coalesce(lasts_r, [])))"""
RARE = f"least(first_share_l, first_share_r) < {FREQUENT}"
KNOWN_AS = (
    "(list_has_any(called_l, called_r) OR coalesce(first_l = part_r, false) OR coalesce(first_r = part_l, false))"
)
SWAPPED = f"""((first_l = last_r OR {written_alike("first_l", "last_r")})
    AND (last_l = first_r OR {written_alike("last_l", "first_r")}) AND (first_l = last_r OR last_l = first_r))"""
INITIAL = """((length(first_l) = 1 AND list_contains(list_transform(called_r, lambda one: left(one, 1)), first_l))
    OR (length(first_r) = 1 AND list_contains(list_transform(called_l, lambda one: left(one, 1)), first_r)))"""
NOT_FIRST = "(first_l IS NULL OR first_r IS NULL)"
NOT_LAST = "(last_l IS NULL OR last_r IS NULL)"


def last_alike(a: Clean, b: Clean) -> bool:
    assert a.last
    assert b.last
    lasts = a.lasts or (), b.lasts or ()
    return alike(a.last, b.last) or a.last in lasts[1] or b.last in lasts[0] or any_of(*lasts)


def known_as(a: Clean, b: Clean) -> bool:
    return any_of(a.called, b.called) or same(a.first, b.part) or same(b.first, a.part)


def swapped(a: Clean, b: Clean) -> bool:
    """In each other's box, one of them perhaps misspelt."""
    if not (a.first and a.last and b.first and b.last):
        return False
    same_first, same_last = a.first == b.last, a.last == b.first
    return (
        (same_first or same_last) and (same_first or alike(a.first, b.last)) and (same_last or alike(a.last, b.first))
    )


def initial(a: Clean, b: Clean) -> bool:
    for one, other in ((a, b), (b, a)):
        if one.first and len(one.first) == 1 and any(name[:1] == one.first for name in other.called):
            return True
    return False


def first_alike(a: Clean, b: Clean) -> bool:
    return bool(a.first and b.first) and alike(a.first, b.first) and min(a.first_share, b.first_share) < FREQUENT


NAME = Comparison(
    "name",
    Level(
        "missing",
        f"({NOT_FIRST} AND {NOT_LAST})",
        lambda a, b: (a.first is None or b.first is None) and (a.last is None or b.last is None),
    ),
    (
        # One of the two is missing on a side: what is left is compared alone.
        Level(
            "last only", f"({NOT_FIRST} AND last_l = last_r)",
            lambda a, b: (a.first is None or b.first is None) and a.last == b.last,
        ),
        Level(
            "last only, alike", f"({NOT_FIRST} AND {LAST_ALIKE})",
            lambda a, b: (a.first is None or b.first is None) and last_alike(a, b),
        ),
        Level("other last only", NOT_FIRST, lambda a, b: a.first is None or b.first is None),
        Level(
            "first only", f"({NOT_LAST} AND ({KNOWN_AS} OR {INITIAL}))",
            lambda a, b: (a.last is None or b.last is None) and (known_as(a, b) or initial(a, b)),
        ),
        Level("other first only", NOT_LAST, lambda a, b: a.last is None or b.last is None),
        Level("same", "(first_l = first_r AND last_l = last_r)", lambda a, b: a.first == b.first and a.last == b.last),
        Level("swapped", SWAPPED, swapped),
        Level("known as", f"(last_l = last_r AND {KNOWN_AS})", lambda a, b: a.last == b.last and known_as(a, b)),
        Level("initial", f"(last_l = last_r AND {INITIAL})", lambda a, b: a.last == b.last and initial(a, b)),
        Level(
            "first misspelt", f"(last_l = last_r AND {written_alike('first_l', 'first_r')} AND {RARE})",
            lambda a, b: a.last == b.last and first_alike(a, b),
        ),
        Level("other first", "last_l = last_r", lambda a, b: a.last == b.last),
        Level("last misspelt", f"({LAST_ALIKE} AND {KNOWN_AS})", lambda a, b: last_alike(a, b) and known_as(a, b)),
        Level(
            "last misspelt, initial", f"({LAST_ALIKE} AND {INITIAL})",
            lambda a, b: last_alike(a, b) and initial(a, b),
        ),
        Level(
            "both misspelt", f"({LAST_ALIKE} AND {written_alike('first_l', 'first_r')} AND {RARE})",
            lambda a, b: last_alike(a, b) and first_alike(a, b),
        ),
        Level("last alike, other first", LAST_ALIKE, last_alike),
        Level("other last", KNOWN_AS, known_as),
        OTHER,
    ),
)  # fmt: skip
"""First and last name are compared together: each alone would count one agreement twice, and miss a conflict."""


CONFLICTS = frozenset(
    number for number, one in enumerate(NAME.levels)
    if one.name in {"other first only", "other first", "last alike, other first", "other"}
)  # fmt: skip
"""Levels of NAME at which two first names are of two people."""


def conflict(some: Sequence[Clean], others: Sequence[Clean]) -> bool:
    """Whether the first names of two groups are of two people: no whole name of the one is one of the other, or an
    initial fits nothing.
    """
    names = [one for one in some if one.first], [one for one in others if one.first]
    whole = [[one for one in side if len(one.first or "") > 1] for side in names]
    if whole[0] and whole[1]:
        return not any(fit(one, other) for one in whole[0] for other in whole[1])
    return bool(names[0] and names[1]) and not any(fit(one, other) for one in names[0] for other in names[1])


def fit(a: Clean, b: Clean) -> bool:
    """Two first names may be of one person."""
    return known_as(a, b) or initial(a, b) or first_alike(a, b) or swapped(a, b)


EMAIL = Comparison(
    "email",
    Level(
        "missing",
        "(email_l IS NULL OR email_r IS NULL OR ((relays_l OR relays_r) AND email_l <> email_r))",
        lambda a, b: a.email is None or b.email is None or ((a.relays or b.relays) and a.email != b.email),
    ),
    (
        Level("same", "email_l = email_r", lambda a, b: a.email == b.email),
        Level(
            "other domain", "(local_l = local_r AND length(local_l) >= 6)",
            lambda a, b: a.local == b.local and len(a.local or "") >= 6,
        ),
        Level(
            "misspelt",
            "(least(length(email_l), length(email_r)) >= 12 AND damerau_levenshtein(email_l, email_r) <= 1"
            f" AND {UNDOTTED.format('email_l')} <> {UNDOTTED.format('email_r')})",
            lambda a, b: email_misspelt(a.email or "", b.email or ""),
        ),
        OTHER,
    ),
)  # fmt: skip


PHONE = Comparison(
    "phone",
    Level(
        "missing",  # one has a mobile and a landline
        f"(phone_l IS NULL OR phone_r IS NULL OR {MOBILE.format('phone_l')} <> {MOBILE.format('phone_r')})",
        lambda a, b: a.phone is None or b.phone is None or is_mobile(a.phone) != is_mobile(b.phone),
    ),
    (
        Level("same", "phone_l = phone_r", lambda a, b: a.phone == b.phone),
        Level(
            "misspelt", "damerau_levenshtein(phone_l, phone_r) <= 1",
            lambda a, b: near(a.phone or "", b.phone or "", slips=1),
        ),
        OTHER,
    ),
)  # fmt: skip

ADDRESS = Comparison(
    "address",
    Level(
        "missing", "(postcode_l IS NULL OR postcode_r IS NULL)",
        lambda a, b: a.postcode is None or b.postcode is None,
    ),
    (
        Level(
            "same", "(street_l = street_r AND number_l = number_r AND postcode_l = postcode_r)",
            lambda a, b: same(a.street, b.street) and same(a.number, b.number) and a.postcode == b.postcode,
        ),
        Level(
            "misspelt",
            f"""(number_l = number_r AND number_l <> ''
                AND ((postcode_l = postcode_r AND {written_alike("street_l", "street_r")})
                OR (street_l = street_r AND damerau_levenshtein(postcode_l, postcode_r) <= 2)))""",
            lambda a, b: same(a.number, b.number)
            and a.number != ""
            and (
                (a.postcode == b.postcode and alike(a.street, b.street))
                or (same(a.street, b.street) and near(a.postcode or "", b.postcode or "", slips=2))
            ),
        ),
        Level(
            "street", "(street_l = street_r AND postcode_l = postcode_r)",
            lambda a, b: same(a.street, b.street) and a.postcode == b.postcode,
        ),
        Level("place", "postcode_l = postcode_r", lambda a, b: a.postcode == b.postcode),
        OTHER,
    ),
)  # fmt: skip


BIRTH = Comparison(
    "birth",
    Level("missing", "(birth_l IS NULL OR birth_r IS NULL)", lambda a, b: a.birth is None or b.birth is None),
    (
        Level("same", "birth_l = birth_r", lambda a, b: a.birth == b.birth),
        Level(
            "slip",
            """((day(birth_l) = month(birth_r) AND month(birth_l) = day(birth_r) AND year(birth_l) = year(birth_r))
                OR (day(birth_l) = day(birth_r))::INT + (month(birth_l) = month(birth_r))::INT
                    + (year(birth_l) = year(birth_r))::INT = 2)""",
            lambda a, b: one_off(a.birth, b.birth),
        ),
        OTHER,
    ),
)  # fmt: skip

CARD = Comparison(
    "card",
    Level("missing", "(card_l IS NULL OR card_r IS NULL)", lambda a, b: a.card is None or b.card is None),
    (
        Level("same", "card_l = card_r", lambda a, b: a.card == b.card),
        OTHER,
    ),
)  # fmt: skip


CODE = Comparison(
    "code",
    Level(
        "missing",  # one person may have several
        f"(code_l IS NULL OR code_r IS NULL OR (code_l <> code_r AND NOT {CODE_MISSPELT}))",
        lambda a, b: a.code is None or b.code is None or (a.code != b.code and not code_misspelt(a.code, b.code)),
    ),
    (
        Level("same", "code_l = code_r", lambda a, b: a.code == b.code),
        Level("misspelt", CODE_MISSPELT, lambda a, b: code_misspelt(a.code or "", b.code or "")),
        OTHER,
    ),
)  # fmt: skip

DEVICE = Comparison(
    "device",
    Level(
        "missing", "NOT list_has_any(coalesce(devices_l, []), coalesce(devices_r, []))",  # one person has several
        lambda a, b: not any_of(a.devices, b.devices),
    ),
    (
        Level("same", "list_has_any(devices_l, devices_r)", lambda a, b: any_of(a.devices, b.devices)),
        OTHER,
    ),
)  # fmt: skip

COMPARISONS = (NAME, EMAIL, PHONE, ADDRESS, BIRTH, CARD, CODE, DEVICE)


def levels(one: Clean, other: Clean) -> tuple[int, ...]:
    """The level of each comparison."""
    return tuple(comparison.level(one, other) for comparison in COMPARISONS)


def levels_sql() -> str:
    """The same as columns, `name`, `email`, …"""
    return ", ".join(f"({one.sql()})::TINYINT AS {one.name}" for one in COMPARISONS)
