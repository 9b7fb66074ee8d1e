"""A small site for looking at the frame: the console's own sections, a page of the tests, and no other part of the house."""

import threading
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import msgspec
import uvicorn
from litestar import Litestar, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromQuery

from comptoir.console import Console, Page, Retailer, Section
from comptoir.console.live import Topic
from comptoir.console.pages import shell, sign_in, styleguide
from comptoir.console.palette import Found, PaletteSource
from comptoir.console.rooms import enter
from comptoir.kernel.auth import ROLES, SYSTEM, users
from comptoir.kernel.auth.authenticator import Authenticator
from comptoir.kernel.auth.guards import default_deny
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.http import DEPENDENCIES, EXCEPTION_HANDLERS, Edge
from comptoir.kernel.settings import Settings

TEMPLATES = Path(__file__).parent / "templates"


class TrialView(msgspec.Struct, frozen=True):
    question: str
    rows: list[str]


@get("/", guards=enter("home"), sync_to_thread=False)
def read_trial(page: NamedDependency[Page], q: FromQuery[str] = "") -> Response[str]:
    rows = [name for name in ["Inès Morel", "Bertrand Ollier", "Odile Marchetti"] if q.lower() in name.lower()]
    return page.show("trial.html.j2", TrialView(q, rows))


@post("/trial/line", guards=enter("home"), sync_to_thread=False)
def add_line(console: NamedDependency[Console], page: NamedDependency[Page]) -> Response[str]:
    ticks[0] += 1
    console.hub.publish("trial.list", f"<li>line {ticks[0]}</li>")
    return page.answer("")


@post("/trial/tie", guards=enter("home"), sync_to_thread=False)
def tie(page: NamedDependency[Page]) -> Response[str]:
    page.toast("2 tied.", undo="/trial/tie")
    return page.show("trial.html.j2", TrialView("", ["tied"]))


@get("/trial/beside", guards=enter("home"), sync_to_thread=False)
def look_beside(page: NamedDependency[Page]) -> Response[str]:
    return page.show("beside.html.j2", None)


@get("/trial/defect", guards=enter("home"), sync_to_thread=False)
def break_down(page: NamedDependency[Page]) -> Response[str]:
    raise RuntimeError("this handler is broken on purpose")


@get("/sources", guards=enter("sources"), sync_to_thread=False)
def read_closed(page: NamedDependency[Page]) -> Response[str]:
    return page.show("trial.html.j2", TrialView("", []))


async def count(page: Page, tx: Tx) -> str:
    """A figure that moves at every draw."""
    ticks[0] += 1
    return page.draw_part("trial.html.j2", "figure", ticks[0])


ticks = [0]


async def find(page: Page, _: Tx, question: str) -> list[Found]:
    people = ["Inès Morel", "Bertrand Ollier"]
    return [Found("/styleguide", name, "Lyon 2e") for name in people if question.lower() in name.lower()]


trial = Section(
    routes=[read_trial, read_closed, add_line, look_beside, tie, break_down],
    topics=[Topic("trial.figure", "home", count, every=0.3), Topic("trial.list", "home", keep=20)],
    palette=[PaletteSource("Customers", "home", find)],
)


FRAME = [shell.section, sign_in.section, styleguide.section, trial]


def build(database_url: str, *, demo: bool = True) -> Litestar:
    settings = Settings(demo=demo)
    db = Database(database_url, size=8)
    console = Console(
        settings=settings,
        database=db,
        sections=FRAME,
        retailer=Retailer("Tissandier", "Manteaux, maille, souliers"),
        templates=[TEMPLATES],
    )
    return Litestar(
        route_handlers=[console.router],
        dependencies=DEPENDENCIES,
        guards=[default_deny],
        exception_handlers=console.over(EXCEPTION_HANDLERS),
        middleware=[Edge],
        state=State({"db": db, "settings": settings, "authenticator": Authenticator(db), "console": console}),
        lifespan=[opened(db), console.running],
        openapi_config=None,
    )


def opened(db: Database):
    @asynccontextmanager
    async def lifespan(_: Litestar):
        async with db:
            await people(db)
            yield

    return lifespan


async def people(db: Database) -> None:
    """One user per role; the administrator has a password."""
    password_hash = await users.hash_password(PASSWORD)
    async with db.transaction() as tx:
        known = {user.email for user in await users.users(tx)}
        for role in ROLES:
            email = f"{role}@tissandier.example".replace("_", ".")
            if email not in known:
                own = password_hash if role == "admin" else ""
                await users.add_user(
                    tx, email=email, name=NAMES.get(role, ""), roles=[role], password_hash=own, actor=SYSTEM
                )


PASSWORD = "a long enough secret"
NAMES = {"admin": "Camille Faure", "marketer": "Hugo Lambert"}


class Server(uvicorn.Server):
    """Ends the streams first: it would wait for them before it lets the application stop."""

    async def shutdown(self, sockets=None) -> None:
        await self.config.app.state.console.hub.close()
        await super().shutdown(sockets)


@contextmanager
def serving(database_url: str, *, demo: bool = True) -> Iterator[str]:
    """The site on a port of its own, in a thread with its own loop."""
    app = build(database_url, demo=demo)
    server = Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=5, ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
