"""/v1/connectors: shops on other systems bring their orders by webhook; what became of each message.

A message that is theirs is kept and answered 200 whatever is in it, so that no platform tries for ever or gives up; one
that is not is answered 401. What could not be done stands in the list of deliveries.
"""

import hashlib
from functools import partial
from typing import Annotated

import msgspec
from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter, RawBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from comptoir import channels
from comptoir.connectors.connections import connect, connections, renew, secret_of, switch
from comptoir.connectors.deliveries import deliveries, keep, replay, settle
from comptoir.connectors.errors import BadSignature, ConnectionExists, UnknownConnection, UnknownDelivery
from comptoir.connectors.records import Connected, Connection, Delivery, NewConnection
from comptoir.connectors.signatures import fits
from comptoir.kernel.auth import Actor, allow, public
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.http import AnyRequest, Cursor, Limit, Page, page, place_of, raises

MAX_BODY = 8_000_000
TEXT = 200


class Received(msgspec.Struct, frozen=True):
    """It was kept. `repeated`: it was here before."""

    repeated: bool = False


@post(
    "",
    guards=[allow("connectors:admin")],
    responses=raises(channels.UnknownOutlet, ConnectionExists),
    status_code=HTTP_201_CREATED,
)
async def add_connection(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[NewConnection]
) -> Connected:
    """Connect a shop on another system. Its secret is shown this once."""
    return await connect(tx, new=data, actor=actor)


@get("", guards=[allow("connectors:read")])
async def list_connections(tx: NamedDependency[Tx]) -> list[Connection]:
    """All connections."""
    return await connections(tx)


@post(
    "/{name:str}/secret",
    guards=[allow("connectors:admin")],
    responses=raises(UnknownConnection),
    status_code=HTTP_200_OK,
)
async def renew_secret(tx: NamedDependency[Tx], actor: NamedDependency[Actor], name: FromPath[str]) -> Connected:
    """Make another secret, shown this once; the earlier one ends."""
    return await renew(tx, name=name, actor=actor)


class Switched(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether its messages are taken."""

    enabled: bool


@put("/{name:str}/state", guards=[allow("connectors:admin")], responses=raises(UnknownConnection))
async def switch_connection(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], name: FromPath[str], data: JSONBody[Switched]
) -> Connection:
    """Refuse what a shop sends, or take it again. What is refused the platform tries again for a while."""
    return await switch(tx, name=name, enabled=data.enabled, actor=actor)


@post(
    "/{name:str}/shopify",
    guards=[public],
    responses=raises(UnknownConnection, BadSignature),
    status_code=HTTP_200_OK,
    request_max_body_size=MAX_BODY,
)
async def receive_shopify(
    db: NamedDependency[Database], request: AnyRequest, name: FromPath[str], body: RawBody
) -> Received:
    """A webhook of Shopify, signed over its raw body (X-Shopify-Hmac-Sha256)."""
    headers = request.headers
    return await receive(
        db,
        name,
        "shopify",
        body,
        signature=headers.get("x-shopify-hmac-sha256", ""),
        webhook_id=headers.get("x-shopify-webhook-id", "") or headers.get("x-shopify-event-id", ""),
        topic=headers.get("x-shopify-topic", ""),
    )


@post(
    "/{name:str}/woocommerce",
    guards=[public],
    responses=raises(UnknownConnection, BadSignature),
    status_code=HTTP_200_OK,
    request_max_body_size=MAX_BODY,
)
async def receive_woocommerce(
    db: NamedDependency[Database], request: AnyRequest, name: FromPath[str], body: RawBody
) -> Received:
    """A webhook of WooCommerce, signed over its raw body (X-WC-Webhook-Signature). Its ping is answered too."""
    headers = request.headers
    if body.startswith(b"webhook_id=") and len(body) < 40:  # without it the webhook cannot be saved there
        return Received()
    return await receive(
        db,
        name,
        "woocommerce",
        body,
        signature=headers.get("x-wc-webhook-signature", ""),
        webhook_id=headers.get("x-wc-webhook-delivery-id", ""),
        topic=headers.get("x-wc-webhook-topic", ""),
    )


async def receive(
    db: Database, name: str, platform: str, body: bytes, *, signature: str, webhook_id: str, topic: str
) -> Received:
    """Raises UnknownConnection, BadSignature."""
    async with db.reading() as tx:
        found = await secret_of(tx, name=name.replace("\0", "")[:TEXT], platform=platform)
    if not fits(body, found.secret, signature):
        raise BadSignature("Sign the raw body with the connection's secret.")
    # What names no message of its own is known by what it says.
    known_by = webhook_id[:TEXT] or f"sha256:{hashlib.sha256(body).hexdigest()}"
    kept = partial(
        keep, connection_id=found.connection_id, webhook_id=known_by, topic=topic[:TEXT], body=body
    )  # fmt: skip
    return Received(repeated=not await db.within(kept))


@get("/deliveries", guards=[allow("connectors:read")])
async def list_deliveries(
    tx: NamedDependency[Tx],
    connection: Annotated[str, QueryParameter(description="Of this connection only.", max_length=60)] = "",
    stands: Annotated[
        str, QueryParameter(name="state", description="received, waiting, done, ignored or failed.", max_length=20)
    ] = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[Delivery]:
    """What was sent, the newest first, and what became of it."""
    before = place_of(cursor, int)
    found = await deliveries(
        tx, connection=connection, state=stands, before=before[0] if before else None, limit=limit + 1
    )
    return page(found, limit, lambda one: (one.delivery_id,))


@post(
    "/deliveries/{delivery_id:int}/replay",
    guards=[allow("connectors:write")],
    responses=raises(UnknownDelivery),
    status_code=HTTP_200_OK,
)
async def replay_delivery(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], delivery_id: FromPath[int]
) -> Delivery:  # fmt: skip
    """Have one that failed or waits done again."""
    return await replay(tx, delivery_id=delivery_id, actor=actor)


@post(
    "/deliveries/{delivery_id:int}/settlement",
    guards=[allow("connectors:write")],
    responses=raises(UnknownDelivery),
    status_code=HTTP_200_OK,
)
async def settle_delivery(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], delivery_id: FromPath[int]
) -> Delivery:  # fmt: skip
    """Say that what one that failed is about was done here by hand, or needs nothing."""
    return await settle(tx, delivery_id=delivery_id, actor=actor)


router = Router(
    "/v1/connectors",
    route_handlers=[
        add_connection,
        list_connections,
        renew_secret,
        switch_connection,
        receive_shopify,
        receive_woocommerce,
        list_deliveries,
        replay_delivery,
        settle_delivery,
    ],
    tags=["connectors"],
)
