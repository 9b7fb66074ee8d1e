"""/v1/inventory: counts with review, how far the book can be believed, the limits of the house. Part of `api.py`."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post, put
from litestar.datastructures import State as AppState
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta

from comptoir.inventory import rights
from comptoir.inventory.codes import Codes
from comptoir.inventory.counting import counts
from comptoir.inventory.counting.accuracy import Accuracy, accuracy
from comptoir.inventory.counting.counts import Count, Counted, CountStage
from comptoir.inventory.counting.house import House
from comptoir.inventory.counting.house import house as read_house
from comptoir.inventory.counting.house import set_house as write_house
from comptoir.inventory.counting.looking import Sheet, sheet, sheets
from comptoir.inventory.errors import (
    BadQuantity,
    CountExists,
    NotCounted,
    NotYourGoods,
    SamePerson,
    UnknownCount,
    UnknownLocation,
    UnknownVariant,
    WrongStage,
)
from comptoir.inventory.records import State
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid
from comptoir.kernel.http import Cursor, Limit, Page, page, place_of, raises

Text = Annotated[str, Meta(min_length=1, max_length=200)]


@get("/house", guards=[allow("inventory:read")])
async def get_house(tx: NamedDependency[Tx]) -> House:
    """What holds for the stock of the whole retailer."""
    return await read_house(tx)


@put("/house", guards=[allow("inventory:admin")])
async def set_house(tx: NamedDependency[Tx], data: JSONBody[House]) -> House:
    """When a count waits for approval, and what is not offered where the book was wrong."""
    return await write_house(tx, house=data)


class NewSheet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall be counted where. Without articles: all that the book knows there. The same id is the same count."""

    count_id: UUID
    location: Text
    skus: Annotated[list[Text], Meta(min_length=1, max_length=5_000)] | None = None
    note: Annotated[str, Meta(max_length=1000)] = ""


@post(
    "/counts",
    guards=[allow("inventory:write")],
    responses=raises(UnknownLocation, UnknownVariant, CountExists, NotYourGoods),
    status_code=HTTP_200_OK,
)
async def open_count(tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[NewSheet]) -> Count:
    """Open a sheet. It does not say what the book expects."""
    codes = Codes()
    await codes.learn(tx, skus=data.skus or (), locations=[data.location])
    await rights.must_keep(tx, actor, [codes.location(data.location)])
    return await counts.open_count(
        tx,
        count_id=data.count_id,
        location_id=codes.location(data.location),
        variants=[codes.variant(sku) for sku in data.skus] if data.skus else None,
        note=data.note,
        actor=str(actor.id),
    )


@get("/counts", guards=[allow("inventory:read")], responses=raises(Invalid))
async def list_counts(
    tx: NamedDependency[Tx],
    stage: Annotated[CountStage | None, QueryParameter(description="Only those at this stage.")] = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[Sheet]:
    """Counts in short, the newest first."""
    before = place_of(cursor, datetime, UUID)
    found = await sheets(tx, stage=stage, before=(before[0], before[1]) if before else None, limit=limit + 1)
    return page(found, limit, lambda one: [one.opened_at, one.count_id])


@get("/counts/{count_id:uuid}", guards=[allow("inventory:read")], responses=raises(UnknownCount))
async def get_count(tx: NamedDependency[Tx], count_id: FromPath[UUID]) -> Count:
    """One count; what the book says is shown when counting is over."""
    return await counts.count(tx, count_id=count_id)


class CountedLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was found of an article in a state; 0: nothing."""

    sku: Text
    quantity: Annotated[int, Meta(ge=0, le=1_000_000)]
    state: State = "sellable"
    counted_at: Annotated[datetime, Meta(tz=True)] | None = None
    """When, by a clock that was right, and not before the sheet was opened; null: now."""


class Lines(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was found."""

    lines: Annotated[list[CountedLine], Meta(min_length=1, max_length=5_000)]


@post(
    "/counts/{count_id:uuid}/lines",
    guards=[allow("inventory:write")],
    responses=raises(UnknownCount, UnknownVariant, WrongStage, BadQuantity, NotYourGoods),
    status_code=HTTP_200_OK,
)
async def record_counted(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], count_id: FromPath[UUID], data: JSONBody[Lines]
) -> Sheet:
    """Write down what was found, also of articles that are not on the sheet. Counted again, the later holds.

    Answers how far the count is.
    """
    await rights.must_count(tx, actor, count_id=count_id)
    codes = Codes()
    await codes.learn(tx, skus=[one.sku for one in data.lines])
    lines = [
        Counted(
            variant_id=codes.variant(one.sku),
            quantity=one.quantity,
            state=one.state,
            counted_at=one.counted_at,
        )
        for one in data.lines
    ]
    await counts.record_counted(tx, count_id=count_id, lines=lines, actor=str(actor.id), by_sheet=True)
    return await sheet(tx, count_id=count_id)


class Over(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Counting is over."""

    leave_out: bool = False
    """What was not counted stays as the book has it."""


@post(
    "/counts/{count_id:uuid}/submission",
    guards=[allow("inventory:write")],
    responses=raises(UnknownCount, WrongStage, NotCounted, NotYourGoods),
    status_code=HTTP_200_OK,
)
async def submit_count(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    state: AppState,
    count_id: FromPath[UUID],
    data: JSONBody[Over],
) -> Count:
    """Small differences are posted at once; large ones, in pieces or in money, wait for somebody else's approval."""
    await rights.must_count(tx, actor, count_id=count_id)
    return await counts.submit(
        tx, count_id=count_id, worths=state.worths, leave_out=data.leave_out, actor=str(actor.id)
    )


@post(
    "/counts/{count_id:uuid}/approval",
    guards=[allow("inventory:write")],
    responses=raises(UnknownCount, WrongStage, SamePerson, NotYourGoods),
    status_code=HTTP_200_OK,
)
async def approve_count(tx: NamedDependency[Tx], actor: NamedDependency[Actor], count_id: FromPath[UUID]) -> Count:
    """Take the differences into the book. Whoever counted cannot."""
    await rights.must_count(tx, actor, count_id=count_id)
    return await counts.approve(tx, count_id=count_id, actor=str(actor.id))


class Doubt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the differences are not believed."""

    reason: Text


@post(
    "/counts/{count_id:uuid}/rejection",
    guards=[allow("inventory:write")],
    responses=raises(UnknownCount, WrongStage, NotYourGoods),
    status_code=HTTP_200_OK,
)
async def reject_count(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], count_id: FromPath[UUID], data: JSONBody[Doubt]
) -> Count:
    """Leave the book as it is: count again."""
    await rights.must_count(tx, actor, count_id=count_id)
    return await counts.reject(tx, count_id=count_id, reason=data.reason, actor=str(actor.id))


@post(
    "/counts/{count_id:uuid}/cancellation",
    guards=[allow("inventory:write")],
    responses=raises(UnknownCount, WrongStage, NotYourGoods),
    status_code=HTTP_200_OK,
)
async def cancel_count(tx: NamedDependency[Tx], actor: NamedDependency[Actor], count_id: FromPath[UUID]) -> Count:
    """Give up a sheet that is still open."""
    await rights.must_count(tx, actor, count_id=count_id)
    return await counts.cancel_count(tx, count_id=count_id, actor=str(actor.id))


@get("/accuracy", guards=[allow("inventory:read")], responses=raises(Invalid, UnknownLocation))
async def list_accuracy(tx: NamedDependency[Tx]) -> list[Accuracy]:
    """How far the book can be believed, location by location: the last counts against what it said then."""
    return await accuracy(tx)


ROUTES = [
    get_house,
    set_house,
    open_count,
    list_counts,
    get_count,
    record_counted,
    submit_count,
    approve_count,
    reject_count,
    cancel_count,
    list_accuracy,
]
