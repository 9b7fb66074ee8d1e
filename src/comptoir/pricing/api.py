"""/v1/pricing: price lists, prices, where they differ."""

from typing import Annotated

from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter, RawBody
from litestar.status_codes import HTTP_200_OK

from comptoir.channels import UnknownOutlet
from comptoir.kernel.auth import allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid, Refusal, TooLarge
from comptoir.kernel.http import Cursor, Limit, Page, page, place_of, raises
from comptoir.kernel.http.many import Many
from comptoir.pricing import lists, prices
from comptoir.pricing.differences import differences
from comptoir.pricing.errors import BadPriceList, CurrencyFixed, UnknownPriceList
from comptoir.pricing.house import House
from comptoir.pricing.house import house as read_house
from comptoir.pricing.house import set_house as write_house
from comptoir.pricing.records import (
    Difference,
    NewPrice,
    Price,
    PriceList,
    PriceListEntry,
    PricesImported,
    RefusedRow,
)

MAX_BODY = 16_000_000
"""Bytes: 100,000 prices."""

FILE = Many(NewPrice, key="prices", most=100_000)

OneCode = Annotated[
    str, PathParameter(description="The code that names it.", max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
]


@get("/house", guards=[allow("pricing:read")])
async def get_house(tx: NamedDependency[Tx]) -> House:
    """What holds for every quote."""
    return await read_house(tx)


@put("/house", guards=[allow("pricing:write")], responses=raises(Invalid))
async def set_house(tx: NamedDependency[Tx], data: JSONBody[House]) -> House:
    """How promotions meet, the most they may take off together, the margin they leave."""
    return await write_house(tx, house=data)


@get("/lists", guards=[allow("pricing:read")])
async def list_price_lists(tx: NamedDependency[Tx]) -> list[PriceList]:
    """All price lists, by code."""
    return await lists.price_lists(tx)


@get("/lists/{code:str}", guards=[allow("pricing:read")], responses=raises(UnknownPriceList))
async def get_price_list(tx: NamedDependency[Tx], code: OneCode) -> PriceList:
    """One price list, without its prices."""
    return await lists.price_list(tx, code=code)


@put(
    "/lists/{code:str}",
    guards=[allow("pricing:write")],
    responses=raises(Invalid, BadPriceList, CurrencyFixed, UnknownOutlet),
)
async def set_price_list(tx: NamedDependency[Tx], code: OneCode, data: JSONBody[PriceListEntry]) -> PriceList:
    """Make a price list, or describe a known one anew; its prices stay."""
    return await lists.set_price_list(tx, code=code, entry=data)


@get("/lists/{code:str}/prices", guards=[allow("pricing:read")], responses=raises(Invalid, UnknownPriceList))
async def list_prices(tx: NamedDependency[Tx], code: OneCode, cursor: Cursor = "", limit: Limit = 50) -> Page[Price]:
    """The prices of a list, by variant."""
    after = place_of(cursor, int)
    found = await prices.prices_of(tx, code=code, after=after[0] if after else 0, limit=limit + 1)
    return page(found, limit, lambda one: [one.variant_id])


@post(
    "/lists/{code:str}/prices",
    guards=[allow("pricing:write")],
    responses=raises(Invalid, TooLarge, UnknownPriceList),
    status_code=HTTP_200_OK,
    request_max_body_size=MAX_BODY,
    operation_class=FILE.operation,
)
async def import_prices(
    tx: NamedDependency[Tx],
    code: OneCode,
    body: RawBody,
    whole: Annotated[bool, QueryParameter(description="What the file does not name has no price any more.")] = False,
) -> PricesImported:
    """Take prices from a JSON list or one a line (NDJSON). Rows that cannot be taken are named; the rest come in."""
    decoded = FILE.decode(body)
    unread = [RefusedRow.of(row, one) for row, one in enumerate(decoded) if isinstance(one, Refusal)]
    readable = {row: one for row, one in enumerate(decoded) if not isinstance(one, Refusal)}
    # A row that could not be read is no word that its price has gone.
    done = await prices.import_prices(tx, code=code, prices=list(readable.values()), whole=whole and not unread)
    rows = list(readable)
    refused = [RefusedRow(rows[one.row], one.code, one.detail, one.data) for one in done.refused]
    return PricesImported(
        done.new, done.changed, done.unchanged, done.removed, sorted(unread + refused, key=lambda one: one.row)
    )


@get("/differences", guards=[allow("pricing:read")], responses=raises(Invalid))
async def list_differences(
    tx: NamedDependency[Tx],
    currency: Annotated[str, QueryParameter(description="ISO 4217: EUR.", pattern="^[A-Z]{3}$")],
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[Difference]:
    """Articles that do not cost the same on all channels now, and the list that says so at each place."""
    after = place_of(cursor, int)
    found = await differences(tx, currency=currency, after=after[0] if after else 0, limit=limit + 1)
    return page(found, limit, lambda one: [one.variant_id])


router = Router(
    "/v1/pricing",
    route_handlers=[
        get_house,
        set_house,
        list_price_lists,
        get_price_list,
        set_price_list,
        list_prices,
        import_prices,
        list_differences,
    ],
    tags=["pricing"],
)
