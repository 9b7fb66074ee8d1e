"""/v1/orders: sales and what they add up to."""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, RawBody
from litestar.status_codes import HTTP_200_OK

from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid, Refusal, TooLarge
from comptoir.kernel.http import Cursor, Limit, Page, page, place_of, raises
from comptoir.kernel.http.many import Many
from comptoir.orders import rights
from comptoir.orders.errors import UnknownSale
from comptoir.orders.records import Head, NewSale, Recorded, Sale, Total
from comptoir.orders.sales import receipts, recording
from comptoir.orders.sales.totals import Grouping, totals

MAX_BODY = 16_000_000
"""Bytes: a thousand long receipts."""

SALES = Many(NewSale, key="sales", most=1_000)


class Problem(msgspec.Struct, frozen=True):
    """Why one sale was not recorded, as if it had been sent alone. `code` is stable."""

    code: str
    title: str
    status: int
    detail: str
    data: dict[str, Any]


class Result(msgspec.Struct, frozen=True):
    """What became of one sale; in the order sent. It has a sale, or a problem."""

    status: Literal["recorded", "repeated", "refused"]
    sale: Recorded | None = None
    problem: Problem | None = None


class Results(msgspec.Struct, frozen=True):
    """How many were recorded now, were on record already, could not be; and each by itself."""

    recorded: int
    repeated: int
    refused: int
    results: list[Result]


@post(
    "/sales",
    guards=[allow("orders:write")],
    responses=raises(Invalid, TooLarge),
    status_code=HTTP_200_OK,
    request_max_body_size=MAX_BODY,
    operation_class=SALES.operation,
)
async def record_sales(tx: NamedDependency[Tx], actor: NamedDependency[Actor], body: RawBody) -> Results:
    """Record one sale or up to 1,000, each judged by itself. Sending a receipt again is safe.

    Users and keys of some outlets record sales of these.
    """
    decoded = await rights.sold_by(tx, actor, SALES.decode(body))
    recorded = iter(await recording.record(tx, [one for one in decoded if not isinstance(one, Refusal)]))
    results = [result(one if isinstance(one, Refusal) else next(recorded)) for one in decoded]
    count = [one.status for one in results]
    return Results(count.count("recorded"), count.count("repeated"), count.count("refused"), results)


@get("/sales/{sale_id:int}", guards=[allow("orders:read")], responses=raises(UnknownSale))
async def get_sale(tx: NamedDependency[Tx], sale_id: FromPath[int]) -> Sale:
    """A sale with its lines, discounts and tenders."""
    return await receipts.sale(tx, sale_id=sale_id)


@get("/sales", guards=[allow("orders:read")], responses=raises(Invalid))
async def list_sales(
    tx: NamedDependency[Tx],
    number: Annotated[str, QueryParameter(description="The receipt's number, or how it begins.", max_length=100)] = "",
    outlet: Annotated[str, QueryParameter(description="Code of the outlet; empty for all.", max_length=100)] = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[Head]:
    """Find sales by what stands on the slip, in order of receipt number."""
    after = place_of(cursor, str, int)
    found = await receipts.find(tx, number=number, outlet=outlet, after=after, limit=limit + 1)
    return page(found, limit, lambda one: (one.receipt_number, one.outlet_id))


@get("/totals", guards=[allow("orders:read")], responses=raises(Invalid))
async def get_totals(
    tx: NamedDependency[Tx],
    by: Annotated[Grouping, QueryParameter(description="What each row stands for.")] = "all",
    since: Annotated[date | None, QueryParameter(description="First business day.")] = None,
    until: Annotated[date | None, QueryParameter(description="Last business day.")] = None,
    outlet: Annotated[str, QueryParameter(description="Code of the outlet; empty for all.", max_length=100)] = "",
) -> list[Total]:
    """Revenue, receipts, units and customers, by outlet, channel or day; one row for each currency."""
    return await totals(tx, by=by, since=since, until=until, outlet=outlet)


router = Router("/v1/orders", route_handlers=[record_sales, get_sale, list_sales, get_totals], tags=["orders"])


def result(one: Recorded | Refusal) -> Result:
    if isinstance(one, Refusal):
        return Result("refused", problem=Problem(one.code, one.title(), one.status, one.detail, one.data))
    return Result("repeated" if one.repeated else "recorded", sale=one)
