"""The console of one process: what its pages share, what is mounted, what is said when something fails."""

import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Litestar, Request, Response, Router
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from comptoir.console import refusals
from comptoir.console.assets import Assets
from comptoir.console.language import LANGUAGES, Language, negotiate
from comptoir.console.live import Hub, Topic
from comptoir.console.page import Frame, Page, Retailer, Tastes
from comptoir.console.palette import PaletteSource
from comptoir.console.rooms import ROOMS, Within
from comptoir.kernel import http
from comptoir.kernel.auth import Actor
from comptoir.kernel.auth.guards import actor_of
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.settings import Settings

TEMPLATES = Path(__file__).parent / "templates"

NAME = re.compile(r"[a-z][a-z0-9_-]*")

AnyRequest = Request[Any, Any, Any]
Handlers = dict[int | type[Exception], Callable[..., Response[Any]]]


class Section(msgspec.Struct, frozen=True):
    """What one page module gives to the console."""

    routes: Sequence[HTTPRouteHandler]
    topics: Sequence[Topic] = ()
    palette: Sequence[PaletteSource] = ()


class Console:
    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        sections: Sequence[Section],
        retailer: Retailer,
        templates: Sequence[Path] = (),
    ) -> None:
        """`templates` are further folders of templates, for pages that live elsewhere."""
        routes = [route for section in sections for route in section.routes]
        self.database = database
        self.palette = [source for section in sections for source in section.palette]
        self.frame = Frame(
            settings=settings,
            retailer=retailer,
            assets=Assets(),
            templates=Environment(
                loader=FileSystemLoader([TEMPLATES, *templates]),
                undefined=StrictUndefined,
                autoescape=True,
                trim_blocks=True,
                lstrip_blocks=True,
            ),
            zone=ZoneInfo(settings.time_zone),
            open_rooms=open_rooms(routes),
        )
        self.hub = Hub((topic for section in sections for topic in section.topics), self._draw_topic)
        self.router = Router(
            path="/",
            route_handlers=routes,
            dependencies={
                "console": Provide(lambda: self, sync_to_thread=False, use_cache=True),
                "page": Provide(self._provide_page, sync_to_thread=False),
            },
            exception_handlers=dict.fromkeys(http.EXCEPTION_HANDLERS, self.complain),
            include_in_schema=False,
        )

    def __deepcopy__(self, _: object) -> "Console":
        """Litestar copies routers, and the handlers of ours belong to this one console."""
        return self

    def _provide_page(self, request: AnyRequest, tx: NamedDependency[Tx]) -> Page:
        return self.page(request, now=tx.now)

    def page(self, request: AnyRequest, *, now: datetime | None = None) -> Page:
        """The answer to this request, still empty. Without `now`, one that shows no time (an error, the sign-in)."""
        actor = actor_of(request)
        block = request.headers.get("hx-target", "").partition("#")[2]
        partial = request.headers.get("hx-request-type") == "partial"
        return Page(
            self.frame,
            self.language(request, actor),
            now=now or datetime.now(UTC),  # clock: an error must show even without a database
            viewer=actor,
            tastes=tastes(request),
            room=request.scope["state"].get("room"),
            path=request.url.path,
            part=block.replace("-", "_") if partial and NAME.fullmatch(block) else "",
            asked_language=request.query_params.get("lang") in LANGUAGES,
            position=self.hub.position,
        )

    def language(self, request: AnyRequest, actor: Actor) -> Language:
        """Asked for, chosen in this browser, chosen by the user, spoken by the browser, set by the house."""
        for code in (request.query_params.get("lang"), request.cookies.get("lang"), actor.language):
            if code in LANGUAGES:
                return LANGUAGES[code]
        return negotiate(request.headers.get("accept-language", ""), self.frame.settings.language)

    async def _draw_topic(self, topic: Topic, language: str) -> str | None:
        """A live topic is drawn for everybody who reads this language, so for nobody in particular."""
        assert topic.produce is not None
        async with self.database.reading() as tx:
            page = Page(self.frame, LANGUAGES[language], now=tx.now, part=topic.name.replace(".", "_"))
            return await topic.produce(page, tx)

    async def now(self) -> datetime:
        """The installation's clock."""
        async with self.database.reading() as tx:
            return tx.now

    # failures

    def complain(self, request: AnyRequest, error: Exception) -> Response[Any]:
        """An error as a page, or as a state of the part that was asked for. What it is, the kernel knows."""
        answer = told(error)(request, error)
        if not isinstance(answer.content, http.Problem):
            return answer
        problem = answer.content
        page = self.page(request)
        if problem.status == HTTPStatus.UNAUTHORIZED and page.viewer.kind != "user":
            return page.go(f"/sign-in?next={quote(here(request))}")
        title, text = words(page, problem.status)
        if problem.status not in OF_ALL and (particular := refusals.said(page, problem.code, problem.data)):
            text = particular
        view = ErrorView(problem.status, problem.request_id, title, text)
        if page.part:
            return page.answer(page.draw_part("error.html.j2", "state", view), status=problem.status)
        return page.show("error.html.j2", view, status=problem.status)

    def over(self, handlers: Handlers) -> Handlers:
        """The application's exception handlers, but with a page where a browser asked for an address of nobody."""
        otherwise = handlers[HTTPException]

        def handle(request: AnyRequest, error: HTTPException) -> Response[Any]:
            browser = "text/html" in request.headers.get("accept", "") and request.method == "GET"
            return self.complain(request, error) if browser else otherwise(request, error)

        return {**handlers, HTTPException: handle}

    @asynccontextmanager
    async def running(self, _: Litestar) -> AsyncGenerator[None]:
        """For the application's `lifespan`: streams and producers end with it."""
        self.hub.open()
        try:
            yield
        finally:
            await self.hub.close()


def here(request: AnyRequest) -> str:
    """The page to come back to: what the window shows, where only a part was asked for or something was sent."""
    url = urlsplit(request.headers.get("hx-current-url") or request.headers.get("referer") or "")
    if request.method == "GET" and "hx-request" not in request.headers:
        url = urlsplit(str(request.url))
    return url.path + (f"?{url.query}" if url.query else "") or "/"


class ErrorView(msgspec.Struct, frozen=True):
    status: int
    request_id: str
    title: str
    text: str


OF_ALL = frozenset({403, 429, 500, 503})
"""Where it matters more what to do than what it was."""


def told(error: Exception) -> Callable[[AnyRequest, Any], Response[Any]]:
    """The kernel's own handler of this kind of error: it logs what must be logged."""
    kinds = (kind for kind in type(error).__mro__ if kind in http.EXCEPTION_HANDLERS)
    return http.EXCEPTION_HANDLERS[next(kinds)]


def words(page: Page, status: int) -> tuple[str, str]:
    """What happened and what it means, without blame."""
    _ = page.gettext
    match status:
        case 403:
            return _("This room is not open to you"), _(
                "Your role does not include it. An administrator can change that."
            )
        case 404:
            return _("There is nothing here"), _("The address is wrong, or what stood here is gone.")
        case 429 | 503:
            return _("Everybody is busy just now"), _("Nothing was lost. Try again in a moment.")
        case 500:
            return _("Something broke on our side"), _("Nothing was lost. The number below tells us where to look.")
        case _:
            return _("That did not go through"), _("Nothing was changed. Go back and try again.")


def tastes(request: AnyRequest) -> Tastes:
    theme, density = request.cookies.get("theme"), request.cookies.get("density")
    return Tastes(
        theme="light" if theme == "light" else "dark" if theme == "dark" else "system",
        density="dense" if density == "dense" else "roomy",
        shortcuts=request.cookies.get("shortcuts") != "off",
    )


def open_rooms(routes: Sequence[HTTPRouteHandler]) -> frozenset[str]:
    """Rooms whose own path is served."""
    served = {path for route in routes for path in route.paths}
    guards = [guard for route in routes for guard in cast("Any", route).guards or ()]
    entered = {guard.room.key for guard in guards if isinstance(guard, Within)}
    return frozenset(room.key for room in ROOMS if room.path in served and room.key in entered)
