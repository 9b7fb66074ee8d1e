"""/v1/pricing: price lists, prices, where they differ; taxes, promotions; quotes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter, RawBody
from litestar.status_codes import HTTP_200_OK

from comptoir.channels import UnknownOutlet
from comptoir.kernel.auth import allow
from comptoir.kernel.auth.actors import Actor
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import Invalid, Refusal, TooLarge
from comptoir.kernel.http import READS_ONLY, AnyRequest, Cursor, Limit, Page, page, place_of, raises
from comptoir.kernel.http.many import Many
from comptoir.pricing import guesses, lists, prices, taxes
from comptoir.pricing.choice import differences
from comptoir.pricing.coupon_api import ROUTES, guesser
from comptoir.pricing.errors import (
    BadPriceList,
    BadPromotion,
    BadTax,
    CurrencyFixed,
    UnknownPriceList,
    UnknownPromotion,
    UnknownSku,
)
from comptoir.pricing.house import House
from comptoir.pricing.house import house as read_house
from comptoir.pricing.house import set_house as write_house
from comptoir.pricing.promotions import Promotion, PromotionEntry, promotion, promotions
from comptoir.pricing.promotions import set_promotion as write_promotion
from comptoir.pricing.quotes import quotes
from comptoir.pricing.records import (
    Difference,
    NewPrice,
    Price,
    PriceList,
    PriceListEntry,
    PricesImported,
    Quote,
    QuoteRequest,
    RefusedRow,
)
from comptoir.pricing.settle import Settled, Use, settle
from comptoir.pricing.taxes import ArticleTerms, TaxClass, TaxRate

MAX_BODY = 16_000_000
"""Bytes: 100,000 prices."""

FILE = Many(NewPrice, key="prices", most=100_000)
BASKETS = Many(QuoteRequest, key="baskets", most=200)
USES = Many(Use, key="uses", most=500)

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
    group: Annotated[str, QueryParameter(description="As a customer group pays; empty: anybody.", max_length=60)] = "",
    at: Annotated[datetime | None, QueryParameter(description="At this moment, with a zone; empty: now.")] = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[Difference]:
    """Articles that do not cost the same at all places, with the list that says so, or that no rule does."""
    if at is not None and at.tzinfo is None:
        raise Invalid("Say the moment with its zone: 2026-11-27T00:00:00Z.", at=at.isoformat())
    after = place_of(cursor, int)
    found = await differences(
        tx, currency=currency, group=group or None, at=at, after=after[0] if after else 0, limit=limit + 1
    )
    return page(found, limit, lambda one: [one.variant_id])


class Rates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tax rates to add or to replace."""

    rates: Annotated[list[TaxRate], msgspec.Meta(min_length=1, max_length=5_000)]


class Classes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How categories are taxed."""

    classes: Annotated[list[TaxClass], msgspec.Meta(min_length=1, max_length=5_000)]


class Articles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tax classes and costs of variants."""

    articles: Annotated[list[ArticleTerms], msgspec.Meta(min_length=1, max_length=10_000)]


class Written(msgspec.Struct, frozen=True):
    """How many were added or replaced."""

    written: int


@get("/taxes", guards=[allow("pricing:read")])
async def list_tax_rates(tx: NamedDependency[Tx]) -> list[TaxRate]:
    """All rates, by place, class and beginning."""
    return await taxes.tax_rates(tx)


@put("/taxes", guards=[allow("pricing:write")], responses=raises(Invalid, BadTax))
async def set_tax_rates(tx: NamedDependency[Tx], data: JSONBody[Rates]) -> Written:
    """Add rates, or replace those with the same place, class and beginning."""
    return Written(await taxes.set_tax_rates(tx, rates=data.rates))


@put("/taxes/categories", guards=[allow("pricing:write")], responses=raises(Invalid, BadTax))
async def set_tax_classes(tx: NamedDependency[Tx], data: JSONBody[Classes]) -> Written:
    """How categories are taxed, with everything beneath them that says nothing else."""
    return Written(await taxes.set_tax_classes(tx, classes=data.classes))


@put("/articles", guards=[allow("pricing:write")], responses=raises(Invalid, BadTax, UnknownSku))
async def set_articles(tx: NamedDependency[Tx], data: JSONBody[Articles]) -> Written:
    """Tax classes and costs of variants, all or none."""
    return Written(await taxes.set_articles(tx, articles=data.articles))


@get("/promotions", guards=[allow("pricing:read")])
async def list_promotions(tx: NamedDependency[Tx]) -> list[Promotion]:
    """All promotions, by code."""
    return await promotions(tx)


@get("/promotions/{code:str}", guards=[allow("pricing:read")], responses=raises(UnknownPromotion))
async def get_promotion(tx: NamedDependency[Tx], code: OneCode) -> Promotion:
    """One promotion."""
    return await promotion(tx, code=code)


@put("/promotions/{code:str}", guards=[allow("pricing:write")], responses=raises(Invalid, BadPromotion))
async def set_promotion(tx: NamedDependency[Tx], code: OneCode, data: JSONBody[PromotionEntry]) -> Promotion:
    """Make a promotion, or describe a known one anew. Mistakes in its rules are told with their places."""
    return await write_promotion(tx, code=code, entry=data)


class Problem(msgspec.Struct, frozen=True):
    """Why one basket was not priced, as if it had been sent alone. `code` is stable."""

    code: str
    title: str
    status: int
    detail: str
    data: dict[str, Any]


class Answer(msgspec.Struct, frozen=True):
    """A basket's quote, or the problem that stands in its place; in the order sent."""

    status: Literal["quoted", "refused"]
    quote: Quote | None = None
    problem: Problem | None = None


@post(
    "/quotes",
    guards=[allow("pricing:read")],
    responses=raises(Invalid, TooLarge),
    status_code=HTTP_200_OK,
    opt=READS_ONLY,
    operation_class=BASKETS.operation,
)
async def quote_baskets(
    tx: NamedDependency[Tx],
    beside: NamedDependency[Database],
    actor: NamedDependency[Actor],
    request: AnyRequest,
    body: RawBody,
    device: Annotated[
        str, QueryParameter(description="The shopper's device, for a server of many.", max_length=100)
    ] = "",
) -> list[Answer]:
    """What baskets cost and why: one or up to 200, each by itself. Nothing is kept and no coupon is used.

    Unknown codes count as tries to guess one, as in `/coupons/check`.
    """
    decoded = BASKETS.decode(body)
    tries = sum(len(one.coupons) for one in decoded if not isinstance(one, Refusal))
    who = guesser(actor, request, device)
    if tries:
        async with beside.transaction() as counting:
            await guesses.count(counting, who=who, tries=tries)
    answers = await answered(tx, decoded)
    unknown = [one for a in answers if a.quote for one in a.quote.refused if one.code == "unknown_coupon"]
    if tries > len(unknown):
        async with beside.transaction() as counting:
            await guesses.forgive(counting, who=who, tries=tries - len(unknown))
    return answers


async def answered(tx: Tx, decoded: Sequence[QuoteRequest | Refusal]) -> list[Answer]:
    quoted = iter(await quotes(tx, [one for one in decoded if not isinstance(one, Refusal)]))
    return [answer(one if isinstance(one, Refusal) else next(quoted)) for one in decoded]


class SettleAnswer(msgspec.Struct, frozen=True):
    """How a use stands now, or the problem that stands in its place; in the order sent."""

    status: Literal["settled", "refused"]
    settled: Settled | None = None
    problem: Problem | None = None


@post(
    "/uses",
    guards=[allow("pricing:write")],
    responses=raises(Invalid, TooLarge),
    status_code=HTTP_200_OK,
    operation_class=USES.operation,
)
async def settle_uses(tx: NamedDependency[Tx], body: RawBody) -> list[SettleAnswer]:
    """Reserve, redeem or give back coupons and limited promotions: up to 500, each by itself, each safe to repeat."""
    decoded = USES.decode(body)
    done = iter(await settle(tx, [one for one in decoded if not isinstance(one, Refusal)]))
    answers = [one if isinstance(one, Refusal) else next(done) for one in decoded]
    return [
        SettleAnswer("refused", problem=problem(one)) if isinstance(one, Refusal) else SettleAnswer("settled", one)
        for one in answers
    ]


def problem(one: Refusal) -> Problem:
    return Problem(one.code, one.title(), one.status, one.detail, one.data)


def answer(one: Quote | Refusal) -> Answer:
    if isinstance(one, Refusal):
        return Answer("refused", problem=problem(one))
    return Answer("quoted", one)


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
        list_tax_rates,
        set_tax_rates,
        set_tax_classes,
        set_articles,
        list_promotions,
        get_promotion,
        set_promotion,
        quote_baskets,
        settle_uses,
        *ROUTES,
    ],
    tags=["pricing"],
)
