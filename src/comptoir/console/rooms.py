"""The rooms of the console and the scope that opens each: the one place where that is said.

A room is shown in the rail once a page stands at its path; nothing in the rail leads nowhere. A handler says which
room it is in by `guards=enter("customers")`. Roles and their scopes: `comptoir.kernel.auth.permissions`.
"""

from typing import Any, Literal

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from comptoir.console.language import N_
from comptoir.kernel.auth import Actor, Role, allow, signed_in


class RoleFace(msgspec.Struct, frozen=True):
    """How a role presents itself: on the sign-in page of a demo, and under a person's name."""

    name: str
    about: str
    icon: str


ROLES: dict[Role, RoleFace] = {
    "admin": RoleFace(N_("Administrator"), N_("Sources, keys, people"), "adjustments-horizontal"),
    "marketer": RoleFace(N_("Marketer"), N_("Customers and conversation"), "users"),
    "associate": RoleFace(N_("Shop associate"), N_("At the till and on the floor"), "building-store"),
    "agent": RoleFace(N_("Call-centre agent"), N_("On the phone with customers"), "headset"),
    "merchandiser": RoleFace(N_("Merchandiser"), N_("Products and stock"), "stack-2"),
    "analyst": RoleFace(N_("Analyst"), N_("Figures and their sources"), "chart-dots"),
    "executive": RoleFace(N_("Executive"), N_("How the house is doing"), "flag"),
    "privacy_officer": RoleFace(N_("Privacy officer"), N_("Consent, access, erasure"), "shield-check"),
}


class Room(msgspec.Struct, frozen=True):
    """`letter` follows G on the keyboard. `scope` opens the room; without one, every user may enter."""

    key: str
    path: str
    name: str
    icon: str
    letter: str
    scope: str = ""
    place: Literal["front", "back", "foot"] = "front"
    short: str = ""
    """What fits a fifth of a phone's width, where the name does not."""

    def admits(self, actor: Actor) -> bool:
        return actor.kind == "user" and (not self.scope or actor.may(self.scope))


ROOMS: tuple[Room, ...] = (
    Room("home", "/", N_("Home"), "home", "h"),
    Room("customers", "/customers", N_("Customers"), "users", "c", "profiles:read"),
    Room("orders", "/orders", N_("Orders"), "package", "o", "orders:read"),
    Room("fulfilment", "/fulfilment", N_("Fulfilment"), "basket-check", "f", "orders:read", short=N_("To pick")),
    Room("stock", "/products", N_("Stock"), "stack-2", "t", "inventory:read"),
    Room("prices", "/prices", N_("Prices"), "receipt", "r", "pricing:read"),
    Room("moves", "/transfers", N_("Transfers & counts"), "truck", "m", "inventory:read", short=N_("Transfers")),
    Room("sourcing", "/sourcing", N_("Sourcing"), "route", "w", "orders:read", place="back"),
    Room("tills", "/tills", N_("Tills"), "credit-card", "i", "tills:read", place="back"),
    Room("connectors", "/connectors", N_("Connectors"), "plug-connected", "n", "connectors:read", place="back"),
    Room("feeds", "/feeds", N_("Feeds"), "broadcast", "d", "feeds:read", place="back"),
    Room("events", "/events", N_("Live events"), "activity", "e", "ingest:read", place="back", short=N_("Live")),
    Room(
        "quality",
        "/quality",
        N_("Data quality"),
        "clipboard-check",
        "q",
        "ingest:read",
        place="back",
        short=N_("Quality"),
    ),
    Room("stewardship", "/stewardship", N_("Stewardship"), "git-merge", "u", "identity:write", place="back"),
    Room("sources", "/sources", N_("Sources & keys"), "key", "s", "ingest:write", place="back", short=N_("Sources")),
    Room("styleguide", "/styleguide", N_("Styleguide"), "palette", "y", place="foot"),
)

ROOM = {room.key: room for room in ROOMS}


def enter(key: str) -> list[Any]:
    """The guards of a handler in this room."""
    room = ROOM[key]
    return [allow(room.scope) if room.scope else signed_in, Within(room)]


class Within:
    """Refuses nobody: tells the page which room it is in."""

    def __init__(self, room: Room) -> None:
        self.room = room

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        connection.state.room = self.room
