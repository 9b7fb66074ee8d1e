"""HTTP conventions: one transaction per request, problem+json, cursor paging.

    @post("/sales", guards=[allow("orders:write")], responses=raises(UnknownOutlet))
    async def record_sale(tx: NamedDependency[Tx], data: JSONBody[SaleRequest]) -> Recorded: ...

`tx` is committed before the answer is sent, so an answer never promises what a crash could take back. A read (GET)
gets a read-only transaction with one snapshot. Every error is RFC 9457 problem+json with a stable `code`.
"""

import base64
import binascii
import re
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextvars import ContextVar
from http import HTTPStatus
from typing import Annotated, Any, Generic, TypeVar

import msgspec
import psycopg
import structlog
from litestar import Request, Response
from litestar.datastructures import State
from litestar.di import Provide
from litestar.enums import MediaType
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from psycopg_pool import PoolClosed, PoolTimeout

from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Conflict, Invalid, Refusal, Unavailable

log = structlog.get_logger(__name__)

Item = TypeVar("Item")
AnyRequest = Request[Any, Any, Any]

READS = frozenset({"GET", "HEAD", "OPTIONS"})
request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request being answered: the header `X-Request-Id`, and `request_id` in logs, problems and the audit trail."""


# ---- the transaction of a request


async def provide_tx(request: AnyRequest, state: State) -> AsyncGenerator[Tx]:
    """`tx: NamedDependency[Tx]`."""
    if request.method in READS:
        async with state.db.reading() as tx:
            yield tx
        return
    async with state.db.transaction() as tx:
        yield tx


DEPENDENCIES = {"tx": Provide(provide_tx)}


# ---- pages


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """One page of a list. `next` is the `cursor` of the page after it, or null on the last one."""

    items: list[Item]
    next: str | None


Cursor = Annotated[str, QueryParameter(description="`next` of the page before; empty for the first.", max_length=500)]
"""`cursor: Cursor = ""` in a handler's parameters."""
Limit = Annotated[int, QueryParameter(description="How many items at most.", ge=1, le=500)]
"""`limit: Limit = 50` in a handler's parameters."""


def page(found: Sequence[Item], limit: int, place: Callable[[Item], Sequence[Any]]) -> Page[Item]:
    """The page of rows read with `LIMIT limit + 1`; `place` gives the sort key of a row, which becomes the cursor."""
    items = list(found[:limit])
    more = len(found) > limit
    return Page(items, cursor_of(*place(items[-1])) if more else None)


def cursor_of(*place: Any) -> str:
    """An opaque cursor that stands after the row with this sort key."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def place_of(cursor: str, *types: Any) -> tuple[Any, ...] | None:
    """The sort key in a cursor, its parts converted to `types`; None for the first page.

    after = place_of(cursor, datetime, int)
    """
    if not cursor:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        refuse_nul(text)
        return msgspec.json.decode(text, type=tuple[types])
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise Invalid("The cursor is not one of ours: take it from `next` as it is.", cursor=cursor) from error


# ---- bodies


class Incoming(AnyRequest):
    """A request whose JSON body holds nothing that PostgreSQL cannot store (msgspec refuses lone surrogates itself)."""

    async def json(self) -> Any:
        refuse_nul(await self.body())
        return await super().json()


def refuse_nul(body: bytes) -> None:
    r"""Raise Invalid if a JSON text holds `\u0000`: PostgreSQL has no such character in text."""
    if b"\\u0000" in body and ESCAPED_NUL.search(body):
        raise Invalid(r"The text holds the character U+0000 (\u0000), which cannot be stored: leave it out.")


ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


# ---- problems


class Problem(msgspec.Struct, frozen=True):
    """RFC 9457. `code` is stable, for programs; `title` is the same for all of one code; `detail` tells this case."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    data: dict[str, Any]
    request_id: str


def raises(*refusals: type[Refusal]) -> dict[int, ResponseSpec]:
    """For `responses=`: what a route may refuse with, shown in OpenAPI."""
    by_status: dict[int, list[type[Refusal]]] = defaultdict(list)
    for refusal in refusals:
        by_status[refusal.status].append(refusal)
    return {
        status: ResponseSpec(
            Problem,
            generate_examples=False,
            description="\n".join(f"`{refusal.code}`: {refusal.title()}" for refusal in several),
            media_type=MediaType.JSON,
        )
        for status, several in by_status.items()
    }


def problem(
    *, code: str, title: str, status: int, detail: str = "", data: dict[str, Any] | None = None
) -> Response[Problem]:
    body = Problem(f"urn:comptoir:{code}", title, status, detail, code, data or {}, request_id.get())
    headers = {"Retry-After": "1"} if status in {429, 503} else {}
    return Response(body, status_code=status, media_type="application/problem+json", headers=headers)


def on_refusal(_: AnyRequest, refusal: Refusal) -> Response[Problem]:
    return problem(
        code=refusal.code, title=refusal.title(), status=refusal.status, detail=refusal.detail, data=refusal.data
    )


def on_validation(_: AnyRequest, error: ValidationException) -> Response[Problem]:
    wrong = error.extra if isinstance(error.extra, list) else []
    detail = "; ".join(f"{one.get('key', 'body')}: {one.get('message', '')}" for one in wrong) or error.detail
    return problem(code="invalid", title=Invalid.title(), status=400, detail=detail, data={"wrong": wrong})


def on_http(_: AnyRequest, error: HTTPException) -> Response[Problem]:
    """404, 405, 413, malformed JSON: what Litestar itself refuses."""
    phrase = HTTPStatus(error.status_code).phrase
    code = CODES.get(error.status_code, phrase.lower().replace(" ", "_"))
    answer = problem(code=code, title=phrase, status=error.status_code, detail=error.detail)
    answer.headers.update(error.headers or {})
    return answer


def on_database(request: AnyRequest, error: psycopg.Error | PoolTimeout) -> Response[Problem]:
    """The net under everything: a value that no check refused is still the caller's error, not ours."""
    if isinstance(error, psycopg.errors.DataError | UnicodeEncodeError):
        log.warning("http.unstorable", path=request.url.path, reason=str(error).splitlines()[0])
        return on_refusal(request, Invalid("A value is outside of what can be stored."))
    if isinstance(error, psycopg.IntegrityError):
        log.warning("http.conflict", path=request.url.path, reason=str(error).splitlines()[0])
        return on_refusal(request, Conflict("It meets a rule of the database.", rule=error.diag.constraint_name or ""))
    if isinstance(error, psycopg.OperationalError):
        log.warning("http.database_away", path=request.url.path, reason=str(error))
        return on_refusal(request, Unavailable())
    return on_defect(request, error)


def on_defect(request: AnyRequest, error: Exception) -> Response[Problem]:
    """A defect of ours: told without its insides, logged with them."""
    log.error("http.defect", path=request.url.path, method=request.method, exc_info=error)
    return problem(
        code="defect",
        title="Something is wrong on our side.",
        status=500,
        detail="The error was logged under this request_id.",
    )


CODES = {400: "invalid", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}

EXCEPTION_HANDLERS: dict[int | type[Exception], Callable[..., Response[Any]]] = {
    Refusal: on_refusal,
    ValidationException: on_validation,
    HTTPException: on_http,
    psycopg.Error: on_database,
    PoolTimeout: on_database,
    PoolClosed: on_database,
    UnicodeEncodeError: on_database,
    500: on_defect,
    Exception: on_defect,
}

Guard = Callable[[Any, Any], Awaitable[None]]
