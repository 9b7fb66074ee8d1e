"""/v1/orders/baskets: whose a basket is, and where it goes on. The steps to an order are in shop_api.py."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from comptoir import channels, identity, pricing
from comptoir.kernel.auth import Actor, allow, bearers
from comptoir.kernel.db import Database
from comptoir.kernel.errors import Invalid
from comptoir.kernel.http import raises
from comptoir.kernel.ids import uuid7
from comptoir.orders import claim_codes
from comptoir.orders.basket_view import BasketView, view
from comptoir.orders.baskets import Basket, ClaimCode
from comptoir.orders.errors import (
    BadLine,
    BasketExists,
    BasketOfAnother,
    MistypedClaimCode,
    NotYourBasket,
    UnknownBasket,
    UnknownClaimCode,
)
from comptoir.orders.handover import Rule, must_look, must_touch
from comptoir.orders.kept_baskets import live_baskets
from comptoir.orders.shop_api import BASKETS, CHANGE, Text, counter_of, done
from comptoir.orders.steps import How, LetIn, Look, OfferClaim, Open, Share


class Token(msgspec.Struct, frozen=True):
    """`Authorization: Bearer ct_…` for this basket. Shown this once; asking again makes another."""

    token: str


@post(
    "/baskets/{basket_id:uuid}/tokens",
    guards=[allow("baskets:write")],
    responses=raises(*CHANGE),
    status_code=HTTP_200_OK,
)
async def post_token(state: State, actor: NamedDependency[Actor], basket_id: FromPath[UUID]) -> Token:
    """Let a device in: its browser or app may touch this basket, and nothing else. Eight at most, the oldest ends."""
    made = bearers.new_token()
    await counter_of(state)(LetIn(basket_id, made.digest, by=actor))
    return Token(made.token)


@post(
    "/baskets/{basket_id:uuid}/shares",
    guards=[allow("baskets:write")],
    responses=raises(UnknownBasket, NotYourBasket),
    status_code=HTTP_200_OK,
)
async def post_share(state: State, actor: NamedDependency[Actor], basket_id: FromPath[UUID]) -> Token:
    """A token to look at this basket, for a link that may be passed on. Eight at most, the oldest ends."""
    made = bearers.new_token()
    await counter_of(state)(Share(basket_id, made.digest, by=actor))
    return Token(made.token)


class Copying(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A basket of one's own with the same articles."""

    outlet: Text
    basket_id: UUID | None = None
    """Of the new one; with an id of your own, asking again makes no second one."""
    token: Annotated[str, msgspec.Meta(max_length=100)] = ""
    """With which it was shared, where it is not yours."""
    device: Annotated[str, msgspec.Meta(max_length=200)] = ""


@post(
    "/baskets/{basket_id:uuid}/copies",
    guards=[allow("orders:write")],
    responses=raises(UnknownBasket, NotYourBasket, channels.UnknownOutlet, BasketExists),
    status_code=HTTP_200_OK,
)
async def post_copy(
    state: State, actor: NamedDependency[Actor], basket_id: FromPath[UUID], data: JSONBody[Copying]
) -> BasketView:
    """Copy a basket that was shared, or one's own: buy again. Nothing is held or quoted yet."""
    counter = counter_of(state)
    outlet = await counter.outlet(data.outlet)
    found = await counter(Look(basket_id))
    must_look(found, (bearers.actor_of_token(data.token) or actor) if data.token else actor)
    copy = Basket(
        basket_id=data.basket_id or uuid7(),
        outlet_id=outlet.outlet_id,
        outlet=outlet.code,
        channel=outlet.channel,
        currency=outlet.currency,
        device=data.device,
        lines=found.lines,
        saved=found.saved,
        from_elsewhere=True,  # or from another time
    )
    return await done(state, Open(copy, by=actor))


# ---- another outlet


class Code(msgspec.Struct, frozen=True):
    """Read it out, or show it as a bar code. Shown this once; asking again ends it."""

    code: str
    expires_at: datetime


@post(
    "/baskets/{basket_id:uuid}/claim-codes",
    guards=[allow("baskets:write")],
    responses=raises(*CHANGE),
    status_code=HTTP_200_OK,
)
async def post_claim_code(
    db: NamedDependency[Database], state: State, actor: NamedDependency[Actor], basket_id: FromPath[UUID]
) -> Code:
    """A code by which a till, an agent or another device takes the basket over, once, in a quarter of an hour."""
    async with db.reading() as tx:
        expires_at = tx.now + timedelta(seconds=claim_codes.SECONDS)
    code = claim_codes.make()
    await counter_of(state)(OfferClaim(basket_id, ClaimCode(claim_codes.digest(code), expires_at), by=actor))
    return Code(claim_codes.shown(code), expires_at)


class Claiming(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code, and where the basket is to go on."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    outlet: Text


@post(
    "/baskets/claims",
    guards=[allow("orders:write")],
    responses=raises(
        channels.UnknownOutlet, UnknownClaimCode, MistypedClaimCode, pricing.TooManyGuesses, NotYourBasket
    ),
    status_code=HTTP_200_OK,
)
async def post_claim(state: State, actor: NamedDependency[Actor], data: JSONBody[Claiming]) -> BasketView:
    """Take a basket over. What it holds stays held; prices, coupons and payment are asked anew at another outlet."""
    counter = counter_of(state)
    basket = await counter.claim(data.code, await counter.outlet(data.outlet), by=actor)
    return view(basket, counter.desk.known, actor)


# ---- a person


class Recognised(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who she is, by her public id or by an identifier, and why we believe it."""

    person: UUID | None = None
    namespace: Annotated[str, msgspec.Meta(max_length=60)] = ""
    """email, phone, …"""
    value: Annotated[str, msgspec.Meta(max_length=500)] = ""
    how: How
    """An address that was only typed in proves nothing: ask her (`consent`), or send a code there (`confirmed`)."""
    merge: Rule | None = "max"
    """What becomes of her other baskets of the same currency; null: they stay."""


@put(
    "/baskets/{basket_id:uuid}/person",
    guards=[allow("orders:write")],
    responses=raises(*CHANGE, BasketOfAnother, BadLine, identity.UnknownPerson, identity.UnknownIdentifier, Invalid),
)
async def put_person(
    db: NamedDependency[Database],
    state: State,
    actor: NamedDependency[Actor],
    basket_id: FromPath[UUID],
    data: JSONBody[Recognised],
) -> BasketView:
    """She is recognised: the basket is hers, and what lies in her other baskets comes into it."""
    person = await _person(db, data, state.settings.country)
    counter = counter_of(state)
    basket = await counter.hand_to(basket_id, person, how=data.how, merge=data.merge, by=actor)
    return view(basket, counter.desk.known, actor)


async def _person(db: Database, asked: Recognised, country: str) -> identity.Person:
    async with db.reading() as tx:
        if asked.person is not None:
            return await identity.person(tx, key=asked.person)
        cleaned = (await identity.Cleaner.load(tx)).one(asked.namespace, asked.value, country)
        if isinstance(cleaned, identity.Refused):
            raise Invalid(f"Name a person, or an identifier: {cleaned.reason}.", reason=cleaned.reason)
        return await identity.lookup(tx, identifier=cleaned)


@get(
    "/people/{key:uuid}/baskets",
    guards=[allow("orders:read"), allow("profiles:read")],
    responses=raises(identity.UnknownPerson),
)
async def list_person_baskets(
    db: NamedDependency[Database], state: State, actor: NamedDependency[Actor], key: FromPath[UUID]
) -> list[BasketView]:
    """Her baskets that are no orders yet, the one used last first; those that you may touch. Personal."""
    async with db.reading() as tx:
        person = await identity.person(tx, key=key)
        found = await live_baskets(tx, nodes=[one.node_id for one in person.nodes])
    return [view(one, counter_of(state).desk.known, actor) for one in found if _may_touch(one, actor)]


def _may_touch(basket: Basket, actor: Actor) -> bool:
    try:
        must_touch(basket, actor)
    except NotYourBasket:
        return False
    return True


class Merging(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The basket that is emptied into this one."""

    other: UUID
    rule: Rule = "max"


@post(
    "/baskets/{basket_id:uuid}/merges",
    guards=[allow("baskets:write")],
    responses=raises(*CHANGE, BasketOfAnother, BadLine),
    status_code=HTTP_200_OK,
)
async def post_merge(
    state: State, actor: NamedDependency[Actor], basket_id: FromPath[UUID], data: JSONBody[Merging]
) -> BasketView:
    """All that lies in the other comes into this one; the other closes and points here."""
    counter = counter_of(state)
    basket = await counter.merge(basket_id, data.other, rule=data.rule, by=actor)
    return view(basket, counter.desk.known, actor)


router = Router(
    "/v1/orders",
    route_handlers=[
        *BASKETS,
        post_token,
        post_share,
        post_copy,
        post_claim_code,
        post_claim,
        put_person,
        list_person_baskets,
        post_merge,
    ],
    tags=["orders"],
)
