"""Raw events for eyes that need the event and not the person: personal values are covered, the shape stays."""

from collections.abc import Mapping
from typing import Any

COVER = "•••"
PERSONAL_WORDS = (
    "email mail phone mobile telephone name firstname lastname first_name last_name address street postcode zip "
    "postalcode birthday birthdate ip userid anonymousid user_id anonymous_id previousid groupid advertisingid "
    "token idfa gaid loyalty_card card external_id latitude longitude deviceid cashier identifiers"
)
PERSONAL = frozenset(PERSONAL_WORDS.split())
WHOLE = frozenset({"traits", "externalids", "device", "location", "received"})
"""Everything below these is about the person."""


def veiled(value: Any, key: str = "", *, whole: bool = False) -> Any:
    """The same JSON with personal values covered."""
    name = key.lower()
    if isinstance(value, Mapping):
        below = whole or name in WHOLE
        return {k: veiled(v, str(k), whole=below) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list):
        return [veiled(one, key, whole=whole) for one in value]  # pyright: ignore[reportUnknownVariableType]
    covered = whole or name in PERSONAL
    # A product's name is no person's, but nothing tells them apart here: "name" is covered in any case.
    return COVER if covered and isinstance(value, str | int | float) and not isinstance(value, bool) else value
