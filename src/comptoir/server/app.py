"""The composition root of the HTTP side: every package's routes, the tracking API and the console as one application.

async with create_app(settings, db) as app:     # plain ASGI
    await uvicorn.Server(uvicorn.Config(app)).serve()
"""

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence
from functools import cache, partial
from typing import Any, Self

import structlog
from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, Reference, SecurityScheme

import comptoir
from comptoir import ingest
from comptoir.catalog.api import router as catalog
from comptoir.channels import Sources
from comptoir.channels.api import router as channels
from comptoir.connectors.api import router as connectors
from comptoir.consent.api import router as consent
from comptoir.console import SECTIONS, Console, Retailer
from comptoir.feeds import Guard
from comptoir.feeds.api import router as feeds
from comptoir.feeds.api import shelf
from comptoir.identity import realtime
from comptoir.identity.api import router as identity
from comptoir.ingest.api import router as ingestion
from comptoir.inventory import Desk
from comptoir.inventory.api import router as inventory
from comptoir.inventory.api import shortcuts as inventory_shortcuts
from comptoir.kernel import http
from comptoir.kernel.auth.api import router as kernel
from comptoir.kernel.auth.authenticator import Authenticator
from comptoir.kernel.auth.guards import default_deny, public
from comptoir.kernel.db import Database
from comptoir.kernel.notices import Notices
from comptoir.kernel.settings import Settings
from comptoir.orders import Counter
from comptoir.orders.aftersale.api import router as aftersale
from comptoir.orders.api import router as orders
from comptoir.orders.basket_api import router as baskets
from comptoir.orders.fulfilment.api import router as fulfilments
from comptoir.orders.payments import providers
from comptoir.orders.payments.api import router as payments
from comptoir.orders.shop_api import shortcuts as basket_shortcuts
from comptoir.orders.sourcing.api import router as sourcing
from comptoir.pricing import worths
from comptoir.pricing.api import router as pricing
from comptoir.privacy.api import router as privacy
from comptoir.profiles.api import router as profiles
from comptoir.rfid.api import router as rfid
from comptoir.server import health
from comptoir.server.sights import Sights
from comptoir.server.spine import consumers
from comptoir.tills.api import router as tills

log = structlog.get_logger(__name__)


STOCK: Sequence[Router] = (catalog, inventory, pricing, rfid)
ROUTERS: Sequence[Router] = (
    *(kernel, channels, ingestion, identity, consent),
    *(*STOCK, orders, baskets, fulfilments, aftersale, payments, tills, profiles),
    *(feeds, shelf, sourcing, connectors, privacy),
)


BESIDE = 8
"""Connections of the desk, the counter and of second transactions: each of the queues has one batch at a time."""


class Application:
    """One API process. Entered, it listens for notices and keeps its memory of sources and plans fresh.

    It can be entered again after it was left: the routes, half a second's work, stay; what it remembers begins anew.
    """

    def __init__(self, settings: Settings, db: Database) -> None:
        self.settings = settings
        self.db = db
        self.console = Console(
            settings=settings, database=db, sections=SECTIONS, retailer=Retailer(name=settings.retailer)
        )
        self.litestar = Litestar(
            route_handlers=[*ROUTERS, *health.ROUTES, self.console.router],
            dependencies=http.DEPENDENCIES,
            guards=[default_deny],
            after_request=http.keep_answer,
            after_response=self.note_look,
            exception_handlers=self.console.over(http.EXCEPTION_HANDLERS),
            lifespan=[self.console.running],
            request_class=http.Incoming,
            request_max_body_size=settings.max_body_bytes,
            openapi_config=openapi_config(),
            logging_config=None,
            # What the stock has to know of prices, which it does not.
            state=State(
                {"settings": settings, "db": db, "worths": partial(worths, currency=settings.currency)},
                deep_copy=False,
            ),
        )
        self._open = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        settings, db = self.settings, self.db
        self.notices = Notices(db)
        self.sources = Sources(db)
        self.sights = Sights(db)
        self.authenticator = Authenticator(db)
        self.intake = ingest.Intake(db, max_waiting=settings.max_waiting_events)
        # Who holds the transaction of his request may ask the desk or the counter for something and wait for it: were
        # their connections of the same pool, as many requests as it has would wait for one more until they gave up.
        beside = await self._open.enter_async_context(Database(db.url, size=BESIDE, idle=0))
        self.desk = Desk(beside)
        self.counter = Counter(beside, self.desk, providers(settings).values())
        state = self.litestar.state
        state.update({
            "authenticator": self.authenticator,
            "sources": self.sources,
            "intake": self.intake,
            "notices": self.notices,
            "beside": beside,
            "desk": self.desk,
            "counter": self.counter,
            "guard": Guard(),
            "models": realtime.Models(),
            # Parked events are handed in again in this process, so that whoever asks sees what came of it.
            "handles": {reader.name: reader.digest for reader in consumers(db, settings)},
        })  # fmt: skip
        shortcuts = [*inventory_shortcuts(state), *basket_shortcuts(state)]
        self.shortcuts = http.Shortcuts(self.authenticator, shortcuts)
        self.tracking = ingest.Tracking(self.intake, self.sources, settings, behind=http.Edge(self.litestar))
        self._stopping = asyncio.Event()
        self._beside: set[asyncio.Task[None]] = set()

        await self._open.enter_async_context(self.litestar.lifespan())
        await self.sources.refresh()
        await self._open.enter_async_context(self.intake)
        self._open.push_async_callback(self.desk.close)
        self._open.push_async_callback(self.counter.close)
        self._open.push_async_callback(self._stop)
        for work in (
            self.notices.run(self._stopping),
            self.sources.keep_fresh(self.notices, self._stopping),
            self.authenticator.keep_fresh(self.notices, self._stopping),
            self.intake.keep_fresh(self._stopping),
            self.sights.keep_written(self._stopping),
        ):
            self._run_beside(work)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.tracking(scope, receive, send)

    async def note_look(self, request: http.AnyRequest) -> None:
        await self.sights.note(request)

    async def close_streams(self) -> None:
        """End the live streams: a server that stops waits for every answer to end by itself."""
        await self.console.hub.close()

    def _run_beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._beside.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("app.task_ended", exc_info=error)

    async def _stop(self) -> None:
        self._stopping.set()
        await self.close_streams()
        if self._beside:
            await asyncio.wait(self._beside)


def create_app(settings: Settings, db: Database) -> Application:
    """One API process, still closed: enter it with `async with`."""
    return Application(settings, db)


def openapi_config() -> OpenAPIConfig:
    schemes: dict[str, SecurityScheme | Reference] = {
        "key": SecurityScheme(type="http", scheme="bearer", description="An API key: `comptoir key add`."),
        "session": SecurityScheme(
            type="apiKey", name="comptoir_session", security_scheme_in="cookie", description="A signed-in user."
        ),
    }
    return OpenAPIConfig(
        use_handler_docstrings=True,
        title="Comptoir",
        version=comptoir.__version__,
        description="The one counter behind every channel of a retailer. Errors are problem+json (RFC 9457).",
        components=Components(security_schemes=schemes),
        security=[{"key": []}, {"session": []}],
        render_plugins=[JsonRenderPlugin()],
        openapi_router=Router("/schema", route_handlers=[], guards=[public], include_in_schema=False),
    )


@cache
def openapi() -> dict[str, Any]:
    """The OpenAPI page as data, for the reference pages: made without a database."""
    app = create_app(Settings(), Database("postgresql://"))
    return app.litestar.openapi_schema.to_schema()
