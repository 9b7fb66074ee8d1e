"""/v1/inventory: transfers, deliveries, receiving, and what is on its way. Part of `api.py`."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta

from comptoir.inventory import rights
from comptoir.inventory.availability import Question, places
from comptoir.inventory.codes import Codes
from comptoir.inventory.errors import (
    BadQuantity,
    BadTransfer,
    NotExpected,
    NotThere,
    NotYourGoods,
    ReasonMissing,
    TransferExists,
    UnknownLocation,
    UnknownTransfer,
    UnknownVariant,
    WrongStage,
)
from comptoir.inventory.moving import transfers
from comptoir.inventory.moving.incoming import Outlook, outlook
from comptoir.inventory.moving.looking import Heading, headings
from comptoir.inventory.moving.receiving import Arrived, receive
from comptoir.inventory.moving.transfers import Transfer, Wanted
from comptoir.inventory.records import Method, State
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid, Refusal
from comptoir.kernel.http import Cursor, Limit, Page, page, place_of, raises

Text = Annotated[str, Meta(min_length=1, max_length=200)]
Note = Annotated[str, Meta(max_length=1000)]
Quantity = Annotated[int, Meta(ge=1, le=1_000_000)]


class WantedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many pieces of an article, expected that day if anybody knows."""

    sku: Text
    quantity: Quantity
    expected_on: date | None = None


Lines = Annotated[list[WantedLine], Meta(min_length=1, max_length=2_000)]


class TransferRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Goods that one location shall send to another. The same id again is the same transfer."""

    transfer_id: UUID
    source: Text
    target: Text
    lines: Lines
    via: Text = "transit"
    """The account in transit where they lie meanwhile."""
    note: Note = ""


@post(
    "/transfers",
    guards=[allow("inventory:write")],
    responses=raises(UnknownVariant, UnknownLocation, BadTransfer, TransferExists, NotYourGoods),
    status_code=HTTP_200_OK,
)
async def request_transfer(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[TransferRequest]
) -> Transfer:
    """Ask a location to send goods to another one."""
    codes = Codes()
    await codes.learn(tx, skus=[one.sku for one in data.lines], locations=[data.source, data.target, data.via])
    await rights.must_keep_one(tx, actor, [codes.location(data.source), codes.location(data.target)])
    return await transfers.request(
        tx,
        transfer_id=data.transfer_id,
        from_location_id=codes.location(data.source),
        to_location_id=codes.location(data.target),
        via_location_id=codes.location(data.via),
        lines=_wanted(data.lines, codes),
        note=data.note,
        actor=str(actor.id),
    )


class Advice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Goods that a supplier will bring. The same id again is the same delivery."""

    transfer_id: UUID
    supplier: Text
    target: Text
    lines: Lines
    note: Note = ""


@post(
    "/deliveries",
    guards=[allow("inventory:write")],
    responses=raises(UnknownVariant, UnknownLocation, BadTransfer, TransferExists, NotYourGoods),
    status_code=HTTP_200_OK,
)
async def announce_delivery(tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[Advice]) -> Transfer:
    """Expect goods of a supplier, article by article with its day. It is received as a transfer is."""
    codes = Codes()
    await codes.learn(tx, skus=[one.sku for one in data.lines], locations=[data.target])
    await rights.must_keep_one(tx, actor, [codes.location(data.target)])
    return await transfers.announce(
        tx,
        transfer_id=data.transfer_id,
        supplier=data.supplier,
        to_location_id=codes.location(data.target),
        lines=_wanted(data.lines, codes),
        note=data.note,
        actor=str(actor.id),
    )


@get("/transfers", guards=[allow("inventory:read")], responses=raises(Invalid, UnknownLocation))
async def list_transfers(
    tx: NamedDependency[Tx],
    target: Annotated[str, QueryParameter(description="Only those to this location.", max_length=60)] = "",
    under_way: Annotated[bool, QueryParameter(description="Only those that have not ended.")] = False,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[Heading]:
    """Transfers and deliveries in short, the newest first."""
    codes = Codes()
    await codes.learn(tx, locations=[target] if target else [])
    before = place_of(cursor, datetime, UUID)
    found = await headings(
        tx,
        to_location_ids=[codes.location(target)] if target else [],
        open_only=under_way,
        before=(before[0], before[1]) if before else None,
        limit=limit + 1,
    )
    return page(found, limit, lambda one: [one.requested_at, one.transfer_id])


@get("/transfers/{transfer_id:uuid}", guards=[allow("inventory:read")], responses=raises(UnknownTransfer))
async def get_transfer(tx: NamedDependency[Tx], transfer_id: FromPath[UUID]) -> Transfer:
    """One transfer or delivery, and how far each article is."""
    return await transfers.transfer(tx, transfer_id=transfer_id)


class ShippedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many pieces of an article; 0: none of it."""

    sku: Text
    quantity: Annotated[int, Meta(ge=0, le=1_000_000)]


class Shipment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What leaves. Without lines: all that was asked for."""

    lines: Annotated[list[ShippedLine], Meta(min_length=1, max_length=2_000)] | None = None
    expected_on: date | None = None
    is_fact: bool = False
    """It is in the van: recorded though it breaks a promise."""


@post(
    "/transfers/{transfer_id:uuid}/shipment",
    guards=[allow("inventory:write")],
    responses=raises(UnknownTransfer, UnknownVariant, WrongStage, NotExpected, NotThere, BadQuantity, NotYourGoods),
    status_code=HTTP_200_OK,
)
async def ship_transfer(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], transfer_id: FromPath[UUID], data: JSONBody[Shipment]
) -> Transfer:
    """The goods leave. Shipped once, however often it is told."""
    await rights.must_send(tx, actor, transfer_id=transfer_id)
    codes = Codes()
    await codes.learn(tx, skus=[one.sku for one in data.lines or ()])
    lines = {codes.variant(one.sku): one.quantity for one in data.lines} if data.lines else None
    with _in_skus({codes.variant(one.sku): one.sku for one in data.lines or ()}):
        return await transfers.ship(
            tx,
            transfer_id=transfer_id,
            lines=lines,
            expected_on=data.expected_on,
            is_fact=data.is_fact,
            actor=str(actor.id),
        )


class ArrivedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pieces of an article in a state: what is not fit for sale is `damaged`, or waits in `quarantine`."""

    sku: Text
    quantity: Quantity
    state: State = "sellable"


class Receipt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was found in the parcel. The same reference again is the same parcel."""

    reference: Text
    lines: Annotated[list[ArrivedLine], Meta(max_length=2_000)]
    complete: bool = False
    """Nothing more will come: what is still under way is given up, for the reason."""
    reason: Annotated[str, Meta(max_length=200)] = ""
    unexpected: bool = False
    """Take what was not announced too."""


@post(
    "/transfers/{transfer_id:uuid}/receipts",
    guards=[allow("inventory:write")],
    responses=raises(
        UnknownTransfer, UnknownVariant, WrongStage, NotExpected, ReasonMissing, BadQuantity, NotYourGoods
    ),
    status_code=HTTP_200_OK,
)
async def receive_goods(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], transfer_id: FromPath[UUID], data: JSONBody[Receipt]
) -> Transfer:
    """Goods of a transfer or a delivery are here: all or a part, more than announced, damaged."""
    await rights.must_receive(tx, actor, transfer_id=transfer_id)
    codes = Codes()
    await codes.learn(tx, skus=[one.sku for one in data.lines])
    arrived = [Arrived(codes.variant(one.sku), one.quantity, one.state) for one in data.lines]
    with _in_skus({codes.variant(one.sku): one.sku for one in data.lines}):
        return await receive(
            tx,
            transfer_id=transfer_id,
            reference=data.reference,
            arrived=arrived,
            complete=data.complete,
            reason=data.reason,
            unexpected=data.unexpected,
            actor=str(actor.id),
        )


@post(
    "/transfers/{transfer_id:uuid}/cancellation",
    guards=[allow("inventory:write")],
    responses=raises(UnknownTransfer, WrongStage, NotYourGoods),
    status_code=HTTP_200_OK,
)
async def cancel_transfer(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], transfer_id: FromPath[UUID]
) -> Transfer:
    """Call off what was not shipped, or a delivery of which nothing has come."""
    await rights.must_be_an_end(tx, actor, transfer_id=transfer_id)
    return await transfers.cancel(tx, transfer_id=transfer_id)


class Days(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The day on which each article is expected; null: nobody knows."""

    days: Annotated[dict[str, date | None], Meta(min_length=1, max_length=2_000)]


@put(
    "/transfers/{transfer_id:uuid}/days",
    guards=[allow("inventory:write")],
    responses=raises(UnknownTransfer, UnknownVariant, WrongStage, NotExpected, NotYourGoods),
)
async def set_days(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], transfer_id: FromPath[UUID], data: JSONBody[Days]
) -> Transfer:
    """Expect some articles on another day."""
    await rights.must_be_an_end(tx, actor, transfer_id=transfer_id)
    codes = Codes()
    await codes.learn(tx, skus=data.days)
    with _in_skus({codes.variant(sku): sku for sku in data.days}):
        days = {codes.variant(sku): day for sku, day in data.days.items()}
        return await transfers.expect(tx, transfer_id=transfer_id, days=days)


@get("/outlook", guards=[allow("inventory:read")], responses=raises(UnknownVariant))
async def get_outlook(
    tx: NamedDependency[Tx],
    sku: Annotated[str, QueryParameter(description="The article.", max_length=200)],
    quantity: Annotated[int, QueryParameter(description="Pieces wanted.", ge=1, le=1_000_000)] = 1,
    channel: Annotated[str, QueryParameter(description="Where the customer stands.", max_length=20)] = "",
    method: Annotated[Method | None, QueryParameter(description="How; empty for any.")] = None,
) -> list[Outlook]:
    """Which locations can give me this now, and which from a day on: availability with what is on its way."""
    codes = Codes()
    await codes.learn(tx, skus=[sku])
    question = Question(variant_id=codes.variant(sku), quantity=quantity, channel=channel, method=method)
    return await outlook(tx, question, await places(tx))


ROUTES = [
    request_transfer,
    announce_delivery,
    list_transfers,
    get_transfer,
    ship_transfer,
    receive_goods,
    cancel_transfer,
    set_days,
    get_outlook,
]


def _wanted(lines: list[WantedLine], codes: Codes) -> list[Wanted]:
    return [Wanted(codes.variant(one.sku), one.quantity, one.expected_on) for one in lines]


@contextmanager
def _in_skus(skus: dict[int, str]) -> Generator[None]:
    """A refusal names articles as the caller does."""
    try:
        yield
    except Refusal as refusal:
        if "variants" in refusal.data:
            refusal.data["skus"] = [skus.get(one, str(one)) for one in refusal.data.pop("variants")]
        raise
