"""Shortcuts: the few routes that are asked thousands of times a second, without the framework (half their cost).

Each is an ordinary route too, with its guard and its place in OpenAPI; a test proves that both answer alike. Callers
with an API key take the shortcut. Who sends a session's cookie or an `Idempotency-Key` goes the ordinary way.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import structlog
from litestar.types import ASGIApp, Receive, Scope, Send

from comptoir.kernel.auth.actors import Actor
from comptoir.kernel.auth.authenticator import Authenticator
from comptoir.kernel.auth.exchange import request_id
from comptoir.kernel.errors import Forbidden, Invalid, Refusal, TooLarge, Unauthenticated
from comptoir.kernel.http.bodies import refuse_nul
from comptoir.kernel.http.problems import MEDIA_TYPE, Problem

log = structlog.get_logger(__name__)

Answer = Callable[[Any, Actor], Awaitable[Any]]


class Shortcut:
    """What is asked (the body of a POST, the query of a GET) becomes `asked`, and `answer` answers it."""

    def __init__(self, method: str, path: str, scope: str, asked: type[msgspec.Struct], answer: Answer) -> None:
        self.method = method
        self.path = path
        self.scope = scope
        self.answer = answer
        self._asked = asked
        self._decode = msgspec.json.Decoder(asked).decode

    def read(self, body: bytes, query: bytes) -> Any:
        try:
            if self.method == "POST":
                refuse_nul(body)
                return self._decode(body)
            return msgspec.convert(dict(parse_qsl(query.decode(), errors="strict")), self._asked, strict=False)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Invalid(str(error)) from error


class Shortcuts:
    """Stands in front of the framework and takes what it can."""

    def __init__(self, app: ASGIApp, authenticator: Authenticator, shortcuts: Iterable[Shortcut], *, most: int) -> None:
        self.app = app
        self._authenticator = authenticator
        self._by_route = {(one.method, one.path): one for one in shortcuts}
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (one := self._by_route.get((scope["method"], scope["path"]))) is not None:
            headers = dict(scope["headers"])
            if b"authorization" in headers and b"idempotency-key" not in headers:
                await self._answer(one, headers, scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def _answer(
        self, one: Shortcut, headers: dict[bytes, bytes], scope: Scope, receive: Receive, send: Send
    ) -> None:
        status, media = 200, b"application/json"
        try:
            actor = await self._actor(headers[b"authorization"])
            if not actor.may(one.scope):
                raise Forbidden(f"This needs the scope {one.scope}.", scope=one.scope)  # noqa: TRY301
            asked = one.read(await self._body(receive), scope["query_string"])
            answer = msgspec.json.encode(await one.answer(asked, actor))
        except Refusal as refusal:
            status, media, answer = refusal.status, MEDIA_TYPE.encode(), problem_of(refusal)
        except Exception:
            log.exception("http.defect", path=one.path, method=one.method)
            status, media = 500, MEDIA_TYPE.encode()
            answer = problem_of(Defect("The error was logged under this request_id."))
        head = [(b"content-type", media), (b"content-length", str(len(answer)).encode())]
        if status in {429, 503}:
            head.append((b"retry-after", b"1"))
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
