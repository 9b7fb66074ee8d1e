"""Shortcuts: the few routes that are asked thousands of times a second, without the framework (half their cost).

Each is an ordinary route too, with its guard and its place in OpenAPI; a test proves that both answer alike. Callers
with an API key take the shortcut. Who sends a session's cookie or an `Idempotency-Key` goes the ordinary way.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
import structlog
from litestar.types import ASGIApp, Receive, Scope, Send

from comptoir.kernel.auth.actors import Actor
from comptoir.kernel.auth.authenticator import Authenticator
from comptoir.kernel.errors import Forbidden, Invalid, Refusal, TooLarge, Unauthenticated
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
    """Stands in front of the framework and takes what it can."""

    def __init__(self, app: ASGIApp, authenticator: Authenticator, shortcuts: Iterable[Shortcut], *, most: int) -> None:
        self.app = app
        self._authenticator = authenticator
        # By method, number of parts and the last of them, empty where it stands for a value.
        self._by_shape: dict[tuple[str, int, str], list[Shortcut]] = {}
        for one in shortcuts:
            last = one.parts[-1]
            shape = one.method, len(one.parts), last if isinstance(last, str) else ""
            self._by_shape.setdefault(shape, []).append(one)
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            parts = scope["path"].split("/")
            found, method = self._by_shape.get, scope["method"]
            for one in (*found((method, len(parts), parts[-1]), ()), *found((method, len(parts), ""), ())):
                if (of_path := one.matches(parts)) is not None:
                    headers = dict(scope["headers"])
                    if b"authorization" in headers and b"idempotency-key" not in headers:
                        await self._answer(one, of_path, headers, scope, receive, send)
                        return
        await self.app(scope, receive, send)

    async def _answer(
        self,
        one: Shortcut,
        of_path: dict[str, Any],
        headers: dict[bytes, bytes],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        status, media, wait = 200, b"application/json", 1
        try:
            actor = await self._actor(headers[b"authorization"])
            if not actor.may(one.scope):
                raise Forbidden(f"This needs the scope {one.scope}.", scope=one.scope)  # noqa: TRY301
            asked = one.read(await self._body(receive), scope["query_string"])
            answer = msgspec.json.encode(await one.answer(asked, actor, **of_path))
        except Refusal as refusal:
            status, media, answer = refusal.status, MEDIA_TYPE.encode(), problem_of(refusal)
            wait = refusal.retry_after
        except Exception as error:
            refusal = refusal_of(error, path=one.path)
            if refusal is None:
                log.exception("http.defect", path=one.path, method=one.method)
                refusal = Defect("The error was logged under this request_id.")
            status, media, answer = refusal.status, MEDIA_TYPE.encode(), problem_of(refusal)
        head = [(b"content-type", media), (b"content-length", str(len(answer)).encode())]
        if status in {429, 503}:
            head.append((b"retry-after", str(wait).encode()))
        scope["path_template"] = one.path
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": answer, "more_body": False})

    async def _actor(self, authorization: bytes) -> Actor:
        kind, _, token = authorization.decode("latin-1").partition(" ")
        if kind.lower() != "bearer" or (actor := await self._authenticator.of_key(token.strip())) is None:
            raise Unauthenticated("This API key is unknown or was revoked: send Authorization: Bearer ck_…")
        return actor

    async def _body(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise Invalid("The sender went away.")
            part = message["body"]
            size += len(part)
            if size > self._most:
                raise TooLarge(f"More than {self._most} bytes.")
            parts.append(part)
            if not message["more_body"]:
                return b"".join(parts) if len(parts) > 1 else part


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
