"""What is told about people: names of traits, how well we know them, and words of names."""

import hashlib
import re
import unicodedata
from typing import Any

import msgspec

FIELDS = (
    "name",
    "first_name",
    "last_name",
    "email",
    "phone",
    "address",
    "birthday",
    "gender",
    "language",
    "loyalty_card",
    "home_shop",
    "company",
)
"""Fields of the golden record, in the order of a form. Of these every value is kept, and survivorship chooses."""

ALIASES = {
    "firstname": "first_name",
    "lastname": "last_name",
    "fullname": "name",
    "emailaddress": "email",
    "phonenumber": "phone",
    "mobile": "phone",
    "dateofbirth": "birthday",
    "birthdate": "birthday",
    "locale": "language",
    "loyaltycard": "loyalty_card",
    "homeshop": "home_shop",
    "homestore": "home_shop",
    "createdat": "created_at",
}

TYPED, SAID, CLICKED, SIGNED_IN = 1, 2, 3, 4
VERIFIED = {0: "told by a machine", TYPED: "typed", SAID: "said to us", CLICKED: "clicked", SIGNED_IN: "signed in"}
"""How we know a value, from worst to best."""

LONGEST_VALUE = 4_000
"""JSON of a trait beyond this many characters is not kept; it stays in the log."""
LONGEST_SLOT = 200
MOST_TRAITS = 300
"""Per event, as with the senders' own limit."""


def canonical(name: str) -> str:
    """firstName, first_name and FirstName are one field; names we do not know stay as they are."""
    plain = name.replace("_", "").replace("-", "").replace(" ", "").lower()
    return ALIASES.get(plain) or (plain if plain in _PLAIN else name[:100])


_PLAIN = frozenset(FIELDS)


def verification(channel: str, *, signed_in: bool) -> int:
    """How well a value is known that was told in `channel`.

    What staff type at a till may be a mistake; the call centre repeats it to the caller; a click in a message proves
    that it arrived; whoever is signed in has proved a password.
    """
    if channel == "shop":
        return TYPED
    if channel == "phone":
        return SAID
    if channel in {"email", "sms"}:
        return CLICKED
    return SIGNED_IN if signed_in else TYPED


def told(traits: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(name, slot, JSON value) of each trait worth keeping, in order of name.

    Empty values say nothing: a form that was left blank does not wipe out what is known.
    """
    found: dict[tuple[str, str], str] = {}
    for name, value in list(traits.items())[:MOST_TRAITS]:
        if value is None or value in ("", [], {}):
            continue
        field = canonical(name)
        tidied = tidy(field, value) if isinstance(value, str) else value
        encoded = msgspec.json.encode(tidied, order="deterministic").decode()
        if tidied == "" or len(encoded) > LONGEST_VALUE:
            continue
        found[field, slot(encoded) if field in _PLAIN else ""] = encoded
    return [(name, place, value) for (name, place), value in sorted(found.items())]


def tidy(field: str, value: str) -> str:
    """The same value, written one way."""
    value = " ".join(value.split())
    return value.lower() if field == "email" else value


def slot(encoded: str) -> str:
    """What tells two values of a field apart: the value, or its hash where it is too long for an index."""
    return encoded if len(encoded) <= LONGEST_SLOT else hashlib.sha256(encoded.encode()).hexdigest()


def words(text: str) -> list[str]:
    """Words of a name as they are searched: lower case, without accents ("Inès Le Goff-Roy": ines, le, goff, roy)."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return [word[:40] for word in re.split(r"[^\w]+", plain) if word][:8]
