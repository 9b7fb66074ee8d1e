"""Their numbers as ours, and their customers as identifiers. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from comptoir.connectors.errors import BadPayload
from comptoir.kernel.errors import Refusal
from comptoir.kernel.money import minor
from comptoir.orders import Address, ExternalOrder

RELAYS = ("marketplace.amazon.", "privaterelay.appleid.com", "members.ebay.com", "relay.")
"""Hosts of addresses that a platform made for one buyer, dead outside of it."""

Json = Mapping[str, Any]


def checked(order: ExternalOrder) -> ExternalOrder:
    """The order, if all of it is within bounds. Raises BadPayload."""
    try:
        return msgspec.convert(msgspec.to_builtins(order), ExternalOrder)
    except msgspec.ValidationError as error:
        raise BadPayload(str(error)[:500]) from error


def money(told: Any, currency: str) -> int:
    """An amount such as "10.50" in minor units; missing is 0. Raises BadPayload."""
    try:
        return minor(str(told), currency) if told not in (None, "") else 0
    except Refusal as refusal:
        raise BadPayload(refusal.detail) from refusal


def text(told: Json, name: str, most: int = 500) -> str:
    """A text or number as text; missing is empty. What PostgreSQL has no character for is left out."""
    value = told.get(name)
    return "" if value is None else str(value).replace("\0", "").strip()[:most]


def number(told: Json, name: str) -> int:
    try:
        return int(told.get(name) or 0)
    except (TypeError, ValueError) as error:
        raise BadPayload(f"{name} is no number: {told.get(name)!r}"[:300]) from error


def part(told: Json, name: str) -> Json:
    """An object within; missing is empty."""
    value = told.get(name)
    return cast("Json", value) if isinstance(value, dict) else {}


def parts(told: Json, name: str) -> list[Json]:
    """The objects of a list within; missing is empty."""
    value: Any = told.get(name)
    found = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("Json", one) for one in found if isinstance(one, dict)]


def moment(told: Json, *names: str) -> datetime:
    """The first of these that is there; without a zone it is UTC. Raises BadPayload."""
    for name in names:
        if value := told.get(name):
            try:
                found = datetime.fromisoformat(str(value))
            except ValueError as error:
                raise BadPayload(f"{name} is no date: {value!r}"[:300]) from error
            return found if found.tzinfo else found.replace(tzinfo=UTC)
    raise BadPayload(f"There is no {' or '.join(names)}.")


def who(flags: list[str], *, email: str, phone: str) -> dict[str, str]:
    """Identifiers by namespace. An address that the platform hides or made itself says so."""
    found: dict[str, str] = {}
    if "*" in email:
        flags.append("masked_email")
    elif any(relay in email.rpartition("@")[2].lower() for relay in RELAYS):
        flags.append("masked_email")
        found["relay_email"] = email
    elif email:
        found["email"] = email
    if phone and "*" not in phone:
        found["phone"] = phone
    return found


def address(flags: list[str], told: Json, *, street: str, postcode: str, country: str, region: str) -> Address | None:
    """Where the goods go; None with a flag where that cannot be read."""
    names = (text(told, "first_name"), text(told, "last_name"))
    name = (text(told, "name") or " ".join(one for one in names if one) or text(told, "company"))[:200]
    land = text(told, country).upper()
    if not (name and text(told, street) and len(land) == 2 and land.isascii() and land.isalpha()):
        flags.append("no_address")
        return None
    return Address(
        name=name,
        street=text(told, street, 200),
        postcode=text(told, postcode, 200),
        city=text(told, "city", 200),
        country=land,
        region=text(told, region, 200),
        latitude=_degrees(told.get("latitude"), 90),
        longitude=_degrees(told.get("longitude"), 180),
    )


def _degrees(value: Any, most: int) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if -most <= found <= most else None
