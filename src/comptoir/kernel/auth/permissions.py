"""Who may do what: roles grant scopes, scopes open routes. This one table is all there is.

A scope is `<package>:read`, `<package>:write` or `<package>:admin`; admin includes write, write includes read, and
`*:read` means every package. A part of a package can be opened alone: `orders:write` includes `baskets:write`,
`tills:write` includes `sync:write`.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, get_args

Role = Literal["admin", "marketer", "associate", "agent", "merchandiser", "analyst", "executive", "privacy_officer"]
ROLES: tuple[Role, ...] = get_args(Role)

PACKAGES = (
    "kernel",
    "channels",
    "ingest",
    "identity",
    "consent",
    "catalog",
    "inventory",
    "pricing",
    "rfid",
    "orders",
    "tills",
    "connectors",
    "profiles",
    "feeds",
    "privacy",
)
LEVELS = ("read", "write", "admin")
PARTS = {"baskets": "orders", "sync": "tills"}

GRANTS: dict[Role, frozenset[str]] = {
    "admin": frozenset({"*:admin"}),
    "marketer": frozenset(
        {
            "channels:read",
            "ingest:read",
            "identity:read",
            "consent:read",
            "catalog:read",
            "inventory:read",
            "pricing:write",
            "orders:read",
            "tills:read",
            "profiles:read",
            "feeds:write",
        }
    ),
    "associate": frozenset(
        {
            "channels:read",
            "identity:read",
            "consent:write",
            "catalog:read",
            "inventory:write",
            "pricing:read",
            "rfid:write",
            "orders:write",
            "tills:read",
            "profiles:read",
        }
    ),
    "agent": frozenset(
        {
            "channels:read",
            "identity:write",
            "consent:write",
            "catalog:read",
            "inventory:write",
            "pricing:read",
            "orders:write",
            "profiles:write",
        }
    ),
    "merchandiser": frozenset(
        {
            "channels:read",
            "catalog:write",
            "inventory:write",
            "pricing:write",
            "rfid:read",
            "orders:read",
            "feeds:write",
        }
    ),
    "analyst": frozenset(
        {
            "channels:read",
            "ingest:write",
            "identity:read",
            "consent:read",
            "catalog:read",
            "inventory:read",
            "pricing:read",
            "rfid:read",
            "orders:read",
            "profiles:read",
        }
    ),
    "executive": frozenset({"channels:read", "catalog:read", "inventory:read", "pricing:read", "orders:read"}),
    "privacy_officer": frozenset(
        {
            "kernel:read",
            "channels:read",
            "ingest:read",
            "identity:admin",
            "consent:admin",
            "orders:read",
            "profiles:admin",
            "privacy:admin",
        }
    ),
}


def scopes_of(roles: Iterable[Role]) -> frozenset[str]:
    """The union of what the roles grant."""
    return frozenset(scope for role in roles for scope in GRANTS[role])


@lru_cache(maxsize=4096)
def opens(scopes: frozenset[str], wanted: str) -> bool:
    """Whether some scope of `scopes` includes `wanted`."""
    package, level = wanted.split(":")
    enough = LEVELS[LEVELS.index(level) :]
    return any(f"{name}:{one}" in scopes for name in (package, PARTS.get(package, "*"), "*") for one in enough)


def is_scope(text: str) -> bool:
    package, _, level = text.partition(":")
    return level in LEVELS and (package == "*" or package in PACKAGES or package in PARTS)
