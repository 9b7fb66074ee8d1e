"""The chain of a device's entries. Pure.

Each entry holds the SHA-256 of the one before, over its canonical JSON (RFC 8785, numbers integers only): whoever sees
two entries under one number, or a link that does not fit, knows that a till was copied, set back or tampered with.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from comptoir.tills.records import LAST, Entry

GENESIS = "0" * 64


class Misfit(Exception):
    """Why an entry stands aside: unreadable, hash_differs, fork."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail.replace("\0", "\ufffd")  # what was sent may stand in it, and a text cannot hold U+0000


def canonical(value: Any) -> bytes:
    """RFC 8785. Raises Misfit for numbers that are no integers, and for text that is no Unicode."""
    _check(value)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    if not text.isascii() and max(text) > "\uffff":  # beyond the BMP, UTF-16 sorts otherwise than Unicode
        text = json.dumps(_sorted(value), ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise Misfit("unreadable", "A text holds half of a surrogate pair.") from error


def _check(value: Any) -> None:
    if isinstance(value, float) or (isinstance(value, int) and not -LAST <= value <= LAST):
        raise Misfit("unreadable", f"{value} is no integer that JSON can carry (RFC 7493).")
    if isinstance(value, dict):
        for one in cast("dict[str, Any]", value).values():
            _check(one)
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            _check(one)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        found = cast("dict[str, Any]", value)
        return {name: _sorted(found[name]) for name in sorted(found, key=lambda key: key.encode("utf-16-be"))}
    return [_sorted(one) for one in cast("list[Any]", value)] if isinstance(value, list) else value


def hash_of(entry: Mapping[str, Any]) -> str:
    """Of an entry as it is sent, with or without its own hash."""
    return hashlib.sha256(canonical({name: entry[name] for name in entry if name != "hash"})).hexdigest()


def read(raw: Any) -> Entry:
    """One entry as it was sent. Raises Misfit."""
    if not isinstance(raw, dict):
        raise Misfit("unreadable", "An entry is an object.")
    told = cast("dict[str, Any]", raw)
    try:
        actual = hash_of(told)
        entry = msgspec.convert(told, Entry)
    except (msgspec.ValidationError, RecursionError, TypeError) as error:
        raise Misfit("unreadable", str(error)[:500]) from error
    if entry.hash != actual:
        raise Misfit("hash_differs", f"It says {entry.hash}, its contents give {actual}.")
    return entry


class Links:
    """The links of a device's chain that are known."""

    def __init__(self, known: Iterable[tuple[int, str, str]]) -> None:
        self._links = {sequence: (hash_, previous) for sequence, hash_, previous in known}

    def has(self, entry: Entry) -> bool:
        """Whether this very entry is there. Raises Misfit where it contradicts what is."""
        if (link := self._links.get(entry.sequence)) is not None:
            if link[0] == entry.hash:
                return True
            raise Misfit("fork", f"Entry {entry.sequence} is known with the hash {link[0]}.")
        before = (GENESIS, "") if entry.sequence == 1 else self._links.get(entry.sequence - 1)
        if before is not None and before[0] != entry.previous:
            raise Misfit("fork", f"The entry before it has the hash {before[0]}, it says {entry.previous}.")
        after = self._links.get(entry.sequence + 1)
        if after is not None and after[1] != entry.hash:
            raise Misfit("fork", f"The entry after it was made behind {after[1]}.")
        return False

    def add(self, entry: Entry) -> None:
        self._links[entry.sequence] = entry.hash, entry.previous


def gaps(reached: int, ahead: Iterable[int]) -> tuple[int, list[tuple[int, int]]]:
    """How far the chain reaches with those that were ahead of it (in order), and what is missing between them."""
    missing: list[tuple[int, int]] = []
    last = reached
    for sequence in ahead:
        if sequence == last + 1 and not missing:
            reached = sequence
        elif sequence > last + 1:
            missing.append((last + 1, sequence - 1))
        last = sequence
    return reached, missing
