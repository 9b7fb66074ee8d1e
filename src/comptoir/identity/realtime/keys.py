"""The keys of one record, the same as batch finds in SQL (`matching.candidates`): who shares one is compared."""

import hashlib
import re
from collections.abc import Callable

from comptoir.identity.matching.candidates import HEARD
from comptoir.identity.matching.comparisons import Clean

PATTERNS = [(re.compile(pattern), sound) for pattern, sound in HEARD]


def sounds(word: str | None) -> str | None:
    if word is None:
        return None
    for pattern, sound in PATTERNS:
        word = pattern.sub(sound, word)
    return word[:6]


def join(*parts: str | None) -> str | None:
    """What `||` makes: nothing of nothing."""
    return None if any(part is None for part in parts) else "".join(part or "" for part in parts)


def left(text: str | None, many: int) -> str | None:
    return text and text[:many]


def right(text: str | None, many: int) -> str | None:
    return text and text[-many:]


def day(one: Clean) -> str | None:
    return one.birth and one.birth.isoformat()


def either(one: Clean) -> str | None:
    """First and last name in any order."""
    names = sorted(name for name in (one.first, one.last) if name is not None)
    return f"{names[0]}/{names[-1]}" if names else None


KEYS: tuple[Callable[[Clean], str | None], ...] = (
    lambda one: one.email,
    lambda one: one.local,
    lambda one: one.phone,
    lambda one: one.card,
    lambda one: one.code,
    lambda one: right(one.phone, 7),
    lambda one: join(one.first, one.last, one.postcode or ""),
    either,
    lambda one: join(one.last, "/", left(one.first, 1)),
    lambda one: join(sounds(one.last), "/", left(one.first, 3)),
    lambda one: join(one.last, "/", left(one.first, 1), left(one.postcode, 2)),
    lambda one: join(one.first, "/", one.postcode, one.number),
    lambda one: join(one.street, one.number, one.postcode),
    lambda one: join(one.street, one.number, left(one.last, 3)),
    lambda one: join(day(one), left(one.last, 2)),
    lambda one: join(day(one), left(one.first, 3)),
    lambda one: join(sounds(one.last), left(one.first, 3), left(one.postcode, 2)),
    lambda one: join(left(one.last, 4), one.first, left(one.postcode, 3)),
    lambda one: join(one.last, one.street),
    lambda one: join(one.last, right(one.phone, 6)),
    lambda one: join(one.first, one.last, day(one)),
)
"""In the order of `candidates.KEYS`; a property test holds them together."""


def values(one: Clean) -> list[tuple[int, str]]:
    """Number and value of each key it has; devices come last."""
    found = [(number, value) for number, key in enumerate(KEYS) if (value := key(one))]
    return [*found, *((len(KEYS), device) for device in dict.fromkeys(one.devices or ()))]


def keys(one: Clean) -> list[int]:
    """As they are stored: 64 bits of a hash."""
    return sorted({
        int.from_bytes(hashlib.blake2b(f"{number}:{value}".encode(), digest_size=8).digest(), signed=True)
        for number, value in values(one)
    })  # fmt: skip
