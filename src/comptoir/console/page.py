"""One answer in the making: who reads it, in which language, the whole page or only a part.

A handler builds a frozen view-model and ends with `return page.show("customers.html.j2", view)`. When htmx asks for the
element `#rows`, only the template's block `rows` is drawn; the handler need not know. Its popovers
travel with it.
"""

from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from jinja2 import Environment
from litestar import MediaType, Response
from markupsafe import Markup

from comptoir.console.assets import Assets
from comptoir.console.drawing import Draw
from comptoir.console.language import Language
from comptoir.console.rooms import ROLES, ROOMS, Room
from comptoir.kernel.auth import NOBODY, Actor
from comptoir.kernel.settings import Settings

CONTENT_SECURITY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY,
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "same-origin",
    "Vary": "Cookie, Accept-Language, HX-Request",
    "X-Content-Type-Options": "nosniff",
}

YEAR = 365 * 24 * 3600

Theme = Literal["light", "dark", "system"]
Density = Literal["roomy", "dense"]


class Retailer(msgspec.Struct, frozen=True):
    """Whose counter this is, as the rail says it."""

    name: str
    about: str = ""


class Frame(msgspec.Struct, frozen=True):
    """What all answers of one process share."""

    settings: Settings
    retailer: Retailer
    assets: Assets
    templates: Environment
    zone: ZoneInfo
    open_rooms: frozenset[str]
    """Rooms at whose path a page stands."""


class Tastes(msgspec.Struct, frozen=True):
    """How this browser wants its pages: kept in cookies, so that the first byte is already right."""

    theme: Theme = "system"
    density: Density = "roomy"
    shortcuts: bool = True


class Page:
    """Made per request by the console and handed to the handler as `page`."""

    def __init__(
        self,
        frame: Frame,
        language: Language,
        *,
        now: datetime,
        viewer: Actor = NOBODY,
        tastes: Tastes | None = None,
        room: Room | None = None,
        path: str = "/",
        part: str = "",
        position: str = "",
        asked_language: bool = False,
    ) -> None:
        self.frame, self.language, self.now = frame, language, now
        self.viewer, self.room, self.path, self.part = viewer, room, path, part
        self.tastes = tastes or Tastes()
        self.position, self.asked_language = position, asked_language
        self.draw = Draw(frame.assets, language, zone=frame.zone, now=now, scope=part or "p")
        self._toasts: list[tuple[str, str]] = []

    @property
    def settings(self) -> Settings:
        return self.frame.settings

    def gettext(self, message: str, /, **values: object) -> str:
        return self.language.gettext(message, **values)

    def ngettext(self, one: str, many: str, n: int, /, **values: object) -> str:
        return self.language.ngettext(one, many, n, **values)

    # answers

    def show(self, template: str, view: object = None, *, status: int = 200) -> Response[str]:
        """The whole page, or the one block htmx asked for."""
        if self.part and self.part in self.frame.templates.get_template(template).blocks:
            return self.answer(self.draw_part(template, self.part, view), status=status)
        html = self.frame.templates.get_template(template).render(self._context(view))
        return self.answer(html, status=status)

    def draw_part(self, template: str, block: str, view: object = None) -> Markup:
        """One block of a template, followed by its popovers and toasts. Live topics and fragments are made of it."""
        loaded = self.frame.templates.get_template(template)
        context = loaded.new_context(self._context(view))
        html = "".join(loaded.blocks[block](context))
        return Markup(html) + self._aside()  # noqa: S704 made by an autoescaping template

    def answer(self, html: str, *, status: int = 200, headers: dict[str, str] | None = None) -> Response[str]:
        answer = Response(html, status_code=status, media_type=MediaType.HTML, headers=HEADERS | (headers or {}))
        if self.asked_language:  # by `?lang=fr`: the next page speaks it too
            answer.set_cookie("lang", self.language.code, path="/", max_age=YEAR, samesite="lax")
        return answer

    def go(self, path: str) -> Response[str]:
        """Elsewhere: a redirect that htmx follows with the whole window."""
        if self.part:
            return self.answer("", headers={"HX-Redirect": path})
        return self.answer("", status=303, headers={"Location": path})

    def toast(self, message: str, *, undo: str = "") -> None:
        """Say what was done; `undo` is the path that takes it back."""
        self._toasts.append((message, undo))

    # for the shell

    @property
    def rooms(self) -> list[Room]:
        """The rooms this viewer may enter and that exist."""
        return [room for room in ROOMS if room.key in self.frame.open_rooms and room.admits(self.viewer)]

    @property
    def roles(self) -> str:
        """The viewer's roles in words."""
        return ", ".join(self.gettext(ROLES[role].name) for role in self.viewer.roles)

    @property
    def viewer_name(self) -> str:
        """camille.faure@tissandier.example is Camille Faure."""
        return self.viewer.name.partition("@")[0].replace(".", " ").title()

    @property
    def toasts(self) -> list[tuple[str, str]]:
        return self._toasts

    def url(self, name: str) -> str:
        """The address of a static file."""
        return self.frame.assets.url(name)

    def _aside(self) -> Markup:
        parts = self.frame.templates.get_template("aside.html.j2")
        return Markup(parts.render(self._context(None)))  # noqa: S704 made by an autoescaping template

    def _context(self, view: object) -> dict[str, Any]:
        words: dict[str, Any] = {**self.draw.vocabulary(), "page": self, "view": view}
        return words | {"ui": self.frame.templates.get_template("parts.html.j2").make_module(words)}
