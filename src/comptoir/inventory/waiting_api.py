"""/v1/inventory: who waits for an article that is out. Part of `api.py`."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta

from comptoir import identity
from comptoir.identity import Observation
from comptoir.inventory import waiting
from comptoir.inventory.codes import Codes
from comptoir.inventory.errors import (
    AskedOtherwise,
    NobodyNamed,
    NotOut,
    UnknownAsk,
    UnknownLocation,
    UnknownVariant,
)
from comptoir.inventory.waiting import Ask, Demand
from comptoir.kernel.auth import allow
from comptoir.kernel.db import Tx
from comptoir.kernel.http import Limit, raises

Text = Annotated[str, Meta(min_length=1, max_length=200)]


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tell somebody when an article is back. The same id, or the same wish of the same one, is told once."""

    ask_id: UUID
    sku: Text
    location: Text | None = None
    """Null: anywhere."""
    channel: Annotated[str, Meta(min_length=1, max_length=20)] | None = None
    """In which she wants it: she is told of what is there beyond its threshold. Null: of whatever is there."""
    node_id: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None
    """Who asks (identity.node)."""
    identifiers: Annotated[dict[str, Text], Meta(max_length=1)] = {}
    """Or what names him, by kind of identifier: an e-mail address, a device. One: two would make one of two people."""


@post(
    "/asks",
    guards=[allow("inventory:write")],
    responses=raises(UnknownVariant, UnknownLocation, NotOut, AskedOtherwise, NobodyNamed),
    status_code=HTTP_200_OK,
)
async def ask_for(tx: NamedDependency[Tx], data: JSONBody[Wish]) -> Ask:
    """Wait for an article that is out. As many are told as units come free, the first to ask first."""
    codes = Codes()
    await codes.learn(tx, skus=[data.sku], locations=[data.location] if data.location else [])
    variant = codes.variant(data.sku)
    location = codes.location(data.location) if data.location else None
    node = data.node_id or await _node(tx, data.identifiers)
    return await waiting.ask(
        tx, ask_id=data.ask_id, variant_id=variant, location_id=location, channel=data.channel, node_id=node
    )


async def _node(tx: Tx, identifiers: dict[str, str]) -> int:
    cleaned, _ = (await identity.Cleaner.load(tx)).clean(identifiers.items())
    node = await identity.observe(tx, Observation(identifiers=cleaned, at=tx.now)) if cleaned else None
    if node is None:
        raise NobodyNamed
    return node


@get("/asks/{ask_id:uuid}", guards=[allow("inventory:read")], responses=raises(UnknownAsk))
async def get_ask(tx: NamedDependency[Tx], ask_id: FromPath[UUID]) -> Ask:
    """One wish: whether it was told, and how many come before."""
    return await waiting.asked(tx, ask_id=ask_id)


@delete("/asks/{ask_id:uuid}", guards=[allow("inventory:write")], responses=raises(UnknownAsk), status_code=HTTP_200_OK)
async def withdraw_ask(tx: NamedDependency[Tx], ask_id: FromPath[UUID]) -> Ask:
    """Wait no longer."""
    return await waiting.withdraw(tx, ask_id=ask_id)


@get("/demand", guards=[allow("inventory:read")])
async def list_demand(tx: NamedDependency[Tx], limit: Limit = 50) -> list[Demand]:
    """What is asked for most and is not there."""
    return await waiting.demand(tx, limit=limit)


ROUTES = [ask_for, get_ask, withdraw_ask, list_demand]
