"""Shortcuts: the few routes that are asked thousands of times a second, without the framework (a third of their cost).

Each is an ordinary route too, with its guard and its place in OpenAPI; a test proves that both answer alike. Callers
with an API key take the shortcut, from the protocol itself (server.protocol). Who sends a session's cookie or an
`Idempotency-Key` goes the ordinary way.
"""

import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
import structlog

from comptoir.kernel.auth.actors import Actor
from comptoir.kernel.auth.authenticator import Authenticator
from comptoir.kernel.errors import Forbidden, Invalid, Refusal, Unauthenticated
from comptoir.kernel.http import edge
from comptoir.kernel.http.bodies import refuse_nul
from comptoir.kernel.http.problems import MEDIA_TYPE, Problem, refusal_of
from comptoir.kernel.logs import request_id

log = structlog.get_logger(__name__)

Answer = Callable[..., Awaitable[Any]]


class Shortcut:
    """What is asked (the body, or the query of a GET) becomes `asked`; `answer(asked, actor, **of_path)` answers.

    The path is written as in Litestar: `/v1/orders/baskets/{basket_id:uuid}/quote`.
    """

    def __init__(self, method: str, path: str, scope: str, asked: type[msgspec.Struct], answer: Answer) -> None:
        self.method = method
        self.path = path
        self.scope = scope
        self.answer = answer
        self.parts = [part[1:-1].partition(":")[::2] if part[:1] == "{" else part for part in path.split("/")]
        self._asked = asked
        self._decode = msgspec.json.Decoder(asked).decode

    def read(self, body: bytes, query: bytes) -> Any:
        try:
            if self.method != "GET":
                refuse_nul(body)
                return self._decode(body or b"{}")
            return msgspec.convert(dict(parse_qsl(query.decode(), errors="strict")), self._asked, strict=False)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Invalid(str(error)) from error

    def matches(self, parts: list[str]) -> dict[str, Any] | None:
        """What the path holds; None when it is another one."""
        found: dict[str, Any] = {}
        for mine, given in zip(self.parts, parts, strict=True):
            if isinstance(mine, str):
                if mine != given:
                    return None
                continue
            name, kind = mine
            try:
                found[name] = KINDS[kind](given)
            except ValueError:
                return None
        return found


KINDS: dict[str, Callable[[str], Any]] = {"uuid": UUID, "int": int, "str": str}


class Shortcuts:
    """Those of an application, answered without it (server.protocol)."""

    def __init__(self, authenticator: Authenticator, shortcuts: Iterable[Shortcut]) -> None:
        self._authenticator = authenticator
        self._access = edge.AccessLog()
        # By method, number of parts and the last of them, empty where it stands for a value.
        self._by_shape: dict[tuple[str, int, str], list[Shortcut]] = {}
        for one in shortcuts:
            last = one.parts[-1]
            shape = one.method, len(one.parts), last if isinstance(last, str) else ""
            self._by_shape.setdefault(shape, []).append(one)

    def find(self, method: str, path: str) -> tuple[Shortcut, dict[str, Any]] | None:
        """The one that is asked for, and what its path holds."""
        parts = path.split("/")
        for last in (parts[-1], ""):
            for one in self._by_shape.get((method, len(parts), last), ()):
                if (of_path := one.matches(parts)) is not None:
                    return one, of_path
        return None

    async def answer(
        self,
        one: Shortcut,
        of_path: dict[str, Any],
        headers: dict[bytes, bytes],
        body: bytes,
        query: bytes,
        *,
        secure: bool = False,
    ) -> tuple[int, bytes, bytes]:
        """The status, the lines of the head and the body. Whatever is wrong is told by them."""
        this = edge.begin(headers.get(b"x-request-id", b""))
        began = time.perf_counter()
        status, media, wait = 200, b"application/json", 1
        try:
            actor = await self._actor(headers[b"authorization"])
            if not actor.may(one.scope):
                raise Forbidden(f"This needs the scope {one.scope}.", scope=one.scope)  # noqa: TRY301
            answer = msgspec.json.encode(await one.answer(one.read(body, query), actor, **of_path))
        except Refusal as refusal:
            status, media, answer = refusal.status, MEDIA_TYPE.encode(), problem_of(refusal)
            wait = refusal.retry_after
        except Exception as error:
            refusal = refusal_of(error, path=one.path)
            if refusal is None:
                log.exception("http.defect", path=one.path, method=one.method)
                refusal = Defect("The error was logged under this request_id.")
            status, media, answer = refusal.status, MEDIA_TYPE.encode(), problem_of(refusal)
        head = b"%bx-request-id: %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n" % (
            edge.LINES[secure], this.encode(), media, len(answer)
        )  # fmt: skip
        if status in {429, 503}:
            head += b"retry-after: %d\r\n" % wait
        self._access.note(one.method, one.path, status, time.perf_counter() - began)
        return status, head, answer

    async def _actor(self, authorization: bytes) -> Actor:
        kind, _, token = authorization.decode("latin-1").partition(" ")
        if kind.lower() != "bearer" or (actor := await self._authenticator.of_key(token.strip())) is None:
            raise Unauthenticated("This API key is unknown or was revoked: send Authorization: Bearer ck_…")
        return actor


class Defect(Refusal):
    """Something is wrong on our side."""

    code = "defect"
    status = 500


def problem_of(refusal: Refusal) -> bytes:
    return msgspec.json.encode(
        Problem(
            f"urn:comptoir:{refusal.code}",
            refusal.title(),
            refusal.status,
            refusal.detail,
            refusal.code,
            refusal.data,
            request_id.get(),
        )
    )
