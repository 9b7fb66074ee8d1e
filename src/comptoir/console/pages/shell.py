"""What the shell itself asks for: its files, the live stream, the palette's answers, and a reader's tastes."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter, URLEncodedBody
from litestar.response import Stream

from comptoir.console.console import Console, Section
from comptoir.console.language import LANGUAGES
from comptoir.console.page import YEAR, Density, Page, Theme
from comptoir.console.palette import search
from comptoir.console.rooms import ROOM
from comptoir.kernel.auth import Actor, public, signed_in
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import NotFound
from comptoir.kernel.http import READS_ONLY


@get("/static/{digest:str}/{name:path}", guards=[public], sync_to_thread=False)
def read_static(console: NamedDependency[Console], digest: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """A file of the frame. Its address changes with its content, so it is kept for ever."""
    asset = console.frame.assets.files.get(str(name).lstrip("/"))
    if asset is None:
        raise NotFound
    current = digest == console.frame.assets.digest
    keep = f"public, max-age={YEAR}, immutable" if current else "no-cache"
    return Response(
        asset.body,
        media_type=asset.media_type,
        headers={"Cache-Control": keep, "X-Content-Type-Options": "nosniff"},
    )


@get("/live", guards=[signed_in])
async def read_live(
    request: Request[Any, Any, Any],
    console: NamedDependency[Console],
    actor: NamedDependency[Actor],
    topics: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> Stream:
    """Server-sent events. `after`, or the browser's own Last-Event-ID, is where the last stream broke."""
    known = [console.hub.topics[name] for name in topics.split(",") if name in console.hub.topics]
    names = [topic.name for topic in known if ROOM[topic.room].admits(actor)]
    language = console.language(request, actor)

    async def beat() -> str:
        # Shielded: a window that closes would else cut a query short, and cost the pool its connection.
        return language.clock(await asyncio.shield(console.now()), console.frame.zone)

    def events() -> AsyncGenerator[bytes]:
        last = request.headers.get("last-event-id") or after
        return console.hub.stream(names, language.code, after=last, beat=beat)

    return Stream(
        events(),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@get("/palette", guards=[signed_in])
async def read_palette(
    page: NamedDependency[Page],
    console: NamedDependency[Console],
    tx: NamedDependency[Tx],
    q: Annotated[str, QueryParameter(max_length=200)] = "",
) -> Response[str]:
    view = await search(page, tx, console.palette, q)
    return page.answer(page.draw_part("palette.html.j2", "palette_list", view))


class TasteForm(msgspec.Struct, frozen=True):
    theme: Theme | None = None
    density: Density | None = None
    lang: str = ""
    shortcuts: str = ""
    next: str = "/"


@post("/tastes", guards=[public], opt=READS_ONLY)
async def choose_tastes(page: NamedDependency[Page], data: URLEncodedBody[TasteForm]) -> Response[str]:
    """Light, density, language, shortcuts: kept in this browser, so that the first byte of a page is already right."""
    chosen: dict[str, str] = {}
    if data.theme:
        chosen["theme"] = data.theme
    if data.density:
        chosen["density"] = data.density
    if data.lang in LANGUAGES:
        chosen["lang"] = data.lang
    if data.shortcuts in {"on", "off"}:
        chosen["shortcuts"] = data.shortcuts
    answer = page.go(local(data.next))
    for key, value in chosen.items():
        answer.set_cookie(key, value, path="/", max_age=YEAR, samesite="lax")
    return answer


def local(path: str) -> str:
    """A path of ours, never another site: what a link may ask to be sent on to."""
    return path if path.startswith("/") and path[1:2] not in {"/", "\\"} else "/"


section = Section(routes=[read_static, read_live, read_palette, choose_tastes])
