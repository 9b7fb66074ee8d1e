"""The palette (Ctrl or Cmd+K, or /): anyone, any outlet, any source, any room.

A page adds a `PaletteSource`; its `find` is asked at every keystroke, so it must answer in milliseconds and return at
most a handful. Rooms are always found, and are what an empty question shows.
"""

from collections.abc import Awaitable, Callable, Sequence

import msgspec
from markupsafe import Markup

from comptoir.console.page import Page
from comptoir.kernel.db import Tx

MOST = 6
"""Answers per group."""


class Found(msgspec.Struct, frozen=True):
    """One answer. `picture` is how the thing looks in small: `page.draw.bead("shop", …)`, `page.draw.icon("users")`."""

    href: str
    title: str
    sub: str = ""
    picture: Markup = Markup()
    keys: str = ""


class PaletteSource(msgspec.Struct, frozen=True):
    """One group of answers, found by one function, for those who may enter its room."""

    name: str
    room: str
    find: Callable[[Page, Tx, str], Awaitable[Sequence[Found]]]


class Group(msgspec.Struct, frozen=True):
    name: str
    found: Sequence[Found]


class PaletteView(msgspec.Struct, frozen=True):
    question: str
    groups: Sequence[Group]


async def search(page: Page, tx: Tx, sources: Sequence[PaletteSource], question: str) -> PaletteView:
    """Rooms first when nothing is asked, last when something is: who types looks for a thing."""
    question = question.strip()
    rooms = Group(page.gettext("Go to"), find_rooms(page, question))
    groups: list[Group] = []
    if question:
        entered = {room.key for room in page.rooms}
        groups = [
            Group(page.gettext(source.name), (await source.find(page, tx, question))[:MOST])
            for source in sources
            if source.room in entered
        ]
    return PaletteView(question, [group for group in (*groups, rooms) if group.found])


def find_rooms(page: Page, question: str) -> list[Found]:
    return [
        Found(room.path, name, picture=page.draw.icon(room.icon), keys=f"G {room.letter.upper()}")
        for room in page.rooms
        if question.lower() in (name := page.gettext(room.name)).lower()
    ]
