"""/v1/inventory: locations, what may be promised, reservations, movements.

Reservations and availability are asked thousands of times a second: `shortcuts` are the same operations without the
framework, for callers with an API key (kernel.http.hot).
"""

from typing import Annotated, Literal

import msgspec
from litestar import Router, delete, get, post, put
from litestar.datastructures import State as AppState
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from comptoir import channels
from comptoir.inventory import ledger, rights
from comptoir.inventory.availability import Offer, Question, available
from comptoir.inventory.availability import places as all_places
from comptoir.inventory.codes import Codes
from comptoir.inventory.counting.api import ROUTES as COUNT_ROUTES
from comptoir.inventory.desk import Desk
from comptoir.inventory.errors import (
    BadMove,
    BadQuantity,
    InsufficientStock,
    NotThere,
    NotYourGoods,
    UnknownLocation,
    UnknownVariant,
)
from comptoir.inventory.keeping_api import ROUTES as KEEPING_ROUTES
from comptoir.inventory.locations import locations as all_locations
from comptoir.inventory.locations import record_locations as record
from comptoir.inventory.moving.api import ROUTES as TRANSFER_ROUTES
from comptoir.inventory.records import (
    Hold,
    Location,
    LocationEntry,
    Method,
    Move,
    Promised,
    Release,
    State,
    Units,
)
from comptoir.inventory.take_on import Opening, TakenOver
from comptoir.inventory.take_on import take_over as take_over_stock
from comptoir.inventory.waiting_api import ROUTES as WAITING_ROUTES
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal
from comptoir.kernel.http import Shortcut, raises

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Quantity = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many pieces of an article at a location."""

    sku: Text
    location: Text
    quantity: Quantity = 1


class Reservation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keep these for a while. The same reference again replaces what it kept, and prolongs it.

    References are the API's own: what baskets, orders and tills have got promised is out of their reach. The ledger
    has them with `api:` before them.
    """

    reference: Text
    lines: Annotated[list[Line], msgspec.Meta(min_length=1, max_length=500)]
    seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 900
    channel: Annotated[str, msgspec.Meta(max_length=20)] = ""


class Reserved(msgspec.Struct, frozen=True):
    """What is kept, until when (null: it is an order's already)."""

    reference: str
    expires_at: str | None


class Locations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A list of locations to record together."""

    locations: Annotated[list[LocationEntry], msgspec.Meta(min_length=1, max_length=1000)]


@put(
    "/locations",
    guards=[allow("inventory:admin")],
    responses=raises(channels.UnknownOutlet, channels.UnknownTimeZone, channels.UnknownCountry),
)
async def record_locations(tx: NamedDependency[Tx], data: JSONBody[Locations]) -> list[Location]:
    """Record up to 1,000 locations, all or none. A known code is replaced."""
    return await record(tx, data.locations)


@get("/locations", guards=[allow("inventory:read")])
async def list_locations(tx: NamedDependency[Tx]) -> list[Location]:
    """All locations, by code."""
    return await all_locations(tx)


@post(
    "/reservations",
    guards=[allow("inventory:write")],
    responses=raises(InsufficientStock, UnknownVariant, UnknownLocation, BadQuantity),
    status_code=HTTP_200_OK,
)
async def reserve(tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[Reservation]) -> Reserved:
    """Keep goods for a basket: all of the lines or none."""
    codes = Codes()
    await codes.learn(tx, skus=[one.sku for one in data.lines], locations=[one.location for one in data.lines])
    (answer,) = await ledger.post(tx, [_hold(data, codes, actor)])
    if isinstance(answer, Refusal):
        raise answer
    assert isinstance(answer, Promised)
    return _reserved(data, answer)


@delete("/reservations/{reference:str}", guards=[allow("inventory:write")])
async def release(tx: NamedDependency[Tx], actor: NamedDependency[Actor], reference: FromPath[str]) -> None:
    """Give up what `reserve` keeps under the reference. Nothing kept is fine too."""
    await ledger.post(tx, [Release(reference=_own(reference), actor=str(actor.id))])


@get("/availability", guards=[allow("inventory:read")], responses=raises(UnknownVariant))
async def availability(
    tx: NamedDependency[Tx],
    sku: Annotated[str, QueryParameter(description="The article.", max_length=200)],
    quantity: Annotated[int, QueryParameter(description="Pieces wanted.", ge=1, le=1_000_000)] = 1,
    channel: Annotated[str, QueryParameter(description="Where the customer stands.", max_length=20)] = "",
    method: Annotated[Method | None, QueryParameter(description="How; empty for any.")] = None,
    lat: Annotated[float | None, QueryParameter(description="Degrees north (WGS 84).", ge=-90, le=90)] = None,
    lon: Annotated[float | None, QueryParameter(description="Degrees east (WGS 84).", ge=-180, le=180)] = None,
    km: Annotated[float, QueryParameter(description="No farther than this.", gt=0, le=20_100)] = 20_100,
) -> list[Offer]:
    """Which locations can give me this, how, and when."""
    codes = Codes()
    await codes.learn(tx, skus=[sku])
    asked = Inquiry(sku=sku, quantity=quantity, channel=channel, method=method, lat=lat, lon=lon, km=km)
    return (await available(tx, [asked.question(codes)], await all_places(tx)))[0]


class Inquiry(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of `availability`."""

    sku: Text
    quantity: Quantity = 1
    channel: Annotated[str, msgspec.Meta(max_length=20)] = ""
    method: Method | None = None
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None
    km: Annotated[float, msgspec.Meta(gt=0, le=20_100)] = 20_100

    def question(self, codes: Codes) -> Question:
        return Question(
            variant_id=codes.variant(self.sku),
            quantity=self.quantity,
            channel=self.channel,
            method=self.method,
            latitude=self.lat,
            longitude=self.lon,
            km=self.km if self.lat is not None else float("inf"),
        )


class Movement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units go from one account to another; `supplier`, `customer` and `adjustment` are the accounts outside."""

    sku: Text
    quantity: Quantity
    source: Text
    target: Text
    source_state: State = "sellable"
    target_state: State = "sellable"
    act: Literal["receive", "sell", "return", "transfer", "adjust", "count", "move"] = "move"
    is_fact: bool = False
    """It has happened: recorded whatever the balance says."""
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""
    reference: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Movements(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A list of movements to be done together."""

    movements: Annotated[list[Movement], msgspec.Meta(min_length=1, max_length=1000)]


class Moved(msgspec.Struct, frozen=True):
    """How many pieces are missing now of what is promised at the source, movement by movement."""

    missing: list[int]


@post(
    "/movements",
    guards=[allow("inventory:write")],
    responses=raises(UnknownVariant, UnknownLocation, NotThere, BadMove, NotYourGoods),
    status_code=HTTP_200_OK,
)
async def move(tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[Movements]) -> Moved:
    """Record up to 1,000 movements, all or none. Who works for one shop moves what lies there."""
    codes = Codes()
    moves = data.movements
    named = [code for one in moves for code in (one.source, one.target)]
    await codes.learn(tx, skus=[one.sku for one in moves], locations=named)
    await rights.must_keep(tx, actor, {codes.location(code) for code in named})
    acts = [
        Move(
            variant_id=codes.variant(one.sku),
            quantity=one.quantity,
            from_location_id=codes.location(one.source),
            to_location_id=codes.location(one.target),
            from_state=one.source_state,
            to_state=one.target_state,
            act=one.act,
            is_fact=one.is_fact,
            reason=one.reason,
            reference=one.reference,
            actor=str(actor.id),
        )
        for one in moves
    ]
    missing: list[int] = []
    for answer in await ledger.post(tx, acts):
        if isinstance(answer, Refusal):
            raise answer
        missing.append(getattr(answer, "missing", 0))
    return Moved(missing)


class Openings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What lies where, as the system before has it."""

    stock: Annotated[list[Opening], msgspec.Meta(min_length=1, max_length=20_000)]


@post("/openings", guards=[allow("inventory:admin")], status_code=HTTP_200_OK)
async def take_over(tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[Openings]) -> TakenOver:
    """Take over up to 20,000 balances from the system before. What is on record already is left as it is."""
    return await take_over_stock(tx, data.stock, actor=str(actor.id))


router = Router(
    "/v1/inventory",
    route_handlers=[
        *(record_locations, list_locations, reserve, release, availability, move, take_over),
        *TRANSFER_ROUTES,
        *COUNT_ROUTES,
        *KEEPING_ROUTES,
        *WAITING_ROUTES,
    ],
    tags=["inventory"],
)


def _hold(asked: Reservation, codes: Codes, actor: Actor) -> Hold:
    units = [Units(codes.variant(one.sku), codes.location(one.location), one.quantity) for one in asked.lines]
    return Hold(
        reference=_own(asked.reference), units=units, seconds=asked.seconds, channel=asked.channel, actor=str(actor.id)
    )


def _own(reference: str) -> str:
    """As the ledger has it: whoever may reserve shall not give up or replace the goods of an order or a basket."""
    return f"api:{reference}"


def _reserved(asked: Reservation, promised: Promised) -> Reserved:
    return Reserved(asked.reference, promised.expires_at.isoformat() if promised.expires_at else None)


# ---- without the framework


def shortcuts(state: AppState) -> list[Shortcut]:
    """The same operations over the desk of this process."""
    desk: Desk = state.desk

    async def reserve_at_once(asked: Reservation, actor: Actor) -> Reserved:
        named = [one.location for one in asked.lines]
        codes = await desk.learn(skus=[one.sku for one in asked.lines], locations=named)
        answer = await desk.post(_hold(asked, codes, actor))
        assert isinstance(answer, Promised)
        return _reserved(asked, answer)

    async def availability_at_once(asked: Inquiry, _: Actor) -> list[Offer]:
        codes = await desk.learn(skus=[asked.sku])
        return await desk.ask(asked.question(codes))

    return [
        Shortcut("POST", "/v1/inventory/reservations", "inventory:write", Reservation, reserve_at_once),
        Shortcut("GET", "/v1/inventory/availability", "inventory:read", Inquiry, availability_at_once),
    ]
