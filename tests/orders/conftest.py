from datetime import UTC, datetime

import httpx
import msgspec
import pytest
from litestar import Litestar
from litestar.datastructures import State
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from comptoir import catalog, channels
from comptoir.catalog.api import router as catalog_router
from comptoir.kernel import http
from comptoir.kernel.auth import SYSTEM
from comptoir.kernel.auth.authenticator import Authenticator
from comptoir.kernel.auth.keys import add_key
from comptoir.orders import NewLine, NewSale, NewTender, SaleRecorded
from comptoir.orders.api import router as orders_router

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def a_sale(number="1", **more):
    """Two shirts, one of them reduced, paid by card and in cash."""
    return NewSale(
        **{
            "outlet": "lyon",
            "number": number,
            "occurred_at": NOON,
            "currency": "EUR",
            "lines": (NewLine(sku="shirt", amount_minor=1500), NewLine(sku="bag", amount_minor=500)),
            "total_minor": 2000,
            "tenders": (NewTender("card", 1800), NewTender("cash", 200)),
            **more,
        }
    )


async def open_shops(tx):
    await channels.record_outlets(
        tx,
        outlets=[
            channels.OutletEntry(
                channel="web" if code == "site" else "shop",
                code=code,
                name=code.title(),
                country="FR",
                time_zone="Europe/Paris",
                currency="EUR",
            )
            for code in ("lyon", "nice", "site")
        ],
    )
    await catalog.import_products(
        tx,
        [
            catalog.NewProduct(code="shirt", name="Shirt", category=["Clothes", "Tops"]),
            catalog.NewProduct(code="bag", name="Bag", category=["Leather"]),
            catalog.NewProduct(code="loose", name="No category"),
        ],
    )


@pytest.fixture
async def shops(tx):
    """A transaction with two shops, a site and three articles."""
    await open_shops(tx)
    return tx


@pytest.fixture
async def town(db):
    """The same, committed."""
    async with db.transaction() as tx:
        await open_shops(tx)
    return db


async def facts(tx):
    """What was told of sales, in order."""
    bodies = await tx.values("SELECT body FROM kernel.event WHERE kind = 'orders.sale_recorded' ORDER BY position")
    return [msgspec.json.decode(body, type=SaleRecorded) for body in bodies]


@pytest.fixture
async def api(town):
    """A client that may read and write catalog and orders."""
    async with town.transaction() as tx:
        key = await add_key(tx, name="test", scopes=["catalog:write", "orders:write"], actor=SYSTEM)
    app = Litestar(
        route_handlers=[orders_router, catalog_router],
        dependencies=http.DEPENDENCIES,
        after_request=http.keep_answer,
        exception_handlers=http.EXCEPTION_HANDLERS,
        request_class=http.Incoming,
        request_max_body_size=1_000_000,
        state=State({"db": town, "authenticator": Authenticator(town)}, deep_copy=False),
        openapi_config=OpenAPIConfig("counter", "1", path="/", render_plugins=[JsonRenderPlugin()]),
    )
    transport = httpx.ASGITransport(app=http.Edge(app), raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {key.token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://counter", headers=headers) as client:
        yield client
