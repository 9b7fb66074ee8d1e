"""Refusals: what an operation says when the answer is no.

A refusal has a stable `code`, an HTTP `status` and `data` that says how to mend the request. The first line of
its docstring is its public title. `kernel.http` renders it once as RFC 9457 problem+json.
"""

from typing import Any, ClassVar


class Refusal(Exception):
    """The request was refused."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    kind: ClassVar[str] = ""
    """`type` of the problem, where a standard that the route speaks has a word for it."""
    retry_after: ClassVar[int] = 1
    """Seconds until it is worth asking again (the header `Retry-After`), where the status is 429 or 503."""

    def __init__(self, detail: str = "", **data: Any) -> None:
        """`detail` tells this occurrence in a sentence; `data` holds its particulars for a program."""
        super().__init__(detail or self.title())
        self.detail = detail
        self.data = data

    @classmethod
    def title(cls) -> str:
        return (cls.__doc__ or cls.code).strip().splitlines()[0]


class Invalid(Refusal):
    """The request is not well formed."""

    code = "invalid"
    status = 400


class Unauthenticated(Refusal):
    """Nobody could be recognised: sign in or send a key."""

    code = "unauthenticated"
    status = 401


class Forbidden(Refusal):
    """The key or user may not do that."""

    code = "forbidden"
    status = 403


class NotFound(Refusal):
    """There is no such thing."""

    code = "not_found"
    status = 404


class Conflict(Refusal):
    """The request conflicts with the present state."""

    code = "conflict"
    status = 409


class TooLarge(Refusal):
    """The request is larger than this route takes."""

    code = "too_large"
    status = 413


class Unprocessable(Refusal):
    """The request is well formed but cannot be carried out."""

    code = "unprocessable"
    status = 422


class Overloaded(Refusal):
    """Too many are waiting already: try again in a moment."""

    code = "overloaded"
    status = 429


class Unavailable(Refusal):
    """The database cannot be reached just now: nothing was done, try again."""

    code = "unavailable"
    status = 503
