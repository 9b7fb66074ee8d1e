"""What senders write becomes one form for each identifier; what identifies nobody is refused with a reason.

cleaner = await Cleaner.load(tx)
identifiers, refused = cleaner.clean([("email", " Jo@Example.COM "), ("phone", "06 12 34 56 78")], country="FR")
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache

import msgspec
import phonenumbers
from email_validator import EmailNotValidError, validate_email

from comptoir.identity import namespaces
from comptoir.identity.namespaces import Rules
from comptoir.identity.records import Identifier
from comptoir.kernel.db import Tx

LONGEST = 512
BAD = re.compile("[\0\ud800-\udfff]").search
"""What PostgreSQL cannot keep."""
REMEMBERED = 65_536
"""Values kept by each cache: a live shop meets the same ones again and again."""

RELAYS = (
    "marketplace.amazon.",
    "members.ebay.",
    "message.cdiscount.com",
    "mail.fnacdarty.com",
    "relay.mirakl.",
    "messages.zalando.",
    "aliexpress.",
    "reply.manomano.",
)
"""Beginnings of domains whose addresses a marketplace makes up for one buyer. They mean nothing elsewhere."""


class Refused(msgspec.Struct, frozen=True):
    """An identifier that was left out, and why; for data quality."""

    namespace: str
    value: str
    """At most 80 characters of it."""
    reason: str
    """unknown_namespace · empty · too_long · bad_character · malformed · blocked."""


class Blocked(msgspec.Struct, frozen=True):
    """A value that identifies nobody. `ns` null: in every namespace."""

    blocked_value_id: int
    ns: int | None
    kind: str
    pattern: str
    reason: str


class Cleaner:
    """Namespaces and blocked values as they are now; make a new one when they change."""

    def __init__(self, rules: Rules, blocked: Iterable[Blocked] = ()) -> None:
        self.rules = rules
        exact: dict[int, set[str]] = {ns: set() for ns in rules.by_ns}
        patterns: dict[int, list[str]] = {ns: [] for ns in rules.by_ns}
        for entry in blocked:
            for ns in rules.by_ns if entry.ns is None else [entry.ns]:
                if entry.kind == "exact":
                    exact[ns].add(entry.pattern.casefold())
                else:
                    patterns[ns].append(f"(?:{entry.pattern})")
        matchers = {ns: re.compile("|".join(found), re.IGNORECASE) for ns, found in patterns.items() if found}

        def blocks(ns: int, value: str) -> bool:
            return bool(
                (exact[ns] and value.casefold() in exact[ns]) or (ns in matchers and matchers[ns].fullmatch(value))
            )

        @lru_cache(REMEMBERED)
        def one(name: str, raw: str, country: str | None) -> Identifier | Refused:
            return _clean(rules, blocks, name, raw, country)

        self._one = one

    @classmethod
    async def load(cls, tx: Tx) -> "Cleaner":
        return cls(await namespaces.load(tx), await tx.many(Blocked, BLOCKED))

    def one(self, namespace: str, raw: object, country: str | None = None) -> Identifier | Refused:
        """One identifier. `country` (ISO 3166) tells how to read a national phone number."""
        if isinstance(raw, bool) or not isinstance(raw, str | int | float):
            return Refused(
                namespace, repr(raw)[:80] if raw is not None else "", "empty" if raw is None else "malformed"
            )
        if isinstance(raw, float):
            raw = int(raw) if raw.is_integer() else str(raw)
        return self._one(namespace, str(raw)[: LONGEST + 1], country)

    def clean(
        self, raw: Iterable[tuple[str, object]], country: str | None = None
    ) -> tuple[tuple[Identifier, ...], list[Refused]]:
        """All identifiers of one event, without repetition, and what had to be left out."""
        good: list[Identifier] = []
        refused: list[Refused] = []
        for namespace, value in raw:
            found = self.one(namespace, value, country)
            if isinstance(found, Refused):
                refused.append(found)
            elif found not in good:
                good.append(found)
        return tuple(good), refused


BLOCKED = "SELECT blocked_value_id, ns, kind, pattern, reason FROM identity.blocked_value ORDER BY blocked_value_id"


def _clean(
    rules: Rules, blocks: Callable[[int, str], bool], name: str, raw: str, country: str | None
) -> Identifier | Refused:
    namespace = rules.by_name.get(name)
    text = raw.strip()
    if not namespace:
        return _no(name, text, "unknown_namespace")
    if not text:
        return _no(name, text, "empty")
    if len(text) > LONGEST:
        return _no(name, text, "too_long")
    if BAD(text):
        return _no(name, text, "bad_character")
    if blocks(namespace.ns, text):
        return _no(name, text, "blocked")
    value = FORMS[namespace.form](text, country)
    if value is None:
        return _no(name, text, "malformed")
    if value is not text and blocks(namespace.ns, value):
        return _no(name, text, "blocked")
    relay = rules.by_name.get("relay_email")
    if name == "email" and relay and value.partition("@")[2].startswith(RELAYS):
        return (relay.ns, value)
    return (namespace.ns, value)


def _no(name: str, text: str, reason: str) -> Refused:
    """Shown and stored as text, so what no encoding can carry is replaced."""
    shown = text[:80].encode("utf-8", "replace").decode().replace("\0", "?")
    return Refused(name[:80].encode("utf-8", "replace").decode().replace("\0", "?"), shown, reason)


def plain(text: str, _country: str | None = None) -> str | None:
    return text


def email(text: str, _country: str | None = None) -> str | None:
    """Lower case throughout: no provider that people use tells addresses apart by case. Dots and tags are kept."""
    folded = unicodedata.normalize("NFKC", text).removeprefix("mailto:").casefold()
    try:
        found = validate_email(folded, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    return found.normalized.lower()


def phone(text: str, country: str | None = None) -> str | None:
    """E.164. A national number is read as in `country`; without one it cannot be read."""
    try:
        number = phonenumbers.parse(text, country.upper() if country else None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def card(text: str, _country: str | None = None) -> str | None:
    """Without the spaces, dots and dashes that are printed for the eye."""
    value = re.sub(r"[\s.\-_/]+", "", unicodedata.normalize("NFKC", text)).upper()
    # Without what stood between them, a letter and an accent are one.
    value = unicodedata.normalize("NFKC", value)
    return value or None


FORMS: dict[str, Callable[[str, str | None], str | None]] = {
    "plain": plain,
    "email": email,
    "phone": phone,
    "card": card,
}
