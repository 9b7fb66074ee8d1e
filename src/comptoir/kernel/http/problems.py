"""Every error of the API is RFC 9457 problem+json with a stable `code`, and never shows our insides."""

from collections import defaultdict
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec
import psycopg
import structlog
from litestar import Response
from litestar.enums import MediaType
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from psycopg_pool import PoolClosed, PoolTimeout

from comptoir.kernel.errors import Conflict, Invalid, Refusal, Unavailable
from comptoir.kernel.http.idempotency import Answered
from comptoir.kernel.http.requests import AnyRequest
from comptoir.kernel.logs import request_id

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"


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
    *,
    code: str,
    title: str,
    status: int,
    detail: str = "",
    data: dict[str, Any] | None = None,
    kind: str = "",
    retry_after: int = 1,
) -> Response[Problem]:
    body = Problem(kind or f"urn:comptoir:{code}", title, status, detail, code, data or {}, request_id.get())
    headers = {"Retry-After": str(retry_after)} if status in {429, 503} else {}
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def on_refusal(_: AnyRequest, refusal: Refusal) -> Response[Problem]:
    return problem(
        code=refusal.code,
        title=refusal.title(),
        status=refusal.status,
        detail=refusal.detail,
        data=refusal.data,
        kind=refusal.kind,
        retry_after=refusal.retry_after,
    )


def on_validation(_: AnyRequest, error: ValidationException) -> Response[Problem]:
    """A parameter or a field of the body has the wrong type or is out of its range."""
    wrong = [EMPTY if one == MISSING else one for one in error.extra] if isinstance(error.extra, list) else []
    detail = "; ".join(f"{one.get('key', 'body')}: {one.get('message', '')}" for one in wrong) or error.detail
    return problem(code="invalid", title=Invalid.title(), status=400, detail=detail, data={"wrong": wrong})


MISSING = {"message": "'data'", "key": "data", "source": "body"}
EMPTY = {**MISSING, "message": "The body is empty: send JSON."}


def on_http(_: AnyRequest, error: HTTPException) -> Response[Problem]:
    """404, 405, 413, malformed JSON: what Litestar itself refuses."""
    phrase = HTTPStatus(error.status_code).phrase
    code = CODES.get(error.status_code, phrase.lower().replace(" ", "_"))
    answer = problem(code=code, title=phrase, status=error.status_code, detail=error.detail)
    answer.headers.update(error.headers or {})
    return answer


CODES = {400: "invalid", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}


def on_database(request: AnyRequest, error: Exception) -> Response[Problem]:
    """The net under everything: a value that no check refused is still the caller's error, not ours."""
    refusal = refusal_of(error, path=request.url.path)
    return on_refusal(request, refusal) if refusal else on_defect(request, error)


def refusal_of(error: Exception, *, path: str) -> Refusal | None:
    """What an error of the database means to the caller; None for a defect of ours."""
    if isinstance(error, psycopg.DataError | UnicodeEncodeError):
        log.warning("http.unstorable", path=path, reason=first_line(error))
        return Invalid("A value is outside of what can be stored.")
    if isinstance(error, psycopg.IntegrityError):
        log.warning("http.conflict", path=path, reason=first_line(error))
        return Conflict("It meets a rule of the database.", rule=error.diag.constraint_name or "")
    if isinstance(error, psycopg.OperationalError):
        log.warning("http.database_away", path=path, reason=first_line(error))
        return Unavailable()
    return None


def first_line(error: Exception) -> str:
    """Without DETAIL, which quotes rows."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def on_defect(request: AnyRequest, error: Exception) -> Response[Problem]:
    """A defect of ours: told without its insides, logged with them."""
    log.error("http.defect", path=request.url.path, method=request.method, exc_info=error)
    return problem(
        code="defect",
        title="Something is wrong on our side.",
        status=500,
        detail="The error was logged under this request_id.",
    )


def on_answered(_: AnyRequest, answered: Answered) -> Response[bytes | None]:
    kept = answered.kept
    return Response(
        kept.answer, status_code=kept.status, media_type=kept.media_type, headers={"Idempotency-Replayed": "true"}
    )


EXCEPTION_HANDLERS: dict[int | type[Exception], Callable[..., Response[Any]]] = {
    Answered: on_answered,
    Refusal: on_refusal,
    ValidationException: on_validation,
    HTTPException: on_http,
    psycopg.Error: on_database,
    PoolTimeout: on_database,
    PoolClosed: on_database,
    UnicodeEncodeError: on_database,
    Exception: on_defect,
}
